//! A line of a manifest without its values: with keys, brackets and dashes, which are no secrets.

use std::iter::repeat_n;
use std::ops::Range;

/// A line whose scalars are hidden, except keys.
pub(super) struct Mask<'t> {
    text: &'t str,
    /// Where its scalars are, keys and values, in order.
    scalars: &'t [Range<usize>],
}

impl<'t> Mask<'t> {
    /// A scalar is a key if a colon follows.
    pub(super) fn new(text: &'t str, scalars: &'t [Range<usize>]) -> Self {
        Self { text, scalars }
    }

    /// A part of the line as it may be shown.
    pub(super) fn part(&self, part: &Range<usize>) -> String {
        self.masked(part, |_| "…".to_owned())
    }

    /// As [`Self::part`], but as wide as in the file.
    pub(super) fn wide_part(&self, part: &Range<usize>) -> String {
        self.masked(part, |value| {
            "…".chars().chain(blanks(value)).take(value.chars().count()).collect()
        })
    }

    fn masked(&self, part: &Range<usize>, hide: impl Fn(&str) -> String) -> String {
        let mut shown = String::new();
        let mut at = part.start;
        let text = |range: Range<usize>| self.text.get(range).unwrap_or_default();
        for scalar in self.scalars {
            let (start, end) = (scalar.start.max(at), scalar.end.min(part.end));
            if start >= end {
                continue;
            }
            shown.push_str(&structure(text(at..start)));
            let scalar = text(start..end);
            if self.is_key(end) {
                shown.push_str(scalar);
            } else {
                shown.push_str(&hide(scalar));
            }
            at = end;
        }
        shown + &structure(text(at..part.end))
    }

    fn is_key(&self, end: usize) -> bool {
        let behind = self.text.get(end..).unwrap_or_default();
        behind.trim_start_matches([' ', '\t']).starts_with(':')
    }
}

/// What stands between scalars, without anchors, tags and comments.
fn structure(text: &str) -> String {
    let (text, comment) = text.split_at(text.find('#').unwrap_or(text.len()));
    let shown = |char: char| match char {
        '{' | '}' | '[' | ']' | ',' | ':' | '-' | '?' | '\t' => char,
        _ => ' ',
    };
    text.chars().map(shown).chain(blanks(comment)).collect()
}

fn blanks(text: &str) -> impl Iterator<Item = char> {
    repeat_n(' ', text.chars().count())
}
