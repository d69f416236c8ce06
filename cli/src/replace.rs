//! The command `replace`: a request in, the answer of a server out.

use std::io::Write;
use std::num::NonZeroU64;

use serde_json::{Value, json};
use volcano_job_apiserver::jiff::Timestamp;
use volcano_job_apiserver::{ReplaceRequest, RequestContext, Response, Uid, replace, status_body};
use volcano_job_update::Job;
use volcano_job_update::status::Status;

use crate::args::{Replace, ReplaceFormat};
use crate::input::{Error, read_policy, read_request};
use crate::{Outcome, validator};

/// Answers a request.
pub(crate) fn run(args: &Replace) -> Result<(String, Outcome), Error> {
    let validator = validator(read_policy(&args.policy)?, args.crd.as_deref())?;
    let files = read_request(args, validator.policy().limits())?;
    let existing = files.existing()?;
    let context = context(args, existing.as_ref());
    let request = ReplaceRequest::from_uri(&args.uri, &files.body);
    let is_pretty = request.as_ref().is_ok_and(ReplaceRequest::is_pretty);
    let answer =
        request.and_then(|request| replace(existing.as_ref(), &request, &validator, &context));
    let outcome = if answer.is_ok() { Outcome::Good } else { Outcome::Bad };
    let text = match args.format {
        ReplaceFormat::Json => crate::to_json(&as_object(&answer)),
        ReplaceFormat::Body => {
            for warning in answer.iter().flat_map(Response::warnings) {
                drop(writeln!(anstream::stderr(), "Warning: {warning}"));
            }
            match &answer {
                Ok(response) => response.body().to_owned(),
                Err(status) => status_body(status, is_pretty),
            }
        }
    };
    Ok((text, outcome))
}

fn context(args: &Replace, existing: Option<&Job<'_>>) -> RequestContext {
    let version = args.resource_version.unwrap_or_else(|| next_version(existing));
    let mut context = RequestContext::new(version).with_status_codes(args.status_codes.into());
    if args.self_link {
        context = context.with_self_link();
    }
    if args.allow_create {
        context = context.with_creation(nil_uid(), Timestamp::now());
    }
    context
}

/// The uid of a Job that is created: there is no store that could give it one.
#[expect(clippy::expect_used, reason = "the text is constant")]
fn nil_uid() -> Uid {
    "00000000-0000-0000-0000-000000000000".parse().expect("this is a UUID")
}

/// The number after the resourceVersion of the existing Job; 1 if it has none. One that is not a number makes
/// the request fail anyway.
fn next_version(existing: Option<&Job<'_>>) -> NonZeroU64 {
    let version = existing.and_then(|job| {
        let job = job.to_value().ok()?;
        job.pointer("/metadata/resourceVersion")?.as_str()?.parse::<NonZeroU64>().ok()
    });
    version.and_then(|version| version.checked_add(1)).unwrap_or(NonZeroU64::MIN)
}

fn as_object(answer: &Result<Response, Status>) -> Value {
    let parsed = |json: &str| serde_json::from_str(json).unwrap_or(Value::Null);
    match answer {
        Ok(response) => json!({
            "code": response.code(),
            "response": parsed(response.body()),
            "stored": response.store_action().job().map(parsed),
            "warnings": response.warnings(),
        }),
        Err(status) => {
            json!({"code": status.code, "response": status, "stored": null, "warnings": []})
        }
    }
}
