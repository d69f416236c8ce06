//! The representation of paths during the walk over two Jobs.

use std::cell::OnceCell;
use std::sync::Arc;

use super::{FieldPath, Key, Segment};

/// A path in the two Jobs during the walk: a stack-allocated node that points to its parent.
///
/// A list element can have different positions in the existing Job and in the replacement, so an
/// index step stores both.
#[derive(Clone, Debug)]
pub(crate) struct PathNode<'a> {
    parent: Option<&'a PathNode<'a>>,
    step: Step<'a>,
    /// The key of the step if it is long, once an owned path needed it. The paths below share it.
    long_key: OnceCell<Arc<str>>,
    depth: usize,
    /// Whether the existing Job has no value or `null` here. The walk still descends into the value
    /// of the replacement.
    absent: bool,
}

#[derive(Clone, Copy, Debug)]
enum Step<'a> {
    Root,
    Key(&'a str),
    Index { existing: usize, replacement: usize },
}

/// The Job to which the list positions of an owned path refer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Side {
    Existing,
    Replacement,
}

impl PathNode<'_> {
    pub(crate) fn root() -> PathNode<'static> {
        PathNode {
            parent: None,
            step: Step::Root,
            long_key: OnceCell::new(),
            depth: 0,
            absent: false,
        }
    }

    pub(crate) fn key<'b>(&'b self, key: &'b str) -> PathNode<'b> {
        self.child(Step::Key(key))
    }

    pub(crate) fn index(&self, existing: usize, replacement: usize) -> PathNode<'_> {
        self.child(Step::Index { existing, replacement })
    }

    /// The same path, marked as absent from the existing Job if `absent`.
    #[must_use]
    pub(crate) fn absent_if(self, absent: bool) -> Self {
        Self { absent, ..self }
    }

    fn child<'b>(&'b self, step: Step<'b>) -> PathNode<'b> {
        PathNode {
            parent: Some(self),
            step,
            long_key: OnceCell::new(),
            depth: self.depth + 1,
            absent: false,
        }
    }

    /// The number of steps from the root.
    pub(crate) fn depth(&self) -> usize {
        self.depth
    }

    /// The number of consecutive enclosing objects and lists, starting with the parent, that are
    /// absent from the existing Job.
    pub(crate) fn absent_ancestors(&self) -> usize {
        std::iter::successors(self.parent, |node| node.parent)
            .take_while(|node| node.absent)
            .count()
    }

    /// Whether the path has different list positions in the existing Job and the replacement.
    pub(crate) fn moved(&self) -> bool {
        let here =
            matches!(self.step, Step::Index { existing, replacement } if existing != replacement);
        here || self.parent.is_some_and(PathNode::moved)
    }

    /// The owned path, with the list positions of one side.
    pub(crate) fn to_path(&self, side: Side) -> FieldPath {
        let mut segments = Vec::with_capacity(self.depth);
        for node in std::iter::successors(Some(self), |node| node.parent) {
            match node.step {
                Step::Root => {}
                Step::Key(key) => {
                    segments.push(Segment::Key(Key::sharing(key, &node.long_key)));
                }
                Step::Index { existing, .. } if side == Side::Existing => {
                    segments.push(Segment::Index(existing));
                }
                Step::Index { replacement, .. } => segments.push(Segment::Index(replacement)),
            }
        }
        segments.reverse();
        FieldPath { segments }
    }
}
