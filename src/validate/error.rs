//! Why an update must not be made.

use super::Violations;
use crate::diff::ReviewError;

/// Why an update must not be made: it was judged and denied, or it could not be judged.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
#[expect(clippy::exhaustive_enums, reason = "there is a verdict or there is none")]
pub enum UpdateError {
    /// The update is denied.
    #[error("{0}")]
    Denied(Violations),
    /// No verdict was possible.
    #[error("no verdict is possible: {0}")]
    Review(ReviewError),
}

impl From<Violations> for UpdateError {
    fn from(violations: Violations) -> Self {
        Self::Denied(violations)
    }
}

impl From<ReviewError> for UpdateError {
    fn from(error: ReviewError) -> Self {
        Self::Review(error)
    }
}
