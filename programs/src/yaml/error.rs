//! Errors.

use std::fmt;

use volcano_job_update::internals::Position;

/// A text is not valid YAML, or does not have the expected form. `Display` is one line with the
/// position, and with the number of the document if the text has several.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct YamlError {
    message: String,
    place: Option<(usize, Position)>,
    document: Option<usize>,
}

impl YamlError {
    pub(super) fn new(message: impl fmt::Display) -> Self {
        let message = message.to_string().lines().collect::<Vec<_>>().join(" ");
        Self { message, place: None, document: None }
    }

    /// An error at a byte offset of the text.
    pub(super) fn at(text: &str, offset: usize, message: impl fmt::Display) -> Self {
        let position = Position::of(text.as_bytes(), offset);
        Self { place: Some((offset, position)), ..Self::new(message) }
    }

    /// The same error, in one of several documents.
    pub(super) fn in_document(self, number: usize) -> Self {
        Self { document: Some(number), ..self }
    }

    /// What is wrong, without the position.
    #[must_use]
    pub fn message(&self) -> &str {
        &self.message
    }

    /// The byte offset in the text.
    #[must_use]
    pub fn offset(&self) -> Option<usize> {
        self.place.map(|(offset, _)| offset)
    }

    /// The line and column in the text.
    #[must_use]
    pub fn position(&self) -> Option<Position> {
        self.place.map(|(_, position)| position)
    }

    /// The number of the document, counted from 1 without the empty ones; `None` if the text has only
    /// one.
    #[must_use]
    pub fn document(&self) -> Option<usize> {
        self.document
    }
}

impl fmt::Display for YamlError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(number) = self.document {
            write!(f, "document {number}: ")?;
        }
        f.write_str(&self.message)?;
        match self.position() {
            Some(Position { line, column }) => write!(f, " at line {line}, column {column}"),
            None => Ok(()),
        }
    }
}

impl std::error::Error for YamlError {}
