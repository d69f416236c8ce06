package main

import (
	"bufio"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os/exec"
	"strings"
	"syscall"
)

// server tests volcano-job-server with kubectl, against the API server with the same commands.
func server() []scenario {
	return []scenario{
		{"volcano-job-server: the kubeconfig that it writes is all that kubectl needs", kubeconfigWorks},
		{"volcano-job-server: kubectl get and describe print what they print of kube-apiserver", kubectlReads},
		{"volcano-job-server: so do create, apply, replace, patch, edit and label", kubectlWrites},
		{"volcano-job-server: so do diff, explain, api-resources and auth", kubectlDiscovers},
		{"volcano-job-server: so do delete and wait", kubectlDeletes},
		{"volcano-job-server: kubectl get --watch prints each change", kubectlWatches},
		{"volcano-job-server: kubectl edit of a field that may not change is denied, by the policy `documented`", kubectlEditDenied},
	}
}

func kubeconfigWorks(e *environment) error {
	s, err := e.startJobServer("kubeconfig")
	if err != nil {
		return err
	}
	// Neither environment nor options but this one, as the README says.
	created, err := s.execute(asText(job("first")), s.tool, "--kubeconfig", s.kubeconfig(), "create", "-f", "-")
	if err != nil || created.code != 0 {
		return fmt.Errorf("kubectl create: %v %s", err, created.stderr)
	}
	if err := s.stop(); err != nil {
		return err
	}
	if err := s.restart(); err != nil {
		return err
	}
	// The Job, the certificate and the token are those from before.
	listed, err := s.kubectl("", "get", "vcjob", "--output=name")
	if err != nil || listed.stdout != "job.batch.volcano.sh/first\n" {
		return fmt.Errorf("kubectl get after a restart: %v %d %q %s", err, listed.code, listed.stdout, listed.stderr)
	}
	s.kill()
	return nil
}

// startBoth starts a volcano-job-server that answers as the API server does, which has no Jobs but the
// one with which scenarios probe the webhook.
func (e *environment) startBoth(name string) (*both, error) {
	if err := e.unconfigure(); err != nil {
		return nil, err
	}
	ours, err := e.startJobServer(name, asKubernetes...)
	if err != nil {
		return nil, err
	}
	return &both{ours: &ours.endpoint, theirs: &e.endpoint, server: ours}, e.removeJobs()
}

// removeJobs removes all Jobs, also those that have finalizers.
func (e *environment) removeJobs() error {
	if err := e.expect(http.StatusOK, e.request("DELETE", jobsPath, nil)); err != nil {
		return err
	}
	left := e.request("GET", jobsPath, nil)
	if err := e.expect(http.StatusOK, left); err != nil {
		return err
	}
	for _, job := range left.body["items"].([]any) {
		released := e.patch(at(job, "metadata", "name").(string), object{"metadata": object{"finalizers": nil}})
		if err := e.expect(http.StatusOK, released); err != nil {
			return err
		}
	}
	return nil
}

// finish adds the Job with which scenarios probe the webhook again.
func (b *both) finish(e *environment) error {
	b.server.kill()
	if err := e.removeJobs(); err != nil {
		return err
	}
	if _, err := e.create(job("probe")); err != nil {
		return err
	}
	e.note("%d commands print the same, %d what is expected", b.same, b.pinned)
	return errors.Join(b.differences...)
}

// labelled is a Job with a label.
func labelled(name, team string) string {
	labelled := job(name)
	labelled["metadata"].(object)["labels"] = object{"team": team}
	return asText(labelled)
}

// scaled is the same with another number of Pods.
func scaled(name string, replicas any) string {
	scaled := job(name)
	firstTask(scaled)["replicas"] = replicas
	return asText(scaled)
}

