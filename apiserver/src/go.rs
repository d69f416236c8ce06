//! Text as Go's standard library writes it, which is how an API server answers.

use std::borrow::Cow;
use std::fmt::Write as _;

use serde_json::{Map, Number, Value};
pub(crate) use volcano_job_update::internals::{is_printable, quote};

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

/// The text of a value as an API server stores it.
pub(crate) fn text_of(value: &Value) -> String {
    let mut text = String::new();
    write_json(&mut text, value);
    text
}

/// Appends an object.
pub(crate) fn write_map(out: &mut String, map: &Map<String, Value>) {
    // Sorted here, since another crate may have switched on serde_json/preserve_order.
    let mut fields: Vec<(&String, &Value)> = map.iter().collect();
    fields.sort_unstable_by_key(|(key, _)| *key);
    out.push('{');
    for (position, (key, value)) in fields.into_iter().enumerate() {
        if position > 0 {
            out.push(',');
        }
        write_string(out, key);
        out.push(':');
        write_json(out, value);
    }
    out.push('}');
}

/// Appends a text as a JSON string.
pub(crate) fn write_string(out: &mut String, text: &str) {
    out.push('"');
    let mut rest = text;
    while let Some(at) = rest.find(needs_escape) {
        let (plain, tail) = rest.split_at_checked(at).unwrap_or((rest, ""));
        out.push_str(plain);
        let mut chars = tail.chars();
        match chars.next() {
            Some('"') => out.push_str("\\\""),
            Some('\\') => out.push_str("\\\\"),
            Some('\u{8}') => out.push_str("\\b"),
            Some('\u{c}') => out.push_str("\\f"),
            Some('\n') => out.push_str("\\n"),
            Some('\r') => out.push_str("\\r"),
            Some('\t') => out.push_str("\\t"),
            Some(char) => write_escape(out, char),
            None => {}
        }
        rest = chars.as_str();
    }
    out.push_str(rest);
    out.push('"');
}

fn write_escape(out: &mut String, char: char) {
    // Writing to a String cannot fail.
    let _ = write!(out, "\\u{:04x}", u32::from(char));
}

/// Whether a character does not stand for itself in a JSON string that Go writes.
fn needs_escape(char: char) -> bool {
    matches!(char, '"' | '\\' | '<' | '>' | '&' | '\0'..='\u{1f}' | '\u{2028}' | '\u{2029}')
}

/// A JSON text whose strings hold `<`, `>` and `&` literally, with these escaped.
pub(crate) fn escape_html(json: &str) -> Cow<'_, str> {
    let special = |char| matches!(char, '<' | '>' | '&' | '\u{2028}' | '\u{2029}');
    if !json.contains(special) {
        return Cow::Borrowed(json);
    }
    let mut escaped = String::with_capacity(json.len().saturating_add(64));
    for char in json.chars() {
        if special(char) {
            write_escape(&mut escaped, char);
        } else {
            escaped.push(char);
        }
    }
    Cow::Owned(escaped)
}

/// A number as it comes out of a server that read it: an integer if it was written as one and fits
/// 64 bits with a sign, else a double.
pub(crate) fn number_text(number: &Number) -> String {
    match (number.as_i64(), number.as_f64()) {
        (Some(integer), _) => integer.to_string(),
        (None, Some(double)) => double_text(double),
        (None, None) => number.to_string(),
    }
}

/// A double as `json.Marshal` writes it: `2.0` is `2`, and very large and small ones have exponents.
fn double_text(double: f64) -> String {
    let size = double.abs();
    if size == 0.0 || (1e-6..1e21).contains(&size) {
        return format!("{double}");
    }
    let text = format!("{double:e}");
    match text.split_once('e') {
        Some((digits, exponent)) if !exponent.starts_with('-') => format!("{digits}e+{exponent}"),
        _ => text,
    }
}

/// Indents a JSON text of one value, which has no white space outside strings, by two spaces a level,
/// as `json.MarshalIndent` does.
pub(crate) fn indent(json: &str) -> String {
    let mut out = String::with_capacity(json.len().saturating_mul(2));
    let mut depth: usize = 0;
    let (mut in_string, mut escaped, mut empty) = (false, false, false);
    let new_line = |out: &mut String, depth| {
        out.push('\n');
        out.extend(std::iter::repeat_n("  ", depth));
    };
    for char in json.chars() {
        if in_string {
            out.push(char);
            (in_string, escaped) = (escaped || char != '"', !escaped && char == '\\');
            continue;
        }
        if std::mem::take(&mut empty) && !matches!(char, '}' | ']') {
            new_line(&mut out, depth);
        } else if matches!(char, '}' | ']') && !out.ends_with(['{', '[']) {
            new_line(&mut out, depth.saturating_sub(1));
        }
        out.push(char);
        match char {
            '"' => in_string = true,
            '{' | '[' => (depth, empty) = (depth.saturating_add(1), true),
            '}' | ']' => depth = depth.saturating_sub(1),
            ',' => new_line(&mut out, depth),
            ':' => out.push(' '),
            _ => {}
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn writes_json_as_marshal_does() {
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

    #[test]
    fn indents_as_marshal_indent_does() {
        let json = r#"{"a":{},"b":[],"c":[1,{"d":"{[,:\"]}\\"}]}"#;
        let indented = "{\n  \"a\": {},\n  \"b\": [],\n  \"c\": [\n    1,\n    {\n      \"d\": \
                        \"{[,:\\\"]}\\\\\"\n    }\n  ]\n}";
        assert_eq!(indent(json), indented);
    }
}
