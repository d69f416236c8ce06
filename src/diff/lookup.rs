//! Finding the fields of an object by their key.

use crate::job::{Entry, Field};

/// Finds a field at once where the other object has its keys in the same order, and in logarithmic
/// time else.
pub(super) struct Lookup<'j, 'a> {
    entries: &'j [Entry<'a>],
    /// The entries of an object with many fields, sorted by key when first needed.
    sorted: Vec<&'j Entry<'a>>,
}

impl<'j, 'a> Lookup<'j, 'a> {
    /// So few entries are searched from the front.
    const FEW: usize = 16;

    pub(super) fn new(entries: &'j [Entry<'a>]) -> Self {
        Self { entries, sorted: Vec::new() }
    }

    /// The field of that key, which is likely at that position.
    pub(super) fn find(&mut self, key: &str, position: usize) -> Option<Field<'a>> {
        if let Some(entry) = self.entries.get(position).filter(|entry| entry.is(key)) {
            return Some(entry.field());
        }
        if self.entries.len() <= Self::FEW {
            return self.entries.iter().find(|entry| entry.is(key)).map(Entry::field);
        }
        if self.sorted.is_empty() {
            self.sorted = self.entries.iter().collect();
            self.sorted.sort_unstable_by(|a, b| a.key().cmp(b.key()));
        }
        let found = self.sorted.binary_search_by(|entry| entry.key().cmp(key)).ok()?;
        self.sorted.get(found).map(|entry| entry.field())
    }
}
