//! The value of a JSON number, however it is written.

use serde_json::{Number, Value};

/// Whether two numbers have the same value: `1`, `1.0` and `1e0` do.
pub(crate) fn same(a: &Number, b: &Number) -> bool {
    a == b
        || match (exact(a), exact(b)) {
            (Some(a), Some(b)) => a == b,
            (None, None) => a.as_f64() == b.as_f64(),
            _ => false,
        }
}

/// The integer that a value is, if it is one that fits.
pub(crate) fn integer(value: &Value) -> Option<i64> {
    exact(value.as_number()?)?.try_into().ok()
}

/// The integer that a field holds: 0 if it is absent or `null`, as in a Go struct.
pub(crate) fn integer_or_zero(field: Option<&Value>) -> Option<i64> {
    field.filter(|value| !value.is_null()).map_or(Some(0), integer)
}

/// A text that is the same for equal scalars, however they are written.
pub(crate) fn scalar_text(value: &Value) -> String {
    match integer(value) {
        Some(integer) => integer.to_string(),
        None => value.to_string(),
    }
}

/// A number that has a whole value, as that value.
fn exact(number: &Number) -> Option<i128> {
    if let Some(integer) = number.as_i64() {
        return Some(integer.into());
    }
    if let Some(integer) = number.as_u64() {
        return Some(integer.into());
    }
    let float = number.as_f64()?;
    // Every whole double below 2¹²⁷ is exactly one i128.
    let whole = float.fract() == 0.0 && float.abs() < 1e38;
    #[expect(clippy::cast_possible_truncation, reason = "checked to be whole and in range")]
    whole.then_some(float as i128)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn number(text: &str) -> Number {
        serde_json::from_str(text).unwrap()
    }

    #[test]
    fn spelling_does_not_matter_and_precision_does() {
        for (a, b, equal) in [
            ("1", "1.0", true),
            ("1", "1e0", true),
            ("0", "-0.0", true),
            ("1.5", "15e-1", true),
            ("1", "1.5", false),
            ("9007199254740993", "9007199254740992.0", false),
            ("18446744073709551615", "18446744073709551616", false),
            ("1e300", "10e299", true),
        ] {
            assert_eq!(same(&number(a), &number(b)), equal, "{a} {b}");
            assert_eq!(same(&number(b), &number(a)), equal, "{b} {a}");
        }
    }
}
