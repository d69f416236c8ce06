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
            Kind::Map(_) => same_members(schema, &members(a), &members(b), |_| true),
            _ => {
                !schema.preserve_unknown || same_members(schema, &members(a), &members(b), |_| true)
            }
        },
        (Shape::List, Shape::List) => {
            a.elements().count() == b.elements().count()
                && a.elements()
                    .zip(b.elements())
                    .all(|(a, b)| same_unstructured(schema.items(), a, b))
        }
        (Shape::String, Shape::String) => a.to_str() == b.to_str(),
        (Shape::Number, Shape::Number) => same_numbers(a.text(), b.text()),
        _ => false,
    }
}

/// Whether two numbers are the same `int64`, or the same `float64`.
fn same_numbers(a: &str, b: &str) -> bool {
    match (a.parse::<i64>(), b.parse::<i64>()) {
        (Ok(a), Ok(b)) => a == b,
        (Err(_), Err(_)) => a.parse::<f64>() == b.parse::<f64>(),
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

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::job::Document;

    #[test]
    fn values_are_compared_as_an_api_server_holds_them() {
        let schema = Structural::of(&json!({"properties": {
            "a": {"type": "integer", "default": 3},
            "q": {"x-kubernetes-int-or-string": true},
            "l": {"type": "array", "items": {"type": "number"}},
            "m": {"type": "object", "additionalProperties": {"type": "string"}},
            "n": {"type": "string", "nullable": true},
        }}));
        for (a, b, expected) in [
            ("{}", r#"{"a": 3}"#, true),
            ("{}", r#"{"a": null, "unknown": 1}"#, true),
            (r#"{"a": 3}"#, r#"{"a": 3.0}"#, false),
            (r#"{"a": 1e19}"#, r#"{"a": 10000000000000000000}"#, true),
            (r#"{"a": -0}"#, r#"{"a": 0}"#, true),
            (r#"{"a": {"x": 1}}"#, r#"{"a": {}}"#, true),
            (r#"{"q": "1Gi"}"#, r#"{"q": "1024Mi"}"#, false),
            (r#"{"q": "1"}"#, r#"{"q": 1}"#, false),
            (r#"{"q": "\u0031"}"#, r#"{"q": "1"}"#, true),
            ("{}", r#"{"l": []}"#, false),
            (r#"{"l": [1, 2]}"#, r#"{"l": [2, 1]}"#, false),
            (r#"{"m": {"x": "", "y": "z"}}"#, r#"{"m": {"y": "z", "x": ""}}"#, true),
            (r#"{"m": {"x": ""}}"#, r#"{"m": {}}"#, false),
            ("{}", r#"{"n": null}"#, false),
        ] {
            let (a, b) = (Document::of_text(a).unwrap(), Document::of_text(b).unwrap());
            assert_eq!(same_unstructured(&schema, a.root(), b.root()), expected, "{a:?} {b:?}");
            assert_eq!(same_unstructured(&schema, b.root(), a.root()), expected, "{b:?} {a:?}");
        }
    }
}
