//! The metrics that every server has. Each label has a small, fixed set of values; none comes from a
//! request.

use prometheus_client::encoding::EncodeLabelSet;
use prometheus_client::encoding::text::encode;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::registry::{Registry, Unit};

use super::observer::{Observer, Refusal, Reload};

/// The content type of [`metrics_text`].
pub const METRICS_TYPE: &str = "application/openmetrics-text; version=1.0.0; charset=utf-8";

/// The buckets of the time until an answer in seconds, from 0.1 ms for a typical one to the longest
/// timeout of an API server.
pub const LATENCY_BUCKETS: [f64; 14] = [
    0.000_1, 0.000_25, 0.000_5, 0.001, 0.002_5, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 1.0, 5.0, 30.0,
];

/// Connections and the certificate.
#[derive(Debug, Default)]
pub struct ConnectionMetrics {
    connections: Gauge,
    refusals: Family<RefusalLabels, Counter>,
    reloads: Family<ReloadLabels, Counter>,
    certificate_not_after: Gauge,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct RefusalLabels {
    reason: &'static str,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct ReloadLabels {
    result: &'static str,
}

impl ConnectionMetrics {
    /// Adds them to those of a program.
    pub fn register(&self, registry: &mut Registry) {
        let connections = "Open connections";
        registry.register("connections", connections, self.connections.clone());
        let refusals = "Connections that were refused or failed before the first request";
        registry.register("refused_connections", refusals, self.refusals.clone());
        let reloads = "Changes of the certificate files, by whether they are in use";
        registry.register("certificate_reloads", reloads, self.reloads.clone());
        let not_after = "When the certificate expires, in seconds since 1970";
        let certificate = self.certificate_not_after.clone();
        registry.register_with_unit("certificate_not_after", not_after, Unit::Seconds, certificate);
    }
}

impl Observer for ConnectionMetrics {
    fn connection_opened(&self) {
        self.connections.inc();
    }

    fn connection_closed(&self) {
        self.connections.dec();
    }

    fn connection_refused(&self, refusal: Refusal) {
        self.refusals.get_or_create(&RefusalLabels { reason: refusal.as_str() }).inc();
    }

    fn certificate_reloaded(&self, reload: Reload) {
        self.reloads.get_or_create(&ReloadLabels { result: reload.as_str() }).inc();
    }

    fn certificate_expires(&self, not_after: i64) {
        self.certificate_not_after.set(not_after);
    }
}

/// What a gauge counts until this is dropped.
#[derive(Debug)]
pub struct Counted(Gauge);

impl Counted {
    /// One more.
    #[must_use]
    pub fn new(gauge: &Gauge) -> Self {
        gauge.inc();
        Self(gauge.clone())
    }
}

impl Drop for Counted {
    fn drop(&mut self) {
        self.0.dec();
    }
}

/// The metrics in the text format of `OpenMetrics`.
#[must_use]
#[expect(clippy::expect_used, reason = "a String can be written to")]
pub fn metrics_text(registry: &Registry) -> String {
    let mut text = String::new();
    encode(&mut text, registry).expect("writing to a String does not fail");
    text
}
