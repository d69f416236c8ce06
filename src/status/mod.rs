//! What an API server answers if it does not do what was asked: `Status` of `meta/v1`.
//!
//! Each constructor gives what [Kubernetes' constructor] of that name gives for
//! `jobs.batch.volcano.sh`: the same code, reason, message and details. None of them knows HTTP or the
//! request; a server, a webhook and a program can use them alike.
//!
//! ```
//! use volcano_job_update::status::{Status, StatusCodes};
//! use volcano_job_update::{Job, UpdateError, validate_update};
//!
//! let existing = Job::from_slice(br#"{"apiVersion": "batch.volcano.sh/v1alpha1", "kind": "Job",
//!     "metadata": {"name": "a"}, "spec": {"queue": "research"}}"#)?;
//! let replacement = Job::from_slice(br#"{"apiVersion": "batch.volcano.sh/v1alpha1", "kind": "Job",
//!     "metadata": {"name": "a"}, "spec": {"queue": "production"}}"#)?;
//! let Err(UpdateError::Denied(violations)) = validate_update(&existing, &replacement) else { panic!() };
//!
//! let status = Status::denied("a", &violations, StatusCodes::Documented);
//! assert_eq!((status.code, &*status.reason), (403, "Forbidden"));
//! assert_eq!(
//!     status.message,
//!     "jobs.batch.volcano.sh \"a\" is forbidden: \
//!      spec.queue: Forbidden: the value was changed: field is immutable"
//! );
//! # Ok::<(), volcano_job_update::JobError>(())
//! ```
//!
//! [Kubernetes' constructor]: https://github.com/kubernetes/apimachinery/blob/master/pkg/api/errors/errors.go

mod cause;
mod quote;

use std::borrow::Cow;
use std::fmt;

use serde::{Deserialize, Serialize};

pub use self::cause::{CauseType, StatusCause};
pub use self::quote::{is_printable, quote};
use crate::diff::ReviewError;
use crate::job::resource::{GROUP, GROUP_RESOURCE, KIND, RESOURCE};
use crate::job::{JobError, JobErrorKind};
use crate::validate::{UpdateError, Violation, ViolationCode, Violations};

/// The answer to a request that was not carried out, as
/// [`Status`](https://kubernetes.io/docs/reference/kubernetes-api/common-definitions/status/) of
/// Kubernetes.
///
/// `Display` is the message.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct Status {
    #[serde(default)]
    kind: Kind,
    #[serde(default)]
    api_version: ApiVersion,
    #[serde(default)]
    metadata: Metadata,
    /// `Failure`, or `Success`.
    #[serde(default, skip_serializing_if = "str::is_empty")]
    pub status: Cow<'static, str>,
    /// What is wrong, for people.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub message: String,
    /// Why, in one word for programs, such as `Conflict`. Empty where Kubernetes gives none.
    #[serde(default, skip_serializing_if = "str::is_empty")]
    pub reason: Cow<'static, str>,
    /// What it is about.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub details: Option<Box<StatusDetails>>,
    /// The HTTP status code, 0 if none is set.
    #[serde(default, skip_serializing_if = "is_zero_code")]
    pub code: u16,
}

/// The only kind of a status.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
enum Kind {
    #[default]
    Status,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
enum ApiVersion {
    #[default]
    V1,
}

/// `ListMeta`, of which a status uses nothing.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
struct Metadata {}

/// What a [`Status`] is about.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, rename_all = "camelCase")]
#[non_exhaustive]
pub struct StatusDetails {
    /// The name of the object.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub name: String,
    /// The API group, `batch.volcano.sh`.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub group: String,
    /// The kind (`Job`) or the resource (`jobs`), as the reason has it.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub kind: String,
    /// The uid of the object.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub uid: String,
    /// The single errors.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub causes: Vec<StatusCause>,
    /// After how many seconds to try again; 0: nothing is said of it.
    #[serde(skip_serializing_if = "is_zero_seconds")]
    pub retry_after_seconds: u32,
}

/// Which HTTP status codes are given for what stands in the way of an update.
///
/// | situation | `Documented` | `Kubernetes` |
/// |---|---|---|
/// | a change that is denied | 403 Forbidden | 422 Invalid |
/// | values that are wrong, and nothing else | 400 `BadRequest` | 422 Invalid |
///
/// All other codes are the same in both.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
#[expect(clippy::exhaustive_enums, reason = "there is the document, and there is Kubernetes")]
pub enum StatusCodes {
    /// Those that the documentation of the request lists. `kubectl apply --force` deletes and makes
    /// anew what it gets 422 for, and a running Job is lost; it does not for 403.
    #[default]
    Documented,
    /// Those that an API server gives.
    Kubernetes,
}

impl Status {
    /// 400 `BadRequest`: the request makes no sense.
    #[must_use]
    pub fn bad_request(message: impl Into<String>) -> Self {
        Self::failure(400, "BadRequest", message, None)
    }

