//! Which elements of two lists are the same element.

use std::borrow::Cow;
use std::collections::{BTreeSet, HashMap, HashSet};
use std::hash::Hash;

use serde_json::Value;
use similar::{Algorithm, DiffOp, capture_diff_slices};

use crate::job::Job;
use crate::scalar::number;
use crate::schema::ListKey;

/// Which elements stayed, came and went. Positions are those of the list an element stands in.
#[derive(Debug, Default, PartialEq)]
pub(super) struct Matching {
    /// Existing and replacement position of what stayed, in the order of the replacement.
    pub(super) pairs: Vec<(usize, usize)>,
    pub(super) removed: Vec<usize>,
    pub(super) added: Vec<usize>,
    /// If what stayed stands in another order: for each pair its rank in the existing list.
    pub(super) order: Vec<usize>,
}

/// Up to so many elements that differ are aligned, as each is compared with each; of more, the
/// positions count.
const ALIGNED: usize = 64;

impl Matching {
    /// Tasks are matched by name; a task that is left over is the one at the same position under a
    /// new name. Names that occur twice match nothing: then positions count.
    pub(super) fn of_tasks(existing: &Job<'_>, replacement: &Job<'_>) -> Self {
        let (old, new) = (task_names(existing), task_names(replacement));
        let Some(mut matching) = Self::by(&old, &new) else {
            return Self::by_position(old.len(), new.len());
        };
        let added: BTreeSet<usize> = matching.added.iter().copied().collect();
        let renamed: BTreeSet<usize> =
            matching.removed.iter().copied().filter(|position| added.contains(position)).collect();
        matching.removed.retain(|position| !renamed.contains(position));
        matching.added.retain(|position| !renamed.contains(position));
        matching.pairs.extend(renamed.iter().map(|&position| (position, position)));
        matching.ordered()
    }

    /// Elements are matched by the values of their keys; `None` where one has no key, or two have
    /// the same.
    pub(super) fn by_keys(keys: &[ListKey], old: &[Value], new: &[Value]) -> Option<Self> {
        let key_of = |element: &Value| -> Option<Vec<String>> {
            element.is_object().then(|| keys.iter().map(|key| key.of(element)).collect())?
        };
        let old: Vec<_> = old.iter().map(key_of).collect::<Option<_>>()?;
        let new: Vec<_> = new.iter().map(key_of).collect::<Option<_>>()?;
        Self::by(&old, &new).map(Self::ordered)
    }

    /// Elements are matched by value, wherever they stand.
    pub(super) fn of_set(old: &[Value], new: &[Value]) -> Option<Self> {
        // The n-th of several equal elements matches the n-th.
        let counted = |list: &[Value]| -> Vec<(String, usize)> {
            let mut seen: HashMap<String, usize> = HashMap::new();
            let mut count = |text: String| {
                let times = seen.entry(text.clone()).or_default();
                *times += 1;
                (text, *times)
            };
            list.iter().map(|element| count(number::scalar_text(element))).collect()
        };
        Self::by(&counted(old), &counted(new))
    }

    /// Elements have no identity: the fewest that were removed and added to get from one list to the
    /// other. Elements that were removed and added at the same place are pairs.
    pub(super) fn aligned(
        old: &[Value],
        new: &[Value],
        same: impl Fn(&Value, &Value) -> bool,
    ) -> Self {
        if let ([_], [_]) = (old, new) {
            return Self::by_position(1, 1);
        }
        let pair = |(a, b): &(&Value, &Value)| same(a, b);
        let front = old.iter().zip(new).take_while(pair).count();
        let ((_, old_rest), (_, new_rest)) = (old.split_at(front), new.split_at(front));
        // One and one are a pair, the same or not: what is nested deeply is not looked through again.
        let back = match (old_rest, new_rest) {
            ([_], [_]) => 0,
            _ => old_rest.iter().rev().zip(new_rest.iter().rev()).take_while(pair).count(),
        };
        let (old_middle, _) = old_rest.split_at(old_rest.len() - back);
        let (new_middle, _) = new_rest.split_at(new_rest.len() - back);

        let middle = if matches!((old_middle, new_middle), ([_], [_])) {
            Self::by_position(1, 1)
        } else if old_middle.len().max(new_middle.len()) <= ALIGNED {
            Self::by_alignment(old_middle, new_middle, same)
        } else {
            Self::by_position(old_middle.len(), new_middle.len())
        };
        // What is equal at both ends needs no further look: only the middle is returned.
        let shift = |position: &mut usize| *position += front;
        let Self { mut pairs, mut removed, mut added, .. } = middle;
        removed.iter_mut().chain(&mut added).for_each(shift);
        pairs.iter_mut().flat_map(|(old, new)| [old, new]).for_each(shift);
        Self { pairs, removed, added, order: Vec::new() }
    }

