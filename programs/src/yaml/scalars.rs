//! What a scalar is: the rules of go-yaml 2, with which kubectl reads manifests.
//!
//! See [resolve.go](https://github.com/yaml/go-yaml/blob/v2.4.3/resolve.go). The types are those of YAML
//! 1.1, but some words and numbers are missing, and others are accepted besides.

use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use serde_json::{Number, Value};

/// What the prefix of a tag is short for.
const CORE: &str = "tag:yaml.org,2002:";

/// A resolved scalar.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Scalar {
    Null,
    Bool(bool),
    Int(i64),
    /// Beyond `i64`.
    Uint(u64),
    Float(f64),
    Text(String),
}

/// The type of a scalar.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    Null,
    Bool,
    Int,
    Float,
    Text,
    Timestamp,
    Merge,
}

/// Whether go-yaml writes a text without quotes, if its characters allow that. Other texts would be read
/// as something else, here or by a parser of YAML 1.1, such as `010`, `on` or `1:30`.
#[must_use]
pub fn is_plain_text(text: &str) -> bool {
    matches!(untagged(text, None).0, Kind::Text | Kind::Merge) && !is_base_60(text)
}

/// Whether a text is a number with the base 60: `1:30`, `-1:30.5`.
fn is_base_60(text: &str) -> bool {
    let digits = text.strip_prefix(['+', '-']).unwrap_or(text);
    let (whole, fraction) = digits.split_once('.').unwrap_or((digits, ""));
    let is_digit = |byte: u8| byte.is_ascii_digit() || byte == b'_';
    let mut places = whole.split(':');
    let first = places.next().unwrap_or_default();
    let mut rest = places.peekable();
    first.starts_with(|char: char| char.is_ascii_digit())
        && first.bytes().all(is_digit)
        && fraction.bytes().all(is_digit)
        && rest.peek().is_some()
        && rest.all(|place| match place.as_bytes() {
            [units] | [b'0'..=b'5', units] => units.is_ascii_digit(),
            _ => false,
        })
}

/// Resolves the text of a scalar.
///
/// # Errors
///
/// It is not of the type of the tag.
pub(super) fn resolve(tag: Option<&str>, text: &str, is_plain: bool) -> Result<Scalar, String> {
    let wanted = match tag {
        None if !is_plain => return Ok(Scalar::Text(text.into())),
        None => None,
        Some(tag) => match tag.strip_prefix(CORE) {
            Some("binary") => return binary(text).map(Scalar::Text),
            Some("bool") => Some(Kind::Bool),
            Some("int") => Some(Kind::Int),
            Some("float") => Some(Kind::Float),
            Some("null") => Some(Kind::Null),
            Some("timestamp") => Some(Kind::Timestamp),
            // `str` and other tags say nothing about the text.
            Some(_) | None => return Ok(Scalar::Text(text.into())),
        },
    };
    let (kind, scalar) = untagged(text, wanted);
    match (wanted, scalar) {
        (Some(Kind::Float), Scalar::Int(number)) =>
        {
            #[expect(clippy::cast_precision_loss, reason = "Go converts it in the same way")]
            Ok(Scalar::Float(number as f64))
        }
        (Some(wanted), _) if wanted != kind => {
            Err(format!("the value is not of the type of its tag {}", short(tag)))
        }
        (_, scalar) => Ok(scalar),
    }
}

fn short(tag: Option<&str>) -> String {
    tag.map_or_else(String::new, |tag| tag.replace(CORE, "!!"))
}

/// Whether a key merges the maps in its value.
pub(super) fn is_merge(tag: Option<&str>, text: &str, is_plain: bool) -> bool {
    text == "<<" && (is_plain || tag == Some("tag:yaml.org,2002:merge"))
}

fn untagged(text: &str, wanted: Option<Kind>) -> (Kind, Scalar) {
    let as_text = || Scalar::Text(text.into());
    let is_bool = |value| (Kind::Bool, Scalar::Bool(value));
    match text {
        "y" | "Y" | "yes" | "Yes" | "YES" | "true" | "True" | "TRUE" | "on" | "On" | "ON" => {
            return is_bool(true);
        }
        "n" | "N" | "no" | "No" | "NO" | "false" | "False" | "FALSE" | "off" | "Off" | "OFF" => {
            return is_bool(false);
        }
        "" | "~" | "null" | "Null" | "NULL" => return (Kind::Null, Scalar::Null),
        ".nan" | ".NaN" | ".NAN" => return (Kind::Float, Scalar::Float(f64::NAN)),
        ".inf" | ".Inf" | ".INF" | "+.inf" | "+.Inf" | "+.INF" => {
            return (Kind::Float, Scalar::Float(f64::INFINITY));
        }
        "-.inf" | "-.Inf" | "-.INF" => return (Kind::Float, Scalar::Float(f64::NEG_INFINITY)),
        "<<" => return (Kind::Merge, as_text()),
        _ => {}
    }
    let number = match text.bytes().next() {
        Some(b'.') => float(text),
        Some(b'0'..=b'9' | b'+' | b'-') => {
            if matches!(wanted, None | Some(Kind::Timestamp)) && is_timestamp(text) {
                return (Kind::Timestamp, as_text());
            }
            number(&text.replace('_', ""))
        }
        _ => None,
    };
    match number {
        Some(number @ Scalar::Float(_)) => (Kind::Float, number),
        Some(number) => (Kind::Int, number),
        None => (Kind::Text, as_text()),
    }
}