func kubectlReads(e *environment) error {
	b, err := e.startBoth("reads")
	if err != nil {
		return err
	}
	b.run("", "get vcjob")
	for _, name := range []string{"a", "b", "c"} {
		b.run(labelled(name, "team-"+name), "create -f -")
	}
	b.run("", `patch vcjob a --subresource=status --type=merge --patch `+
		`{"status":{"state":{"phase":"Running"},"minAvailable":1,"running":1}}`)
	for _, arguments := range []string{
		"get vcjob", "get vj", "get job.batch.volcano.sh", "get jobs.v1alpha1.batch.volcano.sh", "get vcjob --output=wide",
		"get vcjob a b", "get vcjob/a --output=wide", "get vcjob a missing", "get vcjob missing --ignore-not-found",
		"get vcjob a --output=yaml", "get vcjob a --output=json", "get vcjob --output=yaml", "get vcjob --output=name",
		"get vcjob --all-namespaces", "get vcjob --namespace=other", "get vcjob --show-labels", "get vcjob --label-columns=team",
		"get vcjob --selector=team=team-a", "get vcjob --selector=team!=team-a", "get vcjob --selector=team --output=name",
		"get vcjob --selector=!team", "get vcjob --selector=a,,b",
		"get vcjob --field-selector=metadata.name=b", "get vcjob --field-selector=metadata.name!=b",
		"get vcjob --field-selector=metadata.namespace=" + namespace, "get vcjob --field-selector=spec.queue=default",
		"get vcjob --chunk-size=1", "get vcjob --sort-by=.metadata.name --no-headers", "get vcjob --show-kind",
		"get vcjob a --output=jsonpath={.status.state.phase}", "get vcjob --output=custom-columns=N:.metadata.name,Q:.spec.queue",
		"get vcjob a --subresource=status --output=yaml", "get vcjob a --subresource=scale",
		"get vcjob a --output=yaml --show-managed-fields=false",
		"describe vcjob a", "describe vcjob missing",
		"get --raw " + jobsPath + "/missing", "get --raw " + jobsPath + "/a/unknown",
	} {
		b.run("", arguments)
	}
	return b.finish(e)
}

func kubectlWrites(e *environment) error {
	b, err := e.startBoth("writes")
	if err != nil {
		return err
	}
	b.run(labelled("a", "x"), "create -f -")
	b.run(labelled("a", "x"), "create -f -")
	b.run(labelled("b", "x"), "create -f - --output=yaml")
	b.run(labelled("c", "x"), "create -f - --dry-run=server --output=yaml")
	b.run(asText(manifest("written")), "create -f - --output=yaml")
	b.run(strings.Replace(asText(job("d")), `"queue"`, `"que"`, 1), "create -f -")
	b.run(strings.Replace(asText(job("d")), `"queue"`, `"que"`, 1), "create -f - --validate=warn")
	unknown := job("warned")
	for i := range 40 {
		unknown["spec"].(object)[fmt.Sprintf("unknown-%02d%s", i, strings.Repeat("-", 10*i))] = i
	}
	b.run(asText(unknown), "create -f - --validate=warn")
	b.run(scaled("d", "many"), "create -f -")
	b.run(scaled("d", "many"), "create -f - --validate=false")
	b.run(strings.Replace(asText(job("generated-")), `"name": "generated-"`, `"generateName": "generated-"`, 1), "create -f -")
	b.run(asText(job("Not-A-Name")), "create -f -")
	b.run("", "label vcjob a team=y")
	b.run("", "label vcjob a team=z --overwrite")
	b.run("", "label vcjob a team- other=1")
	b.run("", "annotate vcjob a note=1")
	b.run("", "annotate vcjob a note=2 --overwrite --resource-version=1")

	b.run(scaled("a", 2), "apply -f -")
	b.run(scaled("a", 2), "apply -f -")
	b.run(scaled("a", 3), "apply -f - --output=yaml")
	b.run(scaled("a", 3), "apply -f - --dry-run=server")
	b.run(labelled("new", "x"), "apply -f -")
	b.run(scaled("a", -1), "apply -f -")
	b.run("", "apply view-last-applied vcjob/a")
	b.run("", "get vcjob a --output=yaml")

	b.run(scaled("b", 2), "replace -f -")
	b.run(scaled("missing", 2), "replace -f -")
	b.run(strings.Replace(scaled("b", 2), `"namespace"`, `"resourceVersion": "1", "namespace"`, 1), "replace -f -")
	b.run(strings.Replace(scaled("b", 2), `"namespace"`, `"uid": "6c6ad2b0", "namespace"`, 1), "replace -f -")
	b.run(scaled("b", 3), "replace -f - --output=yaml")
	b.run(scaled("b", 4), "replace -f - --force")

	b.run("", `patch vcjob b --type=merge --patch {"spec":{"tasks":null}}`)
	b.run("", `patch vcjob b --type=merge --patch {"spec":{"maxRetry":4}} --output=yaml`)
	b.run("", `patch vcjob b --type=merge --patch {"spec":{"maxRetry":4}}`)
	b.run("", `patch vcjob b --type=merge --patch {"spec":{"maxRetry":"x"}}`)
	b.run("", `patch vcjob b --type=merge --patch {"unknown":1}`)
	b.run("", `patch vcjob b --type=json --patch [{"op":"replace","path":"/spec/maxRetry","value":5}]`)
	b.run("", `patch vcjob b --type=json --patch [{"op":"test","path":"/spec/maxRetry","value":7}]`)
	b.run("", `patch vcjob b --type=json --patch [{"op":"remove","path":"/spec/none"}]`)
	b.run("", `patch vcjob b --type=strategic --patch {"spec":{"maxRetry":6}}`)
	b.run("", `patch vcjob missing --type=merge --patch {"spec":{"maxRetry":6}}`)
	b.run("", `patch vcjob b --subresource=status --type=merge --patch {"status":{"running":2}} --output=yaml`)
	b.run("", "get vcjob b --output=yaml")
	b.run("", "scale vcjob b --replicas=2")

	b.edit("s/maxRetry: 5/maxRetry: 6/", "edit vcjob b")
	b.edit("s/nothing/something/", "edit vcjob b")
	b.edit("s/maxRetry: 6/maxRetry: many/", "edit vcjob b")
	b.edit("s/maxRetry: 6/maxRetry: 7/", "edit vcjob b --output=yaml")
	b.edit("s/running: 2/running: 3/", "edit vcjob b --subresource=status")
	b.edit("s/team/teams/", "edit vcjob missing")
	b.run("", "get vcjob b --output=yaml")

	b.run(scaled("b", 3), "apply --server-side --force-conflicts --dry-run=server -f -")
	b.run(scaled("b", "x"), "apply --server-side --force-conflicts --dry-run=server -f -")
	// The server keeps managedFields, but has none of its own.
	b.pin(scaled("c", 3), "apply --server-side --dry-run=server -f -", `Error from server (NotFound): jobs.batch.volcano.sh "c" not found`)
	b.pin(scaled("b", 3), "apply --server-side --force-conflicts -f -", "error: Server-side apply not available on the server: ")
	return b.finish(e)
}

