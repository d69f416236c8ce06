//! The command `replace`: the response of an API server to a PUT request.

use std::num::NonZeroU64;

use serde_json::{Value, json};
use volcano_job_apiserver::jiff::Timestamp;
use volcano_job_apiserver::{
    ErrorResponse, ReplaceRequest, RequestContext, Response, Uid, replace, status_body,
};
use volcano_job_update::Job;
use volcano_job_update_programs::{read_policy, validator};

use crate::args::{Replace, ReplaceOutput};
use crate::error::Error;
use crate::input::read_request;
use crate::output::{Output, json_text, warn};

/// Responds to a request.
pub(crate) fn run(args: &Replace) -> Result<Output, Error> {
    let validator = validator(read_policy(&args.policy)?, args.crd.as_deref(), warn)?;
    let input = read_request(args, validator.policy().limits())?;
    let existing = input.existing()?;
    let context = context(args, existing.as_ref());
    let request = ReplaceRequest::from_uri(&args.uri, &input.body);
    let is_pretty = request.as_ref().is_ok_and(ReplaceRequest::is_pretty);
    let result = request
        .map_err(ErrorResponse::from)
        .and_then(|request| replace(existing.as_ref(), &request, &validator, &context));
    let text = match args.output {
        ReplaceOutput::Json => json_text(&as_object(&result)),
        ReplaceOutput::Body => {
            let warnings = match &result {
                Ok(response) => response.warnings(),
                Err(error) => &error.warnings,
            };
            for warning in warnings {
                warn(warning);
            }
            match &result {
                Ok(response) => response.body().to_owned(),
                Err(error) => status_body(&error.status, is_pretty),
            }
        }
    };
    Ok(Output::answer(text, result.is_ok()))
}

fn context(args: &Replace, existing: Option<&Job<'_>>) -> RequestContext {
    let version = args.resource_version.unwrap_or_else(|| next_version(existing));
    let mut context = RequestContext::new(version).with_status_codes(args.status_codes);
    if args.self_link {
        context = context.with_self_link();
    }
    if args.allow_create {
        context = context.with_creation(nil_uid(), Timestamp::now());
    }
    context
}

/// The uid of a created Job. A server would generate one.
#[expect(clippy::expect_used, reason = "the text is constant")]
fn nil_uid() -> Uid {
    "00000000-0000-0000-0000-000000000000".parse().expect("this is a UUID")
}

/// The resourceVersion of the existing Job plus 1; 1 if it has none. If it is not a number, the
/// request fails anyway.
fn next_version(existing: Option<&Job<'_>>) -> NonZeroU64 {
    let version = existing.and_then(Job::resource_version);
    let version = version.and_then(|version| version.parse::<NonZeroU64>().ok());
    version.and_then(|version| version.checked_add(1)).unwrap_or(NonZeroU64::MIN)
}

#[expect(clippy::expect_used, reason = "the library writes JSON")]
fn as_object(result: &Result<Response, ErrorResponse>) -> Value {
    let parsed = |json: &str| -> Value { serde_json::from_str(json).expect("a Job or a status") };
    match result {
        Ok(response) => json!({
            "code": response.code(),
            "response": parsed(response.body()),
            "stored": response.store_action().job().map(parsed),
            "warnings": response.warnings(),
        }),
        Err(ErrorResponse { status, warnings, .. }) => json!({
            "code": status.code,
            "response": status,
            "stored": null,
            "warnings": warnings,
        }),
    }
}
