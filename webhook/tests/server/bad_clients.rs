//! Misbehaving clients get an error or lose their connection, and other clients still get answers.

use std::io::Read;

use serde_json::json;

use crate::util::{Client, Webhook, request, review};

const LIMIT: usize = 7 * 1024 * 1024;

#[test]
fn body_above_the_limit_without_a_uid() {
    let webhook = Webhook::start(&[]);
    // The whole body is sent before the answer is read.
    let answer = webhook.connect().exchange(&request("/validate", &" ".repeat(LIMIT + 1)));
    assert_eq!(answer.status, 413);
    assert_eq!(answer.json()["reason"], "RequestEntityTooLarge");
    webhook.assert_answers();
}

#[test]
fn body_above_the_limit_with_a_uid() {
    let webhook = Webhook::start(&[]);
    let beginning = r#"{"apiVersion":"admission.k8s.io/v1","kind":"AdmissionReview","request":{"uid":"a","object":""#;
    let answer = webhook.post("/validate", &(beginning.to_owned() + &"x".repeat(3 * LIMIT)));
    assert_eq!(answer.status, 200);
    let response = &answer.json()["response"];
    assert_eq!((&response["uid"], &response["allowed"]), (&json!("a"), &json!(false)));
    assert_eq!(response["status"]["code"], 413);
    webhook.assert_answers();
}

/// The limit is that of the policy.
#[test]
fn body_above_the_limit_of_the_policy() {
    let directory = tempfile::tempdir().expect("there is room");
    let policy = directory.path().join("policy.yaml");
    std::fs::write(&policy, "limits: {textBytes: 6291456}\n").expect("written");
    let policy = policy.display().to_string();
    let webhook = Webhook::start(&["--policy", &policy]);
    let mut body = review("a", json!({}), json!({})).to_string();
    body.push_str(&" ".repeat(2 * 6_291_456 + (1 << 20) - body.len()));
    assert_eq!(webhook.post("/validate", &body).json()["response"]["allowed"], true);
    body.push(' ');
    let response = &webhook.post("/validate", &body).json()["response"];
    assert_eq!((&response["allowed"], &response["status"]["code"]), (&json!(false), &json!(413)));
}

#[test]
fn chunked_body_above_the_limit() {
    let webhook = Webhook::start(&[]);
    let head = "POST /validate HTTP/1.1\r\nhost: localhost\r\ncontent-type: application/json\r\n\
                transfer-encoding: chunked\r\n\r\n";
    let chunk = format!("{head}{:x}\r\n{}", LIMIT + 1, " ".repeat(LIMIT + 1));
    assert_eq!(webhook.connect().exchange(&chunk).status, 413);
    webhook.assert_answers();
}

#[test]
fn body_at_the_limit() {
    let webhook = Webhook::start(&[]);
    let mut body = review("a", json!({}), json!({})).to_string();
    body.push_str(&" ".repeat(LIMIT - body.len()));
    assert_eq!(webhook.post("/validate", &body).json()["response"]["allowed"], true);
}

#[test]
fn media_types() {
    let webhook = Webhook::start(&[]);
    let right = request("/validate", &review("a", json!({}), json!({})).to_string());
    for (kind, status) in [
        ("content-type: application/yaml\r\n", 415),
        ("content-type: application/vnd.kubernetes.protobuf\r\n", 415),
        ("content-type: application/jsonp\r\n", 415),
        ("", 415),
        ("content-type: application/json; charset=utf-8\r\n", 200),
        ("Content-Type: Application/JSON\r\n", 200),
    ] {
        let other = right.replace("content-type: application/json\r\n", kind);
        assert_eq!(webhook.connect().exchange(&other).status, status, "{kind}");
    }
    webhook.assert_answers();
}

#[test]
fn body_that_is_not_a_review() {
    let webhook = Webhook::start(&[]);
    for body in ["", "{", "[]", "null", "\u{0}\u{1}", "{}", r#"{"kind": "AdmissionReview"}"#] {
        for endpoint in ["/validate", "/restore"] {
            let answer = webhook.post(endpoint, body);
            assert_eq!(answer.status, 400, "{endpoint} {body}: {}", answer.body);
            assert_eq!(answer.json()["kind"], "Status");
        }
    }
    webhook.assert_answers();
}

