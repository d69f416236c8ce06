//! The JSON encoding of Go's standard library, which an API server uses, and Go's type names.

use std::borrow::Cow;
use std::fmt::Write as _;

use serde_json::{Map, Number, Value};
use volcano_job_update::internals::JsonType;
pub(crate) use volcano_job_update::internals::{is_printable, quote};

/// Go's name for the type of a JSON value, as in `cannot unmarshal number into …`.
pub(crate) fn type_name(value: &Value) -> &'static str {
    JsonType::of(value).go_name()
}

/// The name of the Go type that holds a decoded value, as `%T` prints it.
pub(crate) fn dynamic_type(value: &Value) -> &'static str {
    match value {
        Value::Null => "<nil>",
        Value::Bool(_) => "bool",
        Value::Number(number) if number.is_i64() => "int64",
        Value::Number(_) => "float64",
        Value::String(_) => "string",
        Value::Array(_) => "[]interface {}",
        Value::Object(_) => "map[string]interface {}",
    }
}

/// A decoded value in Go's syntax, as `%#v` prints it.
pub(crate) fn go_syntax(value: &Value) -> String {
    match value {
        Value::Null => "interface {}(nil)".to_owned(),
        Value::Bool(flag) => flag.to_string(),
        Value::Number(number) => number_in_error(number),
        Value::String(text) => quote(text),
        Value::Array(list) => {
            let items: Vec<String> = list.iter().map(go_syntax).collect();
            format!("[]interface {{}}{{{}}}", items.join(", "))
        }
        Value::Object(map) => {
            let field =
                |(key, value): (&String, &Value)| format!("{}:{}", quote(key), go_syntax(value));
            let fields: Vec<String> = sorted(map).into_iter().map(field).collect();
            format!("map[string]interface {{}}{{{}}}", fields.join(", "))
        }
    }
}

/// A decoded value, as `%v` prints it.
pub(crate) fn printed(value: &Value) -> String {
    match value {
        Value::Null => "<nil>".to_owned(),
        Value::Bool(flag) => flag.to_string(),
        Value::Number(number) => number_in_error(number),
        Value::String(text) => text.clone(),
        Value::Array(list) => {
            let items: Vec<String> = list.iter().map(printed).collect();
            format!("[{}]", items.join(" "))
        }
        Value::Object(map) => {
            let field = |(key, value): (&String, &Value)| format!("{key}:{}", printed(value));
            let fields: Vec<String> = sorted(map).into_iter().map(field).collect();
            format!("map[{}]", fields.join(" "))
        }
    }
}

/// The fields of an object, sorted by their keys.
fn sorted(map: &Map<String, Value>) -> Vec<(&String, &Value)> {
    let mut fields: Vec<(&String, &Value)> = map.iter().collect();
    fields.sort_unstable_by_key(|(key, _)| *key);
    fields
}

/// Appends a value as `json.Marshal` writes it: keys sorted, no white space.
pub(crate) fn write_json(out: &mut String, value: &Value) {
    match value {
        Value::Null => out.push_str("null"),
        Value::Bool(true) => out.push_str("true"),
        Value::Bool(false) => out.push_str("false"),
        Value::Number(number) => out.push_str(&number_text(number)),
        Value::String(text) => write_string(out, text),
        Value::Array(list) => {
            out.push('[');
            for (position, item) in list.iter().enumerate() {
                if position > 0 {
                    out.push(',');
                }
                write_json(out, item);
            }
            out.push(']');
        }
        Value::Object(map) => write_map(out, map),
    }
}

/// A value as `json.Marshal` writes it.
pub(crate) fn text_of(value: &Value) -> String {
    let mut text = String::new();
    write_json(&mut text, value);
    text
}

/// An object as `json.Marshal` writes it.
pub(crate) fn text_of_map(map: &Map<String, Value>) -> String {
    let mut text = String::new();
    write_map(&mut text, map);
    text
}

/// Appends an object as `json.Marshal` writes it.
pub(crate) fn write_map(out: &mut String, map: &Map<String, Value>) {
    // serde_json does not sort the keys if another crate enables its feature preserve_order.
    let mut fields: Vec<(&String, &Value)> = map.iter().collect();
    fields.sort_unstable_by_key(|(key, _)| *key);
    out.push('{');
    for (position, (key, value)) in fields.into_iter().enumerate() {
        write_key(out, position, key);
        write_json(out, value);
    }
    out.push('}');
}

/// Appends the key of a member of an object, behind a comma unless it is the first.
pub(crate) fn write_key(out: &mut String, position: usize, key: &str) {
    if position > 0 {
        out.push(',');
    }
    write_string(out, key);
    out.push(':');
}

/// Appends a text as a JSON string, as `json.Marshal` writes it.
pub(crate) fn write_string(out: &mut String, text: &str) {
    out.push('"');
    let mut rest = text;
    loop {
        let (plain, tail) = rest.split_at(plain_length(rest));
        out.push_str(plain);
        let mut chars = tail.chars();
        let Some(char) = chars.next() else { break };
        write_escape(out, char);
        rest = chars.as_str();
    }
    out.push('"');
}

