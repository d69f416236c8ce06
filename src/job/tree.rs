//! A JSON value that borrows from its text and is walked without being parsed first.
//!
//! A [`Document`] is a text and an index of it: the length of each key and of each value, so that all of
//! them can be stepped over at once. Nothing else is stored: strings and numbers are read from the text each
//! time they are needed.

#![expect(
    missing_docs,
    clippy::exhaustive_enums,
    clippy::must_use_candidate,
    reason = "public only for another crate of this workspace"
)]

use std::borrow::Cow;

use serde_json::{Number, Value};

use super::known;
use super::read::sum_of_bytes;
use super::unique::{KeyHashes, MANY_KEYS, duplicate, have_unique_hashes};
use crate::scalar::number;

/// A JSON value that was checked completely: no object has a duplicate key, each number is in the
/// range of a double, and no string has a lone surrogate.
#[derive(Clone, Debug)]
pub struct Document<'t> {
    text: Cow<'t, str>,
    index: Vec<u16>,
}

/// Memory for the index of a [`Document`].
#[derive(Debug, Default)]
pub(crate) struct Buffer(Vec<u16>);

/// The index of a value, or of several that follow each other, in the order of the text.
///
/// A key or a scalar is its length in bytes, for a string without the quotes and with [`HAS_ESCAPES`]. A
/// length of [`LONG`] or more is that number and two others. An object or list is its length, how many
/// numbers are inside it, both as two numbers, and those. Two numbers are a `u32`, the lower half first.
type Index<'d> = &'d [u16];

/// Set in the index of a key or string with escapes.
const HAS_ESCAPES: u16 = 1 << 15;

/// Stands for a length that follows.
const LONG: u16 = HAS_ESCAPES - 1;

/// The numbers of an object or list itself.
const CONTAINER: usize = 4;

/// A document has at most so many bytes, so that each count fits in a `u32`.
const MAX_LENGTH: usize = 1 << 30;

/// A value in a [`Document`].
#[derive(Clone, Copy, Debug)]
pub struct Node<'d> {
    text: &'d str,
    /// That of an object or list. Not used for other values.
    index: Index<'d>,
}

/// The JSON type of a value, with one type for all numbers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Shape {
    Null,
    Bool,
    Number,
    String,
    List,
    Object,
}

/// A string in a [`Document`]: a key or a value.
#[derive(Clone, Copy, Debug)]
pub struct Text<'d> {
    /// The text between the quotes.
    inside: &'d str,
    has_escapes: bool,
}

impl<'t> Document<'t> {
    /// Indexes a well-formed JSON value without white space around it. `None` if the value fails one
    /// of the checks: see [`Document`].
    pub fn of_text(text: &'t str) -> Option<Self> {
        Self::with_buffer(text, Buffer::default())
    }

    /// As [`Document::of_text`], with the memory of an earlier document.
    pub(super) fn with_buffer(text: &'t str, buffer: Buffer) -> Option<Self> {
        let Buffer(mut index) = buffer;
        index.clear();
        if text.len() > MAX_LENGTH {
            return None;
        }
        if text.starts_with(['{', '[']) {
            index.reserve_exact(index_length(text));
        }
        let mut indexer = Indexer { index };
        if !is_plain_integer(text) {
            indexer.value(text)?;
        }
        Some(Self { text: text.into(), index: indexer.index })
    }

    /// The memory of the index, for the next document.
    pub(crate) fn into_buffer(self) -> Buffer {
        Buffer(self.index)
    }

    /// The document of a parsed value, of up to 1 GiB of text.
    #[expect(clippy::expect_used, reason = "a parsed value passes the checks")]
    pub fn of_value(value: &Value) -> Document<'static> {
        let text = value.to_string();
        let document = Document::of_text(&text).expect("a document that was serialized");
        let index = document.index;
        Document { text: text.into(), index }
    }

    pub fn root(&self) -> Node<'_> {
        Node { text: &self.text, index: &self.index }
    }
}

impl<'d> Node<'d> {
    pub const NULL: Node<'static> = Node { text: "null", index: &[] };

