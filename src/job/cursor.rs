//! The cursor that all readers of JSON text in this workspace use, be it a Job, an
//! `AdmissionReview` or the body of a PUT.
//!
//! It handles white space, punctuation and keys, and skips values, which validates them. What it
//! cannot skip, `serde_json` reads, and finds the error if there is one.

#![expect(
    missing_docs,
    clippy::missing_errors_doc,
    clippy::must_use_candidate,
    reason = "public only for another crate of this workspace"
)]

use std::borrow::Cow;
use std::ops::Range;
use std::slice::SliceIndex;

use serde::de::IgnoredAny;

use super::skip;
use super::syntax_error::{Position, SyntaxError};

/// How many levels of objects and lists are skipped by recursion.
const MAX_LEVELS: usize = 64;

/// A position in a JSON text, always at the start of a character or at the end of the text.
#[derive(Clone, Debug)]
pub struct Cursor<'t> {
    text: &'t str,
    at: usize,
}

/// The members of an object or the elements of a list. Created when the cursor reads the opening
/// bracket.
#[derive(Debug)]
pub struct Items {
    close: u8,
    is_first: bool,
}

impl<'t> Cursor<'t> {
    #[inline]
    pub fn new(text: &'t str) -> Self {
        Self { text, at: 0 }
    }

    /// The whole text.
    #[inline]
    pub fn text(&self) -> &'t str {
        self.text
    }

    /// The number of bytes read so far.
    #[inline]
    pub fn offset(&self) -> usize {
        self.at
    }

    pub fn position(&self) -> Position {
        Position::of(self.text.as_bytes(), self.at)
    }

    /// The text that has not been read yet.
    #[inline]
    pub fn rest(&self) -> &'t str {
        slice(self.text, self.at..)
    }

    /// The text between two earlier offsets of this cursor.
    #[inline]
    pub fn slice(&self, offsets: Range<usize>) -> &'t str {
        slice(self.text, offsets)
    }

    /// The text from an earlier offset of this cursor to the current one.
    #[inline]
    pub fn text_since(&self, offset: usize) -> &'t str {
        self.slice(offset..self.at)
    }

    /// The next byte.
    #[inline]
    pub fn peek(&self) -> Option<u8> {
        self.text.as_bytes().get(self.at).copied()
    }

    /// Skips `bytes` bytes, which must end at a character boundary.
    #[inline]
    pub fn advance(&mut self, bytes: usize) {
        self.at += bytes;
        debug_assert!(self.text.is_char_boundary(self.at), "the cursor is within a character");
    }

    /// Skips an ASCII character if it is the next one; returns whether it was.
    #[inline]
    pub fn eat(&mut self, byte: u8) -> bool {
        let is_next = self.peek() == Some(byte);
        self.at += usize::from(is_next);
        is_next
    }

    /// Skips a text if it comes next; returns whether it did.
    #[inline]
    pub fn eat_text(&mut self, text: &str) -> bool {
        let is_next = self.rest().starts_with(text);
        if is_next {
            self.at += text.len();
        }
        is_next
    }

    #[inline]
    pub fn skip_white_space(&mut self) {
        while let Some(b' ' | b'\n' | b'\r' | b'\t') = self.peek() {
            self.at += 1;
        }
    }

    /// Skips the next value and returns its text.
    pub fn value(&mut self) -> Result<&'t str, SyntaxError> {
        let start = self.at;
        let bytes = self.rest().as_bytes();
        if let Some(rest) = skip::value(bytes, MAX_LEVELS) {
            self.advance(bytes.len() - rest.len());
            return Ok(self.text_since(start));
        }
        let mut values = serde_json::Deserializer::from_slice(bytes).into_iter::<IgnoredAny>();
        match values.next() {
            Some(Ok(IgnoredAny)) => {
                self.advance(values.byte_offset());
                Ok(self.text_since(start))
            }
            Some(Err(error)) => Err(SyntaxError::in_part(self.text, start, &error)),
            None => Err(self.expected("a value")),
        }
    }

    /// Reads the key of a member, the colon and the white space around it.
    pub fn key(&mut self) -> Result<Cow<'t, str>, SyntaxError> {
        let key = match self.plain_string() {
            Some(key) => Cow::Borrowed(key),
            None if self.peek() == Some(b'"') => Cow::Owned(self.escaped_string()?),
            None => return Err(self.expected("a key in quotes")),
        };
        self.skip_white_space();
        if !self.eat(b':') {
            return Err(self.expected("`:`"));
        }
        self.skip_white_space();
        Ok(key)
    }

    /// Reads a string.
    pub fn string(&mut self) -> Result<Cow<'t, str>, SyntaxError> {
        match self.plain_string() {
            Some(plain) => Ok(Cow::Borrowed(plain)),
            None => self.escaped_string().map(Cow::Owned),
        }
    }

    /// Within a string, skips all characters up to a quote, a backslash or a control character
    /// (which is not allowed in a string).
    #[inline]
    #[expect(clippy::expect_used, reason = "the cursor is within the text")]
    pub fn skip_plain(&mut self) {
        let rest = self.text.as_bytes().get(self.at..).expect("the text from the cursor on");
        self.at = self.text.len() - skip::plain(rest).len();
    }

    /// Enters an object, if that comes next.
    #[inline]
    pub fn enter_object(&mut self) -> Option<Items> {
        self.eat(b'{').then_some(Items { close: b'}', is_first: true })
    }

    /// Enters a list, if that comes next.
    #[inline]
    pub fn enter_list(&mut self) -> Option<Items> {
        self.eat(b'[').then_some(Items { close: b']', is_first: true })
    }

    pub fn error(&self, message: impl Into<String>) -> SyntaxError {
        SyntaxError::new(self.text, self.at, message)
    }

    /// Reads a string without escapes, if that comes next; returns the text between the quotes.
    fn plain_string(&mut self) -> Option<&'t str> {
        let start = self.at;
        if self.eat(b'"') {
            self.skip_plain();
            if self.eat(b'"') {
                return Some(self.slice(start + 1..self.at - 1));
            }
        }
        self.at = start;
        None
    }

    /// Reads a string with escapes.
    fn escaped_string(&mut self) -> Result<String, SyntaxError> {
        let mut values = serde_json::Deserializer::from_str(self.rest()).into_iter::<String>();
        match values.next() {
            Some(Ok(string)) => {
                self.advance(values.byte_offset());
                Ok(string)
            }
            Some(Err(error)) => Err(SyntaxError::in_part(self.text, self.at, &error)),
            None => Err(self.expected("a string")),
        }
    }

    #[cold]
    fn expected(&self, what: &str) -> SyntaxError {
        match self.peek() {
            Some(_) => self.error(format!("expected {what}")),
            None => self.error(format!("expected {what}, found the end of the text")),
        }
    }
}

