//! The lifecycle policies, volumes and dependencies of a Job.
//!
//! Follows [util.go](https://github.com/volcano-sh/volcano/blob/ed72c7c815a9fd547a787134676f73d42e9d049c/pkg/webhooks/admission/jobs/validate/util.go).

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;
use volcano_job_update::status::{CauseType, StatusCause};

use super::template::texts::dns_subdomain;
use crate::go;

/// The events that a policy can name, in the order of Volcano's table. The webhook lists them in a
/// random order.
const EVENTS: [&str; 8] = [
    "*",
    "PodFailed",
    "PodEvicted",
    "PodPending",
    "Unknown",
    "TaskCompleted",
    "TaskFailed",
    "JobUpdated",
];

/// The actions that a policy can name, in the order of Volcano's table.
const ACTIONS: [&str; 8] = [
    "AbortJob",
    "RestartJob",
    "RestartTask",
    "RestartPod",
    "RestartPartition",
    "TerminateJob",
    "CompleteJob",
    "ResumeJob",
];

/// What is wrong with the policies of a Job or a task.
pub(super) fn policies_message(holder: &Value, path: &str) -> Option<String> {
    let (mut events, mut exit_codes) = (BTreeSet::new(), BTreeSet::new());
    let mut policies = list(holder, "policies").iter();
    let error =
        policies.find_map(|policy| policy_error(policy, path, &mut events, &mut exit_codes));
    let any = (events.contains("*") && events.len() > 1)
        .then(|| "if there's * here, no other policy should be here".to_owned());
    let errors: Vec<String> = error.into_iter().chain(any).collect();
    let count = match errors.len() {
        0 => return None,
        1 => "1 error".into(),
        count => format!("{count} errors"),
    };
    let points: Vec<String> = errors.iter().map(|error| format!("* {error}")).collect();
    Some(format!(
        "{count} occurred:\n\t{}\n\n valid events are [{}], valid actions are [{}];",
        points.join("\n\t"),
        EVENTS.join(" "),
        ACTIONS.join(" ")
    ))
}

fn policy_error<'v>(
    policy: &'v Value,
    path: &str,
    events: &mut BTreeSet<&'v str>,
    exit_codes: &mut BTreeSet<i64>,
) -> Option<String> {
    let exit_code = policy.get("exitCode").and_then(Value::as_i64);
    let named = text(policy, "event");
    let named = list(policy, "events").iter().filter_map(Value::as_str).chain(
        // An empty event is none, but an empty one in the list is.
        Some(named).filter(|event| !event.is_empty()),
    );
    let named: Vec<&str> = named.collect();
    match (exit_code, named.is_empty()) {
        (Some(_), false) => Some("must not specify event and exitCode simultaneously".into()),
        (None, true) => Some("either event and exitCode should be specified".into()),
        (None, false) => events_error(&named, text(policy, "action"), path, events),
        (Some(0), true) => Some("0 is not a valid error code".into()),
        (Some(code), true) => {
            (!exit_codes.insert(code)).then(|| format!("duplicate exitCode {code}"))
        }
    }
}

fn events_error<'v>(
    named: &[&'v str],
    action: &str,
    path: &str,
    events: &mut BTreeSet<&'v str>,
) -> Option<String> {
    let mut unique = BTreeSet::new();
    let mut named = named.iter().copied().filter(|event| unique.insert(*event));
    named.find_map(|event| {
        if !EVENTS.contains(&event) {
            Some(invalid(path, event, "invalid policy event"))
        } else if !ACTIONS.contains(&action) {
            Some(invalid(path, action, "invalid policy action"))
        } else if events.insert(event) {
            None
        } else {
            Some(format!("duplicate event {event}  across different policy"))
        }
    })
}

fn invalid(path: &str, value: &str, detail: &str) -> String {
    let shown = go::text_of(&Value::from(value));
    StatusCause::showing(CauseType::Invalid, path, &shown, detail).to_string()
}

/// What is wrong with the volumes of a Job: the first error.
pub(super) fn volumes_message(spec: &Value) -> Option<String> {
    let mut paths = BTreeSet::new();
    list(spec, "volumes").iter().find_map(|volume| {
        let (path, claim) = (text(volume, "mountPath"), text(volume, "volumeClaimName"));
        let has_claim = volume.get("volumeClaim").is_some();
        if path.is_empty() {
            return Some(" mountPath is required;".into());
        }
        if !paths.insert(path) {
            return Some(format!(" duplicated mountPath: {path};"));
        }
        if claim.is_empty() {
            let message = " either VolumeClaim or VolumeClaimName must be specified;";
            return (!has_claim).then(|| message.into());
        }
        if has_claim {
            return Some(
                "conflict: If you want to use an existing PVC, just specify VolumeClaimName.\
                 If you want to create a new PVC, you do not need to specify VolumeClaimName"
                    .into(),
            );
        }
        let messages = dns_subdomain(claim);
        (!messages.is_empty())
            .then(|| format!("invalid VolumeClaimName {claim} : [{}]", messages.join(" ")))
    })
}

/// Whether the tasks can be sorted by their dependencies: these have no circle, are all tasks, and no
/// task names one twice.
pub(super) fn can_be_sorted(tasks: &[Value]) -> bool {
    let mut dependents: BTreeMap<&str, BTreeSet<&str>> = BTreeMap::new();
    // What each task still waits for. Of tasks with the same name, the last one counts.
    let mut waiting: BTreeMap<&str, i64> = BTreeMap::new();
    for task in tasks {
        let needed = task.get("dependsOn").map(|needed| list(needed, "name")).unwrap_or_default();
        let name = text(task, "name");
        waiting.insert(name, 0);
        for other in needed.iter().filter_map(Value::as_str) {
            dependents.entry(other).or_default().insert(name);
            waiting.entry(name).and_modify(|count| *count += 1);
        }
    }
    let mut free: Vec<&str> =
        waiting.iter().filter(|(_, count)| **count == 0).map(|(name, _)| *name).collect();
    let mut sorted = 0;
    while let Some(task) = free.pop() {
        sorted += 1;
        for dependent in dependents.remove(task).unwrap_or_default() {
            let Some(count) = waiting.get_mut(dependent) else { continue };
            *count -= 1;
            if *count == 0 {
                free.push(dependent);
            }
        }
    }
    sorted == tasks.len()
}

fn list<'v>(value: &'v Value, key: &str) -> &'v [Value] {
    value.get(key).and_then(Value::as_array).map_or(&[], Vec::as_slice)
}

fn text<'v>(value: &'v Value, key: &str) -> &'v str {
    value.get(key).and_then(Value::as_str).unwrap_or_default()
}
