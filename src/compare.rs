//! The only walk over two Jobs: existing and replacement in, their differences out.
//!
//! What is a difference is decided by the [`Shape`] of the place alone; what is permitted is not
//! known here.

mod lists;

use std::borrow::Cow;

use serde_json::{Map, Value};

use self::lists::Matching;
use crate::change::ChangeKind;
use crate::duration;
use crate::error::ReviewError;
use crate::job::{Entry, Field, Job, Task};
use crate::number;
use crate::path::PathNode;
use crate::quantity::Quantity;
use crate::shape::{ANY, Identity, Kind, Managed, Shape};

/// One difference, as the walk comes upon it.
#[derive(Debug)]
pub(crate) struct Difference<'w> {
    pub(crate) at: PathNode<'w>,
    pub(crate) kind: ChangeKind,
    pub(crate) old: Option<&'w Value>,
    pub(crate) new: Option<&'w Value>,
    /// For a field that no Job has: the struct in which it stands.
    pub(crate) unknown_in: Option<&'w Shape>,
    /// Volcano's controller fills the field in, and did.
    pub(crate) filled: bool,
    /// For a list in another order: the former rank of each element that stayed.
    pub(crate) order: &'w [usize],
}

/// Why a walk ended early.
#[derive(Debug)]
pub(crate) enum Halt {
    /// The listener has heard enough.
    Enough,
    /// A part of one of the Jobs cannot be read.
    Unreadable(ReviewError),
}

/// Is told every difference; what it returns ends the walk or not.
pub(crate) type Listener<'l> = dyn FnMut(&Difference<'_>) -> Result<(), Halt> + 'l;

/// Walks both Jobs and tells every difference, in no particular order.
pub(crate) fn compare(
    existing: &Job<'_>,
    replacement: &Job<'_>,
    shape: &Shape,
    listener: &mut Listener<'_>,
) -> Result<(), Halt> {
    JobWalk { existing, replacement, values: ValueWalk { listener } }.job(shape)
}

/// The walk over the levels that reading told apart.
struct JobWalk<'j, 'e, 'r, 'l, 'f> {
    existing: &'j Job<'e>,
    replacement: &'j Job<'r>,
    values: ValueWalk<'l, 'f>,
}

