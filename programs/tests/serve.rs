//! A second server with the limits of the webhook: who its clients are, answers without an end, and
//! the end of the server. The tests of the webhook have the limits.

#![expect(clippy::expect_used, reason = "a panic fails the test")]

use std::net::SocketAddr;
use std::path::Path;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use axum::body::{Body, Bytes};
use axum::routing::get;
use axum::{Extension, Router};
use http_body_util::channel::Channel;
use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, DnType, IsCa, KeyPair};
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, PrivatePkcs8KeyDer, ServerName};
use rustls::{ClientConfig, RootCertStore};
use tempfile::TempDir;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::sync::{oneshot, watch};
use tokio::task::JoinHandle;
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;
use volcano_job_update_programs::serve::{
    Bounds, Handle, Observer, Peer, Refusal, Reload, Reloader, https, shut_down,
};
use volcano_job_update_programs::tls::{Certificate, CertificateFiles, self_signed};

/// Short enough for a test, long enough for a handshake on a busy machine.
const READ_TIMEOUT: Duration = Duration::from_secs(3);

/// What an observer was told.
#[derive(Debug, Default)]
struct Events(Mutex<Vec<String>>);

impl Events {
    fn add(&self, event: &str) {
        self.0.lock().expect("no panic").push(event.to_owned());
    }

    fn all(&self) -> Vec<String> {
        self.0.lock().expect("no panic").clone()
    }
}

impl Observer for Events {
    fn connection_opened(&self) {
        self.add("opened");
    }

    fn connection_closed(&self) {
        self.add("closed");
    }

    fn connection_refused(&self, refusal: Refusal) {
        self.add(refusal.as_str());
    }

    fn certificate_reloaded(&self, reload: Reload) {
        self.add(reload.as_str());
    }

    fn certificate_expires(&self, not_after: i64) {
        assert!(not_after > 0);
        self.add("expires");
    }
}

/// A running server.
struct Server {
    address: SocketAddr,
    directory: TempDir,
    clients: CertifiedIssuer<'static, KeyPair>,
    events: Arc<Events>,
    stop: oneshot::Sender<()>,
    ended: JoinHandle<std::io::Result<()>>,
}

impl Server {
    fn start() -> Self {
        let directory = tempfile::tempdir().expect("a directory");
        let clients = client_authority();
        let certificate = certificate(directory.path(), &clients);
        let bounds = Bounds {
            max_connections: 16,
            max_connections_per_address: None,
            max_streams: 8,
            read_timeout: READ_TIMEOUT,
            body_timeout: READ_TIMEOUT,
            drain_delay: Duration::ZERO,
            shutdown_timeout: Duration::from_secs(3600),
        };
        let listener = std::net::TcpListener::bind("127.0.0.1:0").expect("a port");
        let address = listener.local_addr().expect("an address");
        let events = Arc::new(Events::default());
        let handle = Handle::new();
        let server = https(listener, &certificate, bounds, events.clone()).expect("a server");
        let server = server.handle(handle.clone());
        Reloader::new(certificate, events.clone());

        let (stop, stopped) = oneshot::channel();
        let (end, ending) = watch::channel(false);
        let stopped = async move { stopped.await.expect("the test stops it") };
        tokio::spawn(async move {
            shut_down(stopped, || {}, handle, bounds).await;
            end.send(true).expect("the router waits for it");
        });
        let router = Router::new()
            .route("/user", get(user))
            .route("/watch", get(async move || Body::new(watch(ending))));
        let ended = tokio::spawn(server.serve(router.into_make_service()));
        Self { address, directory, clients, events, stop, ended }
    }

    /// A client that speaks this protocol, with a certificate for these names of its subject.
    async fn connect(
        &self,
        protocol: &str,
        subject: Option<&[(DnType, &str)]>,
    ) -> TlsStream<TcpStream> {
        let config = ClientConfig::builder_with_provider(provider())
            .with_safe_default_protocol_versions()
            .expect("versions")
            .with_root_certificates(self.roots());
        let mut config = match subject {
            Some(subject) => {
                let (certificate, key) = self.client_certificate(subject);
                config.with_client_auth_cert(vec![certificate], key).expect("a certificate")
            }
            None => config.with_no_client_auth(),
        };
        config.alpn_protocols = vec![protocol.as_bytes().to_vec()];
        self.handshake(config, "localhost").await
    }

    async fn handshake(&self, config: ClientConfig, name: &'static str) -> TlsStream<TcpStream> {
        let stream = TcpStream::connect(self.address).await.expect("it listens");
        let name = ServerName::try_from(name).expect("a name");
        TlsConnector::from(Arc::new(config)).connect(name, stream).await.expect("a connection")
    }

    fn roots(&self) -> RootCertStore {
        let mut roots = RootCertStore::empty();
        let authority = self.directory.path().join("tls/ca.crt");
        let authority = CertificateDer::from_pem_file(authority).expect("a CA");
        roots.add(authority).expect("a CA");
        roots
    }

    fn client_certificate(
        &self,
        subject: &[(DnType, &str)],
    ) -> (CertificateDer<'static>, PrivateKeyDer<'static>) {
        let mut params = CertificateParams::default();
        for (kind, text) in subject {
            params.distinguished_name.push(kind.clone(), *text);
        }
        let key = KeyPair::generate().expect("a key");
        let certificate = params.signed_by(&key, &self.clients).expect("a certificate");
        (certificate.der().clone(), PrivatePkcs8KeyDer::from(key.serialize_der()).into())
    }
}

fn provider() -> Arc<rustls::crypto::CryptoProvider> {
    Arc::new(rustls::crypto::ring::default_provider())
}

