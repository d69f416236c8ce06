//! `metav1.Time`: parses RFC 3339 with Go's errors, and formats UTC in whole seconds.

use std::fmt::Write as _;
use std::str::FromStr;

use jiff::civil::{Date, DateTime};
use jiff::{SignedDuration, Timestamp};

/// The layout that Go's errors show.
const LAYOUT: &str = "2006-01-02T15:04:05Z07:00";
/// The Gregorian calendar repeats every 400 years.
const CALENDAR_CYCLE: i16 = 400;

/// A time as an API server writes it: `2019-07-11T08:09:41Z`.
pub(crate) fn format(time: Timestamp) -> String {
    time.strftime("%Y-%m-%dT%H:%M:%SZ").to_string()
}

/// Parses a time and formats it in UTC and whole seconds: `2019-07-11T10:09:41.5+02:00` becomes
/// `2019-07-11T08:09:41Z`.
///
/// # Errors
///
/// Go's error ([`time.Parse`]) for a text that is not a time.
///
/// [`time.Parse`]: https://github.com/golang/go/blob/master/src/time/format.go
pub(crate) fn normalize(text: &str) -> Result<String, String> {
    let mut parser = Parser { text, rest: text };
    let (local, offset) = parser.local_time_and_offset()?;
    let utc = to_utc(local, offset);
    let year = utc.year() + CALENDAR_CYCLE;
    let sign = if year < 0 { "-" } else { "" };
    Ok(format!("{sign}{:04}-{}", year.abs(), utc.strftime("%m-%dT%H:%M:%SZ")))
}

#[expect(clippy::expect_used, reason = "an offset is small, and jiff has the years -9999 to 9999")]
fn to_utc(local: DateTime, offset: SignedDuration) -> DateTime {
    local.checked_sub(offset).expect("the year has changed by one at most")
}

/// A text and the part that is not parsed yet.
struct Parser<'t> {
    text: &'t str,
    rest: &'t str,
}

impl Parser<'_> {
    /// Parses the whole text. The local time is returned one calendar cycle early, since the year
    /// 9999 may become 10000 in UTC, which jiff does not support.
    #[expect(clippy::expect_used, reason = "each part was checked to be in its range")]
    fn local_time_and_offset(&mut self) -> Result<(DateTime, SignedDuration), String> {
        let year = self.number::<i16>(4, "2006")? - CALENDAR_CYCLE;
        self.literal("-")?;
        let month = self.number(2, "01")?;
        self.check_range(month, 1, 12, "month")?;
        self.literal("-")?;
        let day = self.number(2, "02")?;
        self.literal("T")?;
        let hour = self.number(2, "15")?;
        self.check_range(hour, 0, 23, "hour")?;
        self.literal(":")?;
        let minute = self.number(2, "04")?;
        self.check_range(minute, 0, 59, "minute")?;
        self.literal(":")?;
        let second = self.number(2, "05")?;
        self.check_range(second, 0, 59, "second")?;
        self.skip_fraction();
        let offset = self.offset()?;
        if !self.rest.is_empty() {
            return Err(self.error(&format!(": extra text: {}", quote(self.rest))));
        }
        let first_of_month = Date::new(year, month, 1).expect("every month has a first day");
        self.check_range(day, 1, first_of_month.days_in_month(), "day")?;
        let local = DateTime::new(year, month, day, hour, minute, second, 0);
        Ok((local.expect("each part is in its range"), offset))
    }

    /// Parses the offset from UTC: `Z`, `+02:00`.
    fn offset(&mut self) -> Result<SignedDuration, String> {
        if let Some(rest) = self.rest.strip_prefix('Z') {
            self.rest = rest;
            return Ok(SignedDuration::ZERO);
        }
        let mut parser = Parser { text: self.text, rest: self.rest };
        let (sign, hours, minutes) =
            parser.signed_hours_and_minutes().ok_or_else(|| self.cannot_parse("Z07:00"))?;
        self.rest = parser.rest;
        if hours > 24 || minutes > 60 {
            return Err(self.error(": time zone offset hour out of range"));
        }
        Ok(SignedDuration::from_mins(sign * (hours * 60 + minutes)))
    }

    fn signed_hours_and_minutes(&mut self) -> Option<(i64, i64, i64)> {
        let (sign, rest) = match self.rest.strip_prefix('+') {
            Some(rest) => (1, rest),
            None => (-1, self.rest.strip_prefix('-')?),
        };
        self.rest = rest;
        let hours = self.digits(2)?;
        self.rest = self.rest.strip_prefix(':')?;
        Some((sign, hours, self.digits(2)?))
    }

    fn number<N: FromStr>(&mut self, count: usize, element: &str) -> Result<N, String> {
        self.digits(count).ok_or_else(|| self.cannot_parse(element))
    }

    /// Parses a number of exactly this many digits.
    fn digits<N: FromStr>(&mut self, count: usize) -> Option<N> {
        let (digits, rest) = self.rest.split_at_checked(count)?;
        let is_number = digits.bytes().all(|byte| byte.is_ascii_digit());
        let number = digits.parse().ok().filter(|_| is_number)?;
        self.rest = rest;
        Some(number)
    }

    fn literal(&mut self, text: &str) -> Result<(), String> {
        self.rest = self.rest.strip_prefix(text).ok_or_else(|| self.cannot_parse(text))?;
        Ok(())
    }

    fn check_range(&self, number: i8, min: i8, max: i8, element: &str) -> Result<(), String> {
        if (min..=max).contains(&number) {
            return Ok(());
        }
        Err(self.error(&format!(": {element} out of range")))
    }

    /// Skips a fraction of a second, which an API server does not store.
    fn skip_fraction(&mut self) {
        let Some(digits) = self.rest.strip_prefix(['.', ',']) else { return };
        let rest = digits.trim_start_matches(|char: char| char.is_ascii_digit());
        if rest.len() < digits.len() {
            self.rest = rest;
        }
    }

    fn error(&self, message: &str) -> String {
        format!("parsing time {}{message}", quote(self.text))
    }

    fn cannot_parse(&self, element: &str) -> String {
        let rest = quote(self.rest);
        self.error(&format!(" as \"{LAYOUT}\": cannot parse {rest} as \"{element}\""))
    }
}

