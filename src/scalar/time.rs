//! Points in time in the form of RFC 3339, as `metav1.Time` reads them.

/// The nanoseconds since 1970 of a time such as `2026-01-02T03:04:05.5+01:00`. `None` if the text is
/// not in that form.
pub(crate) fn parse_time(text: &str) -> Option<i128> {
    let (date, rest) = text.split_at_checked(10)?;
    let (clock, rest) = rest.strip_prefix('T')?.split_at_checked(8)?;
    let [year, month, day] = numbers(date, '-', [4, 2, 2])?;
    let [hour, minute, second] = numbers(clock, ':', [2, 2, 2])?;
    let is_leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
    let days_of_month = match month {
        4 | 6 | 9 | 11 => 30,
        2 if is_leap => 29,
        2 => 28,
        1..=12 => 31,
        _ => return None,
    };
    if !(1..=days_of_month).contains(&day) || hour > 23 || minute > 59 || second > 59 {
        return None;
    }
    let (nanoseconds, zone) = fraction(rest)?;
    let seconds =
        days(year, month, day) * 86_400 + hour * 3600 + minute * 60 + second - offset(zone)?;
    Some(i128::from(seconds) * 1_000_000_000 + i128::from(nanoseconds))
}

/// A time as `metav1.Time` writes it: in UTC, without a fraction of a second. `None` is the zero of
/// Go's `time.Time`, which is written as `null`.
pub(crate) fn format_time(nanoseconds: i128) -> Option<String> {
    const ZERO: i128 = -62_135_596_800_000_000_000;
    if nanoseconds == ZERO {
        return None;
    }
    let seconds = nanoseconds.div_euclid(1_000_000_000);
    let (days, second) = (seconds.div_euclid(86_400), seconds.rem_euclid(86_400));
    let (year, month, day) = date(i64::try_from(days).ok()?);
    let (hour, minute, second) = (second / 3600, second / 60 % 60, second % 60);
    Some(format!("{year:04}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}Z"))
}

/// The year, month and day of a day since 1970: the reverse of [`days`].
fn date(days: i64) -> (i64, i64, i64) {
    const DAYS_OF_400_YEARS: i64 = 146_097;
    let days = days + 719_468;
    let day_of_era = days.rem_euclid(DAYS_OF_400_YEARS);
    let year_of_era =
        (day_of_era - day_of_era / 1460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let months_since_march = (5 * day_of_year + 2) / 153;
    let day = day_of_year - (153 * months_since_march + 2) / 5 + 1;
    let month = (months_since_march + 2) % 12 + 1;
    let year = year_of_era + days.div_euclid(DAYS_OF_400_YEARS) * 400;
    (if month <= 2 { year + 1 } else { year }, month, day)
}

/// Numbers with exactly these many digits, with a separator between them.
fn numbers(text: &str, separator: char, digits: [usize; 3]) -> Option<[i64; 3]> {
    let mut parts = text.split(separator);
    let mut numbers = [0; 3];
    for (number, digits) in numbers.iter_mut().zip(digits) {
        let part = parts.next().filter(|part| part.len() == digits && is_digits(part))?;
        *number = part.parse().ok()?;
    }
    parts.next().is_none().then_some(numbers)
}

fn is_digits(text: &str) -> bool {
    text.bytes().all(|byte| byte.is_ascii_digit())
}

/// The nanoseconds of a fraction, if there is one, and the text after it. Digits beyond the ninth do
/// not count.
fn fraction(text: &str) -> Option<(i64, &str)> {
    let Some(rest) = text.strip_prefix(['.', ',']) else { return Some((0, text)) };
    let end = rest.find(|char: char| !char.is_ascii_digit()).unwrap_or(rest.len());
    let (digits, rest) = rest.split_at(end);
    let nine: String = digits.chars().chain(std::iter::repeat('0')).take(9).collect();
    Some((nine.parse().ok().filter(|_| !digits.is_empty())?, rest))
}

/// The seconds that a time zone is ahead of UTC.
fn offset(zone: &str) -> Option<i64> {
    if zone == "Z" {
        return Some(0);
    }
    let sign = match zone.bytes().next()? {
        b'+' => 1,
        b'-' => -1,
        _ => return None,
    };
    let (hours, minutes) = zone.get(1..)?.split_once(':')?;
    let number =
        |text: &str| text.parse::<i64>().ok().filter(|_| text.len() == 2 && is_digits(text));
    let (hours, minutes) = (number(hours)?, number(minutes)?);
    (hours <= 24 && minutes <= 60).then_some(sign * (hours * 3600 + minutes * 60))
}

/// The days since 1970 of a date in the Gregorian calendar, counted in years that begin in March.
fn days(year: i64, month: i64, day: i64) -> i64 {
    let year = if month <= 2 { year - 1 } else { year };
    let months_since_march = (month + 9) % 12;
    let day_of_year = (153 * months_since_march + 2) / 5 + day - 1;
    365 * year + year.div_euclid(4) - year.div_euclid(100) + year.div_euclid(400) + day_of_year
        - 719_468
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The seconds are those that Go's `time.Parse(time.RFC3339, …).Unix()` returns.
    #[test]
    fn times_are_compared_as_points_in_time() {
        for (text, seconds) in [
            ("1970-01-01T00:00:00Z", Some(0)),
            ("2026-11-27T18:00:00Z", Some(1_795_802_400)),
            ("2026-11-27T19:00:00+01:00", Some(1_795_802_400)),
            ("2024-02-29T23:59:59-00:30", Some(1_709_252_999)),
            ("0001-01-01T00:00:00Z", Some(-62_135_596_800)),
            ("2023-02-29T00:00:00Z", None),
            ("2026-11-27t18:00:00Z", None),
            ("2026-11-27T18:00:00z", None),
            ("2026-11-27T18:00:00", None),
            ("2026-11-27T18:00:60Z", None),
            ("2026-11-27 18:00:00Z", None),
            ("2026-11-27", None),
            ("", None),
        ] {
            assert_eq!(
                parse_time(text),
                seconds.map(|seconds: i128| seconds * 1_000_000_000),
                "{text}"
            );
        }
        assert_eq!(parse_time("1970-01-01T00:00:00.25Z"), Some(250_000_000));
        assert_eq!(parse_time("1970-01-01T00:00:00.1234567899Z"), Some(123_456_789));
    }

    #[test]
    fn times_are_written_in_utc_and_whole_seconds() {
        for (text, written) in [
            ("1970-01-01T00:00:00Z", Some("1970-01-01T00:00:00Z")),
            ("2026-11-27T19:00:00.75+01:00", Some("2026-11-27T18:00:00Z")),
            ("2024-02-29T23:59:59-00:30", Some("2024-03-01T00:29:59Z")),
            ("1900-03-01T00:00:00Z", Some("1900-03-01T00:00:00Z")),
            ("2000-12-31T23:59:59Z", Some("2000-12-31T23:59:59Z")),
            ("0001-01-01T00:00:01Z", Some("0001-01-01T00:00:01Z")),
            ("0001-01-01T00:00:00Z", None),
        ] {
            let formatted = parse_time(text).and_then(format_time);
            assert_eq!(formatted.as_deref(), written, "{text}");
        }
    }
}
