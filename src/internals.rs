//! What `volcano-job-apiserver` uses of the inside of this crate.
//!
//! Not part of the public interface: it may change in any release, and that crate requires exactly
//! this version.

use crate::job::Job;
pub use crate::job::{
    ContainerVisitor, Containers, Cursor, Entry, Field, Items, JsonType, Position, SyntaxError,
};
pub use crate::schema::{ANY, SchemaViolation, SchemaViolationKind, Structural};
pub use crate::status::quote::{is_printable, quote};
use crate::validate::Validator;
pub use crate::validate::metadata::{
    self, ANNOTATIONS_BYTES, MetadataViolation, MetadataViolationKind, Subject,
};
pub use crate::validate::schema_violations;

/// The fields of a Job as they were read.
pub trait JobParts<'a> {
    /// The fields beside `metadata` and `spec`.
    fn top(&self) -> &[Entry<'a>];

    /// The fields of `metadata`; `None` if it is absent or `null`.
    fn metadata(&self) -> Option<&[Entry<'a>]>;

    /// The fields of `spec` beside `tasks`; `None` if it is absent or `null`.
    fn spec(&self) -> Option<&[Entry<'a>]>;

    /// The tasks; `None` if `spec.tasks` is absent or `null`.
    fn tasks(&self) -> Option<Vec<Field<'a>>>;

    /// Whether it was read from a parsed document instead of text.
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
