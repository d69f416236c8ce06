//! The response to a request: what is stored, what is returned.

use std::fmt;

use serde_json::Value;
use volcano_job_update::internals::JobParts;
use volcano_job_update::status::{CauseType, Status, StatusCause, quote};
use volcano_job_update::{Job, Review, ViolationCode};

use crate::context::RequestContext;
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
    pub(crate) code: u16,
    /// The name of a created Job.
    pub(crate) created: Option<CreatedName>,
    /// Empty if the Job is deleted, otherwise the Job as a single line with a line break. This is the body of the response and, without
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

/// The name of a Job that is created.
#[derive(Clone, Debug)]
pub(crate) struct CreatedName {
    pub(crate) name: String,
    /// Whether it was made from `generateName`.
    pub(crate) is_generated: bool,
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
    /// Delete the existing Job: the request is a DELETE and the Job has no finalizer, or the Job was being
    /// deleted and the request removed its last finalizer.
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
    pub warnings: Box<[String]>,
    /// The codes of the violations, if the policy denies the update; otherwise empty.
    pub denied: Box<[ViolationCode]>,
}

impl ErrorResponse {
    /// The same answer with the status codes of the context.
    pub(crate) fn with_codes(self, context: &RequestContext) -> Self {
        Self { status: self.status.with_codes(context.status_codes), ..self }
    }
}

impl From<Status> for ErrorResponse {
    /// An answer without warnings.
    fn from(status: Status) -> Self {
        Self { status, warnings: Box::default(), denied: Box::default() }
    }
}

impl From<ErrorResponse> for Status {
    fn from(response: ErrorResponse) -> Self {
        response.status
    }
}

impl Response {
    /// The HTTP status code: 200, 201 if the Job is created, also in a dry run, or 202 if it is only
    /// marked as being deleted and the request has `orphanDependents: false`.
    #[must_use]
    pub fn code(&self) -> u16 {
        self.code
    }

    /// The name of the Job that is created; `None` if none is.
    #[must_use]
    pub fn created_name(&self) -> Option<&str> {
        self.created.as_ref().map(|created| &*created.name)
    }

    /// Whether the name of the created Job is a generated one. An API server tries up to seven other
    /// names if a Job has that name.
    #[must_use]
    pub fn has_generated_name(&self) -> bool {
        self.created.as_ref().is_some_and(|created| created.is_generated)
    }

    /// The answer instead of this one if a Job of the name is stored: 409 `AlreadyExists`. `existing` is
    /// that Job, if it is still stored.
    ///
    /// A server must look for such a Job in a dry run as well, and after the other checks, thus after
    /// [`create()`](crate::create()).
    #[must_use]
    pub fn already_exists(&self, existing: Option<&Job<'_>>) -> Status {
        let name = self.created_name().unwrap_or_default();
        let mut status = if self.has_generated_name() {
            Status::generated_name_exists(name)
        } else {
            Status::already_exists(name)
        };
        if existing.is_some_and(is_being_deleted) {
            status.message = format!("object is being deleted: {}", status.message);
        }
        status
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

    /// The changes of a PUT or PATCH with their outcomes under the policy; `None` if the Job is created
    /// or deleted, or if only its status is replaced.
    #[must_use]
    pub fn review(&self) -> Option<&Review> {
        self.review.as_ref()
    }
}

fn is_being_deleted(job: &Job<'_>) -> bool {
    let mut metadata = job.metadata().into_iter().flatten();
    metadata.any(|entry| entry.is("deletionTimestamp") && !entry.field().is_null())
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
