//! The question: an `AdmissionReview`, borrowed.

use std::borrow::Cow;

use super::envelope::{self, Envelope, Reading, Triple};
use super::response::{Outcome, Response};
use crate::diff::ReviewError;
use crate::job::resource::{GROUP, KIND, RESOURCE, VERSION};
use crate::job::{Job, JobError, Limits};
use crate::status::{Status, StatusCodes};
use crate::validate::Validator;

pub(super) const REVIEW_VERSION: &str = "admission.k8s.io/v1";
pub(super) const REVIEW_KIND: &str = "AdmissionReview";

/// What a body may have beside two Jobs.
const ENVELOPE_BYTES: usize = 1024 * 1024;

/// How many bytes a review may have: two Jobs of the most that the limits allow, and a MiB. With the
/// default limits that are 7 MiB.
#[must_use]
pub fn body_limit(limits: &Limits) -> usize {
    limits.text_bytes.saturating_mul(2).saturating_add(ENVELOPE_BYTES)
}

/// A request that cannot be answered with an `AdmissionReview`, as nothing says which one it is. It
/// is answered with an HTTP error, which an API server takes as a failure of the webhook.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{status}")]
pub struct RequestError {
    status: Box<Status>,
}

impl RequestError {
    /// What to answer; its `code`, 400 or 413, is that of the HTTP response.
    #[must_use]
    pub fn status(&self) -> &Status {
        &self.status
    }

    fn bad_request(message: impl Into<String>) -> Self {
        Self { status: Box::new(Status::bad_request(message)) }
    }

    fn too_large(limit: usize) -> Self {
        let why = format!("the review must be no longer than {limit} bytes");
        Self { status: Box::new(Status::request_entity_too_large(why)) }
    }
}

/// An `AdmissionReview` of [`admission.k8s.io/v1`] with a request, read as far as an answer needs.
///
/// It borrows from the body. What is wrong with the review or its Jobs is kept, and comes out as the
/// denial that [`AdmissionReview::respond`] gives.
///
/// [`admission.k8s.io/v1`]: https://kubernetes.io/docs/reference/access-authn-authz/extensible-admission-controllers/#request
#[derive(Clone, Debug)]
pub struct AdmissionReview<'a> {
    envelope: Envelope<'a>,
}

impl<'a> AdmissionReview<'a> {
    /// Reads a review, and its Jobs within the limits.
    ///
    /// # Errors
    ///
    /// There is nobody to answer to: the body has no `request.uid` (`{}`), or is no JSON up to there
    /// (`{"request": `, nothing at all); it is not UTF-8; it is longer than [`body_limit`].
    pub fn from_slice(body: &'a [u8], limits: &Limits) -> Result<Self, RequestError> {
        let limit = body_limit(limits);
        if body.len() > limit {
            return Err(RequestError::too_large(limit));
        }
        let envelope = envelope::read(body, limits);
        if text(envelope.uid.as_ref()).is_empty() {
            let error = envelope.error.as_deref();
            return Err(RequestError::bad_request(error.unwrap_or("request.uid: must be set")));
        }
        Ok(Self { envelope })
    }

    /// The uid of the request.
    #[must_use]
    pub fn uid(&self) -> &str {
        text(self.envelope.uid.as_ref())
    }

    /// What is done, such as `UPDATE`.
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

    /// Whether nothing is stored in the end.
    #[must_use]
    pub fn is_dry_run(&self) -> bool {
        self.envelope.dry_run.unwrap_or_default()
    }

    /// The existing Job, if there is one that can be read.
    #[must_use]
    pub fn existing(&self) -> Option<&Job<'a>> {
        envelope::job(self.envelope.existing.as_ref())
    }

    /// The replacement, if there is one that can be read.
    #[must_use]
    pub fn replacement(&self) -> Option<&Job<'a>> {
        envelope::job(self.envelope.replacement.as_ref())
    }

    /// Answers as a validating webhook.
    #[must_use]
    pub fn respond(&self, validator: &Validator, codes: StatusCodes) -> Response {
        let (existing, replacement) = match self.update() {
            Ok(jobs) => jobs,
            Err(response) => return *response,
        };
        let response = self.response(Outcome::Error);
        match validator.review(existing, replacement) {
            Ok(review) => response.judged(self.name(), review, codes),
            Err(error) => response.without_verdict(self.name(), &error),
        }
    }

    /// Answers as a mutating webhook that puts dropped creation defaults back.
    #[must_use]
    pub fn restore(&self, validator: &Validator) -> Response {
        let (existing, replacement) = match self.update() {
            Ok(jobs) => jobs,
            Err(response) => return *response,
        };
        let response = self.response(Outcome::Error);
        match validator.restoring_patch(existing, replacement) {
            Ok(patch) => response.restored(patch, validator.policy()),
            Err(error) => response.without_verdict(self.name(), &error),
        }
    }

    /// The two Jobs of an update, or the answer to anything else.
    fn update(&self) -> Result<(&Job<'a>, &Job<'a>), Box<Response>> {
        let Envelope { resource, object_kind, existing, replacement, .. } = &self.envelope;
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

    /// Why the review cannot be judged, whatever it is about.
    fn error(&self) -> Option<&str> {
        let Envelope { api_version, kind, error, .. } = &self.envelope;
        let is_known =
            text(api_version.as_ref()) == REVIEW_VERSION && text(kind.as_ref()) == REVIEW_KIND;
        error.as_deref().or((!is_known).then_some(
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
                Err(Box::new(response.without_verdict(self.name(), &wrap(error.clone()))))
            }
            Some(Reading::Absent) | None => {
                Err(self.denial(&format!("request.{field}: must be set")))
            }
        }
    }

    fn skipped(&self) -> Box<Response> {
        Box::new(self.response(Outcome::Skipped))
    }

    /// A denial for a error of the review itself.
    fn denial(&self, error: &str) -> Box<Response> {
        let status = Status::bad_request(error);
        Box::new(self.response(Outcome::Error).denied(self.name(), status))
    }

    fn response(&self, outcome: Outcome) -> Response {
        // Whoever sends another version expects the answer in it, if it is one of these at all.
        let api_version = match text(self.envelope.api_version.as_ref()) {
            other if other.starts_with("admission.k8s.io/") => other,
            _ => REVIEW_VERSION,
        };
        Response::new(api_version, self.uid(), outcome)
    }
}

fn text<'r>(field: Option<&'r Cow<'_, str>>) -> &'r str {
    field.map(|text| &**text).unwrap_or_default()
}
