//! The structural schema of a CRD, and what an API server makes of a value by it: unknown fields are
//! pruned, nulls dropped, defaults filled in.
//!
//! The rules are those of [apiextensions-apiserver](https://github.com/kubernetes/apiextensions-apiserver/tree/master/pkg/apiserver/schema):
//! `pruning`, `defaulting`.

mod canonical;

use std::fmt::Write as _;

use serde_json::{Map, Number, Value};

use crate::go;
use crate::path::Segment;

/// A node of a structural schema, as far as it decides what is stored.
#[derive(Debug)]
pub(crate) struct Structural {
    /// Sorted by name.
    properties: Vec<(Box<str>, Structural)>,
    /// What stands under a key that is none of the properties.
    additional: Option<Box<Structural>>,
    items: Option<Box<Structural>>,
    default: Option<Value>,
    /// What is written where the default is filled in.
    default_text: Option<Box<str>>,
    nullable: bool,
    preserve_unknown: bool,
    /// A resource of its own, whose apiVersion, kind and metadata are not pruned.
    embedded: bool,
    number: NumberRule,
}

/// What the schema says of a number.
#[derive(Debug, Default)]
pub(crate) struct NumberRule {
    /// `int32` or `int64`.
    pub(crate) format: Option<Box<str>>,
    pub(crate) minimum: Option<Number>,
    pub(crate) maximum: Option<Number>,
}

/// The fields that were pruned, each with its path as an API server writes it.
#[derive(Debug, Default)]
pub(crate) struct Unknown {
    place: String,
    pub(crate) fields: Vec<String>,
}

impl Unknown {
    /// Starts at a place, whose path is given.
    pub(crate) fn at(&mut self, place: &str) -> &mut Self {
        self.place.clear();
        self.place.push_str(place);
        self
    }

    fn key<T>(&mut self, key: &str, visit: impl FnOnce(&mut Self) -> T) -> T {
        let length = self.place.len();
        if length > 0 {
            self.place.push('.');
        }
        self.place.push_str(key);
        let result = visit(self);
        self.place.truncate(length);
        result
    }

    fn index<T>(&mut self, index: usize, visit: impl FnOnce(&mut Self) -> T) -> T {
        let length = self.place.len();
        // Writing to a String cannot fail.
        let _ = write!(self.place, "[{index}]");
        let result = visit(self);
        self.place.truncate(length);
        result
    }

    /// Notes a field that stands at the current place.
    pub(crate) fn note(&mut self, key: &str) {
        let path = self.key(key, |unknown| unknown.place.clone());
        self.fields.push(path);
    }
}

impl Structural {
    /// The schema of an object without fields.
    pub(crate) const EMPTY: Self = Self {
        properties: Vec::new(),
        additional: None,
        items: None,
        default: None,
        default_text: None,
        nullable: false,
        preserve_unknown: false,
        embedded: false,
        number: NumberRule { format: None, minimum: None, maximum: None },
    };

    /// Reads an OpenAPI schema.
    pub(crate) fn of(schema: &Value) -> Self {
        let says = |key| schema.get(key) == Some(&Value::Bool(true));
        let below = |key| schema.get(key).filter(|below| below.is_object());
        let boxed = |below: &Value| Box::new(Self::of(below));
        let named = |(name, below): (&String, &Value)| (name.as_str().into(), Self::of(below));
        let properties = below("properties").and_then(Value::as_object);
        let mut properties: Vec<(Box<str>, Self)> =
            properties.into_iter().flatten().map(named).collect();
        properties.sort_unstable_by(|(a, _), (b, _)| a.cmp(b));
        let mut read = Self {
            properties,
            additional: below("additionalProperties").map(boxed),
            items: below("items").map(boxed),
            default: schema.get("default").filter(|default| !default.is_null()).cloned(),
            nullable: says("nullable"),
            preserve_unknown: says("x-kubernetes-preserve-unknown-fields"),
            embedded: says("x-kubernetes-embedded-resource"),
            number: NumberRule::of(schema),
            default_text: None,
        };
        let default = read.coerce_field(None, &mut Unknown::default());
        read.default_text = default.as_ref().map(|default| text_of(default).into());
        read
    }

    /// The schema of what stands under a key; `None` if it is pruned.
    pub(crate) fn child(&self, key: &str) -> Option<&Self> {
        self.property(key).or(self.additional.as_deref())
    }

    fn property(&self, key: &str) -> Option<&Self> {
        let found = self.properties.binary_search_by(|(name, _)| (**name).cmp(key)).ok()?;
        self.properties.get(found).map(|(_, schema)| schema)
    }

