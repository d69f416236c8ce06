//! Answers requests from standard input, one JSON object a line, with one JSON object a line: the
//! other side of the comparison with a real API server (`scripts/differential`).
//!
//! ```sh
//! cargo run --package volcano-job-apiserver --example answer
//! ```

use std::borrow::Cow;
use std::error::Error;
use std::io::{BufRead, Write};
use std::num::NonZeroU64;

use serde::Deserialize;
use serde_json::json;
use volcano_job_apiserver::{
    PatchRequest, ReplaceRequest, RequestContext, patch, replace, status_body,
};
use volcano_job_update::status::StatusCodes;
use volcano_job_update::{Job, UpdatePolicy, Validator};

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
}

fn main() -> Result<(), Box<dyn Error>> {
    let validator = Validator::new(UpdatePolicy::permissive());
    let mut output = std::io::stdout().lock();
    for line in std::io::stdin().lock().lines() {
        let line = line?;
        let request: Request<'_> = serde_json::from_str(&line)?;
        writeln!(output, "{}", answer(&request, &validator)?)?;
        output.flush()?;
    }
    Ok(())
}

fn answer(
    request: &Request<'_>,
    validator: &Validator,
) -> Result<serde_json::Value, Box<dyn Error>> {
    let existing = Job::from_str(&request.existing)?;
    let version = existing.resource_version().ok_or("the stored Job has no resourceVersion")?;
    let next = version.parse::<NonZeroU64>()?.checked_add(1).ok_or("no version is left")?;
    let context = RequestContext::new(next).with_status_codes(StatusCodes::Kubernetes);
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
    Ok(match &result {
        Ok(response) => json!({
            "code": response.code(),
            "body": response.body(),
            "warnings": response.warnings(),
        }),
        Err(error) => json!({
            "code": error.status.code,
            "body": status_body(&error.status, false),
            "warnings": error.warnings,
        }),
    })
}
