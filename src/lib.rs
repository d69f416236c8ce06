//! volcano-job-update
mod change;
mod code;
mod compare;
mod creation;
mod duration;
mod error;
mod job;
mod judge;
mod limits;
mod number;
mod patch;
mod path;
mod pattern;
mod policy;
mod quantity;
mod review;
mod rules;
mod shape;
mod violation;

#[cfg(feature = "proptest")]
pub mod strategy;

pub use json_patch;

pub use change::{Change, ChangeKind, Changes, Verdict};
pub use code::{Code, ParseCodeError};
pub use error::{ReviewError, UpdateError};
pub use job::{Job, JobError, JobErrorKind};
pub use limits::Limits;
pub use patch::MergePatchError;
pub use path::{FieldPath, ParsePathError, Segment};
pub use pattern::FieldPattern;
pub use policy::{DroppedDefaults, UpdatePolicy};
pub use review::{Review, Validator, diff, is_update_allowed, validate_update};
pub use violation::{Severity, Violation, Violations};
