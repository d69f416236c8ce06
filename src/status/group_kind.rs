//! The kind of the object that a status is about.

use std::fmt;

use crate::job::resource::{GROUP, KIND};

/// The API group and the kind of an object, as [`Status::invalid_object`] takes them.
///
/// `Display` is the form that Kubernetes' messages use:
///
/// ```
/// use volcano_job_update::status::GroupKind;
///
/// assert_eq!(GroupKind::JOB.to_string(), "Job.batch.volcano.sh");
/// assert_eq!(GroupKind::new("", "Pod").to_string(), "Pod");
/// ```
///
/// [`Status::invalid_object`]: super::Status::invalid_object
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct GroupKind<'a> {
    group: &'a str,
    kind: &'a str,
}

impl GroupKind<'static> {
    /// A Volcano Job.
    pub const JOB: Self = Self::new(GROUP, KIND);
}

impl<'a> GroupKind<'a> {
    /// A kind of an API group; the group of Kubernetes' core API is empty.
    #[must_use]
    pub const fn new(group: &'a str, kind: &'a str) -> Self {
        Self { group, kind }
    }

    /// The API group, such as `batch.volcano.sh`.
    #[must_use]
    pub const fn group(self) -> &'a str {
        self.group
    }

    /// The kind, such as `Job`.
    #[must_use]
    pub const fn kind(self) -> &'a str {
        self.kind
    }
}

impl fmt::Display for GroupKind<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.group {
            "" => f.write_str(self.kind),
            group => write!(f, "{}.{group}", self.kind),
        }
    }
}
