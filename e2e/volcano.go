package main

import (
	"encoding/json"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"reflect"
	"strings"
)

const (
	volcanoConfiguration = "volcano-admission-service-jobs-validate"
	volcanoWebhook       = "validatejob.volcano.sh"
)

// volcano tests the generated patch of the configuration of Volcano's webhook. Volcano itself does not run:
// a webhook that does not answer shows for which requests it is called.
func volcano() []scenario {
	return []scenario{
		{"the generated patch takes updates away from Volcano's webhook, but not creations", patchVolcano},
		{"the generated patch changes no configuration but Volcano's for Jobs", patchOthers},
		{"kubectl apply of Volcano's configuration undoes the patch, and server-side apply stops at it", upgradeVolcano},
		{"the generated Kustomization patches what Volcano's chart renders", renderVolcano},
	}
}

// volcanoRegistration is what Volcano's chart renders, with an address at which nothing listens.
func (e *environment) volcanoRegistration(group, resource string) object {
	return object{
		"apiVersion": "admissionregistration.k8s.io/v1",
		"kind":       "ValidatingWebhookConfiguration",
		"metadata":   object{"name": volcanoConfiguration},
		"webhooks": []any{object{
			"name":                    volcanoWebhook,
			"admissionReviewVersions": []any{"v1"},
			"clientConfig":            object{"url": "https://127.0.0.1:1/jobs/validate", "caBundle": e.authority.bundle()},
			"failurePolicy":           "Fail",
			"matchPolicy":             "Equivalent",
			"sideEffects":             "NoneOnDryRun",
			"timeoutSeconds":          10,
			"rules": []any{object{"apiGroups": []any{group}, "apiVersions": []any{"v1alpha1"},
				"operations": []any{"CREATE", "UPDATE"}, "resources": []any{resource}, "scope": "*"}},
		}},
	}
}

const volcanoPath = "/apis/admissionregistration.k8s.io/v1/validatingwebhookconfigurations"

func (e *environment) registerVolcano(group, resource string) error {
	if err := e.unconfigure(); err != nil {
		return err
	}
	return e.expect(http.StatusCreated, e.request("POST", volcanoPath, e.volcanoRegistration(group, resource)))
}

// patchVolcano applies the generated patch.
func (e *environment) patchVolcano() (commandResult, error) {
	patch, err := e.generate("volcano-webhook-patch")
	if err != nil {
		return commandResult{}, err
	}
	file := e.path("patch.yaml")
	if err := os.WriteFile(file, []byte(patch), 0o600); err != nil {
		return commandResult{}, err
	}
	return e.kubectl("", "patch", "validatingwebhookconfiguration", volcanoConfiguration, "--type=json",
		"--patch-file", file)
}

func (e *environment) volcanoOperations() any {
	stored := e.request("GET", volcanoPath+"/"+volcanoConfiguration, nil)
	return at(stored.body, "webhooks", 0, "rules", 0, "operations")
}

func patchVolcano(e *environment) error {
	if err := e.registerVolcano("batch.volcano.sh", "jobs"); err != nil {
		return err
	}
	called := func(got reply) error {
		if err := e.expect(http.StatusInternalServerError, got); err != nil {
			return err
		}
		if !strings.Contains(got.message(), volcanoWebhook) {
			return fmt.Errorf("it was not Volcano's webhook that failed: %s", got)
		}
		return nil
	}
	update := func() reply { return e.patch("probe?dryRun=All", object{"spec": object{"queue": "other"}}) }
	create := func() reply {
		job, err := e.read("documented-existing")
		if err != nil {
			return reply{err: err}
		}
		job = withoutServerFields(job)
		job["metadata"].(object)["name"] = "created"
		return e.request("POST", jobsPath+"?dryRun=All", job)
	}
	if err := e.eventually("Volcano's webhook is called", func() error { return called(update()) }); err != nil {
		return err
	}
	// The second time, the patch changes nothing.
	for range 2 {
		patched, err := e.patchVolcano()
		if err != nil {
			return err
		}
		if patched.code != 0 {
			return fmt.Errorf("kubectl patch: %s", patched.stderr)
		}
	}
	err := e.eventually("Volcano's webhook is not called for an update", func() error {
		return e.expect(http.StatusOK, update())
	})
	if err != nil {
		return err
	}
	if err := called(create()); err != nil {
		return err
	}
	return e.unconfigure()
}

