//! The parts of a policy that are a choice among few.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use crate::job::names::{self, UnknownNameError};

/// A check of the values that an update changed, which a policy may
/// [skip](crate::UpdatePolicy::skip).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
#[non_exhaustive]
pub enum Check {
    /// The schema of the CRD: types, bounds, choices, keys of lists.
    Schema,
    /// Kubernetes' rules for labels, annotations, generateName, finalizers and ownerReferences.
    Metadata,
    /// A task's replicas are from 0 to 2,147,483,647.
    ReplicasRange,
    /// A task's replicas are not below its minAvailable.
    ReplicasBelowMinAvailable,
    /// The Job's minAvailable is not above the sum of all replicas.
    MinAvailableAboveTotal,
    /// A task's replicas are the product that its partitionPolicy gives.
    PartitionMismatch,
    /// No two tasks share a name.
    DuplicateTaskName,
}

/// What is done about fields that were filled in at creation and are missing from the replacement.
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize,
)]
#[serde(rename_all = "kebab-case")]
#[non_exhaustive]
pub enum DroppedDefaults {
    /// The update is denied; the hints are the lines to add.
    #[default]
    Deny,
    /// The update is allowed, and whoever stores the replacement puts the fields back with
    /// [`Validator::restore_defaults`](crate::Validator::restore_defaults).
    Restore,
    /// The update is allowed, and the fields are lost.
    Allow,
}

impl Check {
    const ALL: [Self; 7] = [
        Self::Schema,
        Self::Metadata,
        Self::ReplicasRange,
        Self::ReplicasBelowMinAvailable,
        Self::MinAvailableAboveTotal,
        Self::PartitionMismatch,
        Self::DuplicateTaskName,
    ];

    /// All checks.
    pub fn all() -> impl Iterator<Item = Self> {
        Self::ALL.into_iter()
    }

    /// The spelling in policy files, such as `replicas-range`.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Schema => "schema",
            Self::Metadata => "metadata",
            Self::ReplicasRange => "replicas-range",
            Self::ReplicasBelowMinAvailable => "replicas-below-min-available",
            Self::MinAvailableAboveTotal => "min-available-above-total",
            Self::PartitionMismatch => "partition-mismatch",
            Self::DuplicateTaskName => "duplicate-task-name",
        }
    }
}

impl DroppedDefaults {
    const ALL: [Self; 3] = [Self::Deny, Self::Restore, Self::Allow];

    /// The spelling in policy files, such as `deny`.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Deny => "deny",
            Self::Restore => "restore",
            Self::Allow => "allow",
        }
    }
}

impl fmt::Display for Check {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl fmt::Display for DroppedDefaults {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl FromStr for Check {
    type Err = UnknownNameError;

    /// Reads the spelling of [`Check::as_str`].
    ///
    /// # Errors
    ///
    /// Any other text (`Schema`, `replicasRange`).
    fn from_str(text: &str) -> Result<Self, UnknownNameError> {
        names::find("check", Self::ALL, Self::as_str, text)
    }
}

impl FromStr for DroppedDefaults {
    type Err = UnknownNameError;

    /// Reads the spelling of [`DroppedDefaults::as_str`].
    ///
    /// # Errors
    ///
    /// Any other text (`Deny`, `refuse`).
    fn from_str(text: &str) -> Result<Self, UnknownNameError> {
        names::find("way to treat dropped defaults", Self::ALL, Self::as_str, text)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The list is complete: a new variant does not compile here until it is added to the `match`, and
    /// then its position says whether it is in the list.
    #[test]
    fn every_check_is_listed() {
        let position = |check| match check {
            Check::Schema => 0,
            Check::Metadata => 1,
            Check::ReplicasRange => 2,
            Check::ReplicasBelowMinAvailable => 3,
            Check::MinAvailableAboveTotal => 4,
            Check::PartitionMismatch => 5,
            Check::DuplicateTaskName => 6,
        };
        assert!(Check::all().map(position).eq(0..7));
    }

    #[test]
    fn spellings_are_those_of_policy_files() {
        for check in Check::all() {
            assert_eq!(serde_json::json!(check), check.as_str());
            assert_eq!(check.as_str().parse(), Ok(check));
        }
        for choice in DroppedDefaults::ALL {
            assert_eq!(serde_json::json!(choice), choice.as_str());
            assert_eq!(choice.as_str().parse(), Ok(choice));
        }
    }
}
