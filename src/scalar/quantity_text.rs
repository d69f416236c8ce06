//! How Go writes a `resource.Quantity` that it read from a text.
//!
//! Follows [`ParseQuantity` and `CanonicalizeBytes`][go]: most texts that look canonical are kept, also
//! some that are not, such as `+1` and `01`; the others are written in the format of the text.
//!
//! [go]: https://github.com/kubernetes/apimachinery/blob/v0.36.1/pkg/api/resource/quantity.go

#![expect(
    missing_docs,
    clippy::must_use_candidate,
    reason = "public only for another crate of this workspace"
)]

use std::fmt;

use super::quantity::{Parts, Quantity, is_trimmed};

/// A quantity and how Go writes it, which is what `Display` returns.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WrittenQuantity {
    value: Quantity,
    format: Format,
    /// The text, if Go keeps it, and the exponent of its last digit.
    kept: Option<(String, i32)>,
}

/// The kind of suffix of a quantity.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Format {
    /// Such as `Gi`.
    BinarySi,
    /// Such as `G`, or none.
    DecimalSi,
    /// Such as `e9`.
    DecimalExponent,
}

impl WrittenQuantity {
    /// Reads a quantity; see [`Quantity::parse`].
    pub fn read(text: &str) -> Option<Self> {
        let value = Quantity::parse(text)?;
        let text = text.trim_matches(is_trimmed);
        let parts = Parts::of(text)?;
        let format = Format::of(parts.suffix);
        let is_kept = text == "0" || is_kept(&parts, format);
        let kept = is_kept.then(|| (text.to_owned(), parts.scale));
        Some(Self { value, format, kept })
    }

    pub fn value(&self) -> &Quantity {
        &self.value
    }

    /// The quantity rounded away from zero to thousandths, as Kubernetes does with resources.
    #[must_use]
    pub fn rounded_to_milli(self) -> Self {
        let kept = self.kept.filter(|(_, scale)| *scale >= -3);
        Self { value: self.value.rounded_away(-3), kept, ..self }
    }
}

impl fmt::Display for WrittenQuantity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (value, sign) = (&self.value, if self.value.negative { "-" } else { "" });
        if let Some((text, _)) = &self.kept {
            return f.write_str(text);
        }
        if value.digits.is_empty() {
            return f.write_str("0");
        }
        if let Some((number, suffix)) = binary(value).filter(|_| self.format == Format::BinarySi) {
            return write!(f, "{sign}{number}{suffix}");
        }
        let zeros = value.exponent.rem_euclid(3);
        let exponent = value.exponent - zeros;
        let zeros = ["", "0", "00"].into_iter().nth(usize::try_from(zeros).unwrap_or_default());
        write!(f, "{sign}{}{}", value.digits, zeros.unwrap_or_default())?;
        match (self.format, exponent) {
            (_, 0) => Ok(()),
            (Format::DecimalExponent, _) => write!(f, "e{exponent}"),
            // Go writes no suffix if there is none of that size.
            (Format::DecimalSi | Format::BinarySi, _) => f.write_str(decimal_suffix(exponent)),
        }
    }
}

impl Format {
    fn of(suffix: &str) -> Self {
        if suffix.ends_with('i') {
            Self::BinarySi
        } else if suffix.len() > 1 {
            Self::DecimalExponent
        } else {
            Self::DecimalSi
        }
    }
}

/// Whether Go takes a text for canonical and keeps it.
fn is_kept(parts: &Parts<'_>, format: Format) -> bool {
    let digits = [parts.whole, parts.fraction].concat();
    // Leading zeros of the whole number do not count.
    let whole = parts.whole.trim_start_matches('0');
    let number = if digits.is_empty() { Ok(0) } else { digits.parse::<u64>() };
    let is_multiple_of_8 = number.is_ok_and(|number| number % 8 == 0);
    parts.is_on_fast_path()
        && match format {
            Format::BinarySi => parts.fraction.is_empty() && !is_multiple_of_8,
            Format::DecimalSi | Format::DecimalExponent => {
                parts.scale % 3 == 0 && !digits.ends_with("000") && !whole.is_empty()
            }
        }
}

/// The whole number of the largest binary unit that a quantity is a multiple of. `None` for fractions
/// and below 1024, which Go writes as decimals.
fn binary(value: &Quantity) -> Option<(u64, &'static str)> {
    let zeros = u32::try_from(value.exponent).ok()?;
    let number = value.digits.parse::<u64>().ok()?.checked_mul(10_u64.checked_pow(zeros)?)?;
    let unit = number.trailing_zeros() / 10;
    let units = ["", "Ki", "Mi", "Gi", "Ti", "Pi", "Ei"];
    let suffix = units.get(usize::try_from(unit).ok()?)?;
    (number >= 1024).then_some((number >> (10 * unit), suffix))
}

/// The decimal suffix for a power of ten; empty if there is none.
fn decimal_suffix(exponent: i64) -> &'static str {
    match exponent {
        -9 => "n",
        -6 => "u",
        -3 => "m",
        3 => "k",
        6 => "M",
        9 => "G",
        12 => "T",
        15 => "P",
        18 => "E",
        _ => "",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What `resource.MustParse(text).String()` returns; after `RoundUp(-3)`, the second one.
    #[test]
    fn quantities_are_rounded_to_milli() {
        for (text, written, rounded) in [
            ("1500m", "1500m", "1500m"),
            ("0.1n", "1n", "1m"),
            ("1.0001", "1000100u", "1001m"),
            ("1000u", "1m", "1m"),
            ("+1", "+1", "+1"),
            ("1.000000", "1", "1"),
            ("-1500u", "-1500u", "-2m"),
            ("0.5Ki", "512", "512"),
            ("1.5Gi", "1536Mi", "1536Mi"),
            ("1e21", "1e21", "1e21"),
        ] {
            let quantity = WrittenQuantity::read(text).unwrap();
            assert_eq!(quantity.to_string(), written, "{text}");
            assert_eq!(quantity.rounded_to_milli().to_string(), rounded, "{text}");
        }
    }
}
