//! Field patterns: sets of paths, as a policy names them.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Deserializer, Serialize, Serializer, de};

use super::parse::{Reason, Token, parse_tokens};
use super::{Key, ParsePathError};

/// A set of fields of a Job: a path in which `[*]` stands for any list position or map key.
///
/// A pattern covers the field it names and everything below it, and nothing that merely starts with
/// the same letters:
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
/// One map key is named in brackets: `metadata.annotations[example.com/owner]`. A list position
/// (`spec.tasks[0]`) is denied, as it means another element after the next update.
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct FieldPattern {
    parts: Box<[Part]>,
    text: Box<str>,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash)]
enum Part {
    Key(Key),
    Any,
}

impl FieldPattern {
    /// Whether the pattern names this field or one that holds it.
    #[must_use]
    pub fn covers(&self, path: &crate::FieldPath) -> bool {
        let segments = path.segments();
        self.parts.len() <= segments.len()
            && self.parts.iter().zip(segments).all(|(part, segment)| match (part, segment) {
                (Part::Any, _) => true,
                (Part::Key(name), crate::Segment::Key(key)) => name == key,
                (Part::Key(_), crate::Segment::Index(_)) => false,
            })
    }

    /// The pattern as it was written.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// A pattern of this crate's own tables.
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
    /// What [`FieldPath`](crate::FieldPath) denies, an empty text, a list position
    /// (`spec.tasks[0].replicas`).
    fn from_str(text: &str) -> Result<Self, ParsePathError> {
        let parts = parse_tokens(text)?
            .into_iter()
            .map(|(at, token)| match token {
                Token::Key(key) => Ok(Part::Key(key)),
                Token::Any => Ok(Part::Any),
                Token::Index(_) => Err(ParsePathError { at, reason: Reason::Position }),
            })
            .collect::<Result<Box<[Part]>, _>>()?;
        if parts.is_empty() {
            return Err(ParsePathError { at: 0, reason: Reason::EmptyPattern });
        }
        Ok(Self { parts, text: text.into() })
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
    fn a_position_is_denied() {
        let error = "spec.tasks[0].replicas".parse::<FieldPattern>().unwrap_err();
        assert_eq!(error.position(), 10);
    }
}
