//! Where a Job is.

use crate::case::{Case, Outcome};
use crate::error::Error;
use crate::input::{JobName, Locator, Origin, Unit};

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) enum Side {
    Existing,
    Replacement,
}

/// Where a Job is.
#[derive(Clone)]
pub(super) struct Place {
    pub(super) side: Side,
    pub(super) job: JobName,
    /// The position of the file's unit.
    pub(super) unit: usize,
    pub(super) line: usize,
    pub(super) locator: Locator,
}

impl Side {
    pub(super) fn other(self) -> Self {
        match self {
            Self::Existing => Self::Replacement,
            Self::Replacement => Self::Existing,
        }
    }

    pub(super) fn word(self) -> &'static str {
        match self {
            Self::Existing => "existing",
            Self::Replacement => "new",
        }
    }

    pub(super) fn of(self, unit: &Unit) -> Option<&Origin> {
        match self {
            Self::Existing => unit.existing.as_ref(),
            Self::Replacement => unit.replacement.as_ref(),
        }
    }
}

/// The case of a Job without a verdict.
pub(super) fn failed(job: String, error: Error) -> Case {
    Case::new(job, Outcome::Failed(error))
}
