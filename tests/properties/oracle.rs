//! A second implementation of the documented rule: remove the allowed fields, normalize the rest, and
//! compare.
//!
//! It tells only whether a field changed that may not. It has no paths and no rules across fields, and
//! its tables are written by hand, independent of `schemas/`.

use proptest::prelude::*;
use serde_json::{Map, Value, json};
use volcano_job_update::strategy::{DeniedUpdate, allowed_update, denied_update};
use volcano_job_update::{Job, Verdict, ViolationCode};

use crate::changes;
use crate::edits::{edited_pair, reordered_job};

proptest! {
    #[test]
    fn denied_changes_match_masking_and_comparing(
        pair in prop_oneof![7 => edited_pair(), 1 => reordered_job()]
    ) {
        let (existing, replacement) = pair;
        prop_assume!(Job::from_value(&existing).is_ok() && Job::from_value(&replacement).is_ok());
        let changes = changes(&existing, &replacement)?;
        let denied = changes.with_verdict(Verdict::Denied);
        prop_assert_eq!(denied.is_empty(), differ_only_in_allowed_fields(&existing, &replacement),
            "{:?}", denied);
    }

    #[test]
    fn allowed_updates_change_only_allowed_fields(update in allowed_update()) {
        prop_assert!(differ_only_in_allowed_fields(&update.existing, &update.replacement));
    }

    #[test]
    fn denied_updates_change_another_field_or_break_a_rule(update in denied_update()) {
        let DeniedUpdate { existing, replacement, code, .. } = update;
        let breaks_a_rule = matches!(
            code,
            ViolationCode::InvalidValue
                | ViolationCode::ReplicasBelowMinAvailable
                | ViolationCode::MinAvailableAboveTotal
                | ViolationCode::PartitionMismatch
        );
        prop_assert_eq!(differ_only_in_allowed_fields(&existing, &replacement), breaks_a_rule);
    }
}

fn differ_only_in_allowed_fields(existing: &Value, replacement: &Value) -> bool {
    let mut jobs = [existing, replacement].map(without_allowed_fields);
    // An API server fills these in where they are absent.
    for field in ["namespace", "uid"] {
        let is_absent = |job: &Value| {
            let value = &job["metadata"][field];
            value.is_null() || normalized(value, &format!("metadata.{field}")).is_none()
        };
        if jobs.iter().any(is_absent) {
            for job in &mut jobs {
                remove(job, "metadata", field);
            }
        }
    }
    let [existing, replacement] = jobs.map(|job| normalized(&job, ""));
    existing == replacement
}

/// A random pair of this kind once failed.
#[test]
fn metadata_with_only_a_filled_in_field_equals_absent() {
    let (existing, replacement) = (json!({"metadata": {"uid": "a"}}), json!({}));
    assert!(differ_only_in_allowed_fields(&existing, &replacement));
    let changes = changes(&existing, &replacement).unwrap();
    assert_eq!(changes.with_verdict(Verdict::Denied).len(), 0, "{changes:?}");
}

fn remove(job: &mut Value, parent: &str, field: &str) {
    if let Some(parent) = job.get_mut(parent).and_then(Value::as_object_mut) {
        parent.remove(field);
    }
}

/// The allowed fields of `metadata`, of `spec` and of a task.
const ALLOWED: [(&str, &[&str]); 2] =
    [("metadata", &["labels", "annotations", "generateName"]), ("spec", &["template", "replicas"])];
const ALLOWED_IN_TASK: [&str; 2] = ["template", "replicas"];

/// A Job without the fields that the documented policy allows to change.
pub(crate) fn without_allowed_fields(job: &Value) -> Value {
    let mut job = job.clone();
    for (parent, fields) in ALLOWED {
        for field in fields {
            remove(&mut job, parent, field);
        }
    }
    for task in job.pointer_mut("/spec/tasks").and_then(Value::as_array_mut).into_iter().flatten() {
        for field in ALLOWED_IN_TASK {
            if let Some(task) = task.as_object_mut() {
                task.remove(field);
            }
        }
    }
    job
}

/// The fields outside tasks that the documented policy allows to change.
pub(crate) fn only_allowed_fields(job: &Value) -> Value {
    let kept = ALLOWED.map(|(parent, fields)| {
        let kept: Map<String, Value> = fields
            .iter()
            .filter_map(|field| Some(((*field).to_owned(), job.get(parent)?.get(field)?.clone())))
            .collect();
        (parent.to_owned(), kept.into())
    });
    Value::Object(kept.into_iter().collect())
}

/// Fields that the API server writes.
const MANAGED: [&str; 8] = [
    "status",
    "metadata.creationTimestamp",
    "metadata.deletionTimestamp",
    "metadata.deletionGracePeriodSeconds",
    "metadata.generation",
    "metadata.managedFields",
    "metadata.resourceVersion",
    "metadata.selfLink",
];

/// Lists and maps for which empty equals absent, with their empty value.
const EMPTY: [(&str, &str); 18] = [
    ("metadata.finalizers", "[]"),
    ("metadata.ownerReferences", "[]"),
    ("spec.plugins", "{}"),
    ("spec.policies", "[]"),
    ("spec.policies[].events", "[]"),
    ("spec.volumes", "[]"),
    ("spec.volumes[].volumeClaim.accessModes", "[]"),
    ("spec.volumes[].volumeClaim.resources.limits", "{}"),
    ("spec.volumes[].volumeClaim.resources.requests", "{}"),
    ("spec.volumes[].volumeClaim.selector.matchExpressions", "[]"),
    ("spec.volumes[].volumeClaim.selector.matchLabels", "{}"),
    ("spec.volumes[].volumeClaim.selector.matchExpressions[].values", "[]"),
    ("spec.tasks", "[]"),
    ("spec.tasks[].policies", "[]"),
    ("spec.tasks[].policies[].events", "[]"),
    ("spec.tasks[].dependsOn.name", "[]"),
    ("metadata", "{}"),
    ("spec", "{}"),
];

