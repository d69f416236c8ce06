package main

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/base64"
	"encoding/pem"
	"errors"
	"fmt"
	"io"
	"math/big"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"time"
)

// timeout is the limit for every request and every wait.
const timeout = 2 * time.Minute

type options struct {
	binaries, programs, server, repository, schema, recordings, logs string
	// scenarios is a part of the names of the scenarios to run.
	scenarios string
	// requests is the number of random requests, and seed what they depend on.
	requests int
	// applies is the number of random manifests to apply with kubectl.
	applies int
	seed    uint64
	// figures says that volcano-job-server is measured instead, as these options say.
	figures  bool
	measures measures
	// record is a file for the requests with the same answers, with these.
	record string
}

// environment is a running cluster without nodes, with a webhook beside it.
type environment struct {
	endpoint
	options   options
	directory string
	processes []*exec.Cmd
	authority *authority
	etcd      string
	// etcdProcess and apiProcess are etcd and the API server.
	etcdProcess, apiProcess *exec.Cmd
	// minor is the minor version of Kubernetes.
	minor   int
	webhook *webhook
	notes   []string
	jobs    int
}

// webhook is the webhook program. It can be killed and restarted on the same port.
type webhook struct {
	env       *environment
	port      int
	arguments []string
	process   *exec.Cmd
	mounts    int
}

func start(ctx context.Context, options options) (*environment, error) {
	directory, err := os.MkdirTemp("", "e2e-")
	if err != nil {
		return nil, err
	}
	env := &environment{options: options, directory: directory}
	env.endpoint = endpoint{ctx: ctx, token: "admin", tool: filepath.Join(options.binaries, "kubectl"), home: directory}
	if err := env.startAll(); err != nil {
		env.stop()
		return nil, err
	}
	return env, nil
}

func (e *environment) startAll() error {
	if err := e.startCluster(); err != nil {
		return err
	}
	if e.options.figures {
		return nil
	}
	e.webhook = &webhook{env: e, port: freePort()}
	if err := e.webhook.renewCertificate(); err != nil {
		return err
	}
	return e.webhook.start()
}

// startCluster starts etcd and the API server, and installs the CRD.
func (e *environment) startCluster() error {
	var err error
	if e.authority, err = newAuthority(); err != nil {
		return err
	}
	pool := x509.NewCertPool()
	pool.AddCert(e.authority.certificate)
	transport := &http.Transport{TLSClientConfig: &tls.Config{RootCAs: pool}, MaxIdleConnsPerHost: 16}
	e.http = &http.Client{Transport: transport, Timeout: timeout}
	if err := os.WriteFile(e.path("ca.crt"), e.authority.pem(), 0o644); err != nil {
		return err
	}
	if err := e.startServers(); err != nil {
		return err
	}
	return e.prepare()
}

func (e *environment) startServers() error {
	var err error
	if e.etcd, e.etcdProcess, err = e.startEtcd("etcd"); err != nil {
		return err
	}
	certificate, key, err := e.authority.issue("kube-apiserver")
	if err != nil {
		return err
	}
	files := map[string][]byte{"api.crt": certificate, "api.key": key,
		"tokens.csv":     []byte("admin,admin,admin,system:masters\n"),
		"admission.yaml": []byte(admissionConfiguration(e.path("webhooks.yaml"))),
		"webhooks.yaml":  []byte(webhookUser(e.path("api.crt"), e.path("api.key")))}
	for name, content := range files {
		if err := os.WriteFile(e.path(name), content, 0o600); err != nil {
			return err
		}
	}
	port := freePort()
	e.api = fmt.Sprintf("https://127.0.0.1:%d", port)
	e.access = []string{"--server", e.api, "--certificate-authority", e.path("ca.crt"), "--token", e.token}
	if err := e.runAPIServer(port); err != nil {
		return err
	}
	err = e.eventually("the API server is ready", func() error {
		return e.expect(http.StatusOK, e.request("GET", "/readyz", nil))
	})
	if err != nil {
		return err
	}
	version := e.request("GET", "/version", nil)
	e.minor, err = strconv.Atoi(fmt.Sprint(version.body["minor"]))
	return err
}

// startEtcd starts an etcd, and returns its URL.
func (e *environment) startEtcd(name string) (string, *exec.Cmd, error) {
	url := fmt.Sprintf("http://127.0.0.1:%d", freePort())
	peers := fmt.Sprintf("http://127.0.0.1:%d", freePort())
	process, err := e.spawn(name, "etcd", "--data-dir", e.path(name), "--listen-client-urls", url,
		"--advertise-client-urls", url, "--listen-peer-urls", peers,
		"--initial-advertise-peer-urls", peers, "--initial-cluster", "default="+peers,
		"--quota-backend-bytes", "8000000000")
	return url, process, err
}

