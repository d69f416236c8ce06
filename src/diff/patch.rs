//! Changes as patches: JSON Patch (RFC 6902) and JSON Merge Patch (RFC 7396).

use std::collections::BTreeSet;

use json_patch::jsonptr::PointerBuf;
use json_patch::{
    AddOperation, MoveOperation, Patch, PatchOperation, RemoveOperation, ReplaceOperation,
};
use serde_json::{Map, Value, json};

use super::change::Values;
use super::{Change, ChangeKind, Changes};
use crate::job::{Job, JobError};
use crate::path::{FieldPath, Segment};

/// Why changes cannot be converted to a merge patch.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum MergePatchError {
    /// The existing Job cannot be parsed completely.
    #[error("existing Job: {0}")]
    Job(JobError),
    /// The changes were computed from another Job.
    #[error("the changes do not apply to this Job")]
    OtherJob,
}

impl From<JobError> for MergePatchError {
    fn from(error: JobError) -> Self {
        Self::Job(error)
    }
}

impl Changes {
    /// The changes as a JSON Patch ([RFC 6902]). Applied to the existing Job it produces the
    /// replacement, except for spellings that [are the same](crate#what-counts-as-a-change) and
    /// fields that the API server manages.
    ///
    /// A subset of the changes ([`Changes::with_verdict`]) produces the patch for that subset:
    ///
    /// ```
    /// use volcano_job_update::{Job, Verdict, diff};
    ///
    /// let existing = Job::from_slice(br#"{"spec": {"queue": "a", "tasks": [{"replicas": 1}]}}"#)?;
    /// let replacement = Job::from_slice(br#"{"spec": {"queue": "b", "tasks": [{"replicas": 2}]}}"#)?;
    /// let allowed = diff(&existing, &replacement)?.with_verdict(Verdict::Allowed);
    ///
    /// assert_eq!(
    ///     serde_json::to_value(allowed.to_patch())?,
    ///     serde_json::json!([{"op": "replace", "path": "/spec/tasks/0/replicas", "value": 2}]),
    /// );
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// [RFC 6902]: https://www.rfc-editor.org/rfc/rfc6902
    #[must_use]
    pub fn to_patch(&self) -> Patch {
        let mut operations = Vec::new();
        // Removals come first, from the last path to the first, so that the existing positions stay
        // valid.
        let mut removed: Vec<&FieldPath> = self
            .iter()
            .filter(|change| change.kind() == ChangeKind::Removed)
            .map(Change::path)
            .collect();
        removed.sort_unstable_by(|a, b| b.cmp(a));
        operations.extend(removed.into_iter().map(remove));

        // The rest follows in path order: when an operation is applied, everything before its path
        // is final.
        let rebuilt = self.rebuilt_lists();
        let mut rest: Vec<(FieldPath, &Change)> = self
            .iter()
            .filter(|change| change.kind() != ChangeKind::Removed)
            .map(|change| (place_in_result(change, &rebuilt), change))
            .collect();
        rest.sort_by(|(a, _), (b, _)| a.cmp(b));
        let mut created = BTreeSet::new();
        for (path, change) in rest {
            match change.values() {
                Values::Removed(_) => {}
                Values::Moved(ranks) => operations.extend(moves(&path, ranks)),
                Values::Replaced { after, .. } => {
                    operations.push(replace(path.segments(), after.to_value()));
                }
                Values::Added(after) => {
                    let absent = change.absent_ancestors();
                    operations.extend(create_ancestors(&path, absent, &mut created));
                    operations.push(add(path.segments(), after.to_value()));
                }
            }
        }
        Patch(operations)
    }

    /// For each change, the path of its value after the patch is applied; that in the existing Job if the
    /// value was removed.
    #[doc(hidden)]
    #[must_use]
    pub fn patched_paths(&self) -> Vec<FieldPath> {
        let rebuilt = self.rebuilt_lists();
        let patched = |change: &Change| match change.kind() {
            ChangeKind::Removed => change.path().clone(),
            _ => place_in_result(change, &rebuilt),
        };
        self.iter().map(patched).collect()
    }

