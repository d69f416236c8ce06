//! Applies JSON Patch and JSON Merge Patch as an API server does.
//!
//! Follows [evanphx/json-patch](https://github.com/evanphx/json-patch), version 4: a negative
//! position counts from the end of a list, `test` treats an absent field as `null`, and the answer does
//! not say which operation is at fault.

use volcano_job_update::internals::{Cursor, JsonType};
use volcano_job_update::status::Status;

use NotApplied::{AbsentPlace, CopiesTooMuch, Malformed, OtherValue, TooMuchWork};

use crate::go;
use crate::lazy::{self, Budget, Lazy, OverBudget};
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
/// The maximum number of bytes of the document and the patch that are read to apply the patch, where
/// each level of a value is read on its own. An API server has no such limit.
const MAX_BYTES_READ: usize = 100_000_000;

/// The text of the patched document, and the warnings of strict decoding.
type Patched = Result<(String, Vec<String>), PatchError>;

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

/// What the operations may still add up to.
struct Work {
    copied_bytes: usize,
    shifted_elements: usize,
    budget: Budget,
}

impl Default for Work {
    fn default() -> Self {
        Self {
            copied_bytes: MAX_COPIED_BYTES,
            shifted_elements: MAX_SHIFTED_ELEMENTS,
            budget: Budget { bytes_read: MAX_BYTES_READ },
        }
    }
}

impl From<OverBudget> for NotApplied {
    fn from(OverBudget: OverBudget) -> Self {
        TooMuchWork
    }
}

/// Applies a JSON Patch to the text of a document.
///
/// # Errors
///
/// The body is not a JSON Patch (400), has too many operations or causes too much work (413), or does
/// not apply (422).
pub(crate) fn json_patch(document: &str, body: &[u8], is_strict: bool) -> Patched {
    let text = syntax::sanitize_bytes(body);
    let patch = well_formed(&text, body).map_err(|error| {
        if is_strict { undecodable(&error) } else { Status::bad_request(error) }
    })?;
    let types = if is_strict {
        ["[]handlers.jsonPatchOp", "handlers.jsonPatchOp"]
    } else {
        ["jsonpatch.Patch", "jsonpatch.Operation"]
    };
    let refused = |found: &str, go_type| {
        let error = wrong_type(found, go_type);
        if is_strict { undecodable(&error) } else { Status::bad_request(error) }
    };
    let [patch_type, operation_type] = types;
    let operations = match patch {
        "null" => Vec::new(),
        list if list.starts_with('[') => lazy::elements(list),
        other => return Err(refused(other, patch_type).into()),
    };
    let is_operation = |text: &&str| text.starts_with('{') || *text == "null";
    if let Some(other) = operations.iter().copied().find(|text| !is_operation(text)) {
        return Err(refused(other, operation_type).into());
    }
    let operations: Vec<Operation<'_>> = operations.into_iter().map(Operation::parse).collect();
    let warnings = if is_strict { check_operations(&text, &operations)? } else { Vec::new() };
    if operations.len() > MAX_OPERATIONS {
        return Err(PatchError::Status(Status::request_entity_too_large(format_args!(
            "The allowed maximum operations in a JSON patch is {MAX_OPERATIONS}, got {}",
            operations.len()
        ))));
    }
    let mut work = Work::default();
    let mut document = Lazy::new(document);
    for (position, operation) in operations.iter().enumerate() {
        apply(&mut document, operation, &mut work).map_err(|reason| PatchError::Operation {
            position,
            operation: operation.described(),
            reason,
        })?;
    }
    Ok((document.to_text(), warnings))
}

/// Applies a JSON Merge Patch to the text of a document.
///
/// # Errors
///
/// The body is not JSON, or no patch (400), or causes too much work (413).
pub(crate) fn merge_patch(document: &str, body: &[u8], is_strict: bool) -> Patched {
    let text = syntax::sanitize_bytes(body);
    let invalid = || Status::bad_request("Invalid JSON Patch");
    let patch = well_formed(&text, body)
        .map_err(|error| if is_strict { undecodable(&error) } else { invalid() })?;
    let is_object = patch.starts_with('{');
    if is_strict && !is_object && patch != "null" {
        return Err(undecodable(&wrong_type(patch, "map[string]interface {}")).into());
    }
    if !is_object && !patch.starts_with('[') {
        return Err(invalid().into());
    }
    let duplicates = if is_strict { syntax::duplicates(patch) } else { Vec::new() };
    let warnings = duplicates.iter().map(|path| format!("duplicate field {}", go::quote(path)));
    let mut document = Lazy::new(document);
    merge(&mut document, Lazy::new(patch), &mut Work::default().budget).map_err(|OverBudget| {
        Status::request_entity_too_large("The merge patch nests too deeply")
    })?;
    Ok((document.to_text(), warnings.collect()))
}

/// An operation of a JSON Patch.
struct Operation<'t> {
    fields: Vec<(String, &'t str)>,
}

impl<'t> Operation<'t> {
    /// Reads an operation, which is an object or `null`.
    fn parse(text: &'t str) -> Self {
        Self { fields: if text == "null" { Vec::new() } else { lazy::members(text) } }
    }

