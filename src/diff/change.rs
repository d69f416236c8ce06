//! The changes between two Jobs, each with the verdict of the policy.

use std::fmt;
use std::ops::Deref;

use serde::ser::SerializeStruct;
use serde::{Serialize, Serializer};
use serde_json::Value;

use super::difference::{Difference, DifferenceKind};
use super::verdict::Verdict;
use crate::job::KeptValue;
use crate::job::names::spelling;
use crate::path::FieldPath;

/// One difference between the existing Job and its replacement.
///
/// Two texts can differ although they describe the same Job; see [What counts as a
/// change](crate#what-counts-as-a-change) for the rules.
///
/// It serializes as `{path, pointer, change, verdict}`, without the values, which may be secrets. A
/// path that [`FieldPath`] shortens has no pointer.
#[derive(Clone, PartialEq)]
pub struct Change {
    path: FieldPath,
    /// The path in the other Job, if its list positions differ there: in the replacement if the value
    /// was removed, otherwise in the existing Job.
    other_path: Option<FieldPath>,
    verdict: Verdict,
    values: Values,
    absent_ancestors: usize,
}

/// What happened, with the values.
#[derive(Clone, PartialEq)]
pub(super) enum Values {
    Added(KeptValue),
    Removed(KeptValue),
    Replaced {
        before: KeptValue,
        after: KeptValue,
    },
    /// For each kept element, its previous rank.
    Moved(Vec<usize>),
}

/// What happened to a field.
#[expect(clippy::exhaustive_enums, reason = "nothing else can happen to a value")]
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum ChangeKind {
    /// The replacement has the field, the existing Job does not.
    Added,
    /// The existing Job has the field, the replacement does not.
    Removed,
    /// Both have the field, with different values.
    Replaced,
    /// The elements of a list were reordered; the path is that of the list.
    Moved,
}

impl Change {
    pub(crate) fn new(difference: Difference<'_>, verdict: Verdict) -> Self {
        let absent_ancestors = difference.absent_ancestors;
        let (path, kind, other_path) = difference.into_parts();
        let values = match kind {
            DifferenceKind::Added(after) => Values::Added(after.into()),
            DifferenceKind::Removed(before) => Values::Removed(before.into()),
            DifferenceKind::Replaced { before, after } => {
                Values::Replaced { before: before.into(), after: after.into() }
            }
            DifferenceKind::Moved(ranks) => Values::Moved(ranks),
        };
        Self { path, other_path, verdict, values, absent_ancestors }
    }

    /// The field. List positions are those of the replacement or, if the value was removed, those
    /// of the existing Job.
    #[must_use]
    pub fn path(&self) -> &FieldPath {
        &self.path
    }

    /// The field, with the list positions of the existing Job.
    #[must_use]
    pub fn existing_path(&self) -> &FieldPath {
        match self.values {
            Values::Removed(_) => &self.path,
            Values::Added(_) | Values::Replaced { .. } | Values::Moved(_) => self.other_path(),
        }
    }

    /// The field, with the list positions of the replacement.
    #[must_use]
    pub fn replacement_path(&self) -> &FieldPath {
        match self.values {
            Values::Removed(_) => self.other_path(),
            Values::Added(_) | Values::Replaced { .. } | Values::Moved(_) => &self.path,
        }
    }

    fn other_path(&self) -> &FieldPath {
        self.other_path.as_ref().unwrap_or(&self.path)
    }

    /// What happened to the field.
    #[must_use]
    pub fn kind(&self) -> ChangeKind {
        match self.values {
            Values::Added(_) => ChangeKind::Added,
            Values::Removed(_) => ChangeKind::Removed,
            Values::Replaced { .. } => ChangeKind::Replaced,
            Values::Moved(_) => ChangeKind::Moved,
        }
    }

    /// The verdict of the policy on the change.
    #[must_use]
    pub fn verdict(&self) -> Verdict {
        self.verdict
    }

