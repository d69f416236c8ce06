//! YAML as kubectl reads it.
//!
//! kubectl uses [sigs.k8s.io/yaml](https://github.com/kubernetes-sigs/yaml), which converts a document to
//! JSON: [`nodes`] has its structure, [`scalars`] its values, and this module maps, merge keys and aliases.

mod error;
mod nodes;
mod scalars;

use std::collections::HashMap;

use serde::de::DeserializeOwned;
use serde_json::{Map, Value};
use serde_path_to_error::Segment;
use volcano_job_update::internals::Position;

pub use self::error::YamlError;
use self::nodes::{Content, Document, Documents, Id, check_depth};
use self::scalars::{Scalar, is_merge, resolve};

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

/// What it means that a map has a key twice.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Duplicates {
    LastCounts,
    AreErrors,
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

/// The value of a document as JSON; `null` if it is empty.
fn document_value(document: &Document, duplicates: Duplicates) -> Result<Value, YamlError> {
    let mut converter =
        Converter { document, duplicates, open: Vec::new(), depth: 0, values: 0, by_alias: 0 };
    document.root().map_or(Ok(Value::Null), |root| converter.value(root))
}

struct Converter<'d> {
    document: &'d Document,
    duplicates: Duplicates,
    /// The aliases around the current value.
    open: Vec<Id>,
    /// The number of maps, lists and aliases around the current value. Aliases can nest deeper than the
    /// text.
    depth: usize,
    /// How many values were converted, and how many of them within aliases.
    values: u32,
    by_alias: u32,
}

/// A map while it is converted. A key also has its type: `1` and `"1"` are two keys in YAML, and the
/// same one in JSON.
type Members = HashMap<String, (std::mem::Discriminant<Scalar>, Value)>;

impl Converter<'_> {
    fn value(&mut self, id: Id) -> Result<Value, YamlError> {
        self.nested(id, |this| this.value_here(id))
    }

    fn value_here(&mut self, id: Id) -> Result<Value, YamlError> {
        let node = self.document.node(id);
        match &node.content {
            Content::Scalar { text, is_plain } => resolve(node.tag.as_deref(), text, *is_plain)
                .and_then(Scalar::into_json)
                .map_err(|message| YamlError::at(node.position, message)),
            Content::List(elements) => {
                elements.iter().map(|element| self.value(*element)).collect()
            }
            Content::Map(_) => {
                let mut members = Members::new();
                self.add_members(id, &mut members)?;
                let members = members.into_iter().map(|(key, (_, value))| (key, value));
                Ok(Value::Object(members.collect::<Map<_, _>>()))
            }
            Content::Alias(target) => self.in_alias(id, |this| this.value(*target)),
        }
    }

    /// Adds the members of a map in their order: a later one replaces an earlier one, also one that is
    /// merged.
    fn add_members(&mut self, id: Id, members: &mut Members) -> Result<(), YamlError> {
        let node = self.document.node(id);
        let Content::Map(entries) = &node.content else {
            let message = "`<<` needs a map or a list of maps";
            return Err(YamlError::at(node.position, message));
        };
        for (key, value) in entries {
            let key_node = self.document.node(*key);
            match &key_node.content {
                Content::Scalar { text, is_plain }
                    if is_merge(key_node.tag.as_deref(), text, *is_plain) =>
                {
                    self.merge(*value, members)?;
                }
                _ => self.add_member(*key, *value, members)?,
            }
        }
        Ok(())
    }

    fn add_member(&mut self, key: Id, value: Id, members: &mut Members) -> Result<(), YamlError> {
        let position = self.document.node(key).position;
        let scalar = self.key(key)?;
        let kind = std::mem::discriminant(&scalar);
        let name = scalar.into_key().map_err(|message| YamlError::at(position, message))?;
        let value = self.value(value)?;
        match members.insert(name.clone(), (kind, value)) {
            Some((replaced, _)) if replaced != kind => Err(YamlError::at(
                position,
                format_args!(
                    "the key `{name}` is there with another type, and keys of JSON are strings"
                ),
            )),
            Some(_) if self.duplicates == Duplicates::AreErrors => {
                Err(YamlError::at(position, format_args!("the key `{name}` is given twice")))
            }
            _ => Ok(()),
        }
    }

    fn key(&mut self, id: Id) -> Result<Scalar, YamlError> {
        self.count(id)?;
        let node = self.document.node(id);
        match &node.content {
            Content::Scalar { text, is_plain } => resolve(node.tag.as_deref(), text, *is_plain)
                .map_err(|message| YamlError::at(node.position, message)),
            Content::Alias(target) => self.in_alias(id, |this| this.key(*target)),
            Content::List(_) | Content::Map(_) => {
                Err(YamlError::at(node.position, "a list or a map cannot be a key"))
            }
        }
    }

    /// Merges a map, or several: the first one of a list counts most.
    fn merge(&mut self, id: Id, members: &mut Members) -> Result<(), YamlError> {
        match &self.document.node(id).content {
            Content::List(maps) => {
                for map in maps.iter().rev() {
                    self.merge_map(*map, members)?;
                }
                Ok(())
            }
            _ => self.merge_map(id, members),
        }
    }

    fn merge_map(&mut self, id: Id, members: &mut Members) -> Result<(), YamlError> {
        self.nested(id, |this| match &this.document.node(id).content {
            Content::Alias(target) => this.in_alias(id, |this| {
                this.count(*target)?;
                this.add_members(*target, members)
            }),
            _ => this.add_members(id, members),
        })
    }

    /// Counts a value and converts it one level deeper.
    fn nested<T>(
        &mut self,
        id: Id,
        convert: impl FnOnce(&mut Self) -> Result<T, YamlError>,
    ) -> Result<T, YamlError> {
        check_depth(self.depth, self.document.node(id).position)?;
        self.count(id)?;
        self.depth += 1;
        let result = convert(self);
        self.depth -= 1;
        result
    }

    fn in_alias<T>(
        &mut self,
        id: Id,
        convert: impl FnOnce(&mut Self) -> Result<T, YamlError>,
    ) -> Result<T, YamlError> {
        if self.open.contains(&id) {
            return Err(YamlError::at(
                self.document.node(id).position,
                "the value contains itself",
            ));
        }
        self.open.push(id);
        let result = convert(self);
        self.open.pop();
        result
    }

    /// Counts a value. Few aliases can stand for very many values, so their share is limited as in
    /// go-yaml.
    fn count(&mut self, id: Id) -> Result<(), YamlError> {
        self.values += 1;
        self.by_alias += u32::from(!self.open.is_empty());
        let (values, by_alias) = (f64::from(self.values), f64::from(self.by_alias));
        let allowed = (0.99 - 0.89 * (values - 400_000.0) / 3_600_000.0).clamp(0.1, 0.99);
        if self.by_alias > 100 && self.values > 1000 && by_alias / values > allowed {
            return Err(YamlError::at(
                self.document.node(id).position,
                "too many values come from aliases",
            ));
        }
        Ok(())
    }
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
