//! What would be stored of a text, where that is the text itself or nearly so.

use std::borrow::Cow;
use std::cmp::Ordering;

use volcano_job_update::internals::Structural;

use crate::coerce::{self, Unknown};
use crate::go;

/// What an API server stores of a well-formed JSON text: the text itself, or that with missing
/// defaults put in. `None` where more is to be done, which does not mean that more is changed.
///
/// One pass, without allocations unless a default is missing: this is what lets a field be copied
/// instead of made anew.
pub(crate) fn normal<'t>(schema: &Structural, text: &'t str) -> Option<Cow<'t, str>> {
    let mut cursor = Cursor { text, rest: text.as_bytes(), out: String::new(), copied: 0 };
    cursor.value(schema)?;
    if !cursor.rest.is_empty() {
        return None;
    }
    if cursor.copied == 0 && cursor.out.is_empty() {
        return Some(Cow::Borrowed(text));
    }
    cursor.out.push_str(text.get(cursor.copied..)?);
    Some(Cow::Owned(cursor.out))
}

/// A place in a text. What is read gives `None` where the text is not canonical.
struct Cursor<'t> {
    text: &'t str,
    rest: &'t [u8],
    /// The text up to `copied`, with defaults put in.
    out: String,
    copied: usize,
}

/// The fields of the object that is being read, as they come up.
struct Fields<'s, 't> {
    schema: &'s Structural,
    /// Those that may still come.
    properties: std::slice::Iter<'s, (Box<str>, Structural)>,
    last_key: Option<&'t [u8]>,
    /// Whether a field stands before the next one.
    any: bool,
}

impl<'t> Cursor<'t> {
    fn value(&mut self, schema: &Structural) -> Option<()> {
        match self.rest.first()? {
            b'{' => self.object(schema),
            b'[' => self.list(schema),
            b'"' => self.string().map(drop),
            b't' => self.eat(b"true"),
            b'f' => self.eat(b"false"),
            // Where a null is stored was found out by whoever called.
            b'n' => self.eat(b"null"),
            _ => self.number(),
        }
    }

    fn object(&mut self, schema: &Structural) -> Option<()> {
        self.skip(1)?;
        if schema.preserve_unknown || schema.embedded {
            return None;
        }
        let properties = schema.properties();
        let mut fields = Fields { schema, properties, last_key: None, any: false };
        if self.rest.first() != Some(&b'}') {
            loop {
                let start = self.at();
                let key = self.string()?;
                if fields.last_key.is_some_and(|last| last >= key) {
                    return None;
                }
                fields.last_key = Some(key);
                self.eat(b":")?;
                let child = self.field(&mut fields, key, start)?;
                if self.rest.first() == Some(&b'n') && !child.nullable {
                    return None;
                }
                self.value(child)?;
                fields.any = true;
                if self.rest.first() != Some(&b',') {
                    break;
                }
                self.skip(1)?;
            }
        }
        let end = self.at();
        for (name, property) in fields.properties {
            if property.default.is_some() {
                self.copy_to(end)?;
                if std::mem::replace(&mut fields.any, true) {
                    self.out.push(',');
                }
                self.put_default(name, property);
            }
        }
        self.eat(b"}")
    }

