//! What is wrong with the configuration is said at the start.

use std::io::{BufRead, BufReader};
use std::process::Stdio;

use crate::util::{Webhook, program};

/// Runs it with arguments that it must deny; gives what it says.
#[track_caller]
fn denial(arguments: &[&str]) -> String {
    let output = program().args(arguments).output().expect("the program runs");
    assert_eq!(output.status.code(), Some(2), "{arguments:?}");
    assert!(output.stdout.is_empty());
    String::from_utf8(output.stderr).expect("text")
}

#[test]
fn without_a_certificate_it_says_how_to_get_one() {
    let text = denial(&[]);
    assert_eq!(text.lines().count(), 1, "{text}");
    for word in ["--tls-cert", "--tls-key", "cert-manager", "generate deployment", "--self-signed"]
    {
        assert!(text.contains(word), "{word}: {text}");
    }
}

#[test]
fn wrong_arguments() {
    assert!(denial(&["--policy", "nowhere.json"]).contains("nowhere.json"));
    assert!(denial(&["--max-in-flight", "0"]).contains("--max-in-flight"));
    assert!(denial(&["--read-timeout", "0"]).contains("must be above 0"));
    assert!(denial(&["--read-timeout", "soon"]).contains("must be a number of seconds"));
    assert!(denial(&["--tls-cert", "a"]).contains("--tls-key"));
    assert!(denial(&["--status-codes", "other"]).contains("documented, kubernetes"));
}

#[test]
fn wrong_files() {
    let directory = tempfile::tempdir().expect("there is room");
    let path = |name: &str| directory.path().join(name).display().to_string();
    let (policy, empty, absent) = (path("policy.yaml"), path("empty"), path("absent"));
    std::fs::write(&policy, "allowed:\n- spec.tasks[0]\n").expect("written");
    std::fs::write(&empty, "").expect("written");

    let text = denial(&["--policy", &policy]);
    assert!(text.contains(&policy) && text.contains("position"), "{text}");
    let text = denial(&["--crd", &policy]);
    assert!(text.contains("CRD") && text.contains(&policy), "{text}");
    let text = denial(&["--tls-cert", &absent, "--tls-key", &absent]);
    assert!(text.contains(&absent), "{text}");
    let text = denial(&["--tls-cert", &empty, "--tls-key", &empty]);
    assert!(text.contains("there is no certificate in it"), "{text}");

    let text = denial(&["--self-signed", &empty]);
    assert!(text.contains(&empty), "{text}");
    std::fs::write(directory.path().join("tls.crt"), "").expect("written");
    let text = denial(&["--self-signed", &path("")]);
    assert!(text.contains("but not all"), "{text}");
}

#[test]
fn certificate_and_key_that_do_not_fit() {
    let one = Webhook::start(&[]);
    let other = Webhook::start(&[]);
    let certificate = one.directory().join("tls.crt").display().to_string();
    let key = other.directory().join("tls.key").display().to_string();
    let text = denial(&["--tls-cert", &certificate, "--tls-key", &key]);
    assert!(text.contains(&certificate) && text.contains(&key), "{text}");
}

#[test]
fn address_that_is_taken() {
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
fn self_signed_prints_the_bundle_and_keeps_it() {
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
