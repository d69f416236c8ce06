//! Words and short texts that several outputs use.

use std::collections::BTreeMap;

use serde_json::Value;
use volcano_job_update::{Change, ChangeKind, FieldPath, Violations};
use volcano_job_update_programs::printable;

use super::public::public_text;
use crate::case::{Case, Outcome};
use crate::report::Summary;

/// The length up to which a path or value is shown whole, in characters.
const SHOWN_CHARACTERS: usize = 240;

/// A text on one line: shortened if it is long, and without characters that could control a terminal.
pub(super) fn shown(text: &str) -> String {
    let text = printable(text, &[]);
    let Some((end, _)) = text.char_indices().nth(SHOWN_CHARACTERS) else {
        return text.into_owned();
    };
    let beginning = text.get(..end).unwrap_or_default();
    format!("{beginning}… ({} characters)", text.chars().count())
}

pub(super) fn shown_path(path: &FieldPath) -> String {
    match path.segments() {
        [] => "(the whole Job)".to_owned(),
        _ => shown(&path.to_string()),
    }
}

/// `1 violation`, `2 violations`.
pub(super) fn count(number: usize, what: &str) -> String {
    format!("{number} {}", plural(number, what))
}

/// `violation`, `violations`.
pub(super) fn plural(number: usize, what: &str) -> String {
    if number == 1 { what.to_owned() } else { format!("{what}s") }
}

pub(super) fn mark(kind: ChangeKind) -> char {
    match kind {
        ChangeKind::Added => '+',
        ChangeKind::Removed => '-',
        ChangeKind::Replaced => '~',
        ChangeKind::Moved => '^',
    }
}

/// The values of a change: `1 → 2`, `removed 1`. Without `show_values` only those that are public.
pub(super) fn values(change: &Change, show_values: bool) -> Option<String> {
    let text = |value: &Value| match public_text(change.path(), value) {
        Some(text) => Some(text),
        None => show_values.then(|| shown(&value.to_string())),
    };
    match (change.before(), change.after()) {
        (Some(before), Some(after)) => Some(format!("{} → {}", text(before)?, text(after)?)),
        (None, Some(value)) | (Some(value), None) => text(value),
        (None, None) => None,
    }
}

/// Why a Job may not be updated as its manifest asks; `None` if it may.
pub(super) fn why(case: &Case) -> Option<String> {
    match &case.outcome {
        Outcome::Reviewed(reviewed) => match reviewed.review.violations() {
            Some(violations) => {
                let all = count(violations.len() + violations.omitted(), "violation");
                Some(all + &by_code(violations))
            }
            None if reviewed.is_allowed() => None,
            None => Some("denied by Volcano's webhook".to_owned()),
        },
        Outcome::Created | Outcome::Deleted => None,
        Outcome::Refused(status) => Some(format!("{} {}", status.code, shown(&status.reason))),
        Outcome::Failed(error) => Some(shown(&error.to_string())),
    }
}

/// The numbers of violations with each code, if there are several: ` (2 immutable-field, 1 unknown-field)`. The
/// codes of those beyond the limit are not known.
pub(super) fn by_code(violations: &Violations) -> String {
    let mut counts: BTreeMap<&str, usize> = BTreeMap::new();
    for violation in violations {
        *counts.entry(violation.code().as_str()).or_default() += 1;
    }
    let mut counts: Vec<String> =
        counts.into_iter().map(|(code, count)| format!("{count} {code}")).collect();
    if violations.omitted() > 0 {
        counts.push(format!("{} not listed", violations.omitted()));
    }
    if violations.len() < 2 { String::new() } else { format!(" ({})", counts.join(", ")) }
}

/// How many Jobs had which outcome.
pub(super) fn counts(summary: &Summary) -> String {
    let counts = summary.counts().map(|(word, count)| format!("{count} {}", word.as_str()));
    let counts: Vec<String> = counts.collect();
    let jobs = if counts.is_empty() {
        "there are no Volcano Jobs in these files\n".to_owned()
    } else {
        format!("{}: {}\n", count(summary.jobs(), "Job"), counts.join(", "))
    };
    let skipped = match summary.other_objects {
        0 => String::new(),
        others => format!("{} skipped\n", count(others, "other object")),
    };
    jobs + &skipped
}
