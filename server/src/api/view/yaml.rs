//! YAML as [sigs.k8s.io/yaml](https://github.com/kubernetes-sigs/yaml) writes it: the structure and styles
//! are those of [go-yaml 2](https://github.com/yaml/go-yaml/blob/v2.4.3/encode.go), which is a port of
//! libyaml.

use std::cmp::Ordering;

use libyaml_safer::{Emitter, Encoding, Event, MappingStyle, ScalarStyle, SequenceStyle};
use serde_json::{Number, Value};
use volcano_job_update_programs::is_plain_text;

type Result = std::result::Result<(), libyaml_safer::Error>;

/// Writes JSON as YAML.
///
/// # Errors
///
/// The text has a character that go-yaml does not read, or is not JSON.
pub(crate) fn of_json(json: &str) -> std::result::Result<String, String> {
    check(json)?;
    let value = serde_json::from_str(json).map_err(|error| error.to_string())?;
    let mut yaml = Vec::new();
    write(&value, &mut yaml).map_err(|error| error.to_string())?;
    let mut yaml = String::from_utf8(yaml).map_err(|error| error.to_string())?;
    // libyaml marks the end of a document behind empty lines that belong to a text, go-yaml does not.
    if yaml.ends_with("\n...\n") {
        yaml.truncate(yaml.len() - "...\n".len());
    }
    Ok(if json.contains(ESCAPE) { yaml } else { yaml.replace(ESCAPE, "\\") })
}

/// # Errors
///
/// The text has a character that go-yaml does not read.
pub(super) fn check(json: &str) -> std::result::Result<(), String> {
    if !json.chars().all(is_allowed) {
        return Err("yaml: control characters are not allowed".into());
    }
    Ok(())
}

/// Stands for the backslash of a character that go-yaml escapes and libyaml does not. It is no character,
/// but a text can have it: nothing is escaped then.
const ESCAPE: char = '\u{fdd0}';

/// Whether go-yaml escapes a character although it is printable.
fn is_escaped(char: char) -> bool {
    char > '\u{ffff}'
}

fn is_allowed(char: char) -> bool {
    let is_refused = char.is_control() && !matches!(char, '\t' | '\n' | '\r' | '\u{85}');
    !is_refused && !matches!(char, '\u{feff}' | '\u{fffe}' | '\u{ffff}')
}

fn write(value: &Value, yaml: &mut Vec<u8>) -> Result {
    let mut emitter = Emitter::new();
    emitter.set_unicode(true);
    emitter.set_output_string(yaml);
    emitter.emit(Event::stream_start(Encoding::Utf8))?;
    emitter.emit(Event::document_start(None, &[], true))?;
    write_value(value, &mut emitter)?;
    emitter.emit(Event::document_end(true))?;
    emitter.emit(Event::stream_end())?;
    emitter.flush()
}

fn write_value(value: &Value, emitter: &mut Emitter<'_>) -> Result {
    match value {
        Value::Null => write_scalar("null", ScalarStyle::Plain, emitter),
        Value::Bool(value) => write_scalar(&value.to_string(), ScalarStyle::Plain, emitter),
        Value::Number(number) => write_scalar(&number_text(number), ScalarStyle::Plain, emitter),
        Value::String(text) => write_text(text, emitter),
        Value::Array(elements) => {
            emitter.emit(Event::sequence_start(None, None, true, SequenceStyle::Block))?;
            for element in elements {
                write_value(element, emitter)?;
            }
            emitter.emit(Event::sequence_end())
        }
        Value::Object(members) => {
            emitter.emit(Event::mapping_start(None, None, true, MappingStyle::Block))?;
            for (key, value) in sorted(members.iter().collect()) {
                write_text(key, emitter)?;
                write_value(value, emitter)?;
            }
            emitter.emit(Event::mapping_end())
        }
    }
}

fn write_text(text: &str, emitter: &mut Emitter<'_>) -> Result {
    if text.contains(is_escaped) && !text.contains(ESCAPE) {
        let escaped: String = text
            .chars()
            .map(|char| match char {
                _ if is_escaped(char) => format!("{ESCAPE}U{:08X}", u32::from(char)),
                _ => char.into(),
            })
            .collect();
        return write_scalar(&escaped, ScalarStyle::DoubleQuoted, emitter);
    }
    let style = if text.contains('\n') {
        ScalarStyle::Literal
    } else if is_plain_text(text) {
        ScalarStyle::Plain
    } else {
        ScalarStyle::DoubleQuoted
    };
    write_scalar(text, style, emitter)
}