fn number(text: &str) -> Option<Scalar> {
    prefixed_integer(text)
        .or_else(|| if is_decimal(text) { float(text) } else { None })
        .or_else(|| signed_binary(text))
}

/// Go's `strconv.ParseInt` and `ParseUint` with the base 0: `10`, `0x1f`, `0o17`, `017`, `0b11`.
fn prefixed_integer(text: &str) -> Option<Scalar> {
    let digits = text.strip_prefix(['+', '-']).unwrap_or(text);
    let sign = text.strip_suffix(digits)?;
    let (radix, digits) = match digits.as_bytes() {
        [b'0', b'x' | b'X', ..] => (16, digits.get(2..)?),
        [b'0', b'o' | b'O', ..] => (8, digits.get(2..)?),
        [b'0', b'b' | b'B', ..] => (2, digits.get(2..)?),
        [b'0', _, ..] => (8, digits.get(1..)?),
        _ => (10, digits),
    };
    if digits.starts_with(['+', '-']) {
        return None;
    }
    let signed = || i64::from_str_radix(&format!("{sign}{digits}"), radix).map(Scalar::Int);
    let unsigned = || u64::from_str_radix(digits, radix).map(Scalar::Uint);
    signed().ok().or_else(|| if sign.is_empty() { unsigned().ok() } else { None })
}

/// A sign may follow `0b`.
fn signed_binary(text: &str) -> Option<Scalar> {
    if let Some(digits) = text.strip_prefix("0b") {
        let signed = i64::from_str_radix(digits, 2).map(Scalar::Int);
        return signed.or_else(|_| u64::from_str_radix(digits, 2).map(Scalar::Uint)).ok();
    }
    let digits = text.strip_prefix("-0b").filter(|digits| !digits.starts_with(['+', '-']))?;
    i64::from_str_radix(&format!("-{digits}"), 2).ok().map(Scalar::Int)
}

/// `[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?`
fn is_decimal(text: &str) -> bool {
    let unsigned = text.strip_prefix(['+', '-']).unwrap_or(text);
    let (mantissa, exponent) = match unsigned.split_once(['e', 'E']) {
        Some((mantissa, exponent)) => (mantissa, Some(exponent)),
        None => (unsigned, None),
    };
    let are_digits = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
    let is_number = |text: &str| !text.is_empty() && are_digits(text);
    let is_mantissa = match mantissa.split_once('.') {
        Some(("", fraction)) => is_number(fraction),
        Some((whole, fraction)) => is_number(whole) && are_digits(fraction),
        None => is_number(mantissa),
    };
    is_mantissa
        && exponent.is_none_or(|text| is_number(text.strip_prefix(['+', '-']).unwrap_or(text)))
}

/// A number beyond the range of a double is none.
fn float(text: &str) -> Option<Scalar> {
    let number: f64 = text.parse().ok()?;
    number.is_finite().then_some(Scalar::Float(number))
}

/// One of the forms of a timestamp that go-yaml knows: `2006-1-2`, `2006-1-2 15:4:5.9`,
/// `2006-1-2T15:4:5.9Z` or with `+07:00`.
fn is_timestamp(text: &str) -> bool {
    let Some((date, time)) = split_date(text) else { return false };
    if !is_date(date) {
        return false;
    }
    if let Some(time) = time.strip_prefix(' ') {
        return is_time(time);
    }
    if let Some(time) = time.strip_prefix(['T', 't']) {
        let (time, zone) = time.split_at(time.find(['Z', '+', '-']).unwrap_or(time.len()));
        return is_time(time) && is_zone(zone);
    }
    time.is_empty()
}

/// The date, and the rest, which does not begin with a digit or a hyphen.
fn split_date(text: &str) -> Option<(&str, &str)> {
    let end = text.find(|char: char| !char.is_ascii_digit() && char != '-').unwrap_or(text.len());
    text.split_at_checked(end)
}

fn is_date(date: &str) -> bool {
    let parts: Vec<&str> = date.split('-').collect();
    let [year, month, day] = *parts else { return false };
    let (Some(month), Some(day)) = (short_number(month), short_number(day)) else { return false };
    let Ok(year) = year.parse::<u32>().map(|number| (number, year.len())) else { return false };
    let (year, 4) = year else { return false };
    let is_leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
    let days = match month {
        1 | 3 | 5 | 7 | 8 | 10 | 12 => 31,
        4 | 6 | 9 | 11 => 30,
        2 if is_leap => 29,
        2 => 28,
        _ => return false,
    };
    (1..=days).contains(&day)
}

