//! The statuses of the module `status`, compared with recorded answers of a real API server, and
//! their exact text.

#[path = "../../tests/util/data.rs"]
mod data;

use serde_json::{Value, json};
use volcano_job_apiserver::status_body;
use volcano_job_update::status::{CauseType, Status, StatusCause, StatusCodes};
use volcano_job_update::{Job, ReviewError, UpdateError, Validator, Violations};

use data::{recordings, report};

/// Every recorded `Status` in a document, with the length of its body.
fn collect_statuses(document: &Value, found: &mut Vec<(Value, u64)>) {
    let body =
        document.pointer("/body/json").filter(|body| body.get("kind") == Some(&"Status".into()));
    if let (Some(body), Some(bytes)) = (body, document.get("bytes").and_then(Value::as_u64)) {
        found.push((body.clone(), bytes));
    }
    match document {
        Value::Object(map) => map.values().for_each(|value| collect_statuses(value, found)),
        Value::Array(list) => list.iter().for_each(|value| collect_statuses(value, found)),
        _ => {}
    }
}

/// Rebuilds the recorded answer by a constructor; `None` if there is no constructor for it.
fn rebuild(recorded: &Status) -> Option<Status> {
    let details = recorded.details.clone().unwrap_or_default();
    let name = &*details.name;
    let why = |lead: &str| recorded.message.split_once(lead).map(|(_, why)| why.to_owned());
    match &*recorded.reason {
        "BadRequest" => Some(Status::bad_request(&*recorded.message)),
        "NotFound" if !name.is_empty() => Some(Status::not_found(name)),
        "Conflict" if details.kind == "jobs" => {
            Some(Status::conflict(name, why(&format!("jobs.batch.volcano.sh \"{name}\": "))?))
        }
        "RequestEntityTooLarge" => {
            Some(Status::request_entity_too_large(why("Request entity too large: ")?))
        }
        "UnsupportedMediaType" => {
            let types = why("accepted media types include: ")?;
            Some(Status::unsupported_media_type(&types.split(", ").collect::<Vec<_>>()))
        }
        "InternalError" => Some(Status::internal_error(why("Internal error occurred: ")?)),
        "" if recorded.code == 500 => Some(Status::unknown_error(&*recorded.message)),
        "Invalid" if details.kind == "Job" && !recorded.message.contains("admission webhook") => {
            Some(Status::invalid(name, details.causes))
        }
        _ => None,
    }
}

#[test]
fn recorded_statuses_are_encoded_exactly() {
    let (mut written, mut made, mut skipped) = (0, 0, 0);
    for (name, recording) in recordings() {
        let mut found = Vec::new();
        collect_statuses(&recording, &mut found);
        for (recorded, bytes) in found {
            // Very long lists and strings are truncated in the recordings, and marked as such.
            let text = recorded.to_string();
            if text.contains("... (") || text.contains(" items in all") {
                skipped += 1;
                continue;
            }
            let status: Status = serde_json::from_value(recorded.clone()).unwrap();
            assert_eq!(serde_json::to_value(&status).unwrap(), recorded, "{name}");
            assert_eq!(status_body(&status, false).len() as u64, bytes, "{name}: {status}");
            written += 1;
            // If a webhook denied the request, the status is the webhook's.
            if let Some(rebuilt) =
                rebuild(&status).filter(|_| !status.message.contains("admission webhook"))
            {
                assert_eq!(rebuilt, status, "{name}");
                made += 1;
            }
        }
    }
    report(written, &format!("answers written, {made} made again, {skipped} not recorded whole"));
}

#[expect(clippy::unwrap_used, reason = "a pointer without a value is a broken test")]
fn job(changes: &[(&str, Value)]) -> Value {
    let mut job = json!({
        "apiVersion": "batch.volcano.sh/v1alpha1", "kind": "Job",
        "metadata": {"name": "a", "namespace": "b"},
        "spec": {
            "queue": "research", "minAvailable": 1,
            "tasks": [{"name": "worker", "replicas": 2, "minAvailable": 1}],
        },
    });
    for (pointer, value) in changes {
        *job.pointer_mut(pointer).unwrap() = value.clone();
    }
    job
}

#[expect(clippy::unwrap_used, reason = "an update that is not denied is a broken test")]
fn violations(changes: &[(&str, Value)]) -> Violations {
    let (existing, replacement) = (job(&[]), job(changes));
    let [existing, replacement] =
        [&existing, &replacement].map(|job| Job::from_value(job).unwrap());
    Validator::default().review(&existing, &replacement).unwrap().into_result().unwrap_err()
}

