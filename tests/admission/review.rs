//! Which requests are validated, skipped, or denied because of an error.

use serde_json::{Value, json};
use volcano_job_update::admission::{AdmissionReview, Outcome, body_limit, respond, restore};
use volcano_job_update::status::StatusCodes;
use volcano_job_update::{Limits, UpdatePolicy, Validator};

use crate::util::patched;
use crate::{answer, job, sent, update, validator};

/// The review of the documented update, with a JSON Patch applied.
fn edited(patch: &Value) -> Value {
    let review = update(&job("documented-existing"), &job("documented-replacement"));
    patched(&review, patch)
}

/// The same of an update that is denied, so that an allowed response shows that it was not validated.
fn denied(patch: &Value) -> Value {
    let queue = json!([{"op": "replace", "path": "/request/object/spec/queue", "value": "other"}]);
    patched(&edited(&queue), patch)
}

#[track_caller]
fn assert_outcome(review: &Value, outcome: Outcome) {
    let response = answer(review);
    assert_eq!(response.outcome(), outcome, "{}", sent(&response));
    let is_denied = matches!(outcome, Outcome::Denied | Outcome::Error);
    assert_eq!(response.is_allowed(), !is_denied);
    assert_eq!(sent(&response)["response"]["allowed"], !is_denied);
    assert_eq!(response.status().is_some(), is_denied);
    let mutated = restore(review.to_string().as_bytes(), &validator()).unwrap();
    assert_eq!(mutated.outcome() == Outcome::Error, outcome == Outcome::Error);
    assert_eq!(mutated.outcome() == Outcome::Skipped, outcome == Outcome::Skipped);
}

#[test]
fn update_is_validated() {
    assert_outcome(&edited(&json!([])), Outcome::Allowed);
    assert_outcome(&denied(&json!([])), Outcome::Denied);
}

#[test]
fn request_other_than_an_update_of_a_job_is_skipped() {
    for patch in [
        json!([{"op": "replace", "path": "/request/operation", "value": "CREATE"},
            {"op": "remove", "path": "/request/oldObject"}]),
        json!([{"op": "replace", "path": "/request/operation", "value": "DELETE"},
            {"op": "replace", "path": "/request/object", "value": null}]),
        json!([{"op": "replace", "path": "/request/operation", "value": "CONNECT"},
            {"op": "replace", "path": "/request/oldObject", "value": null}]),
        json!([{"op": "add", "path": "/request/subResource", "value": "status"}]),
        json!([{"op": "add", "path": "/request/subResource", "value": "scale"},
            {"op": "replace", "path": "/request/kind",
                "value": {"group": "autoscaling", "version": "v1", "kind": "Scale"}}]),
        json!([{"op": "replace", "path": "/request/resource/resource", "value": "cronjobs"}]),
        json!([{"op": "replace", "path": "/request/resource/group", "value": "batch"}]),
        json!([{"op": "replace", "path": "/request/resource",
            "value": {"group": "", "version": "v1", "resource": "pods"}}]),
    ] {
        assert_outcome(&denied(&patch), Outcome::Skipped);
    }
}

#[test]
fn empty_sub_resource_is_no_sub_resource() {
    for empty in [json!(""), json!(null)] {
        let patch = json!([{"op": "add", "path": "/request/subResource", "value": empty}]);
        assert_outcome(&denied(&patch), Outcome::Denied);
    }
}

