//! The command `admit`, and `check --as-kubectl`: a webhook's answer without a server.

use std::path::Path;

use serde_json::Value;
use volcano_job_update::admission::{self, Response};
use volcano_job_update::status::StatusCodes;
use volcano_job_update::{ReviewError, Validator};

use crate::args::Pair;
use crate::input::{Error, read_policy, read_review, read_update, unanswerable};
use crate::kubectl::response_text;
use crate::{Outcome, to_json, validator};

/// The name of the webhook in what kubectl would print.
const WEBHOOK: &str = "update.jobs.batch.volcano.sh";

/// Answers a review.
pub(crate) fn run(
    validator: &Validator,
    codes: StatusCodes,
    restore: bool,
    path: &Path,
) -> Result<(String, Outcome), Error> {
    let body = read_review(path, validator.policy().limits())?;
    let response = if restore {
        admission::restore(&body, validator)
    } else {
        admission::respond(&body, validator, codes)
    };
    let response = response.map_err(|error| unanswerable(path, error))?;
    let outcome = if response.is_allowed() { Outcome::Good } else { Outcome::Bad };
    Ok((to_json(&response), outcome))
}

/// The verdict as `kubectl replace` or `kubectl patch` shows it, to which it comes through an API server.
pub(crate) fn check(pair: &Pair, codes: StatusCodes) -> Result<(String, Outcome), Error> {
    let validator = validator(read_policy(&pair.policy)?, pair.crd.as_deref())?;
    let documents = read_update(pair, validator.policy().limits())?;
    let existing = documents.existing()?;
    let job = existing.to_value().map_err(ReviewError::Existing)?;
    let name = job.pointer("/metadata/name").and_then(Value::as_str).unwrap_or_default();
    let review = validator.review(&existing, &documents.replacement()?)?;
    let response = Response::from_review("", name, review, codes);
    let (doing, done) = match &pair.replacement {
        Some(file) => (format!("error when replacing {:?}", file.to_string_lossy()), "replaced"),
        None => (String::new(), "patched"),
    };
    let text = response_text(&response, WEBHOOK, &doing);
    if response.is_allowed() {
        return Ok((format!("{text}job.batch.volcano.sh/{name} {done}\n"), Outcome::Good));
    }
    Ok((text, Outcome::Bad))
}
