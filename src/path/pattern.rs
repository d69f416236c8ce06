//! Field patterns: the sets of paths that a policy lists.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Deserializer, Serialize, Serializer, de};

use super::parse::{Reason, Token, parse_tokens};
use super::{FieldPath, Key, ParsePathError, Segment};

/// A set of fields of a Job: a path in which `[*]` matches any list position or map key.
///
/// A pattern covers the field that it names and everything below it. Names are compared as a whole:
///
/// ```
/// use volcano_job_update::FieldPattern;
///
/// let template: FieldPattern = "spec.tasks[*].template".parse()?;
/// assert!(template.covers(&"spec.tasks[0].template.spec.hostNetwork".parse()?));
/// assert!(!template.covers(&"spec.tasks[0]".parse()?));
/// assert!(!template.covers(&"spec.tasks[0].templates".parse()?));
/// # Ok::<(), volcano_job_update::ParsePathError>(())
/// ```
///
/// A single map key is written in brackets: `metadata.annotations[example.com/owner]`. A list
/// position (`spec.tasks[0]`) is a parse error, because an update can move another element there.
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct FieldPattern {
    segments: Box<[PatternSegment]>,
    text: Box<str>,
}

/// One step of a [`FieldPattern`].
#[expect(
    clippy::exhaustive_enums,
    reason = "code that translates patterns must handle every variant; adding one is breaking"
)]
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum PatternSegment {
    /// This field or map key.
    Key(Key),
    /// `[*]`: any list position or map key.
    Any,
}

impl FieldPattern {
    /// Whether the pattern names this field or one of its parents.
    #[must_use]
    pub fn covers(&self, path: &FieldPath) -> bool {
        let path = path.segments();
        // The last steps differ most often.
        self.segments.len() <= path.len()
            && self.segments.iter().zip(path).rev().all(|(expected, segment)| {
                match (expected, segment) {
                    (PatternSegment::Any, _) => true,
                    (PatternSegment::Key(name), Segment::Key(key)) => name == key,
                    (PatternSegment::Key(_), Segment::Index(_)) => false,
                }
            })
    }

    /// The steps of the pattern.
    ///
    /// ```
    /// use volcano_job_update::{FieldPattern, PatternSegment};
    ///
    /// let pattern: FieldPattern = "spec.tasks[*]".parse()?;
    /// let key = |key: &str| PatternSegment::Key(key.into());
    /// assert_eq!(pattern.segments(), [key("spec"), key("tasks"), PatternSegment::Any]);
    /// # Ok::<(), volcano_job_update::ParsePathError>(())
    /// ```
    #[must_use]
    pub fn segments(&self) -> &[PatternSegment] {
        &self.segments
    }

    /// The text from which the pattern was parsed.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// Parses a pattern from one of this crate's tables.
    #[expect(clippy::expect_used, reason = "called with literals only; a test parses each of them")]
    pub(crate) fn literal(text: &'static str) -> Self {
        text.parse().expect("a pattern of this crate's own tables")
    }
}

impl FromStr for FieldPattern {
    type Err = ParsePathError;

    /// Reads a pattern such as `spec.tasks[*].replicas`.
    ///
    /// # Errors
    ///
    /// A malformed path (see [`FieldPath::from_str`]), an empty text, a list position
    /// (`spec.tasks[0].replicas`).
    fn from_str(text: &str) -> Result<Self, ParsePathError> {
        let segments = parse_tokens(text)?
            .into_iter()
            .map(|(at, token)| match token {
                Token::Key(key) => Ok(PatternSegment::Key(key)),
                Token::Any => Ok(PatternSegment::Any),
                Token::Index(_) => Err(ParsePathError { at, reason: Reason::PositionInPattern }),
            })
            .collect::<Result<Box<[_]>, _>>()?;
        if segments.is_empty() {
            return Err(ParsePathError { at: 0, reason: Reason::EmptyPattern });
        }
        Ok(Self { segments, text: text.into() })
    }
}

impl fmt::Display for FieldPattern {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

impl fmt::Debug for FieldPattern {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "FieldPattern({})", self.text)
    }
}

impl Serialize for FieldPattern {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.text)
    }
}

impl<'de> Deserialize<'de> for FieldPattern {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        text.parse().map_err(|error| de::Error::custom(format!("pattern `{text}`: {error}")))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn list_position_is_a_parse_error() {
        let error = "spec.tasks[0].replicas".parse::<FieldPattern>().unwrap_err();
        assert_eq!(error.position(), 10);
    }
}
