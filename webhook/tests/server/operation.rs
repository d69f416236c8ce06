//! Limits, shutdown, and reloading of the certificate.

use std::path::Path;

use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, IsCa, KeyPair};
use serde_json::{Value, json};

use crate::util::{Webhook, denied, review, wait_until};

/// Who sends nothing holds no place that another client needs. `programs/src/serve/bodies.rs` has the tests of the
/// limits themselves.
#[test]
fn client_that_stalls_gives_up_its_place() {
    let webhook = Webhook::start(&["--max-in-flight", "2", "--body-timeout", "3600"]);
    let mut stalled = [webhook.connect(), webhook.connect()];
    for client in &mut stalled {
        client.begin("/validate", 100);
    }
    assert_eq!(webhook.metric("volcano_job_update_webhook_in_flight_requests"), 2);
    for _ in 0..3 {
        webhook.assert_answers();
    }
    let [first, _second] = &mut stalled;
    assert_eq!(first.response().status, 408);
    let counted =
        r#"volcano_job_update_webhook_rejections_total{endpoint="validate",reason="slow-body"}"#;
    assert_eq!(webhook.metric(counted), 1, "one place was enough");
}

#[test]
fn client_that_stalls_gives_up_its_memory() {
    const MIB: usize = 1024 * 1024;
    let webhook = Webhook::start(&["--max-body-memory", "7", "--body-timeout", "3600"]);
    let mut stalled = webhook.connect();
    stalled.begin("/validate", 7 * MIB);
    stalled.send(&" ".repeat(6 * MIB));
    let body = denied("a").to_string() + &" ".repeat(2 * MIB);
    // Until its bytes have arrived, it makes progress.
    wait_until("its memory is free", || webhook.post("/validate", &body).status == 200);
}

#[test]
fn connections_beyond_the_limit_of_an_address_are_refused() {
    let webhook = Webhook::start(&["--max-connections-per-address", "2"]);
    let mut first = webhook.connect();
    first.exchange("GET /healthz HTTP/1.1\r\nhost: localhost\r\n\r\n");
    let mut second = webhook.connect_from("127.0.0.1");
    second.exchange("GET /healthz HTTP/1.1\r\nhost: localhost\r\n\r\n");
    let mut refused = webhook.connect_plain();
    assert_eq!(std::io::Read::read(&mut refused, &mut [0]).expect("the end"), 0);

    let request = crate::util::request("/validate", &denied("a").to_string());
    let mut other = webhook.connect_from("127.0.0.2");
    assert_eq!(other.exchange(&request).json()["response"]["allowed"], false);
    let metrics = other.exchange("GET /metrics HTTP/1.1\r\nhost: localhost\r\n\r\n").body;
    let counted =
        r#"volcano_job_update_webhook_refused_connections_total{reason="too-many-of-address"} 1"#;
    assert!(metrics.contains(counted), "{metrics}");
    assert!(metrics.contains("volcano_job_update_webhook_connections 3\n"), "{metrics}");
    drop(first);
    wait_until("there is room again", || {
        let mut client = webhook.connect_from("127.0.0.1");
        client.try_exchange(&request).is_some_and(|answer| answer.status == 200)
    });
    webhook.wait_for_log("connections failed");
}

#[test]
fn metrics_on_a_port_of_their_own() {
    let webhook = Webhook::start(&["--metrics-listen", "127.0.0.1:0"]);
    let line: Value = serde_json::from_str(&webhook.wait_for_log("listening")).expect("JSON");
    let address = line["metrics_address"].as_str().expect("an address");
    let get = |path: &str| {
        let mut stream = std::net::TcpStream::connect(address).expect("it listens");
        let request = format!("GET {path} HTTP/1.1\r\nhost: a\r\nconnection: close\r\n\r\n");
        std::io::Write::write_all(&mut stream, request.as_bytes()).expect("sent");
        std::io::read_to_string(stream).expect("an answer")
    };
    assert!(get("/metrics").contains("volcano_job_update_webhook_build_info{version=\""));
    assert!(get("/readyz").starts_with("HTTP/1.1 200"));
    assert!(get("/validate").starts_with("HTTP/1.1 404"));
    assert_eq!(webhook.get("/metrics").status, 404);
    assert_eq!(webhook.get("/readyz").status, 200);
}