/// Fields with a default, which equals absent.
const DEFAULT: [(&str, &str); 5] = [
    ("spec.maxRetry", "3"),
    ("spec.queue", "\"default\""),
    ("spec.networkTopology.mode", "\"hard\""),
    ("spec.tasks[].partitionPolicy.minPartitions", "0"),
    ("spec.tasks[].partitionPolicy.networkTopology.mode", "\"hard\""),
];

/// Fields that are 0 in Go where they are absent.
const ZERO: [&str; 4] = [
    "spec.minAvailable",
    "spec.tasks[].maxRetry",
    "spec.tasks[].partitionPolicy.partitionSize",
    "spec.tasks[].partitionPolicy.totalPartitions",
];

/// Fields that are `""` in Go where they are absent.
const BLANK: [&str; 16] = [
    "metadata.namespace",
    "metadata.uid",
    "spec.networkTopology.highestTierName",
    "spec.policies[].action",
    "spec.policies[].event",
    "spec.priorityClassName",
    "spec.schedulerName",
    "spec.tasks[].dependsOn.iteration",
    "spec.tasks[].name",
    "spec.tasks[].partitionPolicy.networkTopology.highestTierName",
    "spec.tasks[].policies[].action",
    "spec.tasks[].policies[].event",
    "spec.tasks[].topologyPolicy",
    "spec.volumes[].mountPath",
    "spec.volumes[].volumeClaimName",
    "metadata.generateName",
];

const DURATIONS: [&str; 3] =
    ["spec.policies[].timeout", "spec.runningEstimate", "spec.tasks[].policies[].timeout"];

/// A form that equal values share; `None` if the value equals absent.
fn normalized(value: &Value, place: &str) -> Option<Value> {
    let value = match value {
        _ if MANAGED.contains(&place) => return None,
        // A null task equals one without fields.
        Value::Null if place == "spec.tasks[]" => json!({}),
        Value::Object(map) => map
            .iter()
            .filter(|(_, value)| !value.is_null())
            .filter_map(|(key, value)| Some((key.clone(), normalized(value, &below(place, key))?)))
            .collect::<Map<_, _>>()
            .into(),
        Value::Array(list) => {
            let place = format!("{place}[]");
            list.iter().map(|value| normalized(value, &place).unwrap_or_default()).collect()
        }
        scalar => normalized_scalar(scalar, place),
    };
    let value = if place == "metadata.finalizers" { sorted(value) } else { value };
    let text = value.to_string();
    let equals_absent = EMPTY.contains(&(place, &text))
        || DEFAULT.contains(&(place, &text))
        || ZERO.contains(&place) && text == "0"
        || BLANK.contains(&place) && text == "\"\"";
    (!equals_absent).then_some(value)
}

/// The place of a field. A colon precedes keys of maps, and names that are not a field of a Job.
fn below(place: &str, key: &str) -> String {
    match place {
        "" => key.into(),
        _ if key.contains(['.', '[', ':']) || place.ends_with("plugins") => {
            format!("{place}:{key}")
        }
        _ => format!("{place}.{key}"),
    }
}

fn normalized_scalar(value: &Value, place: &str) -> Value {
    if DURATIONS.contains(&place) {
        if let Some(seconds) = value.as_str().and_then(seconds) {
            return json!(["seconds", seconds]);
        }
    }
    let claim = "spec.volumes[].volumeClaim.resources.";
    if place.starts_with(&format!("{claim}requests."))
        || place.starts_with(&format!("{claim}limits."))
    {
        if let Some(bytes) = bytes(value) {
            return json!(["bytes", bytes]);
        }
    }
    match value.as_f64() {
        Some(float) if float.fract() == 0.0 && float.abs() < 1e15 => {
            serde_json::from_str(&format!("{float:.0}")).unwrap()
        }
        _ => value.clone(),
    }
}

/// The seconds of a duration such as `1h30m`, in the units that these tests use.
fn seconds(text: &str) -> Option<u64> {
    let mut sum = 0;
    for term in text.split_inclusive(|c: char| c.is_ascii_alphabetic()) {
        let (number, unit) = term.split_at(term.len() - 1);
        let unit = ["s", "m", "h"].iter().position(|known| *known == unit)?;
        sum += number.parse::<u64>().ok()? * 60_u64.pow(unit.try_into().unwrap());
    }
    (!text.is_empty()).then_some(sum)
}

/// The bytes of a quantity such as `1Gi`, in the units that these tests use.
fn bytes(value: &Value) -> Option<f64> {
    let text = value.as_str().map_or_else(|| value.to_string(), Into::into);
    let units = [("Ki", 1 << 10), ("Mi", 1 << 20), ("Gi", 1 << 30)];
    let unit = units.iter().find_map(|(unit, size)| Some((text.strip_suffix(unit)?, *size)));
    let (number, size) = unit.unwrap_or((&text, 1));
    let is_number = number.starts_with(|c: char| c.is_ascii_digit() || c == '-');
    Some(number.parse::<f64>().ok().filter(|_| is_number)? * f64::from(size))
}

fn sorted(value: Value) -> Value {
    match value {
        Value::Array(mut list) => {
            list.sort_by_key(Value::to_string);
            list.into()
        }
        other => other,
    }
}
