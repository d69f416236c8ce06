//! The only walk over two Jobs: existing and replacement in, the fields in which they differ out.
//!
//! Only the schema of a place decides what counts as a difference. The walk does not know the
//! policy.

use std::borrow::Cow;
use std::ops::ControlFlow;

use serde_json::Value;

use super::ReviewError;
use super::difference::{Difference, DifferenceKind, FieldDiff, JobField, Origin};
use super::lists::Matching;
use super::lookup::Lookup;
use super::values::{differences, slot_of};
use crate::job::{Entry, Field, Job, Task};
use crate::path::PathNode;
use crate::schema::{ANY, Managed, Structural};

/// Called once for each field that differs, in no particular order. `Break` stops the walk.
pub(crate) type Visitor<'v> = dyn FnMut(FieldDiff<'_>) -> ControlFlow<()> + 'v;

/// Walks both Jobs and passes each field that differs to the visitor.
///
/// # Errors
///
/// A value that differs cannot be parsed.
pub(crate) fn compare(
    existing: &Job<'_>,
    replacement: &Job<'_>,
    schema: &Structural,
    visit: &mut Visitor<'_>,
) -> Result<(), ReviewError> {
    match (JobWalk { existing, replacement, visit }).job(schema) {
        Ok(()) | Err(Stop::Visitor) => Ok(()),
        Err(Stop::Unreadable(error)) => Err(error),
    }
}

/// Why a walk ended early.
enum Stop {
    Visitor,
    Unreadable(ReviewError),
}

struct JobWalk<'j, 'e, 'r, 'l, 'v> {
    existing: &'j Job<'e>,
    replacement: &'j Job<'r>,
    visit: &'l mut Visitor<'v>,
}

/// The object that contains a field.
#[derive(Clone, Copy)]
enum Holder {
    Job,
    Metadata,
    Spec,
    Task { existing: usize, replacement: usize },
}

impl Holder {
    fn field(self, name: &str) -> JobField<'_> {
        match self {
            Self::Job => JobField::Top(name),
            Self::Metadata => JobField::Metadata(name),
            Self::Spec => JobField::Spec(name),
            Self::Task { existing, replacement } => JobField::Task { existing, replacement, name },
        }
    }
}