    /// The value in the existing Job; `None` if the field was added or the list reordered.
    #[must_use]
    pub fn before(&self) -> Option<&Value> {
        match &self.values {
            Values::Removed(before) | Values::Replaced { before, .. } => Some(before.get()),
            Values::Added(_) | Values::Moved(_) => None,
        }
    }

    /// The value in the replacement; `None` if the field was removed or the list reordered.
    #[must_use]
    pub fn after(&self) -> Option<&Value> {
        match &self.values {
            Values::Added(after) | Values::Replaced { after, .. } => Some(after.get()),
            Values::Removed(_) | Values::Moved(_) => None,
        }
    }

    /// The values before and after the change that are neither objects nor lists.
    pub(crate) fn scalars(&self) -> (Option<&Value>, Option<&Value>) {
        match &self.values {
            Values::Added(after) => (None, after.scalar()),
            Values::Removed(before) => (before.scalar(), None),
            Values::Replaced { before, after } => (before.scalar(), after.scalar()),
            Values::Moved(_) => (None, None),
        }
    }

    /// Whether another change is in the value that this one replaces.
    pub(crate) fn contains(&self, other: &Self) -> bool {
        match other.values {
            Values::Added(_) => other.path.starts_with(&self.path),
            Values::Removed(_) | Values::Replaced { .. } | Values::Moved(_) => {
                other.existing_path().starts_with(self.existing_path())
            }
        }
    }

    /// Adds the verdict on a change that this one stands for.
    pub(crate) fn add_verdict(&mut self, verdict: Verdict) {
        self.verdict = self.verdict.strictest(verdict);
    }

    /// The number of enclosing objects and lists that the existing Job lacks.
    pub(super) fn absent_ancestors(&self) -> usize {
        self.absent_ancestors
    }

    pub(super) fn values(&self) -> &Values {
        &self.values
    }
}

impl fmt::Debug for Change {
    /// Omits the values, because a Job can contain secrets.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {} ({})", self.path, self.kind(), self.verdict)
    }
}

impl Serialize for Change {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut object = serializer.serialize_struct("Change", 4)?;
        object.serialize_field("path", &self.path)?;
        match self.path.short_pointer() {
            Some(pointer) => object.serialize_field("pointer", &pointer)?,
            None => object.skip_field("pointer")?,
        }
        object.serialize_field("change", &self.kind())?;
        object.serialize_field("verdict", &self.verdict)?;
        object.end()
    }
}

/// All differences between two Jobs, sorted by path.
///
/// Fields that the API server manages (`status`, `metadata.resourceVersion` and so on) never
/// count as changed and are not included. It serializes as a list.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
#[serde(transparent)]
pub struct Changes {
    list: Vec<Change>,
}

impl Changes {
    pub(crate) fn from_list(mut list: Vec<Change>) -> Self {
        list.sort_by(|a, b| a.path.cmp(&b.path));
        Self { list }
    }

    /// The changes with this verdict.
    #[must_use]
    pub fn with_verdict(&self, verdict: Verdict) -> Self {
        let matching = self.list.iter().filter(|change| change.verdict == verdict);
        Self { list: matching.cloned().collect() }
    }
}

impl Deref for Changes {
    type Target = [Change];

    fn deref(&self) -> &[Change] {
        &self.list
    }
}

impl IntoIterator for Changes {
    type Item = Change;
    type IntoIter = std::vec::IntoIter<Change>;

    fn into_iter(self) -> Self::IntoIter {
        self.list.into_iter()
    }
}

impl<'c> IntoIterator for &'c Changes {
    type Item = &'c Change;
    type IntoIter = std::slice::Iter<'c, Change>;

    fn into_iter(self) -> Self::IntoIter {
        self.list.iter()
    }
}

spelling!(ChangeKind, "kind of change", {
    Added => "added",
    Removed => "removed",
    Replaced => "replaced",
    Moved => "moved",
});
