//! The HTTP server: paths, limits and timeouts.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use axum::Router;
use axum::body::{Body, Bytes, to_bytes};
use axum::extract::{Request, State};
use axum::http::header::{CONTENT_LENGTH, CONTENT_TYPE, RETRY_AFTER};
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use http_body_util::LengthLimitError;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use volcano_job_update::ViolationCode;
use volcano_job_update::admission::{HttpAnswer, Outcome, Webhook};
use volcano_job_update::status::Status;

use crate::args::Bounds;
use crate::metrics::{Endpoint, Metrics, Rejection};

/// The limit for a body, in bytes: two Jobs of 3 MiB, the limit of an API server, and 1 MiB for the
/// rest of the review.
const BODY_LIMIT: usize = 7 * 1024 * 1024;

/// The limit for a logged uid, in characters. An API server sends 36; another client can send
/// anything.
const UID_CHARACTERS: usize = 64;

/// The state shared by all requests.
#[derive(Debug)]
pub(crate) struct App {
    webhook: Arc<Webhook>,
    metrics: Arc<Metrics>,
    bounds: Bounds,
    /// A permit for each review in flight.
    slots: Arc<Semaphore>,
    /// A permit for each KiB of their bodies.
    memory: Arc<Semaphore>,
    draining: AtomicBool,
}

impl App {
    pub(crate) fn new(webhook: Webhook, metrics: Arc<Metrics>, bounds: Bounds) -> Arc<Self> {
        Arc::new(Self {
            webhook: Arc::new(webhook),
            metrics,
            bounds,
            slots: Arc::new(Semaphore::new(bounds.max_in_flight as usize)),
            memory: Arc::new(Semaphore::new(bounds.max_body_memory as usize * 1024)),
            draining: AtomicBool::new(false),
        })
    }

    /// Makes `/readyz` fail. Requests are still answered.
    pub(crate) fn drain(&self) {
        self.draining.store(true, Ordering::Relaxed);
    }

    pub(crate) fn router(self: &Arc<Self>) -> Router {
        Router::new()
            .route("/validate", post(validate))
            .route("/restore", post(restore))
            .route("/healthz", get(async || "ok\n"))
            .route("/readyz", get(ready))
            .route("/metrics", get(metrics))
            .with_state(Arc::clone(self))
    }

    async fn respond(self: Arc<Self>, endpoint: Endpoint, request: Request) -> Response {
        let started = Instant::now();
        let response = match self.review(endpoint, request).await {
            Ok((answer, body)) => {
                self.metrics.count_answer(endpoint, &answer);
                log(endpoint, &answer, started.elapsed());
                let content_type = [(CONTENT_TYPE, answer.content_type())];
                (status_code(&answer), content_type, body).into_response()
            }
            Err(rejection) => {
                self.metrics.count_rejection(endpoint, rejection);
                let endpoint = endpoint.as_str();
                tracing::warn!(endpoint, reason = rejection.as_str(), "rejected");
                self.reject(rejection)
            }
        };
        self.metrics.observe(endpoint, started.elapsed());
        response
    }

    /// Reads a review and answers it. Returns the answer and its body.
    async fn review(
        &self,
        endpoint: Endpoint,
        request: Request,
    ) -> Result<(HttpAnswer, Vec<u8>), Rejection> {
        if !is_json(request.headers()) {
            return Err(Rejection::MediaType);
        }
        let length = content_length(request.headers()).unwrap_or(BODY_LIMIT);
        if length > BODY_LIMIT {
            return Err(Rejection::TooLarge);
        }
        let slot = self.acquire(length)?;
        let in_flight = self.metrics.enter();
        let body = read(request.into_body(), length, self.bounds.read_timeout).await?;
        let answer = self.answer(endpoint, body, slot).await;
        drop(in_flight);
        answer
    }

    /// Acquires a slot for a review with a body of this length. This happens before the body is
    /// read, to limit memory use.
    fn acquire(&self, length: usize) -> Result<Slot, Rejection> {
        let review = Arc::clone(&self.slots).try_acquire_owned();
        let memory = Arc::clone(&self.memory).try_acquire_many_owned(kibibytes(length));
        match (review, memory) {
            (Ok(review), Ok(memory)) => Ok(Slot { _review: review, _memory: memory }),
            _ => Err(Rejection::Busy),
        }
    }

