//! The outcome of a request to a webhook.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Deserializer, Serialize, Serializer, de};

/// The outcome of a request to a webhook.
///
/// The spelling ([`Outcome::as_str`], `Display`, serde) is stable: use it as the label of a metric.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[non_exhaustive]
pub enum Outcome {
    /// The request is no update of a Job. It is allowed, and its objects are not compared.
    Skipped,
    /// The update is allowed. From a mutating webhook: nothing had to be restored.
    Allowed,
    /// Creation defaults were missing; the response has a patch that adds them.
    Restored,
    /// The update is denied, because of its violations.
    Denied,
    /// The request is denied because of an error: no outcome can be determined.
    Error,
    /// The body is no review that can be answered; the HTTP status code is 400 or 413.
    BadRequest,
}

impl Outcome {
    /// All outcomes.
    pub fn all() -> impl Iterator<Item = Self> {
        [Self::Skipped, Self::Allowed, Self::Restored, Self::Denied, Self::Error, Self::BadRequest]
            .into_iter()
    }

    /// The stable spelling, such as `denied`.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Skipped => "skipped",
            Self::Allowed => "allowed",
            Self::Restored => "restored",
            Self::Denied => "denied",
            Self::Error => "error",
            Self::BadRequest => "bad-request",
        }
    }

    /// Whether the response denies the request, unless it is that of a
    /// [shadow](super::Response::into_shadow): `Denied` or `Error`.
    #[must_use]
    pub fn is_denial(self) -> bool {
        matches!(self, Self::Denied | Self::Error)
    }
}

impl fmt::Display for Outcome {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

/// The text is the spelling of no [`Outcome`].
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("unknown outcome `{text}`")]
pub struct ParseOutcomeError {
    text: String,
}

impl FromStr for Outcome {
    type Err = ParseOutcomeError;

    /// Reads the stable spelling.
    ///
    /// # Errors
    ///
    /// Any other text: `Denied`, an empty one.
    fn from_str(text: &str) -> Result<Self, ParseOutcomeError> {
        Self::all()
            .find(|outcome| outcome.as_str() == text)
            .ok_or_else(|| ParseOutcomeError { text: text.into() })
    }
}

impl Serialize for Outcome {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.as_str())
    }
}

impl<'de> Deserialize<'de> for Outcome {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?.parse().map_err(de::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::Outcome;

    #[test]
    fn all_has_every_variant_once() {
        // A new variant does not compile here until it has a position.
        let position = |outcome| match outcome {
            Outcome::Skipped => 0,
            Outcome::Allowed => 1,
            Outcome::Restored => 2,
            Outcome::Denied => 3,
            Outcome::Error => 4,
            Outcome::BadRequest => 5,
        };
        assert!(Outcome::all().map(position).eq(0..6));
    }
}
