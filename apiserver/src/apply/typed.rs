//! Checks that a value has the types that the schema says, before it is merged.

use std::collections::BTreeSet;

use serde_json::{Map, Value};

use super::field_set::{Path, PathElement, path_text};
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
/// without a key, or more than once if that is not allowed. There are no more of them after 64 KiB.
pub(super) fn check(job_type: Type<'_>, job: &Value, duplicates: Duplicates) -> Result<(), String> {
    let mut walk = Walk { duplicates, path: Vec::new(), errors: Vec::new(), length: 0 };
    walk.value(job_type.atom(), job);
    match walk.errors.as_slice() {
        [] => Ok(()),
        [error] => Err(error.clone()),
        errors => Err(format!("errors:\n  {}", errors.join("\n  "))),
    }
}

/// The length of all errors after which no other one is added.
const MAX_LENGTH: usize = 64 * 1024;

struct Walk {
    duplicates: Duplicates,
    path: Path,
    errors: Vec<String>,
    /// The length of all errors.
    length: usize,
}

impl Walk {
    fn value(&mut self, atom: Atom<'_>, value: &Value) {
        match (atom.deduced(Some(value)).shape(), value) {
            (_, Value::Null) => {}
            (Shape::Object(object), Value::Object(fields)) => self.fields(&object, fields),
            (Shape::Object(_), _) => self.wrong_type("map", value),
            (Shape::List(list), Value::Array(items)) => self.items(&list, items),
            (Shape::List(_), _) => self.wrong_type("list", value),
            (Shape::Scalar(scalar), _) => {
                if let Some(error) = scalar_error(scalar, value) {
                    self.error(&error);
                }
            }
        }
    }

    fn fields(&mut self, object: &Object<'_>, fields: &Map<String, Value>) {
        for (name, value) in fields {
            self.path.push(PathElement::field(name));
            let field = object.field(name);
            match field {
                Some(field) => self.value(field.atom(), value),
                None => self.error("field not declared in schema"),
            }
            self.path.pop();
            if field.is_none() {
                // As in an API server, the fields after it are not looked at.
                return;
            }
        }
    }

    fn items(&mut self, list: &List<'_>, items: &[Value]) {
        let mut seen = BTreeSet::new();
        for (position, item) in items.iter().enumerate() {
            let element = if list.is_atomic() {
                PathElement::Index(position)
            } else {
                match list.element(item) {
                    Err(error) => return self.error(&format!("element {position}: {error}")),
                    Ok(element) => {
                        if !seen.insert(element.clone()) && self.duplicates == Duplicates::Refused {
                            self.error(&format!("duplicate entries for key {element}"));
                        }
                        element
                    }
                }
            };
            self.path.push(element);
            self.value(list.items.atom(), item);
            self.path.pop();
        }
    }

    fn wrong_type(&mut self, expected: &str, found: &Value) {
        self.error(&format!("expected {expected}, got &{{{}}}", go::printed(found)));
    }

    fn error(&mut self, error: &str) {
        if self.length < MAX_LENGTH {
            let path = path_text(&self.path);
            let separator = if path.is_empty() { "" } else { ": " };
            self.length += path.len() + error.len();
            self.errors.push(format!("{path}{separator}{error}"));
        }
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
