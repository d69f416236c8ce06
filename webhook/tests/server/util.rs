//! The running program, and clients that can send arbitrary bytes.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{Shutdown, SocketAddr, TcpStream};
use std::path::Path;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::{Arc, Condvar, Mutex};
use std::time::{Duration, Instant};

use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, ServerName};
use rustls::{ClientConfig, ClientConnection, RootCertStore, StreamOwned};
use serde_json::{Value, json};
use tempfile::TempDir;

/// The timeout for everything that a test waits for. No test depends on how long an operation
/// takes.
pub(crate) const DEADLINE: Duration = Duration::from_secs(120);

pub(crate) fn program() -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_volcano-job-update-webhook"));
    command.stdin(Stdio::null());
    command
}

/// A running webhook, killed when the test ends.
pub(crate) struct Webhook {
    child: Child,
    address: SocketAddr,
    log: Arc<Log>,
    directory: TempDir,
}

#[derive(Default)]
struct Log {
    lines: Mutex<Vec<String>>,
    news: Condvar,
}

impl Webhook {
    /// Starts the program with a self-signed certificate, on a free port.
    pub(crate) fn start(arguments: &[&str]) -> Self {
        let directory = tempfile::tempdir().expect("there is room");
        let mut command = program();
        command.arg("--self-signed").arg(directory.path());
        Self::run(command.args(arguments), directory)
    }

    /// Starts the program with the certificate in `files`; `directory` is kept until the end.
    pub(crate) fn start_with_files(directory: TempDir, files: &Path, arguments: &[&str]) -> Self {
        let mut command = program();
        command.arg("--tls-cert").arg(files.join("tls.crt"));
        command.arg("--tls-key").arg(files.join("tls.key"));
        Self::run(command.args(arguments), directory)
    }

    fn run(command: &mut Command, directory: TempDir) -> Self {
        let mut child = command
            .args(["--listen", "127.0.0.1:0", "--log-level", "debug"])
            .stdout(Stdio::null())
            .stderr(Stdio::piped())
            .spawn()
            .expect("the program runs");
        let log = Arc::new(Log::default());
        let lines = BufReader::new(child.stderr.take().expect("there is a log")).lines();
        let writer = Arc::clone(&log);
        std::thread::spawn(move || {
            for line in lines.map_while(Result::ok) {
                writer.lines.lock().expect("no panic").push(line);
                writer.news.notify_all();
            }
        });
        let line = log.wait_for("listening");
        let line: Value = serde_json::from_str(&line).expect("a line of the log is JSON");
        let address = line["address"].as_str().expect("an address").parse().expect("an address");
        Self { child, address, log, directory }
    }

    pub(crate) fn directory(&self) -> &Path {
        self.directory.path()
    }

    /// Waits for a line of the log with this text, and returns it.
    pub(crate) fn wait_for_log(&self, text: &str) -> String {
        self.log.wait_for(text)
    }

    pub(crate) fn log(&self) -> String {
        self.log.lines.lock().expect("no panic").join("\n")
    }

    pub(crate) fn connect(&self) -> Client {
        self.connect_from("127.0.0.1")
    }

    /// Connects from a local address.
    pub(crate) fn connect_from(&self, from: &str) -> Client {
        let stream = connect_from(from, self.address);
        Client::new(stream, &self.directory().join("ca.crt"), None)
    }

    /// Connects with a client certificate.
    pub(crate) fn connect_with_certificate(
        &self,
        certificate: CertificateDer<'static>,
        key: Vec<u8>,
    ) -> Client {
        let stream = TcpStream::connect(self.address).expect("it listens");
        let identity = Some((certificate, key));
        Client::new(stream, &self.directory().join("ca.crt"), identity)
    }

    /// A TCP connection without TLS.
    pub(crate) fn connect_plain(&self) -> TcpStream {
        let stream = TcpStream::connect(self.address).expect("it listens");
        stream.set_read_timeout(Some(DEADLINE)).expect("a timeout");
        stream
    }

    pub(crate) fn get(&self, path: &str) -> Response {
        self.connect().exchange(&format!("GET {path} HTTP/1.1\r\nhost: localhost\r\n\r\n"))
    }

    pub(crate) fn post(&self, path: &str, body: &str) -> Response {
        self.connect().exchange(&request(path, body))
    }

    pub(crate) fn validate(&self, review: &Value) -> Response {
        self.post("/validate", &review.to_string())
    }

    /// Asserts that another client gets an answer.
    #[track_caller]
    pub(crate) fn assert_answers(&self) {
        let answer = self.validate(&review("other", json!({}), json!({})));
        assert_eq!(
            (answer.status, answer.json()["response"]["allowed"].clone()),
            (200, true.into())
        );
    }

