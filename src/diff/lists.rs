//! Matches the elements of two lists.

use std::borrow::Cow;
use std::collections::{BTreeSet, HashMap};
use std::hash::{BuildHasher, Hash, Hasher, RandomState};
use std::ops::Range;

use similar::{Algorithm, DiffOp, capture_diff_slices};

use super::elements::IndexedList;
use crate::job::{Job, Node};
use crate::path::Side;
use crate::schema::ListKey;

/// Which elements were kept, removed and added. A position refers to the list that contains the
/// element.
///
/// Neighbours are one run, because a list can have half as many elements as its text has bytes.
#[derive(Debug, Default, PartialEq)]
pub(super) struct Matching {
    /// The kept elements, in the order of the replacement. Those of a set are left out, because they
    /// are the same.
    pub(super) pairs: Vec<Pairs>,
    pub(super) removed: Vec<Range<usize>>,
    pub(super) added: Vec<Range<usize>>,
    /// For each pair its rank in the existing list; empty if the kept elements have the same order
    /// in both.
    pub(super) order: Vec<usize>,
}

/// A run of pairs.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Pairs {
    /// The positions of the first pair.
    pub(super) old: usize,
    pub(super) new: usize,
    pub(super) count: usize,
}

/// The maximum number of differing elements that are aligned, because alignment compares each
/// element with each other. Longer lists are matched by position.
const MAX_ALIGNED: usize = 64;

impl Matching {
    /// Matches tasks by name. An unmatched task of each Job at the same position is one renamed
    /// task. If a name occurs twice in one Job, all tasks are matched by position.
    pub(super) fn of_tasks(existing: &Job<'_>, replacement: &Job<'_>) -> Self {
        let (old, new) = (task_names(existing), task_names(replacement));
        let name = |task: &Hashed| match task.side {
            Side::Existing => old.get(task.position),
            Side::Replacement => new.get(task.position),
        };
        let hash = |name, state: &RandomState| Some(state.hash_one(name));
        let tasks = Hashed::of_both(old.iter(), new.iter(), hash);
        let matching = tasks.and_then(|tasks| Self::by_equality(tasks, |a, b| name(a) == name(b)));
        let Some(mut matching) = matching else {
            return Self::by_position(old.len(), new.len());
        };
        let added: BTreeSet<usize> = positions(&matching.added).collect();
        let renamed: BTreeSet<usize> =
            positions(&matching.removed).filter(|position| added.contains(position)).collect();
        let stays = |position: &usize| !renamed.contains(position);
        matching.removed = runs(positions(&matching.removed).filter(stays));
        matching.added = runs(positions(&matching.added).filter(stays));
        matching.pairs.extend(renamed.iter().map(|&position| Pairs::one(position, position)));
        matching.ordered()
    }

    /// Matches elements by the values of their keys; `None` if an element has no key or two
    /// elements have the same.
    pub(super) fn by_keys(
        keys: &[ListKey],
        old: &IndexedList<'_>,
        new: &IndexedList<'_>,
    ) -> Option<Self> {
        if keys.is_empty() {
            return None;
        }
        let element = |of: &Hashed| match of.side {
            Side::Existing => old.from(of.position).next(),
            Side::Replacement => new.from(of.position).next(),
        };
        let is_same = |a: &Hashed, b: &Hashed| match (element(a), element(b)) {
            (Some(a), Some(b)) => keys.iter().all(|key| identity(key, a) == identity(key, b)),
            _ => false,
        };
        let hash = |element, state: &_| hash_of_keys(keys, element, state);
        let elements = Hashed::of_both(old.iter(), new.iter(), hash)?;
        Self::by_equality(elements, is_same).map(Self::ordered)
    }

