//! JSON as an API server reads it: what it takes, and what it says of what it does not take.
//!
//! The words are those of [encoding/json](https://github.com/golang/go/blob/master/src/encoding/json/scanner.go).

use std::borrow::Cow;
use std::fmt::Write as _;

use serde::de::{DeserializeSeed, MapAccess, SeqAccess};

use crate::go;
use volcano_job_update::internals::{Nested, Read};

/// How deep Go reads.
const MAX_DEPTH: usize = 10_000;
/// How many errors a strict reading reports.
const MAX_DUPLICATES: usize = 100;

/// A text in which whatever is no character stands as U+FFFD: bytes that are not UTF-8, each by
/// itself, and halves of surrogate pairs.
pub(crate) fn sanitize(bytes: &[u8]) -> Cow<'_, str> {
    let text = sanitize_bytes(bytes);
    let begins_surrogate = |(at, _): (usize, &str)| {
        let escape = text.get(at..).unwrap_or_default().strip_prefix("\\u");
        escape.and_then(|digits| digits.get(..4)).is_some_and(is_surrogate)
    };
    if text.match_indices('\\').any(begins_surrogate) {
        return Cow::Owned(without_lone_surrogates(&text));
    }
    text
}

/// The same for bytes that need not be JSON.
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

/// Whether four hexadecimal digits are half of a surrogate pair.
fn is_surrogate(digits: &str) -> bool {
    u16::from_str_radix(digits, 16).is_ok_and(|code| (0xd800..0xe000).contains(&code))
}

fn without_lone_surrogates(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = rest.find('\\') {
        let (plain, tail) = rest.split_at_checked(at).unwrap_or((rest, ""));
        out.push_str(plain);
        let unit = |from: usize| {
            let digits = tail.get(from..)?.strip_prefix("\\u")?.get(..4)?;
            u16::from_str_radix(digits, 16).ok()
        };
        let (length, written) = match (unit(0), unit(6)) {
            (Some(0xd800..0xdc00), Some(0xdc00..0xe000)) => (12, None),
            (Some(0xd800..0xe000), _) => (6, Some("\\ufffd")),
            _ => (2, None),
        };
        // An escape ends between characters, or the text is no JSON and is denied for that.
        let length = (length..=tail.len()).find(|end| tail.is_char_boundary(*end));
        let (escape, tail) =
            tail.split_at_checked(length.unwrap_or(tail.len())).unwrap_or((tail, ""));
        out.push_str(written.unwrap_or(escape));
        rest = tail;
    }
    out.push_str(rest);
    out
}

/// What Go says of a text that is not one JSON value; `None` if it is one.
pub(crate) fn error(text: &[u8]) -> Option<String> {
    let mut scanner = Scanner { rest: text.iter(), peeked: None };
    match scanner.document() {
        Ok(()) => None,
        Err(Error::End) => Some("unexpected end of JSON input".into()),
        Err(Error::Depth) => Some("exceeded max depth".into()),
        Err(Error::Byte(byte, place)) => {
            Some(format!("invalid character {} {place}", quote_byte(byte)))
        }
    }
}

/// Why a text is no JSON.
enum Error {
    End,
    Depth,
    Byte(u8, String),
}

fn quote_byte(byte: u8) -> String {
    match byte {
        b'\'' => r"'\''".into(),
        b'"' => r#"'"'"#.into(),
        _ => {
            let quoted = go::quote(&char::from(byte).to_string());
            format!("'{}'", quoted.trim_matches('"'))
        }
    }
}

struct Scanner<'t> {
    rest: std::slice::Iter<'t, u8>,
    peeked: Option<u8>,
}

/// What surrounds a value.
enum Level {
    Object,
    List,
}

