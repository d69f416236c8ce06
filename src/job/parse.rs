//! Parses the values that reading keeps as text.

use std::borrow::Cow;
use std::fmt;

use serde::de::{DeserializeSeed, Deserializer, Error as _, MapAccess, SeqAccess, Visitor};
use serde_json::{Map, Value};

use super::cursor::offset_of;
use super::syntax_error::SyntaxError;
use super::tree::Buffer;
use super::unique::duplicate;
use super::{ContainerVisitor, Containers, Document, Entry, Field, Job, JobError};
use crate::path::{FieldPath, PathNode, Side};

impl<'a> Job<'a> {
    /// Parses the value of a field of this Job. `at` is the path of the field, for errors.
    pub(crate) fn parse<'v>(
        &self,
        field: Field<'v>,
        at: &PathNode<'_>,
    ) -> Result<Cow<'v, Value>, JobError> {
        match field {
            Field::Value(value) => Ok(Cow::Borrowed(value)),
            Field::Text(part) => parse(self.text.unwrap_or(part), part, at).map(Cow::Owned),
        }
    }

    /// The value of a field of this Job as a document. `at` is the path of the field, for errors.
    pub(crate) fn document<'v>(
        &self,
        field: Field<'v>,
        at: &PathNode<'_>,
        buffer: Buffer,
    ) -> Result<Document<'v>, JobError> {
        match field {
            Field::Text(part) => match Document::with_buffer(part, buffer) {
                Some(document) => Ok(document),
                // Parsing fails too, with an error that names the place.
                None => self.parse(field, at).map(|value| Document::of_value(&value)),
            },
            Field::Value(value) => Ok(Document::of_value(value)),
        }
    }

    /// The whole Job as a document.
    pub(crate) fn whole_document(&self) -> Result<Document<'a>, JobError> {
        self.document(self.whole.trimmed(), &PathNode::root(), Buffer::default())
    }

    pub(super) fn parse_fields(
        &self,
        entries: &[Entry<'a>],
        at: &PathNode<'_>,
    ) -> Result<Map<String, Value>, JobError> {
        let parse = |entry: &Entry<'a>| {
            let value = self.parse(entry.field(), &at.key(entry.key()))?.into_owned();
            Ok((entry.key().to_owned(), value))
        };
        entries.iter().map(parse).collect()
    }
}

/// Parses `part`, a well-formed value in `text`. `at` is its path, for errors.
fn parse(text: &str, part: &str, at: &PathNode<'_>) -> Result<Value, JobError> {
    if part.starts_with(['{', '[']) {
        check_unique(text, part, at)?;
    }
    serde_json::from_str(part).map_err(|error| json_error(text, part, &error, at))
}

/// Fails if an object has a duplicate key. This is a separate pass, because parsing into a `Value`
/// silently keeps the last of two equal keys.
fn check_unique(text: &str, part: &str, at: &PathNode<'_>) -> Result<(), JobError> {
    let mut duplicate = None;
    let mut json = serde_json::Deserializer::from_str(part);
    let visitor = UniqueKeys { at, duplicate: &mut duplicate };
    match (Containers(visitor).deserialize(&mut json), duplicate) {
        (_, Some(path)) => Err(JobError::duplicate_field(path)),
        (Err(error), None) => Err(json_error(text, part, &error, at)),
        (Ok(()), None) => Ok(()),
    }
}

fn json_error(text: &str, part: &str, error: &serde_json::Error, at: &PathNode<'_>) -> JobError {
    let error = SyntaxError::in_part(text, offset_of(part, text), error);
    JobError::from(error).in_field(at.to_path(Side::Replacement))
}

/// Visitor that fails at an object with a duplicate key and stores the path of that field.
struct UniqueKeys<'n, 't> {
    at: &'n PathNode<'n>,
    duplicate: &'t mut Option<FieldPath>,
}

impl<'de> ContainerVisitor<'de> for UniqueKeys<'_, '_> {
    fn object<A: MapAccess<'de>>(self, mut map: A) -> Result<(), A::Error> {
        let mut keys: Vec<Cow<'de, str>> = Vec::new();
        while let Some(key) = map.next_key_seed(Key)? {
            let at = self.at.key(&key);
            let inside = UniqueKeys { at: &at, duplicate: &mut *self.duplicate };
            map.next_value_seed(Containers(inside))?;
            keys.push(key);
        }
        match duplicate(keys.iter().map(|key| &**key)) {
            None => Ok(()),
            Some(key) => {
                *self.duplicate = Some(self.at.key(key).to_path(Side::Replacement));
                Err(A::Error::custom("a field is given twice"))
            }
        }
    }

    fn list<A: SeqAccess<'de>>(self, mut list: A) -> Result<(), A::Error> {
        let mut position = 0;
        loop {
            let at = self.at.index(position, position);
            let inside = UniqueKeys { at: &at, duplicate: &mut *self.duplicate };
            if list.next_element_seed(Containers(inside))?.is_none() {
                return Ok(());
            }
            position += 1;
        }
    }
}

/// Deserializes a key, borrowed unless it has escapes.
struct Key;

impl<'de> DeserializeSeed<'de> for Key {
    type Value = Cow<'de, str>;

    fn deserialize<D: Deserializer<'de>>(self, json: D) -> Result<Cow<'de, str>, D::Error> {
        json.deserialize_str(self)
    }
}

impl<'de> Visitor<'de> for Key {
    type Value = Cow<'de, str>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a key")
    }

    fn visit_borrowed_str<E>(self, key: &'de str) -> Result<Cow<'de, str>, E> {
        Ok(Cow::Borrowed(key))
    }

    fn visit_str<E>(self, key: &str) -> Result<Cow<'de, str>, E> {
        Ok(Cow::Owned(key.into()))
    }
}