    /// The schema of the next key, which begins at `start`, going forward among the properties, whose
    /// keys ascend as well. Defaults on the way are put in; `None` if the key is unknown.
    fn field<'s>(
        &mut self,
        fields: &mut Fields<'s, 't>,
        key: &[u8],
        start: usize,
    ) -> Option<&'s Structural> {
        while let Some((name, child)) = fields.properties.as_slice().first() {
            match name.as_bytes().cmp(key) {
                Ordering::Greater => break,
                Ordering::Equal => {
                    fields.properties.next();
                    return Some(child);
                }
                Ordering::Less => {
                    if child.default.is_some() {
                        self.copy_to(start)?;
                        self.put_default(name, child);
                        self.out.push(',');
                    }
                    fields.properties.next();
                }
            }
        }
        fields.schema.additional_properties()
    }

    fn put_default(&mut self, name: &str, schema: &Structural) {
        go::write_string(&mut self.out, name);
        self.out.push(':');
        if let Some(default) = coerce::field(schema, None, &mut Unknown::default()) {
            go::write_json(&mut self.out, &default);
        }
    }

    fn copy_to(&mut self, end: usize) -> Option<()> {
        self.out.push_str(self.text.get(self.copied..end)?);
        self.copied = end;
        Some(())
    }

    fn at(&self) -> usize {
        self.text.len().saturating_sub(self.rest.len())
    }

    fn list(&mut self, schema: &Structural) -> Option<()> {
        self.skip(1)?;
        let items = schema.items();
        if self.rest.first() == Some(&b']') {
            return self.skip(1);
        }
        loop {
            if self.rest.first() == Some(&b'n') && items.default.is_some() {
                return None;
            }
            self.value(items)?;
            match self.rest.first()? {
                b',' => self.skip(1)?,
                _ => return self.eat(b"]"),
            }
        }
    }

    /// What stands between the quotes.
    fn string(&mut self) -> Option<&'t [u8]> {
        self.eat(b"\"")?;
        let start = self.rest;
        loop {
            let plain = self.rest.iter().position(|byte| is_special(*byte))?;
            self.skip(plain)?;
            match self.rest.first()? {
                b'"' => break,
                b'\\' => self.escape()?,
                0xe2 if !self.rest.starts_with(b"\xe2\x80\xa8")
                    && !self.rest.starts_with(b"\xe2\x80\xa9") =>
                {
                    self.skip(1)?;
                }
                _ => return None,
            }
        }
        let text = start.get(..start.len().checked_sub(self.rest.len())?)?;
        self.skip(1)?;
        Some(text)
    }

    fn escape(&mut self) -> Option<()> {
        match self.rest.get(1)? {
            b'"' | b'\\' | b'b' | b'f' | b'n' | b'r' | b't' => self.skip(2),
            b'u' => {
                let digits = std::str::from_utf8(self.rest.get(2..6)?).ok()?;
                let lower = digits.bytes().all(|byte| !byte.is_ascii_uppercase());
                let code = u32::from_str_radix(digits, 16).ok()?;
                let needed = match code {
                    0x08 | 0x09 | 0x0a | 0x0c | 0x0d => false,
                    0x3c | 0x3e | 0x26 | 0x2028 | 0x2029 => true,
                    _ => code < 0x20,
                };
                (lower && needed).then_some(())?;
                self.skip(6)
            }
            _ => None,
        }
    }

    fn number(&mut self) -> Option<()> {
        let in_number = |byte: &u8| matches!(byte, b'0'..=b'9' | b'-' | b'+' | b'.' | b'e' | b'E');
        let end = self.rest.iter().position(|byte| !in_number(byte)).unwrap_or(self.rest.len());
        let digits = self.rest.get(..end)?;
        let short = digits.len() <= 18 && digits.iter().all(u8::is_ascii_digit);
        if !short {
            let text = std::str::from_utf8(digits).ok()?;
            let number = serde_json::from_str(text).ok()?;
            (text != "-0" && go::number_text(&number) == text).then_some(())?;
        }
        self.skip(end)
    }

    fn eat(&mut self, text: &[u8]) -> Option<()> {
        self.rest = self.rest.strip_prefix(text)?;
        Some(())
    }

    fn skip(&mut self, bytes: usize) -> Option<()> {
        self.rest = self.rest.get(bytes..)?;
        Some(())
    }
}

/// Whether a byte ends a string or does not stand for itself in one. `0xe2` begins U+2028 and U+2029,
/// which Go escapes.
fn is_special(byte: u8) -> bool {
    matches!(byte, 0..0x20 | b'"' | b'\\' | b'<' | b'>' | b'&' | 0xe2)
}
