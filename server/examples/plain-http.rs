//! Serves Jobs in memory over HTTP, without TLS and credentials, to try a client:
//!
//! ```sh
//! cargo run -p volcano-job-server --example plain-http -- 8080 jobs.jsonl &
//! kubectl --server http://127.0.0.1:8080 get jobs.batch.volcano.sh
//! ```
//!
//! The file has one Job per line, as `kubectl get -o json` prints it on one line.

use std::sync::Arc;

use axum::Router;
use serde_json::Value;
use volcano_job_server::JobServer;
use volcano_job_server::store::{Key, MemoryStore, Store, StoredJob};

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let mut arguments = std::env::args().skip(1);
    let port = arguments.next().unwrap_or_else(|| "8080".into());
    let store = MemoryStore::new();
    if let Some(file) = arguments.next() {
        for (line, version) in std::fs::read_to_string(file)?.lines().zip(2..) {
            let job: Value = serde_json::from_str(line)?;
            let field = |field| job.pointer(field).and_then(Value::as_str).unwrap_or_default();
            let key = Key::new(field("/metadata/namespace"), field("/metadata/name"));
            store.history().push(version, key, Some(StoredJob::new(line, version)?));
        }
    }
    let server = JobServer::builder(Arc::new(store)).build();
    let listener = tokio::net::TcpListener::bind(format!("127.0.0.1:{port}")).await?;
    axum::serve(listener, Router::new().fallback_service(server)).await?;
    Ok(())
}