    /// The changes as a JSON Merge Patch ([RFC 7396]). A merge patch cannot change part of a list.
    /// It contains every changed list completely, for which it needs the existing Job.
    ///
    /// # Errors
    ///
    /// The existing Job cannot be parsed completely ([`Job::to_value`]), or is not the Job from
    /// which the changes were computed.
    ///
    /// [RFC 7396]: https://www.rfc-editor.org/rfc/rfc7396
    pub fn to_merge_patch(&self, existing: &Job<'_>) -> Result<Value, MergePatchError> {
        let mut job = existing.to_value().map_err(MergePatchError::Job)?;
        // Several changes can be in the same list, which is set once.
        let keys_of = |change| -> Vec<&str> {
            Change::existing_path(change).segments().iter().map_while(key).collect()
        };
        let places: BTreeSet<Vec<&str>> = self.iter().map(keys_of).collect();
        let mut places: Vec<Vec<&str>> = places.into_iter().collect();
        places.dedup_by(|place, before| place.starts_with(before));
        // Only objects are merged, and lists can be long.
        let old_object = |keys: &Vec<&str>| {
            let old = keys.iter().try_fold(&job, |value, key| value.get(key));
            old.filter(|old| old.is_object()).cloned()
        };
        let old_objects: Vec<Option<Value>> = places.iter().map(old_object).collect();
        json_patch::patch(&mut job, &self.to_patch()).map_err(|_| MergePatchError::OtherJob)?;
        let mut patch = Value::Object(Map::new());
        for (keys, old) in places.iter().zip(old_objects) {
            let new = keys.iter().try_fold(&mut job, |value, key| value.get_mut(key));
            set(&mut patch, keys, merge_patch(old, new.map(Value::take)));
        }
        Ok(patch)
    }

    /// The lists whose elements are added, removed or moved, by their path in the existing Job.
    fn rebuilt_lists(&self) -> BTreeSet<&[Segment]> {
        self.iter()
            .filter_map(|change| {
                let path = change.existing_path().segments();
                match (change.kind(), path.split_last()) {
                    (ChangeKind::Moved, _) => Some(path),
                    (ChangeKind::Added | ChangeKind::Removed, Some((Segment::Index(_), list))) => {
                        Some(list)
                    }
                    _ => None,
                }
            })
            .collect()
    }
}

/// The path of a change after all changes are applied. A list whose elements keep their places
/// keeps the existing positions, even if the replacement has others.
fn place_in_result(change: &Change, rebuilt: &BTreeSet<&[Segment]>) -> FieldPath {
    let existing = change.existing_path().segments();
    let both = change.path().segments().iter().zip(existing).enumerate();
    both.map(|(depth, (new, old))| {
        let (list, _) = existing.split_at(depth);
        let stays = new != old && !rebuilt.contains(list);
        if stays { old.clone() } else { new.clone() }
    })
    .collect()
}

/// The operations that create the missing objects and lists around a value.
fn create_ancestors(
    path: &FieldPath,
    absent: usize,
    created: &mut BTreeSet<FieldPath>,
) -> Vec<PatchOperation> {
    let segments = path.segments();
    let first = segments.len() - absent;
    let mut operations = Vec::new();
    for end in first..segments.len() {
        let (ancestor, below) = segments.split_at(end);
        if created.insert(ancestor.iter().cloned().collect()) {
            let empty = if matches!(below, [Segment::Key(_), ..]) { json!({}) } else { json!([]) };
            operations.push(match ancestor.last() {
                // The element exists, but is `null`.
                Some(Segment::Index(_)) => replace(ancestor, empty),
                _ => add(ancestor, empty),
            });
        }
    }
    operations
}

