//! The metrics. Each label has a small, fixed set of values; none comes from a request.

use std::sync::Arc;
use std::time::Duration;

use prometheus_client::encoding::EncodeLabelSet;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::metrics::histogram::Histogram;
use prometheus_client::metrics::info::Info;
use prometheus_client::registry::{Registry, Unit};
use volcano_job_update::admission::HttpAnswer;
use volcano_job_update_programs::serve::{
    BodyError, ConnectionMetrics, Counted, LATENCY_BUCKETS, Observer, metrics_text,
};

/// A path that answers reviews.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Endpoint {
    Validate,
    Restore,
}

/// The reason for rejecting a request without answering its review.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Rejection {
    /// 415
    MediaType,
    /// 401: the client has no certificate that allows it to ask.
    Unauthorized,
    /// 503
    Busy,
    /// 408
    SlowBody,
    /// 400: the connection ended before the body was complete.
    BrokenBody,
    /// 504
    SlowHandler,
    /// The client did not wait for the answer.
    Abandoned,
    /// 500: a bug in this program.
    Failed,
}

/// All metrics of the program.
#[derive(Debug)]
pub(crate) struct Metrics {
    registry: Registry,
    requests: Family<RequestLabels, Counter>,
    rejections: Family<RejectionLabels, Counter>,
    violations: Family<ViolationLabels, Counter>,
    shadowed: Counter,
    durations: Family<EndpointLabels, Histogram, fn() -> Histogram>,
    in_flight: Gauge,
    validating: Gauge,
    connections: Arc<ConnectionMetrics>,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct RequestLabels {
    endpoint: &'static str,
    verdict: &'static str,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct RejectionLabels {
    endpoint: &'static str,
    reason: &'static str,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct ViolationLabels {
    code: &'static str,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct EndpointLabels {
    endpoint: &'static str,
}

impl Metrics {
    pub(crate) fn new() -> Self {
        let mut metrics = Self {
            registry: Registry::with_prefix("volcano_job_update_webhook"),
            requests: Family::default(),
            rejections: Family::default(),
            violations: Family::default(),
            shadowed: Counter::default(),
            durations: Family::new_with_constructor(|| Histogram::new(LATENCY_BUCKETS)),
            in_flight: Gauge::default(),
            validating: Gauge::default(),
            connections: Arc::default(),
        };
        metrics.register();
        metrics
    }

    fn register(&mut self) {
        let registry = &mut self.registry;
        let requests = "Reviews that were answered, by outcome";
        registry.register("requests", requests, self.requests.clone());
        let rejections = "Requests whose review was not answered";
        registry.register("rejections", rejections, self.rejections.clone());
        let violations = "Violations in updates, by code";
        registry.register("violations", violations, self.violations.clone());
        let shadowed = "Updates that were allowed and would be denied without --shadow";
        registry.register("would_have_denied", shadowed, self.shadowed.clone());
        let durations = "Time from the headers of a request to its answer";
        let seconds = Unit::Seconds;
        registry.register_with_unit("request_duration", durations, seconds, self.durations.clone());
        let in_flight = "Reviews that are being read or validated";
        registry.register("in_flight_requests", in_flight, self.in_flight.clone());
        let validating =
            "Reviews that are being validated, also those that nobody waits for any more";
        registry.register("validating_requests", validating, self.validating.clone());
        self.connections.register(registry);
        let build = Info::new([("version", env!("CARGO_PKG_VERSION"))]);
        registry.register("build", "The version of this program", build);
    }

    /// Encodes the metrics in the text format of `OpenMetrics`.
    pub(crate) fn to_text(&self) -> String {
        metrics_text(&self.registry)
    }

    /// Counts connections and certificates.
    pub(crate) fn observer(&self) -> Arc<dyn Observer> {
        Arc::clone(&self.connections) as Arc<dyn Observer>
    }

    pub(crate) fn count_answer(&self, endpoint: Endpoint, answer: &HttpAnswer) {
        let verdict = answer.outcome().as_str();
        let labels = RequestLabels { endpoint: endpoint.as_str(), verdict };
        self.requests.get_or_create(&labels).inc();
        for code in answer.codes() {
            self.violations.get_or_create(&ViolationLabels { code: code.as_str() }).inc();
        }
        if answer.outcome().is_denial() && answer.is_allowed() {
            self.shadowed.inc();
        }
    }

    pub(crate) fn count_rejection(&self, endpoint: Endpoint, rejection: Rejection) {
        let labels = RejectionLabels { endpoint: endpoint.as_str(), reason: rejection.as_str() };
        self.rejections.get_or_create(&labels).inc();
    }

    pub(crate) fn observe(&self, endpoint: Endpoint, duration: Duration) {
        let labels = EndpointLabels { endpoint: endpoint.as_str() };
        self.durations.get_or_create(&labels).observe(duration.as_secs_f64());
    }

    /// Counts a review as in flight until the guard is dropped.
    pub(crate) fn enter(&self) -> Counted {
        Counted::new(&self.in_flight)
    }

    /// Counts a review as being validated until the guard is dropped.
    pub(crate) fn validating(&self) -> Counted {
        Counted::new(&self.validating)
    }
}

impl Endpoint {
    pub(crate) fn as_str(self) -> &'static str {
        match self {
            Self::Validate => "validate",
            Self::Restore => "restore",
        }
    }
}

impl From<BodyError> for Rejection {
    fn from(error: BodyError) -> Self {
        match error {
            BodyError::Busy => Self::Busy,
            BodyError::Slow => Self::SlowBody,
            BodyError::Broken => Self::BrokenBody,
        }
    }
}

impl Rejection {
    pub(crate) fn as_str(self) -> &'static str {
        match self {
            Self::MediaType => "media-type",
            Self::Unauthorized => "unauthorized",
            Self::Busy => "busy",
            Self::SlowBody => "slow-body",
            Self::BrokenBody => "broken-body",
            Self::SlowHandler => "slow-handler",
            Self::Abandoned => "abandoned",
            Self::Failed => "failed",
        }
    }
}
