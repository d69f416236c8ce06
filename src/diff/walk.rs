//! The only walk over two Jobs: existing and replacement in, their differences out.
//!
//! What is a difference is decided by the [`Shape`] of the place alone; what is allowed is not
//! known here.

use std::borrow::Cow;

use serde_json::Value;

use super::lists::Matching;
use super::values::{self, ValueWalk, slot_of};
use super::{ChangeKind, ReviewError};
use crate::job::{Entry, Field, Job, Task};
use crate::path::PathNode;
use crate::schema::shape::{ANY, Managed, Shape};

/// What the walk comes upon.
#[derive(Debug)]
pub(crate) enum Event<'w> {
    Difference(Difference<'w>),
    Field(ChangedField<'w>),
}

/// One difference.
#[derive(Debug)]
pub(crate) struct Difference<'w> {
    pub(crate) at: PathNode<'w>,
    pub(crate) kind: ChangeKind,
    pub(crate) shape: &'w Shape,
    pub(crate) old: Option<&'w Value>,
    pub(crate) new: Option<&'w Value>,
    /// For a field that no Job has: the struct in which it stands.
    pub(crate) unknown_in: Option<&'w Shape>,
    /// Volcano's controller fills the field in, and did.
    pub(crate) filled: bool,
    /// The replacement has nothing of its own here: the field is absent, or what absent is the same as.
    pub(crate) gone: bool,
    /// For a list in another order: the former rank of each element that stayed.
    pub(crate) order: &'w [usize],
}

/// A field of those that reading tells apart, or a task that was added, in which something differs;
/// told once all its differences are. Of a field that the API server manages, which has no
/// differences, a list or object is shown empty.
#[derive(Debug)]
pub(crate) struct ChangedField<'w> {
    pub(crate) at: PathNode<'w>,
    pub(crate) shape: &'w Shape,
    pub(crate) old: Option<&'w Value>,
    pub(crate) new: Option<&'w Value>,
}

/// Why a walk ended early.
#[derive(Debug)]
pub(crate) enum Stop {
    /// The listener has heard enough.
    Enough,
    /// A part of one of the Jobs cannot be read.
    Unreadable(ReviewError),
}

/// Is told every event; what it returns ends the walk or not.
pub(crate) type Listener<'l> = dyn FnMut(&Event<'_>) -> Result<(), Stop> + 'l;

/// Walks both Jobs and tells every difference, and every field with one, in no particular order but
/// for one thing: what it tells of one task, it tells at one go.
pub(crate) fn compare(
    existing: &Job<'_>,
    replacement: &Job<'_>,
    shape: &Shape,
    listener: &mut Listener<'_>,
) -> Result<(), Stop> {
    JobWalk { existing, replacement, values: ValueWalk::telling(listener) }.job(shape)
}

/// The walk over the levels that reading told apart.
struct JobWalk<'j, 'e, 'r, 'l, 'f> {
    existing: &'j Job<'e>,
    replacement: &'j Job<'r>,
    values: ValueWalk<'l, 'f>,
}

