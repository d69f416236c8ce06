//! Requests that are odd, and what must not come of them.

#![expect(
    clippy::expect_used,
    clippy::indexing_slicing,
    reason = "unexpected data is a broken test"
)]

mod util;

use axum::body::Body;
use axum::http::Request;
use http_body_util::BodyExt;
use serde_json::{Value, json};
use tower_service::Service;
use volcano_job_server::JobServer;

use util::{jobs, json as send, store_with};

async fn server_with(names: &[&str]) -> JobServer {
    let server = JobServer::in_memory();
    for name in names {
        let answer = send(&server, "POST", &jobs("n"), Some(&job(name, "a"))).await;
        assert_eq!(answer.code, 201, "{}", answer.text);
    }
    server
}

fn job(name: &str, argument: &str) -> Value {
    json!({"apiVersion": "batch.volcano.sh/v1alpha1", "kind": "Job",
        "metadata": {"name": name, "namespace": "n", "labels": {"app": name}},
        "spec": {"tasks": [{"name": "worker", "replicas": 1, "template": {"spec": {"containers": [
            {"name": "main", "image": "example.com/main:1", "args": [argument]}]}}}]}})
}

async fn count(server: &JobServer) -> usize {
    let list = send(server, "GET", &jobs("n"), None).await.json();
    list["items"].as_array().expect("a list").len()
}

/// Go reads a value that is not UTF-8 as it is; a selector that is skipped would select everything.
#[tokio::test]
async fn selector_that_is_not_utf_8_selects_nothing() {
    let server = server_with(&["a", "b"]).await;
    for (query, code) in
        [("labelSelector=app%3Da%ff", 400), ("fieldSelector=metadata.name%3Da%ff", 200)]
    {
        let answer = send(&server, "DELETE", &format!("{}?{query}", jobs("n")), None).await;
        assert_eq!(answer.code, code, "{query}: {}", answer.text);
        assert_eq!(count(&server).await, 2, "{query}");
    }
}

/// `ValidateListOptions` of apimachinery.
#[tokio::test]
async fn options_that_an_api_server_refuses() {
    let server = server_with(&["a"]).await;
    for (query, code) in [
        ("resourceVersionMatch=Exact", 422),
        ("resourceVersionMatch=Foo&resourceVersion=1", 422),
        ("resourceVersionMatch=Exact&resourceVersion=0", 422),
        ("sendInitialEvents=true", 422),
        ("timeoutSeconds=abc", 400),
        ("timeoutSeconds=1.5", 400),
        ("resourceVersionMatch=NotOlderThan&resourceVersion=1", 200),
        ("watch=1&resourceVersionMatch=NotOlderThan", 422),
        ("watch=1&sendInitialEvents=true&resourceVersionMatch=Exact", 422),
        ("watch=1&timeoutSeconds=18446744073709551615", 400),
        ("watch=1&timeoutSeconds=9223372036854775807", 200),
        (
            "watch=1&sendInitialEvents=true&resourceVersionMatch=NotOlderThan&resourceVersion=99",
            504,
        ),
    ] {
        let request = Request::get(format!("{}?{query}", jobs("n"))).body(Body::empty());
        let Ok(response) = server.clone().call(request.expect("a request")).await;
        assert_eq!(response.status().as_u16(), code, "{query}");
        if code != 200 && !query.starts_with("watch") {
            let answer = send(&server, "DELETE", &format!("{}?{query}", jobs("n")), None).await;
            assert_eq!((answer.code, count(&server).await), (code, 1), "{query}");
        }
    }
}

#[tokio::test]
async fn head_has_no_body() {
    let server = server_with(&["a"]).await;
    for path in ["/healthz".to_owned(), jobs("n"), format!("{}/a", jobs("n"))] {
        let answer = send(&server, "HEAD", &path, None).await;
        assert_eq!((answer.code, &*answer.text), (200, ""), "{path}");
        assert!(answer.headers.contains_key("content-type"));
    }
}

/// What is stored can be longer: `<` is one byte in a body and six there, and there is more metadata.
#[tokio::test]
async fn job_that_is_stored_longer_than_a_body_may_be_can_be_changed_and_deleted() {
    let mut stored = job("a", &"x".repeat(3_300_000));
    let metadata = stored["metadata"].as_object_mut().expect("an object");
    metadata.insert("resourceVersion".into(), "5".into());
    metadata.insert("uid".into(), "3bdba739-a3b3-11e9-8865-501d93440997".into());
    let server = JobServer::builder(store_with(&stored)).build();
    let path = format!("{}/a", jobs("n"));
    let shorter = json!([{"op": "replace", "value": "b",
        "path": "/spec/tasks/0/template/spec/containers/0/args/0"}]);
    let request = Request::patch(&path).header("Content-Type", "application/json-patch+json");
    let request = request.body(Body::from(shorter.to_string())).expect("a request");
    let answer = util::send(&server, request).await;
    assert_eq!(answer.code, 200, "{}", answer.text);
    let answer = send(&server, "DELETE", &path, None).await;
    assert_eq!(answer.code, 200, "{}", answer.text);
}

/// Who does not read must not make the server write all of a long answer.
#[tokio::test]
async fn long_answers_are_written_piece_by_piece() {
    let server = JobServer::in_memory();
    for number in 0..30 {
        let job = job(&format!("job-{number:02}"), &"x".repeat(10_000));
        assert_eq!(send(&server, "POST", &jobs("n"), Some(&job)).await.code, 201);
    }
    for query in ["", "?watch=true"] {
        let request = Request::get(format!("{}{query}", jobs("n"))).body(Body::empty());
        let Ok(response) = server.clone().call(request.expect("a request")).await;
        let (mut body, mut text) = (response.into_body(), String::new());
        while text.matches("\"kind\":\"Job\"").count() < 30 {
            let frame = body.frame().await.expect("a frame").expect("no error");
            let piece = frame.into_data().expect("data");
            assert!(piece.len() < 100_000, "{query}: {}", piece.len());
            text.push_str(std::str::from_utf8(&piece).expect("UTF-8"));
        }
        let first = text.lines().next().expect("a line");
        assert_eq!(first.contains("ADDED"), query == "?watch=true");
    }
    assert_eq!(count(&server).await, 30);
}
