//! JSON syntax as an API server reads it: the accepted texts, and the errors for all others.
//!
//! The messages are those of
//! [encoding/json](https://github.com/golang/go/blob/master/src/encoding/json/scanner.go).

use std::borrow::Cow;
use std::collections::HashSet;
use std::fmt::Write as _;

use serde::de::{DeserializeSeed, MapAccess, SeqAccess};

use crate::go;
use volcano_job_update::internals::{ContainerVisitor, Containers, Cursor};

/// The maximum nesting of objects and lists that Go accepts.
const MAX_DEPTH: usize = 10_000;
/// The maximum number of duplicate fields that strict decoding reports.
const MAX_DUPLICATES: usize = 100;

/// A JSON text as Go reads it: each byte that is not UTF-8 and each escape of a lone surrogate is
/// replaced by U+FFFD.
pub(crate) fn sanitize(bytes: &[u8]) -> Cow<'_, str> {
    let text = sanitize_bytes(bytes);
    let is_half = |escape: &str| matches!(code_unit(escape), Some((0xd800..0xe000, _)));
    if text.split('\\').skip(1).any(is_half) {
        return Cow::Owned(without_lone_surrogates(&text));
    }
    text
}

/// Like [`sanitize`], for bytes that need not be JSON: escapes are not changed.
pub(crate) fn sanitize_bytes(bytes: &[u8]) -> Cow<'_, str> {
    std::str::from_utf8(bytes).map_or_else(|_| Cow::Owned(decode(bytes)), Cow::Borrowed)
}

fn decode(bytes: &[u8]) -> String {
    let mut text = String::with_capacity(bytes.len());
    for chunk in bytes.utf8_chunks() {
        text.push_str(chunk.valid());
        text.extend(chunk.invalid().iter().map(|_| '\u{fffd}'));
    }
    text
}

/// Parses an escape without its backslash: `u` and four hexadecimal digits. Returns the UTF-16 code
/// unit and the text after it; `None` for any other escape.
fn code_unit(escape: &str) -> Option<(u16, &str)> {
    let (digits, rest) = escape.strip_prefix('u')?.split_at_checked(4)?;
    Some((u16::from_str_radix(digits, 16).ok()?, rest))
}

fn without_lone_surrogates(text: &str) -> String {
    /// The length of an escaped surrogate pair without its first backslash.
    const PAIR: usize = "ud83d\\ude00".len();
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some((plain, escape)) = rest.split_once('\\') {
        out.push_str(plain);
        let second = |rest: &str| code_unit(rest.strip_prefix('\\')?).map(|(unit, _)| unit);
        let length = match code_unit(escape) {
            Some((0xd800..0xdc00, rest)) if matches!(second(rest), Some(0xdc00..0xe000)) => PAIR,
            Some((0xd800..0xe000, after)) => {
                out.push_str("\\ufffd");
                rest = after;
                continue;
            }
            // The next character belongs to the escape, even if it is another backslash.
            _ => escape.chars().next().map_or(0, char::len_utf8),
        };
        let (escape, after) = escape.split_at(length);
        out.push('\\');
        out.push_str(escape);
        rest = after;
    }
    out.push_str(rest);
    out
}

/// Go's error for a text that is not a single JSON value; `None` if it is one.
///
/// Call this only after another parser has failed, since it copies the bytes. Go shows a byte as
/// the character with that code point, so the bytes are decoded as Latin-1.
pub(crate) fn error(bytes: &[u8]) -> Option<String> {
    let text: String = bytes.iter().copied().map(char::from).collect();
    Scanner { cursor: Cursor::new(&text) }.document().err()
}

/// Go's JSON scanner. `Err` is Go's message.
struct Scanner<'t> {
    cursor: Cursor<'t>,
}

/// An object or a list that is not closed yet.
#[derive(Clone, Copy)]
enum Level {
    Object,
    List,
}