    /// The text of a field. The last of several with the same name counts.
    fn get(&self, name: &str) -> Option<&'t str> {
        self.fields.iter().rfind(|(key, _)| key == name).map(|(_, value)| *value)
    }

    fn string(&self, name: &str) -> Option<String> {
        self.get(name).filter(|text| text.starts_with('"')).map(lazy::string)
    }

    /// The value of an operation that has none is null.
    fn value(&self) -> Lazy<'t> {
        self.get("value").map_or(Lazy::NULL, Lazy::new)
    }

    /// The operation in an error: ` (remove /spec/queue)`.
    fn described(&self) -> String {
        match (self.string("op"), self.string("path")) {
            (Some(op), Some(path)) => format!(" ({op} {path})"),
            _ => String::new(),
        }
    }
}

/// The text of a body without white space around it.
///
/// # Errors
///
/// Go's error if the body is not a single JSON value.
pub(crate) fn well_formed<'t>(text: &'t str, body: &[u8]) -> Result<&'t str, String> {
    let text = text.trim_ascii();
    let mut cursor = Cursor::new(text);
    let error = match cursor.value() {
        Ok(value) if value.len() == text.len() => return Ok(text),
        Ok(_) => "it is more than one value".to_owned(),
        Err(error) => error.to_string(),
    };
    // Without an error in Go, it is nested too deeply.
    Err(syntax::error(body).unwrap_or(error))
}

fn undecodable(error: &str) -> Status {
    Status::bad_request(format!("error decoding patch: {error}"))
}

fn wrong_type(found: &str, go_type: &str) -> String {
    format!("json: cannot unmarshal {} into Go value of type {go_type}", go_name(found))
}

/// Go's name for the type of a JSON text.
pub(crate) fn go_name(text: &str) -> &'static str {
    JsonType::of_text(text).go_name()
}

