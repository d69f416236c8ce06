//! The identity of list elements: when two elements count as the same element.
//!
//! Defined for lists with `x-kubernetes-list-type: set` or `map`, see [merge
//! strategy](https://kubernetes.io/docs/reference/using-api/server-side-apply/#merge-strategy).

use std::borrow::Cow;
use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::hash::Hash;

use crate::job::{Node, have_unique_hashes};

/// How the elements of a list are identified.
#[derive(Debug)]
pub(crate) enum Identity {
    /// Elements have no identity: they are aligned.
    None,
    /// By value. The order of the list is irrelevant.
    Set,
    /// By the values of these key fields.
    Keys(Vec<ListKey>),
}

/// A key field of a keyed list.
#[derive(Debug)]
pub(crate) struct ListKey {
    pub(crate) name: Box<str>,
    /// The value that an element without the field has, as canonical text, such as `"TCP"` for the
    /// protocol of a port.
    pub(crate) default: Option<Box<str>>,
}

impl ListKey {
    /// The value of this key in an element, as canonical text; `None` if the element has no value
    /// and there is no default.
    pub(crate) fn of<'d>(&'d self, element: Node<'d>) -> Option<Cow<'d, str>> {
        match element.get(&self.name).filter(|value| !value.is_null()) {
            Some(value) => Some(value.scalar_text()),
            None => self.default.as_deref().map(Cow::Borrowed),
        }
    }
}

impl Identity {
    pub(super) fn key_names(&self) -> Vec<Box<str>> {
        match self {
            Self::Keys(keys) => keys.iter().map(|key| key.name.clone()).collect(),
            Self::None | Self::Set => Vec::new(),
        }
    }

    /// The elements that break the identity: for each one that occurs more than once, the positions
    /// of its second and of its first occurrence; or the first element of a keyed list that is no
    /// object.
    pub(super) fn violations(&self, list: Node<'_>) -> Vec<(usize, Option<usize>)> {
        match self {
            Self::None => Vec::new(),
            Self::Set => repeated(list.elements().map(Node::scalar_text)),
            Self::Keys(keys) => {
                // `null` counts as an object without keys.
                let is_other = |item: Node<'_>| !(item.is_object() || item.is_null());
                match list.elements().position(is_other) {
                    Some(position) => vec![(position, None)],
                    None => repeated(
                        list.elements()
                            .map(|item| keys.iter().map(|key| key.of(item)).collect::<Vec<_>>()),
                    ),
                }
            }
        }
    }
}

fn repeated<K: Eq + Hash>(keys: impl Iterator<Item = K> + Clone) -> Vec<(usize, Option<usize>)> {
    if have_unique_hashes(keys.clone()) {
        return Vec::new();
    }
    // The position of the first element with each key, and whether a duplicate was already
    // reported.
    let mut seen: HashMap<K, (usize, bool)> = HashMap::new();
    let mut repeated = Vec::new();
    for (position, key) in keys.enumerate() {
        match seen.entry(key) {
            Entry::Vacant(entry) => drop(entry.insert((position, false))),
            Entry::Occupied(mut entry) => {
                let (first, is_reported) = entry.get_mut();
                if !std::mem::replace(is_reported, true) {
                    repeated.push((position, Some(*first)));
                }
            }
        }
    }
    repeated
}
