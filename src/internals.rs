//! The internals of this crate that `volcano-job-apiserver` and the programs use.
//!
//! Not part of the public interface: it may change in any release, and those crates require exactly
//! this version.

use crate::diff::ReviewError;
use crate::job::Job;
pub use crate::job::{
    ContainerVisitor, Containers, Cursor, Document, Elements, Entry, Field, Items, JsonType,
    Members, Node, Place, Position, Search, Shape, StepId, SyntaxError, Text, json_places,
};
pub use crate::path::{is_printable, printable};
pub use crate::report::{API_VERSION as REPORT_API_VERSION, Places};
pub use crate::schema::{ANY, ListType, MapType, SchemaViolation, SchemaViolationKind, Structural};
pub use crate::status::quote::quote;
pub use crate::validate::Ratcheting;
use crate::validate::Validator;
pub use crate::validate::metadata::{self, MetadataViolation, MetadataViolationKind, Subject};

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
