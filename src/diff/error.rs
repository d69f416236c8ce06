//! Why two Jobs could not be compared.

use crate::job::JobError;

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