fn client_authority() -> CertifiedIssuer<'static, KeyPair> {
    let mut params = CertificateParams::default();
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    CertifiedIssuer::self_signed(params, KeyPair::generate().expect("a key")).expect("a CA")
}

/// The certificate of the server, which knows this CA of clients.
fn certificate(directory: &Path, clients: &CertifiedIssuer<'_, KeyPair>) -> Certificate {
    let names = ["localhost", "127.0.0.1", "::1"].map(String::from);
    let made = self_signed(&directory.join("tls"), "test", &names).expect("a certificate");
    let client_ca = directory.join("clients.crt");
    std::fs::write(&client_ca, clients.pem()).expect("written");
    let files = CertificateFiles { client_ca: Some(client_ca), ..made.files };
    Certificate::load(files).expect("a certificate")
}

async fn user(Extension(peer): Extension<Peer>) -> String {
    let user = peer.certificate().and_then(|certificate| certificate.user());
    user.map_or("nobody".into(), |user| format!("{} of {}", user.name, user.groups.join(", ")))
}

/// An answer that begins at once and ends when the server does. Its second part comes only after
/// every timeout.
fn watch(mut ending: watch::Receiver<bool>) -> Channel<Bytes> {
    let (mut sender, body) = Channel::new(1);
    tokio::spawn(async move {
        drop(sender.send_data(Bytes::from_static(b"first\n")).await);
        tokio::time::sleep(READ_TIMEOUT + Duration::from_secs(1)).await;
        drop(sender.send_data(Bytes::from_static(b"second\n")).await);
        drop(ending.wait_for(|ending| *ending).await);
    });
    body
}

/// An answer over HTTP/2.
struct Answer(h2::RecvStream);

impl Answer {
    async fn get(stream: TlsStream<TcpStream>, path: &str) -> Self {
        let (mut requests, connection) = h2::client::handshake(stream).await.expect("HTTP/2");
        tokio::spawn(connection);
        let request = axum::http::Request::get(format!("https://localhost{path}"));
        let request = request.body(()).expect("a request");
        let (answer, _) = requests.send_request(request, true).expect("sent");
        let answer = answer.await.expect("an answer");
        assert_eq!(answer.status(), 200);
        Self(answer.into_body())
    }

    async fn next(&mut self) -> Option<Bytes> {
        let data = self.0.data().await?.expect("no error");
        self.0.flow_control().release_capacity(data.len()).expect("it was received");
        Some(data)
    }

    async fn text(mut self) -> String {
        let mut text = Vec::new();
        while let Some(data) = self.next().await {
            text.extend_from_slice(&data);
        }
        String::from_utf8(text).expect("text")
    }
}

/// The body of an answer over HTTP/1.1 that is the last one of its connection.
async fn get_http1(mut stream: TlsStream<TcpStream>, path: &str) -> String {
    let request = format!("GET {path} HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n\r\n");
    stream.write_all(request.as_bytes()).await.expect("sent");
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await.expect("an answer");
    let (head, body) = answer.split_once("\r\n\r\n").expect("a body");
    assert!(head.starts_with("HTTP/1.1 200 "), "{head}");
    body.to_owned()
}

#[tokio::test]
async fn client_is_the_subject_of_its_certificate() {
    let server = Server::start();
    let subject: &[_] =
        &[(DnType::CommonName, "somebody"), (DnType::OrganizationName, "system:masters")];
    for (subject, user) in [(Some(subject), "somebody of system:masters"), (None, "nobody")] {
        let client = server.connect("h2", subject).await;
        assert_eq!(Answer::get(client, "/user").await.text().await, user);
        let client = server.connect("http/1.1", subject).await;
        assert_eq!(get_http1(client, "/user").await, user);
    }
}

#[tokio::test]
async fn self_signed_certificate_is_for_its_names() {
    let server = Server::start();
    for name in ["localhost", "127.0.0.1", "::1"] {
        let config = ClientConfig::builder_with_provider(provider())
            .with_safe_default_protocol_versions()
            .expect("versions")
            .with_root_certificates(server.roots())
            .with_no_client_auth();
        server.handshake(config, name).await;
    }
}

/// So a watch is cut off by none of them, and ends when the server does.
#[tokio::test]
async fn answer_may_outlast_every_timeout() {
    let server = Server::start();
    let plain = tokio::spawn(get_http1(server.connect("http/1.1", None).await, "/watch"));
    let mut answer = Answer::get(server.connect("h2", None).await, "/watch").await;
    assert_eq!(answer.next().await.as_deref(), Some(b"first\n".as_slice()));
    assert_eq!(answer.next().await.as_deref(), Some(b"second\n".as_slice()));
    server.stop.send(()).expect("it runs");
    assert_eq!(answer.text().await, "");
    server.ended.await.expect("no panic").expect("no error");
    // Each part is a chunk.
    let chunks = "6\r\nfirst\n\r\n7\r\nsecond\n\r\n0\r\n\r\n";
    assert_eq!(plain.await.expect("no panic"), chunks);
}

#[tokio::test]
async fn observer_is_told_what_happens() {
    let server = Server::start();
    let client = server.connect("h2", None).await;
    assert_eq!(Answer::get(client, "/user").await.text().await, "nobody");
    let mut plain = TcpStream::connect(server.address).await.expect("it listens");
    plain.write_all(b"GET / HTTP/1.1\r\n\r\n").await.expect("sent");
    drop(plain.read_to_end(&mut Vec::new()).await);
    server.stop.send(()).expect("it runs");
    server.ended.await.expect("no panic").expect("no error");
    let mut events = server.events.all();
    events.sort();
    assert_eq!(events, ["closed", "closed", "expires", "handshake", "opened", "opened"]);
}
