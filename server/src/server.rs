//! The server as a service.

use std::convert::Infallible;
use std::net::{IpAddr, SocketAddr};
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::task::{Context, Poll};
use std::time::{Duration, Instant};

use axum::body::{Body, Bytes, HttpBody};
use axum::extract::ConnectInfo;
use axum::http::request::Parts;
use axum::http::{Method, Request, Response};
use tower_service::Service;
use volcano_job_update::Validator;
use volcano_job_update::status::{Status, StatusCodes};
use volcano_job_update_programs::serve::{Bodies, BodyBounds, BodyError, Observer, Peer, Received};

use crate::access::{Access, AuditLog, ClientSubject, Gate};
use crate::api::{Api, Options};
use crate::store::{MemoryStore, Store};

/// The bodies that are read at the same time. A client that sends nothing for a while makes room for
/// others.
const BODIES: BodyBounds = BodyBounds {
    places: 1000,
    kibibytes: 256 * 1024,
    timeout: Duration::from_secs(2),
    beginning: 0,
};

/// An API server for Jobs, without a socket: a `tower::Service` from requests to responses. Clones
/// share the store.
#[derive(Clone, Debug)]
pub struct JobServer {
    api: Arc<Api>,
    bodies: Arc<Bodies>,
}

/// Makes a [`JobServer`].
#[derive(Debug)]
pub struct Builder {
    store: Arc<dyn Store>,
    options: Options,
    access: Access,
    audit: Option<AuditLog>,
    body_timeout: Duration,
}

impl JobServer {
    /// A server that keeps its Jobs in memory, judges updates by the policy `documented`, and answers
    /// with the status codes of Kubernetes. Everybody may do everything.
    #[must_use]
    pub fn in_memory() -> Self {
        Self::builder(Arc::new(MemoryStore::new())).build()
    }

    /// A server with a store, otherwise as [`JobServer::in_memory`].
    pub fn builder(store: Arc<dyn Store>) -> Builder {
        let options = Options {
            validator: Validator::default(),
            status_codes: StatusCodes::Kubernetes,
            puts_create: false,
            asks_volcano: true,
            self_links: false,
        };
        Builder {
            store,
            options,
            access: Access::everyone(),
            audit: None,
            body_timeout: BODIES.timeout,
        }
    }

    /// Judges the updates that arrive from now on with another policy or schema.
    pub fn use_validator(&self, validator: Validator) {
        self.api.use_validator(validator);
    }

    /// Who may do what.
    #[must_use]
    pub fn access(&self) -> &Access {
        &self.api.gate.access
    }

    /// Makes `/readyz` fail. Requests are still answered.
    pub fn drain(&self) {
        self.api.draining.store(true, Ordering::Relaxed);
    }

    /// Ends the watches, which otherwise go on until their clients end them.
    pub fn end_watches(&self) {
        self.api.watches_end.send_replace(true);
    }

    /// Counts connections and certificates in the metrics.
    #[must_use]
    pub fn observer(&self) -> Arc<dyn Observer> {
        self.api.metrics.observer()
    }
}

impl Builder {
    /// Judges updates by the policy and the schema of a validator.
    #[must_use]
    pub fn with_validator(mut self, validator: Validator) -> Self {
        self.options.validator = validator;
        self
    }

    /// Sets the status codes of denials.
    #[must_use]
    pub fn with_status_codes(mut self, codes: StatusCodes) -> Self {
        self.options.status_codes = codes;
        self
    }

    /// Whether a PUT of a Job that does not exist creates it. An API server answers 404.
    #[must_use]
    pub fn with_creation_by_put(mut self, creates: bool) -> Self {
        self.options.puts_create = creates;
        self
    }

    /// Whether a Job is created as with Volcano's webhooks in the cluster: with their defaults, and not
    /// at all if they deny it. That is so unless it is switched off.
    #[must_use]
    pub fn with_volcano_webhooks(mut self, asks: bool) -> Self {
        self.options.asks_volcano = asks;
        self
    }