#[test]
fn deeply_nested_body() {
    let webhook = Webhook::start(&[]);
    let deep = "[".repeat(100_000);
    let closed = deep.clone() + &"]".repeat(100_000);
    let inside = |deep: &str| {
        let review = review("a", json!({}), json!({"spec": {"plugins": "deep"}})).to_string();
        review.replace(r#""deep""#, deep)
    };
    for endpoint in ["/validate", "/restore"] {
        for body in [&deep, &closed, &deep.replace('[', r#"{"a":"#), &inside(&deep)] {
            assert_eq!(webhook.post(endpoint, body).status, 400);
        }
    }
    let answer = webhook.post("/validate", &inside(&closed));
    assert!(
        answer.status == 400 || answer.json()["response"]["allowed"] == false,
        "{}",
        answer.body
    );
    webhook.assert_answers();
}

/// Short enough for a test, long enough for the other clients on a busy machine.
const SLOW: [&str; 4] = ["--read-timeout", "3", "--body-timeout", "3"];

#[test]
fn slow_handshake() {
    let webhook = Webhook::start(&SLOW);
    let mut silent = webhook.connect_plain();
    webhook.assert_answers();
    assert_eq!(silent.read(&mut [0]).expect("end of the connection"), 0);
    webhook.assert_answers();
}

#[test]
fn slow_headers() {
    let webhook = Webhook::start(&SLOW);
    let beginnings = ["", "", "PO", "POST /validate HTTP/1.1\r\nhost: localhost\r\nx-slow: "];
    let mut slow = beginnings.map(|beginning| {
        let mut client = webhook.connect();
        client.send(beginning);
        client
    });
    // Two clients send a complete request first. Then one sends nothing, the other the first line
    // of another request.
    let fast = request("/validate", &review("a", json!({}), json!({})).to_string());
    assert_eq!(slow[0].exchange(&fast).status, 200);
    assert_eq!(slow[1].exchange(&fast).status, 200);
    slow[1].send("POST /validate HTTP/1.1\r\n");
    webhook.assert_answers();
    slow.into_iter().for_each(Client::wait_for_end);
    webhook.assert_answers();
}

#[test]
fn slow_body() {
    let webhook = Webhook::start(&SLOW);
    let mut slow = webhook.connect();
    slow.begin("/validate", 100);
    slow.send("{");
    webhook.assert_answers();
    assert_eq!(slow.response().status, 408);
    webhook.assert_answers();
    let counted =
        r#"volcano_job_update_webhook_rejections_total{endpoint="validate",reason="slow-body"}"#;
    assert_eq!(webhook.metric(counted), 1);
}

#[test]
fn half_closed_connection() {
    let webhook = Webhook::start(&[]);
    let mut client = webhook.connect();
    client.send(&request("/validate", &review("a", json!({}), json!({})).to_string()));
    client.finish_sending();
    assert_eq!(client.response().json()["response"]["allowed"], true);

    let mut client = webhook.connect();
    client.begin("/validate", 100);
    client.send("{");
    client.finish_sending();
    client.wait_for_end();
    webhook.assert_answers();
}

#[test]
fn dropped_connection_frees_its_slot() {
    let webhook = Webhook::start(&["--max-in-flight", "1", "--body-timeout", "3600"]);
    let mut client = webhook.connect();
    client.begin("/validate", 100);
    drop(client);
    crate::util::wait_until("its slot is free", || {
        webhook.metric("volcano_job_update_webhook_in_flight_requests") == 0
    });
    webhook.assert_answers();
}

#[test]
fn pipelined_requests() {
    let webhook = Webhook::start(&[]);
    let mut client = webhook.connect();
    let uids = ["a", "b", "c", "d"];
    let requests =
        uids.map(|uid| request("/validate", &review(uid, json!({}), json!({})).to_string()));
    client.send(&requests.concat());
    for uid in uids {
        assert_eq!(client.response().json()["response"]["uid"], uid);
    }
}

#[test]
fn plain_http() {
    let webhook = Webhook::start(&[]);
    let mut plain = webhook.connect_plain();
    std::io::Write::write_all(&mut plain, b"GET /healthz HTTP/1.1\r\nhost: a\r\n\r\n")
        .expect("sent");
    let mut answer = Vec::new();
    drop(plain.read_to_end(&mut answer));
    assert!(!answer.starts_with(b"HTTP"), "no answer without TLS");
    webhook.assert_answers();
}
