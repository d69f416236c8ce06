//! YAML as kubectl reads it.
//!
//! kubectl uses [sigs.k8s.io/yaml](https://github.com/kubernetes-sigs/yaml), which converts a document to
//! JSON: [`nodes`] has its structure, [`scalars`] the values of its scalars, and [`convert`] maps, merge
//! keys and aliases.

mod convert;
mod error;
mod lookup;
mod nodes;
mod scalars;

use std::fmt;
use std::ops::Range;

use serde::de::DeserializeOwned;
use serde_json::Value;
use serde_path_to_error::Segment;
use volcano_job_update::FieldPath;
use volcano_job_update::internals::Place;

use self::convert::{Duplicates, document_value};
pub use self::error::YamlError;
use self::lookup::places;
use self::nodes::{Document, Documents};
pub(crate) use self::nodes::{Syntax, read_syntax};
pub use self::scalars::is_plain_text;

/// Parses a manifest in YAML, which includes JSON. Documents that are empty or have only comments are
/// skipped.
///
/// `010` is an octal number, `on` is `true`, and of several members with the same key the last one
/// counts, as for kubectl. Numbers that JSON does not support (`.inf`, `.nan`) are errors.
///
/// # Errors
///
/// The text is not valid YAML (`[1`) or has several documents.
pub fn parse_manifest(text: &[u8]) -> Result<Value, YamlError> {
    let manifest = only_manifest(text, Duplicates::LastCounts)?;
    Ok(manifest.map_or(Value::Null, Manifest::into_value))
}

/// Parses the documents of a text in YAML one after the other, each as [`parse_manifest`] does. Those that
/// are empty or have only comments are skipped.
///
/// Only one document at a time is in memory. An error of syntax ends the iteration, because where the next
/// document begins is not known then. After another error the next document follows.
///
/// # Errors
///
/// The text is not UTF-8, or has a character that is a line break in YAML 1.1 only. For each document: it is
/// not valid YAML, or longer than `max_document_bytes`.
pub fn parse_manifests(text: &[u8], max_document_bytes: usize) -> Result<Manifests<'_>, YamlError> {
    Manifests::new(text, max_document_bytes, Duplicates::LastCounts)
}

/// Parses a configuration file in YAML. The values are those of [`parse_manifest`], but a key that is
/// given twice is an error.
///
/// # Errors
///
/// Those of [`parse_manifest`], and the document does not match the type `T`.
pub fn parse_yaml<T: DeserializeOwned>(text: &[u8]) -> Result<T, YamlError> {
    let manifest = only_manifest(text, Duplicates::AreErrors)?;
    let value = manifest.as_ref().map_or(Value::Null, |manifest| manifest.value.clone());
    serde_path_to_error::deserialize(value).map_err(|error| {
        let message = error.inner().to_string();
        match manifest {
            Some(manifest) => manifest.error_at(error.path(), message),
            None => YamlError::new(message),
        }
    })
}

/// Iterator over the documents of a text: see [`parse_manifests`].
pub struct Manifests<'t> {
    text: &'t str,
    documents: Documents<'t>,
    duplicates: Duplicates,
    /// The number of documents so far, without the empty ones.
    count: usize,
    has_ended: bool,
}

/// One document of a text.
pub struct Manifest<'t> {
    document: Document<'t>,
    value: Value,
}

/// Where the fields of a [`Manifest`] are written.
pub struct FieldPlaces {
    document: Document<'static>,
}

impl FieldPlaces {
    /// The places of the values at these paths: see [`Manifest::places`].
    #[must_use]
    pub fn places(&self, paths: &[&FieldPath]) -> Vec<Place> {
        places(&self.document, paths)
    }

    /// Where the scalars are, keys and values, that have a part of this range of the text, in order.
    pub fn scalars(&self, range: Range<usize>) -> impl Iterator<Item = Range<usize>> {
        self.document.scalars(range)
    }
}

