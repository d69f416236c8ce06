//! The public functions, which validate the update of an existing Job to its replacement.

mod code;
mod error;
mod immutability;
pub mod metadata;
mod review;
mod rules;
mod scaling;
mod values;
mod violation;
mod warnings;

use std::sync::{Arc, LazyLock};

use json_patch::Patch;
use serde_json::Value;

pub use self::code::ViolationCode;
pub use self::error::UpdateError;
pub use self::review::Review;
use self::review::{Extent, Inspection};
pub use self::values::Ratcheting;
pub(crate) use self::violation::shortened;
pub use self::violation::{Severity, Violation, Violations};
use crate::diff::{Changes, ReviewError};
use crate::job::Job;
use crate::policy::{self, Check, Restored, UpdatePolicy};
use crate::schema::{JobSchema, SchemaViolation};
use crate::volcano::{self, VolcanoDenial};

/// Validates updates against a policy.
///
/// Build it once and share it: it is `Send` and `Sync`, and validating does not change it.
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
/// [`UpdateError::Denied`] with every violation; [`UpdateError::Review`] if a part that differs
/// cannot be read.
pub fn validate_update(existing: &Job<'_>, replacement: &Job<'_>) -> Result<(), UpdateError> {
    DOCUMENTED.validate_update(existing, replacement)
}

/// Whether the documented rule allows an existing Job to be replaced by another. Stops at the first
/// violation. Also `false` if no outcome can be determined.
#[must_use]
pub fn is_update_allowed(existing: &Job<'_>, replacement: &Job<'_>) -> bool {
    DOCUMENTED.is_update_allowed(existing, replacement)
}

/// The changes from an existing Job to its replacement, each with its outcome under the documented
/// rule.
///
/// # Errors
///
/// A part that differs cannot be read.
pub fn diff(existing: &Job<'_>, replacement: &Job<'_>) -> Result<Changes, ReviewError> {
    DOCUMENTED.diff(existing, replacement)
}

/// Reads both Jobs, then checks by the documented rule whether the first may be replaced by the
/// second.
///
/// # Errors
///
/// [`UpdateError::Denied`] with every violation; [`UpdateError::Review`] if one of the Jobs cannot
/// be read, see [`Job::from_slice`].
pub fn validate_update_bytes(existing: &[u8], replacement: &[u8]) -> Result<(), UpdateError> {
    DOCUMENTED.validate_update_bytes(existing, replacement)
}

static DOCUMENTED: LazyLock<Validator> =
    LazyLock::new(|| Validator::new(UpdatePolicy::documented()));

impl Validator {
    /// Creates a validator for a policy.
    #[must_use]
    pub fn new(policy: UpdatePolicy) -> Self {
        Self { policy: Arc::new(policy), schema: JobSchema::default() }
    }

    /// Uses the schema of another Volcano release instead of the built-in one.
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

    /// Reviews an update: its changes, violations and warnings.
    ///
    /// # Errors
    ///
    /// A part that differs cannot be read: a duplicate field deep inside a template, a number
    /// beyond the range of a double (`1e999`), a lone surrogate in a string.
    pub fn review(&self, existing: &Job<'_>, replacement: &Job<'_>) -> Result<Review, ReviewError> {
        let inspection =
            Inspection::run(&self.policy, &self.schema, existing, replacement, Extent::Everything)?;
        Ok(inspection.into_review())
    }

    /// Reads both Jobs within the limits of the policy, then [reviews](Self::review) the update.
    ///
    /// # Errors
    ///
    /// One of the Jobs cannot be read, see [`Job::from_slice`]; or an error of
    /// [`Validator::review`].
    pub fn review_bytes(&self, existing: &[u8], replacement: &[u8]) -> Result<Review, ReviewError> {
        let existing = self.policy.limits().read_slice(existing);
        self.review_replacement(&existing.map_err(ReviewError::Existing)?, replacement)
    }

    /// Reads the replacement of an existing Job within the limits of the policy, then
    /// [reviews](Self::review) the update.
    ///
    /// # Errors
    ///
    /// The replacement cannot be read, see [`Job::from_slice`]; or an error of
    /// [`Validator::review`].
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
    /// Same as [`validate_update`](crate::validate_update()).
    pub fn validate_update(
        &self,
        existing: &Job<'_>,
        replacement: &Job<'_>,
    ) -> Result<(), UpdateError> {
        self.review(existing, replacement)?.into_result().map_err(UpdateError::Denied)
    }