#[test]
fn review_with_an_error_is_denied() {
    for (patch, message) in [
        (json!([{"op": "remove", "path": "/request/oldObject"}]), "request.oldObject: must be set"),
        (
            json!([{"op": "replace", "path": "/request/oldObject", "value": null}]),
            "request.oldObject: must be set",
        ),
        (json!([{"op": "remove", "path": "/request/object"}]), "request.object: must be set"),
        (
            json!([{"op": "replace", "path": "/request/object", "value": 1}]),
            "must be an object, not a number",
        ),
        (
            json!([{"op": "replace", "path": "/request/object/spec", "value": []}]),
            "spec: must be an object, not a list",
        ),
        (
            json!([{"op": "replace", "path": "/request/operation", "value": "update"}]),
            "request.operation: must be CREATE, UPDATE, DELETE or CONNECT",
        ),
        (
            json!([{"op": "remove", "path": "/request/operation"}]),
            "request.operation: must be CREATE, UPDATE, DELETE or CONNECT",
        ),
        (json!([{"op": "remove", "path": "/request/resource"}]), "request.resource: must be set"),
        (
            json!([{"op": "replace", "path": "/request/kind/kind", "value": "CronJob"}]),
            "request.kind: must be Job of batch.volcano.sh/v1alpha1",
        ),
        (
            json!([{"op": "remove", "path": "/request/kind"}]),
            "request.kind: must be Job of batch.volcano.sh/v1alpha1",
        ),
        (
            json!([{"op": "replace", "path": "/request/resource/version", "value": "v1beta1"}]),
            "request.kind: must be Job of batch.volcano.sh/v1alpha1",
        ),
        (
            json!([{"op": "replace", "path": "/request/operation", "value": 5}]),
            "request.operation: must be a string, not a number",
        ),
        (
            json!([{"op": "replace", "path": "/request/subResource", "value": ["status"]}]),
            "request.subResource: must be a string, not a list",
        ),
        (
            json!([{"op": "replace", "path": "/request/resource", "value": "jobs"}]),
            "request.resource: must be an object, not a string",
        ),
        (
            json!([{"op": "replace", "path": "/kind", "value": "Job"}]),
            "the review must be an AdmissionReview of admission.k8s.io/v1",
        ),
        (
            json!([{"op": "remove", "path": "/apiVersion"}]),
            "the review must be an AdmissionReview of admission.k8s.io/v1",
        ),
    ] {
        let review = denied(&if patch[0]["path"] == "/request/subResource" {
            json!([{"op": "add", "path": "/request/subResource", "value": patch[0]["value"]}])
        } else {
            patch
        });
        assert_outcome(&review, Outcome::Error);
        let answer = sent(&answer(&review));
        let status = &answer["response"]["status"];
        assert!(status["message"].as_str().unwrap().contains(message), "{message}: {status}");
        assert_eq!((&status["code"], &status["reason"]), (&json!(400), &json!("BadRequest")));
        assert_eq!(
            status["details"],
            json!({"name": "openmpi-hello-2-com", "group": "batch.volcano.sh", "kind": "jobs"})
        );
        assert_eq!(answer["apiVersion"], "admission.k8s.io/v1");
    }
}

#[test]
fn job_of_another_kind_is_denied() {
    for pointer in ["/request/object/kind", "/request/object/apiVersion"] {
        let patch = json!([{"op": "replace", "path": pointer, "value": "batch/v1"}]);
        assert_outcome(&edited(&patch), Outcome::Denied);
    }
    // The same kind on both sides, but no Job.
    let patch = json!([{"op": "replace", "path": "/request/object/kind", "value": "CronJob"},
        {"op": "replace", "path": "/request/oldObject/kind", "value": "CronJob"}]);
    assert_outcome(&edited(&patch), Outcome::Denied);
}

/// An API server accepts a response only in the version of its review, and shows the message of that one.
#[test]
fn review_of_v1beta1_is_denied_in_its_version() {
    let patch =
        json!([{"op": "replace", "path": "/apiVersion", "value": "admission.k8s.io/v1beta1"}]);
    let answer = sent(&answer(&edited(&patch)));
    assert_eq!(answer["apiVersion"], "admission.k8s.io/v1beta1");
    assert_eq!(answer["response"]["allowed"], false);
    assert_eq!(
        answer["response"]["status"]["message"],
        "the review must be an AdmissionReview of admission.k8s.io/v1; list v1 in \
         admissionReviewVersions"
    );
}

