//! Go's duration strings, the JSON form of Kubernetes' `metav1.Duration`.

/// 2⁶³, the magnitude of the longest negative duration and the limit of every step on the way.
const LIMIT: u64 = 1 << 63;

/// Returns the nanoseconds of a duration such as `1h30m` or `-1.5s`, or `None` where
/// [`time.ParseDuration`][go] reports an error, overflow included.
///
/// Fractions are computed in floating point because Go does: which nanosecond they end on depends
/// on it.
///
/// [go]: https://pkg.go.dev/time#ParseDuration
pub(crate) fn parse_duration(text: &str) -> Option<i64> {
    let unsigned = text.strip_prefix(['+', '-']).unwrap_or(text);
    if unsigned == "0" {
        return Some(0);
    }
    if unsigned.is_empty() {
        return None;
    }
    let total = total(unsigned)?;
    if text.starts_with('-') {
        0_i64.checked_sub_unsigned(total)
    } else {
        i64::try_from(total).ok()
    }
}

/// Adds up the terms that make up `rest`.
fn total(mut rest: &str) -> Option<u64> {
    let mut total = 0_u64;
    while !rest.is_empty() {
        let (nanoseconds, after) = term(rest)?;
        // Twice the limit wraps to zero and passes the check: so it does in Go.
        total = limited(total.wrapping_add(nanoseconds))?;
        rest = after;
    }
    Some(total)
}

/// Reads one number with its unit, and returns its nanoseconds and what follows.
fn term(text: &str) -> Option<(u64, &str)> {
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
    let whole = limited(whole_number(whole)?.checked_mul(unit)?)?;
    let nanoseconds = limited(whole.checked_add(fraction_of(fraction, unit))?)?;
    Some((nanoseconds, rest))
}

fn unit_nanoseconds(unit: &str) -> Option<u64> {
    Some(match unit {
        "ns" => 1,
        // The micro sign and the Greek letter.
        "us" | "\u{b5}s" | "\u{3bc}s" => 1_000,
        "ms" => 1_000_000,
        "s" => 1_000_000_000,
        "m" => 60_000_000_000,
        "h" => 3_600_000_000_000,
        _ => return None,
    })
}

fn whole_number(digits: &str) -> Option<u64> {
    if digits.is_empty() { Some(0) } else { limited(digits.parse().ok()?) }
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
    truncate(to_float(numerator) * (to_float(unit) / denominator))
}

fn append_digit(number: u64, digit: u8) -> Option<u64> {
    limited(number.checked_mul(10)?.checked_add(u64::from(digit & 0x0f))?)
}

fn limited(n: u64) -> Option<u64> {
    (n <= LIMIT).then_some(n)
}

/// The float nearest to `n`: the halves convert without loss, only their sum is rounded.
fn to_float(n: u64) -> f64 {
    const TWO_32: f64 = 4_294_967_296.0;
    let [high, low] = [n >> 32, n & 0xffff_ffff].map(|half| u32::try_from(half).unwrap_or(0));
    f64::from(high) * TWO_32 + f64::from(low)
}

/// The whole part of a float from 0 up to 2⁵², far above the nanoseconds of an hour.
fn truncate(x: f64) -> u64 {
    // From 2⁵² on, floats are whole numbers and the mantissa's bits count up from zero.
    const TWO_52: f64 = 4_503_599_627_370_496.0;
    (x.trunc() + TWO_52).to_bits() & 0x000f_ffff_ffff_ffff
}

/// Splits `text` before the first character that `ends` accepts.
fn split_at(text: &str, ends: impl Fn(char) -> bool) -> (&str, &str) {
    text.find(ends).and_then(|end| text.split_at_checked(end)).unwrap_or((text, ""))
}

#[cfg(test)]
mod tests {
    use super::{parse_duration, to_float, truncate};

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
    fn fractions_are_cut_and_inexact() {
        assert_eq!(parse_duration("0.9ns"), Some(0));
        assert_eq!(parse_duration("0.000000000000003h"), Some(0));
        // 299.99… ns, were it not for floating point.
        assert_eq!(parse_duration("0.29999999999999999999us"), Some(300));
        assert_eq!(parse_duration("0.9223372036854775807h"), Some(3_320_413_933_267));
    }

    #[test]
    fn the_range_is_that_of_64_bits() {
        assert_eq!(parse_duration("9223372036854775807ns"), Some(i64::MAX));
        assert_eq!(parse_duration("9223372036854775808ns"), None);
        assert_eq!(parse_duration("-9223372036854775808ns"), Some(i64::MIN));
        assert_eq!(parse_duration("-9223372036854775808ns1ns"), None);
        assert_eq!(parse_duration("2562047h47m16.854775807s"), Some(i64::MAX));
        assert_eq!(parse_duration("2562048h"), None);
        // Go's own overflow check overflows here.
        assert_eq!(parse_duration("9223372036854775808ns9223372036854775808ns"), Some(0));
    }

    #[test]
    fn floats_round_like_casts() {
        // 2⁵³+1 and +3 lie halfway between two floats, of which the even one wins.
        for (n, bits) in [(1 << 53, 0), ((1 << 53) + 1, 0), ((1 << 53) + 3, 2), ((1 << 53) + 4, 2)]
        {
            assert_eq!(to_float(n).to_bits(), 9_007_199_254_740_992_f64.to_bits() + bits, "{n}");
        }
        for (x, whole) in [(0.0, 0), (0.999, 0), (2.5, 2), (3.6e12 - 0.000_5, 3_599_999_999_999)] {
            assert_eq!(truncate(x), whole, "{x}");
        }
    }
}
