//! The command line.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::Duration;

use clap::{Parser, ValueEnum};
use tracing::level_filters::LevelFilter;

/// An admission webhook: may this Volcano Job be replaced by that one?
///
/// Answers reviews at /validate, and at /restore with a patch that puts back what Volcano
/// filled in at creation and a manifest lacks. Also serves /healthz, /readyz and /metrics.
#[derive(Debug, Parser)]
#[command(version, max_term_width = 100)]
pub(crate) struct Args {
    /// Where to listen
    #[arg(long, value_name = "ADDRESS:PORT", default_value = "0.0.0.0:8443")]
    pub(crate) listen: SocketAddr,
    /// By which rule: documented, admission, or a policy file (JSON or YAML)
    #[arg(long, value_name = "documented|admission|FILE", default_value = "admission")]
    pub(crate) policy: String,
    /// Compare by the schema in this CRD of Volcano's Job (JSON or YAML) instead of the built-in one
    #[arg(long, value_name = "FILE")]
    pub(crate) crd: Option<PathBuf>,
    /// Which HTTP status codes a denial carries
    #[arg(long, value_enum, default_value_t = StatusCodesName::Documented)]
    pub(crate) status_codes: StatusCodesName,
    /// Never deny: allow with warnings, and count what would have been denied
    #[arg(long)]
    pub(crate) shadow: bool,
    #[command(flatten)]
    pub(crate) tls: TlsArgs,
    #[command(flatten)]
    pub(crate) bounds: Bounds,
    /// How to write the log, to standard error
    #[arg(long, value_enum, default_value_t = LogFormat::Json)]
    pub(crate) log_format: LogFormat,
    /// From which level on: error, warn, info, debug (adds allowed updates) or off
    #[arg(long, value_name = "LEVEL", default_value = "info")]
    pub(crate) log_level: LevelFilter,
}

/// Where the certificate comes from.
#[derive(Debug, clap::Args)]
pub(crate) struct TlsArgs {
    /// The certificate and its chain, as PEM; read anew when it changes
    #[arg(long, value_name = "FILE", requires = "tls_key", conflicts_with = "self_signed")]
    pub(crate) tls_cert: Option<PathBuf>,
    /// The key of the certificate, as PEM
    #[arg(long, value_name = "FILE", requires = "tls_cert")]
    pub(crate) tls_key: Option<PathBuf>,
    /// For trying out: make a CA and a certificate in DIR, or use those that are there, and print
    /// the caBundle for a webhook configuration
    #[arg(long, value_name = "DIR")]
    pub(crate) self_signed: Option<PathBuf>,
    /// A name for which the certificate of --self-signed is made (repeatable)
    #[arg(long, value_name = "NAME", requires = "self_signed", default_values_t =
        ["volcano-job-update-webhook.volcano-system.svc", "localhost", "127.0.0.1"].map(String::from))]
    pub(crate) dns_name: Vec<String>,
    /// How often to look whether the certificate has changed
    #[arg(long, value_name = "SECONDS", default_value = "10", value_parser = seconds)]
    pub(crate) reload_interval: Duration,
}

/// How much a client may ask for.
#[derive(Clone, Copy, Debug, clap::Args)]
pub(crate) struct Bounds {
    /// How many reviews are read and judged at the same time; more get 503. An API server has up to
    /// 200 changes in flight, unless it is told otherwise
    #[arg(long, value_name = "NUMBER", default_value_t = 1000,
        value_parser = clap::value_parser!(u32).range(1..=65_536))]
    pub(crate) max_in_flight: u32,
    /// How much their bodies may have together, as announced, or 7 MiB each; what is beyond that
    /// gets 503
    #[arg(long, value_name = "MIB", default_value_t = 256,
        value_parser = clap::value_parser!(u32).range(7..=65_536))]
    pub(crate) max_body_memory: u32,
    /// How long a client may take for the TLS handshake, the headers and the body, each
    #[arg(long, value_name = "SECONDS", default_value = "10", value_parser = seconds)]
    pub(crate) read_timeout: Duration,
    /// How long judging may take
    #[arg(long, value_name = "SECONDS", default_value = "10", value_parser = seconds)]
    pub(crate) handler_timeout: Duration,
    /// How long to go on as before after SIGTERM, until no new requests are sent here
    #[arg(long, value_name = "SECONDS", default_value = "5", value_parser = seconds_or_none)]
    pub(crate) drain_delay: Duration,
    /// How long to wait then for what is in flight
    #[arg(long, value_name = "SECONDS", default_value = "20", value_parser = seconds)]
    pub(crate) shutdown_timeout: Duration,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
pub(crate) enum StatusCodesName {
    /// 403 for a change that is denied, 400 for a wrong value
    Documented,
    /// 422 for both, as an API server gives
    Kubernetes,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
pub(crate) enum LogFormat {
    /// One JSON object a line
    Json,
    /// For people
    Text,
}

fn seconds(text: &str) -> Result<Duration, String> {
    match seconds_or_none(text)? {
        Duration::ZERO => Err("must be above 0".into()),
        time => Ok(time),
    }
}

fn seconds_or_none(text: &str) -> Result<Duration, String> {
    let seconds: f64 = text.parse().map_err(|_| "must be a number of seconds")?;
    if !(0.0..=86_400.0).contains(&seconds) {
        return Err("must be from 0 to 86400".into());
    }
    Duration::try_from_secs_f64(seconds).map_err(|error| error.to_string())
}
