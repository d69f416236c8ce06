//! Matches the elements of two lists.

use std::borrow::Cow;
use std::collections::{BTreeSet, HashMap, HashSet};
use std::hash::Hash;

use similar::{Algorithm, DiffOp, capture_diff_slices};

use crate::job::{Job, Node};
use crate::schema::ListKey;

/// Which elements were kept, removed and added. A position refers to the list that contains the
/// element.
#[derive(Debug, Default, PartialEq)]
pub(super) struct Matching {
    /// The existing and the replacement position of each kept element, in the order of the
    /// replacement.
    pub(super) pairs: Vec<(usize, usize)>,
    pub(super) removed: Vec<usize>,
    pub(super) added: Vec<usize>,
    /// For each pair its rank in the existing list; empty if the kept elements have the same order
    /// in both.
    pub(super) order: Vec<usize>,
}

/// The maximum number of differing elements that are aligned, because alignment compares each
/// element with each other. Longer lists are matched by position.
const MAX_ALIGNED: usize = 64;

impl Matching {
    /// Matches tasks by name. An unmatched task of each Job at the same position is one renamed
    /// task. If a name occurs twice in one Job, all tasks are matched by position.
    pub(super) fn of_tasks(existing: &Job<'_>, replacement: &Job<'_>) -> Self {
        let (old, new) = (task_names(existing), task_names(replacement));
        let Some(mut matching) = Self::by_equality(&old, &new) else {
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

    /// Matches elements by the values of their keys; `None` if an element has no key or two
    /// elements have the same.
    pub(super) fn by_keys(keys: &[ListKey], old: &[Node<'_>], new: &[Node<'_>]) -> Option<Self> {
        if keys.is_empty() {
            return None;
        }
        let (old, new) = (keys_of(keys, old)?, keys_of(keys, new)?);
        let (old, new): (Vec<_>, Vec<_>) =
            (old.chunks(keys.len()).collect(), new.chunks(keys.len()).collect());
        Self::by_equality(&old, &new).map(Self::ordered)
    }

    /// Matches elements by value, regardless of their order.
    pub(super) fn of_set(old: &[Node<'_>], new: &[Node<'_>]) -> Option<Self> {
        // The n-th occurrence of an element matches the n-th occurrence in the other list.
        Self::by_equality(&counted(old), &counted(new))
    }

    /// Aligns elements that have no identity: finds the fewest removals and additions that turn one
    /// list into the other. Elements that were removed and added at the same place become pairs.
    pub(super) fn aligned<'d>(
        old: &[Node<'d>],
        new: &[Node<'d>],
        mut same: impl FnMut(Node<'d>, Node<'d>) -> bool,
    ) -> Self {
        if let ([_], [_]) = (old, new) {
            return Self::by_position(1, 1);
        }
        let mut pair = |(a, b): &(&Node<'d>, &Node<'d>)| same(**a, **b);
        let front = old.iter().zip(new).take_while(&mut pair).count();
        let ((_, old_rest), (_, new_rest)) = (old.split_at(front), new.split_at(front));
        // A single element on each side is a pair, equal or not. Comparing the two here would walk
        // deeply nested values twice.
        let back = match (old_rest, new_rest) {
            ([_], [_]) => 0,
            _ => old_rest.iter().rev().zip(new_rest.iter().rev()).take_while(&mut pair).count(),
        };
        let (old_middle, _) = old_rest.split_at(old_rest.len() - back);
        let (new_middle, _) = new_rest.split_at(new_rest.len() - back);

        let middle = if matches!((old_middle, new_middle), ([_], [_])) {
            Self::by_position(1, 1)
        } else if old_middle.len().max(new_middle.len()) <= MAX_ALIGNED {
            Self::by_alignment(old_middle, new_middle, same)
        } else {
            Self::by_position(old_middle.len(), new_middle.len())
        };
        // Only the middle is returned, because the elements at both ends are equal.
        let shift = |position: &mut usize| *position += front;
        let Self { mut pairs, mut removed, mut added, .. } = middle;
        removed.iter_mut().chain(&mut added).for_each(shift);
        pairs.iter_mut().flat_map(|(old, new)| [old, new]).for_each(shift);
        Self { pairs, removed, added, order: Vec::new() }
    }

    fn by_alignment<'d>(
        old: &[Node<'d>],
        new: &[Node<'d>],
        mut same: impl FnMut(Node<'d>, Node<'d>) -> bool,
    ) -> Self {
        // Equal elements get the same number.
        let mut distinct: Vec<Node<'d>> = Vec::new();
        let mut number_of = |element: &Node<'d>| {
            distinct.iter().position(|other| same(*other, *element)).unwrap_or_else(|| {
                distinct.push(*element);
                distinct.len() - 1
            })
        };
        let old: Vec<usize> = old.iter().map(&mut number_of).collect();
        let new: Vec<usize> = new.iter().map(&mut number_of).collect();
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

    /// Pairs consecutive old elements with consecutive new ones; those left over are removed or added.
    fn replace(&mut self, old: usize, old_len: usize, new: usize, new_len: usize) {
        let old = old..old + old_len;
        let new = new..new + new_len;
        let paired = old_len.min(new_len);
        self.removed.extend(old.clone().skip(paired));
        self.added.extend(new.clone().skip(paired));
        self.pairs.extend(old.zip(new));
    }

    /// Matches equal keys; `None` if a key occurs twice in one list.
    fn by_equality<K: Eq + Hash>(old: &[K], new: &[K]) -> Option<Self> {
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

    /// Sorts the pairs, and sets `order` if they were reordered.
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

/// The values of the keys, element by element; `None` if an element lacks one or is not an object.
fn keys_of<'d>(keys: &'d [ListKey], list: &[Node<'d>]) -> Option<Vec<Cow<'d, str>>> {
    if !list.iter().all(|element| element.is_object()) {
        return None;
    }
    list.iter().flat_map(|element| keys.iter().map(|key| key.of(*element))).collect()
}

/// Whether two short lists have the same unique keys in the same order, so that their elements are
/// pairs as they stand. If not, [`Matching::by_keys`] finds the pairs.
pub(super) fn have_same_keys(keys: &[ListKey], old: Node<'_>, new: Node<'_>) -> bool {
    /// Up to this number of elements, comparing each with each other is faster than hashing.
    const SHORT: usize = 8;
    let is_pair = |old: Node<'_>, new: Node<'_>| {
        let has_same = |key: &ListKey| key.of(old).is_some_and(|old| key.of(new) == Some(old));
        old.is_object() && new.is_object() && keys.iter().all(has_same)
    };
    let (mut olds, mut news) = (old.elements(), new.elements());
    let mut count = 0;
    loop {
        match (olds.next(), news.next()) {
            (Some(old), Some(new)) if count < SHORT && is_pair(old, new) => count += 1,
            (None, None) => return !keys.is_empty() && (count <= 1 || are_unique(keys, old)),
            _ => return false,
        }
    }
}

/// Whether the elements of a short list have different keys.
fn are_unique(keys: &[ListKey], list: Node<'_>) -> bool {
    let elements: Vec<Node<'_>> = list.elements().collect();
    let Some(values) = keys_of(keys, &elements) else { return false };
    let mut elements = values.chunks(keys.len());
    while let Some(element) = elements.next() {
        if elements.clone().any(|other| other == element) {
            return false;
        }
    }
    true
}

/// The canonical text of each element, and the number of equal ones up to this one.
fn counted<'d>(list: &[Node<'d>]) -> Vec<(Cow<'d, str>, usize)> {
    let mut counts: HashMap<Cow<'d, str>, usize> = HashMap::new();
    let mut count = |text: Cow<'d, str>| {
        let times = counts.entry(text.clone()).or_default();
        *times += 1;
        (text, *times)
    };
    list.iter().map(|element| count(element.scalar_text())).collect()
}

fn task_names<'a>(job: &Job<'a>) -> Vec<Cow<'a, str>> {
    job.tasks().enumerate().map(|(position, task)| task.effective_name(position)).collect()
}
