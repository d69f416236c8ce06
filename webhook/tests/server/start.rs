//! Configuration errors, which end the program at startup, and --self-signed.

use std::io::{BufRead, BufReader};
use std::process::Stdio;

use serde_json::{Map, Value, json};

use crate::util::{Webhook, program, review};

/// Runs the program with wrong arguments; returns what it prints to standard error.
#[track_caller]
fn start_error(arguments: &[&str]) -> String {
    let output = program().args(arguments).output().expect("the program runs");
    assert_eq!(output.status.code(), Some(2), "{arguments:?}");
    assert!(output.stdout.is_empty());
    String::from_utf8(output.stderr).expect("text")
}

#[test]
fn missing_certificate_is_explained() {
    let text = start_error(&[]);
    assert_eq!(text.lines().count(), 1, "{text}");
    for word in ["--tls-cert", "--tls-key", "cert-manager", "generate deployment", "--self-signed"]
    {
        assert!(text.contains(word), "{word}: {text}");
    }
}

#[test]
fn wrong_arguments() {
    assert!(start_error(&["--policy", "nowhere.json"]).contains("nowhere.json"));
    assert!(start_error(&["--max-in-flight", "0"]).contains("--max-in-flight"));
    assert!(start_error(&["--read-timeout", "0"]).contains("must be above 0"));
    assert!(start_error(&["--read-timeout", "soon"]).contains("must be a number of seconds"));
    assert!(start_error(&["--tls-cert", "a"]).contains("--tls-key"));
    assert!(start_error(&["--client-ca", "a"]).contains("--client-name"));
    assert!(start_error(&["--max-body-memory", "6"]).contains("at least 7"));
    assert!(start_error(&["--status-codes", "other"]).contains("documented, kubernetes"));
}

#[test]
fn wrong_files() {
    let directory = tempfile::tempdir().expect("there is room");
    let path = |name: &str| directory.path().join(name).display().to_string();
    let (policy, empty, absent) = (path("policy.yaml"), path("empty"), path("absent"));
    std::fs::write(&policy, "allowed:\n- spec.tasks[0]\n").expect("written");
    std::fs::write(&empty, "").expect("written");

    let text = start_error(&["--policy", &policy]);
    assert!(text.contains(&policy) && text.contains("position"), "{text}");
    let text = start_error(&["--crd", &policy]);
    assert!(text.contains("CRD") && text.contains(&policy), "{text}");
    let text = start_error(&["--tls-cert", &absent, "--tls-key", &absent]);
    assert!(text.contains(&absent), "{text}");
    let text = start_error(&["--tls-cert", &empty, "--tls-key", &empty]);
    assert!(text.contains("there is no certificate in it"), "{text}");

    let text = start_error(&["--self-signed", &empty]);
    assert!(text.contains(&empty), "{text}");
    std::fs::write(directory.path().join("tls.crt"), "").expect("written");
    let text = start_error(&["--self-signed", &path("")]);
    assert!(text.contains("but not all"), "{text}");
}

/// `010` is octal, as for kubectl and the command-line program.
#[test]
fn octal_number_in_a_policy_file() {
    let directory = tempfile::tempdir().expect("there is room");
    let policy = directory.path().join("policy.yaml");
    std::fs::write(&policy, "limits: {violations: 010}\n").expect("written");
    let webhook = Webhook::start(&["--policy", &policy.display().to_string()]);
    let unknown: Map<String, Value> =
        (0..12).map(|number| (format!("unknown{number}"), json!(1))).collect();
    let answer = webhook.validate(&review("a", json!({}), json!({"spec": unknown}))).json();
    let causes = answer["response"]["status"]["details"]["causes"].as_array().map(Vec::len);
    assert_eq!(causes, Some(8), "{answer}");
}

#[test]
fn certificate_and_key_that_do_not_match() {
    let one = Webhook::start(&[]);
    let other = Webhook::start(&[]);
    let certificate = one.directory().join("tls.crt").display().to_string();
    let key = other.directory().join("tls.key").display().to_string();
    let text = start_error(&["--tls-cert", &certificate, "--tls-key", &key]);
    assert!(text.contains(&certificate) && text.contains(&key), "{text}");
}

#[test]
fn address_in_use() {
    let taken = std::net::TcpListener::bind("127.0.0.1:0").expect("a port");
    let address = taken.local_addr().expect("an address").to_string();
    let directory = tempfile::tempdir().expect("there is room");
    let path = directory.path().display().to_string();
    let output = program()
        .args(["--self-signed", &path, "--listen", &address])
        .output()
        .expect("the program runs");
    assert_eq!(output.status.code(), Some(2));
    assert!(String::from_utf8_lossy(&output.stderr).contains(&address));
}

#[test]
fn self_signed_prints_the_bundle_and_reuses_the_files() {
    let directory = tempfile::tempdir().expect("there is room");
    let mut bundles = Vec::new();
    for _ in 0..2 {
        let mut child = program()
            .args(["--listen", "127.0.0.1:0", "--self-signed"])
            .arg(directory.path())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .expect("the program runs");
        let mut line = String::new();
        let output = child.stdout.take().expect("an output");
        BufReader::new(output).read_line(&mut line).expect("a line");
        child.kill().expect("it runs");
        child.wait().expect("it ends");
        bundles.push(line);
    }
    assert_eq!(bundles[0], bundles[1]);
    let authority = std::fs::read(directory.path().join("ca.crt")).expect("a CA");
    let bundle = base64::Engine::decode(&base64::prelude::BASE64_STANDARD, bundles[0].trim());
    assert_eq!(bundle.expect("base64"), authority);
    let mode = std::os::unix::fs::PermissionsExt::mode(
        &directory.path().join("tls.key").metadata().expect("a key").permissions(),
    );
    assert_eq!(mode & 0o777, 0o600);
}