    /// The value of a metric, 0 if it is not there yet.
    pub(crate) fn metric(&self, name: &str) -> u64 {
        let metrics = self.get("/metrics").body;
        let line = metrics.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(' '));
        line.map_or(0, |value| value.parse().expect("a number"))
    }

    pub(crate) fn terminate(&self) {
        self.signal("TERM");
    }

    pub(crate) fn signal(&self, signal: &str) {
        let kill = format!("kill -{signal} {}", self.child.id());
        let done = Command::new("sh").args(["-c", &kill]).status().expect("there is a shell");
        assert!(done.success());
    }

    pub(crate) fn wait(&mut self) -> ExitStatus {
        self.child.wait().expect("it ends")
    }
}

impl Drop for Webhook {
    fn drop(&mut self) {
        drop(self.child.kill());
        drop(self.child.wait());
    }
}

impl Log {
    fn wait_for(&self, text: &str) -> String {
        let lines = self.lines.lock().expect("no panic");
        let is_there = |lines: &Vec<String>| lines.iter().any(|line| line.contains(text));
        let (lines, _) = self
            .news
            .wait_timeout_while(lines, DEADLINE, |lines| !is_there(lines))
            .expect("no panic");
        let line = lines.iter().find(|line| line.contains(text)).cloned();
        line.unwrap_or_else(|| panic!("`{text}` is not in the log:\n{}", lines.join("\n")))
    }
}

/// Waits until a condition holds.
#[track_caller]
pub(crate) fn wait_until(what: &str, mut holds: impl FnMut() -> bool) {
    let started = Instant::now();
    while !holds() {
        assert!(started.elapsed() < DEADLINE, "timeout: {what}");
        std::thread::sleep(Duration::from_millis(20));
    }
}

/// A client that sends arbitrary bytes over TLS.
pub(crate) struct Client(StreamOwned<ClientConnection, TcpStream>);

/// The answer to a request.
#[derive(Debug)]
pub(crate) struct Response {
    pub(crate) status: u16,
    pub(crate) head: String,
    pub(crate) body: String,
}

impl Response {
    #[track_caller]
    pub(crate) fn json(&self) -> Value {
        serde_json::from_str(&self.body).unwrap_or_else(|_| panic!("no JSON: {}", self.body))
    }
}

/// Connects from a local address; all of 127.0.0.0/8 are.
fn connect_from(from: &str, to: SocketAddr) -> TcpStream {
    let socket = socket2::Socket::new(socket2::Domain::IPV4, socket2::Type::STREAM, None);
    let socket = socket.expect("a socket");
    let from: std::net::IpAddr = from.parse().expect("an address");
    socket.bind(&SocketAddr::new(from, 0).into()).expect("a local address");
    socket.connect(&to.into()).expect("it listens");
    socket.into()
}

