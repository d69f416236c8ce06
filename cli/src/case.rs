//! What is found out about one Job. All outputs of `check` and `diff` are renderings of it.

use std::borrow::Cow;
use std::collections::HashMap;

use volcano_job_update::internals::Position;
use volcano_job_update::status::Status;
use volcano_job_update::{Change, ChangeKind, FieldPath, Review, Segment, Violation};

use crate::error::Error;
use crate::input::{Spot, Update};

/// One Job: an update, a creation or a deletion, and what comes of it.
pub(crate) struct Case {
    /// The Job as kubectl names it, `NAMESPACE/NAME`; `NAME` if no namespace is known.
    pub(crate) job: String,
    /// The file that asks for the update, as the command line has it; `None` if there is none or it could
    /// not be read.
    pub(crate) manifest: Option<String>,
    pub(crate) outcome: Outcome,
    /// What to tell about how the update came about.
    pub(crate) notes: Vec<String>,
}

pub(crate) enum Outcome {
    Reviewed(Box<Reviewed>),
    /// The Job does not exist yet.
    Created,
    /// The Job has no manifest any more.
    Deleted,
    /// The API server refuses the request, whatever the policy is.
    Refused(Status),
    /// No verdict is possible.
    Failed(Error),
}

/// An update and its review.
pub(crate) struct Reviewed {
    pub(crate) update: Update,
    pub(crate) review: Review,
    /// Whether Volcano's own webhook denies the update, and that counts.
    pub(crate) is_denied_by_volcano: bool,
}

/// The outcome in one word, as all outputs name it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Word {
    Allowed,
    Denied,
    Created,
    Deleted,
    Refused,
    Error,
}

impl Word {
    pub(crate) const ALL: [Self; 6] =
        [Self::Allowed, Self::Denied, Self::Created, Self::Deleted, Self::Refused, Self::Error];

    pub(crate) fn as_str(self) -> &'static str {
        match self {
            Self::Allowed => "allowed",
            Self::Denied => "denied",
            Self::Created => "created",
            Self::Deleted => "deleted",
            Self::Refused => "refused",
            Self::Error => "error",
        }
    }
}

impl Case {
    /// A case of which no more is known.
    pub(crate) fn new(job: String, outcome: Outcome) -> Self {
        Self { job, manifest: None, outcome, notes: Vec::new() }
    }

    /// The file that it is about.
    pub(crate) fn file(&self) -> Option<&str> {
        match &self.outcome {
            Outcome::Failed(error) => self.manifest.as_deref().or(error.file()),
            _ => self.manifest.as_deref(),
        }
    }

    pub(crate) fn word(&self) -> Word {
        match &self.outcome {
            Outcome::Reviewed(reviewed) if reviewed.is_allowed() => Word::Allowed,
            Outcome::Reviewed(_) => Word::Denied,
            Outcome::Created => Word::Created,
            Outcome::Deleted => Word::Deleted,
            Outcome::Refused(_) => Word::Refused,
            Outcome::Failed(_) => Word::Error,
        }
    }

    /// Where the file is wrong, if that is why there is no verdict; else where the manifest begins in it.
    pub(crate) fn position(&self) -> Option<Position> {
        match &self.outcome {
            Outcome::Failed(error) => error.position(),
            Outcome::Reviewed(reviewed) => reviewed.update.manifest.position(),
            Outcome::Created | Outcome::Deleted | Outcome::Refused(_) => None,
        }
    }

    /// The exit status of `check`: 0 may be done, 1 may not, 2 nobody knows.
    pub(crate) fn check_status(&self) -> u8 {
        match self.word() {
            Word::Allowed | Word::Created | Word::Deleted => 0,
            Word::Denied | Word::Refused => 1,
            Word::Error => 2,
        }
    }

    /// The exit status of `diff`: 0 no change, 1 changes, 2 nobody knows.
    pub(crate) fn diff_status(&self) -> u8 {
        match &self.outcome {
            Outcome::Reviewed(reviewed) => u8::from(!reviewed.review.changes().is_empty()),
            Outcome::Created | Outcome::Deleted => 1,
            Outcome::Refused(_) | Outcome::Failed(_) => 2,
        }
    }
}

impl Reviewed {
    pub(crate) fn is_allowed(&self) -> bool {
        self.review.is_allowed() && !self.is_denied_by_volcano
    }

    /// The change that a violation or warning is about.
    pub(crate) fn change_of(&self, violation: &Violation) -> Option<&Change> {
        let changes = self.review.changes();
        let position = changes.binary_search_by(|change| change.path().cmp(violation.path()));
        changes.get(position.ok()?)
    }

    /// Where everything that the review reports stands in the files, by the paths of the review.
    pub(crate) fn spots(&self) -> HashMap<&FieldPath, Spots> {
        let violations = self.review.violations().into_iter().flatten();
        let reported = violations.chain(self.review.warnings()).map(Violation::place);
        let same = |path| (path, (Cow::Borrowed(path), Cow::Borrowed(path)));
        let mut paths: HashMap<_, _> = reported.map(same).collect();
        for change in self.review.changes() {
            let (existing, replacement) = (change.existing_path(), change.replacement_path());
            let sides = match change.kind() {
                ChangeKind::Added => (absent(existing), Cow::Borrowed(replacement)),
                ChangeKind::Removed => (Cow::Borrowed(existing), absent(replacement)),
                ChangeKind::Replaced | ChangeKind::Moved => {
                    (Cow::Borrowed(existing), Cow::Borrowed(replacement))
                }
            };
            paths.insert(change.path(), sides);
        }
        let (paths, sides): (Vec<_>, Vec<_>) = paths.into_iter().unzip();
        let existing: Vec<&FieldPath> = sides.iter().map(|(existing, _)| &**existing).collect();
        let replacement: Vec<&FieldPath> =
            sides.iter().map(|(_, replacement)| &**replacement).collect();
        let Update { existing: old, manifest: new, .. } = &self.update;
        let existing = old.spots(old.places(&existing));
        let replacement = self.update.replacement_places(&replacement).unwrap_or_default();
        let mut existing = existing.into_iter();
        let mut replacement = new.spots(replacement).into_iter();
        let mut spots = || Spots { existing: existing.next(), replacement: replacement.next() };
        paths.into_iter().map(|path| (path, spots())).collect()
    }
}

/// The path of what a Job does not have. At the position of an absent element, the list can have another
/// one.
fn absent(path: &FieldPath) -> Cow<'_, FieldPath> {
    match path.segments().split_last() {
        Some((Segment::Index(_), list)) => {
            Cow::Owned(list.iter().cloned().chain([usize::MAX.into()]).collect())
        }
        _ => Cow::Borrowed(path),
    }
}

/// Where a field stands in the files of both Jobs; `None` in a file that does not have the whole Job.
#[derive(Clone, Debug)]
pub(crate) struct Spots {
    pub(crate) existing: Option<Spot>,
    pub(crate) replacement: Option<Spot>,
}
