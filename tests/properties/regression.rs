//! Bugs that the laws found, each at its smallest.

use serde_json::{Value, json};
use volcano_job_update::{Job, JobErrorKind, Limits, ViolationCode, json_patch};

use crate::{changes, said, violations};

/// The violations about a Job with these specs before and after.
fn violations_in(existing: Value, replacement: Value) -> Vec<(ViolationCode, String)> {
    let [existing, replacement] = [existing, replacement].map(|spec| {
        json!({"apiVersion": "batch.volcano.sh/v1alpha1", "kind": "Job", "metadata": {"name": "a"}, "spec": spec})
    });
    let jobs = [&existing, &replacement].map(|job| Job::from_value(job).unwrap());
    violations(&jobs[0], &jobs[1]).unwrap()
}

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
fn of_two_errors_text_and_value_have_the_same_first() {
    let limits = Limits::default().with_tasks(1);
    let job = json!({"spec": {"tasks": [1, {}]}});
    let text = job.to_string();
    let errors = [limits.read_value(&job), limits.read_slice(text.as_bytes())];
    assert_eq!(errors.map(|read| read.unwrap_err().kind()), [JobErrorKind::WrongType; 2]);
}

#[test]
fn a_min_available_of_zero_asks_for_nothing() {
    let spec =
        |replicas| json!({"minAvailable": 0, "tasks": [{"name": "a", "replicas": replicas}]});
    let negative = vec![(ViolationCode::InvalidValue, "spec.tasks[0].replicas".to_owned())];
    assert_eq!(violations_in(spec(1), spec(-1)), negative);
}

#[test]
fn partitions_that_are_not_given_are_none() {
    let spec = |partitions: Option<i64>, replicas| {
        let policy = json!({"totalPartitions": partitions, "partitionSize": 2});
        json!({"tasks": [{"name": "a", "partitionPolicy": policy, "replicas": replicas}]})
    };
    let mismatch = vec![(ViolationCode::PartitionMismatch, "spec.tasks[0].replicas".to_owned())];
    assert_eq!(violations_in(spec(Some(0), 0), spec(Some(0), 1)), mismatch);
    assert_eq!(violations_in(spec(None, 0), spec(None, 1)), mismatch);
}

#[test]
fn a_task_gets_its_default_whether_no_partition_size_is_zero_or_absent() {
    let spec = |size: Option<i64>, least: Option<i64>| {
        let policy = json!({"minPartitions": 1, "partitionSize": size});
        json!({"tasks": [{"name": "a", "partitionPolicy": policy, "minAvailable": least, "replicas": 3}]})
    };
    let dropped = vec![(ViolationCode::DroppedDefault, "spec.tasks[0].minAvailable".to_owned())];
    assert_eq!(violations_in(spec(Some(0), Some(0)), spec(Some(0), None)), dropped);
    assert_eq!(violations_in(spec(None, Some(0)), spec(None, None)), dropped);
}

#[test]
fn a_plugin_that_is_null_brings_nothing_along() {
    let spec = |mpi: Option<Value>, ssh: Option<Value>| json!({"plugins": {"env": [], "mpi": mpi, "ssh": ssh}});
    let path = "spec.plugins.ssh".to_owned();
    let immutable = vec![(ViolationCode::ImmutableField, path.clone())];
    assert_eq!(violations_in(spec(None, Some(json!([]))), spec(None, None)), immutable);
    let mpi = Some(json!([]));
    let dropped = vec![(ViolationCode::DroppedDefault, path)];
    assert_eq!(violations_in(spec(mpi.clone(), Some(json!([]))), spec(mpi, None)), dropped);
}
