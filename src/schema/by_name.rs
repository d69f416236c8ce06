//! A table whose keys are the names of fields.

/// Values by the name of a field.
///
/// A name is looked up by its length and its first letters, two numbers, which hardly any two names
/// have in common.
#[derive(Debug)]
pub(crate) struct ByName<T>(Vec<Row<T>>);

#[derive(Debug)]
struct Row<T> {
    mark: Mark,
    name: Box<str>,
    value: T,
}

/// The length of a name and its first eight bytes; of one that is not longer, everything.
type Mark = (usize, u64);

impl<T> ByName<T> {
    pub(crate) fn get(&self, name: &str) -> Option<&T> {
        let mark = mark(name);
        let start = self.0.partition_point(|row| row.mark < mark);
        let mut rows = self.0.get(start..)?.iter().take_while(|row| row.mark == mark);
        rows.find(|row| name.len() <= 8 || *row.name == *name).map(|row| &row.value)
    }

    pub(crate) fn names(&self) -> impl Iterator<Item = &str> {
        self.0.iter().map(|row| &*row.name)
    }
}

impl<T> FromIterator<(Box<str>, T)> for ByName<T> {
    fn from_iter<I: IntoIterator<Item = (Box<str>, T)>>(entries: I) -> Self {
        let row = |(name, value): (Box<str>, T)| Row { mark: mark(&name), name, value };
        let mut rows: Vec<_> = entries.into_iter().map(row).collect();
        rows.sort_unstable_by(|a, b| (a.mark, &a.name).cmp(&(b.mark, &b.name)));
        Self(rows)
    }
}

fn mark(name: &str) -> Mark {
    let first = match name.as_bytes().first_chunk() {
        Some(first) => u64::from_be_bytes(*first),
        None => name.bytes().fold(0, |first, byte| (first << 8) | u64::from(byte)),
    };
    (name.len(), first)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_name_finds_its_own_value() {
        let names = ["", "a", "b", "ab", "replicas", "template", "minAvailable", "minAvailably"];
        let table: ByName<&str> = names.iter().map(|name| ((*name).into(), *name)).collect();
        for name in names {
            assert_eq!(table.get(name), Some(&name));
        }
        for unknown in ["c", "ba", "replicaz", "replicas0", "minAvailablx", "\0"] {
            assert_eq!(table.get(unknown), None);
        }
    }
}
