//! The one place where a verdict on a difference is made.

use serde_json::Value;
use similar::get_close_matches;

use super::{Violation, ViolationCode};
use crate::diff::{ChangeKind, Difference, Verdict};
use crate::job::resource::{API_VERSION, KIND};
use crate::job::{Field, Job};
use crate::path::{FieldPath, PathNode, Segment, Side, Step};
use crate::policy::{DroppedDefaults, UpdatePolicy, creation};
use crate::schema::shape::Shape;

/// The fields without which nothing says which object is meant, and what must stand there.
const REQUIRED: [(&str, Option<&str>); 3] =
    [("apiVersion", Some(API_VERSION)), ("kind", Some(KIND)), ("metadata.name", None)];

/// What a policy says to a difference; for a denied one, with the code of the violation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Judgement {
    Allowed,
    Ignored,
    Denied(ViolationCode),
}

impl Judgement {
    pub(crate) fn verdict(self) -> Verdict {
        match self {
            Self::Allowed => Verdict::Allowed,
            Self::Ignored => Verdict::Ignored,
            Self::Denied(_) => Verdict::Denied,
        }
    }
}

/// Judges a difference between an existing Job and its replacement.
pub(crate) fn judge(
    difference: &Difference<'_>,
    policy: &UpdatePolicy,
    existing: &Job<'_>,
) -> Judgement {
    // Whoever may put elements into a list and take them out may reorder it.
    let elements = difference.at.index(0, 0);
    let at = if difference.kind == ChangeKind::Moved { &elements } else { &difference.at };
    if is_identity(at) {
        Judgement::Denied(ViolationCode::WrongObject)
    } else if is_ignored(difference, at, policy, existing) {
        Judgement::Ignored
    } else if policy.allows_node(at) {
        Judgement::Allowed
    } else if is_dropped_default(difference, existing) {
        match policy.dropped_defaults() {
            DroppedDefaults::Deny => Judgement::Denied(ViolationCode::DroppedDefault),
            DroppedDefaults::Restore => Judgement::Ignored,
            DroppedDefaults::Allow => Judgement::Allowed,
        }
    } else {
        Judgement::Denied(code(difference, at))
    }
}

/// Puts a denied difference into words.
pub(crate) fn explain(
    difference: &Difference<'_>,
    code: ViolationCode,
    policy: &UpdatePolicy,
) -> Violation {
    let side =
        if difference.kind == ChangeKind::Removed { Side::Existing } else { Side::Replacement };
    let path = difference.at.to_path(side);
    let hint = hint(difference, code, &path, policy);
    let violation = Violation::found(code, path, message(difference, code))
        .with_values(difference.old, difference.new);
    match hint {
        Some(hint) => violation.with_hint(hint),
        None => violation,
    }
}

/// What is missing or wrong in the replacement's own statement of which object it is, whether or not
/// the existing Job says the same.
pub(crate) fn check_identity(replacement: &Job<'_>) -> Vec<Violation> {
    let mut violations = Vec::new();
    for (name, must_be) in REQUIRED {
        let field = match name.strip_prefix("metadata.") {
            Some(name) => replacement.metadata_field(name),
            None => replacement.top_field(name),
        };
        let is_set = || field.and_then(Field::to_str).is_some_and(|text| !text.is_empty());
        let (message, hint) = match must_be {
            Some(must_be) if field.is_some_and(|field| field.is_str(must_be)) => continue,
            None if is_set() => continue,
            Some(must_be) if is_set() => {
                (format!("must be {must_be}"), format!("set {name} to {must_be}"))
            }
            _ => ("must be set".to_owned(), format!("set {name}")),
        };
        let path = name.split('.').map(|key| Segment::Key(key.into())).collect();
        violations
            .push(Violation::found(ViolationCode::WrongObject, path, message).with_hint(hint));
    }
    violations
}

/// Whether a field says which object is meant.
fn is_identity(at: &PathNode<'_>) -> bool {
    match at.first_steps() {
        [Some(Step::Key("apiVersion" | "kind")), ..] => true,
        [Some(Step::Key("metadata")), Some(Step::Key(name)), ..] => {
            matches!(name, "name" | "namespace" | "uid")
        }
        _ => false,
    }
}

fn is_finalizers(at: &PathNode<'_>) -> bool {
    let [first, second, ..] = at.first_steps();
    matches!((first, second), (Some(Step::Key("metadata")), Some(Step::Key("finalizers"))))
}