/// The length of what comes before the first character that Go escapes in a JSON string.
#[inline]
pub(crate) fn plain_length(text: &str) -> usize {
    let mut length = 0;
    loop {
        let (_, rest) = text.split_at(length);
        let Some(plain) = rest.bytes().position(may_be_escaped) else { return text.len() };
        length += plain;
        let (_, rest) = rest.split_at(plain);
        if !rest.as_bytes().starts_with(&[FIRST_OF_LINE_SEPARATOR])
            || rest.starts_with(['\u{2028}', '\u{2029}'])
        {
            return length;
        }
        length += '\u{2028}'.len_utf8();
    }
}

/// The first byte of U+2028 and U+2029. Other characters begin with the same byte.
const FIRST_OF_LINE_SEPARATOR: u8 = 0xe2;

/// Whether a byte is, or begins, a character that Go may escape.
fn may_be_escaped(byte: u8) -> bool {
    MAY_BE_ESCAPED.get(usize::from(byte)).is_some_and(|may_be| *may_be)
}

/// A table takes less time than comparisons.
const MAY_BE_ESCAPED: [bool; 256] = bytes_to_escape();

#[expect(clippy::indexing_slicing, reason = "each byte is an index of the table")]
const fn bytes_to_escape() -> [bool; 256] {
    let mut table = [false; 256];
    let mut byte = 0;
    while byte < 0x20 {
        table[byte] = true;
        byte += 1;
    }
    let others = [b'"', b'\\', b'<', b'>', b'&', FIRST_OF_LINE_SEPARATOR];
    let mut i = 0;
    while i < others.len() {
        table[others[i] as usize] = true;
        i += 1;
    }
    table
}

fn write_escape(out: &mut String, char: char) {
    match char {
        '"' => out.push_str("\\\""),
        '\\' => out.push_str("\\\\"),
        '\u{8}' => out.push_str("\\b"),
        '\u{c}' => out.push_str("\\f"),
        '\n' => out.push_str("\\n"),
        '\r' => out.push_str("\\r"),
        '\t' => out.push_str("\\t"),
        char => {
            // Writing to a String cannot fail.
            let _ = write!(out, "\\u{:04x}", u32::from(char));
        }
    }
}

/// Whether a number has the form in which Go writes it, and is the same number for an API server when it
/// reads it again.
pub(crate) fn is_number_text(text: &str) -> bool {
    let is_short_integer = text.len() <= 18 && text.bytes().all(|byte| byte.is_ascii_digit());
    is_short_integer
        || text != "-0"
            && serde_json::from_str(text).is_ok_and(|number| number_text(&number) == text)
}

/// Appends a JSON text as `json.Marshal` writes a `RawMessage`: without white space, with Go's escapes.
pub(crate) fn write_raw(out: &mut String, json: &str) {
    let (mut in_string, mut escaped) = (false, false);
    for char in escape_html(json).chars() {
        if in_string {
            (in_string, escaped) = (escaped || char != '"', !escaped && char == '\\');
        } else if matches!(char, ' ' | '\n' | '\r' | '\t') {
            continue;
        } else {
            in_string = char == '"';
        }
        out.push(char);
    }
}

/// Escapes the characters of a JSON text that Go escapes and `serde_json` does not: `<`, `>`, `&`,
/// U+2028 and U+2029.
pub(crate) fn escape_html(json: &str) -> Cow<'_, str> {
    let special = |char| matches!(char, '<' | '>' | '&' | '\u{2028}' | '\u{2029}');
    if !json.contains(special) {
        return Cow::Borrowed(json);
    }
    let mut escaped = String::with_capacity(json.len() + 64);
    for char in json.chars() {
        if special(char) {
            write_escape(&mut escaped, char);
        } else {
            escaped.push(char);
        }
    }
    Cow::Owned(escaped)
}

/// Formats a number as Go does after decoding it: as an `int64` if it was written as an integer
/// that fits, otherwise as a `float64`.
pub(crate) fn number_text(number: &Number) -> String {
    match (number.as_i64(), number.as_f64()) {
        (Some(integer), _) => integer.to_string(),
        (None, Some(double)) => double_text(double),
        (None, None) => number.to_string(),
    }
}

/// Whether a number is `-0`, which is a double here and the integer 0 in Go.
pub(crate) fn is_negative_zero(number: &Number) -> bool {
    number.as_f64().is_some_and(|double| double == 0.0 && double.is_sign_negative())
}

/// A number as Go's format `%v` writes it: large and small doubles with an exponent.
pub(crate) fn number_in_error(number: &Number) -> String {
    match number.as_f64() {
        Some(double) if !number.is_i64() && double != 0.0 => match scientific(double) {
            (_, -4..=5) => format!("{double}"),
            (digits, exponent) => format!("{digits}e{exponent:+03}"),
        },
        _ => number_text(number),
    }
}

