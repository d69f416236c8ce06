//! The verdict on a change.

use crate::job::names::spelling;

/// The verdict of a policy on a change.
#[expect(
    clippy::exhaustive_enums,
    reason = "callers must handle every variant; a new one is a breaking change"
)]
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Verdict {
    /// The field may be updated.
    Allowed,
    /// The policy ignores the field: its changes do not affect the verdict on the update.
    Ignored,
    /// The field must not be updated.
    Denied,
}

impl Verdict {
    /// The verdict on two changes together.
    pub(super) fn strictest(self, other: Self) -> Self {
        match (self, other) {
            (Self::Denied, _) | (_, Self::Denied) => Self::Denied,
            (Self::Allowed, _) | (_, Self::Allowed) => Self::Allowed,
            (Self::Ignored, Self::Ignored) => Self::Ignored,
        }
    }
}

spelling!(Verdict, "verdict", {
    Allowed => "allowed",
    Ignored => "ignored",
    Denied => "denied",
});
