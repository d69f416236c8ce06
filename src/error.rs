//! Why there is no verdict, or none that lets an update pass.

use crate::job::JobError;
use crate::violation::Violations;

/// Why no verdict was possible: one of the two Jobs could not be read.
///
/// It may come up only while comparing, since what did not differ is not looked into.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[expect(clippy::exhaustive_enums, reason = "an update has two Jobs")]
pub enum ReviewError {
    /// The existing Job could not be read.
    #[error("existing Job: {0}")]
    Existing(JobError),
    /// The replacement could not be read.
    #[error("replacement: {0}")]
    Replacement(JobError),
}

/// Why an update must not be made. The two reasons never mix: either it was judged and refused, or it
/// could not be judged.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
#[expect(clippy::exhaustive_enums, reason = "there is a verdict or there is none")]
pub enum UpdateError {
    /// The update was judged, and refused.
    #[error("{0}")]
    Refused(Violations),
    /// No verdict was possible.
    #[error("no verdict is possible: {0}")]
    NoVerdict(ReviewError),
}

impl From<ReviewError> for UpdateError {
    fn from(error: ReviewError) -> Self {
        Self::NoVerdict(error)
    }
}