#[test]
fn unreadable_existing_job_is_an_internal_error() {
    let patch = json!([{"op": "replace", "path": "/request/oldObject/spec/tasks", "value": {}}]);
    let response = answer(&edited(&patch));
    let status = response.status().unwrap();
    assert_eq!((status.code, &*status.reason), (500, "InternalError"));
    assert_eq!(response.outcome(), Outcome::Error);
}

#[test]
fn review_without_a_uid_is_a_request_error() {
    let whole = edited(&json!([])).to_string();
    let without = edited(&json!([{"op": "remove", "path": "/request/uid"}])).to_string();
    let empty =
        edited(&json!([{"op": "replace", "path": "/request/uid", "value": ""}])).to_string();
    let number =
        edited(&json!([{"op": "replace", "path": "/request/uid", "value": 5}])).to_string();
    let not_utf8 = [whole.as_bytes(), b"\xff"].concat();
    for body in [
        b"".as_slice(),
        b"null",
        b"[]",
        b"{}",
        b"{\"request\": null}",
        b"{\"request\": []}",
        b"{\"request\": {}}",
        b"{\"request\":",
        b"\xef\xbb\xbf{}",
        &not_utf8,
        without.as_bytes(),
        empty.as_bytes(),
        number.as_bytes(),
        "[".repeat(100_000).as_bytes(),
    ] {
        let shown = String::from_utf8_lossy(body).chars().take(50).collect::<String>();
        let error = respond(body, &validator(), StatusCodes::Documented).unwrap_err();
        assert_eq!((error.status().code, &*error.status().reason), (400, "BadRequest"), "{shown}");
        assert!(!error.to_string().is_empty() && !error.to_string().contains('\n'), "{shown}");
        assert!(restore(body, &validator()).is_err(), "{shown}");
    }
}

#[test]
fn request_error_says_what_is_wrong() {
    for (body, message) in [
        ("", "the review: must be JSON, and is not at line 1, column 1"),
        ("{\n  \"kind\" \"x\"}", "the review: must be JSON, and is not at line 2, column 10"),
        ("{\"kind\": tru}", "the review: must be JSON, and is not at line 1, column 10"),
        ("{} {}", "the review: must be JSON, and is not at line 1, column 4"),
        ("[]", "the review: must be an object, not a list"),
        ("{\"request\": null}", "request: must be an object, not null"),
        ("{}", "request.uid: must be set"),
        ("{\"request\": {\"uid\": 5}}", "request.uid: must be a string, not a number"),
    ] {
        let error = respond(body.as_bytes(), &validator(), StatusCodes::Documented).unwrap_err();
        assert_eq!(error.to_string(), message);
    }
}

/// An allowed review whose uid comes first, so that an answer is possible wherever the text ends.
#[test]
fn truncated_review_is_never_allowed() {
    let review = edited(&json!([]));
    let request = review["request"].as_object().unwrap();
    let mut fields = vec![format!("\"uid\":{}", request["uid"])];
    for (key, value) in request.iter().filter(|(key, _)| *key != "uid") {
        fields.push(format!("\"{key}\":{value}"));
    }
    let whole = format!(
        r#"{{"request":{{{}}},"kind":"AdmissionReview","apiVersion":"admission.k8s.io/v1"}}"#,
        fields.join(",")
    );
    let whole = whole.as_bytes();
    let respond = |text: &[u8]| respond(text, &validator(), StatusCodes::Documented);
    assert!(respond(whole).unwrap().is_allowed());
    assert!(!respond(&[whole, b" x"].concat()).unwrap().is_allowed(), "text after the end");
    let mut answers = 0;
    for end in 0..whole.len() {
        if let Ok(response) = respond(&whole[..end]) {
            assert!(!response.is_allowed(), "cut at {end}");
            answers += 1;
        }
    }
    assert!(answers > whole.len() / 2, "most have the uid, and so get an answer");
}

