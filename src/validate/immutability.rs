//! Violations for changes that the policy denies, each with a message and a hint.

use serde_json::Value;
use similar::get_close_matches;

use super::{Violation, ViolationCode, scaling};
use crate::diff::{Difference, DifferenceKind, JobField, Origin};
use crate::job::resource::{API_VERSION, KIND};
use crate::job::{Field, Job, JsonType, KeptValue, Node};
use crate::path::{FieldPath, Segment};
use crate::policy::{UpdatePolicy, is_dropped_default, is_identity};
use crate::schema::Structural;

/// The fields that identify an object, each with its required value if there is one.
const REQUIRED: [(&[&str], Option<&str>); 3] =
    [(&["apiVersion"], Some(API_VERSION)), (&["kind"], Some(KIND)), (&["metadata", "name"], None)];

/// The violation for a difference between the existing Job and the replacement that the policy denies.
pub(super) fn violation(
    field: JobField<'_>,
    difference: &Difference<'_>,
    jobs: (&Job<'_>, &Job<'_>),
    policy: &UpdatePolicy,
) -> Violation {
    let code = code(field, difference, jobs.0);
    let message = message(code, field, difference);
    let violation = Violation::new(code, difference.path.clone(), message).with_values(
        difference.before().map(KeptValue::from),
        difference.after().map(KeptValue::from),
    );
    match hint(code, field, difference, jobs, policy) {
        Some(hint) => violation.with_hint(hint),
        None => violation,
    }
}

/// The violations for missing or wrong identity fields of the replacement, even if the existing Job
/// has the same values.
pub(super) fn identity_violations(replacement: &Job<'_>) -> impl Iterator<Item = Violation> {
    let violation = |&(keys, required): &(&[&str], Option<&str>)| {
        let field = match *keys {
            ["metadata", key] => replacement.metadata_field(key),
            [key] => replacement.top_field(key),
            _ => None,
        };
        let is_set = || field.and_then(Field::to_str).is_some_and(|text| !text.is_empty());
        let name = || keys.join(".");
        let (message, hint) = match required {
            Some(required) if field.is_some_and(|field| field.is_str(required)) => return None,
            None if is_set() => return None,
            Some(required) if is_set() => {
                (format!("must be {required}"), format!("set {} to {required}", name()))
            }
            _ => match field.filter(|field| !field.is_null()).map(Field::json_type) {
                Some(found) if found != JsonType::String => {
                    let hint = "write it in quotes if it is meant as text".to_owned();
                    (format!("must be a string, not {}", found.with_article()), hint)
                }
                _ => ("must be set".to_owned(), format!("set {}", name())),
            },
        };
        let path = keys.iter().map(|key| Segment::Key((*key).into())).collect();
        Some(Violation::new(ViolationCode::WrongObject, path, message).with_hint(hint))
    };
    REQUIRED.iter().filter_map(violation)
}

/// The hint for an unknown field: the name that was probably meant.
pub(super) fn unknown_field_hint(job: &Structural, path: &FieldPath) -> String {
    let Some((Segment::Key(name), parent_path)) = path.segments().split_last() else {
        return "remove it".into();
    };
    let parent = job.at(parent_path);
    let known: Vec<&str> = parent.field_names().collect();
    let same_ignoring_case = known.iter().find(|known| known.eq_ignore_ascii_case(name)).copied();
    let closest = || get_close_matches(&**name, &known, 1, 0.7).first().copied();
    if let Some(name) = same_ignoring_case.or_else(closest) {
        return format!("did you mean `{name}`?");
    }
    let task_field = parent.child("tasks").and_then(|tasks| tasks.items().child(name));
    match task_field.filter(|_| known.contains(&"tasks")) {
        Some(_) => format!("each task has its own: set spec.tasks[*].{name}"),
        None => "remove it: no Job has this field".into(),
    }
}

