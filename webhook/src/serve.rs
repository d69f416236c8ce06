//! The HTTP server: paths, limits and deadlines.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, PoisonError, RwLock};
use std::time::Duration;

use axum::extract::{Request, State};
use axum::http::header::{CONTENT_TYPE, RETRY_AFTER};
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use axum::{Extension, Router};
use tokio::sync::Semaphore;
use tokio::time::{Instant, timeout_at};
use volcano_job_update::ViolationCode;
use volcano_job_update::admission::{BEGINNING_BYTES, HttpAnswer, Outcome, Webhook};
use volcano_job_update::status::Status;
use volcano_job_update_programs::printable;
use volcano_job_update_programs::serve::{Bodies, BodyBounds, METRICS_TYPE, Peer, Place, Received};

use crate::args::{Args, ReviewBounds};
use crate::error::Error;
use crate::metrics::{Endpoint, Metrics, Rejection};

/// The limit for a logged uid, in characters. An API server sends 36; another client can send
/// anything.
const UID_CHARACTERS: usize = 64;

/// The highest default of --max-validating.
const MAX_VALIDATING: usize = 4;

/// The state shared by all requests.
#[derive(Debug)]
pub(crate) struct App {
    webhook: RwLock<Arc<Webhook>>,
    metrics: Arc<Metrics>,
    bounds: ReviewBounds,
    body_timeout: Duration,
    /// The name that the certificate of a client must have. `None`: any client may ask for reviews.
    client_name: Option<String>,
    bodies: Bodies,
    /// A permit for each review that is validated at the same time.
    validating: Arc<Semaphore>,
    draining: AtomicBool,
}

impl App {
    /// # Errors
    ///
    /// There is less memory for bodies than the limit of one.
    pub(crate) fn new(
        webhook: Webhook,
        metrics: Arc<Metrics>,
        args: &Args,
    ) -> Result<Arc<Self>, Error> {
        let (bounds, body_timeout) = (args.review_bounds, args.bounds.body_timeout);
        let cpus = std::thread::available_parallelism().map_or(1, usize::from);
        let validating = bounds.max_validating.map_or(cpus.min(MAX_VALIDATING), |max| max as usize);
        let body_bounds = BodyBounds {
            places: bounds.max_in_flight as usize,
            kibibytes: bounds.max_body_memory as usize * 1024,
            timeout: body_timeout,
            beginning: BEGINNING_BYTES,
        };
        check_memory(&webhook, bounds)?;
        Ok(Arc::new(Self {
            webhook: RwLock::new(Arc::new(webhook)),
            metrics,
            bounds,
            body_timeout,
            client_name: args.tls.client_name.clone(),
            bodies: Bodies::new(body_bounds),
            validating: Arc::new(Semaphore::new(validating)),
            draining: AtomicBool::new(false),
        }))
    }

    /// Answers the reviews that arrive from now on with another webhook.
    ///
    /// # Errors
    ///
    /// There is less memory for bodies than the limit of one.
    pub(crate) fn use_webhook(&self, webhook: Webhook) -> Result<(), Error> {
        check_memory(&webhook, self.bounds)?;
        *self.webhook.write().unwrap_or_else(PoisonError::into_inner) = Arc::new(webhook);
        Ok(())
    }

    fn webhook(&self) -> Arc<Webhook> {
        Arc::clone(&self.webhook.read().unwrap_or_else(PoisonError::into_inner))
    }

    /// The name of the policy in force.
    pub(crate) fn policy_name(&self) -> String {
        self.webhook().validator().policy().name().to_owned()
    }

    /// Makes `/readyz` fail. Requests are still answered.
    pub(crate) fn drain(&self) {
        self.draining.store(true, Ordering::Relaxed);
    }

    /// The paths for reviews and probes.
    pub(crate) fn reviews(self: &Arc<Self>) -> Router<()> {
        let probes = self.probes();
        Router::new()
            .route("/validate", post(validate))
            .route("/restore", post(restore))
            .with_state(Arc::clone(self))
            .merge(probes)
    }

    fn probes(self: &Arc<Self>) -> Router<()> {
        Router::new()
            .route("/healthz", get(async || "ok\n"))
            .route("/readyz", get(ready))
            .with_state(Arc::clone(self))
    }

    /// The paths for metrics and probes.
    pub(crate) fn metrics(self: &Arc<Self>) -> Router<()> {
        self.probes().merge(self.only_metrics())
    }