func (e *environment) runAPIServer(port int) error {
	process, err := e.spawn("kube-apiserver", filepath.Join(e.options.binaries, "kube-apiserver"),
		"--etcd-servers", e.etcd, "--bind-address", "127.0.0.1", "--secure-port", fmt.Sprint(port),
		"--tls-cert-file", e.path("api.crt"), "--tls-private-key-file", e.path("api.key"),
		"--cert-dir", e.path("certs"), "--token-auth-file", e.path("tokens.csv"),
		"--admission-control-config-file", e.path("admission.yaml"),
		"--authorization-mode", "RBAC", "--service-cluster-ip-range", "10.0.0.0/24",
		"--service-account-issuer", "https://e2e.example", "--service-account-key-file", e.path("api.key"),
		"--service-account-signing-key-file", e.path("api.key"))
	e.apiProcess = process
	return err
}

// admissionConfiguration makes the API server authenticate itself to webhooks, as webhook/README.md
// describes it.
func admissionConfiguration(kubeconfig string) string {
	text := "apiVersion: apiserver.config.k8s.io/v1\nkind: AdmissionConfiguration\nplugins:\n"
	for _, plugin := range []string{"ValidatingAdmissionWebhook", "MutatingAdmissionWebhook"} {
		text += fmt.Sprintf("- name: %s\n  configuration:\n    apiVersion: apiserver.config.k8s.io/v1\n"+
			"    kind: WebhookAdmissionConfiguration\n    kubeConfigFile: %s\n", plugin, kubeconfig)
	}
	return text
}

func webhookUser(certificate, key string) string {
	return fmt.Sprintf("apiVersion: v1\nkind: Config\nusers:\n- name: '*'\n  user:\n"+
		"    client-certificate: %s\n    client-key: %s\n", certificate, key)
}

func (e *environment) path(name string) string {
	return filepath.Join(e.directory, name)
}

// spawn starts a program that is killed when this one exits; its output goes to a file.
func (e *environment) spawn(name, program string, arguments ...string) (*exec.Cmd, error) {
	log, err := os.OpenFile(filepath.Join(e.options.logs, name+".log"),
		os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o644)
	if err != nil {
		return nil, err
	}
	defer log.Close()
	command := exec.Command(program, arguments...)
	command.Stdout, command.Stderr = log, log
	command.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
	if err := command.Start(); err != nil {
		return nil, err
	}
	e.processes = append(e.processes, command)
	return command, nil
}

// pipe starts a program with pipes for its standard input and output.
func (e *environment) pipe(program string, arguments ...string) (*exec.Cmd, io.Writer, io.Reader, error) {
	command := exec.Command(program, arguments...)
	command.Stderr = os.Stderr
	command.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
	input, err := command.StdinPipe()
	if err != nil {
		return nil, nil, nil, err
	}
	output, err := command.StdoutPipe()
	if err != nil {
		return nil, nil, nil, err
	}
	return command, input, output, command.Start()
}

func (e *environment) stop() {
	for i := len(e.processes) - 1; i >= 0; i-- {
		_ = e.processes[i].Process.Kill()
		_ = e.processes[i].Wait()
	}
	_ = os.RemoveAll(e.directory)
}

// note adds a line to print below the scenario if it passes.
func (e *environment) note(format string, arguments ...any) {
	e.notes = append(e.notes, fmt.Sprintf(format, arguments...))
}

func (e *environment) takeNotes() []string {
	notes := e.notes
	e.notes = nil
	return notes
}

// fatal is an error that does not go away.
type fatal struct{ error }

// eventually repeats a check until it succeeds, fails for good or times out.
func (e *environment) eventually(what string, try func() error) error {
	deadline := time.Now().Add(timeout)
	for {
		err := try()
		if err == nil {
			return nil
		}
		if errors.As(err, &fatal{}) {
			return fmt.Errorf("%s: %w", what, err)
		}
		if time.Now().After(deadline) || e.ctx.Err() != nil {
			return fmt.Errorf("timeout: %s: %w", what, err)
		}
		time.Sleep(50 * time.Millisecond)
	}
}

func freePort() int {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		panic(err)
	}
	defer listener.Close()
	return listener.Addr().(*net.TCPAddr).Port
}

func (w *webhook) address() string {
	return fmt.Sprintf("https://127.0.0.1:%d", w.port)
}

