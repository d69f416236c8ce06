//! Go's duration strings, the JSON form of Kubernetes' `metav1.Duration`.
//!
//! Follows [`time.ParseDuration`][go] exactly, including its wrapping addition and its
//! floating-point fractions, because two texts are the same duration if Volcano reads the same
//! number of nanoseconds from them.
//!
//! [go]: https://github.com/golang/go/blob/go1.24.0/src/time/format.go
#![warn(clippy::arithmetic_side_effects)]

/// 2⁶³, the magnitude of the longest negative duration. Go checks every intermediate result against
/// it.
const LIMIT: u64 = 1 << 63;

/// Returns the nanoseconds of a duration such as `1h30m` or `-1.5s`, or `None` where Go reports an
/// error, overflow included.
pub(crate) fn parse_duration(text: &str) -> Option<i64> {
    let unsigned = text.strip_prefix(['+', '-']).unwrap_or(text);
    if unsigned == "0" {
        return Some(0);
    }
    if unsigned.is_empty() {
        return None;
    }
    let total = sum_terms(unsigned)?;
    if text.starts_with('-') {
        0_i64.checked_sub_unsigned(total)
    } else {
        i64::try_from(total).ok()
    }
}

/// Writes a duration as Go's [`Duration.String`](https://pkg.go.dev/time#Duration.String) does, such
/// as `1h0m1.5s` or `20ms`.
pub(crate) fn format_duration(nanoseconds: i64) -> String {
    const SECOND: u64 = 1_000_000_000;
    let sign = if nanoseconds < 0 { "-" } else { "" };
    let magnitude = nanoseconds.unsigned_abs();
    let text = match magnitude {
        0 => "0s".into(),
        1..1_000 => format!("{magnitude}ns"),
        1_000..1_000_000 => decimal(magnitude, 1_000, 3) + "\u{b5}s",
        1_000_000..SECOND => decimal(magnitude, 1_000_000, 6) + "ms",
        _ => {
            let minutes = magnitude / (60 * SECOND);
            let seconds = decimal(magnitude % (60 * SECOND), SECOND, 9) + "s";
            match (minutes / 60, minutes % 60) {
                (0, 0) => seconds,
                (0, minutes) => format!("{minutes}m{seconds}"),
                (hours, minutes) => format!("{hours}h{minutes}m{seconds}"),
            }
        }
    };
    format!("{sign}{text}")
}

/// `number` / `unit` as a decimal with at most this many places, without zeros at its end.
fn decimal(number: u64, unit: u64, places: usize) -> String {
    let (whole, rest) = (number.div_euclid(unit), number.rem_euclid(unit));
    let text = format!("{whole}.{rest:0places$}");
    text.trim_end_matches('0').trim_end_matches('.').into()
}

/// Returns the sum of the terms in `rest`.
fn sum_terms(mut rest: &str) -> Option<u64> {
    let mut total = 0_u64;
    while !rest.is_empty() {
        let (nanoseconds, tail) = parse_term(rest)?;
        // Go adds with wrapping and checks afterwards, so 2⁶³ + 2⁶³ = 0 passes the check.
        total = within_limit(total.wrapping_add(nanoseconds))?;
        rest = tail;
    }
    Some(total)
}

/// Reads one number with its unit. Returns its nanoseconds and the text after it.
fn parse_term(text: &str) -> Option<(u64, &str)> {
    let (whole, rest) = split_at(text, |c| !c.is_ascii_digit());
    let (fraction, rest) = match rest.strip_prefix('.') {
        Some(rest) => split_at(rest, |c| !c.is_ascii_digit()),
        None => ("", rest),
    };
    if whole.is_empty() && fraction.is_empty() {
        return None;
    }
    let (unit, rest) = split_at(rest, |c| c == '.' || c.is_ascii_digit());
    let unit = unit_nanoseconds(unit)?;
    let whole = within_limit(parse_whole(whole)?.checked_mul(unit)?)?;
    let nanoseconds = within_limit(whole.checked_add(fraction_of(fraction, unit))?)?;
    Some((nanoseconds, rest))
}

fn unit_nanoseconds(unit: &str) -> Option<u64> {
    Some(match unit {
        "ns" => 1,
        // The micro sign (U+00B5) and the Greek letter mu (U+03BC).
        "us" | "\u{b5}s" | "\u{3bc}s" => 1_000,
        "ms" => 1_000_000,
        "s" => 1_000_000_000,
        "m" => 60_000_000_000,
        "h" => 3_600_000_000_000,
        _ => return None,
    })
}

