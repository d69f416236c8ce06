//! Compares the texts with the output of a real kubectl.

#![expect(clippy::unwrap_used, clippy::indexing_slicing, reason = "a panic fails the test")]

use std::collections::HashMap;
use std::path::Path;

use serde_json::{Value, json};
use volcano_job_update::admission::respond;
use volcano_job_update::status::{Status, StatusCodes};
use volcano_job_update::{UpdatePolicy, Validator};

use self::data::{recordings, report};
use self::kubectl::{denied_by, error_text, response_text, warnings_text};

#[path = "../../tests/util/data.rs"]
mod data;
#[path = "../src/render/kubectl_texts.rs"]
mod kubectl;

/// A Job of `tests/jobs`.
#[track_caller]
fn job(name: &str) -> Value {
    read_json(Path::new(&format!("{}/../tests/jobs/{name}.json", env!("CARGO_MANIFEST_DIR"))))
}

#[track_caller]
fn read_json(path: &Path) -> Value {
    serde_json::from_slice(&std::fs::read(path).unwrap()).unwrap()
}

/// A review of an update, as an API server sends it.
fn update(existing: &Value, replacement: &Value) -> Value {
    let version = json!({"group": "batch.volcano.sh", "version": "v1alpha1"});
    let with = |key: &str, value: &str| {
        let mut it = version.clone();
        it[key] = value.into();
        it
    };
    json!({
        "kind": "AdmissionReview",
        "apiVersion": "admission.k8s.io/v1",
        "request": {
            "uid": "705ab4f5-6393-11e8-b7cc-42010a800002",
            "kind": with("kind", "Job"),
            "resource": with("resource", "jobs"),
            "requestKind": with("kind", "Job"),
            "requestResource": with("resource", "jobs"),
            "name": existing["metadata"]["name"],
            "namespace": existing["metadata"]["namespace"],
            "operation": "UPDATE",
            "userInfo": {"username": "admin", "groups": ["system:authenticated"]},
            "object": replacement,
            "oldObject": existing,
            "dryRun": false,
            "options": {"kind": "UpdateOptions", "apiVersion": "meta.k8s.io/v1"}
        }
    })
}

fn validator() -> Validator {
    Validator::new(UpdatePolicy::admission())
}

const REPLACING: &str = r#"error when replacing "job.json""#;

/// The recordings contain the status of the denying webhook, the answer of the API server, and the
/// output of kubectl.
#[test]
fn recorded_denials_match_the_output_of_kubectl() {
    let (mut answers, mut texts) = (0, 0);
    for (name, recording) in recordings() {
        if !name.starts_with("denial-") || name.contains("denial-l-long") {
            continue;
        }
        let reply = &recording["replies"][0]["response"];
        for step in recording["steps"].as_array().unwrap() {
            if let Some(status) = answer_of(&step["response"]).filter(|_| reply["allowed"] == false)
            {
                let denial = reply.get("status").cloned().unwrap_or(json!({}));
                // One recording is truncated: its status had a thousand causes.
                if let Ok(denial) = serde_json::from_value::<Status>(denial) {
                    assert_eq!(denied_by(webhook(&status), &denial), status, "{name}");
                    answers += 1;
                }
            }
            texts += usize::from(matches_kubectl(&name, step));
        }
    }
    report(answers, "answers of the API server to denials");
    report(texts, "texts of kubectl about denials");
}

fn answer_of(response: &Value) -> Option<Status> {
    let body = response.get("body")?.get("json").filter(|body| body["kind"] == "Status")?;
    serde_json::from_value(body.clone()).ok()
}

/// The name of the webhook in a message. The recordings contain two webhooks.
fn webhook(status: &Status) -> &'static str {
    if status.message.contains("mutatejob") { "mutatejob.lab.example" } else { WEBHOOK }
}

const WEBHOOK: &str = "validatejob.lab.example";

