//! Hints for updates that scale a task or the Job below its minAvailable.
//!
//! Volcano fills in minAvailable from the replicas when the Job is created. If the policy does not let
//! it change, replicas below it are not possible either, which the message about one of the two
//! fields does not say.

use super::{Violation, ViolationCode};
use crate::diff::{JobField, task_path};
use crate::job::{Field, Job, Task};
use crate::path::{FieldPath, Segment};
use crate::policy::{Check, UpdatePolicy};

/// Whose minAvailable it is.
#[derive(Clone, Copy)]
pub(super) enum Scope {
    /// The task at this position in the replacement.
    Task(usize),
    /// The Job; its replicas are the sum of those of its tasks.
    Job,
}

/// The numbers of a task or of the Job. `None` if not an integer; an absent minAvailable is `None`.
#[derive(Clone, Copy)]
pub(super) struct Pods {
    pub(super) replicas: Option<i64>,
    pub(super) min_available: Option<i64>,
}

impl Pods {
    fn of_task(task: &Task<'_, '_>) -> Self {
        let min_available = task.field("minAvailable").and_then(Field::as_integer);
        Self { replicas: task.replicas(), min_available }
    }

    /// The numbers of a Job that has, or will have, this minAvailable.
    pub(super) fn of_job(job: &Job<'_>, min_available: Option<Field<'_>>) -> Self {
        Self {
            replicas: job.total_replicas(),
            min_available: min_available.and_then(nonzero_min_available),
        }
    }
}

/// The Job's minAvailable, for which 0 is the same as absent.
pub(super) fn nonzero_min_available(field: Field<'_>) -> Option<i64> {
    field.as_integer().filter(|least| *least != 0)
}

/// The hint for a task or Job that would be stored with fewer replicas than minAvailable. `existing`
/// is `None` for an added task.
#[cold]
pub(super) fn below_min_available(
    policy: &UpdatePolicy,
    scope: Scope,
    existing: Option<Pods>,
    stored: Pods,
) -> Option<String> {
    let (replicas, least) = (stored.replicas?, stored.min_available?);
    let Some(existing) = existing else { return Some(scope.lower_or_raise(replicas, least)) };
    let hint = match (
        policy.lets_change(&scope.min_available()),
        policy.lets_change(&scope.replicas()),
    ) {
        (true, true) => scope.lower_or_raise(replicas, least),
        (true, false) => match existing.replicas.filter(|replicas| *replicas < least) {
            Some(replicas) => scope.lower(replicas),
            None => "restore the replicas of the existing Job".into(),
        },
        (false, allows_replicas) => match existing.min_available.filter(|kept| *kept > replicas) {
            None => {
                let path = scope.min_available();
                format!("restore {path} as in the existing Job: this policy does not let it change")
            }
            Some(kept) if allows_replicas => format!(
                "{}: this policy does not let minAvailable change; {}",
                scope.raise(kept),
                scope.way_out()
            ),
            Some(_) => "restore the values of the existing Job".into(),
        },
    };
    Some(hint)
}

/// The hint for a reason of Volcano's webhook, which lets both replicas and minAvailable change and
/// compares tasks by position.
pub(super) fn of_webhook(violation: &Violation, replacement: &Job<'_>) -> Option<String> {
    let (scope, pods) = match violation.code() {
        ViolationCode::ReplicasBelowMinAvailable => {
            let position =
                violation.path().segments().iter().find_map(|segment| match segment {
                    Segment::Index(position) => Some(*position),
                    Segment::Key(_) => None,
                })?;
            (Scope::Task(position), Pods::of_task(&replacement.task(position)?))
        }
        ViolationCode::MinAvailableAboveTotal => {
            (Scope::Job, Pods::of_job(replacement, replacement.spec_field("minAvailable")))
        }
        _ => return None,
    };
    let (replicas, least) = (pods.replicas?, pods.min_available?);
    // The webhook's sum wraps at 32 bits.
    (replicas < least).then(|| scope.lower_or_raise(replicas, least))
}

/// The hint for a removed task.
#[cold]
pub(super) fn instead_of_removing(
    policy: &UpdatePolicy,
    field: JobField<'_>,
    existing: &Job<'_>,
) -> String {
    let fixed_min_available = || {
        let JobField::RemovedTask(position) = field else { return None };
        let scope = Scope::Task(position);
        if !policy.checks(scope.check()) || policy.lets_change(&scope.min_available()) {
            return None;
        }
        Pods::of_task(&existing.task(position)?).min_available.filter(|least| *least > 0)
    };
    match fixed_min_available() {
        Some(least) => format!(
            "keep the task with at least {least} replicas: this policy does not let its \
             minAvailable change"
        ),
        None => "keep the task; lower its replicas if it is not needed".into(),
    }
}

