//! The public verbs: the existing Job and its replacement in, a verdict out.

mod code;
mod error;
mod immutability;
pub mod metadata;
mod restore;
mod rules;
mod values;
mod violation;
mod warnings;

use std::collections::HashSet;
use std::sync::{Arc, LazyLock};

pub use self::code::{ParseViolationCodeError, ViolationCode};
pub use self::error::UpdateError;
use self::immutability::{Judgement, check_identity, explain, judge, unknown_hint};
pub use self::restore::Restored;
use self::rules::Touched;
use self::values::ValueCheck;
pub use self::values::schema_violations;
pub(crate) use self::violation::shortened;
use self::violation::sort;
pub use self::violation::{Severity, Violation, Violations};
use crate::diff::{
    Change, ChangedField, Changes, Difference, Event, ReviewError, Stop, Verdict, compare,
};
use crate::job::Job;
use crate::path::Side;
use crate::policy::UpdatePolicy;
use crate::schema::JobSchema;

/// Judges updates by one policy.
///
/// Made once and shared: it is `Send` and `Sync`, and judging changes nothing in it.
///
/// ```
/// use volcano_job_update::{Job, UpdatePolicy, Validator};
///
/// let validator = Validator::new(UpdatePolicy::admission());
/// let existing = Job::from_slice(br#"{"apiVersion": "batch.volcano.sh/v1alpha1", "kind": "Job",
///     "metadata": {"name": "a", "finalizers": ["example.com/f"]}, "spec": {"queue": "research"}}"#)?;
/// let replacement = Job::from_slice(br#"{"apiVersion": "batch.volcano.sh/v1alpha1", "kind": "Job",
///     "metadata": {"name": "a"}, "spec": {"queue": "research"}}"#)?;
///
/// let review = validator.review(&existing, &replacement)?;
/// assert!(review.is_allowed());
/// assert_eq!(review.changes()[0].path().to_string(), "metadata.finalizers[0]");
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug, Default)]
pub struct Validator {
    policy: Arc<UpdatePolicy>,
    schema: JobSchema,
}

/// Everything there is to say about an update: what changes, what stands in the way, what to know.
#[derive(Clone, Debug, PartialEq)]
pub struct Review {
    policy: Arc<UpdatePolicy>,
    changes: Changes,
    violations: Option<Violations>,
    warnings: Vec<Violation>,
    omitted_warnings: usize,
}

/// Checks by the documented rule whether an existing Job may be replaced by another.
///
/// ```
/// use volcano_job_update::{Job, UpdateError, validate_update};
///
/// let existing = Job::from_slice(br#"{"apiVersion": "batch.volcano.sh/v1alpha1", "kind": "Job",
///     "metadata": {"name": "a"}, "spec": {"queue": "research"}}"#)?;
/// let replacement = Job::from_slice(br#"{"apiVersion": "batch.volcano.sh/v1alpha1", "kind": "Job",
///     "metadata": {"name": "a"}, "spec": {"queue": "production"}}"#)?;
///
/// match validate_update(&existing, &replacement) {
///     Err(UpdateError::Denied(violations)) => {
///         assert_eq!(violations[0].code().as_str(), "immutable-field");
///         assert_eq!(violations[0].path().to_string(), "spec.queue");
///     }
///     other => panic!("{other:?}"),
/// }
/// # Ok::<(), volcano_job_update::JobError>(())
/// ```
///
/// # Errors
///
/// [`UpdateError::Denied`] with every violation; [`UpdateError::Review`] where a part that differs
/// cannot be read.
pub fn validate_update(existing: &Job<'_>, replacement: &Job<'_>) -> Result<(), UpdateError> {
    DOCUMENTED.validate_update(existing, replacement)
}

/// Whether an existing Job may be replaced by another, by the documented rule. Stops at the first
/// violation; `false` also where no verdict is possible.
#[must_use]
pub fn is_update_allowed(existing: &Job<'_>, replacement: &Job<'_>) -> bool {
    DOCUMENTED.is_update_allowed(existing, replacement)
}

/// What differs between an existing Job and its replacement, each change with what the documented
/// rule says to it.
///
/// # Errors
///
/// A part that differs cannot be read.
pub fn diff(existing: &Job<'_>, replacement: &Job<'_>) -> Result<Changes, ReviewError> {
    DOCUMENTED.diff(existing, replacement)
}

static DOCUMENTED: LazyLock<Validator> =
    LazyLock::new(|| Validator::new(UpdatePolicy::documented()));

