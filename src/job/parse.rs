//! Parsing of what shallow reading left as text.

use std::borrow::Cow;
use std::fmt;

use serde::de::{DeserializeSeed, Deserializer, Error as _, MapAccess, SeqAccess, Visitor};
use serde_json::Value;

use super::cursor::json_error;
use super::{JobError, Nested, Read, duplicate};
use crate::path::{FieldPath, PathNode, Side};

/// Parses a well-formed part of a text, which stands at the place `at` of the Job.
pub(super) fn parse(text: &str, part: &str, at: &PathNode<'_>) -> Result<Value, JobError> {
    // The most frequent change is that of a count, which needs no parser to be made for it.
    let starts_as_count = matches!(part.as_bytes().first(), Some(b'1'..=b'9'));
    if let Some(count) = starts_as_count.then(|| part.parse::<u64>().ok()).flatten() {
        return Ok(count.into());
    }
    if part.starts_with(['{', '[']) {
        check_unique(text, part, at)?;
    }
    let in_field = |error| json_error(text, part, &error).in_field(at.to_path(Side::Replacement));
    serde_json::from_str(part).map_err(in_field)
}

/// A pass of its own, since a `Value` keeps the last of two equal keys and says nothing.
fn check_unique(text: &str, part: &str, at: &PathNode<'_>) -> Result<(), JobError> {
    let mut twice = None;
    let mut json = serde_json::Deserializer::from_str(part);
    let read = Read(Unique { at, twice: &mut twice }).deserialize(&mut json);
    match (read, twice) {
        (_, Some(path)) => Err(JobError::duplicate_field(path)),
        (Err(error), None) => {
            Err(json_error(text, part, &error).in_field(at.to_path(Side::Replacement)))
        }
        (Ok(()), None) => Ok(()),
    }
}

/// Reads any value and fails at an object that has a key twice.
struct Unique<'n, 't> {
    at: &'n PathNode<'n>,
    twice: &'t mut Option<FieldPath>,
}

impl<'de> Nested<'de> for Unique<'_, '_> {
    fn object<A: MapAccess<'de>>(self, mut map: A) -> Result<(), A::Error> {
        let mut keys: Vec<Cow<'de, str>> = Vec::new();
        while let Some(key) = map.next_key_seed(Key)? {
            let at = self.at.key(&key);
            map.next_value_seed(Read(Unique { at: &at, twice: self.twice }))?;
            keys.push(key);
        }
        match duplicate(keys.iter().map(|key| &**key)) {
            None => Ok(()),
            Some(key) => {
                *self.twice = Some(self.at.key(key).to_path(Side::Replacement));
                Err(A::Error::custom("a field is given twice"))
            }
        }
    }

    fn list<A: SeqAccess<'de>>(self, mut list: A) -> Result<(), A::Error> {
        let mut position: usize = 0;
        loop {
            let at = self.at.index(position, position);
            if list.next_element_seed(Read(Unique { at: &at, twice: self.twice }))?.is_none() {
                return Ok(());
            }
            position = position.saturating_add(1);
        }
    }
}

/// Reads a key, borrowed where the text has it literally.
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
