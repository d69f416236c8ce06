//! The outcome of a request to a webhook.

use crate::job::names::spelling;

/// The outcome of a request to a webhook.
///
/// The names ([`Outcome::as_str`], `Display`, serde) are stable and suitable as metric labels.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[non_exhaustive]
pub enum Outcome {
    /// The request is not an update of a Job. It is allowed without comparing the objects.
    Skipped,
    /// The update is allowed. For a mutating webhook: nothing had to be restored.
    Allowed,
    /// Creation defaults were missing. The response has a patch that adds them.
    Restored,
    /// The update is denied because of violations.
    Denied,
    /// The request is denied because of an error: no outcome can be determined.
    Error,
    /// The body is not a review that can be answered. The HTTP status code is 400 or 413.
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
    /// Whether the outcome is `Denied` or `Error`. The response then denies the request, unless it
    /// is a [shadow](super::Response::into_shadow).
    #[must_use]
    pub fn is_denial(self) -> bool {
        matches!(self, Self::Denied | Self::Error)
    }
}