impl Client {
    fn new(
        stream: TcpStream,
        authority: &Path,
        identity: Option<(CertificateDer<'static>, Vec<u8>)>,
    ) -> Self {
        let mut roots = RootCertStore::empty();
        let authority = CertificateDer::from_pem_file(authority).expect("a CA");
        roots.add(authority).expect("a CA");
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let config = ClientConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .expect("versions")
            .with_root_certificates(roots);
        let config = match identity {
            Some((certificate, key)) => {
                let key = rustls::pki_types::PrivatePkcs8KeyDer::from(key).into();
                config.with_client_auth_cert(vec![certificate], key).expect("a certificate")
            }
            None => config.with_no_client_auth(),
        };
        let name = ServerName::try_from("localhost").expect("a name");
        let connection = ClientConnection::new(Arc::new(config), name).expect("a client");
        stream.set_read_timeout(Some(DEADLINE)).expect("a timeout");
        Self(StreamOwned::new(connection, stream))
    }

    /// As [`Client::exchange`]; `None` if the connection was refused.
    pub(crate) fn try_exchange(&mut self, text: &str) -> Option<Response> {
        self.0.write_all(text.as_bytes()).and_then(|()| self.0.flush()).ok()?;
        let mut first = [0];
        self.0.read_exact(&mut first).ok()?;
        let mut head = first.to_vec();
        self.read_head(&mut head);
        Some(self.response_to(head))
    }

    /// Ends the connection at once, as if the client had died.
    pub(crate) fn reset(self) {
        let socket = socket2::SockRef::from(&self.0.sock);
        socket.set_linger(Some(Duration::ZERO)).expect("an open socket");
    }

    pub(crate) fn send(&mut self, text: &str) {
        self.0.write_all(text.as_bytes()).expect("it reads");
        self.0.flush().expect("it reads");
    }

    pub(crate) fn exchange(&mut self, text: &str) -> Response {
        self.send(text);
        self.response()
    }

    /// Sends the headers of a request and waits for `100 Continue`. The request is then in flight
    /// until the client sends the body.
    pub(crate) fn begin(&mut self, path: &str, length: usize) {
        let head = head(path, length).replace("\r\n\r\n", "\r\nexpect: 100-continue\r\n\r\n");
        assert_eq!(self.exchange(&head).status, 100);
    }

    /// Shuts down the client's side of the connection.
    pub(crate) fn finish_sending(&mut self) {
        self.0.conn.send_close_notify();
        self.0.flush().expect("it reads");
        self.0.sock.shutdown(Shutdown::Write).expect("it was open");
    }

    pub(crate) fn response(&mut self) -> Response {
        let mut head = Vec::new();
        self.read_head(&mut head);
        self.response_to(head)
    }

    fn response_to(&mut self, head: Vec<u8>) -> Response {
        let head = String::from_utf8(head).expect("text");
        let length = head.lines().find_map(|line| line.strip_prefix("content-length: "));
        let mut body = vec![0; length.map_or(0, |length| length.parse().expect("a length"))];
        self.0.read_exact(&mut body).expect("a body");
        let status = head.split(' ').nth(1).and_then(|status| status.parse().ok());
        let status = status.expect("a status");
        Response { status, head, body: String::from_utf8(body).expect("text") }
    }

    fn read_head(&mut self, head: &mut Vec<u8>) {
        while !head.ends_with(b"\r\n\r\n") {
            let mut byte = [0];
            self.0.read_exact(&mut byte).expect("a response");
            head.extend(byte);
        }
    }

    /// Waits until the server closes the connection.
    pub(crate) fn wait_for_end(mut self) {
        let mut rest = Vec::new();
        match self.0.read_to_end(&mut rest) {
            Ok(_) => {}
            Err(error) => assert_ne!(error.kind(), std::io::ErrorKind::WouldBlock, "it is open"),
        }
    }

    /// The certificate of the server.
    pub(crate) fn certificate(&mut self) -> Vec<u8> {
        self.exchange("GET /healthz HTTP/1.1\r\nhost: localhost\r\n\r\n");
        let chain = self.0.conn.peer_certificates().expect("a certificate");
        chain.first().expect("a certificate").to_vec()
    }
}

pub(crate) fn head(path: &str, length: usize) -> String {
    format!(
        "POST {path} HTTP/1.1\r\nhost: localhost\r\ncontent-type: application/json\r\n\
         content-length: {length}\r\n\r\n"
    )
}

pub(crate) fn request(path: &str, body: &str) -> String {
    head(path, body.len()) + body
}

/// A Job with one task, with `more` merged into it.
pub(crate) fn job(more: Value) -> Value {
    let mut job = json!({
        "apiVersion": "batch.volcano.sh/v1alpha1", "kind": "Job",
        "metadata": {"name": "hello", "namespace": "default"},
        "spec": {"queue": "research", "schedulerName": "volcano", "maxRetry": 3, "minAvailable": 1,
            "tasks": [{"name": "worker", "replicas": 1, "minAvailable": 1, "maxRetry": 3}]},
    });
    merge(&mut job, more);
    job
}

fn merge(into: &mut Value, more: Value) {
    match (into, more) {
        (Value::Object(into), Value::Object(more)) => {
            for (key, value) in more {
                merge(into.entry(key).or_insert(Value::Null), value);
            }
        }
        (into, more) => *into = more,
    }
}

/// The review of an update. `existing` and `replacement` are merged into the two Jobs.
pub(crate) fn review(uid: &str, existing: Value, replacement: Value) -> Value {
    let resource = json!({"group": "batch.volcano.sh", "version": "v1alpha1", "resource": "jobs"});
    let kind = json!({"group": "batch.volcano.sh", "version": "v1alpha1", "kind": "Job"});
    json!({
        "apiVersion": "admission.k8s.io/v1", "kind": "AdmissionReview",
        "request": {
            "uid": uid, "kind": kind, "resource": resource,
            "requestKind": kind, "requestResource": resource,
            "name": "hello", "namespace": "default", "operation": "UPDATE",
            "userInfo": {"username": "somebody"},
            "object": job(replacement), "oldObject": job(existing),
            "dryRun": false, "options": {"kind": "UpdateOptions", "apiVersion": "meta.k8s.io/v1"},
        },
    })
}

/// The review of an update that is denied.
pub(crate) fn denied(uid: &str) -> Value {
    review(uid, json!({}), json!({"spec": {"queue": "production"}}))
}
