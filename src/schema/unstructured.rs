//! When an API server takes two values of a custom resource for the same, so that it does not validate
//! the new one.

use std::borrow::Cow;
use std::collections::HashMap;

use super::structural::{Kind, Structural};
use crate::job::{Node, Shape};

/// Whether two values are deeply equal once unknown fields are pruned, `null` fields are dropped and
/// defaults are filled in. A quantity is a string or a number here, and `1` and `1.0` differ, because
/// the one is an `int64` and the other a `float64`: see
/// [ratcheting.go](https://github.com/kubernetes/apiextensions-apiserver/blob/master/pkg/apiserver/validation/ratcheting.go).
pub(crate) fn same_unstructured(schema: &Structural, a: Node<'_>, b: Node<'_>) -> bool {
    if a.text() == b.text() {
        return true;
    }
    match (a.shape(), b.shape()) {
        (Shape::Object, Shape::Object) => match &schema.kind {
            Kind::Struct(fields) => {
                let (a, b) = (members(a), members(b));
                let preserved = |key: &str| schema.preserve_unknown && fields.get(key).is_none();
                fields.iter().all(|(key, field)| same_fields(field, a.get(&**key), b.get(&**key)))
                    && same_members(schema, &a, &b, preserved)
            }
            _ => same_members(schema, &members(a), &members(b), |_| true),
        },
        (Shape::List, Shape::List) => {
            a.elements().count() == b.elements().count()
                && a.elements()
                    .zip(b.elements())
                    .all(|(a, b)| same_unstructured(schema.items(), a, b))
        }
        (Shape::String, Shape::String) => a.to_str() == b.to_str(),
        (Shape::Number, Shape::Number) => match (a.as_number(), b.as_number()) {
            (Some(a), Some(b)) => a.is_i64() == b.is_i64() && a == b,
            _ => false,
        },
        _ => false,
    }
}

type Fields<'v> = HashMap<Cow<'v, str>, Node<'v>>;

fn members(object: Node<'_>) -> Fields<'_> {
    object.members().map(|(key, value)| (key.to_str(), value)).collect()
}

/// Whether a declared field has the same value in two objects. An absent one has its default.
fn same_fields(schema: &Structural, a: Option<&Node<'_>>, b: Option<&Node<'_>>) -> bool {
    let default = || schema.default.as_ref().and(schema.absent_is.as_ref());
    let is_stored = |field: &&Node<'_>| schema.nullable || !field.is_null();
    match (a.filter(is_stored), b.filter(is_stored), default()) {
        (Some(a), Some(b), _) => same_unstructured(schema, *a, *b),
        (None, None, _) => true,
        (Some(given), None, Some(default)) | (None, Some(given), Some(default)) => {
            same_unstructured(schema, *given, default.root())
        }
        (Some(_), None, None) | (None, Some(_), None) => false,
    }
}

/// Whether two objects have the same members among those with certain keys.
fn same_members(
    schema: &Structural,
    a: &Fields<'_>,
    b: &Fields<'_>,
    is_compared: impl Fn(&str) -> bool,
) -> bool {
    let count = |fields: &Fields<'_>| fields.keys().filter(|key| is_compared(key)).count();
    let is_same = |(key, a): (&Cow<'_, str>, &Node<'_>)| {
        let schema = schema.child(key).unwrap_or(&super::ANY);
        b.get(key).is_some_and(|b| same_unstructured(schema, *a, *b))
    };
    count(a) == count(b) && a.iter().filter(|(key, _)| is_compared(key)).all(is_same)
}