impl JobWalk<'_, '_, '_, '_, '_> {
    fn job(&mut self, shape: &Shape) -> Result<(), Halt> {
        let (existing, replacement) = (self.existing, self.replacement);
        let root = PathNode::ROOT;
        self.fields(&root, shape, &existing.top, &replacement.top)?;

        let metadata = root.key("metadata").absent_if(existing.metadata.is_none());
        let old = existing.metadata.as_deref().unwrap_or_default();
        let new = replacement.metadata.as_deref().unwrap_or_default();
        self.fields(&metadata, shape.child("metadata").unwrap_or(&ANY), old, new)?;

        let spec = root.key("spec").absent_if(existing.spec.is_none());
        let spec_shape = shape.child("spec").unwrap_or(&ANY);
        let old = existing.spec.as_deref().unwrap_or_default();
        let new = replacement.spec.as_deref().unwrap_or_default();
        self.fields(&spec, spec_shape, old, new)?;

        let tasks = spec.key("tasks").absent_if(!existing.has_tasks_field());
        self.tasks(&tasks, spec_shape.child("tasks").unwrap_or(&ANY).items())
    }

    fn fields(
        &mut self,
        at: &PathNode<'_>,
        shape: &Shape,
        old: &[Entry<'_>],
        new: &[Entry<'_>],
    ) -> Result<(), Halt> {
        let mut matched: usize = 0;
        let mut old_fields = Lookup::new(old);
        for (position, Entry { key, field }) in new.iter().enumerate() {
            let old_field = old_fields.find(key, position);
            matched = matched.saturating_add(usize::from(old_field.is_some()));
            if old_field != Some(*field) {
                self.field(at, shape, key, old_field, Some(*field), new)?;
            }
        }
        if matched < old.len() {
            let mut new_fields = Lookup::new(new);
            for (position, Entry { key, field }) in old.iter().enumerate() {
                if new_fields.find(key, position).is_none() {
                    self.field(at, shape, key, Some(*field), None, new)?;
                }
            }
        }
        Ok(())
    }

    fn field(
        &mut self,
        parent: &PathNode<'_>,
        shape: &Shape,
        key: &str,
        old: Option<Field<'_>>,
        new: Option<Field<'_>>,
        siblings: &[Entry<'_>],
    ) -> Result<(), Halt> {
        let (child, slot) = slot_of(shape, key, |sibling| {
            siblings.iter().any(|entry| entry.key == sibling && !entry.field.is_null())
        });
        if child.managed == Managed::Owned {
            return Ok(());
        }
        let at = parent.key(key);
        let old = old.map(|field| self.existing_value(field, &at)).transpose()?;
        let new = new.map(|field| self.replacement_value(field, &at)).transpose()?;
        let (old, new) = (old.as_deref(), new.as_deref());
        let one_sided = [old, new].iter().any(|value| present(*value, child, slot).is_none());
        if child.managed == Managed::Filled && one_sided {
            return Ok(());
        }
        self.values.value(&at, child, slot, old, new)
    }

    fn tasks(&mut self, at: &PathNode<'_>, shape: &Shape) -> Result<(), Halt> {
        let (existing, replacement) = (self.existing, self.replacement);
        if existing.task_count() == replacement.task_count()
            && existing.tasks().zip(replacement.tasks()).all(|(old, new)| old.name == new.name)
        {
            // The common case: nothing was added, removed, renamed or moved.
            let mut pairs = existing.tasks().zip(replacement.tasks()).enumerate();
            return pairs
                .try_for_each(|(i, (old, new))| self.task(&at.index(i, i), shape, old, new));
        }
        let matching = Matching::of_tasks(existing, replacement);
        for &position in &matching.removed {
            let Some(task) = existing.task(position) else { continue };
            let at = at.index(position, position);
            let old = self.existing_value(task.whole, &at)?;
            self.values.tell(&at, ChangeKind::Removed, Some(&old), None)?;
        }
        for &position in &matching.added {
            let Some(task) = replacement.task(position) else { continue };
            let at = at.index(position, position);
            let new = self.replacement_value(task.whole, &at)?;
            self.values.tell(&at, ChangeKind::Added, None, Some(&new))?;
        }
        self.values.tell_order(at, &matching)?;
        for &(i, j) in &matching.pairs {
            if let (Some(old), Some(new)) = (existing.task(i), replacement.task(j)) {
                self.task(&at.index(i, j), shape, old, new)?;
            }
        }
        Ok(())
    }

    fn task(
        &mut self,
        at: &PathNode<'_>,
        shape: &Shape,
        old: Task<'_, '_>,
        new: Task<'_, '_>,
    ) -> Result<(), Halt> {
        if old.whole == new.whole {
            return Ok(());
        }
        let at = at.absent_if(old.whole.is_null());
        self.fields(&at, shape, old.fields, new.fields)
    }

    fn existing_value<'v>(
        &self,
        field: Field<'v>,
        at: &PathNode<'_>,
    ) -> Result<Cow<'v, Value>, Halt> {
        self.existing
            .parse(field, at)
            .map_err(|error| Halt::Unreadable(ReviewError::Existing(error)))
    }

    fn replacement_value<'v>(
        &self,
        field: Field<'v>,
        at: &PathNode<'_>,
    ) -> Result<Cow<'v, Value>, Halt> {
        self.replacement
            .parse(field, at)
            .map_err(|error| Halt::Unreadable(ReviewError::Replacement(error)))
    }
}

/// The walk over what stands below those levels.
struct ValueWalk<'l, 'f> {
    listener: &'l mut Listener<'f>,
}

/// What a value is to the one that holds it.
#[derive(Clone, Copy)]
enum Slot<'s> {
    /// A field of a struct. `filled`: its sibling is there that makes Volcano's controller fill it in.
    Field { filled: bool },
    /// A field that the struct does not have.
    Unknown { parent: &'s Shape },
    /// The value of a map key.
    Key,
    /// An element of a list.
    Element,
}

impl ValueWalk<'_, '_> {
    fn value(
        &mut self,
        at: &PathNode<'_>,
        shape: &Shape,
        slot: Slot<'_>,
        old: Option<&Value>,
        new: Option<&Value>,
    ) -> Result<(), Halt> {
        let (old, new) = (present(old, shape, slot), present(new, shape, slot));
        let (kind, here) = match (old, new) {
            (None, None) => return Ok(()),
            (Some(old), Some(new)) => return self.both(at, shape, slot, old, new),
            (None, Some(new)) => (ChangeKind::Added, new),
            (Some(old), None) => (ChangeKind::Removed, old),
        };
        match (&shape.kind, here, slot) {
            _ if shape.default.as_ref().is_some_and(|default| same(shape, here, default)) => Ok(()),
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
            _ => self.difference(at, kind, slot, old, new),
        }
    }

