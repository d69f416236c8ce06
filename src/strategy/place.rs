//! Access to the fields of a document by path.

use serde_json::{Map, Value};

use crate::path::{FieldPath, Segment};
use crate::scalar::number::integer;

/// Parses a path from the tables of the strategies.
#[expect(clippy::expect_used, reason = "called with literals and the positions of tasks only")]
pub(super) fn path(text: &str) -> FieldPath {
    text.parse().expect("the paths of the strategies are well-formed")
}

/// The value at a path, unless it is absent or `null`.
pub(super) fn get<'v>(job: &'v Value, at: &str) -> Option<&'v Value> {
    job.pointer(&path(at).to_pointer()).filter(|value| !value.is_null())
}

/// The int32 at a path; 0 if there is none.
pub(super) fn number(job: &Value, at: &str) -> i64 {
    let number = get(job, at).and_then(integer).and_then(|number| i32::try_from(number).ok());
    number.map_or(0, i64::from)
}

/// The list at a path; empty if there is none.
pub(super) fn list<'v>(job: &'v Value, at: &str) -> &'v [Value] {
    get(job, at).and_then(Value::as_array).map_or(&[], Vec::as_slice)
}

/// Sets a field, creating the objects that enclose it, or removes it.
///
/// Does nothing if the path leads through a list element that does not exist.
pub(super) fn put(job: &mut Value, at: &str, value: Option<Value>) {
    match value {
        Some(value) => {
            if let Some(field) = path(at).segments().iter().try_fold(job, child_mut) {
                *field = value;
            }
        }
        None => remove(job, &path(at)),
    }
}

/// Changes the list at a path, which is created if there is none.
pub(super) fn edit_list(job: &mut Value, at: &str, edit: impl FnOnce(&mut Vec<Value>)) {
    let mut elements = list(job, at).to_vec();
    edit(&mut elements);
    put(job, at, Some(elements.into()));
}

/// The sum of the replicas of all tasks.
pub(super) fn total_replicas(job: &Value) -> i64 {
    list(job, "spec.tasks").iter().map(|task| number(task, "replicas")).sum()
}

/// The value one step below, which is created if it is the field of an object.
fn child_mut<'v>(parent: &'v mut Value, segment: &Segment) -> Option<&'v mut Value> {
    match segment {
        Segment::Key(key) => {
            if parent.is_null() {
                *parent = Value::Object(Map::new());
            }
            Some(parent.as_object_mut()?.entry(key.to_string()).or_insert(Value::Null))
        }
        Segment::Index(index) => parent.get_mut(*index),
    }
}

fn remove(job: &mut Value, path: &FieldPath) {
    let Some((last, parents)) = path.segments().split_last() else { return };
    let parents: FieldPath = parents.iter().cloned().collect();
    let parent = job.pointer_mut(&parents.to_pointer()).and_then(Value::as_object_mut);
    if let (Some(parent), Segment::Key(key)) = (parent, last) {
        parent.remove(&**key);
    }
}
