//! Properties of `replace`, for the updates that the strategies of the library generate.

#![expect(clippy::unwrap_used, clippy::indexing_slicing, reason = "a panic here is a failed test")]

use std::num::NonZeroU64;

use proptest::prelude::*;
use serde_json::Value;
use volcano_job_apiserver::{ReplaceRequest, RequestContext, Response, StoreAction, replace};
use volcano_job_update::{Job, UpdatePolicy, Validator, strategy};

type TestResult = Result<(), TestCaseError>;

/// Half of the default number of cases, since each one is expensive. `PROPTEST_CASES` scales it.
fn config() -> ProptestConfig {
    let default = ProptestConfig::default();
    ProptestConfig { cases: default.cases.div_ceil(2), ..default }
}

const URI: &str = "/apis/batch.volcano.sh/v1alpha1/namespaces/n/jobs/a";

/// The Job as stored under the name in the URI.
fn named(mut job: Value, version: &str) -> Value {
    job["apiVersion"] = "batch.volcano.sh/v1alpha1".into();
    job["kind"] = "Job".into();
    let metadata = job["metadata"].as_object_mut().unwrap();
    metadata.insert("name".into(), "a".into());
    metadata.insert("namespace".into(), "n".into());
    metadata.insert("resourceVersion".into(), version.into());
    metadata.insert("creationTimestamp".into(), "2024-05-01T10:00:00Z".into());
    metadata.remove("uid");
    metadata.remove("deletionTimestamp");
    metadata.remove("deletionGracePeriodSeconds");
    job
}

fn context(version: u64) -> RequestContext {
    RequestContext::new(NonZeroU64::new(version).unwrap())
}

fn put(existing: &Job<'_>, body: &Value, version: u64) -> Result<Response, TestCaseError> {
    let body = body.to_string();
    let request = ReplaceRequest::from_uri(URI, body.as_bytes())?;
    let validator = Validator::new(UpdatePolicy::permissive());
    Ok(replace(Some(existing), &request, &validator, &context(version))?)
}

/// Whether every value in the request is stored.
fn is_stored(sent: &Value, stored: &Value) -> bool {
    match (sent, stored) {
        (Value::Object(sent), Value::Object(stored)) => sent
            .iter()
            .filter(|(_, value)| !value.is_null())
            .all(|(key, value)| stored.get(key).is_some_and(|stored| is_stored(value, stored))),
        (Value::Array(sent), Value::Array(stored)) => {
            sent.len() == stored.len() && sent.iter().zip(stored).all(|(a, b)| is_stored(a, b))
        }
        _ => sent == stored,
    }
}

fn check(existing: Value, replacement: Value) -> TestResult {
    let existing = named(existing, "7").to_string();
    let mut replacement = named(replacement, "7");
    let stored_job = Job::from_slice(existing.as_bytes())?;
    let first = put(&stored_job, &replacement, 8)?;
    let Some(stored) = first.store_action().job().map(str::to_owned) else {
        prop_assert_eq!(first.store_action(), StoreAction::Keep);
        return Ok(());
    };
    let result: Value = serde_json::from_str(&stored)?;
    if first.warnings().iter().all(|warning| !warning.contains("unknown field")) {
        prop_assert!(
            is_stored(&replacement["spec"], &result["spec"]),
            "{} {}",
            replacement,
            result
        );
    }
    prop_assert_eq!(&result["metadata"]["resourceVersion"], "8");

    // The same with an existing Job from a parsed document, so that no text can be copied.
    let value: Value = serde_json::from_str(&existing)?;
    let from_value = put(&Job::from_value(&value)?, &replacement, 8)?;
    prop_assert_eq!(from_value.store_action(), first.store_action());
    prop_assert_eq!(from_value.body(), first.body());

    // Repeating the request is a conflict. Repeating it with the new resourceVersion changes
    // nothing.
    let again = Job::from_slice(stored.as_bytes())?;
    prop_assert!(put(&again, &replacement, 9).is_err());
    replacement["metadata"]["resourceVersion"] = "8".into();
    let second = put(&again, &replacement, 9)?;
    prop_assert_eq!(second.store_action(), StoreAction::Keep);
    let body: Value = serde_json::from_str(second.body())?;
    prop_assert_eq!(body, result);
    Ok(())
}

proptest! {
    #![proptest_config(config())]

    #[test]
    fn an_allowed_update_is_stored_completely_and_idempotent(update in strategy::allowed_update()) {
        check(update.existing, update.replacement)?;
    }

    #[test]
    fn any_update_is_stored_completely_and_idempotent(
        existing in strategy::any_job(),
        replacement in strategy::any_job(),
    ) {
        check(existing, replacement)?;
    }

    #[test]
    fn replace_does_not_panic_on_any_body(body in any::<Vec<u8>>(), text in "[ -~]{0,40}") {
        let validator = Validator::default();
        for body in [body.as_slice(), text.as_bytes()] {
            let request = ReplaceRequest::from_uri(URI, body)?;
            let answer = replace(None, &request, &validator, &context(1));
            prop_assert!(answer.is_err());
        }
    }

    #[test]
    fn from_uri_does_not_panic_on_any_uri(uri in ".{0,60}", end in ".{0,20}") {
        drop(ReplaceRequest::from_uri(&uri, b""));
        drop(ReplaceRequest::from_uri(&format!("{URI}{end}"), b""));
    }
}