#[test]
fn denied_changes_are_403_or_422() {
    let violations = violations(&[
        ("/spec/queue", json!("production")),
        ("/spec/tasks/0/minAvailable", json!(2)),
        ("/spec/tasks/0/replicas", json!(2_147_483_648_i64)),
    ]);
    let errors = "[spec.queue: Forbidden: the value was changed: field is immutable, \
                  spec.tasks[0].minAvailable: Forbidden: the value was changed: field is immutable, \
                  spec.tasks[0].replicas: Invalid value: must be at most 2147483647]";
    let causes = json!([
        {"reason": "FieldValueForbidden", "field": "spec.queue",
         "message": "Forbidden: the value was changed: field is immutable"},
        {"reason": "FieldValueForbidden", "field": "spec.tasks[0].minAvailable",
         "message": "Forbidden: the value was changed: field is immutable"},
        {"reason": "FieldValueInvalid", "field": "spec.tasks[0].replicas",
         "message": "Invalid value: must be at most 2147483647"},
    ]);
    let documented = Status::denied("a", &violations, StatusCodes::Documented);
    assert_eq!(
        serde_json::to_value(&documented).unwrap(),
        json!({
            "kind": "Status", "apiVersion": "v1", "metadata": {}, "status": "Failure",
            "message": format!("jobs.batch.volcano.sh \"a\" is forbidden: {errors}"),
            "reason": "Forbidden",
            "details": {"name": "a", "group": "batch.volcano.sh", "kind": "jobs", "causes": causes},
            "code": 403,
        })
    );
    let kubernetes = Status::denied("a", &violations, StatusCodes::Kubernetes);
    assert_eq!(
        serde_json::to_value(&kubernetes).unwrap(),
        json!({
            "kind": "Status", "apiVersion": "v1", "metadata": {}, "status": "Failure",
            "message": format!("Job.batch.volcano.sh \"a\" is invalid: {errors}"),
            "reason": "Invalid",
            "details": {"name": "a", "group": "batch.volcano.sh", "kind": "Job", "causes": causes},
            "code": 422,
        })
    );
}

#[test]
fn invalid_values_alone_are_400_or_422() {
    let violations = violations(&[("/spec/tasks/0/replicas", json!(0))]);
    let documented = Status::denied("a", &violations, StatusCodes::Documented);
    assert_eq!((documented.code, &*documented.reason), (400, "BadRequest"));
    let kubernetes = Status::denied("a", &violations, StatusCodes::Kubernetes);
    assert_eq!((kubernetes.code, &*kubernetes.reason), (422, "Invalid"));
    assert_eq!(documented.message, kubernetes.message);
    assert_eq!(documented.details, kubernetes.details);
}

#[test]
fn unreadable_jobs_are_400_or_500() {
    let error = Job::from_slice(b"{").unwrap_err();
    let sent = Status::review_error(&ReviewError::Replacement(error.clone()));
    assert_eq!((sent.code, &*sent.reason), (400, "BadRequest"));
    let stored = UpdateError::Review(ReviewError::Existing(error));
    let stored = Status::from_error("a", &stored, StatusCodes::Documented);
    assert_eq!((stored.code, &*stored.reason), (500, "InternalError"));
    assert!(
        stored.message.starts_with("Internal error occurred: existing Job: line 1, column 2: ")
    );
    let long = Job::from_slice(&vec![b' '; 3 * 1024 * 1024 + 1]).unwrap_err();
    assert_eq!(Status::job_error(&long).code, 413);
}

#[test]
fn constructor_messages_match_kubernetes() {
    for (status, code, reason, message) in [
        (Status::unauthorized(""), 401, "Unauthorized", "not authorized"),
        (Status::unauthorized("Unauthorized"), 401, "Unauthorized", "Unauthorized"),
        (Status::forbidden("", "no"), 403, "Forbidden", "jobs.batch.volcano.sh is forbidden: no"),
        (
            Status::already_exists("a"),
            409,
            "AlreadyExists",
            r#"jobs.batch.volcano.sh "a" already exists"#,
        ),
        (Status::timeout("late", 3), 504, "Timeout", "Timeout: late"),
        (Status::invalid("a", vec![]), 422, "Invalid", r#"Job.batch.volcano.sh "a" is invalid"#),
    ] {
        assert_eq!((status.code, &*status.reason, &*status.message), (code, reason, message));
        assert_eq!(status.to_string(), message);
    }
}

#[test]
fn repeated_causes_are_in_the_message_once() {
    let cause = StatusCause::new(CauseType::Forbidden, "metadata.finalizers", "no");
    let status = Status::invalid("a", vec![cause.clone(), cause]);
    assert_eq!(
        status.message,
        r#"Job.batch.volcano.sh "a" is invalid: metadata.finalizers: Forbidden: no"#
    );
    assert_eq!(status.details.unwrap().causes.len(), 2);
}

#[test]
fn status_body_is_indented_if_pretty() {
    assert_eq!(
        status_body(&Status::bad_request("<no>"), true),
        "{\n  \"kind\": \"Status\",\n  \"apiVersion\": \"v1\",\n  \"metadata\": {},\n  \
         \"status\": \"Failure\",\n  \"message\": \"\\u003cno\\u003e\",\n  \
         \"reason\": \"BadRequest\",\n  \"code\": 400\n}"
    );
}
