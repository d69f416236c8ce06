//! Bugs that the property tests found, each as its minimal case.

use serde_json::{Value, json};
use volcano_job_update::{Job, JobErrorKind, Limits, ViolationCode, json_patch};

use crate::{changes, summaries, violations};

/// The violations of replacing one spec by another.
fn violations_in(existing: Value, replacement: Value) -> Vec<(ViolationCode, String)> {
    let [existing, replacement] = [existing, replacement].map(|spec| {
        json!({"apiVersion": "batch.volcano.sh/v1alpha1", "kind": "Job", "metadata": {"name": "a"}, "spec": spec})
    });
    let jobs = [&existing, &replacement].map(|job| Job::from_value(job).unwrap());
    violations(&jobs[0], &jobs[1]).unwrap()
}

#[test]
fn empty_uid_and_namespace_equal_absent() {
    for field in ["uid", "namespace"] {
        let existing = json!({"metadata": {field: "a"}});
        let replacement = json!({"metadata": {field: ""}});
        assert_eq!(summaries(&changes(&existing, &replacement).unwrap()), []);
    }
}

#[test]
fn merge_patch_removes_keys_of_an_unknown_field() {
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
fn patch_adds_fields_to_a_null_task() {
    let existing = json!({"spec": {"tasks": [null, {"name": "b"}]}});
    let replacement = json!({"spec": {"tasks": [{"policies": [{"event": "*"}]}, {"name": "b"}]}});
    let mut patched = existing.clone();
    json_patch::patch(&mut patched, &changes(&existing, &replacement).unwrap().to_patch()).unwrap();
    assert_eq!(patched, replacement);
}

#[test]
fn text_and_value_report_the_same_first_error() {
    let limits = Limits::default().with_tasks(1);
    let job = json!({"spec": {"tasks": [1, {}]}});
    let text = job.to_string();
    let errors = [limits.read_value(&job), limits.read_slice(text.as_bytes())];
    assert_eq!(errors.map(|read| read.unwrap_err().kind()), [JobErrorKind::WrongType; 2]);
}

#[test]
fn min_available_zero_is_no_lower_bound() {
    let spec =
        |replicas| json!({"minAvailable": 0, "tasks": [{"name": "a", "replicas": replicas}]});
    let negative = vec![(ViolationCode::InvalidValue, "spec.tasks[0].replicas".to_owned())];
    assert_eq!(violations_in(spec(1), spec(-1)), negative);
}

#[test]
fn absent_total_partitions_equals_zero() {
    let spec = |partitions: Option<i64>, replicas| {
        let policy = json!({"totalPartitions": partitions, "partitionSize": 2});
        json!({"tasks": [{"name": "a", "partitionPolicy": policy, "replicas": replicas}]})
    };
    let mismatch = vec![(ViolationCode::PartitionMismatch, "spec.tasks[0].replicas".to_owned())];
    assert_eq!(violations_in(spec(Some(0), 0), spec(Some(0), 1)), mismatch);
    assert_eq!(violations_in(spec(None, 0), spec(None, 1)), mismatch);
}

#[test]
fn default_min_available_treats_absent_partition_size_as_zero() {
    let spec = |size: Option<i64>, least: Option<i64>| {
        let policy = json!({"minPartitions": 1, "partitionSize": size});
        json!({"tasks": [{"name": "a", "partitionPolicy": policy, "minAvailable": least, "replicas": 3}]})
    };
    let dropped = vec![(ViolationCode::DroppedDefault, "spec.tasks[0].minAvailable".to_owned())];
    assert_eq!(violations_in(spec(Some(0), Some(0)), spec(Some(0), None)), dropped);
    assert_eq!(violations_in(spec(None, Some(0)), spec(None, None)), dropped);
}

#[test]
fn null_plugin_implies_no_other_plugins() {
    let spec = |mpi: Option<Value>, ssh: Option<Value>| json!({"plugins": {"env": [], "mpi": mpi, "ssh": ssh}});
    let path = "spec.plugins.ssh".to_owned();
    let immutable = vec![(ViolationCode::ImmutableField, path.clone())];
    assert_eq!(violations_in(spec(None, Some(json!([]))), spec(None, None)), immutable);
    let mpi = Some(json!([]));
    let dropped = vec![(ViolationCode::DroppedDefault, path)];
    assert_eq!(violations_in(spec(mpi.clone(), Some(json!([]))), spec(mpi, None)), dropped);
}

/// Elements are compared to align the outer list and again to align the inner one. An equal pair, spelled
/// differently here, must stay equal.
#[test]
fn nested_lists_are_aligned_by_equal_elements() {
    let job = |ssh: &str| format!(r#"{{"spec": {{"plugins": {{"ssh": {ssh}}}}}}}"#);
    let existing = job(r#"[[["1"],["2"],["1"]],"x"]"#);
    let replacement = job(r#"[[[ "1"],[ "1"],[ "2"]],"y"]"#);
    let existing = Job::from_slice(existing.as_bytes()).unwrap();
    let replacement = Job::from_slice(replacement.as_bytes()).unwrap();
    let changes = volcano_job_update::diff(&existing, &replacement).unwrap();
    let paths: Vec<String> = changes.iter().map(|change| change.path().to_string()).collect();
    let expected = ["spec.plugins.ssh[0][1]", "spec.plugins.ssh[0][2]", "spec.plugins.ssh[1]"];
    assert_eq!(paths, expected);
}
