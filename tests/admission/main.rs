//! The module `admission`: from the bytes of an `AdmissionReview` to the bytes of the response.

#![expect(clippy::unwrap_used, reason = "a panic fails the test")]
#![expect(clippy::indexing_slicing, reason = "a value has `null` at an unknown key")]

#[path = "../util/data.rs"]
mod data;
mod redaction;
mod replay;
mod review;
#[path = "../util/mod.rs"]
mod util;
mod webhook;

use std::path::Path;

use serde_json::{Value, json};
use volcano_job_update::admission::{Response, respond};
use volcano_job_update::status::StatusCodes;
use volcano_job_update::{UpdatePolicy, Validator};

use util::read_json;

/// A Job of `tests/jobs`.
#[track_caller]
fn job(name: &str) -> Value {
    read_json(Path::new(&format!("{}/tests/jobs/{name}.json", env!("CARGO_MANIFEST_DIR"))))
}

/// A review of an update, as an API server sends it.
fn update(existing: &Value, replacement: &Value) -> Value {
    let version = json!({"group": "batch.volcano.sh", "version": "v1alpha1"});
    let with = |key: &str, value: &str| {
        let mut it = version.clone();
        it[key] = value.into();
        it
    };
    json!({
        "kind": "AdmissionReview",
        "apiVersion": "admission.k8s.io/v1",
        "request": {
            "uid": "705ab4f5-6393-11e8-b7cc-42010a800002",
            "kind": with("kind", "Job"),
            "resource": with("resource", "jobs"),
            "requestKind": with("kind", "Job"),
            "requestResource": with("resource", "jobs"),
            "name": existing["metadata"]["name"],
            "namespace": existing["metadata"]["namespace"],
            "operation": "UPDATE",
            "userInfo": {"username": "admin", "groups": ["system:authenticated"]},
            "object": replacement,
            "oldObject": existing,
            "dryRun": false,
            "options": {"kind": "UpdateOptions", "apiVersion": "meta.k8s.io/v1"}
        }
    })
}

fn validator() -> Validator {
    Validator::new(UpdatePolicy::admission())
}

#[track_caller]
fn answer(review: &Value) -> Response {
    respond(review.to_string().as_bytes(), &validator(), StatusCodes::Documented).unwrap()
}

/// What the webhook sends.
fn sent(response: &Response) -> Value {
    serde_json::from_slice(&response.to_json()).unwrap()
}
