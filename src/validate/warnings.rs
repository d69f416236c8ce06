//! What does not stand in the way of an update but is worth knowing.

use serde_json::Value;

use super::{Violation, ViolationCode};
use crate::diff::{ChangedField, Difference};
use crate::path::{PathNode, Side, Step};
use crate::schema::shape::{Kind, Shape};

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
            ViolationCode::TemplateChange,
            field.at.to_path(Side::Replacement),
            "running pods keep the old template, and Volcano's own webhook denies this change",
        )
        .into_warning()
    };
    is_template.then(warning)
}

/// Adds what to know about a change that is let through: which fields an API server will drop.
pub(crate) fn add_of_change(difference: &Difference<'_>, warnings: &mut Vec<Violation>) {
    let Some(new) = difference.new.filter(|_| !difference.gone) else { return };
    match difference.unknown_in {
        Some(_) => warnings.push(dropped(&difference.at)),
        None => add_unknown(difference.shape, new, &difference.at, warnings),
    }
}

/// Adds what is unknown in a value that the existing Job did not have.
fn add_unknown(shape: &Shape, value: &Value, at: &PathNode<'_>, warnings: &mut Vec<Violation>) {
    match (value, &shape.kind) {
        (Value::Object(fields), Kind::Struct(_) | Kind::Map(_)) => {
            for (key, value) in fields.iter().filter(|(_, value)| !value.is_null()) {
                let at = at.key(key);
                match shape.child(key) {
                    Some(child) => add_unknown(child, value, &at, warnings),
                    None => warnings.push(dropped(&at)),
                }
            }
        }
        (Value::Array(list), Kind::List { items, .. }) => {
            for (position, value) in list.iter().enumerate() {
                add_unknown(items, value, &at.index(position, position), warnings);
            }
        }
        _ => {}
    }
}

fn dropped(at: &PathNode<'_>) -> Violation {
    let message = "unknown field: an API server drops it, or denies the request if it is strict";
    Violation::found(ViolationCode::UnknownField, at.to_path(Side::Replacement), message)
        .into_warning()
}
