//! A field of an object that was read: its key and its unparsed value.

#![expect(
    missing_docs,
    clippy::exhaustive_enums,
    clippy::must_use_candidate,
    reason = "public only for another crate of this workspace"
)]

use std::borrow::Cow;

use serde_json::Value;

use super::JsonType;
use super::cursor::slice;
use crate::scalar::number;

/// A field of an object. It is small, because a text can have one in each 8 bytes.
#[derive(Clone, Debug)]
pub enum Entry<'a> {
    /// Read from text, with a key without escapes.
    Member {
        /// The text from the quote before the key to the end of the value.
        text: &'a str,
        /// The offset in `text` of the quote that closes the key.
        key_end: u32,
        /// The number of bytes from that quote to the value.
        gap: u16,
    },
    /// Read from text, with escapes in the key, or with a key or gap that is too long for a `Member`.
    OwnedKey(Box<(String, &'a str)>),
    /// Read from a parsed document.
    Value { key: &'a String, value: &'a Value },
}

/// The value of a field.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Field<'a> {
    /// Well-formed JSON without white space around it.
    Text(&'a str),
    Value(&'a Value),
}

impl<'a> Entry<'a> {
    /// The member whose text is `text`, which ends with `value`.
    pub(super) fn member(text: &'a str, key: Cow<'a, str>, value: &'a str) -> Self {
        let key_end = key.len() + 1;
        let gap = text.len() - value.len() - key_end;
        match (key, u32::try_from(key_end), u16::try_from(gap)) {
            (Cow::Borrowed(_), Ok(key_end), Ok(gap)) => Self::Member { text, key_end, gap },
            (key, ..) => Self::OwnedKey(Box::new((key.into_owned(), value))),
        }
    }

    pub fn key(&self) -> &str {
        match self {
            Self::Member { text, key_end, .. } => slice(text, 1..*key_end as usize),
            Self::OwnedKey(entry) => &entry.0,
            Self::Value { key, .. } => key,
        }
    }

    /// Whether the field has this key.
    pub fn is(&self, key: &str) -> bool {
        match self {
            Self::Member { text, key_end, .. } => {
                let key_end = *key_end as usize;
                key_end == key.len() + 1 && text.as_bytes().get(1..key_end) == Some(key.as_bytes())
            }
            Self::OwnedKey(_) | Self::Value { .. } => self.key() == key,
        }
    }

    pub fn to_key(&self) -> Cow<'a, str> {
        match self {
            Self::Member { text, key_end, .. } => slice(text, 1..*key_end as usize).into(),
            Self::OwnedKey(entry) => entry.0.clone().into(),
            Self::Value { key, .. } => key.as_str().into(),
        }
    }

    pub fn field(&self) -> Field<'a> {
        match self {
            Self::Member { text, key_end, gap } => {
                Field::Text(slice(text, *key_end as usize + usize::from(*gap)..))
            }
            Self::OwnedKey(entry) => Field::Text(entry.1),
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

    pub fn json_type(self) -> JsonType {
        match self {
            Field::Text(text) => JsonType::of_text(text),
            Field::Value(value) => JsonType::of(value),
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_entry_is_small() {
        assert_eq!(size_of::<Entry<'_>>(), 24);
    }

    /// Too much white space before the value for the usual representation.
    #[test]
    fn a_member_has_a_key_and_a_value() {
        for gap in [1, 2, 1 << 16] {
            let text = format!("\"key\":{}\"value\"", " ".repeat(gap));
            let (_, value) = text.split_at(text.len() - 7);
            let entry = Entry::member(&text, "key".into(), value);
            assert_eq!((entry.key(), entry.field()), ("key", Field::Text("\"value\"")));
            assert!(entry.is("key") && !entry.is("ke"));
        }
    }
}
