//! The patches of `kubectl apply` and `kubectl edit`.
//!
//! For custom resources kubectl sends JSON merge patches, see
//! [apply](https://github.com/kubernetes/kubectl/blob/master/pkg/cmd/apply/patcher.go),
//! [edit](https://github.com/kubernetes/kubectl/blob/master/pkg/cmd/util/editor/editoptions.go) and
//! [jsonmergepatch](https://github.com/kubernetes/apimachinery/blob/master/pkg/util/jsonmergepatch/patch.go).

use serde_json::{Map, Value};

use volcano_job_apiserver::{LAST_APPLIED, go_json};

use crate::{ClientError, with_namespace};

/// The body that `kubectl apply` sends, a JSON Merge Patch; `None` if it sends nothing.
///
/// # Errors
///
/// The annotation in the live Job is not JSON, or the manifest is for another object.
pub fn apply_patch_body(live: &Value, manifest: &Value) -> Result<Option<Value>, ClientError> {
    let last = last_applied(live)?;
    let modified = with_annotation(live, manifest);
    let mut patch = removals(&last, &modified);
    merge(&mut patch, changes(live, &modified));
    checked(live, patch)
}

/// The body that `kubectl edit` sends, a JSON Merge Patch, if the live Job is edited to be the given
/// one; `None` if it sends nothing.
///
/// # Errors
///
/// The edited Job is another object.
pub fn edit_patch_body(live: &Value, edited: &Value) -> Result<Option<Value>, ClientError> {
    let empty = Map::new();
    let [live_fields, edited] = [live, edited].map(|job| job.as_object().unwrap_or(&empty));
    checked(live, difference(live_fields, edited))
}

/// What was applied last; nothing if there is no annotation.
fn last_applied(live: &Value) -> Result<Map<String, Value>, ClientError> {
    let annotations = live.pointer("/metadata/annotations");
    let text = annotations.and_then(|annotations| annotations.get(LAST_APPLIED)?.as_str());
    match text {
        None | Some("") => Ok(Map::new()),
        // The error of the parser would quote the text.
        Some(text) => serde_json::from_str(text).map_err(|_| ClientError::LastApplied),
    }
}

/// The manifest as kubectl sends it: in the namespace of the live Job, with itself as annotation.
fn with_annotation(live: &Value, manifest: &Value) -> Map<String, Value> {
    let mut modified = manifest.as_object().cloned().unwrap_or_default();
    let Value::Object(metadata) = modified.entry("metadata").or_insert_with(|| Map::new().into())
    else {
        return modified;
    };
    if let Some(namespace) = live.pointer("/metadata/namespace").and_then(Value::as_str) {
        with_namespace(metadata, namespace);
    }
    let mut annotations = texts(metadata.get("annotations"));
    annotations.remove(LAST_APPLIED);
    metadata.insert("annotations".into(), annotations.into());
    let text = go_json(&Value::Object(modified.clone())) + "\n";
    if let Some(Value::Object(annotations)) =
        modified.get_mut("metadata").and_then(|metadata| metadata.get_mut("annotations"))
    {
        annotations.insert(LAST_APPLIED.into(), text.into());
    }
    modified
}

/// Annotations as Go reads them: `null` is the empty text, and if one is no text there are none.
fn texts(annotations: Option<&Value>) -> Map<String, Value> {
    let annotations = annotations.and_then(Value::as_object).cloned().unwrap_or_default();
    let text = |(name, value): (String, Value)| match value {
        Value::Null => Some((name, "".into())),
        Value::String(_) => Some((name, value)),
        _ => None,
    };
    annotations.into_iter().map(text).collect::<Option<_>>().unwrap_or_default()
}

/// The patch, unless it changes nothing.
fn checked(live: &Value, patch: Map<String, Value>) -> Result<Option<Value>, ClientError> {
    let is_other =
        |patched: Option<&Value>, live: Option<&Value>| patched.is_some() && patched != live;
    let name =
        |metadata: Option<&Value>| metadata.and_then(|metadata| metadata.get("name").cloned());
    let names = [patch.get("metadata"), live.get("metadata")].map(name);
    let [patched_name, live_name] = names.each_ref().map(Option::as_ref);
    if is_other(patch.get("apiVersion"), live.get("apiVersion"))
        || is_other(patch.get("kind"), live.get("kind"))
        || is_other(patched_name, live_name)
    {
        return Err(ClientError::OtherObject);
    }
    Ok((!patch.is_empty()).then(|| patch.into()))
}

/// What the manifest adds or changes, without removals.
fn changes(live: &Value, modified: &Map<String, Value>) -> Map<String, Value> {
    let empty = Map::new();
    let mut patch = difference(live.as_object().unwrap_or(&empty), modified);
    drop_removals(&mut patch);
    patch
}

fn drop_removals(patch: &mut Map<String, Value>) {
    patch.retain(|_, value| match value {
        Value::Null => false,
        // An empty object is a value and not an empty patch.
        Value::Object(fields) if !fields.is_empty() => {
            drop_removals(fields);
            !fields.is_empty()
        }
        _ => true,
    });
}

/// What was applied last and is left out now.
fn removals(last: &Map<String, Value>, modified: &Map<String, Value>) -> Map<String, Value> {
    let mut patch = difference(last, modified);
    keep_removals(&mut patch);
    patch
}

fn keep_removals(patch: &mut Map<String, Value>) {
    patch.retain(|_, value| match value {
        Value::Null => true,
        Value::Object(fields) => {
            keep_removals(fields);
            !fields.is_empty()
        }
        _ => false,
    });
}

/// The JSON Merge Patch from one object to another.
fn difference(old: &Map<String, Value>, new: &Map<String, Value>) -> Map<String, Value> {
    let mut patch = Map::new();
    for (name, new) in new {
        match (old.get(name), new) {
            (Some(Value::Object(old)), Value::Object(new)) => {
                let below = difference(old, new);
                if !below.is_empty() {
                    patch.insert(name.clone(), below.into());
                }
            }
            (Some(old), new) if is_same(old, new) => {}
            _ => drop(patch.insert(name.clone(), new.clone())),
        }
    }
    for name in old.keys().filter(|name| !new.contains_key(*name)) {
        patch.insert(name.clone(), Value::Null);
    }
    patch
}

/// Whether two values are the same to Go, which reads numbers as doubles here.
fn is_same(old: &Value, new: &Value) -> bool {
    match (old, new) {
        (Value::Number(old), Value::Number(new)) => old.as_f64() == new.as_f64(),
        (Value::Array(old), Value::Array(new)) => {
            old.len() == new.len() && old.iter().zip(new).all(|(old, new)| is_same(old, new))
        }
        (Value::Object(old), Value::Object(new)) => {
            let is_same =
                |(name, new): (&String, &Value)| old.get(name).is_some_and(|old| is_same(old, new));
            old.len() == new.len() && new.iter().all(is_same)
        }
        _ => old == new,
    }
}

/// Merges the second patch into the first.
fn merge(patch: &mut Map<String, Value>, other: Map<String, Value>) {
    for (name, value) in other {
        match (patch.get_mut(&name), value) {
            (Some(Value::Object(fields)), Value::Object(value)) => merge(fields, value),
            (_, value) => drop(patch.insert(name, value)),
        }
    }
}
