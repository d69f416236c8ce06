//! The causes of a status.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::job::names::spelling;

/// An error in a [`Status`](super::Status): the field and the message.
///
/// If the reason of a status is `Invalid`, kubectl shows only its causes, so the message of each is
/// complete by itself. `Display` is `field: message`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
#[non_exhaustive]
pub struct StatusCause {
    /// The type of the error, such as `FieldValueInvalid`; see [`CauseType::as_str`].
    #[serde(skip_serializing_if = "String::is_empty")]
    pub reason: String,
    /// The message for people. It begins with [`CauseType::words`].
    #[serde(skip_serializing_if = "String::is_empty")]
    pub message: String,
    /// The field, such as `spec.tasks[0].replicas`.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub field: String,
}

/// The type of a [`StatusCause`], one of [Kubernetes' error types].
///
/// [Kubernetes' error types]: https://github.com/kubernetes/apimachinery/blob/master/pkg/util/validation/field/errors.go
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum CauseType {
    /// The value refers to something that does not exist.
    NotFound,
    /// A required value is missing.
    Required,
    /// A value that must be unique is a duplicate.
    Duplicate,
    /// The value is malformed or out of bounds.
    Invalid,
    /// The value does not have the type that the schema requires.
    TypeInvalid,
    /// The value is not one of the supported values.
    NotSupported,
    /// The value is well formed but not allowed.
    Forbidden,
    /// The text is too long.
    TooLong,
    /// The list has too many elements.
    TooMany,
    /// The server failed.
    Internal,
}

spelling!(CauseType, "cause type", {
    NotFound => "FieldValueNotFound",
    Required => "FieldValueRequired",
    Duplicate => "FieldValueDuplicate",
    Invalid => "FieldValueInvalid",
    TypeInvalid => "FieldValueTypeInvalid",
    NotSupported => "FieldValueNotSupported",
    Forbidden => "FieldValueForbidden",
    TooLong => "FieldValueTooLong",
    TooMany => "FieldValueTooMany",
    Internal => "InternalError",
});

impl CauseType {
    /// The words with which the message of such a cause begins, such as `Invalid value`.
    #[must_use]
    pub fn words(self) -> &'static str {
        match self {
            Self::NotFound => "Not found",
            Self::Required => "Required value",
            Self::Duplicate => "Duplicate value",
            Self::Invalid | Self::TypeInvalid => "Invalid value",
            Self::NotSupported => "Unsupported value",
            Self::Forbidden => "Forbidden",
            Self::TooLong => "Too long",
            Self::TooMany => "Too many",
            Self::Internal => "Internal error",
        }
    }
}

impl StatusCause {
    /// A cause whose message does not show the value: `Forbidden: field is immutable`.
    ///
    /// An empty `detail` is left out.
    #[must_use]
    pub fn new(kind: CauseType, field: impl fmt::Display, detail: &str) -> Self {
        Self::compose(kind, field, kind.words().to_owned(), detail)
    }

    /// A cause whose message shows the value: `Invalid value: -1: must be at least 0`.
    ///
    /// `shown` is the value as Kubernetes writes it, a string in [quotes](super::quote). An empty
    /// `detail` is left out.
    #[must_use]
    pub fn showing(kind: CauseType, field: impl fmt::Display, shown: &str, detail: &str) -> Self {
        Self::compose(kind, field, format!("{}: {shown}", kind.words()), detail)
    }

    /// A field that another field manager owns: `conflict with "helm"`. Server-side apply has one
    /// for each such field that an applied configuration changes.
    ///
    /// `field` begins with a dot and `manager` is quoted, as an API server writes them.
    #[must_use]
    pub fn field_manager_conflict(field: impl fmt::Display, manager: &str) -> Self {
        Self {
            reason: "FieldManagerConflict".into(),
            message: format!("conflict with {manager}"),
            field: field.to_string(),
        }
    }

    fn compose(
        kind: CauseType,
        field: impl fmt::Display,
        mut message: String,
        detail: &str,
    ) -> Self {
        if !detail.is_empty() {
            message.push_str(": ");
            message.push_str(detail);
        }
        Self { reason: kind.as_str().into(), message, field: field.to_string() }
    }
}

impl fmt::Display for StatusCause {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if !self.field.is_empty() {
            write!(f, "{}: ", self.field)?;
        }
        f.write_str(&self.message)
    }
}
