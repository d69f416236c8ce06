//! No text of a Job reaches a terminal raw, whatever the command and the format.

use serde_json::{Value, json};

use crate::util::{file, path, run, stderr, stdout};

/// Controls, a line separator, changes of direction, and invisible characters.
const RAW: &str =
    "\u{85}\u{9b}31m\u{1b}[31m\u{7f}\u{2028}\u{202e}\u{2066}\u{200f}\u{feff}\u{e0001}";

/// A text that begins and ends with characters that keep YAML from stripping it.
fn raw(name: &str) -> String {
    format!("{name}{RAW}.")
}

fn jobs() -> [Value; 2] {
    let job = |metadata: Value, spec: Value| {
        json!({"apiVersion": "batch.volcano.sh/v1alpha1", "kind": "Job", "metadata": metadata,
            "spec": spec})
    };
    let metadata = json!({"name": "a", "labels": {raw("-"): raw("x")}, "finalizers": [raw("f")]});
    let spec = json!({"plugins": {raw("k"): [raw("v")]}, raw("u"): 1, "queue": raw("q"),
        "policies": [{"event": raw("E")}]});
    [job(json!({"name": "a"}), json!({"plugins": {}})), job(metadata, spec)]
}

fn assert_printable(arguments: &[&str]) -> String {
    let output = run(arguments);
    let (text, error) = (stdout(&output), stderr(&output));
    for char in RAW.chars().filter(|char| !char.is_ascii_graphic()) {
        assert!(
            !text.contains(char) && !error.contains(char),
            "{char:?}: {arguments:?}\n{text}{error}"
        );
    }
    text
}

#[test]
fn output_has_no_raw_text() {
    let [existing, replacement] = jobs();
    let [old, new] = [&existing, &replacement].map(|job| file(".json", &job.to_string()));
    let yaml = file(".yaml", &new_yaml(&replacement));
    let (old, new, yaml) = (path(&old), path(&new), path(&yaml));
    for arguments in [
        &["check", old, new][..],
        &["check", "--show-values", old, new],
        &["check", "-o", "kubectl", old, new],
        &["check", "-o", "kubectl", "--status-codes", "kubernetes", old, new],
        &["diff", old, new],
        &["diff", "--show-values", old, new],
        &["restore", old, yaml],
        &["replace", "--uri", "/apis/batch.volcano.sh/v1alpha1/namespaces/b/jobs/a", old, new],
    ] {
        assert_printable(arguments);
    }
    // JSON has the same values with escapes.
    let restored = assert_printable(&["restore", old, new]);
    assert_eq!(serde_json::from_str::<Value>(&restored).expect("JSON"), replacement);
    let patch = assert_printable(&["diff", "--output", "merge-patch", old, new]);
    let patch: Value = serde_json::from_str(&patch).expect("JSON");
    assert_eq!(patch.pointer("/spec/queue"), replacement.pointer("/spec/queue"));
    for format in ["json", "json-patch"] {
        let text = assert_printable(&["diff", "--output", format, "--show-values", old, new]);
        serde_json::from_str::<Value>(&text).expect("JSON");
    }
}

/// JSON is YAML.
fn new_yaml(job: &Value) -> String {
    format!("# YAML\n{job}\n")
}

#[test]
fn errors_have_no_raw_text() {
    let key = raw("k");
    let twice = file(".json", &format!(r#"{{"spec": {{"{key}": 1, "{key}": 2}}}}"#));
    let yaml =
        file(".yaml", "k\u{202e}: 1\n\"k\u{202e}\": !!int x\n1: a\n\"1\u{202e}\": !!bool \u{9b}\n");
    let patch = file(".json", &json!([{"op": raw("test"), "path": raw("/x")}]).to_string());
    let policy = file(".json", &json!({"allowed": [raw("spec..")]}).to_string());
    let [existing, _] = jobs();
    let existing = file(".json", &existing.to_string());
    for arguments in [
        &["check", path(&existing), path(&twice)][..],
        &["check", path(&existing), path(&yaml)],
        &["check", "--patch", path(&patch), path(&existing)],
        &["check", "--policy", path(&policy), path(&existing), path(&existing)],
        &["check", path(&existing), "no\u{202e}where"],
    ] {
        assert_printable(arguments);
    }
}
