//! A field of an object that was read: its key and its unparsed value.

#![expect(
    missing_docs,
    clippy::exhaustive_enums,
    clippy::must_use_candidate,
    reason = "public only for another crate of this workspace"
)]

use std::borrow::Cow;

use serde_json::Value;

use super::cursor::slice;
use crate::scalar::number;

/// A field of an object.
#[derive(Clone, Debug)]
pub enum Entry<'a> {
    /// Read from text, with a key without escapes.
    Member {
        /// The text from the quote before the key to the end of the value.
        text: &'a str,
        /// The offset in `text` of the quote that closes the key.
        key_end: usize,
        /// The offset in `text` of the value.
        value: usize,
    },
    /// Read from text, with escapes in the key.
    Escaped { key: String, value: &'a str },
    /// Read from a parsed document.
    Value { key: &'a str, value: &'a Value },
}

/// The value of a field.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Field<'a> {
    /// Well-formed JSON without white space around it.
    Text(&'a str),
    Value(&'a Value),
}

impl<'a> Entry<'a> {
    pub fn key(&self) -> &str {
        match self {
            Self::Member { text, key_end, .. } => slice(text, 1..*key_end),
            Self::Escaped { key, .. } => key,
            Self::Value { key, .. } => key,
        }
    }

    /// Whether the field has this key.
    pub fn is(&self, key: &str) -> bool {
        match self {
            Self::Member { text, key_end, .. } => {
                *key_end == key.len() + 1
                    && text.as_bytes().get(1..*key_end) == Some(key.as_bytes())
            }
            Self::Escaped { .. } | Self::Value { .. } => self.key() == key,
        }
    }

    pub fn to_key(&self) -> Cow<'a, str> {
        match self {
            Self::Member { text, key_end, .. } => slice(text, 1..*key_end).into(),
            Self::Escaped { key, .. } => key.clone().into(),
            Self::Value { key, .. } => (*key).into(),
        }
    }

    pub fn field(&self) -> Field<'a> {
        match self {
            Self::Member { text, value, .. } => Field::Text(slice(text, *value..)),
            Self::Escaped { value, .. } => Field::Text(value),
            Self::Value { value, .. } => Field::Value(value),
        }
    }

    /// Whether both fields have the same text. Equal fields can also have different texts.
    pub fn is_same_text(&self, other: &Entry<'_>) -> bool {
        match (self, other) {
            (Self::Member { text: a, .. }, Entry::Member { text: b, .. }) => a == b,
            _ => false,
        }
    }
}

impl<'a> Field<'a> {
    pub fn is_null(self) -> bool {
        match self {
            Field::Text(text) => text == "null",
            Field::Value(value) => value.is_null(),
        }
    }

    /// The value if it is an integer in the range of `i64`, in any form (`2`, `2.0`, `2e0`).
    pub fn as_integer(self) -> Option<i64> {
        match self {
            Field::Text(text) => text.parse().ok().or_else(|| {
                let value: Value = serde_json::from_str(text).ok()?;
                number::integer(&value)
            }),
            Field::Value(value) => number::integer(value),
        }
    }

    /// The value without white space around it.
    #[must_use]
    pub fn trimmed(self) -> Self {
        match self {
            Field::Text(text) => Field::Text(text.trim()),
            Field::Value(_) => self,
        }
    }

    /// The value if it is a scalar. A list or object is replaced by an empty one.
    #[must_use]
    pub fn surface(self) -> Self {
        let is_list = match self {
            Field::Text(text) if text.starts_with('[') => true,
            Field::Text(text) if text.starts_with('{') => false,
            Field::Value(Value::Array(_)) => true,
            Field::Value(Value::Object(_)) => false,
            Field::Text(_) | Field::Value(_) => return self,
        };
        Field::Text(if is_list { "[]" } else { "{}" })
    }

    /// The parsed value. `None` if it cannot be parsed (`1e999`, a lone surrogate).
    pub fn to_value(self) -> Option<Value> {
        match self {
            Field::Text(text) => serde_json::from_str(text).ok(),
            Field::Value(value) => Some(value.clone()),
        }
    }

    /// Whether the value is the string `text`, which must not contain characters that JSON escapes.
    pub fn is_str(self, text: &str) -> bool {
        let literal = match self {
            Field::Text(written) => unquoted(written),
            Field::Value(value) => value.as_str(),
        };
        literal == Some(text) || self.to_str().is_some_and(|value| value == text)
    }

    /// The value if it is a string that can be parsed.
    pub fn to_str(self) -> Option<Cow<'a, str>> {
        match self {
            Field::Text(text) => match unquoted(text)? {
                plain if !plain.contains('\\') => Some(plain.into()),
                _ => serde_json::from_str::<String>(text).ok().map(Cow::Owned),
            },
            Field::Value(value) => value.as_str().map(Cow::Borrowed),
        }
    }
}

/// The text between the quotes of a JSON string; `None` for any other value.
fn unquoted(text: &str) -> Option<&str> {
    text.strip_prefix('"')?.strip_suffix('"')
}
