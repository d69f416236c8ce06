//! `metadata` as an API server represents it: decoded into Go's `ObjectMeta` and encoded again.

use std::collections::HashSet;
use std::fmt::Write as _;

use serde_json::{Map, Value};

use crate::go;
use crate::time;

/// The decoded metadata of a Job: every field is a field of `ObjectMeta`, has the type declared
/// there, and is not empty.
pub(crate) type ObjectMeta = Map<String, Value>;

/// The Go type of a field.
enum GoType {
    /// A string type of this name.
    String(&'static str),
    /// An `int64`. Zero is omitted unless the field is a pointer.
    Integer {
        pointer: bool,
    },
    Boolean,
    Time,
    StringMap,
    StringList,
    List(&'static GoStruct),
    Raw,
}

struct GoStruct {
    name: &'static str,
    fields: &'static [(&'static str, GoType)],
    /// The fields without `omitempty`.
    required: &'static [&'static str],
}

/// See
/// [types.go](https://github.com/kubernetes/apimachinery/blob/master/pkg/apis/meta/v1/types.go).
static OBJECT_META: GoStruct = GoStruct {
    name: "ObjectMeta",
    fields: &[
        ("name", GoType::String("string")),
        ("generateName", GoType::String("string")),
        ("namespace", GoType::String("string")),
        ("selfLink", GoType::String("string")),
        ("uid", GoType::String("types.UID")),
        ("resourceVersion", GoType::String("string")),
        ("generation", GoType::Integer { pointer: false }),
        ("creationTimestamp", GoType::Time),
        ("deletionTimestamp", GoType::Time),
        ("deletionGracePeriodSeconds", GoType::Integer { pointer: true }),
        ("labels", GoType::StringMap),
        ("annotations", GoType::StringMap),
        ("ownerReferences", GoType::List(&OWNER_REFERENCE)),
        ("finalizers", GoType::StringList),
        ("managedFields", GoType::List(&MANAGED_FIELDS_ENTRY)),
    ],
    required: &[],
};

static OWNER_REFERENCE: GoStruct = GoStruct {
    name: "OwnerReference",
    fields: &[
        ("apiVersion", GoType::String("string")),
        ("kind", GoType::String("string")),
        ("name", GoType::String("string")),
        ("uid", GoType::String("types.UID")),
        ("controller", GoType::Boolean),
        ("blockOwnerDeletion", GoType::Boolean),
    ],
    required: &["apiVersion", "kind", "name", "uid"],
};

static MANAGED_FIELDS_ENTRY: GoStruct = GoStruct {
    name: "ManagedFieldsEntry",
    fields: &[
        ("manager", GoType::String("string")),
        ("operation", GoType::String("v1.ManagedFieldsOperationType")),
        ("apiVersion", GoType::String("string")),
        ("time", GoType::Time),
        ("fieldsType", GoType::String("string")),
        ("fieldsV1", GoType::Raw),
        ("subresource", GoType::String("string")),
    ],
    required: &[],
};

/// Decodes the metadata of a request. The paths of unknown fields are added to `unknown`.
///
/// # Errors
///
/// Go's error for a field of a wrong type.
pub(crate) fn decode(metadata: &Value, unknown: &mut Vec<String>) -> Result<ObjectMeta, String> {
    match metadata {
        Value::Null => Ok(ObjectMeta::new()),
        Value::Object(map) => decode_map(map, unknown),
        other => {
            let found = go::type_name(other);
            Err(format!("json: cannot unmarshal {found} into Go value of type v1.ObjectMeta"))
        }
    }
}

fn decode_map(
    metadata: &Map<String, Value>,
    unknown: &mut Vec<String>,
) -> Result<ObjectMeta, String> {
    let mut decoder = Decoder::default();
    let object_meta = decoder.structure(metadata, &OBJECT_META)?;
    unknown.append(&mut decoder.unknown);
    decoder.error.map_or(Ok(object_meta), Err)
}

/// Decodes the metadata of a stored Job. Unknown and malformed fields are dropped, as an API server
/// does when it reads from its store ([`dropInvalidMetadata`]).
///
/// [`dropInvalidMetadata`]: https://github.com/kubernetes/apiextensions-apiserver/blob/master/pkg/apiserver/customresource_handler.go
pub(crate) fn decode_stored(metadata: &Map<String, Value>) -> ObjectMeta {
    if let Ok(metadata) = decode_map(metadata, &mut Vec::new()) {
        return metadata;
    }
    let mut decoded = ObjectMeta::new();
    for (key, value) in metadata {
        let field = [(key.clone(), value.clone())].into_iter().collect();
        if let Ok(field) = decode_map(&field, &mut Vec::new()) {
            decoded.extend(field);
        }
    }
    decoded
}

