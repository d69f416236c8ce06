//! Validates the values that an update changes, whether or not the policy allows the change.

use std::cell::{LazyCell, OnceCell};
use std::collections::HashSet;
use std::ops::ControlFlow;

use serde_json::Value;

use super::metadata::{self, MetadataViolation, Subject};
use super::violation::Results;
use super::{Violation, ViolationCode};
use crate::diff::{
    Difference, FieldDiff, JobField, ReviewError, Verdict, Visitor, WalkLimits, compare, same,
};
use crate::job::{Buffer, Document, Job, Node};
use crate::path::{FieldPath, PathNode, Segment, Side};
use crate::policy::{Check, UpdatePolicy};
use crate::schema::{
    JobSchema, SchemaUpdate, SchemaViolation, SchemaViolationKind, SchemaViolations, Structural,
    same_unstructured,
};

/// Validates the changed values of one update.
pub(super) struct ValueCheck<'c, 'e> {
    existing: &'c Job<'e>,
    schema: &'c JobSchema,
    policy: &'c UpdatePolicy,
    /// Whether a list of the existing Job has duplicate elements; computed on first use.
    existing_repeats: OnceCell<bool>,
}

impl<'c, 'e> ValueCheck<'c, 'e> {
    pub(super) fn new(
        existing: &'c Job<'e>,
        schema: &'c JobSchema,
        policy: &'c UpdatePolicy,
    ) -> Self {
        Self { existing, schema, policy, existing_repeats: OnceCell::new() }
    }

    /// Adds the violations and warnings for the new value of a changed field.
    ///
    /// Nothing is said about the type of a value at one of the paths `wrong`, which is a violation already.
    pub(super) fn field(&self, diff: &FieldDiff<'_>, wrong: &[FieldPath], results: &mut Results) {
        let Some(after) = diff.replacement else { return };
        if self.policy.checks(Check::Schema) && !diff.schema.accepts(after) {
            self.schema_violations(diff, wrong, results);
        }
        if let (JobField::Metadata(name), true) = (diff.field, self.policy.checks(Check::Metadata))
        {
            self.metadata_violations(name, diff, after, results);
        }
    }

    #[cold]
    fn schema_violations(&self, diff: &FieldDiff<'_>, wrong: &[FieldPath], results: &mut Results) {
        let limit = self.policy.limits().violations.max(1);
        let update = SchemaUpdate {
            same: Ratcheting::Tasks.same(),
            existing_repeats: &|| self.existing_repeats(),
            limit,
            checks_overlay_choices: self.policy.checks(Check::PodPolicies),
            checks_list_map_elements: false,
        };
        let SchemaViolations { list, omitted } = schema_violations_of(diff, &update);
        for violation in without_consequences(list) {
            if !wrong.contains(&violation.path) {
                results.add(violation.into());
            }
        }
        results.add_omitted(omitted);
    }

    /// The violation for a changed number of tasks.
    pub(super) fn task_count(&self, replacement: &Job<'_>) -> Option<Violation> {
        let violation = || self.task_count_violation(replacement).map(Violation::from);
        self.policy.checks(Check::Schema).then(violation)?
    }

    fn task_count_violation(&self, replacement: &Job<'_>) -> Option<SchemaViolation> {
        let is_changed = self.existing.task_count() != replacement.task_count();
        (is_changed && replacement.has_tasks_field())
            .then(|| self.schema.task_count_violation(replacement))?
    }

    fn existing_repeats(&self) -> bool {
        *self.existing_repeats.get_or_init(|| self.schema.has_repeated(self.existing))
    }

