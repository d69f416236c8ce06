//! What does not stand in the way of an update but is worth knowing.

use serde_json::Value;

use crate::code::Code;
use crate::compare::{ChangedField, Difference};
use crate::judge::unknown_hint;
use crate::path::{FieldPath, Segment, Side, Step};
use crate::shape::{Kind, Shape};
use crate::violation::Violation;

/// What to know about a field in which a change is let through.
pub(crate) fn of_field(field: &ChangedField<'_>) -> Option<Violation> {
    let is_template = matches!(
        field.at.first_steps(),
        [
            Some(Step::Key("spec")),
            Some(Step::Key("tasks")),
            Some(Step::Index { .. }),
            Some(Step::Key("template"))
        ]
    );
    let warning = || {
        Violation::found(
            Code::TemplateChange,
            field.at.to_path(Side::Replacement),
            "running pods keep the old template, and Volcano's own webhook refuses this change",
        )
        .into_warning()
    };
    is_template.then(warning)
}

/// What to know about a change that is let through: which fields an API server will drop.
pub(crate) fn of_change(difference: &Difference<'_>) -> Vec<Violation> {
    let Some(new) = difference.new.filter(|_| !difference.gone) else { return Vec::new() };
    let path = difference.at.to_path(Side::Replacement);
    let mut warnings = Vec::new();
    match difference.unknown_in {
        Some(parent) => warnings.push(dropped(path, parent)),
        None => add_unknown(difference.shape, new, &path, &mut warnings),
    }
    warnings
}

/// Adds what is unknown in a value that the existing Job did not have.
fn add_unknown(shape: &Shape, value: &Value, path: &FieldPath, warnings: &mut Vec<Violation>) {
    let below = |segment| {
        let mut path = path.clone();
        path.push(segment);
        path
    };
    match (value, &shape.kind) {
        (Value::Object(fields), Kind::Struct(_) | Kind::Map(_)) => {
            for (key, value) in fields.iter().filter(|(_, value)| !value.is_null()) {
                let path = below(Segment::Key(key.as_str().into()));
                match shape.child(key) {
                    Some(child) => add_unknown(child, value, &path, warnings),
                    None => warnings.push(dropped(path, shape)),
                }
            }
        }
        (Value::Array(list), Kind::List { items, .. }) => {
            for (position, value) in list.iter().enumerate() {
                add_unknown(items, value, &below(Segment::Index(position)), warnings);
            }
        }
        _ => {}
    }
}

fn dropped(path: FieldPath, parent: &Shape) -> Violation {
    let hint = unknown_hint(parent, &path);
    let message = "unknown field: an API server drops it, or refuses the request if it is strict";
    Violation::found(Code::UnknownField, path, message).with_hint(hint).into_warning()
}
