//! Words and short texts that several outputs use.

use serde_json::Value;
use volcano_job_update::{Change, ChangeKind, FieldPath};
use volcano_job_update_programs::printable;

use super::public::public_text;

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
    let plural = if number == 1 { "" } else { "s" };
    format!("{number} {what}{plural}")
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