    /// The node of a scalar that was checked.
    pub fn of_scalar(text: &'d str) -> Self {
        Self { text, index: &[] }
    }

    /// The text of the value, without white space around it. Equal values can have different texts.
    pub fn text(self) -> &'d str {
        self.text
    }

    #[inline]
    pub fn shape(self) -> Shape {
        match self.text.as_bytes().first() {
            Some(b'n') => Shape::Null,
            Some(b't' | b'f') => Shape::Bool,
            Some(b'"') => Shape::String,
            Some(b'[') => Shape::List,
            Some(b'{') => Shape::Object,
            _ => Shape::Number,
        }
    }

    pub fn is_null(self) -> bool {
        self.shape() == Shape::Null
    }

    pub fn is_list(self) -> bool {
        self.shape() == Shape::List
    }

    pub fn is_object(self) -> bool {
        self.shape() == Shape::Object
    }

    /// Whether it is an object without members or a list without elements.
    pub fn is_empty(self) -> bool {
        let is_container = matches!(self.shape(), Shape::Object | Shape::List);
        is_container && known::item(self.text).is_none()
    }

    /// The keys and values of an object, in the order of the text; none if it is not an object.
    #[inline]
    pub fn members(self) -> Members<'d> {
        Members(Inside::of(self, Shape::Object))
    }

    /// The elements of a list; none if it is not a list.
    #[inline]
    pub fn elements(self) -> Elements<'d> {
        Elements(Inside::of(self, Shape::List))
    }

    /// The value of a member of an object.
    pub fn get(self, key: &str) -> Option<Self> {
        self.members().find(|(other, _)| other.is(key)).map(|(_, value)| value)
    }

    /// The value if it is a string.
    pub fn as_text(self) -> Option<Text<'d>> {
        (self.shape() == Shape::String).then(|| Text::read(self.text).0)
    }

    /// The value if it is a string.
    pub fn to_str(self) -> Option<Cow<'d, str>> {
        self.as_text().map(Text::to_str)
    }

    /// The value if it is a number.
    #[inline]
    pub fn as_number(self) -> Option<Number> {
        if self.shape() != Shape::Number {
            return None;
        }
        // Creating a parser costs more than reading a count.
        match self.text.parse::<u64>() {
            Ok(count) => Some(count.into()),
            Err(_) => serde_json::from_str(self.text).ok(),
        }
    }

    /// The value if it is an integer in the range of `i64`, in any form (`2`, `2.0`, `2e0`).
    pub fn as_integer(self) -> Option<i64> {
        number::integer(&self.as_number()?.into())
    }

    /// Whether the value is a number without a fraction.
    pub fn is_whole(self) -> bool {
        let double = self.as_number().and_then(|number| number.as_f64());
        double.is_some_and(|double| double.fract() == 0.0)
    }

    /// The address of its text, which differs from that of each other value of the document.
    pub fn address(self) -> usize {
        self.text.as_ptr().addr()
    }

    #[expect(clippy::expect_used, reason = "a document was checked")]
    pub fn to_value(self) -> Value {
        match self.as_number() {
            Some(number) => number.into(),
            None => serde_json::from_str(self.text).expect("a document is well-formed"),
        }
    }

    /// The canonical text of a scalar. Equal scalars have the same canonical text.
    pub fn scalar_text(self) -> Cow<'d, str> {
        let is_plain = match self.shape() {
            Shape::String => !self.text.contains('\\'),
            Shape::Number => is_plain_integer(self.text),
            Shape::Null | Shape::Bool => true,
            Shape::List | Shape::Object => false,
        };
        if is_plain { self.text.into() } else { number::scalar_text(&self.to_value()).into() }
    }
}

impl<'d> Text<'d> {
    /// Reads the string with which a well-formed text begins; also returns the rest of the text.
    #[inline]
    pub(crate) fn read(text: &'d str) -> (Self, &'d str) {
        let (inside, has_escapes, rest) = known::string(text);
        (Self { inside, has_escapes }, rest)
    }