/// An ownerReference as `json.Marshal` writes it: in the order of the Go struct.
pub(crate) fn owner_reference_text(owner: &Value) -> String {
    let mut text = String::from("{");
    for (key, _) in OWNER_REFERENCE.fields {
        let Some(value) = owner.get(key) else { continue };
        if text.len() > 1 {
            text.push(',');
        }
        go::write_string(&mut text, key);
        text.push(':');
        go::write_json(&mut text, value);
    }
    text + "}"
}

/// A string field. As in Go, an absent field is the empty string.
pub(crate) fn string<'m>(metadata: &'m ObjectMeta, key: &str) -> &'m str {
    metadata.get(key).and_then(Value::as_str).unwrap_or_default()
}

/// A field that is a list of strings.
pub(crate) fn strings<'m>(metadata: &'m ObjectMeta, key: &str) -> Vec<&'m str> {
    let list = metadata.get(key).and_then(Value::as_array);
    list.into_iter().flatten().filter_map(Value::as_str).collect()
}

/// Removes ownerReferences that are equal to an earlier one, and returns the uids of those removed.
pub(crate) fn dedup_owner_references(metadata: &mut ObjectMeta) -> Vec<String> {
    let Some(Value::Array(owners)) = metadata.get_mut("ownerReferences") else { return Vec::new() };
    let (mut seen, mut duplicates) = (HashSet::new(), Vec::new());
    owners.retain(|owner| {
        let is_new = seen.insert(owner.to_string());
        if !is_new {
            let uid = owner.get("uid").and_then(Value::as_str);
            duplicates.extend(uid.map(str::to_owned));
        }
        is_new
    });
    duplicates
}

#[derive(Default)]
struct Decoder {
    /// The Go name of the struct that is being decoded.
    structure: &'static str,
    /// The path to that struct, without list positions, as in Go's errors.
    fields: Vec<&'static str>,
    /// The path of the field that is being decoded, without `metadata`.
    path: String,
    unknown: Vec<String>,
    /// The error for the first field of a wrong type; decoding continues after it.
    error: Option<String>,
}

impl Decoder {
    fn structure(
        &mut self,
        map: &Map<String, Value>,
        structure: &'static GoStruct,
    ) -> Result<ObjectMeta, String> {
        let outer = std::mem::replace(&mut self.structure, structure.name);
        let mut decoded = ObjectMeta::new();
        // Go marshals the metadata, and so sorts the keys, before it decodes them into the struct.
        let mut fields: Vec<(&String, &Value)> = map.iter().collect();
        fields.sort_unstable_by_key(|(key, _)| *key);
        for (key, value) in fields {
            let length = self.path.len();
            if length > 0 {
                self.path.push('.');
            }
            self.path.push_str(key);
            if let Some((name, kind)) = structure.fields.iter().find(|(name, _)| name == key) {
                self.fields.push(name);
                let value = self.value(value, kind)?;
                self.fields.pop();
                if let Some(value) = value {
                    decoded.insert(key.clone(), value);
                }
            } else {
                self.unknown.push(format!("metadata.{}", self.path));
            }
            self.path.truncate(length);
        }
        for name in structure.required {
            decoded.entry(*name).or_insert_with(|| "".into());
        }
        self.structure = outer;
        Ok(decoded)
    }

    /// A field as Go encodes it again; `None` if Go omits the field.
    fn value(&mut self, value: &Value, kind: &GoType) -> Result<Option<Value>, String> {
        if value.is_null() {
            return Ok(None);
        }
        Ok(match kind {
            GoType::String(go_type) => {
                self.string(value, go_type).filter(|text| text.as_str() != Some(""))
            }
            GoType::Integer { pointer } => {
                self.integer(value).filter(|number| *pointer || *number != 0).map(Value::from)
            }
            GoType::Boolean => match value {
                Value::Bool(_) => Some(value.clone()),
                other => self.mismatch(other, "bool"),
            },
            GoType::Time => Some(self.time(value)?),
            GoType::StringMap => self.string_map(value),
            GoType::StringList => self.string_list(value),
            GoType::List(structure) => self.list(value, structure)?,
            GoType::Raw => Some(value.clone()),
        })
    }

    fn string(&mut self, value: &Value, go_type: &str) -> Option<Value> {
        match value {
            Value::String(_) => Some(value.clone()),
            Value::Null => Some("".into()),
            other => self.mismatch(other, go_type),
        }
    }

    fn integer(&mut self, value: &Value) -> Option<i64> {
        if let Some(number) = value.as_i64() {
            return Some(number);
        }
        match value {
            Value::Number(number) => {
                let text = go::number_text(number);
                // Go encodes a whole double such as 2.0 as the integer 2.
                text.parse().ok().or_else(|| self.error(&format!("number {text}"), "int64"))
            }
            other => self.mismatch(other, "int64"),
        }
    }

