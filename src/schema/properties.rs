//! The fields of a struct, by name.

use super::structural::Structural;

/// The fields that a schema declares for a struct.
///
/// The walk over two Jobs looks up every key of every changed object, so a look-up compares numbers
/// rather than text: see [`Prefix`].
#[derive(Debug, Default)]
pub(crate) struct Properties {
    /// In the order of names.
    fields: Vec<(Box<str>, Structural)>,
    /// The prefix of each name and its position in `fields`, in the order of prefixes.
    by_prefix: Vec<(Prefix, usize)>,
}

/// The length of a name and its first eight bytes. Different names of up to eight bytes have different
/// prefixes; of longer names, few share one.
type Prefix = (usize, u64);

/// How many bytes of a name its prefix holds.
const PREFIX_BYTES: usize = 8;

impl Properties {
    #[expect(clippy::indexing_slicing, reason = "the positions are those of the two lists")]
    pub(crate) fn get(&self, name: &str) -> Option<&Structural> {
        let prefix = prefix(name);
        let first = self.by_prefix.partition_point(|(other, _)| *other < prefix);
        let same_prefix = self.by_prefix[first..].iter().take_while(|(other, _)| *other == prefix);
        let mut fields = same_prefix.map(|(_, position)| &self.fields[*position]);
        fields
            .find(|(other, _)| name.len() <= PREFIX_BYTES || **other == *name)
            .map(|(_, schema)| schema)
    }

    /// The fields in the order of their names.
    pub(crate) fn iter(&self) -> std::slice::Iter<'_, (Box<str>, Structural)> {
        self.fields.iter()
    }

    pub(super) fn iter_mut(&mut self) -> impl Iterator<Item = (&str, &mut Structural)> {
        self.fields.iter_mut().map(|(name, schema)| (&**name, schema))
    }
}

impl FromIterator<(Box<str>, Structural)> for Properties {
    fn from_iter<I: IntoIterator<Item = (Box<str>, Structural)>>(fields: I) -> Self {
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
    use serde_json::json;

    use super::*;

    const NAMES: [&str; 8] =
        ["", "a", "b", "ab", "replicas", "template", "minAvailable", "minAvailably"];

    /// Fields of these names, each with its name as the default.
    fn properties() -> Properties {
        let field = |name: &str| (name.into(), Structural::of(&json!({"default": name})));
        NAMES.into_iter().map(field).collect()
    }

    #[test]
    fn get_finds_exactly_the_declared_names() {
        let properties = properties();
        for name in NAMES {
            let found = properties.get(name).unwrap();
            assert_eq!(found.default, Some(name.into()));
        }
        for unknown in ["c", "ba", "replicaz", "replicas0", "minAvailablx", "\0"] {
            assert!(properties.get(unknown).is_none(), "{unknown}");
        }
    }

    #[test]
    fn iter_is_in_the_order_of_names() {
        let mut sorted = NAMES;
        sorted.sort_unstable();
        assert!(properties().iter().map(|(name, _)| &**name).eq(sorted));
    }
}
