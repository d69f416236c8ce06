//! Errors of JSON syntax, and positions in a text.

#![expect(
    missing_docs,
    clippy::exhaustive_structs,
    clippy::must_use_candidate,
    reason = "public only for another crate of this workspace"
)]

use std::fmt;

/// Why a text is not JSON, and where.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SyntaxError {
    inner: Box<Inner>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
struct Inner {
    offset: usize,
    position: Position,
    message: String,
}

/// A human-readable position in a text: line and column counted from 1, the column in bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Position {
    pub line: usize,
    pub column: usize,
}

impl SyntaxError {
    pub(super) fn new(text: &str, offset: usize, message: impl Into<String>) -> Self {
        let position = Position::of(text.as_bytes(), offset);
        Self { inner: Box::new(Inner { offset, position, message: message.into() }) }
    }

    /// Converts an error of `serde_json` in the part of the text that begins at `start`.
    pub(super) fn in_part(text: &str, start: usize, error: &serde_json::Error) -> Self {
        let suffix = format!(" at line {} column {}", error.line(), error.column());
        let message = error.to_string();
        let message = message.strip_suffix(&suffix).unwrap_or(&message);
        let (_, part) = text.split_at(start);
        // An error without a position has line 0.
        let lines_above = error.line().saturating_sub(1);
        let line_start: usize = part.split_inclusive('\n').take(lines_above).map(str::len).sum();
        // Column 0 means the end of the previous line or, in line 1, the start of the text.
        let in_part = (line_start + error.column()).saturating_sub(1);
        Self::new(text, start + in_part, message)
    }

    /// The byte offset of the error in the text.
    pub fn offset(&self) -> usize {
        self.inner.offset
    }

    pub fn position(&self) -> Position {
        self.inner.position
    }

    /// What is wrong, without the position.
    pub fn message(&self) -> &str {
        &self.inner.message
    }
}

impl fmt::Display for SyntaxError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Position { line, column } = self.inner.position;
        write!(f, "line {line}, column {column}: {}", self.inner.message)
    }
}

impl std::error::Error for SyntaxError {}

impl Position {
    /// The position of a byte offset. An offset past the end counts as the end of the text.
    pub fn of(text: &[u8], offset: usize) -> Self {
        let before = text.get(..offset).unwrap_or(text);
        let line = before.split(|byte| *byte == b'\n').count();
        let line_start = before.iter().rposition(|byte| *byte == b'\n').map_or(0, |at| at + 1);
        Self { line, column: before.len() - line_start + 1 }
    }
}
