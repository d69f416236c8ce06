//! Finds the members of an object by key.

use std::borrow::Cow;

use crate::job::{Entry, Node, Text};

/// A member of an object.
pub(super) trait Member<'k>: Copy {
    fn key(self) -> Cow<'k, str>;

    fn is(self, key: &str) -> bool;
}

impl<'k> Member<'k> for &'k Entry<'_> {
    fn key(self) -> Cow<'k, str> {
        Entry::key(self).into()
    }

    fn is(self, key: &str) -> bool {
        Entry::is(self, key)
    }
}

impl<'k> Member<'k> for (Text<'k>, Node<'k>) {
    fn key(self) -> Cow<'k, str> {
        self.0.to_str()
    }

    fn is(self, key: &str) -> bool {
        self.0.is(key)
    }
}

/// Finds members in constant time if they are asked for in their own order, otherwise in logarithmic
/// time. Each member is asked for once.
///
/// The members of a small object are kept on a stack that the caller passes, so that no memory is
/// allocated for each object. [`Lookup::finish`] removes them.
pub(super) struct Lookup<'k, I: Iterator> {
    /// The members from the next one on, while they are asked for in order.
    rest: I,
    collected: Option<Collected<'k, I::Item>>,
}

/// The members from the first one on that was asked for out of order.
enum Collected<'k, M> {
    /// Those that are left, on the stack from this position on.
    Few(usize),
    /// Sorted by key, and how many are left. A key with escapes is decoded once, because it can be long.
    Sorted(Vec<(Cow<'k, str>, M)>, usize),
}

/// Up to this number of members, a linear search is used.
const MAX_LINEAR: usize = 16;

impl<'k, I: Iterator<Item: Member<'k>> + Clone> Lookup<'k, I> {
    pub(super) fn new(members: I) -> Self {
        Self { rest: members, collected: None }
    }

    /// The next member, if the condition holds for it.
    #[inline]
    pub(super) fn next_if(&mut self, is_wanted: impl FnOnce(&I::Item) -> bool) -> Option<I::Item> {
        if self.collected.is_some() {
            return None;
        }
        let mut behind = self.rest.clone();
        let next = behind.next().filter(is_wanted)?;
        self.rest = behind;
        Some(next)
    }

    /// The member with this key.
    #[inline]
    pub(super) fn find(&mut self, key: &str, stack: &mut Vec<I::Item>) -> Option<I::Item> {
        self.next_if(|next| next.is(key)).or_else(|| self.search(key, stack))
    }

    /// Removes the members from the stack; returns whether there are some that were not asked for.
    pub(super) fn finish(self, stack: &mut Vec<I::Item>) -> bool {
        match self.collected {
            None => self.rest.clone().next().is_some(),
            Some(Collected::Few(start)) => {
                let are_left = stack.len() > start;
                stack.truncate(start);
                are_left
            }
            Some(Collected::Sorted(_, left)) => left > 0,
        }
    }

    #[expect(clippy::expect_used, reason = "the members stay on the stack until `finish`")]
    fn search(&mut self, key: &str, stack: &mut Vec<I::Item>) -> Option<I::Item> {
        let rest = &self.rest;
        match self.collected.get_or_insert_with(|| Collected::of(rest.clone(), stack)) {
            Collected::Few(start) => {
                // From the end: what comes in the opposite order is found at once.
                let left = stack.get(*start..).expect("the members of the object");
                let found = left.iter().rposition(|member| member.is(key))?;
                Some(stack.swap_remove(*start + found))
            }
            Collected::Sorted(members, left) => {
                let found = members.binary_search_by(|(other, _)| (**other).cmp(key)).ok()?;
                *left -= 1;
                members.get(found).map(|(_, member)| *member)
            }
        }
    }
}

impl<'k, M: Member<'k>> Collected<'k, M> {
    fn of(members: impl Iterator<Item = M>, stack: &mut Vec<M>) -> Self {
        let start = stack.len();
        stack.extend(members);
        if stack.len() - start <= MAX_LINEAR {
            return Self::Few(start);
        }
        let mut sorted: Vec<_> =
            stack.drain(start..).map(|member| (member.key(), member)).collect();
        sorted.sort_unstable_by(|(a, _), (b, _)| a.cmp(b));
        let count = sorted.len();
        Self::Sorted(sorted, count)
    }
}

#[cfg(test)]
mod tests {
    use serde_json::Value;

    use super::*;
    use crate::job::Document;

    /// Asks for each member by its key, in this order; none may be left but those not asked for.
    fn check<'k, M: Member<'k>>(
        members: impl Iterator<Item = M> + Clone,
        keys: &[String],
        left: bool,
    ) {
        let mut lookup = Lookup::new(members);
        let mut stack = Vec::new();
        for key in keys {
            let found = lookup.find(key, &mut stack);
            assert!(found.is_some_and(|found| found.key() == key.as_str()), "{key}");
            assert!(lookup.find("none", &mut stack).is_none());
        }
        assert_eq!(lookup.finish(&mut stack), left);
        assert!(stack.is_empty());
    }

    /// Small objects are searched, large ones sorted.
    #[test]
    fn members_are_found_in_any_order() {
        for size in [1_usize, 2, MAX_LINEAR, MAX_LINEAR + 1, 40] {
            let keys: Vec<String> = (0..size).map(|i| format!("k{}", i * 7 % 41)).collect();
            let members: Vec<String> = keys.iter().map(|key| format!("\"{key}\":0")).collect();
            let text = format!("{{{}}}", members.join(","));
            let document = Document::of_text(&text).unwrap();
            let entries = keys.iter().map(|key| Entry::Value { key, value: &Value::Null });
            let entries: Vec<Entry<'_>> = entries.collect();

            let reversed: Vec<String> = keys.iter().rev().cloned().collect();
            for order in [&keys, &reversed] {
                check(document.root().members(), order, false);
                check(entries.iter(), order, false);
                let (_, rest) = order.split_first().unwrap();
                check(document.root().members(), rest, true);
                check(entries.iter(), rest, true);
            }
        }
    }

    #[test]
    fn next_if_takes_members_in_their_order() {
        let document = Document::of_text(r#"{"a":1,"b":2}"#).unwrap();
        let mut lookup = Lookup::new(document.root().members());
        assert!(lookup.next_if(|next| next.is("b")).is_none());
        assert!(lookup.next_if(|next| next.is("a")).is_some());
        assert!(lookup.next_if(|next| next.is("b")).is_some());
        assert!(!lookup.finish(&mut Vec::new()));

        let mut lookup = Lookup::new(document.root().members());
        assert!(lookup.next_if(|next| next.is("a")).is_some());
        assert!(lookup.finish(&mut Vec::new()), "nobody asked for b");
    }
}
