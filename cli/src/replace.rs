//! The command `replace`: a request in, the answer of a server out.

use std::io::Write;
use std::time::{SystemTime, UNIX_EPOCH};

use serde_json::{Value, json};
use volcano_job_apiserver::{ReplaceContext, ReplaceRequest, Replaced, replace, status_body};
use volcano_job_update::Job;
use volcano_job_update::status::{Status, StatusCodes};

use crate::args::{Codes, Replace, ReplaceFormat};
use crate::input::{Error, read_policy, read_request};
use crate::{Outcome, validator};

/// The uid of a Job that is created: there is no store that could give it one.
const NO_UID: &str = "00000000-0000-0000-0000-000000000000";

/// Answers a request.
pub(crate) fn run(args: &Replace) -> Result<(String, Outcome), Error> {
    let validator = validator(read_policy(&args.policy)?, args.crd.as_deref())?;
    let files = read_request(args, validator.policy().limits())?;
    let existing = files.existing()?;
    let context = context(args, existing.as_ref());
    let request = ReplaceRequest::from_uri(&args.uri, &files.body);
    let is_pretty = request.as_ref().is_ok_and(ReplaceRequest::is_pretty);
    let answer =
        request.and_then(|request| replace(existing.as_ref(), &request, &validator, &context));
    let outcome = if answer.is_ok() { Outcome::Good } else { Outcome::Bad };
    let text = match args.format {
        ReplaceFormat::Json => crate::to_json(&as_object(&answer)),
        ReplaceFormat::Body => {
            for warning in answer.iter().flat_map(Replaced::warnings) {
                drop(writeln!(anstream::stderr(), "Warning: {warning}"));
            }
            match &answer {
                Ok(replaced) => replaced.response().to_owned(),
                Err(status) => status_body(status, is_pretty),
            }
        }
    };
    Ok((text, outcome))
}

fn context(args: &Replace, existing: Option<&Job<'_>>) -> ReplaceContext {
    let version = args.resource_version.unwrap_or_else(|| next_version(existing));
    let codes = match args.status_codes {
        Codes::Documented => StatusCodes::Documented,
        Codes::Kubernetes => StatusCodes::Kubernetes,
    };
    let mut context = ReplaceContext::new(version.to_string()).with_status_codes(codes);
    if args.self_link {
        context = context.with_self_link();
    }
    if args.allow_create {
        context = context.with_creation(NO_UID, now());
    }
    context
}

/// The number after the resourceVersion of the existing Job.
fn next_version(existing: Option<&Job<'_>>) -> u64 {
    let version = existing.and_then(|job| {
        let job = job.to_value().ok()?;
        job.pointer("/metadata/resourceVersion")?.as_str()?.parse().ok()
    });
    version.unwrap_or(0_u64).saturating_add(1)
}

fn as_object(answer: &Result<Replaced, Status>) -> Value {
    let parsed = |json: &str| serde_json::from_str(json).unwrap_or(Value::Null);
    match answer {
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

/// The time, in RFC 3339.
fn now() -> String {
    let seconds = SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| since.as_secs());
    let (days, second) = (seconds / 86_400, seconds % 86_400);
    let (year, month, day) = date(days);
    let (hour, minute, second) = (second / 3600, second / 60 % 60, second % 60);
    format!("{year:04}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}Z")
}

/// The date so many days after the beginning of 1970.
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
        days = days.saturating_sub(length);
        year = year.saturating_add(1);
    }
    let february = if is_leap(year) { 29 } else { 28 };
    let months = [31, february, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31];
    for (month, length) in (1..).zip(months) {
        if days < length {
            return (year, month, days.saturating_add(1));
        }
        days = days.saturating_sub(length);
    }
    (year, months.len(), days)
}

#[cfg(test)]
mod tests {
    use super::date;

    #[test]
    fn days_are_counted_as_the_calendar_counts_them() {
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