    /// Its length in the text, with the quotes.
    pub(crate) fn length(self) -> usize {
        self.inside.len() + 2
    }

    /// Whether a text that begins with a string begins with this one, with the same escapes.
    #[inline]
    pub(crate) fn begins(self, text: &str) -> bool {
        let inside = text.as_bytes().get(1..).unwrap_or_default();
        inside.strip_prefix(self.inside.as_bytes()).is_some_and(|rest| rest.starts_with(b"\""))
    }

    pub fn is(self, text: &str) -> bool {
        if self.has_escapes { self.to_str() == text } else { self.inside == text }
    }

    #[expect(clippy::expect_used, reason = "a document was checked")]
    pub fn to_str(self) -> Cow<'d, str> {
        if self.has_escapes {
            self.unescaped().expect("a document has no lone surrogate").into()
        } else {
            self.inside.into()
        }
    }

    /// The string; `None` if it has a lone surrogate.
    #[inline]
    pub(crate) fn valid(self) -> Option<Cow<'d, str>> {
        if self.has_escapes { self.unescaped().map(Cow::Owned) } else { Some(self.inside.into()) }
    }

    /// The string without escapes; `None` if it has a lone surrogate.
    #[cold]
    fn unescaped(self) -> Option<String> {
        serde_json::from_str(&format!("\"{}\"", self.inside)).ok()
    }
}

impl PartialEq for Text<'_> {
    fn eq(&self, other: &Self) -> bool {
        if self.has_escapes || other.has_escapes {
            self.to_str() == other.to_str()
        } else {
            self.inside == other.inside
        }
    }
}

/// Iterator over the members of an object.
#[derive(Clone, Debug)]
pub struct Members<'d>(Inside<'d>);

/// Iterator over the elements of a list.
#[derive(Clone, Debug)]
pub struct Elements<'d>(Inside<'d>);

impl<'d> Iterator for Members<'d> {
    type Item = (Text<'d>, Node<'d>);

    #[inline]
    fn next(&mut self) -> Option<Self::Item> {
        let Self(inside) = self;
        let (key, rest) = inside.key(known::item(inside.rest)?);
        Some((key, inside.value(known::behind_colon(rest))))
    }
}

impl<'d> Iterator for Elements<'d> {
    type Item = Node<'d>;

    #[inline]
    fn next(&mut self) -> Option<Self::Item> {
        let Self(inside) = self;
        Some(inside.value(known::item(inside.rest)?))
    }
}

/// A position inside an object or list.
#[derive(Clone, Debug)]
struct Inside<'d> {
    /// The text from the opening bracket or the end of an item on.
    rest: &'d str,
    /// That of the items that follow.
    index: Index<'d>,
}

impl<'d> Inside<'d> {
    /// The start of a value of this shape; the end, if the value has another.
    fn of(node: Node<'d>, shape: Shape) -> Self {
        match node.index.split_at_checked(CONTAINER) {
            Some((_, index)) if node.shape() == shape => Self { rest: node.text, index },
            _ => Self { rest: "", index: &[] },
        }
    }

    /// Steps over the key with which `text` begins; returns what follows it.
    #[inline]
    fn key(&mut self, text: &'d str) -> (Text<'d>, &'d str) {
        let (length, has_escapes) = self.length();
        let (_, inside) = known::split(text, 1);
        let (inside, rest) = known::split(inside, length);
        let (_, rest) = known::split(rest, 1);
        (Text { inside, has_escapes }, rest)
    }