/// Whether it is a task as a whole.
fn is_task(at: &PathNode<'_>) -> bool {
    matches!(
        at.first_steps(),
        [Some(Step::Key("spec")), Some(Step::Key("tasks")), Some(Step::Index { .. }), None]
    )
}

fn is_ignored(
    difference: &Difference<'_>,
    at: &PathNode<'_>,
    policy: &UpdatePolicy,
    existing: &Job<'_>,
) -> bool {
    policy.ignores_node(at)
        || (difference.filled && policy.ignores_filled_volume_claims())
        || (policy.releases_finalizers_while_deleting()
            && is_finalizers(at)
            && existing.metadata_field("deletionTimestamp").is_some())
}

/// Whether a field that creation filled in is missing from the replacement.
pub(crate) fn is_dropped_default(difference: &Difference<'_>, existing: &Job<'_>) -> bool {
    difference.gone
        && difference.old.is_some_and(|old| {
            creation::gave(existing, &difference.at.to_path(Side::Existing), old)
        })
}

fn code(difference: &Difference<'_>, at: &PathNode<'_>) -> ViolationCode {
    if difference.unknown_in.is_some() {
        return ViolationCode::UnknownField;
    }
    if !is_task(at) {
        return ViolationCode::ImmutableField;
    }
    match difference.kind {
        ChangeKind::Added => ViolationCode::TaskAdded,
        ChangeKind::Removed => ViolationCode::TaskRemoved,
        ChangeKind::Moved => ViolationCode::TasksReordered,
        ChangeKind::Replaced => ViolationCode::ImmutableField,
    }
}

fn message(difference: &Difference<'_>, code: ViolationCode) -> &'static str {
    match (code, difference.kind) {
        (ViolationCode::WrongObject, _) => "must be the same as in the existing Job",
        (ViolationCode::DroppedDefault, _) => {
            "the field was filled in at creation and must not be dropped"
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
        (_, ChangeKind::Added) => "the field was added: field is immutable",
        (_, ChangeKind::Removed) => "the field was removed: field is immutable",
        (_, ChangeKind::Replaced) => "the value was changed: field is immutable",
        (_, ChangeKind::Moved) => "the elements were put in another order: field is immutable",
    }
}

fn hint(
    difference: &Difference<'_>,
    code: ViolationCode,
    path: &FieldPath,
    policy: &UpdatePolicy,
) -> Option<String> {
    let remedy = match (code, difference.kind) {
        (ViolationCode::WrongObject, _) => {
            return Some("send the update to the Job that it is meant for".into());
        }
        (ViolationCode::DroppedDefault, _) => return Some(add_line(path, difference.old)),
        // Looking for the name that was meant takes its time: it is done for what is reported.
        (ViolationCode::UnknownField, _) => return None,
        (ViolationCode::TaskAdded, _) => {
            return Some("remove the task, or create another Job for it".into());
        }
        (ViolationCode::TaskRemoved, _) => {
            return Some("keep the task; lower its replicas if it is not needed".into());
        }
        (_, ChangeKind::Moved) => return Some("restore the order of the existing Job".into()),
        (_, ChangeKind::Added) => "remove the field",
        (_, ChangeKind::Removed) => "add the field again as it stands in the existing Job",
        (_, ChangeKind::Replaced) => "restore the value of the existing Job",
    };
    Some(format!("{remedy}; {}", policy.only_allowed_in_words()))
}

/// The line that puts a creation default back. These values are numbers, `[]` and fixed names.
fn add_line(path: &FieldPath, value: Option<&Value>) -> String {
    let key = match path.segments().last() {
        Some(Segment::Key(key)) => Value::from(&**key),
        _ => Value::Null,
    };
    format!("add {key}: {}", value.unwrap_or(&Value::Null))
}

/// What to do about a field that no Job has.
pub(crate) fn unknown_hint(job: &Shape, path: &FieldPath) -> String {
    let Some((Segment::Key(name), holder)) = path.segments().split_last() else {
        return "remove it".into();
    };
    let parent = job.at(holder);
    let known: Vec<&str> = parent.field_names().collect();
    let same_letters = known.iter().find(|known| known.eq_ignore_ascii_case(name)).copied();
    let close = || get_close_matches(&**name, &known, 1, 0.7).first().copied();
    if let Some(name) = same_letters.or_else(close) {
        return format!("did you mean `{name}`?");
    }
    let in_tasks = parent.child("tasks").and_then(|tasks| tasks.items().child(name));
    match in_tasks.filter(|_| known.contains(&"tasks")) {
        Some(_) => format!("each task has its own: set spec.tasks[*].{name}"),
        None => "remove it: no Job has this field".into(),
    }
}