impl Scanner<'_> {
    fn document(&mut self) -> Result<(), Error> {
        let mut levels: Vec<Level> = Vec::new();
        loop {
            // A value begins here.
            let opened = match self.after_space().ok_or(Error::End)? {
                b'{' => Some(Level::Object),
                b'[' => Some(Level::List),
                first => {
                    self.scalar(first)?;
                    None
                }
            };
            if let Some(level) = opened {
                if levels.len() >= MAX_DEPTH {
                    return Err(Error::Depth);
                }
                if self.opened(&level)? {
                    levels.push(level);
                    continue;
                }
            }
            // A value ended here.
            loop {
                let Some(level) = levels.last() else { return self.end() };
                let (close, place) = match level {
                    Level::Object => (b'}', "after object key:value pair"),
                    Level::List => (b']', "after array element"),
                };
                match self.after_space().ok_or(Error::End)? {
                    b',' => {
                        if matches!(level, Level::Object) {
                            self.key(None)?;
                        }
                        break;
                    }
                    byte if byte == close => drop(levels.pop()),
                    byte => return Err(Error::Byte(byte, place.into())),
                }
            }
        }
    }

    /// Behind an opening bracket: whether there is anything before the closing one. A key is read.
    fn opened(&mut self, level: &Level) -> Result<bool, Error> {
        let first = self.after_space().ok_or(Error::End)?;
        match (level, first) {
            (Level::Object, b'}') | (Level::List, b']') => Ok(false),
            (Level::Object, first) => self.key(Some(first)).map(|()| true),
            (Level::List, first) => {
                self.peeked = Some(first);
                Ok(true)
            }
        }
    }

    fn key(&mut self, first: Option<u8>) -> Result<(), Error> {
        match first.or_else(|| self.after_space()).ok_or(Error::End)? {
            b'"' => self.string()?,
            byte => return Err(byte_at(byte, "looking for beginning of object key string")),
        }
        match self.after_space().ok_or(Error::End)? {
            b':' => Ok(()),
            byte => Err(byte_at(byte, "after object key")),
        }
    }

    fn end(&mut self) -> Result<(), Error> {
        match self.after_space() {
            None => Ok(()),
            Some(byte) => Err(byte_at(byte, "after top-level value")),
        }
    }

    fn scalar(&mut self, first: u8) -> Result<(), Error> {
        match first {
            b'"' => self.string(),
            b't' => self.literal("true"),
            b'f' => self.literal("false"),
            b'n' => self.literal("null"),
            b'-' | b'0'..=b'9' => self.number(first),
            byte => Err(byte_at(byte, "looking for beginning of value")),
        }
    }

    fn literal(&mut self, word: &str) -> Result<(), Error> {
        for expected in word.bytes().skip(1) {
            let byte = self.next().ok_or(Error::End)?;
            if byte != expected {
                let place = format!("in literal {word} (expecting {})", quote_byte(expected));
                return Err(Error::Byte(byte, place));
            }
        }
        Ok(())
    }

    fn string(&mut self) -> Result<(), Error> {
        loop {
            match self.next().ok_or(Error::End)? {
                b'"' => return Ok(()),
                b'\\' => self.escape()?,
                byte @ 0..0x20 => return Err(byte_at(byte, "in string literal")),
                _ => {}
            }
        }
    }

    fn escape(&mut self) -> Result<(), Error> {
        match self.next().ok_or(Error::End)? {
            b'b' | b'f' | b'n' | b'r' | b't' | b'\\' | b'/' | b'"' => Ok(()),
            b'u' => {
                for _ in 0..4 {
                    let byte = self.next().ok_or(Error::End)?;
                    if !byte.is_ascii_hexdigit() {
                        return Err(byte_at(byte, "in \\u hexadecimal character escape"));
                    }
                }
                Ok(())
            }
            byte => Err(byte_at(byte, "in string escape code")),
        }
    }

    fn number(&mut self, first: u8) -> Result<(), Error> {
        let first = match first {
            b'-' => self.digit("in numeric literal")?,
            digit => digit,
        };
        if first != b'0' {
            self.digits();
        }
        if self.eat(|byte| byte == b'.') {
            self.digit("after decimal point in numeric literal")?;
            self.digits();
        }
        if self.eat(|byte| matches!(byte, b'e' | b'E')) {
            self.eat(|byte| matches!(byte, b'+' | b'-'));
            self.digit("in exponent of numeric literal")?;
            self.digits();
        }
        Ok(())
    }

    fn digit(&mut self, place: &str) -> Result<u8, Error> {
        match self.next().ok_or(Error::End)? {
            digit @ b'0'..=b'9' => Ok(digit),
            byte => Err(byte_at(byte, place)),
        }
    }

    fn digits(&mut self) {
        while self.eat(|byte| byte.is_ascii_digit()) {}
    }

    fn eat(&mut self, wanted: impl Fn(u8) -> bool) -> bool {
        match self.next() {
            Some(byte) if wanted(byte) => true,
            byte => {
                self.peeked = byte;
                false
            }
        }
    }

    fn after_space(&mut self) -> Option<u8> {
        loop {
            match self.next() {
                Some(b' ' | b'\t' | b'\r' | b'\n') => {}
                byte => return byte,
            }
        }
    }

    fn next(&mut self) -> Option<u8> {
        self.peeked.take().or_else(|| self.rest.next().copied())
    }
}

