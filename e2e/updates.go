package main

import (
	"fmt"
	"net/http"
	"strings"
)

// updates tests requests without kubectl, under the policy `admission`.
func updates() []scenario {
	return []scenario{
		{"the generated configuration is accepted, and the API server calls the webhook", func(e *environment) error {
			return e.configure()
		}},
		{"the generated deployment is accepted (without cert-manager's kinds)", deploymentApplies},
		{"the documented PUT: 200, a task scaled from 1 to 2", documentedPut},
		{"denied updates: 403, each with its field", deniedPuts},
		{"all violations of one update are named", severalViolations},
		{"the status codes of Kubernetes: 422", kubernetesCodes},
		{"an update of the status does not call the webhook", statusUpdates},
		{"an update that changes nothing does not call the webhook", nothingChanged},
		{"with --client-ca only the API server may ask", onlyTheServerMayAsk},
		{"with --shadow everything is allowed, with warnings, and counted", shadow},
		{"without --shadow it is denied again", func(e *environment) error {
			if err := e.webhook.restartWith(); err != nil {
				return err
			}
			probe := object{"spec": object{"queue": "other"}}
			return e.expectDenial(e.patch("probe?dryRun=All", probe), "spec.queue")
		}},
	}
}

func deploymentApplies(e *environment) error {
	manifests, err := e.generate("deployment", "--image", "registry.example/webhook:1", "--namespace", namespace)
	if err != nil {
		return err
	}
	var ours []string
	for _, document := range strings.Split(manifests, "---\n") {
		if !strings.Contains(document, "cert-manager.io") {
			ours = append(ours, document)
		}
	}
	return e.apply(strings.Join(ours, "---\n"), "--dry-run=server")
}

func onlyTheServerMayAsk(e *environment) error {
	err := e.webhook.restartWith("--client-ca", e.path("ca.crt"), "--client-name", "kube-apiserver")
	if err != nil {
		return err
	}
	probe := object{"spec": object{"queue": "other"}}
	if err := e.expectDenial(e.patch("probe?dryRun=All", probe), "spec.queue"); err != nil {
		return err
	}
	response, err := e.http.Post(e.webhook.address()+"/validate", "application/json", strings.NewReader("{}"))
	if err != nil {
		return err
	}
	if err := response.Body.Close(); err != nil {
		return err
	}
	if response.StatusCode != http.StatusUnauthorized {
		return fmt.Errorf("a client without a certificate got %d", response.StatusCode)
	}
	return e.webhook.restartWith()
}

func documentedPut(e *environment) error {
	existing, err := e.read("documented-existing")
	if err != nil {
		return err
	}
	stored, err := e.create(existing)
	if err != nil {
		return err
	}
	replacement, err := e.read("documented-replacement")
	if err != nil {
		return err
	}
	replacement = withoutServerFields(replacement)
	replacement["metadata"].(object)["resourceVersion"] = at(stored, "metadata", "resourceVersion")
	replaced := e.put(replacement, "")
	if err := e.expect(http.StatusOK, replaced); err != nil {
		return err
	}
	if got := at(replaced.body, "spec", "tasks", 1, "replicas"); got != float64(2) {
		return fmt.Errorf("the task has %v replicas", got)
	}
	return nil
}

// edit is a change of a Job, with the field that the denial must name.
type edit struct {
	field  string
	change func(object)
}

func deniedEdits() []edit {
	spec := func(job object) object { return job["spec"].(object) }
	return []edit{
		{"spec.queue", func(job object) { spec(job)["queue"] = "research" }},
		{"spec.schedulerName", func(job object) { delete(spec(job), "schedulerName") }},
		{"spec.minAvailable", func(job object) { spec(job)["minAvailable"] = 0 }},
		{"spec.priorityClassName", func(job object) { spec(job)["priorityClassName"] = "high" }},
		{"spec.plugins.ssh", func(job object) { spec(job)["plugins"] = object{"ssh": []any{}} }},
		{"spec.tasks[0].maxRetry", func(job object) { delete(firstTask(job), "maxRetry") }},
		{"spec.tasks[0].name", func(job object) { firstTask(job)["name"] = "other" }},
		{"spec.tasks[1]", func(job object) {
			spec(job)["tasks"] = append(spec(job)["tasks"].([]any), task("second", object{}))
		}},
		{"spec.tasks[0].replicas", func(job object) { firstTask(job)["replicas"] = 0 }},
	}
}