/// A double as `json.Marshal` writes it: `2.0` as `2`, very large and very small ones with an exponent.
/// `-0` is an integer in Go, and `0`.
fn double_text(double: f64) -> String {
    let size = double.abs();
    if size == 0.0 {
        return "0".into();
    }
    if (1e-6..1e21).contains(&size) {
        return format!("{double}");
    }
    let (digits, exponent) = scientific(double);
    format!("{digits}e{exponent:+}")
}

/// The digits and the exponent of a double: `1.5` and 3 of `1500`.
#[expect(clippy::expect_used, reason = "the format has an exponent")]
fn scientific(double: f64) -> (String, i32) {
    let text = format!("{double:e}");
    let (digits, exponent) = text.split_once('e').expect("an exponent");
    (digits.to_owned(), exponent.parse().expect("a short number"))
}

/// Indents compact JSON by two spaces a level, as `json.MarshalIndent` does.
pub(crate) fn indent(json: &str) -> String {
    Indenter::default().indent(json)
}

/// Indents compact JSON by two spaces a level, piece by piece.
#[derive(Debug, Default)]
pub struct Indenter {
    depth: usize,
    in_string: bool,
    /// Behind a backslash in a string.
    is_escaped: bool,
    /// Behind the beginning of an object or a list.
    has_begun: bool,
}

impl Indenter {
    /// The next piece of the text, indented. It can begin and end anywhere.
    #[must_use]
    pub fn indent(&mut self, json: &str) -> String {
        let mut out = String::with_capacity(json.len() * 2);
        for char in json.chars() {
            if self.in_string {
                out.push(char);
                self.in_string = self.is_escaped || char != '"';
                self.is_escaped = !self.is_escaped && char == '\\';
                continue;
            }
            let is_first = std::mem::take(&mut self.has_begun);
            let is_end = matches!(char, '}' | ']');
            if is_end {
                self.depth -= 1;
            }
            // Nothing is between the beginning and the end of what is empty.
            if is_first != is_end {
                self.new_line(&mut out);
            }
            out.push(char);
            match char {
                '"' => self.in_string = true,
                '{' | '[' => (self.depth, self.has_begun) = (self.depth + 1, true),
                ',' => self.new_line(&mut out),
                ':' => out.push(' '),
                _ => {}
            }
        }
        out
    }

    fn new_line(&self, out: &mut String) {
        out.push('\n');
        out.extend(std::iter::repeat_n("  ", self.depth));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn write_json_is_marshal() {
        for (text, written) in [
            (r#"{ "b": 1, "a": [ true, null ] }"#, r#"{"a":[true,null],"b":1}"#),
            (r#""<&> \u0001\b\f\n/ \u2028é""#, r#""\u003c\u0026\u003e \u0001\b\f\n/ \u2028é""#),
            (
                "[2.0, 2.5, 1e2, 1e20, 1e21, 1.5e-7, 0.000001]",
                "[2,2.5,100,100000000000000000000,1e+21,1.5e-7,0.000001]",
            ),
            (
                "[9223372036854775807, 9223372036854775808, -3]",
                "[9223372036854775807,9223372036854776000,-3]",
            ),
            ("18446744073709551615", "18446744073709552000"),
        ] {
            let mut out = String::new();
            write_json(&mut out, &serde_json::from_str(text).unwrap());
            assert_eq!(out, written);
        }
    }

    /// As an API server prints `{"a": null, "a.b": null}` in an error.
    #[test]
    fn maps_are_sorted_by_key() {
        let value = serde_json::json!({"a.b": null, "a": null});
        assert_eq!(printed(&value), "map[a:<nil> a.b:<nil>]");
    }

    /// The texts are what `fmt.Print` of Go 1.26 prints.
    #[test]
    fn numbers_in_errors_have_gos_exponents() {
        for (number, text) in [
            ("100000.0", "100000"),
            ("1234567.0", "1.234567e+06"),
            ("1e19", "1e+19"),
            ("9223372036854775808", "9.223372036854776e+18"),
            ("0.0001", "0.0001"),
            ("0.00001", "1e-05"),
            ("-2.5e-7", "-2.5e-07"),
            ("1000000", "1000000"),
            ("-0", "0"),
        ] {
            assert_eq!(number_in_error(&serde_json::from_str(number).unwrap()), text);
        }
    }

    #[test]
    fn indent_is_marshal_indent() {
        let json = r#"{"a":{},"b":[],"c":[1,{"d":"{[,:\"]}\\"}]}"#;
        let indented = "{\n  \"a\": {},\n  \"b\": [],\n  \"c\": [\n    1,\n    {\n      \"d\": \
                        \"{[,:\\\"]}\\\\\"\n    }\n  ]\n}";
        assert_eq!(indent(json), indented);
        let mut by_piece = Indenter::default();
        let pieces = json.split_inclusive(|_| true).map(|piece| by_piece.indent(piece));
        assert_eq!(pieces.collect::<String>(), indented);
    }
}
