//! Kubernetes' `resource.Quantity` as an exact decimal number.
//!
//! Follows [`ParseQuantity`][go], its caps and its 32-bit exponents included. It has two roads, a
//! short one in int64 and a long one in arbitrary precision, and they disagree at the edges: on
//! numbers without digits, and on exponents near the ends of int32. Those differences are kept.
//!
//! [go]: https://github.com/kubernetes/apimachinery/blob/master/pkg/api/resource/quantity.go

use std::{fmt, iter};

/// The exponent of the smallest unit, which everything finer is rounded up to.
const NANO: i32 = -9;

/// 2⁶³−1, the cap on numbers with a binary suffix.
const BINARY_MAX: &str = "9223372036854775807";

/// `Display` writes out this many trailing zeros at most, then it turns to e-notation.
const PRINTED_ZEROS: usize = 1000;

/// A quantity's numeric value, after Go's rounding and caps.
///
/// Equal values are equal however they were spelled: `1Gi` and `1024Mi`, `0.1` and `100m`. The form
/// is normalised, so comparing and hashing cost no more than the digits, whatever the exponents.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Quantity {
    negative: bool,
    /// ASCII digits without leading or trailing zeros, none at all for zero.
    digits: String,
    /// The power of ten that the digits count. Wider than Go's, as it takes in trailing zeros.
    exponent: i64,
}

impl Quantity {
    /// Reads the contents of a JSON string, or a bare JSON number as it was written: Go's
    /// `UnmarshalJSON` strips the quotes and treats both alike.
    ///
    /// Returns `None` where Go reports an error or panics (or past 2 GiB of decimal places). Takes
    /// time linear in the length of the text, not in the size of the exponent.
    pub(crate) fn parse(text: &str) -> Option<Self> {
        let text = text.trim_matches(is_trimmed);
        if text.is_empty() {
            return None;
        }
        let negative = text.starts_with('-');
        let (whole, rest) = split_digits(text.strip_prefix(['+', '-']).unwrap_or(text));
        let (fraction, suffix) = rest.strip_prefix('.').map_or(("", rest), split_digits);
        let (factor, exponent, short_road) = interpret(suffix)?;
        let digits = multiply_add(&[whole, fraction].concat(), factor, 0);
        let scale = exponent.wrapping_sub(i32::try_from(fraction.len()).ok()?);
        if scale >= NANO && counted_digits(whole, fraction) <= short_road {
            return Some(Self::exact(negative, &digits, scale));
        }
        // The long road reads the digits again, and there it insists on one.
        if whole.is_empty() && fraction.is_empty() {
            return None;
        }
        let value = Self::rounded(negative, &digits, scale)?;
        Some(if factor > 1 { value.capped() } else { value })
    }

    /// The value `digits` × 10^`scale`.
    fn exact(negative: bool, digits: &str, scale: i32) -> Self {
        let digits = digits.trim_start_matches('0');
        let significant = digits.trim_end_matches('0');
        let zeros = digits.len().saturating_sub(significant.len());
        let exponent = length(zeros).saturating_add(i64::from(scale));
        let is_zero = significant.is_empty();
        Self {
            negative: negative && !is_zero,
            digits: significant.to_owned(),
            exponent: if is_zero { 0 } else { exponent },
        }
    }

    /// The value `digits` × 10^`scale`, rounded away from zero to whole nanos.
    fn rounded(negative: bool, digits: &str, scale: i32) -> Option<Self> {
        // Go subtracts in int32. Exponents within 9 of its end wrap to a huge division, which
        // leaves 1n; the very first of them cannot be negated, and Go panics.
        let shift = scale.wrapping_sub(NANO);
        if shift >= 0 || !has_nonzero(digits) {
            return Some(Self::exact(negative, digits, scale));
        }
        let dropped = usize::try_from(shift.checked_neg()?).ok()?;
        let kept = digits.len().saturating_sub(dropped);
        let (kept, rest) = digits.split_at_checked(kept)?;
        let nanos = multiply_add(kept, 1, u64::from(has_nonzero(rest)));
        Some(Self::exact(negative, &nanos, NANO))
    }

    /// Brings the value to within ±(2⁶³−1).
    fn capped(mut self) -> Self {
        // Without leading zeros, the number of whole digits decides first, then the alphabet.
        let whole = length(self.digits.len()).saturating_add(self.exponent);
        if (whole, self.digits.as_str()) > (length(BINARY_MAX.len()), BINARY_MAX) {
            BINARY_MAX.clone_into(&mut self.digits);
            self.exponent = 0;
        }
        self
    }
}

impl fmt::Display for Quantity {
    /// Writes the exact plain decimal, without suffix, such as `0.5` or `1073741824`; in e-notation
    /// where that would end in a long run of zeros.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let sign = if self.negative { "-" } else { "" };
        // At least a zero before the point, if there is one.
        let places = usize::try_from(self.exponent.saturating_neg()).unwrap_or(0);
        let digits = format!("{:0>1$}", self.digits, places.saturating_add(1));
        match usize::try_from(self.exponent) {
            Ok(zeros @ 0..=PRINTED_ZEROS) => write!(f, "{sign}{digits}{}", "0".repeat(zeros)),
            Ok(zeros) => write!(f, "{sign}{digits}e{zeros}"),
            Err(_) => {
                let point = digits.len().saturating_sub(places);
                let (whole, fraction) = digits.split_at_checked(point).ok_or(fmt::Error)?;
                write!(f, "{sign}{whole}.{fraction}")
            }
        }
    }
}

