//! The single errors in a status.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::validate::Violation;

/// One error: which field, and what is wrong with it.
///
/// kubectl shows nothing but the causes where the reason is `Invalid`, so each says all there is to
/// say. `Display` is `field: message`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
#[non_exhaustive]
pub struct StatusCause {
    /// The type of the error, such as `FieldValueInvalid`; see [`CauseType::as_str`].
    #[serde(skip_serializing_if = "String::is_empty")]
    pub reason: String,
    /// What is wrong, for people; it begins with the type in words.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub message: String,
    /// The field, such as `spec.tasks[0].replicas`.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub field: String,
}

/// The type of a [`StatusCause`], [as Kubernetes has them].
///
/// [as Kubernetes has them]: https://github.com/kubernetes/apimachinery/blob/master/pkg/util/validation/field/errors.go
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum CauseType {
    /// What the value refers to is not there.
    NotFound,
    /// A value is missing.
    Required,
    /// A value that must be unique is there twice.
    Duplicate,
    /// A value is malformed or out of bounds.
    Invalid,
    /// A value is of another type than the schema says.
    TypeInvalid,
    /// A value is none of those that are supported.
    NotSupported,
    /// A value is well formed and not allowed.
    Forbidden,
    /// A text is too long.
    TooLong,
    /// A list has too many elements.
    TooMany,
    /// The server failed.
    Internal,
}

impl CauseType {
    const ALL: [Self; 10] = [
        Self::NotFound,
        Self::Required,
        Self::Duplicate,
        Self::Invalid,
        Self::TypeInvalid,
        Self::NotSupported,
        Self::Forbidden,
        Self::TooLong,
        Self::TooMany,
        Self::Internal,
    ];

    /// The spelling in a status, such as `FieldValueInvalid`.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::NotFound => "FieldValueNotFound",
            Self::Required => "FieldValueRequired",
            Self::Duplicate => "FieldValueDuplicate",
            Self::Invalid => "FieldValueInvalid",
            Self::TypeInvalid => "FieldValueTypeInvalid",
            Self::NotSupported => "FieldValueNotSupported",
            Self::Forbidden => "FieldValueForbidden",
            Self::TooLong => "FieldValueTooLong",
            Self::TooMany => "FieldValueTooMany",
            Self::Internal => "InternalError",
        }
    }

    /// The words with which a message of this type begins, such as `Invalid value`.
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

    fn of(reason: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.as_str() == reason)
    }
}

impl StatusCause {
    /// A error of that type, which the message shows no value of.
    #[must_use]
    pub fn new(kind: CauseType, field: impl fmt::Display, detail: &str) -> Self {
        Self::made(kind, field, kind.words().to_owned(), detail)
    }

    /// A error of that type that shows the value that is wrong, as Kubernetes shows it.
    #[must_use]
    pub fn showing(kind: CauseType, field: impl fmt::Display, shown: &str, detail: &str) -> Self {
        Self::made(kind, field, format!("{}: {shown}", kind.words()), detail)
    }

    fn made(kind: CauseType, field: impl fmt::Display, mut message: String, detail: &str) -> Self {
        if !detail.is_empty() {
            message.push_str(": ");
            message.push_str(detail);
        }
        Self { reason: kind.as_str().into(), message, field: field.to_string() }
    }
}

impl From<&Violation> for StatusCause {
    /// A violation as a cause; it shows no value of the Jobs.
    fn from(violation: &Violation) -> Self {
        let kind = CauseType::of(violation.code().cause()).unwrap_or(CauseType::Invalid);
        Self::new(kind, violation.path(), violation.message())
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

#[cfg(test)]
mod tests {
    use super::CauseType;

    /// Lists variants, and does not compile if one is missing.
    macro_rules! every_variant {
        ($enum:ident: $($variant:ident),*) => {{
            let _: fn($enum) = |value| match value {
                $($enum::$variant)|* => {}
            };
            [$($enum::$variant),*]
        }};
    }

    #[test]
    fn every_type_is_in_all() {
        let every = every_variant!(
            CauseType: NotFound, Required, Duplicate, Invalid, TypeInvalid, NotSupported, Forbidden,
            TooLong, TooMany, Internal
        );
        assert_eq!(CauseType::ALL, every);
    }
}
