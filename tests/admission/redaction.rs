//! No response contains a value of a Job: env values, arguments, annotations and labels carry secrets,
//! and responses end up in audit logs and terminals.

use serde_json::{Value, json};
use volcano_job_update::admission::{AdmissionReview, Response, respond, restore};
use volcano_job_update::status::StatusCodes;
use volcano_job_update::{Job, Limits, UpdatePolicy, Validator};

use crate::update;

/// Part of every value of the Jobs that must not be shown, and of nothing else.
const MARK: &str = "s3cr3t";

/// A Job with marked values in the fields that carry secrets.
fn job(side: &str, queue: &str) -> Value {
    let secret = |place: &str| format!("{MARK}-{side}-{place}");
    let env =
        json!([{"name": "TOKEN", "value": secret("env")}, {"name": "B", "value": secret("b")}]);
    let applied = json!({"spec": {"tasks": [{"env": env}]}}).to_string();
    let policies = json!([{"event": secret("event"), "action": secret("action")}]);
    json!({
        "apiVersion": "batch.volcano.sh/v1alpha1",
        "kind": "Job",
        "metadata": {
            "name": "a",
            "namespace": "b",
            "uid": "c",
            "labels": {"team": secret("label"), "bad": format!("{}\u{e9} !", secret("bad"))},
            "annotations": {
                "kubectl.kubernetes.io/last-applied-configuration": applied,
                "note": secret("annotation")
            },
            "generateName": format!("{}/x", secret("generate"))
        },
        "spec": {
            "queue": queue,
            "priorityClassName": secret("class"),
            "schedulerName": secret("scheduler"),
            "runningEstimate": secret("estimate"),
            "policies": policies,
            "plugins": {"env": [secret("plugin")], "tensorflow": [secret("argument")]},
            "volumes": [{"mountPath": secret("mount"), "volumeClaimName": secret("claim")}],
            "tasks": [{
                "name": "worker",
                "replicas": secret("replicas"),
                "template": {
                    "metadata": {"annotations": {"x": secret("template")}},
                    "spec": {
                        "restartPolicy": secret("restart"),
                        "containers": [{
                            "name": "main",
                            "image": secret("image"),
                            "args": ["--password", secret("args")],
                            "command": [secret("command")],
                            "env": env,
                            "resources": {"limits": {"cpu": secret("cpu")}},
                            "ports": [{"containerPort": secret("port")}]
                        }]
                    }
                }
            }]
        }
    })
}

/// Everything that a webhook can send, log or count of a response.
fn shown(response: &Response) -> String {
    let sent = String::from_utf8(response.to_json()).unwrap();
    let annotations: Vec<_> = response.audit_annotations().collect();
    let codes: Vec<_> = response.codes().collect();
    let status = response.status().map(ToString::to_string).unwrap_or_default();
    let printed = response.warnings().join("\n") + &status;
    let violations = response.violations().map(ToString::to_string);
    let status = response.status().map(|status| format!("{status} {status:?}"));
    let warnings = response.warnings().join("\n");
    format!(
        "{sent}\n{annotations:?}\n{codes:?}\n{printed}\n{violations:?}\n{status:?}\n{warnings}\n{response:?}"
    )
}

#[track_caller]
fn assert_redacted(review: &Value, validator: &Validator) {
    let body = review.to_string();
    let read = AdmissionReview::from_slice(body.as_bytes(), &Limits::default()).unwrap();
    assert!(!format!("{read:?}").contains(MARK), "{read:?}");
    for codes in [StatusCodes::Documented, StatusCodes::Kubernetes] {
        let response = respond(body.as_bytes(), validator, codes).unwrap();
        for response in [response.clone(), response.into_shadow()] {
            let shown = shown(&response);
            assert!(!shown.contains(MARK), "{shown}");
        }
    }
}

#[test]
fn response_has_no_value_of_either_job() {
    let (existing, replacement) = (job("old", "research"), job("new", "production"));
    for policy in [UpdatePolicy::documented(), UpdatePolicy::admission()] {
        let validator = Validator::new(policy);
        let body = update(&existing, &replacement).to_string();
        let response = respond(body.as_bytes(), &validator, StatusCodes::Documented).unwrap();
        assert!(response.codes().count() > 10, "the Jobs have violations: {response:?}");
        assert_redacted(&update(&existing, &replacement), &validator);
        assert_redacted(&update(&replacement, &existing), &validator);
        assert_redacted(&update(&existing, &existing), &validator);
        let mut bare = existing.clone();
        bare["spec"] = json!({});
        bare["metadata"]["labels"].take();
        assert_redacted(&update(&existing, &bare), &validator);
        assert_redacted(&update(&bare, &existing), &validator);
    }
}

/// Values of a wrong type in fields that are read.
#[test]
fn denial_because_of_an_error_has_no_value() {
    let existing = job("old", "research");
    for (pointer, value) in [
        ("/spec", json!(MARK)),
        ("/spec/tasks", json!(MARK)),
        ("/spec/tasks/0", json!(MARK)),
        ("/metadata", json!([MARK])),
        ("/metadata/name", json!({"x": MARK})),
        ("/kind", json!(MARK)),
        ("/apiVersion", json!(MARK)),
    ] {
        let mut replacement = existing.clone();
        *replacement.pointer_mut(pointer).unwrap() = value;
        assert_redacted(&update(&existing, &replacement), &validator_of(UpdatePolicy::admission()));
        assert_redacted(&update(&replacement, &existing), &validator_of(UpdatePolicy::admission()));
    }
    // A number beyond the range of a double, next to a secret.
    let text = update(&existing, &existing).to_string();
    let text = text.replacen(
        r#""restartPolicy":"s3cr3t-old-restart""#,
        r#""restartPolicy":"s3cr3t-new-restart","activeDeadlineSeconds":1e999"#,
        1,
    );
    let validator = validator_of(UpdatePolicy::admission());
    let response = respond(text.as_bytes(), &validator, StatusCodes::Documented).unwrap();
    assert!(!response.is_allowed());
    assert!(!shown(&response).contains(MARK), "{}", shown(&response));
}

/// Creation defaults are numbers, fixed names and empty lists.
#[test]
fn patch_has_no_other_value_of_a_job() {
    let mut existing = job("old", "default");
    existing["spec"]["schedulerName"] = "volcano".into();
    existing["spec"]["tasks"][0]["replicas"] = 2.into();
    existing["spec"]["tasks"][0]["minAvailable"] = 2.into();
    let mut manifest = existing.clone();
    manifest["spec"].as_object_mut().unwrap().remove("schedulerName");
    manifest["spec"]["tasks"][0].as_object_mut().unwrap().remove("minAvailable");
    let body = update(&existing, &manifest).to_string();
    let validator = validator_of(UpdatePolicy::admission());
    let response = restore(body.as_bytes(), &validator).unwrap();
    assert_eq!(response.patch().map(|patch| patch.len()), Some(2));
    let [shown, patch] = [shown(&response), json!(response.patch().unwrap()).to_string()];
    assert!(!shown.contains(MARK) && !patch.contains(MARK), "{shown} {patch}");
    assert!(Job::from_value(&existing).is_ok());
}

fn validator_of(policy: UpdatePolicy) -> Validator {
    Validator::new(policy)
}
