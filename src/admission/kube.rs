//! Conversions between the types of this crate and those of kube-core.

use kube_core::admission::AdmissionResponse;
use kube_core::response::{StatusCause as KubeCause, StatusDetails as KubeDetails, StatusSummary};

use super::response::Response;
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
    #[expect(clippy::expect_used, reason = "a patch always serializes")]
    fn from(response: Response) -> Self {
        let mut theirs = Self::invalid("");
        if let Some(patch) = response.patch() {
            theirs = theirs.with_patch(patch.clone()).expect("a JSON Patch is JSON");
        }
        theirs.types.api_version = response.api_version().into();
        theirs.uid = response.uid().into();
        theirs.allowed = response.is_allowed();
        theirs.audit_annotations =
            response.audit_annotations().map(|(key, value)| (key.into(), value.into())).collect();
        theirs.warnings = Some(response.warnings().to_vec()).filter(|list| !list.is_empty());
        // The status of an allowed request is empty.
        theirs.result = response.status().cloned().map(Into::into).unwrap_or_default();
        theirs
    }
}
