//! Strings and numbers in YAML, such that both YAML 1.1 (as kubectl reads it) and YAML 1.2 read them as
//! they are.

use std::fmt::Write;

use serde_json::Value;
use volcano_job_update::internals::is_printable;

/// How a value is written.
pub(super) enum Text<'v> {
    /// On one line.
    Flow(String),
    /// A block scalar, which keeps the lines of a text.
    Block { header: &'static str, content: Vec<&'v str> },
}

/// The text of a value without fields or elements.
pub(super) fn text_of(value: &Value) -> Text<'_> {
    match value {
        Value::String(text) => block(text).unwrap_or_else(|| Text::Flow(flow(text))),
        // JSON is YAML.
        _ => Text::Flow(value.to_string()),
    }
}

/// A text of several lines; `None` if a block scalar cannot have it.
fn block(text: &str) -> Option<Text<'_>> {
    let content = text.trim_end_matches('\n');
    let header = match text.len() - content.len() {
        0 => "|-",
        1 => "|",
        _ => "|+",
    };
    let is_line = |line: &str| {
        line.chars().all(is_printable) && (line.is_empty() || !line.trim_start().is_empty())
    };
    let is_block = text.contains('\n')
        && !content.is_empty()
        && !content.starts_with([' ', '\n'])
        && content.split('\n').all(is_line);
    let lines = text.strip_suffix('\n').unwrap_or(text).split('\n');
    is_block.then(|| Text::Block { header, content: lines.collect() })
}

/// A text on one line, in quotes if it needs them.
pub(super) fn flow(text: &str) -> String {
    if is_plain(text) { text.to_owned() } else { quoted(text) }
}

/// Whether a text without quotes is read as a string, and as this one.
fn is_plain(text: &str) -> bool {
    let is_first = match text.as_bytes() {
        [] | [b'-'] => false,
        // An option of a command: `-c`, but not `- c`, `---` or `-1`.
        [b'-', rest @ ..] => {
            let name = rest.strip_prefix(b"-").unwrap_or(rest);
            name.first().is_some_and(u8::is_ascii_alphabetic)
        }
        [b'/' | b'_' | b'$' | b'(', ..] => true,
        [b'0'..=b'9', ..] => !looks_like_number(text),
        _ => text.starts_with(char::is_alphabetic) && !is_word(text),
    };
    is_first
        && text.chars().all(is_printable)
        && !text.contains(": ")
        && !text.contains(" #")
        && !text.ends_with([':', ' '])
}

/// Whether a text has only what numbers, times and dates have: `0x1f`, `1_000`, `1e3`, `12:30:45`,
/// `2020-01-01T00:00:00Z`.
fn looks_like_number(text: &str) -> bool {
    let is_of_number = |byte: u8| {
        byte.is_ascii_hexdigit()
            || matches!(byte, b'x' | b'X' | b'o' | b'O' | b'T' | b't' | b'Z')
            || matches!(byte, b'.' | b'_' | b':' | b'+' | b'-' | b' ')
    };
    text.bytes().all(is_of_number)
}

/// Whether a word is a boolean or null in one of the versions of YAML.
fn is_word(text: &str) -> bool {
    let words = ["y", "n", "yes", "no", "on", "off", "true", "false", "null"];
    words.iter().any(|word| text.eq_ignore_ascii_case(word))
}

/// A text in double quotes, in which everything can be escaped.
fn quoted(text: &str) -> String {
    let mut quoted = String::with_capacity(text.len() + 2);
    quoted.push('"');
    for char in text.chars() {
        match char {
            '"' | '\\' => quoted.extend(['\\', char]),
            '\n' => quoted.push_str("\\n"),
            '\r' => quoted.push_str("\\r"),
            '\t' => quoted.push_str("\\t"),
            _ if is_printable(char) => quoted.push(char),
            _ => escape(char, &mut quoted),
        }
    }
    quoted.push('"');
    quoted
}

/// YAML has no pairs of surrogates.
fn escape(char: char, text: &mut String) {
    let number = u32::from(char);
    let written = match number {
        0..=0xffff => write!(text, "\\u{number:04x}"),
        _ => write!(text, "\\U{number:08x}"),
    };
    // Writing to a String does not fail.
    let _ = written;
}