fn byte_at(byte: u8, place: &str) -> Error {
    Error::Byte(byte, place.into())
}

/// The fields that an object of a well-formed text has twice, in the order of the text, each once.
pub(crate) fn duplicates(text: &str) -> Vec<String> {
    let (mut found, mut path) = (Vec::new(), String::new());
    let mut json = serde_json::Deserializer::from_str(text);
    // What cannot be read to its end was denied, or will be.
    let _ = Read(Duplicates { path: &mut path, found: &mut found }).deserialize(&mut json);
    found
}

/// Reads any value and notes keys that an object has twice.
struct Duplicates<'d> {
    path: &'d mut String,
    found: &'d mut Vec<String>,
}

impl<'de> Nested<'de> for Duplicates<'_> {
    fn object<A: MapAccess<'de>>(self, mut map: A) -> Result<(), A::Error> {
        let mut keys = std::collections::HashSet::new();
        let length = self.path.len();
        while let Some(key) = map.next_key::<String>()? {
            if length > 0 {
                self.path.push('.');
            }
            self.path.push_str(&key);
            if !keys.insert(key)
                && self.found.len() < MAX_DUPLICATES
                && !self.found.contains(self.path)
            {
                self.found.push(self.path.clone());
            }
            let below = Duplicates { path: self.path, found: self.found };
            map.next_value_seed(Read(below))?;
            self.path.truncate(length);
        }
        Ok(())
    }

    fn list<A: SeqAccess<'de>>(self, mut list: A) -> Result<(), A::Error> {
        let length = self.path.len();
        for index in 0_usize.. {
            // Writing to a String cannot fail.
            let _ = write!(self.path, "[{index}]");
            let element = Duplicates { path: self.path, found: self.found };
            let read = list.next_element_seed(Read(element))?;
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
    fn says_what_go_says_of_bad_json() {
        for (text, says) in [
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
            assert_eq!(error(text.as_bytes()).as_deref(), Some(says), "{text}");
        }
        for text in ["1", "-0.5e+1", " [ ] ", r#"{"a":[{},"\u00e9",null,true,false]}"#] {
            assert_eq!(error(text.as_bytes()), None, "{text}");
        }
        assert_eq!(error("[".repeat(10_001).as_bytes()).unwrap(), "exceeded max depth");
    }

    #[test]
    fn what_is_no_character_is_replaced() {
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
    fn finds_fields_that_are_given_twice() {
        let text = r#"{"a": {"b": 1, "b": 2}, "c": [{"d": 1, "d": 1, "d": 1}], "a": {"b": 1}}"#;
        assert_eq!(duplicates(text), ["a.b", "c[0].d", "a"]);
    }
}
