//! The schema of a Job, read once into [`Structural`], which comparison, pruning, defaulting and
//! validation use.

mod instance;
mod json_schema;
mod list;
mod overlay;
mod properties;
mod ratchet;
mod repeated;
mod structural;
mod unchecked;
mod unstructured;
mod validation;
mod validator;
mod violation;

use std::sync::{Arc, LazyLock};

use serde::de::DeserializeOwned;
use serde_json::Value;

pub(crate) use self::list::{Identity, ListKey};
use self::overlay::Overlay;
pub use self::structural::{ANY, ListType, MapType, Structural};
pub(crate) use self::structural::{Kind, Managed};
pub use self::unchecked::UncheckedRule;
use self::unchecked::unchecked_rules;
pub(crate) use self::unstructured::same_unstructured;
pub(crate) use self::validation::{SchemaUpdate, SchemaViolations};
pub use self::violation::{SchemaViolation, SchemaViolationKind};
use crate::job::Job;
use crate::job::resource::{GROUP, KIND, VERSION};
use crate::path::{FieldPath, Segment};

/// The OpenAPI schema of a Job, compiled. It determines which values are valid and what counts as a
/// change (defaults, keys of lists, quantities).
///
/// The `Default` is the schema of the Volcano release that this crate targets. Use
/// [`JobSchema::from_crd`] for another release. Cloning is cheap.
#[derive(Clone)]
pub struct JobSchema {
    structural: Arc<Structural>,
    unchecked_rules: Arc<[UncheckedRule]>,
    /// What it was compiled from; `None` for the schema of this crate.
    openapi: Option<Arc<str>>,
}

/// Why a document is not the schema of a Job.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum SchemaError {
    /// The document is neither a `CustomResourceDefinition` nor an OpenAPI schema.
    #[error("the document must be a CustomResourceDefinition or an OpenAPI schema")]
    NotACrd,
    /// The document defines another resource.
    #[error("the definition must be that of jobs.batch.volcano.sh")]
    OtherResource,
    /// The definition has no version v1alpha1, or that version has no schema.
    #[error("the definition must have a schema for the version v1alpha1")]
    NoSchema,
    /// The schema cannot be compiled. Contains the message of the JSON Schema compiler.
    #[error("the schema cannot be compiled: {0}")]
    NotASchema(String),
}

impl JobSchema {
    /// Reads the CRD of a Volcano release, as `kubectl get crd jobs.batch.volcano.sh -o json`
    /// prints it, or the OpenAPI schema in it.
    ///
    /// ```
    /// use volcano_job_update::{Job, JobSchema, Validator, diff};
    ///
    /// // In this release, `spec.queue` has no default.
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
    /// The document is neither a CRD nor an OpenAPI schema (`[]`, a Job), the CRD defines another
    /// resource or has no v1alpha1, or the schema cannot be compiled.
    pub fn from_crd(crd: &Value) -> Result<Self, SchemaError> {
        let Some(versions) = crd.pointer("/spec/versions").and_then(Value::as_array) else {
            return match crd.pointer("/properties/spec/properties") {
                Some(_) => Self::from_given(crd),
                None => Err(SchemaError::NotACrd),
            };
        };
        let is = |pointer, text: &str| crd.pointer(pointer).and_then(Value::as_str) == Some(text);
        if !is("/spec/group", GROUP) || !is("/spec/names/kind", KIND) {
            return Err(SchemaError::OtherResource);
        }
        let is_v1alpha1 =
            |version: &&Value| version.get("name").and_then(Value::as_str) == Some(VERSION);
        let schema = versions
            .iter()
            .find(is_v1alpha1)
            .and_then(|version| version.pointer("/schema/openAPIV3Schema"));
        Self::from_given(schema.ok_or(SchemaError::NoSchema)?)
    }

    /// The rules of the CRD that are not evaluated: those in the Common Expression Language
    /// ([`x-kubernetes-validations`]). An API server may refuse an update for them.
    ///
    /// ```
    /// use volcano_job_update::JobSchema;
    ///
    /// let rule = serde_json::json!({"rule": "self.minAvailable <= 10"});
    /// let schema = JobSchema::from_crd(&serde_json::json!({"properties": {"spec": {
    ///     "properties": {"minAvailable": {"type": "integer"}},
    ///     "x-kubernetes-validations": [rule],
    /// }}}))?;
    /// assert_eq!(schema.unchecked_rules()[0].to_string(), "spec: self.minAvailable <= 10");
    /// assert!(JobSchema::default().unchecked_rules().is_empty());
    /// # Ok::<(), volcano_job_update::SchemaError>(())
    /// ```
    ///
    /// [`x-kubernetes-validations`]: https://kubernetes.io/docs/tasks/extend-kubernetes/custom-resources/custom-resource-definitions/#validation-rules
    #[must_use]
    pub fn unchecked_rules(&self) -> &[UncheckedRule] {
        &self.unchecked_rules
    }

    /// The OpenAPI schema that it was compiled from, as JSON.
    pub(crate) fn openapi(&self) -> &str {
        self.openapi.as_deref().unwrap_or(OPENAPI)
    }

    fn from_given(openapi: &Value) -> Result<Self, SchemaError> {
        let schema = Self::from_openapi(openapi.clone())?;
        Ok(Self { openapi: Some(openapi.to_string().into()), ..schema })
    }

    fn from_openapi(openapi: Value) -> Result<Self, SchemaError> {
        let overlay: Overlay = embedded(OVERLAY);
        let unchecked_rules = unchecked_rules(&openapi).into();
        let mut structural = Structural::of_job(openapi, &overlay);
        structural.compile_validators().map_err(SchemaError::NotASchema)?;
        Ok(Self { structural: Arc::new(structural), unchecked_rules, openapi: None })
    }

    /// The schema of the whole Job.
    pub(crate) fn structural(&self) -> &Structural {
        &self.structural
    }

    #[expect(clippy::expect_used, reason = "every test compiles it")]
    fn embedded() -> Self {
        Self::from_openapi(embedded(OPENAPI)).expect("the schema of this crate compiles")
    }

    /// Whether a set or keyed list in the `spec` of a Job has duplicate elements. `false` for a Job
    /// that cannot be parsed completely, because no API server can have stored it.
    ///
    /// An API server does not look for duplicates in `metadata`.
    pub(crate) fn has_repeated(&self, job: &Job<'_>) -> bool {
        let Ok(job) = job.whole_document() else { return false };
        let (schema, spec) = (self.structural.child("spec"), job.root().get("spec"));
        schema.zip(spec).is_some_and(|(schema, spec)| schema.has_repeated(spec))
    }

    /// The violation if a Job has fewer or more tasks than the schema allows.
    pub(crate) fn task_count_violation(&self, job: &Job<'_>) -> Option<SchemaViolation> {
        let tasks: FieldPath =
            ["spec", "tasks"].map(|key| Segment::Key(key.into())).into_iter().collect();
        self.structural.at(tasks.segments()).count_violation(&tasks, job.task_count())
    }
}

impl Default for JobSchema {
    /// The schema of the Volcano release that this crate targets.
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
    serde_json::from_str(text).expect("the schemas of this crate are well-formed")
}

#[cfg(test)]
mod tests;
