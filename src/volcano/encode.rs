//! A Job as Go writes it again after decoding it, with `json.Marshal`, or as Go holds it.

use serde_json::{Map, Value};

use super::types::{Fields, GoKind, GoType, TABLE};
use crate::job::Node;
use crate::scalar::duration::{format_duration, parse_duration};
use crate::scalar::quantity_text::WrittenQuantity;
use crate::scalar::time::{format_time, parse_time};

/// What happens to a list or map that is empty, but not absent.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum EmptyLists {
    /// It is written only if an absent one is written too.
    Omit,
    Keep,
}

/// Writes a Job that can be decoded.
pub(super) fn encode(job: Node<'_>, empty_lists: EmptyLists) -> Value {
    Encoder { empty_lists }.value(job, &TABLE.job)
}

struct Encoder {
    empty_lists: EmptyLists,
}

impl Encoder {
    /// A value of a type that is not omitted. `null` is the zero value.
    fn value(&self, node: Node<'_>, go: &GoType) -> Value {
        match &go.kind {
            GoKind::Struct(position) => self.structure(node, TABLE.fields(*position)),
            GoKind::Quantity => quantity(node).into(),
            _ if node.is_null() => zero(&go.kind),
            GoKind::Pointer(pointee) => self.value(node, pointee),
            GoKind::Slice(element) => {
                node.elements().map(|node| self.value(node, element)).collect()
            }
            GoKind::Map(values) => node
                .members()
                .map(|(key, node)| (key.to_str().into_owned(), self.value(node, values)))
                .collect(),
            GoKind::Duration => {
                node.to_str().and_then(|text| parse_duration(&text)).map(format_duration).into()
            }
            GoKind::Time => time(node).into(),
            GoKind::Integer(_) => node.as_integer().into(),
            GoKind::Bool | GoKind::String | GoKind::IntOrString | GoKind::Raw => node.to_value(),
        }
    }

    fn structure(&self, node: Node<'_>, fields: &Fields) -> Value {
        let mut written = Map::new();
        for (key, go) in fields.iter() {
            let field = node.get(key).unwrap_or(Node::NULL);
            let is_kept = field.is_empty() && self.empty_lists == EmptyLists::Keep;
            let is_empty = field.is_null() || is_zero(field, &go.kind) && !is_kept;
            if !is_empty || fields.is_written_empty(key) {
                written.insert(key.to_owned(), self.value(field, go));
            }
        }
        Value::Object(written)
    }
}

/// Whether a value that is not `null` is what `omitempty` omits.
fn is_zero(node: Node<'_>, kind: &GoKind) -> bool {
    match kind {
        GoKind::Slice(_) | GoKind::Map(_) => node.is_empty(),
        GoKind::Integer(_) => node.as_integer() == Some(0),
        GoKind::Bool => node.text() == "false",
        GoKind::String => node.to_str().is_some_and(|text| text.is_empty()),
        // `omitzero`: the zero of `time.Time`.
        GoKind::Time => time(node).is_none(),
        GoKind::Pointer(_)
        | GoKind::Struct(_)
        | GoKind::Quantity
        | GoKind::Duration
        | GoKind::IntOrString
        | GoKind::Raw => false,
    }
}

fn zero(kind: &GoKind) -> Value {
    match kind {
        GoKind::Bool => false.into(),
        GoKind::Integer(_) | GoKind::IntOrString => 0.into(),
        GoKind::String => "".into(),
        GoKind::Duration => format_duration(0).into(),
        // The others do not get here.
        GoKind::Time
        | GoKind::Raw
        | GoKind::Pointer(_)
        | GoKind::Slice(_)
        | GoKind::Map(_)
        | GoKind::Struct(_)
        | GoKind::Quantity => Value::Null,
    }
}

fn quantity(node: Node<'_>) -> String {
    let text = node.to_str().unwrap_or_else(|| node.text().into());
    // `null` is no quantity, and decoded as zero.
    WrittenQuantity::read(&text).map_or_else(|| "0".into(), |quantity| quantity.to_string())
}

fn time(node: Node<'_>) -> Option<String> {
    node.to_str().and_then(|text| parse_time(&text)).and_then(format_time)
}