fn parse_whole(digits: &str) -> Option<u64> {
    if digits.is_empty() { Some(0) } else { within_limit(digits.parse().ok()?) }
}

/// Returns the whole nanoseconds in the fraction `0.digits` of `unit`, with Go's rounding errors.
fn fraction_of(digits: &str, unit: u64) -> u64 {
    let mut numerator = 0;
    let mut denominator = 1.0;
    for digit in digits.bytes() {
        let Some(next) = append_digit(numerator, digit) else {
            // Go ignores the digits that no longer fit.
            break;
        };
        numerator = next;
        denominator *= 10.0;
    }
    // Go computes `uint64(float64(f) * (float64(unit) / scale))`.
    truncate(to_float(numerator) * (to_float(unit) / denominator))
}

fn append_digit(number: u64, digit: u8) -> Option<u64> {
    within_limit(number.checked_mul(10)?.checked_add(u64::from(digit & 0x0f))?)
}

fn within_limit(n: u64) -> Option<u64> {
    (n <= LIMIT).then_some(n)
}

#[expect(clippy::cast_precision_loss, reason = "rounds to the nearest float, as Go does")]
fn to_float(n: u64) -> f64 {
    n as f64
}

#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "drops the fraction, as Go does; 0 ≤ x ≤ the nanoseconds of an hour"
)]
fn truncate(x: f64) -> u64 {
    x as u64
}

/// Splits `text` before the first character for which `ends` returns `true`.
fn split_at(text: &str, ends: impl Fn(char) -> bool) -> (&str, &str) {
    text.split_at(text.find(ends).unwrap_or(text.len()))
}

#[cfg(test)]
mod tests {
    use super::{format_duration, parse_duration};

    /// What `time.ParseDuration(text).String()` returns.
    #[test]
    fn durations_are_written_as_go_does() {
        for (text, written) in [
            ("0", "0s"),
            ("1ns", "1ns"),
            ("1500ns", "1.5\u{b5}s"),
            ("20ms", "20ms"),
            ("90s", "1m30s"),
            ("60m", "1h0m0s"),
            ("-1.5h1us", "-1h30m0.000001s"),
            ("100h", "100h0m0s"),
            ("-2562047h47m16.854775808s", "-2562047h47m16.854775808s"),
        ] {
            assert_eq!(parse_duration(text).map(format_duration).as_deref(), Some(written));
        }
    }

    #[test]
    fn terms_add_up() {
        assert_eq!(parse_duration("1h0m0s"), parse_duration("60m"));
        assert_eq!(parse_duration("-1.5h30m"), Some(-7_200_000_000_000));
        assert_eq!(parse_duration("1us1\u{b5}s1\u{3bc}s"), Some(3_000));
        assert_eq!(parse_duration(".5s"), parse_duration("500.ms"));
    }

    #[test]
    fn zero_alone_needs_no_unit() {
        for text in ["0", "+0", "-0", "0s"] {
            assert_eq!(parse_duration(text), Some(0), "{text:?}");
        }
        for text in
            ["", "+", "00", "5", "0.0", ".s", "1d", "1h ", " 1h", "1.5.5s", "--1s", "1S", "1e3s"]
        {
            assert_eq!(parse_duration(text), None, "{text:?}");
        }
    }

    #[test]
    fn fractions_are_truncated_floats() {
        assert_eq!(parse_duration("0.9ns"), Some(0));
        assert_eq!(parse_duration("0.000000000000003h"), Some(0));
        // The exact value is 299.99… ns; Go's floating point gives 300.
        assert_eq!(parse_duration("0.29999999999999999999us"), Some(300));
        assert_eq!(parse_duration("0.9223372036854775807h"), Some(3_320_413_933_267));
    }

    #[test]
    fn range_is_int64() {
        assert_eq!(parse_duration("9223372036854775807ns"), Some(i64::MAX));
        assert_eq!(parse_duration("9223372036854775808ns"), None);
        assert_eq!(parse_duration("-9223372036854775808ns"), Some(i64::MIN));
        assert_eq!(parse_duration("-9223372036854775808ns1ns"), None);
        assert_eq!(parse_duration("2562047h47m16.854775807s"), Some(i64::MAX));
        assert_eq!(parse_duration("2562048h"), None);
        // Go does not notice this overflow.
        assert_eq!(parse_duration("9223372036854775808ns9223372036854775808ns"), Some(0));
    }
}