    /// Steps over the value with which `text` begins.
    #[inline]
    #[expect(clippy::expect_used, reason = "the index has all that is inside")]
    fn value(&mut self, text: &'d str) -> Node<'d> {
        let all = self.index;
        let mut index: Index<'_> = &[];
        let length = match text.as_bytes().first() {
            Some(b'{' | b'[') => {
                let [a, b, c, d] = self.take();
                let split = all.split_at_checked(CONTAINER + whole([c, d]));
                (index, self.index) = split.expect("the index of an object or list");
                whole([a, b])
            }
            Some(b'"') => self.length().0 + 2,
            _ => self.length().0,
        };
        let (text, rest) = known::split(text, length);
        self.rest = rest;
        Node { text, index }
    }

    /// Reads the length of a key or scalar, and whether it has escapes.
    #[inline]
    fn length(&mut self) -> (usize, bool) {
        let [own] = self.take();
        let length = match own & !HAS_ESCAPES {
            LONG => whole(self.take()),
            short => usize::from(short),
        };
        (length, own & HAS_ESCAPES != 0)
    }

    /// The next numbers of the index.
    #[inline]
    #[expect(clippy::expect_used, reason = "the index has each key and value")]
    fn take<const N: usize>(&mut self) -> [u16; N] {
        let (own, behind) = self.index.split_first_chunk().expect("the index of a key or value");
        self.index = behind;
        *own
    }
}

/// Builds the index of a well-formed text. Each function reads the value with which a text begins, and
/// returns the rest of the text; `None` if a check fails.
struct Indexer {
    index: Vec<u16>,
}

impl Indexer {
    fn value<'t>(&mut self, text: &'t str) -> Option<&'t str> {
        match text.as_bytes().first()? {
            b'{' => self.object(text),
            b'[' => self.list(text),
            b'"' => {
                let (string, rest) = self.string(text);
                is_valid(string).then_some(rest)
            }
            b't' | b'f' | b'n' => Some(self.word(text).1),
            _ => {
                let (number, rest) = self.word(text);
                is_in_range(number).then_some(rest)
            }
        }
    }

    #[inline]
    fn string<'t>(&mut self, text: &'t str) -> (Text<'t>, &'t str) {
        let (string, rest) = Text::read(text);
        self.push(string.inside.len(), if string.has_escapes { HAS_ESCAPES } else { 0 });
        (string, rest)
    }

    #[inline]
    fn word<'t>(&mut self, text: &'t str) -> (&'t str, &'t str) {
        let (word, rest) = known::word(text);
        self.push(word.len(), 0);
        (word, rest)
    }

    /// Adds a key or scalar of this length.
    #[inline]
    fn push(&mut self, length: usize, escapes: u16) {
        match u16::try_from(length) {
            Ok(short) if short < LONG => self.index.push(short | escapes),
            _ => {
                self.index.push(LONG | escapes);
                self.index.extend(halves(length));
            }
        }
    }

    fn object<'t>(&mut self, text: &'t str) -> Option<&'t str> {
        let start = self.start();
        let mut keys = KeyHashes::default();
        let mut are_unique = true;
        let mut rest = text;
        while let Some(item) = known::item(rest) {
            let (key, behind) = self.string(item);
            are_unique &= is_new(key, &mut keys)?;
            rest = self.value(known::behind_colon(behind))?;
        }
        let (text, rest) = self.finish(start, text, rest);
        (are_unique || self.has_unique_keys(start, text)).then_some(rest)
    }

    /// For an object whose keys may or may not be unique.
    #[cold]
    #[expect(clippy::expect_used, reason = "`start` has added the numbers")]
    fn has_unique_keys(&self, start: usize, object: &str) -> bool {
        let index = self.index.get(start..).expect("the index of the object");
        let members = Node { text: object, index }.members();
        let keys = members.map(|(key, _)| key.to_str());
        // The shortest members with that many keys have about 8 bytes.
        if object.len() / 8 >= MANY_KEYS && have_unique_hashes(keys.clone()) {
            return true;
        }
        let keys: Vec<_> = keys.collect();
        duplicate(keys.iter().map(|key| &**key)).is_none()
    }

    fn list<'t>(&mut self, text: &'t str) -> Option<&'t str> {
        let start = self.start();
        let mut rest = text;
        while let Some(item) = known::item(rest) {
            rest = self.value(item)?;
        }
        Some(self.finish(start, text, rest).1)
    }

    /// Begins the index of an object or list; returns its position.
    fn start(&mut self) -> usize {
        self.index.extend([0; CONTAINER]);
        self.index.len() - CONTAINER
    }

    /// Completes the index of the object or list with which `text` begins. `rest` is what follows its last
    /// item. Returns its text and what follows it.
    #[expect(clippy::expect_used, reason = "`start` has added the numbers")]
    fn finish<'t>(&mut self, start: usize, text: &'t str, rest: &'t str) -> (&'t str, &'t str) {
        let rest = known::behind_bracket(rest);
        let (text, _) = known::split(text, text.len() - rest.len());
        let inside = self.index.len() - start - CONTAINER;
        let own = self.index.get_mut(start..start + CONTAINER).expect("the index of this value");
        let ([a, b], [c, d]) = (halves(text.len()), halves(inside));
        own.copy_from_slice(&[a, b, c, d]);
        (text, rest)
    }
}