    /// The schema of the elements of a list.
    pub(crate) fn items(&self) -> Option<&Self> {
        self.items.as_deref()
    }

    /// What is said of a number at a place; nothing if there is no such place.
    pub(crate) fn number_rule(&self, place: &[Segment]) -> Option<&NumberRule> {
        let mut schema = self;
        for segment in place {
            schema = match segment {
                Segment::Key(key) => schema.child(key)?,
                Segment::Index(_) => schema.items()?,
            };
        }
        Some(&schema.number)
    }

    /// The fields that have a default.
    pub(crate) fn defaults(&self) -> impl Iterator<Item = (&str, &Self)> {
        let with_default = self.properties.iter().filter(|(_, schema)| schema.default.is_some());
        with_default.map(|(name, schema)| (&**name, schema))
    }

    /// What is stored of a field of this schema: of what was sent, or where nothing was.
    pub(crate) fn coerce_field(&self, sent: Option<Value>, unknown: &mut Unknown) -> Option<Value> {
        let mut value = match sent {
            Some(Value::Null) if self.nullable => return Some(Value::Null),
            None | Some(Value::Null) => self.default.clone()?,
            Some(value) => value,
        };
        self.coerce(&mut value, unknown);
        Some(value)
    }

    /// What is stored of an element of a list of this schema. A `null` without a default stays.
    pub(crate) fn coerce_item(&self, mut sent: Value, unknown: &mut Unknown) -> Value {
        if sent.is_null() && !self.nullable {
            sent = self.default.clone().unwrap_or_default();
        }
        self.coerce(&mut sent, unknown);
        sent
    }

    fn coerce(&self, value: &mut Value, unknown: &mut Unknown) {
        match value {
            Value::Object(map) => self.coerce_map(map, unknown),
            Value::Array(list) => {
                for (index, item) in list.iter_mut().enumerate() {
                    let sent = item.take();
                    *item = unknown.index(index, |unknown| match &self.items {
                        Some(items) => items.coerce_item(sent, unknown),
                        None => pruned(sent, unknown),
                    });
                }
            }
            Value::Number(number) => {
                // An integer that fits no int64 was read as a double.
                if let (true, Some(double)) = (number.is_u64() && !number.is_i64(), number.as_f64())
                {
                    *value = double.into();
                }
            }
            Value::Null | Value::Bool(_) | Value::String(_) => {}
        }
    }

    fn coerce_map(&self, map: &mut Map<String, Value>, unknown: &mut Unknown) {
        let mut kept = Map::new();
        for (key, sent) in std::mem::take(map) {
            if let Some(schema) = self.child(&key) {
                let stored = unknown.key(&key, |unknown| schema.coerce_field(Some(sent), unknown));
                if let Some(stored) = stored {
                    kept.insert(key, stored);
                }
            } else if self.preserve_unknown || (self.embedded && is_type_or_metadata(&key)) {
                kept.insert(key, sent);
            } else {
                unknown.note(&key);
            }
        }
        for (name, schema) in self.defaults() {
            if !kept.contains_key(name) {
                let default = schema.coerce_field(None, unknown);
                kept.extend(default.map(|default| (name.to_owned(), default)));
            }
        }
        *map = kept;
    }
}

impl NumberRule {
    fn of(schema: &Value) -> Self {
        let number = |key| schema.get(key).and_then(Value::as_number).cloned();
        let format = schema.get("format").and_then(Value::as_str);
        Self {
            format: format.filter(|format| format.starts_with("int")).map(Box::from),
            minimum: number("minimum"),
            maximum: number("maximum"),
        }
    }
}

fn is_type_or_metadata(key: &str) -> bool {
    matches!(key, "apiVersion" | "kind" | "metadata")
}

/// What is left of a value that no schema describes: lists of nothing but scalars.
fn pruned(value: Value, unknown: &mut Unknown) -> Value {
    match value {
        Value::Object(map) => {
            map.keys().for_each(|key| unknown.note(key));
            Value::Object(Map::new())
        }
        Value::Array(list) => {
            let item = |(index, item)| unknown.index(index, |unknown| pruned(item, unknown));
            list.into_iter().enumerate().map(item).collect()
        }
        scalar => scalar,
    }
}

/// The text of a value as an API server stores it.
pub(crate) fn text_of(value: &Value) -> String {
    let mut text = String::new();
    go::write_json(&mut text, value);
    text
}

#[cfg(test)]
mod tests {
    use std::borrow::Cow;

    use serde_json::json;