    /// The path for metrics.
    pub(crate) fn only_metrics(self: &Arc<Self>) -> Router<()> {
        Router::new().route("/metrics", get(metrics)).with_state(Arc::clone(self))
    }

    async fn respond(
        self: Arc<Self>,
        endpoint: Endpoint,
        peer: Peer,
        request: Request,
    ) -> Response {
        let pending = Pending { app: &self, endpoint, started: Instant::now(), is_answered: false };
        let result = self.review(endpoint, &peer, request, pending.started).await;
        pending.finish(result)
    }

    /// Reads a review and answers it. Returns the answer and its body.
    async fn review(
        &self,
        endpoint: Endpoint,
        peer: &Peer,
        request: Request,
        started: Instant,
    ) -> Result<(HttpAnswer, Vec<u8>), Rejection> {
        if !self.may_review(peer) {
            return Err(Rejection::Unauthorized);
        }
        if !is_json(request.headers()) {
            return Err(Rejection::MediaType);
        }
        let deadline = started + self.bounds.request_timeout;
        let _in_flight = self.metrics.enter();
        let webhook = self.webhook();
        let received = self.bodies.read(request.into_body(), webhook.body_limit());
        match timeout_at(deadline, received).await {
            Err(_) => Err(Rejection::SlowBody),
            Ok(Err(error)) => Err(error.into()),
            Ok(Ok(Received::Oversized(beginning))) => {
                let answer = webhook.oversized(&beginning);
                let body = answer.body();
                Ok((answer, body))
            }
            Ok(Ok(Received::Whole(body, place))) => {
                let answer = self.answer(endpoint, webhook, body, place);
                timeout_at(deadline, answer).await.unwrap_or(Err(Rejection::SlowHandler))
            }
        }
    }

    /// Answers on a blocking thread, so that a large review does not delay other requests and a
    /// panic fails only this request.
    async fn answer(
        &self,
        endpoint: Endpoint,
        webhook: Arc<Webhook>,
        body: Vec<u8>,
        place: Place,
    ) -> Result<(HttpAnswer, Vec<u8>), Rejection> {
        let turn = Arc::clone(&self.validating).acquire_owned().await;
        let turn = turn.map_err(|_| Rejection::Failed)?;
        let validating = self.metrics.validating();
        let task = tokio::task::spawn_blocking(move || {
            let answer = match endpoint {
                Endpoint::Validate => webhook.validate(&body),
                Endpoint::Restore => webhook.restore(&body),
            };
            let response = answer.body();
            // These are released only here: after a timeout, the work goes on.
            drop((body, place, turn, validating));
            (answer, response)
        });
        task.await.map_err(|_| Rejection::Failed)
    }

    fn may_review(&self, peer: &Peer) -> bool {
        let Some(name) = &self.client_name else { return true };
        peer.certificate().is_some_and(|certificate| certificate.is_named(name))
    }

    fn reject(&self, rejection: Rejection) -> Response {
        match rejection {
            Rejection::MediaType => {
                let status = Status::unsupported_media_type(&["application/json"]);
                (StatusCode::UNSUPPORTED_MEDIA_TYPE, Json(status)).into_response()
            }
            Rejection::Unauthorized => {
                let status = Status::unauthorized("a client certificate is required");
                (StatusCode::UNAUTHORIZED, Json(status)).into_response()
            }
            Rejection::Busy => {
                let retry_after = [(RETRY_AFTER, "1")];
                let text = "too many reviews in flight\n";
                (StatusCode::SERVICE_UNAVAILABLE, retry_after, text).into_response()
            }
            Rejection::SlowBody => {
                let timeout = self.body_timeout.as_secs_f64();
                let text = format!(
                    "the body made no progress for {timeout} seconds, or others needed its place\n"
                );
                (StatusCode::REQUEST_TIMEOUT, text).into_response()
            }
            Rejection::BrokenBody => {
                (StatusCode::BAD_REQUEST, "the body ended too early\n").into_response()
            }
            Rejection::SlowHandler => {
                (StatusCode::GATEWAY_TIMEOUT, "validating took too long\n").into_response()
            }
            // Nobody reads the answer to an abandoned request.
            Rejection::Failed | Rejection::Abandoned => {
                (StatusCode::INTERNAL_SERVER_ERROR, "the webhook failed\n").into_response()
            }
        }
    }
}

