//! DELETE.

use serde_json::json;
use volcano_job_apiserver::jiff::Timestamp;
use volcano_job_apiserver::{DeleteRequest, ErrorResponse, StoreAction, delete};

use super::*;

fn at(time: &str) -> RequestContext {
    context().with_time(time.parse::<Timestamp>().unwrap())
}

fn send(stored: &Value, query: &str, context: &RequestContext) -> Result<Response, ErrorResponse> {
    let stored = stored.to_string();
    let existing = Job::from_slice(stored.as_bytes()).unwrap();
    let request = DeleteRequest::from_uri(&format!("{URI}{query}"), b"")?;
    delete(Some(&existing), &request, &Validator::default(), context)
}

/// The documented Job with these metadata set.
fn existing_with(fields: &Value) -> Value {
    let mut job = existing();
    let metadata = job["metadata"].as_object_mut().unwrap();
    metadata.extend(fields.as_object().unwrap().clone());
    job
}

#[test]
fn delete_answers_with_a_status_that_has_the_uid() {
    let deleted = send(&existing(), "", &context()).unwrap();
    assert_eq!((deleted.code(), deleted.store_action()), (200, StoreAction::Delete));
    let status: Value = serde_json::from_str(deleted.body()).unwrap();
    assert_eq!(
        status,
        json!({
            "kind": "Status", "apiVersion": "v1", "metadata": {}, "status": "Success",
            "details": {
                "name": "openmpi-hello-2-com", "group": "batch.volcano.sh", "kind": "jobs",
                "uid": "3bdba739-a3b3-11e9-8865-501d93440997",
            },
        })
    );
    let dry = send(&existing(), "?dryRun=All", &context()).unwrap();
    assert_eq!((dry.body(), dry.store_action()), (deleted.body(), StoreAction::Keep));
}

#[test]
fn delete_marks_a_job_with_finalizers_once() {
    let guarded = existing_with(&json!({"finalizers": ["example.com/a"]}));
    let marked = send(&guarded, "", &at("2019-07-12T01:02:03.9Z")).unwrap();
    let job = stored(&marked);
    let metadata = &job["metadata"];
    assert_eq!(metadata["deletionTimestamp"], "2019-07-12T01:02:03Z");
    assert_eq!(metadata["deletionGracePeriodSeconds"], 0);
    assert_eq!(
        (&metadata["generation"], &metadata["resourceVersion"]),
        (&2.into(), &"125620754".into())
    );
    assert_eq!(
        (&job["spec"]["queue"], &job["status"]),
        (&guarded["spec"]["queue"], &guarded["status"])
    );

    let again = send(&job, "", &at("2019-07-13T00:00:00Z")).unwrap();
    assert_eq!((again.code(), again.store_action()), (200, StoreAction::Keep));
    assert_eq!(serde_json::from_str::<Value>(again.body()).unwrap(), job);
}

#[test]
fn delete_brings_forward_a_deletion_in_the_future() {
    let late = existing_with(&json!({
        "finalizers": ["example.com/a"], "deletionTimestamp": "2019-07-12T00:00:30Z",
        "deletionGracePeriodSeconds": 30,
    }));
    let marked = stored(&send(&late, "", &at("2019-07-12T00:00:10Z")).unwrap());
    assert_eq!(marked["metadata"]["deletionTimestamp"], "2019-07-12T00:00:10Z");
    assert_eq!(marked["metadata"]["deletionGracePeriodSeconds"], 0);
    assert_eq!(marked["metadata"]["generation"], 1);
    let marked = stored(&send(&late, "", &at("2019-07-12T00:01:00Z")).unwrap());
    assert_eq!(marked["metadata"]["deletionTimestamp"], "2019-07-12T00:00:30Z");
}

#[test]
fn delete_needs_a_clock_and_a_generation_only_to_mark() {
    let guarded = existing_with(&json!({"finalizers": ["example.com/a"]}));
    let error = send(&guarded, "", &context()).unwrap_err().status;
    assert_eq!((error.code, &*error.message), (500, "Internal error occurred: there is no clock"));

    let mut without = guarded.clone();
    without["metadata"].as_object_mut().unwrap().remove("generation");
    let marked = stored(&send(&without, "", &at("2019-07-12T00:00:00Z")).unwrap());
    assert_eq!(marked["metadata"]["generation"], 2);

    let last = existing_with(&json!({"finalizers": ["example.com/a"], "generation": i64::MAX}));
    assert_eq!(send(&last, "", &at("2019-07-12T00:00:00Z")).unwrap_err().status.code, 500);
}

#[test]
fn delete_answers_with_documented_or_kubernetes_codes() {
    let documented = send(&existing(), "?propagationPolicy=None", &context());
    let kubernetes = context().with_status_codes(StatusCodes::Kubernetes);
    let kubernetes = send(&existing(), "?propagationPolicy=None", &kubernetes);
    let codes = [documented, kubernetes].map(|answer| answer.unwrap_err().status.code);
    assert_eq!(codes, [400, 422]);
}

#[test]
fn delete_of_no_job_is_404_after_the_options_were_checked() {
    let answer = |query: &str| {
        let request = DeleteRequest::from_uri(&format!("{URI}{query}"), b"").unwrap();
        delete(None, &request, &Validator::default(), &context()).unwrap_err().status.code
    };
    assert_eq!((answer(""), answer("?dryRun=Some")), (404, 400));
    let long = vec![b' '; 3 * 1024 * 1024 + 1];
    let request = DeleteRequest::from_uri(URI, &long).unwrap();
    let answer = delete(None, &request, &Validator::default(), &context());
    assert_eq!(answer.unwrap_err().status.code, 413);
}

#[test]
fn delete_reads_options_of_the_body_or_else_of_the_query() {
    let text = existing().to_string();
    let existing = Job::from_slice(text.as_bytes()).unwrap();
    let uri = format!("{URI}?propagationPolicy=Orphan");
    for (body, is_deleted) in [("", false), ("{}", true)] {
        let request = DeleteRequest::from_uri(&uri, body.as_bytes()).unwrap();
        let context = at("2019-07-12T00:00:00Z");
        let response = delete(Some(&existing), &request, &Validator::default(), &context).unwrap();
        assert_eq!(response.store_action() == StoreAction::Delete, is_deleted, "{body}");
    }
}
