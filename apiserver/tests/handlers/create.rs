//! POST.

use serde_json::json;
use volcano_job_apiserver::{CreateRequest, ErrorResponse, NameSuffix, StoreAction, create};

use super::*;

const JOBS: &str = "/apis/batch.volcano.sh/v1alpha1/namespaces/cci-gpu/jobs";
const UID: &str = "00000000-0000-0000-0000-000000000001";

fn create_context() -> RequestContext {
    let time = "2019-07-11T10:09:41.999+02:00".parse().unwrap();
    context().with_creation(UID.parse().unwrap(), time)
}

fn post(query: &str, body: &Value, context: &RequestContext) -> Result<Response, ErrorResponse> {
    let body = body.to_string();
    let request = CreateRequest::from_uri(&format!("{JOBS}{query}"), body.as_bytes())?;
    create(&request, &Validator::default(), context)
}

/// The documented body with another metadata.
fn body_with(metadata: Value) -> Value {
    let mut body = body();
    body["metadata"] = metadata;
    body
}

fn code_and_message(result: Result<Response, ErrorResponse>) -> (u16, String) {
    let status = result.unwrap_err().status;
    (status.code, status.message)
}

#[test]
fn post_creates_the_documented_job() {
    let body = body_with(json!({"name": "a", "uid": "other", "generation": 7}));
    let created = post("", &body, &create_context()).unwrap();
    assert_eq!((created.code(), created.created_name()), (201, Some("a")));
    assert!(matches!(created.store_action(), StoreAction::Create(_)));
    assert!(!created.has_generated_name() && created.review().is_none());
    assert_eq!(
        stored(&created)["metadata"],
        json!({
            "creationTimestamp": "2019-07-11T08:09:41Z", "generation": 1, "name": "a",
            "namespace": "cci-gpu", "resourceVersion": "125620754", "uid": UID,
        })
    );
    let dry = post("?dryRun=All", &body, &create_context()).unwrap();
    assert_eq!((dry.code(), dry.store_action()), (201, StoreAction::Keep));
}

#[test]
fn post_generates_a_name_of_at_most_63_bytes() {
    let suffix: NameSuffix = "x7z4k".parse().unwrap();
    let context = create_context().with_name_suffix(suffix);
    for (prefix, name) in [
        ("job-".to_owned(), "job-x7z4k".to_owned()),
        ("a".repeat(58), "a".repeat(58) + "x7z4k"),
        ("a".repeat(59), "a".repeat(58) + "x7z4k"),
    ] {
        let created = post("", &body_with(json!({"generateName": prefix})), &context).unwrap();
        assert_eq!((created.created_name(), created.has_generated_name()), (Some(&*name), true));
        assert_eq!(stored(&created)["metadata"]["name"], name);
    }
    // A character that does not fit is left out as a whole.
    let long = body_with(json!({"generateName": "a".repeat(57) + "é"}));
    let (code, message) = code_and_message(post("", &long, &context));
    assert_eq!(code, 400);
    assert!(message.contains(&("a".repeat(57) + "x7z4k\" is invalid")), "{message}");
}

#[test]
fn post_needs_a_uid_and_a_suffix() {
    let internal = |why: &str| (500, format!("Internal error occurred: {why}"));
    let named = body_with(json!({"name": "a"}));
    assert_eq!(
        code_and_message(post("", &named, &context())),
        internal("system metadata was not initialized")
    );
    let generated = body_with(json!({"generateName": "a-"}));
    assert_eq!(
        code_and_message(post("", &generated, &create_context())),
        internal("metadata.name was not generated")
    );
}

#[test]
fn post_answers_with_documented_or_kubernetes_codes() {
    let body = body_with(json!({}));
    let documented = post("", &body, &create_context());
    let kubernetes = create_context().with_status_codes(StatusCodes::Kubernetes);
    let kubernetes = post("", &body, &kubernetes);
    let [documented, kubernetes] = [documented, kubernetes].map(code_and_message);
    assert_eq!((documented.0, kubernetes.0), (400, 422));
    assert_eq!(documented.1, kubernetes.1);
}

#[test]
fn post_refuses_a_resource_version_unless_it_is_a_dry_run() {
    let body = body_with(json!({"name": "a", "resourceVersion": "7"}));
    let message = "resourceVersion should not be set on objects to be created";
    assert_eq!(code_and_message(post("", &body, &create_context())), (500, message.into()));
    let dry = post("?dryRun=All", &body, &create_context()).unwrap();
    assert!(dry.body().contains(r#""resourceVersion":"7""#));
}

#[test]
fn a_job_of_the_same_name_is_409() {
    let context = create_context().with_name_suffix(NameSuffix::from_random(0));
    let named = post("", &body_with(json!({"name": "a"})), &context).unwrap();
    let generated = post("", &body_with(json!({"generateName": "a-"})), &context).unwrap();
    let deleted = br#"{"metadata":{"name":"a","deletionTimestamp":"2019-07-11T08:09:41Z"}}"#;
    let [plain, deleted] = [br#"{"metadata":{"name":"a"}}"#.as_slice(), deleted]
        .map(|job| Job::from_slice(job).unwrap());
    for (response, existing, message, seconds) in [
        (&named, None, r#"jobs.batch.volcano.sh "a" already exists"#, 0),
        (&named, Some(&plain), r#"jobs.batch.volcano.sh "a" already exists"#, 0),
        (
            &named,
            Some(&deleted),
            r#"object is being deleted: jobs.batch.volcano.sh "a" already exists"#,
            0,
        ),
        (
            &generated,
            Some(&plain),
            r#"jobs.batch.volcano.sh "a-bbbbb" already exists, the server was not able to generate a unique name for the object"#,
            1,
        ),
    ] {
        let status = response.already_exists(existing);
        assert_eq!(
            (status.code, &*status.reason, &*status.message),
            (409, "AlreadyExists", message)
        );
        let details = status.details.unwrap();
        assert_eq!((&*details.kind, details.retry_after_seconds), ("jobs", seconds));
    }
}

#[test]
fn post_ignores_a_name_in_the_path_and_names_the_created_job_in_self_link() {
    let context = create_context().with_self_link();
    let body = body_with(json!({"name": "a"})).to_string();
    let request = CreateRequest::from_uri(&format!("{JOBS}/other"), body.as_bytes()).unwrap();
    let created = create(&request, &Validator::default(), &context).unwrap();
    assert_eq!(created.created_name(), Some("a"));
    let answer: Value = serde_json::from_str(created.body()).unwrap();
    assert_eq!(answer["metadata"]["selfLink"], format!("{JOBS}/a"));
    assert_eq!(stored(&created)["metadata"].get("selfLink"), None);
}

#[test]
fn post_is_for_jobs() {
    for (uri, code) in [
        ("/apis/batch.volcano.sh/v1alpha1/namespaces/n/pods", 404),
        ("/apis/batch/v1/namespaces/n/jobs", 404),
        ("/apis/batch.volcano.sh/v1alpha1/jobs", 404),
        ("/apis/batch.volcano.sh/v1alpha1/namespaces/n/jobs/a/scale", 404),
        ("/apis/batch.volcano.sh/v1alpha1/namespaces/n/jobs/a/status", 405),
        ("/apis/batch.volcano.sh/v1alpha1/namespaces/%ff/jobs", 400),
    ] {
        assert_eq!(CreateRequest::from_uri(uri, b"").unwrap_err().code, code, "{uri}");
    }
}
