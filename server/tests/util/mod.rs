//! Requests to a server in memory.

use std::sync::Arc;

use axum::body::{Body, to_bytes};
use axum::http::{HeaderMap, Request};
use serde_json::Value;
use tower_service::Service;
use volcano_job_server::JobServer;
use volcano_job_server::store::{History, Key, MemoryStore, StoredJob};

/// The path of the Jobs of a namespace.
pub(crate) fn jobs(namespace: &str) -> String {
    format!("/apis/batch.volcano.sh/v1alpha1/namespaces/{namespace}/jobs")
}

/// An answer.
#[derive(Clone, Debug)]
pub(crate) struct Answer {
    pub(crate) code: u16,
    pub(crate) headers: HeaderMap,
    pub(crate) text: String,
}

impl Answer {
    #[track_caller]
    pub(crate) fn json(&self) -> Value {
        serde_json::from_str(&self.text).expect("JSON")
    }
}

/// Sends a request.
pub(crate) async fn send(server: &JobServer, request: Request<Body>) -> Answer {
    let Ok(response) = server.clone().call(request).await;
    let (parts, body) = response.into_parts();
    let body = to_bytes(body, usize::MAX).await.expect("a body");
    let text = String::from_utf8(body.to_vec()).expect("UTF-8");
    Answer { code: parts.status.as_u16(), headers: parts.headers, text }
}

/// Sends a request with a body of JSON, or without one.
pub(crate) async fn json(
    server: &JobServer,
    verb: &str,
    uri: &str,
    body: Option<&Value>,
) -> Answer {
    let body = body.map_or_else(Body::empty, |body| Body::from(body.to_string()));
    let request = Request::builder().method(verb).uri(uri);
    let request = request.header("Content-Type", "application/json").body(body);
    send(server, request.expect("a request")).await
}

/// A store with one Job, of the resourceVersion that it has.
pub(crate) fn store_with(job: &Value) -> Arc<MemoryStore> {
    let text = |key: &str| job["metadata"][key].as_str().expect("the Job has it");
    let key = Key::new(text("namespace"), text("name"));
    let version = text("resourceVersion").parse().expect("a number");
    let job = StoredJob::new(&job.to_string(), version).expect("a Job");
    let history = History::new([(key, job)].into(), version);
    Arc::new(MemoryStore::starting_with(history))
}
