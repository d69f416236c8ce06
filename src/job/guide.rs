//! What the guide says of the bytes at the cursor.

use super::read::Reader;
use super::{Entry, Field};

/// A field that stands elsewhere than in the guide is looked for among so many.
const FEW: usize = 16;

/// The fields of an object of the guide.
#[derive(Clone, Copy, Default)]
pub(super) struct Like<'g> {
    pub(super) fields: &'g [Entry<'g>],
    /// Before which of them a field stands that is read by itself.
    pub(super) breaks: [usize; 2],
}

impl<'a> Reader<'a, '_> {
    /// Reads the members of a run, if they are the same text as in the guide; and says whether. A key
    /// with escapes is read by itself, and so is each member of a run that has one.
    pub(super) fn same_run(&mut self, run: &[Entry<'_>], entries: &mut Vec<Entry<'a>>) -> bool {
        let Some((like, text)) = self.run_text(run).and_then(|like| Some((like, self.same(like)?)))
        else {
            return false;
        };
        let start = entries.len();
        entries.extend(run.iter().map_while(|entry| counterpart(entry, like, text)));
        if entries.len().saturating_sub(start) < run.len() {
            entries.truncate(start);
            return false;
        }
        self.at = self.at.saturating_add(text.len());
        true
    }

    /// The text of a run of the guide, from the first key to the last value.
    fn run_text(&self, run: &[Entry<'_>]) -> Option<&str> {
        let guide = self.guide?.text?;
        let (Entry::Member { text: first, .. }, Entry::Member { text: last, .. }) =
            (run.first()?, run.last()?)
        else {
            return None;
        };
        guide.get(offset(first, guide)?..offset(last, guide)?.checked_add(last.len())?)
    }

    /// A member, if it is the same text as that of the guide.
    pub(super) fn same_member(&mut self, like: &Entry<'_>) -> Option<Entry<'a>> {
        let Entry::Member { text, key_end, value } = *like else { return None };
        let text = self.same(text)?;
        self.at = self.at.saturating_add(text.len());
        Some(Entry::Member { text, key_end, value })
    }

    /// The value that stands here, if it is the same text as that of the guide.
    pub(super) fn same_value(&mut self, like: &Entry<'_>) -> Option<&'a str> {
        let Field::Text(value) = like.field() else { return None };
        let text = self.same(value)?;
        self.at = self.at.saturating_add(text.len());
        Some(text)
    }

    /// The text that stands here, if it is the same as one that ends with a value. The byte behind it
    /// must end a value too: `1` is not the value of `10`.
    fn same(&self, like: &str) -> Option<&'a str> {
        let rest = self.text.as_bytes().get(self.at..)?;
        let behind = rest.strip_prefix(like.as_bytes())?.first()?;
        if !matches!(behind, b',' | b'}' | b']' | b' ' | b'\n' | b'\r' | b'\t') {
            return None;
        }
        self.text.get(self.at..self.at.checked_add(like.len())?)
    }
}

impl<'g> Like<'g> {
    /// The fields from that position on between which nothing stands that is read by itself.
    pub(super) fn run(self, position: usize) -> &'g [Entry<'g>] {
        let end = self.breaks.into_iter().find(|end| *end > position);
        let end = end.unwrap_or(self.fields.len());
        self.fields.get(position..end).unwrap_or_default()
    }

    /// The position of the field of that key, which is likely that position.
    pub(super) fn find(self, position: usize, key: &str) -> Option<usize> {
        if self.fields.get(position).is_some_and(|entry| entry.is(key)) {
            return Some(position);
        }
        self.fields.iter().take(FEW).position(|entry| entry.is(key))
    }
}

/// The member that an equal text has at the same place.
fn counterpart<'a>(like: &Entry<'_>, whole: &str, text: &'a str) -> Option<Entry<'a>> {
    let Entry::Member { text: part, key_end, value } = *like else { return None };
    let start = offset(part, whole)?;
    let text = text.get(start..start.checked_add(part.len())?)?;
    Some(Entry::Member { text, key_end, value })
}

/// Where in a text a part of it begins.
fn offset(part: &str, text: &str) -> Option<usize> {
    part.as_ptr().addr().checked_sub(text.as_ptr().addr())
}
