//! Recorded requests and answers of a real API server, compared with those of the server: the status
//! code, the body, and the headers that clients look at.
//!
//! The recordings are in `tests/data` of the repository.

#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "unexpected data is a broken test"
)]

#[path = "../../tests/util/data.rs"]
mod data;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use axum::body::{Body, to_bytes};
use axum::http::Request;
use serde_json::Value;
use tower_service::Service;
use volcano_job_server::JobServer;
use volcano_job_server::store::{History, Key, MemoryStore, StoredJob};
use volcano_job_update::{UpdatePolicy, Validator};

use data::{recordings, report};

/// The reason why an answer is not compared.
fn exception(recording: &str, exchange: &Value) -> Option<&'static str> {
    let answer = &exchange["response"]["body"]["json"];
    let message = answer["message"].as_str().unwrap_or_default();
    if message.contains("admission webhook") || message.contains("failed calling webhook") {
        return Some("a denial by the recording webhook, or its failure");
    }
    if recording.starts_with("mutating-") || recording.starts_with("denial-") {
        return Some("a webhook changed the object or the warnings");
    }
    if exchange["response"]["code"] == 0 {
        return Some("the server broke off without an answer");
    }
    if message.contains("ResourceExhausted") || message.contains("etcdserver") {
        return Some("a limit of etcd");
    }
    if exchange["request"]["contentType"] == "application/apply-patch+yaml" {
        return Some("server-side apply, which needs managedFields");
    }
    if body(&exchange["request"]).is_none() || answer.is_null() {
        return Some("not recorded in full");
    }
    None
}

fn body(request: &Value) -> Option<Vec<u8>> {
    let Some(body) = request.get("body") else {
        // Nobody writes without a body, so it was not recorded.
        return matches!(request["verb"].as_str(), Some("GET" | "DELETE")).then(Vec::new);
    };
    if let Some(text) = body.get("text").and_then(Value::as_str) {
        return Some(text.as_bytes().to_vec());
    }
    let text = body.get("json")?.to_string();
    // Very long lists and strings are shortened in the recordings, and marked as such.
    (!text.contains(" items in all") && !text.contains(" characters, sha256 "))
        .then(|| text.into_bytes())
}

/// A server with the Job that is stored at the time of a request.
fn server(stored: Option<&Value>) -> JobServer {
    let jobs = stored.map(|job| {
        let metadata = &job["metadata"];
        let key =
            Key::new(metadata["namespace"].as_str().unwrap(), metadata["name"].as_str().unwrap());
        let version = metadata["resourceVersion"].as_str().unwrap().parse().unwrap();
        (key, StoredJob::new(&job.to_string(), version).unwrap())
    });
    let version = jobs.as_ref().map_or(1, |(_, job)| job.version());
    let history = History::new(jobs.into_iter().collect(), version);
    JobServer::builder(Arc::new(MemoryStore::starting_with(history)))
        .with_validator(Validator::new(UpdatePolicy::permissive()))
        .with_volcano_webhooks(false)
        .build()
}

/// What is compared of an answer.
#[derive(Debug, PartialEq)]
struct Answer {
    code: u16,
    warnings: Vec<String>,
    body: Value,
}

async fn answer(stored: Option<&Value>, request: &Value) -> Answer {
    let query = request["query"].as_str().unwrap_or_default();
    let mut builder = Request::builder()
        .method(request["verb"].as_str().unwrap())
        .uri(format!("{}?{query}", request["path"].as_str().unwrap()));
    if let Some(content_type) = request["contentType"].as_str() {
        builder = builder.header("Content-Type", content_type);
    }
    let request = builder.body(Body::from(body(request).unwrap())).unwrap();
    let Ok(response) = server(stored).call(request).await;
    let headers = response.headers();
    let text = |name: &str| {
        let values = headers.get_all(name).iter();
        values
            .map(|value| String::from_utf8_lossy(value.as_bytes()).into_owned())
            .collect::<Vec<_>>()
    };
    let (code, warnings) = (response.status().as_u16(), text("warning"));
    assert_eq!(text("content-type"), ["application/json"]);
    let bytes = to_bytes(response.into_body(), usize::MAX).await.unwrap();
    let body = serde_json::from_slice(&bytes).unwrap_or_default();
    Answer { code, warnings, body: comparable(body) }
}

