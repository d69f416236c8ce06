//! What the guide says of the bytes at the cursor.

use std::borrow::Cow;

use super::{Entry, Field, Reader};

/// A field that stands elsewhere than in the guide is looked for among so many.
const FEW: usize = 16;

/// An object of the guide.
#[derive(Clone, Copy, Default)]
pub(super) struct Like<'g> {
    /// Its text, if `fields` are all that it holds.
    pub(super) whole: Option<&'g str>,
    pub(super) fields: &'g [Entry<'g>],
}

impl<'a> Reader<'a, '_> {
    /// The fields of the object that stands here, if it is the same text as that of the guide.
    pub(super) fn same_object(&mut self, like: Like<'_>, entries: &mut Vec<Entry<'a>>) -> bool {
        let Some((whole, text)) = like.whole.and_then(|whole| Some((whole, self.same(whole)?)))
        else {
            return false;
        };
        let start = entries.len();
        entries.reserve(like.fields.len());
        for entry in like.fields {
            let Some(entry) = counterpart(entry, whole, text) else {
                entries.truncate(start);
                return false;
            };
            entries.push(entry);
        }
        self.at = self.at.saturating_add(text.len());
        true
    }

    /// A member, from its key to its value, if it is the same text as that of the guide.
    pub(super) fn same_member(&mut self, like: &Entry<'_>) -> Option<Entry<'a>> {
        let (Cow::Borrowed(key), Field::Text(value)) = (&like.key, like.field) else { return None };
        let text = self.same(member(self.guide?.text?, key, value)?)?;
        let key = text.get(1..=key.len())?;
        let value = text.get(text.len().checked_sub(value.len())?..)?;
        self.at = self.at.saturating_add(text.len());
        Some(Entry { key: Cow::Borrowed(key), field: Field::Text(value) })
    }

    /// The value that stands here, if it is the same text as that of the guide.
    pub(super) fn same_value(&mut self, like: &Entry<'_>) -> Option<&'a str> {
        let Field::Text(value) = like.field else { return None };
        let text = self.same(value)?;
        self.at = self.at.saturating_add(text.len());
        Some(text)
    }

    /// The text that stands here, if it is the same as one that ends with a value. The byte behind it
    /// must end a value too: `1` is not the value of `10`.
    fn same(&self, like: &str) -> Option<&'a str> {
        let end = self.at.checked_add(like.len())?;
        let ends_value = |byte| matches!(byte, b',' | b'}' | b']' | b' ' | b'\n' | b'\r' | b'\t');
        let text = self.text.get(self.at..end)?;
        (text == like && self.text.as_bytes().get(end).copied().is_some_and(ends_value))
            .then_some(text)
    }
}

impl<'g> Like<'g> {
    /// The field of that key, which is likely at that position.
    pub(super) fn find(self, position: usize, key: &str) -> Option<&'g Entry<'g>> {
        let expected = self.fields.get(position).filter(|entry| entry.key == key);
        expected.or_else(|| self.fields.iter().take(FEW).find(|entry| entry.key == key))
    }
}

/// The field of an object that an equal text has at the same place.
fn counterpart<'a>(entry: &Entry<'_>, whole: &str, text: &'a str) -> Option<Entry<'a>> {
    let part = |part: &str| {
        let start = offset(part, whole)?;
        text.get(start..start.checked_add(part.len())?)
    };
    let Field::Text(value) = entry.field else { return None };
    let key = match &entry.key {
        Cow::Borrowed(key) => Cow::Borrowed(part(key)?),
        Cow::Owned(key) => Cow::Owned(key.clone()),
    };
    Some(Entry { key, field: Field::Text(part(value)?) })
}

/// The part of a text that begins with a key, quoted, and ends with a value; both are parts of it.
fn member<'g>(text: &'g str, key: &str, value: &str) -> Option<&'g str> {
    let end = offset(value, text)?.checked_add(value.len())?;
    text.get(offset(key, text)?.checked_sub(1)?..end)
}

/// Where in a text a part of it begins.
fn offset(part: &str, text: &str) -> Option<usize> {
    part.as_ptr().addr().checked_sub(text.as_ptr().addr())
}
