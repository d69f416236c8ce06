//! A store that forgets everything when the program ends, for tests.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};

use super::history::History;
use super::interface::{Answer, Store};
use super::query::{Page, Query, Write};
use super::stored_job::{Key, StoredJob};

/// A store in memory.
#[derive(Debug)]
pub struct MemoryStore {
    history: Arc<History>,
    /// Held while a write compares and swaps.
    writing: Mutex<()>,
}

impl MemoryStore {
    /// An empty store.
    #[must_use]
    pub fn new() -> Self {
        // No resourceVersion is 0: a client that asks for 0 takes any.
        Self::starting_with(History::new(BTreeMap::new(), 1))
    }

    /// A store with the Jobs of a history.
    #[must_use]
    pub fn starting_with(history: History) -> Self {
        Self { history: Arc::new(history), writing: Mutex::new(()) }
    }
}

impl Default for MemoryStore {
    fn default() -> Self {
        Self::new()
    }
}

impl Store for MemoryStore {
    fn get<'s>(&'s self, key: &'s Key) -> Answer<'s, Option<StoredJob>> {
        Box::pin(async { Ok(self.history.get(key)) })
    }

    fn list<'s>(&'s self, query: &'s Query) -> Answer<'s, Page> {
        Box::pin(async { self.history.list(query) })
    }

    fn write(&self, write: Write) -> Answer<'_, Option<u64>> {
        Box::pin(async move {
            let _writing = self.writing.lock().unwrap_or_else(PoisonError::into_inner);
            let stored = self.history.get(&write.key).map(|job| job.version());
            if stored != write.expected {
                return Ok(None);
            }
            let version = self.history.version() + 1;
            let job = write.job.map(|job| StoredJob::new(&job, version)).transpose()?;
            self.history.push(version, write.key, job);
            Ok(Some(version))
        })
    }

    fn history(&self) -> &Arc<History> {
        &self.history
    }
}