    /// 401 `Unauthorized`: no credentials, or wrong ones. Whether they are is the server's matter.
    #[must_use]
    pub fn unauthorized(message: &str) -> Self {
        let message = if message.is_empty() { "not authorized" } else { message };
        Self::failure(401, "Unauthorized", message, None)
    }

    /// 403 `Forbidden`: the request was understood and is not allowed.
    #[must_use]
    pub fn forbidden(name: &str, why: impl fmt::Display) -> Self {
        let object =
            if name.is_empty() { GROUP_RESOURCE.to_owned() } else { named(GROUP_RESOURCE, name) };
        let message = format!("{object} is forbidden: {why}");
        Self::failure(403, "Forbidden", message, Some(details(RESOURCE, name)))
    }

    /// 404 `NotFound`: there is no Job of that name.
    #[must_use]
    pub fn not_found(name: &str) -> Self {
        let message = format!("{} not found", named(GROUP_RESOURCE, name));
        Self::failure(404, "NotFound", message, Some(details(RESOURCE, name)))
    }

    /// 404 `NotFound`: nothing is served at that path.
    #[must_use]
    pub fn not_served() -> Self {
        let message = "the server could not find the requested resource";
        Self::failure(404, "NotFound", message, Some(StatusDetails::default()))
    }

    /// 409 `AlreadyExists`: there is a Job of that name.
    #[must_use]
    pub fn already_exists(name: &str) -> Self {
        let message = format!("{} already exists", named(GROUP_RESOURCE, name));
        Self::failure(409, "AlreadyExists", message, Some(details(RESOURCE, name)))
    }

    /// 409 `Conflict`: the Job is no longer the one that the request speaks of.
    #[must_use]
    pub fn conflict(name: &str, why: impl fmt::Display) -> Self {
        let message =
            format!("Operation cannot be fulfilled on {}: {why}", named(GROUP_RESOURCE, name));
        Self::failure(409, "Conflict", message, Some(details(RESOURCE, name)))
    }

    /// 413 `RequestEntityTooLarge`: the body is too long.
    #[must_use]
    pub fn request_entity_too_large(why: impl fmt::Display) -> Self {
        let message = format!("Request entity too large: {why}");
        Self::failure(413, "RequestEntityTooLarge", message, None)
    }

    /// 415 `UnsupportedMediaType`: the body is of a type that is not read; `accepted` are.
    #[must_use]
    pub fn unsupported_media_type(accepted: &[&str]) -> Self {
        let message = format!(
            "the body of the request was in an unknown format - accepted media types include: {}",
            accepted.join(", ")
        );
        Self::failure(415, "UnsupportedMediaType", message, None)
    }

    /// 422 `Invalid`: what was sent has errors, each of which is a cause.
    #[must_use]
    pub fn invalid(name: &str, causes: Vec<StatusCause>) -> Self {
        Self::invalid_object(GROUP, KIND, name, causes)
    }

    /// As [`Status::invalid`], of the resource instead of the kind.
    #[must_use]
    pub fn invalid_resource(name: &str, causes: Vec<StatusCause>) -> Self {
        Self::invalid_object(GROUP, RESOURCE, name, causes)
    }

    /// As [`Status::invalid`], for errors that the server puts down to something else than a Job.
    #[must_use]
    pub fn invalid_object(group: &str, kind: &str, name: &str, causes: Vec<StatusCause>) -> Self {
        let object = if group.is_empty() { kind.to_owned() } else { format!("{kind}.{group}") };
        let mut message = format!("{} is invalid", named(&object, name));
        if !causes.is_empty() {
            message.push_str(": ");
            message.push_str(&aggregate(&causes, 0));
        }
        let (name, group, kind) = (name.into(), group.into(), kind.into());
        let details = StatusDetails { name, group, kind, causes, ..StatusDetails::default() };
        Self::failure(422, "Invalid", message, Some(details))
    }

    /// 500 `InternalError`: the server failed, its store for example.
    #[must_use]
    pub fn internal_error(why: impl fmt::Display) -> Self {
        let why = why.to_string();
        let message = format!("Internal error occurred: {why}");
        let cause = StatusCause { message: why, ..StatusCause::default() };
        let details = StatusDetails { causes: vec![cause], ..StatusDetails::default() };
        Self::failure(500, "InternalError", message, Some(details))
    }

    /// 504 `Timeout`: it is not known whether the request was carried out.
    #[must_use]
    pub fn timeout(message: &str, retry_after_seconds: u32) -> Self {
        let details = StatusDetails { retry_after_seconds, ..StatusDetails::default() };
        Self::failure(504, "Timeout", format!("Timeout: {message}"), Some(details))
    }

