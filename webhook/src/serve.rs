//! Requests and their answers.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use axum::Router;
use axum::body::{Body, Bytes, to_bytes};
use axum::extract::{Request, State};
use axum::http::header::{CONTENT_LENGTH, CONTENT_TYPE, RETRY_AFTER};
use axum::http::{HeaderMap, HeaderValue, StatusCode};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use http_body_util::LengthLimitError;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use volcano_job_update::status::Status;

use crate::args::Bounds;
use crate::judge::{self, Answer, Judge, Verdict};
use crate::metrics::{Endpoint, Metrics, Rejection};

/// Two Jobs of 3 MiB each, the most that an API server takes, and what is around them.
const BODY_LIMIT: usize = 7 * 1024 * 1024;

/// What is logged of a uid, which has 36 characters; whoever calls may send anything.
const UID_LENGTH: usize = 64;

/// What all requests share.
#[derive(Debug)]
pub(crate) struct App {
    judge: Judge,
    metrics: Arc<Metrics>,
    bounds: Bounds,
    /// One for each review in flight.
    slots: Arc<Semaphore>,
    /// One for each KiB of their bodies.
    memory: Arc<Semaphore>,
    draining: AtomicBool,
}

impl App {
    pub(crate) fn new(judge: Judge, metrics: Arc<Metrics>, bounds: Bounds) -> Arc<Self> {
        Arc::new(Self {
            judge,
            metrics,
            bounds,
            slots: semaphore(bounds.max_in_flight),
            memory: semaphore(bounds.max_body_memory.saturating_mul(1024)),
            draining: AtomicBool::new(false),
        })
    }

    pub(crate) fn policy_name(&self) -> &str {
        self.judge.policy_name()
    }

    /// Has `/readyz` say that no more requests are wanted; those that come are answered.
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
        let begun = Instant::now();
        let response = match self.review(endpoint, request).await {
            Ok(answer) => {
                self.metrics.count_answer(endpoint, &answer);
                log(endpoint, &answer, begun.elapsed());
                json(answer.status, answer.body)
            }
            Err(rejection) => {
                self.metrics.count_rejection(endpoint, rejection);
                let endpoint = endpoint.as_str();
                tracing::warn!(endpoint, reason = rejection.as_str(), "no answer to the review");
                self.reject(rejection)
            }
        };
        self.metrics.observe(endpoint, begun.elapsed());
        response
    }

    async fn review(&self, endpoint: Endpoint, request: Request) -> Result<Answer, Rejection> {
        if !is_json(request.headers()) {
            return Err(Rejection::MediaType);
        }
        let length = announced_length(request.headers()).unwrap_or(BODY_LIMIT);
        if length > BODY_LIMIT {
            return Err(Rejection::TooLarge);
        }
        let place = self.place(length)?;
        let in_flight = self.metrics.enter();
        let body = read(request.into_body(), length, self.bounds.read_timeout).await?;
        let answer = self.judge(endpoint, body, place).await;
        drop(in_flight);
        answer
    }

    /// A place among those in flight, taken before the body is read, so that memory is bounded too.
    fn place(&self, length: usize) -> Result<Place, Rejection> {
        let slot = Arc::clone(&self.slots).try_acquire_owned();
        let kibibytes = u32::try_from(length.div_ceil(1024)).unwrap_or(u32::MAX);
        let memory = Arc::clone(&self.memory).try_acquire_many_owned(kibibytes);
        match (slot, memory) {
            (Ok(slot), Ok(memory)) => Ok(Place { _slot: slot, _memory: memory }),
            _ => Err(Rejection::Busy),
        }
    }

    /// Judges where it holds up no other request, and a panic is the matter of this one alone.
    async fn judge(
        &self,
        endpoint: Endpoint,
        body: Bytes,
        place: Place,
    ) -> Result<Answer, Rejection> {
        let judge = self.judge.clone();
        let judging = tokio::task::spawn_blocking(move || {
            let answer = judge.answer(endpoint, &body);
            // Only now, also if nobody waits any more: what is still at work counts.
            drop(place);
            answer
        });
        match tokio::time::timeout(self.bounds.handler_timeout, judging).await {
            Ok(Ok(answer)) => Ok(answer),
            Ok(Err(_)) => Err(Rejection::Failed),
            Err(_) => Err(Rejection::SlowHandler),
        }
    }

    fn reject(&self, rejection: Rejection) -> Response {
        let timeout = self.bounds.read_timeout.as_secs_f64();
        let (status, text) = match rejection {
            Rejection::MediaType => {
                let status = Status::unsupported_media_type(&["application/json"]);
                return json(status.code, judge::json(&status));
            }
            Rejection::TooLarge => {
                let limit = format!("limit is {BODY_LIMIT}");
                let status = Status::request_entity_too_large(limit);
                return json(status.code, judge::json(&status));
            }
            Rejection::Busy => {
                (StatusCode::SERVICE_UNAVAILABLE, "too many reviews at once\n".into())
            }
            Rejection::SlowBody => (
                StatusCode::REQUEST_TIMEOUT,
                format!("the body did not arrive within {timeout} seconds\n"),
            ),
            Rejection::BrokenBody => {
                (StatusCode::BAD_REQUEST, "the body ended too early\n".to_owned())
            }
            Rejection::SlowHandler => {
                (StatusCode::GATEWAY_TIMEOUT, "judging took too long\n".to_owned())
            }
            Rejection::Failed => {
                (StatusCode::INTERNAL_SERVER_ERROR, "the webhook failed\n".to_owned())
            }
        };
        let mut response = (status, text).into_response();
        if rejection == Rejection::Busy {
            response.headers_mut().insert(RETRY_AFTER, HeaderValue::from_static("1"));
        }
        response
    }
}