impl JobWalk<'_, '_, '_, '_, '_> {
    fn job(&mut self, shape: &Shape) -> Result<(), Stop> {
        let (existing, replacement) = (self.existing, self.replacement);
        let root = PathNode::ROOT;
        self.fields(&root, shape, &existing.top, &replacement.top)?;

        let metadata = root.key("metadata").absent_if(existing.metadata.is_none());
        let old = existing.metadata.as_deref().unwrap_or_default();
        let new = replacement.metadata.as_deref().unwrap_or_default();
        if !existing.has_metadata_text_of(replacement) {
            self.fields(&metadata, shape.child("metadata").unwrap_or(&ANY), old, new)?;
        }

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
    ) -> Result<(), Stop> {
        let mut matched: usize = 0;
        let mut old_fields = Lookup::new(old);
        for (position, entry) in new.iter().enumerate() {
            if old.get(position).is_some_and(|old| entry.is_same_text(old)) {
                matched = matched.saturating_add(1);
                continue;
            }
            let (key, field) = (entry.key(), entry.field());
            let old_field = old_fields.find(key, position);
            matched = matched.saturating_add(usize::from(old_field.is_some()));
            if old_field != Some(field) {
                self.field(at, shape, key, old_field, Some(field), new)?;
            }
        }
        if matched < old.len() {
            let mut new_fields = Lookup::new(new);
            for (position, entry) in old.iter().enumerate() {
                if new_fields.find(entry.key(), position).is_none() {
                    self.field(at, shape, entry.key(), Some(entry.field()), None, new)?;
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
    ) -> Result<(), Stop> {
        let (child, slot) = slot_of(shape, key, |sibling| {
            siblings.iter().any(|entry| entry.is(sibling) && !entry.field().is_null())
        });
        let at = parent.key(key);
        let is_managed = match child.managed {
            Managed::Owned => true,
            Managed::Filled => is_missing(old) || is_missing(new),
            Managed::No => false,
        };
        if is_managed {
            let Some(new) = new.map(Field::surface) else { return Ok(()) };
            return self.values.tell_field(ChangedField {
                at,
                shape: child,
                old: None,
                new: Some(&new),
            });
        }
        let old = old.map(|field| self.existing_value(field, &at)).transpose()?;
        let new = new.map(|field| self.replacement_value(field, &at)).transpose()?;
        let (old, new) = (old.as_deref(), new.as_deref());
        let told = self.values.told;
        self.values.value(&at, child, slot, old, new)?;
        if self.values.told == told {
            return Ok(());
        }
        self.values.tell_field(ChangedField { at, shape: child, old, new })
    }

    fn tasks(&mut self, at: &PathNode<'_>, shape: &Shape) -> Result<(), Stop> {
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
            self.values.tell(&at, ChangeKind::Removed, shape, Some(&old), None)?;
        }
        for &position in &matching.added {
            let Some(task) = replacement.task(position) else { continue };
            let at = at.index(position, position);
            let new = self.replacement_value(task.whole, &at)?;
            self.values.tell(&at, ChangeKind::Added, shape, None, Some(&new))?;
            self.values.tell_field(ChangedField { at, shape, old: None, new: Some(&new) })?;
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
    ) -> Result<(), Stop> {
        if old.whole == new.whole || (old.whole.is_null() && new.whole.is_null()) {
            return Ok(());
        }
        let at = at.absent_if(old.whole.is_null());
        self.fields(&at, shape, old.fields, new.fields)?;
        if new.whole.is_null() {
            let (old, new) = (self.existing_value(old.whole, &at)?, Value::Null);
            let field = ChangedField { at, shape, old: Some(&old), new: Some(&new) };
            return self.values.tell_field(field);
        }
        Ok(())
    }

    fn existing_value<'v>(
        &self,
        field: Field<'v>,
        at: &PathNode<'_>,
    ) -> Result<Cow<'v, Value>, Stop> {
        self.existing
            .parse(field, at)
            .map_err(|error| Stop::Unreadable(ReviewError::Existing(error)))
    }

    fn replacement_value<'v>(
        &self,
        field: Field<'v>,
        at: &PathNode<'_>,
    ) -> Result<Cow<'v, Value>, Stop> {
        self.replacement
            .parse(field, at)
            .map_err(|error| Stop::Unreadable(ReviewError::Replacement(error)))
    }
}

/// Whether two values are the same, as the walk sees it.
pub(crate) fn same(shape: &Shape, old: &Value, new: &Value) -> bool {
    values::same(shape, old, new)
}

/// Whether a field that the server fills in was left to it; an empty text is none.
fn is_missing(field: Option<Field<'_>>) -> bool {
    field.is_none_or(|field| field.is_null() || field.to_str().is_some_and(|text| text.is_empty()))
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
        if let Some(entry) = self.entries.get(position).filter(|entry| entry.is(key)) {
            return Some(entry.field());
        }
        if self.entries.len() <= Self::FEW {
            return self.entries.iter().find(|entry| entry.is(key)).map(Entry::field);
        }
        if self.sorted.is_empty() {
            self.sorted = self.entries.iter().collect();
            self.sorted.sort_unstable_by(|a, b| a.key().cmp(b.key()));
        }
        let found = self.sorted.binary_search_by(|entry| entry.key().cmp(key)).ok()?;
        self.sorted.get(found).map(|entry| entry.field())
    }
}
