//! What every store can do.

use std::fmt::Debug;
use std::pin::Pin;
use std::sync::Arc;

use super::error::StoreError;
use super::history::History;
use super::query::{Page, Query, Write};
use super::stored_job::{Key, StoredJob};

/// A future of a [`Store`].
pub type Answer<'s, T> = Pin<Box<dyn Future<Output = Result<T, StoreError>> + Send + 's>>;

/// A store of Jobs with compare-and-swap.
///
/// What a write returned is durable, as far as the store promises durability, and every later read
/// sees it.
pub trait Store: Debug + Send + Sync {
    /// The Job, as of the last write.
    fn get<'s>(&'s self, key: &'s Key) -> Answer<'s, Option<StoredJob>>;

    /// A page of Jobs, in the order of their keys.
    fn list<'s>(&'s self, query: &'s Query) -> Answer<'s, Page>;

    /// Writes, if the Job is still the expected one. Returns the number of the write, or `None` if the Job
    /// is another one.
    fn write(&self, write: Write) -> Answer<'_, Option<u64>>;

    /// The writes, for those who watch. If other servers share the store, it can be behind them.
    fn history(&self) -> &Arc<History>;

    /// The number of the last write, also of another server. If one is known that is not before `at_least`,
    /// that one will do.
    fn last_version(&self, _at_least: u64) -> Answer<'_, u64> {
        Box::pin(async { Ok(self.history().version()) })
    }
}
