//! Edits that the documented policy denies.
//!
//! An edit applies to a Job if it causes exactly one violation there. `DeniedEdit::prepare` changes
//! any Job so that the edit applies to it.

mod field;
mod replicas;

use proptest::prelude::*;
use proptest::sample::{Index, select};
use serde_json::{Value, json};

use self::field::{FieldEdit, immutable_field, unknown_field, wrong_object};
use self::replicas::ReplicasEdit;
use super::place::{edit_list, get, list, number, path, put, total_replicas};
use super::{DeniedUpdate, job};
use crate::scalar::duration::parse_duration;
use crate::scalar::number::integer;
use crate::validate::ViolationCode;

/// A denied edit. If it concerns a task, the index selects the task.
#[derive(Clone, Debug)]
pub(super) struct DeniedEdit {
    kind: Kind,
    task: Index,
}

#[derive(Clone, Debug)]
enum Kind {
    Field(FieldEdit),
    /// Appends an element to a list.
    Element(&'static str, Value),
    /// Removes a field of a task whose value is the creation default.
    TaskDefault(&'static str),
    /// Removes a field of the spec whose value is the creation default.
    JobDefault(&'static str),
    AddTask(Value),
    RemoveTask,
    ReorderTasks,
    /// Gives a task the name of the previous task. For the first task, renames the second one
    /// instead.
    DuplicateName,
    Replicas(ReplicasEdit),
}

/// Any denied edit. The simplest come first, because values shrink towards them.
pub(super) fn edit() -> impl Strategy<Value = DeniedEdit> {
    let kind = prop_oneof![
        3 => immutable_field().prop_map(Kind::Field),
        2 => unknown_field().prop_map(Kind::Field),
        2 => wrong_object().prop_map(Kind::Field),
        1 => element(),
        1 => select(vec!["name", "minAvailable", "maxRetry"]).prop_map(Kind::TaskDefault),
        1 => select(vec!["schedulerName", "minAvailable", "plugins.svc"]).prop_map(Kind::JobDefault),
        1 => job::task().prop_map(Kind::AddTask),
        5 => select(vec![
            Kind::RemoveTask,
            Kind::ReorderTasks,
            Kind::DuplicateName,
            Kind::Replicas(ReplicasEdit::BelowTaskMinAvailable),
            Kind::Replicas(ReplicasEdit::BelowJobMinAvailable),
        ]),
        1 => (1..9_u8).prop_map(|by| Kind::Replicas(ReplicasEdit::AbovePartitions(by))),
        1 => select(vec![json!("2"), json!(2.5), json!([2]), json!(-1), json!(1_i64 << 31)])
            .prop_map(|value| Kind::Replicas(ReplicasEdit::Invalid(value))),
    ];
    (kind, any::<Index>()).prop_map(|(kind, task)| DeniedEdit { kind, task })
}

fn element() -> impl Strategy<Value = Kind> {
    let policy = json!({"action": "AbortJob", "event": "Unknown"});
    select(vec![
        ("metadata.finalizers", json!("example.com/new")),
        (
            "metadata.ownerReferences",
            json!({"apiVersion": "v1", "kind": "A", "name": "a", "uid": "1"}),
        ),
        ("spec.policies", policy.clone()),
        ("spec.tasks[*].policies", policy),
        ("spec.volumes", json!({"mountPath": "/new", "volumeClaimName": "new"})),
        ("spec.plugins.env", json!("--new")),
        ("spec.tasks[*].dependsOn.name", json!("new")),
    ])
    .prop_map(|(path, element)| Kind::Element(path, element))
}

impl DeniedEdit {
    /// Prepares the Job and applies the edit.
    #[expect(clippy::expect_used, reason = "`prepare` establishes everything that `apply` checks")]
    pub(super) fn apply_to_prepared(self, mut job: Value) -> DeniedUpdate {
        self.prepare(&mut job);
        self.apply(&job).expect("the edit applies to a prepared Job")
    }

    /// Changes the Job so that the edit causes exactly one violation.
    fn prepare(&self, job: &mut Value) {
        if matches!(self.kind, Kind::RemoveTask | Kind::ReorderTasks | Kind::DuplicateName) {
            add_second_task(job);
        }
        let task = self.task_path(job);
        let in_task = |path: &str| path.replace("spec.tasks[*]", &task);
        match &self.kind {
            Kind::Field(edit) => {
                let path = in_task(edit.path);
                put_parent(job, &path);
                put(job, &path, edit.before.clone());
            }
            Kind::Element(path, _) => {
                let path = in_task(path);
                put_parent(job, &path);
                edit_list(job, &path, |_| {});
            }
            Kind::TaskDefault(field) => {
                put(job, &format!("{task}.partitionPolicy"), None);
                let default = self.task_default(job, field);
                put(job, &format!("{task}.{field}"), Some(default));
            }
            Kind::JobDefault(field) => {
                simplify_tasks(job, &task);
                put(job, "spec.plugins.mpi", Some(json!([])));
                let default = job_default(job, field);
                put(job, &format!("spec.{field}"), Some(default));
            }
            Kind::Replicas(edit) => {
                simplify_tasks(job, &task);
                edit.prepare(job, &task);
            }
            Kind::AddTask(_) | Kind::RemoveTask | Kind::ReorderTasks | Kind::DuplicateName => {
                simplify_tasks(job, &task);
            }
        }
    }

    /// Applies the edit to the Job; `None` if that does not cause exactly one violation.
    pub(super) fn apply(&self, job: &Value) -> Option<DeniedUpdate> {
        let task = self.task_path(job);
        let in_task = |path: &str| path.replace("spec.tasks[*]", &task);
        match &self.kind {
            Kind::Field(edit) => edit.apply(job, &in_task(edit.path)),
            Kind::Element(path, element) => append(job, &in_task(path), element),
            Kind::TaskDefault(field) => {
                let path = format!("{task}.{field}");
                let partitions = get(job, &format!("{task}.partitionPolicy"));
                let applies = partitions.is_none()
                    && is_same(get(job, &path)?, &self.task_default(job, field));
                applies.then(|| drop_default(job, &path))
            }
            Kind::JobDefault(field) => {
                let path = format!("spec.{field}");
                let applies = is_same(get(job, &path)?, &job_default(job, field))
                    && match *field {
                        // 0 is the same as absent, and partitions have another default.
                        "minAvailable" => number(job, &path) > 0 && !has_partitions(job),
                        "plugins.svc" => get(job, "spec.plugins.mpi").is_some(),
                        _ => true,
                    };
                applies.then(|| drop_default(job, &path))
            }
            Kind::AddTask(task) => self.add_task(job, task),
            Kind::RemoveTask => self.remove_task(job),
            Kind::ReorderTasks => {
                let applies = has_distinct_names(job) && list(job, "spec.tasks").len() > 1;
                let rotate =
                    |job: &mut Value| edit_list(job, "spec.tasks", |tasks| tasks.rotate_left(1));
                applies.then(|| update(job, ViolationCode::TasksReordered, "spec.tasks", rotate))
            }
            Kind::DuplicateName => {
                let applies = has_distinct_names(job) && list(job, "spec.tasks").len() > 1;
                applies.then(|| self.duplicate_name(job))
            }
            Kind::Replicas(edit) => edit.apply(job, &task),
        }
    }

    /// The position of the task; 0 if the Job has no tasks.
    fn position(&self, job: &Value) -> usize {
        match list(job, "spec.tasks").len() {
            0 => 0,
            tasks => self.task.index(tasks),
        }
    }

    fn task_path(&self, job: &Value) -> String {
        format!("spec.tasks[{}]", self.position(job))
    }

    /// The creation default of a field of the task, which has no partitions.
    fn task_default(&self, job: &Value, field: &str) -> Value {
        match field {
            "name" => json!(format!("default{}", self.position(job))),
            "maxRetry" => json!(3),
            _ => number(job, &format!("{}.replicas", self.task_path(job))).into(),
        }
    }

    fn add_task(&self, job: &Value, task: &Value) -> Option<DeniedUpdate> {
        let tasks = list(job, "spec.tasks");
        let mut task = task.clone();
        put(&mut task, "name", Some(json!("added")));
        let name_exists = tasks.iter().any(|task| get(task, "name") == Some(&json!("added")));
        if tasks.is_empty() || name_exists {
            return None;
        }
        // Inserting before an unnamed task would change the default name of that task.
        let position = if has_distinct_names(job) { self.position(job) } else { tasks.len() };
        let path = format!("spec.tasks[{position}]");
        let insert =
            |job: &mut Value| edit_list(job, "spec.tasks", |tasks| tasks.insert(position, task));
        Some(update(job, ViolationCode::TaskAdded, &path, insert))
    }

    fn remove_task(&self, job: &Value) -> Option<DeniedUpdate> {
        let tasks = list(job, "spec.tasks");
        // Removing the only task would be a second violation.
        let last = tasks.len().checked_sub(1).filter(|last| *last > 0)?;
        // Removing a task before an unnamed one would change the default name of that one.
        let position = if has_distinct_names(job) { self.position(job) } else { last };
        let path = format!("spec.tasks[{position}]");
        let remaining = total_replicas(job) - number(job, &format!("{path}.replicas"));
        let remove =
            |job: &mut Value| edit_list(job, "spec.tasks", |tasks| drop(tasks.remove(position)));
        (remaining >= number(job, "spec.minAvailable"))
            .then(|| update(job, ViolationCode::TaskRemoved, &path, remove))
    }

    fn duplicate_name(&self, job: &Value) -> DeniedUpdate {
        // The violation is at the later of the two tasks.
        let later = self.position(job).max(1);
        let name = get(job, &format!("spec.tasks[{}].name", later - 1)).cloned();
        let path = format!("spec.tasks[{later}].name");
        update(job, ViolationCode::DuplicateTaskName, &path, |job| put(job, &path, name))
    }
}

fn update(
    job: &Value,
    code: ViolationCode,
    at: &str,
    edit: impl FnOnce(&mut Value),
) -> DeniedUpdate {
    let mut replacement = job.clone();
    edit(&mut replacement);
    DeniedUpdate { existing: job.clone(), replacement, code, path: path(at) }
}

fn drop_default(job: &Value, at: &str) -> DeniedUpdate {
    update(job, ViolationCode::DroppedDefault, at, |job| put(job, at, None))
}

/// Appends to an existing list that has neither an equal element nor one with the same key.
fn append(job: &Value, at: &str, element: &Value) -> Option<DeniedUpdate> {
    let elements = get(job, at)?.as_array()?;
    let has_same_key = |other: &Value| {
        ["uid", "mountPath"]
            .iter()
            .any(|key| other.get(key).is_some() && other.get(key) == element.get(key))
    };
    let has_equal = elements.iter().any(|other| other == element || has_same_key(other));
    let path = format!("{at}[{}]", elements.len());
    let push = |job: &mut Value| edit_list(job, at, |list| list.push(element.clone()));
    (!has_equal).then(|| update(job, ViolationCode::ImmutableField, &path, push))
}

/// The creation default of a field of the spec. No task has partitions.
fn job_default(job: &Value, field: &str) -> Value {
    match field {
        "schedulerName" => json!("volcano"),
        "minAvailable" => {
            let tasks = list(job, "spec.tasks").iter();
            let min_available = tasks.map(|task| match get(task, "minAvailable") {
                Some(_) => number(task, "minAvailable"),
                None => number(task, "replicas"),
            });
            min_available.sum::<i64>().into()
        }
        _ => json!([]),
    }
}

/// Whether two values of the fields in the tables above are the same value.
fn is_same(a: &Value, b: &Value) -> bool {
    let duration = |value: &Value| value.as_str().and_then(parse_duration);
    a == b
        || integer(a).is_some() && integer(a) == integer(b)
        || duration(a).is_some() && duration(a) == duration(b)
}

fn has_partitions(job: &Value) -> bool {
    list(job, "spec.tasks").iter().any(|task| get(task, "partitionPolicy").is_some())
}

/// Whether all tasks have names, which are unique.
fn has_distinct_names(job: &Value) -> bool {
    let tasks = list(job, "spec.tasks");
    let names: std::collections::BTreeSet<&str> =
        tasks.iter().filter_map(|task| get(task, "name")?.as_str()).collect();
    names.len() == tasks.len()
}

/// The path of the object that contains the field; empty for a top-level field.
fn parent(at: &str) -> String {
    path(at).parent().map_or_else(String::new, |parent| parent.to_string())
}

fn has_parent(job: &Value, at: &str) -> bool {
    get(job, &parent(at)).is_some_and(Value::is_object)
}

/// Creates the object that contains the field, so that an edit adds or removes only the field.
fn put_parent(job: &mut Value, at: &str) {
    if !has_parent(job, at) {
        put(job, &parent(at), Some(json!({})));
    }
}

/// Changes the Job so that a change of its tasks causes at most one violation: each task has a name
/// and no minAvailable, partitions or dependencies; the given task has replicas.
fn simplify_tasks(job: &mut Value, task: &str) {
    put(job, "spec.minAvailable", None);
    for position in 0..list(job, "spec.tasks").len() {
        let path = |field| format!("spec.tasks[{position}].{field}");
        for field in ["minAvailable", "partitionPolicy", "dependsOn"] {
            put(job, &path(field), None);
        }
        if get(job, &path("name")).is_none() {
            put(job, &path("name"), Some(json!(format!("task-{position}"))));
        }
    }
    let path = format!("{task}.replicas");
    let replicas = number(job, &path).max(1);
    put(job, &path, Some(replicas.into()));
}

fn add_second_task(job: &mut Value) {
    if list(job, "spec.tasks").len() < 2 {
        let second =
            json!({"name": "second", "replicas": 1, "template": {"spec": {"containers": []}}});
        edit_list(job, "spec.tasks", |tasks| tasks.push(second));
    }
}
