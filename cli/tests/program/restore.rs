//! The command `restore`.

use serde_json::{Value, json};

use crate::util::{EXISTING, REPLACEMENT, file, job, path, run, run_with_input, stderr, stdout};

/// A Job after Volcano filled in its defaults at creation, and the manifest from which it was
/// created.
const CREATED: &str = "apiVersion: batch.volcano.sh/v1alpha1\nkind: Job\nmetadata: {name: a}\nspec:\n  \
    schedulerName: volcano\n  minAvailable: 2\n  tasks:\n  - {name: default0, replicas: 2, minAvailable: 2, maxRetry: 3}\n";
const MANIFEST: &str = "apiVersion: batch.volcano.sh/v1alpha1\nkind: Job\nmetadata:\n  name: a\nspec:\n  \
    tasks:\n  - replicas: 2\n";

#[test]
fn restored_manifest_is_allowed() {
    let (existing, manifest) = (file(".yaml", CREATED), file(".yaml", MANIFEST));
    let denied = run(&["check", path(&existing), path(&manifest)]);
    assert_eq!(denied.status.code(), Some(1));
    let help = "= help: add the field again:\n          minAvailable: 2\n";
    assert!(stdout(&denied).contains(help), "{}", stdout(&denied));

    let restored = run(&["restore", path(&existing), path(&manifest)]);
    assert_eq!(restored.status.code(), Some(0), "{}", stderr(&restored));
    assert!(stdout(&restored).starts_with("apiVersion: "), "YAML in, YAML out");
    let output = run_with_input(&["check", path(&existing), "-"], &stdout(&restored));
    assert_eq!(
        stdout(&output),
        "allowed by the policy documented: 0 changes\n",
        "{}",
        stderr(&output)
    );

    let patch = run(&["restore", "--output", "json-patch", path(&existing), path(&manifest)]);
    let patch: Value = serde_json::from_str(&stdout(&patch)).expect("the patch is JSON");
    let expected = json!([
        {"op": "add", "path": "/spec/minAvailable", "value": 2},
        {"op": "add", "path": "/spec/schedulerName", "value": "volcano"},
        {"op": "add", "path": "/spec/tasks/0/maxRetry", "value": 3},
        {"op": "add", "path": "/spec/tasks/0/minAvailable", "value": 2},
        {"op": "add", "path": "/spec/tasks/0/name", "value": "default0"},
    ]);
    assert_eq!(patch, expected);
}

#[test]
fn restored_json_stays_json() {
    let restored = run(&["restore", &job(EXISTING), &job(REPLACEMENT)]);
    assert!(serde_json::from_str::<Value>(&stdout(&restored)).is_ok());
    let error = run(&["restore", &job(EXISTING), "no-such-file"]);
    assert_eq!(error.status.code(), Some(2));
}

#[test]
fn objects_beside_the_manifest_are_mentioned() {
    let config_map = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: a}\n";
    let both = file(".yaml", &format!("{config_map}---\n{MANIFEST}"));
    let output = run(&["restore", path(&file(".yaml", CREATED)), path(&both)]);
    assert_eq!(output.status.code(), Some(0));
    assert!(!stdout(&output).contains("ConfigMap"));
    let name = path(&both);
    let expected = format!("Warning: the other objects in {name} (1) are not in the output\n");
    assert_eq!(stderr(&output), expected);
}