    /// Validates the whole field, as an API server does. Violations that the existing Job already
    /// has become warnings.
    fn metadata_violations(
        &self,
        name: &str,
        diff: &FieldDiff<'_>,
        after: Node<'_>,
        results: &mut Results,
    ) {
        let before = LazyCell::new(|| {
            let mut keys = HashSet::new();
            if let Some(before) = diff.existing {
                // Counted first, because a set that grows takes half as much memory again.
                let mut count = 0;
                metadata::visit_violations(name, before, &mut |_| count += 1);
                keys.reserve(count);
                metadata::visit_violations(name, before, &mut |violation| {
                    keys.insert(violation.into_key());
                });
            }
            keys
        });
        let mut report = |invalid: MetadataViolation<'_>| {
            let mut path = diff.field.path();
            if let Subject::Owner(position, field) = invalid.subject {
                path.push(Segment::Index(position));
                path.extend(field.map(|field| Segment::Key(field.into())));
            }
            let below = match &invalid.subject {
                Subject::Key(key) | Subject::ValueOf(key) => Some(Segment::Key((&**key).into())),
                Subject::Element(position) => Some(Segment::Index(*position)),
                Subject::Field | Subject::Owner(..) => None,
            };
            let place = below.map(|below| path.segments().iter().cloned().chain([below]).collect());
            let violation = Violation::new(ViolationCode::InvalidValue, path, invalid.to_string());
            let violation = match place {
                Some(place) => violation.with_place(place),
                None => violation,
            };
            let is_old = before.contains(&invalid.into_key());
            results.add(if is_old { violation.into_warning() } else { violation });
        };
        metadata::visit_violations(name, after, &mut report);
        if name == "finalizers" && self.existing.metadata_field("deletionTimestamp").is_some() {
            metadata::late_finalizers(diff.existing, after).into_iter().for_each(report);
        }
    }
}

/// The violations without those that follow from others: a value of another type is none of the choices
/// either.
pub(super) fn without_consequences(
    list: Vec<SchemaViolation>,
) -> impl Iterator<Item = SchemaViolation> {
    let is_type = |one: &&SchemaViolation| matches!(one.kind, SchemaViolationKind::Type { .. });
    let wrong_types: HashSet<FieldPath> =
        list.iter().filter(is_type).map(|one| one.path.clone()).collect();
    list.into_iter().filter(move |one| {
        !matches!(one.kind, SchemaViolationKind::NotOneOf { .. })
            || !wrong_types.contains(&one.path)
    })
}

/// The schema violations in the new value of a changed field.
fn schema_violations_of(diff: &FieldDiff<'_>, update: &SchemaUpdate<'_>) -> SchemaViolations {
    let Some(after) = diff.replacement else { return SchemaViolations::default() };
    if diff.schema.accepts(after) {
        return SchemaViolations::default();
    }
    diff.schema.violations(&diff.field.path(), diff.existing, after, update)
}

/// The schema violations in the parts of `spec` that differ from the existing Job, regardless of
/// the policy's checks.
///
/// # Errors
///
/// A part that differs cannot be read.
pub(crate) fn schema_violations(
    (existing, replacement): (&Job<'_>, &Job<'_>),
    schema: &JobSchema,
    policy: &UpdatePolicy,
    limit: usize,
    ratcheting: Ratcheting,
) -> Result<Vec<SchemaViolation>, ReviewError> {
    let check = ValueCheck::new(existing, schema, policy);
    let mut in_spec = SpecViolations { check, limit, ratcheting, list: Vec::new() };
    // The differences do not matter, only the fields.
    let limits = WalkLimits { values: 1, fields: usize::MAX };
    compare(existing, replacement, schema.structural(), limits, &mut in_spec)?;
    if ratcheting == Ratcheting::Lists {
        in_spec.all_tasks(replacement)?;
    }
    let SpecViolations { check, mut list, .. } = in_spec;
    // To an API server, an empty list is not the same as none.
    let is_added = ratcheting == Ratcheting::Lists
        && !existing.has_tasks_field()
        && replacement.has_tasks_field();
    list.extend(if is_added {
        schema.task_count_violation(replacement)
    } else {
        check.task_count_violation(replacement)
    });
    Ok(list)
}

/// The schema violations in the status that replaces another, with paths from the status. What is the
/// same for an API server is not validated.
pub(crate) fn status_violations(
    existing: Option<&Value>,
    replacement: &Value,
    schema: &Structural,
    limit: usize,
) -> Vec<SchemaViolation> {
    let Some(schema) = schema.declared_child("status") else { return Vec::new() };
    let existing = existing.map(Document::of_value);
    let replacement = Document::of_value(replacement);
    let existing = existing.as_ref().map(Document::root);
    let update = SchemaUpdate {
        same: Ratcheting::Lists.same(),
        existing_repeats: &|| existing.is_some_and(|status| schema.has_repeated(status)),
        limit,
        checks_overlay_choices: false,
        checks_list_map_elements: true,
    };
    schema.status_violations(existing, replacement.root(), &update).list
}

