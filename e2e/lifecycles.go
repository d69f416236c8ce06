package main

import (
	"fmt"
	"net/http"
	"time"
)

// lifecycles tests updates by controllers.
func lifecycles() []scenario {
	return []scenario{
		{"a Job that is being deleted is gone after its finalizer is removed, by PUT and by PATCH", deletions},
		{"owner references can be set and removed", ownerReferences},
		{"the garbage collector does not wait for the webhook", garbageCollector},
		{"a controller can fill in volumeClaimName", filledClaim},
	}
}

func deletions(e *environment) error {
	for _, release := range []func(stored object) reply{
		func(stored object) reply {
			delete(stored["metadata"].(object), "finalizers")
			return e.put(stored, "")
		},
		func(stored object) reply {
			name := at(stored, "metadata", "name").(string)
			return e.patch(name, object{"metadata": object{"finalizers": nil}})
		},
	} {
		_, name, err := e.fresh()
		if err != nil {
			return err
		}
		guard := object{"metadata": object{"finalizers": []any{"example.com/guard"}}}
		if err := e.expect(http.StatusOK, e.patch(name, guard)); err != nil {
			return err
		}
		if err := e.expect(http.StatusOK, e.request("DELETE", jobsPath+"/"+name, nil)); err != nil {
			return err
		}
		stored, err := e.get(name)
		if err != nil {
			return err
		}
		if at(stored, "metadata", "deletionTimestamp") == nil {
			return fmt.Errorf("it is not being deleted: %v", stored)
		}
		if err := e.expect(http.StatusOK, release(stored)); err != nil {
			return err
		}
		if err := e.expect(http.StatusNotFound, e.request("GET", jobsPath+"/"+name, nil)); err != nil {
			return err
		}
	}
	return nil
}

func owner() object {
	return object{"apiVersion": "v1", "kind": "ConfigMap", "name": "owner", "uid": "3bdba739-a3b3-11e9-8865-501d93440997"}
}

func ownerReferences(e *environment) error {
	_, name, err := e.fresh()
	if err != nil {
		return err
	}
	owned := object{"metadata": object{"ownerReferences": []any{owner()}}}
	if err := e.expect(http.StatusOK, e.patch(name, owned)); err != nil {
		return err
	}
	orphaned := object{"metadata": object{"ownerReferences": nil}}
	return e.expect(http.StatusOK, e.patch(name, orphaned))
}

// garbageCollector sends a patch as the garbage collector does, under the strictest policy and
// while the webhook is down.
func garbageCollector(e *environment) error {
	if err := e.configure("--policy", "documented"); err != nil {
		return err
	}
	e.webhook.kill()
	stored, name, err := e.fresh()
	if err != nil {
		return err
	}
	patch := object{"metadata": object{"uid": at(stored, "metadata", "uid"),
		"ownerReferences": []any{owner()}, "finalizers": []any{"example.com/guard"}}}
	begun := time.Now()
	patched := e.patch(name, patch, header{"Impersonate-User", collector},
		header{"Impersonate-Group", "system:masters"})
	if err := e.expect(http.StatusOK, patched); err != nil {
		return err
	}
	e.note("answered after %d ms, while the webhook does not run", time.Since(begun).Milliseconds())
	if denied := e.patch(name, object{"metadata": object{"finalizers": nil}}); denied.code != 500 {
		return fmt.Errorf("a patch of another user is answered without the webhook: %s", denied)
	}
	if err := e.webhook.start(); err != nil {
		return err
	}
	return e.configure()
}

func filledClaim(e *environment) error {
	e.jobs++
	name := fmt.Sprintf("job-%d", e.jobs)
	wanted := job(name)
	claim := object{"accessModes": []any{"ReadWriteOnce"}, "resources": object{"requests": object{"storage": "1Gi"}}}
	wanted["spec"].(object)["volumes"] = []any{object{"mountPath": "/data", "volumeClaim": claim}}
	stored, err := e.create(wanted)
	if err != nil {
		return err
	}
	at(stored, "spec", "volumes", 0).(object)["volumeClaimName"] = name + "-volume-1"
	filled := e.put(stored, "")
	if err := e.expect(http.StatusOK, filled); err != nil {
		return err
	}
	at(filled.body, "spec", "volumes", 0).(object)["volumeClaimName"] = "other"
	return e.expectDenial(e.put(filled.body, ""), "spec.volumes[0].volumeClaimName")
}