    /// Lets only those do something who may.
    #[must_use]
    pub fn with_access(mut self, access: Access) -> Self {
        self.access = access;
        self
    }

    /// Notes who does what.
    #[must_use]
    pub fn with_audit_log(mut self, log: AuditLog) -> Self {
        self.audit = Some(log);
        self
    }

    /// Gives up a body of which less than 16 KiB arrive in this time.
    #[must_use]
    pub fn with_body_timeout(mut self, timeout: Duration) -> Self {
        self.body_timeout = timeout;
        self
    }

    /// Whether answers have `metadata.selfLink`, as before Kubernetes 1.20.
    #[must_use]
    pub fn with_self_links(mut self, has_links: bool) -> Self {
        self.options.self_links = has_links;
        self
    }

    /// The server.
    #[must_use]
    pub fn build(self) -> JobServer {
        let gate = Gate { access: self.access, audit: self.audit };
        let api = Api::new(self.store, self.options, gate);
        let bodies = Bodies::new(BodyBounds { timeout: self.body_timeout, ..BODIES });
        JobServer { api: Arc::new(api), bodies: Arc::new(bodies) }
    }
}

type Answer = Pin<Box<dyn Future<Output = Result<Response<Body>, Infallible>> + Send>>;

impl<B> Service<Request<B>> for JobServer
where
    B: HttpBody<Data = Bytes> + Send + 'static,
    B::Error: Into<axum::BoxError>,
{
    type Response = Response<Body>;
    type Error = Infallible;
    type Future = Answer;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: Request<B>) -> Answer {
        let Self { api, bodies } = self.clone();
        Box::pin(async move {
            let started = Instant::now();
            let (mut parts, body) = request.into_parts();
            let (subject, source) = (client_subject(&parts), source(&parts));
            let (visit, admitted) = api.gate.enter(&parts, subject.as_ref(), source);
            let mut response = match admitted {
                Ok(admitted) => {
                    parts.extensions.insert(admitted);
                    answer(&api, &bodies, &parts, Body::new(body)).await
                }
                // The body is not read.
                Err(status) => Api::deny(&parts, status),
            };
            let (verb, code) = (visit.verb(), response.status().as_u16());
            api.metrics.count(verb, code, started.elapsed());
            api.gate.leave(visit, &mut response);
            if parts.method == Method::HEAD {
                *response.body_mut() = Body::empty();
            }
            Ok(response)
        })
    }
}

async fn answer(api: &Api, bodies: &Arc<Bodies>, parts: &Parts, body: Body) -> Response<Body> {
    let limit = api.settings().options.validator.policy().limits().text_bytes;
    match bodies.read(body, limit).await {
        // Its memory is counted until the answer.
        Ok(Received::Whole(body, _place)) => api.answer(parts, body.into()).await,
        Ok(Received::Oversized(_)) => {
            let why = format_args!("limit is {limit}");
            Api::refuse(Status::request_entity_too_large(why))
        }
        Err(error) => Api::refuse(body_error(error)),
    }
}

/// The subject of the certificate that the client has shown.
fn client_subject(parts: &Parts) -> Option<ClientSubject> {
    let user = parts.extensions.get::<Peer>()?.certificate()?.user()?;
    let mut subject = ClientSubject::new(&*user.name, user.groups.clone());
    subject.uid = user.uid.clone().unwrap_or_default();
    Some(subject)
}

fn source(parts: &Parts) -> Option<IpAddr> {
    let ConnectInfo(address) = parts.extensions.get::<ConnectInfo<SocketAddr>>()?;
    Some(address.ip())
}

fn body_error(error: BodyError) -> Status {
    match error {
        BodyError::Busy => Status::too_many_requests(1),
        BodyError::Slow => Status::timeout("the body of the request makes no progress", 0),
        BodyError::Broken => Status::bad_request("the body of the request ended too early"),
    }
}
