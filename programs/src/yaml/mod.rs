//! YAML as kubectl reads it.
//!
//! kubectl uses [sigs.k8s.io/yaml](https://github.com/kubernetes-sigs/yaml), which converts a document to
//! JSON: [`nodes`] has its structure, [`scalars`] the values of its scalars, and [`convert`] maps, merge
//! keys and aliases.

mod convert;
mod error;
mod nodes;
mod scalars;

use serde::de::DeserializeOwned;
use serde_json::Value;
use serde_path_to_error::Segment;
use volcano_job_update::internals::Position;

use self::convert::{Duplicates, document_value};
pub use self::error::YamlError;
use self::nodes::{Content, Document, Documents, Id};

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
    Ok(only_document(text, Duplicates::LastCounts)?.1)
}

/// Parses a configuration file in YAML. The values are those of [`parse_manifest`], but a key that is
/// given twice is an error.
///
/// # Errors
///
/// Those of [`parse_manifest`], and the document does not match the type `T`.
pub fn parse_yaml<T: DeserializeOwned>(text: &[u8]) -> Result<T, YamlError> {
    let (document, value) = only_document(text, Duplicates::AreErrors)?;
    serde_path_to_error::deserialize(value).map_err(|error| {
        let message = error.inner().to_string();
        match position_of(&document, error.path()) {
            Some(position) => YamlError::at(position, message),
            None => YamlError::new(message),
        }
    })
}

/// The document of a text that is not empty, and its value; an empty one if there is none.
fn only_document(text: &[u8], duplicates: Duplicates) -> Result<(Document, Value), YamlError> {
    let text = std::str::from_utf8(text).map_err(|_| YamlError::new("the text must be UTF-8"))?;
    if let Some(position) = find_line_separator(text) {
        let message = "a character that is a line break in YAML 1.1 only; write it as an escape";
        return Err(YamlError::at(position, message));
    }
    let mut documents = Vec::new();
    for document in Documents::new(text) {
        let document = document?;
        let value = document_value(&document, duplicates)?;
        if !value.is_null() {
            documents.push((document, value));
        }
    }
    let count = documents.len();
    if let Some(second) = documents.get(1).and_then(|(second, _)| second.position()) {
        return Err(YamlError::at(
            second,
            format_args!("there must be one document, and there are {count}: the second begins"),
        ));
    }
    Ok(documents.pop().unwrap_or_default())
}

/// YAML 1.1 and kubectl take these for line breaks, YAML 1.2 and most people do not.
fn find_line_separator(text: &str) -> Option<Position> {
    let at = text.find(['\u{85}', '\u{2028}', '\u{2029}'])?;
    Some(Position::of(text.as_bytes(), at))
}

/// The position of the value at a path, or of the innermost value around it that is found.
fn position_of(document: &Document, path: &serde_path_to_error::Path) -> Option<Position> {
    let mut id = document.root()?;
    for segment in path {
        let content = &document.node(id).content;
        let child = match (content, segment) {
            (Content::List(elements), Segment::Seq { index }) => elements.get(*index).copied(),
            (Content::Map(members), Segment::Map { key }) => {
                let is_key = |id: &Id| matches!(&document.node(*id).content, Content::Scalar { text, .. } if text == key);
                members.iter().rev().find(|(key, _)| is_key(key)).map(|(_, value)| *value)
            }
            _ => None,
        };
        match child {
            Some(child) => id = child,
            None => break,
        }
    }
    Some(document.node(id).position)
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::{parse_manifest, parse_yaml};

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
            ("a: !!int x\n", "`x` is not of the type of its tag !!int at line 1, column 10"),
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
}
