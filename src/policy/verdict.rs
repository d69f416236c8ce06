//! The verdict of a policy on a difference, which is decided only here.

use std::borrow::Cow;

use super::creation::is_dropped_default;
use super::{DroppedDefaults, UpdatePolicy};
use crate::diff::{Difference, DifferenceKind, JobField, Origin, Verdict};
use crate::job::Job;
use crate::path::{FieldPath, Segment};

impl UpdatePolicy {
    /// The verdict on a difference in a field.
    pub(crate) fn verdict(
        &self,
        field: JobField<'_>,
        difference: &Difference<'_>,
        existing: &Job<'_>,
    ) -> Verdict {
        if is_identity(field) {
            return Verdict::Denied;
        }
        let path = decisive_path(difference);
        if self.ignores(&path)
            || self.ignores_controller(difference)
            || self.releases_finalizers_of(field, existing)
        {
            Verdict::Ignored
        } else if self.allows(&path) {
            Verdict::Allowed
        } else if is_dropped_default(field, difference, existing) {
            match self.dropped_defaults() {
                DroppedDefaults::Deny => Verdict::Denied,
                DroppedDefaults::Restore => Verdict::Ignored,
                DroppedDefaults::Allow => Verdict::Allowed,
            }
        } else {
            Verdict::Denied
        }
    }

    /// Whether the policy lets an update change a field, which is not part of the identity.
    pub(crate) fn lets_change(&self, path: &FieldPath) -> bool {
        self.allows(path) || self.ignores(path)
    }

    fn ignores(&self, path: &FieldPath) -> bool {
        self.ignored().iter().any(|pattern| pattern.covers(path))
    }

    fn ignores_controller(&self, difference: &Difference<'_>) -> bool {
        self.ignores_filled_volume_claims() && difference.origin == Origin::Controller
    }

    fn releases_finalizers_of(&self, field: JobField<'_>, existing: &Job<'_>) -> bool {
        self.releases_finalizers_while_deleting()
            && field == JobField::Metadata("finalizers")
            && existing.metadata_field("deletionTimestamp").is_some()
    }
}

/// The path that is matched with the patterns. Permission to add and remove the elements of a list
/// includes reordering them, so a reordered list is represented by one of its elements.
fn decisive_path<'d>(difference: &'d Difference<'_>) -> Cow<'d, FieldPath> {
    match difference.kind {
        DifferenceKind::Moved(_) => {
            let mut element = difference.path.clone();
            element.push(Segment::Index(0));
            Cow::Owned(element)
        }
        _ => Cow::Borrowed(&difference.path),
    }
}

/// Whether a field identifies the object. Such a field must not change under any policy.
pub(crate) fn is_identity(field: JobField<'_>) -> bool {
    matches!(
        field,
        JobField::Top("apiVersion" | "kind") | JobField::Metadata("name" | "namespace" | "uid")
    )
}