impl Validator {
    /// Judges by a policy.
    #[must_use]
    pub fn new(policy: UpdatePolicy) -> Self {
        Self { policy: Arc::new(policy), schema: JobSchema::default() }
    }

    /// Compares by the schema of another Volcano release than the one that is part of this crate.
    #[must_use]
    pub fn with_schema(self, schema: JobSchema) -> Self {
        Self { schema, ..self }
    }

    /// The policy in force.
    #[must_use]
    pub fn policy(&self) -> &UpdatePolicy {
        &self.policy
    }

    pub(crate) fn schema(&self) -> &JobSchema {
        &self.schema
    }

    /// Says everything there is to say about an update.
    ///
    /// # Errors
    ///
    /// A part that differs cannot be read: a field given twice deep inside a template, a number
    /// beyond the range of a double (`1e999`), half of a surrogate pair in a string.
    pub fn review(&self, existing: &Job<'_>, replacement: &Job<'_>) -> Result<Review, ReviewError> {
        let mut inspection = Inspection::new(self, existing, replacement);
        match compare(existing, replacement, self.schema.shape(), &mut |event| {
            inspection.note(event);
            Ok(())
        }) {
            Ok(()) | Err(Stop::Enough) => {}
            Err(Stop::Unreadable(error)) => return Err(error),
        }
        Ok(inspection.finish())
    }

    /// Reads both Jobs within the limits of the policy, then [reviews](Self::review) the update.
    ///
    /// # Errors
    ///
    /// One of the Jobs cannot be read, see [`Job::from_slice`]; or as [`Validator::review`].
    pub fn review_bytes(&self, existing: &[u8], replacement: &[u8]) -> Result<Review, ReviewError> {
        let existing = self.policy.limits().read_slice(existing);
        self.review_replacement(&existing.map_err(ReviewError::Existing)?, replacement)
    }

    /// Reads the replacement of an existing Job that was read before, within the limits of the
    /// policy, then [reviews](Self::review) the update.
    ///
    /// # Errors
    ///
    /// The replacement cannot be read, see [`Job::from_slice`]; or as [`Validator::review`].
    pub fn review_replacement(
        &self,
        existing: &Job<'_>,
        replacement: &[u8],
    ) -> Result<Review, ReviewError> {
        let replacement = self.policy.limits().read_replacement(existing, replacement);
        let replacement = replacement.map_err(ReviewError::Replacement)?;
        self.review(existing, &replacement)
    }

    /// Checks whether an existing Job may be replaced by another.
    ///
    /// # Errors
    ///
    /// As [`validate_update`](crate::validate_update()).
    pub fn validate_update(
        &self,
        existing: &Job<'_>,
        replacement: &Job<'_>,
    ) -> Result<(), UpdateError> {
        self.review(existing, replacement)?.into_result().map_err(UpdateError::Denied)
    }

    /// Whether an existing Job may be replaced by another. Stops at the first violation; `false` also
    /// where no verdict is possible.
    #[must_use]
    pub fn is_update_allowed(&self, existing: &Job<'_>, replacement: &Job<'_>) -> bool {
        let mut touched = Touched::default();
        let values = ValueCheck::new(existing, &self.schema, &self.policy);
        let is_error = |violation: &Violation| violation.severity() == Severity::Error;
        let mut listen = |event: &Event<'_>| {
            let denied = match event {
                Event::Difference(difference) => {
                    touched.note(difference);
                    judge(difference, &self.policy, existing).verdict() == Verdict::Denied
                }
                Event::Field(field) => values.field(field).iter().any(is_error),
            };
            if denied { Err(Stop::Enough) } else { Ok(()) }
        };
        check_identity(replacement).is_empty()
            && compare(existing, replacement, self.schema.shape(), &mut listen).is_ok()
            && values.task_count(replacement).is_none()
            && !rules::check(existing, replacement, &touched, &self.policy).iter().any(is_error)
    }

    /// What differs between an existing Job and its replacement, each change with what the policy
    /// says to it.
    ///
    /// # Errors
    ///
    /// As [`Validator::review`].
    pub fn diff(&self, existing: &Job<'_>, replacement: &Job<'_>) -> Result<Changes, ReviewError> {
        Ok(self.review(existing, replacement)?.changes)
    }
}

impl Review {
    /// Whether the update may be made.
    #[must_use]
    pub fn is_allowed(&self) -> bool {
        self.violations.is_none()
    }

    /// What differs, allowed or not.
    #[must_use]
    pub fn changes(&self) -> &Changes {
        &self.changes
    }

