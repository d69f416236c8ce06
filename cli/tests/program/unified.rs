//! The output `unified` of `diff`.

use serde_json::{Value, json};
use volcano_job_update::json_patch;

use crate::util::{EXISTING, REPLACEMENT, edited, file, job, path, run, stdout};

/// Prints a diff without its two lines of file names.
fn diff(options: &[&str], existing: &str, replacement: &str) -> String {
    let output = run(&[&["diff"], options, &[existing, replacement]].concat());
    let text = stdout(&output);
    let is_empty = text.is_empty();
    assert_eq!(output.status.code(), Some(i32::from(!is_empty)), "{text}");
    text.split_inclusive('\n').skip(2).collect()
}

fn job_file(job: &Value) -> tempfile::NamedTempFile {
    file(".json", &job.to_string())
}

/// A Job with these fields in its spec and its only container.
fn with(spec: &Value, container: &Value) -> Value {
    let containers = json!([merged(json!({"name": "c", "image": "i"}), container)]);
    let task =
        json!({"name": "t", "replicas": 1, "template": {"spec": {"containers": containers}}});
    json!({
        "apiVersion": "batch.volcano.sh/v1alpha1",
        "kind": "Job",
        "metadata": {"name": "a", "namespace": "b"},
        "spec": merged(json!({"tasks": [task]}), spec),
    })
}

fn merged(mut object: Value, fields: &Value) -> Value {
    json_patch::merge(&mut object, fields);
    object
}

#[test]
fn changed_lines_with_three_lines_of_context() {
    let (existing, replacement) = (job(EXISTING), job(REPLACEMENT));
    let output = run(&["diff", &existing, &replacement]);
    let text = stdout(&output);
    assert!(text.starts_with(&format!("--- {existing}\n+++ {replacement}\n@@ ")), "{text}");
    insta::assert_snapshot!(diff(&[], &existing, &replacement));
    insta::assert_snapshot!(diff(&["--show-values"], &existing, &replacement));
}

#[test]
fn nothing_if_there_is_no_change() {
    assert_eq!(diff(&[], &job(EXISTING), &job(EXISTING)), "");
    let limits =
        |memory: &str| with(&json!({}), &json!({"resources": {"limits": {"memory": memory}}}));
    let (mut existing, replacement) = (limits("8Gi"), limits("8192Mi"));
    existing["spec"]["maxRetry"] = json!(3);
    existing["status"] = json!({"state": {"phase": "Running"}});
    existing["metadata"]["resourceVersion"] = json!("7");
    let (existing, replacement) = (job_file(&existing), job_file(&replacement));
    assert_eq!(diff(&[], path(&existing), path(&replacement)), "");
}

#[test]
fn only_what_the_review_calls_a_change_differs() {
    let mut existing = with(
        &json!({"queue": "a"}),
        &json!({"env": [
        {"name": "A", "value": "1"}, {"name": "B", "value": "2"},
    ], "resources": {"limits": {"memory": "8Gi"}}, "command": ["sh", "-c", "set -e\nmake\n"]}),
    );
    existing["status"] = json!({"state": {"phase": "Running"}});
    let replacement = with(
        &json!({"queue": "b"}),
        &json!({"env": [
        {"name": "C", "value": "yes"}, {"name": "A", "value": "1"}, {"name": "B", "value": "2"},
    ], "resources": {"limits": {"memory": "8192Mi"}}, "command": ["sh", "-c", "set -e\nmake all\n"]}),
    );
    let (existing, replacement) = (job_file(&existing), job_file(&replacement));
    insta::assert_snapshot!(diff(&["--show-values"], path(&existing), path(&replacement)));
    insta::assert_snapshot!(diff(&[], path(&existing), path(&replacement)));
}

#[test]
fn colours_are_those_of_diff() {
    let output = run(&["diff", "--color", "always", &job(EXISTING), &job(REPLACEMENT)]);
    let text = stdout(&output);
    for part in ["\u{1b}[36m@@ ", "\u{1b}[31m-", "\u{1b}[32m+"] {
        let part_bold = part.replace("[3", "[1m\u{1b}[3");
        assert!(text.contains(part) || text.contains(&part_bold), "{part:?} in {text:?}");
    }
}

#[test]
fn texts_of_a_job_do_not_control_the_terminal() {
    let hostile = "\u{1b}[31m\u{202e}\n--- x";
    let replacement = edited(|job| job["metadata"]["labels"] = json!({ hostile: hostile }));
    let text = diff(&["--show-values"], &job(EXISTING), path(&replacement));
    let escaped = "\\u001b[31m\\u202e\\n--- x";
    assert!(text.contains(&format!("+    \"{escaped}\": \"{escaped}\"\n")), "{text}");
}

#[test]
fn elements_of_lists_are_matched_by_their_keys() {
    let tasks = |names: &[&str]| -> Value {
        let task = |name: &&str| {
            let containers = json!([{"name": "c", "image": "i"}]);
            json!({"name": name, "replicas": 1, "template": {"spec": {"containers": containers}}})
        };
        names.iter().map(task).collect()
    };
    let with_tasks = |names| job_file(&with(&json!({ "tasks": tasks(names) }), &json!({})));
    let (existing, replacement) = (with_tasks(&["a", "b", "c"]), with_tasks(&["a", "c", "d"]));
    insta::assert_snapshot!(diff(&["--show-values"], path(&existing), path(&replacement)));
    let moved = with_tasks(&["c", "a", "b"]);
    insta::assert_snapshot!(diff(&["--show-values"], path(&existing), path(&moved)));
}

#[test]
fn a_job_of_very_many_values_is_shown_by_its_paths() {
    let args = |last: &str| {
        let mut args = vec!["a"; 100_000];
        args.push(last);
        with(&json!({}), &json!({"args": args}))
    };
    let (existing, replacement) = (job_file(&args("b")), job_file(&args("c")));
    let text = stdout(&run(&["diff", path(&existing), path(&replacement)]));
    let expected = format!(
        "  ~ spec.tasks[0].template.spec.containers[0].args[100000]  allowed\n\
         # {}: the Job has too many values to be shown as YAML\n",
        path(&existing)
    );
    assert_eq!(text, expected);
}

#[test]
fn the_lines_of_a_job_are_limited() {
    let annotations = |value: &str| {
        let value = value.repeat(20);
        let annotations = (0..40_000).map(|i| (format!("a{i}"), json!(format!("{value}{i}"))));
        let mut job = with(&json!({}), &json!({}));
        job["metadata"]["annotations"] = annotations.collect();
        job
    };
    let (existing, replacement) = (job_file(&annotations("b")), job_file(&annotations("c")));
    let text = stdout(&run(&["diff", "--show-values", path(&existing), path(&replacement)]));
    assert!(text.len() < 1 << 20, "{}", text.len());
    let last = text.lines().last().expect("a line");
    assert!(last.starts_with("# and ") && last.ends_with(" more lines"), "{last}");
}
