package main

import (
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"

	"k8s.io/client-go/rest"
	"k8s.io/client-go/tools/clientcmd"
)

// jobServer is the program volcano-job-server. It can be stopped or killed, and started again on the same
// port and with the same certificate, token and store.
type jobServer struct {
	endpoint
	env       *environment
	name      string
	arguments []string
	process   *exec.Cmd
	// ended is closed when the process has ended, with this error.
	ended chan struct{}
	err   error
}

// asKubernetes makes the server answer as an API server without webhooks does.
var asKubernetes = []string{"--policy", "permissive", "--status-codes", "kubernetes", "--no-volcano-webhooks"}

// startJobServer starts a server that keeps its Jobs in a directory of its own, unless the arguments
// name another store.
func (e *environment) startJobServer(name string, arguments ...string) (*jobServer, error) {
	s := &jobServer{env: e, name: name}
	s.arguments = append([]string{"--cert-dir", s.path("certificates"), "--write-kubeconfig", s.kubeconfig()}, arguments...)
	if !containsAny(arguments, "--etcd", "--memory") {
		s.arguments = append(s.arguments, "--data-dir", s.path("data"))
	}
	s.endpoint = e.endpoint
	s.home = s.path("home")
	s.access = []string{"--kubeconfig", s.kubeconfig()}
	for _, directory := range []string{s.path("home"), s.path("certificates")} {
		if err := os.MkdirAll(directory, 0o700); err != nil {
			return nil, err
		}
	}
	if err := s.start("127.0.0.1:0"); err != nil {
		return nil, err
	}
	return s, nil
}

// start starts the server, and waits until it answers.
func (s *jobServer) start(address string) error {
	if err := os.Remove(s.kubeconfig()); err != nil && !errors.Is(err, os.ErrNotExist) {
		return err
	}
	if err := s.run(address); err != nil {
		return err
	}
	return s.env.eventually(s.name+" is ready", func() error {
		select {
		case <-s.ended:
			return fatal{fmt.Errorf("it has ended: %v; see its log", s.err)}
		default:
		}
		if err := s.findIn(s.kubeconfig()); err != nil {
			return err
		}
		return s.expect(http.StatusOK, s.request("GET", "/readyz", nil))
	})
}

// run starts the process.
func (s *jobServer) run(address string) error {
	program := filepath.Join(s.env.options.server, "volcano-job-server")
	process, err := s.env.spawn(s.name, program, append([]string{"--listen", address}, s.arguments...)...)
	if err != nil {
		return err
	}
	s.process, s.ended = process, make(chan struct{})
	go func(ended chan struct{}) {
		s.err = process.Wait()
		close(ended)
	}(s.ended)
	return nil
}

// findIn takes the address and the credentials from a kubeconfig.
func (s *jobServer) findIn(kubeconfig string) error {
	config, err := s.config()
	if err != nil {
		return err
	}
	pool := x509.NewCertPool()
	if !pool.AppendCertsFromPEM(config.CAData) {
		return fmt.Errorf("%s has no certificate", kubeconfig)
	}
	transport := &http.Transport{TLSClientConfig: &tls.Config{RootCAs: pool}, ForceAttemptHTTP2: true}
	s.api, s.token, s.http = config.Host, config.BearerToken, &http.Client{Transport: transport, Timeout: timeout}
	return nil
}

// config is the configuration of client-go that the server's kubeconfig leads to.
func (s *jobServer) config() (*rest.Config, error) {
	config, err := clientcmd.BuildConfigFromFlags("", s.kubeconfig())
	if err == nil && (config.Host == "" || config.BearerToken == "") {
		err = fmt.Errorf("%s is incomplete", s.kubeconfig())
	}
	return config, err
}

func (s *jobServer) kubeconfig() string {
	return s.path("kubeconfig")
}

func (s *jobServer) path(name string) string {
	return s.env.path(filepath.Join(s.name, name))
}

// restart starts a server again that was stopped or killed.
func (s *jobServer) restart() error {
	return s.start(strings.TrimPrefix(s.api, "https://"))
}

// stop stops the server as a cluster does.
func (s *jobServer) stop() error {
	if err := s.process.Process.Signal(syscall.SIGTERM); err != nil {
		return err
	}
	<-s.ended
	s.http.CloseIdleConnections()
	if s.err != nil {
		return fmt.Errorf("%s failed: %w", s.name, s.err)
	}
	return nil
}

// kill kills the server without a shutdown.
func (s *jobServer) kill() {
	_ = s.process.Process.Kill()
	<-s.ended
	s.http.CloseIdleConnections()
}

func containsAny(arguments []string, options ...string) bool {
	for _, argument := range arguments {
		for _, option := range options {
			if argument == option {
				return true
			}
		}
	}
	return false
}
