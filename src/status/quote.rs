//! Text in quotes, as Kubernetes writes names and values in messages.

use crate::path::is_printable;

/// The text in quotes, as Go's [`strconv.Quote`] and the verb `%q` write it, which Kubernetes uses
/// for names and values in messages.
///
/// [`strconv.Quote`]: https://pkg.go.dev/strconv#Quote
#[must_use]
pub fn quote(text: &str) -> String {
    let mut quoted = String::with_capacity(text.len() + 2);
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
            _ => quoted.push_str(&numeric_escape(char)),
        }
    }
    quoted.push('"');
    quoted
}

fn numeric_escape(char: char) -> String {
    let code = u32::from(char);
    match code {
        0..=0x7f => format!("\\x{code:02x}"),
        0x80..=0xffff => format!("\\u{code:04x}"),
        _ => format!("\\U{code:08x}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quotes_like_strconv() {
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
