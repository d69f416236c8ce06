//! A field as it was read: its key, and what it holds, not looked into.

#![expect(
    missing_docs,
    clippy::exhaustive_enums,
    clippy::must_use_candidate,
    reason = "public to one crate of this workspace alone"
)]

use std::borrow::Cow;

use serde_json::{Map, Value};

use crate::scalar::number;

/// A field of an object and what it holds.
#[derive(Clone, Debug)]
pub enum Entry<'a> {
    /// Read from text: a member as it stands there, from the key, in quotes, to the value.
    Member {
        text: &'a str,
        /// Where the key ends.
        key_end: usize,
        /// Where the value begins.
        value: usize,
    },
    /// Read from text, with escapes in the key.
    Escaped { key: String, value: &'a str },
    /// Read from a parsed document.
    Value { key: &'a str, value: &'a Value },
}

/// What a field holds, not looked into.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Field<'a> {
    /// Well-formed JSON without white space around it.
    Text(&'a str),
    Value(&'a Value),
}

impl<'a> Entry<'a> {
    pub fn key(&self) -> &str {
        match self {
            Self::Member { text, key_end, .. } => text.get(1..*key_end).unwrap_or_default(),
            Self::Escaped { key, .. } => key,
            Self::Value { key, .. } => key,
        }
    }

    /// Whether it is the field of that key.
    pub fn is(&self, key: &str) -> bool {
        match self {
            Self::Member { text, key_end, .. } => {
                *key_end == key.len().saturating_add(1)
                    && text.as_bytes().get(1..*key_end) == Some(key.as_bytes())
            }
            _ => self.key() == key,
        }
    }

    pub fn to_key(&self) -> Cow<'a, str> {
        match self {
            Self::Member { text, key_end, .. } => text.get(1..*key_end).unwrap_or_default().into(),
            Self::Escaped { key, .. } => key.clone().into(),
            Self::Value { key, .. } => (*key).into(),
        }
    }

    pub fn field(&self) -> Field<'a> {
        match self {
            Self::Member { text, value, .. } => Field::Text(text.get(*value..).unwrap_or_default()),
            Self::Escaped { value, .. } => Field::Text(value),
            Self::Value { value, .. } => Field::Value(value),
        }
    }

    /// Whether key and value are written in the same way. Much cheaper than to compare the two.
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

    /// The number a field holds, if it is an integer that fits (`2`, `2.0` and `2e0` are).
    pub fn as_integer(self) -> Option<i64> {
        match self {
            Field::Text(text) => text.parse().ok().or_else(|| {
                let value: Value = serde_json::from_str(text).ok()?;
                number::integer(&value)
            }),
            Field::Value(value) => number::integer(value),
        }
    }

    /// What a field holds on its surface: a scalar, or a list or object as if it were empty.
    pub fn surface(self) -> Value {
        let first = match self {
            Field::Text(text) => text.as_bytes().first(),
            Field::Value(Value::Array(_)) => Some(&b'['),
            Field::Value(Value::Object(_)) => Some(&b'{'),
            Field::Value(_) => None,
        };
        match first {
            Some(b'[') => Value::Array(Vec::new()),
            Some(b'{') => Value::Object(Map::new()),
            _ => self.to_value().unwrap_or_default(),
        }
    }

    /// What a field holds, if it can be parsed.
    pub fn to_value(self) -> Option<Value> {
        match self {
            Field::Text(text) => serde_json::from_str(text).ok(),
            Field::Value(value) => Some(value.clone()),
        }
    }

    /// Whether it holds that string, which needs no escapes.
    pub fn is_str(self, text: &str) -> bool {
        let literally = match self {
            Field::Text(written) => {
                written.strip_prefix('"').and_then(|rest| rest.strip_suffix('"'))
            }
            Field::Value(value) => value.as_str(),
        };
        literally == Some(text) || self.to_str().is_some_and(|held| held == text)
    }

    /// The string a field holds, if it is one.
    pub fn to_str(self) -> Option<Cow<'a, str>> {
        match self {
            Field::Text(text) => match text.strip_prefix('"')?.strip_suffix('"')? {
                plain if !plain.contains('\\') => Some(plain.into()),
                _ => serde_json::from_str::<String>(text).ok().map(Cow::Owned),
            },
            Field::Value(value) => value.as_str().map(Cow::Borrowed),
        }
    }
}
