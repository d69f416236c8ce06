//! Finds duplicate keys of an object.

use std::hash::{BuildHasher, Hash, RandomState};

/// Up to this number of keys, comparing each with each other is faster than sorting.
const MAX_UNSORTED: usize = 16;

/// From this number of keys on, their hashes are compared first. To sort fewer keys takes no memory to
/// speak of, and less time.
pub(super) const MANY_KEYS: usize = 1 << 14;

/// A key that occurs twice among the keys of one object, if any.
///
/// Takes linear time plus the time to sort, so the cost of a wide object is not quadratic.
pub(super) fn duplicate<'k>(
    keys: impl ExactSizeIterator<Item = &'k str> + Clone,
) -> Option<&'k str> {
    // Fast path: in a small object, keys rarely have the same hash.
    let mut hashes = KeyHashes::default();
    if keys.clone().all(|key| hashes.insert(key)) {
        return None;
    }
    if keys.len() <= MAX_UNSORTED {
        let mut earlier = keys.clone().enumerate();
        return earlier.find_map(|(i, key)| keys.clone().take(i).find(|other| *other == key));
    }
    if keys.len() >= MANY_KEYS && have_unique_hashes(keys.clone()) {
        return None;
    }
    let mut sorted: Vec<&str> = keys.collect();
    sorted.sort_unstable();
    sorted.windows(2).find_map(|pair| match pair {
        [a, b] if a == b => Some(*a),
        _ => None,
    })
}

/// Whether each key has another hash, so that the keys are unique. The hashes take half the memory of
/// the keys.
pub(crate) fn have_unique_hashes(keys: impl Iterator<Item: Hash>) -> bool {
    let state = RandomState::new();
    let mut hashes: Vec<u64> = keys.map(|key| state.hash_one(key)).collect();
    hashes.sort_unstable();
    hashes.is_sorted_by(|a, b| a < b)
}

/// A set of 6-bit hashes of keys.
#[derive(Default)]
pub(super) struct KeyHashes(u64);

impl KeyHashes {
    /// Adds the hash of a key; returns whether it was not yet in the set. If it was, the keys need
    /// not be equal.
    pub(super) fn insert(&mut self, key: &str) -> bool {
        let byte = |byte: Option<&u8>| byte.copied().map_or(0, usize::from);
        let bytes = key.as_bytes();
        let sum = byte(bytes.first()) * 5 + byte(bytes.last()) * 3 + bytes.len();
        let bit = 1_u64 << (sum % 64);
        let is_new = self.0 & bit == 0;
        self.0 |= bit;
        is_new
    }
}
