//! Kubernetes' `resource.Quantity` as an exact decimal number.
//!
//! Follows [`ParseQuantity`][go] exactly, including its caps and its wrapping 32-bit exponents,
//! because two texts are the same quantity if the API server reads the same value from them. Go has
//! an int64 fast path and a big-integer slow path, which disagree on numbers without digits and on
//! exponents near the ends of int32; so does this module.
//!
//! [go]: https://github.com/kubernetes/apimachinery/blob/v0.33.0/pkg/api/resource/quantity.go
#![warn(clippy::arithmetic_side_effects)]

use std::cmp::Ordering;
use std::{fmt, iter};

/// The exponent of the smallest unit. Smaller fractions are rounded up to it.
const NANO: i32 = -9;

/// 2⁶³−1, the cap that Go applies to numbers with a binary suffix.
const BINARY_MAX: &str = "9223372036854775807";

/// The largest exponent that `Display` writes as zeros; above it, it uses e-notation.
const PRINTED_ZEROS: u64 = 1000;

/// The numeric value of a quantity, after Go's rounding and caps.
///
/// Quantities with the same value are equal: `1Gi` and `1024Mi`, `0.1` and `100m`. The
/// representation is normalized, so comparison takes time linear in the number of digits, for any
/// exponent.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Quantity {
    pub(super) negative: bool,
    /// ASCII digits without leading or trailing zeros; empty for zero.
    pub(super) digits: String,
    /// The value is `digits` × 10^`exponent`. Wider than Go's int32, because it also counts the
    /// trailing zeros that `digits` lacks.
    pub(super) exponent: i64,
}

impl Quantity {
    /// Parses the content of a JSON string, or the text of a JSON number: Go's `UnmarshalJSON`
    /// strips the quotes and reads both in the same way.
    ///
    /// Returns `None` where Go reports an error or panics, and for more than 2³¹−1 decimal places.
    /// Takes time linear in the length of the text, for any exponent.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let parts = Parts::of(text.trim_matches(is_trimmed))?;
        if parts.is_on_fast_path() {
            return Some(Self::exact(parts.negative, &parts.digits(), parts.scale));
        }
        // The slow path needs a digit.
        if parts.whole.is_empty() && parts.fraction.is_empty() {
            return None;
        }
        let value = Self::rounded(parts.negative, &parts.digits(), parts.scale)?;
        Some(if parts.factor > 1 { value.capped() } else { value })
    }

    /// Whether the value is less than zero.
    #[must_use]
    pub fn is_negative(&self) -> bool {
        self.negative
    }

    /// Whether the value is an integer.
    #[must_use]
    pub fn is_whole(&self) -> bool {
        self.exponent >= 0
    }

    /// The value rounded away from zero to a multiple of 10^`exponent`.
    #[must_use]
    pub fn rounded_away(self, exponent: i32) -> Self {
        let dropped = i64::from(exponent).saturating_sub(self.exponent);
        let Some(dropped) = usize::try_from(dropped).ok().filter(|dropped| *dropped > 0) else {
            return self;
        };
        if self.digits.is_empty() {
            return self;
        }
        let kept = self.digits.split_at(self.digits.len().saturating_sub(dropped)).0;
        // The last digit is not zero, so something is dropped.
        Self::exact(self.negative, &multiply_add(kept, 1, 1), exponent)
    }

    /// The value as an integer, if it is one in the range of `i64`.
    #[must_use]
    pub fn to_integer(&self) -> Option<i64> {
        let zeros = u32::try_from(self.exponent).ok()?;
        let magnitude = if self.digits.is_empty() { 0 } else { self.digits.parse::<i64>().ok()? };
        let magnitude = magnitude.checked_mul(10_i64.checked_pow(zeros)?)?;
        if self.negative { magnitude.checked_neg() } else { Some(magnitude) }
    }

    /// The value `digits` × 10^`scale`.
    fn exact(negative: bool, digits: &str, scale: i32) -> Self {
        let digits = digits.trim_start_matches('0');
        let significant = digits.trim_end_matches('0');
        if significant.is_empty() {
            return Self { negative: false, digits: String::new(), exponent: 0 };
        }
        #[expect(
            clippy::arithmetic_side_effects,
            reason = "a text length plus an int32 fits in i64"
        )]
        let exponent = length(digits) - length(significant) + i64::from(scale);
        Self { negative, digits: significant.to_owned(), exponent }
    }

    /// The value `digits` × 10^`scale`, rounded away from zero to whole nanos.
    fn rounded(negative: bool, digits: &str, scale: i32) -> Option<Self> {
        // Go subtracts in int32. A scale within 9 of i32::MAX wraps to a large negative shift, and
        // the division leaves 1n. A shift of i32::MIN cannot be negated, and Go panics.
        let shift = scale.wrapping_sub(NANO);
        if shift >= 0 || !has_nonzero(digits) {
            return Some(Self::exact(negative, digits, scale));
        }
        let dropped = usize::try_from(shift.checked_neg()?).ok()?;
        // If there are fewer than `dropped` digits, none is kept.
        let (kept, rest) = digits.split_at(digits.len().saturating_sub(dropped));
        let nanos = multiply_add(kept, 1, u64::from(has_nonzero(rest)));
        Some(Self::exact(negative, &nanos, NANO))
    }

    /// The value, or ±(2⁶³−1) if its magnitude is larger.
    fn capped(self) -> Self {
        // Without leading zeros, the number with more integer digits is larger, and numbers with
        // equally many compare like their texts.
        #[expect(
            clippy::arithmetic_side_effects,
            reason = "a text length plus the exponent from `exact` fits in i64"
        )]
        let integer_digits = length(&self.digits) + self.exponent;
        if (integer_digits, self.digits.as_str()) > (length(BINARY_MAX), BINARY_MAX) {
            return Self { digits: BINARY_MAX.to_owned(), exponent: 0, ..self };
        }
        self
    }
}

