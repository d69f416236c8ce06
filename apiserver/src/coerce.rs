//! Pruning and defaulting of values before they are stored: unknown fields are pruned, `null` is
//! dropped, defaults are filled in.
//!
//! The rules are those of
//! [apiextensions-apiserver](https://github.com/kubernetes/apiextensions-apiserver/tree/master/pkg/apiserver/schema):
//! `pruning`, `defaulting`.

use std::fmt::Write as _;

use serde_json::{Map, Value};
use volcano_job_update::internals::Structural;

/// The pruned fields, each with its path as an API server writes it: `spec.tasks[0].replica`.
#[derive(Debug, Default)]
pub(crate) struct Unknown {
    /// The path of the current value.
    path: String,
    pub(crate) fields: Vec<String>,
}

impl Unknown {
    /// Moves to the value at this path.
    pub(crate) fn at(&mut self, path: &str) -> &mut Self {
        self.path.clear();
        self.path.push_str(path);
        self
    }

    fn key<T>(&mut self, key: &str, visit: impl FnOnce(&mut Self) -> T) -> T {
        let length = self.path.len();
        if length > 0 {
            self.path.push('.');
        }
        self.path.push_str(key);
        let result = visit(self);
        self.path.truncate(length);
        result
    }

    fn index<T>(&mut self, index: usize, visit: impl FnOnce(&mut Self) -> T) -> T {
        let length = self.path.len();
        // Writing to a String cannot fail.
        let _ = write!(self.path, "[{index}]");
        let result = visit(self);
        self.path.truncate(length);
        result
    }

    /// Adds a field of the current value.
    pub(crate) fn note(&mut self, key: &str) {
        let path = self.key(key, |unknown| unknown.path.clone());
        self.fields.push(path);
    }
}

/// The value to store for a field, given its value in the request, if any.
pub(crate) fn field(
    schema: &Structural,
    value: Option<Value>,
    unknown: &mut Unknown,
) -> Option<Value> {
    match value {
        Some(Value::Null) if schema.nullable => Some(Value::Null),
        None | Some(Value::Null) => schema.default.clone(),
        Some(mut value) => {
            coerce(schema, &mut value, unknown);
            Some(value)
        }
    }
}

/// The value to store for a list element. `null` stays if there is no default.
pub(crate) fn item(schema: &Structural, mut value: Value, unknown: &mut Unknown) -> Value {
    match &schema.default {
        Some(default) if value.is_null() && !schema.nullable => default.clone(),
        _ => {
            coerce(schema, &mut value, unknown);
            value
        }
    }
}

fn coerce(schema: &Structural, value: &mut Value, unknown: &mut Unknown) {
    match value {
        Value::Object(map) => coerce_map(schema, map, unknown),
        Value::Array(list) => {
            for (index, element) in list.iter_mut().enumerate() {
                let value = element.take();
                *element = unknown.index(index, |unknown| item(schema.items(), value, unknown));
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
    for (key, value) in std::mem::take(map) {
        if let Some(child) = schema.declared_child(&key) {
            if let Some(value) = unknown.key(&key, |unknown| field(child, Some(value), unknown)) {
                stored.insert(key, value);
            }
        } else if schema.preserve_unknown || (schema.embedded && is_type_or_metadata(&key)) {
            stored.insert(key, value);
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
    use crate::canonical::canonicalize;
    use crate::go::text_of;
    use crate::respell::respell;

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
        for (value, stored, unknown) in [
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
            let mut reported = Unknown::default();
            let coerced = field(&schema(), Some(value.clone()), &mut reported);
            assert_eq!(coerced, Some(stored), "{value}");
            reported.fields.sort();
            assert_eq!(reported.fields, unknown, "{value}");
        }
    }

    fn stored(text: &str) -> String {
        let value = serde_json::from_str(text).unwrap();
        text_of(&field(&schema(), Some(value), &mut Unknown::default()).unwrap())
    }

    /// The expected text is that of the parsed value.
    #[test]
    fn respell_writes_what_is_stored() {
        for text in [
            r#"{"retry":3}"#,
            r#"{ "retry" : 0 ,"name":"a" , "port":{ "protocol":"UDP","number":1 } }"#,
            r#"{"name":"\u0041\/\u003C<\u2028é\n","maybe":null,"\u0072etry":1.5}"#,
            r#"{"ports":[{},{"protocol":null},null,{"protocol":"UDP"}],"name":null,"retry":null}"#,
            r#"{"labels":{"b":null,"c":"","a/\u003e":"\"","\u0000":""},"closed":{}}"#,
            r#"{"retry":-9223372036854775808,"maybe":"","port":{"number":1e+21}}"#,
        ] {
            assert_eq!(respell(&schema(), text).as_deref(), Some(&*stored(text)), "{text}");
        }
    }

    #[test]
    fn respell_is_none_for_what_must_be_parsed() {
        for text in [
            r#"{"retry": 3.0}"#,
            r#"{"retry": -0}"#,
            r#"{"name": "a", "\u006eame": "a"}"#,
            r#"{"nmae": ""}"#,
            r#"{"port": {"x": null}}"#,
            r#"{"open": {}}"#,
        ] {
            assert_eq!(respell(&schema(), text), None, "{text}");
        }
    }

    #[test]
    fn canonicalize_borrows_canonical_text() {
        for text in [
            r#"{"retry":3}"#,
            r#"{"labels":{"a":"","b/c":"d"},"retry":-3}"#,
            r#"{"name":"é\n\u003c\u2028","port":{"protocol":"UDP"},"ports":[null,{"protocol":"TCP"}],"retry":1.5}"#,
            r#"{"maybe":null,"retry":9223372036854775807}"#,
        ] {
            assert_eq!(canonicalize(&schema(), text), Some(Cow::Borrowed(text)));
            assert_eq!(stored(text), text);
        }
    }

    #[test]
    fn canonicalize_inserts_missing_defaults() {
        for text in [
            "{}",
            r#"{"name":"a"}"#,
            r#"{"port":{},"ports":[{},{"protocol":"UDP"},{}]}"#,
            r#"{"labels":{"a":"b"},"port":{"number":1}}"#,
        ] {
            let canonical = canonicalize(&schema(), text);
            assert!(matches!(canonical, Some(Cow::Owned(_))), "{text}");
            assert_eq!(canonical.unwrap(), stored(text));
        }
    }

    #[test]
    fn canonicalize_is_none_for_other_texts() {
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
            assert_eq!(canonicalize(&schema(), text), None, "{text}");
        }
    }
}
