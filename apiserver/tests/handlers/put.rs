//! The answers to a PUT that succeeds.

use std::path::Path;

use serde_json::{Value, json};
use volcano_job_apiserver::{PatchRequest, ReplaceRequest, StoreAction, replace};
use volcano_job_update::{DroppedDefaults, Job, JobSchema, UpdatePolicy, Validator};

use super::{
    URI, body, context, existing, permissive, put, put_as_server, put_edited, read_json, stored,
};

/// The built-in schema without defaults: Volcano's CRD had none when the documentation was written.
fn schema_without_defaults() -> JobSchema {
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

/// The documented response: the existing Job with another resourceVersion, generation and replicas.
fn documented_response() -> Value {
    let mut response = existing();
    response["metadata"]["resourceVersion"] = "125620754".into();
    response["metadata"]["generation"] = 2.into();
    response["spec"]["tasks"][1]["replicas"] = 2.into();
    response
}

#[test]
fn put_answers_the_documented_request_as_documented() {
    let (text, body) = (existing().to_string(), body().to_string());
    let existing = Job::from_slice(text.as_bytes()).unwrap();
    let validator = Validator::default().with_schema(schema_without_defaults());
    let context = context().with_self_link();
    let answer = |query: &str| {
        let uri = format!("{URI}{query}");
        let request = ReplaceRequest::from_uri(&uri, body.as_bytes()).unwrap();
        replace(Some(&existing), &request, &validator, &context).unwrap()
    };
    let plain = answer("");
    assert_eq!(plain.code(), 200);
    let body: Value = serde_json::from_str(plain.body()).unwrap();
    assert_eq!(body, documented_response());
    assert_eq!(plain.body().lines().count(), 1);
    // The selfLink is not stored.
    let mut without_link = documented_response();
    without_link["metadata"].as_object_mut().unwrap().remove("selfLink");
    assert!(matches!(plain.store_action(), StoreAction::Update(_)));
    assert_eq!(stored(&plain), without_link);
    let changes = plain.review().unwrap().changes();
    assert_eq!(changes.len(), 1);
    assert_eq!(changes[0].path().to_string(), "spec.tasks[1].replicas");

    let pretty = answer("?pretty=true");
    assert_eq!(serde_json::from_str::<Value>(pretty.body()).unwrap(), body);
    assert!(pretty.body().starts_with("{\n  \"apiVersion\": \"batch.volcano.sh/v1alpha1\",\n"));
    assert_eq!(pretty.store_action(), plain.store_action());
}

#[test]
fn put_fills_in_schema_defaults() {
    let response = put_edited(|_| {}, "", &Validator::default()).unwrap();
    let mut expected = documented_response();
    expected["metadata"].as_object_mut().unwrap().remove("selfLink");
    expected["spec"]["maxRetry"] = 3.into();
    for task in 0..2 {
        let ports = "/template/spec/containers/0/ports/0";
        expected["spec"]["tasks"][task].pointer_mut(ports).unwrap()["protocol"] = "TCP".into();
    }
    assert_eq!(stored(&response), expected);
}

#[test]
fn put_raises_the_generation_if_values_differ() {
    for (queue, replicas, raised) in [
        // The stored Job lacks the defaults, which a server adds when it reads it.
        (json!("default"), json!(1), false),
        (json!(null), json!(1), false),
        (json!("research"), json!(1), true),
        // Go compares an int64 with a float64.
        (json!("default"), json!(1.0), true),
    ] {
        let response = put_as_server(|body| {
            body["spec"]["queue"] = queue.clone();
            body["spec"]["tasks"][1]["replicas"] = replicas.clone();
        });
        let stored = stored(&response.unwrap());
        let generation = if raised { 2 } else { 1 };
        assert_eq!(stored["metadata"]["generation"], generation, "{queue} {replicas}");
        assert_eq!(stored["spec"]["tasks"][1]["replicas"], 1);
    }
}

#[test]
fn put_keeps_server_managed_metadata_and_status() {
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
fn put_restores_dropped_defaults_if_the_policy_says_so() {
    let policy = UpdatePolicy::documented().with_dropped_defaults(DroppedDefaults::Restore);
    let validator = Validator::new(policy);
    let drop = |body: &mut Value| {
        body["spec"].as_object_mut().unwrap().remove("schedulerName");
    };
    let response = put_edited(drop, "", &validator).unwrap();
    assert_eq!(stored(&response)["spec"]["schedulerName"], "volcano");
    let denied = put_edited(drop, "", &Validator::default()).unwrap_err();
    assert_eq!(denied.code, 403);
}

#[test]
fn put_deletes_a_job_that_loses_its_last_finalizer() {
    let mut before = existing();
    before["metadata"]["deletionTimestamp"] = json!("2019-07-12T00:00:00Z");
    before["metadata"]["deletionGracePeriodSeconds"] = json!(0);
    before["metadata"]["finalizers"] = json!(["example.com/a"]);
    let text = body().to_string();
    let deleted = put(&before, "", text.as_bytes(), &permissive()).unwrap();
    assert_eq!((deleted.store_action(), deleted.code()), (StoreAction::Delete, 200));
    let body: Value = serde_json::from_str(deleted.body()).unwrap();
    assert_eq!(body["metadata"]["resourceVersion"], "125597961");
    assert_eq!(body["metadata"]["deletionTimestamp"], "2019-07-12T00:00:00Z");

    let dry = put(&before, "?dryRun=All", text.as_bytes(), &permissive()).unwrap();
    assert_eq!(dry.store_action(), StoreAction::Keep);
}

#[test]
fn put_without_a_stored_job_is_404_or_creates() {
    let text = body().to_string();
    let request = ReplaceRequest::from_uri(URI, text.as_bytes()).unwrap();
    let validator = Validator::default();
    let status = replace(None, &request, &validator, &context()).unwrap_err().status;
    assert_eq!((status.code, &*status.reason), (404, "NotFound"));

    let uid = "00000000-0000-0000-0000-000000000001";
    let time = "2019-07-11T10:09:41.999+02:00".parse().unwrap();
    let create = context().with_creation(uid.parse().unwrap(), time);
    let created = replace(None, &request, &validator, &create).unwrap();
    assert_eq!(created.code(), 201);
    assert!(matches!(created.store_action(), StoreAction::Create(_)));
    let job = stored(&created);
    assert_eq!(
        job["metadata"],
        json!({
            "creationTimestamp": "2019-07-11T08:09:41Z", "generation": 1,
            "name": "openmpi-hello-2-com", "namespace": "cci-gpu", "resourceVersion": "125620754",
            "uid": uid,
        })
    );
    assert_eq!(job.get("status"), None, "nobody but a controller writes the status");
    assert_eq!(job["spec"]["maxRetry"], 3);

    let invalid = text.replace(r#""queue":"default""#, r#""queue":"Not OK""#);
    let request = ReplaceRequest::from_uri(URI, invalid.as_bytes()).unwrap();
    assert_eq!(replace(None, &request, &validator, &create).unwrap_err().status.code, 400);
}

#[test]
fn put_does_not_depend_on_the_spelling_of_the_stored_job() {
    let text = serde_json::to_string_pretty(&existing()).unwrap();
    let pretty = Job::from_slice(text.as_bytes()).unwrap();
    let value = existing();
    let from_value = Job::from_value(&value).unwrap();
    let compact = existing().to_string();
    let compact = Job::from_slice(compact.as_bytes()).unwrap();
    let body = body().to_string();
    let request = ReplaceRequest::from_uri(URI, body.as_bytes()).unwrap();
    let answers = [pretty, from_value, compact].map(|existing| {
        let response =
            replace(Some(&existing), &request, &Validator::default(), &context()).unwrap();
        (response.store_action().job().map(str::to_owned), response.into_body())
    });
    assert_eq!(answers[0], answers[1]);
    assert_eq!(answers[0], answers[2]);
}

/// Volcano's webhook gets both Jobs from the API server: with the defaults of the schema, without nulls and
/// unknown fields, and with numbers as Go writes them.
#[test]
fn put_asks_volcano_about_what_a_server_reads_and_writes() {
    let volcano = Validator::new(UpdatePolicy::volcano());
    let port = |protocol: Value| json!([{"containerPort": 22, "protocol": protocol}]);
    let with_ports = |ports: Value| {
        let mut job = existing();
        job["spec"]["tasks"][0]["template"]["spec"]["containers"][0]["ports"] = ports;
        job
    };
    let absent = json!([{"containerPort": 22}]);
    for (stored, sent, is_allowed) in [
        (&absent, &port("TCP".into()), true),
        (&port("TCP".into()), &absent, true),
        (&port("TCP".into()), &port(Value::Null), true),
        (&absent, &json!([{"containerPort": 22.0}]), true),
        (&json!([{"containerPort": 22, "unknown": 1}]), &absent, true),
        (&absent, &json!([{"containerPort": 22, "unknown": 1}]), true),
        (&absent, &port("UDP".into()), false),
        (&absent, &json!([{"containerPort": 23.0}]), false),
    ] {
        let (stored, sent) = (with_ports(stored.clone()), with_ports(sent.clone()));
        let result = put(&stored, "", sent.to_string().as_bytes(), &volcano);
        assert_eq!(result.is_ok(), is_allowed, "{sent}: {result:?}");
    }
    // A null in a map is dropped, which removes the plugin.
    let result = put_edited(|job| job["spec"]["plugins"]["svc"] = Value::Null, "", &volcano);
    assert_eq!(result.unwrap_err().code, 403);
}

#[test]
fn put_restores_dropped_defaults_of_a_body_with_duplicates() {
    let policy = UpdatePolicy::permissive().with_dropped_defaults(DroppedDefaults::Restore);
    let mut body = body();
    body["spec"].as_object_mut().unwrap().remove("schedulerName");
    let text = body.to_string().replacen(r#""image":"#, r#""image":"x","image":"#, 1);
    let response = put(&existing(), "", text.as_bytes(), &Validator::new(policy)).unwrap();
    assert_eq!(stored(&response)["spec"]["schedulerName"], "volcano");
    let duplicate = r#"duplicate field "spec.tasks[0].template.spec.containers[0].image""#;
    assert_eq!(response.warnings().first().map(String::as_str), Some(duplicate));
}

#[test]
fn debug_does_not_show_the_job() {
    let request = ReplaceRequest::from_uri(URI, br#"{"secret": 1}"#).unwrap();
    let patch = PatchRequest::from_uri(URI, "application/merge-patch+json", br#"{"secret": 1}"#);
    let response =
        put_edited(|job| job["metadata"]["labels"] = json!({"secret": "a"}), "", &permissive());
    let response = response.unwrap();
    assert!(response.body().contains("secret"));
    let shown = format!("{request:?} {:?} {response:?}", patch.unwrap());
    assert!(!shown.contains("secret") && !shown.contains("115, 101"), "{shown}");
    assert!(shown.contains("openmpi-hello-2-com") && shown.contains("200"), "{shown}");
}

/// Only a dry run answers with the object as it was sent; what was stored has no selfLink.
#[test]
fn self_link_of_the_request_is_not_a_change() {
    let validator = permissive();
    let stored = put(&existing(), "", body().to_string().as_bytes(), &validator).unwrap();
    let stored: Value = serde_json::from_str(stored.body()).unwrap();
    let mut sent = stored.clone();
    sent["metadata"]["selfLink"] = json!("/x");
    let answered = |query: &str| {
        let response = put(&stored, query, sent.to_string().as_bytes(), &validator).unwrap();
        assert_eq!(response.store_action(), StoreAction::Keep);
        let body: Value = serde_json::from_str(response.body()).unwrap();
        body["metadata"].get("selfLink").cloned()
    };
    assert_eq!(answered(""), None);
    assert_eq!(answered("?dryRun=All"), Some(json!("/x")));
}
