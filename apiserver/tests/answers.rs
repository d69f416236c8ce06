//! Answers of kube-apiserver 1.36.3, recorded by `e2e` with `-record`: those in `answers.jsonl` to random
//! requests with PUT and PATCH, one for each kind of answer; those in `verbs.jsonl` to requests with POST
//! and DELETE, and for the status. See the README in this directory.

#![expect(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test may panic")]

use serde::Deserialize;
use serde_json::Value;
use volcano_job_apiserver::jiff::Timestamp;
use volcano_job_apiserver::{
    CreateRequest, DeleteRequest, ErrorResponse, PatchRequest, ReplaceRequest, RequestContext,
    Response, StoreAction, create, delete, patch, patch_status, replace, replace_status,
    status_body,
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
    /// The stored Job; empty if there is none.
    existing: String,
    body: String,
    /// What the API server chose: the resourceVersion after a write, the uid of a created Job, its
    /// creationTimestamp or the deletionTimestamp, and the last characters of a name in the answer to a
    /// POST.
    version: Option<String>,
    uid: Option<String>,
    time: Option<String>,
    suffix: Option<String>,
}

#[derive(Deserialize)]
struct Answer {
    code: u16,
    body: String,
    warnings: Vec<String>,
    /// What happened to the stored Job; not recorded for dry runs.
    action: Option<String>,
    /// The text that was stored.
    stored: Option<String>,
}

fn context(request: &Request, existing: Option<&Job<'_>>) -> RequestContext {
    let version = match (&request.version, existing) {
        (Some(version), _) => version.parse().unwrap(),
        (None, Some(job)) => job.resource_version().unwrap().parse::<u64>().unwrap() + 1,
        (None, None) => 1,
    };
    let time: Timestamp =
        request.time.as_deref().unwrap_or("2001-02-03T04:05:06Z").parse().unwrap();
    let uid = request.uid.as_deref().unwrap_or("ffffffff-ffff-ffff-ffff-ffffffffffff");
    let context = RequestContext::new(version.try_into().unwrap())
        .with_status_codes(StatusCodes::Kubernetes)
        .with_creation(uid.parse().unwrap(), time)
        .with_time(time);
    match request.suffix.as_deref().map(str::parse) {
        Some(Ok(suffix)) => context.with_name_suffix(suffix),
        // A name that was not generated can end in anything.
        Some(Err(_)) | None => context,
    }
}

fn respond(
    request: &Request,
    existing: Option<&Job<'_>>,
    validator: &Validator,
) -> Result<Response, ErrorResponse> {
    let Request { method, uri, content_type, body, .. } = request;
    let (content_type, body) = (&**content_type, body.as_bytes());
    let context = context(request, existing);
    match &**method {
        "POST" => {
            let post = CreateRequest::from_uri(uri, body)?.with_content_type(content_type);
            let response = create(&post, validator, &context)?;
            if response.created_name() == existing.and_then(Job::name).as_deref() {
                return Err(response.already_exists(existing).into());
            }
            Ok(response)
        }
        "PUT" => {
            let put = ReplaceRequest::from_uri(uri, body)?.with_content_type(content_type);
            let replace = if put.is_status() { replace_status } else { replace };
            replace(existing, &put, validator, &context)
        }
        "DELETE" => {
            let request = DeleteRequest::from_uri(uri, body)?.with_content_type(content_type);
            delete(existing, &request, validator, &context)
        }
        _ => {
            let change = PatchRequest::from_uri(uri, content_type, body)?;
            let patch = if change.is_status() { patch_status } else { patch };
            patch(existing, &change, validator, &context)
        }
    }
}

fn answer(request: &Request, validator: &Validator) -> Answer {
    let is_stored = !request.existing.is_empty();
    let existing = is_stored.then(|| Job::from_str(&request.existing).unwrap());
    match respond(request, existing.as_ref(), validator) {
        Ok(response) => {
            let action = response.store_action();
            Answer {
                code: response.code(),
                body: response.body().to_owned(),
                warnings: response.warnings().to_owned(),
                action: Some(action_name(action).into()),
                stored: action.job().map(Into::into),
            }
        }
        Err(ErrorResponse { status, warnings, .. }) => Answer {
            code: status.code,
            body: status_body(&status, false),
            warnings: warnings.into(),
            action: Some("keep".into()),
            stored: None,
        },
    }
}

fn action_name(action: StoreAction<'_>) -> &'static str {
    match action {
        StoreAction::Keep => "keep",
        StoreAction::Create(_) => "create",
        StoreAction::Update(_) => "update",
        StoreAction::Delete => "delete",
    }
}

/// A stored Job but for managedFields, and for the resourceVersion, which etcd has.
fn comparable_stored(job: Option<&str>) -> Option<Value> {
    let mut job: Value = serde_json::from_str(job?).unwrap();
    let metadata = job["metadata"].as_object_mut().unwrap();
    metadata.remove("managedFields");
    metadata.remove("resourceVersion");
    Some(job)
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

fn recorded(lines: &str) -> Vec<Recorded> {
    lines.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

#[test]
fn answers_are_those_of_an_api_server() {
    let validator = Validator::new(UpdatePolicy::permissive());
    let (answers, verbs) =
        (recorded(include_str!("answers.jsonl")), recorded(include_str!("verbs.jsonl")));
    assert!(answers.len() > 200 && verbs.len() > 500);
    for Recorded { request, answer: theirs } in answers.into_iter().chain(verbs) {
        let ours = answer(&request, &validator);
        let what = format!("{} {}\n{}", request.method, request.uri, request.body);
        assert_eq!(comparable(&ours), comparable(&theirs), "{what}");
        if theirs.action.is_some() {
            assert_eq!(ours.action, theirs.action, "{what}");
            let [ours, theirs] =
                [&ours, &theirs].map(|answer| comparable_stored(answer.stored.as_deref()));
            assert_eq!(ours, theirs, "{what}");
        }
    }
}

#[test]
fn statuses_are_written_as_by_an_api_server() {
    let validator = Validator::new(UpdatePolicy::permissive());
    let mut written = 0;
    for Recorded { request, answer: theirs } in recorded(include_str!("verbs.jsonl")) {
        // More than one cause has no order.
        let is_status = theirs.body.contains(r#""kind":"Status""#)
            || theirs.body.starts_with("{\n  \"kind\": \"Status\"");
        if is_status && theirs.body.matches(r#""reason":"#).count() <= 2 {
            assert_eq!(answer(&request, &validator).body, theirs.body, "{}", request.uri);
            written += 1;
        }
    }
    assert!(written > 200);
}
