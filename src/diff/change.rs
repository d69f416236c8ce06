//! What differs between two Jobs, and what the policy says to it.

use std::fmt;
use std::ops::Deref;

use serde_json::Value;

use super::walk::Difference;
use crate::path::{FieldPath, Side};
use crate::spelling::spelling;

/// One difference between the existing Job and its replacement.
///
/// Two texts can differ where the Job does not; [What counts as a
/// change](crate#what-counts-as-a-change) has the rules.
#[derive(Clone, PartialEq)]
pub struct Change {
    path: FieldPath,
    /// Where the path has other list positions in the existing Job: the path there.
    existing_path: Option<FieldPath>,
    kind: ChangeKind,
    verdict: Verdict,
    old: Option<Value>,
    new: Option<Value>,
    absent_ancestors: usize,
    order: Vec<usize>,
}

/// What happened to a field.
#[expect(clippy::exhaustive_enums, reason = "there is nothing else that can happen to a value")]
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum ChangeKind {
    /// The replacement has it, the existing Job does not.
    Added,
    /// The existing Job has it, the replacement does not.
    Removed,
    /// Both have it, with different values.
    Replaced,
    /// The elements of a list stand in another order; the path is that of the list.
    Moved,
}

/// What the policy says to a change.
#[expect(
    clippy::exhaustive_enums,
    reason = "callers must handle each; a new one is a new major version"
)]
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Verdict {
    /// The field may be updated.
    Allowed,
    /// The field is none of the policy's business.
    Ignored,
    /// The field may not be updated.
    Denied,
}

impl Change {
    pub(crate) fn found(difference: &Difference<'_>, verdict: Verdict) -> Self {
        let at = difference.at;
        let side =
            if difference.kind == ChangeKind::Removed { Side::Existing } else { Side::Replacement };
        Self {
            path: at.to_path(side),
            existing_path: at.moved().then(|| at.to_path(Side::Existing)),
            kind: difference.kind,
            verdict,
            old: difference.old.cloned(),
            new: difference.new.cloned(),
            absent_ancestors: at.absent_ancestors(),
            order: difference.order.to_vec(),
        }
    }

    /// The field. List positions are those of the replacement; for something removed, those of the
    /// existing Job.
    #[must_use]
    pub fn path(&self) -> &FieldPath {
        &self.path
    }

    /// What happened to it.
    #[must_use]
    pub fn kind(&self) -> ChangeKind {
        self.kind
    }

    /// What the policy says to it.
    #[must_use]
    pub fn verdict(&self) -> Verdict {
        self.verdict
    }

    /// The value in the existing Job, unless the field was added or the list reordered.
    #[must_use]
    pub fn old(&self) -> Option<&Value> {
        self.old.as_ref()
    }

    /// The value in the replacement, unless the field was removed or the list reordered.
    #[must_use]
    #[expect(clippy::new_ret_no_self, reason = "old and new are the two values of a change")]
    pub fn new(&self) -> Option<&Value> {
        self.new.as_ref()
    }

    /// The field, with the list positions of the existing Job.
    pub(crate) fn existing_path(&self) -> &FieldPath {
        self.existing_path.as_ref().unwrap_or(&self.path)
    }

    /// How many of the enclosing objects and lists the existing Job lacks.
    pub(crate) fn absent_ancestors(&self) -> usize {
        self.absent_ancestors
    }

    /// For a reordered list: the former rank of each element that stayed.
    pub(crate) fn order(&self) -> &[usize] {
        &self.order
    }
}

impl fmt::Debug for Change {
    /// Without the values: a Job carries secrets.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {} ({})", self.path, self.kind, self.verdict)
    }
}

/// All differences between two Jobs, sorted by path.
///
/// Fields that the API server manages (`status`, `metadata.resourceVersion` and so on) never count
/// and are not among them.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Changes {
    list: Vec<Change>,
}

impl Changes {
    pub(crate) fn from_list(mut list: Vec<Change>) -> Self {
        list.sort_by(|a, b| a.path.cmp(&b.path));
        Self { list }
    }

    /// Those changes to which the policy says `verdict`.
    #[must_use]
    pub fn with_verdict(&self, verdict: Verdict) -> Self {
        let chosen = self.list.iter().filter(|change| change.verdict == verdict);
        Self { list: chosen.cloned().collect() }
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

spelling!(ChangeKind, "kind of change", ParseChangeKindError {
    Added => "added",
    Removed => "removed",
    Replaced => "replaced",
    Moved => "moved",
});

spelling!(Verdict, "verdict", ParseVerdictError {
    Allowed => "allowed",
    Ignored => "ignored",
    Denied => "denied",
});
