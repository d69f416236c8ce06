//! A value that violates the schema, and what is wrong with it.

use std::fmt;

use serde_json::{Number, Value};
use similar::get_close_matches;

use crate::job::{JsonType, KeptValue};
use crate::path::FieldPath;

/// A value that violates the schema.
#[derive(Clone, Debug, PartialEq)]
pub struct SchemaViolation {
    /// The path of the value in the replacement.
    pub path: FieldPath,
    /// What is wrong.
    pub kind: SchemaViolationKind,
    /// The corresponding value of the existing Job, if it is known.
    pub(crate) old: Option<KeptValue>,
    /// The value of the replacement; `None` if it is missing.
    pub(crate) new: Option<KeptValue>,
}

impl SchemaViolation {
    /// The value of the replacement; `None` if it is missing.
    #[must_use]
    pub fn new_value(&self) -> Option<&Value> {
        self.new.as_ref().map(KeptValue::get)
    }
}

/// What is wrong with a value.
///
/// `Display` is the message. It does not show the value, which can be a secret.
#[expect(clippy::exhaustive_enums, reason = "hidden: only crates of this workspace use it")]
#[derive(Clone, Debug, PartialEq)]
pub enum SchemaViolationKind {
    /// A required field is missing.
    Missing,
    /// The value has another type.
    Type {
        /// The allowed JSON types.
        expected: Vec<JsonType>,
        /// The value. A list or object is replaced by an empty one.
        found: Value,
    },
    /// The number is below the minimum.
    Below {
        /// The minimum.
        least: Number,
        /// The number.
        found: Number,
    },
    /// The number is above the maximum.
    Above {
        /// The maximum.
        most: Number,
        /// The number.
        found: Number,
    },
    /// The string has too few characters.
    TooShort {
        /// The minimum.
        least: u64,
        /// The actual number.
        found: usize,
    },
    /// The string has too many characters.
    TooLong {
        /// The maximum.
        most: u64,
        /// The actual number.
        found: usize,
    },
    /// The list has too few elements.
    TooFew {
        /// The minimum.
        least: u64,
        /// The actual number.
        found: usize,
    },
    /// The list has too many elements.
    TooMany {
        /// The maximum.
        most: u64,
        /// The actual number.
        found: usize,
    },
    /// The string does not match this pattern.
    Pattern(String),
    /// The string is not a `resource.Quantity`.
    NotAQuantity {
        /// The pattern that the schema has for quantities.
        pattern: String,
    },
    /// The value is not one of the allowed values.
    NotOneOf {
        /// The allowed values.
        choices: Vec<String>,
        /// The value.
        found: Value,
    },
    /// The string is not in this format, such as `date-time`.
    Format(String),
    /// The element of a set or keyed list duplicates an earlier one.
    Repeats {
        /// The position of the earlier element.
        first: usize,
        /// The keys of the list; empty in a set.
        keys: Vec<Box<str>>,
    },
    /// The element of a keyed list is no object. The violation is in addition to that of the type, as on
    /// an API server.
    NoListMapElement,
    /// Any other violation, with the message of the crate `jsonschema`. No schema of a Volcano
    /// release leads to one so far.
    Other(String),
}

impl SchemaViolationKind {
    /// How to correct the value, if the message does not already say so.
    #[must_use]
    pub fn hint(&self) -> Option<String> {
        match self {
            Self::Type { expected, found: Value::String(text) } => {
                let is_number =
                    expected.contains(&JsonType::Integer) && text.parse::<i64>().is_ok();
                let is_boolean =
                    expected.contains(&JsonType::Boolean) && text.parse::<bool>().is_ok();
                (is_number || is_boolean).then(|| "write it without quotes".into())
            }
            Self::Type { expected, found: Value::Number(_) | Value::Bool(_) } => {
                expected.contains(&JsonType::String).then(|| "write it in quotes".into())
            }
            Self::NotOneOf { choices, found } => {
                nearest(choices, found).map(|choice| format!("set it to {choice}"))
            }
            Self::Below { least, .. } => Some(format!("set it to {least} or more")),
            Self::Above { most, .. } => Some(format!("set it to {most} or less")),
            Self::Missing => Some("add it".into()),
            _ => None,
        }
    }
}

impl fmt::Display for SchemaViolationKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Missing => f.write_str("must be set"),
            Self::Type { expected, found } => {
                let names: Vec<&str> = expected.iter().map(|kind| kind.with_article()).collect();
                write!(f, "must be {}", names.join(" or "))?;
                match found {
                    Value::Number(_) if expected.contains(&JsonType::Integer) => {
                        f.write_str(", not a fraction")
                    }
                    other => write!(f, ", not {}", JsonType::of(other).with_article()),
                }
            }
            Self::Below { least, .. } => write!(f, "must be at least {least}"),
            Self::Above { most, .. } => write!(f, "must be at most {most}"),
            Self::TooShort { least, found } => {
                write!(f, "must be at least {} long, but has {found}", characters(*least))
            }
            Self::TooLong { most, found } => {
                write!(f, "must be at most {} long, but has {found}", characters(*most))
            }
            Self::TooFew { least, found } => {
                write!(f, "must have at least {}, but has {found}", elements(*least))
            }
            Self::TooMany { most, found } => {
                write!(f, "must have at most {}, but has {found}", elements(*most))
            }
            Self::NotAQuantity { .. } => f.write_str("must be a quantity such as 500m, 1.5 or 2Gi"),
            Self::Pattern(pattern) => write!(f, "must match {pattern}"),
            Self::NotOneOf { choices, found } => {
                let shown: Vec<&str> = choices
                    .iter()
                    .map(String::as_str)
                    .filter(|choice| !choice.is_empty())
                    .collect();
                write!(f, "must be one of {}", shown.join(", "))?;
                match nearest(choices, found) {
                    Some(choice) => write!(f, "; did you mean {choice}?"),
                    None => Ok(()),
                }
            }
            Self::Format(format) => write!(f, "must be in the format {format}"),
            Self::Repeats { first, keys } if keys.is_empty() => {
                write!(f, "must differ from the element at position {first}")
            }
            Self::Repeats { first, keys } => {
                write!(
                    f,
                    "must differ from the element at position {first} in {}",
                    keys.join(" or ")
                )
            }
            Self::NoListMapElement => f.write_str("must be an object, because the list has keys"),
            Self::Other(text) => f.write_str(text),
        }
    }
}

/// The allowed value that is most similar to this one.
fn nearest<'c>(choices: &'c [String], found: &Value) -> Option<&'c str> {
    let found = found.as_str()?;
    let choices: Vec<&str> =
        choices.iter().map(String::as_str).filter(|choice| !choice.is_empty()).collect();
    let same_ignoring_case =
        choices.iter().find(|choice| choice.eq_ignore_ascii_case(found)).copied();
    same_ignoring_case.or_else(|| get_close_matches(found, &choices, 1, 0.6).first().copied())
}

fn characters(count: u64) -> String {
    format!("{count} character{}", if count == 1 { "" } else { "s" })
}

fn elements(count: u64) -> String {
    format!("{count} element{}", if count == 1 { "" } else { "s" })
}
