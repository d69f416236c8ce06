//! An etcd, and the way to it.

use std::net::TcpListener as StdListener;
use std::path::PathBuf;
use std::process::{Child, Command, Output, Stdio};
use std::time::{Duration, Instant};

use tempfile::TempDir;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use tokio::task::JoinHandle;

use super::suite::PATIENCE;

/// An etcd with its own data, which ends with the test.
pub(crate) struct Etcd {
    child: Child,
    directory: TempDir,
    port: u16,
    peer_port: u16,
    arguments: Vec<String>,
}

impl Etcd {
    /// `None`, and says so, if there is no etcd.
    pub(crate) fn start(arguments: &[&str]) -> Option<Self> {
        for program in ["etcd", "etcdctl"] {
            if Command::new(program).env("ETCDCTL_API", "3").arg("--help").output().is_err() {
                super::say_skipped(&format!(
                    "{program} is not on the PATH: a test of the store in etcd"
                ));
                return None;
            }
        }
        let directory = tempfile::tempdir().expect("a directory");
        let arguments: Vec<String> = arguments.iter().map(ToString::to_string).collect();
        // Somebody else can have taken a port since it was free.
        loop {
            let (port, peer_port) = (free_port(), free_port());
            let mut child = spawn(&directory, port, peer_port, &arguments);
            if listens(&mut child, port) {
                return Some(Self { child, directory, port, peer_port, arguments });
            }
        }
    }

    pub(crate) fn port(&self) -> u16 {
        self.port
    }

    pub(crate) fn url(&self) -> String {
        url(self.port, &self.arguments)
    }

    pub(crate) fn file(&self, name: &str) -> PathBuf {
        self.directory.path().join(name)
    }

    pub(crate) fn kill(&mut self) {
        // As if the machine had lost power, save the disk.
        self.child.kill().expect("etcd runs");
        self.child.wait().expect("etcd ran");
    }

    pub(crate) fn restart(&mut self) {
        self.kill();
        self.start_again();
    }

    /// Starts it with its data, after it was killed.
    pub(crate) fn start_again(&mut self) {
        self.child = spawn(&self.directory, self.port, self.peer_port, &self.arguments);
        assert!(listens(&mut self.child, self.port), "etcd starts again");
    }

    /// Runs etcdctl, and returns what it prints.
    pub(crate) fn ctl(&self, arguments: &[&str]) -> String {
        let endpoints = format!("--endpoints={}", self.url());
        let start = Instant::now();
        loop {
            let output = ctl(&endpoints, arguments);
            if output.status.success() {
                return String::from_utf8(output.stdout).expect("text");
            }
            // It listens before it has a leader.
            assert!(start.elapsed() < PATIENCE, "etcdctl {arguments:?}: {output:?}");
        }
    }
}

impl Drop for Etcd {
    fn drop(&mut self) {
        drop(self.child.kill());
        drop(self.child.wait());
    }
}

fn ctl(endpoints: &str, arguments: &[&str]) -> Output {
    let mut command = Command::new("etcdctl");
    command.env("ETCDCTL_API", "3").arg(endpoints).args(arguments);
    command.output().expect("etcdctl runs")
}

fn spawn(directory: &TempDir, port: u16, peer_port: u16, arguments: &[String]) -> Child {
    let client = url(port, arguments);
    let peer = format!("http://127.0.0.1:{peer_port}");
    Command::new("etcd")
        .arg("--data-dir")
        .arg(directory.path().join("data"))
        .args(["--listen-client-urls", &client, "--advertise-client-urls", &client])
        .args(["--listen-peer-urls", &peer, "--initial-advertise-peer-urls", &peer])
        .args(["--initial-cluster", &format!("default={peer}")])
        .args(arguments)
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .expect("etcd starts")
}

fn url(port: u16, arguments: &[String]) -> String {
    let has_certificate = arguments.iter().any(|argument| argument.starts_with("--cert-file"));
    let scheme = if has_certificate { "https" } else { "http" };
    format!("{scheme}://127.0.0.1:{port}")
}

/// Whether a process accepts connections before it ends.
fn listens(child: &mut Child, port: u16) -> bool {
    let start = Instant::now();
    while child.try_wait().expect("a process").is_none() {
        if std::net::TcpStream::connect(("127.0.0.1", port)).is_ok() {
            return true;
        }
        assert!(start.elapsed() < PATIENCE, "etcd does not listen");
        std::thread::sleep(Duration::from_millis(20));
    }
    false
}

pub(crate) fn free_port() -> u16 {
    let listener = StdListener::bind("127.0.0.1:0").expect("a port");
    listener.local_addr().expect("an address").port()
}

/// A way to etcd that can be cut.
pub(crate) struct Road {
    pub(crate) port: u16,
    is_open: watch::Sender<bool>,
    task: JoinHandle<()>,
}

impl Road {
    pub(crate) async fn to(port: u16) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let own = listener.local_addr().expect("an address").port();
        let (is_open, opened) = watch::channel(true);
        let task = tokio::spawn(async move {
            loop {
                let (client, _) = listener.accept().await.expect("a connection");
                let opened = opened.clone();
                tokio::spawn(carry(client, port, opened));
            }
        });
        Self { port: own, is_open, task }
    }

    /// Ends all connections, and accepts no other one.
    pub(crate) fn cut(&self) {
        self.is_open.send_replace(false);
    }

    pub(crate) fn open(&self) {
        self.is_open.send_replace(true);
    }
}

impl Drop for Road {
    fn drop(&mut self) {
        self.task.abort();
    }
}

async fn carry(mut client: TcpStream, port: u16, mut opened: watch::Receiver<bool>) {
    if !*opened.borrow() {
        return;
    }
    let Ok(mut server) = TcpStream::connect(("127.0.0.1", port)).await else { return };
    tokio::select! {
        _ = tokio::io::copy_bidirectional(&mut client, &mut server) => {}
        _ = opened.wait_for(|is_open| !is_open) => {}
    }
}
