//! What a real API server said to an update, held against the violations here: it names the same
//! fields.

#![expect(clippy::indexing_slicing, reason = "a value has `null` at an unknown key")]

use std::collections::BTreeSet;

use serde_json::Value;
use volcano_job_update::{Job, Validator, ViolationCode};

use crate::data::{recordings, report};
use crate::parsed;

/// Recordings that are not compared, with the reason.
const EXCEPTIONS: [(&str, &str); 7] = [
    ("annotations-too-long", "the long annotation was not recorded"),
    ("duplicate-keys", "a duplicate key is no violation but an error: there is no verdict"),
    ("duplicate-object-keys", "the same"),
    ("kind-lowercase", "another kind is a wrong object, no wrong value"),
    ("mutating-identity", "a webhook changed the object, so it is not the one that was sent"),
    ("rv-empty", "a missing resourceVersion is a rule of replacing"),
    ("field-validation-bad", "the error is in the query"),
];

/// A request to the main resource, and what the API server answered.
struct Exchange {
    name: String,
    existing: Value,
    replacement: Value,
    code: u64,
    answer: Value,
}

#[test]
fn the_api_server_denies_the_same_values() {
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
    report(wrong_types, "updates that it could not read for a type in their metadata");
}

/// The PUTs and the patches of the two standard kinds; of others the result is not known.
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

/// What a request would put in the place of what is stored.
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

/// The fields whose values are found to be invalid. `None` if there is no verdict.
fn invalid_fields(exchange: &Exchange) -> Option<BTreeSet<String>> {
    let existing = Job::from_value(&exchange.existing).ok()?;
    let replacement = Job::from_value(&exchange.replacement).ok()?;
    let review = Validator::default().review(&existing, &replacement).ok()?;
    let violations = review.violations().map(|violations| &**violations).unwrap_or_default();
    let invalid =
        violations.iter().filter(|violation| violation.code() == ViolationCode::InvalidValue);
    Some(invalid.map(|violation| violation.path().to_string()).collect())
}

/// The fields of the causes, if the API server itself found the object invalid. Errors in the format
/// of a number have no field there: it says `<nil>`, next to one with the field.
fn causes(answer: &Value) -> Option<BTreeSet<String>> {
    let message = answer["message"].as_str()?;
    let causes = answer["details"]["causes"].as_array()?;
    let is_own = message.starts_with("Job.batch.volcano.sh \"");
    let fields = causes.iter().filter_map(|cause| cause["field"].as_str());
    is_own.then(|| fields.filter(|field| *field != "<nil>").map(Into::into).collect())
}

/// The field of the metadata that has a wrong type, if that is what the answer says.
fn wrong_type(answer: &Value) -> Option<String> {
    let (_, field) = answer["message"].as_str()?.split_once("Go struct field ObjectMeta.")?;
    Some(format!("metadata.{}", field.split_once(" of type")?.0))
}

fn list(value: &Value) -> &[Value] {
    value.as_array().map_or(&[], Vec::as_slice)
}
