//! Field paths: where in a Job something stands.

use std::borrow::Borrow;
use std::fmt::{self, Write as _};
use std::ops::Deref;
use std::str::FromStr;

use compact_str::CompactString;
use serde::{Serialize, Serializer};

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

/// Why a text is no [`FieldPath`] or no [`FieldPattern`](crate::FieldPattern).
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{reason} at byte {at}")]
pub struct ParsePathError {
    pub(crate) at: usize,
    pub(crate) reason: Reason,
}

impl ParsePathError {
    /// The byte of the text, counted from 0, at which the fault was noticed.
    #[must_use]
    pub fn position(&self) -> usize {
        self.at
    }
}

#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum Reason {
    #[error("a field name must not be empty")]
    EmptyName,
    #[error("`[` must be closed by `]`")]
    Unclosed,
    #[error("a quoted key must be a JSON string")]
    BadQuote,
    #[error("a bracket must be followed by `.`, `[` or the end")]
    Junk,
    #[error("`[*]` may stand in a pattern, not in a path")]
    Wildcard,
    #[error("a pattern must say `[*]`, as list positions change from one update to the next,")]
    Position,
    #[error("no list is that long")]
    HugePosition,
    #[error("a pattern must name a field")]
    EmptyPattern,
}

/// What stands between the separators of a path or pattern.
#[derive(Debug)]
pub(crate) enum Token {
    Key(Key),
    Index(usize),
    Any,
}

/// The tokens of a path or pattern with the byte at which each starts.
pub(crate) fn parse_tokens(text: &str) -> Result<Vec<(usize, Token)>, ParsePathError> {
    let mut tokens = Vec::new();
    let mut rest = text;
    while !rest.is_empty() {
        let at = text.len().saturating_sub(rest.len());
        let fail = |reason| ParsePathError { at, reason };
        let (token, tail) = if let Some(inside) = rest.strip_prefix('[') {
            let (token, tail) = parse_bracket(inside).map_err(fail)?;
            if !(tail.is_empty() || tail.starts_with(['.', '['])) {
                return Err(fail(Reason::Junk));
            }
            (token, tail)
        } else {
            let named =
                if tokens.is_empty() { rest } else { rest.strip_prefix('.').unwrap_or(rest) };
            let end = named.find(['.', '[']).unwrap_or(named.len());
            let (name, tail) = named.split_at_checked(end).unwrap_or((named, ""));
            if name.is_empty() {
                return Err(fail(Reason::EmptyName));
            }
            (Token::Key(name.into()), tail)
        };
        tokens.push((at, token));
        rest = tail;
    }
    Ok(tokens)
}

/// Reads a bracket of which the `[` is gone.
fn parse_bracket(inside: &str) -> Result<(Token, &str), Reason> {
    if inside.starts_with('"') {
        let mut strings = serde_json::Deserializer::from_str(inside).into_iter::<String>();
        let Some(Ok(key)) = strings.next() else { return Err(Reason::BadQuote) };
        let tail = inside.get(strings.byte_offset()..).unwrap_or_default();
        let tail = tail.strip_prefix(']').ok_or(Reason::Unclosed)?;
        return Ok((Token::Key(key.into()), tail));
    }
    let (content, tail) = inside.split_once(']').ok_or(Reason::Unclosed)?;
    let token = match content {
        "" => return Err(Reason::EmptyName),
        "*" => Token::Any,
        digits if is_position(digits) => match digits.parse() {
            Ok(index) => Token::Index(index),
            Err(_) => return Err(Reason::HugePosition),
        },
        key => Token::Key(key.into()),
    };
    Ok((token, tail))
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

/// A place in the two Jobs while they are walked: linked to its parent, on the stack, free.
///
/// An element of a list may stand at another position in the replacement than in the existing Job,
/// so each such step knows both.
#[derive(Clone, Copy, Debug)]
pub(crate) struct PathNode<'a> {
    parent: Option<&'a PathNode<'a>>,
    step: Step<'a>,
    depth: usize,
    /// The existing Job has nothing here (or `null`), while the walk goes on below.
    absent: bool,
}

#[derive(Clone, Copy, Debug)]
pub(crate) enum Step<'a> {
    Root,
    Key(&'a str),
    Index { existing: usize, replacement: usize },
}

/// Whose list positions a path shows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Side {
    Existing,
    Replacement,
}

impl<'a> PathNode<'a> {
    pub(crate) const ROOT: PathNode<'static> =
        PathNode { parent: None, step: Step::Root, depth: 0, absent: false };

    pub(crate) fn key<'b>(&'b self, key: &'b str) -> PathNode<'b> {
        self.child(Step::Key(key))
    }

    pub(crate) fn index(&self, existing: usize, replacement: usize) -> PathNode<'_> {
        self.child(Step::Index { existing, replacement })
    }

    /// The same place, known to be missing from the existing Job.
    #[must_use]
    pub(crate) fn absent_if(self, absent: bool) -> Self {
        Self { absent, ..self }
    }

    fn child<'b>(&'b self, step: Step<'b>) -> PathNode<'b> {
        PathNode { parent: Some(self), step, depth: self.depth.saturating_add(1), absent: false }
    }

    pub(crate) fn parent(&self) -> Option<&'a PathNode<'a>> {
        self.parent
    }

    pub(crate) fn step(&self) -> Step<'a> {
        self.step
    }

    /// The number of steps from the root.
    pub(crate) fn depth(&self) -> usize {
        self.depth
    }

    /// The steps nearest to the root.
    pub(crate) fn first_steps(&self) -> [Option<Step<'a>>; 4] {
        let mut steps = [None; 4];
        for node in std::iter::successors(Some(self), |node| node.parent) {
            let position = node.depth.checked_sub(1);
            if let Some(step) = position.and_then(|position| steps.get_mut(position)) {
                *step = Some(node.step);
            }
        }
        steps
    }

    /// How many of the enclosing objects and lists the existing Job lacks.
    pub(crate) fn absent_ancestors(&self) -> usize {
        std::iter::successors(self.parent, |node| node.parent)
            .take_while(|node| node.absent)
            .count()
    }

    /// Whether the path has other list positions in the existing Job.
    pub(crate) fn moved(&self) -> bool {
        let here =
            matches!(self.step, Step::Index { existing, replacement } if existing != replacement);
        here || self.parent.is_some_and(PathNode::moved)
    }

    /// The owned path, with the list positions of one side.
    pub(crate) fn to_path(self, side: Side) -> FieldPath {
        let mut segments = Vec::with_capacity(self.depth);
        for node in std::iter::successors(Some(&self), |node| node.parent) {
            match node.step {
                Step::Root => {}
                Step::Key(key) => segments.push(Segment::Key(key.into())),
                Step::Index { existing, .. } if side == Side::Existing => {
                    segments.push(Segment::Index(existing));
                }
                Step::Index { replacement, .. } => segments.push(Segment::Index(replacement)),
            }
        }
        segments.reverse();
        FieldPath { segments }
    }
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
    fn faults_are_named_with_their_place() {
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
