//! The differences between two Jobs: the only walk over both, and the patches made from its
//! changes.

mod change;
mod difference;
mod elements;
mod error;
mod lists;
mod patch;
mod respelled;
mod scalars;
mod values;
mod verdict;
mod walk;

pub use self::change::{Change, ChangeKind, Changes};
pub(crate) use self::difference::{
    Difference, DifferenceKind, FieldDiff, JobField, Origin, task_path,
};
pub use self::error::ReviewError;
pub use self::patch::MergePatchError;
pub(crate) use self::patch::{add, replace};
pub(crate) use self::values::same;
pub use self::verdict::Verdict;
pub(crate) use self::walk::{Visitor, WalkLimits, compare};
