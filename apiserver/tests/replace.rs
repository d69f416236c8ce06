//! PUT and PATCH of the documented Job: the document's own answer, and each way to fail.

#![expect(clippy::unwrap_used, clippy::indexing_slicing, reason = "a panic here is a failed test")]

use std::path::Path;

use serde_json::{Value, json};
use volcano_job_apiserver::{
    Outcome, PatchRequest, ReplaceContext, ReplaceRequest, Replaced, patch, replace,
};
use volcano_job_update::status::{Status, StatusCodes};
use volcano_job_update::{DroppedDefaults, Job, JobSchema, UpdatePolicy, Validator};

const URI: &str = "/apis/batch.volcano.sh/v1alpha1/namespaces/cci-gpu/jobs/openmpi-hello-2-com";

fn read_json(path: &Path) -> Value {
    serde_json::from_slice(&std::fs::read(path).unwrap()).unwrap()
}

fn existing() -> Value {
    read_json(Path::new("../tests/jobs/documented-existing.json"))
}

fn body() -> Value {
    read_json(Path::new("../tests/jobs/documented-replacement.json"))
}

fn context() -> ReplaceContext {
    ReplaceContext::new("125620754")
}

/// Puts a body in the place of a Job that is stored.
fn put(
    stored: &Value,
    query: &str,
    body: &[u8],
    validator: &Validator,
) -> Result<Replaced, Status> {
    let stored = stored.to_string();
    let existing = Job::from_slice(stored.as_bytes()).unwrap();
    let uri = format!("{URI}{query}");
    replace(Some(&existing), &ReplaceRequest::from_uri(&uri, body)?, validator, &context())
}

/// Puts the documented body, changed, in the place of the documented Job.
fn put_edited(
    edit: impl FnOnce(&mut Value),
    query: &str,
    validator: &Validator,
) -> Result<Replaced, Status> {
    let mut body = body();
    edit(&mut body);
    put(&existing(), query, body.to_string().as_bytes(), validator)
}

fn kubernetes(edit: impl FnOnce(&mut Value)) -> Result<Replaced, Status> {
    let mut body = body();
    edit(&mut body);
    let (stored, body) = (existing().to_string(), body.to_string());
    let existing = Job::from_slice(stored.as_bytes()).unwrap();
    let request = ReplaceRequest::from_uri(URI, body.as_bytes())?;
    let context = context().with_status_codes(StatusCodes::Kubernetes);
    replace(Some(&existing), &request, &everything(), &context)
}

fn everything() -> Validator {
    Validator::new(UpdatePolicy::permissive())
}

fn patch_with(content_type: &str, patching: &Value) -> Result<Replaced, Status> {
    let (stored, body) = (existing().to_string(), patching.to_string());
    let existing = Job::from_slice(stored.as_bytes()).unwrap();
    let request = PatchRequest::from_uri(URI, content_type, body.as_bytes())?;
    let context = context().with_status_codes(StatusCodes::Kubernetes);
    patch(Some(&existing), &request, &everything(), &context)
}

fn json_patch(patching: &Value) -> Result<Replaced, Status> {
    patch_with("application/json-patch+json", patching)
}

fn stored(replaced: &Replaced) -> Value {
    serde_json::from_str(replaced.stored().unwrap()).unwrap()
}

/// The built-in schema without defaults, as the CRDs of Volcano had none when the document was
/// written.
fn without_defaults() -> JobSchema {
    fn strip(schema: &mut Value) {
        match schema {
            Value::Object(fields) => {
                fields.retain(|key, value| key != "default" || value.is_object());
                fields.values_mut().for_each(strip);
            }
            Value::Array(list) => list.iter_mut().for_each(strip),
            _ => {}
        }
    }
    let mut schema = read_json(Path::new("../schemas/job.openapi.json"));
    strip(&mut schema);
    JobSchema::from_crd(&schema).unwrap()
}

/// What the document prints: the existing Job with another version and generation, and the replicas.
fn documented_response() -> Value {
    let mut response = existing();
    response["metadata"]["resourceVersion"] = "125620754".into();
    response["metadata"]["generation"] = 2.into();
    response["spec"]["tasks"][1]["replicas"] = 2.into();
    response
}

