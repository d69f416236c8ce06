//! The outcome of a request to a webhook.

use crate::job::names::spelling;

/// The outcome of a request to a webhook.
///
/// The spelling ([`Outcome::as_str`], `Display`, serde) is stable: use it as the label of a metric.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[non_exhaustive]
pub enum Outcome {
    /// The request is no update of a Job. It is allowed, and its objects are not compared.
    Skipped,
    /// The update is allowed. From a mutating webhook: nothing had to be restored.
    Allowed,
    /// Creation defaults were missing; the response has a patch that adds them.
    Restored,
    /// The update is denied, because of its violations.
    Denied,
    /// The request is denied because of an error: no outcome can be determined.
    Error,
    /// The body is no review that can be answered; the HTTP status code is 400 or 413.
    BadRequest,
}

spelling!(Outcome, "outcome", {
    Skipped => "skipped",
    Allowed => "allowed",
    Restored => "restored",
    Denied => "denied",
    Error => "error",
    BadRequest => "bad-request",
});

impl Outcome {
    /// Whether the response denies the request, unless it is that of a
    /// [shadow](super::Response::into_shadow): `Denied` or `Error`.
    #[must_use]
    pub fn is_denial(self) -> bool {
        matches!(self, Self::Denied | Self::Error)
    }
}