    use super::*;

    fn schema() -> Structural {
        Structural::of(&json!({
            "properties": {
                "name": {"type": "string"},
                "port": {"type": "object", "properties": {
                    "number": {"type": "integer"},
                    "protocol": {"type": "string", "default": "TCP"},
                }},
                "ports": {"type": "array", "items": {"type": "object", "properties": {
                    "protocol": {"type": "string", "default": "TCP"},
                }}},
                "labels": {"type": "object", "additionalProperties": {"type": "string"}},
                "retry": {"type": "integer", "default": 3},
                "open": {"type": "object", "x-kubernetes-preserve-unknown-fields": true},
                "maybe": {"type": "string", "nullable": true},
                "closed": {"type": "object"},
            },
        }))
    }

    #[test]
    fn prunes_drops_nulls_and_fills_in_defaults() {
        for (sent, stored, unknown) in [
            (json!({}), json!({"retry": 3}), &[][..]),
            (
                json!({"retry": null, "name": null, "maybe": null}),
                json!({"retry": 3, "maybe": null}),
                &[],
            ),
            (json!({"retry": 0, "nmae": "a"}), json!({"retry": 0}), &["nmae"]),
            (
                json!({"port": {"x": 1}, "ports": [{"y": 1}, null, {"protocol": null}]}),
                json!({"port": {"protocol": "TCP"}, "retry": 3,
                    "ports": [{"protocol": "TCP"}, null, {"protocol": "TCP"}]}),
                &["port.x", "ports[0].y"],
            ),
            (
                json!({"labels": {"a": null, "b": "c"}, "open": {"a": {"b": null}}, "closed": {"a": 1}}),
                json!({"labels": {"b": "c"}, "open": {"a": {"b": null}}, "closed": {}, "retry": 3}),
                &["closed.a"],
            ),
        ] {
            let mut found = Unknown::default();
            let coerced = schema().coerce_field(Some(sent.clone()), &mut found);
            assert_eq!(coerced, Some(stored), "{sent}");
            found.fields.sort();
            assert_eq!(found.fields, unknown, "{sent}");
        }
    }

    fn stored(text: &str) -> String {
        let sent = serde_json::from_str(text).unwrap();
        text_of(&schema().coerce_field(Some(sent), &mut Unknown::default()).unwrap())
    }

    #[test]
    fn a_text_is_canonical_if_it_is_stored_as_it_is() {
        for text in [
            r#"{"retry":3}"#,
            r#"{"labels":{"a":"","b/c":"d"},"retry":-3}"#,
            r#"{"name":"é\n\u003c\u2028","port":{"protocol":"UDP"},"ports":[null,{"protocol":"TCP"}],"retry":1.5}"#,
            r#"{"maybe":null,"retry":9223372036854775807}"#,
        ] {
            assert_eq!(schema().normal(text), Some(Cow::Borrowed(text)));
            assert_eq!(stored(text), text);
        }
    }

    #[test]
    fn missing_defaults_are_put_into_a_text() {
        for text in [
            "{}",
            r#"{"name":"a"}"#,
            r#"{"port":{},"ports":[{},{"protocol":"UDP"},{}]}"#,
            r#"{"labels":{"a":"b"},"port":{"number":1}}"#,
        ] {
            let normal = schema().normal(text);
            assert!(matches!(normal, Some(Cow::Owned(_))), "{text}");
            assert_eq!(normal.unwrap(), stored(text));
        }
    }

    #[test]
    fn other_texts_have_to_be_parsed() {
        for text in [
            r#"{"retry": 3}"#,
            r#"{"retry":3.0}"#,
            r#"{"retry":-0}"#,
            r#"{"retry":9223372036854775808}"#,
            r#"{"retry":3,"name":"a"}"#,
            r#"{"name":"a","name":"a","retry":3}"#,
            r#"{"labels":{"b":"","a":""},"retry":3}"#,
            r#"{"labels":{"a":"","a":""},"retry":3}"#,
            r#"{"labels":{"a":null},"retry":3}"#,
            r#"{"name":"<","retry":3}"#,
            r#"{"name":"\u003C","retry":3}"#,
            r#"{"name":"\u0041","retry":3}"#,
            r#"{"name":"\/","retry":3}"#,
            r#"{"nmae":"","retry":3}"#,
            r#"{"name":null,"retry":3}"#,
            r#"{"open":{},"retry":3}"#,
            "{\"name\":\"\u{2028}\",\"retry\":3}",
        ] {
            assert_eq!(schema().normal(text), None, "{text}");
        }
    }
}
