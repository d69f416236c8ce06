//! The review of an update: one walk over both Jobs collects changes, violations and warnings.

use std::collections::HashSet;
use std::ops::ControlFlow;
use std::sync::Arc;

use super::rules::{self, Touched};
use super::values::ValueCheck;
use super::violation::{Collected, Results};
use super::{Violation, ViolationCode, Violations, immutability, scaling, warnings};
use crate::diff::{
    Change, Changes, Difference, FieldDiff, JobField, ReviewError, Verdict, Visitor, WalkLimits,
    compare,
};
use crate::job::Job;
use crate::path::FieldPath;
use crate::policy::{Judge, UpdatePolicy};
use crate::schema::JobSchema;
use crate::volcano;

/// The complete result of validating an update: its changes, the violations that deny it, and
/// warnings.
///
/// Serializes without values as the object that `schemas/report.schema.json` describes. A
/// [`Report`](crate::Report) can include the values.
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

    /// All changes: allowed, ignored and denied.
    #[must_use]
    pub fn changes(&self) -> &Changes {
        &self.changes
    }

    /// The violations that deny the update; `None` if it is allowed.
    #[must_use]
    pub fn violations(&self) -> Option<&Violations> {
        self.violations.as_ref()
    }

    /// The warnings, sorted and limited like the violations.
    #[must_use]
    pub fn warnings(&self) -> &[Violation] {
        &self.warnings
    }

    /// The number of warnings beyond those listed.
    #[must_use]
    pub fn omitted_warnings(&self) -> usize {
        self.omitted_warnings
    }

    /// The policy that the update was validated against.
    #[must_use]
    pub fn policy(&self) -> &UpdatePolicy {
        &self.policy
    }

    /// Which fields may change ([`UpdatePolicy::rule_in_words`]), if the policy denies the change of
    /// another one. The hints do not say it, because it is the same for all of them.
    #[must_use]
    pub fn broken_rule(&self) -> Option<String> {
        let mut violations = self.violations.iter().flatten();
        let is_broken = violations.any(|one| one.code() == ViolationCode::ImmutableField);
        is_broken.then(|| self.policy.rule_in_words())
    }

    /// Adds what else stands in the way of an update as warnings, for example
    /// [`Validator::server_violations`](crate::Validator::server_violations). A violation of a value
    /// that the review already reports is left out.
    pub fn warn_about(&mut self, violations: impl IntoIterator<Item = Violation>) {
        let limit = self.policy.limits().violations;
        let reported = self.violations.iter().flatten().chain(&self.warnings);
        let reported: HashSet<FieldPath> = reported.map(|known| known.path().clone()).collect();
        let new = violations.into_iter().filter(|new| !reported.contains(new.path()));
        let mut warnings = Collected::new(limit);
        let known = std::mem::take(&mut self.warnings);
        known.into_iter().chain(new.map(Violation::into_warning)).for_each(|one| warnings.add(one));
        let (list, omitted) = warnings.into_sorted();
        self.warnings = list;
        self.omitted_warnings += omitted;
    }

    /// Only the outcome, as a `Result`.
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

/// How much of an update to check.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Extent {
    Everything,
    /// Stop at the first violation, if only the outcome is needed.
    FirstViolation,
}

/// Collects the results while the two Jobs are compared.
pub(super) struct Inspection<'v, 'e> {
    policy: &'v Arc<UpdatePolicy>,
    schema: &'v JobSchema,
    existing: &'v Job<'e>,
    replacement: &'v Job<'v>,
    extent: Extent,
    values: ValueCheck<'v, 'e>,
    touched: Touched,
    changes: Vec<Change>,
    /// The changes that stand for all changes of an object.
    folded: Vec<Change>,
    results: Results,
    /// The identity fields that are missing or wrong in the replacement.
    wrong_identity: Vec<FieldPath>,
    /// Whether Volcano's webhook denies the update, if that is the judge.
    denied_by_webhook: Option<bool>,
}

impl<'v, 'e> Inspection<'v, 'e> {
    /// Compares the two Jobs and checks the differences.
    ///
    /// # Errors
    ///
    /// A part that differs cannot be read.
    pub(super) fn run(
        policy: &'v Arc<UpdatePolicy>,
        schema: &'v JobSchema,
        existing: &'v Job<'e>,
        replacement: &'v Job<'_>,
        extent: Extent,
    ) -> Result<Self, ReviewError> {
        let results = Results::new(policy.limits().violations);
        let mut inspection = Self {
            policy,
            schema,
            existing,
            replacement,
            extent,
            values: ValueCheck::new(existing, schema, policy),
            touched: Touched::default(),
            changes: Vec::new(),
            folded: Vec::new(),
            results,
            wrong_identity: Vec::new(),
            denied_by_webhook: None,
        };
        match policy.judge() {
            Judge::Policy => inspection.check_identity(replacement),
            Judge::VolcanoWebhook => inspection.ask_webhook(replacement)?,
        }
        let limit = policy.limits().changes.max(1);
        let limits = WalkLimits { values: limit, fields: limit };
        compare(existing, replacement, schema.structural(), limits, &mut inspection)?;
        if !inspection.is_done() {
            inspection.check_whole(replacement);
        }
        Ok(inspection)
    }

