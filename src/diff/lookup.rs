//! Finds the fields of an object by key.

use crate::job::{Entry, Field};

/// Finds a field in constant time if the other object has its keys in the same order, otherwise in
/// logarithmic time.
pub(super) struct Lookup<'j, 'a> {
    entries: &'j [Entry<'a>],
    /// The entries of a large object, sorted by key. Filled when first needed.
    sorted: Vec<&'j Entry<'a>>,
}

impl<'j, 'a> Lookup<'j, 'a> {
    /// Up to this number of entries, a linear search is used.
    const MAX_LINEAR: usize = 16;

    pub(super) fn new(entries: &'j [Entry<'a>]) -> Self {
        Self { entries, sorted: Vec::new() }
    }

    /// The field with this key, which is likely to be at this position.
    pub(super) fn find(&mut self, key: &str, position: usize) -> Option<Field<'a>> {
        if let Some(entry) = self.entries.get(position).filter(|entry| entry.is(key)) {
            return Some(entry.field());
        }
        if self.entries.len() <= Self::MAX_LINEAR {
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