    /// Matches elements by value, regardless of their order. The n-th occurrence of an element matches
    /// the n-th occurrence in the other list.
    pub(super) fn of_set(old: &IndexedList<'_>, new: &IndexedList<'_>) -> Self {
        let mut unmatched: HashMap<Cow<'_, str>, usize> = HashMap::new();
        for element in old.iter() {
            *unmatched.entry(element.scalar_text()).or_default() += 1;
        }
        let mut has_match = |element: Node<'_>| match unmatched.get_mut(&*element.scalar_text()) {
            None | Some(0) => false,
            Some(count) => {
                *count -= 1;
                true
            }
        };
        let new = new.iter().enumerate();
        let added = runs(new.filter(|(_, element)| !has_match(*element)).map(|(j, _)| j));
        // The last occurrences are left over.
        let reversed = (0..old.len()).rev().zip(old.rev());
        let removed = reversed.filter(|(_, element)| has_match(*element)).map(|(i, _)| i);
        let mut removed: Vec<usize> = removed.collect();
        removed.reverse();
        Self { removed: runs(removed), added, ..Self::default() }
    }

    /// Aligns elements that have no identity: finds the fewest removals and additions that turn one
    /// list into the other. Elements that were removed and added at the same place become pairs.
    pub(super) fn aligned<'d>(
        old: &IndexedList<'d>,
        new: &IndexedList<'d>,
        mut same: impl FnMut(Node<'d>, Node<'d>) -> bool,
    ) -> Self {
        if (old.len(), new.len()) == (1, 1) {
            return Self::by_position(1, 1);
        }
        let mut is_pair = |(old, new): &(Node<'d>, Node<'d>)| same(*old, *new);
        let front = old.iter().zip(new.iter()).take_while(&mut is_pair).count();
        let (old_rest, new_rest) = (old.len() - front, new.len() - front);
        // A single element on each side is a pair, equal or not. Comparing the two here would walk
        // deeply nested values twice.
        let back = if (old_rest, new_rest) == (1, 1) {
            0
        } else {
            let reversed = old.rev().zip(new.rev()).take(old_rest.min(new_rest));
            reversed.take_while(&mut is_pair).count()
        };
        let (old_middle, new_middle) = (old_rest - back, new_rest - back);
        // Only the middle is returned, because the elements at both ends are equal.
        let middle =
            if (old_middle, new_middle) != (1, 1) && old_middle.max(new_middle) <= MAX_ALIGNED {
                let old: Vec<_> = old.from(front).take(old_middle).collect();
                let new: Vec<_> = new.from(front).take(new_middle).collect();
                Self::by_alignment(&old, &new, same)
            } else {
                Self::by_position(old_middle, new_middle)
            };
        middle.behind(front)
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
        let count = old_len.min(new_len);
        self.removed.extend(run(old + count, old_len - count));
        self.added.extend(run(new + count, new_len - count));
        self.pairs.extend((count > 0).then_some(Pairs { old, new, count }));
    }

    /// The matching of lists that have so many more elements in front.
    fn behind(mut self, front: usize) -> Self {
        for Range { start, end } in self.removed.iter_mut().chain(&mut self.added) {
            (*start, *end) = (*start + front, *end + front);
        }
        for Pairs { old, new, .. } in &mut self.pairs {
            (*old, *new) = (*old + front, *new + front);
        }
        self
    }

    /// Matches elements with equal keys; `None` if a key occurs twice in one list.
    fn by_equality(
        mut elements: Vec<Hashed>,
        is_same: impl Fn(&Hashed, &Hashed) -> bool,
    ) -> Option<Self> {
        elements.sort_unstable();
        let (mut pairs, mut removed, mut added) = (Vec::new(), Vec::new(), Vec::new());
        for same_hash in elements.chunk_by(|a, b| a.hash == b.hash) {
            let is_old = |element: &Hashed| element.side == Side::Existing;
            let (old, new) = same_hash.split_at(same_hash.partition_point(is_old));
            if repeats(old, &is_same) || repeats(new, &is_same) {
                return None;
            }
            let mut unmatched = new.to_vec();
            for element in old {
                match unmatched.iter().position(|new| is_same(element, new)) {
                    Some(i) => {
                        pairs.push(Pairs::one(element.position, unmatched.swap_remove(i).position));
                    }
                    None => removed.push(element.position),
                }
            }
            added.extend(unmatched.iter().map(|element| element.position));
        }
        removed.sort_unstable();
        added.sort_unstable();
        let (removed, added) = (runs(removed), runs(added));
        Some(Self { pairs, removed, added, order: Vec::new() })
    }

    /// Sorts the pairs, and sets `order` if they were reordered.
    #[expect(clippy::expect_used, reason = "the ranks are those of the pairs")]
    fn ordered(mut self) -> Self {
        self.pairs.sort_unstable_by_key(|pair| pair.new);
        if !self.pairs.is_sorted_by_key(|pair| pair.old) {
            let mut ranks: Vec<usize> = self.pairs.iter().map(|pair| pair.old).collect();
            ranks.sort_unstable();
            let rank = |pair: &Pairs| {
                ranks.binary_search(&pair.old).expect("each old position of a pair has a rank")
            };
            self.order = self.pairs.iter().map(rank).collect();
        }
        self.pairs.dedup_by(|next, run| run.append(*next));
        self
    }
}

