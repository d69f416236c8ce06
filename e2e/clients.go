package main

import (
	"encoding/json"
	"fmt"
	"strings"
)

// clients tests updates by kubectl.
func clients() []scenario {
	return []scenario{
		{"kubectl replace: an allowed update is stored", func(e *environment) error {
			return kubectlAllowed(e, func(file string) (commandResult, error) {
				return e.kubectl(file, "replace", "-f", "-")
			})
		}},
		{"kubectl apply: an allowed update is stored", func(e *environment) error {
			return kubectlAllowed(e, func(file string) (commandResult, error) {
				return e.kubectl(file, "apply", "-f", "-")
			})
		}},
		{"kubectl apply --server-side: an allowed update is stored", func(e *environment) error {
			return kubectlAllowed(e, func(file string) (commandResult, error) {
				return e.kubectl(file, "apply", "--server-side", "--force-conflicts", "-f", "-")
			})
		}},
		{"kubectl replace, apply and patch: a denied update is explained, kubectl label is allowed",
			kubectlDenied},
		{"a manifest applied again is denied, with the fields to add", reappliedIsDenied},
		{"with the mutating webhook it can be applied again and again", reappliedIsRestored},
	}
}

func asText(job object) string {
	text, err := json.MarshalIndent(job, "", "  ")
	if err != nil {
		panic(err)
	}
	return string(text)
}

func kubectlAllowed(e *environment, kubectl func(file string) (commandResult, error)) error {
	_, name, err := e.fresh()
	if err != nil {
		return err
	}
	wanted := job(name)
	firstTask(wanted)["replicas"] = 2
	wanted["metadata"].(object)["labels"] = object{"team": "a"}
	done, err := kubectl(asText(wanted))
	if err != nil {
		return err
	}
	if done.code != 0 {
		return fmt.Errorf("kubectl: %s", done.stderr)
	}
	stored, err := e.get(name)
	if err == nil && at(stored, "spec", "tasks", 0, "replicas") != float64(2) {
		return fmt.Errorf("it was not stored: %v", stored)
	}
	return err
}

func kubectlDenied(e *environment) error {
	_, name, err := e.fresh()
	if err != nil {
		return err
	}
	unwanted := job(name)
	unwanted["spec"].(object)["queue"] = "research"
	file, patch := asText(unwanted), `{"spec":{"queue":"research"}}`
	for _, arguments := range [][]string{
		{"replace", "-f", "-"},
		{"apply", "-f", "-"},
		{"apply", "--server-side", "--force-conflicts", "-f", "-"},
		{"patch", "job.batch.volcano.sh", name, "--type=merge", "--patch", patch},
		{"patch", "job.batch.volcano.sh", name, "--type=json", "--patch",
			`[{"op":"replace","path":"/spec/queue","value":"research"}]`},
	} {
		denied, err := e.kubectl(file, arguments...)
		if err != nil {
			return err
		}
		if denied.code != 1 || !strings.Contains(denied.stderr, "(Forbidden)") ||
			!strings.Contains(denied.stderr, "spec.queue: Forbidden: the value was changed: field is immutable") {
			return fmt.Errorf("kubectl %v: %d %s", arguments, denied.code, denied.stderr)
		}
		if !strings.Contains(denied.stderr, "Warning: ") {
			return fmt.Errorf("kubectl %v prints no hint: %s", arguments, denied.stderr)
		}
	}
	labelled, err := e.kubectl("", "label", "job.batch.volcano.sh", name, "team=b")
	if err == nil && labelled.code != 0 {
		return fmt.Errorf("kubectl label: %s", labelled.stderr)
	}
	return err
}

// applyManifest creates a Job from a manifest with kubectl, and sets the fields that Volcano fills in at
// creation.
func applyManifest(e *environment) (string, object, error) {
	e.jobs++
	name := fmt.Sprintf("job-%d", e.jobs)
	ours := manifest(name)
	if err := e.apply(asText(ours)); err != nil {
		return "", nil, err
	}
	if err := e.unconfigure(); err != nil {
		return "", nil, err
	}
	stored, err := e.get(name)
	if err != nil {
		return "", nil, err
	}
	spec := stored["spec"].(object)
	spec["schedulerName"], spec["minAvailable"], spec["maxRetry"] = "volcano", 1, 3
	firstTask(stored)["minAvailable"], firstTask(stored)["maxRetry"] = 1, 3
	return name, ours, e.expect(200, e.put(stored, ""))
}

func reappliedIsDenied(e *environment) error {
	_, ours, err := applyManifest(e)
	if err != nil {
		return err
	}
	if err := e.configure(); err != nil {
		return err
	}
	ours["metadata"].(object)["labels"] = object{"team": "a"}
	again, err := e.kubectl(asText(ours), "replace", "-f", "-")
	if err != nil {
		return err
	}
	for _, text := range []string{`add "schedulerName": "volcano"`, `add "minAvailable": 1`} {
		if again.code != 1 || !strings.Contains(again.stderr, text) {
			return fmt.Errorf("it does not print %s: %s", text, again.stderr)
		}
	}
	return nil
}

func reappliedIsRestored(e *environment) error {
	name, ours, err := applyManifest(e)
	if err != nil {
		return err
	}
	if err := e.configure("--restore"); err != nil {
		return err
	}
	for turn, arguments := range [][]string{
		{"replace", "-f", "-"}, {"apply", "-f", "-"}, {"apply", "-f", "-"},
		{"apply", "--server-side", "--force-conflicts", "-f", "-"},
	} {
		ours["metadata"].(object)["labels"] = object{"turn": fmt.Sprint(turn)}
		done, err := e.kubectl(asText(ours), arguments...)
		if err != nil {
			return err
		}
		if done.code != 0 {
			return fmt.Errorf("kubectl %v: %s", arguments, done.stderr)
		}
	}
	stored, err := e.get(name)
	if err != nil {
		return err
	}
	for _, path := range [][]any{{"spec", "schedulerName"}, {"spec", "minAvailable"},
		{"spec", "tasks", 0, "maxRetry"}, {"spec", "tasks", 0, "minAvailable"}} {
		if at(stored, path...) == nil {
			return fmt.Errorf("%v was lost", path)
		}
	}
	return e.configure()
}
