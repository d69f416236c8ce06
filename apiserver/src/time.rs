//! `metav1.Time`: RFC 3339 in, UTC and whole seconds out.

/// The layout that Go names in its errors.
const LAYOUT: &str = "2006-01-02T15:04:05Z07:00";

/// A time as an API server writes it again, or what Go says of a text that is none.
///
/// See [time.Parse](https://github.com/golang/go/blob/master/src/time/format.go).
pub(crate) fn canonical(text: &str) -> Result<String, String> {
    let mut parts = Parts { text, rest: text };
    let year = parts.number(4, "2006")?;
    parts.literal("-")?;
    let month = parts.number(2, "01")?;
    parts.in_range(month, 1, 12, "month")?;
    parts.literal("-")?;
    let day = parts.number(2, "02")?;
    parts.literal("T")?;
    let hour = parts.number(2, "15")?;
    parts.in_range(hour, 0, 23, "hour")?;
    parts.literal(":")?;
    let minute = parts.number(2, "04")?;
    parts.in_range(minute, 0, 59, "minute")?;
    parts.literal(":")?;
    let second = parts.number(2, "05")?;
    parts.in_range(second, 0, 59, "second")?;
    parts.fraction();
    let offset = parts.zone()?;
    if !parts.rest.is_empty() {
        return Err(parts.message(&format!(": extra text: \"{}\"", parts.rest)));
    }
    parts.in_range(day, 1, days_in(year, month), "day")?;
    let minutes = days_before(year, month)
        .saturating_add(day)
        .saturating_mul(24)
        .saturating_add(hour)
        .saturating_mul(60)
        .saturating_add(minute)
        .saturating_sub(offset);
    Ok(written(minutes, second))
}

/// A text that is being read.
struct Parts<'t> {
    text: &'t str,
    rest: &'t str,
}

impl Parts<'_> {
    fn message(&self, what: &str) -> String {
        format!("parsing time \"{}\"{what}", self.text)
    }

    fn cannot(&self, element: &str) -> String {
        self.message(&format!(" as \"{LAYOUT}\": cannot parse \"{}\" as \"{element}\"", self.rest))
    }

    fn number(&mut self, digits: usize, element: &str) -> Result<i64, String> {
        let number =
            self.rest.get(..digits).filter(|text| text.bytes().all(|b| b.is_ascii_digit()));
        let number =
            number.and_then(|text| text.parse().ok()).ok_or_else(|| self.cannot(element))?;
        self.rest = self.rest.get(digits..).unwrap_or_default();
        Ok(number)
    }

    fn literal(&mut self, text: &str) -> Result<(), String> {
        self.rest = self.rest.strip_prefix(text).ok_or_else(|| self.cannot(text))?;
        Ok(())
    }

    fn in_range(&self, number: i64, least: i64, most: i64, what: &str) -> Result<(), String> {
        if (least..=most).contains(&number) {
            return Ok(());
        }
        Err(self.message(&format!(": {what} out of range")))
    }

    /// Skips a fraction of a second, which is not written.
    fn fraction(&mut self) {
        let Some(digits) = self.rest.strip_prefix(['.', ',']) else { return };
        let rest = digits.trim_start_matches(|char: char| char.is_ascii_digit());
        if rest.len() < digits.len() {
            self.rest = rest;
        }
    }

    /// The offset from UTC in minutes.
    fn zone(&mut self) -> Result<i64, String> {
        const ELEMENT: &str = "Z07:00";
        if let Some(rest) = self.rest.strip_prefix('Z') {
            self.rest = rest;
            return Ok(0);
        }
        let whole = self.rest;
        let read = |parts: &mut Self| {
            let sign = match parts.rest.bytes().next() {
                Some(b'+') => 1,
                Some(b'-') => -1,
                _ => return Err(()),
            };
            parts.rest = parts.rest.get(1..).unwrap_or_default();
            let hours = parts.number(2, ELEMENT).map_err(drop)?;
            parts.literal(":").map_err(drop)?;
            let minutes = parts.number(2, ELEMENT).map_err(drop)?;
            Ok((sign, hours, minutes))
        };
        match read(self) {
            Ok((sign, hours @ ..=24, minutes @ ..=60)) => {
                Ok(hours.saturating_mul(60).saturating_add(minutes).saturating_mul(sign))
            }
            Ok(_) => Err(self.message(": time zone offset hour out of range")),
            Err(()) => {
                self.rest = whole;
                Err(self.cannot(ELEMENT))
            }
        }
    }
}

fn is_leap(year: i64) -> bool {
    year.checked_rem(4) == Some(0)
        && (year.checked_rem(100) != Some(0) || year.checked_rem(400) == Some(0))
}

fn days_in(year: i64, month: i64) -> i64 {
    match month {
        2 if is_leap(year) => 29,
        2 => 28,
        4 | 6 | 9 | 11 => 30,
        _ => 31,
    }
}

fn days_in_year(year: i64) -> i64 {
    if is_leap(year) { 366 } else { 365 }
}

/// The days from the year 0 to the first of a month.
fn days_before(year: i64, month: i64) -> i64 {
    let years = 0..year;
    let days: i64 = years.map(days_in_year).sum();
    days.saturating_add((1..month).map(|month| days_in(year, month)).sum())
}

/// The time so many minutes (of days counted from 1) and seconds after the beginning of the year 0.
fn written(minutes: i64, second: i64) -> String {
    let (mut days, in_day) = (minutes.div_euclid(24 * 60), minutes.rem_euclid(24 * 60));
    let (mut year, mut month) = (0_i64, 1_i64);
    while days > days_in_year(year) {
        days = days.saturating_sub(days_in_year(year));
        year = year.saturating_add(1);
    }
    while days > days_in(year, month) {
        days = days.saturating_sub(days_in(year, month));
        month = month.saturating_add(1);
    }
    let (hour, minute) = (in_day.div_euclid(60), in_day.rem_euclid(60));
    format!("{year:04}-{month:02}-{days:02}T{hour:02}:{minute:02}:{second:02}Z")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn writes_utc_and_whole_seconds() {
        for (text, written) in [
            ("2019-07-11T08:09:41Z", "2019-07-11T08:09:41Z"),
            ("2019-07-11T08:09:41.999Z", "2019-07-11T08:09:41Z"),
            ("2019-12-31T23:30:00-02:00", "2020-01-01T01:30:00Z"),
            ("2020-03-01T01:00:00+02:00", "2020-02-29T23:00:00Z"),
            ("1900-03-01T00:00:00+00:01", "1900-02-28T23:59:00Z"),
        ] {
            assert_eq!(canonical(text).as_deref(), Ok(written), "{text}");
        }
    }

    #[test]
    fn says_what_go_says_of_bad_times() {
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
            ("2019-07-11T08:09:41Zx", r#"parsing time "2019-07-11T08:09:41Zx": extra text: "x""#),
        ] {
            assert_eq!(canonical(text), Err(says.to_owned()), "{text}");
        }
    }
}
