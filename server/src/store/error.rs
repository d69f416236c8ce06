//! What can go wrong in a store.

/// A store cannot answer.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum StoreError {
    /// The write as of which to list is forgotten.
    #[error(transparent)]
    Expired(#[from] Expired),
    /// The write as of which to list is in the future.
    #[error("the last write is {last}, before {asked}")]
    Future {
        /// As of which write to list.
        asked: u64,
        /// The last write.
        last: u64,
    },
    /// The store failed, or cannot be reached. Whether a write was done is not known.
    #[error("the store failed: {0}")]
    Failed(String),
}

/// The write from which to go on is forgotten, so that what happened since is not known.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("too old resource version: {asked} ({oldest})")]
#[non_exhaustive]
pub struct Expired {
    /// The write from which to go on.
    pub asked: u64,
    /// The oldest one from which it is possible.
    pub oldest: u64,
}