/// A text in an error of Go's package `time`, which writes control and non-ASCII characters as bytes.
fn quote(text: &str) -> String {
    let mut quoted = String::from('"');
    for byte in text.bytes() {
        match byte {
            b'"' | b'\\' => quoted.extend(['\\', char::from(byte)]),
            b' '..=0x7f => quoted.push(char::from(byte)),
            // Writing to a String cannot fail.
            _ => drop(write!(quoted, "\\x{byte:02x}")),
        }
    }
    quoted.push('"');
    quoted
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn normalize_writes_utc_and_whole_seconds() {
        for (text, written) in [
            ("2019-07-11T08:09:41Z", "2019-07-11T08:09:41Z"),
            ("2019-07-11T08:09:41.999Z", "2019-07-11T08:09:41Z"),
            ("2019-12-31T23:30:00-02:00", "2020-01-01T01:30:00Z"),
            ("2020-03-01T01:00:00+02:00", "2020-02-29T23:00:00Z"),
            ("1900-03-01T00:00:00+00:01", "1900-02-28T23:59:00Z"),
            ("0000-01-01T00:00:00Z", "0000-01-01T00:00:00Z"),
            ("0000-01-01T00:00:00+24:60", "-0001-12-30T23:00:00Z"),
            ("9999-12-31T23:59:59-24:60", "10000-01-02T00:59:59Z"),
        ] {
            assert_eq!(normalize(text).as_deref(), Ok(written), "{text}");
        }
    }

    #[test]
    fn format_writes_whole_seconds() {
        let time = "2019-07-11T10:09:41.999+02:00".parse().unwrap();
        assert_eq!(format(time), "2019-07-11T08:09:41Z");
    }

    #[test]
    fn normalize_errors_match_go() {
        for (text, says) in [
            ("", r#"parsing time "" as "2006-01-02T15:04:05Z07:00": cannot parse "" as "2006""#),
            (
                "2019-07-11",
                r#"parsing time "2019-07-11" as "2006-01-02T15:04:05Z07:00": cannot parse "" as "T""#,
            ),
            ("2019-13-11T08:09:41Z", r#"parsing time "2019-13-11T08:09:41Z": month out of range"#),
            ("2019-02-29T08:09:41Z", r#"parsing time "2019-02-29T08:09:41Z": day out of range"#),
            (
                "2019-07-11T08:09:41",
                r#"parsing time "2019-07-11T08:09:41" as "2006-01-02T15:04:05Z07:00": cannot parse "" as "Z07:00""#,
            ),
            (
                "2019-07-11T08:09:41+2:00",
                r#"parsing time "2019-07-11T08:09:41+2:00" as "2006-01-02T15:04:05Z07:00": cannot parse "+2:00" as "Z07:00""#,
            ),
            (
                "2019-07-11T08:09:41+25:00",
                r#"parsing time "2019-07-11T08:09:41+25:00": time zone offset hour out of range"#,
            ),
            ("2019-07-11T08:09:60Z", r#"parsing time "2019-07-11T08:09:60Z": second out of range"#),
            ("2019-07-11T08:09:41Zx", r#"parsing time "2019-07-11T08:09:41Zx": extra text: "x""#),
            (
                "ä\"\0",
                r#"parsing time "\xc3\xa4\"\x00" as "2006-01-02T15:04:05Z07:00": cannot parse "\xc3\xa4\"\x00" as "2006""#,
            ),
        ] {
            assert_eq!(normalize(text), Err(says.to_owned()), "{text}");
        }
    }
}