/// Strict decoding of operations: returns the warnings for duplicate and unknown fields.
fn check_operations(text: &str, operations: &[Operation<'_>]) -> Result<Vec<String>, Status> {
    let warning = |what: &str, path: &str| format!("json patch {what} field {}", go::quote(path));
    let duplicates = syntax::duplicates(text);
    let mut warnings: Vec<String> =
        duplicates.iter().map(|path| warning("duplicate", path)).collect();
    for (position, operation) in operations.iter().enumerate() {
        for (key, value) in &operation.fields {
            match &**key {
                "op" | "path" | "from" if !value.starts_with('"') && *value != "null" => {
                    let found = go_name(value);
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

/// Merges a patch into a document (RFC 7396). As in an API server, `null` fields stay in a list that
/// replaces an object.
fn merge<'t>(
    document: &mut Lazy<'t>,
    mut patch: Lazy<'t>,
    budget: &mut Budget,
) -> Result<(), OverBudget> {
    let Some(fields) = document.object(budget)? else {
        prune_nulls(&mut patch, budget)?;
        *document = patch;
        return Ok(());
    };
    patch.parse(budget)?;
    let Lazy::Object(patch) = patch else {
        *document = patch;
        return Ok(());
    };
    for (key, value) in patch {
        if value.is_null() {
            fields.remove(&key);
        } else {
            merge(fields.entry(key).or_insert(Lazy::NULL), value, budget)?;
        }
    }
    Ok(())
}

/// Removes the `null` fields of all objects in a value.
fn prune_nulls(value: &mut Lazy<'_>, budget: &mut Budget) -> Result<(), OverBudget> {
    value.parse(budget)?;
    match value {
        Lazy::Text(_) => Ok(()),
        Lazy::Object(fields) => {
            fields.retain(|_, value| !value.is_null());
            fields.values_mut().try_for_each(|value| prune_nulls(value, budget))
        }
        Lazy::List(elements) => {
            elements.iter_mut().try_for_each(|element| prune_nulls(element, budget))
        }
    }
}

fn apply<'t>(
    document: &mut Lazy<'t>,
    operation: &Operation<'t>,
    work: &mut Work,
) -> Result<(), NotApplied> {
    let string = |key| operation.string(key).ok_or(Malformed);
    let value = || operation.value();
    match &*string("op")? {
        "add" => add(document, &string("path")?, value(), work),
        "remove" => remove(document, &string("path")?, work).map(drop),
        "replace" => replace(document, &string("path")?, value(), work),
        "test" => test(document, &string("path")?, value(), work),
        "move" => {
            let moved = remove(document, &string("from")?, work)?;
            add(document, &string("path")?, moved, work)
        }
        "copy" => {
            let (from, path) = (string("from")?, string("path")?);
            find(document, &from, work)?;
            // The way to the destination is parsed before the value is copied, which may be on it.
            parent(document, &path, work)?;
            // A copy of an absent field is null.
            let copy = find(document, &from, work)?
                .map_or_else(|| "null".to_owned(), |found| found.to_text());
            work.copied_bytes = work.copied_bytes.checked_sub(copy.len()).ok_or(CopiesTooMuch)?;
            add(document, &path, Lazy::Text(copy.into()), work)
        }
        _ => Err(Malformed),
    }
}

impl Work {
    /// Checks that the document is not nested too deeply with a value at a path.
    fn nest(&mut self, path: &str, value: &Lazy<'_>) -> Result<(), NotApplied> {
        let steps = path.bytes().filter(|byte| *byte == b'/').count();
        let depth = steps + value.depth(&mut self.budget)?;
        if depth > MAX_DEPTH { Err(TooMuchWork) } else { Ok(()) }
    }

    /// Counts the elements behind a position of a list, which an operation moves.
    fn shift(&mut self, length: usize, position: usize) -> Result<(), NotApplied> {
        let left = self.shifted_elements.checked_sub(length - position);
        self.shifted_elements = left.ok_or(TooMuchWork)?;
        Ok(())
    }
}

/// The object or list that contains the value at a path, and the last segment of the path.
fn parent<'v, 't>(
    document: &'v mut Lazy<'t>,
    path: &str,
    work: &mut Work,
) -> Result<(&'v mut Lazy<'t>, String), NotApplied> {
    let (leading, last_segment) = path.rsplit_once('/').ok_or(AbsentPlace)?;
    let mut parent = document;
    parent.parse(&mut work.budget)?;
    // The text before the first slash is ignored.
    for segment in leading.split('/').skip(1) {
        let segment = unescape(segment);
        parent = match parent {
            Lazy::Object(fields) => fields.get_mut(&segment),
            Lazy::List(list) => {
                let position = position(&segment, list.len())?;
                list.get_mut(position)
            }
            Lazy::Text(_) => None,
        }
        .ok_or(AbsentPlace)?;
        parent.parse(&mut work.budget)?;
    }
    match parent {
        Lazy::Text(_) => Err(AbsentPlace),
        Lazy::Object(_) | Lazy::List(_) => Ok((parent, unescape(last_segment))),
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

fn add<'t>(
    document: &mut Lazy<'t>,
    path: &str,
    value: Lazy<'t>,
    work: &mut Work,
) -> Result<(), NotApplied> {
    work.nest(path, &value)?;
    match parent(document, path, work)? {
        (Lazy::Object(fields), key) => drop(fields.insert(key, value)),
        (Lazy::List(list), key) if key == "-" => list.push(value),
        (Lazy::List(list), key) => {
            let position = position(&key, list.len() + 1)?;
            work.shift(list.len(), position)?;
            list.insert(position, value);
        }
        (Lazy::Text(_), _) => return Err(AbsentPlace),
    }
    Ok(())
}

fn remove<'t>(
    document: &mut Lazy<'t>,
    path: &str,
    work: &mut Work,
) -> Result<Lazy<'t>, NotApplied> {
    match parent(document, path, work)? {
        (Lazy::Object(fields), key) => fields.remove(&key).ok_or(AbsentPlace),
        (Lazy::List(list), key) => {
            let position = position(&key, list.len())?;
            work.shift(list.len(), position)?;
            Ok(list.remove(position))
        }
        (Lazy::Text(_), _) => Err(AbsentPlace),
    }
}

/// Replaces a value. An absent field is set, as `evanphx/json-patch` 4 does.
fn replace<'t>(
    document: &mut Lazy<'t>,
    path: &str,
    mut value: Lazy<'t>,
    work: &mut Work,
) -> Result<(), NotApplied> {
    work.nest(path, &value)?;
    if path.is_empty() {
        value.parse(&mut work.budget)?;
        if matches!(value, Lazy::Text(_)) {
            return Err(AbsentPlace);
        }
        *document = value;
        return Ok(());
    }
    match parent(document, path, work)? {
        (Lazy::Object(fields), key) => drop(fields.insert(key, value)),
        (Lazy::List(list), key) => {
            let position = position(&key, list.len())?;
            *list.get_mut(position).ok_or(AbsentPlace)? = value;
        }
        (Lazy::Text(_), _) => return Err(AbsentPlace),
    }
    Ok(())
}

/// The value at a path. `None` stands for an absent field.
fn find<'v, 't>(
    document: &'v mut Lazy<'t>,
    path: &str,
    work: &mut Work,
) -> Result<Option<&'v mut Lazy<'t>>, NotApplied> {
    match parent(document, path, work)? {
        (Lazy::Object(fields), key) => Ok(fields.get_mut(&key)),
        (Lazy::List(list), key) => {
            let position = position(&key, list.len())?;
            Ok(list.get_mut(position))
        }
        (Lazy::Text(_), _) => Err(AbsentPlace),
    }
}

fn test<'t>(
    document: &mut Lazy<'t>,
    path: &str,
    mut value: Lazy<'t>,
    work: &mut Work,
) -> Result<(), NotApplied> {
    let found = if path.is_empty() { Some(document) } else { find(document, path, work)? };
    let is_same = match found {
        Some(found) => found.equals(&mut value, &mut work.budget)?,
        None => value.is_null(),
    };
    if is_same { Ok(()) } else { Err(OtherValue) }
}
