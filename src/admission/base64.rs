//! Base64 of RFC 4648: with padding, on one line.

/// Encodes bytes.
pub(super) fn encode(bytes: &[u8]) -> String {
    let mut text = String::with_capacity(bytes.len().div_ceil(3) * 4);
    for group in bytes.chunks(3) {
        // Missing bytes are encoded as zero bits. Each missing byte replaces one digit by padding.
        let (group, digits) = match *group {
            [first] => ([first, 0, 0], 2),
            [first, second] => ([first, second, 0], 3),
            [first, second, third, ..] => ([first, second, third], 4),
            [] => break,
        };
        let [first, second, third] = group.map(u32::from);
        let bits = (first << 16) | (second << 8) | third;
        for (position, shift) in [18, 12, 6, 0].into_iter().enumerate() {
            text.push(if position < digits { digit((bits >> shift & 63) as u8) } else { '=' });
        }
    }
    text
}

fn digit(six_bits: u8) -> char {
    char::from(match six_bits {
        0..=25 => b'A' + six_bits,
        26..=51 => b'a' + (six_bits - 26),
        52..=61 => b'0' + (six_bits - 52),
        62 => b'+',
        _ => b'/',
    })
}

#[cfg(test)]
mod tests {
    use super::encode;

    /// The test vectors of RFC 4648, section 10.
    #[test]
    fn encodes_the_vectors_of_the_rfc() {
        for (bytes, text) in [
            ("", ""),
            ("f", "Zg=="),
            ("fo", "Zm8="),
            ("foo", "Zm9v"),
            ("foob", "Zm9vYg=="),
            ("fooba", "Zm9vYmE="),
            ("foobar", "Zm9vYmFy"),
        ] {
            assert_eq!(encode(bytes.as_bytes()), text);
        }
    }

    /// The example of RFC 4648, section 9, and the digits beyond it.
    #[test]
    fn encodes_bytes_above_127_and_every_digit() {
        assert_eq!(encode(&[0x14, 0xfb, 0x9c, 0x03, 0xd9, 0x7e]), "FPucA9l+");
        assert_eq!(encode(&[0xff, 0xff, 0xff]), "////");
        let every_digit: Vec<u8> = (0..64_u32)
            .step_by(4)
            .flat_map(|n| {
                let bits = n << 18 | (n + 1) << 12 | (n + 2) << 6 | (n + 3);
                bits.to_be_bytes().into_iter().skip(1)
            })
            .collect();
        assert_eq!(
            encode(&every_digit),
            "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"
        );
    }
}