/// A place among the reviews in flight; free when it is dropped.
#[derive(Debug)]
struct Place {
    _slot: OwnedSemaphorePermit,
    _memory: OwnedSemaphorePermit,
}

fn semaphore(allows: u32) -> Arc<Semaphore> {
    let allows = usize::try_from(allows).unwrap_or(usize::MAX);
    Arc::new(Semaphore::new(allows.min(Semaphore::MAX_PERMITS)))
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

fn is_json(headers: &HeaderMap) -> bool {
    let kind = headers.get(CONTENT_TYPE).and_then(|kind| kind.to_str().ok());
    let kind = kind.and_then(|kind| kind.split(';').next()).unwrap_or_default();
    kind.trim().eq_ignore_ascii_case("application/json")
}

fn announced_length(headers: &HeaderMap) -> Option<usize> {
    headers.get(CONTENT_LENGTH)?.to_str().ok()?.parse().ok()
}

fn json(status: u16, body: Vec<u8>) -> Response {
    let status = StatusCode::from_u16(status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    (status, [(CONTENT_TYPE, "application/json")], body).into_response()
}

/// Logs codes and the uid of the review, under which the audit log has the rest; no value of a Job.
fn log(endpoint: Endpoint, answer: &Answer, took: Duration) {
    let endpoint = endpoint.as_str();
    let Answer { verdict, uid, is_allowed, codes, .. } = answer;
    let verdict = verdict.as_str();
    let allowed = *is_allowed;
    let uid: String = uid.chars().take(UID_LENGTH).collect();
    let codes: Vec<&str> = codes.iter().map(|code| code.as_str()).collect();
    let codes = codes.join(",");
    let micros = u64::try_from(took.as_micros()).unwrap_or(u64::MAX);
    if answer.verdict == Verdict::RequestError || answer.verdict.is_denial() {
        tracing::info!(endpoint, verdict, allowed, uid, codes, micros, "answered");
    } else {
        tracing::debug!(endpoint, verdict, allowed, uid, micros, "answered");
    }
}
