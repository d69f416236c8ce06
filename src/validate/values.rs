//! What is wrong with the values that an update changed, whether or not it may change them.

use std::cell::OnceCell;
use std::collections::HashSet;

use serde_json::Value;

use super::metadata::{self, MetadataFault, Subject};
use super::{Code, Validator, Violation};
use crate::diff::{ChangedField, Event, Halt, ReviewError, compare, same};
use crate::job::Job;
use crate::path::{PathNode, Segment, Side, Step};
use crate::policy::{Check, UpdatePolicy};
use crate::schema::{Failure, JobSchema, SchemaFault};

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
        let mut findings = Vec::new();
        if self.policy.checks(Check::Schema) {
            findings.extend(self.schema_faults(field).into_iter().map(Violation::from));
        }
        if self.policy.checks(Check::Metadata) {
            if let [Some(Step::Key("metadata")), Some(Step::Key(name)), None, None] =
                field.at.first_steps()
            {
                findings.extend(check_metadata(&field.at, name, field.old, new, self.existing));
            }
        }
        findings
    }

    /// What is wrong with the number of tasks, if it is another.
    pub(crate) fn task_count(&self, replacement: &Job<'_>) -> Option<Violation> {
        let to_check = self.policy.checks(Check::Schema);
        to_check.then(|| self.task_count_fault(replacement))?.map(Violation::from)
    }

    /// What the schema holds against the new value of a changed field, whatever the policy checks.
    pub(crate) fn schema_faults(&self, field: &ChangedField<'_>) -> Vec<SchemaFault> {
        let Some(new) = field.new else { return Vec::new() };
        let mut faults = self.schema.faults(&field.at, field.shape, field.old, new, same);
        // An API server that stored such a list before accepts any.
        if faults.iter().any(is_repetition) && self.had_repetition() {
            faults.retain(|fault| !is_repetition(fault));
        }
        faults
    }

    /// What the schema holds against the number of tasks, if it is another.
    pub(crate) fn task_count_fault(&self, replacement: &Job<'_>) -> Option<SchemaFault> {
        let changed = self.existing.task_count() != replacement.task_count();
        (changed && replacement.has_tasks_field())
            .then(|| self.schema.task_count_fault(replacement))?
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
) -> Result<Vec<SchemaFault>, ReviewError> {
    let schema = validator.schema();
    let check = ValueCheck::new(existing, schema, validator.policy());
    let mut faults: Vec<SchemaFault> = Vec::new();
    let walked = compare(existing, replacement, schema.shape(), &mut |event| {
        let Event::Field(field) = event else { return Ok(()) };
        if matches!(field.at.first_steps(), [Some(Step::Key("spec")), ..]) {
            faults.extend(check.schema_faults(field));
        }
        Ok(())
    });
    if let Err(Halt::Unreadable(fault)) = walked {
        return Err(fault);
    }
    faults.extend(check.task_count_fault(replacement));
    Ok(faults)
}

/// Whether an element of a list is there twice.
fn is_repetition(fault: &SchemaFault) -> bool {
    matches!(fault.failure, Failure::Repeats { .. })
}

/// The whole value is checked, as an API server does; what was wrong before is a warning.
fn check_metadata(
    at: &PathNode<'_>,
    name: &str,
    old: Option<&Value>,
    new: &Value,
    existing: &Job<'_>,
) -> Vec<Violation> {
    let mut faults = metadata::faults(name, new);
    if name == "finalizers" && existing.metadata_field("deletionTimestamp").is_some() {
        faults.extend(metadata::late_finalizers(old, new));
    }
    if faults.is_empty() {
        return Vec::new();
    }
    let before = old.map(|old| metadata::faults(name, old)).unwrap_or_default();
    let before: HashSet<_> = before.iter().map(MetadataFault::essence).collect();
    let finding = |fault: MetadataFault| {
        let mut path = at.to_path(Side::Replacement);
        if let Subject::Owner(position, field) = fault.subject {
            path.push(Segment::Index(position));
            path.extend(field.map(|field| Segment::Key(field.into())));
        }
        let finding = Violation::found(Code::InvalidValue, path, fault.to_string());
        if before.contains(&fault.essence()) { finding.into_warning() } else { finding }
    };
    faults.into_iter().map(finding).collect()
}

impl From<SchemaFault> for Violation {
    fn from(fault: SchemaFault) -> Self {
        let SchemaFault { path, failure, old, new } = fault;
        let finding = Violation::found(Code::InvalidValue, path, failure.to_string())
            .with_values(old.as_ref(), new.as_ref());
        match failure.hint() {
            Some(hint) => finding.with_hint(hint),
            None => finding,
        }
    }
}
