//! Bugs that the laws found, each at its smallest.

use serde_json::json;
use volcano_job_update::{Job, JobErrorKind, Limits, json_patch};

use crate::{changes, said};

#[test]
fn an_empty_uid_is_none() {
    for field in ["uid", "namespace"] {
        let existing = json!({"metadata": {field: "a"}});
        let replacement = json!({"metadata": {field: ""}});
        assert_eq!(said(&changes(&existing, &replacement).unwrap()), []);
    }
}

#[test]
fn a_merge_patch_takes_away_what_an_unknown_field_held() {
    let existing = json!({"extra": {"a": 1, "b": {"c": 1, "d": 1}}});
    let replacement = json!({"extra": {"b": {"c": 2}, "e": 1}});
    let patch = changes(&existing, &replacement)
        .unwrap()
        .to_merge_patch(&Job::from_value(&existing).unwrap())
        .unwrap();
    let mut merged = existing;
    json_patch::merge(&mut merged, &patch);
    assert_eq!(merged, replacement);
}

#[test]
fn a_patch_reaches_into_a_task_that_is_null() {
    let existing = json!({"spec": {"tasks": [null, {"name": "b"}]}});
    let replacement = json!({"spec": {"tasks": [{"policies": [{"event": "*"}]}, {"name": "b"}]}});
    let mut patched = existing.clone();
    json_patch::patch(&mut patched, &changes(&existing, &replacement).unwrap().to_patch()).unwrap();
    assert_eq!(patched, replacement);
}

#[test]
fn of_two_faults_text_and_value_have_the_same_first() {
    let mut limits = Limits::default();
    limits.tasks = 1;
    let job = json!({"spec": {"tasks": [1, {}]}});
    let text = job.to_string();
    let faults =
        [Job::from_value_with(&job, &limits), Job::from_slice_with(text.as_bytes(), &limits)];
    assert_eq!(faults.map(|read| read.unwrap_err().kind()), [JobErrorKind::WrongType; 2]);
}
