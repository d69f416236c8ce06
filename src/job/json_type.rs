//! The types of JSON values and their names.

#![expect(
    missing_docs,
    clippy::exhaustive_enums,
    clippy::must_use_candidate,
    reason = "public only for another crate of this workspace"
)]

use serde_json::Value;

/// The type of a JSON value.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum JsonType {
    Null,
    Boolean,
    /// A number without a fraction. Only schemas use it; the type of a value is [`Self::Number`].
    Integer,
    Number,
    String,
    Array,
    Object,
}

impl JsonType {
    pub fn of(value: &Value) -> Self {
        match value {
            Value::Null => Self::Null,
            Value::Bool(_) => Self::Boolean,
            Value::Number(_) => Self::Number,
            Value::String(_) => Self::String,
            Value::Array(_) => Self::Array,
            Value::Object(_) => Self::Object,
        }
    }

    /// The type of a well-formed JSON text without leading white space.
    pub fn of_text(text: &str) -> Self {
        match text.as_bytes().first() {
            Some(b'n') => Self::Null,
            Some(b't' | b'f') => Self::Boolean,
            Some(b'"') => Self::String,
            Some(b'[') => Self::Array,
            Some(b'{') => Self::Object,
            _ => Self::Number,
        }
    }

    /// The name in [JSON Schema](https://json-schema.org/draft/2020-12/json-schema-validation#name-type).
    pub fn name(self) -> &'static str {
        match self {
            Self::Null => "null",
            Self::Boolean => "boolean",
            Self::Integer => "integer",
            Self::Number => "number",
            Self::String => "string",
            Self::Array => "array",
            Self::Object => "object",
        }
    }

    /// The name with its article, for messages. Kubernetes calls an array a list.
    pub fn with_article(self) -> &'static str {
        match self {
            Self::Null => "null",
            Self::Boolean => "a boolean",
            Self::Integer => "an integer",
            Self::Number => "a number",
            Self::String => "a string",
            Self::Array => "a list",
            Self::Object => "an object",
        }
    }

    /// The name in errors of Go's [encoding/json](https://pkg.go.dev/encoding/json#UnmarshalTypeError).
    pub fn go_name(self) -> &'static str {
        match self {
            Self::Boolean => "bool",
            Self::Integer => "number",
            other => other.name(),
        }
    }
}
