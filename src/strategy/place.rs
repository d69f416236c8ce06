//! Fields of a document by their path: reading, setting, removing.

use serde_json::{Value, json};

use crate::path::{FieldPath, Segment};

/// The value at a path, unless there is none or `null`.
pub(super) fn get<'v>(job: &'v Value, path: &str) -> Option<&'v Value> {
    let path: FieldPath = path.parse().ok()?;
    job.pointer(&path.to_pointer()).filter(|value| !value.is_null())
}

/// The integer at a path, 0 if there is none.
pub(super) fn number(job: &Value, path: &str) -> i64 {
    get(job, path).and_then(Value::as_i64).unwrap_or(0)
}

/// The list at a path, empty if there is none.
pub(super) fn list<'v>(job: &'v Value, path: &str) -> &'v [Value] {
    get(job, path).and_then(Value::as_array).map_or(&[], Vec::as_slice)
}

/// Sets a field, making the objects on the way, or removes it.
pub(super) fn put(job: &mut Value, path: &str, value: Option<Value>) {
    let Ok(path) = path.parse::<FieldPath>() else { return };
    let Some((Segment::Key(last), parents)) = path.segments().split_last() else { return };
    if value.is_none() && job.pointer(&path.to_pointer()).is_none() {
        return;
    }
    let parent = parents.iter().try_fold(job, |parent, segment| match segment {
        Segment::Key(key) => {
            let parent = parent.as_object_mut()?;
            Some(parent.entry(key.to_string()).or_insert_with(|| json!({})))
        }
        Segment::Index(position) => parent.get_mut(*position),
    });
    let Some(parent) = parent.and_then(Value::as_object_mut) else { return };
    match value {
        Some(value) => drop(parent.insert(last.to_string(), value)),
        None => drop(parent.remove(&**last)),
    }
}

/// Changes the list at a path, which is made if there is none.
pub(super) fn edit_list(job: &mut Value, path: &str, edit: impl FnOnce(&mut Vec<Value>)) {
    let mut elements = list(job, path).to_vec();
    edit(&mut elements);
    put(job, path, Some(elements.into()));
}

/// The sum of the replicas of all tasks.
pub(super) fn total_replicas(job: &Value) -> i64 {
    let replicas = list(job, "spec.tasks").iter().map(|task| number(task, "replicas"));
    replicas.fold(0, i64::saturating_add)
}
