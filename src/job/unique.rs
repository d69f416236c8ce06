//! Finds duplicate keys of an object.

/// A key that occurs twice among the keys of one object, if any.
///
/// Takes linear time plus the time to sort, so the cost of a wide object is not quadratic.
pub(super) fn duplicate<'k>(
    keys: impl ExactSizeIterator<Item = &'k str> + Clone,
) -> Option<&'k str> {
    const MAX_UNSORTED: usize = 16;
    // Fast path: in a small object, keys rarely have the same hash.
    let mut hashes = 0;
    if keys.clone().all(|key| insert_hash(&mut hashes, key)) {
        return None;
    }
    if keys.len() <= MAX_UNSORTED {
        let mut earlier = keys.clone().enumerate();
        return earlier.find_map(|(i, key)| keys.clone().take(i).find(|other| *other == key));
    }
    let mut sorted: Vec<&str> = keys.collect();
    sorted.sort_unstable();
    sorted.windows(2).find_map(|pair| match pair {
        [a, b] if a == b => Some(*a),
        _ => None,
    })
}

/// Adds the 6-bit hash of a key to a bit set; returns whether it was not yet in the set.
fn insert_hash(hashes: &mut u64, key: &str) -> bool {
    let byte = |byte: Option<&u8>| byte.copied().map_or(0, usize::from);
    let bytes = key.as_bytes();
    let sum = byte(bytes.first()) * 5 + byte(bytes.last()) * 3 + bytes.len();
    let bit = 1_u64 << (sum % 64);
    let is_new = *hashes & bit == 0;
    *hashes |= bit;
    is_new
}
