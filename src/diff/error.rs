//! Why two Jobs could not be compared.

use crate::job::JobError;

/// Why there is no verdict: one of the two Jobs could not be read.
///
/// The error may occur as late as during the comparison, because only values that differ are
/// parsed.
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