/// Returns what a suffix multiplies by (a power of 1024, or 1 if it is decimal), what it adds to
/// the exponent, and how many digits may take the short road with it.
///
/// See [suffix.go](https://github.com/kubernetes/apimachinery/blob/master/pkg/api/resource/suffix.go).
fn interpret(suffix: &str) -> Option<(u64, i32, usize)> {
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
        _ => (1, low_half(suffix.strip_prefix(['e', 'E'])?.parse().ok()?), 18),
    })
}

/// Go's `int32(n)`.
fn low_half(n: i64) -> i32 {
    let [b0, b1, b2, b3, ..] = n.to_le_bytes();
    i32::from_le_bytes([b0, b1, b2, b3])
}

/// The number of digits in Go's eyes: it drops leading zeros, and puts one where no whole digit is
/// left.
fn counted_digits(whole: &str, fraction: &str) -> usize {
    let whole = whole.trim_start_matches('0').len().max(1);
    whole.saturating_add(fraction.len())
}

/// Whether Go trims this character: white space, if it gets that far. `UnmarshalJSON` sees the
/// string as it is in JSON, where these others are escaped (the last two by Go's own encoder).
fn is_trimmed(c: char) -> bool {
    c.is_whitespace() && c >= ' ' && !matches!(c, '\u{2028}' | '\u{2029}')
}

/// Splits off the ASCII digits that `text` starts with.
fn split_digits(text: &str) -> (&str, &str) {
    let end = text.find(|c: char| !c.is_ascii_digit());
    end.and_then(|end| text.split_at_checked(end)).unwrap_or((text, ""))
}

fn has_nonzero(digits: &str) -> bool {
    digits.contains(|digit| digit != '0')
}

fn length(n: usize) -> i64 {
    i64::try_from(n).unwrap_or(i64::MAX)
}

/// Returns `digits` × `factor` + `addend` for a `factor` of up to 1024⁶, with some leading zeros.
fn multiply_add(digits: &str, factor: u64, addend: u64) -> String {
    // The carry never exceeds the factor or the addend, so that nothing saturates and 20 more
    // digits flush it.
    let mut carry = addend;
    let padded = digits.bytes().rev().chain(iter::repeat_n(b'0', 20));
    let backwards = padded.map(|digit| {
        let sum = factor.saturating_mul(u64::from(digit & 0x0f)).saturating_add(carry);
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
    fn reads(text: &str, expected: &str) {
        assert_eq!(value(text).as_deref(), Some(expected), "{text:?}");
    }

    #[track_caller]
    fn denies(texts: &[&str]) {
        for text in texts {
            assert_eq!(value(text), None, "{text:?}");
        }
    }

    #[test]
    fn one_value_has_many_spellings() {
        let spellings = ["1Gi", " 1024Mi ", "+1073741824", "1.073741824e9", "01073741824.0"];
        for text in spellings {
            assert_eq!(Quantity::parse(text), Quantity::parse("1073741824000m"), "{text:?}");
        }
        assert_eq!(Quantity::parse("-0"), Quantity::parse("0Ei"));
        assert_ne!(Quantity::parse("-1"), Quantity::parse("1"));
    }

    #[test]
    fn below_nano_rounds_away_from_zero() {
        reads("0.1n", "0.000000001");
        reads("-1.0000000001", "-1.000000001");
        reads("0.9999999999", "1");
        reads("0.0000000001Ki", "0.000000103");
        reads("0e-2147483648", "0");
    }

    #[test]
    fn only_binary_is_capped() {
        reads("8Ei", "9223372036854775807");
        reads("-8Ei", "-9223372036854775807");
        reads("7.999999999999999999Ei", "9223372036854775806.847078496");
        reads("10E", "10000000000000000000");
    }

    #[test]
    fn digits_are_optional_on_the_short_road() {
        for text in ["+", "-.", ".", "m", "E4", "e-9", "Ki", "-.Ti"] {
            reads(text, "0");
        }
        denies(&["", " ", "e-10", "Pi", ".Ei"]);
    }

    #[test]
    fn exponents_are_cut_to_32_bits() {
        reads("1e4294967296", "1");
        reads("1e2147483648", "0.000000001");
        reads("0.5e-2147483648", "5e2147483647");
        // The long road wraps once more, while rounding.
        reads("1234567890123456789e2147483638", "1234567890123456789e2147483638");
        reads("1234567890123456789e2147483640", "0.000000001");
        denies(&["1234567890123456789e2147483639", "1e9223372036854775808"]);
    }

    #[test]
    fn syntax_is_strict() {
        denies(&["--1", "1..2", "1K", "1ki", "1e", "1e+", "1e1.5", "1eE5", "1 Gi", "1_0"]);
        // An Arabic digit; and a tab, which is an escape by the time that Go trims.
        denies(&["\u{663}", "\t1"]);
    }
}