    fn string_map(&mut self, value: &Value) -> Option<Value> {
        let Value::Object(map) = value else { return self.mismatch(value, "map[string]string") };
        let mut entries: Vec<(&String, &Value)> = map.iter().collect();
        entries.sort_unstable_by_key(|(key, _)| *key);
        let mut decoded = Map::new();
        for (key, value) in entries {
            if let Some(text) = self.string(value, "string") {
                decoded.insert(key.clone(), text);
            }
        }
        (!decoded.is_empty()).then_some(Value::Object(decoded))
    }

    fn string_list(&mut self, value: &Value) -> Option<Value> {
        let Value::Array(list) = value else { return self.mismatch(value, "[]string") };
        let decoded: Vec<Value> =
            list.iter().filter_map(|item| self.string(item, "string")).collect();
        (!decoded.is_empty()).then_some(Value::Array(decoded))
    }

    fn list(
        &mut self,
        value: &Value,
        structure: &'static GoStruct,
    ) -> Result<Option<Value>, String> {
        let Value::Array(list) = value else {
            return Ok(self.mismatch(value, &format!("[]v1.{}", structure.name)));
        };
        let mut decoded = Vec::with_capacity(list.len());
        for (index, item) in list.iter().enumerate() {
            let length = self.path.len();
            // Writing to a String cannot fail.
            let _ = write!(self.path, "[{index}]");
            let empty = Map::new();
            let map = item.as_object().unwrap_or(&empty);
            if !item.is_object() && !item.is_null() {
                let _: Option<Value> = self.mismatch(item, &format!("v1.{}", structure.name));
            }
            decoded.push(Value::Object(self.structure(map, structure)?));
            self.path.truncate(length);
        }
        Ok((!decoded.is_empty()).then_some(Value::Array(decoded)))
    }

    /// Fails at once, as Go does for a type that decodes itself.
    fn time(&self, value: &Value) -> Result<Value, String> {
        match value {
            Value::String(text) => time::normalize(text).map(Value::from),
            other => Err(self.unmarshal_error(go::type_name(other), "string")),
        }
    }

    fn mismatch<T>(&mut self, value: &Value, go_type: &str) -> Option<T> {
        self.error(go::type_name(value), go_type)
    }

    /// Keeps the first error. The field with the error is omitted.
    fn error<T>(&mut self, found: &str, go_type: &str) -> Option<T> {
        if self.error.is_none() {
            self.error = Some(self.unmarshal_error(found, go_type));
        }
        None
    }

    fn unmarshal_error(&self, found: &str, go_type: &str) -> String {
        let (structure, field) = (self.structure, self.fields.join("."));
        format!(
            "json: cannot unmarshal {found} into Go struct field {structure}.{field} of type {go_type}"
        )
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn decode_drops_empty_and_unknown_fields() {
        let sent = json!({
            "name": "a", "namespace": "", "labels": {"a": null}, "annotations": {}, "Labels": {},
            "finalizers": [null], "generation": 0, "deletionGracePeriodSeconds": 0,
            "creationTimestamp": null, "deletionTimestamp": "2019-07-11T10:09:41.5+02:00",
            "ownerReferences": [{"uid": "u", "foo": 1, "controller": null}, null],
        });
        let mut unknown = Vec::new();
        assert_eq!(
            Value::Object(decode(&sent, &mut unknown).unwrap()),
            json!({
                "name": "a", "labels": {"a": ""}, "finalizers": [""],
                "deletionGracePeriodSeconds": 0, "deletionTimestamp": "2019-07-11T08:09:41Z",
                "ownerReferences": [
                    {"apiVersion": "", "kind": "", "name": "", "uid": "u"},
                    {"apiVersion": "", "kind": "", "name": "", "uid": ""},
                ],
            })
        );
        assert_eq!(unknown, ["metadata.Labels", "metadata.ownerReferences[0].foo"]);
        let owner = json!({"controller": true, "uid": "<", "kind": "Job"});
        assert_eq!(
            owner_reference_text(&owner),
            r#"{"kind":"Job","uid":"\u003c","controller":true}"#
        );
    }

    #[test]
    fn decode_errors_match_go() {
        for (sent, says) in [
            (json!([]), "array into Go value of type v1.ObjectMeta"),
            (json!({"name": 1}), "number into Go struct field ObjectMeta.name of type string"),
            (json!({"uid": {}}), "object into Go struct field ObjectMeta.uid of type types.UID"),
            (
                json!({"generation": 1.5}),
                "number 1.5 into Go struct field ObjectMeta.generation of type int64",
            ),
            (
                json!({"labels": {"b": true, "a": 1}}),
                "number into Go struct field ObjectMeta.labels of type string",
            ),
            (
                json!({"ownerReferences": [{"name": 1}]}),
                "number into Go struct field OwnerReference.ownerReferences.name of type string",
            ),
            (
                json!({"creationTimestamp": 1}),
                "number into Go struct field ObjectMeta.creationTimestamp of type string",
            ),
        ] {
            let error = decode(&sent, &mut Vec::new()).unwrap_err();
            assert_eq!(error, format!("json: cannot unmarshal {says}"), "{sent}");
        }
    }
}
