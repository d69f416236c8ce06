//! What makes two elements of a list the same element, and which elements a list has twice.
//!
//! The lists are those with `x-kubernetes-list-type: set` or `map`, see
//! [merge strategy](https://kubernetes.io/docs/reference/using-api/server-side-apply/#merge-strategy).

use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::hash::Hash;

use serde_json::Value;

use super::structural::{Kind, Structural};
use crate::path::Segment;
use crate::scalar::number;

/// What makes two elements of a list the same element.
#[derive(Debug)]
pub(crate) enum Identity {
    /// Nothing: elements are aligned.
    None,
    /// The value of the element. The order of the list means nothing.
    Set,
    /// The values of these keys of the element.
    Keys(Vec<ListKey>),
}

/// A field by which the elements of a list are told apart.
#[derive(Debug)]
pub(crate) struct ListKey {
    pub(crate) name: Box<str>,
    /// The value that counts in an element without the field, such as the protocol `TCP` of a port.
    pub(crate) default: Option<Value>,
}

/// An element that a list has twice.
pub(super) struct Repeated {
    /// Where the list stands, below the value that was searched.
    pub(super) list: Vec<Segment>,
    /// The position of the first repetition.
    pub(super) position: usize,
    /// The position of the element that is repeated.
    pub(super) first: usize,
    /// The names of the keys that the two have in common; empty in a set.
    pub(super) keys: Vec<Box<str>>,
}

impl ListKey {
    /// The value of this key in an element, as a text that is the same for equal values; `None` if the
    /// element has no value and there is no default.
    pub(crate) fn of(&self, element: &Value) -> Option<String> {
        let given = element.get(&*self.name).filter(|value| !value.is_null());
        given.or(self.default.as_ref()).map(number::scalar_text)
    }
}

impl Identity {
    fn key_names(&self) -> Vec<Box<str>> {
        match self {
            Self::Keys(keys) => keys.iter().map(|key| key.name.clone()).collect(),
            Self::None | Self::Set => Vec::new(),
        }
    }

    /// The position of the first repetition of each element that the list has more than once, with the
    /// position of the element that it repeats.
    fn repeated(&self, list: &[Value]) -> Vec<(usize, usize)> {
        match self {
            Self::None => Vec::new(),
            Self::Set => repeated(list.iter().map(number::scalar_text)),
            // An element that is no object is a violation of its own. `null` is an object without keys.
            Self::Keys(_) if list.iter().any(|item| !(item.is_object() || item.is_null())) => {
                Vec::new()
            }
            Self::Keys(keys) => repeated(
                list.iter().map(|item| keys.iter().map(|key| key.of(item)).collect::<Vec<_>>()),
            ),
        }
    }
}

impl Structural {
    /// Whether a set or keyed list in a value has an element twice.
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

    /// The elements that a set or keyed list in a value has twice.
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

fn repeated<K: Eq + Hash>(keys: impl Iterator<Item = K>) -> Vec<(usize, usize)> {
    // The position of the first element with each key, and whether its repetition was found.
    let mut seen: HashMap<K, (usize, bool)> = HashMap::new();
    let mut repeated = Vec::new();
    for (position, key) in keys.enumerate() {
        match seen.entry(key) {
            Entry::Vacant(entry) => drop(entry.insert((position, false))),
            Entry::Occupied(mut entry) => {
                let (first, is_known) = entry.get_mut();
                if !std::mem::replace(is_known, true) {
                    repeated.push((position, *first));
                }
            }
        }
    }
    repeated
}