/// Which values an update leaves unchanged, so that they are not validated.
#[expect(clippy::exhaustive_enums, reason = "hidden: only crates of this workspace use it")]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ratcheting {
    /// Each part of a task on its own. Values are the same if the verdict says so or an API server does.
    Tasks,
    /// As an API server does: a list without keys, such as that of the tasks, is one value, and values
    /// are compared as they are written.
    Lists,
}

impl Ratcheting {
    fn same(self) -> fn(&Structural, Node<'_>, Node<'_>) -> bool {
        match self {
            Self::Tasks => |schema, a, b| same(schema, a, b) || same_unstructured(schema, a, b),
            Self::Lists => same_unstructured,
        }
    }
}

/// Collects the schema violations in the fields of `spec` that differ.
struct SpecViolations<'c, 'e> {
    check: ValueCheck<'c, 'e>,
    /// The maximum number for one field.
    limit: usize,
    ratcheting: Ratcheting,
    list: Vec<SchemaViolation>,
}

impl SpecViolations<'_, '_> {
    /// The violations that an API server has.
    fn update<'u>(&self, existing_repeats: &'u dyn Fn() -> bool) -> SchemaUpdate<'u> {
        SchemaUpdate {
            same: self.ratcheting.same(),
            existing_repeats,
            limit: self.limit,
            checks_overlay_choices: false,
            checks_list_map_elements: true,
        }
    }

    /// Adds the violations in all tasks if one of them differs.
    fn all_tasks(&mut self, replacement: &Job<'_>) -> Result<(), ReviewError> {
        let existing = self.check.existing;
        let spec = PathNode::root();
        let spec = spec.key("spec");
        let tasks = spec.key("tasks");
        let schema = self.check.schema.structural().at(&["spec", "tasks"].map(segment)).items();
        let mut changed = existing.task_count() != replacement.task_count();
        let mut documents = Vec::with_capacity(replacement.task_count());
        for (position, task) in replacement.tasks().enumerate() {
            let at = tasks.index(position, position);
            let new = replacement.document(task.whole, &at, Buffer::default());
            let new = new.map_err(ReviewError::Replacement)?;
            let old = existing.task(position).filter(|old| old.whole != task.whole);
            if let (false, Some(old)) = (changed, old) {
                let old = existing.document(old.whole, &at, Buffer::default());
                let old = old.map_err(ReviewError::Existing)?;
                changed = !same_unstructured(schema, old.root(), new.root());
            }
            documents.push(new);
        }
        if !changed {
            return Ok(());
        }
        for (position, task) in documents.iter().enumerate() {
            let path = tasks.index(position, position).to_path(Side::Replacement);
            let existing_repeats = || self.check.existing_repeats();
            let update = self.update(&existing_repeats);
            let SchemaViolations { mut list, .. } =
                schema.violations(&path, None, task.root(), &update);
            self.list.append(&mut list);
        }
        Ok(())
    }
}

impl Visitor for SpecViolations<'_, '_> {
    /// No change is judged.
    fn verdict(&self, _: JobField<'_>, _: &Difference<'_>) -> Verdict {
        Verdict::Denied
    }

    /// An API server validates a value that is like an absent one: `priorityClassName: ""`.
    fn visits_same(&self) -> bool {
        true
    }

    fn visit(&mut self, diff: FieldDiff<'_>) -> ControlFlow<()> {
        let is_validated = match diff.field {
            JobField::Top(_) | JobField::Metadata(_) => false,
            JobField::Spec(_) => true,
            _ => self.ratcheting == Ratcheting::Tasks,
        };
        if is_validated {
            let existing_repeats = || self.check.existing_repeats();
            let update = self.update(&existing_repeats);
            let SchemaViolations { mut list, .. } = schema_violations_of(&diff, &update);
            self.list.append(&mut list);
        }
        ControlFlow::Continue(())
    }

    fn fold(&mut self, _: Difference<'_>) {}
}

fn segment(key: &str) -> Segment {
    Segment::Key(key.into())
}

impl From<SchemaViolation> for Violation {
    fn from(violation: SchemaViolation) -> Self {
        let SchemaViolation { path, kind, old, new } = violation;
        let violation = Violation::new(ViolationCode::InvalidValue, path, kind.to_string())
            .with_values(old, new);
        match kind.hint() {
            Some(hint) => violation.with_hint(hint),
            None => violation,
        }
    }
}
