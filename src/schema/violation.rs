//! What a schema holds against a value.

#![expect(
    missing_docs,
    clippy::exhaustive_enums,
    clippy::exhaustive_structs,
    clippy::must_use_candidate,
    reason = "public to one crate of this workspace alone"
)]

use std::fmt;

use serde_json::{Number, Value};
use similar::get_close_matches;

use crate::job::JsonType;
use crate::path::FieldPath;

/// A value that the schema denies.
#[derive(Clone, Debug, PartialEq)]
pub struct SchemaViolation {
    pub path: FieldPath,
    pub failure: SchemaViolationKind,
    /// The value that stood there before, if it is known which one did.
    pub old: Option<Value>,
    /// The value; `None` if it is missing.
    pub new: Option<Value>,
}

/// What is wrong with a value. `Display` says it, without the value unless that is a number.
#[derive(Clone, Debug, PartialEq)]
pub enum SchemaViolationKind {
    Missing,
    /// The type is none of these JSON types.
    Type {
        expected: Vec<JsonType>,
        found: Value,
    },
    Below {
        least: Number,
        found: Number,
    },
    Above {
        most: Number,
        found: Number,
    },
    /// Characters of a text.
    TooShort {
        least: u64,
        found: usize,
    },
    TooLong {
        most: u64,
        found: usize,
    },
    /// Elements of a list.
    TooFew {
        least: u64,
        found: usize,
    },
    TooMany {
        most: u64,
        found: usize,
    },
    Pattern(String),
    NotOneOf {
        choices: Vec<String>,
        found: Value,
    },
    Format(String),
    /// An element that repeats the element at another position: in the values of these keys, or
    /// altogether.
    Repeats {
        first: usize,
        keys: Vec<Box<str>>,
    },
    /// What no Job schema of a Volcano release asks for so far, in the words of `jsonschema`.
    Other(String),
}

impl SchemaViolationKind {
    /// What would make the value right, where there is more to say than what is wrong.
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
                    Value::Number(fraction) if expected.contains(&JsonType::Integer) => {
                        write!(f, ", but is {fraction}")
                    }
                    other => write!(f, ", not {}", JsonType::of(other).with_article()),
                }
            }
            Self::Below { least, found } => write!(f, "must be at least {least}, but is {found}"),
            Self::Above { most, found } => write!(f, "must be at most {most}, but is {found}"),
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
            Self::Pattern(pattern) if is_quantity(pattern) => {
                f.write_str("must be a quantity such as 500m, 1.5 or 2Gi")
            }
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
            Self::Other(text) => f.write_str(text),
        }
    }
}

/// Whether a pattern is the one that controller-gen gives to a `resource.Quantity`.
pub(super) fn is_quantity(pattern: &str) -> bool {
    pattern.contains("([KMGTPE]i)|[numkMGTPE]|")
}

/// The choice that was most likely meant.
fn nearest<'c>(choices: &'c [String], found: &Value) -> Option<&'c str> {
    let found = found.as_str()?;
    let choices: Vec<&str> =
        choices.iter().map(String::as_str).filter(|choice| !choice.is_empty()).collect();
    let same_letters = choices.iter().find(|choice| choice.eq_ignore_ascii_case(found)).copied();
    same_letters.or_else(|| get_close_matches(found, &choices, 1, 0.6).first().copied())
}

fn characters(count: u64) -> String {
    format!("{count} character{}", if count == 1 { "" } else { "s" })
}

fn elements(count: u64) -> String {
    format!("{count} element{}", if count == 1 { "" } else { "s" })
}
