//! A store that any number of servers share, also with kube-apiservers.

mod client;
mod compaction;
mod follow;
mod layout;
mod messages;
mod options;

use std::sync::Arc;
use std::time::Duration;

use tokio::task::JoinSet;
use tokio::time::timeout;
use tonic::{Code, Status};

use self::client::{Client, chain};
use self::compaction::Compactor;
use self::follow::{Follower, last_revision, read_all};
use self::layout::{Layout, PAGE, revision};
use self::messages::{
    Compare, DeleteRangeRequest, PutRequest, RangeRequest, Request, TxnRequest, revision_of,
};
pub use self::options::EtcdOptions;
use super::error::{Expired, StoreError};
use super::history::History;
use super::interface::{Answer, Store};
use super::query::{Page, Query, Write};
use super::stored_job::{Key, StoredJob};

/// How long a write waits for its own event, so that the history is not behind it. It comes at once, unless
/// the watch was lost.
const EVENT_TIMEOUT: Duration = Duration::from_millis(500);

/// A store in [etcd](https://etcd.io), where and as kube-apiserver stores a custom resource. The number of a
/// write is etcd's revision.
///
/// Reads ask etcd. The [`History`] follows the writes of all servers.
#[derive(Debug)]
pub struct EtcdStore {
    client: Arc<Client>,
    layout: Layout,
    history: Arc<History>,
    /// The tasks that fill the history and compact etcd. They end with the store.
    _tasks: JoinSet<()>,
}

impl EtcdStore {
    /// Reads all Jobs, and begins to follow the writes in a task of the current Tokio runtime.
    ///
    /// # Errors
    ///
    /// An option is not valid, no endpoint can be reached, or etcd refuses the user.
    pub async fn connect(options: EtcdOptions) -> Result<Self, StoreError> {
        let client = Arc::new(Client::new(&options.endpoints()?, options.user));
        let layout = Layout::new(&options.prefix);
        let (jobs, version) = read_all(&client, &layout).await.map_err(|status| failed(&status))?;
        let history = Arc::new(History::new(jobs, version));
        let follower = Follower {
            client: Arc::clone(&client),
            layout: layout.clone(),
            history: Arc::clone(&history),
        };
        let mut tasks = JoinSet::new();
        tasks.spawn(follower.run());
        if let Some(interval) = options.compaction_interval {
            tasks.spawn(Compactor::new(Arc::clone(&client)).run(interval));
        }
        Ok(Self { client, layout, history, _tasks: tasks })
    }

    async fn read(&self, key: &Key) -> Result<Option<StoredJob>, StoreError> {
        let key = self.layout.key(key);
        let request = RangeRequest { key, ..RangeRequest::default() };
        let answer = self.client.range(request).await.map_err(|status| failed(&status))?;
        answer.kvs.first().map(Layout::job).transpose()
    }

    /// Page by page, all as of the same write.
    async fn read_page(&self, query: &Query) -> Result<Page, StoreError> {
        let namespace = query.namespace.as_deref();
        let wanted = query.limit.map_or(i64::MAX, |limit| i64::try_from(limit).unwrap_or(i64::MAX));
        let mut request = RangeRequest {
            key: self.layout.start(namespace, query.after.as_ref()),
            range_end: self.layout.end(namespace),
            revision: revision(query.at.unwrap_or_default()),
            ..RangeRequest::default()
        };
        let (mut jobs, mut read) = (Vec::new(), 0);
        loop {
            request.limit = PAGE.min(wanted - read).max(1);
            let answer = self.client.range(request.clone()).await;
            let answer = answer.map_err(|status| self.list_error(&status, query))?;
            if request.revision == 0 {
                request.revision = revision(revision_of(answer.header.as_ref()));
            }
            if let Some(last) = answer.kvs.last() {
                request.key = [&last.key, &b"\0"[..]].concat();
            }
            let count = i64::try_from(answer.kvs.len()).unwrap_or(i64::MAX);
            read += count;
            for kv in &answer.kvs {
                if let Some(key) = self.layout.parse(&kv.key) {
                    jobs.push((key, Layout::job(kv)?));
                }
            }
            if !answer.more || read >= wanted {
                let version = u64::try_from(request.revision).unwrap_or_default();
                let remaining = usize::try_from(answer.count - count).unwrap_or_default();
                return Ok(Page { jobs, version, remaining });
            }
        }
    }

    async fn compare_and_swap(&self, write: Write) -> Result<Option<u64>, StoreError> {
        let key = self.layout.key(&write.key);
        let expected = revision(write.expected.unwrap_or_default());
        let compare = vec![Compare::of_mod_revision(key.clone(), expected)];
        let request = match &write.job {
            Some(job) => {
                let value = Layout::value(&StoredJob::new(job, 0)?);
                Request::Put(PutRequest { key, value })
            }
            None => Request::DeleteRange(DeleteRangeRequest { key }),
        };
        let request = TxnRequest { compare, success: vec![request.into()], failure: vec![] };
        let answer = self.client.txn(request).await.map_err(|status| failed(&status))?;
        if !answer.succeeded {
            return Ok(None);
        }
        let version = revision_of(answer.header.as_ref());
        // What was written is written, also if the event is late.
        drop(timeout(EVENT_TIMEOUT, self.history.reached(version)).await);
        Ok(Some(version))
    }

    fn list_error(&self, status: &Status, query: &Query) -> StoreError {
        let (asked, last) = (query.at.unwrap_or_default(), self.history.version());
        match status.message() {
            _ if status.code() != Code::OutOfRange => failed(status),
            text if text.contains("has been compacted") => {
                // etcd does not say which the oldest one is. The last one is always there.
                StoreError::Expired(Expired { asked, oldest: last })
            }
            text if text.contains("is a future revision") => StoreError::Future { asked, last },
            _ => failed(status),
        }
    }
}

impl Store for EtcdStore {
    fn get<'s>(&'s self, key: &'s Key) -> Answer<'s, Option<StoredJob>> {
        Box::pin(self.read(key))
    }

    fn list<'s>(&'s self, query: &'s Query) -> Answer<'s, Page> {
        Box::pin(self.read_page(query))
    }

    fn write(&self, write: Write) -> Answer<'_, Option<u64>> {
        Box::pin(self.compare_and_swap(write))
    }

    fn history(&self) -> &Arc<History> {
        &self.history
    }

    fn last_version(&self, at_least: u64) -> Answer<'_, u64> {
        Box::pin(async move {
            let known = self.history.version();
            if known >= at_least {
                return Ok(known);
            }
            last_revision(&self.client, &self.layout).await.map_err(|status| failed(&status))
        })
    }
}

fn failed(status: &Status) -> StoreError {
    StoreError::Failed(chain(status))
}
