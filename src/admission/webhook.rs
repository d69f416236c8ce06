//! A webhook without its server: the body of a request in, the HTTP response out.

use super::outcome::Outcome;
use super::response::Response;
use super::review::{AdmissionReview, RequestError, body_limit};
use crate::status::StatusCodes;
use crate::validate::{Validator, ViolationCode};

/// Answers requests of an API server, as a validating and as a mutating webhook.
///
/// Build it once and share it: it is `Send` and `Sync`, and answering does not change it.
///
/// ```
/// use volcano_job_update::admission::{Outcome, Webhook};
/// use volcano_job_update::{UpdatePolicy, Validator};
///
/// let webhook = Webhook::new(Validator::new(UpdatePolicy::admission()));
/// let answer = webhook.validate(b"{}");
/// assert_eq!((answer.status_code(), answer.content_type()), (400, "application/json"));
/// assert_eq!(answer.outcome(), Outcome::BadRequest);
/// let body: serde_json::Value = serde_json::from_slice(&answer.body())?;
/// assert_eq!(body["message"], "request.uid: must be set");
/// # Ok::<(), serde_json::Error>(())
/// ```
#[derive(Clone, Debug, Default)]
pub struct Webhook {
    validator: Validator,
    status_codes: StatusCodes,
    is_shadow: bool,
}

impl Webhook {
    /// A webhook that applies the policy of a validator, and denies with [`StatusCodes::Documented`].
    #[must_use]
    pub fn new(validator: Validator) -> Self {
        Self { validator, ..Self::default() }
    }

    /// Sets which status codes a denial has.
    #[must_use]
    pub fn with_status_codes(self, status_codes: StatusCodes) -> Self {
        Self { status_codes, ..self }
    }

    /// Sets whether the webhook is a shadow: it denies nothing, and responds to what it would deny with
    /// warnings, see [`Response::into_shadow`].
    #[must_use]
    pub fn with_shadow(self, is_shadow: bool) -> Self {
        Self { is_shadow, ..self }
    }

    /// The validator, which has the policy.
    #[must_use]
    pub fn validator(&self) -> &Validator {
        &self.validator
    }

    /// Which status codes a denial has.
    #[must_use]
    pub fn status_codes(&self) -> StatusCodes {
        self.status_codes
    }

    /// Whether the webhook is a shadow, which denies nothing.
    #[must_use]
    pub fn is_shadow(&self) -> bool {
        self.is_shadow
    }

    /// The largest body that is read, in bytes, see [`body_limit`].
    #[must_use]
    pub fn body_limit(&self) -> usize {
        body_limit(self.validator.policy().limits())
    }

    /// Answers a request to the validating webhook: whether the update is allowed.
    #[must_use]
    pub fn validate(&self, body: &[u8]) -> HttpAnswer {
        self.answer(body, |review| review.respond(&self.validator, self.status_codes))
    }

    /// Answers a request to the mutating webhook: the patch that puts dropped creation defaults back.
    #[must_use]
    pub fn restore(&self, body: &[u8]) -> HttpAnswer {
        self.answer(body, |review| review.restore(&self.validator))
    }

    fn answer(
        &self,
        body: &[u8],
        respond: impl FnOnce(&AdmissionReview<'_>) -> Response,
    ) -> HttpAnswer {
        let review = AdmissionReview::from_slice(body, self.validator.policy().limits());
        HttpAnswer(review.map(|review| {
            let response = respond(&review);
            if self.is_shadow { response.into_shadow() } else { response }
        }))
    }
}

/// An HTTP response, and what logs and metrics need of it.
///
/// It contains no value of a Job but in the patch of [`Webhook::restore`], see
/// [the module](super#what-is-answered).
#[derive(Clone, Debug, PartialEq)]
pub struct HttpAnswer(Result<Response, RequestError>);

impl HttpAnswer {
    /// The HTTP status code: 200 with a response to the review, 400 or 413 without.
    #[must_use]
    pub fn status_code(&self) -> u16 {
        match &self.0 {
            Ok(_) => 200,
            Err(error) => error.status().code,
        }
    }

    /// The value of the header `Content-Type`.
    #[must_use]
    pub fn content_type(&self) -> &'static str {
        "application/json"
    }

    /// The body: an `AdmissionReview`, or the `Status` of a [`RequestError`].
    #[must_use]
    pub fn body(&self) -> Vec<u8> {
        match &self.0 {
            Ok(response) => response.to_json(),
            Err(error) => error.status().to_json(),
        }
    }

    /// The outcome. That of a shadow is what it would be otherwise; whether the request is allowed
    /// says [`HttpAnswer::is_allowed`].
    #[must_use]
    pub fn outcome(&self) -> Outcome {
        match &self.0 {
            Ok(response) => response.outcome(),
            Err(_) => Outcome::BadRequest,
        }
    }

    /// Whether the request is allowed.
    #[must_use]
    pub fn is_allowed(&self) -> bool {
        self.0.as_ref().is_ok_and(Response::is_allowed)
    }

    /// The uid of the request; `None` if the body is no review that can be answered.
    #[must_use]
    pub fn uid(&self) -> Option<&str> {
        self.0.as_ref().ok().map(Response::uid)
    }

    /// The codes of the violations, one for each violation.
    pub fn codes(&self) -> impl Iterator<Item = ViolationCode> {
        self.0.iter().flat_map(Response::codes)
    }

    /// The response to the review.
    ///
    /// # Errors
    ///
    /// The body is no review that can be answered.
    pub fn response(&self) -> Result<&Response, &RequestError> {
        self.0.as_ref()
    }

    /// The response to the review, owned.
    ///
    /// # Errors
    ///
    /// The body is no review that can be answered.
    pub fn into_response(self) -> Result<Response, RequestError> {
        self.0
    }
}
