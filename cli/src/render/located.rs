//! A violation or warning, and where it stands in the files, for outputs that programs show.

use std::collections::HashMap;

use volcano_job_update::internals::Position;
use volcano_job_update::{FieldPath, Severity, Violation};

use super::words::values;
use crate::case::{Reviewed, Spots};
use crate::input::{Document, Spot};

/// A violation or warning of an update.
#[derive(Clone, Copy)]
pub(super) struct Located<'r> {
    pub(super) reviewed: &'r Reviewed,
    pub(super) violation: &'r Violation,
    pub(super) spots: Option<&'r Spots>,
}

/// A part of one line: the columns are counted from 1 in characters, and `end_column` is that behind the
/// last one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Region {
    pub(super) line: usize,
    pub(super) start_column: usize,
    pub(super) end_column: usize,
}

impl<'r> Located<'r> {
    /// The violations of an update, then its warnings, with the spots of the update.
    pub(super) fn all(
        reviewed: &'r Reviewed,
        spots: &'r HashMap<&FieldPath, Spots>,
    ) -> impl Iterator<Item = Self> {
        let violations = reviewed.review.violations().into_iter().flatten();
        let all = violations.chain(reviewed.review.warnings());
        all.map(move |violation| Located {
            reviewed,
            violation,
            spots: spots.get(violation.place()),
        })
    }

    pub(super) fn is_warning(self) -> bool {
        self.violation.severity() == Severity::Warning
    }

    /// The message with the path, the values that may be shown, and the hint on a line of its own.
    pub(super) fn text(self, show_values: bool) -> String {
        let violation = self.violation;
        let (path, message) = (violation.path(), violation.message());
        let change = self.reviewed.change_of(violation);
        let values = change.and_then(|change| values(change, show_values));
        let values = values.map(|values| format!(" ({values})")).unwrap_or_default();
        let help = violation.hint().map(|hint| format!("\nhelp: {hint}")).unwrap_or_default();
        if path.segments().is_empty() {
            return format!("{message}{values}{help}");
        }
        format!("{path}: {message}{values}{help}")
    }

    /// Where the field stands in the manifest, or would stand.
    pub(super) fn region(self) -> Option<Region> {
        let spot = self.spots?.replacement.as_ref()?;
        Some(Region::of(&self.reviewed.update.manifest, spot))
    }

    /// Where the field stands in the file of the existing Job, if it is there.
    pub(super) fn existing_region(self) -> Option<Region> {
        let spot = self.spots?.existing.as_ref()?;
        (spot.place.missing == 0).then(|| Region::of(&self.reviewed.update.existing, spot))
    }
}

impl Region {
    /// The beginning of a file, for what has no place in it.
    pub(super) const FIRST: Self = Self { line: 1, start_column: 1, end_column: 1 };

    /// A place without an extent.
    pub(super) fn at(Position { line, column }: Position) -> Self {
        Self { line, start_column: column, end_column: column }
    }

    fn of(document: &Document, spot: &Spot) -> Self {
        let start_column = spot.position.column;
        let marked = String::from_utf8_lossy(marked(document.text(), spot));
        let end_column = start_column + marked.chars().count();
        Self { line: spot.position.line, start_column, end_column }
    }
}

/// The field, if it is on one line; otherwise its key or the first line of its value.
fn marked<'t>(text: &'t [u8], spot: &Spot) -> &'t [u8] {
    let place = &spot.place;
    let start = place.key.as_ref().unwrap_or(&place.value).start;
    let part = |end: usize| text.get(start..end).unwrap_or_default();
    let whole = part(place.value.end);
    let key = place.key.as_ref().map(|key| part(key.end));
    match key {
        Some(key) if place.missing > 0 || whole.contains(&b'\n') => key,
        None if place.missing > 0 => whole.get(..1).unwrap_or_default(),
        _ => whole.split(|byte| matches!(byte, b'\n' | b'\r')).next().unwrap_or_default(),
    }
}
