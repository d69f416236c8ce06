//! Reads fields without parsing them where their text is the same as in the guide: the Job against
//! which a text is read.

use super::cursor::{Cursor, offset_of, slice};
use super::{Entry, Field};

/// How many fields of the guide are searched for a key that does not come next. A search of all of
/// them would make reading quadratic.
const SEARCHED: usize = 16;

/// The fields of an object of the guide, and how far they were read.
#[derive(Clone, Copy)]
pub(super) struct GuideFields<'g> {
    /// The text of the guide; `None` if it was read from a document.
    text: Option<&'g str>,
    fields: &'g [Entry<'g>],
    gaps: [usize; 2],
    /// The field after the last one that was found.
    next: usize,
    /// Whether to compare all fields up to the next gap at once. If that finds a difference, it is not
    /// tried again before the field that differs was read.
    compares_run: bool,
    /// Whether every key so far was found in the order of the guide. Then no two are the same, since
    /// no two keys of the guide are.
    is_in_order: bool,
}

impl<'g> GuideFields<'g> {
    /// For `gaps`, see [`Job`](super::Job).
    pub(super) fn new(text: Option<&'g str>, fields: &'g [Entry<'g>], gaps: [usize; 2]) -> Self {
        Self { text, fields, gaps, next: 0, compares_run: true, is_in_order: true }
    }

    pub(super) fn none() -> Self {
        Self::new(None, &[], [0; 2])
    }

    pub(super) fn is_in_order(&self) -> bool {
        self.is_in_order
    }

    /// Finds the field of a key, most likely the next one.
    pub(super) fn find(&mut self, key: &str) -> Option<&'g Entry<'g>> {
        let is_next = self.fields.get(self.next).is_some_and(|entry| entry.is(key));
        let found = if is_next {
            Some(self.next)
        } else {
            self.fields.iter().take(SEARCHED).position(|entry| entry.is(key))
        };
        self.is_in_order &= found.is_some_and(|found| found >= self.next);
        let found = found?;
        self.next = found + 1;
        self.fields.get(found)
    }

    /// The fields from the next one to the next gap, which are adjacent in the text of the guide.
    #[expect(clippy::expect_used, reason = "a gap is before a field or at the end")]
    fn run(&self) -> &'g [Entry<'g>] {
        let gap = self.gaps.into_iter().find(|gap| *gap > self.next);
        let end = gap.unwrap_or(self.fields.len());
        self.fields.get(self.next..end).expect("the next field and the gap are within the fields")
    }
}

impl GuideFields<'_> {
    /// Reads one or more members without parsing them, if the guide has the same text; returns
    /// whether it did.
    pub(super) fn copy<'a>(
        &mut self,
        cursor: &mut Cursor<'a>,
        entries: &mut Vec<Entry<'a>>,
    ) -> bool {
        let Some(next) = self.fields.get(self.next) else { return false };
        if std::mem::replace(&mut self.compares_run, false) {
            let run = self.run();
            if self.copy_run(run, cursor, entries) {
                self.next += run.len();
                return true;
            }
        }
        if let Some(entry) = copy_member(next, cursor) {
            entries.push(entry);
            self.next += 1;
            return true;
        }
        // A run that begins with an escaped key is never the same text.
        self.compares_run = matches!(next, Entry::Member { .. });
        false
    }

    /// Reads the members of a run if they are the same text as in the guide; returns whether they
    /// were. A run with an escaped key is not read.
    fn copy_run<'a>(
        &self,
        run: &[Entry<'_>],
        cursor: &mut Cursor<'a>,
        entries: &mut Vec<Entry<'a>>,
    ) -> bool {
        let Some(guide) = self.run_text(run) else { return false };
        let Some(text) = same_text(guide, cursor) else { return false };
        let start = entries.len();
        entries.extend(run.iter().map_while(|field| counterpart(field, guide, text)));
        if entries.len() - start < run.len() {
            entries.truncate(start);
            return false;
        }
        cursor.advance(text.len());
        true
    }

    /// The text of a run, from its first key to its last value.
    fn run_text(&self, run: &[Entry<'_>]) -> Option<&str> {
        let guide = self.text?;
        let (Entry::Member { text: first, .. }, Entry::Member { text: last, .. }) =
            (run.first()?, run.last()?)
        else {
            return None;
        };
        let end = offset_of(last, guide) + last.len();
        Some(slice(guide, offset_of(first, guide)..end))
    }
}

/// Reads the value at the cursor, if it is the same text as that of a field of the guide.
pub(super) fn copy_value<'a>(field: &Entry<'_>, cursor: &mut Cursor<'a>) -> Option<&'a str> {
    let Field::Text(value) = field.field() else { return None };
    let text = same_text(value, cursor)?;
    cursor.advance(text.len());
    Some(text)
}

/// Reads the member at the cursor, if it is the same text as a field of the guide.
fn copy_member<'a>(field: &Entry<'_>, cursor: &mut Cursor<'a>) -> Option<Entry<'a>> {
    let Entry::Member { text, key_end, value } = *field else { return None };
    let text = same_text(text, cursor)?;
    cursor.advance(text.len());
    Some(Entry::Member { text, key_end, value })
}

/// The text at the cursor, if it is the same as a text of the guide that ends with a value. The byte
/// behind it must end a value too: `1` is not the value of `10`.
fn same_text<'a>(guide: &str, cursor: &Cursor<'a>) -> Option<&'a str> {
    let rest = cursor.rest();
    let behind = rest.as_bytes().strip_prefix(guide.as_bytes())?.first()?;
    let ends = matches!(behind, b',' | b'}' | b']' | b' ' | b'\n' | b'\r' | b'\t');
    ends.then(|| slice(rest, ..guide.len()))
}

/// The member at the position in a text which a field has in an equal text of the guide.
fn counterpart<'a>(field: &Entry<'_>, guide: &str, text: &'a str) -> Option<Entry<'a>> {
    let Entry::Member { text: part, key_end, value } = *field else { return None };
    let start = offset_of(part, guide);
    Some(Entry::Member { text: slice(text, start..start + part.len()), key_end, value })
}