    /// Reads both Jobs within the limits of the policy, then checks whether the first may be
    /// replaced by the second.
    ///
    /// # Errors
    ///
    /// Same as [`validate_update_bytes`](crate::validate_update_bytes()).
    pub fn validate_update_bytes(
        &self,
        existing: &[u8],
        replacement: &[u8],
    ) -> Result<(), UpdateError> {
        self.review_bytes(existing, replacement)?.into_result().map_err(UpdateError::Denied)
    }

    /// Whether an existing Job may be replaced by another. Stops at the first violation. Also
    /// `false` if no outcome can be determined.
    #[must_use]
    pub fn is_update_allowed(&self, existing: &Job<'_>, replacement: &Job<'_>) -> bool {
        Inspection::run(&self.policy, &self.schema, existing, replacement, Extent::FirstViolation)
            .is_ok_and(|inspection| inspection.is_allowed())
    }

    /// The changes from an existing Job to its replacement, each with its outcome under the policy.
    ///
    /// # Errors
    ///
    /// Same as [`Validator::review`].
    pub fn diff(&self, existing: &Job<'_>, replacement: &Job<'_>) -> Result<Changes, ReviewError> {
        Ok(self.review(existing, replacement)?.into_changes())
    }

    /// Restores the fields that Volcano filled in when the Job was created and that the replacement
    /// lacks. Use it in a mutating webhook, a server or a tool when a manifest is applied again.
    ///
    /// Restores only fields whose value in the existing Job equals the creation default, regardless
    /// of the policy. The operation is idempotent.
    ///
    /// ```
    /// use volcano_job_update::{Job, Validator};
    ///
    /// let existing = Job::from_slice(br#"{"spec": {"minAvailable": 1, "schedulerName": "volcano",
    ///     "tasks": [{"name": "default0", "replicas": 1, "minAvailable": 1, "maxRetry": 3}]}}"#)?;
    /// let manifest = Job::from_slice(br#"{"spec": {"tasks": [{"replicas": 1}]}}"#)?;
    ///
    /// let restored = Validator::default().restore_defaults(&existing, &manifest)?;
    /// assert_eq!(restored.job(), &existing.to_value()?);
    /// assert_eq!(restored.patch().len(), 5);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    ///
    /// A part of the existing Job that differs, or any part of the replacement, cannot be read.
    pub fn restore_defaults(
        &self,
        existing: &Job<'_>,
        replacement: &Job<'_>,
    ) -> Result<Restored, ReviewError> {
        policy::restore_defaults(existing, replacement, self.schema.structural())
    }

    /// The values in `spec` for which an API server refuses the update, whatever the policy. Besides
    /// those that a review finds, there can be:
    ///
    /// * old violations in tasks that the update does not change, since an API server validates all
    ///   tasks once any of them changes;
    /// * values that are not a change, because they are like an absent one (`priorityClassName: ""`),
    ///   but are not valid either.
    ///
    /// At most [`Limits::violations`](crate::Limits::violations) are returned for one field.
    ///
    /// ```
    /// use volcano_job_update::{Job, Validator};
    ///
    /// let job = |replicas| format!(r#"{{"apiVersion": "batch.volcano.sh/v1alpha1", "kind": "Job",
    ///     "metadata": {{"name": "a"}}, "spec": {{"tasks": [{{"name": "old", "maxRetry": -1}},
    ///     {{"name": "b", "replicas": {replicas}}}]}}}}"#);
    /// let (existing, replacement) = (job(1), job(2));
    /// let existing = Job::from_slice(existing.as_bytes())?;
    /// let replacement = Job::from_slice(replacement.as_bytes())?;
    ///
    /// let validator = Validator::default();
    /// assert!(validator.review(&existing, &replacement)?.is_allowed());
    /// let refused = validator.server_violations(&existing, &replacement)?;
    /// assert_eq!(refused[0].path().to_string(), "spec.tasks[0].maxRetry");
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    ///
    /// A part that differs, or any task of the replacement, cannot be read.
    pub fn server_violations(
        &self,
        existing: &Job<'_>,
        replacement: &Job<'_>,
    ) -> Result<Vec<Violation>, ReviewError> {
        let limit = self.policy.limits().violations.max(1);
        let violations = self.schema_violations(existing, replacement, limit, Ratcheting::Lists)?;
        let told = |violation: SchemaViolation| {
            let message = format!("an API server refuses the update: {}", violation.kind);
            Violation::new(ViolationCode::InvalidValue, violation.path, message)
        };
        Ok(values::without_consequences(violations).map(told).collect())
    }

