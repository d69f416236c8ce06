//! How much is read and reported.

use serde::{Deserialize, Serialize};

/// Bounds on what is read and reported, part of an [`UpdatePolicy`](crate::UpdatePolicy).
///
/// Reading past the first three is an error ([`JobError`](crate::JobError)): no verdict is given on
/// a Job that was not read whole. [`Limits::default`] suits everything that fits into an API server.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields, rename_all = "camelCase")]
#[non_exhaustive]
pub struct Limits {
    /// Bytes of the text of one Job. By default 3,145,728, as an API server limits a [request body].
    ///
    /// [request body]: https://github.com/kubernetes/apiserver/blob/master/pkg/server/config.go
    pub text_bytes: usize,
    /// Objects and lists inside one another, the Job itself being the first. By default 128, which
    /// is also the most: a larger number counts as 128.
    pub nesting: usize,
    /// Entries of `spec.tasks`. By default 10,000.
    pub tasks: usize,
    /// Violations in one [`Violations`](crate::Violations), and warnings in one
    /// [`Review`](crate::Review); those beyond are counted, not listed. By default 100, and at least 1.
    pub violations: usize,
}

impl Limits {
    const MAX_NESTING: usize = 128;

    /// The nesting limit in force.
    pub(crate) fn max_nesting(&self) -> usize {
        self.nesting.min(Self::MAX_NESTING)
    }
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            text_bytes: 3 * 1024 * 1024,
            nesting: Self::MAX_NESTING,
            tasks: 10_000,
            violations: 100,
        }
    }
}