func kubectlDiscovers(e *environment) error {
	b, err := e.startBoth("discovers")
	if err != nil {
		return err
	}
	b.run(labelled("a", "x"), "apply -f -")
	b.run(labelled("a", "x"), "diff -f -")
	b.run(labelled("a", "y"), "diff -f -")
	b.run(labelled("new", "y"), "diff -f -")
	b.run(scaled("a", "x"), "diff -f -")

	for _, arguments := range []string{
		"explain vcjob", "explain job.spec --api-version=batch.volcano.sh/v1alpha1", "explain vcjob.spec.tasks.replicas",
		"explain vcjob.metadata", "explain vcjob.metadata.labels", "explain vcjob.status --recursive", "explain vcjob --recursive",
		"explain vcjob.spec.tasks.template.spec.containers.resources", "explain vcjob.spec.unknown", "explain unknown",
	} {
		b.outline(arguments)
	}
	const api = "/apis/batch.volcano.sh/v1alpha1"
	for _, arguments := range []string{
		"api-resources --api-group=batch.volcano.sh", "api-resources --api-group=batch.volcano.sh --output=wide",
		"api-resources --api-group=batch.volcano.sh --namespaced=false", "api-resources --api-group=batch.volcano.sh --verbs=watch --output=name",
		"get --raw /apis/batch.volcano.sh", "get --raw /apis/batch.volcano.sh/v1alpha1",
		"get --raw /apis/batch.volcano.sh/v1", "get --raw /apis/other",
		"get --raw /healthz", "get --raw /livez", "get --raw /readyz",
		"get --raw /healthz/ping", "get --raw /livez/ping", "get --raw /readyz/ping", "get --raw /healthz/unknown",
		"get --raw /readyz/unknown", "get --raw /readyz/", "get --raw /readyz/ping/more", "get --raw /openapi/v3/", "get --raw /unknown",
		"get --raw " + api + "/", "get --raw " + api + "/unknown", "get --raw " + api + "/jobs/a",
		"get --raw " + api + "/namespaces/default", "get --raw " + api + "/namespaces/default/unknown",
		"get --raw " + api + "/jobs?watch=1&continue=a", "get --raw " + api + "/jobs?watch=1&resourceVersion=x", "get --raw " + api + "/jobs?resourceVersion=x",
		"get --raw " + api + "/namespaces/default/jobs/a?resourceVersion=x", "get --raw " + api + "/jobs?resourceVersion=-1",
		"get --raw " + api + "/jobs?watch=1&resourceVersion=x&sendInitialEvents=true&resourceVersionMatch=NotOlderThan",
		"get --raw " + api + "/jobs?watch=1&continue=a&sendInitialEvents=true",
		"get --raw " + api + "/jobs?continue=a", "get --raw " + api + "/jobs?continue=a*bc", "get --raw " + api + "/jobs?continue=e30",
		"get --raw " + api + "/jobs?continue=" + token("meta.k8s.io/v2", 5, "a"), "get --raw " + api + "/jobs?continue=" + token("meta.k8s.io/v1", 0, "a"),
		"get --raw " + api + "/jobs?continue=" + token("meta.k8s.io/v1", 5, ""), "get --raw " + api + "/jobs?continue=" + token("meta.k8s.io/v1", 5, "a/../b"),
		"get --raw " + api + "/jobs?resourceVersion=1&continue=" + token("meta.k8s.io/v1", 5, "a"),
		"delete --raw " + api + "/jobs", "delete --raw " + api, "delete --raw /version",
		"delete --raw " + api + "/namespaces/default/jobs/a/scale", "delete --raw " + api + "/namespaces/default/jobs/a/status",
		"auth whoami", "auth whoami --output=yaml",
		"auth can-i get vcjob", "auth can-i delete vcjob --all-namespaces", "auth can-i update vcjob --subresource=status",
		"get unknown", "get unknown.batch.volcano.sh",
	} {
		b.run("", arguments)
	}
	for _, path := range []string{"/jobs", "/namespaces/default/jobs", "/namespaces/default/jobs/a/unknown", "/jobs/a", "/unknown"} {
		b.run("{}", "create --raw "+api+path+" -f -")
		b.run("{}", "replace --raw "+api+path+" -f -")
	}
	versions, err := b.ours.kubectl("", "api-versions")
	if err != nil || !strings.Contains(versions.stdout, "batch.volcano.sh/v1alpha1\n") {
		return fmt.Errorf("kubectl api-versions: %v %v", err, versions)
	}
	return b.finish(e)
}

