//! What differs between two Jobs: the only walk over both, and the patches made of its changes.

mod change;
mod error;
mod lists;
pub(crate) mod patch;
mod values;
mod walk;

pub use self::change::{
    Change, ChangeKind, Changes, ParseChangeKindError, ParseVerdictError, Verdict,
};
pub use self::error::ReviewError;
pub use self::patch::MergePatchError;
pub(crate) use self::walk::{ChangedField, Difference, Event, Stop, compare, same};
