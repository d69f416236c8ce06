//! The Jobs and the last writes, in memory.

use std::collections::{BTreeMap, HashMap, VecDeque};
use std::ops::Bound;
use std::sync::{Arc, OnceLock, PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard};

use bytes::Bytes;
use tokio::sync::watch;

use super::error::{Expired, StoreError};
use super::query::{Page, Query};
use super::stored_job::{Key, StoredJob};

/// How many writes are remembered.
const MAX_EVENTS: usize = 10_000;

/// How many bytes the Jobs in them may have.
const MAX_BYTES: usize = 64 * 1024 * 1024;

/// How many writes a watcher is given at once, about.
const MAX_TAKEN: usize = 500;

/// A write, with the Job before and after it.
#[derive(Debug)]
#[non_exhaustive]
pub struct Event {
    /// The number of the write.
    pub version: u64,
    /// The Job.
    pub key: Key,
    /// The Job before; `None` if it was created.
    pub before: Option<StoredJob>,
    /// The Job after; `None` if it was deleted.
    pub after: Option<StoredJob>,
    /// What is sent for it, once somebody asked.
    pub(crate) line: OnceLock<Bytes>,
}

/// All Jobs as of the last write, and the last writes.
#[derive(Debug)]
pub struct History {
    state: RwLock<State>,
    /// The number of the last write, to wake those who wait for it.
    last: watch::Sender<u64>,
}

#[derive(Debug)]
struct State {
    jobs: BTreeMap<Key, StoredJob>,
    events: VecDeque<Arc<Event>>,
    /// How many events were forgotten.
    forgotten: u64,
    /// The number of the last write that was forgotten.
    oldest: u64,
    bytes: usize,
    version: u64,
}

impl History {
    /// The history that begins with these Jobs, as of a write.
    #[must_use]
    pub fn new(jobs: BTreeMap<Key, StoredJob>, version: u64) -> Self {
        let events = VecDeque::new();
        let state = State { jobs, events, forgotten: 0, oldest: version, bytes: 0, version };
        Self { state: RwLock::new(state), last: watch::Sender::new(version) }
    }

    /// The number of the last write.
    #[must_use]
    pub fn version(&self) -> u64 {
        self.read().version
    }

    /// The Job as of the last write.
    #[must_use]
    pub fn get(&self, key: &Key) -> Option<StoredJob> {
        self.read().jobs.get(key).cloned()
    }

    /// A page of Jobs. Earlier ones are those of now with the writes since then undone.
    ///
    /// # Errors
    ///
    /// The write as of which to list is forgotten, or in the future.
    pub fn list(&self, query: &Query) -> Result<Page, StoreError> {
        let state = self.read();
        let version = query.at.unwrap_or(state.version);
        if version > state.version {
            return Err(StoreError::Future { asked: version, last: state.version });
        }
        let undone = state.undone(version)?;
        // Only the Jobs of the page are cloned: nobody can write meanwhile.
        let mut jobs: Vec<(&Key, &StoredJob)> = state.selected(query).collect();
        if !undone.is_empty() {
            jobs.retain(|(key, _)| !undone.contains_key(key));
            let then = undone.into_iter().filter(|(key, _)| query.selects(key));
            jobs.extend(then.filter_map(|(key, job)| Some((key, job?))));
            jobs.sort_unstable_by_key(|(key, _)| *key);
        }
        let remaining = query.limit.map_or(0, |limit| jobs.len().saturating_sub(limit));
        jobs.truncate(jobs.len() - remaining);
        let jobs = jobs.into_iter().map(|(key, job)| (key.clone(), job.clone())).collect();
        Ok(Page { jobs, version, remaining })
    }

    /// Adds a write. Its number is higher than those before.
    pub fn push(&self, version: u64, key: Key, after: Option<StoredJob>) {
        self.push_all([(version, key, after)]);
    }

    /// Adds writes: the number of each, the Job, and the Job after it. Watchers are woken once, and nobody
    /// sees some of the writes without the others.
    pub fn push_all(&self, writes: impl IntoIterator<Item = (u64, Key, Option<StoredJob>)>) {
        let mut state = self.write();
        for (version, key, after) in writes {
            state.push(version, key, after);
        }
        self.wake(state);
    }

    /// Notes that there were writes up to this one, none of them of a Job.
    pub(super) fn advance(&self, version: u64) {
        let mut state = self.write();
        state.version = state.version.max(version);
        self.wake(state);
    }

    /// Begins anew, because it is not known which writes led to these Jobs. To those who watch, the next
    /// write is forgotten.
    pub(super) fn reset(&self, jobs: BTreeMap<Key, StoredJob>, version: u64) {
        let mut state = self.write();
        // One more than there were, so that also those who have seen all of them notice.
        let forgotten = state.forgotten + state.events.len() as u64 + 1;
        let events = VecDeque::new();
        *state = State { jobs, events, forgotten, oldest: version, bytes: 0, version };
        self.wake(state);
    }

    /// Waits until the history has come to a write.
    pub(super) async fn reached(&self, version: u64) {
        // The sender is here, so that there is no error.
        drop(self.last.subscribe().wait_for(|last| *last >= version).await);
    }

