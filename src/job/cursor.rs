//! The bytes of the text: white space, punctuation, keys, and values as a whole.

use std::borrow::Cow;

use serde::de::IgnoredAny;

use super::JobError;
use super::read::Reader;

impl<'a> Reader<'a, '_> {
    /// Any value, skipped, as text.
    pub(super) fn raw(&mut self) -> Result<&'a str, JobError> {
        let start = self.at;
        // The most frequent scalars need no parser to be made for them.
        if self.plain_string().is_some() {
            return Ok(self.text.get(start..self.at).unwrap_or_default());
        }
        if let Some(digits) = self.plain_integer() {
            return Ok(digits);
        }
        let rest = self.rest();
        let mut values =
            serde_json::Deserializer::from_slice(rest.as_bytes()).into_iter::<IgnoredAny>();
        match values.next() {
            Some(Ok(IgnoredAny)) => {
                let end = values.byte_offset();
                self.at = self.at.saturating_add(end);
                Ok(rest.get(..end).unwrap_or_default())
            }
            Some(Err(error)) => Err(json_error(self.text, rest, &error)),
            None => Err(self.expected("a value")),
        }
    }

    /// An object, which begins here: `member` is called at each key and reads it and its value.
    pub(super) fn object(
        &mut self,
        member: impl FnMut(&mut Self) -> Result<(), JobError>,
    ) -> Result<(), JobError> {
        self.sequence(b'}', "`,` or `}`", member)
    }

    /// A list, which begins here, element by element.
    pub(super) fn list(
        &mut self,
        element: impl FnMut(&mut Self) -> Result<(), JobError>,
    ) -> Result<(), JobError> {
        self.sequence(b']', "`,` or `]`", element)
    }

    /// What stands between an opening bracket, which is the next byte, and its closing one.
    fn sequence(
        &mut self,
        close: u8,
        separators: &str,
        mut item: impl FnMut(&mut Self) -> Result<(), JobError>,
    ) -> Result<(), JobError> {
        self.at = self.at.saturating_add(1);
        self.skip_white_space();
        if self.eat(close) {
            return Ok(());
        }
        loop {
            item(self)?;
            self.skip_white_space();
            if self.eat(close) {
                return Ok(());
            }
            if !self.eat(b',') {
                return Err(self.expected(separators));
            }
            self.skip_white_space();
        }
    }

    /// The key of a member, and what stands between it and the value.
    pub(super) fn key(&mut self) -> Result<Cow<'a, str>, JobError> {
        let key = match self.plain_string() {
            Some(key) => Cow::Borrowed(key),
            None => Cow::Owned(self.escaped_key()?),
        };
        self.skip_white_space();
        if !self.eat(b':') {
            return Err(self.expected("`:`"));
        }
        self.skip_white_space();
        Ok(key)
    }

    fn escaped_key(&mut self) -> Result<String, JobError> {
        if self.peek() != Some(b'"') {
            return Err(self.expected("a key in quotes"));
        }
        let rest = self.rest();
        let mut keys = serde_json::Deserializer::from_str(rest).into_iter::<String>();
        match keys.next() {
            Some(Ok(key)) => {
                self.at = self.at.saturating_add(keys.byte_offset());
                Ok(key)
            }
            Some(Err(error)) => Err(json_error(self.text, rest, &error)),
            None => Err(self.expected("a key in quotes")),
        }
    }

    /// A string without escapes, if one stands here: what is between the quotes.
    fn plain_string(&mut self) -> Option<&'a str> {
        let inside = self.text.as_bytes().get(self.at..)?.strip_prefix(b"\"")?;
        let length = plain_length(inside);
        if inside.get(length) != Some(&b'"') {
            return None;
        }
        let start = self.at.saturating_add(1);
        let end = start.saturating_add(length);
        self.at = end.saturating_add(1);
        self.text.get(start..end)
    }

    /// A number of nothing but digits, if one stands here and ends within the text.
    fn plain_integer(&mut self) -> Option<&'a str> {
        let rest = self.text.as_bytes().get(self.at..)?;
        if !matches!(rest.first()?, b'1'..=b'9') {
            return None;
        }
        let length = rest.iter().position(|byte| !byte.is_ascii_digit())?;
        if !matches!(rest.get(length)?, b',' | b'}' | b']' | b'\n') {
            return None;
        }
        let start = self.at;
        self.at = start.saturating_add(length);
        self.text.get(start..self.at)
    }

    pub(super) fn skip_white_space(&mut self) {
        while let Some(b' ' | b'\n' | b'\r' | b'\t') = self.peek() {
            self.at = self.at.saturating_add(1);
        }
    }

    fn eat(&mut self, byte: u8) -> bool {
        let found = self.peek() == Some(byte);
        self.at = self.at.saturating_add(usize::from(found));
        found
    }

    pub(super) fn peek(&self) -> Option<u8> {
        self.text.as_bytes().get(self.at).copied()
    }

    pub(super) fn rest(&self) -> &'a str {
        self.text.get(self.at..).unwrap_or_default()
    }

    fn expected(&self, what: &str) -> JobError {
        match self.peek() {
            Some(_) => self.error(&format!("expected {what}")),
            None => self.error(&format!("expected {what}, found the end of the text")),
        }
    }

    pub(super) fn error(&self, message: &str) -> JobError {
        JobError::syntax(self.text, self.at, message)
    }
}

