//! Steps over JSON values, and checks that they are well-formed.
//!
//! Each function takes the text from a certain place on, and returns the rest behind what it stepped
//! over. `None` means that `serde_json` must decide: the text is not well-formed, is nested too deeply
//! for recursion, or ends where a number could go on. The position is a return value and not a field
//! that is updated, because that would double the time.

/// Steps over a value in which objects and lists are nested at most `levels` deep.
pub(super) fn value(text: &[u8], levels: usize) -> Option<&[u8]> {
    match text.split_first()? {
        (b'"', rest) => string(rest),
        (b'{', rest) => members(rest, levels.checked_sub(1)?),
        (b'[', rest) => elements(rest, levels.checked_sub(1)?),
        (b't', rest) => end_of_word(rest.strip_prefix(b"rue")?),
        (b'f', rest) => end_of_word(rest.strip_prefix(b"alse")?),
        (b'n', rest) => end_of_word(rest.strip_prefix(b"ull")?),
        _ => end_of_word(number(text)?),
    }
}

/// Steps over the members of an object and its closing bracket.
fn members(text: &[u8], levels: usize) -> Option<&[u8]> {
    let mut rest = white_space(text);
    if let Some(behind) = rest.strip_prefix(b"}") {
        return Some(behind);
    }
    loop {
        rest = white_space(string(rest.strip_prefix(b"\"")?)?);
        rest = white_space(rest.strip_prefix(b":")?);
        rest = white_space(value(rest, levels)?);
        match rest.split_first()? {
            (b',', behind) => rest = white_space(behind),
            (b'}', behind) => return Some(behind),
            _ => return None,
        }
    }
}

/// Steps over the elements of a list and its closing bracket.
fn elements(text: &[u8], levels: usize) -> Option<&[u8]> {
    let mut rest = white_space(text);
    if let Some(behind) = rest.strip_prefix(b"]") {
        return Some(behind);
    }
    loop {
        rest = white_space(value(rest, levels)?);
        match rest.split_first()? {
            (b',', behind) => rest = white_space(behind),
            (b']', behind) => return Some(behind),
            _ => return None,
        }
    }
}

/// Steps over the characters of a string and its closing quote.
#[inline]
fn string(text: &[u8]) -> Option<&[u8]> {
    let mut rest = plain(text);
    loop {
        match rest.split_first()? {
            (b'"', behind) => return Some(behind),
            (b'\\', escape) => rest = plain(escaped(escape)?),
            _ => return None,
        }
    }
}

/// Within a string, steps over all characters before the first quote, backslash or control character
/// (which is not allowed in a string).
#[inline]
#[expect(clippy::expect_used, reason = "a position in the chunk is one in the text")]
pub(super) fn plain(text: &[u8]) -> &[u8] {
    let mut rest = text;
    // Eight bytes at a time, because most keys and values are about as long as that.
    while let Some((chunk, behind)) = rest.split_first_chunk() {
        if let Some(position) = special_position(u64::from_le_bytes(*chunk)) {
            return rest.get(position..).expect("the special byte");
        }
        rest = behind;
    }
    last_plain(rest)
}

/// [`plain`] for the last bytes of the text, fewer than eight.
#[cold]
fn last_plain(text: &[u8]) -> &[u8] {
    let mut rest = text;
    while let [b' '..=b'!' | b'#'..=b'[' | b']'..=0xff, behind @ ..] = rest {
        rest = behind;
    }
    rest
}

/// The index of the first special byte of a string among eight bytes in little-endian order.
#[inline]
fn special_position(chunk: u64) -> Option<usize> {
    const ONES: u64 = u64::MAX / 0xff;
    const HIGH_BITS: u64 = ONES << 7;
    // Sets the high bit of the first ASCII byte that is below the bound, and of no ASCII byte before
    // it: a borrow reaches only the bytes after it.
    let below = |chunk: u64, bound: u8| chunk.wrapping_sub(ONES * u64::from(bound));
    let equal = |byte: u8| below(chunk ^ (ONES * u64::from(byte)), 1);
    let special = (below(chunk, b' ') | equal(b'"') | equal(b'\\')) & !chunk & HIGH_BITS;
    (special != 0).then(|| special.trailing_zeros() as usize / 8)
}

