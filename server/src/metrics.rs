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
use volcano_job_update::ViolationCode;
use volcano_job_update_programs::serve::{
    ConnectionMetrics, Counted, LATENCY_BUCKETS, Observer, metrics_text,
};

/// The verbs that have a label of their own.
const VERBS: [&str; 8] =
    ["get", "list", "watch", "create", "update", "patch", "delete", "deletecollection"];

/// All metrics of a server.
#[derive(Debug)]
pub(crate) struct Metrics {
    registry: Registry,
    requests: Family<RequestLabels, Counter>,
    durations: Family<VerbLabels, Histogram, fn() -> Histogram>,
    violations: Family<ViolationLabels, Counter>,
    pub(crate) conflicts: Counter,
    watches: Gauge,
    connections: Arc<ConnectionMetrics>,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct RequestLabels {
    verb: &'static str,
    code: u16,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct VerbLabels {
    verb: &'static str,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct ViolationLabels {
    code: &'static str,
}

impl Metrics {
    pub(crate) fn new() -> Self {
        let mut metrics = Self {
            registry: Registry::with_prefix("volcano_job_server"),
            requests: Family::default(),
            durations: Family::new_with_constructor(|| Histogram::new(LATENCY_BUCKETS)),
            violations: Family::default(),
            conflicts: Counter::default(),
            watches: Gauge::default(),
            connections: Arc::default(),
        };
        metrics.register();
        metrics
    }

    fn register(&mut self) {
        let registry = &mut self.registry;
        let requests = "Requests, by verb and status code";
        registry.register("requests", requests, self.requests.clone());
        let durations = "Time from a request to its answer; for a watch, to its beginning";
        let seconds = Unit::Seconds;
        registry.register_with_unit("request_duration", durations, seconds, self.durations.clone());
        let violations = "Violations in updates, by code";
        registry.register("violations", violations, self.violations.clone());
        let conflicts = "Writes that were decided again, because the Job had changed in between";
        registry.register("write_conflicts", conflicts, self.conflicts.clone());
        registry.register("watches", "Watches that are open", self.watches.clone());
        self.connections.register(registry);
        let build = Info::new([("version", env!("CARGO_PKG_VERSION"))]);
        registry.register("build", "The version of this program", build);
    }

    /// The metrics in the text format of `OpenMetrics`.
    pub(crate) fn to_text(&self) -> String {
        metrics_text(&self.registry)
    }

    /// Counts connections and certificates.
    pub(crate) fn observer(&self) -> Arc<dyn Observer> {
        Arc::clone(&self.connections) as Arc<dyn Observer>
    }

    /// Counts an answer. `verb` is that of Kubernetes.
    pub(crate) fn count(&self, verb: &str, code: u16, duration: Duration) {
        let verb = VERBS.into_iter().find(|known| *known == verb).unwrap_or("other");
        self.requests.get_or_create(&RequestLabels { verb, code }).inc();
        self.durations.get_or_create(&VerbLabels { verb }).observe(duration.as_secs_f64());
    }

    pub(crate) fn count_violations(&self, codes: &[ViolationCode]) {
        for code in codes {
            self.violations.get_or_create(&ViolationLabels { code: code.as_str() }).inc();
        }
    }

    /// Counts a watch as open until the guard is dropped.
    pub(crate) fn watching(&self) -> Counted {
        Counted::new(&self.watches)
    }
}
