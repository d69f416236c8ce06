//! The answers to a PATCH.

use serde_json::{Value, json};
use volcano_job_apiserver::{PatchRequest, Response, patch};
use volcano_job_update::Job;
use volcano_job_update::status::{Status, StatusCodes};

use super::{URI, context, existing, permissive, stored};

fn patch_with(content_type: &str, patching: &Value) -> Result<Response, Status> {
    let (stored, body) = (existing().to_string(), patching.to_string());
    let existing = Job::from_slice(stored.as_bytes()).unwrap();
    let request = PatchRequest::from_uri(URI, content_type, body.as_bytes())?;
    let context = context().with_status_codes(StatusCodes::Kubernetes);
    Ok(patch(Some(&existing), &request, &permissive(), &context)?)
}

fn json_patch(patching: &Value) -> Result<Response, Status> {
    patch_with("application/json-patch+json", patching)
}

#[test]
fn patch_applies_operations_as_a_server_does() {
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
        let response = json_patch(&operations).unwrap();
        assert_eq!(stored(&response)["spec"]["tasks"][1]["replicas"], expected, "{operations}");
    }
    let merged = patch_with(
        "application/merge-patch+json; charset=utf-8",
        &json!({"metadata": {"labels": {"a": "b", "c": null}}, "spec": {"priorityClassName": null}}),
    );
    assert_eq!(stored(&merged.unwrap())["metadata"]["labels"], json!({"a": "b"}));
}

#[test]
fn patch_errors_match_a_server() {
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
            400,
            "the name of the object (x) does not match the name on the URL (openmpi-hello-2-com)",
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
        (copies_into_itself(), 413, "moves too many list elements or nests too deeply"),
        (moves_of_a_long_list(), 413, "moves too many list elements or nests too deeply"),
    ] {
        let status = json_patch(&operations).unwrap_err();
        assert_eq!(status.code, code, "{status}");
        assert!(status.message.contains(message), "{status}");
    }
    let status = patch_with("application/strategic-merge-patch+json", &json!({})).unwrap_err();
    assert_eq!((status.code, &*status.reason), (415, "UnsupportedMediaType"));
}

/// Each operation doubles the nesting depth of a list.
fn copies_into_itself() -> Value {
    let innermost = |depth: usize| format!("/spec/x{}/-", "/0".repeat(depth - 1));
    let mut operations = vec![json!({"op": "add", "path": "/spec/x", "value": [[]]})];
    for power in 1..12 {
        let path = innermost(1 << power);
        operations.push(json!({"op": "copy", "from": "/spec/x", "path": path}));
    }
    Value::Array(operations)
}

/// Each operation moves all elements of a list.
fn moves_of_a_long_list() -> Value {
    let long_list = json!({"op": "add", "path": "/spec/x", "value": vec![0; 100_000]});
    let to_the_end = json!({"op": "move", "from": "/spec/x/0", "path": "/spec/x/99999"});
    let moves = std::iter::repeat_n(to_the_end, 1100);
    std::iter::once(long_list).chain(moves).collect()
}