func deniedPuts(e *environment) error {
	for _, edit := range deniedEdits() {
		stored, name, err := e.fresh()
		if err != nil {
			return err
		}
		replacement := clone(stored)
		edit.change(replacement)
		denied := e.put(replacement, "")
		// By the documented status codes, an update with only invalid values gets 400.
		if edit.field == "spec.tasks[0].replicas" {
			if err := e.expect(http.StatusBadRequest, denied); err != nil {
				return err
			}
		} else if err := e.expectDenial(denied, edit.field); err != nil {
			return fmt.Errorf("%s: %w", edit.field, err)
		}
		after, err := e.get(name)
		if err != nil {
			return err
		}
		if at(after, "metadata", "resourceVersion") != at(stored, "metadata", "resourceVersion") {
			return fmt.Errorf("%s: it was stored", edit.field)
		}
	}
	e.note("%d updates, none of them stored", len(deniedEdits()))
	return nil
}

func severalViolations(e *environment) error {
	stored, _, err := e.fresh()
	if err != nil {
		return err
	}
	stored["spec"].(object)["queue"] = "research"
	stored["spec"].(object)["schedulerName"] = "other"
	firstTask(stored)["maxRetry"] = 7
	return e.expectDenial(e.put(stored, ""), "spec.queue", "spec.schedulerName", "spec.tasks[0].maxRetry")
}

func kubernetesCodes(e *environment) error {
	if err := e.webhook.restartWith("--status-codes", "kubernetes"); err != nil {
		return err
	}
	denied := e.patch("probe", object{"spec": object{"queue": "other"}})
	if err := e.expect(http.StatusUnprocessableEntity, denied); err != nil {
		return err
	}
	return e.webhook.restartWith()
}

func statusUpdates(e *environment) error {
	return expectNoCall(e, func(stored object) error {
		stored["status"] = object{"state": object{"phase": "Running"}}
		name := at(stored, "metadata", "name").(string)
		return e.expect(http.StatusOK, e.request("PUT", jobsPath+"/"+name+"/status", stored))
	})
}

func nothingChanged(e *environment) error {
	return expectNoCall(e, func(stored object) error { return e.expect(http.StatusOK, e.put(stored, "")) })
}

// expectNoCall fails if the API server calls the webhook during a request for a fresh Job.
func expectNoCall(e *environment, do func(stored object) error) error {
	stored, _, err := e.fresh()
	if err != nil {
		return err
	}
	before, err := e.count("requests_total")
	if err != nil {
		return err
	}
	if err := do(stored); err != nil {
		return err
	}
	after, err := e.count("requests_total")
	if err == nil && after != before {
		return fmt.Errorf("the webhook was called %d times", after-before)
	}
	return err
}

func shadow(e *environment) error {
	if err := e.webhook.restartWith("--shadow"); err != nil {
		return err
	}
	_, name, err := e.fresh()
	if err != nil {
		return err
	}
	patched := e.patch(name, object{"spec": object{"queue": "research"}})
	if err := e.expect(http.StatusOK, patched); err != nil {
		return err
	}
	if warnings := strings.Join(patched.warnings, " "); !strings.Contains(warnings, "spec.queue") {
		return fmt.Errorf("it does not warn: %q", warnings)
	}
	counted, err := e.count("would_have_denied_total")
	if err == nil && counted != 1 {
		return fmt.Errorf("it counted %d", counted)
	}
	return err
}
