//! The values that are shown without `--show-values`.

use serde_json::Value;
use volcano_job_update::{FieldPath, Segment};

/// A value that is no secret: a number or the name of an event or action, of a field that has only
/// those.
pub(crate) fn public_text(path: &FieldPath, value: &Value) -> Option<String> {
    let keys: Vec<&str> = path.segments().iter().map(key).collect();
    let in_task = keys.strip_prefix(&["spec", "tasks", "*"]);
    match (in_task.or(keys.strip_prefix(&["spec"]))?, value) {
        (
            ["replicas" | "minAvailable" | "minSuccess" | "maxRetry" | "ttlSecondsAfterFinished"]
            | ["policies", "*", "exitCode"]
            | ["networkTopology", "highestTierAllowed"]
            | ["partitionPolicy", "networkTopology", "highestTierAllowed"]
            | ["partitionPolicy", _],
            Value::Number(number),
        ) => number.as_i64().map(|number| number.to_string()),
        (
            ["policies", "*", "event" | "action"] | ["policies", "*", "events", "*"],
            Value::String(text),
        ) => is_name(text).then(|| text.clone()),
        (
            ["networkTopology", "mode"] | ["partitionPolicy", "networkTopology", "mode"],
            Value::String(text),
        ) => matches!(&**text, "hard" | "soft").then(|| text.clone()),
        _ => None,
    }
}

/// The key of a step; `*` for a list position.
fn key(segment: &Segment) -> &str {
    match segment {
        Segment::Key(key) => key,
        Segment::Index(_) => "*",
    }
}

/// The events and actions of [Volcano's policies]; anything else can be a secret in the wrong place.
///
/// [Volcano's policies]: https://github.com/volcano-sh/volcano/blob/ed72c7c815a9fd547a787134676f73d42e9d049c/staging/src/volcano.sh/apis/pkg/apis/bus/v1alpha1
const NAMES: [&str; 24] = [
    "*",
    "PodPending",
    "PodRunning",
    "PodFailed",
    "PodEvicted",
    "Unknown",
    "TaskCompleted",
    "TaskFailed",
    "OutOfSync",
    "CommandIssued",
    "JobUpdated",
    "AbortJob",
    "RestartJob",
    "RestartTask",
    "RestartPod",
    "RestartPartition",
    "TerminateJob",
    "CompleteJob",
    "ResumeJob",
    "SyncJob",
    "EnqueueJob",
    "SyncQueue",
    "OpenQueue",
    "CloseQueue",
];

fn is_name(text: &str) -> bool {
    NAMES.contains(&text)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn only_numbers_and_names_of_known_fields_are_public() {
        for (path, value, public) in [
            ("spec.minAvailable", json!(3), Some("3")),
            ("spec.tasks[0].replicas", json!(-1), Some("-1")),
            ("spec.tasks[0].partitionPolicy.totalPartitions", json!(2), Some("2")),
            ("spec.tasks[0].policies[1].event", json!("PodFailed"), Some("PodFailed")),
            ("spec.policies[1].events[0]", json!("*"), Some("*")),
            ("spec.networkTopology.mode", json!("hard"), Some("hard")),
            (
                "spec.tasks[0].partitionPolicy.networkTopology.highestTierAllowed",
                json!(2),
                Some("2"),
            ),
            ("spec.tasks[0].template.networkTopology.mode", json!("hard"), None),
            ("spec.networkTopology.mode", json!("hunter"), None),
            ("spec.tasks[0].replicas", json!("secret"), None),
            ("spec.policies[1].action", json!("hunter"), None),
            ("spec.queue", json!("default"), None),
            ("spec.tasks[0].template.spec.priority", json!(3), None),
            ("metadata.labels.replicas", json!(3), None),
        ] {
            let path = path.parse().expect("a path");
            assert_eq!(public_text(&path, &value).as_deref(), public, "{path}");
        }
    }
}
