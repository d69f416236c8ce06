//! The numeric value of JSON numbers, independent of their spelling.

use serde_json::{Number, Value};

/// Whether two numbers have the same value, such as `1`, `1.0` and `1e0`.
pub(crate) fn same(a: &Number, b: &Number) -> bool {
    a == b
        || match (exact(a), exact(b)) {
            (Some(a), Some(b)) => a == b,
            (None, None) => a.as_f64() == b.as_f64(),
            _ => false,
        }
}

/// The value as an integer, if it is a number with an integral value in the range of `i64`.
pub(crate) fn integer(value: &Value) -> Option<i64> {
    exact(value.as_number()?)?.try_into().ok()
}

/// Whether an API server takes a number for an integer: it reads one beyond `i64`, or with a point or
/// exponent, as a double, and a double is an integer only up to 2⁵³ − 1.
///
/// See [swag](https://github.com/go-openapi/swag/blob/v0.23.0/convert.go), `IsFloat64AJSONInteger`. What
/// that takes for an integer although it has a small fraction, the next check refuses.
pub(crate) fn is_server_integer(number: &Number) -> bool {
    const MAX: f64 = 9_007_199_254_740_991.0;
    number.is_i64()
        || number.as_f64().is_some_and(|double| double.fract() == 0.0 && double.abs() <= MAX)
}

/// The integer value of a field, which is 0 if the field is absent or `null`, as in a Go struct.
pub(crate) fn integer_or_zero(field: Option<&Value>) -> Option<i64> {
    field.filter(|value| !value.is_null()).map_or(Some(0), integer)
}

/// The canonical text of a scalar. Equal scalars have the same canonical text.
pub(crate) fn scalar_text(value: &Value) -> String {
    match integer(value) {
        Some(integer) => integer.to_string(),
        None => value.to_string(),
    }
}

/// The value of the number if it is integral and in the range of `i128`.
fn exact(number: &Number) -> Option<i128> {
    if let Some(integer) = number.as_i64() {
        return Some(integer.into());
    }
    if let Some(integer) = number.as_u64() {
        return Some(integer.into());
    }
    let float = number.as_f64()?;
    // 10³⁸ < 2¹²⁷: the conversion of such a float is exact.
    let is_integral = float.fract() == 0.0 && float.abs() < 1e38;
    #[expect(clippy::cast_possible_truncation, reason = "integral and in range")]
    is_integral.then_some(float as i128)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn number(text: &str) -> Number {
        serde_json::from_str(text).unwrap()
    }

    #[test]
    fn is_server_integer_ends_where_doubles_have_gaps() {
        for (text, expected) in [
            ("9223372036854775807", true),
            ("9223372036854775808", false),
            ("-9223372036854775809", false),
            ("9007199254740991.0", true),
            ("-9007199254740991.0", true),
            ("9007199254740992.0", false),
            ("1e18", false),
            ("1e3", true),
            ("-0", true),
            ("1.5", false),
            ("1.0000000001", false),
        ] {
            assert_eq!(is_server_integer(&number(text)), expected, "{text}");
        }
    }

    #[test]
    fn same_compares_exact_values() {
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
