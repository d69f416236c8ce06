//! The parts of this crate that `volcano-job-apiserver` uses.
//!
//! Not part of the public interface: it may change in any release, so that crate requires the exact version.

use crate::job::Job;
pub use crate::job::{Entry, Field, Nested, Read};
pub use crate::schema::{NumberRule, SchemaViolation, SchemaViolationKind, Structural, type_of};
pub use crate::status::{is_printable, quote};
use crate::validate::Validator;
pub use crate::validate::metadata::{self, MetadataViolation, MetadataViolationKind, Subject};
pub use crate::validate::schema_violations;

/// The parts of a Job, not parsed further than reading did.
pub trait JobParts<'a> {
    /// The fields beside `metadata` and `spec`.
    fn top(&self) -> &[Entry<'a>];

    /// The fields of `metadata`; `None` if that is absent or `null`.
    fn metadata(&self) -> Option<&[Entry<'a>]>;

    /// The fields of `spec` except `tasks`; `None` if that is absent or `null`.
    fn spec(&self) -> Option<&[Entry<'a>]>;

    /// The tasks; `None` if the field is absent or `null`.
    fn tasks(&self) -> Option<Vec<Field<'a>>>;

    /// Whether the Job was read from a parsed document instead of text.
    fn is_from_value(&self) -> bool;
}

impl<'a> JobParts<'a> for Job<'a> {
    fn top(&self) -> &[Entry<'a>] {
        &self.top
    }

    fn metadata(&self) -> Option<&[Entry<'a>]> {
        self.metadata.as_deref()
    }

    fn spec(&self) -> Option<&[Entry<'a>]> {
        self.spec.as_deref()
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
