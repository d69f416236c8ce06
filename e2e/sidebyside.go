package main

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"regexp"
	"strings"
)

// both are two API servers to which the same is done.
type both struct {
	ours, theirs *endpoint
	server       *jobServer
	// same and pinned count the commands with the same result, and with one that is expected to differ.
	same, pinned int
	differences  []error
}

// run runs a kubectl command against both servers, and compares what it prints.
func (b *both) run(input, arguments string) {
	b.compare(arguments, func(s *endpoint) (commandResult, error) {
		return s.kubectl(input, strings.Fields(arguments)...)
	})
}

// pin runs a command that volcano-job-server does not do, with this beginning of an error.
func (b *both) pin(input, arguments, expected string) {
	printed, err := b.ours.kubectl(input, strings.Fields(arguments)...)
	if err != nil || printed.code != 1 || !strings.HasPrefix(printed.stderr, expected) {
		b.differences = append(b.differences, fmt.Errorf("kubectl %s prints not %q but %v %s", arguments, expected, err, printed))
		return
	}
	b.pinned++
}

// outline does the same as run for explanations, but for the descriptions in them, which are the server's
// own.
func (b *both) outline(arguments string) {
	b.compare(arguments, func(s *endpoint) (commandResult, error) {
		printed, err := s.kubectl("", strings.Fields(arguments)...)
		printed.stdout = description.ReplaceAllString(printed.stdout, "")
		return printed, err
	})
}

var description = regexp.MustCompile(`(?m)^    .*\n`)

// edit does the same with a command that opens an editor, which edits with sed.
func (b *both) edit(script, arguments string) {
	editor := "KUBE_EDITOR=sed -i " + strings.ReplaceAll(script, " ", `\ `)
	b.compare(arguments+" with "+script, func(s *endpoint) (commandResult, error) {
		return s.kubectlWith("", []string{editor}, strings.Fields(arguments)...)
	})
}

// during does the same with a command that watches, and ends when others have been run. Only standard
// output is compared: the log says when the watch has begun.
func (b *both) during(arguments string, others ...string) {
	b.compare(arguments, func(s *endpoint) (commandResult, error) {
		command := s.kubectlCommand(append(strings.Fields(arguments), "-v=6")...)
		var stdout bytes.Buffer
		command.Stdout = &stdout
		log, err := command.StderrPipe()
		if err != nil {
			return commandResult{}, err
		}
		if err := command.Start(); err != nil {
			return commandResult{}, err
		}
		lines := bufio.NewScanner(log)
		for lines.Scan() && !strings.Contains(lines.Text(), "watch=true") {
		}
		for _, other := range others {
			done, err := s.kubectl("", strings.Fields(other)...)
			if err == nil && done.code != 0 {
				err = fmt.Errorf("kubectl %s: %s", other, done.stderr)
			}
			if err != nil {
				return done, errors.Join(err, command.Process.Kill(), command.Wait())
			}
		}
		_, _ = io.Copy(io.Discard, log)
		_ = command.Wait()
		return commandResult{command.ProcessState.ExitCode(), stdout.String(), ""}, nil
	})
}

func (b *both) compare(what string, do func(*endpoint) (commandResult, error)) {
	var results [2]commandResult
	for i, s := range []*endpoint{b.ours, b.theirs} {
		result, err := do(s)
		if err != nil {
			b.differences = append(b.differences, fmt.Errorf("kubectl %s: %w", what, err))
			return
		}
		results[i] = commandResult{result.code, masked(result.stdout, s), masked(result.stderr, s)}
	}
	ours, theirs := results[0], results[1]
	if ours == theirs {
		b.same++
		return
	}
	b.differences = append(b.differences, fmt.Errorf("kubectl %s\n--- kube-apiserver\n%s+++ volcano-job-server\n%s", what, theirs, ours))
}

func (r commandResult) String() string {
	return fmt.Sprintf("exit status %d\n%s%s", r.code, r.stdout, r.stderr)
}

// masks replace what differs from run to run.
var masks = []struct {
	pattern *regexp.Regexp
	by      string
}{
	{regexp.MustCompile(`[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}`), "UID"},
	{regexp.MustCompile(`(?i)(resource ?version"?: +"?)\d+`), "${1}VERSION"},
	{regexp.MustCompile(`\d{4}-\d\d-\d\d[T ]\d\d:\d\d:\d\d(\.\d+)?( [+-]\d{4}|Z)?`), "TIME"},
	{regexp.MustCompile(`(LIVE|MERGED|kubectl-edit)-\d+`), "$1"},
	{regexp.MustCompile(`generated-[a-z0-9]{5}`), "generated-NAME"},
	{regexp.MustCompile(`(?m) (\d+[ms])+( |$)`), " AGE$2"},
	// Columns are as wide as the longest value, such as an age.
	{regexp.MustCompile(`(\S) {2,}`), "$1  "},
}

func masked(text string, s *endpoint) string {
	text = strings.ReplaceAll(text, s.api, "SERVER")
	text = strings.ReplaceAll(text, s.home, "HOME")
	for _, mask := range masks {
		text = mask.pattern.ReplaceAllString(text, mask.by)
	}
	return text
}