impl Scanner<'_> {
    fn document(&mut self) -> Result<(), String> {
        let mut levels: Vec<Level> = Vec::new();
        loop {
            if let Some(level) = self.begin_value(levels.len())? {
                levels.push(level);
                continue;
            }
            // A value has ended. It may also end the levels that contain it.
            loop {
                let Some(level) = levels.last() else { return self.end() };
                if self.next_item(*level)? {
                    break;
                }
                levels.pop();
            }
        }
    }

    /// Reads a scalar, an empty object or an empty list. For any other object or list, reads up to
    /// its first value and returns the level.
    fn begin_value(&mut self, depth: usize) -> Result<Option<Level>, String> {
        self.cursor.skip_white_space();
        let level = if self.cursor.eat(b'{') {
            Level::Object
        } else if self.cursor.eat(b'[') {
            Level::List
        } else {
            return self.scalar().map(|()| None);
        };
        if depth >= MAX_DEPTH {
            return Err("exceeded max depth".into());
        }
        self.cursor.skip_white_space();
        if self.cursor.eat(level.close()) {
            return Ok(None);
        }
        self.item(level).map(|()| Some(level))
    }

    /// Reads up to the next value of an object or list, or past its end; returns whether there is a
    /// next value.
    fn next_item(&mut self, level: Level) -> Result<bool, String> {
        self.cursor.skip_white_space();
        if self.cursor.eat(b',') {
            return self.item(level).map(|()| true);
        }
        if self.cursor.eat(level.close()) {
            return Ok(false);
        }
        Err(self.unexpected(match level {
            Level::Object => "after object key:value pair",
            Level::List => "after array element",
        }))
    }

    /// Reads what precedes a value: in an object, its key.
    fn item(&mut self, level: Level) -> Result<(), String> {
        match level {
            Level::Object => self.key(),
            Level::List => Ok(()),
        }
    }

    fn key(&mut self) -> Result<(), String> {
        self.cursor.skip_white_space();
        if !self.cursor.eat(b'"') {
            return Err(self.unexpected("looking for beginning of object key string"));
        }
        self.end_of_string()?;
        self.cursor.skip_white_space();
        if !self.cursor.eat(b':') {
            return Err(self.unexpected("after object key"));
        }
        Ok(())
    }

    fn end(&mut self) -> Result<(), String> {
        self.cursor.skip_white_space();
        match self.cursor.peek() {
            None => Ok(()),
            Some(_) => Err(self.unexpected("after top-level value")),
        }
    }

    fn scalar(&mut self) -> Result<(), String> {
        match self.cursor.peek() {
            Some(b'"') => {
                self.cursor.advance(1);
                self.end_of_string()
            }
            Some(b't') => self.literal("true"),
            Some(b'f') => self.literal("false"),
            Some(b'n') => self.literal("null"),
            Some(b'-' | b'0'..=b'9') => self.number(),
            _ => Err(self.unexpected("looking for beginning of value")),
        }
    }

    fn literal(&mut self, word: &str) -> Result<(), String> {
        for byte in word.bytes() {
            if !self.cursor.eat(byte) {
                let expected = quote_char(char::from(byte));
                return Err(self.unexpected(&format!("in literal {word} (expecting {expected})")));
            }
        }
        Ok(())
    }

    /// Reads the rest of a string, after its opening quote.
    fn end_of_string(&mut self) -> Result<(), String> {
        loop {
            self.cursor.skip_plain();
            if self.cursor.eat(b'"') {
                return Ok(());
            }
            if !self.cursor.eat(b'\\') {
                return Err(self.unexpected("in string literal"));
            }
            self.escape()?;
        }
    }

    /// Reads the rest of an escape, after its backslash.
    fn escape(&mut self) -> Result<(), String> {
        match self.cursor.peek() {
            Some(b'b' | b'f' | b'n' | b'r' | b't' | b'\\' | b'/' | b'"') => self.cursor.advance(1),
            Some(b'u') => {
                self.cursor.advance(1);
                for _ in 0..4 {
                    if !self.cursor.peek().is_some_and(|byte| byte.is_ascii_hexdigit()) {
                        return Err(self.unexpected("in \\u hexadecimal character escape"));
                    }
                    self.cursor.advance(1);
                }
            }
            _ => return Err(self.unexpected("in string escape code")),
        }
        Ok(())
    }

    fn number(&mut self) -> Result<(), String> {
        self.cursor.eat(b'-');
        if !self.cursor.eat(b'0') {
            self.digits("in numeric literal")?;
        }
        if self.cursor.eat(b'.') {
            self.digits("after decimal point in numeric literal")?;
        }
        if self.cursor.eat(b'e') || self.cursor.eat(b'E') {
            if !self.cursor.eat(b'+') {
                self.cursor.eat(b'-');
            }
            self.digits("in exponent of numeric literal")?;
        }
        Ok(())
    }

    /// Reads one or more digits.
    fn digits(&mut self, place: &str) -> Result<(), String> {
        let is_digit = |byte: u8| byte.is_ascii_digit();
        if !self.cursor.peek().is_some_and(is_digit) {
            return Err(self.unexpected(place));
        }
        while self.cursor.peek().is_some_and(is_digit) {
            self.cursor.advance(1);
        }
        Ok(())
    }

    /// The error for an unexpected character or an unexpected end of the text.
    fn unexpected(&self, place: &str) -> String {
        match self.cursor.rest().chars().next() {
            Some(char) => format!("invalid character {} {place}", quote_char(char)),
            None => "unexpected end of JSON input".into(),
        }
    }
}

impl Level {
    fn close(self) -> u8 {
        match self {
            Self::Object => b'}',
            Self::List => b']',
        }
    }
}

fn quote_char(char: char) -> String {
    match char {
        '\'' => r"'\''".into(),
        '"' => r#"'"'"#.into(),
        _ => {
            let quoted = go::quote(&char.to_string());
            format!("'{}'", quoted.trim_matches('"'))
        }
    }
}

