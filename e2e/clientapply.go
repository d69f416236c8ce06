package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
)

// clientApply compares what kubectl apply stores with what volcano-job-clients says that it sends.
func clientApply() []scenario {
	return []scenario{
		{"kubectl apply stores what the patch of volcano-job-clients does", compareClientApply},
	}
}

// compareClientApply runs kubectl apply in a dry run for random live Jobs and manifests, and sends the
// patch of volcano-job-clients in another one: the Jobs that the API server would store must be the same.
func compareClientApply(e *environment) error {
	schema, err := e.jobSchema()
	if err != nil {
		return err
	}
	command, input, output, err := e.pipe(filepath.Join(e.options.programs, "examples", "apply"))
	if err != nil {
		return err
	}
	e.processes = append(e.processes, command)
	ours := newResponder(input, output)
	var group sync.WaitGroup
	var done, applied atomic.Int64
	failures := make(chan error, workers)
	for worker := range workers {
		group.Add(1)
		go func() {
			defer group.Done()
			t := &tester{env: e, ours: ours, schema: schema, number: 100 + worker}
			err := t.storeManaged()
			for err == nil && e.ctx.Err() == nil {
				number := done.Add(1)
				if number > int64(e.options.applies) {
					return
				}
				var isApplied bool
				if isApplied, err = t.compareApply(t.generator(1<<50 + uint64(number))); isApplied {
					applied.Add(1)
				}
			}
			failures <- err
		}()
	}
	group.Wait()
	close(failures)
	if err := errors.Join(e.ctx.Err(), <-failures); err != nil {
		return err
	}
	e.note("seed %d: kubectl apply of %d manifests, %d of them accepted, stores what is said", e.options.seed, e.options.applies, applied.Load())
	return nil
}

// compareApply compares one apply, and says whether the API server accepts it.
func (t *tester) compareApply(g *generator) (bool, error) {
	existing := choose(g, t.stored)
	job, err := parse([]byte(existing))
	if err != nil {
		return false, err
	}
	manifest := g.configuration(job)
	for text := manifest.String(); !json.Valid([]byte(text)) || strings.Contains(text, `\ud8`); text = manifest.String() {
		manifest = g.configuration(job)
	}
	if annotation := lastAppliedOf(job); annotation != nil && g.IntN(4) == 0 {
		// The same manifest again.
		manifest = annotation
	}
	theirs, err := t.env.kubectl(manifest.String(), "apply", "--dry-run=server", "--output=json", "-f", "-")
	if err != nil {
		return false, err
	}
	said, err := t.ours.answer(exchange{Existing: existing, Body: manifest.String()})
	if err != nil {
		return false, err
	}
	name := strings.Trim(job.get("metadata").get("name").text, `"`)
	sent := answer{Code: http.StatusOK, Body: existing}
	switch {
	case said.Code != http.StatusOK:
		sent = said
	case said.Body != "":
		uri := jobsPath + "/" + name + "?dryRun=All&fieldManager=kubectl-client-side-apply&fieldValidation=Strict"
		request := exchange{Method: "PATCH", URI: uri, ContentType: "application/merge-patch+json", Body: said.Body}
		if sent, err = t.send(request); err != nil {
			return false, err
		}
	}
	different := func(what string) error {
		return fmt.Errorf("%s\nlive Job: %s\nmanifest: %s\npatch: %s\nkubectl: %d %s%s\nAPI server: %d %s",
			what, existing, manifest, said.Body, theirs.code, theirs.stdout, theirs.stderr, sent.Code, sent.Body)
	}
	if isAccepted := sent.Code == http.StatusOK; isAccepted != (theirs.code == 0) {
		return false, different("one is accepted and the other is not")
	} else if !isAccepted {
		return false, nil
	}
	same, err := sameJob(theirs.stdout, sent.Body)
	if err == nil && !same {
		err = different("the Jobs differ")
	}
	return true, err
}

// lastAppliedOf returns the manifest in the annotation of a Job, or nil.
func lastAppliedOf(job *node) *node {
	annotations := job.get("metadata").get("annotations")
	if annotations == nil || annotations.get(lastApplied) == nil {
		return nil
	}
	var text string
	if json.Unmarshal([]byte(annotations.get(lastApplied).text), &text) != nil {
		return nil
	}
	manifest, err := parse([]byte(text))
	if err != nil {
		return nil
	}
	return manifest
}

// sameJob compares two Jobs but for managedFields, the order of fields and what kubectl leaves out.
func sameJob(theirs, ours string) (bool, error) {
	var texts [2]string
	for i, text := range []string{theirs, ours} {
		decoder := json.NewDecoder(strings.NewReader(text))
		decoder.UseNumber()
		var job object
		if err := decoder.Decode(&job); err != nil {
			return false, err
		}
		delete(job["metadata"].(object), "managedFields")
		texts[i] = scalar(job)
	}
	return texts[0] == texts[1], nil
}
