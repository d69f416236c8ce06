//! Finds duplicate elements of sets and keyed lists.

use serde_json::Value;

use super::structural::{Kind, Structural};
use crate::path::Segment;

/// A duplicate element of a list.
pub(super) struct Repeated {
    /// The place of the list, relative to the value that was searched.
    pub(super) list: Vec<Segment>,
    /// The position of the second occurrence.
    pub(super) position: usize,
    /// The position of the first occurrence.
    pub(super) first: usize,
    /// The names of the key fields; empty for a set.
    pub(super) keys: Vec<Box<str>>,
}

impl Structural {
    /// Whether a set or keyed list in a value has duplicate elements.
    pub(crate) fn has_repeated(&self, value: &Value) -> bool {
        match (value, &self.kind) {
            (Value::Object(fields), Kind::Struct(_) | Kind::Map(_)) => fields
                .iter()
                .any(|(key, value)| self.child(key).is_some_and(|child| child.has_repeated(value))),
            (Value::Array(list), Kind::List { items, identity }) => {
                !identity.repeated(list).is_empty()
                    || list.iter().any(|item| items.has_repeated(item))
            }
            _ => false,
        }
    }

    /// The duplicate elements of the sets and keyed lists in a value.
    pub(super) fn repeated(&self, value: &Value) -> Vec<Repeated> {
        let mut repeated = Vec::new();
        self.add_repeated(value, &mut Vec::new(), &mut repeated);
        repeated
    }

    fn add_repeated(&self, value: &Value, at: &mut Vec<Segment>, repeated: &mut Vec<Repeated>) {
        match (value, &self.kind) {
            (Value::Object(fields), Kind::Struct(_) | Kind::Map(_)) => {
                for (key, value) in fields {
                    if let Some(child) = self.child(key) {
                        at.push(Segment::Key(key.as_str().into()));
                        child.add_repeated(value, at, repeated);
                        at.pop();
                    }
                }
            }
            (Value::Array(list), Kind::List { items, identity }) => {
                repeated.extend(identity.repeated(list).into_iter().map(|(position, first)| {
                    Repeated { list: at.clone(), position, first, keys: identity.key_names() }
                }));
                for (position, item) in list.iter().enumerate() {
                    at.push(Segment::Index(position));
                    items.add_repeated(item, at, repeated);
                    at.pop();
                }
            }
            _ => {}
        }
    }
}
