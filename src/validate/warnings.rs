//! Warnings about changes that the policy does not deny.

use super::violation::Results;
use super::{Violation, ViolationCode};
use crate::diff::{Difference, Origin};
use crate::job::{Node, Shape};
use crate::path::{FieldPath, Segment};
use crate::schema::{Kind, Structural};
use crate::volcano::VolcanoDenial;

/// The warning that Volcano's own webhook will deny an update that the policy allows.
pub(super) fn of_webhook(denial: &VolcanoDenial) -> Violation {
    let message = denial.warning();
    Violation::new(ViolationCode::VolcanoWebhook, denial.path().clone(), message).into_warning()
}

/// Adds a warning for each unknown field in a difference that is not denied.
pub(super) fn of_difference(difference: &Difference<'_>, results: &mut Results) {
    let Some(after) = difference.after().filter(|_| !difference.is_dropped) else { return };
    if difference.origin == Origin::Unknown {
        results.add(unknown_field(difference.path.clone()));
        return;
    }
    let mut below = Vec::new();
    let path_of = |below: &[Segment]| {
        difference.path.segments().iter().chain(below).cloned().collect::<FieldPath>()
    };
    visit_unknown(difference.schema, after, &mut below, &mut |below| {
        results.add(unknown_field(path_of(below)));
    });
}

/// Visits the path of each field in `value` that the schema does not have. `below` is the path of
/// `value` relative to the difference.
fn visit_unknown(
    schema: &Structural,
    value: Node<'_>,
    below: &mut Vec<Segment>,
    visit: &mut impl FnMut(&[Segment]),
) {
    match (value.shape(), &schema.kind) {
        (Shape::Object, Kind::Struct(_) | Kind::Map(_)) => {
            for (key, value) in value.members().filter(|(_, value)| !value.is_null()) {
                let key = key.to_str();
                below.push(Segment::Key((&*key).into()));
                match schema.child(&key) {
                    Some(child) => visit_unknown(child, value, below, visit),
                    None => visit(below),
                }
                below.pop();
            }
        }
        (Shape::List, Kind::List { items, .. }) => {
            for (position, value) in value.elements().enumerate() {
                below.push(Segment::Index(position));
                visit_unknown(items, value, below, visit);
                below.pop();
            }
        }
        _ => {}
    }
}

fn unknown_field(path: FieldPath) -> Violation {
    let message = "unknown field: an API server drops it, or rejects the request if it is strict";
    Violation::new(ViolationCode::UnknownField, path, message).into_warning()
}
