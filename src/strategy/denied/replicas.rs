//! Invalid changes of replicas.

use serde_json::{Value, json};

use super::{DeniedUpdate, update};
use crate::scalar::number::integer;
use crate::strategy::place::{get, number, put, total_replicas};
use crate::validate::ViolationCode;

/// An invalid change of the replicas of a task.
#[derive(Clone, Debug)]
pub(super) enum ReplicasEdit {
    BelowTaskMinAvailable,
    BelowJobMinAvailable,
    /// Adds this number to the replicas that the partitions require.
    AbovePartitions(u8),
    /// Sets a value that is not a number of replicas.
    Invalid(Value),
}

impl ReplicasEdit {
    /// Changes the task so that the edit causes exactly one violation. The task must have replicas
    /// and no partitions, and neither it nor the Job a minAvailable.
    pub(super) fn prepare(&self, job: &mut Value, task: &str) {
        let replicas = number(job, &format!("{task}.replicas"));
        match self {
            Self::BelowTaskMinAvailable => {
                put(job, &format!("{task}.minAvailable"), Some(replicas.into()));
            }
            Self::BelowJobMinAvailable => {
                let total = total_replicas(job);
                put(job, "spec.minAvailable", Some(total.into()));
            }
            Self::AbovePartitions(_) => {
                let policy = json!({"totalPartitions": replicas, "partitionSize": 1});
                put(job, &format!("{task}.partitionPolicy"), Some(policy));
            }
            Self::Invalid(_) => {}
        }
    }

    pub(super) fn apply(&self, job: &Value, task: &str) -> Option<DeniedUpdate> {
        let task_number = |field: &str| number(job, &format!("{task}.{field}"));
        let replicas = task_number("replicas");
        let task_min = task_number("minAvailable");
        let job_min = number(job, "spec.minAvailable");
        let partitions = get(job, &format!("{task}.partitionPolicy"));
        let total_with = |changed: i64| total_replicas(job) - replicas + changed;
        let (code, path, changed, applies) = match self {
            Self::BelowTaskMinAvailable => {
                let changed = task_min - 1;
                let applies = (0..replicas).contains(&changed) && total_with(changed) >= job_min;
                (ViolationCode::ReplicasBelowMinAvailable, None, changed.into(), applies)
            }
            Self::BelowJobMinAvailable => {
                let changed = job_min - 1 - total_with(0);
                let applies = (task_min..replicas).contains(&changed) && changed >= 0;
                let path = Some("spec.minAvailable");
                (ViolationCode::MinAvailableAboveTotal, path, changed.into(), applies)
            }
            Self::AbovePartitions(by) => {
                let required = task_number("partitionPolicy.totalPartitions")
                    * task_number("partitionPolicy.partitionSize");
                let changed = replicas + i64::from(*by);
                let applies = required == replicas && changed <= i64::from(i32::MAX);
                (ViolationCode::PartitionMismatch, None, changed.into(), applies)
            }
            Self::Invalid(value) => {
                // An integer is also compared with minAvailable.
                let min_available = [format!("{task}.minAvailable"), "spec.minAvailable".into()];
                let applies = integer(value).is_none()
                    || min_available.iter().all(|path| get(job, path).is_none());
                (ViolationCode::InvalidValue, None, value.clone(), applies)
            }
        };
        let has_right_kind = partitions.is_some() == matches!(self, Self::AbovePartitions(_));
        let replicas_path = format!("{task}.replicas");
        let set = |job: &mut Value| put(job, &replicas_path, Some(changed));
        (applies && has_right_kind && get(job, task).is_some())
            .then(|| update(job, code, path.unwrap_or(&replicas_path), set))
    }
}
