//! Strategies for property tests of code that handles updates of Jobs (feature `strategy`).
//!
//! A server, a webhook or a controller that uses this crate has properties of its own: an allowed
//! update is stored, a denied update changes nothing, a manifest with another spelling is not an
//! update. These strategies generate Jobs and updates to test such properties with, starting from
//! an arbitrary Job or from a given one:
//!
//! ```
//! use proptest::prelude::*;
//! use serde_json::json;
//! use volcano_job_update::strategy::{self, AllowedUpdate};
//! use volcano_job_update::{Job, is_update_allowed};
//!
//! let mine = json!({
//!     "apiVersion": "batch.volcano.sh/v1alpha1", "kind": "Job", "metadata": {"name": "mine"},
//!     "spec": {"tasks": [{"name": "worker", "replicas": 2, "template": {"spec": {"containers": []}}}]},
//! });
//! proptest!(ProptestConfig::with_cases(8), |(update in strategy::allowed_update_of(mine))| {
//!     let AllowedUpdate { existing, replacement, .. } = update;
//!     prop_assert!(is_update_allowed(&Job::from_value(&existing)?, &Job::from_value(&replacement)?));
//! });
//! ```

mod allowed;
mod denied;
mod job;
mod place;
mod respelling;

pub use proptest;

use proptest::collection::vec;
use proptest::prelude::*;
use serde_json::Value;

use self::allowed::AllowedEdit;
use crate::path::FieldPath;
use crate::validate::ViolationCode;

/// An update that the documented policy allows.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct AllowedUpdate {
    /// The existing Job.
    pub existing: Value,
    /// The replacement, which may be equal to the existing Job.
    pub replacement: Value,
}

/// An update that the documented policy denies.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct DeniedUpdate {
    /// The existing Job.
    pub existing: Value,
    /// The replacement, with one denied change and possibly allowed ones.
    pub replacement: Value,
    /// The code of the violation.
    pub code: ViolationCode,
    /// The path of the violation.
    pub path: FieldPath,
}

/// A Job that an API server and Volcano accept. It has one to five tasks, with and without names,
/// and its numbers agree with each other (`minAvailable` is at most the sum of the replicas, and so
/// on).
///
/// It shrinks towards a Job with one task and few other fields.
pub fn any_job() -> impl Strategy<Value = Value> {
    job::job()
}

/// An update of [any Job](any_job) which changes only fields that the documentation allows, to
/// valid values. The existing Job and the replacement may also be equal.
pub fn allowed_update() -> impl Strategy<Value = AllowedUpdate> {
    (any_job(), allowed_edits()).prop_map(|(job, edits)| update_with(job, edits))
}

/// As [`allowed_update`], with `job` as the existing Job.
///
/// The Job should be one that an API server and Volcano accept; otherwise some of the updates may
/// be denied.
pub fn allowed_update_of(job: Value) -> impl Strategy<Value = AllowedUpdate> {
    allowed_edits().prop_map(move |edits| update_with(job.clone(), edits))
}

/// An update of [any Job](any_job) with one change that the documented policy denies.
///
/// Every code with which this policy denies an update occurs. The replacement can have allowed
/// changes too; it shrinks to one that has only the denied change. There is exactly one violation,
/// except for [`ViolationCode::DuplicateTaskName`]: a task that has the name of another was also
/// renamed, so there is also an [`ViolationCode::ImmutableField`] at the same path.
pub fn denied_update() -> impl Strategy<Value = DeniedUpdate> {
    let update = (any_job(), denied::edit()).prop_map(|(job, edit)| edit.apply_to_prepared(job));
    with_allowed_edits(update)
}

/// As [`denied_update`], with `job` as the existing Job.
///
/// Only changes that cause exactly one violation in this Job are generated: for example, no dropped
/// default if the Job has no default that creation filled in, and no reordered tasks if it has only
/// one task. The Job should be one that an API server and Volcano accept; otherwise there may be
/// more violations.
pub fn denied_update_of(job: Value) -> impl Strategy<Value = DeniedUpdate> {
    let not_applicable = "the change does not apply to the Job";
    with_allowed_edits(denied::edit().prop_filter_map(not_applicable, move |edit| edit.apply(&job)))
}

/// Another text of the same Job.
///
/// It varies whatever [does not count as a change](crate#what-counts-as-a-change): the order of
/// keys, white space, escapes in strings, the forms of numbers, quantities and durations, and
/// `null`, `{}`, `[]` and explicit defaults for absent fields. In fields that the Jobs of this
/// module do not have, only the order, the white space, the escapes and the forms of numbers vary.
///
/// It shrinks towards the compact text with keys in alphabetical order.
pub fn respelling(job: Value) -> impl Strategy<Value = String> {
    vec(any::<u8>(), 0..256).prop_map(move |choices| respelling::respell(&job, choices))
}

fn allowed_edits() -> impl Strategy<Value = Vec<AllowedEdit>> {
    vec(allowed::edit(), 0..5)
}

fn update_with(existing: Value, edits: Vec<AllowedEdit>) -> AllowedUpdate {
    let mut replacement = existing.clone();
    for edit in edits {
        edit.apply(&mut replacement);
    }
    AllowedUpdate { existing, replacement }
}

fn with_allowed_edits(
    update: impl Strategy<Value = DeniedUpdate>,
) -> impl Strategy<Value = DeniedUpdate> {
    (update, vec(allowed::edit_without_rules(), 0..3)).prop_map(|(mut update, edits)| {
        for edit in edits {
            edit.apply(&mut update.replacement);
        }
        update
    })
}