/// The paths of duplicate fields in a well-formed text, in the order of the text, without
/// repetition.
pub(crate) fn duplicates(text: &str) -> Vec<String> {
    let (mut duplicates, mut path) = (Vec::new(), String::new());
    let text = sanitize(text.as_bytes());
    let mut json = serde_json::Deserializer::from_str(&text);
    let visitor = Duplicates { path: &mut path, duplicates: &mut duplicates };
    // The text may contain a number that serde_json rejects, such as 1e999. The code that parses
    // the value reports it.
    let _ = Containers(visitor).deserialize(&mut json);
    duplicates
}

/// Visitor that collects the paths of duplicate keys.
struct Duplicates<'d> {
    path: &'d mut String,
    duplicates: &'d mut Vec<String>,
}

impl<'de> ContainerVisitor<'de> for Duplicates<'_> {
    fn object<A: MapAccess<'de>>(self, mut map: A) -> Result<(), A::Error> {
        let mut keys = HashSet::new();
        let length = self.path.len();
        while let Some(key) = map.next_key::<String>()? {
            if length > 0 {
                self.path.push('.');
            }
            self.path.push_str(&key);
            if !keys.insert(key)
                && self.duplicates.len() < MAX_DUPLICATES
                && !self.duplicates.contains(self.path)
            {
                self.duplicates.push(self.path.clone());
            }
            let nested = Duplicates { path: self.path, duplicates: self.duplicates };
            map.next_value_seed(Containers(nested))?;
            self.path.truncate(length);
        }
        Ok(())
    }

    fn list<A: SeqAccess<'de>>(self, mut list: A) -> Result<(), A::Error> {
        let length = self.path.len();
        for index in 0_usize.. {
            // Writing to a String cannot fail.
            let _ = write!(self.path, "[{index}]");
            let nested = Duplicates { path: self.path, duplicates: self.duplicates };
            let read = list.next_element_seed(Containers(nested))?;
            self.path.truncate(length);
            if read.is_none() {
                break;
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn errors_match_go() {
        for (text, message) in [
            ("", "unexpected end of JSON input"),
            ("{", "unexpected end of JSON input"),
            (r#"{"a""#, "unexpected end of JSON input"),
            ("tru", "unexpected end of JSON input"),
            ("{,}", "invalid character ',' looking for beginning of object key string"),
            (r#"{"a":1,}"#, "invalid character '}' looking for beginning of object key string"),
            (r#"{"a" 1}"#, "invalid character '1' after object key"),
            (r#"{"a":}"#, "invalid character '}' looking for beginning of value"),
            (r#"{"a":1 "b"}"#, "invalid character '\"' after object key:value pair"),
            ("[1,]", "invalid character ']' looking for beginning of value"),
            ("[1 2]", "invalid character '2' after array element"),
            ("[01]", "invalid character '1' after array element"),
            ("{} {}", "invalid character '{' after top-level value"),
            ("nul!", "invalid character '!' in literal null (expecting 'l')"),
            ("\"a\nb\"", "invalid character '\\n' in string literal"),
            (r#""\x""#, "invalid character 'x' in string escape code"),
            (r#""\u00g0""#, "invalid character 'g' in \\u hexadecimal character escape"),
            ("-a", "invalid character 'a' in numeric literal"),
            ("1.a", "invalid character 'a' after decimal point in numeric literal"),
            ("1e'", "invalid character '\\'' in exponent of numeric literal"),
            ("\u{feff}{}", "invalid character 'ï' looking for beginning of value"),
        ] {
            assert_eq!(error(text.as_bytes()).as_deref(), Some(message), "{text}");
        }
        for text in ["1", "-0.5e+1", " [ ] ", r#"{"a":[{},"\u00e9",null,true,false]}"#] {
            assert_eq!(error(text.as_bytes()), None, "{text}");
        }
        assert_eq!(error("[".repeat(10_001).as_bytes()).unwrap(), "exceeded max depth");
    }

    #[test]
    fn invalid_utf8_and_lone_surrogates_are_replaced() {
        for (bytes, text) in [
            (&b"\"\xff\xe2\x80x\""[..], "\"\u{fffd}\u{fffd}\u{fffd}x\""),
            (br#""\ud800 \udc00\ud83d\ude00\\ud800""#, r#""\ufffd \ufffd\ud83d\ude00\\ud800""#),
            (br#""\ud800\ud800\udc00""#, r#""\ufffd\ud800\udc00""#),
            (b"\"\\\xc3\xa9 \\ud800\"", "\"\\é \\ufffd\""),
        ] {
            assert_eq!(sanitize(bytes), text);
        }
    }

    #[test]
    fn duplicate_fields_are_reported_once_each() {
        let text = r#"{"a": {"b": 1, "b": 2}, "c": [{"d": 1, "d": 1, "d": 1}], "a": {"b": 1}}"#;
        assert_eq!(duplicates(text), ["a.b", "c[0].d", "a"]);
    }
}
