//! Applies JSON Patch and JSON Merge Patch as an API server does.
//!
//! Follows [evanphx/json-patch](https://github.com/evanphx/json-patch), version 4: a negative
//! position counts from the end of a list, `test` treats an absent field as `null`, and every error
//! while operations are applied has the same answer.

use serde_json::{Map, Value};
use volcano_job_update::status::Status;

use NotApplied::{NotApplicable, TooMuchWork};

use crate::go;
use crate::syntax;

pub(crate) const JSON_PATCH: &str = "application/json-patch+json";
pub(crate) const MERGE_PATCH: &str = "application/merge-patch+json";

/// The maximum number of operations in a JSON Patch.
const MAX_OPERATIONS: usize = 10_000;
/// The maximum number of bytes that all `copy` operations of a JSON Patch add.
const MAX_COPIED_BYTES: usize = 3 * 1024 * 1024;
/// The maximum nesting depth of the document while a JSON Patch is applied. An API server has no such
/// limit; a Job that is nested deeper than 128 levels is not read afterwards.
const MAX_DEPTH: usize = 1000;
/// The maximum number of list elements that all operations of a JSON Patch move to another position.
/// An API server has no such limit. 10,000 operations at the front of a list of 10,000 elements are
/// below it.
const MAX_SHIFTED_ELEMENTS: usize = 100_000_000;

/// The patched document, and the warnings of strict decoding.
type Patched = Result<(Value, Vec<String>), Status>;

/// Why an operation was not applied. An API server does not report which one it was.
enum NotApplied {
    NotApplicable,
    TooMuchWork,
}

/// What the operations so far have added up to.
#[derive(Default)]
struct Work {
    copied_bytes: usize,
    shifted_elements: usize,
    /// No value of the document is nested deeper.
    depth: usize,
}

/// Applies a JSON Patch.
///
/// # Errors
///
/// The body is not a JSON Patch (400), has too many operations or causes too much work (413), or does
/// not apply (422).
pub(crate) fn json_patch(mut document: Value, body: &[u8], is_strict: bool) -> Patched {
    let text = syntax::sanitize(body);
    let patch = parse(body, &text).map_err(|error| {
        if is_strict { undecodable(&error) } else { Status::bad_request(error) }
    })?;
    let operations = match patch {
        Value::Array(operations) => operations,
        Value::Null => Vec::new(),
        other => return Err(undecodable(&wrong_type(&other, "[]handlers.jsonPatchOp"))),
    };
    let warnings = if is_strict { check_operations(&text, &operations)? } else { Vec::new() };
    if operations.len() > MAX_OPERATIONS {
        return Err(Status::request_entity_too_large(format_args!(
            "The allowed maximum operations in a JSON patch is {MAX_OPERATIONS}, got {}",
            operations.len()
        )));
    }
    let mut work = Work { depth: depth(&document), ..Work::default() };
    for operation in &operations {
        apply(&mut document, operation, &mut work).map_err(|error| match error {
            NotApplicable => Status::unprocessable(),
            TooMuchWork => Status::request_entity_too_large(
                "The JSON patch moves too many list elements or nests too deeply",
            ),
        })?;
    }
    Ok((document, warnings))
}

