//! The error of validating an update.

use super::Violations;
use crate::diff::ReviewError;

/// The update was denied, or no outcome could be determined.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
#[expect(clippy::exhaustive_enums, reason = "an update is denied or has no outcome")]
pub enum UpdateError {
    /// The update is denied.
    #[error("{0}")]
    Denied(Violations),
    /// No outcome could be determined.
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
