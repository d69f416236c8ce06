//! Paths of fields in a Job, and patterns that cover sets of them.

mod node;
mod parse;
mod pattern;
mod printable;
mod segment;

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Deserializer, Serialize, Serializer, de};

pub(crate) use self::node::{PathNode, Side};
pub use self::parse::ParsePathError;
use self::parse::{Reason, Token, is_position, parse_tokens};
pub use self::pattern::{FieldPattern, PatternSegment};
pub use self::printable::{is_printable, printable};
pub use self::segment::{Key, Segment};

/// The owned path of a value in a Job.
///
/// It has two renderings. `Display` writes the form that Kubernetes uses in error messages and in
/// [`StatusCause.field`], and `FromStr` parses it. A key that is not a plain name is written in
/// brackets, and in quotes if it would otherwise be ambiguous:
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
/// `Display` shortens a path with a key of more than 400 bytes, or with more than 2000 bytes in all
/// keys. No field and no label of a Kubernetes object has such a path, and `FromStr` does not parse it.
///
/// The default is the root, which has no segments. Paths sort segment by segment, list positions by
/// number. Serde uses the `Display` form.
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

    /// This path with one more segment, such as the field `"replicas"` or the element `1`.
    ///
    /// A string is one key and is not parsed, so it can contain any characters:
    ///
    /// ```
    /// use volcano_job_update::FieldPath;
    ///
    /// let labels: FieldPath = "metadata.labels".parse()?;
    /// assert_eq!(labels.join("example.com/team"), "metadata.labels[example.com/team]".parse()?);
    ///
    /// let tasks: FieldPath = "spec.tasks".parse()?;
    /// assert_eq!(tasks.join(1).join("replicas"), "spec.tasks[1].replicas".parse()?);
    /// # Ok::<(), volcano_job_update::ParsePathError>(())
    /// ```
    #[must_use]
    pub fn join(&self, segment: impl Into<Segment>) -> Self {
        self.segments.iter().cloned().chain([segment.into()]).collect()
    }

    /// The path of the object or list that contains this value; `None` for the root.
    #[must_use]
    pub fn parent(&self) -> Option<Self> {
        let (_, parents) = self.segments.split_last()?;
        Some(Self { segments: parents.to_vec() })
    }

    /// Whether this path is `prefix` or below it. Whole segments are compared:
    ///
    /// ```
    /// use volcano_job_update::FieldPath;
    ///
    /// let path: FieldPath = "spec.tasks[1].replicas".parse()?;
    /// assert!(path.starts_with(&"spec.tasks".parse()?));
    /// assert!(!path.starts_with(&"spec.task".parse()?));
    /// # Ok::<(), volcano_job_update::ParsePathError>(())
    /// ```
    #[must_use]
    pub fn starts_with(&self, prefix: &Self) -> bool {
        self.segments.starts_with(&prefix.segments)
    }

    /// The JSON Pointer ([RFC 6901](https://www.rfc-editor.org/rfc/rfc6901)) of the same value.
    #[must_use]
    pub fn to_pointer(&self) -> String {
        let mut pointer = String::new();
        for segment in &self.segments {
            pointer.push('/');
            match segment {
                Segment::Key(key) => pointer.push_str(&key.replace('~', "~0").replace('/', "~1")),
                Segment::Index(index) => pointer.push_str(&index.to_string()),
            }
        }
        pointer
    }

    /// [`Self::to_pointer`]; `None` if `Display` shortens the path.
    pub(crate) fn short_pointer(&self) -> Option<String> {
        let are_short = self.keys().all(|key| key.len() <= MAX_KEY_BYTES);
        (are_short && self.key_bytes() <= MAX_PATH_BYTES).then(|| self.to_pointer())
    }

    /// The length of all keys, in bytes.
    pub(crate) fn key_bytes(&self) -> usize {
        self.keys().map(|key| key.len()).sum()
    }

    fn keys(&self) -> impl Iterator<Item = &Key> {
        self.segments.iter().filter_map(|segment| match segment {
            Segment::Key(key) => Some(key),
            Segment::Index(_) => None,
        })
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
        let mut key_bytes = 0;
        for (position, segment) in self.segments.iter().enumerate() {
            match segment {
                Segment::Key(key) => {
                    key_bytes += key.len().min(MAX_KEY_BYTES);
                    if key_bytes > MAX_PATH_BYTES {
                        return write!(f, "… ({} more steps)", self.segments.len() - position);
                    }
                    write_key(f, key, position == 0)?;
                }
                Segment::Index(index) => write!(f, "[{index}]")?,
            }
        }
        Ok(())
    }
}

/// The length up to which a key is written whole, in bytes. The longest keys that Kubernetes knows, those
/// of labels and annotations, have up to 317.
const MAX_KEY_BYTES: usize = 400;

/// The length up to which all keys of a path are written, in bytes.
const MAX_PATH_BYTES: usize = 2000;

