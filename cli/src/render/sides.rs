//! Both Jobs of an update as values that differ only in what the review calls a change.

use std::collections::HashMap;
use std::ops::Range;

use serde_json::Value;
use similar::{Algorithm, DiffOp, capture_diff_slices};
use volcano_job_update::{Change, ChangeKind, Changes, FieldPath, json_patch};

use super::yaml::{Line, LineKey};
use crate::case::Reviewed;
use crate::error::Error;

/// The existing Job, and what the changes make of it: its spellings, and its fields that the API server
/// manages or fills in, are those of the existing Job.
pub(super) struct Sides {
    pub(super) existing: Value,
    pub(super) replacement: Value,
}

/// The number of changes up to which they are applied: each can move all elements of a list.
const APPLIED_CHANGES: usize = 10_000;

/// The number of values up to which a Job is shown as YAML. A cluster stores 1.5 MiB, which have fewer.
const SHOWN_VALUES: usize = 100_000;

impl Sides {
    /// With very many changes, the second side is the replacement as it is.
    ///
    /// # Errors
    ///
    /// A Job cannot be read, or [has too many values](Error::ManyValues).
    pub(super) fn of(reviewed: &Reviewed) -> Result<Self, Error> {
        let update = &reviewed.update;
        let existing =
            update.existing()?.to_value().map_err(|error| update.existing.error(error))?;
        check_size(&existing, &update.existing.name)?;
        let changes = reviewed.review.changes();
        let replacement = match changes.len() {
            0..=APPLIED_CHANGES => applied(existing.clone(), changes),
            _ => None,
        };
        let replacement = match replacement {
            Some(replacement) => replacement,
            None => {
                update.replacement()?.to_value().map_err(|error| update.manifest.error(error))?
            }
        };
        check_size(&replacement, &update.manifest.name)?;
        Ok(Self { existing, replacement })
    }
}

fn check_size(job: &Value, name: &str) -> Result<(), Error> {
    let mut left = SHOWN_VALUES;
    if fits(job, &mut left) { Ok(()) } else { Err(Error::ManyValues(name.to_owned())) }
}

/// Counts the values of a Job; whether there are no more than are left.
fn fits(value: &Value, left: &mut usize) -> bool {
    let Some(fewer) = left.checked_sub(1) else { return false };
    *left = fewer;
    match value {
        Value::Array(elements) => elements.iter().all(|element| fits(element, left)),
        Value::Object(members) => members.values().all(|value| fits(value, left)),
        _ => true,
    }
}

fn applied(mut job: Value, changes: &Changes) -> Option<Value> {
    json_patch::patch(&mut job, &changes.to_patch()).ok()?;
    Some(job)
}

/// The lines that two Jobs have in common, and the others, in order.
///
/// What was added or removed has no line in common with the other side, so that the elements of lists that
/// the review matched stand beside each other.
pub(super) fn compare(
    changes: &Changes,
    existing: &[Line<'_>],
    replacement: &[Line<'_>],
) -> Vec<DiffOp> {
    let of_kind = |kind| move |change: &&Change| change.kind() == kind;
    let removed = changes.iter().filter(of_kind(ChangeKind::Removed)).map(Change::path);
    let added = changes.iter().zip(changes.patched_paths());
    let added = added.filter(|(change, _)| change.kind() == ChangeKind::Added);
    // The keys of lines borrow from them, so the lines are numbered instead.
    let mut numbers: HashMap<LineKey<'_>, isize> = HashMap::new();
    let mut number = |line| {
        let next = 1 + numbers.len().cast_signed();
        *numbers.entry(Line::key(line)).or_insert(next)
    };
    let mut existing_numbers: Vec<isize> = existing.iter().map(&mut number).collect();
    let mut replacement_numbers: Vec<isize> = replacement.iter().map(&mut number).collect();
    for path in removed {
        fill(&mut existing_numbers, lines_of(existing, path), -1);
    }
    for (_, path) in added {
        fill(&mut replacement_numbers, lines_of(replacement, &path), -2);
    }
    capture_diff_slices(Algorithm::Myers, &existing_numbers, &replacement_numbers)
}

fn fill(numbers: &mut [isize], range: Range<usize>, number: isize) {
    numbers.get_mut(range).unwrap_or_default().fill(number);
}

/// The lines of a field. Lines are sorted by path.
pub(super) fn lines_of(lines: &[Line<'_>], path: &FieldPath) -> Range<usize> {
    let start = lines.partition_point(|line| line.path() < *path);
    let (_, rest) = lines.split_at(start);
    start..start + rest.partition_point(|line| line.path().starts_with(path))
}

/// The changes by the fields of one side.
pub(super) struct ChangesByPath<'r> {
    changes: HashMap<FieldPath, &'r Change>,
}

impl<'r> ChangesByPath<'r> {
    pub(super) fn existing(changes: &'r Changes) -> Self {
        let path = |change: &'r Change| (change.existing_path().clone(), change);
        Self { changes: changes.iter().map(path).collect() }
    }

    pub(super) fn replacement(changes: &'r Changes) -> Self {
        Self { changes: changes.patched_paths().into_iter().zip(changes).collect() }
    }

    /// The change of a field or of what contains it.
    pub(super) fn of_field(&self, path: &FieldPath) -> Option<&'r Change> {
        let ancestors = std::iter::successors(Some(path.clone()), FieldPath::parent);
        ancestors.into_iter().find_map(|path| self.changes.get(&path).copied())
    }
}