/// The operations that reorder a list, given the previous rank of each element.
fn moves(list: &FieldPath, order: &[usize]) -> Vec<PatchOperation> {
    let element =
        |position: usize| pointer(list.segments().iter().chain([&Segment::Index(position)]));
    // When an element is moved, those before its new position are in place, and the others follow
    // in their previous order.
    let mut waiting = Ranks::all(order.len());
    let mut operations = Vec::new();
    for (position, &rank) in order.iter().enumerate() {
        let from = position + waiting.count_below(rank);
        waiting.remove(rank);
        if from != position {
            operations.push(PatchOperation::Move(MoveOperation {
                from: element(from),
                path: element(position),
            }));
        }
    }
    operations
}

/// A set of ranks that counts its members below a rank in logarithmic time: a [Fenwick tree].
///
/// [Fenwick tree]: https://en.wikipedia.org/wiki/Fenwick_tree
struct Ranks {
    /// The node at index `i - 1` has the number of members among the `lowest_bit(i)` ranks below
    /// `i`.
    nodes: Vec<usize>,
}

impl Ranks {
    /// The set of all ranks below `count`.
    fn all(count: usize) -> Self {
        Self { nodes: (1..=count).map(lowest_bit).collect() }
    }

    fn count_below(&self, rank: usize) -> usize {
        let next = |i: &usize| Some(i - lowest_bit(*i));
        let path = std::iter::successors(Some(rank), next).take_while(|i| *i > 0);
        path.filter_map(|i| self.nodes.get(i - 1)).sum()
    }

    /// Removes a rank, which must be in the set.
    fn remove(&mut self, rank: usize) {
        let mut i = rank + 1;
        while let Some(members) = self.nodes.get_mut(i - 1) {
            *members -= 1;
            i += lowest_bit(i);
        }
    }
}

fn lowest_bit(number: usize) -> usize {
    number & number.wrapping_neg()
}

/// The operation that sets a field or inserts an element.
pub(crate) fn add(path: &[Segment], value: Value) -> PatchOperation {
    PatchOperation::Add(AddOperation { path: pointer(path), value })
}

fn remove(path: &FieldPath) -> PatchOperation {
    PatchOperation::Remove(RemoveOperation { path: pointer(path.segments()) })
}

/// The operation that replaces a value.
pub(crate) fn replace(path: &[Segment], value: Value) -> PatchOperation {
    PatchOperation::Replace(ReplaceOperation { path: pointer(path), value })
}

fn pointer<'s>(segments: impl IntoIterator<Item = &'s Segment>) -> PointerBuf {
    PointerBuf::from_tokens(segments.into_iter().map(|segment| match segment {
        Segment::Key(key) => key.to_string(),
        Segment::Index(index) => index.to_string(),
    }))
}

fn key(segment: &Segment) -> Option<&str> {
    match segment {
        Segment::Key(key) => Some(key),
        Segment::Index(_) => None,
    }
}

/// The merge patch that turns `old` into `new`: all of `new`, and `null` for each removed field.
fn merge_patch(old: Option<Value>, new: Option<Value>) -> Value {
    match (old, new) {
        (Some(Value::Object(old)), Some(Value::Object(mut new))) => {
            let of_old = |(key, old)| {
                let new = new.remove(&key);
                (key, merge_patch(Some(old), new))
            };
            let mut patch: Map<String, Value> = old.into_iter().map(of_old).collect();
            patch.append(&mut new);
            Value::Object(patch)
        }
        (_, new) => new.unwrap_or(Value::Null),
    }
}

/// Sets a nested value, creating the objects around it.
fn set(object: &mut Value, keys: &[&str], value: Value) {
    let Some((key, below)) = keys.split_first() else {
        *object = value;
        return;
    };
    if let Value::Object(map) = object {
        set(map.entry(*key).or_insert_with(|| json!({})), below, value);
    }
}