impl Ord for Quantity {
    fn cmp(&self, other: &Self) -> Ordering {
        match (self.sign(), other.sign()) {
            (1, 1) => self.compare_magnitude(other),
            (-1, -1) => other.compare_magnitude(self),
            (sign, other) => sign.cmp(&other),
        }
    }
}

impl PartialOrd for Quantity {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Quantity {
    fn sign(&self) -> i8 {
        match (self.digits.is_empty(), self.negative) {
            (true, _) => 0,
            (false, false) => 1,
            (false, true) => -1,
        }
    }

    /// Without zeros at either end, the number with more integer digits is larger, and numbers with
    /// equally many compare like their texts.
    fn compare_magnitude(&self, other: &Self) -> Ordering {
        #[expect(clippy::arithmetic_side_effects, reason = "an int32 and the length of a text")]
        let integer_digits = |number: &Self| length(&number.digits) + number.exponent;
        (integer_digits(self), &self.digits).cmp(&(integer_digits(other), &other.digits))
    }
}

impl fmt::Display for Quantity {
    /// Writes the exact decimal without a suffix, such as `0.5` or `1073741824`, or in e-notation
    /// if that would end in more than 1000 zeros.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { negative, digits, exponent } = self;
        f.write_str(if *negative { "-" } else { "" })?;
        let shift = exponent.unsigned_abs();
        match usize::try_from(shift) {
            Ok(0) if digits.is_empty() => f.write_str("0"),
            Ok(places) if *exponent < 0 => {
                let (whole, fraction) = digits.split_at(digits.len().saturating_sub(places));
                let whole = if whole.is_empty() { "0" } else { whole };
                write!(f, "{whole}.{fraction:0>places$}")
            }
            Ok(zeros) if shift <= PRINTED_ZEROS => write!(f, "{digits}{:0<zeros$}", ""),
            _ => write!(f, "{digits}e{exponent}"),
        }
    }
}