impl Serialize for FieldPath {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for FieldPath {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        text.parse().map_err(|error| de::Error::custom(format!("path `{text}`: {error}")))
    }
}

impl FromStr for FieldPath {
    type Err = ParsePathError;

    /// Reads the `Display` form.
    ///
    /// # Errors
    ///
    /// An empty name (`spec..queue`), an unclosed bracket (`spec.tasks[0`), an empty bracket
    /// (`spec.tasks[]`), a wildcard (`spec.tasks[*]`, see [`FieldPattern`]).
    fn from_str(text: &str) -> Result<Self, ParsePathError> {
        parse_tokens(text)?
            .into_iter()
            .map(|(at, token)| match token {
                Token::Key(key) => Ok(Segment::Key(key)),
                Token::Index(index) => Ok(Segment::Index(index)),
                Token::Any => Err(ParsePathError { at, reason: Reason::WildcardInPath }),
            })
            .collect()
    }
}

fn write_key(f: &mut fmt::Formatter<'_>, key: &str, first: bool) -> fmt::Result {
    if key.len() > MAX_KEY_BYTES {
        let end = (0..=MAX_KEY_BYTES).rev().find_map(|end| key.get(..end));
        let json = serde_json::Value::from(end.unwrap_or_default()).to_string();
        write!(f, "[{}… ({} bytes)]", printable(&json, &[]), key.len())
    } else if is_name(key) {
        let dot = if first { "" } else { "." };
        write!(f, "{dot}{key}")
    } else if is_plain(key) {
        write!(f, "[{key}]")
    } else {
        let json = serde_json::Value::from(key).to_string();
        write!(f, "[{}]", printable(&json, &[]))
    }
}

/// Whether a key can be written after a dot, without brackets.
fn is_name(key: &str) -> bool {
    let letter = |c: char| c.is_ascii_alphabetic() || c == '_';
    key.starts_with(letter) && key.chars().all(|c| letter(c) || c.is_ascii_digit() || c == '-')
}

/// Whether a key can be written in brackets without quotes.
fn is_plain(key: &str) -> bool {
    let plain = |c: char| is_printable(c) && !matches!(c, ' ' | '[' | ']' | '"' | '\\');
    !key.is_empty() && key != "*" && !is_position(key) && key.chars().all(plain)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn keys(keys: &[&str]) -> FieldPath {
        keys.iter().map(|key| Segment::Key((*key).into())).collect()
    }

    #[test]
    fn ambiguous_keys_are_quoted() {
        for (key, text) in [
            ("app", "m.app"),
            ("a1-b_", "m.a1-b_"),
            ("app.kubernetes.io/name", "m[app.kubernetes.io/name]"),
            ("0", "m[\"0\"]"),
            ("*", "m[\"*\"]"),
            ("", "m[\"\"]"),
            ("a]b", "m[\"a]b\"]"),
            ("a b", "m[\"a b\"]"),
            ("a\nb", "m[\"a\\nb\"]"),
            ("-a", "m[-a]"),
            ("ä", "m[ä]"),
            ("a\u{202e}b\u{9b}", "m[\"a\\u202eb\\u009b\"]"),
            ("\u{e0001}", "m[\"\\udb40\\udc01\"]"),
        ] {
            let path = keys(&["m", key]);
            assert_eq!(path.to_string(), text);
            assert_eq!(text.parse(), Ok(path));
        }
    }

    #[test]
    fn long_paths_are_shortened() {
        let whole = "k".repeat(400);
        assert_eq!(keys(&["m", &whole]).to_string(), format!("m.{whole}"));
        let long = "k".repeat(399) + "ä";
        let shortened = keys(&["m", &long, "x"]).to_string();
        assert_eq!(shortened, format!("m[\"{}\"… (401 bytes)].x", "k".repeat(399)));
        assert!(shortened.parse::<FieldPath>().is_err());
        assert_eq!(keys(&["m", &long]).short_pointer(), None);
        assert_eq!(keys(&["m", &long]).to_pointer(), format!("/m/{long}"));

        let deep = |depth| keys([&*whole; 7].get(..depth).unwrap_or_default());
        assert!(deep(7).to_string().ends_with(&format!(".{whole}… (2 more steps)")));
        assert_eq!(deep(6).short_pointer(), None);
        assert!(deep(5).to_string().ends_with(&format!(".{whole}")));
        assert!(deep(5).short_pointer().is_some());
    }

    #[test]
    fn parse_error_has_byte_position() {
        for (text, at) in
            [("a..b", 1), ("a.", 1), (".a", 0), ("a[1", 1), ("a[]", 1), ("a[0]b", 1), ("a[*]", 1)]
        {
            assert_eq!(text.parse::<FieldPath>().unwrap_err().position(), at, "{text}");
        }
    }

    #[test]
    fn list_positions_sort_by_number() {
        let (two, ten): (FieldPath, FieldPath) =
            ("a[2]".parse().unwrap(), "a[10]".parse().unwrap());
        assert!(two < ten);
    }
}
