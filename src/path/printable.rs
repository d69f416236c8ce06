//! Which characters can be shown, for example on a terminal.

use std::borrow::Cow;
use std::fmt::Write;

/// Go's [`unicode.IsPrint`]: letters, marks, numbers, punctuation, symbols, and the ASCII space. Not
/// printable are control characters, line separators, and those that change the direction of a text.
///
/// [`unicode.IsPrint`]: https://pkg.go.dev/unicode#IsPrint
#[must_use]
pub fn is_printable(char: char) -> bool {
    if char.is_ascii() {
        return char == ' ' || char.is_ascii_graphic();
    }
    // `escape_debug` escapes all characters that are not printable. It does not escape a combining
    // mark that follows another character, hence the `a`.
    let mut text = String::from("a");
    text.push(char);
    text.escape_debug().eq(text.chars())
}

/// The text with JSON's escapes instead of the characters that are not printable, but `kept`.
#[must_use]
pub fn printable<'t>(text: &'t str, kept: &[char]) -> Cow<'t, str> {
    let is_shown = |char: char| is_printable(char) || kept.contains(&char);
    if text.chars().all(is_shown) {
        return text.into();
    }
    let mut shown = String::with_capacity(text.len() + 16);
    for char in text.chars() {
        if is_shown(char) {
            shown.push(char);
        } else {
            for unit in char.encode_utf16(&mut [0; 2]) {
                // Writing to a String does not fail.
                let _ = write!(shown, "\\u{unit:04x}");
            }
        }
    }
    shown.into()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_not_printable_is_escaped_as_in_json() {
        for (text, shown) in [
            ("a b é 日 😀 e\u{301}", "a b é 日 😀 e\u{301}"),
            ("\u{1b}[31m\u{7f}", "\\u001b[31m\\u007f"),
            ("\u{85}\u{9b}", "\\u0085\\u009b"),
            ("\u{2028}\u{202e}\u{2066}\u{feff}", "\\u2028\\u202e\\u2066\\ufeff"),
            ("\u{e0001}", "\\udb40\\udc01"),
        ] {
            assert_eq!(printable(text, &[]), shown);
        }
        assert_eq!(printable("a\n\tb", &['\n']), "a\n\\u0009b");
    }
}