func (w *webhook) start() error {
	arguments := append([]string{"--listen", fmt.Sprintf("127.0.0.1:%d", w.port), "--drain-delay", "0",
		"--tls-cert", w.env.path("tls/tls.crt"), "--tls-key", w.env.path("tls/tls.key"),
		"--reload-interval", "0.1", "--log-level", "debug"}, w.arguments...)
	process, err := w.env.spawn("webhook",
		filepath.Join(w.env.options.programs, "volcano-job-update-webhook"), arguments...)
	if err != nil {
		return err
	}
	w.process = process
	return w.env.eventually("the webhook is ready", func() error {
		response, err := w.env.http.Get(w.address() + "/readyz")
		if err != nil {
			return err
		}
		return response.Body.Close()
	})
}

// kill kills the webhook without a shutdown.
func (w *webhook) kill() {
	_ = w.process.Process.Kill()
	_ = w.process.Wait()
	w.env.http.CloseIdleConnections()
}

// restartWith stops the webhook as a cluster does, with SIGTERM, and starts it with other
// arguments.
func (w *webhook) restartWith(arguments ...string) error {
	if err := w.process.Process.Signal(syscall.SIGTERM); err != nil {
		return err
	}
	w.env.http.CloseIdleConnections()
	if err := w.process.Wait(); err != nil {
		return fmt.Errorf("the webhook failed: %w", err)
	}
	w.arguments = arguments
	return w.start()
}

// renewCertificate replaces the certificate as a kubelet replaces a mounted secret: the files are
// links into `..data`, itself a link that is replaced.
func (w *webhook) renewCertificate() error {
	certificate, key, err := w.env.authority.issue("webhook")
	if err != nil {
		return err
	}
	w.mounts++
	version := fmt.Sprintf("..%d", w.mounts)
	if err := os.MkdirAll(w.env.path("tls/"+version), 0o755); err != nil {
		return err
	}
	for name, content := range map[string][]byte{"tls.crt": certificate, "tls.key": key} {
		if err := os.WriteFile(w.env.path("tls/"+version+"/"+name), content, 0o600); err != nil {
			return err
		}
		_ = os.Symlink("..data/"+name, w.env.path("tls/"+name))
	}
	if err := os.Symlink(version, w.env.path("tls/..data_tmp")); err != nil {
		return err
	}
	return os.Rename(w.env.path("tls/..data_tmp"), w.env.path("tls/..data"))
}

// serial returns the serial number of the certificate that the server presents to new clients.
func (w *webhook) serial() (string, error) {
	address := strings.TrimPrefix(w.address(), "https://")
	pool := x509.NewCertPool()
	pool.AddCert(w.env.authority.certificate)
	connection, err := tls.Dial("tcp", address, &tls.Config{RootCAs: pool})
	if err != nil {
		return "", err
	}
	defer connection.Close()
	return connection.ConnectionState().PeerCertificates[0].SerialNumber.String(), nil
}

// authority is the CA of the API server and of the webhook.
type authority struct {
	certificate *x509.Certificate
	key         *ecdsa.PrivateKey
	serial      int64
}

func newAuthority() (*authority, error) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return nil, err
	}
	template := &x509.Certificate{SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "e2e"},
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(24 * time.Hour),
		IsCA: true, BasicConstraintsValid: true, KeyUsage: x509.KeyUsageCertSign}
	der, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	if err != nil {
		return nil, err
	}
	certificate, err := x509.ParseCertificate(der)
	return &authority{certificate: certificate, key: key, serial: 1}, err
}

func (a *authority) pem() []byte {
	return pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: a.certificate.Raw})
}

func (a *authority) bundle() string {
	return base64.StdEncoding.EncodeToString(a.pem())
}

func (a *authority) issue(name string) (certificate, key []byte, err error) {
	private, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return nil, nil, err
	}
	a.serial++
	template := &x509.Certificate{SerialNumber: big.NewInt(a.serial), Subject: pkix.Name{CommonName: name},
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(24 * time.Hour),
		KeyUsage: x509.KeyUsageDigitalSignature, ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth, x509.ExtKeyUsageClientAuth},
		DNSNames: []string{"localhost"}, IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)}}
	der, err := x509.CreateCertificate(rand.Reader, template, a.certificate, private.Public(), a.key)
	if err != nil {
		return nil, nil, err
	}
	encoded, err := x509.MarshalECPrivateKey(private)
	if err != nil {
		return nil, nil, err
	}
	return pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der}),
		pem.EncodeToMemory(&pem.Block{Type: "EC PRIVATE KEY", Bytes: encoded}), nil
}
