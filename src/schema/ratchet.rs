//! Ratcheting, as in an [API server]: a value that the update did not change is not validated
//! again.
//!
//! [API server]: https://github.com/kubernetes/apiextensions-apiserver/blob/master/pkg/apiserver/validation/ratcheting.go

use std::collections::HashMap;

use serde_json::Value;

use super::list::{Identity, ListKey};
use super::structural::{ANY, Kind, Structural};
use crate::path::Segment;

/// Compares two values that have the same schema.
pub(super) type Same = fn(&Structural, &Value, &Value) -> bool;

/// A value of the replacement, and the value of the existing Job that it replaces.
#[derive(Clone, Copy)]
pub(super) struct ValuePair<'v> {
    pub(super) schema: &'v Structural,
    /// `None` if the value was added, or is in a list where it is unknown which element it
    /// replaces.
    pub(super) existing: Option<&'v Value>,
    pub(super) replacement: &'v Value,
}

/// Determines which values of one field changed.
///
/// Results are cached, so that many violations in one field do not compare its values repeatedly.
pub(super) struct Ratchet<'v> {
    same: Same,
    field: ValuePair<'v>,
    /// Whether a value is unchanged, keyed by the address of the replacement's value.
    unchanged: HashMap<*const Value, bool>,
    /// The existing elements of keyed lists by their key values, keyed by the address of the
    /// replacement's list.
    existing_elements: HashMap<*const Value, HashMap<KeyValues, &'v Value>>,
}

/// The values of the keys of an element, see [`ListKey::of`].
type KeyValues = Vec<Option<String>>;

impl<'v> Ratchet<'v> {
    pub(super) fn new(field: ValuePair<'v>, same: Same) -> Self {
        Self { same, field, unchanged: HashMap::new(), existing_elements: HashMap::new() }
    }

    /// The pair of values at a place below the field. `None` if the value there, or one that
    /// encloses it, is unchanged.
    pub(super) fn changed_at(&mut self, place: &[Segment]) -> Option<ValuePair<'v>> {
        let mut pair = self.field;
        for step in place {
            if self.is_unchanged(&pair) {
                return None;
            }
            pair = self.below(&pair, step);
        }
        (!self.is_unchanged(&pair)).then_some(pair)
    }

    fn is_unchanged(&mut self, pair: &ValuePair<'_>) -> bool {
        let Some(existing) = pair.existing else { return false };
        let same = self.same;
        let cached = self.unchanged.entry(std::ptr::from_ref(pair.replacement));
        *cached.or_insert_with(|| same(pair.schema, existing, pair.replacement))
    }

    fn below(&mut self, pair: &ValuePair<'v>, step: &Segment) -> ValuePair<'v> {
        let replacement = value_below(pair.replacement, step);
        match step {
            Segment::Key(key) => ValuePair {
                schema: pair.schema.child(key).unwrap_or(&ANY),
                existing: pair
                    .existing
                    .and_then(|existing| existing.get(&**key))
                    .filter(|existing| !existing.is_null()),
                replacement,
            },
            Segment::Index(_) => ValuePair {
                schema: pair.schema.items(),
                existing: self.existing_element(pair, replacement),
                replacement,
            },
        }
    }

    /// The existing element with the same key values. `None` in a list without keys, which is
    /// ratcheted as one value.
    fn existing_element(&mut self, list: &ValuePair<'v>, element: &Value) -> Option<&'v Value> {
        let Kind::List { identity: Identity::Keys(keys), .. } = &list.schema.kind else {
            return None;
        };
        let keys_of = |element| keys.iter().map(|key: &ListKey| key.of(element)).collect();
        let existing = list.existing?.as_array()?;
        let by_keys = self.existing_elements.entry(std::ptr::from_ref(list.replacement));
        let by_keys = by_keys.or_insert_with(|| {
            // If several elements have the same key values, the first wins.
            existing.iter().rev().map(|element| (keys_of(element), element)).collect()
        });
        by_keys.get::<KeyValues>(&keys_of(element)).copied()
    }
}

/// The value one step below another.
#[expect(clippy::expect_used, reason = "a violation is located in the value that was validated")]
pub(super) fn value_below<'v>(value: &'v Value, step: &Segment) -> &'v Value {
    let below = match step {
        Segment::Key(key) => value.get(&**key),
        Segment::Index(position) => value.get(*position),
    };
    below.expect("the place of a violation is in the validated value")
}
