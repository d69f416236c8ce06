//! Errors.

use std::fmt;

use volcano_job_update::internals::Position;

/// A text is not valid YAML, or does not have the expected form. `Display` is one line with the
/// position.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct YamlError(String);

impl YamlError {
    pub(super) fn new(message: impl fmt::Display) -> Self {
        Self(message.to_string().lines().collect::<Vec<_>>().join(" "))
    }

    pub(super) fn at(position: Position, message: impl fmt::Display) -> Self {
        let Position { line, column } = position;
        Self::new(format_args!("{message} at line {line}, column {column}"))
    }
}
