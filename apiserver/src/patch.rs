//! Applies JSON Patch and JSON Merge Patch as an API server does.
//!
//! Follows [evanphx/json-patch](https://github.com/evanphx/json-patch), version 4: a negative
//! position counts from the end of a list, `test` treats an absent field as `null`, and the answer does
//! not say which operation is at fault.

use serde_json::{Map, Value};
use volcano_job_update::internals::{Document, Node, Text};
use volcano_job_update::status::Status;

use NotApplied::{AbsentPlace, CopiesTooMuch, Malformed, OtherValue, TooMuchWork};

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
type Patched = Result<(Value, Vec<String>), PatchError>;

/// A patch cannot be applied. `Display` names the operation, which the [`Status`] of an API server does
/// not.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum PatchError {
    /// The text is no patch or too large, or the document cannot be parsed.
    #[error(transparent)]
    Status(#[from] Status),
    /// An operation of a JSON Patch does not apply.
    #[error("operation {position}{operation}: {reason}")]
    Operation {
        /// The position of the operation in the patch.
        position: usize,
        /// What the operation does, such as ` (remove /spec/queue)`; empty if it does not say so.
        operation: String,
        /// Why it does not apply.
        reason: NotApplied,
    },
}

impl From<PatchError> for Status {
    fn from(error: PatchError) -> Self {
        match error {
            PatchError::Status(status) => status,
            PatchError::Operation { reason: TooMuchWork, .. } => Self::request_entity_too_large(
                "The JSON patch moves too many list elements or nests too deeply",
            ),
            PatchError::Operation {
                reason: AbsentPlace | OtherValue | CopiesTooMuch | Malformed,
                ..
            } => Self::unprocessable(),
        }
    }
}

/// Why an operation does not apply.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum NotApplied {
    /// A path of the operation leads to no value.
    #[error("the path leads to no value")]
    AbsentPlace,
    /// The value that `test` found is not the expected one.
    #[error("the value there is not the expected one")]
    OtherValue,
    /// The values that are copied have more than 3 MiB.
    #[error("the patch copies more than {MAX_COPIED_BYTES} bytes")]
    CopiesTooMuch,
    /// The operation has no known `op`, or no path.
    #[error("it has no known `op`, or its `path` or `from` is missing")]
    Malformed,
    /// The patch moves too many list elements or nests too deeply.
    #[error("the patch moves too many list elements or nests too deeply")]
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
        other => return Err(undecodable(&wrong_type(&other, "[]handlers.jsonPatchOp")).into()),
    };
    let warnings = if is_strict { check_operations(&text, &operations)? } else { Vec::new() };
    if operations.len() > MAX_OPERATIONS {
        return Err(PatchError::Status(Status::request_entity_too_large(format_args!(
            "The allowed maximum operations in a JSON patch is {MAX_OPERATIONS}, got {}",
            operations.len()
        ))));
    }
    let mut work = Work { depth: depth(&document), ..Work::default() };
    let has_test = operations.iter().any(|operation| operation.get("op") == Some(&"test".into()));
    // `None` if the text has duplicate keys.
    let texts = has_test.then(|| Document::of_text(text.trim_ascii())).flatten();
    let mut texts = texts.iter().flat_map(|texts| texts.root().elements());
    for (position, operation) in operations.iter().enumerate() {
        let expected = texts.next().and_then(|operation| operation.get("value"));
        apply(&mut document, operation, expected, &mut work).map_err(|reason| {
            PatchError::Operation { position, operation: described(operation), reason }
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
        Value::Null => Err(invalid().into()),
        patch @ Value::Object(_) => {
            let duplicates = if is_strict { syntax::duplicates(&text) } else { Vec::new() };
            let warning = |path: &String| format!("duplicate field {}", go::quote(path));
            merge(&mut document, patch);
            Ok((document, duplicates.iter().map(warning).collect()))
        }
        other if is_strict => {
            Err(undecodable(&wrong_type(&other, "map[string]interface {}")).into())
        }
        other => Ok((other, Vec::new())),
    }
}

/// An operation in an error: ` (remove /spec/queue)`.
fn described(operation: &Value) -> String {
    let string = |key| operation.get(key).and_then(Value::as_str);
    match (string("op"), string("path")) {
        (Some(op), Some(path)) => format!(" ({op} {path})"),
        _ => String::new(),
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

/// Applies an operation. `expected` is its `value` as text, for `test`.
fn apply(
    document: &mut Value,
    operation: &Value,
    expected: Option<Node<'_>>,
    work: &mut Work,
) -> Result<(), NotApplied> {
    let string = |key| operation.get(key).and_then(Value::as_str).ok_or(Malformed);
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
        "test" => test(document, string("path")?, &value(), expected),
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
                return Err(CopiesTooMuch);
            }
            work.nest(document, path, depth(&copy))?;
            add(document, path, copy, work)
        }
        _ => Err(Malformed),
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
    let (leading, last_segment) = path.rsplit_once('/').ok_or(AbsentPlace)?;
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
        .ok_or(AbsentPlace)?;
    }
    if parent.is_object() || parent.is_array() {
        Ok((parent, unescape(last_segment)))
    } else {
        Err(AbsentPlace)
    }
}