impl JobWalk<'_, '_, '_, '_, '_> {
    fn job(&mut self, schema: &Structural) -> Result<(), Stop> {
        let (existing, replacement) = (self.existing, self.replacement);
        let root = PathNode::ROOT;
        self.fields(&root, Holder::Job, schema, &existing.top, &replacement.top)?;

        if !existing.has_metadata_text_of(replacement) {
            let metadata = root.key("metadata").absent_if(existing.metadata.is_none());
            let schema = schema.child("metadata").unwrap_or(&ANY);
            let old = existing.metadata.as_deref().unwrap_or_default();
            let new = replacement.metadata.as_deref().unwrap_or_default();
            self.fields(&metadata, Holder::Metadata, schema, old, new)?;
        }

        let spec = root.key("spec").absent_if(existing.spec.is_none());
        let spec_schema = schema.child("spec").unwrap_or(&ANY);
        let old = existing.spec.as_deref().unwrap_or_default();
        let new = replacement.spec.as_deref().unwrap_or_default();
        self.fields(&spec, Holder::Spec, spec_schema, old, new)?;

        let tasks = spec.key("tasks").absent_if(!existing.has_tasks_field());
        self.tasks(&tasks, spec_schema.child("tasks").unwrap_or(&ANY).items())
    }

    fn fields(
        &mut self,
        at: &PathNode<'_>,
        holder: Holder,
        schema: &Structural,
        old: &[Entry<'_>],
        new: &[Entry<'_>],
    ) -> Result<(), Stop> {
        let mut matched: usize = 0;
        let mut old_fields = Lookup::new(old);
        for (position, entry) in new.iter().enumerate() {
            if old.get(position).is_some_and(|old| entry.is_same_text(old)) {
                matched += 1;
                continue;
            }
            let (key, field) = (entry.key(), entry.field());
            let old_field = old_fields.find(key, position);
            matched += usize::from(old_field.is_some());
            if old_field != Some(field) {
                self.field(at, holder, schema, key, (old_field, Some(field)))?;
            }
        }
        if matched < old.len() {
            let mut new_fields = Lookup::new(new);
            for (position, entry) in old.iter().enumerate() {
                if new_fields.find(entry.key(), position).is_none() {
                    let values = (Some(entry.field()), None);
                    self.field(at, holder, schema, entry.key(), values)?;
                }
            }
        }
        Ok(())
    }

    fn field(
        &mut self,
        parent: &PathNode<'_>,
        holder: Holder,
        schema: &Structural,
        key: &str,
        (old, new): (Option<Field<'_>>, Option<Field<'_>>),
    ) -> Result<(), Stop> {
        // Volcano's controller fills in fields only deeper in a Job.
        let (child, slot) = slot_of(schema, key, |_| false);
        let at = parent.key(key);
        let is_managed = match child.managed {
            Managed::Owned => true,
            Managed::Filled => is_missing(old) || is_missing(new),
            Managed::No => false,
        };
        if is_managed {
            let Some(new) = new else { return Ok(()) };
            let new = self.replacement_value(new.surface(), &at)?;
            return self.visit_field(holder.field(key), child, (None, Some(&new)), Vec::new());
        }
        let old = old.map(|field| self.existing_value(field, &at)).transpose()?;
        let new = new.map(|field| self.replacement_value(field, &at)).transpose()?;
        let values = (old.as_deref(), new.as_deref());
        let differences = differences(&at, child, slot, values);
        if differences.is_empty() {
            return Ok(());
        }
        self.visit_field(holder.field(key), child, values, differences)
    }

    fn tasks(&mut self, at: &PathNode<'_>, schema: &Structural) -> Result<(), Stop> {
        let (existing, replacement) = (self.existing, self.replacement);
        if existing.task_count() == replacement.task_count()
            && existing.tasks().zip(replacement.tasks()).all(|(old, new)| old.name == new.name)
        {
            // The common case: no task was added, removed, renamed or moved.
            let mut pairs = existing.tasks().zip(replacement.tasks()).enumerate();
            return pairs.try_for_each(|(i, (old, new))| self.task(at, (i, i), schema, old, new));
        }
        let matching = Matching::of_tasks(existing, replacement);
        for &position in &matching.removed {
            let task = matched_task(existing, position);
            let at = at.index(position, position);
            let old = self.existing_value(task.whole, &at)?;
            let field = JobField::RemovedTask(position);
            let kind = DifferenceKind::Removed(&old);
            self.visit_task_list_change(&at, field, schema, (Some(&*old), None), kind)?;
        }
        for &position in &matching.added {
            let task = matched_task(replacement, position);
            let at = at.index(position, position);
            let new = self.replacement_value(task.whole, &at)?;
            let field = JobField::AddedTask(position);
            let kind = DifferenceKind::Added(&new);
            self.visit_task_list_change(&at, field, schema, (None, Some(&*new)), kind)?;
        }
        if !matching.order.is_empty() {
            let kind = DifferenceKind::Moved(matching.order.clone());
            self.visit_task_list_change(at, JobField::TaskOrder, &ANY, (None, None), kind)?;
        }
        for &(i, j) in &matching.pairs {
            let (old, new) = (matched_task(existing, i), matched_task(replacement, j));
            self.task(at, (i, j), schema, old, new)?;
        }
        Ok(())
    }

    /// Visits an added or removed task, or a change of the task order.
    fn visit_task_list_change(
        &mut self,
        at: &PathNode<'_>,
        field: JobField<'_>,
        schema: &Structural,
        values: (Option<&Value>, Option<&Value>),
        kind: DifferenceKind<'_>,
    ) -> Result<(), Stop> {
        let is_dropped = matches!(kind, DifferenceKind::Removed(_));
        let difference = Difference::new(at, schema, Origin::Known, is_dropped, kind);
        self.visit_field(field, schema, values, vec![difference])
    }

    fn task(
        &mut self,
        tasks: &PathNode<'_>,
        (existing, replacement): (usize, usize),
        schema: &Structural,
        old: Task<'_, '_>,
        new: Task<'_, '_>,
    ) -> Result<(), Stop> {
        if old.whole == new.whole || (old.whole.is_null() && new.whole.is_null()) {
            return Ok(());
        }
        let at = tasks.index(existing, replacement).absent_if(old.whole.is_null());
        let holder = Holder::Task { existing, replacement };
        self.fields(&at, holder, schema, old.fields, new.fields)?;
        if new.whole.is_null() {
            // The removals of its fields were visited one by one. That the task itself is no longer
            // an object is not a difference of any of them.
            let (old, new) = (self.existing_value(old.whole, &at)?, Value::Null);
            let field = JobField::NullTask { replacement };
            return self.visit_field(field, schema, (Some(&*old), Some(&new)), Vec::new());
        }
        Ok(())
    }

    fn visit_field(
        &mut self,
        field: JobField<'_>,
        schema: &Structural,
        (existing, replacement): (Option<&Value>, Option<&Value>),
        differences: Vec<Difference<'_>>,
    ) -> Result<(), Stop> {
        let diff = FieldDiff { field, schema, existing, replacement, differences };
        match (self.visit)(diff) {
            ControlFlow::Continue(()) => Ok(()),
            ControlFlow::Break(()) => Err(Stop::Visitor),
        }
    }

    fn existing_value<'f>(
        &self,
        field: Field<'f>,
        at: &PathNode<'_>,
    ) -> Result<Cow<'f, Value>, Stop> {
        let value = self.existing.parse(field, at);
        value.map_err(|error| Stop::Unreadable(ReviewError::Existing(error)))
    }

    fn replacement_value<'f>(
        &self,
        field: Field<'f>,
        at: &PathNode<'_>,
    ) -> Result<Cow<'f, Value>, Stop> {
        let value = self.replacement.parse(field, at);
        value.map_err(|error| Stop::Unreadable(ReviewError::Replacement(error)))
    }
}

/// Whether a field that the API server fills in is missing. An empty string counts as missing.
fn is_missing(field: Option<Field<'_>>) -> bool {
    field.is_none_or(|field| field.is_null() || field.to_str().is_some_and(|text| text.is_empty()))
}

/// The task at a position of the list from which [`Matching::of_tasks`] took it.
#[expect(clippy::expect_used, reason = "the positions are those of the list")]
fn matched_task<'j, 'a>(job: &'j Job<'a>, position: usize) -> Task<'j, 'a> {
    job.task(position).expect("the matching has only positions of the list")
}
