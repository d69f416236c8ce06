//! Putting back what Volcano filled in at creation and a replacement dropped.

use std::ops::ControlFlow;

use json_patch::{Patch, PatchOperation};
use serde_json::{Value, json};

use super::creation::is_dropped_default;
use crate::diff::{Difference, ReviewError, add, compare, replace};
use crate::job::Job;
use crate::path::{FieldPath, Segment};
use crate::schema::Structural;

/// A replacement with the creation defaults that it dropped put back: what
/// [`Validator::restore_defaults`](crate::Validator::restore_defaults) returns.
#[derive(Clone, Debug, PartialEq)]
pub struct Restored {
    job: Value,
    patch: Patch,
}

impl Restored {
    /// The replacement, complete.
    #[must_use]
    pub fn job(&self) -> &Value {
        &self.job
    }

    /// The replacement, complete, by value.
    #[must_use]
    pub fn into_job(self) -> Value {
        self.job
    }

    /// What was done to the replacement, as a JSON Patch; empty if nothing was missing.
    #[must_use]
    pub fn patch(&self) -> &Patch {
        &self.patch
    }
}

/// The replacement with the creation defaults put back that it dropped.
///
/// # Errors
///
/// A part of the existing Job that differs, or any part of the replacement, cannot be read.
pub(crate) fn restore_defaults(
    existing: &Job<'_>,
    replacement: &Job<'_>,
    schema: &Structural,
) -> Result<Restored, ReviewError> {
    let dropped = dropped_defaults(existing, replacement, schema)?;
    put_all_back(replacement, dropped)
}

/// The patch of [`restore_defaults`]. The replacement is parsed only if something was dropped.
///
/// # Errors
///
/// As [`restore_defaults`].
pub(crate) fn restoring_patch(
    existing: &Job<'_>,
    replacement: &Job<'_>,
    schema: &Structural,
) -> Result<Patch, ReviewError> {
    let dropped = dropped_defaults(existing, replacement, schema)?;
    if dropped.is_empty() {
        return Ok(Patch::default());
    }
    Ok(put_all_back(replacement, dropped)?.patch)
}

/// The fields that were dropped, where they belong in the replacement, with their values; sorted.
fn dropped_defaults(
    existing: &Job<'_>,
    replacement: &Job<'_>,
    schema: &Structural,
) -> Result<Vec<(FieldPath, Value)>, ReviewError> {
    let mut dropped = Vec::new();
    compare(existing, replacement, schema, &mut |diff| {
        let is_dropped =
            |difference: &&Difference<'_>| is_dropped_default(diff.field, difference, existing);
        for difference in diff.differences.iter().filter(is_dropped) {
            let path = difference.replacement_path();
            dropped.extend(difference.before().map(|before| (path.clone(), before.clone())));
        }
        ControlFlow::Continue(())
    })?;
    dropped.sort_by(|(a, _), (b, _)| a.cmp(b));
    Ok(dropped)
}

fn put_all_back(
    replacement: &Job<'_>,
    dropped: Vec<(FieldPath, Value)>,
) -> Result<Restored, ReviewError> {
    let mut job = replacement.to_value().map_err(ReviewError::Replacement)?;
    let mut operations = Vec::new();
    for (path, value) in dropped {
        put_back(&mut job, path.segments(), &value, &mut operations);
    }
    Ok(Restored { job, patch: Patch(operations) })
}

/// Sets a field, and makes the objects on the way to it that are absent or `null`; each is an operation
/// of the patch.
#[expect(clippy::expect_used, reason = "the walk found the enclosing objects in the replacement")]
fn put_back(
    job: &mut Value,
    path: &[Segment],
    default: &Value,
    operations: &mut Vec<PatchOperation>,
) {
    let mut holder = job;
    for (depth, segment) in path.iter().enumerate() {
        let child = child(holder, segment).expect("a place in the replacement");
        let is_field = depth + 1 == path.len();
        if is_field || child.is_null() {
            *child = if is_field { default.clone() } else { json!({}) };
            let place = path.get(..=depth).expect("a step of the path");
            operations.push(match segment {
                Segment::Key(_) => add(place, child.clone()),
                // `add` would put another element in front of one that is `null`.
                Segment::Index(_) => replace(place, child.clone()),
            });
        }
        holder = child;
    }
}

/// What stands in an object or list, made `null` if the object lacks it.
fn child<'v>(holder: &'v mut Value, segment: &Segment) -> Option<&'v mut Value> {
    match (holder, segment) {
        (Value::Object(map), Segment::Key(key)) => Some(map.entry(&**key).or_insert(Value::Null)),
        (Value::Array(list), Segment::Index(index)) => list.get_mut(*index),
        _ => None,
    }
}