fn unescape(segment: &str) -> String {
    segment.replace("~1", "/").replace("~0", "~")
}

/// A position in a list of this length. A negative one counts from the end.
fn position(segment: &str, length: usize) -> Result<usize, NotApplied> {
    let position: isize = segment.parse().map_err(|_| AbsentPlace)?;
    let position = if position < 0 {
        length.checked_sub(position.unsigned_abs())
    } else {
        usize::try_from(position).ok()
    };
    position.filter(|position| *position < length).ok_or(AbsentPlace)
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
        _ => return Err(AbsentPlace),
    }
    Ok(())
}

fn remove(document: &mut Value, path: &str, work: &mut Work) -> Result<Value, NotApplied> {
    match parent(document, path)? {
        (Value::Object(fields), key) => fields.remove(&key).ok_or(AbsentPlace),
        (Value::Array(list), key) => {
            let position = position(&key, list.len())?;
            work.shift(list.len(), position)?;
            Ok(list.remove(position))
        }
        _ => Err(AbsentPlace),
    }
}

/// Replaces a value. An absent field is set, as `evanphx/json-patch` 4 does.
fn replace(document: &mut Value, path: &str, value: Value) -> Result<(), NotApplied> {
    if path.is_empty() {
        if !value.is_object() && !value.is_array() {
            return Err(AbsentPlace);
        }
        *document = value;
        return Ok(());
    }
    match parent(document, path)? {
        (Value::Object(fields), key) => drop(fields.insert(key, value)),
        (Value::Array(list), key) => {
            let position = position(&key, list.len())?;
            *list.get_mut(position).ok_or(AbsentPlace)? = value;
        }
        _ => return Err(AbsentPlace),
    }
    Ok(())
}

/// The value at a path. An absent field is null.
fn get<'v>(document: &'v mut Value, path: &str) -> Result<&'v Value, NotApplied> {
    match parent(document, path)? {
        (Value::Object(fields), key) => Ok(fields.get(&key).unwrap_or(&Value::Null)),
        (Value::Array(list), key) => {
            let position = position(&key, list.len())?;
            list.get(position).ok_or(AbsentPlace)
        }
        _ => Err(AbsentPlace),
    }
}

/// Compares a value. Scalars are compared as text, so `1` and `1.0` differ, and so do `"<"` and
/// `"\u003c"`, which is how the text of the existing Job has it.
fn test(
    document: &mut Value,
    path: &str,
    value: &Value,
    text: Option<Node<'_>>,
) -> Result<(), NotApplied> {
    let found = if path.is_empty() { &*document } else { get(document, path)? };
    let is_same = match text {
        Some(text) => is_same_text(found, text),
        None => found == value,
    };
    if is_same { Ok(()) } else { Err(OtherValue) }
}

fn is_same_text(value: &Value, text: Node<'_>) -> bool {
    match value {
        Value::Object(fields) => {
            let is_same = |(key, text): (Text<'_>, Node<'_>)| {
                fields.get(&*key.to_str()).is_some_and(|value| is_same_text(value, text))
            };
            text.is_object()
                && text.members().count() == fields.len()
                && text.members().all(is_same)
        }
        Value::Array(list) => {
            let mut texts = text.elements();
            text.is_list()
                && list
                    .iter()
                    .all(|value| texts.next().is_some_and(|text| is_same_text(value, text)))
                && texts.next().is_none()
        }
        scalar => go::text_of(scalar) == text.text(),
    }
}