    /// Watches the writes behind one.
    ///
    /// # Errors
    ///
    /// Some of them are forgotten.
    pub fn watch(self: &Arc<Self>, since: u64) -> Result<Watcher, Expired> {
        let state = self.read();
        if since < state.oldest {
            return Err(Expired { asked: since, oldest: state.oldest });
        }
        let next =
            state.forgotten + state.events.partition_point(|event| event.version <= since) as u64;
        let last = self.last.subscribe();
        Ok(Watcher { history: Arc::clone(self), next, since, version: since, last })
    }

    /// Wakes those who wait, which takes time, so that they find the state unlocked.
    fn wake(&self, state: RwLockWriteGuard<'_, State>) {
        let version = state.version;
        drop(state);
        // Nobody may be waiting.
        self.last.send_replace(version);
    }

    fn read(&self) -> RwLockReadGuard<'_, State> {
        self.state.read().unwrap_or_else(PoisonError::into_inner)
    }

    fn write(&self) -> RwLockWriteGuard<'_, State> {
        self.state.write().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    fn push(&mut self, version: u64, key: Key, after: Option<StoredJob>) {
        self.version = version;
        let before = match &after {
            Some(job) => self.jobs.insert(key.clone(), job.clone()),
            None => self.jobs.remove(&key),
        };
        if before.is_none() && after.is_none() {
            return;
        }
        let event = Event { version, key, before, after, line: OnceLock::new() };
        self.bytes += event.bytes();
        self.events.push_back(Arc::new(event));
        while self.events.len() > MAX_EVENTS || self.bytes > MAX_BYTES && self.events.len() > 1 {
            let Some(event) = self.events.pop_front() else { return };
            self.bytes -= event.bytes();
            (self.oldest, self.forgotten) = (event.version, self.forgotten + 1);
        }
    }

    /// The Jobs of now that a query asks for, without its limit.
    fn selected(&self, query: &Query) -> impl Iterator<Item = (&Key, &StoredJob)> {
        let first = query.namespace.as_ref().map(|namespace| Key::new(namespace, ""));
        let start = match (&query.after, &first) {
            (Some(after), Some(first)) if after < first => Bound::Included(first),
            (Some(after), _) => Bound::Excluded(after),
            (None, Some(first)) => Bound::Included(first),
            (None, None) => Bound::Unbounded,
        };
        let jobs = self.jobs.range::<Key, _>((start, Bound::Unbounded));
        jobs.take_while(|(key, _)| query.selects(key))
    }

    /// The Jobs that were written since a write, as they were then.
    fn undone(&self, version: u64) -> Result<HashMap<&Key, Option<&StoredJob>>, Expired> {
        if version < self.oldest {
            return Err(Expired { asked: version, oldest: self.oldest });
        }
        let mut jobs = HashMap::new();
        for event in self.events.iter().rev().take_while(|event| event.version > version) {
            jobs.insert(&event.key, event.before.as_ref());
        }
        Ok(jobs)
    }
}

impl Query {
    /// Whether it asks for the Job of this key, by the namespace and the place in the order.
    fn selects(&self, key: &Key) -> bool {
        self.namespace.as_ref().is_none_or(|namespace| **namespace == *key.namespace)
            && self.after.as_ref().is_none_or(|after| after < key)
    }
}

impl Event {
    fn bytes(&self) -> usize {
        [&self.before, &self.after].into_iter().flatten().map(|job| job.text().len()).sum()
    }
}

/// Follows the writes.
#[derive(Debug)]
pub struct Watcher {
    history: Arc<History>,
    /// How many events were before the next one, counting from the first that ever was.
    next: u64,
    /// Writes up to this one are left out. It can be in the future, if another server did it.
    since: u64,
    /// Up to which write everything was returned.
    version: u64,
    last: watch::Receiver<u64>,
}

impl Watcher {
    /// The next writes, as soon as there are any.
    ///
    /// # Errors
    ///
    /// There were so many that the next one is forgotten.
    pub async fn next(&mut self) -> Result<Vec<Arc<Event>>, Expired> {
        loop {
            // Marked as seen before looking, so that no write in between is missed.
            self.last.borrow_and_update();
            let events = self.take()?;
            if !events.is_empty() {
                return Ok(events);
            }
            // The sender is in the history, which is here.
            drop(self.last.changed().await);
        }
    }

    /// Up to which write everything was returned.
    #[must_use]
    pub fn version(&self) -> u64 {
        self.version
    }

    /// The next writes, not too many at once. Those of one transaction are not separated, so that a client
    /// can go on behind them.
    fn take(&mut self) -> Result<Vec<Arc<Event>>, Expired> {
        let state = self.history.read();
        let Some(seen) = self.next.checked_sub(state.forgotten) else {
            return Err(Expired { asked: self.version, oldest: state.oldest });
        };
        let new = state.events.iter().skip(usize::try_from(seen).unwrap_or(usize::MAX));
        let mut events: Vec<Arc<Event>> = Vec::new();
        for event in new {
            let is_same_write = events.last().is_some_and(|last| last.version == event.version);
            if events.len() >= MAX_TAKEN && !is_same_write {
                self.version = events.last().map_or(self.version, |last| last.version);
                return Ok(events);
            }
            self.next += 1;
            if event.version > self.since {
                events.push(Arc::clone(event));
            }
        }
        self.version = self.version.max(state.version);
        Ok(events)
    }
}

#[cfg(test)]
mod tests;
