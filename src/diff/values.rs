//! The walk over the values of one field.

use serde_json::{Map, Value};

use super::difference::{Difference, DifferenceKind, Origin};
use super::lists::Matching;
use crate::path::PathNode;
use crate::scalar::quantity::Quantity;
use crate::scalar::{duration, number};
use crate::schema::{ANY, Identity, Kind, Structural};

/// The role of a value in the object or list that contains it.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Slot {
    /// A field of a struct.
    Field,
    /// A field of a struct that Volcano's controller fills in because a certain sibling field is
    /// present.
    FilledField,
    /// A field that the struct does not declare.
    Unknown,
    /// The value of a map key.
    Key,
    /// An element of a list.
    Element,
}

impl Slot {
    /// Whether an empty list or map in this slot is the same as an absent one.
    fn is_field(self) -> bool {
        matches!(self, Self::Field | Self::FilledField)
    }
}

/// All differences between two values of a field; `None` is an absent value.
pub(super) fn differences<'v>(
    at: &PathNode<'_>,
    schema: &'v Structural,
    slot: Slot,
    (old, new): (Option<&'v Value>, Option<&'v Value>),
) -> Vec<Difference<'v>> {
    let mut walk = ValueWalk { differences: Vec::new(), stops_at_first: false };
    match walk.value(at, schema, slot, old, new) {
        Ok(()) | Err(Differs) => walk.differences,
    }
}

/// Whether two values of this schema are the same, that is, whether the walk over them finds no
/// difference.
pub(crate) fn same(schema: &Structural, a: &Value, b: &Value) -> bool {
    match (a, b) {
        (Value::Object(_), Value::Object(_)) | (Value::Array(_), Value::Array(_)) => {
            let mut walk = ValueWalk { differences: Vec::new(), stops_at_first: true };
            walk.both(&PathNode::ROOT, schema, Slot::Element, a, b).is_ok()
        }
        _ => same_scalars(schema, a, b),
    }
}

/// The schema and the slot of the value of a key in an object whose schema is `parent`.
pub(super) fn slot_of<'s>(
    parent: &'s Structural,
    key: &str,
    has_sibling: impl Fn(&str) -> bool,
) -> (&'s Structural, Slot) {
    match parent.child(key) {
        None => (&ANY, Slot::Unknown),
        Some(child) if matches!(parent.kind, Kind::Struct(_)) => {
            let is_filled = child.filled_beside.as_deref().is_some_and(has_sibling);
            (child, if is_filled { Slot::FilledField } else { Slot::Field })
        }
        Some(child) => (child, Slot::Key),
    }
}

/// Whether a value is the same as an absent one.
fn is_like_absent(value: &Value, schema: &Structural) -> bool {
    schema.absent_is.as_ref().is_some_and(|absent| same(schema, value, absent))
}

struct ValueWalk<'v> {
    differences: Vec<Difference<'v>>,
    /// Whether to stop at the first difference, which is sufficient for [`same`].
    stops_at_first: bool,
}

/// Early exit: a walk with `stops_at_first` found a difference.
struct Differs;

impl<'v> ValueWalk<'v> {
    fn value(
        &mut self,
        at: &PathNode<'_>,
        schema: &'v Structural,
        slot: Slot,
        old: Option<&'v Value>,
        new: Option<&'v Value>,
    ) -> Result<(), Differs> {
        match (present(old, schema, slot), present(new, schema, slot)) {
            (None, None) => Ok(()),
            (Some(old), Some(new)) => self.both(at, schema, slot, old, new),
            (None, Some(new)) if is_like_absent(new, schema) => Ok(()),
            (Some(old), None) if is_like_absent(old, schema) => Ok(()),
            (old, new) => self.one_sided(at, schema, slot, old, new),
        }
    }