// token is a token for the next page of a list.
func token(version string, resourceVersion int, start string) string {
	text := asText(object{"v": version, "rv": resourceVersion, "start": start})
	return base64.RawURLEncoding.EncodeToString([]byte(text))
}

func kubectlDeletes(e *environment) error {
	b, err := e.startBoth("deletes")
	if err != nil {
		return err
	}
	for _, name := range []string{"a", "b", "c", "d", "e", "f", "g"} {
		b.run(labelled(name, "team-"+name), "create -f -")
	}
	phase := `patch vcjob a --subresource=status --type=merge --patch {"status":{"state":{"phase":"%s"}}}`
	wait := "wait vcjob/a --for=jsonpath={.status.state.phase}=Running --timeout=60s"
	b.during(wait, fmt.Sprintf(phase, "Pending"), fmt.Sprintf(phase, "Running"))
	b.run("", wait)
	b.run("", "wait vcjob --all --for=jsonpath={.spec.queue}=default --timeout=60s")
	b.run("", "wait vcjob/a --for=jsonpath={.spec.queue}=other --timeout=0s")
	b.run("", "wait vcjob/missing --for=jsonpath={.spec.queue}=default --timeout=60s")
	b.run("", "wait vcjob/missing --for=delete --timeout=60s")
	b.during("wait vcjob/a --for=delete --timeout=60s", "delete vcjob a")

	b.run("", "delete vcjob missing")
	b.run("", "delete vcjob missing --ignore-not-found")
	b.run("", "delete vcjob b --dry-run=server")
	b.run("", "delete vcjob b --output=name")
	b.run("", "delete vcjob --selector=team=team-c")
	b.run("", "delete vcjob d --cascade=orphan --wait=false")
	b.run("", "get vcjob d --output=yaml")
	b.run("", `patch vcjob d --type=merge --patch {"metadata":{"finalizers":null}}`)
	b.run("", "get vcjob d --output=yaml")

	// kubectl waits until the finalizer is gone.
	b.run("", `patch vcjob e --type=merge --patch {"metadata":{"finalizers":["example.com/guard"]}}`)
	b.run("", "delete vcjob e --wait=false")
	b.run("", "get vcjob e --output=yaml")
	b.run("", `patch vcjob e --type=merge --patch {"metadata":{"finalizers":["example.com/guard","example.com/other"]}}`)
	b.during("delete vcjob e", `patch vcjob e --type=merge --patch {"metadata":{"finalizers":null}}`)
	b.run(asText(job("f")), "delete -f -")
	b.run("", "delete vcjob --all")
	b.run("", "get vcjob")
	return b.finish(e)
}

