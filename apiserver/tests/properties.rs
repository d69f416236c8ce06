//! Properties of the verbs, for the Jobs and updates that the strategies of the library generate.

#![expect(clippy::unwrap_used, clippy::indexing_slicing, reason = "a panic here is a failed test")]

use std::num::NonZeroU64;

use proptest::prelude::*;
use serde_json::Value;
use volcano_job_apiserver::jiff::Timestamp;
use volcano_job_apiserver::{
    CreateRequest, DeleteRequest, ReplaceRequest, RequestContext, Response, StoreAction, create,
    delete, replace, replace_status,
};
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
    put_text(existing, &body.to_string(), version)
}

fn put_text(existing: &Job<'_>, body: &str, version: u64) -> Result<Response, TestCaseError> {
    let request = ReplaceRequest::from_uri(URI, body.as_bytes())?;
    let validator = Validator::new(UpdatePolicy::permissive());
    Ok(replace(Some(existing), &request, &validator, &context(version))?)
}

fn put_status(existing: &Job<'_>, body: &Value, version: u64) -> Result<Response, TestCaseError> {
    let body = body.to_string();
    let request = ReplaceRequest::from_uri(&format!("{URI}/status"), body.as_bytes())?;
    Ok(replace_status(Some(existing), &request, &Validator::default(), &context(version))?)
}

/// The Job that the response stores.
fn stored(response: &Response) -> Result<Value, TestCaseError> {
    let job = response.store_action().job();
    Ok(serde_json::from_str(job.ok_or_else(|| TestCaseError::fail("nothing is stored"))?)?)
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

/// A JSON text with white space, escapes and the keys in reverse order.
fn reversed(value: &Value) -> String {
    match value {
        Value::Object(map) => {
            let mut keys: Vec<&String> = map.keys().collect();
            keys.sort_unstable_by(|a, b| b.cmp(a));
            let member = |key: &String| {
                format!("{} : {}", reversed(&key.as_str().into()), reversed(&map[key]))
            };
            format!("{{ {} }}", keys.into_iter().map(member).collect::<Vec<_>>().join(" , "))
        }
        Value::Array(list) => {
            format!("[\n{}\n]", list.iter().map(reversed).collect::<Vec<_>>().join(",\t"))
        }
        Value::String(_) => value.to_string().replace('/', "\\/").replace('e', "\\u0065"),
        other => other.to_string(),
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

    // The same with a body in another form, in which no text can be copied.
    let respelled = put_text(&stored_job, &reversed(&replacement), 8)?;
    prop_assert_eq!(respelled.store_action(), first.store_action());
    prop_assert_eq!(respelled.body(), first.body());

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
    fn a_created_job_is_stored_completely_and_put_back_unchanged(job in strategy::any_job()) {
        let mut job = named(job, "");
        job["metadata"]["resourceVersion"].take();
        let body = job.to_string();
        let request = CreateRequest::from_uri(URI.trim_end_matches("/a"), body.as_bytes())?;
        let uid = "00000000-0000-0000-0000-000000000001".parse().unwrap();
        let context = context(7).with_creation(uid, Timestamp::UNIX_EPOCH);
        let validator = Validator::new(UpdatePolicy::permissive());
        // Not every Job that can be stored can be created.
        let Ok(created) = create(&request, &validator, &context) else { return Ok(()) };
        let job_stored = stored(&created)?;
        if created.warnings().iter().all(|warning| !warning.contains("unknown field")) {
            prop_assert!(is_stored(&job["spec"], &job_stored["spec"]), "{} {}", job, job_stored);
        }
        let text = job_stored.to_string();
        let back = put(&Job::from_slice(text.as_bytes())?, &job_stored, 8)?;
        prop_assert_eq!(back.store_action(), StoreAction::Keep);
    }

    #[test]
    fn a_status_is_all_that_a_put_of_it_changes(
        existing in strategy::any_job(),
        other in strategy::any_job(),
        running in 0..9_u8,
    ) {
        let (existing, mut other) = (named(existing, "7"), named(other, "7"));
        other["status"] = serde_json::json!({"running": running, "state": {"phase": "Running"}});
        let existing = existing.to_string();
        let first = put_status(&Job::from_slice(existing.as_bytes())?, &other, 8)?;
        let changed = stored(&first)?;
        prop_assert_eq!(&changed["status"], &other["status"]);
        // Another status over this one leaves everything else as it is.
        let mut next = changed.clone();
        next["status"]["running"] = (running + 1).into();
        let text = changed.to_string();
        let mut second = stored(&put_status(&Job::from_slice(text.as_bytes())?, &next, 9)?)?;
        prop_assert_eq!(&second["metadata"]["resourceVersion"], "9");
        second["metadata"]["resourceVersion"] = "8".into();
        prop_assert_eq!(second, next);
    }

    #[test]
    fn a_job_is_deleted_with_its_last_finalizer(
        job in strategy::any_job(),
        policy in prop::sample::select(vec!["", "Background", "Foreground", "Orphan"]),
        has_finalizer in any::<bool>(),
    ) {
        let mut job = named(job, "7");
        let finalizers = if has_finalizer { vec!["example.com/a"] } else { Vec::new() };
        job["metadata"]["finalizers"] = finalizers.into();
        let text = job.to_string();
        let query = if policy.is_empty() { String::new() } else { format!("?propagationPolicy={policy}") };
        let request = DeleteRequest::from_uri(&format!("{URI}{query}"), b"")?;
        let validator = Validator::default();
        let context = context(8).with_time(Timestamp::UNIX_EPOCH);
        let response = delete(Some(&Job::from_slice(text.as_bytes())?), &request, &validator, &context)?;
        let stays = has_finalizer || matches!(policy, "Foreground" | "Orphan");
        prop_assert_eq!(response.store_action() == StoreAction::Delete, !stays);
        if stays {
            let marked = stored(&response)?;
            let mut released = marked.clone();
            released["metadata"]["finalizers"].take();
            let text = marked.to_string();
            let gone = put(&Job::from_slice(text.as_bytes())?, &released, 9)?;
            prop_assert_eq!(gone.store_action(), StoreAction::Delete);
        }
    }

    #[test]
    fn no_verb_panics_on_any_body(body in any::<Vec<u8>>(), text in "[ -~]{0,40}", job in strategy::any_job()) {
        let job = named(job, "7").to_string();
        let existing = Job::from_slice(job.as_bytes())?;
        let (validator, context) = (Validator::default(), context(8));
        let options = format!("{{{text}}}");
        for body in [body.as_slice(), text.as_bytes(), options.as_bytes()] {
            let post = CreateRequest::from_uri(URI, body)?;
            prop_assert!(create(&post, &validator, &context).is_err());
            let put = ReplaceRequest::from_uri(&format!("{URI}/status"), body)?;
            prop_assert!(replace_status(Some(&existing), &put, &validator, &context).is_err());
            let request = DeleteRequest::from_uri(URI, body)?;
            drop(delete(Some(&existing), &request, &validator, &context));
        }
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
        for uri in [uri, format!("{URI}{end}")] {
            drop(ReplaceRequest::from_uri(&uri, b""));
            drop(CreateRequest::from_uri(&uri, b""));
            drop(DeleteRequest::from_uri(&uri, b""));
        }
    }
}