fn write_scalar(text: &str, style: ScalarStyle, emitter: &mut Emitter<'_>) -> Result {
    emitter.emit(Event::scalar(None, None, text, true, true, style))
}

/// A number as Go's `strconv` formats it, floating-point numbers with the format `g`.
fn number_text(number: &Number) -> String {
    let Some(double) = number.as_f64().filter(|_| !number.is_i64() && !number.is_u64()) else {
        return number.to_string();
    };
    let scientific = format!("{double:e}");
    match scientific.split_once('e').map(|(digits, exponent)| (digits, exponent.parse::<i32>())) {
        Some((digits, Ok(exponent))) if !(-4..6).contains(&exponent) => {
            let sign = if exponent < 0 { '-' } else { '+' };
            format!("{digits}e{sign}{:02}", exponent.unsigned_abs())
        }
        _ => double.to_string(),
    }
}

/// Sorts members by their keys. The order has circles (`a1b`, `a01`, `a9`, `a10`), with which the sort of
/// the standard library may panic. Go's order is then a random one.
fn sorted<'v>(mut members: Vec<(&'v String, &'v Value)>) -> Vec<(&'v String, &'v Value)> {
    if members.len() < 2 {
        return members;
    }
    let back = sorted(members.split_off(members.len() / 2));
    let mut merged = Vec::with_capacity(members.len() + back.len());
    let mut back = back.into_iter().peekable();
    for member in sorted(members) {
        let is_before = |other: &(&String, &Value)| compare_keys(other.0, member.0).is_lt();
        while let Some(other) = back.next_if(is_before) {
            merged.push(other);
        }
        merged.push(member);
    }
    merged.extend(back);
    merged
}

/// The order of keys: numbers in them count by their value, and letters are behind everything else.
fn compare_keys(a: &str, b: &str) -> Ordering {
    let (a, b): (Vec<char>, Vec<char>) = (a.chars().collect(), b.chars().collect());
    let Some(at) = a.iter().zip(&b).position(|(a, b)| a != b) else {
        return a.len().cmp(&b.len());
    };
    let (common, rest_of_a) = a.split_at(at);
    let (_, rest_of_b) = b.split_at(at);
    let first = |rest: &[char]| rest.first().copied().unwrap_or_default();
    let (first_of_a, first_of_b) = (first(rest_of_a), first(rest_of_b));
    match (first_of_a.is_alphabetic(), first_of_b.is_alphabetic()) {
        (true, true) => return first_of_a.cmp(&first_of_b),
        (true, false) => return Ordering::Greater,
        (false, true) => return Ordering::Less,
        (false, false) => {}
    }
    // A zero within a number is no leading zero.
    let is_within = (first_of_a == '0' || first_of_b == '0')
        && common.iter().rev().take_while(|char| char.is_numeric()).any(|char| *char != '0');
    let number = |rest: &[char]| {
        let digits = rest.iter().take_while(|char| char.is_numeric());
        digits.fold((i64::from(is_within), 0_usize), |(number, length), digit| {
            let digit = i64::from(u32::from(*digit)) - i64::from(u32::from('0'));
            (number.wrapping_mul(10).wrapping_add(digit), length + 1)
        })
    };
    number(rest_of_a).cmp(&number(rest_of_b)).then(first_of_a.cmp(&first_of_b))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_without_an_order_are_all_written() {
        let keys = ["a1b", "a01", "a9", "a10"];
        let many = (0..200).flat_map(|round| keys.map(|key| format!(r#""{round}-{key}":1"#)));
        let object = format!("{{{}}}", many.collect::<Vec<_>>().join(","));
        assert_eq!(of_json(&object).unwrap().lines().count(), 800);
    }

    #[test]
    fn the_stand_in_for_a_backslash_stays_a_character() {
        assert_eq!(of_json("\"🎉\"").unwrap(), "\"\\U0001F389\"\n");
        let yaml = of_json("[\"\u{fdd0}U0001F389\",\"🎉\"]").unwrap();
        assert_eq!(yaml, "- \u{fdd0}U0001F389\n- \"\u{fdd0}U0001F389\"\n");
    }

    #[test]
    fn empty_lines_at_the_end_of_a_text_do_not_end_the_document() {
        assert_eq!(of_json(r#"{"a":"x\n\n"}"#).unwrap(), "a: |+\n  x\n\n");
        assert_eq!(of_json(r#"["\n"]"#).unwrap(), "- |2+\n\n");
    }

    #[test]
    fn what_go_yaml_does_not_read_is_an_error() {
        for text in ["\"\u{7f}\"", "\"\u{feff}\"", "\"\u{80}\"", "{"] {
            assert!(of_json(text).is_err(), "{text:?}");
        }
    }
}