/// What to do besides restoring a minAvailable whose change is denied: the update lowers the
/// replicas below it. `None` if restoring it is enough.
#[cold]
pub(super) fn besides_restoring(
    policy: &UpdatePolicy,
    field: JobField<'_>,
    existing: &Job<'_>,
    replacement: &Job<'_>,
) -> Option<String> {
    let (scope, before, after) = match field {
        JobField::Spec("minAvailable") => (
            Scope::Job,
            Pods::of_job(existing, existing.spec_field("minAvailable")),
            replacement.total_replicas(),
        ),
        JobField::Task { existing: from, replacement: to, name: "minAvailable" } => {
            let before = Pods::of_task(&existing.task(from)?);
            (Scope::Task(to), before, replacement.task(to)?.replicas())
        }
        _ => return None,
    };
    // An update is not denied for too few replicas if the existing Job has too few as well.
    let least = before.min_available.filter(|least| before.replicas >= Some(*least))?;
    let is_denied =
        after? < least && policy.checks(scope.check()) && policy.lets_change(&scope.replicas());
    is_denied.then(|| format!("{}; {}", scope.raise(least), scope.way_out()))
}

impl Scope {
    fn check(self) -> Check {
        match self {
            Self::Task(_) => Check::ReplicasBelowMinAvailable,
            Self::Job => Check::MinAvailableAboveTotal,
        }
    }

    fn min_available(self) -> FieldPath {
        match self {
            Self::Task(position) => task_path(position).join("minAvailable"),
            Self::Job => {
                ["spec", "minAvailable"].map(|key| Segment::Key(key.into())).into_iter().collect()
            }
        }
    }

    /// The pattern of [`Self::min_available`].
    fn pattern(self) -> &'static str {
        match self {
            Self::Task(_) => "spec.tasks[*].minAvailable",
            Self::Job => "spec.minAvailable",
        }
    }

    /// The replicas of the task or, for the Job, of its first task: a policy does not distinguish
    /// list positions.
    fn replicas(self) -> FieldPath {
        let position = match self {
            Self::Task(position) => position,
            Self::Job => 0,
        };
        task_path(position).join("replicas")
    }

    fn lower_or_raise(self, replicas: i64, least: i64) -> String {
        format!("{}, or {}", self.lower(replicas), self.raise(least))
    }

    /// Lowers minAvailable to these replicas.
    fn lower(self, replicas: i64) -> String {
        let path = self.min_available();
        match replicas {
            ..=0 => format!("lower {path} to 0"),
            _ => format!("lower {path} to {replicas} or less"),
        }
    }

    /// Raises the replicas to this minAvailable.
    fn raise(self, least: i64) -> String {
        match self {
            Self::Task(_) => format!("set replicas to {least} or more"),
            Self::Job => format!("raise the sum of all replicas to {least} or more"),
        }
    }

    /// How to get fewer replicas than the policy allows.
    fn way_out(self) -> String {
        let preset = UpdatePolicy::preset_that_lets_change(&self.min_available());
        let such_as = preset.map_or_else(String::new, |name| format!(", such as {name}"));
        format!(
            "to go lower, create a new Job with a smaller minAvailable or use a policy that allows \
             {}{such_as}",
            self.pattern()
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// An API server truncates longer warnings.
    #[test]
    fn hints_fit_into_a_warning() {
        let policy = UpdatePolicy::documented();
        let most = i64::from(i32::MAX);
        for scope in [Scope::Task(9999), Scope::Job] {
            let existing = Pods { replicas: Some(most), min_available: Some(most) };
            let stored = Pods { replicas: Some(most - 1), ..existing };
            let below = below_min_available(&policy, scope, Some(existing), stored).unwrap();
            let besides = format!("{}; {}", scope.raise(most), scope.way_out());
            let remedy = "add the field again as it stands in the existing Job";
            for hint in [below, format!("{remedy}, and {besides}")] {
                let line = format!("{}: {hint}", scope.min_available());
                assert!(line.chars().count() < 256, "{line}");
            }
        }
    }
}
