//! The writes of all servers, from one watch of etcd into the history.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use tokio::time::{sleep, timeout};
use tonic::Status;

use super::client::{Client, chain};
use super::layout::{Layout, PAGE, revision};
use super::messages::{
    Event, KeyValue, RangeRequest, WatchCreateRequest, WatchRequest, WatchResponse, revision_of,
};
use crate::store::history::History;
use crate::store::stored_job::{Key, StoredJob};

/// How long to wait before the watch is begun again.
const PAUSE: Duration = Duration::from_millis(200);

/// How long the first answer to a watch may take.
const START_TIMEOUT: Duration = Duration::from_secs(5);

/// `Event.type` of a deletion.
const DELETE: i32 = 1;

/// What fills the history.
pub(super) struct Follower {
    pub(super) client: Arc<Client>,
    pub(super) layout: Layout,
    pub(super) history: Arc<History>,
}

/// Why a watch ended.
enum End {
    /// etcd has forgotten the writes from which to go on.
    Compacted,
    Lost(String),
}

impl Follower {
    /// Goes on forever.
    pub(super) async fn run(self) {
        let mut is_lost = false;
        loop {
            let end = self.watch(&mut is_lost).await;
            let restarted = match end {
                End::Compacted => self.begin_anew().await.map_err(|status| chain(&status)),
                End::Lost(why) => Err(why),
            };
            if let Err(why) = restarted {
                // Once, and not with each attempt.
                if !std::mem::replace(&mut is_lost, true) {
                    tracing::warn!("the watch of etcd was lost: {why}");
                }
                sleep(PAUSE).await;
            }
        }
    }

    async fn begin_anew(&self) -> Result<(), Status> {
        let (jobs, version) = read_all(&self.client, &self.layout).await?;
        self.history.reset(jobs, version);
        tracing::warn!("writes are not known that etcd has compacted: all watches begin anew");
        Ok(())
    }

    /// Until it ends. `is_lost` is cleared when it has begun.
    async fn watch(&self, is_lost: &mut bool) -> End {
        match self.try_watch(is_lost).await {
            Ok(end) => end,
            Err(status) => End::Lost(chain(&status)),
        }
    }

    async fn try_watch(&self, is_lost: &mut bool) -> Result<End, Status> {
        let since = self.history.version();
        // etcd was restored from a backup: what follows is another history.
        if last_revision(&self.client, &self.layout).await? < since {
            return Ok(End::Compacted);
        }
        let position = self.client.current();
        let mut responses = self.client.watch(self.request(since)).await?;
        let first = timeout(START_TIMEOUT, responses.message()).await;
        let mut next = first.unwrap_or_else(|_| Err(Status::deadline_exceeded("no answer")));
        loop {
            let response = match next {
                Ok(Some(response)) => response,
                Ok(None) => return Ok(End::Lost("etcd closed it".into())),
                Err(status) => {
                    self.client.skip(position);
                    return Err(status);
                }
            };
            if response.compact_revision > 0 {
                return Ok(End::Compacted);
            }
            if response.canceled {
                return Ok(End::Lost(response.cancel_reason));
            }
            if std::mem::take(is_lost) {
                tracing::info!("the watch of etcd goes on");
            }
            self.take(response);
            next = responses.message().await;
        }
    }

    fn request(&self, since: u64) -> WatchRequest {
        let create = WatchCreateRequest {
            key: self.layout.start(None, None),
            range_end: self.layout.end(None),
            start_revision: revision(since + 1),
            progress_notify: true,
        };
        WatchRequest { create: Some(create) }
    }

    fn take(&self, response: WatchResponse) {
        if !response.events.is_empty() {
            let writes = response.events.into_iter().filter_map(|event| self.write(event));
            self.history.push_all(writes);
        } else if !response.created {
            // While nothing happens, etcd says now and then how far it is.
            self.history.advance(revision_of(response.header.as_ref()));
        }
    }

    fn write(&self, event: Event) -> Option<(u64, Key, Option<StoredJob>)> {
        let kv = event.kv?;
        let key = self.layout.parse(&kv.key)?;
        let version = u64::try_from(kv.mod_revision).ok()?;
        let job = if event.r#type == DELETE { None } else { job_of(&kv) };
        Some((version, key, job))
    }
}

/// All Jobs, and as of which write.
pub(super) async fn read_all(
    client: &Client,
    layout: &Layout,
) -> Result<(BTreeMap<Key, StoredJob>, u64), Status> {
    let mut jobs = BTreeMap::new();
    let mut request = RangeRequest {
        key: layout.start(None, None),
        range_end: layout.end(None),
        limit: PAGE,
        ..RangeRequest::default()
    };
    loop {
        let page = client.range(request.clone()).await?;
        if request.revision == 0 {
            request.revision = revision(revision_of(page.header.as_ref()));
        }
        if let Some(last) = page.kvs.last() {
            request.key = [&last.key, &b"\0"[..]].concat();
        }
        for kv in &page.kvs {
            if let (Some(key), Some(job)) = (layout.parse(&kv.key), job_of(kv)) {
                jobs.insert(key, job);
            }
        }
        if !page.more {
            return Ok((jobs, u64::try_from(request.revision).unwrap_or_default()));
        }
    }
}

/// The number of the last write of anything.
pub(super) async fn last_revision(client: &Client, layout: &Layout) -> Result<u64, Status> {
    let key = layout.start(None, None);
    let request = RangeRequest { key, count_only: true, ..RangeRequest::default() };
    Ok(revision_of(client.range(request).await?.header.as_ref()))
}

/// Somebody can have written something else. To those who watch, it is not there.
fn job_of(kv: &KeyValue) -> Option<StoredJob> {
    let job = Layout::job(kv);
    job.inspect_err(|error| tracing::error!("not a Job in etcd: {error}")).ok()
}
