//! What makes two elements of a list the same element.
//!
//! The lists are those with `x-kubernetes-list-type: set` or `map`, see
//! [merge strategy](https://kubernetes.io/docs/reference/using-api/server-side-apply/#merge-strategy).

use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::hash::Hash;

use serde_json::Value;

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

impl ListKey {
    /// The value of this key in an element, as a text that is the same for equal values; `None` if the
    /// element has no value and there is no default.
    pub(crate) fn of(&self, element: &Value) -> Option<String> {
        let given = element.get(&*self.name).filter(|value| !value.is_null());
        given.or(self.default.as_ref()).map(number::scalar_text)
    }
}

impl Identity {
    pub(super) fn key_names(&self) -> Vec<Box<str>> {
        match self {
            Self::Keys(keys) => keys.iter().map(|key| key.name.clone()).collect(),
            Self::None | Self::Set => Vec::new(),
        }
    }

    /// The position of the first repetition of each element that the list has more than once, with the
    /// position of the element that it repeats.
    pub(super) fn repeated(&self, list: &[Value]) -> Vec<(usize, usize)> {
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