#[test]
fn body_limit_allows_two_jobs() {
    let mut limits = Limits::default();
    assert_eq!(body_limit(&limits), 7 * 1024 * 1024);
    limits.text_bytes = 10;
    let limit = body_limit(&limits);
    let validator = Validator::new(UpdatePolicy::admission().with_limits(limits));
    let error = respond(&vec![b' '; limit + 1], &validator, StatusCodes::Documented).unwrap_err();
    assert_eq!(
        (error.status().code, error.to_string()),
        (413, format!("Request entity too large: the review must be no longer than {limit} bytes"))
    );
    // The Jobs are longer than ten bytes.
    let body = edited(&json!([])).to_string();
    let response = respond(body.as_bytes(), &validator, StatusCodes::Documented).unwrap();
    assert_eq!(response.outcome(), Outcome::Error);
}

#[test]
fn duplicate_field_is_denied() {
    let body = edited(&json!([])).to_string();
    for (field, value) in [
        ("object", "{}"),
        ("oldObject", "null"),
        ("operation", "\"CREATE\""),
        ("subResource", "\"status\",\"subResource\":\"\""),
        ("resource", "{}"),
    ] {
        let twice =
            body.replacen("\"request\":{", &format!("\"request\":{{\"{field}\":{value},"), 1);
        let response = respond(twice.as_bytes(), &validator(), StatusCodes::Documented).unwrap();
        let status = response.status().unwrap();
        assert!(!response.is_allowed());
        assert_eq!(status.message, format!("request.{field}: the field is given twice"));
    }
}

/// Deep nesting must not overflow the stack, neither in a Job nor in a field that is skipped.
#[test]
fn deeply_nested_review_is_answered() {
    let deep = "[".repeat(100_000) + &"]".repeat(100_000);
    let body = edited(&json!([{"op": "replace", "path": "/request/options", "value": "DEEP"}]));
    let skipped = body.to_string().replace("\"DEEP\"", &deep);
    let response = respond(skipped.as_bytes(), &validator(), StatusCodes::Documented).unwrap();
    assert_eq!(response.outcome(), Outcome::Allowed);
    let patch = json!([{"op": "replace", "path": "/request/object/spec/queue", "value": "DEEP"}]);
    let read = edited(&patch).to_string().replace("\"DEEP\"", &deep);
    let response = respond(read.as_bytes(), &validator(), StatusCodes::Documented).unwrap();
    assert_eq!(response.outcome(), Outcome::Error);
}

#[test]
fn order_of_the_fields_does_not_matter() {
    let review = denied(&json!([]));
    let request = review["request"].as_object().unwrap();
    let mut keys: Vec<&String> = request.keys().collect();
    let first = answer(&review).to_json();
    for _ in 0..keys.len() {
        keys.rotate_left(1);
        for keys in [keys.clone(), keys.iter().rev().copied().collect()] {
            let fields: Vec<String> =
                keys.iter().map(|key| format!(" \"{key}\" : {}", request[*key])).collect();
            let body = format!(
                "{{\"request\":{{{}}}, \"apiVersion\":{}, \"kind\":{}}}\n",
                fields.join(",\n"),
                review["apiVersion"],
                review["kind"]
            );
            let response = respond(body.as_bytes(), &validator(), StatusCodes::Documented).unwrap();
            assert_eq!(response.to_json(), first);
        }
    }
}

#[test]
fn accessors_give_the_fields_of_the_review() {
    let body =
        edited(&json!([{"op": "add", "path": "/request/dryRun", "value": true}])).to_string();
    let review = AdmissionReview::from_slice(body.as_bytes(), &Limits::default()).unwrap();
    assert_eq!(review.uid(), "705ab4f5-6393-11e8-b7cc-42010a800002");
    assert_eq!((review.operation(), review.name()), ("UPDATE", "openmpi-hello-2-com"));
    assert_eq!((review.namespace(), review.is_dry_run()), ("cci-gpu", true));
    assert_eq!(review.existing().unwrap().to_value().unwrap(), job("documented-existing"));
    assert_eq!(review.replacement().unwrap().to_value().unwrap(), job("documented-replacement"));
}