    fn by_alignment(old: &[Value], new: &[Value], same: impl Fn(&Value, &Value) -> bool) -> Self {
        // Equal elements get the same number.
        let mut kinds: Vec<&Value> = Vec::new();
        let mut kind_of = |element| {
            kinds.iter().position(|kind| same(kind, element)).unwrap_or_else(|| {
                kinds.push(element);
                kinds.len() - 1
            })
        };
        let old: Vec<usize> = old.iter().map(&mut kind_of).collect();
        let new: Vec<usize> = new.iter().map(&mut kind_of).collect();
        let mut matching = Self::default();
        for op in capture_diff_slices(Algorithm::Myers, &old, &new) {
            match op {
                DiffOp::Equal { .. } => {}
                DiffOp::Delete { old_index, old_len, new_index } => {
                    matching.replace(old_index, old_len, new_index, 0);
                }
                DiffOp::Insert { old_index, new_index, new_len } => {
                    matching.replace(old_index, 0, new_index, new_len);
                }
                DiffOp::Replace { old_index, old_len, new_index, new_len } => {
                    matching.replace(old_index, old_len, new_index, new_len);
                }
            }
        }
        matching
    }

    fn by_position(old_len: usize, new_len: usize) -> Self {
        let mut matching = Self::default();
        matching.replace(0, old_len, 0, new_len);
        matching
    }

    /// Adds a run of old elements in whose place a run of new ones stands.
    fn replace(&mut self, old: usize, old_len: usize, new: usize, new_len: usize) {
        let old = old..old + old_len;
        let new = new..new + new_len;
        let both = old_len.min(new_len);
        self.removed.extend(old.clone().skip(both));
        self.added.extend(new.clone().skip(both));
        self.pairs.extend(old.zip(new));
    }

    /// Matches equal keys; `None` where a key occurs twice in one list.
    fn by<K: Eq + Hash>(old: &[K], new: &[K]) -> Option<Self> {
        let positions: HashMap<&K, usize> =
            old.iter().enumerate().map(|(i, key)| (key, i)).collect();
        let mut unmatched: BTreeSet<usize> = (0..old.len()).collect();
        let mut matching = Self::default();
        for (j, key) in new.iter().enumerate() {
            match positions.get(key) {
                Some(i) if unmatched.remove(i) => matching.pairs.push((*i, j)),
                Some(_) => return None,
                None => matching.added.push(j),
            }
        }
        let distinct_new =
            matching.added.iter().filter_map(|j| new.get(*j)).collect::<HashSet<_>>();
        if positions.len() < old.len() || distinct_new.len() < matching.added.len() {
            return None;
        }
        matching.removed = unmatched.into_iter().collect();
        Some(matching)
    }

    /// Finds out whether the pairs stand in another order than before.
    #[expect(clippy::expect_used, reason = "the ranks are those of the pairs")]
    fn ordered(mut self) -> Self {
        self.pairs.sort_unstable_by_key(|(_, new)| *new);
        if !self.pairs.is_sorted_by_key(|(old, _)| *old) {
            let mut ranks: Vec<usize> = self.pairs.iter().map(|(old, _)| *old).collect();
            ranks.sort_unstable();
            let rank = |(old, _): &(usize, usize)| {
                ranks.binary_search(old).expect("each old position of a pair has a rank")
            };
            self.order = self.pairs.iter().map(rank).collect();
        }
        self
    }
}

fn task_names<'a>(job: &Job<'a>) -> Vec<Cow<'a, str>> {
    job.tasks().enumerate().map(|(position, task)| task.effective_name(position)).collect()
}
