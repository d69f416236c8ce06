//! Reads an `AdmissionReview` and responds to it.

use std::borrow::Cow;

use super::api;
use super::envelope::{self, Envelope, Reading, Triple};
use super::outcome::Outcome;
use super::response::Response;
use crate::diff::{Change, ReviewError};
use crate::job::resource::{GROUP, KIND, RESOURCE, VERSION};
use crate::job::{Job, JobError, Limits};
use crate::path::Segment;
use crate::status::{Status, StatusCodes};
use crate::validate::Validator;

/// The limit for all of a body except its two Jobs, in bytes.
const ENVELOPE_BYTES: usize = 1024 * 1024;

/// How much of a review that is too large is read, in bytes.
pub const BEGINNING_BYTES: usize = 64 * 1024;

/// The maximum size of a body in bytes: two Jobs of [`Limits::text_bytes`] and 1 MiB. With the
/// default limits this is 7 MiB.
#[must_use]
pub fn body_limit(limits: &Limits) -> usize {
    // A policy file can set any limit, so the sum may overflow.
    limits.text_bytes.saturating_mul(2).saturating_add(ENVELOPE_BYTES)
}

/// The body of a request is not a review that can be answered. Without a uid, no response is
/// possible.
///
/// The HTTP response is an error with the code and body of [`RequestError::status`]. An API server
/// treats it as a failed webhook call and applies the `failurePolicy`.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{status}")]
pub struct RequestError {
    status: Box<Status>,
}

impl RequestError {
    /// The body of the HTTP response. Its `code`, 400 or 413, is the HTTP status code.
    #[must_use]
    pub fn status(&self) -> &Status {
        &self.status
    }

    fn bad_request(message: impl Into<String>) -> Self {
        Self { status: Box::new(Status::bad_request(message)) }
    }

    fn too_large(limits: &Limits) -> Self {
        Self { status: Box::new(too_large(limits)) }
    }
}

fn too_large(limits: &Limits) -> Status {
    let limit = body_limit(limits);
    Status::request_entity_too_large(format!("the review must be no longer than {limit} bytes"))
}

/// An `AdmissionReview` of [`admission.k8s.io/v1`], borrowed from the body of a request.
///
/// Reading succeeds even if the review or its Jobs have errors: [`AdmissionReview::respond`]
/// answers them with a denial.
///
/// [`admission.k8s.io/v1`]: https://kubernetes.io/docs/reference/access-authn-authz/extensible-admission-controllers/#request
#[derive(Clone, Debug)]
pub struct AdmissionReview<'a> {
    envelope: Envelope<'a>,
    /// Why the review is denied if it is longer than [`body_limit`].
    too_large: Option<Box<Status>>,
}

impl<'a> AdmissionReview<'a> {
    /// Reads a review and its Jobs, within the limits.
    ///
    /// # Errors
    ///
    /// The review cannot be answered: the body has no `request.uid` (`{}`), is not JSON up to the
    /// uid (an empty body, `{"request": `), or is not UTF-8. A body larger than [`body_limit`] is
    /// read as [`AdmissionReview::oversized`] does.
    pub fn from_slice(body: &'a [u8], limits: &Limits) -> Result<Self, RequestError> {
        if body.len() > body_limit(limits) {
            return Self::oversized(body, limits);
        }
        let envelope = envelope::read(body, limits);
        if text(envelope.uid.as_ref()).is_empty() {
            let error = envelope.error.as_deref();
            return Err(RequestError::bad_request(error.unwrap_or("request.uid: must be set")));
        }
        Ok(Self { envelope, too_large: None })
    }

    /// Reads the uid from the beginning of a review that is larger than [`body_limit`]; the
    /// response denies it. At most [`BEGINNING_BYTES`] are read: an API server writes the uid
    /// before everything else of the request.
    ///
    /// # Errors
    ///
    /// The beginning has no uid.
    pub fn oversized(beginning: &'a [u8], limits: &Limits) -> Result<Self, RequestError> {
        let beginning = beginning.get(..BEGINNING_BYTES).unwrap_or(beginning);
        // The last character may be cut.
        let beginning = beginning.utf8_chunks().next().map_or("", |chunk| chunk.valid());
        let envelope = envelope::read(beginning.as_bytes(), limits);
        if text(envelope.uid.as_ref()).is_empty() {
            return Err(RequestError::too_large(limits));
        }
        Ok(Self { envelope, too_large: Some(Box::new(too_large(limits))) })
    }

    /// The uid of the request.
    #[must_use]
    pub fn uid(&self) -> &str {
        text(self.envelope.uid.as_ref())
    }

    /// The operation, such as `UPDATE`.
    #[must_use]
    pub fn operation(&self) -> &str {
        text(self.envelope.operation.as_ref())
    }

    /// The name of the object.
    #[must_use]
    pub fn name(&self) -> &str {
        text(self.envelope.name.as_ref())
    }

    /// The namespace of the object.
    #[must_use]
    pub fn namespace(&self) -> &str {
        text(self.envelope.namespace.as_ref())
    }

    /// Whether the request is a dry run, which stores nothing.
    #[must_use]
    pub fn is_dry_run(&self) -> bool {
        self.envelope.dry_run == Some(true)
    }

