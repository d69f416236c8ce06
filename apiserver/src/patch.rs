//! JSON Patch and JSON Merge Patch as an API server applies them.
//!
//! See [evanphx/json-patch](https://github.com/evanphx/json-patch), version 4: a negative position
//! counts from the end of a list, an absent field and `null` pass the same test, and all that goes
//! wrong while operations are applied has one answer.

use serde_json::{Map, Value};

use crate::go;
use crate::syntax;
use volcano_job_update::internals::JsonType;
use volcano_job_update::status::Status;

pub(crate) const JSON_PATCH: &str = "application/json-patch+json";
pub(crate) const MERGE_PATCH: &str = "application/merge-patch+json";

const MAX_OPERATIONS: usize = 10_000;
/// By how many bytes `copy` may make a document grow.
const MAX_COPIED: usize = 3 * 1024 * 1024;

/// What came out of a patch, and what a strict reading of it says.
type Patched = Result<(Value, Vec<String>), Status>;

/// An operation that does not apply. What it was is not told.
struct NotApplicable;

/// Applies a JSON Patch.
pub(crate) fn json_patch(mut document: Value, body: &[u8], strict: bool) -> Patched {
    const OPERATIONS: &str = "[]handlers.jsonPatchOp";
    let text = syntax::sanitize(body);
    let patch = parse(body, &text)
        .map_err(|error| if strict { undecodable(&error) } else { Status::bad_request(error) })?;
    let (operations, warnings) = match patch {
        Value::Array(operations) => {
            let warnings = if strict { check_operations(&text, &operations)? } else { Vec::new() };
            (operations, warnings)
        }
        Value::Null => (Vec::new(), Vec::new()),
        other => return Err(undecodable(&wrong_type(&other, OPERATIONS))),
    };
    if operations.len() > MAX_OPERATIONS {
        return Err(Status::request_entity_too_large(format_args!(
            "The allowed maximum operations in a JSON patch is {MAX_OPERATIONS}, got {}",
            operations.len()
        )));
    }
    let mut copied = 0;
    for operation in &operations {
        apply(&mut document, operation, &mut copied)
            .map_err(|NotApplicable| Status::unprocessable())?;
    }
    Ok((document, warnings))
}

/// Applies a JSON Merge Patch.
pub(crate) fn merge_patch(document: Value, body: &[u8], strict: bool) -> Patched {
    let text = syntax::sanitize(body);
    let bad = || Status::bad_request("Invalid JSON Patch");
    match parse(body, &text).map_err(|error| if strict { undecodable(&error) } else { bad() })? {
        Value::Null => Err(bad()),
        patch @ Value::Object(_) => {
            let duplicates = if strict { syntax::duplicates(&text) } else { Vec::new() };
            let warn = |path: &String| format!("duplicate field {}", go::quote(path));
            let warnings = duplicates.iter().map(warn).collect();
            let mut document = document;
            merge(&mut document, patch);
            Ok((document, warnings))
        }
        other if strict => Err(undecodable(&wrong_type(&other, "map[string]interface {}"))),
        other => Ok((other, Vec::new())),
    }
}

fn parse(body: &[u8], text: &str) -> Result<Value, String> {
    serde_json::from_str(text)
        .map_err(|error| syntax::error(body).unwrap_or_else(|| error.to_string()))
}

fn undecodable(error: &str) -> Status {
    Status::bad_request(format!("error decoding patch: {error}"))
}

fn wrong_type(found: &Value, go: &str) -> String {
    format!("json: cannot unmarshal {} into Go value of type {go}", JsonType::of(found).go_name())
}

/// Checks what operations are made of; gives what a strict reading says.
fn check_operations(text: &str, operations: &[Value]) -> Result<Vec<String>, Status> {
    let quoted = |what: &str, path: &str| format!("json patch {what} field {}", go::quote(path));
    let duplicates = syntax::duplicates(text);
    let mut says: Vec<String> = duplicates.iter().map(|path| quoted("duplicate", path)).collect();
    for (position, operation) in operations.iter().enumerate() {
        let Value::Object(fields) = operation else {
            if operation.is_null() {
                continue;
            }
            let error = wrong_type(operation, "handlers.jsonPatchOp");
            return Err(undecodable(&error));
        };
        for (key, value) in fields {
            match &**key {
                "op" | "path" | "from" if !value.is_string() && !value.is_null() => {
                    let found = JsonType::of(value).go_name();
                    return Err(undecodable(&format!(
                        "json: cannot unmarshal {found} into Go struct field jsonPatchOp.{key} of type string"
                    )));
                }
                "op" | "path" | "from" | "value" => {}
                other => says.push(quoted("unknown", &format!("[{position}].{other}"))),
            }
        }
    }
    Ok(says)
}