/// A length or count in a document as two numbers of an index.
#[expect(clippy::cast_possible_truncation, reason = "it is below the limit for a document")]
fn halves(count: usize) -> [u16; 2] {
    [count as u16, (count >> 16) as u16]
}

#[inline]
fn whole([low, high]: [u16; 2]) -> usize {
    usize::from(high) << 16 | usize::from(low)
}

/// About how many numbers the index of a text has; rarely fewer.
fn index_length(text: &str) -> usize {
    let sum = sum_of_bytes::<48>(text, |byte| {
        let bracket = u8::from(matches!(byte, b'{' | b'['));
        bracket << 2 | u8::from(matches!(byte, b':' | b','))
    });
    // In a text that is mostly brackets, these stand in strings.
    sum.min(2 * text.len()) + 1
}

/// Adds the hash of a key; returns whether the key is certainly a new one. `None` if it has a lone
/// surrogate.
fn is_new(key: Text<'_>, keys: &mut KeyHashes) -> Option<bool> {
    Some(if key.has_escapes { keys.insert(&key.unescaped()?) } else { keys.insert(key.inside) })
}

/// Whether a string has no lone surrogate.
fn is_valid(string: Text<'_>) -> bool {
    !string.has_escapes || !string.inside.contains("\\u") || string.unescaped().is_some()
}

/// Whether a number is in the range of a double.
fn is_in_range(number: &str) -> bool {
    is_plain_integer(number) || serde_json::from_str::<Number>(number).is_ok()
}

/// Whether a number consists of digits only and fits in 64 bits, so that equal numbers of this form
/// have equal texts.
pub(crate) fn is_plain_integer(number: &str) -> bool {
    number.len() < 19 && number.bytes().all(|byte| byte.is_ascii_digit())
}

#[cfg(test)]
mod tests {
    use super::*;

    const TEXT: &str = "{ \"a\" : [ 1 ,{\"b\":[]}, \"x\\\"]\\\\\" ,[ [2]]],\"\\u0063\":{\n}, \"d\":-1.5e3,\"e\":null ,\"f\":true}";

    /// All values of a node, with their texts, in the order of the text.
    fn texts(node: Node<'_>) -> Vec<&str> {
        let below = node.members().map(|(_, value)| value).chain(node.elements());
        std::iter::once(node.text()).chain(below.flat_map(texts)).collect()
    }

    #[test]
    fn each_value_has_its_text() {
        let document = Document::of_text(TEXT).unwrap();
        let expected = [
            TEXT,
            "[ 1 ,{\"b\":[]}, \"x\\\"]\\\\\" ,[ [2]]]",
            "1",
            "{\"b\":[]}",
            "[]",
            "\"x\\\"]\\\\\"",
            "[ [2]]",
            "[2]",
            "2",
            "{\n}",
            "-1.5e3",
            "null",
            "true",
        ];
        assert_eq!(texts(document.root()), expected);
        let value: Value = serde_json::from_str(TEXT).unwrap();
        assert_eq!(document.root().to_value(), value);
        assert_eq!(Document::of_value(&value).root().to_value(), value);
    }

