//! The API version and kind of an `AdmissionReview`.

/// The only supported version of the API.
pub(super) const API_VERSION: &str = "admission.k8s.io/v1";

pub(super) const KIND: &str = "AdmissionReview";