fn check_memory(webhook: &Webhook, bounds: ReviewBounds) -> Result<(), Error> {
    let (limit, memory) = (webhook.body_limit(), bounds.max_body_memory as usize * 1024 * 1024);
    if limit > memory {
        return Err(Error::BodyMemory { needed: limit.div_ceil(1024 * 1024) });
    }
    Ok(())
}

/// A request that is not answered yet. Each is logged and counted once, also if its client does not
/// wait for the answer: then this is dropped.
struct Pending<'a> {
    app: &'a App,
    endpoint: Endpoint,
    started: Instant,
    is_answered: bool,
}

impl Pending<'_> {
    fn finish(mut self, result: Result<(HttpAnswer, Vec<u8>), Rejection>) -> Response {
        self.is_answered = true;
        let Self { app, endpoint, started, .. } = self;
        match result {
            Ok((answer, body)) => {
                app.metrics.count_answer(endpoint, &answer);
                log(endpoint, &answer, started.elapsed());
                let content_type = [(CONTENT_TYPE, answer.content_type())];
                (status_code(&answer), content_type, body).into_response()
            }
            Err(rejection) => {
                self.note_rejection(rejection);
                app.reject(rejection)
            }
        }
    }

    fn note_rejection(&self, rejection: Rejection) {
        self.app.metrics.count_rejection(self.endpoint, rejection);
        tracing::warn!(endpoint = self.endpoint.as_str(), reason = rejection.as_str(), "rejected");
    }
}

impl Drop for Pending<'_> {
    fn drop(&mut self) {
        if !self.is_answered {
            self.note_rejection(Rejection::Abandoned);
        }
        self.app.metrics.observe(self.endpoint, self.started.elapsed());
    }
}

async fn validate(
    State(app): State<Arc<App>>,
    Extension(peer): Extension<Peer>,
    request: Request,
) -> Response {
    app.respond(Endpoint::Validate, peer, request).await
}

async fn restore(
    State(app): State<Arc<App>>,
    Extension(peer): Extension<Peer>,
    request: Request,
) -> Response {
    app.respond(Endpoint::Restore, peer, request).await
}

async fn ready(State(app): State<Arc<App>>) -> (StatusCode, &'static str) {
    if app.draining.load(Ordering::Relaxed) {
        (StatusCode::SERVICE_UNAVAILABLE, "shutting down\n")
    } else {
        (StatusCode::OK, "ok\n")
    }
}

async fn metrics(State(app): State<Arc<App>>) -> Response {
    ([(CONTENT_TYPE, METRICS_TYPE)], app.metrics.to_text()).into_response()
}

/// Whether the media type is `application/json`, regardless of parameters.
fn is_json(headers: &HeaderMap) -> bool {
    let content_type = headers.get(CONTENT_TYPE).and_then(|value| value.to_str().ok());
    let media_type = content_type.and_then(|value| value.split(';').next());
    media_type.is_some_and(|media_type| media_type.trim().eq_ignore_ascii_case("application/json"))
}

#[expect(clippy::expect_used, reason = "it is 200, 400 or 413")]
fn status_code(answer: &HttpAnswer) -> StatusCode {
    StatusCode::from_u16(answer.status_code()).expect("an HTTP status code")
}

/// A status as a JSON body.
struct Json(Status);

impl IntoResponse for Json {
    fn into_response(self) -> Response {
        ([(CONTENT_TYPE, "application/json")], self.0.to_json()).into_response()
    }
}

/// Logs the outcome, the codes and the uid, which identifies the request in the audit log. Values
/// of a Job are not logged.
fn log(endpoint: Endpoint, answer: &HttpAnswer, took: Duration) {
    let endpoint = endpoint.as_str();
    let verdict = answer.outcome().as_str();
    let allowed = answer.is_allowed();
    let uid: String = answer.uid().into_iter().flat_map(str::chars).take(UID_CHARACTERS).collect();
    let uid = &*printable(&uid, &[]);
    let codes: Vec<&str> = answer.codes().map(ViolationCode::as_str).collect();
    let codes = codes.join(",");
    #[expect(clippy::cast_possible_truncation, reason = "2^64 microseconds are 500,000 years")]
    let micros = took.as_micros() as u64;
    if answer.outcome() == Outcome::BadRequest || answer.outcome().is_denial() {
        tracing::info!(endpoint, verdict, allowed, uid, codes, micros, "answered");
    } else {
        tracing::debug!(endpoint, verdict, allowed, uid, micros, "answered");
    }
}
