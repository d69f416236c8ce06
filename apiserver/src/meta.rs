//! Metadata as an API server holds it: what comes out of Go's `ObjectMeta` again.

use std::fmt::Write as _;

use serde_json::{Map, Value};

use crate::time;
use volcano_job_update::internals::JsonType;

/// The metadata of a Job that was read: every field is one of `ObjectMeta`, has the type it has
/// there, and is not empty.
pub(crate) type Metadata = Map<String, Value>;

/// What Go reads a field into.
enum GoType {
    /// A string, or a type that is one.
    Text(&'static str),
    /// An `int64`; a pointer to one keeps a zero.
    Integer {
        pointer: bool,
    },
    Boolean,
    Time,
    TextMap,
    TextList,
    List(&'static GoStruct),
    Raw,
}

struct GoStruct {
    name: &'static str,
    fields: &'static [(&'static str, GoType)],
    /// Those of the fields that are written even if they are empty.
    always: &'static [&'static str],
}

/// See [types.go](https://github.com/kubernetes/apimachinery/blob/master/pkg/apis/meta/v1/types.go).
static OBJECT_META: GoStruct = GoStruct {
    name: "ObjectMeta",
    fields: &[
        ("name", GoType::Text("string")),
        ("generateName", GoType::Text("string")),
        ("namespace", GoType::Text("string")),
        ("selfLink", GoType::Text("string")),
        ("uid", GoType::Text("types.UID")),
        ("resourceVersion", GoType::Text("string")),
        ("generation", GoType::Integer { pointer: false }),
        ("creationTimestamp", GoType::Time),
        ("deletionTimestamp", GoType::Time),
        ("deletionGracePeriodSeconds", GoType::Integer { pointer: true }),
        ("labels", GoType::TextMap),
        ("annotations", GoType::TextMap),
        ("ownerReferences", GoType::List(&OWNER_REFERENCE)),
        ("finalizers", GoType::TextList),
        ("managedFields", GoType::List(&MANAGED_FIELDS_ENTRY)),
    ],
    always: &[],
};

static OWNER_REFERENCE: GoStruct = GoStruct {
    name: "OwnerReference",
    fields: &[
        ("apiVersion", GoType::Text("string")),
        ("kind", GoType::Text("string")),
        ("name", GoType::Text("string")),
        ("uid", GoType::Text("types.UID")),
        ("controller", GoType::Boolean),
        ("blockOwnerDeletion", GoType::Boolean),
    ],
    always: &["apiVersion", "kind", "name", "uid"],
};

static MANAGED_FIELDS_ENTRY: GoStruct = GoStruct {
    name: "ManagedFieldsEntry",
    fields: &[
        ("manager", GoType::Text("string")),
        ("operation", GoType::Text("v1.ManagedFieldsOperationType")),
        ("apiVersion", GoType::Text("string")),
        ("time", GoType::Time),
        ("fieldsType", GoType::Text("string")),
        ("fieldsV1", GoType::Raw),
        ("subresource", GoType::Text("string")),
    ],
    always: &[],
};

/// Reads metadata that was sent. Fields that are none of metadata are added to `unknown`.
///
/// # Errors
///
/// What Go says of a field of another type.
pub(crate) fn read(sent: &Value, unknown: &mut Vec<String>) -> Result<Metadata, String> {
    let mut reader = Reader::default();
    let read = match sent {
        Value::Null => Metadata::new(),
        Value::Object(map) => reader.structure(map, &OBJECT_META)?,
        other => {
            let found = JsonType::of(other).go_name();
            return Err(format!(
                "json: cannot unmarshal {found} into Go value of type v1.ObjectMeta"
            ));
        }
    };
    unknown.append(&mut reader.unknown);
    reader.error.map_or(Ok(read), Err)
}

