//! Updates with one guilty field.

use proptest::prelude::*;
use proptest::sample::{Index, select};
use serde_json::{Value, json};

use super::job;
use super::place::{edit_list, get, list, number, put, total_replicas};
use crate::ViolationCode;

/// A denied update, with the code and path of its violation.
pub(super) struct Update {
    pub(super) existing: Value,
    pub(super) replacement: Value,
    pub(super) code: ViolationCode,
    pub(super) path: String,
}

/// What is wrong with an update; the position is that of the task it is about.
#[derive(Clone, Debug)]
pub(super) struct Guilt {
    deed: Deed,
    at: Index,
}

#[derive(Clone, Debug)]
enum Deed {
    /// A field has one value before, another after, or none.
    Field {
        code: ViolationCode,
        path: &'static str,
        before: Option<Value>,
        after: Option<Value>,
    },
    /// An element comes to the end of a list.
    Element(&'static str, Value),
    /// A task loses what creation gave it.
    TaskDefault(&'static str),
    /// The Job loses what creation gave it.
    JobDefault(&'static str),
    AddTask(Value),
    RemoveTask,
    SwapTasks,
    ShareName,
    Replicas(Replicas),
}

/// What is wrong with the replicas of a task.
#[derive(Clone, Debug)]
enum Replicas {
    BelowTaskMinimum,
    BelowJobMinimum,
    /// They are so many more than the partitions hold.
    AbovePartitions(u8),
    /// They are no number of replicas.
    Invalid(Value),
}

/// Any deed. The simplest come first, as that is where values shrink to.
pub(super) fn guilt() -> impl Strategy<Value = Guilt> {
    let deed = prop_oneof![
        3 => immutable_field(),
        2 => unknown_field(),
        2 => wrong_object(),
        1 => element(),
        1 => select(vec!["name", "minAvailable", "maxRetry"]).prop_map(Deed::TaskDefault),
        1 => select(vec!["schedulerName", "minAvailable", "plugins.svc"]).prop_map(Deed::JobDefault),
        1 => job::task().prop_map(Deed::AddTask),
        5 => select(vec![
            Deed::RemoveTask,
            Deed::SwapTasks,
            Deed::ShareName,
            Deed::Replicas(Replicas::BelowTaskMinimum),
            Deed::Replicas(Replicas::BelowJobMinimum),
        ]),
        1 => (1..9_u8).prop_map(|by| Deed::Replicas(Replicas::AbovePartitions(by))),
        1 => select(vec![json!("2"), json!(2.5), json!([2]), json!(-1), json!(1_i64 << 31)])
            .prop_map(|value| Deed::Replicas(Replicas::Invalid(value))),
    ];
    (deed, any::<Index>()).prop_map(|(deed, at)| Guilt { deed, at })
}

/// Fields with two values, neither of which is the same as absent, or given at creation. A `*` stands
/// for the position of a task.
fn immutable_field() -> impl Strategy<Value = Deed> {
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
    different(fields, ViolationCode::ImmutableField)
}

fn unknown_field() -> impl Strategy<Value = Deed> {
    let places = select(vec![
        "replicas",
        "metadata.label",
        "spec.minavailable",
        "spec.Queue",
        "spec.networkTopology.tier",
        "spec.tasks[*].replica",
        "spec.tasks[*].dependsOn[task/name]",
    ]);
    let values = (job_value(), job_value()).prop_filter("different", |(a, b)| a != b);
    different((places, values).prop_map(|(path, (a, b))| (path, a, b)), ViolationCode::UnknownField)
}

fn job_value() -> impl Strategy<Value = Value> {
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

/// Two different ones of absent and two values, before and after.
fn different(
    field: impl Strategy<Value = (&'static str, Value, Value)>,
    code: ViolationCode,
) -> impl Strategy<Value = Deed> {
    (field, select(vec![(1, 2), (0, 1), (1, 0), (2, 1), (0, 2), (2, 0)])).prop_map(
        move |((path, a, b), (before, after))| {
            let pick = |which| match which {
                0 => None,
                1 => Some(a.clone()),
                _ => Some(b.clone()),
            };
            Deed::Field { code, path, before: pick(before), after: pick(after) }
        },
    )
}

fn wrong_object() -> impl Strategy<Value = Deed> {
    let required = [
        ("apiVersion", json!("batch.volcano.sh/v1alpha1"), Some(json!("batch/v1"))),
        ("apiVersion", json!("batch.volcano.sh/v1alpha1"), None),
        ("kind", json!("Job"), Some(json!("CronJob"))),
        ("kind", json!("Job"), None),
        ("metadata.name", json!("a"), Some(json!("b"))),
        ("metadata.name", json!("a"), None),
        ("metadata.namespace", json!("a"), Some(json!("b"))),
        ("metadata.uid", json!("1"), Some(json!("2"))),
    ];
    select(required.to_vec()).prop_map(|(path, before, after)| Deed::Field {
        code: ViolationCode::WrongObject,
        path,
        before: Some(before),
        after,
    })
}

fn element() -> impl Strategy<Value = Deed> {
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
    .prop_map(|(path, element)| Deed::Element(path, element))
}

impl Guilt {
    /// Makes the Job one that the deed can be done to, and does it.
    pub(super) fn done_to(self, mut job: Value) -> Update {
        let at = self.at.index(list(&job, "spec.tasks").len().max(1));
        let task = |field: &str| format!("spec.tasks[{at}].{field}");
        let place = |path: &str| path.replace("[*]", &format!("[{at}]"));
        match self.deed {
            Deed::Field { code, path, before, after } => {
                let path = place(path);
                make_parent(&mut job, &path);
                put(&mut job, &path, before);
                update(job, code, &path, |job| put(job, &path, after))
            }
            Deed::Element(path, element) => {
                let list_path = place(path);
                // The map or struct that holds the list is there, and so is the list.
                make_parent(&mut job, &list_path);
                edit_list(&mut job, &list_path, |_| {});
                let path = format!("{list_path}[{}]", list(&job, &list_path).len());
                let push = |job: &mut Value| edit_list(job, &list_path, |list| list.push(element));
                update(job, ViolationCode::ImmutableField, &path, push)
            }
            Deed::TaskDefault(field) => {
                put(&mut job, &task("partitionPolicy"), None);
                let given = match field {
                    "name" => json!(format!("default{at}")),
                    "maxRetry" => json!(3),
                    _ => number(&job, &task("replicas")).into(),
                };
                put(&mut job, &task(field), Some(given));
                update(job, ViolationCode::DroppedDefault, &task(field), |job| {
                    put(job, &task(field), None);
                })
            }
            Deed::JobDefault(field) => {
                settle(&mut job, at);
                let given = match field {
                    "schedulerName" => json!("volcano"),
                    "minAvailable" => total_replicas(&job).into(),
                    _ => json!([]),
                };
                let path = format!("spec.{field}");
                put(&mut job, "spec.plugins.mpi", Some(json!([])));
                put(&mut job, &path, Some(given));
                update(job, ViolationCode::DroppedDefault, &path, |job| put(job, &path, None))
            }
            Deed::AddTask(mut added) => {
                settle(&mut job, at);
                put(&mut added, "name", Some(json!("added")));
                let path = format!("spec.tasks[{at}]");
                let insert =
                    |job: &mut Value| edit_list(job, "spec.tasks", |list| list.insert(at, added));
                update(job, ViolationCode::TaskAdded, &path, insert)
            }
            Deed::RemoveTask => {
                settle(&mut job, at);
                // Not the last task: a Job without any is wrong in another way too.
                add_second_task(&mut job);
                let path = format!("spec.tasks[{at}]");
                let remove =
                    |job: &mut Value| edit_list(job, "spec.tasks", |list| drop(list.remove(at)));
                update(job, ViolationCode::TaskRemoved, &path, remove)
            }
            Deed::SwapTasks => {
                settle(&mut job, at);
                add_second_task(&mut job);
                let rotate =
                    |job: &mut Value| edit_list(job, "spec.tasks", |list| list.rotate_left(1));
                update(job, ViolationCode::TasksReordered, "spec.tasks", rotate)
            }
            Deed::ShareName => {
                settle(&mut job, at);
                add_second_task(&mut job);
                // The later of two tasks is the one that must go by another name.
                let (first, later) = (at.saturating_sub(1), at.max(1));
                let name = get(&job, &format!("spec.tasks[{first}].name")).cloned();
                let path = format!("spec.tasks[{later}].name");
                update(job, ViolationCode::DuplicateTaskName, &path, |job| put(job, &path, name))
            }
            Deed::Replicas(error) => {
                settle(&mut job, at);
                error.done_to(job, &task("replicas"), &task(""))
            }
        }
    }
}

impl Replicas {
    /// Changes the replicas at that path, of the task whose fields have that prefix.
    fn done_to(self, mut job: Value, path: &str, task: &str) -> Update {
        let replicas = number(&job, path);
        let less = Some(replicas.saturating_sub(1).into());
        let set = |value| move |job: &mut Value| put(job, path, value);
        match self {
            Self::BelowTaskMinimum => {
                put(&mut job, &format!("{task}minAvailable"), Some(replicas.into()));
                update(job, ViolationCode::ReplicasBelowMinAvailable, path, set(less))
            }
            Self::BelowJobMinimum => {
                let total = total_replicas(&job);
                put(&mut job, "spec.minAvailable", Some(total.into()));
                update(job, ViolationCode::MinAvailableAboveTotal, "spec.minAvailable", set(less))
            }
            Self::AbovePartitions(by) => {
                let policy = json!({"totalPartitions": replicas, "partitionSize": 1});
                put(&mut job, &format!("{task}partitionPolicy"), Some(policy));
                let more = Some(replicas.saturating_add(by.into()).into());
                update(job, ViolationCode::PartitionMismatch, path, set(more))
            }
            Self::Invalid(value) => {
                update(job, ViolationCode::InvalidValue, path, set(Some(value)))
            }
        }
    }
}

fn update(
    existing: Value,
    code: ViolationCode,
    path: &str,
    change: impl FnOnce(&mut Value),
) -> Update {
    let mut replacement = existing.clone();
    change(&mut replacement);
    Update { existing, replacement, code, path: path.into() }
}

/// Makes the object that holds a field, so that the field alone comes or goes.
fn make_parent(job: &mut Value, path: &str) {
    let parent = path.rfind(['.', '[']).and_then(|end| path.get(..end)).unwrap_or_default();
    if get(job, parent).is_none() {
        put(job, parent, Some(json!({})));
    }
}

/// Takes from a Job what would make more of a change to its tasks than is meant: each task has a name,
/// and no minAvailable, partitions or dependencies; the one at the position has replicas.
fn settle(job: &mut Value, at: usize) {
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
    let path = format!("spec.tasks[{at}].replicas");
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