    /// Answers on a blocking thread, so that a large review does not delay other requests and a
    /// panic fails only this request.
    async fn answer(
        &self,
        endpoint: Endpoint,
        body: Bytes,
        slot: Slot,
    ) -> Result<(HttpAnswer, Vec<u8>), Rejection> {
        let webhook = Arc::clone(&self.webhook);
        let task = tokio::task::spawn_blocking(move || {
            let answer = match endpoint {
                Endpoint::Validate => webhook.validate(&body),
                Endpoint::Restore => webhook.restore(&body),
            };
            let body = answer.body();
            // The slot is released only here: after a timeout, the work continues and still
            // occupies its slot.
            drop(slot);
            (answer, body)
        });
        match tokio::time::timeout(self.bounds.handler_timeout, task).await {
            Ok(Ok(answer)) => Ok(answer),
            Ok(Err(_)) => Err(Rejection::Failed),
            Err(_) => Err(Rejection::SlowHandler),
        }
    }

    fn reject(&self, rejection: Rejection) -> Response {
        let timeout = self.bounds.read_timeout.as_secs_f64();
        match rejection {
            Rejection::MediaType => {
                let status = Status::unsupported_media_type(&["application/json"]);
                (StatusCode::UNSUPPORTED_MEDIA_TYPE, Json(status)).into_response()
            }
            Rejection::TooLarge => {
                let status = Status::request_entity_too_large(format!("limit is {BODY_LIMIT}"));
                (StatusCode::PAYLOAD_TOO_LARGE, Json(status)).into_response()
            }
            Rejection::Busy => {
                let retry_after = [(RETRY_AFTER, "1")];
                let text = "too many reviews in flight\n";
                (StatusCode::SERVICE_UNAVAILABLE, retry_after, text).into_response()
            }
            Rejection::SlowBody => {
                let text = format!("the body did not arrive within {timeout} seconds\n");
                (StatusCode::REQUEST_TIMEOUT, text).into_response()
            }
            Rejection::BrokenBody => {
                (StatusCode::BAD_REQUEST, "the body ended too early\n").into_response()
            }
            Rejection::SlowHandler => {
                (StatusCode::GATEWAY_TIMEOUT, "validating took too long\n").into_response()
            }
            Rejection::Failed => {
                (StatusCode::INTERNAL_SERVER_ERROR, "the webhook failed\n").into_response()
            }
        }
    }
}

/// A review in flight and the memory of its body; both are released when it is dropped.
#[derive(Debug)]
struct Slot {
    _review: OwnedSemaphorePermit,
    _memory: OwnedSemaphorePermit,
}

/// The length of a body in KiB, rounded up.
#[expect(clippy::expect_used, reason = "a longer body was rejected")]
fn kibibytes(length: usize) -> u32 {
    length.div_ceil(1024).try_into().expect("it is at most BODY_LIMIT")
}

async fn validate(State(app): State<Arc<App>>, request: Request) -> Response {
    app.respond(Endpoint::Validate, request).await
}

async fn restore(State(app): State<Arc<App>>, request: Request) -> Response {
    app.respond(Endpoint::Restore, request).await
}

async fn ready(State(app): State<Arc<App>>) -> (StatusCode, &'static str) {
    if app.draining.load(Ordering::Relaxed) {
        (StatusCode::SERVICE_UNAVAILABLE, "shutting down\n")
    } else {
        (StatusCode::OK, "ok\n")
    }
}

async fn metrics(State(app): State<Arc<App>>) -> Response {
    let kind = "application/openmetrics-text; version=1.0.0; charset=utf-8";
    ([(CONTENT_TYPE, kind)], app.metrics.to_text()).into_response()
}

async fn read(body: Body, limit: usize, timeout: Duration) -> Result<Bytes, Rejection> {
    match tokio::time::timeout(timeout, to_bytes(body, limit)).await {
        Ok(Ok(body)) => Ok(body),
        Ok(Err(error)) if is_too_long(&error) => Err(Rejection::TooLarge),
        Ok(Err(_)) => Err(Rejection::BrokenBody),
        Err(_) => Err(Rejection::SlowBody),
    }
}

fn is_too_long(error: &axum::Error) -> bool {
    std::error::Error::source(error).is_some_and(<dyn std::error::Error>::is::<LengthLimitError>)
}

/// Whether the media type is `application/json`, regardless of parameters.
fn is_json(headers: &HeaderMap) -> bool {
    let content_type = headers.get(CONTENT_TYPE).and_then(|value| value.to_str().ok());
    let media_type = content_type.and_then(|value| value.split(';').next());
    media_type.is_some_and(|media_type| media_type.trim().eq_ignore_ascii_case("application/json"))
}

fn content_length(headers: &HeaderMap) -> Option<usize> {
    headers.get(CONTENT_LENGTH)?.to_str().ok()?.parse().ok()
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
