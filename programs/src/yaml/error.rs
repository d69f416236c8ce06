//! Errors, and places in the text.

use std::fmt;

/// A text is not valid YAML, or does not have the expected form. `Display` is one line with the
/// position.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct YamlError(String);

impl YamlError {
    pub(super) fn new(message: impl fmt::Display) -> Self {
        Self(message.to_string().lines().collect::<Vec<_>>().join(" "))
    }
}

/// A place in the text, counted from 1.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Place {
    pub(super) line: usize,
    pub(super) column: usize,
}

impl Place {
    pub(super) fn error(self, message: impl fmt::Display) -> YamlError {
        let Self { line, column } = self;
        YamlError::new(format_args!("{message} at line {line}, column {column}"))
    }
}
