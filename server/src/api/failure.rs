//! Answers to requests that fail.

use axum::body::Body;
use axum::http::Response;
use axum::http::header::RETRY_AFTER;
use volcano_job_apiserver::ErrorResponse;
use volcano_job_update::ViolationCode;
use volcano_job_update::status::Status;

use super::http::{of_type, warn};
use super::view::Encoding;
use crate::access::Verdict;
use crate::store::StoreError;

/// What goes wrong on the way to an answer.
#[derive(Debug)]
pub(crate) struct Failure {
    status: Box<Status>,
    warnings: Box<[String]>,
    denied: Box<[ViolationCode]>,
}

impl From<Status> for Failure {
    fn from(status: Status) -> Self {
        Self { status: Box::new(status), warnings: Box::default(), denied: Box::default() }
    }
}

impl From<ErrorResponse> for Failure {
    fn from(ErrorResponse { status, warnings, denied, .. }: ErrorResponse) -> Self {
        Self { status: Box::new(status), warnings, denied }
    }
}

impl From<StoreError> for Failure {
    fn from(error: StoreError) -> Self {
        match error {
            StoreError::Expired(expired) => Status::expired(expired.to_string()).into(),
            StoreError::Future { asked, last } => {
                Status::resource_version_too_large(asked, last).into()
            }
            StoreError::Failed(why) => Status::internal_error(why).into(),
        }
    }
}

impl Failure {
    /// The codes of the violations, if the policy denies an update.
    pub(crate) fn denied(&self) -> &[ViolationCode] {
        &self.denied
    }

    pub(crate) fn status(&self) -> &Status {
        &self.status
    }

    /// The answer. A client that accepts no document of any kind gets JSON for people.
    pub(crate) fn reply(&self, encoding: Option<Encoding>) -> Response<Body> {
        let encoding = encoding.unwrap_or(Encoding::PrettyJson);
        let body = encoding.status(&self.status);
        let mut response = of_type(encoding.content_type(), self.status.code, body);
        warn(&mut response, &self.warnings);
        if !self.denied.is_empty() {
            response.extensions_mut().insert(Verdict::denied(self.denied.iter().copied()));
        }
        let details = self.status.details.as_ref();
        let seconds = details.map_or(0, |details| details.retry_after_seconds);
        if seconds > 0 {
            response.headers_mut().insert(RETRY_AFTER, seconds.into());
        }
        response
    }
}
