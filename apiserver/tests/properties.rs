//! Laws of `replace`, on updates made by the strategies of the library.

#![expect(clippy::unwrap_used, clippy::indexing_slicing, reason = "a panic here is a failed test")]

use proptest::prelude::*;
use serde_json::Value;
use volcano_job_apiserver::{Outcome as Done, ReplaceContext, ReplaceRequest, Replaced, replace};
use volcano_job_update::{Job, UpdatePolicy, Validator, strategy};

/// How a case ends.
type Outcome = Result<(), TestCaseError>;

/// Half the usual number of cases, as there are many laws; `PROPTEST_CASES` still makes it more.
fn config() -> ProptestConfig {
    let default = ProptestConfig::default();
    ProptestConfig { cases: default.cases.div_ceil(2), ..default }
}

const URI: &str = "/apis/batch.volcano.sh/v1alpha1/namespaces/n/jobs/a";

/// The Job as one that is stored under the name that the URI has.
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

fn put(existing: &Job<'_>, body: &Value, version: &str) -> Result<Replaced, TestCaseError> {
    let body = body.to_string();
    let request = ReplaceRequest::from_uri(URI, body.as_bytes())?;
    let validator = Validator::new(UpdatePolicy::permissive());
    Ok(replace(Some(existing), &request, &validator, &ReplaceContext::new(version))?)
}

/// Whether everything that was sent is in what is stored.
fn is_in(sent: &Value, stored: &Value) -> bool {
    match (sent, stored) {
        (Value::Object(sent), Value::Object(stored)) => sent
            .iter()
            .filter(|(_, value)| !value.is_null())
            .all(|(key, value)| stored.get(key).is_some_and(|stored| is_in(value, stored))),
        (Value::Array(sent), Value::Array(stored)) => {
            sent.len() == stored.len() && sent.iter().zip(stored).all(|(a, b)| is_in(a, b))
        }
        _ => sent == stored,
    }
}

fn check(existing: Value, replacement: Value) -> Outcome {
    let existing = named(existing, "7").to_string();
    let mut replacement = named(replacement, "7");
    let stored_job = Job::from_slice(existing.as_bytes())?;
    let first = put(&stored_job, &replacement, "8")?;
    // A change of nothing is none, but for defaults that the stored text lacks.
    let Some(stored) = first.stored().map(str::to_owned) else {
        prop_assert_eq!(first.outcome(), Done::Unchanged);
        return Ok(());
    };
    let result: Value = serde_json::from_str(&stored)?;
    if first.warnings().iter().all(|warning| !warning.contains("unknown field")) {
        prop_assert!(is_in(&replacement["spec"], &result["spec"]), "{} {}", replacement, result);
    }
    prop_assert_eq!(&result["metadata"]["resourceVersion"], "8");

    // From a parsed document, where no text is the same, comes the same.
    let value: Value = serde_json::from_str(&existing)?;
    let from_value = put(&Job::from_value(&value)?, &replacement, "8")?;
    prop_assert_eq!(from_value.into_parts(), first.into_parts());

    // The result accepts the same request again, but for the version, and it does nothing.
    let again = Job::from_slice(stored.as_bytes())?;
    let stale = put(&again, &replacement, "9");
    prop_assert!(stale.is_err(), "the version is another");
    replacement["metadata"]["resourceVersion"] = "8".into();
    let second = put(&again, &replacement, "9")?;
    prop_assert_eq!(second.outcome(), Done::Unchanged);
    prop_assert_eq!(second.stored(), None);
    let shown: Value = serde_json::from_str(second.response())?;
    prop_assert_eq!(shown, result);
    Ok(())
}

proptest! {
    #![proptest_config(config())]

    #[test]
    fn a_allowed_update_is_stored_whole_and_once(update in strategy::allowed_update()) {
        check(update.existing, update.replacement)?;
    }

    #[test]
    fn another_job_is_stored_whole_and_once(
        existing in strategy::any_job(),
        replacement in strategy::any_job(),
    ) {
        check(existing, replacement)?;
    }

    #[test]
    fn no_body_makes_it_panic(body in any::<Vec<u8>>(), text in "[ -~]{0,40}") {
        let validator = Validator::default();
        for body in [body.as_slice(), text.as_bytes()] {
            let request = ReplaceRequest::from_uri(URI, body)?;
            let answer = replace(None, &request, &validator, &ReplaceContext::new("1"));
            prop_assert!(answer.is_err());
        }
    }

    #[test]
    fn no_uri_makes_it_panic(uri in ".{0,60}", end in ".{0,20}") {
        drop(ReplaceRequest::from_uri(&uri, b""));
        drop(ReplaceRequest::from_uri(&format!("{URI}{end}"), b""));
    }
}
