//! Checks that a value has the types that the schema says, before it is merged.

use serde_json::{Map, Value};

use super::field_set::PathElement;
use super::types::{Atom, List, Object, ScalarType, Shape, Type};
use crate::go;

/// Whether an element of a set or keyed list may occur twice.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Duplicates {
    Allowed,
    Refused,
}

/// Checks a value.
///
/// # Errors
///
/// The errors as one text: undeclared fields, values of another type, and elements of keyed lists
/// without a key, or more than once if that is not allowed.
pub(super) fn check(job_type: Type<'_>, job: &Value, duplicates: Duplicates) -> Result<(), String> {
    let mut walk = Walk { duplicates, errors: Vec::new() };
    walk.value(job_type.atom(), job, "");
    match walk.errors.as_slice() {
        [] => Ok(()),
        [error] => Err(error.clone()),
        errors => Err(format!("errors:\n  {}", errors.join("\n  "))),
    }
}

struct Walk {
    duplicates: Duplicates,
    errors: Vec<String>,
}

impl Walk {
    fn value(&mut self, atom: Atom<'_>, value: &Value, path: &str) {
        match (atom.deduced(Some(value)).shape(), value) {
            (_, Value::Null) => {}
            (Shape::Object(object), Value::Object(fields)) => self.fields(&object, fields, path),
            (Shape::Object(_), _) => {
                self.error(path, &format!("expected map, got &{{{}}}", go::printed(value)));
            }
            (Shape::List(list), Value::Array(items)) => self.items(&list, items, path),
            (Shape::List(_), _) => {
                self.error(path, &format!("expected list, got &{{{}}}", go::printed(value)));
            }
            (Shape::Scalar(scalar), _) => {
                if let Some(error) = scalar_error(scalar, value) {
                    self.error(path, &error);
                }
            }
        }
    }

    fn fields(&mut self, object: &Object<'_>, fields: &Map<String, Value>, path: &str) {
        for (name, value) in fields {
            let path = format!("{path}{}", PathElement::field(name));
            // As in an API server, the fields after it are not looked at.
            let Some(field) = object.field(name) else {
                return self.error(&path, "field not declared in schema");
            };
            self.value(field.atom(), value, &path);
        }
    }

    fn items(&mut self, list: &List<'_>, items: &[Value], path: &str) {
        let mut seen = std::collections::BTreeSet::new();
        for (position, item) in items.iter().enumerate() {
            let element = if list.is_atomic() {
                format!("[{position}]")
            } else {
                match list.element(item) {
                    Err(error) => return self.error(path, &format!("element {position}: {error}")),
                    Ok(element) => {
                        let text = element.to_string();
                        if !seen.insert(element) && self.duplicates == Duplicates::Refused {
                            self.error(path, &format!("duplicate entries for key {text}"));
                        }
                        text
                    }
                }
            };
            self.value(list.items.atom(), item, &format!("{path}{element}"));
        }
    }

    fn error(&mut self, path: &str, error: &str) {
        let separator = if path.is_empty() { "" } else { ": " };
        self.errors.push(format!("{path}{separator}{error}"));
    }
}

fn scalar_error(scalar: ScalarType, value: &Value) -> Option<String> {
    let expected = match (scalar, value) {
        (ScalarType::Numeric, Value::Number(_))
        | (ScalarType::String, Value::String(_))
        | (ScalarType::Boolean, Value::Bool(_))
        | (ScalarType::Any, Value::Number(_) | Value::String(_) | Value::Bool(_)) => return None,
        (ScalarType::Numeric, _) => {
            return Some(format!(
                "expected numeric (int or float), got {}",
                go::dynamic_type(value)
            ));
        }
        (ScalarType::String, _) => {
            return Some(format!(
                "expected string, got &value.valueUnstructured{{Value:{}}}",
                go::go_syntax(value)
            ));
        }
        (ScalarType::Boolean, _) => "boolean",
        (ScalarType::Any, _) => "any scalar",
    };
    Some(format!("expected {expected}, got &{{{}}}", go::printed(value)))
}
