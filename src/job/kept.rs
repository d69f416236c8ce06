//! A value that is kept after the Job that contains it.

use std::fmt;
use std::sync::OnceLock;

use serde_json::Value;

use super::tree::{Document, Node};

/// A copy of a value. An object or list is copied as text, which takes less memory than a parsed
/// value, and parsed if it is asked for.
#[derive(Clone)]
pub(crate) struct KeptValue(Kept);

#[derive(Clone)]
enum Kept {
    Scalar(Value),
    Container(Box<Container>),
}

#[derive(Clone)]
struct Container {
    text: Box<str>,
    parsed: OnceLock<Value>,
}

impl KeptValue {
    pub(crate) fn get(&self) -> &Value {
        match &self.0 {
            Kept::Scalar(value) => value,
            Kept::Container(kept) => kept.parsed.get_or_init(|| kept.parse()),
        }
    }

    /// The value, unless it is an object or list.
    pub(crate) fn scalar(&self) -> Option<&Value> {
        match &self.0 {
            Kept::Scalar(value) => Some(value),
            Kept::Container(_) => None,
        }
    }

    pub(crate) fn to_value(&self) -> Value {
        match &self.0 {
            Kept::Scalar(value) => value.clone(),
            Kept::Container(kept) => kept.parsed.get().map_or_else(|| kept.parse(), Value::clone),
        }
    }
}

impl Container {
    #[expect(clippy::expect_used, reason = "the text is that of a node")]
    fn parse(&self) -> Value {
        serde_json::from_str(&self.text).expect("a document is well-formed")
    }
}

/// Shows no value, because values can be secrets.
impl fmt::Debug for KeptValue {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("KeptValue").finish_non_exhaustive()
    }
}

impl From<Node<'_>> for KeptValue {
    fn from(node: Node<'_>) -> Self {
        Self(if node.is_list() || node.is_object() {
            let container = Container { text: node.text().into(), parsed: OnceLock::new() };
            Kept::Container(Box::new(container))
        } else {
            Kept::Scalar(node.to_value())
        })
    }
}

impl From<Value> for KeptValue {
    fn from(value: Value) -> Self {
        match value {
            Value::Array(_) | Value::Object(_) => Document::of_value(&value).root().into(),
            scalar => Self(Kept::Scalar(scalar)),
        }
    }
}

impl PartialEq for KeptValue {
    fn eq(&self, other: &Self) -> bool {
        self.get() == other.get()
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_kept_value_is_the_value() {
        for text in ["3", "\"a\"", "null", "[1, {\"a\": []}]", "{ }"] {
            let value: Value = serde_json::from_str(text).unwrap();
            let of_node = KeptValue::from(Document::of_text(text).unwrap().root());
            assert_eq!(of_node.to_value(), value);
            assert_eq!(of_node.get(), &value);
            assert_eq!(of_node.to_value(), value, "parsed before");
            assert!(of_node == KeptValue::from(value.clone()));
            assert!(of_node != KeptValue::from(json!([1, {"a": [2]}])));
        }
    }
}