    fn check_identity(&mut self, replacement: &Job<'_>) {
        for violation in immutability::identity_violations(replacement) {
            self.wrong_identity.push(violation.path().clone());
            self.results.add(violation);
        }
    }

    #[cold]
    fn ask_webhook(&mut self, replacement: &Job<'_>) -> Result<(), ReviewError> {
        let denials = volcano::denials(self.existing, replacement, None)?;
        self.denied_by_webhook = Some(!denials.is_empty());
        for mut violation in denials.into_iter().map(Violation::from) {
            if let Some(hint) = scaling::of_webhook(&violation, replacement) {
                violation.set_hint(hint);
            }
            self.results.add(violation);
        }
        Ok(())
    }

    pub(super) fn is_allowed(&self) -> bool {
        self.results.violations.is_empty()
    }

    pub(super) fn into_review(mut self) -> Review {
        let policy = self.policy;
        self.changes.append(&mut self.folded);
        let (mut warnings, omitted_warnings) = self.results.warnings.into_sorted();
        let mut violations = Violations::of(self.results.violations);
        if let Some(violations) = &mut violations {
            add_hints(self.schema, violations.listed_mut());
        }
        add_hints(self.schema, &mut warnings);
        Review {
            policy: Arc::clone(policy),
            changes: Changes::from_list(self.changes),
            violations,
            warnings,
            omitted_warnings,
        }
    }

    #[inline]
    fn add_change(&mut self, change: Change) {
        match self.folded.iter_mut().rev().find(|folded| folded.contains(&change)) {
            Some(folded) => folded.add_verdict(change.verdict()),
            None => self.changes.push(change),
        }
    }

    #[cold]
    fn add_changes(&mut self, diff: FieldDiff<'_>) {
        for (difference, verdict) in diff.differences {
            self.add_change(Change::new(difference, verdict));
        }
    }

    fn is_done(&self) -> bool {
        self.extent == Extent::FirstViolation && !self.is_allowed()
    }

    /// Runs the checks that need the complete Jobs.
    fn check_whole(&mut self, replacement: &Job<'_>) {
        if self.policy.judge() != Judge::Policy {
            return;
        }
        if let Some(violation) = self.values.task_count(replacement) {
            self.results.add(violation);
        }
        let touched = std::mem::take(&mut self.touched);
        let rules = rules::check(self.existing, replacement, touched, self.schema, self.policy);
        for violation in rules {
            self.results.add(violation);
        }
    }

    /// Whether the identity field is already reported as missing or wrong in the replacement. The
    /// difference from the existing Job is then not reported as well.
    fn is_known_identity_violation(&self, violation: &Violation) -> bool {
        violation.code() == ViolationCode::WrongObject
            && self.wrong_identity.contains(violation.path())
    }
}

/// Adds the hints for unknown fields, for which the fields of the schema are searched.
fn add_hints(schema: &JobSchema, listed: &mut [Violation]) {
    for unknown in listed {
        if unknown.code() == ViolationCode::UnknownField && unknown.hint().is_none() {
            let hint = immutability::unknown_field_hint(schema.structural(), unknown.path());
            unknown.set_hint(hint);
        }
    }
}

impl Visitor for Inspection<'_, '_> {
    fn verdict(&self, field: JobField<'_>, difference: &Difference<'_>) -> Verdict {
        match self.denied_by_webhook {
            None => self.policy.verdict(field, difference, self.existing),
            // Its reasons are violations; a change shows what it lets change.
            Some(true) if !self.policy.allows(&difference.path) => Verdict::Denied,
            Some(_) => Verdict::Allowed,
        }
    }

    fn visit(&mut self, mut diff: FieldDiff<'_>) -> ControlFlow<()> {
        if self.denied_by_webhook.is_some() {
            self.add_changes(diff);
            return ControlFlow::Continue(());
        }
        self.values.field(&diff, &self.wrong_identity, &mut self.results);
        self.touched.add(&diff, self.existing, self.policy);
        let policy = self.policy;
        for (difference, verdict) in std::mem::take(&mut diff.differences) {
            if verdict == Verdict::Denied {
                let jobs = (self.existing, self.replacement);
                let violation = immutability::violation(diff.field, &difference, jobs, policy);
                if !self.is_known_identity_violation(&violation) {
                    self.results.add(violation);
                }
            } else {
                warnings::of_difference(&difference, &mut self.results);
            }
            self.add_change(Change::new(difference, verdict));
        }
        if self.is_done() { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
    }

    fn fold(&mut self, object: Difference<'_>) {
        let mut object = Change::new(object, Verdict::Ignored);
        for changes in [&mut self.changes, &mut self.folded] {
            changes.retain(|change| {
                let is_inside = object.contains(change);
                if is_inside {
                    object.add_verdict(change.verdict());
                }
                !is_inside
            });
        }
        self.folded.push(object);
    }
}
