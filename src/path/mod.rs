//! Field paths: where in a Job something stands.

mod node;
mod parse;
mod pattern;

use std::borrow::Borrow;
use std::fmt::{self, Write as _};
use std::ops::Deref;
use std::str::FromStr;

use compact_str::CompactString;
use serde::{Serialize, Serializer};

pub(crate) use self::node::{PathNode, Side};
pub use self::parse::ParsePathError;
use self::parse::{Reason, Token, parse_tokens};
pub use self::pattern::FieldPattern;

/// One step of a [`FieldPath`]: the key of an object or the position in a list.
///
/// The two are kept apart, so the key `0` and the position `0` differ in every rendering.
#[expect(clippy::exhaustive_enums, reason = "JSON has objects and arrays, and nothing else")]
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Segment {
    /// The key of an object: a field name or the key of a map.
    Key(Key),
    /// The position in a list, counted from 0.
    Index(usize),
}

/// The key of an object, owned; as short as most are, it allocates nothing.
///
/// It is read as a `&str`, and made of one:
///
/// ```
/// use volcano_job_update::Segment;
///
/// let segment = Segment::Key("replicas".into());
/// assert!(matches!(segment, Segment::Key(key) if key == "replicas"));
/// ```
#[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Key(CompactString);

impl Deref for Key {
    type Target = str;

    fn deref(&self) -> &str {
        &self.0
    }
}

impl AsRef<str> for Key {
    fn as_ref(&self) -> &str {
        self
    }
}

impl Borrow<str> for Key {
    fn borrow(&self) -> &str {
        self
    }
}

impl PartialEq<str> for Key {
    fn eq(&self, key: &str) -> bool {
        **self == *key
    }
}

impl PartialEq<&str> for Key {
    fn eq(&self, key: &&str) -> bool {
        **self == **key
    }
}

impl From<&str> for Key {
    fn from(key: &str) -> Self {
        Self(key.into())
    }
}

impl From<String> for Key {
    fn from(key: String) -> Self {
        Self(key.into())
    }
}

impl From<Key> for String {
    fn from(key: Key) -> Self {
        key.0.into()
    }
}

impl Serialize for Key {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self)
    }
}

impl fmt::Display for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self)
    }
}

impl fmt::Debug for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(&**self, f)
    }
}

/// Where in a Job a value stands, owned.
///
/// It has two renderings. `Display` gives the form that Kubernetes uses in error messages and in
/// [`StatusCause.field`]; a key that is not a plain name stands in brackets, and in quotes where it
/// could be taken for something else, so that the text is unambiguous and parses back:
///
/// ```
/// use volcano_job_update::FieldPath;
///
/// let path: FieldPath = "metadata.labels[app.kubernetes.io/name]".parse()?;
/// assert_eq!(path.to_string(), "metadata.labels[app.kubernetes.io/name]");
/// assert_eq!(path.to_pointer(), "/metadata/labels/app.kubernetes.io~1name");
///
/// let path: FieldPath = "spec.tasks[1].replicas".parse()?;
/// assert_eq!(path.to_pointer(), "/spec/tasks/1/replicas");
/// # Ok::<(), volcano_job_update::ParsePathError>(())
/// ```
///
/// [`FieldPath::to_pointer`] gives the JSON Pointer of [RFC 6901].
///
/// Paths sort by segment, list positions by number.
///
/// [`StatusCause.field`]: https://kubernetes.io/docs/reference/kubernetes-api/common-definitions/status/
/// [RFC 6901]: https://www.rfc-editor.org/rfc/rfc6901
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct FieldPath {
    segments: Vec<Segment>,
}

impl FieldPath {
    /// The steps from the root of the Job to the value.
    #[must_use]
    pub fn segments(&self) -> &[Segment] {
        &self.segments
    }

    /// The JSON Pointer ([RFC 6901](https://www.rfc-editor.org/rfc/rfc6901)) of the same place.
    #[must_use]
    pub fn to_pointer(&self) -> String {
        let mut pointer = String::new();
        for segment in &self.segments {
            pointer.push('/');
            match segment {
                Segment::Key(key) => pointer.push_str(&key.replace('~', "~0").replace('/', "~1")),
                // Writing to a String cannot fail.
                Segment::Index(index) => drop(write!(pointer, "{index}")),
            }
        }
        pointer
    }