// kubectlWatches reads what kubectl prints of each change before it makes the next one.
func kubectlWatches(e *environment) error {
	b, err := e.startBoth("watches")
	if err != nil {
		return err
	}
	var printed [2]string
	for i, s := range []*endpoint{b.ours, b.theirs} {
		if printed[i], err = watchWithKubectl(s); err != nil {
			return err
		}
	}
	if printed[0] == printed[1] {
		b.same++
	} else {
		b.differences = append(b.differences,
			fmt.Errorf("kubectl get --watch\n--- kube-apiserver\n%s+++ volcano-job-server\n%s", printed[1], printed[0]))
	}
	return b.finish(e)
}

func watchWithKubectl(s *endpoint) (string, error) {
	if _, err := s.create(job("watched")); err != nil {
		return "", err
	}
	watch, err := s.startKubectl("get", "vcjob", "--watch", "--output-watch-events")
	if err != nil {
		return "", err
	}
	defer watch.stop()
	status := object{"status": object{"state": object{"phase": "Running"}, "running": 1, "minAvailable": 1}}
	steps := []func() reply{
		func() reply { return s.patch("watched/status", status) },
		func() reply {
			return s.patch("watched", object{"metadata": object{"finalizers": []any{"example.com/guard"}}})
		},
		func() reply { return s.request("DELETE", jobsPath+"/watched", nil) },
		func() reply { return s.patch("watched", object{"metadata": object{"finalizers": nil}}) },
	}
	// The heading, the Job, and one line for each step.
	var lines []string
	for range 2 {
		line, err := watch.line()
		if err != nil {
			return "", err
		}
		lines = append(lines, line)
	}
	for _, step := range steps {
		if err := s.expect(http.StatusOK, step()); err != nil {
			return "", err
		}
		line, err := watch.line()
		if err != nil {
			return "", err
		}
		lines = append(lines, line)
	}
	if !strings.HasPrefix(lines[len(lines)-1], "DELETED") {
		return "", fmt.Errorf("the last line of kubectl get --watch is %q", lines[len(lines)-1])
	}
	return masked(strings.Join(lines, ""), s), nil
}

// background is a kubectl that runs until it is stopped.
type background struct {
	process *exec.Cmd
	output  *bufio.Reader
	errors  strings.Builder
}

func (s *endpoint) startKubectl(arguments ...string) (*background, error) {
	reader, writer := io.Pipe()
	started := &background{output: bufio.NewReader(reader)}
	started.process = s.kubectlCommand(arguments...)
	started.process.Stdout, started.process.Stderr = writer, &started.errors
	started.process.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
	if err := started.process.Start(); err != nil {
		return nil, err
	}
	go func() { _ = writer.CloseWithError(started.process.Wait()) }()
	return started, nil
}

func (b *background) line() (string, error) {
	line, err := b.output.ReadString('\n')
	if err != nil {
		return line, fmt.Errorf("kubectl ended: %w %s", err, b.errors.String())
	}
	return line, nil
}

func (b *background) stop() {
	_ = b.process.Process.Kill()
	_, _ = io.Copy(io.Discard, b.output)
}

func kubectlEditDenied(e *environment) error {
	s, err := e.startJobServer("edits")
	if err != nil {
		return err
	}
	defer s.kill()
	if _, err := s.create(job("a")); err != nil {
		return err
	}
	edited, err := s.kubectlWith("", []string{"KUBE_EDITOR=sed -i s/queue:.*/queue:\\ other/"}, "edit", "vcjob", "a")
	if err != nil {
		return err
	}
	if edited.code != 1 || !strings.Contains(edited.stderr, "spec.queue: Forbidden: the value was changed: field is immutable") {
		return fmt.Errorf("kubectl edit: %d %s", edited.code, edited.stderr)
	}
	stored, err := s.get("a")
	if err == nil && at(stored, "spec", "queue") != "default" {
		return fmt.Errorf("it was stored: %v", stored)
	}
	return err
}
