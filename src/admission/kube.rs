//! The same answers in the types of kube-core, for webhooks that are made of them.

use json_patch::Patch;
use kube_core::admission::AdmissionResponse;
use kube_core::response::{StatusCause as KubeCause, StatusDetails as KubeDetails, StatusSummary};

use super::{RequestError, Response};
use crate::status::{Status, StatusCause, StatusDetails};

impl From<Status> for kube_core::Status {
    fn from(status: Status) -> Self {
        let summary = match &*status.status {
            "Success" => Some(StatusSummary::Success),
            "Failure" => Some(StatusSummary::Failure),
            _ => None,
        };
        Self {
            status: summary,
            code: status.code,
            message: status.message,
            metadata: None,
            reason: status.reason.into_owned(),
            details: status.details.map(|details| (*details).into()),
        }
    }
}

impl From<kube_core::Status> for Status {
    fn from(status: kube_core::Status) -> Self {
        let mut ours = Self::unknown_error(status.message);
        ours.status = match status.status {
            Some(StatusSummary::Success) => "Success".into(),
            Some(StatusSummary::Failure) => "Failure".into(),
            None => "".into(),
        };
        ours.code = status.code;
        ours.reason = status.reason.into();
        ours.details = status.details.map(|details| Box::new(details.into()));
        ours
    }
}

impl From<StatusDetails> for KubeDetails {
    fn from(details: StatusDetails) -> Self {
        let StatusDetails { name, group, kind, uid, causes, retry_after_seconds } = details;
        let causes = causes.into_iter().map(Into::into).collect();
        Self { name, group, kind, uid, causes, retry_after_seconds }
    }
}

impl From<KubeDetails> for StatusDetails {
    fn from(details: KubeDetails) -> Self {
        let KubeDetails { name, group, kind, uid, causes, retry_after_seconds } = details;
        let causes = causes.into_iter().map(Into::into).collect();
        Self { name, group, kind, uid, causes, retry_after_seconds }
    }
}

impl From<StatusCause> for KubeCause {
    fn from(cause: StatusCause) -> Self {
        let StatusCause { reason, message, field } = cause;
        Self { reason, message, field }
    }
}

impl From<KubeCause> for StatusCause {
    fn from(cause: KubeCause) -> Self {
        let KubeCause { reason, message, field } = cause;
        Self { reason, message, field }
    }
}

impl From<Response> for AdmissionResponse {
    fn from(response: Response) -> Self {
        let mut theirs = with_patch(response.patch());
        theirs.types.api_version = response.api_version().into();
        theirs.uid = response.uid().into();
        theirs.allowed = response.is_allowed();
        theirs.audit_annotations =
            response.audit_annotations().map(|(key, value)| (key.into(), value.into())).collect();
        theirs.warnings = Some(response.warnings().to_vec()).filter(|list| !list.is_empty());
        theirs.result = response.status().cloned().map(Into::into).unwrap_or_default();
        theirs
    }
}

impl From<RequestError> for AdmissionResponse {
    /// The closest there is: an answer without a uid, which an API server does not accept. Better is
    /// an HTTP response with the code of [`RequestError::status`].
    fn from(error: RequestError) -> Self {
        let mut theirs = Self::invalid("");
        theirs.result = error.status().clone().into();
        theirs
    }
}

/// An answer with a patch or without one, to be filled.
fn with_patch(patch: Option<&Patch>) -> AdmissionResponse {
    // A patch is made of strings and of values of a Job, which always serialize.
    let patched =
        patch.and_then(|patch| AdmissionResponse::invalid("").with_patch(patch.clone()).ok());
    patched.unwrap_or_else(|| AdmissionResponse::invalid(""))
}
