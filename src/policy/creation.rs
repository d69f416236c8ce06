//! What Volcano's mutating webhook fills in when a Job is created, and only then.
//!
//! See [mutate_job.go](https://github.com/volcano-sh/volcano/blob/ed72c7c815a9fd547a787134676f73d42e9d049c/pkg/webhooks/admission/jobs/mutate/mutate_job.go).

use serde_json::{Value, json};

use crate::job::{Field, Job, Task};
use crate::path::{FieldPath, Segment};
use crate::scalar::number;

const QUEUE: &str = "default";
/// The default of the webhook's `--scheduler-name`.
const SCHEDULER: &str = "volcano";
const MAX_RETRY: i64 = 3;

/// The plugins that bring others along, with those that they bring.
const COMPANIONS: [(&str, &[&str]); 4] =
    [("tensorflow", &["svc"]), ("pytorch", &["svc"]), ("ray", &["svc"]), ("mpi", &["svc", "ssh"])];

/// Whether a value of a Job is what creation gives to that field of that Job.
pub(crate) fn gave(job: &Job<'_>, path: &FieldPath, value: &Value) -> bool {
    given(job, path).is_some_and(|given| match (number::integer(&given), number::integer(value)) {
        (Some(given), Some(value)) => given == value,
        _ => given == *value,
    })
}

/// What creation gives to a field of a Job that lacks it; the rest of the Job is as it is.
fn given(job: &Job<'_>, path: &FieldPath) -> Option<Value> {
    match path.segments() {
        [Segment::Key(spec), Segment::Key(field)] if &**spec == "spec" => match &**field {
            "queue" => Some(QUEUE.into()),
            "schedulerName" => Some(SCHEDULER.into()),
            "maxRetry" => Some(MAX_RETRY.into()),
            "minAvailable" => Some(job_min_available(job)?.into()),
            _ => None,
        },
        [Segment::Key(spec), Segment::Key(plugins), Segment::Key(plugin)]
            if &**spec == "spec" && &**plugins == "plugins" =>
        {
            brought_along(job, plugin).then(|| json!([]))
        }
        [
            Segment::Key(spec),
            Segment::Key(tasks),
            Segment::Index(position),
            Segment::Key(field),
        ] if &**spec == "spec" && &**tasks == "tasks" => match &**field {
            "name" => Some(format!("default{position}").into()),
            "maxRetry" => Some(MAX_RETRY.into()),
            "minAvailable" => Some(task_min_available(&job.task(*position)?)?.into()),
            _ => None,
        },
        _ => None,
    }
}

/// The sum over all tasks, as each has its own minAvailable or the default for it.
fn job_min_available(job: &Job<'_>) -> Option<i64> {
    job.tasks().try_fold(0_i64, |sum, task| {
        let given = match task.field("minAvailable") {
            Some(field) => field.as_integer()?,
            None => task_min_available(&task)?,
        };
        sum.checked_add(given)
    })
}

/// The pods of the partitions that must run, if the partition policy says how many; else all.
fn task_min_available(task: &Task<'_, '_>) -> Option<i64> {
    let policy = task.field("partitionPolicy").and_then(Field::to_value);
    let number = |name| number::integer_or_zero(policy.as_ref()?.get(name));
    match (number("minPartitions"), number("partitionSize")) {
        (Some(partitions), Some(size)) if partitions > 0 => partitions.checked_mul(size),
        _ => task.replicas(),
    }
}

fn brought_along(job: &Job<'_>, plugin: &str) -> bool {
    let Some(plugins) = job.spec_field("plugins").and_then(Field::to_value) else { return false };
    let given = |host| plugins.get(host).is_some_and(|plugin: &Value| !plugin.is_null());
    COMPANIONS.iter().any(|(host, companions)| companions.contains(&plugin) && given(host))
}
