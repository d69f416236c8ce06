//! Edits that the documented policy allows.

use proptest::option;
use proptest::prelude::*;
use proptest::sample::{Index, select};
use serde_json::{Value, json};

use super::job;
use super::place::{get, list, number, put, total_replicas};

/// An allowed edit. An [`Index`] selects one of the tasks that the Job has.
#[derive(Clone, Debug)]
pub(super) enum AllowedEdit {
    /// Sets a field or removes it.
    Field(&'static str, Option<Value>),
    /// Replaces the template of a task.
    Template(Index, Value),
    /// Sets or removes a field in the template of a task.
    InTemplate(Index, &'static str, Option<Value>),
    /// Adds this number to the replicas of a task, within the cross-field rules.
    Scale(Index, i8),
}

/// Any allowed edit.
pub(super) fn edit() -> impl Strategy<Value = AllowedEdit> {
    let scale = (any::<Index>(), -8_i8..8).prop_map(|(task, by)| AllowedEdit::Scale(task, by));
    prop_oneof![edit_without_rules(), scale]
}

/// An allowed edit of a field that no cross-field rule applies to.
pub(super) fn edit_without_rules() -> impl Strategy<Value = AllowedEdit> {
    let fields = select(vec![
        ("metadata.labels.app", json!("web")),
        ("metadata.labels[example.com/team]", json!("R-D_1.0")),
        ("metadata.annotations.note", json!("a \"note\" <&>\n")),
        ("metadata.annotations[example.com/owner]", json!("")),
        ("metadata.generateName", json!("job-")),
        ("spec.template", json!({"spec": {}})),
        ("spec.replicas", json!(2)),
    ]);
    let in_template = select(vec![
        ("template.metadata.labels.app", json!("web")),
        ("template.spec.hostNetwork", json!(true)),
        ("template.spec.containers[0].image", json!("example.com/train:2")),
        ("template.spec.priorityClassName", json!("high")),
    ]);
    let keep = option::of(Just(()));
    prop_oneof![
        (fields, keep.clone())
            .prop_map(|((path, value), keep)| AllowedEdit::Field(path, keep.map(|()| value))),
        (any::<Index>(), in_template, keep).prop_map(|(task, (field, value), keep)| {
            AllowedEdit::InTemplate(task, field, keep.map(|()| value))
        }),
        (any::<Index>(), job::template())
            .prop_map(|(task, template)| AllowedEdit::Template(task, template)),
    ]
}

impl AllowedEdit {
    /// Edits the Job; does nothing if the Job has no such task.
    pub(super) fn apply(self, job: &mut Value) {
        match self {
            Self::Field(path, value) => put(job, path, value),
            Self::Template(task, template) => {
                if let Some(task) = task_path(job, task) {
                    put(job, &format!("{task}.template"), Some(template));
                }
            }
            Self::InTemplate(task, field, value) => {
                let task = task_path(job, task);
                // A template without a container is invalid, and editing it would be a violation.
                let has_container = |task: &String| {
                    get(job, &format!("{task}.template.spec.containers[0]")).is_some()
                };
                if let Some(task) = task.filter(has_container) {
                    put(job, &format!("{task}.{field}"), value);
                }
            }
            Self::Scale(task, by) => {
                if let Some(task) = task_path(job, task) {
                    scale(job, &task, by.into());
                }
            }
        }
    }
}

/// The path of one of the tasks, if there are any.
fn task_path(job: &Value, task: Index) -> Option<String> {
    let tasks = list(job, "spec.tasks").len();
    (tasks > 0).then(|| format!("spec.tasks[{}]", task.index(tasks)))
}

/// Adds to the replicas of a task, within the range of int32 and without going below minAvailable
/// of the task or the Job.
fn scale(job: &mut Value, task: &str, by: i64) {
    if get(job, &format!("{task}.partitionPolicy")).is_some() {
        // The replicas of such a task must stay equal to the size of its partitions.
        return;
    }
    let path = format!("{task}.replicas");
    let replicas = number(job, &path);
    let task_spare = replicas - number(job, &format!("{task}.minAvailable"));
    let job_spare = total_replicas(job) - number(job, "spec.minAvailable");
    let scaled = replicas + by.max(-task_spare.min(job_spare));
    put(job, &path, Some(scaled.min(i32::MAX.into()).into()));
}