fn is_time(time: &str) -> bool {
    let (time, fraction) = match time.split_once('.') {
        Some((time, fraction)) => (time, Some(fraction)),
        None => (time, None),
    };
    let parts: Vec<Option<u32>> = time.split(':').map(short_number).collect();
    let [Some(hour), Some(minute), Some(second)] = *parts else { return false };
    let is_fraction =
        |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    hour < 24 && minute < 60 && second < 60 && fraction.is_none_or(is_fraction)
}

fn is_zone(zone: &str) -> bool {
    let two = |text: &str| if text.len() == 2 { short_number(text) } else { None };
    match zone.strip_prefix(['+', '-']).and_then(|zone| zone.split_once(':')) {
        Some((hours, minutes)) => {
            two(hours).is_some_and(|hours| hours <= 24)
                && two(minutes).is_some_and(|minutes| minutes < 60)
        }
        None => zone == "Z",
    }
}

/// A number of one or two digits.
fn short_number(text: &str) -> Option<u32> {
    let is_short = matches!(text.len(), 1 | 2) && text.bytes().all(|byte| byte.is_ascii_digit());
    if is_short { text.parse().ok() } else { None }
}

fn binary(text: &str) -> Result<String, String> {
    let text: String = text.chars().filter(|char| !matches!(char, '\r' | '\n')).collect();
    let bytes = BASE64_STANDARD.decode(text).map_err(|_| "`!!binary` is not base64".to_owned())?;
    // Go replaces each byte that is not UTF-8 in JSON.
    let chunks = bytes.utf8_chunks();
    Ok(chunks.fold(String::new(), |mut text, chunk| {
        text.push_str(chunk.valid());
        text.extend(chunk.invalid().iter().map(|_| '\u{fffd}'));
        text
    }))
}

impl Scalar {
    /// The value as JSON. An integer that was written as a float (`1e3`) is one in Go's JSON.
    ///
    /// # Errors
    ///
    /// JSON has no such number.
    pub(super) fn into_json(self) -> Result<Value, String> {
        Ok(match self {
            Self::Null => Value::Null,
            Self::Bool(value) => value.into(),
            Self::Int(number) => number.into(),
            Self::Uint(number) => number.into(),
            Self::Float(number) => Value::Number(json_number(number)?),
            Self::Text(text) => text.into(),
        })
    }

    /// The value as a key of a map.
    ///
    /// # Errors
    ///
    /// It is no key.
    pub(super) fn into_key(self) -> Result<String, String> {
        Ok(match self {
            Self::Null => return Err("`null` cannot be a key".into()),
            Self::Bool(value) => value.to_string(),
            Self::Int(number) => number.to_string(),
            Self::Uint(number) => return Err(format!("{number} is too large for a key")),
            Self::Float(number) => float_key(number),
            Self::Text(text) => text,
        })
    }
}

/// A double as Go writes it in JSON: below 1e21, a whole number has neither a point nor an exponent.
fn json_number(number: f64) -> Result<Number, String> {
    let double = || Number::from_f64(number).ok_or_else(|| "JSON has no such number".to_owned());
    let is_whole = number.fract() == 0.0 && number.abs() < 1e21;
    if !is_whole || number == 0.0 && number.is_sign_negative() {
        return double();
    }
    let (mantissa, exponent) = shortest(&format!("{number:e}"));
    let digits = mantissa.replace('.', "");
    let places = digits.trim_start_matches('-').len() - 1;
    let zeros = usize::try_from(exponent).map_or(0, |exponent| exponent.saturating_sub(places));
    let text = digits + &"0".repeat(zeros);
    text.parse::<i64>()
        .map(Number::from)
        .or_else(|_| text.parse::<u64>().map(Number::from))
        .or_else(|_| double())
}

/// The mantissa and the exponent of Rust's `{:e}`, which has the fewest digits that are exact.
#[expect(clippy::expect_used, reason = "the format has an exponent")]
fn shortest(scientific: &str) -> (String, i32) {
    let (mantissa, exponent) = scientific.split_once('e').expect("an exponent");
    (mantissa.to_owned(), exponent.parse().expect("a number"))
}

/// Go's `strconv.FormatFloat(number, 'g', -1, 32)`.
#[expect(clippy::cast_possible_truncation, reason = "Go shortens it in the same way")]
fn float_key(number: f64) -> String {
    let number = number as f32;
    if number.is_nan() {
        return ".nan".into();
    }
    if number.is_infinite() {
        return if number > 0.0 { ".inf" } else { "-.inf" }.into();
    }
    let (mantissa, exponent) = shortest(&format!("{number:e}"));
    if (-4..6).contains(&exponent) {
        number.to_string()
    } else {
        let sign = if exponent < 0 { '-' } else { '+' };
        format!("{mantissa}e{sign}{:02}", exponent.abs())
    }
}
