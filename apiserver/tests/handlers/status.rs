//! PUT and PATCH of the status.

use serde_json::json;
use volcano_job_apiserver::{
    ErrorResponse, PatchRequest, StoreAction, patch, patch_status, replace_status,
};

use super::*;

/// Sends a PUT of the stored Job, edited, to the status of a Job, under the policy `documented`.
fn put_status(
    edit: impl FnOnce(&mut Value),
    context: &RequestContext,
) -> Result<Response, ErrorResponse> {
    let text = existing().to_string();
    let stored = Job::from_slice(text.as_bytes()).unwrap();
    let mut body = existing();
    edit(&mut body);
    let body = body.to_string();
    let request = ReplaceRequest::from_uri(&format!("{URI}/status"), body.as_bytes())?;
    replace_status(Some(&stored), &request, &Validator::default(), context)
}

#[test]
fn put_status_changes_nothing_else_and_asks_no_policy() {
    let response = put_status(
        |job| {
            job["status"] = json!({"state": {"phase": "Completed"}, "succeeded": 3});
            job["spec"]["queue"] = "another".into();
            job["spec"]["tasks"] = json!([]);
            job["metadata"]["labels"] = json!({"a": "b"});
            job["metadata"]["finalizers"] = json!(["example.com/a"]);
            job["metadata"]["generation"] = 9.into();
        },
        &context(),
    )
    .unwrap();
    assert!(response.review().is_none() && response.created_name().is_none());
    let (before, mut after) = (existing(), stored(&response));
    assert_eq!(after["status"], json!({"state": {"phase": "Completed"}, "succeeded": 3}));
    assert_eq!(after["metadata"]["resourceVersion"], "125620754");
    after["metadata"]["resourceVersion"] = before["metadata"]["resourceVersion"].clone();
    assert_eq!(after["metadata"], {
        let mut metadata = before["metadata"].clone();
        metadata.as_object_mut().unwrap().remove("selfLink");
        metadata
    });
    // Defaults of the schema are filled in when the stored Job is read.
    let mut spec = before["spec"].clone();
    spec["maxRetry"] = 3.into();
    for task in spec["tasks"].as_array_mut().unwrap() {
        task["template"]["spec"]["containers"][0]["ports"][0]["protocol"] = "TCP".into();
    }
    assert_eq!(after["spec"], spec);
}

#[test]
fn put_status_answers_with_documented_or_kubernetes_codes() {
    let edit = |job: &mut Value| job["status"]["running"] = json!(-1);
    let kubernetes = context().with_status_codes(StatusCodes::Kubernetes);
    let answers =
        [context(), kubernetes].map(|context| put_status(edit, &context).unwrap_err().status);
    assert_eq!(answers.each_ref().map(|status| status.code), [400, 422]);
    let [documented, kubernetes] = answers;
    assert_eq!(documented.message, kubernetes.message);
}

#[test]
fn put_status_shows_the_path_of_the_status_in_self_link() {
    let context = context().with_self_link();
    let response = put_status(|job| job["status"]["running"] = 7.into(), &context).unwrap();
    let answer: Value = serde_json::from_str(response.body()).unwrap();
    assert_eq!(answer["metadata"]["selfLink"], format!("{URI}/status"));
}

#[test]
fn a_status_and_a_job_are_not_confused() {
    let (text, body) = (existing().to_string(), body().to_string());
    let stored = Job::from_slice(text.as_bytes()).unwrap();
    let (validator, context) = (Validator::default(), context());
    for (uri, is_status) in [(URI.to_owned(), false), (format!("{URI}/status"), true)] {
        let put = ReplaceRequest::from_uri(&uri, body.as_bytes()).unwrap();
        let change = PatchRequest::from_uri(&uri, "application/merge-patch+json", b"{}").unwrap();
        assert_eq!((put.is_status(), change.is_status()), (is_status, is_status));
        let (put, change) = if is_status {
            (
                replace(Some(&stored), &put, &validator, &context),
                patch(Some(&stored), &change, &validator, &context),
            )
        } else {
            (
                replace_status(Some(&stored), &put, &validator, &context),
                patch_status(Some(&stored), &change, &validator, &context),
            )
        };
        for answer in [put, change] {
            assert_eq!(answer.unwrap_err().status.code, 404);
        }
    }
}

#[test]
fn status_of_no_job_is_404_also_where_a_put_creates() {
    let body = body().to_string();
    let request = ReplaceRequest::from_uri(&format!("{URI}/status"), body.as_bytes()).unwrap();
    let uid = "00000000-0000-0000-0000-000000000001".parse().unwrap();
    let context = context().with_creation(uid, "2019-07-11T08:09:41Z".parse().unwrap());
    let answer = replace_status(None, &request, &Validator::default(), &context);
    assert_eq!(answer.unwrap_err().status.code, 404);
}

#[test]
fn patch_status_does_not_apply_configurations() {
    let text = existing().to_string();
    let stored = Job::from_slice(text.as_bytes()).unwrap();
    let uri = format!("{URI}/status?dryRun=All&fieldManager=m");
    let body = br#"{"apiVersion":"batch.volcano.sh/v1alpha1","kind":"Job","status":{"running":1}}"#;
    let request = PatchRequest::from_uri(&uri, "application/apply-patch+yaml", body).unwrap();
    let answer = patch_status(Some(&stored), &request, &Validator::default(), &context());
    assert_eq!(answer.unwrap_err().status.code, 415);
    let request = PatchRequest::from_uri(&uri, "application/merge-patch+json", b"{}").unwrap();
    let answer = patch_status(Some(&stored), &request, &Validator::default(), &context()).unwrap();
    assert_eq!(answer.store_action(), StoreAction::Keep);
}
