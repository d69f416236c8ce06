//! The internals of this crate that `volcano-job-apiserver` and the programs use.
//!
//! Not part of the public interface: it may change in any release, and those crates require exactly
//! this version.

use serde_json::Value;

use crate::diff::ReviewError;
use crate::job::Job;
pub use crate::job::{
    ContainerVisitor, Containers, Cursor, Document, Elements, Entry, Field, Items, JsonType,
    Members, Node, Place, Position, Search, Shape, StepId, SyntaxError, Text, default_task_name,
    json_places,
};
pub use crate::path::{is_printable, printable};
pub use crate::policy::creation::{ADDED_PLUGINS, MAX_RETRY, QUEUE, SCHEDULER};
pub use crate::report::{API_VERSION as REPORT_API_VERSION, Places};
pub use crate::scalar::quantity::Quantity;
pub use crate::scalar::quantity_text::WrittenQuantity;
pub use crate::schema::{ANY, ListType, MapType, SchemaViolation, SchemaViolationKind, Structural};
pub use crate::status::quote::quote;
pub use crate::validate::Ratcheting;
use crate::validate::Validator;
pub use crate::validate::metadata::{self, MetadataViolation, MetadataViolationKind, Subject};
use crate::volcano::{self, EmptyLists};

/// Access to the fields of a Job.
pub trait JobParts<'a> {
    /// The top-level fields other than `metadata` and `spec`.
    fn top(&self) -> &[Entry<'a>];

    /// The fields of `metadata`; `None` if it is absent or `null`.
    fn metadata(&self) -> Option<&[Entry<'a>]>;

    /// The fields of `spec` except `tasks`; `None` if `spec` is absent or `null`.
    fn spec(&self) -> Option<&[Entry<'a>]>;

    /// The tasks; `None` if `spec.tasks` is absent or `null`.
    fn tasks(&self) -> Option<Vec<Field<'a>>>;

    /// Whether the Job was read from a parsed document instead of text.
    fn is_from_value(&self) -> bool;
}

impl<'a> JobParts<'a> for Job<'a> {
    fn top(&self) -> &[Entry<'a>] {
        self.top_fields()
    }

    fn metadata(&self) -> Option<&[Entry<'a>]> {
        self.metadata_fields()
    }

    fn spec(&self) -> Option<&[Entry<'a>]> {
        self.spec_fields()
    }

    fn tasks(&self) -> Option<Vec<Field<'a>>> {
        self.has_tasks_field().then(|| self.tasks().map(|task| task.whole).collect())
    }

    fn is_from_value(&self) -> bool {
        self.is_from_value()
    }
}

/// The structural schema of a validator.
#[must_use]
pub fn structural(validator: &Validator) -> &Structural {
    validator.schema().structural()
}

/// The OpenAPI schema of a Job from which the schema of a validator was compiled, as JSON.
#[must_use]
pub fn openapi(validator: &Validator) -> &str {
    validator.schema().openapi()
}

/// The violations of the schema in the values of `spec` that differ from the existing Job, even if
/// the policy skips that check. At most `limit` for each field.
///
/// # Errors
///
/// A value that differs cannot be parsed.
pub fn schema_violations(
    existing: &Job<'_>,
    replacement: &Job<'_>,
    validator: &Validator,
    limit: usize,
    ratcheting: Ratcheting,
) -> Result<Vec<SchemaViolation>, ReviewError> {
    validator.schema_violations(existing, replacement, limit, ratcheting)
}

/// The violations of the schema in the status that replaces another, at most `limit`. Their paths begin
/// at the status, and what is the same for an API server is not validated.
#[must_use]
pub fn status_violations(
    existing: Option<&Value>,
    replacement: &Value,
    validator: &Validator,
    limit: usize,
) -> Vec<SchemaViolation> {
    validator.status_violations(existing, replacement, limit)
}

/// A Job that Volcano's webhooks decoded into Go's types, as Go writes it. It has no unknown field, no
/// quantity, duration or time that is not in its canonical form, and each value has the type of its
/// field. `null` is in the place of an absent pointer or list that Go always writes.
///
/// # Errors
///
/// The error of the webhooks for a Job that Go cannot decode.
pub fn as_go_writes(job: &Value) -> Result<Value, String> {
    volcano::decoded(job, EmptyLists::Omit).map_err(|denial| denial.reason.in_full())
}

/// As [`as_go_writes`], but with the lists and maps that are empty and not absent.
///
/// # Errors
///
/// As [`as_go_writes`].
pub fn as_go_holds(job: &Value) -> Result<Value, String> {
    volcano::decoded(job, EmptyLists::Keep).map_err(|denial| denial.reason.in_full())
}

/// What is wrong with the partitionPolicy of a task that was decoded, in the words of Volcano's
/// validating webhook.
#[must_use]
pub fn partition_message(task: &Value, job: &str) -> Option<String> {
    volcano::partition_message(Document::of_value(task).root(), job)
}

/// What is wrong with the networkTopology of a `spec` that was decoded, in the words of Volcano's
/// validating webhook.
#[must_use]
pub fn tiers_message(spec: &Value) -> Option<&'static str> {
    volcano::tiers_message(Document::of_value(spec).root())
}
