//! Answers requests from standard input, one JSON object a line, with one JSON object a line: the
//! other side of the comparison with a real API server (`scripts/differential`).
//!
//! ```sh
//! cargo run --package volcano-job-apiserver --example answer [CRD.json]
//! ```

use std::borrow::Cow;
use std::error::Error;
use std::io::{BufRead, Write};
use std::num::NonZeroU64;

use serde::Deserialize;
use serde_json::json;
use volcano_job_apiserver::jiff::Timestamp;
use volcano_job_apiserver::{
    CreateRequest, DeleteRequest, ErrorResponse, NameSuffix, PatchRequest, ReplaceRequest,
    RequestContext, Response, StoreAction, create, delete, patch, patch_status, replace,
    replace_status, status_body,
};
use volcano_job_update::status::StatusCodes;
use volcano_job_update::{
    Check, DroppedDefaults, FieldPath, Job, JobSchema, Segment, UpdatePolicy, Validator,
    ViolationCode,
};

#[derive(Deserialize)]
struct Request<'r> {
    /// `POST`, `PUT`, `PATCH` or `DELETE`.
    method: &'r str,
    #[serde(borrow)]
    uri: Cow<'r, str>,
    #[serde(borrow)]
    content_type: Cow<'r, str>,
    /// The stored Job; empty if there is none.
    #[serde(borrow)]
    existing: Cow<'r, str>,
    #[serde(borrow)]
    body: Cow<'r, str>,
    /// The resourceVersion of the Job after it is written; the next one by default.
    #[serde(borrow)]
    version: Option<Cow<'r, str>>,
    /// What the server chose: the uid of a created Job, its creationTimestamp or the deletionTimestamp,
    /// and the end of a generated name.
    #[serde(borrow)]
    uid: Option<Cow<'r, str>>,
    #[serde(borrow)]
    time: Option<Cow<'r, str>>,
    #[serde(borrow)]
    suffix: Option<Cow<'r, str>>,
}

fn main() -> Result<(), Box<dyn Error>> {
    let schema = match std::env::args().nth(1) {
        Some(file) => JobSchema::from_crd(&serde_json::from_str(&std::fs::read_to_string(file)?)?)?,
        None => JobSchema::default(),
    };
    let validator = Validator::new(UpdatePolicy::permissive()).with_schema(schema.clone());
    let values = Validator::new(checks_values_alone()?).with_schema(schema);
    let mut output = std::io::stdout().lock();
    for line in std::io::stdin().lock().lines() {
        let line = line?;
        let request: Request<'_> = serde_json::from_str(&line)?;
        writeln!(output, "{}", answer(&request, &validator, &values)?)?;
        output.flush()?;
    }
    Ok(())
}

/// A policy that allows every change and checks values against the schema.
fn checks_values_alone() -> Result<UpdatePolicy, Box<dyn Error>> {
    let policy = UpdatePolicy::documented()
        .with_dropped_defaults(DroppedDefaults::Allow)
        .allow("metadata".parse()?)
        .allow("spec".parse()?);
    Ok(Check::all().filter(|check| *check != Check::Schema).fold(policy, UpdatePolicy::skip))
}

fn answer(
    request: &Request<'_>,
    validator: &Validator,
    values: &Validator,
) -> Result<serde_json::Value, Box<dyn Error>> {
    let has_existing = !request.existing.is_empty();
    let existing = has_existing.then(|| Job::from_str(&request.existing)).transpose()?;
    let context = context(request, existing.as_ref())?;
    let body = request.body.as_bytes();
    let result = respond(request, existing.as_ref(), validator, &context);
    let invalid = existing.and_then(|existing| invalid_values(&existing, body, values));
    Ok(match &result {
        Ok(response) => {
            let (action, stored) = match response.store_action() {
                StoreAction::Keep => ("keep", None),
                StoreAction::Create(job) => ("create", Some(job)),
                StoreAction::Update(job) => ("update", Some(job)),
                StoreAction::Delete => ("delete", None),
            };
            json!({
                "code": response.code(),
                "body": response.body(),
                "warnings": response.warnings(),
                "action": action,
                "stored": stored,
                "invalid": invalid,
            })
        }
        Err(error) => json!({
            "code": error.status.code,
            "body": status_body(&error.status, false),
            "warnings": error.warnings,
            "action": "keep",
            "invalid": invalid,
        }),
    })
}

