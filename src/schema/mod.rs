//! The schema of a Job, and what it says of the shape of each value.

mod by_name;
mod overlay;
mod ratchet;
pub(crate) mod shape;
mod structural;
mod validators;
mod violation;

use std::sync::{Arc, LazyLock};

use serde::de::DeserializeOwned;
use serde_json::Value;

use self::overlay::Overlay;
pub(crate) use self::ratchet::Same;
use self::shape::Shape;
pub use self::structural::{NumberRule, Structural};
use self::validators::Validators;
pub use self::violation::{SchemaViolation, SchemaViolationKind};
use crate::job::Job;
use crate::job::resource::{GROUP, KIND, VERSION};
use crate::path::PathNode;

/// The OpenAPI schema of a Job, compiled: it says what a value may be, and it decides what counts as
/// a change (defaults, which lists have keys, what is a quantity).
///
/// The schema of one Volcano release is part of this crate and is the `Default`; see
/// [`JobSchema::from_crd`] for that of another. Cloning is cheap.
#[derive(Clone)]
pub struct JobSchema {
    shape: Arc<Shape>,
    structural: Arc<Structural>,
    validators: Arc<Validators>,
}

/// Why a document gives no [`JobSchema`].
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum SchemaError {
    /// It is neither a `CustomResourceDefinition` nor an OpenAPI schema.
    #[error("the document must be a CustomResourceDefinition or an OpenAPI schema")]
    NotACrd,
    /// It is the definition of another resource.
    #[error("the definition must be that of jobs.batch.volcano.sh")]
    OtherResource,
    /// It has no version v1alpha1, or one without a schema.
    #[error("the definition must have a schema for the version v1alpha1")]
    NoSchema,
    /// Its schema cannot be compiled.
    #[error("the schema cannot be compiled: {0}")]
    NotASchema(String),
}

impl JobSchema {
    /// The schema in the CRD of a Volcano release: the document that
    /// `kubectl get crd jobs.batch.volcano.sh -o json` prints, or the OpenAPI schema in it.
    ///
    /// ```
    /// use volcano_job_update::{Job, JobSchema, Validator, diff};
    ///
    /// // In this release a Job without a queue is not one in the queue `default`.
    /// let crd = serde_json::json!({"spec": {
    ///     "group": "batch.volcano.sh",
    ///     "names": {"kind": "Job"},
    ///     "versions": [{"name": "v1alpha1", "schema": {"openAPIV3Schema": {"properties": {
    ///         "spec": {"properties": {"queue": {"type": "string"}}},
    ///     }}}}],
    /// }});
    /// let validator = Validator::default().with_schema(JobSchema::from_crd(&crd)?);
    ///
    /// let existing = Job::from_slice(br#"{"spec": {"queue": "default"}}"#)?;
    /// let replacement = Job::from_slice(br#"{"spec": {}}"#)?;
    /// assert_eq!(validator.diff(&existing, &replacement)?.len(), 1);
    /// assert_eq!(diff(&existing, &replacement)?.len(), 0);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    ///
    /// Another document (`[]`, a Job), the CRD of another resource, a CRD without v1alpha1.
    pub fn from_crd(crd: &Value) -> Result<Self, SchemaError> {
        let Some(versions) = crd.pointer("/spec/versions").and_then(Value::as_array) else {
            return match crd.pointer("/properties/spec/properties") {
                Some(_) => Self::from_openapi(crd.clone()),
                None => Err(SchemaError::NotACrd),
            };
        };
        let says = |pointer, text: &str| crd.pointer(pointer).and_then(Value::as_str) == Some(text);
        if !says("/spec/group", GROUP) || !says("/spec/names/kind", KIND) {
            return Err(SchemaError::OtherResource);
        }
        let named = |version: &&Value| version.get("name").and_then(Value::as_str) == Some(VERSION);
        let schema = versions
            .iter()
            .find(named)
            .and_then(|version| version.pointer("/schema/openAPIV3Schema"));
        Self::from_openapi(schema.ok_or(SchemaError::NoSchema)?.clone())
    }

    fn from_openapi(mut schema: Value) -> Result<Self, SchemaError> {
        let overlay: Overlay = embedded(OVERLAY);
        let structural = Arc::new(Structural::of(&schema));
        overlay.complete(&mut schema);
        let shape = Arc::new(overlay.shape(&schema));
        let validators = Validators::compile(schema).map_err(SchemaError::NotASchema)?;
        Ok(Self { shape, structural, validators: Arc::new(validators) })
    }

    pub(crate) fn shape(&self) -> &Shape {
        &self.shape
    }

    pub(crate) fn structural(&self) -> &Structural {
        &self.structural
    }

    #[expect(clippy::expect_used, reason = "every test compiles it")]
    fn embedded() -> Self {
        Self::from_openapi(embedded(OPENAPI)).expect("the schema of this crate")
    }

    /// What the schema holds against the new value of a field of `metadata`, of `spec` or of a task,
    /// or against a whole task; `same` says what has not changed below it. Nothing in the accepting
    /// case.
    pub(crate) fn violations(
        &self,
        at: &PathNode<'_>,
        shape: &Shape,
        old: Option<&Value>,
        new: &Value,
        same: Same,
    ) -> Vec<SchemaViolation> {
        self.validators.violations(at, shape, old, new, same)
    }

    /// Whether a list of a Job has an element twice that it may have once only.
    pub(crate) fn has_repeated(&self, job: &Job<'_>) -> bool {
        job.to_value().is_ok_and(|job| self.shape.has_repeated(&job))
    }

    /// What the schema holds against the number of tasks of a Job.
    pub(crate) fn task_count_violation(&self, job: &Job<'_>) -> Option<SchemaViolation> {
        let at = PathNode::ROOT.key("spec");
        self.validators.task_count_violation(&at.key("tasks"), job.task_count())
    }
}

impl Default for JobSchema {
    /// The schema that is part of this crate.
    fn default() -> Self {
        static SCHEMA: LazyLock<JobSchema> = LazyLock::new(JobSchema::embedded);
        SCHEMA.clone()
    }
}

impl std::fmt::Debug for JobSchema {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("JobSchema").finish_non_exhaustive()
    }
}

const OPENAPI: &str = include_str!("../../schemas/job.openapi.json");
const OVERLAY: &str = include_str!("../../schemas/overlay.json");

#[expect(
    clippy::expect_used,
    reason = "the texts are part of this crate, and every test reads them"
)]
fn embedded<T: DeserializeOwned>(text: &str) -> T {
    serde_json::from_str(text).expect("a schema of this crate")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn documents_that_are_no_crd_of_a_job_are_denied() {
        let violation = |text| JobSchema::from_crd(&embedded(text)).unwrap_err();
        assert_eq!(violation("[]"), SchemaError::NotACrd);
        assert_eq!(
            violation(r#"{"spec": {"group": "a", "versions": []}}"#),
            SchemaError::OtherResource
        );
        let no_version =
            r#"{"spec": {"group": "batch.volcano.sh", "names": {"kind": "Job"}, "versions": []}}"#;
        assert_eq!(violation(no_version), SchemaError::NoSchema);
    }
}
