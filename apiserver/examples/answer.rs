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
use volcano_job_apiserver::{
    PatchRequest, ReplaceRequest, RequestContext, StoreAction, patch, replace, status_body,
};
use volcano_job_update::status::StatusCodes;
use volcano_job_update::{
    Check, DroppedDefaults, FieldPath, Job, JobSchema, Segment, UpdatePolicy, Validator,
    ViolationCode,
};

#[derive(Deserialize)]
struct Request<'r> {
    /// `PUT` or `PATCH`.
    method: &'r str,
    #[serde(borrow)]
    uri: Cow<'r, str>,
    #[serde(borrow)]
    content_type: Cow<'r, str>,
    /// The stored Job.
    #[serde(borrow)]
    existing: Cow<'r, str>,
    #[serde(borrow)]
    body: Cow<'r, str>,
    /// The resourceVersion of the Job after it is written; the next one by default.
    #[serde(borrow)]
    version: Option<Cow<'r, str>>,
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
    let existing = Job::from_str(&request.existing)?;
    let version = match request.version.as_deref() {
        Some(version) => version.parse()?,
        None => existing.resource_version().ok_or("no resourceVersion")?.parse::<u64>()? + 1,
    };
    let version = NonZeroU64::new(version).ok_or("the resourceVersion is 0")?;
    let context = RequestContext::new(version).with_status_codes(StatusCodes::Kubernetes);
    let body = request.body.as_bytes();
    let result = match request.method {
        "PUT" => ReplaceRequest::from_uri(&request.uri, body).map_err(Into::into).and_then(|put| {
            let put = put.with_content_type(&*request.content_type);
            replace(Some(&existing), &put, validator, &context)
        }),
        _ => PatchRequest::from_uri(&request.uri, &*request.content_type, body)
            .map_err(Into::into)
            .and_then(|change| patch(Some(&existing), &change, validator, &context)),
    };
    let invalid = invalid_values(&existing, body, values);
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
