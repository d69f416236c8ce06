//! The fields that Volcano's mutating webhook fills in when a Job is created, and only then.
//!
//! See [mutate_job.go](https://github.com/volcano-sh/volcano/blob/ed72c7c815a9fd547a787134676f73d42e9d049c/pkg/webhooks/admission/jobs/mutate/mutate_job.go).

#![expect(missing_docs, reason = "public only for another crate of this workspace")]

use serde_json::{Value, json};

use crate::diff::{Difference, JobField};
use crate::job::{Field, Job, Task, default_task_name};
use crate::path::Segment;
use crate::scalar::number;

pub const QUEUE: &str = "default";
/// The default of the webhook's `--scheduler-name`.
pub const SCHEDULER: &str = "volcano";
/// Of the Job and of each task.
pub const MAX_RETRY: i32 = 3;

/// The plugins that make Volcano add others, each with those that it adds.
pub const ADDED_PLUGINS: [(&str, &[&str]); 4] =
    [("tensorflow", &["svc"]), ("pytorch", &["svc"]), ("ray", &["svc"]), ("mpi", &["svc", "ssh"])];

/// Whether a difference is a dropped creation default: the replacement lacks a field, and its value
/// in the existing Job is the one that creation fills in.
pub(crate) fn is_dropped_default(
    field: JobField<'_>,
    difference: &Difference<'_>,
    existing: &Job<'_>,
) -> bool {
    let Some(before) = difference.before().filter(|_| difference.is_dropped) else {
        return false;
    };
    creation_default(existing, field, difference.below(field)).is_some_and(|default| {
        match (number::integer(&default), before.as_integer()) {
            (Some(default), Some(before)) => default == before,
            _ => default == before.to_value(),
        }
    })
}

/// The value that creation would fill in if the Job lacked only this field. `below` are the
/// segments from the field down to the missing value.
fn creation_default(job: &Job<'_>, field: JobField<'_>, below: &[Segment]) -> Option<Value> {
    match (field, below) {
        (JobField::Spec("queue"), []) => Some(QUEUE.into()),
        (JobField::Spec("schedulerName"), []) => Some(SCHEDULER.into()),
        (JobField::Spec("maxRetry"), []) => Some(MAX_RETRY.into()),
        (JobField::Spec("minAvailable"), []) => Some(job_min_available(job)?.into()),
        (JobField::Spec("plugins"), [Segment::Key(plugin)]) => {
            is_added_plugin(job, plugin).then(|| json!([]))
        }
        (JobField::Task { existing, name, .. }, []) => match name {
            "name" => Some(default_task_name(existing).into()),
            "maxRetry" => Some(MAX_RETRY.into()),
            "minAvailable" => Some(task_min_available(&job.task(existing)?)?.into()),
            _ => None,
        },
        _ => None,
    }
}

/// The default of the Job's minAvailable: the sum over all tasks of their minAvailable or its
/// default.
fn job_min_available(job: &Job<'_>) -> Option<i64> {
    job.tasks().try_fold(0_i64, |sum, task| {
        let min_available = match task.field("minAvailable") {
            Some(field) => field.as_integer()?,
            None => task_min_available(&task)?,
        };
        sum.checked_add(min_available)
    })
}

/// The default of a task's minAvailable: the pods of minPartitions partitions if the partition
/// policy sets that number, otherwise all replicas.
fn task_min_available(task: &Task<'_, '_>) -> Option<i64> {
    let policy = task.field("partitionPolicy").and_then(Field::to_value);
    let number = |name| number::integer_or_zero(policy.as_ref()?.get(name));
    match (number("minPartitions"), number("partitionSize")) {
        (Some(partitions), Some(size)) if partitions > 0 => partitions.checked_mul(size),
        _ => task.replicas(),
    }
}

/// Whether another plugin of the Job makes Volcano add this one.
fn is_added_plugin(job: &Job<'_>, plugin: &str) -> bool {
    let hosts = ADDED_PLUGINS.iter().filter(|(_, added)| added.contains(&plugin));
    let mut hosts = hosts.map(|(host, _)| host).peekable();
    // Parsing the plugins for each of very many that no other adds would be quadratic.
    if hosts.peek().is_none() {
        return false;
    }
    let Some(plugins) = job.spec_field("plugins").and_then(Field::to_value) else { return false };
    hosts.any(|host| plugins.get(host).is_some_and(|plugin: &Value| !plugin.is_null()))
}