fn code(field: JobField<'_>, difference: &Difference<'_>, existing: &Job<'_>) -> ViolationCode {
    if is_identity(field) {
        ViolationCode::WrongObject
    } else if is_dropped_default(field, difference, existing) {
        ViolationCode::DroppedDefault
    } else if difference.origin == Origin::Unknown {
        ViolationCode::UnknownField
    } else {
        match field {
            JobField::AddedTask(_) => ViolationCode::TaskAdded,
            JobField::RemovedTask(_) => ViolationCode::TaskRemoved,
            JobField::TaskOrder => ViolationCode::TasksReordered,
            _ => ViolationCode::ImmutableField,
        }
    }
}

fn message(code: ViolationCode, field: JobField<'_>, difference: &Difference<'_>) -> &'static str {
    match (code, &difference.kind) {
        // A wrong apiVersion or kind of the replacement is reported by `identity_violations`.
        (ViolationCode::WrongObject, _) if is_type(field) => {
            "the existing object is not a Volcano Job"
        }
        (ViolationCode::WrongObject, _) => "must be the same as in the existing Job",
        (ViolationCode::DroppedDefault, _) => {
            "the field was filled in at creation and must not be dropped"
        }
        (ViolationCode::UnknownField, DifferenceKind::Removed(_)) => {
            "the unknown field was removed: field is immutable"
        }
        (ViolationCode::UnknownField, _) => "unknown field",
        (ViolationCode::TaskAdded, _) => {
            "the task was added, and the list of tasks is fixed: field is immutable"
        }
        (ViolationCode::TaskRemoved, _) => {
            "the task was removed, and the list of tasks is fixed: field is immutable"
        }
        (ViolationCode::TasksReordered, _) => {
            "the tasks were put in another order: field is immutable"
        }
        (_, DifferenceKind::Added(_)) => "the field was added: field is immutable",
        (_, DifferenceKind::Removed(_)) => "the field was removed: field is immutable",
        (_, DifferenceKind::Replaced { .. }) => "the value was changed: field is immutable",
        (_, DifferenceKind::Moved(_)) => {
            "the elements were put in another order: field is immutable"
        }
    }
}

fn hint(
    code: ViolationCode,
    field: JobField<'_>,
    difference: &Difference<'_>,
    (existing, replacement): (&Job<'_>, &Job<'_>),
    policy: &UpdatePolicy,
) -> Option<String> {
    let and_more =
        |remedy: String| match scaling::besides_restoring(policy, field, existing, replacement) {
            Some(more) => format!("{remedy}, and {more}"),
            None => remedy,
        };
    let remedy = match (code, &difference.kind) {
        (ViolationCode::WrongObject, _) if is_type(field) => {
            return Some("compare with the Job that is in the cluster".into());
        }
        (ViolationCode::WrongObject, _) => {
            return Some("send the update to the Job that it is meant for".into());
        }
        (ViolationCode::DroppedDefault, _) => return Some(and_more(line_to_add(difference))),
        // The search for a similar name is slow, so it runs only for the violations that are
        // reported.
        (ViolationCode::UnknownField, DifferenceKind::Added(_)) => return None,
        (ViolationCode::TaskAdded, _) => {
            return Some("remove the task, or create another Job for it".into());
        }
        (ViolationCode::TaskRemoved, _) => {
            return Some(scaling::instead_of_removing(policy, field, existing));
        }
        (_, DifferenceKind::Moved(_)) => {
            return Some("restore the order of the existing Job".into());
        }
        (_, DifferenceKind::Added(_)) => "remove the field",
        (_, DifferenceKind::Removed(_)) => "add the field again as it stands in the existing Job",
        (_, DifferenceKind::Replaced { .. }) => "restore the value of the existing Job",
    };
    Some(and_more(remedy.into()))
}

/// Whether a field says what type an object has.
fn is_type(field: JobField<'_>) -> bool {
    matches!(field, JobField::Top("apiVersion" | "kind"))
}

/// The line that restores a creation default. It may show the value: creation defaults are numbers,
/// `[]` and fixed names.
fn line_to_add(difference: &Difference<'_>) -> String {
    let key = match difference.path.segments().last() {
        Some(Segment::Key(key)) => Value::from(&**key),
        Some(Segment::Index(_)) | None => Value::Null,
    };
    format!("add {key}: {}", difference.before().map_or(Value::Null, Node::to_value))
}