fn recorded_answer(response: &Value) -> Answer {
    let headers = response["headers"].as_array().cloned().unwrap_or_default();
    let values = |name: &str| {
        let of_name = headers.iter().filter(|header| header[0] == name);
        of_name.map(|header| header[1].as_str().unwrap().to_owned()).collect::<Vec<_>>()
    };
    Answer {
        code: response["code"].as_u64().unwrap().try_into().unwrap(),
        warnings: values("Warning"),
        body: comparable(response["body"]["json"].clone()),
    }
}

/// The answer without what differs between runs: who manages fields, the number of a write, when a Job was
/// created or deleted, and the order of errors, which is random.
fn comparable(mut body: Value) -> Value {
    if let Some(metadata) = body["metadata"].as_object_mut() {
        metadata.remove("managedFields");
        metadata.remove("resourceVersion");
        metadata.entry("deletionTimestamp").and_modify(|time| *time = "a time".into());
        if metadata.get("generation") == Some(&1.into()) {
            // It can be a Job that was just created.
            metadata.remove("creationTimestamp");
            metadata.remove("uid");
        }
    }
    if let Some(causes) = body.pointer_mut("/details/causes").and_then(Value::as_array_mut) {
        causes.sort_by_key(Value::to_string);
        if causes.len() > 1 {
            body["message"] = Value::Null;
        }
    }
    body
}

#[derive(Default)]
struct Tally {
    replayed: usize,
    exceptions: BTreeMap<&'static str, (usize, BTreeSet<String>)>,
    differences: Vec<String>,
}

impl Tally {
    async fn recording(&mut self, name: &str, recording: &Value) {
        let mut stored = Some(recording["storedBefore"].clone()).filter(|job| !job.is_null());
        for step in recording["steps"].as_array().unwrap() {
            let exchanges = step["exchanges"].as_array().cloned();
            for exchange in exchanges.unwrap_or_else(|| vec![step.clone()]) {
                self.exchange(name, &exchange, &mut stored).await;
            }
        }
    }

    async fn exchange(&mut self, name: &str, exchange: &Value, stored: &mut Option<Value>) {
        let (request, response) = (&exchange["request"], &exchange["response"]);
        let answered = &response["body"]["json"];
        let verb = request["verb"].as_str().unwrap_or_default();
        let path = request["path"].as_str().unwrap_or_default();
        let is_of_jobs = path.contains("/batch.volcano.sh/v1alpha1/") && path.contains("/jobs");
        // What was stored is known from the answers only, and a finalizer that goes can be the end of a Job.
        if verb == "GET" && response["code"] == 404 {
            *stored = None;
        }
        if is_of_jobs {
            if let Some(why) = exception(name, exchange) {
                let (count, recordings) = self.exceptions.entry(why).or_default();
                *count += 1;
                recordings.insert(name.to_owned());
            } else {
                let ours = answer(stored.as_ref(), request).await;
                let theirs = recorded_answer(response);
                self.replayed += 1;
                if ours != theirs {
                    let [ours, theirs] =
                        [("ours", ours), ("theirs", theirs)].map(|(whose, answer)| {
                            let Answer { code, warnings, body } = answer;
                            format!("  {whose}: {code} {warnings:?} {body}")
                        });
                    let query = request["query"].as_str().unwrap_or_default();
                    let what = format!("{name}: {verb} {path}?{query}");
                    self.differences.push(format!("{what}\n{ours}\n{theirs}"));
                }
            }
        }
        // The answer shows the Job that is stored now, unless nothing was stored.
        let is_dry_run = request["query"].as_str().unwrap_or_default().contains("dryRun");
        match (verb, answered["kind"] == "Job") {
            ("", _) => {}
            (_, true) if !is_dry_run => *stored = Some(answered.clone()),
            ("DELETE", false) if response["code"] == 200 => *stored = None,
            _ => {}
        }
    }
}

#[tokio::test]
#[expect(clippy::print_stderr, reason = "the number of replayed requests is part of the result")]
async fn recorded_requests_get_the_recorded_answers() {
    let mut tally = Tally::default();
    for (name, recording) in recordings() {
        tally.recording(&name, &recording).await;
    }
    report(tally.replayed, "requests replayed");
    for (why, (count, recordings)) in &tally.exceptions {
        let recordings: Vec<&str> = recordings.iter().map(String::as_str).collect();
        eprintln!("not compared: {count}: {why}: {}", recordings.join(", "));
    }
    assert!(
        tally.differences.is_empty(),
        "{} differences:\n{}",
        tally.differences.len(),
        tally.differences.join("\n")
    );
}
