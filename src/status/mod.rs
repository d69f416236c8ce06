//! The answers of an API server to requests that fail: `Status` of `meta/v1`.
//!
//! Each constructor returns what [Kubernetes' constructor] of the same name returns for
//! `jobs.batch.volcano.sh`: the same code, reason, message and details. This module does not depend
//! on an HTTP library, so servers, webhooks and command-line programs can use it.
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
mod codes;
mod group_kind;
pub(crate) mod quote;

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::fmt;

use serde::{Deserialize, Serialize};

pub use self::cause::{CauseType, StatusCause};
pub use self::codes::StatusCodes;
pub use self::group_kind::GroupKind;
pub use self::quote::quote;
use crate::job::resource::{GROUP, GROUP_RESOURCE, RESOURCE};

/// The answer to a request that failed, or after which nothing is left: Kubernetes'
/// [`Status`](https://kubernetes.io/docs/reference/kubernetes-api/common-definitions/status/).
///
/// `Display` is the message. Serializes as the JSON object that an API server sends.
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
    /// The message for people.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub message: String,
    /// The machine-readable reason, one word such as `Conflict`. Empty where Kubernetes sets none.
    #[serde(default, skip_serializing_if = "str::is_empty")]
    pub reason: Cow<'static, str>,
    /// The object, the causes, and the retry delay.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub details: Option<Box<StatusDetails>>,
    /// The HTTP status code, 0 if none is set.
    #[serde(default, skip_serializing_if = "is_zero_code")]
    pub code: u16,
}

/// The field `kind`, which is always `Status`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
enum Kind {
    #[default]
    Status,
}

/// The field `apiVersion`, which is always `v1`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
enum ApiVersion {
    #[default]
    V1,
}

/// `ListMeta`, which is empty in a status.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
struct Metadata {}

/// The details of a [`Status`]. A field that is empty or 0 is not set.
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
    /// The kind (`Job`) or the resource (`jobs`), depending on the reason.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub kind: String,
    /// The uid of the object.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub uid: String,
    /// The errors, if there can be several.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub causes: Vec<StatusCause>,
    /// The number of seconds after which the client should try again.
    #[serde(skip_serializing_if = "is_zero_seconds")]
    pub retry_after_seconds: u32,
}

impl Status {
    /// 400 `BadRequest`: the request is malformed.
    #[must_use]
    pub fn bad_request(message: impl Into<String>) -> Self {
        Self::failure(400, "BadRequest", message, None)
    }

    /// 401 `Unauthorized`: the request has no credentials, or invalid ones. An empty message
    /// becomes Kubernetes' default, `not authorized`.
    #[must_use]
    pub fn unauthorized(message: &str) -> Self {
        let message = if message.is_empty() { "not authorized" } else { message };
        Self::failure(401, "Unauthorized", message, None)
    }

    /// 403 `Forbidden`: the request was understood and is not allowed.
    #[must_use]
    pub fn forbidden(name: &str, why: impl fmt::Display) -> Self {
        let message = forbidden_message(name, why);
        Self::failure(403, "Forbidden", message, Some(details(RESOURCE, name)))
    }

    /// 404 `NotFound`: no Job of that name exists.
    #[must_use]
    pub fn not_found(name: &str) -> Self {
        let message = format!("{} not found", named(name));
        Self::failure(404, "NotFound", message, Some(details(RESOURCE, name)))
    }

    /// 404 `NotFound`: nothing is served at that path.
    #[must_use]
    pub fn not_served() -> Self {
        let message = "the server could not find the requested resource";
        Self::failure(404, "NotFound", message, Some(StatusDetails::default()))
    }

    /// 405 `MethodNotAllowed`: the path is served, but not with that method.
    #[must_use]
    pub fn method_not_served() -> Self {
        let message = "the server does not allow this method on the requested resource";
        Self::failure(405, "MethodNotAllowed", message, Some(StatusDetails::default()))
    }

    /// 405 `MethodNotAllowed`: a Job or its subresource has no such verb, such as `create`.
    #[must_use]
    pub fn method_not_allowed(verb: &str) -> Self {
        let message =
            format!("{verb} is not supported on resources of kind {}", quote(GROUP_RESOURCE));
        Self::failure(405, "MethodNotAllowed", message, Some(details(RESOURCE, "")))
    }

    /// 406 `NotAcceptable`: the client accepts none of the media types `served`.
    #[must_use]
    pub fn not_acceptable(served: &[&str]) -> Self {
        let served = served.join(", ");
        let message = format!("only the following media types are accepted: {served}");
        Self::failure(406, "NotAcceptable", message, None)
    }

