//! etcd keeps all that was ever written until somebody compacts it. kube-apiservers do that every five
//! minutes, one of all that share an etcd, and so do we, by the same rule:
//! [compact.go](https://github.com/kubernetes/apiserver/blob/master/pkg/storage/etcd3/compact.go).

use std::sync::Arc;
use std::time::Duration;

use tokio::time::sleep;
use tonic::Status;

use super::client::{Client, chain};
use super::messages::{CompactionRequest, Compare, PutRequest, RangeRequest, Request, TxnRequest};

/// The key of kube-apiserver, outside its prefix. Who writes it has the turn.
const KEY: &[u8] = b"compact_rev_key";

pub(super) struct Compactor {
    client: Arc<Client>,
    /// How often the key was written.
    turn: i64,
    /// The number of the last write at that time; 0 if that is not known.
    revision: i64,
}

impl Compactor {
    pub(super) fn new(client: Arc<Client>) -> Self {
        Self { client, turn: 0, revision: 0 }
    }

    /// Goes on forever.
    pub(super) async fn run(mut self, interval: Duration) {
        loop {
            sleep(interval).await;
            if let Err(status) = self.compact().await {
                tracing::warn!("etcd was not compacted: {}", chain(&status));
            }
        }
    }

    /// Forgets what was replaced or deleted before the turn before, unless somebody else has had a turn since.
    async fn compact(&mut self) -> Result<(), Status> {
        let value = self.revision.to_string().into_bytes();
        let put = Request::Put(PutRequest { key: KEY.into(), value });
        let get = Request::Range(RangeRequest { key: KEY.into(), ..RangeRequest::default() });
        let request = TxnRequest {
            compare: vec![Compare::of_version(KEY.into(), self.turn)],
            success: vec![put.into()],
            failure: vec![get.into()],
        };
        let answer = self.client.txn(request).await?;
        let before = std::mem::replace(
            &mut self.revision,
            answer.header.map_or(0, |header| header.revision),
        );
        if !answer.succeeded {
            let found = answer.responses.into_iter().filter_map(|response| response.range);
            self.turn = found.flat_map(|range| range.kvs).map(|kv| kv.version).next().unwrap_or(0);
            return Ok(());
        }
        self.turn += 1;
        if before > 0 {
            self.client.compact(CompactionRequest { revision: before }).await?;
        }
        Ok(())
    }
}
