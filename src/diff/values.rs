//! The walk over parsed values.

use serde_json::{Map, Value};

use super::ChangeKind;
use super::lists::Matching;
use super::walk::{ChangedField, Difference, Event, Listener, Stop};
use crate::path::PathNode;
use crate::scalar::quantity::Quantity;
use crate::scalar::{duration, number};
use crate::schema::shape::{ANY, Identity, Kind, Shape};

/// The walk over what stands below those levels.
pub(super) struct ValueWalk<'l, 'f> {
    pub(super) listener: &'l mut Listener<'f>,
    /// How many differences it was told.
    pub(super) told: usize,
    /// Nobody asks what differs, only whether anything does.
    only_whether: bool,
}

/// What a value is to the one that holds it.
#[derive(Clone, Copy)]
pub(super) enum Slot<'s> {
    /// A field of a struct. `filled`: its sibling is there that makes Volcano's controller fill it in.
    Field { filled: bool },
    /// A field that the struct does not have.
    Unknown { parent: &'s Shape },
    /// The value of a map key.
    Key,
    /// An element of a list.
    Element,
}

impl<'l, 'f> ValueWalk<'l, 'f> {
    pub(super) fn telling(listener: &'l mut Listener<'f>) -> Self {
        Self { listener, told: 0, only_whether: false }
    }
}

impl ValueWalk<'_, '_> {
    pub(super) fn value(
        &mut self,
        at: &PathNode<'_>,
        shape: &Shape,
        slot: Slot<'_>,
        old: Option<&Value>,
        new: Option<&Value>,
    ) -> Result<(), Stop> {
        let (old, new) = (present(old, shape, slot), present(new, shape, slot));
        let (kind, here) = match (old, new) {
            (None, None) => return Ok(()),
            (Some(old), Some(new)) => return self.both(at, shape, slot, old, new),
            (None, Some(new)) => (ChangeKind::Added, new),
            (Some(old), None) => (ChangeKind::Removed, old),
        };
        match (&shape.kind, here, slot) {
            _ if is_like_absent(here, shape) => Ok(()),
            // Absent is empty, so each of its entries is what was added or removed.
            (Kind::Map(_), Value::Object(_), Slot::Field { .. }) => {
                let at = at.absent_if(old.is_none());
                self.objects(
                    &at,
                    shape,
                    old.and_then(Value::as_object),
                    new.and_then(Value::as_object),
                )
            }
            (Kind::List { .. }, Value::Array(_), Slot::Field { .. }) => {
                let list = |value: Option<_>| {
                    value.and_then(Value::as_array).map_or(&[][..], Vec::as_slice)
                };
                self.lists(&at.absent_if(old.is_none()), shape, list(old), list(new))
            }
            _ => self.difference(at, kind, shape, slot, old, new),
        }
    }

    fn both(
        &mut self,
        at: &PathNode<'_>,
        shape: &Shape,
        slot: Slot<'_>,
        old: &Value,
        new: &Value,
    ) -> Result<(), Stop> {
        match (old, new, slot) {
            (
                Value::Object(old),
                Value::Object(new),
                Slot::Field { .. } | Slot::Key | Slot::Element,
            ) => self.objects(at, shape, Some(old), Some(new)),
            (
                Value::Array(old),
                Value::Array(new),
                Slot::Field { .. } | Slot::Key | Slot::Element,
            ) => self.lists(at, shape, old, new),
            _ if same(shape, old, new) => Ok(()),
            _ => self.difference(at, ChangeKind::Replaced, shape, slot, Some(old), Some(new)),
        }
    }

    fn objects(
        &mut self,
        at: &PathNode<'_>,
        shape: &Shape,
        old: Option<&Map<String, Value>>,
        new: Option<&Map<String, Value>>,
    ) -> Result<(), Stop> {
        let slot = |key| {
            slot_of(shape, key, |sibling| {
                new.and_then(|new| new.get(sibling)).is_some_and(|value| !value.is_null())
            })
        };
        for (key, new_value) in new.into_iter().flatten() {
            let (child, slot) = slot(key);
            self.value(
                &at.key(key),
                child,
                slot,
                old.and_then(|old| old.get(key)),
                Some(new_value),
            )?;
        }
        for (key, old_value) in old.into_iter().flatten() {
            if new.is_none_or(|new| !new.contains_key(key)) {
                let (child, slot) = slot(key);
                self.value(&at.key(key), child, slot, Some(old_value), None)?;
            }
        }
        Ok(())
    }

    fn lists(
        &mut self,
        at: &PathNode<'_>,
        shape: &Shape,
        old: &[Value],
        new: &[Value],
    ) -> Result<(), Stop> {
        let items = shape.items();
        if self.only_whether && !matches!(shape.kind, Kind::List { identity: Identity::Set, .. }) {
            return self.same_lists(at, items, old, new);
        }
        let matching = match &shape.kind {
            Kind::List { identity: Identity::Set, .. } => Matching::of_set(old, new),
            Kind::List { identity: Identity::Keys(keys), .. } => Matching::by_keys(keys, old, new),
            _ => None,
        };
        let matching =
            matching.unwrap_or_else(|| Matching::aligned(old, new, |a, b| same(items, a, b)));
        for &position in &matching.removed {
            let at = at.index(position, position);
            self.tell(&at, ChangeKind::Removed, items, old.get(position), None)?;
        }
        for &position in &matching.added {
            let at = at.index(position, position);
            self.tell(&at, ChangeKind::Added, items, None, new.get(position))?;
        }
        self.tell_order(at, &matching)?;
        for &(i, j) in &matching.pairs {
            self.value(&at.index(i, j), items, Slot::Element, old.get(i), new.get(j))?;
        }
        Ok(())
    }