    /// The existing Job (`oldObject`); `None` if it is absent or cannot be read.
    #[must_use]
    pub fn existing(&self) -> Option<&Job<'a>> {
        envelope::job(self.envelope.existing.as_ref())
    }

    /// The replacement (`object`); `None` if it is absent or cannot be read.
    #[must_use]
    pub fn replacement(&self) -> Option<&Job<'a>> {
        envelope::job(self.envelope.replacement.as_ref())
    }

    /// The response of a validating webhook.
    #[must_use]
    pub fn respond(&self, validator: &Validator, codes: StatusCodes) -> Response {
        let (existing, replacement) = match self.update() {
            Ok(jobs) => jobs,
            Err(response) => return *response,
        };
        let response = self.response(Outcome::Error);
        match validator.review(existing, replacement) {
            Ok(mut review) => {
                if review.changes().iter().any(concerns_volcano) {
                    // Without the warning the answer is the same, so it needs no second verdict from a
                    // Job that cannot be read in full.
                    drop(validator.warn_about_volcano(&mut review, existing, replacement));
                }
                response.reviewed(self.name(), review, codes)
            }
            Err(error) => response.unreadable(self.name(), &error),
        }
    }

    /// The response of a mutating webhook that restores dropped creation defaults.
    #[must_use]
    pub fn restore(&self, validator: &Validator) -> Response {
        let (existing, replacement) = match self.update() {
            Ok(jobs) => jobs,
            Err(response) => return *response,
        };
        let response = self.response(Outcome::Error);
        match validator.restoring_patch(existing, replacement) {
            Ok(patch) => response.restored(patch, validator.policy()),
            Err(error) => response.unreadable(self.name(), &error),
        }
    }

    /// The two Jobs if the request is an update of a Job that can be reviewed, otherwise the
    /// response.
    fn update(&self) -> Result<(&Job<'a>, &Job<'a>), Box<Response>> {
        let Envelope { resource, object_kind, existing, replacement, .. } = &self.envelope;
        if let Some(status) = &self.too_large {
            return Err(Box::new(
                self.response(Outcome::Error).failed(self.name(), (**status).clone()),
            ));
        }
        if let Some(error) = self.error() {
            return Err(self.denial(error));
        }
        match self.operation() {
            "UPDATE" => {}
            "CREATE" | "DELETE" | "CONNECT" => return Err(self.skipped()),
            _ => {
                let error = "request.operation: must be CREATE, UPDATE, DELETE or CONNECT";
                return Err(self.denial(error));
            }
        }
        let [group, version, resource] = resource.as_ref().map(Triple::parts).unwrap_or_default();
        if resource.is_empty() {
            return Err(self.denial("request.resource: must be set"));
        }
        if (group, resource) != (GROUP, RESOURCE)
            || !text(self.envelope.sub_resource.as_ref()).is_empty()
        {
            return Err(self.skipped());
        }
        let kind = object_kind.as_ref().map(Triple::parts).unwrap_or_default();
        if version != VERSION || kind != [GROUP, VERSION, KIND] {
            return Err(self.denial("request.kind: must be Job of batch.volcano.sh/v1alpha1"));
        }
        let existing = self.job(existing.as_ref(), "oldObject", ReviewError::Existing)?;
        let replacement = self.job(replacement.as_ref(), "object", ReviewError::Replacement)?;
        Ok((existing, replacement))
    }

    /// An error that denies the request regardless of its content.
    fn error(&self) -> Option<&str> {
        let Envelope { api_version, kind, error, .. } = &self.envelope;
        let is_supported =
            text(api_version.as_ref()) == api::API_VERSION && text(kind.as_ref()) == api::KIND;
        error.as_deref().or((!is_supported).then_some(
            "the review must be an AdmissionReview of admission.k8s.io/v1; list v1 in \
             admissionReviewVersions",
        ))
    }

    fn job<'r>(
        &self,
        reading: Option<&'r Reading<'a>>,
        field: &str,
        wrap: impl FnOnce(JobError) -> ReviewError,
    ) -> Result<&'r Job<'a>, Box<Response>> {
        match reading {
            Some(Reading::Read(job)) => Ok(job),
            Some(Reading::Unreadable(error)) => {
                let response = self.response(Outcome::Error);
                Err(Box::new(response.unreadable(self.name(), &wrap(error.clone()))))
            }
            Some(Reading::Absent) | None => {
                Err(self.denial(&format!("request.{field}: must be set")))
            }
        }
    }

    fn skipped(&self) -> Box<Response> {
        Box::new(self.response(Outcome::Skipped))
    }

    /// A denial because of an error in the review.
    fn denial(&self, error: &str) -> Box<Response> {
        let status = Status::bad_request(error);
        Box::new(self.response(Outcome::Error).failed(self.name(), status))
    }

    fn response(&self, outcome: Outcome) -> Response {
        // An API server accepts a response only in the API version of its review.
        let api_version = match text(self.envelope.api_version.as_ref()) {
            other if other.starts_with("admission.k8s.io/") => other,
            _ => api::API_VERSION,
        };
        Response::new(api_version, self.uid(), outcome)
    }
}

/// An absent or null field is empty, as in Kubernetes' own types.
fn text<'r>(field: Option<&'r Cow<'_, str>>) -> &'r str {
    field.map(|text| &**text).unwrap_or_default()
}
/// Whether Volcano's webhook may deny an update for a change. What it lets an update change is left out:
/// to read both Jobs for that once more would take several times as long as the review.
fn concerns_volcano(change: &Change) -> bool {
    match change.path().segments() {
        [Segment::Key(spec), Segment::Key(field)] if &**spec == "spec" => {
            !matches!(&**field, "minAvailable" | "priorityClassName")
        }
        [Segment::Key(spec), Segment::Key(_), Segment::Index(_), Segment::Key(field)]
            if &**spec == "spec" =>
        {
            !matches!(&**field, "replicas" | "minAvailable")
        }
        [Segment::Key(key), ..] => &**key == "spec",
        // The whole Job.
        [Segment::Index(_), ..] | [] => true,
    }
}
