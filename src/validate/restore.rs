//! Putting back what Volcano filled in at creation and a replacement dropped.

use json_patch::{Patch, PatchOperation};
use serde_json::{Value, json};

use super::Validator;
use super::immutability::is_dropped_default;
use crate::diff::patch::{add, replace};
use crate::diff::{Event, ReviewError, Stop, compare};
use crate::job::Job;
use crate::path::{FieldPath, Segment, Side};

/// A replacement with the creation defaults that it dropped put back, see
/// [`Validator::restore_defaults`].
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

    /// What was done to the replacement, as a JSON Patch. Empty if nothing was missing.
    #[must_use]
    pub fn patch(&self) -> &Patch {
        &self.patch
    }
}

impl Validator {
    /// Puts back the fields that Volcano filled in when the Job was created and that are missing from
    /// the replacement: what a mutating webhook, a server or a person wants when a manifest is
    /// applied again.
    ///
    /// Only fields whose value in the existing Job is the one that creation gives are put back, and
    /// whatever the policy says to them. Done twice, the second time does nothing.
    ///
    /// ```
    /// use volcano_job_update::{Job, Validator};
    ///
    /// let existing = Job::from_slice(br#"{"spec": {"minAvailable": 1, "schedulerName": "volcano",
    ///     "tasks": [{"name": "default0", "replicas": 1, "minAvailable": 1, "maxRetry": 3}]}}"#)?;
    /// let manifest = Job::from_slice(br#"{"spec": {"tasks": [{"replicas": 1}]}}"#)?;
    ///
    /// let restored = Validator::default().restore_defaults(&existing, &manifest)?;
    /// assert_eq!(restored.job(), &existing.to_value()?);
    /// assert_eq!(restored.patch().len(), 5);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    ///
    /// A part of the existing Job that differs, or any part of the replacement, cannot be read.
    pub fn restore_defaults(
        &self,
        existing: &Job<'_>,
        replacement: &Job<'_>,
    ) -> Result<Restored, ReviewError> {
        let dropped = self.dropped_defaults(existing, replacement)?;
        put_all_back(replacement, dropped)
    }

    /// The patch of [`Validator::restore_defaults`]. The replacement is parsed only if something was
    /// dropped.
    pub(crate) fn restoring_patch(
        &self,
        existing: &Job<'_>,
        replacement: &Job<'_>,
    ) -> Result<Patch, ReviewError> {
        let dropped = self.dropped_defaults(existing, replacement)?;
        if dropped.is_empty() {
            return Ok(Patch::default());
        }
        Ok(put_all_back(replacement, dropped)?.patch)
    }

    fn dropped_defaults(
        &self,
        existing: &Job<'_>,
        replacement: &Job<'_>,
    ) -> Result<Vec<(FieldPath, Value)>, ReviewError> {
        let mut dropped = Vec::new();
        let mut listen = |event: &Event<'_>| {
            let Event::Difference(difference) = event else { return Ok(()) };
            if is_dropped_default(difference, existing) {
                let value = difference.old.cloned().unwrap_or_default();
                dropped.push((difference.at.to_path(Side::Replacement), value));
            }
            Ok(())
        };
        match compare(existing, replacement, self.schema().shape(), &mut listen) {
            Ok(()) | Err(Stop::Enough) => {}
            Err(Stop::Unreadable(error)) => return Err(error),
        }
        dropped.sort_by(|(a, _), (b, _)| a.cmp(b));
        Ok(dropped)
    }
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

/// Sets a field, makes the objects on the way to it, and notes both.
fn put_back(
    job: &mut Value,
    path: &[Segment],
    value: &Value,
    operations: &mut Vec<PatchOperation>,
) {
    let mut holder = job;
    for depth in 1..=path.len() {
        let place = path.get(..depth).unwrap_or_default();
        let child = match (place.last(), holder) {
            (Some(Segment::Key(key)), Value::Object(map)) => {
                map.entry(&**key).or_insert(Value::Null)
            }
            (Some(Segment::Index(index)), Value::Array(list)) => match list.get_mut(*index) {
                Some(element) => element,
                None => return,
            },
            _ => return,
        };
        let is_field = depth == path.len();
        if is_field || child.is_null() {
            *child = if is_field { value.clone() } else { json!({}) };
            // `add` would put another element in front of one that is `null`.
            let is_element = matches!(place.last(), Some(Segment::Index(_)));
            let operation = if is_element { replace } else { add };
            operations.push(operation(place, child.clone()));
        }
        holder = child;
    }
}
