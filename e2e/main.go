// Runs the webhook, the generated manifests and kubectl against a real API server, and prints which
// scenarios passed. scripts/e2e builds the prerequisites and runs this program.
package main

import (
	"context"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"strings"
	"syscall"
	"time"

	"k8s.io/klog/v2"
)

// scenario is a named test.
type scenario struct {
	name string
	run  func(*environment) error
}

func main() {
	var options options
	flag.StringVar(&options.binaries, "binaries", "", "directory with kube-apiserver and kubectl")
	flag.StringVar(&options.programs, "programs", "", "directory with the project's programs")
	flag.StringVar(&options.server, "server", "", "directory with volcano-job-server, by default that of the programs")
	flag.StringVar(&options.repository, "repository", "..", "the repository")
	flag.StringVar(&options.schema, "schema", "", "the OpenAPI schema of a Job, by default the one in schemas/")
	flag.StringVar(&options.recordings, "recordings", "", "directory with recorded reviews, if there is one")
	flag.StringVar(&options.logs, "logs", "", "directory for the logs of the processes")
	flag.StringVar(&options.scenarios, "scenarios", "", "a part of the names of the scenarios to run")
	flag.IntVar(&options.requests, "requests", 0, "the number of random requests to compare; none by default, see scripts/differential")
	flag.IntVar(&options.applies, "applies", 0, "the number of random manifests to apply with kubectl; none by default, see scripts/differential")
	flag.Uint64Var(&options.seed, "seed", uint64(time.Now().UnixNano()), "the seed of the random requests")
	flag.StringVar(&options.record, "record", "", "a file to which short requests are written, with their answers if both are the same")
	flag.BoolVar(&options.figures, "figures", false, "measure volcano-job-server beside kube-apiserver, instead of running scenarios")
	options.measures.define()
	flag.Parse()
	if options.server == "" {
		options.server = options.programs
	}

	// Informers report on standard error that a server is not there, as scenarios want it.
	klog.LogToStderr(false)
	klog.SetOutput(io.Discard)
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	failed, err := run(ctx, options)
	if err != nil {
		fmt.Fprintln(os.Stderr, "error:", err)
		os.Exit(2)
	}
	if failed > 0 {
		os.Exit(1)
	}
}

func run(ctx context.Context, options options) (failed int, err error) {
	env, err := start(ctx, options)
	if err != nil {
		return 0, err
	}
	defer env.stop()
	if options.figures {
		return 0, env.printFigures()
	}
	begun := time.Now()
	passed := 0
	for _, scenario := range scenarios(options) {
		if ctx.Err() != nil {
			return failed, ctx.Err()
		}
		if !strings.Contains(scenario.name, options.scenarios) {
			continue
		}
		if err := scenario.run(env); err != nil {
			failed++
			fmt.Printf("FAILED  %s\n        %v\n", scenario.name, err)
			continue
		}
		passed++
		fmt.Printf("ok      %s\n", scenario.name)
		for _, line := range env.takeNotes() {
			fmt.Printf("        %s\n", line)
		}
	}
	fmt.Printf("\nin %.0f seconds\n%d passed, %d failed\n", time.Since(begun).Seconds(), passed, failed)
	return failed, nil
}

func scenarios(options options) []scenario {
	all := [][]scenario{updates(), clients(), lifecycles(), streams(), volcano(), argocd(), comparison(), verbs(),
		server(), informers(), sharedStores()}
	if options.requests > 0 {
		all = append(all, differential(), served())
	}
	if options.applies > 0 {
		all = append(all, clientApply())
	}
	var flat []scenario
	for _, some := range all {
		flat = append(flat, some...)
	}
	return flat
}
