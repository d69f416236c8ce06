//! The operations of patches: those made from changes, and those that restore dropped defaults.

#![expect(clippy::unwrap_used, reason = "a panic fails the test")]

use serde_json::{Value, json};
use volcano_job_update::{Job, Validator, Verdict};

fn job(spec: &Value) -> Value {
    json!({
        "apiVersion": "batch.volcano.sh/v1alpha1", "kind": "Job", "metadata": {"name": "a"},
        "spec": spec,
    })
}

/// The JSON Patch and the JSON Merge Patch of the allowed changes.
fn allowed_patches(existing: &Value, replacement: &Value) -> (Value, Value) {
    let [existing, replacement] = [existing, replacement].map(job);
    let (existing, replacement) =
        (Job::from_value(&existing).unwrap(), Job::from_value(&replacement).unwrap());
    let changes = Validator::default().diff(&existing, &replacement).unwrap();
    let allowed = changes.with_verdict(Verdict::Allowed);
    let patch = serde_json::to_value(allowed.to_patch()).unwrap();
    (patch, allowed.to_merge_patch(&existing).unwrap())
}

/// A denied removal is not in the patch, so the elements behind it keep their positions.
#[test]
fn allowed_changes_apply_without_the_denied_ones() {
    let existing = json!({"tasks": [{"name": "a"}, {"name": "b", "replicas": 1}]});
    let replacement = json!({"tasks": [{"name": "b", "replicas": 2}]});
    let (patch, merge_patch) = allowed_patches(&existing, &replacement);
    let operation = json!({"op": "replace", "path": "/spec/tasks/1/replicas", "value": 2});
    assert_eq!(patch, json!([operation]));
    let tasks = json!([{"name": "a"}, {"name": "b", "replicas": 2}]);
    assert_eq!(merge_patch, json!({"spec": {"tasks": tasks}}));
}

#[test]
fn reordered_elements_are_moved_one_by_one() {
    let env = |names: [&str; 4]| {
        let env = names.map(|name| json!({"name": name}));
        let container = json!({"name": "main", "env": env});
        json!({"tasks": [{"name": "a", "template": {"spec": {"containers": [container]}}}]})
    };
    let (patch, _) = allowed_patches(&env(["a", "b", "c", "d"]), &env(["d", "b", "c", "a"]));
    let list = "/spec/tasks/0/template/spec/containers/0/env";
    let moved = |from, to| json!({"op": "move", "from": format!("{list}/{from}"), "path": format!("{list}/{to}")});
    assert_eq!(patch, json!([moved(3, 0), moved(2, 1), moved(3, 2)]));
}

/// The operations that restore the defaults, after checking that they make the restored Job.
fn restoring_patch(existing: &Value, replacement: &Value) -> Value {
    let [existing, replacement] = [existing, replacement].map(job);
    let (existing, manifest) =
        (Job::from_value(&existing).unwrap(), Job::from_value(&replacement).unwrap());
    let restored = Validator::default().restore_defaults(&existing, &manifest).unwrap();
    let mut patched = replacement.clone();
    json_patch::patch(&mut patched, restored.patch()).unwrap();
    assert_eq!(&patched, restored.job());
    assert_eq!(patched, restored.clone().into_job());
    serde_json::to_value(restored.patch()).unwrap()
}

#[test]
fn defaults_are_restored_where_the_replacement_has_the_task() {
    let existing = json!({"tasks": [{"name": "a", "maxRetry": 3}, {"name": "b"}]});
    let replacement = json!({"tasks": [{"name": "b"}, {"name": "a"}]});
    assert_eq!(
        restoring_patch(&existing, &replacement),
        json!([{"op": "add", "path": "/spec/tasks/1/maxRetry", "value": 3}])
    );
}

#[test]
fn defaults_are_restored_in_objects_that_are_null() {
    let existing = json!({"plugins": {"pytorch": [], "svc": []}, "tasks": [{"name": "default0"}]});
    let replacement = json!({"plugins": null, "tasks": [null]});
    assert_eq!(
        restoring_patch(&existing, &replacement),
        json!([
            {"op": "add", "path": "/spec/plugins", "value": {}},
            {"op": "add", "path": "/spec/plugins/svc", "value": []},
            {"op": "replace", "path": "/spec/tasks/0", "value": {}},
            {"op": "add", "path": "/spec/tasks/0/name", "value": "default0"},
        ])
    );
}
