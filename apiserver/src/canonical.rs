//! Canonical encoding without parsing: copies a JSON text that is already what an API server
//! stores.

use std::borrow::Cow;
use std::cmp::Ordering;

use serde_json::Value;
use volcano_job_update::internals::{Cursor, Structural};

use crate::go;

/// The encoding that an API server stores for a well-formed JSON text: the text itself, or the text
/// with missing defaults inserted. `None` if other changes may be necessary.
///
/// This takes one pass and allocates only if a default is missing, so an unchanged field is copied
/// instead of parsed and encoded again.
pub(crate) fn canonicalize<'t>(schema: &Structural, text: &'t str) -> Option<Cow<'t, str>> {
    let mut copier = Copier { cursor: Cursor::new(text), out: String::new(), copied: 0 };
    copier.value(schema)?;
    if copier.cursor.offset() != text.len() {
        return None;
    }
    if copier.copied == 0 && copier.out.is_empty() {
        return Some(Cow::Borrowed(text));
    }
    copier.copy_to(text.len());
    Some(Cow::Owned(copier.out))
}

/// Reads a canonical text. The methods return `None` if the text is not canonical.
struct Copier<'t> {
    cursor: Cursor<'t>,
    /// The text up to the offset `copied`, with defaults inserted.
    out: String,
    copied: usize,
}

/// The state of an object while it is read.
struct Fields<'s, 't> {
    schema: &'s Structural,
    /// The properties that may still follow.
    properties: std::slice::Iter<'s, (Box<str>, Structural)>,
    last_key: Option<&'t str>,
    /// Whether the result already has a field, so that the next one needs a comma.
    has_field: bool,
}

impl<'t> Copier<'t> {
    fn value(&mut self, schema: &Structural) -> Option<()> {
        match self.cursor.peek()? {
            b'{' => self.object(schema),
            b'[' => self.list(schema),
            b'"' => self.string().map(drop),
            b't' => self.eat_text("true"),
            b'f' => self.eat_text("false"),
            // The caller has checked that null may be stored here.
            b'n' => self.eat_text("null"),
            _ => self.number(),
        }
    }

    fn object(&mut self, schema: &Structural) -> Option<()> {
        self.eat(b'{')?;
        if schema.preserve_unknown || schema.embedded {
            return None;
        }
        let properties = schema.properties();
        let mut fields = Fields { schema, properties, last_key: None, has_field: false };
        if self.cursor.peek() != Some(b'}') {
            self.member(&mut fields)?;
            while self.cursor.eat(b',') {
                self.member(&mut fields)?;
            }
        }
        let end = self.cursor.offset();
        for (name, property) in fields.properties {
            if let Some(default) = &property.default {
                self.copy_to(end);
                if std::mem::replace(&mut fields.has_field, true) {
                    self.out.push(',');
                }
                self.insert_default(name, default);
            }
        }
        self.eat(b'}')
    }

    fn member(&mut self, fields: &mut Fields<'_, 't>) -> Option<()> {
        let start = self.cursor.offset();
        let key = self.string()?;
        // Go sorts keys without their escapes.
        if key.contains('\\') || fields.last_key.is_some_and(|last| last >= key) {
            return None;
        }
        fields.last_key = Some(key);
        self.eat(b':')?;
        let schema = self.field_schema(fields, key, start)?;
        if self.cursor.peek() == Some(b'n') && !schema.nullable {
            return None;
        }
        self.value(schema)?;
        fields.has_field = true;
        Some(())
    }

    /// The schema of the field whose key begins at the offset `start`; `None` if the key is
    /// unknown. Inserts the missing defaults that precede the field: both keys and properties are
    /// sorted.
    fn field_schema<'s>(
        &mut self,
        fields: &mut Fields<'s, 't>,
        key: &str,
        start: usize,
    ) -> Option<&'s Structural> {
        while let Some((name, property)) = fields.properties.as_slice().first() {
            match (**name).cmp(key) {
                Ordering::Greater => break,
                Ordering::Equal => {
                    fields.properties.next();
                    return Some(property);
                }
                Ordering::Less => {
                    if let Some(default) = &property.default {
                        self.copy_to(start);
                        self.insert_default(name, default);
                        self.out.push(',');
                    }
                    fields.properties.next();
                }
            }
        }
        fields.schema.additional_properties()
    }

    fn insert_default(&mut self, name: &str, default: &Value) {
        go::write_key(&mut self.out, 0, name);
        go::write_json(&mut self.out, default);
    }

    fn copy_to(&mut self, end: usize) {
        self.out.push_str(self.cursor.slice(self.copied..end));
        self.copied = end;
    }

    fn list(&mut self, schema: &Structural) -> Option<()> {
        self.eat(b'[')?;
        let items = schema.items();
        if self.cursor.eat(b']') {
            return Some(());
        }
        loop {
            if self.cursor.peek() == Some(b'n') && items.default.is_some() {
                return None;
            }
            self.value(items)?;
            if !self.cursor.eat(b',') {
                return self.eat(b']');
            }
        }
    }

    /// Reads a string that escapes exactly the characters that Go escapes. Returns the text between
    /// the quotes.
    fn string(&mut self) -> Option<&'t str> {
        self.eat(b'"')?;
        let start = self.cursor.offset();
        loop {
            self.cursor.advance(go::plain_length(self.cursor.rest()));
            match self.cursor.peek()? {
                b'"' => break,
                b'\\' => self.escape()?,
                _ => return None,
            }
        }
        let text = self.cursor.text_since(start);
        self.cursor.advance(1);
        Some(text)
    }

    fn escape(&mut self) -> Option<()> {
        let escape = self.cursor.rest();
        let length = match escape.as_bytes().get(1)? {
            b'"' | b'\\' | b'b' | b'f' | b'n' | b'r' | b't' => 2,
            b'u' => {
                let digits = escape.get(2..6)?;
                let code = u32::from_str_radix(digits, 16).ok()?;
                let is_needed = match code {
                    0x08 | 0x09 | 0x0a | 0x0c | 0x0d => false,
                    0x3c | 0x3e | 0x26 | 0x2028 | 0x2029 => true,
                    _ => code < 0x20,
                };
                let is_lower_case = digits.bytes().all(|byte| !byte.is_ascii_uppercase());
                (is_needed && is_lower_case).then_some(6)?
            }
            _ => return None,
        };
        self.cursor.advance(length);
        Some(())
    }

    fn number(&mut self) -> Option<()> {
        let in_number = |byte| matches!(byte, b'0'..=b'9' | b'-' | b'+' | b'.' | b'e' | b'E');
        let rest = self.cursor.rest();
        let end = rest.bytes().position(|byte| !in_number(byte)).unwrap_or(rest.len());
        let (text, _) = rest.split_at(end);
        go::is_number_text(text).then_some(())?;
        self.cursor.advance(end);
        Some(())
    }

    fn eat(&mut self, byte: u8) -> Option<()> {
        self.cursor.eat(byte).then_some(())
    }

    fn eat_text(&mut self, text: &str) -> Option<()> {
        self.cursor.eat_text(text).then_some(())
    }
}
