//! The API version and kind of an `AdmissionReview`.

/// The only version of the API that is answered.
pub(super) const API_VERSION: &str = "admission.k8s.io/v1";

pub(super) const KIND: &str = "AdmissionReview";