    /// 422 `Invalid` without a cause: what an API server answers to a patch that does not apply.
    #[must_use]
    pub fn unprocessable() -> Self {
        let message = "the server rejected our request due to an error in our request";
        Self::failure(422, "Invalid", message, Some(StatusDetails::default()))
    }

    /// 500 without a reason: what an API server answers with an error that is no status.
    #[must_use]
    pub fn unknown_error(message: impl Into<String>) -> Self {
        Self::failure(500, "", message, None)
    }

    /// The answer to an update of the Job of that name that was judged and denied.
    ///
    /// No value of the Jobs is in it, as in the `Display` of violations.
    #[must_use]
    pub fn denied(name: &str, violations: &Violations, codes: StatusCodes) -> Self {
        let causes: Vec<StatusCause> = violations.iter().map(StatusCause::from).collect();
        let errors = aggregate(&causes, violations.omitted());
        let only_values = violations.iter().all(is_about_a_value);
        let mut status = match codes {
            StatusCodes::Documented if !only_values => Self::forbidden(name, errors),
            StatusCodes::Documented | StatusCodes::Kubernetes => {
                let mut status = Self::invalid(name, Vec::new());
                status.message = format!("{}: {errors}", status.message);
                status
            }
        };
        status.details.get_or_insert_default().causes = causes;
        status.with_codes(codes)
    }

    /// The answer where no verdict was possible: the error of whoever sent the replacement, or of
    /// whoever stored the existing Job.
    #[must_use]
    pub fn review_error(error: &ReviewError) -> Self {
        match error {
            ReviewError::Existing(_) => Self::internal_error(error),
            ReviewError::Replacement(error) => Self::job_error(error),
        }
    }

    /// The answer to a Job that cannot be read.
    #[must_use]
    pub fn job_error(error: &JobError) -> Self {
        match error.kind() {
            JobErrorKind::TooLarge => Self::request_entity_too_large(error),
            _ => Self::bad_request(error.to_string()),
        }
    }

    /// The answer to an update that must not be made, for either reason.
    #[must_use]
    pub fn from_error(name: &str, error: &UpdateError, codes: StatusCodes) -> Self {
        match error {
            UpdateError::Denied(violations) => Self::denied(name, violations, codes),
            UpdateError::Review(error) => Self::review_error(error),
        }
    }

    /// The same answer in the family of codes: with [`StatusCodes::Documented`], 422 `Invalid`
    /// becomes 400 `BadRequest`, and its message and details stay.
    #[must_use]
    pub fn with_codes(mut self, codes: StatusCodes) -> Self {
        if codes == StatusCodes::Documented && self.code == 422 {
            (self.code, self.reason) = (400, "BadRequest".into());
        }
        self
    }

    fn failure(
        code: u16,
        reason: &'static str,
        message: impl Into<String>,
        details: Option<StatusDetails>,
    ) -> Self {
        Self {
            kind: Kind::Status,
            api_version: ApiVersion::V1,
            metadata: Metadata {},
            status: Cow::Borrowed("Failure"),
            message: message.into(),
            reason: Cow::Borrowed(reason),
            details: details.map(Box::new),
            code,
        }
    }
}

impl fmt::Display for Status {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl std::error::Error for Status {}

/// Whether a violation is that a value is wrong, rather than that a change is not allowed.
fn is_about_a_value(violation: &Violation) -> bool {
    !matches!(
        violation.code(),
        ViolationCode::ImmutableField
            | ViolationCode::DroppedDefault
            | ViolationCode::UnknownField
            | ViolationCode::TaskAdded
            | ViolationCode::TaskRemoved
            | ViolationCode::TasksReordered
    )
}

/// The errors in one text, each once, as `ErrorList.ToAggregate` joins them.
fn aggregate(causes: &[StatusCause], omitted: usize) -> String {
    let mut errors: Vec<String> = Vec::with_capacity(causes.len());
    let mut seen = std::collections::HashSet::new();
    for cause in causes {
        let error = cause.to_string();
        if seen.insert(error.clone()) {
            errors.push(error);
        }
    }
    if omitted > 0 {
        errors.push(format!("and {omitted} more"));
    }
    match errors.as_slice() {
        [one] => one.clone(),
        many => format!("[{}]", many.join(", ")),
    }
}

fn named(what: &str, name: &str) -> String {
    format!("{what} {}", quote(name))
}

fn details(kind: &str, name: &str) -> StatusDetails {
    let (name, kind) = (name.to_owned(), kind.to_owned());
    StatusDetails { name, group: GROUP.into(), kind, ..StatusDetails::default() }
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde passes a reference")]
fn is_zero_code(code: &u16) -> bool {
    *code == 0
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde passes a reference")]
fn is_zero_seconds(seconds: &u32) -> bool {
    *seconds == 0
}
