//! Limits on what is read and reported.

use serde::{Deserialize, Serialize};

/// Bounds on what is read and reported; part of an [`UpdatePolicy`](crate::UpdatePolicy).
///
/// A Job that exceeds one of the first three limits is not read, which is an error
/// ([`JobError`](crate::JobError)), because there is no verdict on part of a Job. The defaults suit
/// every Job that an API server can store.
///
/// The methods that read a Job correspond to those of [`Job`](crate::Job), with these limits:
///
/// ```
/// use volcano_job_update::{JobErrorKind, Limits};
///
/// let limits = Limits::default().with_tasks(1);
/// let error = limits.read_slice(br#"{"spec": {"tasks": [{}, {}]}}"#).unwrap_err();
/// assert_eq!(error.kind(), JobErrorKind::TooManyTasks);
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields, rename_all = "camelCase")]
#[non_exhaustive]
pub struct Limits {
    /// Maximum length of the text of one Job, in bytes. By default 3,145,728, which is an API
    /// server's limit for a [request body]. A number above 4,294,967,295 is treated as that.
    ///
    /// [request body]: https://github.com/kubernetes/apiserver/blob/master/pkg/server/config.go
    pub text_bytes: usize,
    /// Maximum depth of nested objects and lists, where the Job itself has depth 1. By default 128,
    /// which is also the largest possible limit: a larger number is treated as 128.
    pub nesting: usize,
    /// Maximum number of entries of `spec.tasks`. By default 10,000.
    pub tasks: usize,
    /// Maximum number of violations listed in one [`Violations`](crate::Violations), and of
    /// warnings listed in one [`Review`](crate::Review); the rest are only counted. By default 100,
    /// and at least 1.
    pub violations: usize,
    /// Maximum number of changes listed in one object or list. An object or list in which more
    /// values differ is listed as one change. By default 1000, and at least 1.
    pub changes: usize,
}

impl Limits {
    pub(super) const MAX_NESTING: usize = 128;

    /// Sets [`Limits::text_bytes`].
    #[must_use]
    pub fn with_text_bytes(self, text_bytes: usize) -> Self {
        Self { text_bytes, ..self }
    }

    /// Sets [`Limits::nesting`].
    #[must_use]
    pub fn with_nesting(self, nesting: usize) -> Self {
        Self { nesting, ..self }
    }

    /// Sets [`Limits::tasks`].
    #[must_use]
    pub fn with_tasks(self, tasks: usize) -> Self {
        Self { tasks, ..self }
    }

    /// Sets [`Limits::violations`].
    #[must_use]
    pub fn with_violations(self, violations: usize) -> Self {
        Self { violations, ..self }
    }

    /// Sets [`Limits::changes`].
    #[must_use]
    pub fn with_changes(self, changes: usize) -> Self {
        Self { changes, ..self }
    }

    /// The effective limit for the length of a text. The index of a value has 32-bit lengths.
    pub(crate) fn max_text_bytes(&self) -> usize {
        u32::try_from(self.text_bytes).map_or(u32::MAX as usize, |_| self.text_bytes)
    }

    /// The effective nesting limit.
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
            changes: 1000,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn limits_have_a_largest_value() {
        let limits = Limits::default().with_text_bytes(usize::MAX).with_nesting(1000);
        assert_eq!((limits.max_text_bytes(), limits.max_nesting()), (u32::MAX as usize, 128));
        let limits = Limits::default().with_text_bytes(7).with_nesting(3);
        assert_eq!((limits.max_text_bytes(), limits.max_nesting()), (7, 3));
    }
}