/// Reads metadata from the store, without what cannot be read.
pub(crate) fn read_stored(stored: Option<&Value>) -> Metadata {
    let mut metadata = Metadata::new();
    for (key, value) in stored.and_then(Value::as_object).into_iter().flatten() {
        let field = Value::Object([(key.clone(), value.clone())].into_iter().collect());
        metadata.extend(read(&field, &mut Vec::new()).unwrap_or_default());
    }
    metadata
}

/// A text field; empty is the same as absent.
pub(crate) fn text<'m>(metadata: &'m Metadata, key: &str) -> &'m str {
    metadata.get(key).and_then(Value::as_str).unwrap_or_default()
}

/// A list of texts.
pub(crate) fn texts<'m>(metadata: &'m Metadata, key: &str) -> Vec<&'m str> {
    let list = metadata.get(key).and_then(Value::as_array);
    list.into_iter().flatten().filter_map(Value::as_str).collect()
}

/// Reads what is left of an exact duplicate of ownerReferences; gives the uids of those dropped.
pub(crate) fn drop_duplicate_owners(metadata: &mut Metadata) -> Vec<String> {
    let Some(Value::Array(owners)) = metadata.get_mut("ownerReferences") else { return Vec::new() };
    let (mut kept, mut dropped) = (Vec::with_capacity(owners.len()), Vec::new());
    let mut seen = std::collections::HashSet::new();
    for owner in owners.drain(..) {
        if seen.insert(owner.to_string()) {
            kept.push(owner);
        } else {
            dropped.push(owner.get("uid").and_then(Value::as_str).unwrap_or_default().to_owned());
        }
    }
    *owners = kept;
    dropped
}

#[derive(Default)]
struct Reader {
    /// The struct that is being read, as Go names it.
    structure: &'static str,
    /// The fields that lead to it, as Go lists them: without list positions.
    fields: Vec<&'static str>,
    path: String,
    unknown: Vec<String>,
    /// The first field of another type; reading goes on.
    error: Option<String>,
}

