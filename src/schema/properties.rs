//! The fields of a struct, by name.

/// The fields that a schema declares for a struct.
///
/// The walk over two Jobs looks up every key of every changed object, so a lookup compares integers
/// rather than strings: see [`Prefix`].
#[derive(Debug)]
pub(crate) struct Properties<T> {
    /// Sorted by name.
    fields: Vec<(Box<str>, T)>,
    /// The prefix of each name and its index in `fields`, sorted by prefix.
    by_prefix: Vec<(Prefix, usize)>,
}

/// The length of a name and its first eight bytes. Different names of up to eight bytes have
/// different prefixes; longer names rarely have the same prefix.
type Prefix = (usize, u64);

/// The number of bytes of a name that its prefix contains.
const PREFIX_BYTES: usize = 8;

impl<T> Properties<T> {
    #[expect(clippy::indexing_slicing, reason = "positions are indices into the two lists")]
    pub(crate) fn get(&self, name: &str) -> Option<&T> {
        let prefix = prefix(name);
        let first = self.by_prefix.partition_point(|(other, _)| *other < prefix);
        let same_prefix = self.by_prefix[first..].iter().take_while(|(other, _)| *other == prefix);
        let mut fields = same_prefix.map(|(_, position)| &self.fields[*position]);
        fields
            .find(|(other, _)| name.len() <= PREFIX_BYTES || **other == *name)
            .map(|(_, schema)| schema)
    }

    /// The fields, sorted by name.
    pub(crate) fn iter(&self) -> std::slice::Iter<'_, (Box<str>, T)> {
        self.fields.iter()
    }

    pub(super) fn iter_mut(&mut self) -> impl Iterator<Item = (&str, &mut T)> {
        self.fields.iter_mut().map(|(name, schema)| (&**name, schema))
    }
}

impl<T> FromIterator<(Box<str>, T)> for Properties<T> {
    fn from_iter<I: IntoIterator<Item = (Box<str>, T)>>(fields: I) -> Self {
        let mut fields: Vec<_> = fields.into_iter().collect();
        fields.sort_unstable_by(|(a, _), (b, _)| a.cmp(b));
        let positions = fields.iter().enumerate();
        let mut by_prefix: Vec<_> =
            positions.map(|(position, (name, _))| (prefix(name), position)).collect();
        by_prefix.sort_unstable();
        Self { fields, by_prefix }
    }
}

fn prefix(name: &str) -> Prefix {
    let first_bytes = match name.as_bytes().first_chunk() {
        Some(bytes) => u64::from_be_bytes(*bytes),
        None => name.bytes().fold(0, |number, byte| (number << 8) | u64::from(byte)),
    };
    (name.len(), first_bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    const NAMES: [&str; 8] =
        ["", "a", "b", "ab", "replicas", "template", "minAvailable", "minAvailably"];

    /// Fields with these names. The value of each is its name.
    fn properties() -> Properties<&'static str> {
        NAMES.into_iter().map(|name| (name.into(), name)).collect()
    }

    #[test]
    fn get_finds_exactly_the_declared_names() {
        let properties = properties();
        for name in NAMES {
            assert_eq!(properties.get(name), Some(&name));
        }
        for unknown in ["c", "ba", "replicaz", "replicas0", "minAvailablx", "\0"] {
            assert!(properties.get(unknown).is_none(), "{unknown}");
        }
    }

    #[test]
    fn iter_is_sorted_by_name() {
        let mut sorted = NAMES;
        sorted.sort_unstable();
        assert!(properties().iter().map(|(name, _)| &**name).eq(sorted));
    }
}