/// Steps over what follows a backslash.
#[cold]
fn escaped(text: &[u8]) -> Option<&[u8]> {
    match text.split_first()? {
        (b'"' | b'\\' | b'/' | b'b' | b'f' | b'n' | b'r' | b't', rest) => Some(rest),
        (b'u', rest) => {
            let (digits, rest) = rest.split_first_chunk::<4>()?;
            digits.iter().all(u8::is_ascii_hexdigit).then_some(rest)
        }
        _ => None,
    }
}

fn number(text: &[u8]) -> Option<&[u8]> {
    let text = text.strip_prefix(b"-").unwrap_or(text);
    let mut rest = match text.strip_prefix(b"0") {
        Some(rest) => rest,
        None => digits(text)?,
    };
    if let Some(fraction) = rest.strip_prefix(b".") {
        rest = digits(fraction)?;
    }
    match rest.split_first() {
        Some((b'e' | b'E', [b'+' | b'-', exponent @ ..] | exponent)) => digits(exponent),
        _ => Some(rest),
    }
}

/// Steps over one or more digits.
fn digits(text: &[u8]) -> Option<&[u8]> {
    let end = text.iter().position(|byte| !byte.is_ascii_digit()).unwrap_or(text.len());
    if end == 0 { None } else { text.get(end..) }
}

/// The rest behind a number, `true`, `false` or `null`, which must show that the word ends there.
fn end_of_word(rest: &[u8]) -> Option<&[u8]> {
    let is_end = matches!(
        rest.first()?,
        b',' | b':' | b'"' | b'{' | b'[' | b'}' | b']' | b' ' | b'\n' | b'\r' | b'\t'
    );
    is_end.then_some(rest)
}

#[inline]
pub(super) fn white_space(text: &[u8]) -> &[u8] {
    let mut rest = text;
    while let [b' ' | b'\n' | b'\r' | b'\t', behind @ ..] = rest {
        rest = behind;
    }
    rest
}

#[cfg(test)]
mod tests {
    use serde::de::IgnoredAny;

    #[test]
    fn plain_stops_at_the_first_special_byte() {
        let specials = (0..b' ').chain(*b"\"\\").map(char::from);
        for (special, filler) in specials.flat_map(|special| {
            [' ', '!', '#', '[', ']', 'a', '\x7f', '\u{80}', 'Ü', '€', '😀', '\u{10ffff}']
                .map(|filler| (special, filler))
        }) {
            for before in 0..20 {
                let plain: String = std::iter::repeat_n(filler, before).collect();
                for behind in ["", "\"", "\"aaaaaaaaaaaaaaaa"] {
                    let text = format!("{plain}{special}{behind}");
                    assert_eq!(
                        super::plain(text.as_bytes()).len(),
                        text.len() - plain.len(),
                        "{text:?}"
                    );
                }
                assert!(super::plain(plain.as_bytes()).is_empty());
            }
        }
    }

    /// Every value that is skipped is one that `serde_json` skips, and of the same length.
    #[test]
    fn value_skips_what_serde_json_skips() {
        const CHARACTERS: [&str; 24] = [
            "{", "}", "[", "]", ",", ":", "\"", "\"a\"", "\\", "\\u", "00e4", "0", "1", "-", "+",
            ".", "e", "E", "true", "false", "null", " ", "\n", "\u{1}",
        ];
        let mut state = 1_u64;
        let mut below = |bound: usize| {
            state = state
                .wrapping_mul(6_364_136_223_846_793_005)
                .wrapping_add(1_442_695_040_888_963_407);
            (state >> 33) as usize % bound
        };
        let mut skipped = 0;
        for _ in 0..200_000 {
            let opening = ["", "[", "{\"a\":", "[[1,"][below(4)];
            let middle: String =
                (0..below(6)).map(|_| CHARACTERS[below(CHARACTERS.len())]).collect();
            let text = format!("{opening}{middle}{},", ["", "]", "}", "]]"][below(4)]);
            let mut values = serde_json::Deserializer::from_str(&text).into_iter::<IgnoredAny>();
            let expected =
                values.next().is_some_and(|value| value.is_ok()).then(|| values.byte_offset());
            let rest = super::value(super::white_space(text.as_bytes()), 64);
            skipped += usize::from(rest.is_some());
            assert_eq!(rest.map(|rest| text.len() - rest.len()), expected, "{text:?}");
        }
        assert!(skipped > 10_000, "{skipped}");
    }
}
