//! From the bytes of an `AdmissionReview` to the bytes of the answer.
//!
//! [`respond`] is a validating webhook without its server: it judges updates of Jobs and lets
//! everything else pass. [`restore`] is a mutating one: it puts back what Volcano filled in at
//! creation and a manifest that is applied again lacks. Neither does I/O, and nothing is kept from
//! one call to the next.
//!
//! ```
//! use volcano_job_update::admission::{Outcome, respond};
//! use volcano_job_update::status::StatusCodes;
//! use volcano_job_update::{UpdatePolicy, Validator};
//!
//! let validator = Validator::new(UpdatePolicy::admission());
//! let body = br#"{"apiVersion": "admission.k8s.io/v1", "kind": "AdmissionReview", "request": {
//!     "uid": "705ab4f5", "name": "a", "namespace": "b", "operation": "UPDATE",
//!     "kind": {"group": "batch.volcano.sh", "version": "v1alpha1", "kind": "Job"},
//!     "resource": {"group": "batch.volcano.sh", "version": "v1alpha1", "resource": "jobs"},
//!     "object": {"apiVersion": "batch.volcano.sh/v1alpha1", "kind": "Job",
//!         "metadata": {"name": "a"}, "spec": {"queue": "production"}},
//!     "oldObject": {"apiVersion": "batch.volcano.sh/v1alpha1", "kind": "Job",
//!         "metadata": {"name": "a"}, "spec": {"queue": "research"}}}}"#;
//!
//! let response = respond(body, &validator, StatusCodes::Documented)?;
//! assert_eq!(response.outcome(), Outcome::Denied);
//! assert!(!response.is_allowed());
//! let answer: serde_json::Value = serde_json::from_slice(&response.to_json())?;
//! assert_eq!(answer["response"]["uid"], "705ab4f5");
//! assert_eq!(answer["response"]["status"]["code"], 403);
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! # What is judged
//!
//! | request | answer |
//! |---|---|
//! | `UPDATE` of `jobs` of the group `batch.volcano.sh` | judged by the policy of the [`Validator`] |
//! | a subresource (`status`, `scale`), another resource; `CREATE`, `DELETE`, `CONNECT` | allowed, not looked into |
//! | a Job is missing, cannot be read, or is of another kind; another version of the API | denied |
//! | a review of another version (`v1beta1`), of an operation that there is not, with a field of a wrong type or given twice | denied |
//! | not JSON, or without a uid to answer to | [`RequestError`]: HTTP 400, or 413 if it is too long |
//!
//! # What is answered
//!
//! A denial has the [`Status`](crate::status::Status) of the violations, never with the code 409, on
//! which `kubectl apply` tries six times; the hints are warnings, which kubectl prints on a denial too.
//! Audit annotations say the policy, and for a denial the codes and the paths. No value of a Job is in
//! an answer, but for small numbers that a reason needs, and in the patch of [`restore`].

mod base64;
mod envelope;
#[cfg(feature = "kube")]
mod kube;
mod response;
mod review;
mod warnings;

pub use self::response::{Outcome, Response};
pub use self::review::{AdmissionReview, RequestError, body_limit};
use crate::status::StatusCodes;
use crate::validate::Validator;

/// Answers a review as a validating webhook. The body must be the whole review, and is read within
/// the limits of the policy.
///
/// # Errors
///
/// There is nobody to answer to: the body is not JSON (`{"request": `), has no `request.uid` (`{}`),
/// or is longer than [`body_limit`].
pub fn respond(
    body: &[u8],
    validator: &Validator,
    codes: StatusCodes,
) -> Result<Response, RequestError> {
    let review = AdmissionReview::from_slice(body, validator.policy().limits())?;
    Ok(review.respond(validator, codes))
}

/// Answers a review as a mutating webhook: with the patch that puts dropped creation defaults back,
/// and with none if nothing was dropped. Done twice, the second time does nothing.
///
/// # Errors
///
/// As [`respond`].
pub fn restore(body: &[u8], validator: &Validator) -> Result<Response, RequestError> {
    let review = AdmissionReview::from_slice(body, validator.policy().limits())?;
    Ok(review.restore(validator))
}