/// Compares the output of `kubectl replace` or `kubectl patch` with the text made from the API
/// server's answer. Returns `false` if the step is another command or has no status.
fn matches_kubectl(name: &str, step: &Value) -> bool {
    let kubectl = &step["kubectl"];
    let operation = match kubectl["argv"][1].as_str() {
        Some("replace") => REPLACING,
        Some("patch") => "",
        _ => return false,
    };
    let stderr = kubectl["stderr"].as_str().unwrap();
    let exchanges = step["exchanges"].as_array().unwrap();
    let last = &exchanges.last().unwrap()["response"];
    let Some(status) = answer_of(last) else { return false };
    let warnings: Vec<&str> =
        stderr.lines().filter_map(|line| line.strip_prefix("Warning: ")).collect();
    let warnings: Vec<String> = warnings.into_iter().map(Into::into).collect();
    let text = warnings_text(&warnings) + &error_text(&status, operation);
    assert_eq!(text, stderr, "{name}: {:?}", kubectl["argv"]);
    true
}

/// The error text of our response to an update that the recorded webhook denied, and kubectl's
/// output about the recorded denial.
fn ours_and_recorded(recording: &Value, codes: StatusCodes) -> [String; 2] {
    let steps = recording["steps"].as_array().unwrap();
    let reviews = steps[0]["reviews"].as_array().unwrap();
    let review = reviews.iter().find(|review| review["hook"] == "validate/jobs").unwrap();
    let response = respond(review["json"].to_string().as_bytes(), &validator(), codes).unwrap();
    let status = denied_by(WEBHOOK, response.status().unwrap());
    let replace = steps.iter().find(|step| step["kubectl"]["argv"][1] == "replace").unwrap();
    let recorded = replace["kubectl"]["stderr"].as_str().unwrap();
    [error_text(&status, REPLACING), recorded.to_owned()]
}

/// The texts differ only in the wording of the two webhooks.
#[test]
fn our_denials_match_the_recorded_ones() {
    let recordings: HashMap<String, Value> = recordings().into_iter().collect();
    let shapes = [
        (
            "denial-b-forbidden",
            StatusCodes::Documented,
            "spec.queue is immutable",
            "jobs.batch.volcano.sh \"openmpi-hello-2-com\" is forbidden: \
             [spec.queue: Forbidden: the value was changed: field is immutable, \
             spec.tasks[1].name: Forbidden: the value was changed: field is immutable]",
        ),
        (
            "denial-c-invalid-causes",
            StatusCodes::Kubernetes,
            ": field is immutable",
            ": Forbidden: the value was changed: field is immutable",
        ),
    ];
    for (name, codes, theirs, words) in shapes {
        let [ours, recorded] = ours_and_recorded(&recordings[name], codes);
        assert!(recorded.contains(theirs), "{name}: {recorded}");
        assert_eq!(ours, recorded.replace(theirs, words), "{name}");
    }
}

#[test]
fn denial_is_printed_with_its_hints() {
    let existing = job("documented-existing");
    let mut replacement = existing.clone();
    replacement["spec"]["queue"] = "other".into();
    replacement["spec"]["maxRetires"] = 5.into();
    let body = update(&existing, &replacement).to_string();
    let response = respond(body.as_bytes(), &validator(), StatusCodes::Documented).unwrap();
    assert_eq!(
        response_text(&response, "h", "error when replacing \"job.json\""),
        "\
Warning: spec.maxRetires: did you mean `maxRetry`?
Warning: spec.queue: restore the value of the existing Job
Warning: only metadata.labels, metadata.generateName, metadata.annotations, spec.template, \
spec.replicas, spec.tasks[*].template and spec.tasks[*].replicas may change
Error from server (Forbidden): error when replacing \"job.json\": admission webhook \"h\" denied \
the request: jobs.batch.volcano.sh \"openmpi-hello-2-com\" is forbidden: [spec.maxRetires: \
Forbidden: unknown field, spec.queue: Forbidden: the value was changed: field is immutable]
"
    );
}