impl Pairs {
    fn one(old: usize, new: usize) -> Self {
        Self { old, new, count: 1 }
    }

    /// Appends another run if it follows this one in both lists; returns whether it does.
    fn append(&mut self, next: Self) -> bool {
        let follows = (next.old, next.new) == (self.old + self.count, self.new + self.count);
        if follows {
            self.count += next.count;
        }
        follows
    }

    /// The positions of each pair.
    pub(super) fn positions(self) -> impl Iterator<Item = (usize, usize)> {
        (self.old..).zip(self.new..).take(self.count)
    }
}

/// An element of one of the two lists, by the hash of its key.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
struct Hashed {
    hash: u64,
    side: Side,
    position: usize,
}

impl Hashed {
    /// The elements of both lists; `None` if the hash of one is.
    fn of_both<T, I: Iterator<Item = T>>(
        old: I,
        new: I,
        hash: impl Fn(T, &RandomState) -> Option<u64>,
    ) -> Option<Vec<Self>> {
        let state = RandomState::new();
        let hashed = |side| {
            let (state, hash) = (&state, &hash);
            move |(position, element)| Some(Self { hash: hash(element, state)?, side, position })
        };
        let old = old.enumerate().map(hashed(Side::Existing));
        old.chain(new.enumerate().map(hashed(Side::Replacement))).collect()
    }
}

/// Whether two elements of one list are the same.
fn repeats(list: &[Hashed], is_same: impl Fn(&Hashed, &Hashed) -> bool) -> bool {
    let mut rest = list;
    while let [first, behind @ ..] = rest {
        if behind.iter().any(|other| is_same(first, other)) {
            return true;
        }
        rest = behind;
    }
    false
}

/// A run of positions, unless it is empty.
fn run(start: usize, len: usize) -> Option<Range<usize>> {
    (len > 0).then(|| start..start + len)
}

/// The runs of ascending positions.
fn runs(positions: impl IntoIterator<Item = usize>) -> Vec<Range<usize>> {
    let mut runs: Vec<Range<usize>> = Vec::new();
    for position in positions {
        match runs.last_mut() {
            Some(run) if run.end == position => run.end += 1,
            _ => runs.push(position..position + 1),
        }
    }
    runs
}

/// The positions of runs.
pub(super) fn positions(runs: &[Range<usize>]) -> impl Iterator<Item = usize> {
    runs.iter().cloned().flatten()
}