/// The number of bytes before the first that ends a string, begins an escape or may not stand in a
/// string.
pub(crate) fn plain_length(bytes: &[u8]) -> usize {
    let mut tail = bytes;
    // Eight at a time: most keys and values are longer than that.
    while let Some((chunk, rest)) = tail.split_first_chunk() {
        if let Some(position) = special_position(u64::from_le_bytes(*chunk)) {
            return bytes.len().saturating_sub(tail.len()).saturating_add(position);
        }
        tail = rest;
    }
    let special = |byte: &u8| *byte < b' ' || matches!(byte, b'"' | b'\\');
    let position = tail.iter().position(special).unwrap_or(tail.len());
    bytes.len().saturating_sub(tail.len()).saturating_add(position)
}

/// Which of eight bytes, the lowest being the first, is the first that is no plain part of a string.
fn special_position(chunk: u64) -> Option<usize> {
    const ONES: u64 = u64::MAX / 0xff;
    const HIGH_BITS: u64 = ONES << 7;
    // Sets the high bit of the first byte that is below the bound, and of none before it: a borrow
    // only reaches bytes behind it.
    let below = |chunk: u64, bound: u8| chunk.wrapping_sub(ONES * u64::from(bound)) & !chunk;
    let equal = |byte: u8| below(chunk ^ (ONES * u64::from(byte)), 1);
    let special = (below(chunk, b' ') | equal(b'"') | equal(b'\\')) & HIGH_BITS;
    (special != 0).then(|| special.trailing_zeros() as usize / 8)
}

/// Turns an error of `serde_json` in a part of the text into one of the text.
pub(in crate::job) fn json_error(text: &str, part: &str, error: &serde_json::Error) -> JobError {
    let place = format!(" at line {} column {}", error.line(), error.column());
    let message = error.to_string();
    let message = message.strip_suffix(&place).unwrap_or(&message);
    let lines_above = error.line().saturating_sub(1);
    let line_start: usize = part.split_inclusive('\n').take(lines_above).map(str::len).sum();
    // Column 0 is the end of the line above.
    let in_part = line_start.saturating_add(error.column()).saturating_sub(1);
    // `part` is a slice of `text`.
    let before = part.as_ptr().addr().saturating_sub(text.as_ptr().addr());
    JobError::syntax(text, before.saturating_add(in_part), message)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_string_is_plain_up_to_its_first_special_byte() {
        for special in (0..=255_u8).filter(|byte| *byte < b' ' || matches!(byte, b'"' | b'\\')) {
            for before in 0..20 {
                for filler in [b' ', b'!', b'#', b'[', b']', b'a', 0x7f, 0x80, 0xa0, 0xdc, 0xff] {
                    let mut bytes = vec![filler; 24];
                    assert_eq!(plain_length(&bytes), 24);
                    bytes[before] = special;
                    assert_eq!(plain_length(&bytes), before, "{special} {filler}");
                    bytes[before + 1] = b'"';
                    assert_eq!(plain_length(&bytes), before, "{special} {filler}");
                }
            }
        }
    }
}
