//! The only walk over two Jobs: existing and replacement in, the fields in which they differ out.
//!
//! Only the schema of a place decides what counts as a difference. The walk does not know the
//! policy.

use std::ops::ControlFlow;

use super::ReviewError;
use super::difference::{Difference, DifferenceKind, FieldDiff, JobField, Origin};
use super::lists::{Matching, positions};
use super::respelled::is_respelled;
use super::values::{differences, slot_of};
use super::verdict::Verdict;
use crate::job::{Buffer, Document, Entry, Field, Job, Lookup, Node, Task};
use crate::path::PathNode;
use crate::schema::{ANY, Managed, Structural};

/// What the walk passes its results to.
pub(crate) trait Visitor {
    /// The verdict on a difference.
    fn verdict(&self, field: JobField<'_>, difference: &Difference<'_>) -> Verdict;

    /// Whether fields are visited too whose values are the same in another text, or like absent ones.
    fn visits_same(&self) -> bool {
        false
    }

    /// Called once for each field that differs, in no particular order. `Break` stops the walk.
    fn visit(&mut self, diff: FieldDiff<'_>) -> ControlFlow<()>;

    /// Called once for each object of the Job in which more fields differ than the limit allows, as soon
    /// as one does: all differences in it are this one.
    fn fold(&mut self, object: Difference<'_>);
}

/// How many differences are one by one.
#[derive(Clone, Copy)]
pub(crate) struct WalkLimits {
    /// In an object or list in a field. If more values differ in it, they are one difference: that of
    /// the whole object or list.
    pub(crate) values: usize,
    /// The fields of the Job, `metadata`, `spec` or a task. If more of them differ, the visitor is told
    /// to [fold](Visitor::fold) them.
    pub(crate) fields: usize,
}

/// Walks both Jobs and passes each field that differs to the visitor.
///
/// # Errors
///
/// A value that differs cannot be parsed.
pub(crate) fn compare(
    existing: &Job<'_>,
    replacement: &Job<'_>,
    schema: &Structural,
    limits: WalkLimits,
    visitor: &mut dyn Visitor,
) -> Result<(), ReviewError> {
    let (old_buffer, new_buffer) = (Buffer::default(), Buffer::default());
    let mut walk = JobWalk { existing, replacement, limits, visitor, old_buffer, new_buffer };
    match walk.job(schema) {
        Ok(()) | Err(Stop::Visitor) => Ok(()),
        Err(Stop::Unreadable(error)) => Err(error),
    }
}

/// Why a walk ended early.
enum Stop {
    Visitor,
    Unreadable(ReviewError),
}

struct JobWalk<'j, 'e, 'r, 'v> {
    existing: &'j Job<'e>,
    replacement: &'j Job<'r>,
    limits: WalkLimits,
    visitor: &'v mut dyn Visitor,
    /// The memory of the last field's documents, for the next one's.
    old_buffer: Buffer,
    new_buffer: Buffer,
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

    /// The whole object, in the existing Job and in the replacement.
    fn wholes<'e, 'r>(
        self,
        old: &Job<'e>,
        new: &Job<'r>,
    ) -> (Option<Field<'e>>, Option<Field<'r>>) {
        match self {
            Self::Job => (Some(old.whole.trimmed()), Some(new.whole.trimmed())),
            Self::Metadata => (old.whole_metadata, new.whole_metadata),
            Self::Spec => (old.whole_spec, new.whole_spec),
            Self::Task { existing, replacement } => {
                let (old, new) = (old.task(existing), new.task(replacement));
                (old.map(|task| task.whole), new.map(|task| task.whole))
            }
        }
    }
}

impl JobWalk<'_, '_, '_, '_> {
    fn job(&mut self, schema: &Structural) -> Result<(), Stop> {
        let (existing, replacement) = (self.existing, self.replacement);
        let root = PathNode::root();
        self.fields(&root, Holder::Job, schema, existing.top_fields(), replacement.top_fields())?;

        if !existing.has_metadata_text_of(replacement) {
            let (old, new) = (existing.metadata_fields(), replacement.metadata_fields());
            let metadata = root.key("metadata").absent_if(old.is_none());
            let schema = schema.child("metadata").unwrap_or(&ANY);
            let (old, new) = (old.unwrap_or_default(), new.unwrap_or_default());
            self.fields(&metadata, Holder::Metadata, schema, old, new)?;
        }

        let (old, new) = (existing.spec_fields(), replacement.spec_fields());
        let spec = root.key("spec").absent_if(old.is_none());
        let spec_schema = schema.child("spec").unwrap_or(&ANY);
        let (old, new) = (old.unwrap_or_default(), new.unwrap_or_default());
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
        let mut differing = 0;
        let mut stack = Vec::new();
        let mut old_fields = Lookup::new(old.iter());
        for entry in new {
            if old_fields.next_if(&mut stack, |old| entry.is_same_text(old)).is_some() {
                continue;
            }
            let (key, field) = (entry.key(), entry.field());
            let old_field = old_fields.find(key, &mut stack).map(Entry::field);
            if old_field != Some(field) {
                let differs = self.field(at, holder, schema, key, (old_field, Some(field)))?;
                self.count(at, holder, differs, &mut differing)?;
            }
        }
        if old_fields.finish(&mut stack) {
            let mut new_fields = Lookup::new(new.iter());
            for entry in old {
                if new_fields.find(entry.key(), &mut stack).is_none() {
                    let values = (Some(entry.field()), None);
                    let differs = self.field(at, holder, schema, entry.key(), values)?;
                    self.count(at, holder, differs, &mut differing)?;
                }
            }
        }
        Ok(())
    }

    /// Counts the fields of an object that differ, and folds them when they exceed the limit.
    #[inline]
    fn count(
        &mut self,
        at: &PathNode<'_>,
        holder: Holder,
        differs: bool,
        differing: &mut usize,
    ) -> Result<(), Stop> {
        if differs {
            if *differing == self.limits.fields {
                self.fold(at, holder)?;
            }
            *differing += 1;
        }
        Ok(())
    }

    /// Passes a whole object to the visitor.
    #[cold]
    fn fold(&mut self, at: &PathNode<'_>, holder: Holder) -> Result<(), Stop> {
        let (old, new) = holder.wholes(self.existing, self.replacement);
        let old = old.map(|field| self.of_existing(field, at)).transpose()?;
        let new = new.map(|field| self.of_replacement(field, at)).transpose()?;
        let values = (old.as_ref().map(Document::root), new.as_ref().map(Document::root));
        if let Some(kind) = DifferenceKind::between(values.0, values.1) {
            self.visitor.fold(Difference::new(at, &ANY, Origin::Known, false, kind));
        }
        Ok(())
    }

    /// Compares a field and visits it if it differs; returns whether it has differences.
    fn field(
        &mut self,
        parent: &PathNode<'_>,
        holder: Holder,
        schema: &Structural,
        key: &str,
        (old, new): (Option<Field<'_>>, Option<Field<'_>>),
    ) -> Result<bool, Stop> {
        // Volcano's controller fills in fields only deeper in a Job.
        let (child, slot) = slot_of(schema, key, |_| false);
        let at = parent.key(key);
        let is_managed = match child.managed {
            Managed::Owned => true,
            Managed::Filled => is_missing(old) || is_missing(new),
            Managed::No => false,
        };
        if is_managed {
            let Some(new) = new else { return Ok(false) };
            let new = self.of_replacement(new.surface(), &at)?;
            let values = (None, Some(new.root()));
            self.visit_field(holder.field(key), child, values, Vec::new())?;
            return Ok(false);
        }
        let old = old.map(|field| self.of_existing(field, &at)).transpose()?;
        let old = match (old, new) {
            (Some(old), Some(Field::Text(new)))
                if !self.visitor.visits_same() && is_respelled(child, old.root(), new) =>
            {
                self.old_buffer = old.into_buffer();
                return Ok(false);
            }
            (old, _) => old,
        };
        let new = new.map(|field| self.of_replacement(field, &at)).transpose()?;
        let values = (old.as_ref().map(Document::root), new.as_ref().map(Document::root));
        let field = holder.field(key);
        let judge = |difference: &Difference<'_>| self.visitor.verdict(field, difference);
        let differences = differences(&at, child, slot, values, self.limits.values, &judge);
        let differs = !differences.is_empty();
        if differs || self.visitor.visits_same() {
            self.visit_field(field, child, values, differences)?;
        }
        self.old_buffer = old.map(Document::into_buffer).unwrap_or_default();
        self.new_buffer = new.map(Document::into_buffer).unwrap_or_default();
        Ok(differs)
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
        for position in positions(&matching.removed) {
            let task = matched_task(existing, position);
            let at = at.index(position, position);
            let old = self.of_existing(task.whole, &at)?;
            let old = old.root();
            let field = JobField::RemovedTask(position);
            let kind = DifferenceKind::Removed(old);
            self.visit_task_list_change(&at, field, schema, (Some(old), None), kind)?;
        }
        for position in positions(&matching.added) {
            let task = matched_task(replacement, position);
            let at = at.index(position, position);
            let new = self.of_replacement(task.whole, &at)?;
            let new = new.root();
            let field = JobField::AddedTask(position);
            let kind = DifferenceKind::Added(new);
            self.visit_task_list_change(&at, field, schema, (None, Some(new)), kind)?;
        }
        if !matching.order.is_empty() {
            let kind = DifferenceKind::Moved(matching.order.clone());
            self.visit_task_list_change(at, JobField::TaskOrder, &ANY, (None, None), kind)?;
        }
        for (i, j) in matching.pairs.iter().flat_map(|run| run.positions()) {
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
        values: (Option<Node<'_>>, Option<Node<'_>>),
        kind: DifferenceKind<'_>,
    ) -> Result<(), Stop> {
        let is_dropped = matches!(kind, DifferenceKind::Removed(_));
        let difference = Difference::new(at, schema, Origin::Known, is_dropped, kind);
        let verdict = self.visitor.verdict(field, &difference);
        self.visit_field(field, schema, values, vec![(difference, verdict)])
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
            let old = self.of_existing(old.whole, &at)?;
            let field = JobField::NullTask { replacement };
            let values = (Some(old.root()), Some(Node::NULL));
            return self.visit_field(field, schema, values, Vec::new());
        }
        Ok(())
    }

    fn visit_field(
        &mut self,
        field: JobField<'_>,
        schema: &Structural,
        (existing, replacement): (Option<Node<'_>>, Option<Node<'_>>),
        differences: Vec<(Difference<'_>, Verdict)>,
    ) -> Result<(), Stop> {
        let diff = FieldDiff { field, schema, existing, replacement, differences };
        match self.visitor.visit(diff) {
            ControlFlow::Continue(()) => Ok(()),
            ControlFlow::Break(()) => Err(Stop::Visitor),
        }
    }

    fn of_existing<'f>(
        &mut self,
        field: Field<'f>,
        at: &PathNode<'_>,
    ) -> Result<Document<'f>, Stop> {
        let document = self.existing.document(field, at, std::mem::take(&mut self.old_buffer));
        document.map_err(|error| Stop::Unreadable(ReviewError::Existing(error)))
    }

    fn of_replacement<'f>(
        &mut self,
        field: Field<'f>,
        at: &PathNode<'_>,
    ) -> Result<Document<'f>, Stop> {
        let document = self.replacement.document(field, at, std::mem::take(&mut self.new_buffer));
        document.map_err(|error| Stop::Unreadable(ReviewError::Replacement(error)))
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