    /// 409 `AlreadyExists`: a Job of that name exists.
    #[must_use]
    pub fn already_exists(name: &str) -> Self {
        let message = format!("{} already exists", named(name));
        Self::failure(409, "AlreadyExists", message, Some(details(RESOURCE, name)))
    }

    /// 409 `AlreadyExists`: the server generated this name for a Job, and a Job of that name exists.
    #[must_use]
    pub fn generated_name_exists(name: &str) -> Self {
        let why = "the server was not able to generate a unique name for the object";
        let message = format!("{} already exists, {why}", named(name));
        let details = StatusDetails { retry_after_seconds: 1, ..details(RESOURCE, name) };
        Self::failure(409, "AlreadyExists", message, Some(details))
    }

    /// 409 `Conflict`: the Job was changed or replaced since the client read it.
    #[must_use]
    pub fn conflict(name: &str, why: impl fmt::Display) -> Self {
        let message = format!("Operation cannot be fulfilled on {}: {why}", named(name));
        Self::failure(409, "Conflict", message, Some(details(RESOURCE, name)))
    }

    /// Like [`Status::conflict`], for an object of any kind: an API server reports the preconditions of
    /// a deletion for the kind `Job.batch.volcano.sh`.
    #[must_use]
    pub fn conflict_object(object: GroupKind<'_>, name: &str, why: impl fmt::Display) -> Self {
        let message = format!("Operation cannot be fulfilled on {object} {}: {why}", quote(name));
        let (group, kind) = (object.group().into(), object.kind().into());
        let details = StatusDetails { name: name.into(), group, kind, ..StatusDetails::default() };
        Self::failure(409, "Conflict", message, Some(details))
    }

    /// 409 `Conflict`: server-side apply would change fields that others own. Each cause is a
    /// [field manager conflict](StatusCause::field_manager_conflict).
    #[must_use]
    pub fn apply_conflict(causes: Vec<StatusCause>) -> Self {
        let message = match causes.as_slice() {
            [cause] => {
                format!("Apply failed with 1 conflict: {}: {}", cause.message, cause.field)
            }
            causes => format!(
                "Apply failed with {} conflicts: {}",
                causes.len(),
                conflicts_by_manager(causes).join("\n")
            ),
        };
        let details = StatusDetails { causes, ..StatusDetails::default() };
        Self::failure(409, "Conflict", message, Some(details))
    }

    /// 410 `Expired`: what the resourceVersion or the continue token names is no longer known.
    #[must_use]
    pub fn expired(message: impl Into<String>) -> Self {
        Self::failure(410, "Expired", message, None)
    }

    /// 413 `RequestEntityTooLarge`: the body is too large.
    #[must_use]
    pub fn request_entity_too_large(why: impl fmt::Display) -> Self {
        let message = format!("Request entity too large: {why}");
        Self::failure(413, "RequestEntityTooLarge", message, None)
    }

    /// 415 `UnsupportedMediaType`: the media type of the body is not one of `accepted`.
    #[must_use]
    pub fn unsupported_media_type(accepted: &[&str]) -> Self {
        let message = format!(
            "the body of the request was in an unknown format - accepted media types include: {}",
            accepted.join(", ")
        );
        Self::failure(415, "UnsupportedMediaType", message, None)
    }

    /// 422 `Invalid`: the submitted Job has errors; each is a cause.
    #[must_use]
    pub fn invalid(name: &str, causes: Vec<StatusCause>) -> Self {
        Self::invalid_object(GroupKind::JOB, name, causes)
    }

    /// Like [`Status::invalid`], for an object of any kind: an API server also rejects the options
    /// of a request (`PatchOptions.meta.k8s.io`), and reports some errors of a Job for the resource
    /// `jobs.batch.volcano.sh`.
    #[must_use]
    pub fn invalid_object(object: GroupKind<'_>, name: &str, causes: Vec<StatusCause>) -> Self {
        Self::invalid_with_omitted(object, name, causes, 0)
    }

    /// 429 `TooManyRequests`: the server has no room for the request now.
    #[must_use]
    pub fn too_many_requests(retry_after_seconds: u32) -> Self {
        let message = "The server is currently unable to handle the request, try again later";
        let details = StatusDetails { retry_after_seconds, ..StatusDetails::default() };
        Self::failure(429, "TooManyRequests", message, Some(details))
    }