    pub(crate) fn push(&mut self, segment: Segment) {
        self.segments.push(segment);
    }
}

impl Extend<Segment> for FieldPath {
    fn extend<I: IntoIterator<Item = Segment>>(&mut self, segments: I) {
        self.segments.extend(segments);
    }
}

impl FromIterator<Segment> for FieldPath {
    fn from_iter<I: IntoIterator<Item = Segment>>(segments: I) -> Self {
        Self { segments: segments.into_iter().collect() }
    }
}

impl fmt::Display for FieldPath {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (position, segment) in self.segments.iter().enumerate() {
            match segment {
                Segment::Key(key) => write_key(f, key, position == 0)?,
                Segment::Index(index) => write!(f, "[{index}]")?,
            }
        }
        Ok(())
    }
}

impl Serialize for FieldPath {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl FromStr for FieldPath {
    type Err = ParsePathError;

    /// Reads the `Display` form.
    ///
    /// # Errors
    ///
    /// An empty name (`spec..queue`), an unclosed bracket (`spec.tasks[0`), an empty bracket
    /// (`spec.tasks[]`), a wildcard (`spec.tasks[*]`, see [`FieldPattern`](crate::FieldPattern)).
    fn from_str(text: &str) -> Result<Self, ParsePathError> {
        parse_tokens(text)?
            .into_iter()
            .map(|(at, token)| match token {
                Token::Key(key) => Ok(Segment::Key(key)),
                Token::Index(index) => Ok(Segment::Index(index)),
                Token::Any => Err(ParsePathError { at, reason: Reason::Wildcard }),
            })
            .collect()
    }
}

fn write_key(f: &mut fmt::Formatter<'_>, key: &str, first: bool) -> fmt::Result {
    if is_name(key) {
        let dot = if first { "" } else { "." };
        write!(f, "{dot}{key}")
    } else if is_plain(key) {
        write!(f, "[{key}]")
    } else {
        write!(f, "[{}]", serde_json::Value::from(key))
    }
}

/// Whether a key can stand behind a dot.
fn is_name(key: &str) -> bool {
    let letter = |c: char| c.is_ascii_alphabetic() || c == '_';
    key.starts_with(letter) && key.chars().all(|c| letter(c) || c.is_ascii_digit() || c == '-')
}

/// Whether a key can stand in brackets without quotes.
fn is_plain(key: &str) -> bool {
    let plain =
        |c: char| !(c.is_control() || c.is_whitespace() || matches!(c, '[' | ']' | '"' | '\\'));
    !key.is_empty() && key != "*" && !is_position(key) && key.chars().all(plain)
}

fn is_position(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn keys(keys: &[&str]) -> FieldPath {
        keys.iter().map(|key| Segment::Key((*key).into())).collect()
    }

    #[test]
    fn keys_that_look_like_something_else_are_quoted() {
        for (key, text) in [
            ("app", "m.app"),
            ("app.kubernetes.io/name", "m[app.kubernetes.io/name]"),
            ("0", "m[\"0\"]"),
            ("*", "m[\"*\"]"),
            ("", "m[\"\"]"),
            ("a]b", "m[\"a]b\"]"),
            ("a b", "m[\"a b\"]"),
            ("a\nb", "m[\"a\\nb\"]"),
            ("-a", "m[-a]"),
            ("ä", "m[ä]"),
        ] {
            let path = keys(&["m", key]);
            assert_eq!(path.to_string(), text);
            assert_eq!(text.parse(), Ok(path));
        }
    }

    #[test]
    fn errors_are_named_with_their_place() {
        for (text, at) in
            [("a..b", 1), ("a.", 1), (".a", 0), ("a[1", 1), ("a[]", 1), ("a[0]b", 1), ("a[*]", 1)]
        {
            assert_eq!(text.parse::<FieldPath>().unwrap_err().position(), at, "{text}");
        }
    }

    #[test]
    fn positions_sort_by_number() {
        let (two, ten): (FieldPath, FieldPath) =
            ("a[2]".parse().unwrap(), "a[10]".parse().unwrap());
        assert!(two < ten);
    }
}
