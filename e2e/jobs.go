package main

import (
	"encoding/json"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
)

// prepare installs the CRD, and creates a Job that scenarios use to probe whether the webhook is
// called.
func (e *environment) prepare() error {
	schema, err := e.openAPISchema()
	if err != nil {
		return err
	}
	definition := object{"apiVersion": "apiextensions.k8s.io/v1", "kind": "CustomResourceDefinition",
		"metadata": object{"name": "jobs.batch.volcano.sh"},
		"spec": object{"group": "batch.volcano.sh", "scope": "Namespaced",
			"names": object{"kind": "Job", "plural": "jobs", "singular": "job", "shortNames": []any{"vcjob", "vj"}},
			"versions": []any{object{"name": "v1alpha1", "served": true, "storage": true,
				"subresources": object{"status": object{}}, "schema": object{"openAPIV3Schema": schema},
				"additionalPrinterColumns": printerColumns()}}}}
	path := "/apis/apiextensions.k8s.io/v1/customresourcedefinitions"
	if err := e.expect(http.StatusCreated, e.request("POST", path, definition)); err != nil {
		return err
	}
	space := object{"apiVersion": "v1", "kind": "Namespace", "metadata": object{"name": namespace}}
	if err := e.expect(http.StatusCreated, e.request("POST", "/api/v1/namespaces", space)); err != nil {
		return err
	}
	return e.eventually("Jobs can be created", func() error {
		_, err := e.create(job("probe"))
		return err
	})
}

// printerColumns are those of Volcano's CRD.
func printerColumns() []any {
	column := func(name, kind, path string, priority int) object {
		return object{"name": name, "type": kind, "jsonPath": path, "priority": priority}
	}
	return []any{
		column("STATUS", "string", ".status.state.phase", 0),
		column("minAvailable", "integer", ".status.minAvailable", 0),
		column("RUNNINGS", "integer", ".status.running", 0),
		column("AGE", "date", ".metadata.creationTimestamp", 0),
		column("QUEUE", "string", ".spec.queue", 1),
	}
}

// openAPISchema returns the schema of a Job, as the API server takes it: before Kubernetes 1.36 it
// ignored the formats of integers.
func (e *environment) openAPISchema() (object, error) {
	file := e.options.schema
	if file == "" {
		file = filepath.Join(e.options.repository, "schemas/job.openapi.json")
	}
	text, err := os.ReadFile(file)
	if err != nil {
		return nil, err
	}
	var schema object
	if err := json.Unmarshal(text, &schema); err != nil {
		return nil, err
	}
	if !e.hasIntegerFormats() {
		removeIntegerFormats(schema)
	}
	return schema, nil
}

// hasIntegerFormats says whether the API server validates the formats of integers, as it does since
// Kubernetes 1.36.
func (e *environment) hasIntegerFormats() bool {
	return e.minor >= 36
}

func removeIntegerFormats(schema any) {
	switch schema := schema.(type) {
	case object:
		if schema["type"] == "integer" {
			delete(schema, "format")
		}
		for _, below := range schema {
			removeIntegerFormats(below)
		}
	case []any:
		for _, below := range schema {
			removeIntegerFormats(below)
		}
	}
}

// read returns a Job from the repository's tests.
func (e *environment) read(name string) (object, error) {
	text, err := os.ReadFile(filepath.Join(e.options.repository, "tests/jobs", name+".json"))
	if err != nil {
		return nil, err
	}
	var job object
	return job, json.Unmarshal(text, &job)
}

// job returns a Job with the fields that Volcano fills in at creation.
func job(name string) object {
	return object{"apiVersion": "batch.volcano.sh/v1alpha1", "kind": "Job",
		"metadata": object{"name": name, "namespace": namespace},
		"spec": object{"queue": "default", "schedulerName": "volcano", "maxRetry": 3, "minAvailable": 1,
			"tasks": []any{task("worker", object{"minAvailable": 1, "maxRetry": 3})}}}
}

// manifest returns the same Job without these fields, as a user writes it.
func manifest(name string) object {
	return object{"apiVersion": "batch.volcano.sh/v1alpha1", "kind": "Job",
		"metadata": object{"name": name, "namespace": namespace},
		"spec":     object{"tasks": []any{task("worker", object{})}}}
}

func task(name string, more object) object {
	container := object{"name": "main", "image": "example.com/main:1",
		"resources": object{"limits": object{"memory": "1Gi"}},
		"ports":     []any{object{"containerPort": 80, "protocol": "TCP"}}}
	task := object{"name": name, "replicas": 1,
		"template": object{"spec": object{"restartPolicy": "Never", "containers": []any{container}}}}
	for key, value := range more {
		task[key] = value
	}
	return task
}

// create stores a Job without the fields that the API server sets.
func (s *endpoint) create(job object) (object, error) {
	created := s.request("POST", jobsPath, withoutServerFields(job))
	return created.body, s.expect(http.StatusCreated, created)
}

// fresh stores a Job under a new name.
func (e *environment) fresh() (object, string, error) {
	e.jobs++
	name := fmt.Sprintf("job-%d", e.jobs)
	stored, err := e.create(job(name))
	return stored, name, err
}

func withoutServerFields(job object) object {
	job = clone(job)
	delete(job, "status")
	metadata := job["metadata"].(object)
	metadata["namespace"] = namespace
	for _, field := range []string{"uid", "resourceVersion", "creationTimestamp", "generation", "selfLink",
		"deletionTimestamp", "deletionGracePeriodSeconds", "managedFields"} {
		delete(metadata, field)
	}
	return job
}

func clone(job object) object {
	text, err := json.Marshal(job)
	if err != nil {
		panic(err)
	}
	var copied object
	if err := json.Unmarshal(text, &copied); err != nil {
		panic(err)
	}
	return copied
}

func (s *endpoint) get(name string) (object, error) {
	got := s.request("GET", jobsPath+"/"+name, nil)
	return got.body, s.expect(http.StatusOK, got)
}

func (s *endpoint) put(job object, query string) reply {
	name := job["metadata"].(object)["name"].(string)
	return s.request("PUT", jobsPath+"/"+name+query, job)
}

// at returns the value at a path, or nil.
func at(value any, path ...any) any {
	for _, step := range path {
		switch step := step.(type) {
		case string:
			below, _ := value.(object)
			value = below[step]
		case int:
			below, _ := value.([]any)
			if step >= len(below) {
				return nil
			}
			value = below[step]
		}
	}
	return value
}

func firstTask(job object) object {
	return at(job, "spec", "tasks", 0).(object)
}
