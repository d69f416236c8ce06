package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
)

const (
	namespace = "cci-gpu"
	jobsPath  = "/apis/batch.volcano.sh/v1alpha1/namespaces/" + namespace + "/jobs"
	collector = "system:serviceaccount:kube-system:generic-garbage-collector"
)

type object = map[string]any

// endpoint is an API server, as its administrator reaches it.
type endpoint struct {
	ctx   context.Context
	api   string
	token string
	http  *http.Client
	// tool is the path of kubectl, and access the arguments with which it finds the server.
	tool   string
	access []string
	// home is the directory for what programs keep about a user.
	home string
}

// reply is the response of the API server.
type reply struct {
	err      error
	code     int
	body     object
	warnings []string
}

func (r reply) message() string {
	message, _ := r.body["message"].(string)
	return message
}

func (r reply) String() string {
	if r.err != nil {
		return r.err.Error()
	}
	return fmt.Sprintf("%d %v %s", r.code, r.body["reason"], r.message())
}

// header is a header of a request.
type header struct{ name, value string }

func (s *endpoint) request(method, path string, body any, headers ...header) reply {
	text, err := json.Marshal(body)
	if err != nil {
		return reply{err: err}
	}
	answer, text := s.send(method, path, text, headers...)
	_ = json.Unmarshal(text, &answer.body)
	return answer
}

// send sends a request with this body. It returns the response without its body, and the text of that.
func (s *endpoint) send(method, path string, body []byte, headers ...header) (reply, []byte) {
	request, err := http.NewRequestWithContext(s.ctx, method, s.api+path, bytes.NewReader(body))
	if err != nil {
		return reply{err: err}, nil
	}
	request.Header.Set("Authorization", "Bearer "+s.token)
	request.Header.Set("Content-Type", "application/json")
	for _, header := range headers {
		request.Header.Set(header.name, header.value)
	}
	response, err := s.http.Do(request)
	if err != nil {
		return reply{err: err}, nil
	}
	defer response.Body.Close()
	text, err := io.ReadAll(response.Body)
	return reply{err: err, code: response.StatusCode, warnings: response.Header.Values("Warning")}, text
}

// patch sends a JSON Merge Patch.
func (s *endpoint) patch(name string, body any, headers ...header) reply {
	headers = append(headers, header{"Content-Type", "application/merge-patch+json"})
	return s.request("PATCH", jobsPath+"/"+name, body, headers...)
}

func (s *endpoint) expect(code int, got reply) error {
	if got.err != nil || got.code != code {
		return fmt.Errorf("expected %d, got %s", code, got)
	}
	return nil
}

// expectDenial requires that the webhook denied the request with causes for these fields.
func (e *environment) expectDenial(got reply, fields ...string) error {
	if err := e.expect(http.StatusForbidden, got); err != nil {
		return err
	}
	if !strings.Contains(got.message(), "validate.volcano-job-update.github.io") {
		return fmt.Errorf("it was not denied by the webhook: %s", got)
	}
	details, _ := got.body["details"].(object)
	causes, _ := details["causes"].([]any)
	named := map[string]bool{}
	for _, cause := range causes {
		field, _ := cause.(object)["field"].(string)
		named[field] = true
	}
	for _, field := range fields {
		if !named[field] {
			return fmt.Errorf("%s is not among the causes: %v", field, causes)
		}
	}
	return nil
}

// commandResult is the result of a command.
type commandResult struct {
	code           int
	stdout, stderr string
}

func (s *endpoint) kubectl(input string, arguments ...string) (commandResult, error) {
	return s.kubectlWith(input, nil, arguments...)
}

// kubectlWith runs kubectl with some variables of the environment, such as KUBE_EDITOR=vi.
func (s *endpoint) kubectlWith(input string, variables []string, arguments ...string) (commandResult, error) {
	command := s.kubectlCommand(arguments...)
	command.Env = append(command.Env, variables...)
	return result(command, input)
}

