//! Errors of JSON syntax, and positions in a text.

#![expect(
    missing_docs,
    clippy::exhaustive_structs,
    clippy::must_use_candidate,
    reason = "public only for another crate of this workspace"
)]

use std::fmt;

use serde::Serialize;

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

/// A human-readable position in a text: line and column counted from 1, the column in characters
/// (Unicode scalar values). A byte order mark at the start of the text is not counted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
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
        Self { line: 1, column: 1 }.behind(before.strip_prefix(BYTE_ORDER_MARK).unwrap_or(before))
    }

    /// The positions of several byte offsets, in any order, found in one pass over the text.
    pub fn of_all(text: &[u8], offsets: &[usize]) -> Vec<Self> {
        let shown = text.strip_prefix(BYTE_ORDER_MARK).unwrap_or(text);
        let hidden = text.len() - shown.len();
        let mut found: Vec<(usize, usize, Self)> = (0..)
            .zip(offsets)
            .map(|(number, offset)| (number, *offset, Self { line: 1, column: 1 }))
            .collect();
        found.sort_unstable_by_key(|(_, offset, _)| *offset);
        let (mut here, mut at) = (Self { line: 1, column: 1 }, 0);
        for (_, offset, position) in &mut found {
            let end = offset.saturating_sub(hidden).min(shown.len());
            here = here.behind(shown.get(at..end).unwrap_or_default());
            (at, *position) = (end, here);
        }
        found.sort_unstable_by_key(|(number, ..)| *number);
        found.into_iter().map(|(.., position)| position).collect()
    }

    /// The position behind a part of the text that begins here.
    fn behind(self, part: &[u8]) -> Self {
        // Every byte of a character except the first is `0b10xx_xxxx`.
        let characters = |part: &[u8]| part.iter().filter(|byte| **byte & 0xc0 != 0x80).count();
        match part.iter().rposition(|byte| *byte == b'\n') {
            None => Self { line: self.line, column: self.column + characters(part) },
            Some(last) => {
                let lines = part.split(|byte| *byte == b'\n').count() - 1;
                let (_, rest) = part.split_at(last + 1);
                Self { line: self.line + lines, column: characters(rest) + 1 }
            }
        }
    }
}

const BYTE_ORDER_MARK: &[u8] = "\u{feff}".as_bytes();

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_count_characters() {
        for (text, offset, line, column) in [
            ("", 0, 1, 1),
            ("", 9, 1, 1),
            ("a\nb", 1, 1, 2),
            ("a\nb", 2, 2, 1),
            ("a\r\nb", 3, 2, 1),
            ("ä€😀x", 9, 1, 4),
            ("ä\n€😀x", 10, 2, 3),
            ("\u{feff}ab", 4, 1, 2),
            ("a\n\u{feff}b", 5, 2, 2),
        ] {
            let position = Position { line, column };
            assert_eq!(Position::of(text.as_bytes(), offset), position, "{text:?} {offset}");
        }
    }

    #[test]
    fn all_positions_are_those_of_each() {
        let text = "\u{feff}a: ä\n\n  b: 😀\r\nc: 1";
        let offsets: Vec<usize> = (0..=text.len() + 1)
            .rev()
            .chain([7, 7, 3])
            .filter(|at| *at > text.len() || text.is_char_boundary(*at))
            .collect();
        let each: Vec<_> = offsets.iter().map(|at| Position::of(text.as_bytes(), *at)).collect();
        assert_eq!(Position::of_all(text.as_bytes(), &offsets), each);
    }
}
