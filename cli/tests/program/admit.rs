//! The commands `admit` and `check --as-kubectl`.

use serde_json::{Value, json};

use crate::util::{job, run_with_input, stderr, stdout};

fn read(name: &str) -> Value {
    let text = std::fs::read(job(name)).expect("the example is there");
    serde_json::from_slice(&text).expect("the example is JSON")
}

/// Runs the program with this text as standard input: its status, output and errors.
fn run(arguments: &[&str], input: &str) -> (Option<i32>, String, String) {
    let output = run_with_input(arguments, input);
    (output.status.code(), stdout(&output), stderr(&output))
}

/// A review of an update of the documented Job.
fn review(edit: impl FnOnce(&mut Value)) -> String {
    let existing = read("documented-existing.json");
    let mut replacement = existing.clone();
    edit(&mut replacement);
    let of = |key: &str, what: &str| json!({"group": "batch.volcano.sh", "version": "v1alpha1", key: what});
    let request = json!({
        "uid": "705ab4f5", "operation": "UPDATE", "name": "openmpi-hello-2-com",
        "kind": of("kind", "Job"), "resource": of("resource", "jobs"),
        "object": replacement, "oldObject": existing
    });
    json!({"apiVersion": "admission.k8s.io/v1", "kind": "AdmissionReview", "request": request})
        .to_string()
}

fn change_queue(job: &mut Value) {
    *job.pointer_mut("/spec/queue").expect("it has a queue") = "other".into();
}

#[test]
fn review_gets_a_response() {
    let (code, answer, _) = run(&["admit", "-"], &review(|_| {}));
    assert_eq!(code, Some(0));
    let answer: Value = serde_json::from_str(&answer).expect("the answer is JSON");
    let audit = json!({"policy": "admission", "verdict": "allowed"});
    assert_eq!(
        answer,
        json!({"apiVersion": "admission.k8s.io/v1", "kind": "AdmissionReview",
            "response": {"uid": "705ab4f5", "allowed": true, "auditAnnotations": audit}})
    );
}

#[test]
fn denial_has_the_status_codes_of_the_option() {
    for (codes, wanted) in [("documented", 403), ("kubernetes", 422)] {
        let (code, answer, _) =
            run(&["admit", "--status-codes", codes, "-"], &review(change_queue));
        assert_eq!(code, Some(1));
        let answer: Value = serde_json::from_str(&answer).expect("the answer is JSON");
        assert_eq!(answer.pointer("/response/status/code"), Some(&json!(wanted)));
    }
}

#[test]
fn defaults_are_restored() {
    let body = review(|job| {
        let spec = job.get_mut("spec").and_then(Value::as_object_mut).expect("it has a spec");
        spec.remove("schedulerName");
    });
    let (code, _, _) = run(&["admit", "-"], &body);
    assert_eq!(code, Some(1), "the field was filled in at creation");
    let (code, answer, _) = run(&["admit", "--restore", "-"], &body);
    assert_eq!(code, Some(0));
    let answer: Value = serde_json::from_str(&answer).expect("the answer is JSON");
    assert_eq!(answer.pointer("/response/patchType"), Some(&json!("JSONPatch")));
    // `base64 -w0` of [{"op":"add","path":"/spec/schedulerName","value":"volcano"}]
    let patch =
        "W3sib3AiOiJhZGQiLCJwYXRoIjoiL3NwZWMvc2NoZWR1bGVyTmFtZSIsInZhbHVlIjoidm9sY2FubyJ9XQ==";
    assert_eq!(answer.pointer("/response/patch"), Some(&json!(patch)));
}

#[test]
fn invalid_review_is_an_error() {
    let (code, answer, errors) = run(&["admit", "-"], "{}");
    assert_eq!((code, &*answer), (Some(2), ""));
    assert_eq!(errors, "error: standard input: request.uid: must be set\n");
    let (code, _, errors) = run(&["admit", "no-such-file.json"], "");
    assert_eq!(code, Some(2));
    assert!(errors.starts_with("error: cannot read no-such-file.json"), "{errors}");
}

#[test]
fn check_prints_what_kubectl_prints() {
    let mut replacement = read("documented-existing.json");
    change_queue(&mut replacement);
    let existing = job("documented-existing.json");
    let check = ["check", "-o", "kubectl", &existing, "-"];
    let (code, text, _) = run(&check, &replacement.to_string());
    assert_eq!(code, Some(1));
    let (warnings, error): (Vec<&str>, Vec<&str>) =
        text.lines().partition(|line| line.starts_with("Warning: "));
    assert_eq!(
        warnings.first(),
        Some(&"Warning: spec.queue: restore the value of the existing Job")
    );
    assert_eq!(
        error,
        ["Error from server (Forbidden): error when replacing \"-\": admission webhook \
            \"validate.volcano-job-update.github.io\" denied the request: jobs.batch.volcano.sh \
            \"openmpi-hello-2-com\" is forbidden: spec.queue: Forbidden: the value was changed: \
            field is immutable"]
    );
    let kubernetes = [&check[..3], &["--status-codes", "kubernetes"], &check[3..]].concat();
    let (_, text, _) = run(&kubernetes, &replacement.to_string());
    assert!(
        text.ends_with(
            "The Job \"openmpi-hello-2-com\" is invalid: spec.queue: Forbidden: the value was \
             changed: field is immutable\n"
        ),
        "{text}"
    );
    let (code, text, _) = run(&["check", "-o", "kubectl", &existing, &existing], "");
    assert_eq!((code, &*text), (Some(0), "job.batch.volcano.sh/openmpi-hello-2-com replaced\n"));
    let (code, _, _) = run(&["check", "-o", "kubectl", "--output", "json", &existing, "-"], "");
    assert_eq!(code, Some(2), "two formats");
}
