//! The steps of a path.

use std::borrow::Borrow;
use std::cell::OnceCell;
use std::cmp::Ordering;
use std::fmt;
use std::hash::{Hash, Hasher};
use std::ops::Deref;
use std::sync::Arc;

use compact_str::CompactString;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// One step of a [`FieldPath`](crate::FieldPath): the key of an object or the position in a list.
///
/// The key `0` and the position `0` are different segments, and every rendering of a path shows
/// which of the two it is.
#[expect(clippy::exhaustive_enums, reason = "JSON has objects and arrays, and nothing else")]
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Segment {
    /// The key of an object: a field name or the key of a map.
    Key(Key),
    /// The position in a list, counted from 0.
    Index(usize),
}

impl From<Key> for Segment {
    fn from(key: Key) -> Self {
        Self::Key(key)
    }
}

impl From<&str> for Segment {
    /// Uses the string as one key; it is not parsed as a path.
    fn from(key: &str) -> Self {
        Self::Key(key.into())
    }
}

impl From<String> for Segment {
    /// Uses the string as one key; it is not parsed as a path.
    fn from(key: String) -> Self {
        Self::Key(key.into())
    }
}

impl From<usize> for Segment {
    fn from(index: usize) -> Self {
        Self::Index(index)
    }
}

/// The key of an object, owned. Short keys are stored inline, without an allocation; the copies of a
/// longer key share its text.
///
/// It dereferences to `str`, and is created from a `&str` or a `String`:
///
/// ```
/// use volcano_job_update::Segment;
///
/// let segment = Segment::Key("replicas".into());
/// assert!(matches!(segment, Segment::Key(key) if key == "replicas"));
/// ```
#[derive(Clone)]
pub struct Key(Repr);

#[derive(Clone)]
enum Repr {
    /// Not longer than [`INLINE_BYTES`].
    Inline(CompactString),
    Shared(Arc<str>),
}

/// The length up to which a `CompactString` does not allocate.
const INLINE_BYTES: usize = size_of::<CompactString>();

impl Deref for Key {
    type Target = str;

    fn deref(&self) -> &str {
        match &self.0 {
            Repr::Inline(key) => key,
            Repr::Shared(key) => key,
        }
    }
}

impl PartialEq for Key {
    fn eq(&self, other: &Self) -> bool {
        **self == **other
    }
}

impl Eq for Key {}

impl Hash for Key {
    fn hash<H: Hasher>(&self, state: &mut H) {
        (**self).hash(state);
    }
}

impl PartialOrd for Key {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Key {
    fn cmp(&self, other: &Self) -> Ordering {
        (**self).cmp(&**other)
    }
}

impl AsRef<str> for Key {
    fn as_ref(&self) -> &str {
        self
    }
}

impl Borrow<str> for Key {
    fn borrow(&self) -> &str {
        self
    }
}

impl PartialEq<str> for Key {
    fn eq(&self, key: &str) -> bool {
        **self == *key
    }
}

impl PartialEq<&str> for Key {
    fn eq(&self, key: &&str) -> bool {
        **self == **key
    }
}

impl Key {
    /// The key; if it is long, a copy of it is taken from `shared`, or made there.
    pub(super) fn sharing(key: &str, shared: &OnceCell<Arc<str>>) -> Self {
        if key.len() <= INLINE_BYTES {
            Self(Repr::Inline(key.into()))
        } else {
            Self(Repr::Shared(Arc::clone(shared.get_or_init(|| key.into()))))
        }
    }
}

impl From<&str> for Key {
    fn from(key: &str) -> Self {
        Self::sharing(key, &OnceCell::new())
    }
}

impl From<String> for Key {
    fn from(key: String) -> Self {
        key.as_str().into()
    }
}

impl From<Key> for String {
    fn from(key: Key) -> Self {
        (*key).into()
    }
}

impl Serialize for Key {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self)
    }
}

impl<'de> Deserialize<'de> for Key {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer).map(Self::from)
    }
}

impl fmt::Display for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self)
    }
}

impl fmt::Debug for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(&**self, f)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_is_like_its_string() {
        let key = Key::from("a\"b");
        let strings: [&str; 3] = [&key, key.as_ref(), key.borrow()];
        assert_eq!(strings, ["a\"b"; 3]);
        assert!(key == "a\"b" && key == *"a\"b");
        assert!(key != "a" && key != *"a");
        assert_eq!(format!("{key} {key:?}"), "a\"b \"a\\\"b\"");
        assert_eq!(String::from(key), "a\"b");
    }
}