impl Items {
    /// Moves the cursor to the next item, or past the closing bracket if there is none; returns
    /// whether there is one.
    #[inline]
    pub fn next(&mut self, cursor: &mut Cursor<'_>) -> Result<bool, SyntaxError> {
        cursor.skip_white_space();
        if std::mem::replace(&mut self.is_first, false) {
            return Ok(!cursor.eat(self.close));
        }
        if cursor.eat(b',') {
            cursor.skip_white_space();
            return Ok(true);
        }
        if cursor.eat(self.close) {
            return Ok(false);
        }
        Err(self.expected_separator(cursor))
    }

    #[cold]
    fn expected_separator(&self, cursor: &Cursor<'_>) -> SyntaxError {
        cursor.expected(&format!("`,` or `{}`", char::from(self.close)))
    }
}

/// A slice of a text whose ends are token boundaries.
#[inline]
#[expect(clippy::expect_used, reason = "tokens begin and end at characters of the text")]
pub(super) fn slice(text: &str, range: impl SliceIndex<str, Output = str>) -> &str {
    text.get(range).expect("tokens are whole characters of the text")
}

/// The byte offset at which `part`, a slice of `text`, begins in `text`.
pub(super) fn offset_of(part: &str, text: &str) -> usize {
    part.as_ptr().addr() - text.as_ptr().addr()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn value_skips_exactly_one_value() {
        for value in ["1", "10", "-1.5e3", "\"a\"", "\"\\u00e4\"", "null", "{\"a\": [1]}", "[]"] {
            for behind in ["", ",", " ", "}", "]"] {
                let text = format!("{value}{behind}");
                let mut cursor = Cursor::new(&text);
                assert_eq!(cursor.value().as_deref(), Ok(value), "{text}");
                assert_eq!(cursor.rest(), behind);
            }
        }
    }

    #[test]
    fn members_and_elements_are_read_in_order() {
        let mut cursor = Cursor::new("{ \"a\" : [ 1 ,2 ], \"b\\u0062\":{ } } ");
        let mut members = cursor.enter_object().unwrap();
        assert!(members.next(&mut cursor).unwrap());
        assert_eq!(cursor.key().unwrap(), "a");
        let mut elements = cursor.enter_list().unwrap();
        for element in ["1", "2"] {
            assert!(elements.next(&mut cursor).unwrap());
            assert_eq!(cursor.value().unwrap(), element);
        }
        assert!(!elements.next(&mut cursor).unwrap());
        assert!(members.next(&mut cursor).unwrap());
        assert_eq!(cursor.key().unwrap(), "bb");
        let mut empty = cursor.enter_object().unwrap();
        assert!(!empty.next(&mut cursor).unwrap());
        assert!(!members.next(&mut cursor).unwrap());
        assert_eq!(cursor.rest(), " ");
    }

    #[test]
    fn errors_have_an_offset_and_a_position() {
        let mut cursor = Cursor::new("{\n \"a\" 1}");
        let mut members = cursor.enter_object().unwrap();
        assert!(members.next(&mut cursor).unwrap());
        let error = cursor.key().unwrap_err();
        assert_eq!((error.offset(), error.message()), (7, "expected `:`"));
        assert_eq!(error.to_string(), "line 2, column 6: expected `:`");
        assert_eq!(cursor.position(), error.position());
    }
}
