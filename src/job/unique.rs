//! The search for a key that an object has twice.

/// A key that is among the keys of one object twice, if any.
///
/// Linear but for sorting, so a wide object costs no more than its text.
pub(super) fn duplicate<'k>(
    keys: impl ExactSizeIterator<Item = &'k str> + Clone,
) -> Option<&'k str> {
    const FEW: usize = 16;
    // Few keys hardly ever share a mark.
    let mut marks = 0;
    if keys.clone().all(|key| insert_mark(&mut marks, key)) {
        return None;
    }
    if keys.len() <= FEW {
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

/// Adds the mark of a key, one of 64, to a set; returns whether it was not there yet. Equal keys have
/// equal marks.
fn insert_mark(marks: &mut u64, key: &str) -> bool {
    let byte = |byte: Option<&u8>| byte.copied().map_or(0, usize::from);
    let bytes = key.as_bytes();
    let sum = byte(bytes.first()) * 5 + byte(bytes.last()) * 3 + bytes.len();
    let mark = 1_u64 << (sum % 64);
    let is_new = *marks & mark == 0;
    *marks |= mark;
    is_new
}