impl Reader {
    fn structure(
        &mut self,
        map: &Map<String, Value>,
        structure: &'static GoStruct,
    ) -> Result<Metadata, String> {
        let outer = std::mem::replace(&mut self.structure, structure.name);
        let mut read = Metadata::new();
        // Go marshals metadata before it reads it again, which sorts the keys.
        let mut sent: Vec<(&String, &Value)> = map.iter().collect();
        sent.sort_unstable_by_key(|(key, _)| *key);
        for (key, value) in sent {
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
                    read.insert(key.clone(), value);
                }
            } else {
                self.unknown.push(format!("metadata.{}", self.path));
            }
            self.path.truncate(length);
        }
        for name in structure.always {
            read.entry(*name).or_insert_with(|| "".into());
        }
        self.structure = outer;
        Ok(read)
    }

    /// What Go holds of a field and writes again.
    fn value(&mut self, sent: &Value, kind: &GoType) -> Result<Option<Value>, String> {
        if sent.is_null() {
            return Ok(None);
        }
        Ok(match kind {
            GoType::Text(go) => self.text(sent, go).filter(|text| text.as_str() != Some("")),
            GoType::Integer { pointer } => {
                self.integer(sent).filter(|number| *pointer || *number != 0).map(Value::from)
            }
            GoType::Boolean => match sent {
                Value::Bool(_) => Some(sent.clone()),
                other => self.mismatch(other, "bool"),
            },
            GoType::Time => Some(read_time(sent)?),
            GoType::TextMap => self.text_map(sent),
            GoType::TextList => self.text_list(sent),
            GoType::List(structure) => self.list(sent, structure)?,
            GoType::Raw => Some(sent.clone()),
        })
    }

    fn text(&mut self, sent: &Value, go: &str) -> Option<Value> {
        match sent {
            Value::String(_) => Some(sent.clone()),
            Value::Null => Some("".into()),
            other => self.mismatch(other, go),
        }
    }

    fn integer(&mut self, sent: &Value) -> Option<i64> {
        if let Some(number) = sent.as_i64() {
            return Some(number);
        }
        match sent {
            Value::Number(number) => {
                let shown = crate::go::number_text(number);
                // What is written as a whole double comes out of Go's maps as an integer.
                shown.parse().ok().or_else(|| self.error(&format!("number {shown}"), "int64"))
            }
            other => self.mismatch(other, "int64"),
        }
    }

    fn text_map(&mut self, sent: &Value) -> Option<Value> {
        let Value::Object(map) = sent else { return self.mismatch(sent, "map[string]string") };
        let mut entries: Vec<(&String, &Value)> = map.iter().collect();
        entries.sort_unstable_by_key(|(key, _)| *key);
        let mut read = Map::new();
        for (key, value) in entries {
            if let Some(text) = self.text(value, "string") {
                read.insert(key.clone(), text);
            }
        }
        (!read.is_empty()).then_some(Value::Object(read))
    }

    fn text_list(&mut self, sent: &Value) -> Option<Value> {
        let Value::Array(list) = sent else { return self.mismatch(sent, "[]string") };
        let read = list.iter().map(|item| self.text(item, "string").unwrap_or_else(|| "".into()));
        let read: Vec<Value> = read.collect();
        (!read.is_empty()).then_some(Value::Array(read))
    }

    fn list(
        &mut self,
        sent: &Value,
        structure: &'static GoStruct,
    ) -> Result<Option<Value>, String> {
        let Value::Array(list) = sent else {
            return Ok(self.mismatch(sent, &format!("[]v1.{}", structure.name)));
        };
        let mut read = Vec::with_capacity(list.len());
        for (index, item) in list.iter().enumerate() {
            let length = self.path.len();
            // Writing to a String cannot fail.
            let _ = write!(self.path, "[{index}]");
            let empty = Map::new();
            let map = item.as_object().unwrap_or(&empty);
            if !item.is_object() && !item.is_null() {
                let _: Option<Value> = self.mismatch(item, &format!("v1.{}", structure.name));
            }
            read.push(Value::Object(self.structure(map, structure)?));
            self.path.truncate(length);
        }
        Ok((!read.is_empty()).then_some(Value::Array(read)))
    }

    fn mismatch<T>(&mut self, sent: &Value, go: &str) -> Option<T> {
        self.error(JsonType::of(sent).go_name(), go)
    }

    fn error<T>(&mut self, found: &str, go: &str) -> Option<T> {
        let (structure, field) = (self.structure, self.fields.join("."));
        self.error.get_or_insert_with(|| {
            format!(
                "json: cannot unmarshal {found} into Go struct field {structure}.{field} of type {go}"
            )
        });
        None
    }
}

fn read_time(sent: &Value) -> Result<Value, String> {
    match sent {
        Value::String(text) => time::canonical(text).map(Value::from),
        other => {
            let found = JsonType::of(other).go_name();
            Err(format!("json: cannot unmarshal {found} into Go value of type string"))
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn what_is_empty_or_unknown_vanishes() {
        let sent = json!({
            "name": "a", "namespace": "", "labels": {"a": null}, "annotations": {}, "Labels": {},
            "finalizers": [null], "generation": 0, "deletionGracePeriodSeconds": 0,
            "creationTimestamp": null, "deletionTimestamp": "2019-07-11T10:09:41.5+02:00",
            "ownerReferences": [{"uid": "u", "foo": 1, "controller": null}, null],
        });
        let mut unknown = Vec::new();
        assert_eq!(
            Value::Object(read(&sent, &mut unknown).unwrap()),
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
    }

    #[test]
    fn says_what_go_says_of_other_types() {
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
            (json!({"creationTimestamp": 1}), "number into Go value of type string"),
        ] {
            let error = read(&sent, &mut Vec::new()).unwrap_err();
            assert_eq!(error, format!("json: cannot unmarshal {says}"), "{sent}");
        }
    }
}
