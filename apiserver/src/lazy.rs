//! A JSON document that is parsed level by level, and only where a patch reads or changes it.
//!
//! So does [evanphx/json-patch](https://github.com/evanphx/json-patch/tree/v4.13.0), which an API
//! server uses. It can be observed: a value that was not parsed keeps its spelling and its duplicate
//! keys.

use std::borrow::Cow;
use std::collections::BTreeMap;

use volcano_job_update::internals::Cursor;

use crate::go;
use crate::syntax;

/// A value of a well-formed JSON text.
#[derive(Debug)]
pub(crate) enum Lazy<'t> {
    /// The text of a value that was not parsed, or of a scalar.
    Text(Cow<'t, str>),
    Object(BTreeMap<String, Self>),
    List(Vec<Self>),
}

/// The work that all patch operations may do together, so that a short patch cannot take long.
pub(crate) struct Budget {
    pub(crate) bytes_read: usize,
}

/// The patch needs more than the [`Budget`].
pub(crate) struct OverBudget;

impl Budget {
    fn read(&mut self, bytes: usize) -> Result<(), OverBudget> {
        self.bytes_read = self.bytes_read.checked_sub(bytes).ok_or(OverBudget)?;
        Ok(())
    }
}

impl<'t> Lazy<'t> {
    pub(crate) const NULL: Self = Self::Text(Cow::Borrowed("null"));

    /// The value of a text that is known to be well-formed JSON.
    pub(crate) fn new(text: &'t str) -> Self {
        Self::Text(Cow::Borrowed(text.trim_ascii()))
    }

    pub(crate) fn is_null(&self) -> bool {
        matches!(self, Self::Text(text) if text == "null")
    }

    /// The fields of an object; `None` for any other value.
    pub(crate) fn object(
        &mut self,
        budget: &mut Budget,
    ) -> Result<Option<&mut BTreeMap<String, Self>>, OverBudget> {
        self.parse(budget)?;
        Ok(match self {
            Self::Object(fields) => Some(fields),
            Self::Text(_) | Self::List(_) => None,
        })
    }

    /// Parses one level, unless the value is a scalar.
    pub(crate) fn parse(&mut self, budget: &mut Budget) -> Result<(), OverBudget> {
        let Self::Text(text) = self else { return Ok(()) };
        if !text.starts_with(['{', '[']) {
            return Ok(());
        }
        budget.read(text.len())?;
        *self = match std::mem::take(text) {
            Cow::Borrowed(text) => Self::parsed(text, Cow::Borrowed),
            Cow::Owned(text) => Self::parsed(&text, |part| Cow::Owned(part.to_owned())),
        };
        Ok(())
    }

    fn parsed<'p>(text: &'p str, keep: impl Fn(&'p str) -> Cow<'t, str>) -> Self {
        if text.starts_with('{') {
            let fields = members(text).into_iter();
            // The last of several fields with the same key wins.
            Self::Object(fields.map(|(key, value)| (key, Self::Text(keep(value)))).collect())
        } else {
            Self::List(elements(text).into_iter().map(|value| Self::Text(keep(value))).collect())
        }
    }

    /// Whether two values are the same, as the operation `test` compares them. Scalars are compared as
    /// text, so `1` and `1.0` differ, and so do `"<"` and `"\u003c"`, which is how the stored Job has
    /// it.
    pub(crate) fn equals(
        &mut self,
        other: &mut Self,
        budget: &mut Budget,
    ) -> Result<bool, OverBudget> {
        self.parse(budget)?;
        other.parse(budget)?;
        Ok(match (self, other) {
            (Self::Text(a), Self::Text(b)) => a == b,
            (Self::Object(a), Self::Object(b)) => {
                if a.len() != b.len() {
                    return Ok(false);
                }
                for ((key, a), (other_key, b)) in a.iter_mut().zip(b) {
                    if key != other_key || !a.equals(b, budget)? {
                        return Ok(false);
                    }
                }
                true
            }
            (Self::List(a), Self::List(b)) => {
                if a.len() != b.len() {
                    return Ok(false);
                }
                for (a, b) in a.iter_mut().zip(b) {
                    if !a.equals(b, budget)? {
                        return Ok(false);
                    }
                }
                true
            }
            _ => false,
        })
    }

    /// The number of lists and objects around the deepest value in the value.
    pub(crate) fn depth(&self, budget: &mut Budget) -> Result<usize, OverBudget> {
        match self {
            Self::Text(text) => {
                budget.read(text.len())?;
                Ok(depth_of_text(text))
            }
            Self::Object(fields) => Self::depth_around(fields.values(), budget),
            Self::List(elements) => Self::depth_around(elements.iter(), budget),
        }
    }

