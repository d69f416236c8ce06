//! The patch of Volcano's mutating webhook.

use serde_json::{Map, Value, json};
use volcano_job_update::internals::{
    ADDED_PLUGINS, MAX_RETRY, QUEUE, SCHEDULER, default_task_name,
};
use volcano_job_update::status::Status;

/// The `dnsPolicy` of a Pod in the network of its host.
const HOST_DNS_POLICY: &str = "ClusterFirstWithHostNet";

/// The Job with its defaults. `decoded` is the Job as Go writes it.
///
/// # Errors
///
/// 500: the Job has no `spec`.
pub(super) fn filled_in(job: &Value, decoded: &Value) -> Result<Value, Status> {
    let mut job = job.clone();
    let spec = decoded.get("spec").unwrap_or(&Value::Null);
    let Some(Value::Object(target)) = job.get_mut("spec") else {
        // The first operation of the patch is to add the queue.
        return Err(Status::internal_error(
            "add operation does not apply: doc is missing path: \"/spec/queue\": missing value",
        ));
    };
    fill_in(target, "queue", QUEUE.into(), spec);
    fill_in(target, "schedulerName", SCHEDULER.into(), spec);
    fill_in(target, "maxRetry", MAX_RETRY.into(), spec);
    let mut tasks = spec.get("tasks").and_then(Value::as_array).cloned().unwrap_or_default();
    let are_filled_in = tasks
        .iter_mut()
        .enumerate()
        .fold(false, |is_changed, (position, task)| fill_in_task(task, position) || is_changed);
    // Tasks that were filled in have a minAvailable.
    let total = tasks.iter().map(|task| int32(task, "minAvailable")).fold(0, i32::wrapping_add);
    fill_in(target, "minAvailable", total.into(), spec);
    if are_filled_in {
        target.insert("tasks".into(), Value::Array(tasks));
    }
    if let Some(Value::Object(plugins)) = spec.get("plugins") {
        target.insert("plugins".into(), Value::Object(with_added(plugins)));
    }
    Ok(job)
}

/// Sets a field of `spec` that is absent or the zero value.
fn fill_in(target: &mut Map<String, Value>, key: &str, default: Value, decoded: &Value) {
    if decoded.get(key).is_none() {
        target.insert(key.into(), default);
    }
}

/// Fills in what a task lacks. Returns whether it lacked anything.
fn fill_in_task(task: &mut Value, position: usize) -> bool {
    let min_available = default_min_available(task);
    let Value::Object(fields) = task else { return false };
    let count = fields.len();
    fields.entry("name").or_insert_with(|| default_task_name(position).into());
    fields.entry("minAvailable").or_insert_with(|| min_available.into());
    fields.entry("maxRetry").or_insert_with(|| MAX_RETRY.into());
    let is_changed = fields.len() > count;
    fill_in_dns_policy(fields) || is_changed
}

fn fill_in_dns_policy(task: &mut Map<String, Value>) -> bool {
    let spec = task.get_mut("template").and_then(|template| template.get_mut("spec"));
    let Some(Value::Object(spec)) = spec else { return false };
    let is_needed = spec.contains_key("hostNetwork") && !spec.contains_key("dnsPolicy");
    if is_needed {
        spec.insert("dnsPolicy".into(), HOST_DNS_POLICY.into());
    }
    is_needed
}

/// The pods of minPartitions partitions if the partition policy sets that number, otherwise all
/// replicas. The product is an `int32` that wraps.
fn default_min_available(task: &Value) -> i32 {
    let policy = task.get("partitionPolicy").unwrap_or(&Value::Null);
    match int32(policy, "minPartitions") {
        partitions if partitions > 0 => partitions.wrapping_mul(int32(policy, "partitionSize")),
        _ => int32(task, "replicas"),
    }
}

/// A decoded `int32`, which is 0 if it is absent.
pub(super) fn int32(value: &Value, key: &str) -> i32 {
    let number = value.get(key).and_then(Value::as_i64);
    number.and_then(|number| i32::try_from(number).ok()).unwrap_or_default()
}

/// The plugins with those that they need.
fn with_added(plugins: &Map<String, Value>) -> Map<String, Value> {
    let needed = ADDED_PLUGINS.iter().filter(|(plugin, _)| plugins.contains_key(*plugin));
    let mut all = plugins.clone();
    for plugin in needed.flat_map(|(_, added)| *added) {
        all.entry(*plugin).or_insert_with(|| json!([]));
    }
    all
}
