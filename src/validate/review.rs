//! A review: everything there is to say about an update, gathered in one walk over both Jobs.

use std::collections::HashSet;
use std::ops::ControlFlow;
use std::sync::Arc;

use super::rules::{self, Touched};
use super::values::ValueCheck;
use super::violation::limited;
use super::{Severity, Violation, ViolationCode, Violations, immutability, warnings};
use crate::diff::{Change, Changes, FieldDiff, ReviewError, Verdict, compare};
use crate::job::Job;
use crate::path::FieldPath;
use crate::policy::UpdatePolicy;
use crate::schema::JobSchema;

/// Everything there is to say about an update: the changes, the violations that deny it, and warnings.
///
/// It serializes as the object that `schemas/report.schema.json` describes, without values; with
/// them, a [`Report`](crate::Report) does.
#[derive(Clone, Debug, PartialEq)]
pub struct Review {
    policy: Arc<UpdatePolicy>,
    changes: Changes,
    violations: Option<Violations>,
    warnings: Vec<Violation>,
    omitted_warnings: usize,
}

impl Review {
    /// Whether the update is allowed.
    #[must_use]
    pub fn is_allowed(&self) -> bool {
        self.violations.is_none()
    }

    /// What differs, whatever the policy says to it.
    #[must_use]
    pub fn changes(&self) -> &Changes {
        &self.changes
    }

    /// Why the update is denied; `None` if it is allowed.
    #[must_use]
    pub fn violations(&self) -> Option<&Violations> {
        self.violations.as_ref()
    }

    /// What does not deny the update but is worth knowing, sorted as the violations are, and at most
    /// as many.
    #[must_use]
    pub fn warnings(&self) -> &[Violation] {
        &self.warnings
    }

    /// The number of warnings beyond those listed.
    #[must_use]
    pub fn omitted_warnings(&self) -> usize {
        self.omitted_warnings
    }

    /// The policy by which the update was judged.
    #[must_use]
    pub fn policy(&self) -> &UpdatePolicy {
        &self.policy
    }

    /// The verdict alone.
    ///
    /// # Errors
    ///
    /// The violations that deny the update.
    pub fn into_result(self) -> Result<(), Violations> {
        self.violations.map_or(Ok(()), Err)
    }

    pub(super) fn into_changes(self) -> Changes {
        self.changes
    }
}

/// How much of an update is looked at.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Extent {
    Everything,
    /// No more than whether the update is allowed.
    FirstViolation,
}

/// What is found in an update while the two Jobs are compared.
pub(super) struct Inspection<'v, 'e> {
    policy: &'v Arc<UpdatePolicy>,
    schema: &'v JobSchema,
    existing: &'v Job<'e>,
    extent: Extent,
    values: ValueCheck<'v, 'e>,
    touched: Touched,
    changes: Vec<Change>,
    violations: Vec<Violation>,
    warnings: Vec<Violation>,
    /// How many of the violations are about the fields by which the replacement says which object it is.
    identity_violations: usize,
}

impl<'v, 'e> Inspection<'v, 'e> {
    /// Compares the two Jobs and checks what differs.
    ///
    /// # Errors
    ///
    /// A part that differs cannot be read.
    pub(super) fn run(
        policy: &'v Arc<UpdatePolicy>,
        schema: &'v JobSchema,
        existing: &'v Job<'e>,
        replacement: &Job<'_>,
        extent: Extent,
    ) -> Result<Self, ReviewError> {
        let violations = immutability::identity_violations(replacement);
        let mut inspection = Self {
            policy,
            schema,
            existing,
            extent,
            values: ValueCheck::new(existing, schema, policy),
            touched: Touched::default(),
            // An update that changes nothing is rare.
            changes: Vec::with_capacity(4),
            identity_violations: violations.len(),
            violations,
            warnings: Vec::new(),
        };
        let visit = &mut |diff: FieldDiff<'_>| inspection.visit(diff);
        compare(existing, replacement, schema.structural(), visit)?;
        if !inspection.is_done() {
            inspection.check_whole(replacement);
        }
        Ok(inspection)
    }

    pub(super) fn is_allowed(&self) -> bool {
        self.violations.is_empty()
    }

    pub(super) fn into_review(mut self) -> Review {
        let policy = self.policy;
        let mut known = HashSet::new();
        drop_repeated(&mut self.violations, &mut known);
        drop_repeated(&mut self.warnings, &mut known);
        let limit = policy.limits().violations;
        let (mut warnings, omitted_warnings) = limited(self.warnings, limit);
        let mut violations = Violations::from_list(self.violations, limit);
        let schema = self.schema.structural();
        let listed = violations.iter_mut().flat_map(Violations::listed_mut).chain(&mut warnings);
        for unknown in listed.filter(|listed| listed.code() == ViolationCode::UnknownField) {
            unknown.set_hint(immutability::unknown_field_hint(schema, unknown.path()));
        }
        Review {
            policy: Arc::clone(policy),
            changes: Changes::from_list(self.changes),
            violations,
            warnings,
            omitted_warnings,
        }
    }

    fn is_done(&self) -> bool {
        self.extent == Extent::FirstViolation && !self.violations.is_empty()
    }

    fn visit(&mut self, mut diff: FieldDiff<'_>) -> ControlFlow<()> {
        let values = self.values.field(&diff);
        self.add_all(values);
        self.touched.add(&diff);
        let policy = self.policy;
        let mut is_let_through = false;
        for difference in std::mem::take(&mut diff.differences) {
            let verdict = policy.verdict(diff.field, &difference, self.existing);
            if verdict == Verdict::Denied {
                let violation =
                    immutability::violation(diff.field, &difference, self.existing, policy);
                if !self.is_known_identity_violation(&violation) {
                    self.violations.push(violation);
                }
            } else {
                is_let_through = true;
                warnings::of_difference(&difference, &mut self.warnings);
            }
            self.changes.push(Change::new(difference, verdict));
        }
        if is_let_through {
            self.warnings.extend(warnings::of_field(&diff));
        }
        if self.is_done() { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
    }

    /// Checks what is known only of the whole Jobs.
    fn check_whole(&mut self, replacement: &Job<'_>) {
        self.violations.extend(self.values.task_count(replacement));
        let touched = std::mem::take(&mut self.touched);
        let policy = self.policy;
        self.add_all(rules::check(self.existing, replacement, touched, policy));
    }

    fn add_all(&mut self, violations: Vec<Violation>) {
        for violation in violations {
            match violation.severity() {
                Severity::Error => self.violations.push(violation),
                Severity::Warning => self.warnings.push(violation),
            }
        }
    }

    /// Whether it is known already that this field does not say which object is meant: then that it
    /// differs is not said as well.
    fn is_known_identity_violation(&self, violation: &Violation) -> bool {
        let known = self.violations.iter().take(self.identity_violations);
        violation.code() == ViolationCode::WrongObject
            && known.into_iter().any(|known| known.path() == violation.path())
    }
}

/// Drops what is known of a value already: the schema and a rule may say the same.
fn drop_repeated(violations: &mut Vec<Violation>, known: &mut HashSet<(FieldPath, String)>) {
    violations.retain(|violation| {
        let key = || (violation.path().clone(), violation.message().to_owned());
        violation.code() != ViolationCode::InvalidValue || known.insert(key())
    });
}
