//! The response to a request: what is stored, what is returned.

use std::fmt;

use serde_json::Value;
use volcano_job_update::Review;
use volcano_job_update::status::{CauseType, Status, StatusCause, quote};

use crate::go;

/// The limit for the causes of one answer. An API server has no limit, and one body can cause a
/// million errors.
pub(crate) const MAX_CAUSES: usize = 1000;

/// The response to a request that succeeds.
///
/// `Debug` does not show the Job, which can contain secrets.
#[derive(Clone)]
pub struct Response {
    pub(crate) verb: StoreVerb,
    /// Whether the code is 201, also in a dry run.
    pub(crate) is_created: bool,
    /// The Job as a single line with a line break. This is the body of the response and, without
    /// the line break, the text to store.
    pub(crate) encoded: String,
    /// The body, if it differs from `encoded`.
    pub(crate) body: Option<String>,
    pub(crate) warnings: Vec<String>,
    pub(crate) review: Option<Review>,
}

impl fmt::Debug for Response {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Response")
            .field("verb", &self.verb)
            .field("code", &self.code())
            .field("warnings", &self.warnings)
            .finish_non_exhaustive()
    }
}

/// The effect of a response on the store.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum StoreVerb {
    Keep,
    Create,
    Update,
    Delete,
}

/// The action that the server must perform on its store before it sends the response.
///
/// The server must do it only if the store still has the existing Job that was passed in. Otherwise
/// it must answer 409 ([`Status::conflict`]).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[expect(clippy::exhaustive_enums, reason = "a server must handle each")]
pub enum StoreAction<'r> {
    /// Keep the stored Job: nothing changes, or the request is a dry run (`dryRun=All`).
    Keep,
    /// Add this Job, as compact JSON.
    Create(&'r str),
    /// Replace the existing Job by this one, as compact JSON.
    Update(&'r str),
    /// Delete the existing Job: it was being deleted, and the request removed its last finalizer.
    Delete,
}

/// The answer to a request that fails.
#[derive(Clone, Debug, thiserror::Error)]
#[error("{status}")]
#[non_exhaustive]
pub struct ErrorResponse {
    /// The body, see [`status_body`].
    pub status: Status,
    /// The warnings, each the text of a header `Warning: 299 - "…"`.
    pub warnings: Vec<String>,
}

impl From<Status> for ErrorResponse {
    /// An answer without warnings.
    fn from(status: Status) -> Self {
        Self { status, warnings: Vec::new() }
    }
}

impl From<ErrorResponse> for Status {
    fn from(response: ErrorResponse) -> Self {
        response.status
    }
}

impl Response {
    /// The HTTP status code: 200, or 201 if the Job is created.
    #[must_use]
    pub fn code(&self) -> u16 {
        if self.is_created { 201 } else { 200 }
    }

    /// The body, of the content type `application/json`.
    #[must_use]
    pub fn body(&self) -> &str {
        self.body.as_ref().unwrap_or(&self.encoded)
    }

    /// The body, without copying it.
    #[must_use]
    pub fn into_body(self) -> String {
        self.body.unwrap_or(self.encoded)
    }

    /// The action to perform on the store.
    #[must_use]
    pub fn store_action(&self) -> StoreAction<'_> {
        let job = self.encoded.trim_end_matches('\n');
        match self.verb {
            StoreVerb::Keep => StoreAction::Keep,
            StoreVerb::Create => StoreAction::Create(job),
            StoreVerb::Update => StoreAction::Update(job),
            StoreVerb::Delete => StoreAction::Delete,
        }
    }

    /// The warnings, each the text of a header `Warning: 299 - "…"`.
    #[must_use]
    pub fn warnings(&self) -> &[String] {
        &self.warnings
    }

    /// The changes of an update with their outcomes under the policy; `None` if the Job is created.
    #[must_use]
    pub fn review(&self) -> Option<&Review> {
        self.review.as_ref()
    }
}

impl<'r> StoreAction<'r> {
    /// The Job to write; `None` if none is written.
    #[must_use]
    pub fn job(self) -> Option<&'r str> {
        match self {
            Self::Create(job) | Self::Update(job) => Some(job),
            Self::Keep | Self::Delete => None,
        }
    }
}

/// A status as the body of a response, as an API server writes it: a single line with a line break
/// or, if `pretty`, indented by two spaces.
///
/// ```
/// use volcano_job_apiserver::status_body;
/// use volcano_job_update::status::Status;
///
/// let body = status_body(&Status::not_found("hello"), false);
/// assert!(body.starts_with(r#"{"kind":"Status","apiVersion":"v1","metadata":{},"status":"Failure","#));
/// assert!(body.ends_with("\"code\":404}\n"));
/// ```
#[must_use]
#[expect(clippy::expect_used, reason = "strings and numbers under fixed keys always serialize")]
pub fn status_body(status: &Status, pretty: bool) -> String {
    let json = serde_json::to_string(status).expect("a status always serializes");
    let json = go::escape_html(&json);
    if pretty { go::indent(&json) } else { json.into_owned() + "\n" }
}

/// A cause that shows the invalid value as Kubernetes does: a string in quotes, a number in Go's format
/// `%v`, anything else as JSON.
pub(crate) fn with_value(
    kind: CauseType,
    field: impl fmt::Display,
    value: &Value,
    detail: &str,
) -> StatusCause {
    let shown = match value {
        Value::String(text) => quote(text),
        Value::Number(number) => go::number_in_error(number),
        other => go::text_of(other),
    };
    StatusCause::showing(kind, field, &shown, detail)
}