    fn both(
        &mut self,
        at: &PathNode<'_>,
        shape: &Shape,
        slot: Slot<'_>,
        old: &Value,
        new: &Value,
    ) -> Result<(), Halt> {
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
            _ => self.difference(at, ChangeKind::Replaced, slot, Some(old), Some(new)),
        }
    }

    fn objects(
        &mut self,
        at: &PathNode<'_>,
        shape: &Shape,
        old: Option<&Map<String, Value>>,
        new: Option<&Map<String, Value>>,
    ) -> Result<(), Halt> {
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
    ) -> Result<(), Halt> {
        let items = shape.items();
        let matching = match &shape.kind {
            Kind::List { identity: Identity::Set, .. } => Matching::of_set(old, new),
            Kind::List { identity: Identity::Keys(keys), .. } => Matching::by_keys(keys, old, new),
            _ => None,
        };
        let matching =
            matching.unwrap_or_else(|| Matching::aligned(old, new, |a, b| same(items, a, b)));
        for &position in &matching.removed {
            self.tell(&at.index(position, position), ChangeKind::Removed, old.get(position), None)?;
        }
        for &position in &matching.added {
            self.tell(&at.index(position, position), ChangeKind::Added, None, new.get(position))?;
        }
        self.tell_order(at, &matching)?;
        for &(i, j) in &matching.pairs {
            self.value(&at.index(i, j), items, Slot::Element, old.get(i), new.get(j))?;
        }
        Ok(())
    }

    fn tell(
        &mut self,
        at: &PathNode<'_>,
        kind: ChangeKind,
        old: Option<&Value>,
        new: Option<&Value>,
    ) -> Result<(), Halt> {
        self.difference(at, kind, Slot::Element, old, new)
    }

    fn tell_order(&mut self, at: &PathNode<'_>, matching: &Matching) -> Result<(), Halt> {
        match matching.order.as_slice() {
            [] => Ok(()),
            order => (self.listener)(&Difference {
                at: *at,
                kind: ChangeKind::Moved,
                old: None,
                new: None,
                unknown_in: None,
                filled: false,
                order,
            }),
        }
    }

    fn difference(
        &mut self,
        at: &PathNode<'_>,
        kind: ChangeKind,
        slot: Slot<'_>,
        old: Option<&Value>,
        new: Option<&Value>,
    ) -> Result<(), Halt> {
        let unknown_in = match slot {
            Slot::Unknown { parent } => Some(parent),
            _ => None,
        };
        let filled = kind == ChangeKind::Added && matches!(slot, Slot::Field { filled: true });
        (self.listener)(&Difference { at: *at, kind, old, new, unknown_in, filled, order: &[] })
    }
}

/// Whether two values of one shape are the same: whether the walk over them finds nothing.
fn same(shape: &Shape, a: &Value, b: &Value) -> bool {
    match (a, b) {
        (Value::Object(_), Value::Object(_)) | (Value::Array(_), Value::Array(_)) => {
            let mut walk = ValueWalk { listener: &mut |_| Err(Halt::Enough) };
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

/// A value that is there: `null` is not, nor is what the shape says is the same as absent.
fn present<'v>(value: Option<&'v Value>, shape: &Shape, slot: Slot<'_>) -> Option<&'v Value> {
    let value = value?;
    let is_field = matches!(slot, Slot::Field { .. });
    let absent = match (value, &shape.kind) {
        (Value::Null, _) => !matches!(slot, Slot::Element),
        (Value::Array(list), Kind::List { .. }) => is_field && list.is_empty(),
        (Value::Object(map), Kind::Map(_)) => is_field && map.is_empty(),
        _ => shape.zero_is_absent && is_zero(value),
    };
    (!absent).then_some(value)
}

fn is_zero(value: &Value) -> bool {
    match value {
        Value::String(text) => text.is_empty(),
        Value::Bool(on) => !on,
        number => number::integer(number) == Some(0),
    }
}

/// What stands under a key of an object, and what it is to that object.
fn slot_of<'s>(
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

/// Finds fields by their key; at once where the other object has its keys in the same order.
struct Lookup<'j, 'a> {
    entries: &'j [Entry<'a>],
    /// The entries of a wide object, sorted by key when first needed.
    sorted: Vec<&'j Entry<'a>>,
}

impl<'j, 'a> Lookup<'j, 'a> {
    const FEW: usize = 16;

    fn new(entries: &'j [Entry<'a>]) -> Self {
        Self { entries, sorted: Vec::new() }
    }

    /// The field of that key, which is likely at that position.
    fn find(&mut self, key: &str, position: usize) -> Option<Field<'a>> {
        if let Some(entry) = self.entries.get(position).filter(|entry| entry.key == key) {
            return Some(entry.field);
        }
        if self.entries.len() <= Self::FEW {
            return self.entries.iter().find(|entry| entry.key == key).map(|entry| entry.field);
        }
        if self.sorted.is_empty() {
            self.sorted = self.entries.iter().collect();
            self.sorted.sort_unstable_by(|a, b| a.key.cmp(&b.key));
        }
        let found = self.sorted.binary_search_by(|entry| (*entry.key).cmp(key)).ok()?;
        self.sorted.get(found).map(|entry| entry.field)
    }
}