/// The parts of a text that may be a quantity.
pub(super) struct Parts<'t> {
    negative: bool,
    /// The digits before the point.
    pub(super) whole: &'t str,
    /// The digits after it.
    pub(super) fraction: &'t str,
    pub(super) suffix: &'t str,
    /// The power of 1024 that a binary suffix stands for; otherwise 1.
    factor: u64,
    /// The value is the digits × the factor × 10^`scale`.
    pub(super) scale: i32,
    fast_path_digits: usize,
}

impl<'t> Parts<'t> {
    /// Splits a text without white space around it.
    pub(super) fn of(text: &'t str) -> Option<Self> {
        if text.is_empty() {
            return None;
        }
        let negative = text.starts_with('-');
        let (whole, rest) = split_digits(text.strip_prefix(['+', '-']).unwrap_or(text));
        let (fraction, suffix) = rest.strip_prefix('.').map_or(("", rest), split_digits);
        let (factor, exponent, fast_path_digits) = parse_suffix(suffix)?;
        let scale = exponent.wrapping_sub(i32::try_from(fraction.len()).ok()?);
        Some(Self { negative, whole, fraction, suffix, factor, scale, fast_path_digits })
    }

    pub(super) fn is_on_fast_path(&self) -> bool {
        self.scale >= NANO && counted_digits(self.whole, self.fraction) <= self.fast_path_digits
    }

    /// The digits × the factor, with leading zeros.
    fn digits(&self) -> String {
        multiply_add(&[self.whole, self.fraction].concat(), self.factor, 0)
    }
}

/// Returns the factor of a suffix (a power of 1024, or 1 for a decimal suffix), its decimal
/// exponent, and the maximum number of digits with which Go uses the fast path.
///
/// See [suffix.go](https://github.com/kubernetes/apimachinery/blob/v0.33.0/pkg/api/resource/suffix.go).
fn parse_suffix(suffix: &str) -> Option<(u64, i32, usize)> {
    Some(match suffix {
        "n" => (1, -9, 18),
        "u" => (1, -6, 18),
        "m" => (1, -3, 18),
        "" => (1, 0, 18),
        "k" => (1, 3, 18),
        "M" => (1, 6, 18),
        "G" => (1, 9, 18),
        "T" => (1, 12, 18),
        "P" => (1, 15, 18),
        "E" => (1, 18, 18),
        "Ki" => (1 << 10, 0, 11),
        "Mi" => (1 << 20, 0, 8),
        "Gi" => (1 << 30, 0, 5),
        "Ti" => (1 << 40, 0, 2),
        "Pi" => (1 << 50, 0, 0),
        "Ei" => (1 << 60, 0, 0),
        _ => (1, to_int32(suffix.strip_prefix(['e', 'E'])?.parse().ok()?), 18),
    })
}

#[expect(clippy::cast_possible_truncation, reason = "Go's `int32(n)`, which wraps")]
fn to_int32(n: i64) -> i32 {
    n as i32
}

/// The number of digits as Go counts them: without leading zeros, but with at least one before the
/// point.
#[expect(clippy::arithmetic_side_effects, reason = "two parts of one text")]
fn counted_digits(whole: &str, fraction: &str) -> usize {
    whole.trim_start_matches('0').len().max(1) + fraction.len()
}

/// Whether Go trims this character: white space that is not escaped in a JSON string.
/// `UnmarshalJSON` trims the escaped form, in which control characters are escapes, and so are
/// U+2028 and U+2029, which Go's encoder escapes too.
pub(super) fn is_trimmed(c: char) -> bool {
    c.is_whitespace() && c >= ' ' && !matches!(c, '\u{2028}' | '\u{2029}')
}

/// Splits `text` after the ASCII digits at its start.
fn split_digits(text: &str) -> (&str, &str) {
    text.split_at(text.find(|c: char| !c.is_ascii_digit()).unwrap_or(text.len()))
}

fn has_nonzero(digits: &str) -> bool {
    digits.contains(|digit| digit != '0')
}

