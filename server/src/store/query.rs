//! What is asked of a store.

use std::sync::Arc;

use super::stored_job::{Key, StoredJob};

/// A write of one Job.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Write {
    /// The Job.
    pub key: Key,
    /// The number of the last write of the Job; `None` if there must be no Job.
    pub expected: Option<u64>,
    /// The Job to store; `None` to delete it. Its own number is replaced by that of this write.
    pub job: Option<Arc<str>>,
}

impl Write {
    /// A write of a Job: to create it (nothing expected), to replace it or to delete it (no Job).
    #[must_use]
    pub fn new(key: Key, expected: Option<u64>, job: Option<Arc<str>>) -> Self {
        Self { key, expected, job }
    }
}

/// Which Jobs to list.
#[derive(Clone, Debug, Default)]
#[non_exhaustive]
pub struct Query {
    /// Only those of this namespace.
    pub namespace: Option<Arc<str>>,
    /// Only those behind this one.
    pub after: Option<Key>,
    /// The maximum number of Jobs.
    pub limit: Option<usize>,
    /// As of this write. `None` means the last one.
    pub at: Option<u64>,
}

/// Jobs, and what is not among them.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Page {
    /// In the order of their keys.
    pub jobs: Vec<(Key, StoredJob)>,
    /// The number of the write as of which the Jobs are listed.
    pub version: u64,
    /// How many more Jobs there are behind the last one.
    pub remaining: usize,
}
