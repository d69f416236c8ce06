//! Calls of etcd: to whichever member answers, and logged in.

use std::error::Error;
use std::fmt;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{PoisonError, RwLock};
use std::time::Duration;

use axum::http::uri::PathAndQuery;
use futures_util::stream;
use tokio::time::timeout;
use tonic::client::Grpc;

use tonic::metadata::{Ascii, MetadataValue};
use tonic::transport::{Channel, Endpoint};
use tonic::{Code, ConnectError, Request, Status, Streaming};
use tonic_prost::ProstCodec;

use super::messages::{
    AuthenticateRequest, AuthenticateResponse, CompactionRequest, CompactionResponse, RangeRequest,
    RangeResponse, TxnRequest, TxnResponse, WatchRequest, WatchResponse,
};

/// How long a member may take to accept a connection.
pub(super) const CONNECT_TIMEOUT: Duration = Duration::from_secs(2);

/// How often a connection is tested, and how long the answer may take.
pub(super) const KEEP_ALIVE_INTERVAL: Duration = Duration::from_secs(10);
pub(super) const KEEP_ALIVE_TIMEOUT: Duration = Duration::from_secs(3);

/// How long a call may take, with all its attempts.
const CALL_TIMEOUT: Duration = Duration::from_secs(5);

const RANGE: Method = Method { path: "/etcdserverpb.KV/Range", is_read: true };
const TXN: Method = Method { path: "/etcdserverpb.KV/Txn", is_read: false };
const COMPACT: Method = Method { path: "/etcdserverpb.KV/Compact", is_read: false };
const WATCH: &str = "/etcdserverpb.Watch/Watch";
const AUTHENTICATE: &str = "/etcdserverpb.Auth/Authenticate";

/// The members of a cluster.
pub(super) struct Client {
    members: Vec<Channel>,
    /// The position of the member that is asked first.
    current: AtomicUsize,
    user: Option<(String, String)>,
    /// Of the user, until etcd no longer knows it.
    token: RwLock<Option<MetadataValue<Ascii>>>,
}

#[derive(Clone, Copy)]
struct Method {
    path: &'static str,
    /// Whether it does no harm to call it twice.
    is_read: bool,
}

impl Client {
    /// Connects with the first call.
    pub(super) fn new(endpoints: &[Endpoint], user: Option<(String, String)>) -> Self {
        let members = endpoints.iter().map(Endpoint::connect_lazy).collect();
        Self { members, current: AtomicUsize::new(0), user, token: RwLock::new(None) }
    }

    pub(super) async fn range(&self, request: RangeRequest) -> Result<RangeResponse, Status> {
        self.call(RANGE, request).await
    }

    pub(super) async fn txn(&self, request: TxnRequest) -> Result<TxnResponse, Status> {
        self.call(TXN, request).await
    }

    pub(super) async fn compact(
        &self,
        request: CompactionRequest,
    ) -> Result<CompactionResponse, Status> {
        self.call(COMPACT, request).await
    }

    /// A watch on the current member. If that fails, the next one is the current one.
    pub(super) async fn watch(
        &self,
        request: WatchRequest,
    ) -> Result<Streaming<WatchResponse>, Status> {
        let position = self.current.load(Ordering::Relaxed);
        let watched = timeout(CALL_TIMEOUT, self.watch_on(position, request)).await;
        let watched = watched.unwrap_or_else(|_| Err(no_answer()));
        if let Err(status) = &watched {
            self.skip(position);
            self.forget_token_after(status);
        }
        watched
    }

    /// Asks another member from now on.
    pub(super) fn skip(&self, position: usize) {
        let next = (position + 1) % self.members.len().max(1);
        // Somebody else may have skipped it already.
        let _ = self.current.compare_exchange(position, next, Ordering::Relaxed, Ordering::Relaxed);
    }

    pub(super) fn current(&self) -> usize {
        self.current.load(Ordering::Relaxed)
    }

    async fn watch_on(
        &self,
        position: usize,
        request: WatchRequest,
    ) -> Result<Streaming<WatchResponse>, Status> {
        // The stream of requests stays open, and so does the watch.
        let requests = stream::StreamExt::chain(stream::iter([request]), stream::pending());
        let mut request = Request::new(requests);
        // A member that lost the others ends the watch, so that another one can be asked.
        request.metadata_mut().insert("hasleader", MetadataValue::from_static("true"));
        self.log_in(&mut request).await?;
        let mut grpc = self.member(position).await?;
        let path = PathAndQuery::from_static(WATCH);
        Ok(grpc.streaming(request, path, ProstCodec::default()).await?.into_inner())
    }

