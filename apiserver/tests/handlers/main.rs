//! Requests for the documented Job: the documented answer, and every kind of error.

#![expect(clippy::unwrap_used, clippy::indexing_slicing, reason = "a panic here is a failed test")]

mod create;
mod delete;
mod errors;
mod patch;
mod put;
mod status;

use std::num::NonZeroU64;
use std::path::Path;

use serde_json::Value;
use volcano_job_apiserver::{ReplaceRequest, RequestContext, Response, replace};
use volcano_job_update::status::{Status, StatusCodes};
use volcano_job_update::{Job, UpdatePolicy, Validator};

const URI: &str = "/apis/batch.volcano.sh/v1alpha1/namespaces/cci-gpu/jobs/openmpi-hello-2-com";

fn read_json(path: &Path) -> Value {
    serde_json::from_slice(&std::fs::read(path).unwrap()).unwrap()
}

fn existing() -> Value {
    read_json(Path::new("../tests/jobs/documented-existing.json"))
}

fn body() -> Value {
    read_json(Path::new("../tests/jobs/documented-replacement.json"))
}

fn context() -> RequestContext {
    RequestContext::new(NonZeroU64::new(125_620_754).unwrap())
}

/// Sends a PUT of a body for a stored Job.
fn put(
    stored: &Value,
    query: &str,
    body: &[u8],
    validator: &Validator,
) -> Result<Response, Status> {
    let stored = stored.to_string();
    let existing = Job::from_slice(stored.as_bytes()).unwrap();
    let uri = format!("{URI}{query}");
    let request = ReplaceRequest::from_uri(&uri, body)?;
    Ok(replace(Some(&existing), &request, validator, &context())?)
}

/// Sends a PUT of the documented body, edited, for the documented Job.
fn put_edited(
    edit: impl FnOnce(&mut Value),
    query: &str,
    validator: &Validator,
) -> Result<Response, Status> {
    let mut body = body();
    edit(&mut body);
    put(&existing(), query, body.to_string().as_bytes(), validator)
}

/// Sends a PUT of the documented body, edited, with the policy `permissive` and the status codes of
/// Kubernetes.
fn put_as_server(edit: impl FnOnce(&mut Value)) -> Result<Response, Status> {
    let mut body = body();
    edit(&mut body);
    let (stored, body) = (existing().to_string(), body.to_string());
    let existing = Job::from_slice(stored.as_bytes()).unwrap();
    let request = ReplaceRequest::from_uri(URI, body.as_bytes())?;
    let context = context().with_status_codes(StatusCodes::Kubernetes);
    Ok(replace(Some(&existing), &request, &permissive(), &context)?)
}

fn permissive() -> Validator {
    Validator::new(UpdatePolicy::permissive())
}

/// The Job that the response writes to the store.
fn stored(response: &Response) -> Value {
    serde_json::from_str(response.store_action().job().unwrap()).unwrap()
}
