//! Finds the members of an object by key.

use std::borrow::Cow;
use std::iter::Peekable;

use super::{Entry, Node, Text};

/// A member of an object.
pub(crate) trait Member<'k>: Copy {
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
/// time. Each member is found once.
///
/// The members of a small object are kept on a stack that the caller passes, so that no memory is
/// allocated for each object. [`Lookup::finish`] removes them.
pub(crate) struct Lookup<'k, I: Iterator> {
    /// The members from the next one on, while they are asked for in order.
    rest: Peekable<I>,
    collected: Option<Collected<'k, I::Item>>,
}

/// The members from the first one on that was asked for out of order.
enum Collected<'k, M> {
    /// Those that are left, on the stack from this position on.
    Few(usize),
    /// Sorted by key; `None` once a member was found. A key with escapes is decoded once, because it can be
    /// long.
    Sorted(Vec<(Cow<'k, str>, Option<M>)>),
}

/// Up to this number of members, a linear search is used.
const MAX_LINEAR: usize = 16;

impl<'k, I: Iterator<Item: Member<'k>>> Lookup<'k, I> {
    pub(crate) fn new(members: I) -> Self {
        Self { rest: members.peekable(), collected: None }
    }

    /// The member that is asked for next if all are in their own order or in the opposite one, if the
    /// condition holds for it.
    #[inline]
    pub(crate) fn next_if(
        &mut self,
        stack: &mut Vec<I::Item>,
        is_wanted: impl FnOnce(&I::Item) -> bool,
    ) -> Option<I::Item> {
        match self.collected {
            None => self.rest.next_if(is_wanted),
            Some(Collected::Few(start)) => {
                let last = stack.get(start..)?.last().copied().filter(is_wanted)?;
                stack.pop();
                Some(last)
            }
            Some(Collected::Sorted(_)) => None,
        }
    }

    /// The member with this key.
    #[inline]
    pub(crate) fn find(&mut self, key: &str, stack: &mut Vec<I::Item>) -> Option<I::Item> {
        self.next_if(stack, |next| next.is(key)).or_else(|| self.search(key, stack))
    }

    /// Removes the members from the stack; returns whether there are some that were not asked for.
    pub(crate) fn finish(self, stack: &mut Vec<I::Item>) -> bool {
        !self.finish_if_all(stack, |_| false)
    }

    /// Removes the members from the stack; returns whether the condition holds for each that was not asked
    /// for.
    pub(crate) fn finish_if_all(
        mut self,
        stack: &mut Vec<I::Item>,
        condition: impl FnMut(I::Item) -> bool,
    ) -> bool {
        match self.collected {
            None => self.rest.all(condition),
            Some(Collected::Few(start)) => stack.drain(start..).all(condition),
            Some(Collected::Sorted(members)) => {
                members.into_iter().filter_map(|(_, member)| member).all(condition)
            }
        }
    }

    #[expect(clippy::expect_used, reason = "the members stay on the stack until `finish`")]
    fn search(&mut self, key: &str, stack: &mut Vec<I::Item>) -> Option<I::Item> {
        let rest = self.rest.by_ref();
        match self.collected.get_or_insert_with(|| Collected::of(rest, stack)) {
            Collected::Few(start) => {
                // From the end: what comes in the opposite order is found at once.
                let left = stack.get(*start..).expect("the members of the object");
                let found = left.iter().rposition(|member| member.is(key))?;
                Some(stack.swap_remove(*start + found))
            }
            Collected::Sorted(members) => {
                let found = members.binary_search_by(|(other, _)| (**other).cmp(key)).ok()?;
                members.get_mut(found)?.1.take()
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
            stack.drain(start..).map(|member| (member.key(), Some(member))).collect();
        sorted.sort_unstable_by(|(a, _), (b, _)| a.cmp(b));
        Self::Sorted(sorted)
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
            assert!(lookup.find(key, &mut stack).is_none(), "{key} was found");
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
    fn next_if_takes_members_in_their_order_or_in_the_opposite_one() {
        let document = Document::of_text(r#"{"a":1,"b":2,"c":3}"#).unwrap();
        let stack = &mut Vec::new();
        let mut lookup = Lookup::new(document.root().members());
        for (key, is_next) in [("b", false), ("a", true), ("b", true), ("b", false), ("c", true)] {
            assert_eq!(lookup.next_if(stack, |next| next.is(key)).is_some(), is_next, "{key}");
        }
        assert!(!lookup.finish(stack));

        let mut lookup = Lookup::new(document.root().members());
        assert!(lookup.find("c", stack).is_some());
        for (key, is_next) in [("a", false), ("b", true), ("b", false)] {
            assert_eq!(lookup.next_if(stack, |next| next.is(key)).is_some(), is_next, "{key}");
        }
        assert!(lookup.finish(stack), "nobody asked for a");
        assert!(stack.is_empty());
    }
}