#[test]
fn client_needs_a_certificate_with_the_name() {
    let directory = tempfile::tempdir().expect("there is room");
    let mut params = CertificateParams::default();
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    let key = KeyPair::generate().expect("a key");
    let authority = CertifiedIssuer::self_signed(params, key).expect("a CA");
    let ca = directory.path().join("clients.crt");
    std::fs::write(&ca, authority.pem()).expect("written");
    let ca = ca.display().to_string();
    let webhook = Webhook::start(&["--client-ca", &ca, "--client-name", "kube-apiserver"]);

    let request = crate::util::request("/validate", &denied("a").to_string());
    let client = |name: &str, issuer: &CertifiedIssuer<'_, KeyPair>| {
        let key = KeyPair::generate().expect("a key");
        let mut params = CertificateParams::default();
        params.distinguished_name.push(rcgen::DnType::CommonName, name);
        let certificate = params.signed_by(&key, issuer).expect("a certificate");
        webhook.connect_with_certificate(certificate.der().clone(), key.serialize_der())
    };
    let mut right = client("kube-apiserver", &authority);
    assert_eq!(right.exchange(&request).json()["response"]["allowed"], false);
    for mut wrong in [client("somebody", &authority), webhook.connect()] {
        let answer = wrong.exchange(&request);
        assert_eq!((answer.status, &answer.json()["reason"]), (401, &json!("Unauthorized")));
    }
    let other = CertifiedIssuer::self_signed(
        CertificateParams::default(),
        KeyPair::generate().expect("a key"),
    );
    let mut forged = client("kube-apiserver", &other.expect("a CA"));
    assert!(forged.try_exchange(&request).is_none(), "the handshake fails");
    assert_eq!(webhook.get("/healthz").status, 200, "probes need no certificate");
}

#[test]
fn hangup_reads_the_policy_again() {
    let directory = tempfile::tempdir().expect("there is room");
    let policy = directory.path().join("policy.yaml");
    std::fs::write(&policy, "allowed: [metadata.labels]\n").expect("written");
    let webhook = Webhook::start(&["--policy", &policy.display().to_string()]);
    let allowed = || webhook.validate(&denied("a")).json()["response"]["allowed"].clone();
    assert_eq!(allowed(), false);
    std::fs::write(&policy, "allowed: [").expect("written");
    webhook.signal("HUP");
    webhook.wait_for_log("the old one stays in use");
    assert_eq!(allowed(), false);
    std::fs::write(&policy, "allowed: [spec.queue]\n").expect("written");
    webhook.signal("HUP");
    webhook.wait_for_log("the policy was read again");
    assert_eq!(allowed(), true);
}

#[test]
fn abandoned_request_is_logged_and_counted() {
    let webhook = Webhook::start(&["--body-timeout", "3600", "--request-timeout", "3600"]);
    let mut client = webhook.connect();
    client.begin("/validate", 100);
    client.reset();
    webhook.wait_for_log("rejected");
    let counted = |reason: &str| {
        webhook.metric(&format!(
            r#"volcano_job_update_webhook_rejections_total{{endpoint="validate",reason="{reason}"}}"#
        ))
    };
    assert_eq!(counted("abandoned") + counted("broken-body"), 1);
}

#[test]
fn shutdown_finishes_requests_in_flight() {
    let mut webhook = Webhook::start(&["--drain-delay", "0", "--shutdown-timeout", "3600"]);
    let body = denied("a").to_string();
    let mut client = webhook.connect();
    client.begin("/validate", body.len());
    webhook.terminate();
    webhook.wait_for_log("waiting for requests in flight");
    assert_eq!(client.exchange(&body).json()["response"]["uid"], "a");
    client.wait_for_end();
    assert!(webhook.wait().success());
}

#[test]
fn shutdown_timeout_ends_the_wait() {
    let mut webhook = Webhook::start(&["--drain-delay", "0", "--shutdown-timeout", "0.1"]);
    let mut client = webhook.connect();
    client.begin("/validate", 100);
    webhook.terminate();
    assert!(webhook.wait().success());
}