/// Applies a JSON Merge Patch.
///
/// # Errors
///
/// The body is not JSON, or strict decoding finds that it is not an object (400).
pub(crate) fn merge_patch(mut document: Value, body: &[u8], is_strict: bool) -> Patched {
    let text = syntax::sanitize(body);
    let invalid = || Status::bad_request("Invalid JSON Patch");
    let patch = parse(body, &text)
        .map_err(|error| if is_strict { undecodable(&error) } else { invalid() })?;
    match patch {
        Value::Null => Err(invalid()),
        patch @ Value::Object(_) => {
            let duplicates = if is_strict { syntax::duplicates(&text) } else { Vec::new() };
            let warning = |path: &String| format!("duplicate field {}", go::quote(path));
            merge(&mut document, patch);
            Ok((document, duplicates.iter().map(warning).collect()))
        }
        other if is_strict => Err(undecodable(&wrong_type(&other, "map[string]interface {}"))),
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

fn wrong_type(found: &Value, go_type: &str) -> String {
    format!("json: cannot unmarshal {} into Go value of type {go_type}", go::type_name(found))
}

/// Strict decoding of operations: returns the warnings for duplicate and unknown fields.
fn check_operations(text: &str, operations: &[Value]) -> Result<Vec<String>, Status> {
    let warning = |what: &str, path: &str| format!("json patch {what} field {}", go::quote(path));
    let duplicates = syntax::duplicates(text);
    let mut warnings: Vec<String> =
        duplicates.iter().map(|path| warning("duplicate", path)).collect();
    for (position, operation) in operations.iter().enumerate() {
        let fields = match operation {
            Value::Object(fields) => fields,
            Value::Null => continue,
            other => return Err(undecodable(&wrong_type(other, "handlers.jsonPatchOp"))),
        };
        for (key, value) in fields {
            match &**key {
                "op" | "path" | "from" if !value.is_string() && !value.is_null() => {
                    let found = go::type_name(value);
                    return Err(undecodable(&format!(
                        "json: cannot unmarshal {found} into Go struct field jsonPatchOp.{key} of type string"
                    )));
                }
                "op" | "path" | "from" | "value" => {}
                other => warnings.push(warning("unknown", &format!("[{position}].{other}"))),
            }
        }
    }
    Ok(warnings)
}

/// Merges a patch into a document (RFC 7396).
fn merge(document: &mut Value, patch: Value) {
    let Value::Object(patch) = patch else {
        *document = patch;
        return;
    };
    let mut fields = match document.take() {
        Value::Object(fields) => fields,
        _ => Map::new(),
    };
    for (key, value) in patch {
        if value.is_null() {
            fields.remove(&key);
        } else {
            merge(fields.entry(key).or_insert(Value::Null), value);
        }
    }
    *document = Value::Object(fields);
}

fn apply(document: &mut Value, operation: &Value, work: &mut Work) -> Result<(), NotApplied> {
    let string = |key| operation.get(key).and_then(Value::as_str).ok_or(NotApplicable);
    // Go represents an absent value as null.
    let value = || operation.get("value").cloned().unwrap_or(Value::Null);
    match string("op")? {
        "add" => {
            let (path, value) = (string("path")?, value());
            work.nest(document, path, depth(&value))?;
            add(document, path, value, work)
        }
        "remove" => remove(document, string("path")?, work).map(drop),
        "replace" => {
            let (path, value) = (string("path")?, value());
            work.nest(document, path, depth(&value))?;
            replace(document, path, value)
        }
        "test" => test(document, string("path")?, &value()),
        "move" => {
            let (from, path) = (string("from")?, string("path")?);
            // A path that is longer than the document is deep leads to nothing, which `remove` reports.
            work.nest(document, path, work.depth.saturating_sub(steps(from)))?;
            let moved = remove(document, from, work)?;
            add(document, path, moved, work)
        }
        "copy" => {
            let (from, path) = (string("from")?, string("path")?);
            let copy = get(document, from)?.clone();
            work.copied_bytes += go::text_of(&copy).len();
            if work.copied_bytes > MAX_COPIED_BYTES {
                return Err(NotApplicable);
            }
            work.nest(document, path, depth(&copy))?;
            add(document, path, copy, work)
        }
        _ => Err(NotApplicable),
    }
}

impl Work {
    /// Checks that the document is not nested too deeply with a value of this depth at a path.
    fn nest(
        &mut self,
        document: &Value,
        path: &str,
        depth_of_value: usize,
    ) -> Result<(), NotApplied> {
        let depth_there = steps(path) + depth_of_value;
        if depth_there <= self.depth {
            return Ok(());
        }
        // The depth that is known can be more than that of the document, so it is determined again.
        if depth_there > MAX_DEPTH && self.depth > depth(document) {
            self.depth = depth(document);
        }
        self.depth = self.depth.max(depth_there);
        if self.depth > MAX_DEPTH { Err(TooMuchWork) } else { Ok(()) }
    }

    /// Counts the elements behind a position of a list, which an operation moves.
    fn shift(&mut self, length: usize, position: usize) -> Result<(), NotApplied> {
        self.shifted_elements += length - position;
        if self.shifted_elements > MAX_SHIFTED_ELEMENTS { Err(TooMuchWork) } else { Ok(()) }
    }
}

/// The number of steps of a path.
fn steps(path: &str) -> usize {
    path.bytes().filter(|byte| *byte == b'/').count()
}

/// The number of lists and objects around the deepest value in a value.
fn depth(value: &Value) -> usize {
    let deepest = match value {
        Value::Array(list) => list.iter().map(depth).max(),
        Value::Object(fields) => fields.values().map(depth).max(),
        _ => return 0,
    };
    1 + deepest.unwrap_or(0)
}

/// The object or list that contains the value at a path, and the last segment of the path.
fn parent<'v>(document: &'v mut Value, path: &str) -> Result<(&'v mut Value, String), NotApplied> {
    let (leading, last_segment) = path.rsplit_once('/').ok_or(NotApplicable)?;
    let mut parent = document;
    // The text before the first slash is ignored.
    for segment in leading.split('/').skip(1) {
        let segment = unescape(segment);
        parent = match parent {
            Value::Object(fields) => fields.get_mut(&segment),
            Value::Array(list) => {
                let position = position(&segment, list.len())?;
                list.get_mut(position)
            }
            _ => None,
        }
        .ok_or(NotApplicable)?;
    }
    if parent.is_object() || parent.is_array() {
        Ok((parent, unescape(last_segment)))
    } else {
        Err(NotApplicable)
    }
}

fn unescape(segment: &str) -> String {
    segment.replace("~1", "/").replace("~0", "~")
}

/// A position in a list of this length. A negative one counts from the end.
fn position(segment: &str, length: usize) -> Result<usize, NotApplied> {
    let position: isize = segment.parse().map_err(|_| NotApplicable)?;
    let position = if position < 0 {
        length.checked_sub(position.unsigned_abs())
    } else {
        usize::try_from(position).ok()
    };
    position.filter(|position| *position < length).ok_or(NotApplicable)
}

fn add(document: &mut Value, path: &str, value: Value, work: &mut Work) -> Result<(), NotApplied> {
    match parent(document, path)? {
        (Value::Object(fields), key) => drop(fields.insert(key, value)),
        (Value::Array(list), key) if key == "-" => list.push(value),
        (Value::Array(list), key) => {
            let position = position(&key, list.len() + 1)?;
            work.shift(list.len(), position)?;
            list.insert(position, value);
        }
        _ => return Err(NotApplicable),
    }
    Ok(())
}

fn remove(document: &mut Value, path: &str, work: &mut Work) -> Result<Value, NotApplied> {
    match parent(document, path)? {
        (Value::Object(fields), key) => fields.remove(&key).ok_or(NotApplicable),
        (Value::Array(list), key) => {
            let position = position(&key, list.len())?;
            work.shift(list.len(), position)?;
            Ok(list.remove(position))
        }
        _ => Err(NotApplicable),
    }
}

/// Replaces a value. An absent field is set, as `evanphx/json-patch` 4 does.
fn replace(document: &mut Value, path: &str, value: Value) -> Result<(), NotApplied> {
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

/// The value at a path. An absent field is null.
fn get<'v>(document: &'v mut Value, path: &str) -> Result<&'v Value, NotApplied> {
    match parent(document, path)? {
        (Value::Object(fields), key) => Ok(fields.get(&key).unwrap_or(&Value::Null)),
        (Value::Array(list), key) => {
            let position = position(&key, list.len())?;
            list.get(position).ok_or(NotApplicable)
        }
        _ => Err(NotApplicable),
    }
}

/// Compares a value. Numbers of different kinds are different: `1` and `1.0`.
fn test(document: &mut Value, path: &str, value: &Value) -> Result<(), NotApplied> {
    let found = if path.is_empty() { &*document } else { get(document, path)? };
    if found == value { Ok(()) } else { Err(NotApplicable) }
}
