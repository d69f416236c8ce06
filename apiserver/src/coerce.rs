//! Pruning and defaulting: what an API server stores of a value. Unknown fields are pruned, `null` is
//! dropped, defaults are filled in.
//!
//! The rules are those of [apiextensions-apiserver](https://github.com/kubernetes/apiextensions-apiserver/tree/master/pkg/apiserver/schema):
//! `pruning`, `defaulting`.

use std::fmt::Write as _;

use serde_json::{Map, Value};
use volcano_job_update::internals::Structural;

/// The fields that were pruned, each with its path as an API server writes it: `spec.tasks[0].replica`.
#[derive(Debug, Default)]
pub(crate) struct Unknown {
    /// The path of the value that is being pruned.
    place: String,
    pub(crate) fields: Vec<String>,
}

impl Unknown {
    /// Continues at the value with this path.
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

    /// Adds a field of the current value.
    pub(crate) fn note(&mut self, key: &str) {
        let path = self.key(key, |unknown| unknown.place.clone());
        self.fields.push(path);
    }
}

/// What is stored of a field, given the value that was sent, if any.
pub(crate) fn field(
    schema: &Structural,
    sent: Option<Value>,
    unknown: &mut Unknown,
) -> Option<Value> {
    match sent {
        Some(Value::Null) if schema.nullable => Some(Value::Null),
        None | Some(Value::Null) => schema.default.clone(),
        Some(mut value) => {
            coerce(schema, &mut value, unknown);
            Some(value)
        }
    }
}

/// What is stored of an element of a list. `null` stays if there is no default.
pub(crate) fn item(schema: &Structural, mut sent: Value, unknown: &mut Unknown) -> Value {
    match &schema.default {
        Some(default) if sent.is_null() && !schema.nullable => default.clone(),
        _ => {
            coerce(schema, &mut sent, unknown);
            sent
        }
    }
}

fn coerce(schema: &Structural, value: &mut Value, unknown: &mut Unknown) {
    match value {
        Value::Object(map) => coerce_map(schema, map, unknown),
        Value::Array(list) => {
            for (index, element) in list.iter_mut().enumerate() {
                let sent = element.take();
                *element = unknown.index(index, |unknown| item(schema.items(), sent, unknown));
            }
        }
        Value::Number(number) => {
            // An API server decodes an integer that does not fit an int64 as a double.
            if let (true, Some(double)) = (number.is_u64() && !number.is_i64(), number.as_f64()) {
                *value = double.into();
            }
        }
        Value::Null | Value::Bool(_) | Value::String(_) => {}
    }
}

fn coerce_map(schema: &Structural, map: &mut Map<String, Value>, unknown: &mut Unknown) {
    let mut stored = Map::new();
    for (key, sent) in std::mem::take(map) {
        if let Some(child) = schema.declared_child(&key) {
            if let Some(value) = unknown.key(&key, |unknown| field(child, Some(sent), unknown)) {
                stored.insert(key, value);
            }
        } else if schema.preserve_unknown || (schema.embedded && is_type_or_metadata(&key)) {
            stored.insert(key, sent);
        } else {
            unknown.note(&key);
        }
    }
    for (name, default) in schema.defaults() {
        if !stored.contains_key(name) {
            stored.insert(name.to_owned(), default.clone());
        }
    }
    *map = stored;
}

fn is_type_or_metadata(key: &str) -> bool {
    matches!(key, "apiVersion" | "kind" | "metadata")
}

#[cfg(test)]
mod tests {
    use std::borrow::Cow;

    use serde_json::json;

    use super::*;
    use crate::canonical::normal;
    use crate::go::text_of;

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
    fn field_prunes_drops_nulls_and_fills_in_defaults() {
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
            let coerced = field(&schema(), Some(sent.clone()), &mut found);
            assert_eq!(coerced, Some(stored), "{sent}");
            found.fields.sort();
            assert_eq!(found.fields, unknown, "{sent}");
        }
    }

    fn stored(text: &str) -> String {
        let sent = serde_json::from_str(text).unwrap();
        text_of(&field(&schema(), Some(sent), &mut Unknown::default()).unwrap())
    }

    #[test]
    fn normal_borrows_a_text_that_is_stored_as_it_is() {
        for text in [
            r#"{"retry":3}"#,
            r#"{"labels":{"a":"","b/c":"d"},"retry":-3}"#,
            r#"{"name":"é\n\u003c\u2028","port":{"protocol":"UDP"},"ports":[null,{"protocol":"TCP"}],"retry":1.5}"#,
            r#"{"maybe":null,"retry":9223372036854775807}"#,
        ] {
            assert_eq!(normal(&schema(), text), Some(Cow::Borrowed(text)));
            assert_eq!(stored(text), text);
        }
    }

    #[test]
    fn normal_inserts_missing_defaults() {
        for text in [
            "{}",
            r#"{"name":"a"}"#,
            r#"{"port":{},"ports":[{},{"protocol":"UDP"},{}]}"#,
            r#"{"labels":{"a":"b"},"port":{"number":1}}"#,
        ] {
            let normal = normal(&schema(), text);
            assert!(matches!(normal, Some(Cow::Owned(_))), "{text}");
            assert_eq!(normal.unwrap(), stored(text));
        }
    }

    #[test]
    fn normal_is_none_for_other_texts() {
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
            assert_eq!(normal(&schema(), text), None, "{text}");
        }
    }
}
