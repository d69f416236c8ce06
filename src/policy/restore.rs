//! Restores the creation defaults that a replacement dropped.

use std::ops::ControlFlow;

use json_patch::{Patch, PatchOperation};
use serde_json::{Value, json};

use super::creation::is_dropped_default;
use crate::diff::{
    Difference, FieldDiff, JobField, ReviewError, Verdict, Visitor, WalkLimits, add, compare,
    replace,
};
use crate::job::Job;
use crate::path::{FieldPath, Segment};
use crate::schema::Structural;

/// A replacement with its dropped creation defaults restored, as returned by
/// [`Validator::restore_defaults`](crate::Validator::restore_defaults).
#[derive(Clone, Debug, PartialEq)]
pub struct Restored {
    job: Value,
    patch: Patch,
}

impl Restored {
    /// The complete replacement.
    #[must_use]
    pub fn job(&self) -> &Value {
        &self.job
    }

    /// The complete replacement, by value.
    #[must_use]
    pub fn into_job(self) -> Value {
        self.job
    }

    /// The restored defaults as a JSON Patch of the replacement; empty if none was missing.
    #[must_use]
    pub fn patch(&self) -> &Patch {
        &self.patch
    }
}

/// Returns the replacement with its dropped creation defaults restored.
///
/// # Errors
///
/// A value of the existing Job that differs, or any value of the replacement, cannot be parsed.
pub(crate) fn restore_defaults(
    existing: &Job<'_>,
    replacement: &Job<'_>,
    schema: &Structural,
) -> Result<Restored, ReviewError> {
    let dropped = dropped_defaults(existing, replacement, schema)?;
    restore_all(replacement, dropped)
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
    Ok(restore_all(replacement, dropped)?.patch)
}

/// The dropped fields with their paths in the replacement and their values, sorted by path.
fn dropped_defaults(
    existing: &Job<'_>,
    replacement: &Job<'_>,
    schema: &Structural,
) -> Result<Vec<(FieldPath, Value)>, ReviewError> {
    let mut dropped = DroppedDefaults { existing, list: Vec::new() };
    let all = WalkLimits { values: usize::MAX, fields: usize::MAX };
    compare(existing, replacement, schema, all, &mut dropped)?;
    dropped.list.sort_by(|(a, _), (b, _)| a.cmp(b));
    Ok(dropped.list)
}

/// Collects the dropped creation defaults. Only these count as denied.
struct DroppedDefaults<'c, 'e> {
    existing: &'c Job<'e>,
    list: Vec<(FieldPath, Value)>,
}

impl Visitor for DroppedDefaults<'_, '_> {
    fn verdict(&self, field: JobField<'_>, difference: &Difference<'_>) -> Verdict {
        if is_dropped_default(field, difference, self.existing) {
            Verdict::Denied
        } else {
            Verdict::Allowed
        }
    }

    fn visit(&mut self, diff: FieldDiff<'_>) -> ControlFlow<()> {
        let denied = diff.differences.iter().filter(|(_, verdict)| *verdict == Verdict::Denied);
        self.list.extend(denied.filter_map(|(difference, _)| {
            Some((difference.replacement_path().clone(), difference.before()?.to_value()))
        }));
        ControlFlow::Continue(())
    }

    fn fold(&mut self, _: Difference<'_>) {}
}

fn restore_all(
    replacement: &Job<'_>,
    dropped: Vec<(FieldPath, Value)>,
) -> Result<Restored, ReviewError> {
    let mut job = replacement.to_value().map_err(ReviewError::Replacement)?;
    let mut operations = Vec::new();
    for (path, value) in dropped {
        restore(&mut job, path.segments(), &value, &mut operations);
    }
    Ok(Restored { job, patch: Patch(operations) })
}

/// Sets a field, creating the objects around it that are absent or `null`. Each step is an
/// operation of the patch.
#[expect(clippy::expect_used, reason = "the walk found the enclosing objects in the replacement")]
fn restore(
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
                // `add` would insert another element before the `null` element.
                Segment::Index(_) => replace(place, child.clone()),
            });
        }
        holder = child;
    }
}

/// The value in an object or list. A missing field of an object is created as `null`.
fn child<'v>(holder: &'v mut Value, segment: &Segment) -> Option<&'v mut Value> {
    match (holder, segment) {
        (Value::Object(map), Segment::Key(key)) => Some(map.entry(&**key).or_insert(Value::Null)),
        (Value::Array(list), Segment::Index(index)) => list.get_mut(*index),
        _ => None,
    }
}