func patchOthers(e *environment) error {
	// Volcano's webhook for JobFlows has the same name.
	if err := e.registerVolcano("flow.volcano.sh", "jobflows"); err != nil {
		return err
	}
	patched, err := e.patchVolcano()
	if err != nil {
		return err
	}
	if patched.code == 0 {
		return fmt.Errorf("the patch was applied")
	}
	if got := e.volcanoOperations(); !reflect.DeepEqual(got, []any{"CREATE", "UPDATE"}) {
		return fmt.Errorf("the operations are %v", got)
	}
	return e.unconfigure()
}

func upgradeVolcano(e *environment) error {
	registration, err := json.Marshal(e.volcanoRegistration("batch.volcano.sh", "jobs"))
	if err != nil {
		return err
	}
	for _, upgrade := range []struct {
		options []string
		stops   bool
	}{{nil, false}, {[]string{"--server-side"}, true}, {[]string{"--server-side", "--force-conflicts"}, false}} {
		if err := e.unconfigure(); err != nil {
			return err
		}
		if err := e.apply(string(registration), upgrade.options...); err != nil {
			return err
		}
		patched, err := e.patchVolcano()
		if err != nil {
			return err
		}
		if patched.code != 0 {
			return fmt.Errorf("kubectl patch: %s", patched.stderr)
		}
		applied := e.apply(string(registration), upgrade.options...)
		want := []any{"CREATE", "UPDATE"}
		if upgrade.stops {
			if applied == nil || !strings.Contains(applied.Error(), "conflict") {
				return fmt.Errorf("%v: there was no conflict: %v", upgrade.options, applied)
			}
			want = []any{"CREATE"}
		} else if applied != nil {
			return applied
		}
		if got := e.volcanoOperations(); !reflect.DeepEqual(got, want) {
			return fmt.Errorf("%v: the operations are %v", upgrade.options, got)
		}
	}
	return e.unconfigure()
}

func renderVolcano(e *environment) error {
	kustomization, err := e.generate("volcano-webhook-patch", "--for", "kustomize")
	if err != nil {
		return err
	}
	directory := e.path("post-renderer")
	if err := os.MkdirAll(directory, 0o755); err != nil {
		return err
	}
	render := func(group, resource string) (commandResult, error) {
		rendered, err := json.Marshal(e.volcanoRegistration(group, resource))
		if err != nil {
			return commandResult{}, err
		}
		for name, text := range map[string][]byte{"kustomization.yaml": []byte(kustomization), "rendered.yaml": rendered} {
			if err := os.WriteFile(filepath.Join(directory, name), text, 0o600); err != nil {
				return commandResult{}, err
			}
		}
		return e.kubectl("", "kustomize", directory)
	}
	jobs, err := render("batch.volcano.sh", "jobs")
	if err != nil {
		return err
	}
	if jobs.code != 0 {
		return fmt.Errorf("kubectl kustomize: %s", jobs.stderr)
	}
	if err := e.apply(jobs.stdout); err != nil {
		return err
	}
	if got := e.volcanoOperations(); !reflect.DeepEqual(got, []any{"CREATE"}) {
		return fmt.Errorf("the operations are %v", got)
	}
	others, err := render("flow.volcano.sh", "jobflows")
	if err != nil {
		return err
	}
	if others.code == 0 {
		return fmt.Errorf("another configuration was patched: %s", others.stdout)
	}
	return e.unconfigure()
}
