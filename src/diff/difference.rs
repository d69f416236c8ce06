//! What the walk passes to its visitor: one field at a time, with all differences in it.

use super::verdict::Verdict;
use crate::job::Node;
use crate::path::{FieldPath, PathNode, Segment, Side};
use crate::schema::Structural;

/// A field in which the two Jobs differ. [`JobField`] defines what is one field.
#[derive(Debug)]
pub(crate) struct FieldDiff<'w> {
    pub(crate) field: JobField<'w>,
    pub(crate) schema: &'w Structural,
    /// The whole field in the existing Job; `None` if it is absent.
    pub(crate) existing: Option<Node<'w>>,
    /// The whole field in the replacement; `None` if it is absent. In a field that the API server
    /// manages, a list or object is replaced by an empty one.
    pub(crate) replacement: Option<Node<'w>>,
    /// Each with its verdict. At least one, except for a field that the API server manages and for a task that became
    /// `null`.
    pub(crate) differences: Vec<(Difference<'w>, Verdict)>,
}

/// Which field of a Job. Positions are those in `spec.tasks`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum JobField<'w> {
    /// A top-level field other than `metadata` and `spec`.
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
    /// The path, with the list positions of the replacement or, for a removal, of the existing Job.
    pub(crate) path: FieldPath,
    /// The path with the list positions of the other Job, if those differ.
    other_path: Option<FieldPath>,
    /// The number of enclosing objects and lists that the existing Job lacks.
    pub(crate) absent_ancestors: usize,
    pub(crate) schema: &'w Structural,
    pub(crate) origin: Origin,
    /// Whether the replacement does not set the value: it is absent, or the same as absent.
    pub(crate) is_dropped: bool,
    pub(crate) kind: DifferenceKind<'w>,
}

/// What happened.
#[derive(Debug)]
pub(crate) enum DifferenceKind<'w> {
    Added(Node<'w>),
    Removed(Node<'w>),
    Replaced {
        before: Node<'w>,
        after: Node<'w>,
    },
    /// The elements of a list were reordered: the previous rank of each kept element.
    Moved(Vec<usize>),
}

/// Where a differing value comes from, as far as is known.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Origin {
    /// A declared field, or an entry of a map or list.
    Known,
    /// A field that the schema does not declare.
    Unknown,
    /// A field that Volcano's controller has filled in.
    Controller,
}

impl<'w> DifferenceKind<'w> {
    /// What happened between two values; `None` if both are absent.
    pub(super) fn between(before: Option<Node<'w>>, after: Option<Node<'w>>) -> Option<Self> {
        match (before, after) {
            (Some(before), Some(after)) => Some(Self::Replaced { before, after }),
            (None, Some(after)) => Some(Self::Added(after)),
            (Some(before), None) => Some(Self::Removed(before)),
            (None, None) => None,
        }
    }
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

    /// The path, the kind, and the path in the other Job if its list positions differ there.
    pub(super) fn into_parts(self) -> (FieldPath, DifferenceKind<'w>, Option<FieldPath>) {
        (self.path, self.kind, self.other_path)
    }

    /// The value in the existing Job.
    pub(crate) fn before(&self) -> Option<Node<'w>> {
        match self.kind {
            DifferenceKind::Removed(before) | DifferenceKind::Replaced { before, .. } => {
                Some(before)
            }
            DifferenceKind::Added(_) | DifferenceKind::Moved(_) => None,
        }
    }

    /// The value in the replacement.
    pub(crate) fn after(&self) -> Option<Node<'w>> {
        match self.kind {
            DifferenceKind::Added(after) | DifferenceKind::Replaced { after, .. } => Some(after),
            DifferenceKind::Removed(_) | DifferenceKind::Moved(_) => None,
        }
    }

    /// The segments from the field down to the difference.
    pub(crate) fn below(&self, field: JobField<'_>) -> &[Segment] {
        self.path.segments().split_at(field.depth()).1
    }
}

impl JobField<'_> {
    /// The path of the field in the replacement or, for a removed task, in the existing Job.
    pub(crate) fn path(self) -> FieldPath {
        let root = PathNode::root();
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
    let root = PathNode::root();
    let spec = root.key("spec");
    spec.key("tasks").index(position, position).to_path(Side::Replacement)
}