    /// A length has another form from 32,767 bytes on, and a count of what is inside from 65,536.
    #[test]
    fn lengths_have_two_forms() {
        for length in [1, 32_766, 32_767, 32_768, 65_535, 65_536, 200_000] {
            let (text, escaped) = ("a".repeat(length), format!("\\n{}", "a".repeat(length)));
            let number = "1".repeat(length.min(300));
            let zeros = vec!["0"; length].join(",");
            let parts = [
                format!("\"{text}\""),
                format!("\"{escaped}\""),
                number,
                format!("[{zeros}]"),
                "true".into(),
            ];
            let members = parts.iter().enumerate().map(|(i, part)| format!("\"{i}{text}\":{part}"));
            let members = format!("{{{}}}", members.collect::<Vec<_>>().join(","));
            let document = Document::of_text(&members).unwrap();
            let found: Vec<_> = document.root().members().map(|(_, value)| value.text()).collect();
            assert_eq!(found, parts);
            let keys = document.root().members().map(|(key, _)| key.to_str().len());
            assert!(keys.eq([length + 1; 5]));
            let strings =
                document.root().members().map(|(_, value)| value.to_str().map(|text| text.len()));
            assert!(strings.eq([Some(length), Some(length + 1), None, None, None]));
        }
    }

    #[test]
    fn members_are_found_by_their_key() {
        let document = Document::of_text(TEXT).unwrap();
        let root = document.root();
        let text_of = |key| root.get(key).map(Node::text);
        assert_eq!(text_of("c"), Some("{\n}"), "the key has an escape in the text");
        assert_eq!(text_of("f"), Some("true"));
        assert_eq!((text_of("b"), text_of("")), (None, None));
        assert!(root.get("a").unwrap().get("a").is_none(), "a list has no members");
    }

    #[test]
    fn shapes() {
        for (text, shape, is_empty) in [
            ("null", Shape::Null, false),
            ("true", Shape::Bool, false),
            ("false", Shape::Bool, false),
            ("0", Shape::Number, false),
            ("-1", Shape::Number, false),
            ("\"\"", Shape::String, false),
            ("[ ]", Shape::List, true),
            ("[[]]", Shape::List, false),
            ("{\n}", Shape::Object, true),
            ("{\"\":0}", Shape::Object, false),
        ] {
            let document = Document::of_text(text).unwrap();
            assert_eq!((document.root().shape(), document.root().is_empty()), (shape, is_empty));
        }
    }

    #[test]
    fn strings_and_numbers() {
        let root = |text| Document::of_text(text).unwrap();
        assert_eq!(root(r#""a\u00e4\n""#).root().to_str().as_deref(), Some("aä\n"));
        assert_eq!(root("1").root().to_str(), None);
        for (text, integer) in [("2", Some(2)), ("2e0", Some(2)), ("2.5", None), ("\"2\"", None)] {
            assert_eq!(root(text).root().as_integer(), integer, "{text}");
        }
        for (text, canonical) in
            [("2.0", "2"), ("20e-1", "2"), (r#""\u0061""#, "\"a\""), ("null", "null")]
        {
            assert_eq!(root(text).root().scalar_text(), canonical);
        }
    }

    #[test]
    fn values_that_fail_a_check_have_no_document() {
        for text in [
            r#"{"a":1,"a":2}"#,
            r#"{"a":1,"\u0061":2}"#,
            r#"[{"b":{"a":1,"c":2,"a":1}}]"#,
            r#"["\ud800"]"#,
            r#"{"\ud800":1}"#,
        ] {
            assert!(Document::of_text(text).is_none(), "{text}");
        }
        // With its feature `arbitrary_precision`, serde_json accepts any number.
        let digits = "9".repeat(400);
        for text in ["[1e999]", "-1e999", &digits] {
            let is_number = serde_json::from_str::<Value>(text).is_ok();
            assert_eq!(Document::of_text(text).is_some(), is_number, "{text}");
        }
        let wide: Vec<String> = (0..500).map(|i| format!("\"{i}\":0")).collect();
        let wide = wide.join(",");
        assert!(Document::of_text(&format!("{{{wide}}}")).is_some());
        assert!(Document::of_text(&format!("{{{wide},\"250\":0}}")).is_none());
    }
}
