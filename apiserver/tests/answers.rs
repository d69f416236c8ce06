//! Answers of kube-apiserver 1.36.3 to random requests, recorded by `e2e/differential.go` with
//! `-record`: one request for each kind of answer.

#![expect(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test may panic")]

use serde::Deserialize;
use serde_json::Value;
use volcano_job_apiserver::{
    ErrorResponse, PatchRequest, ReplaceRequest, RequestContext, patch, replace, status_body,
};
use volcano_job_update::status::StatusCodes;
use volcano_job_update::{Job, UpdatePolicy, Validator};

#[derive(Deserialize)]
struct Recorded {
    request: Request,
    answer: Answer,
}

#[derive(Deserialize)]
struct Request {
    method: String,
    uri: String,
    content_type: String,
    /// The stored Job.
    existing: String,
    body: String,
}

#[derive(Deserialize)]
struct Answer {
    code: u16,
    body: String,
    warnings: Vec<String>,
}

fn answer(request: &Request, validator: &Validator) -> Answer {
    let existing = Job::from_str(&request.existing).unwrap();
    let version: u64 = existing.resource_version().unwrap().parse().unwrap();
    let context = RequestContext::new((version + 1).try_into().unwrap())
        .with_status_codes(StatusCodes::Kubernetes);
    let body = request.body.as_bytes();
    let result = match &*request.method {
        "PUT" => ReplaceRequest::from_uri(&request.uri, body)
            .map_err(ErrorResponse::from)
            .and_then(|put| replace(Some(&existing), &put, validator, &context)),
        _ => PatchRequest::from_uri(&request.uri, &*request.content_type, body)
            .map_err(ErrorResponse::from)
            .and_then(|change| patch(Some(&existing), &change, validator, &context)),
    };
    match result {
        Ok(response) => Answer {
            code: response.code(),
            body: response.body().to_owned(),
            warnings: response.warnings().to_owned(),
        },
        Err(ErrorResponse { status, warnings, .. }) => {
            Answer { code: status.code, body: status_body(&status, false), warnings }
        }
    }
}

/// An answer in a form in which equal answers are equal: without managedFields, and without the order
/// of causes and warnings, which the API server does not fix.
fn comparable(answer: &Answer) -> (u16, Value, Vec<&str>) {
    let mut body: Value = serde_json::from_str(&answer.body).unwrap();
    if let Some(metadata) = body["metadata"].as_object_mut() {
        metadata.remove("managedFields");
    }
    let causes = body.pointer_mut("/details/causes").and_then(Value::as_array_mut);
    if let Some(causes) = causes.filter(|causes| causes.len() > 1) {
        causes.sort_by_key(Value::to_string);
        // The message lists the causes in their order.
        let mut message: Vec<char> = body["message"].as_str().unwrap().chars().collect();
        message.sort_unstable();
        body["message"] = String::from_iter(message).into();
    }
    let mut warnings: Vec<&str> = answer.warnings.iter().map(String::as_str).collect();
    warnings.sort_unstable();
    (answer.code, body, warnings)
}

#[test]
fn answers_are_those_of_an_api_server() {
    let validator = Validator::new(UpdatePolicy::permissive());
    let recorded: Vec<Recorded> = include_str!("answers.jsonl")
        .lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect();
    assert!(recorded.len() > 200);
    for Recorded { request, answer: theirs } in recorded {
        let ours = answer(&request, &validator);
        assert_eq!(
            comparable(&ours),
            comparable(&theirs),
            "{} {}\n{}",
            request.method,
            request.uri,
            request.body
        );
    }
}