/// Whether two short lists have the same unique keys in the same order, so that their elements are
/// pairs as they stand. If not, [`Matching::by_keys`] finds the pairs.
pub(super) fn have_same_keys(keys: &[ListKey], old: Node<'_>, new: Node<'_>) -> bool {
    /// Up to this number of elements, comparing each with each other is faster than hashing.
    const SHORT: usize = 8;
    let is_pair = |old: Node<'_>, new: Node<'_>| {
        let has_same =
            |key: &ListKey| identity(key, old).is_some_and(|old| identity(key, new) == Some(old));
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
    let values =
        list.elements().flat_map(|element| keys.iter().map(move |key| identity(key, element)));
    let values: Vec<Option<Cow<'_, str>>> = values.collect();
    let mut elements = values.chunks(keys.len());
    while let Some(element) = elements.next() {
        if elements.clone().any(|other| other == element) {
            return false;
        }
    }
    true
}

/// The hash of the values of the keys; `None` if the element lacks one or is not an object.
fn hash_of_keys(keys: &[ListKey], element: Node<'_>, state: &RandomState) -> Option<u64> {
    if !element.is_object() {
        return None;
    }
    let mut hasher = state.build_hasher();
    for key in keys {
        identity(key, element)?.hash(&mut hasher);
    }
    Some(hasher.finish())
}

/// The canonical text of a key of an element; `None` if it has none. An object or list is no key: the same
/// one can have another text.
fn identity<'d>(key: &'d ListKey, element: Node<'d>) -> Option<Cow<'d, str>> {
    key.of(element).filter(|value| !value.starts_with(['{', '[']))
}

fn task_names<'a>(job: &Job<'a>) -> Vec<Cow<'a, str>> {
    job.tasks().enumerate().map(|(position, task)| task.effective_name(position)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::job::Document;

    fn list(elements: impl IntoIterator<Item = String>) -> Document<'static> {
        let text = format!("[{}]", elements.into_iter().collect::<Vec<_>>().join(","));
        Document::of_value(&text.parse().unwrap())
    }

    fn numbers(range: Range<usize>) -> impl Iterator<Item = String> {
        range.map(|number| number.to_string())
    }

    fn aligned(old: &Document<'_>, new: &Document<'_>) -> Matching {
        let (old, new) = (IndexedList::new(old.root()), IndexedList::new(new.root()));
        Matching::aligned(&old, &new, |a, b| a.text() == b.text())
    }

    /// The elements at both ends of a list are equal, however long it is.
    #[test]
    fn long_lists_are_aligned_in_the_middle() {
        let old = list(numbers(0..200));
        let new = list(numbers(0..100).chain(["1".to_owned()]).chain(numbers(101..200)));
        let replaced = Pairs::one(100, 100);
        assert_eq!(aligned(&old, &new), Matching { pairs: vec![replaced], ..Matching::default() });

        let new = list(numbers(0..100).chain(numbers(500..503)).chain(numbers(100..200)));
        let added = Matching { added: runs(100..103), ..Matching::default() };
        assert_eq!(aligned(&old, &new), added);
    }

    #[test]
    fn long_lists_without_common_elements_are_matched_by_position() {
        let (old, new) = (list(numbers(0..100)), list(numbers(200..303)));
        let pairs = vec![Pairs { old: 0, new: 0, count: 100 }];
        let added = runs(100..103);
        assert_eq!(aligned(&old, &new), Matching { pairs, added, ..Matching::default() });
    }

    #[test]
    fn the_last_occurrences_in_a_set_are_left_over() {
        let set = |elements: &[&str]| list(elements.iter().map(|&element| element.into()));
        let (old, new) = (set(&["1", "2", "1", "1.0"]), set(&["1", "3", "3"]));
        let of_set = |old: &Document<'_>, new: &Document<'_>| {
            Matching::of_set(&IndexedList::new(old.root()), &IndexedList::new(new.root()))
        };
        let expected = Matching { removed: runs(1..4), added: runs(1..3), ..Matching::default() };
        assert_eq!(of_set(&old, &new), expected);
        let expected = Matching { removed: runs(1..3), added: runs(1..4), ..Matching::default() };
        assert_eq!(of_set(&new, &old), expected);
    }

    #[test]
    fn keyed_elements_are_matched_in_runs() {
        let keys = [ListKey { name: "k".into(), default: None }];
        let element = |key: usize| format!("{{\"k\":{key}}}");
        let by_keys = |old: &[usize], new: &[usize]| {
            let [old, new] = [old, new].map(|keys| list(keys.iter().map(|&key| element(key))));
            let (old, new) = (IndexedList::new(old.root()), IndexedList::new(new.root()));
            Matching::by_keys(&keys, &old, &new)
        };
        let run = |old, new, count| Pairs { old, new, count };
        let inserted = Matching {
            pairs: vec![run(0, 0, 1), run(1, 2, 2)],
            removed: runs(3..4),
            added: runs(1..2),
            order: Vec::new(),
        };
        assert_eq!(by_keys(&[1, 2, 3, 4], &[1, 9, 2, 3]), Some(inserted));
        let moved = Matching {
            pairs: vec![run(2, 0, 1), run(0, 1, 2)],
            order: vec![2, 0, 1],
            ..Matching::default()
        };
        assert_eq!(by_keys(&[1, 2, 3], &[3, 1, 2]), Some(moved));
        assert_eq!(by_keys(&[1, 2, 1], &[1, 2]), None, "a key is repeated");
        assert_eq!(by_keys(&[1, 2], &[3, 3]), None, "a key is repeated");

        for key in ["{}", "[]", "null"] {
            let elements = list([format!("{{\"k\":{key}}}")]);
            let indexed = IndexedList::new(elements.root());
            assert_eq!(Matching::by_keys(&keys, &indexed, &indexed), None, "{key} is no key");
            assert!(!have_same_keys(&keys, elements.root(), elements.root()));
        }
    }
}
