//! Ratcheting, as in an [API server]: a value that the update did not change is not validated
//! again.
//!
//! [API server]: https://github.com/kubernetes/apiextensions-apiserver/blob/master/pkg/apiserver/validation/ratcheting.go

use std::borrow::Cow;
use std::collections::HashMap;

use super::list::{Identity, ListKey};
use super::structural::{ANY, Kind, Structural};
use crate::job::Node;
use crate::path::Segment;

/// Compares two values that have the same schema.
pub(super) type Same = fn(&Structural, Node<'_>, Node<'_>) -> bool;

/// A value of the replacement, and the value of the existing Job that it replaces.
#[derive(Clone, Copy)]
pub(super) struct ValuePair<'v> {
    pub(super) schema: &'v Structural,
    /// `None` if the value was added, or is in a list where it is unknown which element it
    /// replaces.
    pub(super) existing: Option<Node<'v>>,
    pub(super) replacement: Node<'v>,
}

/// Determines which values of one field changed.
///
/// Results are cached, so that many violations in one field do not compare its values repeatedly.
pub(super) struct Ratchet<'v> {
    same: Same,
    field: ValuePair<'v>,
    /// Whether a list or object is unchanged, keyed by the address of the replacement's value.
    unchanged: HashMap<usize, bool>,
    /// The existing elements of keyed lists by their key values, keyed by the address of the
    /// replacement's list.
    existing_elements: HashMap<usize, HashMap<KeyValues<'v>, Node<'v>>>,
    pub(super) places: Places<'v>,
}

/// Finds the values in lists and objects, which would be read from their start each time, at once.
#[derive(Default)]
pub(super) struct Places<'v> {
    /// The elements of each list, keyed by its address.
    lists: HashMap<usize, Vec<Node<'v>>>,
    /// The members of each object, keyed by its address.
    objects: HashMap<usize, HashMap<Cow<'v, str>, Node<'v>>>,
}

/// The values of the keys of an element, see [`ListKey::of`].
type KeyValues<'v> = Vec<Option<Cow<'v, str>>>;

impl<'v> Ratchet<'v> {
    pub(super) fn new(field: ValuePair<'v>, same: Same) -> Self {
        Self {
            same,
            field,
            unchanged: HashMap::new(),
            existing_elements: HashMap::new(),
            places: Places::default(),
        }
    }

    /// The pair of values at a place below the field. `None` if the value there, or one that
    /// encloses it, is unchanged.
    pub(super) fn changed_at(&mut self, place: &[Segment]) -> Option<ValuePair<'v>> {
        self.changed_below(self.field, place)
    }

    /// As [`Self::changed_at`], for a place below the value of a pair.
    #[expect(clippy::expect_used, reason = "a violation is in the value that was validated")]
    pub(super) fn changed_below(
        &mut self,
        mut pair: ValuePair<'v>,
        place: &[Segment],
    ) -> Option<ValuePair<'v>> {
        for step in place {
            if self.is_unchanged(&pair) {
                return None;
            }
            let replacement = self.places.below(pair.replacement, step);
            pair = self.below(&pair, step, replacement.expect("the place of a violation"));
        }
        (!self.is_unchanged(&pair)).then_some(pair)
    }

    /// Whether the update did not change a value.
    pub(super) fn is_unchanged(&mut self, pair: &ValuePair<'_>) -> bool {
        let Some(existing) = pair.existing else { return false };
        let same = self.same;
        if !(pair.replacement.is_object() || pair.replacement.is_list()) {
            return same(pair.schema, existing, pair.replacement);
        }
        let cached = self.unchanged.entry(pair.replacement.address());
        *cached.or_insert_with(|| same(pair.schema, existing, pair.replacement))
    }

    /// The pair one step below another, where the replacement has this value.
    pub(super) fn below(
        &mut self,
        pair: &ValuePair<'v>,
        step: &Segment,
        replacement: Node<'v>,
    ) -> ValuePair<'v> {
        match step {
            Segment::Key(key) => ValuePair {
                schema: pair.schema.child(key).unwrap_or(&ANY),
                existing: pair
                    .existing
                    .and_then(|existing| self.places.below(existing, step))
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
    fn existing_element(&mut self, list: &ValuePair<'v>, element: Node<'v>) -> Option<Node<'v>> {
        let Kind::List { identity: Identity::Keys(keys), .. } = &list.schema.kind else {
            return None;
        };
        let keys_of = |element| keys.iter().map(|key: &'v ListKey| key.of(element)).collect();
        let existing = list.existing?;
        let by_keys = self.existing_elements.entry(list.replacement.address());
        let by_keys = by_keys.or_insert_with(|| {
            // If several elements have the same key values, the first wins.
            let mut by_keys = HashMap::new();
            for element in existing.elements() {
                by_keys.entry(keys_of(element)).or_insert(element);
            }
            by_keys
        });
        by_keys.get::<KeyValues<'v>>(&keys_of(element)).copied()
    }
}

impl<'v> Places<'v> {
    /// The value one step below another.
    pub(super) fn below(&mut self, value: Node<'v>, step: &Segment) -> Option<Node<'v>> {
        match step {
            Segment::Key(key) => {
                let members =
                    || value.members().map(|(key, value)| (key.to_str(), value)).collect();
                self.objects.entry(value.address()).or_insert_with(members).get(&**key).copied()
            }
            Segment::Index(position) => {
                let elements = || value.elements().collect();
                self.lists.entry(value.address()).or_insert_with(elements).get(*position).copied()
            }
        }
    }
}
