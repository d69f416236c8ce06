//! The words of Volcano's webhook, some of which are values of the Job.

use std::fmt;

/// A reason in the words of the webhook: a text with one value of the Job in it, or with none.
///
/// `Display` leaves the value out, because it can be a secret.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Reason {
    before: String,
    value: String,
    behind: String,
}

impl Reason {
    pub(super) fn with_value(
        before: impl Into<String>,
        value: String,
        behind: impl Into<String>,
    ) -> Self {
        Self { before: before.into(), value, behind: behind.into() }
    }

    /// Exactly what the webhook says.
    pub(crate) fn in_full(&self) -> String {
        let Self { before, value, behind } = self;
        format!("{before}{value}{behind}")
    }
}

impl fmt::Display for Reason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.before)?;
        f.write_str(&self.behind)
    }
}

impl<T: Into<String>> From<T> for Reason {
    fn from(text: T) -> Self {
        Self { before: text.into(), ..Self::default() }
    }
}
