//! Text in quotes, as Kubernetes writes names and values into messages.

use std::fmt::Write as _;

/// A text in quotes, as `strconv.Quote` and the verb `%q` write it.
#[must_use]
pub fn quote(text: &str) -> String {
    let mut quoted = String::with_capacity(text.len().saturating_add(2));
    quoted.push('"');
    for char in text.chars() {
        match char {
            '"' => quoted.push_str("\\\""),
            '\\' => quoted.push_str("\\\\"),
            '\u{7}' => quoted.push_str("\\a"),
            '\u{8}' => quoted.push_str("\\b"),
            '\u{c}' => quoted.push_str("\\f"),
            '\n' => quoted.push_str("\\n"),
            '\r' => quoted.push_str("\\r"),
            '\t' => quoted.push_str("\\t"),
            '\u{b}' => quoted.push_str("\\v"),
            _ if is_printable(char) => quoted.push(char),
            // Writing to a String cannot fail.
            '\0'..='\u{7f}' => drop(write!(quoted, "\\x{:02x}", u32::from(char))),
            '\u{80}'..='\u{ffff}' => drop(write!(quoted, "\\u{:04x}", u32::from(char))),
            _ => drop(write!(quoted, "\\U{:08x}", u32::from(char))),
        }
    }
    quoted.push('"');
    quoted
}

/// Whether `unicode.IsPrint` holds: letters, marks, numbers, punctuation, symbols, and the space.
#[must_use]
pub fn is_printable(char: char) -> bool {
    // `escape_debug` leaves the same characters alone, marks only where they follow another.
    char == '"' || char == '\'' || char == '\\' || {
        let mut text = String::from("a");
        text.push(char);
        text.escape_debug().eq(text.chars())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quotes_as_strconv_does() {
        for (text, quoted) in [
            ("a-b", r#""a-b""#),
            ("'\"\\", r#""'\"\\""#),
            ("\u{7}\u{8}\u{c}\n\r\t\u{b}", r#""\a\b\f\n\r\t\v""#),
            ("\u{1}\u{7f}", r#""\x01\x7f""#),
            ("é\u{301}日😀", "\"é\u{301}日😀\""),
            ("\u{a0}\u{200b}\u{feff}", r#""\u00a0\u200b\ufeff""#),
            ("\u{e0001}", r#""\U000e0001""#),
        ] {
            assert_eq!(quote(text), quoted);
        }
    }
}
