//! The fields that a real API server names in its errors, compared with those of our violations.

#![expect(clippy::indexing_slicing, reason = "a value has `null` at an unknown key")]

use std::collections::BTreeSet;

use serde_json::Value;
use volcano_job_update::{Job, Validator, ViolationCode};

use crate::data::{recordings, report};
use crate::parsed;

/// Recordings that are not compared, with the reason.
const EXCEPTIONS: [(&str, &str); 7] = [
    ("annotations-too-long", "the long annotation was not recorded"),
    ("duplicate-keys", "a duplicate key is an error, not a violation"),
    ("duplicate-object-keys", "the same"),
    ("kind-lowercase", "another kind is `wrong-object`, not `invalid-value`"),
    ("mutating-identity", "a webhook changed the object after it was sent"),
    ("rv-empty", "only PUT requires a resourceVersion"),
    ("field-validation-bad", "the error is in the query"),
];

/// A request to the main resource, and the answer of the API server.
struct Exchange {
    name: String,
    existing: Value,
    replacement: Value,
    code: u64,
    answer: Value,
}

#[test]
fn invalid_values_match_the_api_server() {
    let (mut accepted, mut denied, mut wrong_types) = (0, 0, 0);
    let mut errors = Vec::new();
    let mut compare = |exchange: &Exchange, found, wanted| {
        if found != wanted {
            errors.push(format!("{}: found {found:?}, wanted {wanted:?}", exchange.name));
        }
    };
    for (name, recording) in recordings() {
        if name.starts_with("denial-") || EXCEPTIONS.iter().any(|(known, _)| *known == name) {
            continue;
        }
        for exchange in exchanges(&name, &recording) {
            let Some(found) = invalid_fields(&exchange) else { continue };
            match (exchange.code, causes(&exchange.answer), wrong_type(&exchange.answer)) {
                (200, ..) => {
                    compare(&exchange, found, BTreeSet::new());
                    accepted += 1;
                }
                (422, Some(causes), _) => {
                    compare(&exchange, found, causes);
                    denied += 1;
                }
                (400, _, Some(field)) => {
                    compare(&exchange, found, BTreeSet::from([field]));
                    wrong_types += 1;
                }
                _ => {}
            }
        }
    }
    assert!(errors.is_empty(), "{}", errors.join("\n"));
    report(accepted, "updates that the API server accepted");
    report(denied, "updates that it denied for their values");
    report(wrong_types, "updates with a wrong type in their metadata");
}

/// The PUTs, JSON patches and merge patches. Of other requests the resulting Job is not recorded.
fn exchanges(name: &str, recording: &Value) -> Vec<Exchange> {
    let mut stored = recording["storedBefore"].clone();
    let mut exchanges = Vec::new();
    for (position, step) in list(&recording["steps"]).iter().enumerate() {
        let requests: Vec<&Value> = match step.get("exchanges") {
            Some(exchanges) => list(exchanges).iter().collect(),
            None => vec![step],
        };
        for exchange in requests {
            let (request, response) = (&exchange["request"], &exchange["response"]);
            let answer = response["body"]["json"].clone();
            let is_job = request["path"].as_str().is_some_and(|path| {
                path.rsplit('/').nth(1) == Some("jobs") && path.contains("/batch.volcano.sh/")
            });
            if let Some(replacement) = replacement(request, &stored).filter(|_| is_job) {
                exchanges.push(Exchange {
                    name: format!("{name}, step {position}"),
                    existing: stored.clone(),
                    replacement,
                    code: response["code"].as_u64().unwrap_or_default(),
                    answer: answer.clone(),
                });
            }
            if is_job && answer["kind"] == "Job" {
                stored = answer;
            }
        }
    }
    exchanges
}

/// The Job that a request makes of the stored one.
fn replacement(request: &Value, stored: &Value) -> Option<Value> {
    let body = parsed(&request["body"]).filter(|body| !body.is_null())?;
    let mut result = stored.clone();
    match (request["verb"].as_str()?, request["contentType"].as_str().unwrap_or_default()) {
        ("PUT", "application/json") => return Some(body),
        ("PATCH", "application/merge-patch+json") => json_patch::merge(&mut result, &body),
        ("PATCH", "application/json-patch+json") => {
            let patch: json_patch::Patch = serde_json::from_value(body).ok()?;
            json_patch::patch(&mut result, &patch).ok()?;
        }
        _ => return None,
    }
    Some(result)
}

/// The fields with the violation `invalid-value`; `None` if a Job cannot be read.
fn invalid_fields(exchange: &Exchange) -> Option<BTreeSet<String>> {
    let existing = Job::from_value(&exchange.existing).ok()?;
    let replacement = Job::from_value(&exchange.replacement).ok()?;
    let review = Validator::default().review(&existing, &replacement).ok()?;
    let violations = review.violations().map(|violations| &**violations).unwrap_or_default();
    let invalid =
        violations.iter().filter(|violation| violation.code() == ViolationCode::InvalidValue);
    Some(invalid.map(|violation| violation.path().to_string()).collect())
}

/// The fields of the causes of an `Invalid` status of the API server itself. An invalid number has two
/// causes there: one with the field `<nil>`, and one with the real field.
fn causes(answer: &Value) -> Option<BTreeSet<String>> {
    let message = answer["message"].as_str()?;
    let causes = answer["details"]["causes"].as_array()?;
    let is_own = message.starts_with("Job.batch.volcano.sh \"");
    let fields = causes.iter().filter_map(|cause| cause["field"].as_str());
    is_own.then(|| fields.filter(|field| *field != "<nil>").map(Into::into).collect())
}

/// The field of the metadata that the answer says has a wrong type.
fn wrong_type(answer: &Value) -> Option<String> {
    let (_, field) = answer["message"].as_str()?.split_once("Go struct field ObjectMeta.")?;
    Some(format!("metadata.{}", field.split_once(" of type")?.0))
}

fn list(value: &Value) -> &[Value] {
    value.as_array().map_or(&[], Vec::as_slice)
}
