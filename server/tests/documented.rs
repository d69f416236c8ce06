//! The documented request, and the answers that the documentation lists.

#![expect(
    clippy::expect_used,
    clippy::indexing_slicing,
    reason = "unexpected data is a broken test"
)]

mod util;

use std::path::Path;

use serde_json::{Value, json};
use volcano_job_server::JobServer;
use volcano_job_update::status::StatusCodes;
use volcano_job_update::{JobSchema, Validator};

use util::{jobs, json as send, store_with};

const NAME: &str = "openmpi-hello-2-com";

fn read(name: &str) -> Value {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("..").join(name);
    serde_json::from_slice(&std::fs::read(path).expect("a file")).expect("JSON")
}

/// The built-in schema without defaults: Volcano's CRD had none when the documentation was written.
fn schema_without_defaults() -> JobSchema {
    fn strip(schema: &mut Value) {
        match schema {
            Value::Object(fields) => {
                fields.retain(|key, value| key != "default" || value.is_object());
                fields.values_mut().for_each(strip);
            }
            Value::Array(list) => list.iter_mut().for_each(strip),
            _ => {}
        }
    }
    let mut schema = read("schemas/job.openapi.json");
    strip(&mut schema);
    JobSchema::from_crd(&schema).expect("a schema")
}

fn existing() -> Value {
    read("tests/jobs/documented-existing.json")
}

fn server() -> JobServer {
    JobServer::builder(store_with(&existing()))
        .with_validator(Validator::default().with_schema(schema_without_defaults()))
        .with_status_codes(StatusCodes::Documented)
        .with_self_links(true)
        .build()
}

fn uri(query: &str) -> String {
    format!("{}/{NAME}{query}", jobs("cci-gpu"))
}

/// The documented answer: the existing Job with another generation and other replicas.
fn documented_answer(version: &Value) -> Value {
    let mut answer = existing();
    answer["metadata"]["resourceVersion"] = version.clone();
    answer["metadata"]["generation"] = 2.into();
    answer["spec"]["tasks"][1]["replicas"] = 2.into();
    answer
}

#[tokio::test]
async fn documented_request_gets_the_documented_answer() {
    let body = read("tests/jobs/documented-replacement.json");
    for query in ["", "?pretty=true"] {
        let server = server();
        let answer = send(&server, "PUT", &uri(query), Some(&body)).await;
        assert_eq!(answer.code, 200, "{}", answer.text);
        assert!(answer.headers.contains_key("audit-id"));
        let job = answer.json();
        let version = job["metadata"]["resourceVersion"].as_str().expect("a text").to_owned();
        assert!(version.parse::<u64>().expect("a number") > 125_597_961, "{version}");
        assert_eq!(job, documented_answer(&version.into()));
        assert_eq!(answer.text.lines().count() > 1, query == "?pretty=true");
        let stored = send(&server, "GET", &uri(query), None).await;
        assert_eq!(stored.text, answer.text, "a GET shows what the PUT answered");
    }
}

#[tokio::test]
async fn answers_of_errors_are_the_documented_ones() {
    let server = server();
    let mut body = read("tests/jobs/documented-replacement.json");
    body["spec"]["queue"] = "research".into();
    let denied = send(&server, "PUT", &uri(""), Some(&body)).await;
    assert_eq!((denied.code, &denied.json()["reason"]), (403, &json!("Forbidden")));
    body["kind"] = "Deployment".into();
    let malformed = send(&server, "PUT", &uri(""), Some(&body)).await;
    assert_eq!((malformed.code, &malformed.json()["reason"]), (400, &json!("BadRequest")));
    let stored = send(&server, "GET", &uri(""), None).await.json();
    assert_eq!(stored["spec"]["queue"], "default");
}

#[tokio::test]
async fn put_creates_where_it_is_allowed() {
    let body = read("tests/jobs/documented-replacement.json");
    let mut body = body.clone();
    body["metadata"]["name"] = "another".into();
    body["metadata"].as_object_mut().expect("an object").remove("resourceVersion");
    let path = format!("{}/another", jobs("cci-gpu"));
    let server = JobServer::in_memory();
    let answer = send(&server, "PUT", &path, Some(&body)).await;
    assert_eq!(answer.code, 404, "as an API server");
    let store = std::sync::Arc::new(volcano_job_server::store::MemoryStore::new());
    let server = JobServer::builder(store).with_creation_by_put(true).build();
    let answer = send(&server, "PUT", &path, Some(&body)).await;
    assert_eq!(answer.code, 201, "{}", answer.text);
    assert_eq!(answer.json()["metadata"]["generation"], 1);
    let stored = send(&server, "GET", &path, None).await;
    assert_eq!(stored.text, answer.text);
}