/// Merges a patch into a document (RFC 7396).
fn merge(document: &mut Value, patch: Value) {
    let Value::Object(patch) = patch else {
        *document = patch;
        return;
    };
    if !document.is_object() {
        *document = Value::Object(Map::new());
    }
    let Value::Object(fields) = document else { return };
    for (key, value) in patch {
        if value.is_null() {
            fields.remove(&key);
        } else {
            merge(fields.entry(key).or_insert(Value::Null), value);
        }
    }
}

fn apply(document: &mut Value, operation: &Value, copied: &mut usize) -> Result<(), NotApplicable> {
    let says = |key| operation.get(key).and_then(Value::as_str);
    let path = || says("path").ok_or(NotApplicable);
    let from = || says("from").ok_or(NotApplicable);
    let value = || operation.get("value").cloned().unwrap_or_default();
    match says("op").ok_or(NotApplicable)? {
        "add" => add(document, path()?, value()),
        "remove" => remove(document, path()?).map(drop),
        "replace" => set(document, path()?, value()),
        "test" => test(document, path()?, &value()),
        "move" => {
            let moved = remove(document, from()?)?;
            add(document, path()?, moved)
        }
        "copy" => {
            let copy = get(document, from()?)?.cloned().unwrap_or_default();
            *copied = copied.saturating_add(go::text_of(&copy).len());
            if *copied > MAX_COPIED {
                return Err(NotApplicable);
            }
            add(document, path()?, copy)
        }
        _ => Err(NotApplicable),
    }
}

/// The object or list in which the last part of a path stands, and that part.
fn parent<'v>(
    document: &'v mut Value,
    path: &str,
) -> Result<(&'v mut Value, String), NotApplicable> {
    let (leading, final_part) = path.rsplit_once('/').ok_or(NotApplicable)?;
    let mut place = document;
    // What comes before the first slash is not looked at.
    for part in leading.split('/').skip(1) {
        let part = unescape(part);
        place = match place {
            Value::Object(fields) => fields.get_mut(&part),
            Value::Array(list) => {
                let position = position(&part, list.len())?;
                list.get_mut(position)
            }
            _ => None,
        }
        .ok_or(NotApplicable)?;
    }
    if place.is_object() || place.is_array() {
        Ok((place, unescape(final_part)))
    } else {
        Err(NotApplicable)
    }
}

fn unescape(part: &str) -> String {
    part.replace("~1", "/").replace("~0", "~")
}

/// A position in a list of that length; a negative one counts from the end.
fn position(part: &str, length: usize) -> Result<usize, NotApplicable> {
    let position: isize = part.parse().map_err(|_| NotApplicable)?;
    let position = if position < 0 {
        length.checked_sub(position.unsigned_abs())
    } else {
        usize::try_from(position).ok()
    };
    position.filter(|position| *position < length).ok_or(NotApplicable)
}

fn add(document: &mut Value, path: &str, value: Value) -> Result<(), NotApplicable> {
    match parent(document, path)? {
        (Value::Object(fields), key) => drop(fields.insert(key, value)),
        (Value::Array(list), key) if key == "-" => list.push(value),
        (Value::Array(list), key) => {
            let position = position(&key, list.len().saturating_add(1))?;
            list.insert(position, value);
        }
        _ => return Err(NotApplicable),
    }
    Ok(())
}

fn remove(document: &mut Value, path: &str) -> Result<Value, NotApplicable> {
    match parent(document, path)? {
        (Value::Object(fields), key) => fields.remove(&key).ok_or(NotApplicable),
        (Value::Array(list), key) => {
            let position = position(&key, list.len())?;
            Ok(list.remove(position))
        }
        _ => Err(NotApplicable),
    }
}

/// Replaces. A field that is absent is set, as `evanphx/json-patch` 4 does.
fn set(document: &mut Value, path: &str, value: Value) -> Result<(), NotApplicable> {
    if path.is_empty() {
        if !value.is_object() && !value.is_array() {
            return Err(NotApplicable);
        }
        *document = value;
        return Ok(());
    }
    match parent(document, path)? {
        (Value::Object(fields), key) => drop(fields.insert(key, value)),
        (Value::Array(list), key) => {
            let position = position(&key, list.len())?;
            *list.get_mut(position).ok_or(NotApplicable)? = value;
        }
        _ => return Err(NotApplicable),
    }
    Ok(())
}

/// The value at a path; `None` for an absent field.
fn get<'v>(document: &'v mut Value, path: &str) -> Result<Option<&'v Value>, NotApplicable> {
    match parent(document, path)? {
        (Value::Object(fields), key) => Ok(fields.get(&key)),
        (Value::Array(list), key) => {
            let position = position(&key, list.len())?;
            Ok(list.get(position))
        }
        _ => Err(NotApplicable),
    }
}

/// Numbers are the same if they are of the same kind, too: `1` and `1.0` are not.
fn test(document: &mut Value, path: &str, value: &Value) -> Result<(), NotApplicable> {
    let found =
        if path.is_empty() { &*document } else { get(document, path)?.unwrap_or(&Value::Null) };
    if found == value { Ok(()) } else { Err(NotApplicable) }
}