fn context(
    request: &Request<'_>,
    existing: Option<&Job<'_>>,
) -> Result<RequestContext, Box<dyn Error>> {
    let version = match (request.version.as_deref(), existing) {
        (Some(version), _) => version.parse()?,
        (None, Some(job)) => {
            job.resource_version().ok_or("no resourceVersion")?.parse::<u64>()? + 1
        }
        (None, None) => 1,
    };
    let version = NonZeroU64::new(version).ok_or("the resourceVersion is 0")?;
    let time: Timestamp = request.time.as_deref().unwrap_or("2026-01-02T03:04:05Z").parse()?;
    let uid = request.uid.as_deref().unwrap_or("0a8cd8be-a3b1-11e9-9ba9-fa163ebe8a3c").parse()?;
    let mut context = RequestContext::new(version)
        .with_status_codes(StatusCodes::Kubernetes)
        .with_creation(uid, time)
        .with_time(time);
    // The end of a name that was not generated may be anything.
    if let Some(Ok(suffix)) = request.suffix.as_deref().map(str::parse::<NameSuffix>) {
        context = context.with_name_suffix(suffix);
    }
    Ok(context)
}

fn respond(
    request: &Request<'_>,
    existing: Option<&Job<'_>>,
    validator: &Validator,
    context: &RequestContext,
) -> Result<Response, ErrorResponse> {
    let (uri, content_type, body) =
        (&*request.uri, &*request.content_type, request.body.as_bytes());
    match request.method {
        "POST" => {
            let post = CreateRequest::from_uri(uri, body)?.with_content_type(content_type);
            let response = create(&post, validator, context)?;
            let name = existing.and_then(Job::name);
            if response.created_name() == name.as_deref() {
                return Err(response.already_exists(existing).into());
            }
            Ok(response)
        }
        "PUT" => {
            let put = ReplaceRequest::from_uri(uri, body)?.with_content_type(content_type);
            let replace = if put.is_status() { replace_status } else { replace };
            replace(existing, &put, validator, context)
        }
        "DELETE" => {
            let request = DeleteRequest::from_uri(uri, body)?.with_content_type(content_type);
            delete(existing, &request, validator, context)
        }
        _ => {
            let change = PatchRequest::from_uri(uri, content_type, body)?;
            let patch = if change.is_status() { patch_status } else { patch };
            patch(existing, &change, validator, context)
        }
    }
}

/// The paths of the invalid values in `spec` that a verdict names, or [`Validator::server_violations`];
/// `None` if there is no verdict.
fn invalid_values(existing: &Job<'_>, body: &[u8], validator: &Validator) -> Option<Vec<String>> {
    let job = Job::from_slice(body).ok()?;
    let review = validator.review(existing, &job).ok()?;
    let refused = validator.server_violations(existing, &job).ok()?;
    let named = review.violations().into_iter().flatten().chain(&refused);
    let invalid = named.filter(|violation| violation.code() == ViolationCode::InvalidValue);
    let paths = invalid.map(|violation| server_path(violation.path()));
    Some(paths.filter(|path| path.starts_with("spec")).collect())
}

/// A path as an API server writes it: keys are not quoted.
fn server_path(path: &FieldPath) -> String {
    let segments = path.segments().iter().map(|segment| match segment {
        Segment::Key(key) => format!(".{key}"),
        Segment::Index(index) => format!("[{index}]"),
    });
    segments.collect::<String>().trim_start_matches('.').to_owned()
}