#[test]
fn readyz_fails_during_drain() {
    let webhook = Webhook::start(&["--drain-delay", "3600"]);
    webhook.terminate();
    wait_until("readyz fails", || webhook.get("/readyz").status == 503);
    assert_eq!(webhook.get("/healthz").status, 200);
    webhook.assert_answers();
}

/// A CA, and a directory laid out like a mounted secret: the files are links into `..data`, itself
/// a link that is replaced when the secret changes.
struct Mount<'d> {
    authority: CertifiedIssuer<'static, KeyPair>,
    directory: &'d Path,
}

impl<'d> Mount<'d> {
    fn new(directory: &'d Path) -> Self {
        let mut params = CertificateParams::default();
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        let authority = CertifiedIssuer::self_signed(params, KeyPair::generate().expect("a key"));
        let authority = authority.expect("a CA");
        std::fs::write(directory.join("ca.crt"), authority.pem()).expect("written");
        for name in ["tls.crt", "tls.key"] {
            let target = Path::new("..data").join(name);
            std::os::unix::fs::symlink(target, directory.join(name)).expect("linked");
        }
        Self { authority, directory }
    }

    /// Replaces the certificate by a new one and returns it.
    fn renew(&self, version: &str) -> Vec<u8> {
        let key = KeyPair::generate().expect("a key");
        let params = CertificateParams::new(["localhost".to_owned()]).expect("names");
        let certificate = params.signed_by(&key, &self.authority).expect("a certificate");
        self.put(version, &certificate.pem(), &key.serialize_pem());
        certificate.der().to_vec()
    }

    fn put(&self, version: &str, certificate: &str, key: &str) {
        let files = self.directory.join(version);
        std::fs::create_dir(&files).expect("made");
        std::fs::write(files.join("tls.crt"), certificate).expect("written");
        std::fs::write(files.join("tls.key"), key).expect("written");
        let link = self.directory.join("..data_tmp");
        std::os::unix::fs::symlink(version, &link).expect("linked");
        std::fs::rename(&link, self.directory.join("..data")).expect("renamed");
    }
}

#[test]
fn changed_certificate_is_used() {
    let directory = tempfile::tempdir().expect("there is room");
    let path = directory.path().to_owned();
    let mount = Mount::new(&path);
    let first = mount.renew("1");
    let webhook = Webhook::start_with_files(directory, &path, &["--reload-interval", "0.05"]);
    let mut early = webhook.connect();
    assert_eq!(early.certificate(), first);

    let second = mount.renew("2");
    wait_until("the second certificate", || webhook.connect().certificate() == second);
    assert_eq!(early.certificate(), first, "an open connection keeps its certificate");

    mount.put("3", "no certificate", "no key");
    webhook.wait_for_log("the old one stays in use");
    assert_eq!(webhook.connect().certificate(), second);

    let broken = || webhook.log().matches("the old one stays in use").count();
    assert_eq!(broken(), 1);
    let fourth = mount.renew("4");
    wait_until("the fourth certificate", || webhook.connect().certificate() == fourth);
    let counted = r#"volcano_job_update_webhook_certificate_reloads_total{result="success"}"#;
    assert_eq!(webhook.metric(counted), 2);
    assert_eq!(broken(), 1, "the error is logged once");
    webhook.assert_answers();
}

#[test]
fn concurrent_clients() {
    let webhook = Webhook::start(&[]);
    std::thread::scope(|scope| {
        for client in 0..8 {
            let webhook = &webhook;
            scope.spawn(move || {
                let mut connection = webhook.connect();
                for turn in 0..50 {
                    let uid = format!("{client}-{turn}");
                    let denied = turn % 2 == 0;
                    let review = if denied {
                        crate::util::denied(&uid)
                    } else {
                        review(&uid, json!({}), json!({}))
                    };
                    let request = crate::util::request("/validate", &review.to_string());
                    let response = &connection.exchange(&request).json()["response"];
                    assert_eq!(response["uid"], uid.as_str());
                    assert_eq!(response["allowed"], !denied);
                }
            });
        }
    });
}
