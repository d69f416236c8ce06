//! What the guide says of the bytes at the cursor.

use std::borrow::Cow;

use super::{Entry, Field, Reader};

/// A field that stands elsewhere than in the guide is looked for among so many.
const FEW: usize = 16;

impl<'a> Reader<'a, '_> {
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

/// The field of that key in the guide, which is likely at that position.
pub(super) fn find<'g, 'j>(
    guide: &'g [Entry<'j>],
    position: usize,
    key: &str,
) -> Option<&'g Entry<'j>> {
    let expected = guide.get(position).filter(|entry| entry.key == key);
    expected.or_else(|| guide.iter().take(FEW).find(|entry| entry.key == key))
}

/// The part of a text that begins with a key, quoted, and ends with a value; both are parts of it.
fn member<'g>(text: &'g str, key: &str, value: &str) -> Option<&'g str> {
    let offset = |part: &str| part.as_ptr().addr().checked_sub(text.as_ptr().addr());
    let end = offset(value)?.checked_add(value.len())?;
    text.get(offset(key)?.checked_sub(1)?..end)
}
