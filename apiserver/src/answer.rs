//! The parts of an answer that only an API server writes: the body of a `Status`, and causes that show
//! the value that is wrong.

use std::fmt;

use serde_json::Value;
use volcano_job_update::status::{CauseType, Status, StatusCause, quote};

use crate::go;

/// A status as an API server writes it: compact, `<`, `>` and `&` escaped, with a line break at
/// the end; or indented by two spaces, without one.
#[must_use]
#[expect(clippy::expect_used, reason = "strings and numbers under fixed keys always serialize")]
pub fn status_body(status: &Status, pretty: bool) -> String {
    let json = serde_json::to_string(status).expect("a status always serializes");
    let json = go::escape_html(&json);
    if pretty { go::indent(&json) } else { json.into_owned() + "\n" }
}

/// A cause with the value that is wrong: shown as Kubernetes shows it, a text in quotes, a number or
/// boolean plainly, anything else as JSON.
pub(crate) fn with_value(
    kind: CauseType,
    field: impl fmt::Display,
    value: &Value,
    detail: &str,
) -> StatusCause {
    let shown = match value {
        Value::String(text) => quote(text),
        other => go::text_of(other),
    };
    StatusCause::showing(kind, field, &shown, detail)
}
