//! What the walk hands to its visitor: one field at a time, with everything that differs in it.

use serde_json::Value;

use crate::path::{FieldPath, PathNode, Segment, Side};
use crate::schema::Structural;

/// A field of those that reading tells apart, in which the two Jobs differ.
#[derive(Debug)]
pub(crate) struct FieldDiff<'w> {
    pub(crate) field: JobField<'w>,
    pub(crate) schema: &'w Structural,
    /// The whole field in the existing Job; `None` if it is absent.
    pub(crate) existing: Option<&'w Value>,
    /// The whole field in the replacement; `None` if it is absent. Of a field that the API server
    /// manages, a list or object is shown empty.
    pub(crate) replacement: Option<&'w Value>,
    /// At least one, but for a field that the API server manages and for a task that became `null`.
    pub(crate) differences: Vec<Difference<'w>>,
}

/// Which field of a Job. Positions are those in `spec.tasks`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum JobField<'w> {
    /// A field beside `metadata` and `spec`.
    Top(&'w str),
    Metadata(&'w str),
    /// A field of `spec` other than `tasks`.
    Spec(&'w str),
    /// A field of a task that both Jobs have.
    Task {
        existing: usize,
        replacement: usize,
        name: &'w str,
    },
    /// A task that the existing Job lacks.
    AddedTask(usize),
    /// A task that the replacement lacks.
    RemovedTask(usize),
    /// A task that is `null` in the replacement.
    NullTask {
        replacement: usize,
    },
    /// The order of the tasks.
    TaskOrder,
}

/// One difference in a field: the field itself, or something below it.
#[derive(Debug)]
pub(crate) struct Difference<'w> {
    /// Where it is, with the list positions of the replacement; for something removed, with those of
    /// the existing Job.
    pub(crate) path: FieldPath,
    /// The path with the list positions of the other Job, where they are others.
    other_path: Option<FieldPath>,
    /// How many of the enclosing objects and lists the existing Job lacks.
    pub(crate) absent_ancestors: usize,
    pub(crate) schema: &'w Structural,
    pub(crate) origin: Origin,
    /// Whether the replacement has nothing of its own here: the field is absent, or holds what absent
    /// is the same as.
    pub(crate) is_dropped: bool,
    pub(crate) kind: DifferenceKind<'w>,
}

/// What happened.
#[derive(Debug)]
pub(crate) enum DifferenceKind<'w> {
    Added(&'w Value),
    Removed(&'w Value),
    Replaced {
        before: &'w Value,
        after: &'w Value,
    },
    /// The elements of a list stand in another order: for each that stayed, its rank before.
    Moved(Vec<usize>),
}

/// What is known of where a differing value comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Origin {
    /// A field that Jobs have, or an entry of a map or list.
    Known,
    /// A field that the schema does not have.
    Unknown,
    /// Volcano's controller fills the field in, and did.
    Controller,
}

impl<'w> Difference<'w> {
    pub(super) fn new(
        at: &PathNode<'_>,
        schema: &'w Structural,
        origin: Origin,
        is_dropped: bool,
        kind: DifferenceKind<'w>,
    ) -> Self {
        let (side, other) = match kind {
            DifferenceKind::Removed(_) => (Side::Existing, Side::Replacement),
            _ => (Side::Replacement, Side::Existing),
        };
        Self {
            path: at.to_path(side),
            other_path: at.moved().then(|| at.to_path(other)),
            absent_ancestors: at.absent_ancestors(),
            schema,
            origin,
            is_dropped,
            kind,
        }
    }

    /// The path with the list positions of the replacement.
    pub(crate) fn replacement_path(&self) -> &FieldPath {
        match (&self.kind, &self.other_path) {
            (DifferenceKind::Removed(_), Some(path)) => path,
            _ => &self.path,
        }
    }

    /// The path, what happened, and the path in the existing Job where list positions are others there.
    pub(super) fn into_parts(self) -> (FieldPath, DifferenceKind<'w>, Option<FieldPath>) {
        let existing_path = match self.kind {
            DifferenceKind::Removed(_) => None,
            DifferenceKind::Added(_)
            | DifferenceKind::Replaced { .. }
            | DifferenceKind::Moved(_) => self.other_path,
        };
        (self.path, self.kind, existing_path)
    }

    /// The value in the existing Job.
    pub(crate) fn before(&self) -> Option<&'w Value> {
        match self.kind {
            DifferenceKind::Removed(before) | DifferenceKind::Replaced { before, .. } => {
                Some(before)
            }
            DifferenceKind::Added(_) | DifferenceKind::Moved(_) => None,
        }
    }

    /// The value in the replacement.
    pub(crate) fn after(&self) -> Option<&'w Value> {
        match self.kind {
            DifferenceKind::Added(after) | DifferenceKind::Replaced { after, .. } => Some(after),
            DifferenceKind::Removed(_) | DifferenceKind::Moved(_) => None,
        }
    }

    /// The steps from the field down to the place of the difference.
    pub(crate) fn below(&self, field: JobField<'_>) -> &[Segment] {
        self.path.segments().split_at(field.depth()).1
    }
}

impl JobField<'_> {
    /// Where the field stands: in the replacement; a task that was removed, in the existing Job.
    pub(crate) fn path(self) -> FieldPath {
        let root = PathNode::ROOT;
        let (metadata, spec) = (root.key("metadata"), root.key("spec"));
        let tasks = spec.key("tasks");
        let side = Side::Replacement;
        match self {
            Self::Top(name) => root.key(name).to_path(side),
            Self::Metadata(name) => metadata.key(name).to_path(side),
            Self::Spec(name) => spec.key(name).to_path(side),
            Self::TaskOrder => tasks.to_path(side),
            Self::Task { existing, replacement, name } => {
                tasks.index(existing, replacement).key(name).to_path(side)
            }
            Self::AddedTask(position)
            | Self::RemovedTask(position)
            | Self::NullTask { replacement: position } => task_path(position),
        }
    }

    /// The number of steps from the Job to the field.
    fn depth(self) -> usize {
        match self {
            Self::Top(_) => 1,
            Self::Metadata(_) | Self::Spec(_) | Self::TaskOrder => 2,
            Self::AddedTask(_) | Self::RemovedTask(_) | Self::NullTask { .. } => 3,
            Self::Task { .. } => 4,
        }
    }
}

/// The path of the task at a position.
pub(crate) fn task_path(position: usize) -> FieldPath {
    let spec = PathNode::ROOT.key("spec");
    spec.key("tasks").index(position, position).to_path(Side::Replacement)
}
