//! Edits of a single field.

use proptest::prelude::*;
use proptest::sample::select;
use serde_json::{Value, json};

use super::{DeniedUpdate, has_parent, is_same, update};
use crate::job::resource::{API_VERSION, KIND};
use crate::strategy::place::{get, put};
use crate::validate::ViolationCode;

/// Sets a field to `after`, or removes it if that is `None`.
#[derive(Clone, Debug)]
pub(super) struct FieldEdit {
    code: ViolationCode,
    pub(super) path: &'static str,
    /// The value in a prepared Job.
    pub(super) before: Option<Value>,
    after: Option<Value>,
    /// The values whose removal is a violation with this code: neither creation defaults nor values
    /// that are the same as absent. `None`: any value.
    removable: Option<[Value; 2]>,
}

impl FieldEdit {
    pub(super) fn apply(&self, job: &Value, path: &str) -> Option<DeniedUpdate> {
        let before = get(job, path);
        let applies = match (before, &self.after) {
            (None, None) => false,
            // The namespace and uid are compared only if both Jobs have them.
            (None, Some(_)) => self.code != ViolationCode::WrongObject,
            (Some(before), None) => {
                self.removable.as_ref().is_none_or(|values| values.contains(before))
            }
            (Some(before), Some(after)) => !is_same(before, after),
        };
        (applies && has_parent(job, path))
            .then(|| update(job, self.code, path, |job| put(job, path, self.after.clone())))
    }
}

/// An edit of an immutable field. Neither of the two values is the same as absent or the value that
/// creation fills in. `[*]` stands for the position of a task.
pub(super) fn immutable_field() -> impl Strategy<Value = FieldEdit> {
    let fields = select(vec![
        ("spec.queue", json!("research"), json!("batch")),
        ("spec.priorityClassName", json!("high"), json!("low")),
        ("spec.schedulerName", json!("kube-batch"), json!("other")),
        ("spec.maxRetry", json!(5), json!(7)),
        ("spec.minSuccess", json!(1), json!(2)),
        ("spec.ttlSecondsAfterFinished", json!(0), json!(60)),
        ("spec.runningEstimate", json!("1h"), json!("61m")),
        ("spec.networkTopology.highestTierAllowed", json!(1), json!(2)),
        ("spec.tasks[*].maxRetry", json!(5), json!(7)),
        ("spec.tasks[*].topologyPolicy", json!("none"), json!("restricted")),
        ("spec.tasks[*].dependsOn.iteration", json!("any"), json!("all")),
    ]);
    field_edit(fields, ViolationCode::ImmutableField)
}

pub(super) fn unknown_field() -> impl Strategy<Value = FieldEdit> {
    let places = select(vec![
        "replicas",
        "metadata.label",
        "spec.minavailable",
        "spec.Queue",
        "spec.networkTopology.tier",
        "spec.tasks[*].replica",
        "spec.tasks[*].dependsOn[task/name]",
    ]);
    let values = (json_value(), json_value()).prop_filter("different", |(a, b)| a != b);
    let fields = (places, values).prop_map(|(path, (a, b))| (path, a, b));
    field_edit(fields, ViolationCode::UnknownField)
}

fn json_value() -> impl Strategy<Value = Value> {
    select(vec![
        json!(1),
        json!("1"),
        json!([]),
        json!({}),
        json!({"a": 1}),
        json!([2]),
        json!(true),
    ])
}

/// Sets, changes or removes a field, given two values for it.
fn field_edit(
    field: impl Strategy<Value = (&'static str, Value, Value)>,
    code: ViolationCode,
) -> impl Strategy<Value = FieldEdit> {
    let shape = select(vec![Shape::Change, Shape::Set, Shape::Remove]);
    (field, shape, any::<bool>()).prop_map(move |((path, a, b), shape, swap)| {
        let [first, second] = if swap { [b, a] } else { [a, b] };
        let removable =
            (code == ViolationCode::ImmutableField).then(|| [first.clone(), second.clone()]);
        let (before, after) = match shape {
            Shape::Change => (Some(first), Some(second)),
            Shape::Set => (None, Some(first)),
            Shape::Remove => (Some(first), None),
        };
        FieldEdit { code, path, before, after, removable }
    })
}

#[derive(Clone, Copy, Debug)]
enum Shape {
    Change,
    Set,
    Remove,
}

pub(super) fn wrong_object() -> impl Strategy<Value = FieldEdit> {
    let fields = [
        ("apiVersion", json!(API_VERSION), Some(json!("batch/v1"))),
        ("apiVersion", json!(API_VERSION), None),
        ("kind", json!(KIND), Some(json!("CronJob"))),
        ("kind", json!(KIND), None),
        ("metadata.name", json!("a"), Some(json!("b"))),
        ("metadata.name", json!("a"), None),
        ("metadata.namespace", json!("a"), Some(json!("b"))),
        ("metadata.uid", json!("1"), Some(json!("2"))),
    ];
    select(fields.to_vec()).prop_map(|(path, before, after)| FieldEdit {
        code: ViolationCode::WrongObject,
        path,
        before: Some(before),
        after,
        removable: None,
    })
}
