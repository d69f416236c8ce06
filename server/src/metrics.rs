//! The metrics. Each label has a small, fixed set of values; none comes from a request.

use std::time::Duration;

use prometheus_client::encoding::EncodeLabelSet;
use prometheus_client::encoding::text::encode;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::metrics::histogram::Histogram;
use prometheus_client::metrics::info::Info;
use prometheus_client::registry::{Registry, Unit};
use volcano_job_update::ViolationCode;
use volcano_job_update_programs::serve::{Observer, Refusal, Reload};

/// The buckets in seconds, from 0.1 ms for a typical request to the slowest write.
const BUCKETS: [f64; 14] = [
    0.000_1, 0.000_25, 0.000_5, 0.001, 0.002_5, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 1.0, 5.0, 30.0,
];

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
    connections: Gauge,
    refusals: Family<ReasonLabels, Counter>,
    reloads: Family<ResultLabels, Counter>,
    certificate_not_after: Gauge,
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

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct ReasonLabels {
    reason: &'static str,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct ResultLabels {
    result: &'static str,
}

impl Metrics {
    pub(crate) fn new() -> Self {
        let mut metrics = Self {
            registry: Registry::with_prefix("volcano_job_server"),
            requests: Family::default(),
            durations: Family::new_with_constructor(|| Histogram::new(BUCKETS)),
            violations: Family::default(),
            conflicts: Counter::default(),
            watches: Gauge::default(),
            connections: Gauge::default(),
            refusals: Family::default(),
            reloads: Family::default(),
            certificate_not_after: Gauge::default(),
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
        registry.register("connections", "Open connections", self.connections.clone());
        let refusals = "Connections that were refused or failed before the first request";
        registry.register("refused_connections", refusals, self.refusals.clone());
        let reloads = "Changes of the certificate files, by whether they are in use";
        registry.register("certificate_reloads", reloads, self.reloads.clone());
        let not_after = "When the certificate expires, in seconds since 1970";
        let certificate = self.certificate_not_after.clone();
        registry.register_with_unit("certificate_not_after", not_after, Unit::Seconds, certificate);
        let build = Info::new([("version", env!("CARGO_PKG_VERSION"))]);
        registry.register("build", "The version of this program", build);
    }

    /// The metrics in the text format of `OpenMetrics`.
    #[expect(clippy::expect_used, reason = "a String can be written to")]
    pub(crate) fn to_text(&self) -> String {
        let mut text = String::new();
        encode(&mut text, &self.registry).expect("writing to a String does not fail");
        text
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
    pub(crate) fn watching(&self) -> Watching {
        self.watches.inc();
        Watching(self.watches.clone())
    }
}

/// A watch that is counted until this is dropped.
#[derive(Debug)]
pub(crate) struct Watching(Gauge);

impl Drop for Watching {
    fn drop(&mut self) {
        self.0.dec();
    }
}

impl Observer for Metrics {
    fn connection_opened(&self) {
        self.connections.inc();
    }

    fn connection_closed(&self) {
        self.connections.dec();
    }

    fn connection_refused(&self, refusal: Refusal) {
        let reason = refusal.as_str();
        self.refusals.get_or_create(&ReasonLabels { reason }).inc();
    }

    fn certificate_reloaded(&self, reload: Reload) {
        let result = reload.as_str();
        self.reloads.get_or_create(&ResultLabels { result }).inc();
    }

    fn certificate_expires(&self, not_after: i64) {
        self.certificate_not_after.set(not_after);
    }
}