    /// Compares a value that only one of the two Jobs has. An absent map or list counts as empty,
    /// so that each of its entries is a separate addition or removal.
    fn one_sided(
        &mut self,
        at: &PathNode<'_>,
        schema: &'v Structural,
        slot: Slot,
        old: Option<&'v Value>,
        new: Option<&'v Value>,
    ) -> Result<(), Differs> {
        match (&schema.kind, old.or(new)) {
            (Kind::Map(_), Some(Value::Object(_))) if slot.is_field() => {
                let at = at.absent_if(old.is_none());
                let map = |value: Option<&'v Value>| value.and_then(Value::as_object);
                self.objects(&at, schema, map(old), map(new))
            }
            (Kind::List { .. }, Some(Value::Array(_))) if slot.is_field() => {
                let at = at.absent_if(old.is_none());
                let list = |value: Option<&'v Value>| {
                    value.and_then(Value::as_array).map_or(&[][..], Vec::as_slice)
                };
                self.lists(&at, schema, list(old), list(new))
            }
            _ => self.difference(at, schema, slot, old, new),
        }
    }

    fn both(
        &mut self,
        at: &PathNode<'_>,
        schema: &'v Structural,
        slot: Slot,
        old: &'v Value,
        new: &'v Value,
    ) -> Result<(), Differs> {
        match (old, new) {
            (Value::Object(old), Value::Object(new)) if slot != Slot::Unknown => {
                self.objects(at, schema, Some(old), Some(new))
            }
            (Value::Array(old), Value::Array(new)) if slot != Slot::Unknown => {
                self.lists(at, schema, old, new)
            }
            _ if same(schema, old, new) => Ok(()),
            _ => self.difference(at, schema, slot, Some(old), Some(new)),
        }
    }

    fn objects(
        &mut self,
        at: &PathNode<'_>,
        schema: &'v Structural,
        old: Option<&'v Map<String, Value>>,
        new: Option<&'v Map<String, Value>>,
    ) -> Result<(), Differs> {
        let slot = |key| {
            slot_of(schema, key, |sibling| {
                new.and_then(|new| new.get(sibling)).is_some_and(|value| !value.is_null())
            })
        };
        for (key, new_value) in new.into_iter().flatten() {
            let (child, slot) = slot(key);
            let old_value = old.and_then(|old| old.get(key));
            self.value(&at.key(key), child, slot, old_value, Some(new_value))?;
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
        schema: &'v Structural,
        old: &'v [Value],
        new: &'v [Value],
    ) -> Result<(), Differs> {
        let items = schema.items();
        if self.stops_at_first && !matches!(schema.kind, Kind::List { identity: Identity::Set, .. })
        {
            return self.same_lists(at, items, old, new);
        }
        let matching = match &schema.kind {
            Kind::List { identity: Identity::Set, .. } => Matching::of_set(old, new),
            Kind::List { identity: Identity::Keys(keys), .. } => Matching::by_keys(keys, old, new),
            _ => None,
        };
        let matching =
            matching.unwrap_or_else(|| Matching::aligned(old, new, |a, b| same(items, a, b)));
        for &position in &matching.removed {
            let at = at.index(position, position);
            self.difference(&at, items, Slot::Element, old.get(position), None)?;
        }
        for &position in &matching.added {
            let at = at.index(position, position);
            self.difference(&at, items, Slot::Element, None, new.get(position))?;
        }
        if !matching.order.is_empty() {
            self.record(at, &ANY, Slot::Element, DifferenceKind::Moved(matching.order))?;
        }
        for &(i, j) in &matching.pairs {
            self.value(&at.index(i, j), items, Slot::Element, old.get(i), new.get(j))?;
        }
        Ok(())
    }

    /// Two lists are the same if their elements are the same pairwise. Matching the elements
    /// matters only for reporting differences.
    fn same_lists(
        &mut self,
        at: &PathNode<'_>,
        items: &'v Structural,
        old: &'v [Value],
        new: &'v [Value],
    ) -> Result<(), Differs> {
        if old.len() != new.len() {
            return Err(Differs);
        }
        let mut pairs = old.iter().zip(new).enumerate();
        pairs.try_for_each(|(i, (old, new))| {
            self.value(&at.index(i, i), items, Slot::Element, Some(old), Some(new))
        })
    }

    fn difference(
        &mut self,
        at: &PathNode<'_>,
        schema: &'v Structural,
        slot: Slot,
        old: Option<&'v Value>,
        new: Option<&'v Value>,
    ) -> Result<(), Differs> {
        let kind = match (old, new) {
            (Some(before), Some(after)) => DifferenceKind::Replaced { before, after },
            (None, Some(after)) => DifferenceKind::Added(after),
            (Some(before), None) => DifferenceKind::Removed(before),
            (None, None) => return Ok(()),
        };
        self.record(at, schema, slot, kind)
    }

    fn record(
        &mut self,
        at: &PathNode<'_>,
        schema: &'v Structural,
        slot: Slot,
        kind: DifferenceKind<'v>,
    ) -> Result<(), Differs> {
        if self.stops_at_first {
            return Err(Differs);
        }
        let (was_empty, is_dropped) = match &kind {
            DifferenceKind::Added(_) => (true, false),
            DifferenceKind::Removed(_) => (false, true),
            DifferenceKind::Replaced { before, after } => {
                (is_like_absent(before, schema), is_like_absent(after, schema))
            }
            DifferenceKind::Moved(_) => (false, false),
        };
        let origin = match slot {
            Slot::Unknown => Origin::Unknown,
            Slot::FilledField if was_empty => Origin::Controller,
            Slot::FilledField | Slot::Field | Slot::Key | Slot::Element => Origin::Known,
        };
        self.differences.push(Difference::new(at, schema, origin, is_dropped, kind));
        Ok(())
    }
}

fn same_scalars(schema: &Structural, a: &Value, b: &Value) -> bool {
    if a == b {
        return true;
    }
    match schema.kind {
        Kind::Quantity => both_are(a, b, quantity),
        Kind::Duration => both_are(a, b, |value| duration::parse_duration(value.as_str()?)),
        _ => matches!((a, b), (Value::Number(a), Value::Number(b)) if number::same(a, b)),
    }
}

/// Whether both values can be parsed and the results are equal.
fn both_are<T: PartialEq>(a: &Value, b: &Value, parse: impl Fn(&Value) -> Option<T>) -> bool {
    parse(a).is_some_and(|a| parse(b).is_some_and(|b| a == b))
}

/// Parses a quantity, which is a string or a number.
fn quantity(value: &Value) -> Option<Quantity> {
    match value {
        Value::String(text) => Quantity::parse(text),
        Value::Number(number) => Quantity::parse(&number.to_string()),
        _ => None,
    }
}

/// The value, or `None` if it counts as absent: `null` outside of a list, or an empty list or map
/// as a field of a struct.
fn present<'v>(value: Option<&'v Value>, schema: &Structural, slot: Slot) -> Option<&'v Value> {
    let value = value?;
    let is_absent = match (value, &schema.kind) {
        (Value::Null, _) => slot != Slot::Element,
        (Value::Array(list), Kind::List { .. }) => slot.is_field() && list.is_empty(),
        (Value::Object(map), Kind::Map(_)) => slot.is_field() && map.is_empty(),
        _ => false,
    };
    (!is_absent).then_some(value)
}
