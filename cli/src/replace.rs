//! The command `replace`: the response of an API server to a PUT request.

use std::io::Write;
use std::time::{SystemTime, UNIX_EPOCH};

use serde_json::{Value, json};
use volcano_job_apiserver::{ReplaceContext, ReplaceRequest, Replaced, replace, status_body};
use volcano_job_update::Job;
use volcano_job_update::ReviewError;
use volcano_job_update::status::Status;
use volcano_job_update_programs::{read_policy, validator};

use crate::args::{Replace, ReplaceFormat};
use crate::error::Error;
use crate::input::read_request;
use crate::output::{Output, json_text};

/// The uid of a created Job. A server would generate one.
const NO_UID: &str = "00000000-0000-0000-0000-000000000000";

/// Responds to a request.
pub(crate) fn run(args: &Replace) -> Result<Output, Error> {
    let validator = validator(read_policy(&args.policy)?, args.crd.as_deref())?;
    let input = read_request(args, validator.policy().limits())?;
    let existing = input.existing()?;
    let context = context(args, existing.as_ref())?;
    let request = ReplaceRequest::from_uri(&args.uri, &input.body);
    let is_pretty = request.as_ref().is_ok_and(ReplaceRequest::is_pretty);
    let result =
        request.and_then(|request| replace(existing.as_ref(), &request, &validator, &context));
    let text = match args.format {
        ReplaceFormat::Json => json_text(&as_object(&result)),
        ReplaceFormat::Body => {
            for warning in result.iter().flat_map(Replaced::warnings) {
                // The response matters more than a warning that cannot be printed.
                drop(writeln!(anstream::stderr(), "Warning: {warning}"));
            }
            match &result {
                Ok(replaced) => replaced.response().to_owned(),
                Err(status) => status_body(status, is_pretty),
            }
        }
    };
    Ok(Output::answer(text, result.is_ok()))
}

fn context(args: &Replace, existing: Option<&Job<'_>>) -> Result<ReplaceContext, Error> {
    let version = match args.resource_version {
        Some(version) => version,
        None => next_version(existing)?,
    };
    let mut context = ReplaceContext::new(version.to_string()).with_status_codes(args.status_codes);
    if args.self_link {
        context = context.with_self_link();
    }
    if args.allow_create {
        context = context.with_creation(NO_UID, now());
    }
    Ok(context)
}

/// The number after the resourceVersion of the existing Job. It is 1 if there is no Job, no version, or
/// one that is no number: clients must treat versions as opaque, so any string can be one.
fn next_version(existing: Option<&Job<'_>>) -> Result<u64, Error> {
    let Some(existing) = existing else { return Ok(1) };
    let job = existing.to_value().map_err(ReviewError::Existing)?;
    let version = job.pointer("/metadata/resourceVersion").and_then(Value::as_str);
    let version: Option<u64> = version.and_then(|version| version.parse().ok());
    Ok(version.and_then(|version| version.checked_add(1)).unwrap_or(1))
}

#[expect(clippy::expect_used, reason = "the library writes JSON")]
fn as_object(result: &Result<Replaced, Status>) -> Value {
    let parsed = |json: &str| -> Value { serde_json::from_str(json).expect("a Job or a status") };
    match result {
        Ok(replaced) => json!({
            "code": replaced.code(),
            "response": parsed(replaced.response()),
            "stored": replaced.stored().map(parsed),
            "warnings": replaced.warnings(),
        }),
        Err(status) => {
            json!({"code": status.code, "response": status, "stored": null, "warnings": []})
        }
    }
}

/// The current time in RFC 3339. A clock before 1970 counts as 1970.
fn now() -> String {
    let seconds = SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| since.as_secs());
    let (days, second) = (seconds / 86_400, seconds % 86_400);
    let (year, month, day) = date(days);
    let (hour, minute, second) = (second / 3600, second / 60 % 60, second % 60);
    format!("{year:04}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}Z")
}

/// Year, month and day of a number of days since 1970-01-01.
fn date(mut days: u64) -> (u64, usize, u64) {
    let is_leap = |year: u64| {
        year.is_multiple_of(4) && (!year.is_multiple_of(100) || year.is_multiple_of(400))
    };
    let mut year = 1970;
    loop {
        let length = if is_leap(year) { 366 } else { 365 };
        if days < length {
            break;
        }
        days -= length;
        year += 1;
    }
    let february = if is_leap(year) { 29 } else { 28 };
    let months = [31, february, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31];
    for (month, length) in (1..).zip(months) {
        if days < length {
            return (year, month, days + 1);
        }
        days -= length;
    }
    (year, months.len(), days)
}

#[cfg(test)]
mod tests {
    use super::date;

    #[test]
    fn date_of_a_number_of_days() {
        for (days, day) in [
            (0, (1970, 1, 1)),
            (58, (1970, 2, 28)),
            (59, (1970, 3, 1)),
            (789, (1972, 2, 29)),
            (11_016, (2000, 2, 29)),
            (18_088, (2019, 7, 11)),
        ] {
            assert_eq!(date(days), day, "{days}");
        }
    }
}
