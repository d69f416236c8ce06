//! Conversions to and from the types of kube-core.

#![expect(clippy::unwrap_used, reason = "a panic fails the test")]
#![expect(clippy::indexing_slicing, reason = "a value has `null` at an unknown key")]

use std::path::Path;

use kube_core::DynamicObject;
use kube_core::admission::{AdmissionResponse, AdmissionReview};
use serde_json::{Value, json};
use volcano_job_update::admission::{respond, restore};
use volcano_job_update::status::{CauseType, Status, StatusCause, StatusCodes};
use volcano_job_update::{UpdatePolicy, Validator};

fn statuses() -> Vec<Status> {
    let cause = StatusCause::new(CauseType::Forbidden, "spec.queue", "field is immutable");
    vec![
        Status::bad_request("x"),
        Status::invalid("a", vec![cause]),
        Status::conflict("a", "changed"),
        Status::internal_error("x"),
        Status::timeout("x", 3),
        Status::unknown_error("x"),
    ]
}

#[test]
fn status_survives_the_round_trip() {
    for status in statuses() {
        let theirs = kube_core::Status::from(status.clone());
        assert_eq!(Status::from(theirs.clone()), status);
        // kube-core has no kind, apiVersion and metadata.
        let mut ours = serde_json::to_value(&status).unwrap();
        for key in ["kind", "apiVersion", "metadata"] {
            ours.as_object_mut().unwrap().remove(key);
        }
        assert_eq!(serde_json::to_value(&theirs).unwrap(), ours);
    }
    let mut success = kube_core::Status::success();
    success.code = 200;
    assert_eq!(kube_core::Status::from(Status::from(success.clone())), success);
}

/// A review of an update that changes the queue and drops a creation default.
fn review() -> Vec<u8> {
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/jobs/documented-existing.json");
    let existing: Value = serde_json::from_slice(&std::fs::read(file).unwrap()).unwrap();
    let mut replacement = existing.clone();
    replacement["spec"]["queue"] = "other".into();
    replacement["spec"].as_object_mut().unwrap().remove("schedulerName");
    let of = |key: &str, what: &str| json!({"group": "batch.volcano.sh", "version": "v1alpha1", key: what});
    let request = json!({
        "uid": "705ab4f5",
        "kind": of("kind", "Job"),
        "resource": of("resource", "jobs"),
        "name": "openmpi-hello-2-com",
        "operation": "UPDATE",
        "userInfo": {},
        "object": replacement,
        "oldObject": existing
    });
    let review = json!({
        "apiVersion": "admission.k8s.io/v1", "kind": "AdmissionReview", "request": request
    });
    // kube-core must accept it as well.
    serde_json::from_value::<AdmissionReview<DynamicObject>>(review.clone()).unwrap();
    serde_json::to_vec(&review).unwrap()
}

#[test]
fn denial_is_the_same_in_both_types() {
    let validator = Validator::new(UpdatePolicy::admission());
    let response = respond(&review(), &validator, StatusCodes::Kubernetes).unwrap();
    let theirs = AdmissionResponse::from(response.clone());
    assert!(!theirs.allowed);
    assert_eq!(theirs.uid, "705ab4f5");
    assert_eq!(Status::from(theirs.result.clone()), *response.status().unwrap());
    assert_eq!(theirs.warnings.as_deref(), Some(response.warnings()));
    let sent: Value = serde_json::from_slice(&response.to_json()).unwrap();
    let theirs = serde_json::to_value(theirs.into_review()).unwrap();
    assert_eq!(theirs["kind"], sent["kind"]);
    assert_eq!(theirs["apiVersion"], sent["apiVersion"]);
    for key in ["uid", "allowed", "warnings", "auditAnnotations"] {
        assert_eq!(theirs["response"][key], sent["response"][key], "{key}");
    }
}

#[test]
fn patch_is_converted() {
    let validator = Validator::new(UpdatePolicy::admission());
    let response = restore(&review(), &validator).unwrap();
    let theirs = AdmissionResponse::from(response.clone());
    assert!(theirs.allowed && theirs.warnings.is_none());
    let patch: Value = serde_json::from_slice(theirs.patch.as_deref().unwrap()).unwrap();
    assert_eq!(patch, json!([{"op": "add", "path": "/spec/schedulerName", "value": "volcano"}]));
    let theirs = serde_json::to_value(&theirs).unwrap();
    assert_eq!(theirs["patchType"], "JSONPatch");
}