impl fmt::Debug for FieldPlaces {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("FieldPlaces").finish_non_exhaustive()
    }
}

impl<'t> Manifests<'t> {
    fn new(
        text: &'t [u8],
        max_document_bytes: usize,
        duplicates: Duplicates,
    ) -> Result<Self, YamlError> {
        let text = str::from_utf8(text).map_err(|_| YamlError::new("the text must be UTF-8"))?;
        // YAML 1.1 and kubectl take these for line breaks, YAML 1.2 and most people do not.
        if let Some(at) = text.find(['\u{85}', '\u{2028}', '\u{2029}']) {
            let message =
                "a character that is a line break in YAML 1.1 only; write it as an escape";
            return Err(YamlError::at(text, at, message));
        }
        let documents = Documents::new(text, max_document_bytes);
        Ok(Self { text, documents, duplicates, count: 0, has_ended: false })
    }

    /// The next document that is not empty.
    fn manifest(&mut self) -> Result<Option<Manifest<'t>>, YamlError> {
        loop {
            let document = self.documents.document();
            self.has_ended = !matches!(document, Ok(Some(_)));
            let Some(document) = document? else { return Ok(None) };
            let value = document_value(&document, self.duplicates)?;
            if !value.is_null() {
                return Ok(Some(Manifest { document, value }));
            }
        }
    }

    /// Whether the text has a document besides the current one.
    fn are_several(&self) -> bool {
        let behind = self.text.get(self.documents.start()..).unwrap_or_default();
        // The first line is the one with which the document begins. A `---` is part of no value.
        self.count > 1 || behind.lines().skip(1).any(is_document_start)
    }
}

fn is_document_start(line: &str) -> bool {
    line.strip_prefix("---").is_some_and(|rest| rest.is_empty() || rest.starts_with([' ', '\t']))
}

impl<'t> Iterator for Manifests<'t> {
    type Item = Result<Manifest<'t>, YamlError>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.has_ended {
            return None;
        }
        let manifest = self.manifest().transpose()?;
        self.count += 1;
        Some(manifest.map_err(|error| {
            if self.are_several() { error.in_document(self.count) } else { error }
        }))
    }
}

impl fmt::Debug for Manifests<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Manifests").field("count", &self.count).finish_non_exhaustive()
    }
}

impl std::iter::FusedIterator for Manifests<'_> {}

impl<'t> Manifest<'t> {
    /// The document as JSON.
    #[must_use]
    pub fn value(&self) -> &Value {
        &self.value
    }

    /// The document as JSON.
    #[must_use]
    pub fn into_value(self) -> Value {
        self.value
    }

    /// The document as JSON, and where its fields are written. Neither borrows from the text.
    #[must_use]
    pub fn into_parts(self) -> (Value, FieldPlaces) {
        (self.value, FieldPlaces { document: self.document.without_text() })
    }

    /// Where the document is in the text, in bytes: from its `---` or, if it has none, from its first
    /// value to the end of its last one.
    #[must_use]
    pub fn range(&self) -> Range<usize> {
        self.document.range()
    }

    /// The places of the values at these paths, in the same order, as byte offsets in the whole text.
    ///
    /// A value that is an alias or was merged has the place where it is written. The place of a value has
    /// its quotes, brackets, tag and the `|` or `>` of a block scalar, but not its anchor.
    #[must_use]
    pub fn places(&self, paths: &[&FieldPath]) -> Vec<Place> {
        places(&self.document, paths)
    }

    /// The whole text, with the other documents.
    pub(crate) fn text(&self) -> &'t str {
        self.document.text()
    }

    /// The ranges of the scalars without quotes and tags, in order.
    pub(crate) fn plain_scalars(&self) -> impl Iterator<Item = Range<usize>> {
        self.document.plain_scalars()
    }

    /// An error at the value at a path, or at the innermost value around it that is found.
    fn error_at(&self, path: &serde_path_to_error::Path, message: String) -> YamlError {
        let step = |segment: &Segment| match segment {
            Segment::Seq { index } => Some((*index).into()),
            Segment::Map { key } => Some(key.as_str().into()),
            Segment::Enum { .. } | Segment::Unknown => None,
        };
        let path: FieldPath = path.iter().map_while(step).collect();
        match self.places(&[&path]).first() {
            Some(place) => YamlError::at(self.document.text(), place.value.start, message),
            None => YamlError::new(message),
        }
    }
}

