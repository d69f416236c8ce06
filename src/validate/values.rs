//! What is wrong with the values that an update changed, whether or not it may change them.

use std::cell::OnceCell;
use std::collections::HashSet;

use serde_json::Value;

use super::metadata::{self, MetadataViolation, Subject};
use super::{Validator, Violation, ViolationCode};
use crate::diff::{ChangedField, Event, ReviewError, Stop, compare, same};
use crate::job::Job;
use crate::path::{PathNode, Segment, Side, Step};
use crate::policy::{Check, UpdatePolicy};
use crate::schema::{JobSchema, SchemaViolation, SchemaViolationKind};

/// Checks the values of one update.
pub(crate) struct ValueCheck<'c, 'e> {
    existing: &'c Job<'e>,
    schema: &'c JobSchema,
    policy: &'c UpdatePolicy,
    /// Whether a list of the existing Job has an element twice, once that was asked.
    had_repetition: OnceCell<bool>,
}

impl<'c, 'e> ValueCheck<'c, 'e> {
    pub(crate) fn new(
        existing: &'c Job<'e>,
        schema: &'c JobSchema,
        policy: &'c UpdatePolicy,
    ) -> Self {
        Self { existing, schema, policy, had_repetition: OnceCell::new() }
    }

    /// What is wrong with the new value of a changed field.
    pub(crate) fn field(&self, field: &ChangedField<'_>) -> Vec<Violation> {
        let Some(new) = field.new else { return Vec::new() };
        let mut violations = Vec::new();
        if self.policy.checks(Check::Schema) {
            violations.extend(self.schema_violations(field).into_iter().map(Violation::from));
        }
        if self.policy.checks(Check::Metadata) {
            if let [Some(Step::Key("metadata")), Some(Step::Key(name)), None, None] =
                field.at.first_steps()
            {
                violations.extend(check_metadata(&field.at, name, field.old, new, self.existing));
            }
        }
        violations
    }

    /// What is wrong with the number of tasks, if it is another.
    pub(crate) fn task_count(&self, replacement: &Job<'_>) -> Option<Violation> {
        let to_check = self.policy.checks(Check::Schema);
        to_check.then(|| self.task_count_violation(replacement))?.map(Violation::from)
    }

    /// What the schema holds against the new value of a changed field, whatever the policy checks.
    pub(crate) fn schema_violations(&self, field: &ChangedField<'_>) -> Vec<SchemaViolation> {
        let Some(new) = field.new else { return Vec::new() };
        if field.shape.accepts(new) {
            return Vec::new();
        }
        let path = field.at.to_path(Side::Replacement);
        let mut violations = field.shape.violations(&path, field.old, new, same);
        // An API server that stored such a list before accepts any.
        if violations.iter().any(is_repetition) && self.had_repetition() {
            violations.retain(|violation| !is_repetition(violation));
        }
        violations
    }

    /// What the schema holds against the number of tasks, if it is another.
    pub(crate) fn task_count_violation(&self, replacement: &Job<'_>) -> Option<SchemaViolation> {
        let changed = self.existing.task_count() != replacement.task_count();
        (changed && replacement.has_tasks_field())
            .then(|| self.schema.task_count_violation(replacement))?
    }

    fn had_repetition(&self) -> bool {
        *self.had_repetition.get_or_init(|| self.schema.has_repeated(self.existing))
    }
}

/// What the schema holds against the parts of the `spec` of a Job that differ from the existing one.
///
/// # Errors
///
/// A part that differs cannot be read.
pub fn schema_violations(
    existing: &Job<'_>,
    replacement: &Job<'_>,
    validator: &Validator,
) -> Result<Vec<SchemaViolation>, ReviewError> {
    let schema = validator.schema();
    let check = ValueCheck::new(existing, schema, validator.policy());
    let mut violations: Vec<SchemaViolation> = Vec::new();
    let walked = compare(existing, replacement, schema.shape(), &mut |event| {
        let Event::Field(field) = event else { return Ok(()) };
        if matches!(field.at.first_steps(), [Some(Step::Key("spec")), ..]) {
            violations.extend(check.schema_violations(field));
        }
        Ok(())
    });
    if let Err(Stop::Unreadable(violation)) = walked {
        return Err(violation);
    }
    violations.extend(check.task_count_violation(replacement));
    Ok(violations)
}

/// Whether an element of a list is there twice.
fn is_repetition(violation: &SchemaViolation) -> bool {
    matches!(violation.kind, SchemaViolationKind::Repeats { .. })
}

/// The whole value is checked, as an API server does; what was wrong before is a warning.
fn check_metadata(
    at: &PathNode<'_>,
    name: &str,
    old: Option<&Value>,
    new: &Value,
    existing: &Job<'_>,
) -> Vec<Violation> {
    let mut violations = metadata::violations(name, new);
    if name == "finalizers" && existing.metadata_field("deletionTimestamp").is_some() {
        violations.extend(metadata::late_finalizers(old, new));
    }
    if violations.is_empty() {
        return Vec::new();
    }
    let before = old.map(|old| metadata::violations(name, old)).unwrap_or_default();
    let before: HashSet<_> = before.iter().map(MetadataViolation::key).collect();
    let judged = |found: MetadataViolation| {
        let mut path = at.to_path(Side::Replacement);
        if let Subject::Owner(position, field) = found.subject {
            path.push(Segment::Index(position));
            path.extend(field.map(|field| Segment::Key(field.into())));
        }
        let violation = Violation::found(ViolationCode::InvalidValue, path, found.to_string());
        if before.contains(&found.key()) { violation.into_warning() } else { violation }
    };
    violations.into_iter().map(judged).collect()
}

impl From<SchemaViolation> for Violation {
    fn from(violation: SchemaViolation) -> Self {
        let SchemaViolation { path, kind, old, new } = violation;
        let violation = Violation::found(ViolationCode::InvalidValue, path, kind.to_string())
            .with_values(old.as_ref(), new.as_ref());
        match kind.hint() {
            Some(hint) => violation.with_hint(hint),
            None => violation,
        }
    }
}
