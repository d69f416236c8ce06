//! Steps over the parts of a JSON text that is known to be well-formed, without checking it again.
//!
//! Each function takes the text from a certain place on, and returns the rest of the text.

use super::cursor::slice;
use super::skip::{plain, white_space};

/// The next item, from the opening bracket of an object or list, or from behind an item; `None` if there
/// is none.
#[inline]
pub(crate) fn item(text: &str) -> Option<&str> {
    let [b'{' | b'[' | b',', rest @ ..] = white_space(text.as_bytes()) else { return None };
    let item = white_space(rest);
    let is_empty = matches!(item, [b'}' | b']', ..]);
    (!is_empty).then(|| tail(text, item))
}

/// What follows an object or list, from behind its last item, or from its opening bracket if it has
/// none.
#[inline]
pub(crate) fn behind_bracket(text: &str) -> &str {
    let mut rest = white_space(text.as_bytes());
    if let [b'{' | b'[', inside @ ..] = rest {
        rest = white_space(inside);
    }
    let (_, behind) = split(tail(text, rest), 1);
    behind
}

/// The text between the quotes of a string, whether it has escapes, and what follows the string.
#[inline]
pub(crate) fn string(text: &str) -> (&str, bool, &str) {
    let (_, inside) = split(text, 1);
    let mut rest = plain(inside.as_bytes());
    let has_escapes = matches!(rest, [b'\\', ..]);
    if has_escapes {
        rest = closing_quote(rest);
    }
    let (inside, rest) = split(inside, inside.len() - rest.len());
    let (_, behind) = split(rest, 1);
    (inside, has_escapes, behind)
}

/// The closing quote of a string, from its first escape.
#[cold]
fn closing_quote(text: &[u8]) -> &[u8] {
    let mut rest = text;
    while let [b'\\', _, behind @ ..] = rest {
        rest = plain(behind);
    }
    rest
}

/// The value of a member, from behind its key.
#[inline]
pub(crate) fn behind_colon(text: &str) -> &str {
    let (_, value) = split(tail(text, white_space(text.as_bytes())), 1);
    tail(value, white_space(value.as_bytes()))
}

/// A number, `true`, `false` or `null`, and what follows it.
#[inline]
pub(crate) fn word(text: &str) -> (&str, &str) {
    let is_end = |byte: u8| matches!(byte, b',' | b']' | b'}' | b' ' | b'\n' | b'\r' | b'\t');
    split(text, text.bytes().position(is_end).unwrap_or(text.len()))
}

/// The start of a text if it is the same as `known`, which ends with a value. The next byte must end the
/// value here too: `1` is a prefix of `10`, but not the same value.
#[inline]
pub(crate) fn same<'t>(known: &str, text: &'t str) -> Option<&'t str> {
    let next_byte = text.as_bytes().strip_prefix(known.as_bytes())?.first()?;
    let is_end = matches!(next_byte, b',' | b'}' | b']' | b' ' | b'\n' | b'\r' | b'\t');
    is_end.then(|| slice(text, ..known.len()))
}

/// Splits a text between two tokens.
#[inline]
#[expect(clippy::expect_used, reason = "tokens begin and end at characters of the text")]
pub(crate) fn split(text: &str, at: usize) -> (&str, &str) {
    text.split_at_checked(at).expect("tokens are whole characters of the text")
}

/// The end of a text that is as long as `rest`.
#[inline]
fn tail<'t>(text: &'t str, rest: &[u8]) -> &'t str {
    slice(text, text.len() - rest.len()..)
}