    /// 500 `InternalError`: the server failed, for example because its store did.
    #[must_use]
    pub fn internal_error(why: impl fmt::Display) -> Self {
        let why = why.to_string();
        let message = format!("Internal error occurred: {why}");
        let cause = StatusCause { message: why, ..StatusCause::default() };
        let details = StatusDetails { causes: vec![cause], ..StatusDetails::default() };
        Self::failure(500, "InternalError", message, Some(details))
    }

    /// 504 `Timeout`: the resourceVersion that the client asks for is higher than any that was
    /// given so far.
    #[must_use]
    pub fn resource_version_too_large(asked: u64, current: u64) -> Self {
        let text = format!("Too large resource version: {asked}, current: {current}");
        let mut status = Self::timeout(&text, 1);
        let message = "Too large resource version".to_owned();
        let reason = Some("ResourceVersionTooLarge");
        let cause = StatusCause {
            reason: reason.map(Into::into).unwrap_or_default(),
            message,
            ..StatusCause::default()
        };
        status.details.get_or_insert_default().causes.push(cause);
        status
    }

    /// 504 `Timeout`: the server did not finish in time, and the request may still take effect.
    #[must_use]
    pub fn timeout(message: &str, retry_after_seconds: u32) -> Self {
        let details = StatusDetails { retry_after_seconds, ..StatusDetails::default() };
        Self::failure(504, "Timeout", format!("Timeout: {message}"), Some(details))
    }

    /// 422 `Invalid` without causes, as an API server answers a patch that cannot be applied.
    #[must_use]
    pub fn unprocessable() -> Self {
        let message = "the server rejected our request due to an error in our request";
        Self::failure(422, "Invalid", message, Some(StatusDetails::default()))
    }

    /// 500 without a reason, as an API server answers an error that is not a status itself.
    #[must_use]
    pub fn unknown_error(message: impl Into<String>) -> Self {
        Self::failure(500, "", message, None)
    }

    /// The answer to a deletion after which the Job is gone: the status `Success`, without a code.
    #[must_use]
    pub fn deleted(name: &str, uid: &str) -> Self {
        let details = StatusDetails { uid: uid.to_owned(), ..details(RESOURCE, name) };
        let status = Self::failure(0, "", "", Some(details));
        Self { status: Cow::Borrowed("Success"), ..status }
    }

    /// The JSON body of the response.
    #[must_use]
    #[expect(clippy::expect_used, reason = "a status always serializes")]
    pub fn to_json(&self) -> Vec<u8> {
        serde_json::to_vec(self).expect("strings and numbers under fixed keys serialize")
    }

    fn forbidden_with_causes(name: &str, causes: Vec<StatusCause>, omitted: usize) -> Self {
        let message = forbidden_message(name, aggregate(&causes, omitted));
        let details = StatusDetails { causes, ..details(RESOURCE, name) };
        Self::failure(403, "Forbidden", message, Some(details))
    }

    fn invalid_with_omitted(
        object: GroupKind<'_>,
        name: &str,
        causes: Vec<StatusCause>,
        omitted: usize,
    ) -> Self {
        let mut message = format!("{object} {} is invalid", quote(name));
        if !causes.is_empty() {
            message.push_str(": ");
            message.push_str(&aggregate(&causes, omitted));
        }
        let (name, group, kind) = (name.into(), object.group().into(), object.kind().into());
        let details = StatusDetails { name, group, kind, causes, ..StatusDetails::default() };
        Self::failure(422, "Invalid", message, Some(details))
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

fn forbidden_message(name: &str, why: impl fmt::Display) -> String {
    let object = if name.is_empty() { GROUP_RESOURCE.to_owned() } else { named(name) };
    format!("{object} is forbidden: {why}")
}

/// Joins the distinct errors into one text, like `ErrorList.ToAggregate`.
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

/// For each manager a line, and one for each of its fields.
fn conflicts_by_manager(causes: &[StatusCause]) -> Vec<String> {
    let mut fields: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
    for cause in causes {
        fields.entry(&cause.message).or_default().push(&cause.field);
    }
    let lines = fields.into_iter().flat_map(|(conflict, fields)| {
        let manager = conflict.trim_start_matches("conflict ");
        let heading = format!("conflicts {manager}:");
        let fields = fields.into_iter().map(|field| format!("- {field}"));
        std::iter::once(heading).chain(fields).collect::<Vec<_>>()
    });
    lines.collect()
}

/// The Job with this name, as Kubernetes writes it in messages about a resource.
fn named(name: &str) -> String {
    format!("{GROUP_RESOURCE} {}", quote(name))
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
