//! Limits, shutdown, and reloading of the certificate.

use std::path::Path;

use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, IsCa, KeyPair};
use serde_json::json;

use crate::util::{Webhook, denied, review, wait_until};

#[test]
fn reviews_beyond_max_in_flight_are_rejected() {
    let webhook = Webhook::start(&["--max-in-flight", "2"]);
    let body = denied("a").to_string();
    let mut clients = [webhook.connect(), webhook.connect()];
    for client in &mut clients {
        client.begin("/validate", body.len());
    }
    assert_eq!(webhook.metric("volcano_job_update_webhook_in_flight"), 2);
    let answer = webhook.validate(&denied("b"));
    assert_eq!(answer.status, 503);
    assert!(answer.head.contains("retry-after: 1"), "{}", answer.head);
    assert_eq!(webhook.get("/healthz").status, 200, "probes have no limit");
    assert_eq!(webhook.get("/readyz").status, 200);
    for client in &mut clients {
        assert_eq!(client.exchange(&body).json()["response"]["allowed"], false);
    }
    webhook.assert_answers();
    let counted =
        r#"volcano_job_update_webhook_rejections_total{endpoint="validate",reason="busy"}"#;
    assert_eq!(webhook.metric(counted), 1);
}

#[test]
fn bodies_beyond_max_body_memory_are_rejected() {
    const MIB: usize = 1024 * 1024;
    let webhook = Webhook::start(&["--max-body-memory", "8"]);
    let mut large = webhook.connect();
    large.begin("/validate", 7 * MIB);
    let answer = webhook.connect().exchange(&crate::util::head("/validate", 2 * MIB));
    assert_eq!(answer.status, 503);
    webhook.assert_answers();
    drop(large);
    wait_until("there is room again", || {
        let body = denied("a").to_string() + &" ".repeat(2 * MIB);
        webhook.post("/validate", &body).status == 200
    });
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

    let fourth = mount.renew("4");
    wait_until("the fourth certificate", || webhook.connect().certificate() == fourth);
    let counted = r#"volcano_job_update_webhook_certificate_reloads_total{result="done"}"#;
    assert_eq!(webhook.metric(counted), 2);
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