#[test]
fn the_documented_request_has_the_documented_answer() {
    let (stored, body) = (existing().to_string(), body().to_string());
    let existing = Job::from_slice(stored.as_bytes()).unwrap();
    let validator = Validator::default().with_schema(without_defaults());
    let context = context().with_self_link();
    let answer = |query: &str| {
        let uri = format!("{URI}{query}");
        let request = ReplaceRequest::from_uri(&uri, body.as_bytes()).unwrap();
        replace(Some(&existing), &request, &validator, &context).unwrap()
    };
    let plain = answer("");
    assert_eq!((plain.code(), plain.outcome()), (200, Outcome::Replaced));
    let response: Value = serde_json::from_str(plain.response()).unwrap();
    assert_eq!(response, documented_response());
    assert_eq!(plain.response().lines().count(), 1);
    // What is stored has no link to itself.
    let mut without_link = documented_response();
    without_link["metadata"].as_object_mut().unwrap().remove("selfLink");
    assert_eq!(serde_json::from_str::<Value>(plain.stored().unwrap()).unwrap(), without_link);
    let changes = plain.review().unwrap().changes();
    assert_eq!(changes.len(), 1);
    assert_eq!(changes[0].path().to_string(), "spec.tasks[1].replicas");

    let pretty = answer("?pretty=true");
    assert_eq!(serde_json::from_str::<Value>(pretty.response()).unwrap(), response);
    assert!(pretty.response().starts_with("{\n  \"apiVersion\": \"batch.volcano.sh/v1alpha1\",\n"));
    assert_eq!(pretty.stored(), plain.stored());
}

#[test]
fn the_schema_of_today_fills_in_its_defaults() {
    let replaced = put_edited(|_| {}, "", &Validator::default()).unwrap();
    let mut expected = documented_response();
    expected["metadata"].as_object_mut().unwrap().remove("selfLink");
    expected["spec"]["maxRetry"] = 3.into();
    for task in 0..2 {
        let ports = "/template/spec/containers/0/ports/0";
        expected["spec"]["tasks"][task].pointer_mut(ports).unwrap()["protocol"] = "TCP".into();
    }
    assert_eq!(stored(&replaced), expected);
}

#[test]
fn the_documented_policy_forbids() {
    let validator = Validator::default();
    let research = |body: &mut Value| body["spec"]["queue"] = "research".into();
    let forbidden = put_edited(research, "", &validator).unwrap_err();
    assert_eq!((forbidden.code, &*forbidden.reason), (403, "Forbidden"));
    assert!(forbidden.message.contains("spec.queue: Forbidden: "), "{forbidden}");
    let malformed = put(&existing(), "", b"{", &validator).unwrap_err();
    assert_eq!((malformed.code, &*malformed.reason), (400, "BadRequest"));
    let invalid = |body: &mut Value| body["spec"]["tasks"][1]["replicas"] = (-1).into();
    let invalid = put_edited(invalid, "", &validator).unwrap_err();
    assert_eq!((invalid.code, &*invalid.reason), (400, "BadRequest"));
    assert_eq!(Status::unauthorized("").code, 401);
}