    /// Two lists are the same if their elements are, one by one. Which element is which matters only
    /// to those who want to know what differs.
    fn same_lists(
        &mut self,
        at: &PathNode<'_>,
        items: &Shape,
        old: &[Value],
        new: &[Value],
    ) -> Result<(), Stop> {
        if old.len() != new.len() {
            return Err(Stop::Enough);
        }
        let mut pairs = old.iter().zip(new).enumerate();
        pairs.try_for_each(|(i, (old, new))| {
            self.value(&at.index(i, i), items, Slot::Element, Some(old), Some(new))
        })
    }

    pub(super) fn tell(
        &mut self,
        at: &PathNode<'_>,
        kind: ChangeKind,
        shape: &Shape,
        old: Option<&Value>,
        new: Option<&Value>,
    ) -> Result<(), Stop> {
        self.difference(at, kind, shape, Slot::Element, old, new)
    }

    pub(super) fn tell_field(&mut self, field: ChangedField<'_>) -> Result<(), Stop> {
        (self.listener)(&Event::Field(field))
    }

    pub(super) fn tell_order(
        &mut self,
        at: &PathNode<'_>,
        matching: &Matching,
    ) -> Result<(), Stop> {
        match matching.order.as_slice() {
            [] => Ok(()),
            order => self.tell_difference(Difference {
                at: *at,
                kind: ChangeKind::Moved,
                shape: &ANY,
                old: None,
                new: None,
                unknown_in: None,
                filled: false,
                gone: false,
                order,
            }),
        }
    }

    fn difference(
        &mut self,
        at: &PathNode<'_>,
        kind: ChangeKind,
        shape: &Shape,
        slot: Slot<'_>,
        old: Option<&Value>,
        new: Option<&Value>,
    ) -> Result<(), Stop> {
        let nothing =
            |value: Option<&Value>| value.is_none_or(|value| is_like_absent(value, shape));
        let unknown_in = match slot {
            Slot::Unknown { parent } => Some(parent),
            _ => None,
        };
        let filled = matches!(slot, Slot::Field { filled: true }) && nothing(old);
        let gone = nothing(new);
        self.tell_difference(Difference {
            at: *at,
            kind,
            shape,
            old,
            new,
            unknown_in,
            filled,
            gone,
            order: &[],
        })
    }

    fn tell_difference(&mut self, difference: Difference<'_>) -> Result<(), Stop> {
        self.told = self.told.saturating_add(1);
        (self.listener)(&Event::Difference(difference))
    }
}

/// Whether two values of one shape are the same: whether the walk over them finds nothing.
pub(super) fn same(shape: &Shape, a: &Value, b: &Value) -> bool {
    match (a, b) {
        (Value::Object(_), Value::Object(_)) | (Value::Array(_), Value::Array(_)) => {
            let listener = &mut |_: &Event<'_>| Err(Stop::Enough);
            let mut walk = ValueWalk { listener, told: 0, only_whether: true };
            walk.both(&PathNode::ROOT, shape, Slot::Element, a, b).is_ok()
        }
        _ if a == b => true,
        _ => match shape.kind {
            Kind::Quantity => both_are(a, b, quantity),
            Kind::Duration => both_are(a, b, |value| duration::parse_duration(value.as_str()?)),
            _ => matches!((a, b), (Value::Number(a), Value::Number(b)) if number::same(a, b)),
        },
    }
}

/// Whether both values have a meaning, and the same.
fn both_are<T: PartialEq>(a: &Value, b: &Value, meaning: impl Fn(&Value) -> Option<T>) -> bool {
    meaning(a).is_some_and(|a| meaning(b).is_some_and(|b| a == b))
}

/// A quantity is a string, or a bare number.
fn quantity(value: &Value) -> Option<Quantity> {
    match value {
        Value::String(text) => Quantity::parse(text),
        Value::Number(number) => Quantity::parse(&number.to_string()),
        _ => None,
    }
}

/// A value that is there: `null` is not, and an empty list or map of a struct is none.
fn present<'v>(value: Option<&'v Value>, shape: &Shape, slot: Slot<'_>) -> Option<&'v Value> {
    let value = value?;
    let is_field = matches!(slot, Slot::Field { .. });
    let absent = match (value, &shape.kind) {
        (Value::Null, _) => !matches!(slot, Slot::Element),
        (Value::Array(list), Kind::List { .. }) => is_field && list.is_empty(),
        (Value::Object(map), Kind::Map(_)) => is_field && map.is_empty(),
        _ => false,
    };
    (!absent).then_some(value)
}

/// Whether a value is the one that absent is the same as.
fn is_like_absent(value: &Value, shape: &Shape) -> bool {
    shape.absent_is.as_ref().is_some_and(|absent| same(shape, value, absent))
}

/// What stands under a key of an object, and what it is to that object.
pub(super) fn slot_of<'s>(
    parent: &'s Shape,
    key: &str,
    has_sibling: impl Fn(&str) -> bool,
) -> (&'s Shape, Slot<'s>) {
    match parent.child(key) {
        None => (&ANY, Slot::Unknown { parent }),
        Some(child) if matches!(parent.kind, Kind::Struct(_)) => {
            let filled = child.filled_beside.as_deref().is_some_and(has_sibling);
            (child, Slot::Field { filled })
        }
        Some(child) => (child, Slot::Key),
    }
}
