package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"reflect"

	"github.com/itchyny/gojq"
)

// argocd evaluates the generated expressions as Argo CD does, with gojq.
func argocd() []scenario {
	return []scenario{
		{"the expressions for Argo CD delete what creation filled in, and no other value", deleteDefaults},
	}
}

// ignored returns the expressions for Argo CD. kubectl turns the manifest into JSON.
func (e *environment) ignored() ([]string, error) {
	manifest, err := e.generate("argocd", "--for", "argocd-cm")
	if err != nil {
		return nil, err
	}
	printed, err := e.kubectl(manifest, "create", "--dry-run=client", "--output", "json", "-f", "-")
	if err != nil {
		return nil, err
	}
	var configMap struct{ Data map[string]string }
	if err := json.Unmarshal([]byte(printed.stdout), &configMap); err != nil {
		return nil, fmt.Errorf("%w: %s", err, printed.stderr)
	}
	var settings struct{ JQPathExpressions []string }
	text := configMap.Data["resource.customizations.ignoreDifferences.batch.volcano.sh_Job"]
	if err := json.Unmarshal([]byte(text), &settings); err != nil {
		return nil, err
	}
	if len(settings.JQPathExpressions) == 0 {
		return nil, errors.New("there are no expressions")
	}
	return settings.JQPathExpressions, nil
}

// without deletes what the expressions select, one after the other.
func without(job object, expressions []string) (object, error) {
	var value any = clone(job)
	for _, expression := range expressions {
		query, err := gojq.Parse("del(" + expression + ")")
		if err != nil {
			return nil, fmt.Errorf("%s: %w", expression, err)
		}
		value, _ = query.Run(value).Next()
		if err, failed := value.(error); failed {
			return nil, fmt.Errorf("%s: %w", expression, err)
		}
	}
	return value.(object), nil
}

// writtenJob is a Job as a user writes it, without anything that creation fills in.
func writtenJob(name string) object {
	pod := object{"hostNetwork": true, "containers": []any{
		object{"name": "main", "image": "example.com/main:1", "ports": []any{object{"containerPort": 80}}}}}
	template := object{"spec": pod}
	return object{"apiVersion": "batch.volcano.sh/v1alpha1", "kind": "Job",
		"metadata": object{"name": name, "namespace": namespace},
		"spec": object{
			"plugins":         object{"mpi": []any{}},
			"networkTopology": object{"highestTierAllowed": 2},
			"volumes":         []any{object{"mountPath": "/data", "volumeClaim": object{}}},
			"tasks": []any{
				object{"replicas": 2, "template": template},
				object{"name": "partitioned", "replicas": 4, "template": clone(template),
					"partitionPolicy": object{"totalPartitions": 2, "partitionSize": 2, "minPartitions": 1}},
			}}}
}

// filledIn adds what Volcano's webhook and controller fill in, each with another value if it is not to be
// the default.
func filledIn(job object, isDefault bool) object {
	choose := func(value, other any) any {
		if isDefault {
			return value
		}
		return other
	}
	job = clone(job)
	spec := job["spec"].(object)
	spec["queue"] = choose("default", "research")
	spec["schedulerName"] = choose("volcano", "other")
	spec["maxRetry"] = choose(3, 4)
	spec["minAvailable"] = choose(4, 1)
	spec["plugins"] = object{"mpi": []any{}, "svc": choose([]any{}, []any{"--a"}), "ssh": choose([]any{}, []any{"--a"})}
	spec["networkTopology"].(object)["mode"] = choose("hard", "soft")
	claim := choose(fmt.Sprintf("%s-pvc-0123456789ab", at(job, "metadata", "name")), "ours")
	spec["volumes"].([]any)[0].(object)["volumeClaimName"] = claim
	for i, task := range spec["tasks"].([]any) {
		task := task.(object)
		if i == 0 {
			task["name"] = choose("default0", "default1")
		}
		task["maxRetry"] = choose(3, 4)
		task["minAvailable"] = choose(2, 1)
		template := task["template"].(object)
		template["metadata"] = choose(object{}, object{"labels": object{"a": "b"}})
		pod := template["spec"].(object)
		pod["dnsPolicy"] = choose("ClusterFirstWithHostNet", "Default")
		container := pod["containers"].([]any)[0].(object)
		container["resources"] = choose(object{}, object{"limits": object{"memory": "1Gi"}})
		container["ports"].([]any)[0].(object)["protocol"] = choose("TCP", "UDP")
	}
	return job
}

func deleteDefaults(e *environment) error {
	expressions, err := e.ignored()
	if err != nil {
		return err
	}
	written := clone(writtenJob("argocd"))
	// The API server adds further defaults of the schema.
	stored, err := e.create(filledIn(written, true))
	if err != nil {
		return err
	}
	left, err := without(stored, expressions)
	if err != nil {
		return err
	}
	wanted, err := without(written, expressions)
	if err != nil {
		return err
	}
	if !reflect.DeepEqual(wanted, written) {
		return fmt.Errorf("something was deleted from the manifest: %v", wanted)
	}
	if !reflect.DeepEqual(left["spec"], written["spec"]) {
		return fmt.Errorf("%v is left, and not %v", left["spec"], written["spec"])
	}
	others := clone(filledIn(written, false))
	left, err = without(others, expressions)
	if err != nil {
		return err
	}
	if !reflect.DeepEqual(left, others) {
		return fmt.Errorf("%v is left, and not %v", left["spec"], others["spec"])
	}
	return nil
}