    fn depth_around<'v>(
        values: impl Iterator<Item = &'v Self>,
        budget: &mut Budget,
    ) -> Result<usize, OverBudget>
    where
        't: 'v,
    {
        let mut deepest = 0;
        for value in values {
            budget.read(1)?;
            deepest = deepest.max(value.depth(budget)?);
        }
        Ok(deepest + 1)
    }

    /// The value as `json.Marshal` writes it.
    pub(crate) fn to_text(&self) -> String {
        let mut text = String::new();
        self.write(&mut text);
        text
    }

    fn write(&self, out: &mut String) {
        match self {
            Self::Text(text) => go::write_raw(out, text),
            Self::Object(fields) => {
                out.push('{');
                for (position, (key, value)) in fields.iter().enumerate() {
                    go::write_key(out, position, key);
                    value.write(out);
                }
                out.push('}');
            }
            Self::List(elements) => {
                out.push('[');
                for (position, element) in elements.iter().enumerate() {
                    if position > 0 {
                        out.push(',');
                    }
                    element.write(out);
                }
                out.push(']');
            }
        }
    }
}

/// The fields of an object in a well-formed text.
#[expect(clippy::expect_used, reason = "the text is well-formed")]
pub(crate) fn members(text: &str) -> Vec<(String, &str)> {
    const WELL_FORMED: &str = "a well-formed object";
    let mut cursor = Cursor::new(text);
    let mut items = cursor.enter_object().expect(WELL_FORMED);
    let mut members = Vec::new();
    while items.next(&mut cursor).expect(WELL_FORMED) {
        let key = cursor.value().expect(WELL_FORMED);
        cursor.skip_white_space();
        assert!(cursor.eat(b':'), "{WELL_FORMED}");
        cursor.skip_white_space();
        members.push((string(key), cursor.value().expect(WELL_FORMED)));
    }
    members
}

/// The elements of a list in a well-formed text.
#[expect(clippy::expect_used, reason = "the text is well-formed")]
pub(crate) fn elements(text: &str) -> Vec<&str> {
    const WELL_FORMED: &str = "a well-formed list";
    let mut cursor = Cursor::new(text);
    let mut items = cursor.enter_list().expect(WELL_FORMED);
    let mut elements = Vec::new();
    while items.next(&mut cursor).expect(WELL_FORMED) {
        elements.push(cursor.value().expect(WELL_FORMED));
    }
    elements
}

/// Decodes a well-formed JSON string as Go does.
#[expect(clippy::expect_used, reason = "the text is well-formed")]
pub(crate) fn string(text: &str) -> String {
    serde_json::from_str(&syntax::sanitize(text.as_bytes())).expect("a well-formed string")
}

fn depth_of_text(text: &str) -> usize {
    let (mut depth, mut deepest) = (0_usize, 0);
    let mut bytes = text.bytes();
    while let Some(byte) = bytes.next() {
        match byte {
            b'{' | b'[' => {
                depth += 1;
                deepest = deepest.max(depth);
            }
            b'}' | b']' => depth -= 1,
            b'"' => skip_string(&mut bytes),
            _ => {}
        }
    }
    deepest
}

/// Skips the rest of a string.
fn skip_string(bytes: &mut impl Iterator<Item = u8>) {
    while let Some(byte) = bytes.next() {
        match byte {
            b'"' => return,
            b'\\' => drop(bytes.next()),
            _ => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn budget() -> Budget {
        Budget { bytes_read: 1000 }
    }

    #[test]
    fn only_what_is_read_is_respelled() {
        let text = r#" {"b" : {"x":1.0, "x":2e0, "\u0061": "<"}, "a": [ {"x":1,"x":1} ] , "a":[{"y":1,"y":1}]} "#;
        let mut lazy = Lazy::new(text);
        assert_eq!(
            lazy.to_text(),
            r#"{"b":{"x":1.0,"x":2e0,"\u0061":"\u003c"},"a":[{"x":1,"x":1}],"a":[{"y":1,"y":1}]}"#
        );
        let fields = lazy.object(&mut budget()).ok().flatten().unwrap();
        assert!(
            fields.get_mut("b").unwrap().object(&mut budget()).is_ok_and(|fields| fields.is_some())
        );
        assert_eq!(lazy.to_text(), r#"{"a":[{"y":1,"y":1}],"b":{"a":"\u003c","x":2e0}}"#);
    }

    #[test]
    fn depth_is_that_of_the_parsed_text() {
        for (text, depth) in
            [("1", 0), ("[]", 1), (r#"{"a": ["[[[[\"[[["]}"#, 2), ("[{}, [[]]]", 3)]
        {
            let mut lazy = Lazy::new(text);
            assert_eq!(lazy.depth(&mut budget()).ok(), Some(depth), "{text}");
            assert!(lazy.parse(&mut budget()).is_ok());
            assert_eq!(lazy.depth(&mut budget()).ok(), Some(depth), "{text}");
        }
        assert!(Lazy::new("[1,2,3]").depth(&mut Budget { bytes_read: 6 }).is_err());
    }
}