    /// Whether Volcano's own webhook denies the update, whatever the policy, and its first reason. The
    /// webhook gets both Jobs from the API server, that is, with the defaults of the schema.
    ///
    /// A changed template, for example, is allowed by the policy `documented` and denied by the webhook:
    ///
    /// ```
    /// use volcano_job_update::{Job, Validator};
    ///
    /// let job = |image| format!(r#"{{"apiVersion": "batch.volcano.sh/v1alpha1", "kind": "Job",
    ///     "metadata": {{"name": "a"}}, "spec": {{"tasks": [{{"name": "b", "template": {{"spec":
    ///     {{"containers": [{{"name": "main", "image": "{image}"}}]}}}}}}]}}}}"#);
    /// let (existing, replacement) = (job("example.com/a:1"), job("example.com/a:2"));
    /// let existing = Job::from_slice(existing.as_bytes())?;
    /// let replacement = Job::from_slice(replacement.as_bytes())?;
    ///
    /// let validator = Validator::default();
    /// assert!(validator.is_update_allowed(&existing, &replacement));
    /// let denial = validator.volcano_denial(&existing, &replacement)?.expect("a denial");
    /// let path = "spec.tasks[0].template.spec.containers[0].image";
    /// assert_eq!(denial.path().to_string(), path);
    /// assert!(denial.message().starts_with("job updates may not change fields other than"));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    ///
    /// One of the Jobs cannot be parsed in full, see [`Job::to_value`].
    pub fn volcano_denial(
        &self,
        existing: &Job<'_>,
        replacement: &Job<'_>,
    ) -> Result<Option<VolcanoDenial>, ReviewError> {
        let schema = Some(self.schema.structural());
        let denials = volcano::denials(existing, replacement, schema)?;
        Ok(denials.into_iter().next().map(Into::into))
    }

    /// Adds a warning to a review if Volcano's own webhook will deny the update that the policy allows,
    /// and the policy does not skip that check; see [`Validator::volcano_denial`]. Returns whether it
    /// added one.
    ///
    /// # Errors
    ///
    /// Same as [`Validator::volcano_denial`].
    pub fn warn_about_volcano(
        &self,
        review: &mut Review,
        existing: &Job<'_>,
        replacement: &Job<'_>,
    ) -> Result<bool, ReviewError> {
        if !review.is_allowed() || !self.policy.checks(Check::VolcanoWebhook) {
            return Ok(false);
        }
        let warning =
            self.volcano_denial(existing, replacement)?.as_ref().map(warnings::of_webhook);
        let is_denied = warning.is_some();
        review.warn_about(warning);
        Ok(is_denied)
    }

    /// The violations of the schema in the values of `spec` that differ, even if the policy skips that
    /// check. At most `limit` for each field.
    pub(crate) fn schema_violations(
        &self,
        existing: &Job<'_>,
        replacement: &Job<'_>,
        limit: usize,
        ratcheting: Ratcheting,
    ) -> Result<Vec<SchemaViolation>, ReviewError> {
        let jobs = (existing, replacement);
        values::schema_violations(jobs, &self.schema, &self.policy, limit, ratcheting)
    }

    /// The violations of the schema in the status that replaces another, at most `limit`, with paths
    /// from the status.
    pub(crate) fn status_violations(
        &self,
        existing: Option<&Value>,
        replacement: &Value,
        limit: usize,
    ) -> Vec<SchemaViolation> {
        let schema = self.schema.structural();
        values::status_violations(existing, replacement, schema, limit)
    }

    /// The patch of [`Validator::restore_defaults`]. The replacement is parsed only if a default
    /// was dropped.
    pub(crate) fn restoring_patch(
        &self,
        existing: &Job<'_>,
        replacement: &Job<'_>,
    ) -> Result<Patch, ReviewError> {
        policy::restoring_patch(existing, replacement, self.schema.structural())
    }
}