    async fn call<M, R>(&self, method: Method, message: M) -> Result<R, Status>
    where
        M: prost::Message + Clone + 'static,
        R: prost::Message + Default + 'static,
    {
        let position = self.current();
        let called = timeout(CALL_TIMEOUT, self.attempts(method, message)).await;
        called.unwrap_or_else(|_| {
            self.skip(position);
            Err(no_answer())
        })
    }

    /// Tries each member, and two more times: a connection and a token can have been lost since the last
    /// call.
    async fn attempts<M, R>(&self, method: Method, message: M) -> Result<R, Status>
    where
        M: prost::Message + Clone + 'static,
        R: prost::Message + Default + 'static,
    {
        let mut left = self.members.len() + 2;
        loop {
            let position = self.current();
            let mut request = Request::new(message.clone());
            let called = match self.log_in(&mut request).await {
                Ok(()) => self.unary(position, method.path, request).await,
                Err(status) => Err(status),
            };
            left -= 1;
            match called {
                Err(status) if left > 0 && self.forget_token_after(&status) => {}
                Err(status) if is_of_member(&status) => {
                    self.skip(position);
                    // A write is repeated only if it was certainly not done.
                    if left == 0 || !(method.is_read || was_not_sent(&status)) {
                        return Err(status);
                    }
                }
                called => return called,
            }
        }
    }

    async fn unary<M, R>(
        &self,
        position: usize,
        path: &'static str,
        request: Request<M>,
    ) -> Result<R, Status>
    where
        M: prost::Message + 'static,
        R: prost::Message + Default + 'static,
    {
        let mut grpc = self.member(position).await?;
        let path = PathAndQuery::from_static(path);
        Ok(grpc.unary(request, path, ProstCodec::default()).await?.into_inner())
    }

    /// A member that is connected, or could not be: then the call says so.
    async fn member(&self, position: usize) -> Result<Grpc<Channel>, Status> {
        let member = self.members.get(position).ok_or_else(no_answer)?;
        // A list can be larger than the 4 MiB that are the default.
        let mut grpc = Grpc::new(member.clone()).max_decoding_message_size(usize::MAX);
        grpc.ready().await.map_err(|error| Status::from_error(error.into()))?;
        Ok(grpc)
    }

    /// Adds the token of the user, if there is one.
    async fn log_in<M>(&self, request: &mut Request<M>) -> Result<(), Status> {
        let Some((name, password)) = &self.user else { return Ok(()) };
        let token = match self.token() {
            Some(token) => token,
            None => self.authenticate(name, password).await?,
        };
        request.metadata_mut().insert("token", token);
        Ok(())
    }

    async fn authenticate(
        &self,
        name: &str,
        password: &str,
    ) -> Result<MetadataValue<Ascii>, Status> {
        let message = AuthenticateRequest { name: name.into(), password: password.into() };
        let request = Request::new(message);
        let answer: AuthenticateResponse =
            self.unary(self.current(), AUTHENTICATE, request).await?;
        let token = MetadataValue::try_from(answer.token)
            .map_err(|_| Status::unauthenticated("etcd's token cannot be sent in a header"))?;
        *self.token.write().unwrap_or_else(PoisonError::into_inner) = Some(token.clone());
        Ok(token)
    }

    fn token(&self) -> Option<MetadataValue<Ascii>> {
        self.token.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Whether the call failed because of the token, so that another one helps. The call was then not done.
    fn forget_token_after(&self, status: &Status) -> bool {
        let is_old = status.message().contains("invalid auth token")
            || status.message().contains("revision of auth store is old");
        if is_old {
            *self.token.write().unwrap_or_else(PoisonError::into_inner) = None;
        }
        is_old && self.user.is_some()
    }
}

impl fmt::Debug for Client {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Client").field("members", &self.members.len()).finish_non_exhaustive()
    }
}

/// Whether another member may do better.
fn is_of_member(status: &Status) -> bool {
    matches!(
        status.code(),
        Code::Unavailable
            | Code::Cancelled
            | Code::Unknown
            | Code::Internal
            | Code::DeadlineExceeded
    )
}

/// Whether there was no connection, so that nothing was sent.
fn was_not_sent(status: &Status) -> bool {
    sources(status).any(<dyn Error>::is::<ConnectError>)
}

fn no_answer() -> Status {
    Status::deadline_exceeded("etcd does not answer")
}

/// An error with its causes in one line.
pub(super) fn chain(error: &(dyn Error + 'static)) -> String {
    let mut text = error.to_string();
    for cause in sources(error).skip(1).map(ToString::to_string) {
        if !text.contains(&cause) {
            text.push_str(": ");
            text.push_str(&cause);
        }
    }
    text
}

fn sources<'e>(
    error: &'e (dyn Error + 'static),
) -> impl Iterator<Item = &'e (dyn Error + 'static)> {
    std::iter::successors(Some(error), |error: &&'e (dyn Error + 'static)| (*error).source())
}
