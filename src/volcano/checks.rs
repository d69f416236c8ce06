//! The checks of values in the whole replacement, whether or not the update changes them.

use super::reason::Reason;
use super::{Denial, DenialKind};
use crate::job::Node;
use crate::path::{FieldPath, Segment};

const BOTH_TIERS: &str = "must not specify 'highestTierAllowed' and 'highestTierName' in \
     networkTopology simultaneously";

/// All reasons in a decoded Job, in the order of the webhook; for a task, the first one.
pub(super) fn check(job: Node<'_>) -> Vec<Denial> {
    let spec = field(job, "spec");
    let mut denials = Vec::new();
    let job_name = field(job, "metadata").and_then(|metadata| string(metadata, "name"));
    let mut total = 0_i32;
    for (position, task) in tasks(spec).enumerate() {
        denials.extend(check_task(position, task, job_name.as_deref().unwrap_or_default()));
        // The total is an `int32` that wraps.
        total = total.wrapping_add(int32(Some(task), "replicas"));
    }
    let min_available = int32(spec, "minAvailable");
    if min_available > total {
        let message = "job 'minAvailable' must not be greater than total replicas";
        let kind = DenialKind::MinAvailableAboveTotal;
        denials.push(denial(&["minAvailable"], kind, message.into()));
    }
    if min_available < 0 {
        let message = "job 'minAvailable' must be >= 0";
        denials.push(denial(&["minAvailable"], DenialKind::Value, message.into()));
    }
    if let Some(message) = spec.and_then(tiers_message) {
        denials.push(denial(&["networkTopology"], DenialKind::Value, message.into()));
    }
    denials
}

/// What is wrong with the partitionPolicy of a decoded task, in the words of the webhook.
pub(crate) fn partition_message(task: Node<'_>, job: &str) -> Option<String> {
    Some(partition_reason(task, job)?.in_full())
}

fn partition_reason(task: Node<'_>, job: &str) -> Option<Reason> {
    let policy = field(task, "partitionPolicy")?;
    let name = string(task, "name").unwrap_or_default();
    let min_available = field(task, "minAvailable").map(|_| int32(Some(task), "minAvailable"));
    let tiers = tiers_message(policy);
    match partition_fault(policy, int32(Some(task), "replicas"), min_available) {
        // The webhook puts nothing between two messages.
        Some(fault) => {
            let of_task = format!(" in task: {name}, job: {job}");
            Some(Reason::with_value(fault, of_task, tiers.unwrap_or_default()))
        }
        None => tiers.map(Into::into),
    }
}

/// What is wrong with the networkTopology of a Job's `spec` or of a partitionPolicy, in the words of
/// the webhook.
pub(crate) fn tiers_message(parent: Node<'_>) -> Option<&'static str> {
    let topology = field(parent, "networkTopology")?;
    let has_name = string(topology, "highestTierName").is_some_and(|name| !name.is_empty());
    (field(topology, "highestTierAllowed").is_some() && has_name).then_some(BOTH_TIERS)
}

pub(super) fn task_count(job: Node<'_>) -> usize {
    tasks(field(job, "spec")).count()
}

fn tasks(spec: Option<Node<'_>>) -> impl Iterator<Item = Node<'_>> {
    spec.and_then(|spec| field(spec, "tasks")).into_iter().flat_map(Node::elements)
}

fn check_task(position: usize, task: Node<'_>, job: &str) -> Option<Denial> {
    let name = string(task, "name").unwrap_or_default();
    let of_task = |key: &str, kind, reason| {
        let path = ["spec", "tasks"].map(|key| Segment::Key(key.into()));
        let place = [Segment::Index(position), Segment::Key(key.into())];
        let path = path.into_iter().chain(place).collect();
        Some(Denial { path, kind, reason })
    };
    let in_task = |fault: &str| Reason::with_value(fault, format!(" in task: {name}"), "");
    let replicas = int32(Some(task), "replicas");
    if replicas < 0 {
        return of_task("replicas", DenialKind::Value, in_task("'replicas' must be >= 0"));
    }
    let min_available = field(task, "minAvailable").map(|_| int32(Some(task), "minAvailable"));
    if let Some(min_available) = min_available {
        if min_available < 0 {
            let reason = in_task("'minAvailable' must be >= 0");
            return of_task("minAvailable", DenialKind::Value, reason);
        }
        if min_available > replicas {
            let reason = in_task("'minAvailable' must be <= 'replicas'");
            return of_task("replicas", DenialKind::ReplicasBelowMinAvailable, reason);
        }
    }
    of_task("partitionPolicy", DenialKind::Partition, partition_reason(task, job)?)
}

/// What is wrong with a partitionPolicy. Products are `int32`s that wrap.
fn partition_fault(
    policy: Node<'_>,
    replicas: i32,
    min_available: Option<i32>,
) -> Option<&'static str> {
    let number = |key| int32(Some(policy), key);
    let (total, size, least) =
        (number("totalPartitions"), number("partitionSize"), number("minPartitions"));
    if total <= 0 {
        Some("'TotalPartitions' must be greater than 0")
    } else if size <= 0 {
        Some("'PartitionSize' must be greater than 0")
    } else if replicas != total.wrapping_mul(size) {
        Some("'Replicas' are not equal to TotalPartitions*PartitionSize")
    } else if least > 0
        && min_available.is_some_and(|least_pods| least_pods != least.wrapping_mul(size))
    {
        Some("'MinAvailable' is not equal to MinPartitions*PartitionSize")
    } else {
        None
    }
}

fn denial(keys: &[&str], kind: DenialKind, reason: Reason) -> Denial {
    let spec = std::iter::once(&"spec");
    let path: FieldPath = spec.chain(keys).map(|key| Segment::Key((*key).into())).collect();
    Denial { path, kind, reason }
}

/// A field that is not `null`.
fn field<'v>(value: Node<'v>, key: &str) -> Option<Node<'v>> {
    value.get(key).filter(|field| !field.is_null())
}

fn string(value: Node<'_>, key: &str) -> Option<String> {
    field(value, key)?.to_str().map(Into::into)
}

/// A decoded `int32`, which is 0 if it is absent.
#[expect(clippy::expect_used, reason = "the Job was decoded")]
fn int32(value: Option<Node<'_>>, key: &str) -> i32 {
    let number = value.and_then(|value| field(value, key));
    number.map_or(0, |number| number.text().parse().expect("a decoded number"))
}
