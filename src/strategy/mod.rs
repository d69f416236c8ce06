//! Strategies for property tests of code that handles updates of Jobs (feature `proptest`).
//!
//! A server, a webhook or a controller that uses this crate has laws of its own: what is allowed
//! arrives, what is denied changes nothing, a manifest that is merely spelled otherwise makes no
//! update. These strategies make the Jobs to hold such laws against:
//!
//! ```
//! use proptest::prelude::*;
//! use volcano_job_update::{Job, is_update_allowed, strategy};
//!
//! proptest!(ProptestConfig::with_cases(8), |(update in strategy::allowed_update())| {
//!     let (existing, replacement) = update;
//!     prop_assert!(is_update_allowed(&Job::from_value(&existing)?, &Job::from_value(&replacement)?));
//! });
//! ```

mod denied;
mod job;
mod place;
mod spelling;

pub use proptest;

use proptest::collection::vec;
use proptest::option;
use proptest::prelude::*;
use proptest::sample::{Index, select};
use serde_json::{Value, json};

use self::place::{get, list, number, put, total_replicas};
use crate::ViolationCode;

/// A Job that an API server and Volcano would accept: it has one to five tasks, each with a name or
/// going by its position, and its numbers agree (`minAvailable` is no more than the replicas, and so
/// on).
///
/// It shrinks towards a Job with one task and little else.
pub fn any_job() -> impl Strategy<Value = Value> {
    job::job()
}

/// An existing Job and a replacement that differs only in fields that the documentation allows, with
/// values that are in range.
///
/// The two may also be the same.
pub fn allowed_update() -> impl Strategy<Value = (Value, Value)> {
    let edits = vec(prop_oneof![beside(), scaling()], 0..5);
    (job::job(), edits).prop_map(|(existing, edits)| {
        let mut replacement = existing.clone();
        for edit in edits {
            edit.make_in(&mut replacement);
        }
        (existing, replacement)
    })
}

/// An existing Job and a replacement in which one field is guilty, with the code that is given for it
/// by the documented policy, and its path.
///
/// Every code with which this policy denies comes up. The replacement may also differ in allowed fields;
/// it shrinks to one that differs in the guilty field alone. There is exactly one violation, but for
/// [`ViolationCode::DuplicateTaskName`]: a task that takes the name of another was also renamed, so there is
/// an [`ViolationCode::ImmutableField`] at the same path.
pub fn denied_update() -> impl Strategy<Value = (Value, Value, ViolationCode, String)> {
    (job::job(), denied::guilt(), vec(beside(), 0..3)).prop_map(|(job, guilt, edits)| {
        let denied::Update { existing, mut replacement, code, path } = guilt.done_to(job);
        for edit in edits {
            edit.make_in(&mut replacement);
        }
        (existing, replacement, code, path)
    })
}

/// Another text of the same Job.
///
/// Whatever [does not count as a change](crate#what-counts-as-a-change) varies: the order of keys,
/// white space, escapes in strings, the forms of numbers, quantities and durations, `null`, `{}`,
/// `[]` and explicit defaults for what is absent. The Job should be one of those made here: of other
/// fields, only the order, the white space, the escapes and the forms of numbers vary.
///
/// It shrinks towards the compact text with keys in alphabetical order.
pub fn respelling(job: Value) -> impl Strategy<Value = String> {
    vec(any::<u8>(), 0..256).prop_map(move |choices| spelling::spell(&job, choices))
}

/// A allowed change. Positions count over the tasks that there are.
#[derive(Clone, Debug)]
enum Edit {
    /// Sets a field or removes it.
    Field(&'static str, Option<Value>),
    /// Gives a task another template.
    Template(Index, Value),
    /// Sets or removes a field in the template of a task.
    InTemplate(Index, &'static str, Option<Value>),
    /// Adds replicas to a task, or takes away as many as may go.
    Scale(Index, i8),
}

impl Edit {
    fn make_in(self, job: &mut Value) {
        match self {
            Self::Field(path, value) => put(job, path, value),
            Self::Template(index, template) => {
                let path = in_task(job, index, "template");
                put(job, &path, Some(template));
            }
            Self::InTemplate(index, field, value) => {
                let path = in_task(job, index, field);
                put(job, &path, value);
            }
            Self::Scale(index, by) => scale(job, index, by.into()),
        }
    }
}

/// The path of a field of one of the tasks.
fn in_task(job: &Value, index: Index, field: &str) -> String {
    let position = index.index(list(job, "spec.tasks").len().max(1));
    format!("spec.tasks[{position}].{field}")
}

/// Adds replicas, or takes them away as far as the rules allow.
fn scale(job: &mut Value, index: Index, by: i64) {
    if get(job, &in_task(job, index, "partitionPolicy")).is_some() {
        // Such a task has the replicas that its partitions hold, and no others.
        return;
    }
    let path = in_task(job, index, "replicas");
    let replicas = number(job, &path);
    let own_spare = replicas.saturating_sub(number(job, &in_task(job, index, "minAvailable")));
    let spare = total_replicas(job).saturating_sub(number(job, "spec.minAvailable")).min(own_spare);
    let replicas = replicas.saturating_add(by.max(spare.saturating_neg()));
    put(job, &path, Some(replicas.into()));
}

/// Allowed changes that no rule looks at.
fn beside() -> impl Strategy<Value = Edit> {
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
            .prop_map(|((path, value), keep)| Edit::Field(path, keep.map(|()| value))),
        (any::<Index>(), in_template, keep).prop_map(|(index, (field, value), keep)| {
            let value =
                keep.map(|()| value).or_else(|| field.ends_with("image").then(|| json!("")));
            Edit::InTemplate(index, field, value)
        }),
        (any::<Index>(), job::template()).prop_map(|(index, pod)| Edit::Template(index, pod)),
    ]
}

fn scaling() -> impl Strategy<Value = Edit> {
    (any::<Index>(), -8_i8..8).prop_map(|(index, by)| Edit::Scale(index, by))
}