/// An edit that makes a body wrong, and the code and a part of the answer.
type Wrong = (fn(&mut Value), u16, &'static str);

#[test]
fn what_fails_first_is_answered() {
    // Each edit fails by itself; with all those behind it too, it is still the one that is answered.
    let edits: [Wrong; 8] = [
        (|b| b["kind"] = json!(""), 400, "Object 'Kind' is missing"),
        (|b| b["metadata"]["labels"] = json!({"a": 1}), 400, "ObjectMeta.labels of type string"),
        (|b| b["apiVersion"] = json!("batch/v1"), 400, "the API version in the data (batch/v1)"),
        (
            |b| b["metadata"]["namespace"] = json!("other"),
            400,
            "the namespace of the provided object",
        ),
        (|b| b["metadata"]["name"] = json!("other"), 400, "the name of the object (other)"),
        (
            |b| b["metadata"]["uid"] = json!("other"),
            409,
            "Precondition failed: UID in precondition: other",
        ),
        (|b| b["metadata"]["resourceVersion"] = json!("1"), 409, "the object has been modified"),
        (|b| b["spec"]["queue"] = json!("Not OK"), 422, "spec.queue in body should match"),
    ];
    for first in 0..edits.len() {
        let status = kubernetes(|body| edits[first..].iter().for_each(|(edit, ..)| edit(body)));
        let status = status.unwrap_err();
        let (_, code, message) = edits[first];
        assert_eq!(status.code, code, "{status}");
        assert!(status.message.contains(message), "{status}");
    }
}

#[test]
fn metadata_is_checked_word_by_word() {
    let rule = "must consist of alphanumeric characters, '-', '_' or '.', and must start and end with \
                an alphanumeric character (e.g. 'MyName',  or 'my.name',  or '123-abc', regex used for \
                validation is '([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]')";
    for (metadata, field, message) in [
        (json!({"labels": {"-": "a"}}), "metadata.labels", format!("Invalid value: \"-\": name part {rule}")),
        (json!({"annotations": {"/a": ""}}), "metadata.annotations", "Invalid value: \"/a\": prefix part must be non-empty".into()),
        (json!({"generateName": "a%"}), "metadata.generateName", "Invalid value: \"a%\": may not contain '%'".into()),
        (json!({"finalizers": ["a/"]}), "metadata.finalizers", "Invalid value: \"a/\": name part must be non-empty".into()),
        (json!({"finalizers": ["orphan", "foregroundDeletion"]}), "metadata.finalizers",
            r#"Invalid value: ["orphan","foregroundDeletion"]: finalizer orphan and foregroundDeletion cannot be both set"#.into()),
        (json!({"ownerReferences": [{"apiVersion": "v1", "kind": "A", "name": "b"}]}), "metadata.ownerReferences[0].uid",
            "Required value: must not be empty".into()),
        (json!({"deletionTimestamp": "2019-07-11T10:00:00+02:00"}), "metadata.deletionTimestamp",
            r#"Invalid value: "2019-07-11T08:00:00Z": field is immutable"#.into()),
        (json!({"deletionGracePeriodSeconds": 0}), "metadata.deletionGracePeriodSeconds",
            "Invalid value: 0: field is immutable".into()),
    ] {
        let status = kubernetes(|body| {
            let fields = metadata.as_object().unwrap().clone();
            body["metadata"].as_object_mut().unwrap().extend(fields);
        });
        let status = status.unwrap_err();
        assert_eq!(status.code, 422, "{metadata}");
        let causes = status.details.unwrap().causes;
        let cause = &causes[0];
        assert_eq!((&*cause.field, &*cause.message), (field, &*message), "{metadata}");
    }
}

#[test]
fn what_is_too_long_is_denied() {
    let status = kubernetes(|body| {
        body["metadata"]["annotations"] = json!({"a": "x".repeat(262_144)});
    });
    let status = status.unwrap_err();
    assert_eq!(
        status.message,
        "Job.batch.volcano.sh \"openmpi-hello-2-com\" is invalid: metadata.annotations: Too long: may \
         not be more than 262144 bytes"
    );
    // It is found three times, and listed as often.
    assert_eq!(status.details.unwrap().causes.len(), 3);
    let long = vec![b' '; 3_145_729];
    let status = put(&existing(), "", &long, &everything()).unwrap_err();
    assert_eq!(
        (status.code, &*status.message),
        (413, "Request entity too large: limit is 3145728")
    );
}

#[test]
fn resource_versions_are_numbers() {
    for (version, code, message) in [
        (
            "",
            422,
            "jobs.batch.volcano.sh \"openmpi-hello-2-com\" is invalid: metadata.resourceVersion: Invalid value: 0: must be specified for an update",
        ),
        ("0", 422, "must be specified for an update"),
        ("-1", 500, "strconv.ParseUint: parsing \"-1\": invalid syntax"),
        ("+1", 500, "strconv.ParseUint: parsing \"+1\": invalid syntax"),
        (
            "18446744073709551616",
            500,
            "strconv.ParseUint: parsing \"18446744073709551616\": value out of range",
        ),
        ("125597962", 409, "the object has been modified"),
    ] {
        let status = kubernetes(|body| body["metadata"]["resourceVersion"] = version.into());
        let status = status.unwrap_err();
        assert_eq!(status.code, code, "{version}");
        assert!(status.message.contains(message), "{status}");
    }
    let zeros = kubernetes(|body| body["metadata"]["resourceVersion"] = "0125597961".into());
    assert_eq!(zeros.unwrap().code(), 200);
}

#[test]
fn the_generation_counts_what_differs_in_structure() {
    for (queue, replicas, raised) in [
        // The stored Job lacks the defaults, which the server adds when it reads it.
        (json!("default"), json!(1), false),
        (json!(null), json!(1), false),
        (json!("research"), json!(1), true),
        // Another kind of number.
        (json!("default"), json!(1.0), true),
    ] {
        let replaced = kubernetes(|body| {
            body["spec"]["queue"] = queue.clone();
            body["spec"]["tasks"][1]["replicas"] = replicas.clone();
        });
        let stored = stored(&replaced.unwrap());
        let generation = if raised { 2 } else { 1 };
        assert_eq!(stored["metadata"]["generation"], generation, "{queue} {replicas}");
        assert_eq!(stored["spec"]["tasks"][1]["replicas"], 1);
    }
}

#[test]
fn what_the_client_has_no_say_in_stays() {
    let mut before = existing();
    before["metadata"]["managedFields"] = json!([{"manager": "a", "operation": "Update"}]);
    let mut body = body();
    let metadata = body["metadata"].as_object_mut().unwrap();
    metadata.insert("creationTimestamp".into(), json!("2000-01-01T00:00:00Z"));
    metadata.insert("generation".into(), json!(9));
    metadata.insert("selfLink".into(), json!("/x"));
    metadata.insert("managedFields".into(), json!([{"manager": "b", "operation": "Update"}]));
    let text = body.to_string();
    let after = stored(&put(&before, "", text.as_bytes(), &Validator::default()).unwrap());
    assert_eq!(after["metadata"]["creationTimestamp"], "2019-07-11T08:09:41Z");
    assert_eq!(after["metadata"]["uid"], before["metadata"]["uid"]);
    assert_eq!(after["metadata"]["generation"], 2);
    assert_eq!(after["metadata"]["managedFields"], before["metadata"]["managedFields"]);
    assert_eq!(after["metadata"].get("selfLink"), None);
    assert_eq!(after["status"], before["status"]);

    body["metadata"]["managedFields"] = json!([{}]);
    let text = body.to_string();
    let after = stored(&put(&before, "", text.as_bytes(), &Validator::default()).unwrap());
    assert_eq!(after["metadata"].get("managedFields"), None, "reset");
}

#[test]
fn dropped_defaults_are_put_back_where_the_policy_says_so() {
    let policy = UpdatePolicy::documented().with_dropped_defaults(DroppedDefaults::Restore);
    let validator = Validator::new(policy);
    let drop = |body: &mut Value| {
        body["spec"].as_object_mut().unwrap().remove("schedulerName");
    };
    let replaced = put_edited(drop, "", &validator).unwrap();
    assert_eq!(stored(&replaced)["spec"]["schedulerName"], "volcano");
    let denied = put_edited(drop, "", &Validator::default()).unwrap_err();
    assert_eq!(denied.code, 403);
}

#[test]
fn unknown_and_double_fields_are_told_or_denied() {
    let text = body().to_string().replacen(
        r#""queue":"default""#,
        r#""queue":"research","queue":"default","qeue":"","volumes":[{"a":1,"a":1}]"#,
        1,
    );
    let errors = [
        "duplicate field \"spec.queue\"",
        "duplicate field \"spec.volumes[0].a\"",
        "unknown field \"spec.qeue\"",
        "unknown field \"spec.volumes[0].a\"",
    ];
    let warned = put(&existing(), "", text.as_bytes(), &everything()).unwrap_err();
    // A volume has no mountPath, which is required.
    assert_eq!(warned.code, 400);
    let text = text.replace(r#""a":1,"a":1"#, r#""mountPath":"/","a":1,"a":1"#);
    let warned = put(&existing(), "", text.as_bytes(), &everything()).unwrap();
    assert_eq!(warned.warnings(), errors);
    let strict = put(&existing(), "?fieldValidation=Strict", text.as_bytes(), &everything());
    let expected = format!(
        "Job in version \"v1alpha1\" cannot be handled as a Job: strict decoding error: {}",
        errors.join(", ")
    );
    assert_eq!(strict.unwrap_err().message, expected);
    let ignored = put(&existing(), "?fieldValidation=Ignore", text.as_bytes(), &everything());
    assert_eq!(ignored.unwrap().warnings(), [""; 0]);
}

#[test]
fn parts_of_another_type_are_errors_by_the_schema() {
    for (spec, message) in [
        (
            json!("x"),
            "spec: Invalid value: \"string\": spec in body must be of type object: \"string\"",
        ),
        (
            json!({"tasks": {}}),
            "spec.tasks: Invalid value: \"object\": spec.tasks in body must be of type array: \"object\"",
        ),
        (
            json!({"tasks": [1]}),
            "spec.tasks[0]: Invalid value: \"integer\": spec.tasks[0] in body must be of type object: \"integer\"",
        ),
        // Go reads what fits no int64 as a double.
        (
            json!({"tasks": [9_223_372_036_854_775_808_u64]}),
            "spec.tasks[0]: Invalid value: \"number\": spec.tasks[0] in body must be of type object: \"number\"",
        ),
        (
            json!({"maxRetry": true}),
            "spec.maxRetry: Invalid value: \"\": spec.maxRetry in body must be of type int32: \"\"",
        ),
        (
            json!({"maxRetry": 3_000_000_000_u64}),
            "<nil>: Invalid value: \"\": Checked value must be of type integer with format int32 in spec.maxRetry",
        ),
        (
            json!({"plugins": {"ssh": ["a", 1]}}),
            "spec.plugins.ssh[1]: Invalid value: \"integer\": spec.plugins.ssh[1] in body must be of type string: \"integer\"",
        ),
    ] {
        let status = kubernetes(|body| body["spec"] = spec.clone()).unwrap_err();
        let expected =
            format!("Job.batch.volcano.sh \"openmpi-hello-2-com\" is invalid: {message}");
        assert_eq!((status.code, status.message), (422, expected), "{spec}");
    }
    let stale = kubernetes(|body| {
        body["spec"] = json!(1);
        body["metadata"]["resourceVersion"] = "1".into();
    });
    assert_eq!(stale.unwrap_err().code, 409, "comes first");
}

#[test]
fn a_job_that_loses_its_last_finalizer_while_deleted_is_deleted() {
    let mut before = existing();
    before["metadata"]["deletionTimestamp"] = json!("2019-07-12T00:00:00Z");
    before["metadata"]["deletionGracePeriodSeconds"] = json!(0);
    before["metadata"]["finalizers"] = json!(["example.com/a"]);
    let text = body().to_string();
    let deleted = put(&before, "", text.as_bytes(), &everything()).unwrap();
    assert_eq!((deleted.outcome(), deleted.code()), (Outcome::Deleted, 200));
    assert_eq!(deleted.stored(), None);
    let response: Value = serde_json::from_str(deleted.response()).unwrap();
    assert_eq!(response["metadata"]["resourceVersion"], "125597961");
    assert_eq!(response["metadata"]["deletionTimestamp"], "2019-07-12T00:00:00Z");

    let dry = put(&before, "?dryRun=All", text.as_bytes(), &everything()).unwrap();
    assert_eq!((dry.outcome(), dry.stored()), (Outcome::Unchanged, None));
}

#[test]
fn nothing_stored_is_not_found_or_created() {
    let text = body().to_string();
    let request = ReplaceRequest::from_uri(URI, text.as_bytes()).unwrap();
    let validator = Validator::default();
    let status = replace(None, &request, &validator, &context()).unwrap_err();
    assert_eq!((status.code, &*status.reason), (404, "NotFound"));

    let create = context().with_creation("u", "2019-07-11T08:09:41Z");
    let created = replace(None, &request, &validator, &create).unwrap();
    assert_eq!((created.code(), created.outcome()), (201, Outcome::Created));
    let job = stored(&created);
    assert_eq!(
        job["metadata"],
        json!({
            "creationTimestamp": "2019-07-11T08:09:41Z", "generation": 1,
            "name": "openmpi-hello-2-com", "namespace": "cci-gpu", "resourceVersion": "125620754",
            "uid": "u",
        })
    );
    assert_eq!(job.get("status"), None, "nobody but a controller writes the status");
    assert_eq!(job["spec"]["maxRetry"], 3);

    let invalid = text.replace(r#""queue":"default""#, r#""queue":"Not OK""#);
    let request = ReplaceRequest::from_uri(URI, invalid.as_bytes()).unwrap();
    assert_eq!(replace(None, &request, &validator, &create).unwrap_err().code, 400);
}

#[test]
fn patches_are_applied_as_the_server_applies_them() {
    let replicas = "/spec/tasks/1/replicas";
    for (operations, expected) in [
        (json!([{"op": "replace", "path": replicas, "value": 2}]), 2),
        (json!([{"op": "replace", "path": "/spec/tasks/-1/replicas", "value": 3}]), 3),
        (
            json!([{"op": "test", "path": "/spec/nope", "value": null}, {"op": "add", "path": replicas, "value": 4}]),
            4,
        ),
        (json!([{"op": "copy", "from": "/spec/minAvailable", "path": replicas}]), 2),
        (
            json!([{"op": "add", "path": "/metadata/annotations", "value": {"a~b/c": "d"}},
                {"op": "test", "path": "/metadata/annotations/a~0b~1c", "value": "d"},
                {"op": "remove", "path": "/metadata/annotations"},
                {"op": "move", "from": replicas, "path": "/spec/tasks/0/replicas"},
                {"op": "add", "path": replicas, "value": 5}]),
            5,
        ),
    ] {
        let replaced = json_patch(&operations).unwrap();
        assert_eq!(stored(&replaced)["spec"]["tasks"][1]["replicas"], expected, "{operations}");
    }
    let merged = patch_with(
        "application/merge-patch+json; charset=utf-8",
        &json!({"metadata": {"labels": {"a": "b", "c": null}}, "spec": {"priorityClassName": null}}),
    );
    assert_eq!(stored(&merged.unwrap())["metadata"]["labels"], json!({"a": "b"}));
}

#[test]
fn patches_that_fail_say_what_the_server_says() {
    let generic = "the server rejected our request due to an error in our request";
    let many = Value::Array(vec![json!({"op": "test", "path": "/kind", "value": "Job"}); 10_001]);
    let tasks = json!({"op": "copy", "from": "/spec", "path": "/spec/tasks/-"});
    let growing = Value::Array(vec![tasks; 40]);
    for (operations, code, message) in [
        (json!([{"op": "test", "path": "/spec/queue", "value": "x"}]), 422, generic),
        (json!([{"op": "remove", "path": "/spec/nope"}]), 422, generic),
        (json!([{"op": "replace", "path": "/spec/nope/deeper", "value": 1}]), 422, generic),
        (json!([{"op": "add", "path": "/spec/tasks/9", "value": 1}]), 422, generic),
        (json!([{"op": "fly", "path": "/spec"}]), 422, generic),
        (json!([{"path": "/spec"}]), 422, generic),
        (growing, 422, generic),
        (
            many,
            413,
            "Request entity too large: The allowed maximum operations in a JSON patch is 10000, got 10001",
        ),
        (
            json!({}),
            400,
            "error decoding patch: json: cannot unmarshal object into Go value of type []handlers.jsonPatchOp",
        ),
        (
            json!([1]),
            400,
            "error decoding patch: json: cannot unmarshal number into Go value of type handlers.jsonPatchOp",
        ),
        (
            json!([{"op": "replace", "path": "/metadata/uid", "value": "x"}]),
            422,
            "metadata.uid: Invalid value: \"x\": field is immutable",
        ),
        (
            json!([{"op": "replace", "path": "/metadata/name", "value": "x"}]),
            422,
            "Job.batch.volcano.sh \"x\" is invalid: metadata.name: Invalid value: \"x\": field is immutable",
        ),
        (
            json!([{"op": "replace", "path": "/metadata/namespace", "value": "x"}]),
            400,
            "the namespace of the provided object does not match",
        ),
        (
            json!([{"op": "replace", "path": "/metadata/resourceVersion", "value": "1"}]),
            409,
            "the object has been modified",
        ),
        (
            json!([{"op": "replace", "path": "/metadata/labels", "value": 1}]),
            422,
            "\"\" is invalid: patch: Invalid value: ",
        ),
    ] {
        let status = json_patch(&operations).unwrap_err();
        assert_eq!(status.code, code, "{status}");
        assert!(status.message.contains(message), "{status}");
    }
    let status = patch_with("application/strategic-merge-patch+json", &json!({})).unwrap_err();
    assert_eq!((status.code, &*status.reason), (415, "UnsupportedMediaType"));
}

#[test]
fn an_existing_job_need_not_be_written_as_the_server_writes_it() {
    let text = serde_json::to_string_pretty(&existing()).unwrap();
    let pretty = Job::from_slice(text.as_bytes()).unwrap();
    let value = existing();
    let from_value = Job::from_value(&value).unwrap();
    let compact = existing().to_string();
    let compact = Job::from_slice(compact.as_bytes()).unwrap();
    let body = body().to_string();
    let request = ReplaceRequest::from_uri(URI, body.as_bytes()).unwrap();
    let answers = [pretty, from_value, compact].map(|existing| {
        let replaced =
            replace(Some(&existing), &request, &Validator::default(), &context()).unwrap();
        replaced.into_parts()
    });
    assert_eq!(answers[0], answers[1]);
    assert_eq!(answers[0], answers[2]);
}
