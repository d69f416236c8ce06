//! The answers to a PUT that fails.

use serde_json::{Value, json};
use volcano_job_apiserver::{ReplaceRequest, replace};
use volcano_job_update::status::Status;
use volcano_job_update::{Job, Validator};

use super::{URI, body, context, existing, permissive, put, put_as_server, put_edited};

/// An edit that makes a body invalid, with the code and a part of the message of the answer.
type Wrong = (fn(&mut Value), u16, &'static str);

#[test]
fn put_answers_denied_updates_with_documented_codes() {
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

#[test]
fn put_answers_the_first_error_in_server_order() {
    // Each edit is applied together with all later ones. The first one determines the answer.
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
        let status = put_as_server(|body| edits[first..].iter().for_each(|(edit, ..)| edit(body)));
        let status = status.unwrap_err();
        let (_, code, message) = edits[first];
        assert_eq!(status.code, code, "{status}");
        assert!(status.message.contains(message), "{status}");
    }
}

#[test]
fn put_rejects_invalid_metadata_with_kubernetes_messages() {
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
        (json!({"ownerReferences": [{"apiVersion": "v1", "kind": "A", "name": "b"}]}), "metadata.ownerReferences.uid",
            "Invalid value: \"\": must not be empty".into()),
        (json!({"ownerReferences": [{"kind": "A", "name": "b", "uid": "c"}]}), "metadata.ownerReferences.apiVersion",
            "Invalid value: \"\": version must not be empty".into()),
        (json!({"deletionTimestamp": "2019-07-11T10:00:00+02:00"}), "metadata.deletionTimestamp",
            r#"Invalid value: "2019-07-11T08:00:00Z": field is immutable"#.into()),
        (json!({"deletionGracePeriodSeconds": 0}), "metadata.deletionGracePeriodSeconds",
            "Invalid value: 0: field is immutable".into()),
    ] {
        let status = put_as_server(|body| {
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
fn put_rejects_long_annotations_and_bodies() {
    let status = put_as_server(|body| {
        body["metadata"]["annotations"] = json!({"a": "x".repeat(262_144)});
    });
    let status = status.unwrap_err();
    assert_eq!(
        status.message,
        "Job.batch.volcano.sh \"openmpi-hello-2-com\" is invalid: metadata.annotations: Too long: may \
         not be more than 262144 bytes"
    );
    // An API server checks annotations three times and lists the error each time.
    assert_eq!(status.details.unwrap().causes.len(), 3);
    let long = vec![b' '; 3_145_729];
    let status = put(&existing(), "", &long, &permissive()).unwrap_err();
    assert_eq!(
        (status.code, &*status.message),
        (413, "Request entity too large: limit is 3145728")
    );
}

#[test]
fn put_checks_the_resource_version() {
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
        let status = put_as_server(|body| body["metadata"]["resourceVersion"] = version.into());
        let status = status.unwrap_err();
        assert_eq!(status.code, code, "{version}");
        assert!(status.message.contains(message), "{status}");
    }
    let zeros = put_as_server(|body| body["metadata"]["resourceVersion"] = "0125597961".into());
    assert_eq!(zeros.unwrap().code(), 200);
}

#[test]
fn put_reports_mistyped_parts_as_schema_errors() {
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
        // Go reads an integer that does not fit an int64 as a float64.
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
        let status = put_as_server(|body| body["spec"] = spec.clone()).unwrap_err();
        let expected =
            format!("Job.batch.volcano.sh \"openmpi-hello-2-com\" is invalid: {message}");
        assert_eq!((status.code, status.message), (422, expected), "{spec}");
    }
    let stale = put_as_server(|body| {
        body["spec"] = json!(1);
        body["metadata"]["resourceVersion"] = "1".into();
    });
    assert_eq!(stale.unwrap_err().code, 409, "comes first");
}

#[test]
fn put_reports_unknown_and_duplicate_fields_by_field_validation() {
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
    let warned = put(&existing(), "", text.as_bytes(), &permissive()).unwrap_err();
    // The volume lacks the required mountPath.
    assert_eq!(warned.code, 400);
    let text = text.replace(r#""a":1,"a":1"#, r#""mountPath":"/","a":1,"a":1"#);
    let warned = put(&existing(), "", text.as_bytes(), &permissive()).unwrap();
    assert_eq!(warned.warnings(), errors);
    let strict = put(&existing(), "?fieldValidation=Strict", text.as_bytes(), &permissive());
    let expected = format!(
        "Job in version \"v1alpha1\" cannot be handled as a Job: strict decoding error: {}",
        errors.join(", ")
    );
    assert_eq!(strict.unwrap_err().message, expected);
    let ignored = put(&existing(), "?fieldValidation=Ignore", text.as_bytes(), &permissive());
    assert_eq!(ignored.unwrap().warnings(), [""; 0]);
}

/// A number beyond the range of a double is well-formed JSON, so only parsing detects it.
#[test]
fn put_reports_numbers_out_of_range_of_request_and_store() {
    let number = "json: cannot unmarshal number 1e999 into Go value of type float64";
    let (stored, sent) = (existing().to_string(), body().to_string());
    let fields = [
        (r#""replicas":1"#, r#""replicas":1e999"#),
        (r#""name":"openmpi-hello-2-com""#, r#""x":1e999,"name":"openmpi-hello-2-com""#),
    ];
    for (field, unreadable) in fields {
        let sent = sent.replacen(field, unreadable, 1);
        let status = put(&existing(), "", sent.as_bytes(), &permissive()).unwrap_err();
        let lead = "Job in version \"v1alpha1\" cannot be handled as a Job: ";
        assert_eq!((status.code, status.message), (400, format!("{lead}{number}")));
    }
    let status_field = (r#""status":{"#, r#""status":{"minAvailable":1e999,"#);
    for (field, unreadable) in fields.into_iter().chain([status_field]) {
        let stored = stored.replacen(field, unreadable, 1);
        let existing = Job::from_slice(stored.as_bytes()).unwrap();
        let request = ReplaceRequest::from_uri(URI, sent.as_bytes()).unwrap();
        let status =
            replace(Some(&existing), &request, &permissive(), &context()).unwrap_err().status;
        let lead = "Internal error occurred: ";
        assert_eq!((status.code, status.message), (500, format!("{lead}{number}")), "{field}");
    }
    let sent = sent.replacen(r#""batch.volcano.sh/v1alpha1""#, "1e999", 1);
    let status = put(&existing(), "", sent.as_bytes(), &permissive()).unwrap_err();
    let expected = "json: cannot unmarshal number into Go struct field .apiVersion of type string";
    assert!(status.message.contains(expected), "{status}");
}