#[expect(clippy::expect_used, reason = "no text has more than isize::MAX bytes")]
fn length(text: &str) -> i64 {
    i64::try_from(text.len()).expect("a length is at most isize::MAX")
}

/// Returns `digits` × `factor` + `addend`, with leading zeros. The `factor` is at most 1024⁶ and
/// the `addend` at most 1.
#[expect(
    clippy::arithmetic_side_effects,
    reason = "the carry is at most the factor, so the sum is at most 10 × 2⁶⁰ < 2⁶⁴"
)]
fn multiply_add(digits: &str, factor: u64, addend: u64) -> String {
    let mut carry = addend;
    // Padding for the final carry, which has fewer than 20 digits.
    let padded = digits.bytes().rev().chain(iter::repeat_n(b'0', 20));
    let backwards = padded.map(|digit| {
        let sum = factor * u64::from(digit & 0x0f) + carry;
        carry = sum / 10;
        let [last, ..] = (sum % 10).to_le_bytes();
        char::from(b'0' | last)
    });
    backwards.collect::<String>().chars().rev().collect()
}

#[cfg(test)]
mod tests {
    use super::Quantity;

    fn value(text: &str) -> Option<String> {
        Quantity::parse(text).map(|quantity| quantity.to_string())
    }

    #[track_caller]
    fn assert_value(text: &str, expected: &str) {
        assert_eq!(value(text).as_deref(), Some(expected), "{text:?}");
    }

    #[track_caller]
    fn assert_errors(texts: &[&str]) {
        for text in texts {
            assert_eq!(value(text), None, "{text:?}");
        }
    }

    #[test]
    fn spellings_of_one_value_are_equal() {
        let spellings = ["1Gi", " 1024Mi ", "+1073741824", "1.073741824e9", "01073741824.0"];
        for text in spellings {
            assert_eq!(Quantity::parse(text), Quantity::parse("1073741824000m"), "{text:?}");
        }
        assert_eq!(Quantity::parse("-0"), Quantity::parse("0Ei"));
        assert_ne!(Quantity::parse("-1"), Quantity::parse("1"));
    }

    #[test]
    fn fractions_of_a_nano_round_away_from_zero() {
        assert_value("0.1n", "0.000000001");
        assert_value("-1.0000000001", "-1.000000001");
        assert_value("0.9999999999", "1");
        assert_value("0.0000000001Ki", "0.000000103");
        assert_value("0e-2147483648", "0");
    }

    #[test]
    fn only_binary_suffixes_are_capped() {
        assert_value("8Ei", "9223372036854775807");
        assert_value("-8Ei", "-9223372036854775807");
        assert_value("7.999999999999999999Ei", "9223372036854775806.847078496");
        assert_value("10E", "10000000000000000000");
    }

    #[test]
    fn digits_are_optional_on_the_fast_path() {
        for text in ["+", "-.", ".", "m", "E4", "e-9", "Ki", "-.Ti"] {
            assert_value(text, "0");
        }
        assert_errors(&["", " ", "e-10", "Pi", ".Ei"]);
    }

    #[test]
    fn exponents_wrap_to_int32() {
        assert_value("1e4294967296", "1");
        assert_value("1e2147483648", "0.000000001");
        assert_value("0.5e-2147483648", "5e2147483647");
        // The slow path wraps once more, while rounding.
        assert_value("1234567890123456789e2147483638", "1234567890123456789e2147483638");
        assert_value("1234567890123456789e2147483640", "0.000000001");
        assert_errors(&["1234567890123456789e2147483639", "1e9223372036854775808"]);
    }

    #[test]
    fn malformed_texts_are_errors() {
        assert_errors(&["--1", "1..2", "1K", "1ki", "1e", "1e+", "1e1.5", "1eE5", "1 Gi", "1_0"]);
        // An Arabic digit, and a tab, which is still escaped when Go trims.
        assert_errors(&["\u{663}", "\t1"]);
    }
}