    /// What stands in the way; `None` if nothing does.
    #[must_use]
    pub fn violations(&self) -> Option<&Violations> {
        self.violations.as_ref()
    }

    /// What does not stand in the way but is worth knowing, sorted as the violations are, and at most
    /// as many.
    #[must_use]
    pub fn warnings(&self) -> &[Violation] {
        &self.warnings
    }

    /// How many warnings there are beyond those listed.
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
    /// The violations that stand in the way.
    pub fn into_result(self) -> Result<(), Violations> {
        self.violations.map_or(Ok(()), Err)
    }
}

/// The steps of `spec.tasks[*]`.
const TASK_DEPTH: usize = 3;

/// What a review hears of the walk, and makes of it.
struct Inspection<'v, 'e, 'r> {
    validator: &'v Validator,
    existing: &'v Job<'e>,
    replacement: &'v Job<'r>,
    values: ValueCheck<'v, 'e>,
    touched: Touched,
    changes: Vec<Change>,
    violations: Vec<Violation>,
    /// Whether a change in a field was let through since the last field.
    passing: bool,
}

impl<'v, 'e, 'r> Inspection<'v, 'e, 'r> {
    fn new(validator: &'v Validator, existing: &'v Job<'e>, replacement: &'v Job<'r>) -> Self {
        Self {
            validator,
            existing,
            replacement,
            values: ValueCheck::new(existing, &validator.schema, &validator.policy),
            touched: Touched::default(),
            // An update that changes nothing is rare.
            changes: Vec::with_capacity(4),
            violations: check_identity(replacement),
            passing: false,
        }
    }

    fn note(&mut self, event: &Event<'_>) {
        match event {
            Event::Difference(difference) => self.note_difference(difference),
            Event::Field(field) => self.note_field(field),
        }
    }

    fn note_difference(&mut self, difference: &Difference<'_>) {
        let policy = self.validator.policy();
        self.touched.note(difference);
        let judgement = judge(difference, policy, self.existing);
        self.changes.push(Change::found(difference, judgement.verdict()));
        match judgement {
            // A replacement that does not say which object it is was found to be wrong at once.
            Judgement::Denied(ViolationCode::WrongObject)
                if self.knows(ViolationCode::WrongObject, difference) => {}
            Judgement::Denied(code) => self.violations.push(explain(difference, code, policy)),
            Judgement::Allowed | Judgement::Ignored => {
                // A task as a whole is no field.
                self.passing |= difference.at.depth() > TASK_DEPTH;
                warnings::add_of_change(difference, &mut self.violations);
            }
        }
    }

    fn note_field(&mut self, field: &ChangedField<'_>) {
        self.violations.extend(self.values.field(field));
        if std::mem::take(&mut self.passing) {
            self.violations.extend(warnings::of_field(field));
        }
    }

    fn knows(&self, code: ViolationCode, difference: &Difference<'_>) -> bool {
        let path = difference.at.to_path(Side::Replacement);
        self.violations.iter().any(|known| known.code() == code && *known.path() == path)
    }

    fn finish(mut self) -> Review {
        let Validator { policy, schema } = self.validator;
        let (existing, replacement) = (self.existing, self.replacement);
        self.violations.extend(self.values.task_count(replacement));
        self.violations.extend(rules::check(existing, replacement, &self.touched, policy));
        drop_repeated(&mut self.violations);
        let (violations, mut warnings): (Vec<_>, Vec<_>) = self
            .violations
            .into_iter()
            .partition(|violation| violation.severity() == Severity::Error);
        sort(&mut warnings);
        let limit = policy.limits().violations.max(1);
        let omitted_warnings = warnings.len().saturating_sub(limit);
        warnings.truncate(limit);
        let mut violations = Violations::from_list(violations, limit);
        let listed = violations.iter_mut().flat_map(Violations::listed_mut).chain(&mut warnings);
        for unknown in listed.filter(|violation| violation.code() == ViolationCode::UnknownField) {
            unknown.set_hint(unknown_hint(schema.shape(), unknown.path()));
        }
        Review {
            policy: Arc::clone(policy),
            changes: Changes::from_list(self.changes),
            violations,
            warnings,
            omitted_warnings,
        }
    }
}

/// The schema and a rule may say the same of a value.
fn drop_repeated(violations: &mut Vec<Violation>) {
    if violations.len() < 2 {
        return;
    }
    let mut known = HashSet::new();
    violations.retain(|violation| {
        let key = || (violation.path().clone(), violation.message().to_owned());
        violation.code() != ViolationCode::InvalidValue || known.insert(key())
    });
}
