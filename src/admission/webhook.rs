//! A webhook without a server: the body of a request in, the HTTP response out.

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
    /// Creates a webhook that applies the policy of a validator and denies with
    /// [`StatusCodes::Documented`].
    #[must_use]
    pub fn new(validator: Validator) -> Self {
        Self { validator, ..Self::default() }
    }

    /// Sets the status codes of denials.
    #[must_use]
    pub fn with_status_codes(self, status_codes: StatusCodes) -> Self {
        Self { status_codes, ..self }
    }

    /// Sets whether the webhook is a shadow. A shadow denies nothing and reports would-be denials
    /// as warnings, see [`Response::into_shadow`].
    #[must_use]
    pub fn with_shadow(self, is_shadow: bool) -> Self {
        Self { is_shadow, ..self }
    }

    /// The validator, including the policy.
    #[must_use]
    pub fn validator(&self) -> &Validator {
        &self.validator
    }

    /// The status codes of denials.
    #[must_use]
    pub fn status_codes(&self) -> StatusCodes {
        self.status_codes
    }

    /// Whether the webhook is a shadow, which denies nothing.
    #[must_use]
    pub fn is_shadow(&self) -> bool {
        self.is_shadow
    }

    /// The maximum size of a body in bytes, see [`body_limit`].
    #[must_use]
    pub fn body_limit(&self) -> usize {
        body_limit(self.validator.policy().limits())
    }

    /// Answers a request to the validating webhook: whether the update is allowed.
    #[must_use]
    pub fn validate(&self, body: &[u8]) -> HttpAnswer {
        self.answer(body, |review| review.respond(&self.validator, self.status_codes))
    }

    /// Answers a request to the mutating webhook: a patch that restores dropped creation defaults.
    #[must_use]
    pub fn restore(&self, body: &[u8]) -> HttpAnswer {
        self.answer(body, |review| review.restore(&self.validator))
    }

    /// Answers a request whose body is larger than [`Webhook::body_limit`], from its first
    /// [`BEGINNING_BYTES`](super::BEGINNING_BYTES): with a denial if they contain the uid.
    #[must_use]
    pub fn oversized(&self, beginning: &[u8]) -> HttpAnswer {
        let review = AdmissionReview::oversized(beginning, self.validator.policy().limits());
        self.answer_to(review, |review| review.respond(&self.validator, self.status_codes))
    }

    fn answer(
        &self,
        body: &[u8],
        respond: impl FnOnce(&AdmissionReview<'_>) -> Response,
    ) -> HttpAnswer {
        let review = AdmissionReview::from_slice(body, self.validator.policy().limits());
        self.answer_to(review, respond)
    }

    fn answer_to(
        &self,
        review: Result<AdmissionReview<'_>, RequestError>,
        respond: impl FnOnce(&AdmissionReview<'_>) -> Response,
    ) -> HttpAnswer {
        HttpAnswer(review.map(|review| {
            let response = respond(&review);
            if self.is_shadow { response.into_shadow() } else { response }
        }))
    }
}

/// An HTTP response, with the details that logs and metrics need.
///
/// It contains no value of a Job except in the patch of [`Webhook::restore`], see [the
/// module](super#contents-of-a-response).
#[derive(Clone, Debug, PartialEq)]
pub struct HttpAnswer(Result<Response, RequestError>);

impl HttpAnswer {
    /// The HTTP status code: 200 for a response to the review, otherwise 400 or 413.
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

    /// The outcome. For a shadow, this is the outcome without shadow mode;
    /// [`HttpAnswer::is_allowed`] tells whether the request is allowed.
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

    /// The uid of the request; `None` if the body is not a review that can be answered.
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
    /// The body is not a review that can be answered.
    pub fn response(&self) -> Result<&Response, &RequestError> {
        self.0.as_ref()
    }

    /// The response to the review, owned.
    ///
    /// # Errors
    ///
    /// The body is not a review that can be answered.
    pub fn into_response(self) -> Result<Response, RequestError> {
        self.0
    }
}
