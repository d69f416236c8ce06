//! Reads fields without parsing them if their text is the same as in the guide, which is the
//! existing Job when a replacement is read.

use super::cursor::{Cursor, offset_of, slice};
use super::known::same;
use super::{Entry, Field};

/// The maximum number of guide fields that are searched for a key that is not the next one.
/// Searching all of them would make reading quadratic.
const MAX_SEARCHED: usize = 16;

/// The fields of one object of the guide, and the current position among them.
#[derive(Clone, Copy)]
pub(super) struct GuideFields<'g> {
    /// The text of the guide; `None` if it was read from a document.
    text: Option<&'g str>,
    fields: &'g [Entry<'g>],
    gaps: [usize; 2],
    /// The index after that of the last field that was found.
    next: usize,
    /// Whether to compare all fields up to the next gap at once. After a failed comparison this is
    /// `false` until the field that differs has been read.
    compares_run: bool,
    /// Whether all keys so far were found in the guide, in its order. If so they are unique,
    /// because the keys of the guide are unique.
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

    /// Finds the field with this key, which is most likely the next one.
    pub(super) fn find(&mut self, key: &str) -> Option<&'g Entry<'g>> {
        let is_next = self.fields.get(self.next).is_some_and(|entry| entry.is(key));
        let found = if is_next {
            Some(self.next)
        } else {
            self.fields.iter().take(MAX_SEARCHED).position(|entry| entry.is(key))
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
        // A run that begins with an escaped key cannot be compared as text.
        self.compares_run = matches!(next, Entry::Member { .. });
        false
    }

    /// Reads the members of a run if they have the same text as in the guide; returns whether they
    /// do. A run that contains an escaped key is not read.
    fn copy_run<'a>(
        &self,
        run: &[Entry<'_>],
        cursor: &mut Cursor<'a>,
        entries: &mut Vec<Entry<'a>>,
    ) -> bool {
        let Some(guide) = self.run_text(run) else { return false };
        let Some(text) = same(guide, cursor.rest()) else { return false };
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

/// Reads the value at the cursor if it has the same text as the value of a guide field.
pub(super) fn copy_value<'a>(field: &Entry<'_>, cursor: &mut Cursor<'a>) -> Option<&'a str> {
    let Field::Text(value) = field.field() else { return None };
    let text = same(value, cursor.rest())?;
    cursor.advance(text.len());
    Some(text)
}

/// Reads the member at the cursor if it has the same text as a guide field.
#[inline]
fn copy_member<'a>(field: &Entry<'_>, cursor: &mut Cursor<'a>) -> Option<Entry<'a>> {
    let Entry::Member { text, key_end, gap } = *field else { return None };
    let text = same(text, cursor.rest())?;
    cursor.advance(text.len());
    Some(Entry::Member { text, key_end, gap })
}

/// The member of `text` that corresponds to `field`, a member of the equal text `guide`.
fn counterpart<'a>(field: &Entry<'_>, guide: &str, text: &'a str) -> Option<Entry<'a>> {
    let Entry::Member { text: part, key_end, gap } = *field else { return None };
    let start = offset_of(part, guide);
    Some(Entry::Member { text: slice(text, start..start + part.len()), key_end, gap })
}
