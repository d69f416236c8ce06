//! Which violations count: those at values that were not there before, as in an [API server].
//!
//! [API server]: https://github.com/kubernetes/apiextensions-apiserver/blob/master/pkg/apiserver/validation/ratcheting.go

use std::collections::HashMap;

use serde_json::Value;

use super::shape::{Identity, Kind, ListKey, Shape};
use crate::path::Segment;

/// Whether two values of one shape are the same.
pub(crate) type Same = fn(&Shape, &Value, &Value) -> bool;

/// A value of the replacement next to the one of the existing Job, if it is known which one that is.
#[derive(Clone, Copy)]
pub(super) struct Changed<'v> {
    pub(super) shape: &'v Shape,
    pub(super) old: Option<&'v Value>,
    pub(super) new: &'v Value,
}

/// Goes to the values of a field that are faulty, and remembers on the way what it found out, so that
/// many violations cost no more than the field is long.
pub(super) struct Ratchet<'v> {
    same: Same,
    /// By new value: whether the old one is the same.
    unchanged: HashMap<*const Value, bool>,
    /// By new list: the elements of the old one by their keys.
    former: HashMap<*const Value, HashMap<KeyOf, &'v Value>>,
}

type KeyOf = Vec<Option<String>>;

impl<'v> Ratchet<'v> {
    pub(super) fn new(same: Same) -> Self {
        Self { same, unchanged: HashMap::new(), former: HashMap::new() }
    }

    /// Goes down from a field. `None` if on the way, or there, nothing has changed.
    pub(super) fn place(&mut self, field: Changed<'v>, steps: &[Segment]) -> Option<Changed<'v>> {
        let mut place = field;
        for step in steps {
            if self.is_unchanged(&place) {
                return None;
            }
            place = self.child(&place, step)?;
        }
        (!self.is_unchanged(&place)).then_some(place)
    }

    fn is_unchanged(&mut self, place: &Changed<'_>) -> bool {
        let Some(old) = place.old else { return false };
        let same = self.same;
        let known = self.unchanged.entry(std::ptr::from_ref(place.new));
        *known.or_insert_with(|| same(place.shape, old, place.new))
    }

    fn child(&mut self, place: &Changed<'v>, step: &Segment) -> Option<Changed<'v>> {
        match step {
            Segment::Key(key) => Some(Changed {
                shape: place.shape.child(key)?,
                old: place.old.and_then(|old| old.get(&**key)).filter(|old| !old.is_null()),
                new: place.new.get(&**key)?,
            }),
            Segment::Index(position) => {
                let new = place.new.get(*position)?;
                Some(Changed { shape: place.shape.items(), old: self.former(place, new), new })
            }
        }
    }

    /// The element that an element of a list was before. Lists without keys are one value.
    fn former(&mut self, list: &Changed<'v>, new: &Value) -> Option<&'v Value> {
        let Kind::List { identity: Identity::Keys(keys), .. } = &list.shape.kind else {
            return None;
        };
        let key_of = |element| keys.iter().map(|key: &ListKey| key.of(element)).collect();
        let old = list.old?.as_array()?;
        let by_key = self.former.entry(std::ptr::from_ref(list.new)).or_insert_with(|| {
            // Of several with one key the first counts.
            old.iter().rev().map(|element| (key_of(element), element)).collect()
        });
        by_key.get::<KeyOf>(&key_of(new)).copied()
    }
}
