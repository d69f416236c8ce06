//! The checks of Volcano's validating webhook on a Job that is created.
//!
//! Follows `validateJobCreate` in
//! [admit_job.go](https://github.com/volcano-sh/volcano/blob/ed72c7c815a9fd547a787134676f73d42e9d049c/pkg/webhooks/admission/jobs/validate/admit_job.go).

use std::collections::BTreeSet;

use serde_json::Value;
use volcano_job_update::internals::{WrittenQuantity, partition_message, tiers_message};

use super::defaults::int32;
use super::policies::{can_be_sorted, policies_message, volumes_message};
use super::template::texts::qualified_name;
use super::{plugins, template};

/// All that is wrong with a decoded Job, in one text; `None` if nothing is.
pub(super) fn message(job: &Value) -> Option<String> {
    let none = Value::Null;
    let spec = job.get("spec").unwrap_or(&none);
    let metadata = job.get("metadata").unwrap_or(&none);
    let name = text(metadata, "name");
    let tasks = list(spec, "tasks");
    if tasks.is_empty() {
        return Some("No task specified in job spec".into());
    }
    let master = plugins::mpi_master(spec);
    if master.is_some_and(|master| tasks.iter().all(|task| text(task, "name") != master)) {
        return Some("The specified mpi master task was not found".into());
    }
    // The webhook appends each to the one before.
    let mut message: Vec<String> = tiers_message(spec).map(Into::into).into_iter().collect();
    let checked = check_tasks(&mut message, tasks, name, text(metadata, "namespace"));
    message.extend(name_message("job", name));
    if checked.replicas < int32(spec, "minAvailable") {
        let above = " job 'minAvailable' should not be greater than total replicas in tasks;";
        message.push(above.into());
    }
    message.extend(policies_message(spec, "spec.policies"));
    message.extend(
        plugins::unknown(spec).map(|plugin| format!(" unable to find job plugin: {plugin};")),
    );
    message.extend(volumes_message(spec));
    if checked.have_dependencies && !can_be_sorted(tasks) {
        let circle = " job has dependencies between tasks, but doesn't form a directed acyclic \
                      graph(DAG);";
        message.push(circle.into());
    }
    (!message.is_empty()).then(|| message.concat().trim().to_owned())
}

/// What the checks of the tasks found besides errors.
struct Checked {
    /// The total is an `int32` that wraps.
    replicas: i32,
    have_dependencies: bool,
}

/// Checks the tasks up to the first one with the name of an earlier one.
fn check_tasks(message: &mut Vec<String>, tasks: &[Value], job: &str, namespace: &str) -> Checked {
    let mut names = BTreeSet::new();
    let mut checked = Checked { replicas: 0, have_dependencies: false };
    for (position, task) in tasks.iter().enumerate() {
        let (name, replicas) = (text(task, "name"), int32(task, "replicas"));
        checked.have_dependencies |= task.get("dependsOn").is_some();
        if int32(task, "minAvailable") > replicas && task.get("minAvailable").is_some() {
            message.push(format!(
                " 'minAvailable' is greater than 'replicas' in task: {name}, job: {job};"
            ));
        }
        checked.replicas = checked.replicas.wrapping_add(replicas);
        if !names.insert(name) {
            message.push(format!(" duplicated task name {name};"));
            break;
        }
        message.extend(policies_message(task, "spec.tasks.policies"));
        let pod = format!("{job}-{name}-{position}");
        message.extend(name_message("pod", &pod).map(|message| message + ";"));
        message.extend(template_message(task, namespace, position));
        message.extend(partition_message(task, job));
    }
    checked
}

/// What is wrong with the name of the Job or of the first pod of a task.
fn name_message(of: &str, name: &str) -> Option<String> {
    let messages = qualified_name(name);
    (!messages.is_empty())
        .then(|| format!("create {of} with name {name} validate failed [{}]", messages.join(" ")))
}

/// What is wrong with the template of a task or, if nothing is, with its topology policy.
fn template_message(task: &Value, namespace: &str, position: usize) -> Option<String> {
    let errors = template::errors(task, namespace);
    if errors.is_empty() {
        return topology_message(task, position);
    }
    let errors: Vec<String> = errors.iter().map(|error| format!("{error}. ")).collect();
    Some(format!("spec.task[{position}].{}", errors.concat()))
}

/// With a topology policy, each container needs whole CPUs.
fn topology_message(task: &Value, position: usize) -> Option<String> {
    if ["", "none"].contains(&text(task, "topologyPolicy")) {
        return None;
    }
    let spec = task.get("template").and_then(|template| template.get("spec"))?;
    let mut containers = list(spec, "containers").iter().chain(list(spec, "initContainers"));
    let container = containers.position(|container| !has_whole_cpus(container))?;
    Some(format!(
        "the cpu request isn't an integer in spec.task[{position}] container[{container}]."
    ))
}

/// Whether the CPUs of a container, rounded away from zero to thousandths, are an integer but 0.
fn has_whole_cpus(container: &Value) -> bool {
    let resources = container.get("resources").unwrap_or(&Value::Null);
    let requests = resources.get("requests").and_then(Value::as_object);
    let requests = requests.filter(|requests| !requests.is_empty());
    let limits = || resources.get("limits").and_then(Value::as_object);
    let cpu = requests.or_else(limits).and_then(|resources| resources.get("cpu"));
    let cpu = cpu.and_then(Value::as_str);
    let cpu = cpu.and_then(WrittenQuantity::read).map(|cpu| cpu.value().clone().rounded_away(-3));
    cpu.is_some_and(|cpu| cpu.is_whole() && cpu.to_integer() != Some(0))
}

fn list<'v>(value: &'v Value, key: &str) -> &'v [Value] {
    value.get(key).and_then(Value::as_array).map_or(&[], Vec::as_slice)
}

fn text<'v>(value: &'v Value, key: &str) -> &'v str {
    value.get(key).and_then(Value::as_str).unwrap_or_default()
}