impl fmt::Debug for Manifest<'_> {
    /// Shows only where it is, because the fields of a Job can contain secrets.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Manifest").field("range", &self.range()).finish_non_exhaustive()
    }
}

/// The document of a text that is not empty; `None` if there is none.
fn only_manifest(text: &[u8], duplicates: Duplicates) -> Result<Option<Manifest<'_>>, YamlError> {
    let mut manifests = Manifests::new(text, usize::MAX, duplicates)?;
    let Some(manifest) = manifests.next().transpose()? else { return Ok(None) };
    let Some(second) = manifests.next().transpose()? else { return Ok(Some(manifest)) };
    let second = second.document.node(Document::ROOT).range.start;
    drop(manifest);
    for manifest in manifests.by_ref() {
        manifest?;
    }
    let count = manifests.count;
    let message =
        format_args!("there must be one document, and there are {count}: the second begins");
    Err(YamlError::at(manifests.text, second, message))
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::{Manifest, YamlError, parse_manifest, parse_manifests, parse_yaml};

    #[track_caller]
    fn value(text: &str) -> Value {
        parse_manifest(text.as_bytes()).expect("it is YAML")
    }

    #[test]
    fn numbers_and_booleans_match_kubectl() {
        assert_eq!(value("[0644, 010, 10, 0o10, 1e3]"), json!([420, 8, 10, 8, 1000]));
        assert_eq!(value("[on, off, yes, no, true]"), json!([true, false, true, false, true]));
        assert_eq!(value("['010', \"on\"]"), json!(["010", "on"]));
        assert_eq!(parse_yaml::<u64>(b"010"), Ok(8), "a typed field has the same value");
    }

    #[test]
    fn json_is_yaml() {
        assert_eq!(value(r#"{"a": [1, "b", null]}"#), json!({"a": [1, "b", null]}));
    }

    #[test]
    fn empty_documents_are_skipped() {
        assert_eq!(value("# comment\n---\na: 1\n---\n# end\n---\n"), json!({"a": 1}));
        assert_eq!(value("# nothing\n"), json!(null));
    }

    /// A text of few levels stands for a value of many.
    #[test]
    fn aliases_do_not_nest_deeper_than_the_limit() {
        // Each line is nested 50 levels deeper than the one before, or merges it.
        let chain = |length: usize, line: &dyn Fn(usize) -> String| -> String {
            let lines = (1..length).map(|i| format!("a{i}: &a{i} {}\n", line(i - 1)));
            lines.collect::<Vec<_>>().concat()
        };
        let by_alias = |open: &str, close: &str| {
            let (open, close) = (open.repeat(50), close.repeat(50));
            "a0: &a0 {}\n".to_owned() + &chain(10, &|before| format!("{open}*a{before}{close}"))
        };
        let merged =
            "a0: &a0 {}\n".to_owned() + &chain(100_000, &|before| format!("{{<<: *a{before}}}"));
        for text in [by_alias("[", "]"), by_alias("{a: ", "}"), merged] {
            let error = parse_manifest(text.as_bytes()).expect_err("it is nested deeply");
            assert!(error.to_string().starts_with("nested deeper than 256 levels"), "{error}");
        }
        let deep = format!("{}1{}", "[".repeat(250), "]".repeat(250));
        assert_eq!(parse_manifest(deep.as_bytes()).err(), None);
    }

    #[test]
    fn errors_are_one_line_with_a_position() {
        for (text, message) in [
            ("a: [1\n", "unclosed bracket '[' at line 1, column 4"),
            (
                "1: a\n\"1\": b\n",
                "the key `1` is there with another type, and keys of JSON are strings at line 2, column 1",
            ),
            ("a: &x [*x]\n", "the value contains itself at line 1, column 8"),
            ("a: !!int x\n", "the value is not of the type of its tag !!int at line 1, column 4"),
            ("a: 1\na: 2\n", "the key `a` is given twice at line 2, column 1"),
            (
                "a: 1\n---\nb: 2\n",
                "there must be one document, and there are 2: the second begins at line 3, column 1",
            ),
        ] {
            let error = parse_yaml::<Value>(text.as_bytes()).expect_err("it is no YAML");
            assert_eq!(error.to_string(), message);
        }
        for number in [".inf", ".nan"] {
            assert!(parse_yaml::<Value>(number.as_bytes()).is_err(), "{number}");
        }
    }

    /// The documents of a text, each as JSON or as its error.
    fn documents(text: &str, max_document_bytes: usize) -> Vec<String> {
        let manifests = parse_manifests(text.as_bytes(), max_document_bytes).expect("it is UTF-8");
        let document = |found: Result<Manifest<'_>, YamlError>| match found {
            Ok(manifest) => manifest.value().to_string(),
            Err(error) => error.to_string(),
        };
        manifests.map(document).collect()
    }

    #[test]
    fn documents_follow_each_other() {
        let text =
            "# c\n---\n# d\n---\na: 1 # e\n# f\n---\n{\"b\": [2]}\n...\n---\n~\n--- |\n c\n---";
        assert_eq!(documents(text, 20), [r#"{"a":1}"#, r#"{"b":[2]}"#, r#""c\n""#]);
        let manifests = parse_manifests(text.as_bytes(), 20).expect("it is UTF-8");
        let ranges = manifests.map(|manifest| manifest.expect("it is YAML").range());
        let texts: Vec<&str> = ranges.map(|range| text.get(range).expect("in the text")).collect();
        assert_eq!(texts, ["---\na: 1", "---\n{\"b\": [2]}", "--- |\n c"]);
        assert!(documents("", 0).is_empty());
        assert!(documents("# nothing\n---\n", 3).is_empty());
    }

    #[test]
    fn errors_name_the_document_if_there_are_several() {
        for (text, expected) in [
            ("a: [\n", &["unclosed bracket '[' at line 1, column 4"] as &[_]),
            ("---\na: [\n", &["unclosed bracket '[' at line 2, column 4"]),
            ("a: [\n---\nb: 1\n", &["document 1: unclosed bracket '[' at line 1, column 4"]),
            (
                "# c\n---\n---\na: 1\n---\nb: }\n",
                &[r#"{"a":1}"#, "document 2: misplaced bracket at line 6, column 4"],
            ),
            (
                "{{ .x }}: 1\n---\nü: !!int ä\n---\nb: 1\n",
                &[
                    "document 1: a list or a map cannot be a key at line 1, column 1",
                    "document 2: the value is not of the type of its tag !!int at line 3, column 4",
                    r#"{"b":1}"#,
                ],
            ),
        ] {
            assert_eq!(documents(text, 100), expected, "{text}");
        }
    }

    #[test]
    fn documents_have_a_limit() {
        let message = |document: &str, line| {
            format!(
                "{document}longer than 9 bytes, the limit for a document, which begins at line {line}, column 1"
            )
        };
        assert_eq!(documents("abcd: efg", 9), [r#"{"abcd":"efg"}"#]);
        assert_eq!(documents("abcd: efgh", 9), [message("", 1)]);
        assert_eq!(documents("[1,2,3,4,5,6]", 9), [message("", 1)]);
        assert_eq!(documents("\n\na: [1, 2 ]\n", 9), [message("", 3)]);
        let several = "# a comment of any length\na: 1\n\n\n\n---\na: |\n  b\n";
        assert_eq!(documents(several, 9), [r#"{"a":1}"#, &message("document 2: ", 6)]);
    }
}
