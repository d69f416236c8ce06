//! What a real API server decided, told to this one: `tests/access/decisions.jsonl`, which
//! `tests/access/record.py` recorded with kube-apiserver v1.36.3.

use std::path::Path;

use axum::http::header::AUTHORIZATION;
use axum::http::{HeaderMap, Method, Uri};
use serde_json::{Value, json};
use volcano_job_apiserver::jiff::Timestamp;

use super::attributes::Attributes;
use super::checks::{Access, AccessOptions};
use super::review::Question;
use super::user::User;
use crate::query::Query;
use crate::target::{SelfReview, Target};

const RECORDED: &str = include_str!("../../tests/access/decisions.jsonl");

fn access() -> Access {
    let directory = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/access");
    let options = AccessOptions {
        token_file: Some(directory.join("tokens.csv")),
        client_certificates: true,
        rules: Some(directory.join("rules")),
    };
    Access::load(&options).expect("the files are valid")
}

fn lines() -> impl Iterator<Item = Value> {
    RECORDED.lines().map(|line| serde_json::from_str(line).expect("a line is JSON"))
}

fn headers(line: &Value) -> HeaderMap {
    let token = line["token"].as_str().expect("a line has a token");
    let mut headers = HeaderMap::new();
    headers.insert(AUTHORIZATION, format!("Bearer {token}").parse().expect("a header"));
    headers
}

/// The reasons of all bindings that allow something.
fn reasons(access: &Access, user: &User, attributes: &Attributes) -> Vec<Value> {
    let policy = access.rules().expect("there are rules").policy();
    let bound = policy.bound(user, attributes.namespace());
    let allowing = bound.filter(|bound| bound.allows(attributes));
    allowing.map(|bound| format!("RBAC: allowed by {bound}").into()).collect()
}

#[test]
fn questions_are_answered_as_recorded() {
    let access = access();
    let mut count = 0;
    for line in lines().filter(|line| line["spec"].is_object()) {
        let user = access.authenticate(&headers(&line), None).expect("the token is known");
        let body = json!({"spec": line["spec"]}).to_string();
        let answer = SelfReview::Access
            .answer(&access, &user, None, body.as_bytes(), Timestamp::UNIX_EPOCH)
            .expect("the question is valid");
        let answer: Value = serde_json::from_str(&answer).expect("an answer is JSON");
        let attributes: Question = serde_json::from_str(&body).expect("the question is valid");
        let attributes = attributes.attributes().expect("the question is valid");
        assert_eq!(answer["status"]["allowed"], line["status"]["allowed"], "{line}");
        // An API server goes through the bindings in any order.
        let mut reasons = reasons(&access, &user, &attributes);
        reasons.push(answer["status"]["reason"].clone());
        assert!(reasons.contains(&line["status"]["reason"]), "{line}: {reasons:?}");
        count += 1;
    }
    assert!(count > 1000, "{count}");
}

#[test]
fn requests_are_let_in_as_recorded() {
    let access = access();
    let mut count = 0;
    for line in lines().filter(|line| line["path"].is_string()) {
        let method: Method = line["method"].as_str().expect("a method").parse().expect("a method");
        let uri: Uri = line["path"].as_str().expect("a path").parse().expect("a path");
        let target = Target::of_path(uri.path()).expect("a path");
        let query = Query::new(uri.query().unwrap_or_default());
        let attributes = Attributes::of_request(&method, uri.path(), &target, &query);
        let admitted = access.admit(&headers(&line), None, &attributes);
        assert_eq!(admitted.is_err(), line["isForbidden"], "{line}");
        if let (Err(status), Some(body)) = (admitted, line.get("body")) {
            assert_eq!(serde_json::to_value(status).expect("a status is JSON"), *body);
        }
        count += 1;
    }
    assert!(count > 300, "{count}");
}
