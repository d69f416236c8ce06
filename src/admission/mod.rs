//! Admission webhooks without a server: from the bytes of an `AdmissionReview` to the bytes of the
//! response.
//!
//! A [`Webhook`] validates updates of Jobs ([`Webhook::validate`]) and restores creation defaults
//! that a reapplied manifest lacks ([`Webhook::restore`]). It does no I/O and is stateless. The
//! `kube` feature converts responses to the types of kube-core.
//!
//! ```
//! use volcano_job_update::admission::{Outcome, Webhook};
//! use volcano_job_update::{UpdatePolicy, Validator};
//!
//! let webhook = Webhook::new(Validator::new(UpdatePolicy::admission()));
//! let body = br#"{"apiVersion": "admission.k8s.io/v1", "kind": "AdmissionReview", "request": {
//!     "uid": "705ab4f5", "name": "a", "namespace": "b", "operation": "UPDATE",
//!     "kind": {"group": "batch.volcano.sh", "version": "v1alpha1", "kind": "Job"},
//!     "resource": {"group": "batch.volcano.sh", "version": "v1alpha1", "resource": "jobs"},
//!     "object": {"apiVersion": "batch.volcano.sh/v1alpha1", "kind": "Job",
//!         "metadata": {"name": "a"}, "spec": {"queue": "production"}},
//!     "oldObject": {"apiVersion": "batch.volcano.sh/v1alpha1", "kind": "Job",
//!         "metadata": {"name": "a"}, "spec": {"queue": "research"}}}}"#;
//!
//! let answer = webhook.validate(body);
//! assert_eq!((answer.status_code(), answer.content_type()), (200, "application/json"));
//! assert_eq!(answer.outcome(), Outcome::Denied);
//! let review: serde_json::Value = serde_json::from_slice(&answer.body())?;
//! assert_eq!(review["response"]["uid"], "705ab4f5");
//! assert_eq!(review["response"]["status"]["code"], 403);
//! # Ok::<(), serde_json::Error>(())
//! ```
//!
//! # Which requests are validated
//!
//! | request | response |
//! |---|---|
//! | `UPDATE` of `jobs` of the group `batch.volcano.sh` | the outcome by the policy of the [`Validator`] |
//! | a subresource (`status`, `scale`), another resource; `CREATE`, `DELETE`, `CONNECT` | allowed, the objects are not compared |
//! | a Job that is missing, cannot be read, or is of another kind; another version of the API | denied |
//! | a review of another version (`v1beta1`), with an unknown operation, or with a field of a wrong type or given twice | denied |
//! | a body that is not JSON or has no uid | [`RequestError`]: HTTP 400, or 413 if it is too large |
//!
//! # Contents of a response
//!
//! A denial carries the [`Status`](crate::status::Status) of the violations. Its code is never 409,
//! on which `kubectl apply` retries. The hints are sent as warnings, which kubectl also prints with
//! a denial. The audit annotations contain the policy and, for a denial, the codes and paths. A
//! response contains no value of a Job, except small numbers in a message and the patch of
//! [`Webhook::restore`].

mod api;
mod base64;
mod envelope;
#[cfg(feature = "kube")]
mod kube;
mod outcome;
mod response;
mod review;
mod warnings;
mod webhook;

pub use self::outcome::Outcome;
pub use self::response::Response;
pub use self::review::{AdmissionReview, BEGINNING_BYTES, RequestError, body_limit};
pub use self::webhook::{HttpAnswer, Webhook};
use crate::status::StatusCodes;
use crate::validate::Validator;

/// The response of a validating webhook to the body of a request, which is read within the limits
/// of the policy.
///
/// # Errors
///
/// The review cannot be answered: the body is not JSON (`{"request": `), has no `request.uid`
/// (`{}`), or is larger than [`body_limit`].
pub fn respond(
    body: &[u8],
    validator: &Validator,
    codes: StatusCodes,
) -> Result<Response, RequestError> {
    let review = AdmissionReview::from_slice(body, validator.policy().limits())?;
    Ok(review.respond(validator, codes))
}

/// The response of a mutating webhook to the body of a request: a patch that restores dropped
/// creation defaults, or no patch if none were dropped. Restoring is idempotent.
///
/// # Errors
///
/// Same as [`respond`].
pub fn restore(body: &[u8], validator: &Validator) -> Result<Response, RequestError> {
    let review = AdmissionReview::from_slice(body, validator.policy().limits())?;
    Ok(review.restore(validator))
}