func (s *endpoint) kubectlCommand(arguments ...string) *exec.Cmd {
	all := append(slices.Clone(s.access), "--namespace", namespace, "--cache-dir", filepath.Join(s.home, "cache"))
	return s.command(s.tool, append(all, arguments...)...)
}

func (s *endpoint) execute(input, program string, arguments ...string) (commandResult, error) {
	return result(s.command(program, arguments...), input)
}

func (s *endpoint) command(program string, arguments ...string) *exec.Cmd {
	command := exec.CommandContext(s.ctx, program, arguments...)
	command.Env = append(os.Environ(), "HOME="+s.home, "KUBECONFIG=")
	return command
}

func result(command *exec.Cmd, input string) (commandResult, error) {
	var stdout, stderr bytes.Buffer
	command.Stdin, command.Stdout, command.Stderr = strings.NewReader(input), &stdout, &stderr
	err := command.Run()
	if _, exited := err.(*exec.ExitError); err != nil && !exited {
		return commandResult{}, err
	}
	return commandResult{command.ProcessState.ExitCode(), stdout.String(), stderr.String()}, nil
}

// generate returns the manifests printed by the command `generate`.
func (e *environment) generate(arguments ...string) (string, error) {
	program := filepath.Join(e.options.programs, "volcano-job-update")
	printed, err := e.execute("", program, append([]string{"generate"}, arguments...)...)
	if err != nil {
		return "", err
	}
	if printed.code != 0 {
		return "", fmt.Errorf("generate: %s", printed.stderr)
	}
	return printed.stdout, nil
}

func (s *endpoint) apply(manifests string, arguments ...string) error {
	applied, err := s.kubectl(manifests, append([]string{"apply", "-f", "-"}, arguments...)...)
	if err != nil {
		return err
	}
	if applied.code != 0 {
		return fmt.Errorf("kubectl apply: %s", applied.stderr)
	}
	return nil
}

// configure registers the webhook, and waits until the API server calls it.
func (e *environment) configure(arguments ...string) error {
	arguments = append([]string{"webhook-configuration", "--url", e.webhook.address(), "--ca-bundle",
		e.authority.bundle()}, arguments...)
	manifests, err := e.generate(arguments...)
	if err != nil {
		return err
	}
	if err := e.unconfigure(); err != nil {
		return err
	}
	if err := e.apply(manifests); err != nil {
		return err
	}
	return e.eventually("the webhook is called", func() error {
		return e.expectDenial(e.patch("probe?dryRun=All", object{"spec": object{"queue": "other"}}))
	})
}

func (e *environment) unconfigure() error {
	kinds := "validatingwebhookconfigurations,mutatingwebhookconfigurations," +
		"validatingadmissionpolicies,validatingadmissionpolicybindings"
	deleted, err := e.kubectl("", "delete", "--ignore-not-found", "--all", kinds)
	if err != nil {
		return err
	}
	if deleted.code != 0 {
		return fmt.Errorf("kubectl delete: %s", deleted.stderr)
	}
	return e.eventually("the webhook is no longer called", func() error {
		probe := e.patch("probe?dryRun=All", object{"spec": object{"queue": "other"}})
		return e.expect(http.StatusOK, probe)
	})
}

// count returns a metric of the webhook, summed over all labels.
func (e *environment) count(name string) (int, error) {
	response, err := e.http.Get(e.webhook.address() + "/metrics")
	if err != nil {
		return 0, err
	}
	defer response.Body.Close()
	text, err := io.ReadAll(response.Body)
	if err != nil {
		return 0, err
	}
	line := regexp.MustCompile(`(?m)^volcano_job_update_webhook_` + name + `(?:\{[^}]*\})? (\d+)$`)
	sum := 0
	for _, found := range line.FindAllStringSubmatch(string(text), -1) {
		value, err := strconv.Atoi(found[1])
		if err != nil {
			return 0, err
		}
		sum += value
	}
	return sum, nil
}
