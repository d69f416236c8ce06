//! The command line.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::Duration;

use clap::Parser;
use tracing::level_filters::LevelFilter;
use volcano_job_update::admission::Webhook;
use volcano_job_update::status::StatusCodes;
use volcano_job_update_programs::serve::{Bounds, LogFormat, positive_seconds};
use volcano_job_update_programs::{
    WEBHOOK_TIMEOUT_SECONDS, read_policy, status_codes_parser, validator,
};

use crate::error::Error;

/// An admission webhook that allows or denies updates of Volcano Jobs
///
/// Validates updates at /validate. At /restore it answers with a patch that puts back the fields that
/// Volcano filled in at creation and a manifest lacks. Also serves /healthz, /readyz and /metrics.
///
/// SIGHUP: read the policy, the CRD and the certificate again. Exit status: 0 after SIGTERM or SIGINT,
/// 2 for an error at the start.
#[derive(Debug, Parser)]
#[command(version, max_term_width = 100)]
pub(crate) struct Args {
    /// The address to listen on
    #[arg(long, value_name = "ADDRESS:PORT", default_value = "0.0.0.0:8443")]
    pub(crate) listen: SocketAddr,
    /// Serve /metrics, /healthz and /readyz over plain HTTP on this address; /metrics is then not
    /// served on the other
    #[arg(long, value_name = "ADDRESS:PORT")]
    pub(crate) metrics_listen: Option<SocketAddr>,
    /// The policy: documented, admission, volcano, permissive, or a policy file (JSON or YAML)
    #[arg(long, value_name = "documented|admission|permissive|FILE", default_value = "admission")]
    pub(crate) policy: String,
    /// Use the schema in this CRD of Volcano's Job (JSON or YAML) instead of the built-in one
    #[arg(long, value_name = "FILE")]
    pub(crate) crd: Option<PathBuf>,
    /// The status codes of a denial
    #[arg(long, value_name = "CODES", default_value = "documented", value_parser = status_codes_parser())]
    pub(crate) status_codes: StatusCodes,
    /// Deny nothing: allow with warnings, and count the updates that would have been denied
    #[arg(long)]
    pub(crate) shadow: bool,
    #[command(flatten)]
    pub(crate) tls: TlsArgs,
    #[command(flatten)]
    pub(crate) review_bounds: ReviewBounds,
    #[command(flatten)]
    pub(crate) bounds: Bounds,
    /// The format of the log, which goes to standard error
    #[arg(long, value_enum, default_value_t = LogFormat::Json)]
    pub(crate) log_format: LogFormat,
    /// The lowest level that is logged: error, warn, info, debug (adds allowed updates) or off
    #[arg(long, value_name = "LEVEL", default_value = "info")]
    pub(crate) log_level: LevelFilter,
}

impl Args {
    /// Reads the policy and the CRD.
    pub(crate) fn webhook(&self) -> Result<Webhook, Error> {
        let validator = validator(read_policy(&self.policy)?, self.crd.as_deref(), log_warning)?;
        Ok(Webhook::new(validator).with_status_codes(self.status_codes).with_shadow(self.shadow))
    }
}

fn log_warning(warning: &str) {
    tracing::warn!("{warning}");
}

/// The source of the certificate.
#[derive(Debug, clap::Args)]
pub(crate) struct TlsArgs {
    /// The certificate and its chain, as PEM; read again when the file changes
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
    /// The CAs of clients, as PEM: a request for a review needs a certificate of one of them
    #[arg(long, value_name = "FILE", requires = "client_name")]
    pub(crate) client_ca: Option<PathBuf>,
    /// The common name or DNS name of that certificate
    #[arg(long, value_name = "NAME", requires = "client_ca")]
    pub(crate) client_name: Option<String>,
    /// How often to check whether the certificate has changed
    #[arg(long, value_name = "SECONDS", default_value = "10", value_parser = positive_seconds)]
    pub(crate) reload_interval: Duration,
}

/// Limits on the reviews that clients can ask for.
#[derive(Clone, Copy, Debug, clap::Args)]
pub(crate) struct ReviewBounds {
    /// Reviews that are read and validated at the same time. For a further one, the body that makes
    /// no progress for longest is given up, otherwise it gets 503. An API server has up to 200 mutating
    /// requests in flight by default
    #[arg(long, value_name = "NUMBER", default_value_t = 1000,
        value_parser = clap::value_parser!(u32).range(1..=65_536))]
    pub(crate) max_in_flight: u32,
    /// Memory for what has arrived of their bodies; beyond it, the same as for --max-in-flight
    #[arg(long, value_name = "MIB", default_value_t = 256,
        value_parser = clap::value_parser!(u32).range(1..=65_536))]
    pub(crate) max_body_memory: u32,
    /// Reviews that are validated at the same time; by default the number of CPUs, at most 4. Validating
    /// a large one takes up to 150 MiB besides its body
    #[arg(long, value_name = "NUMBER", value_parser = clap::value_parser!(u32).range(1..=1024))]
    pub(crate) max_validating: Option<u32>,
    /// The time from the headers of a request to its answer. The default is half a second less than
    /// what the generated webhook configuration makes an API server wait
    #[arg(long, value_name = "SECONDS", default_value = default_request_timeout(),
        value_parser = positive_seconds)]
    pub(crate) request_timeout: Duration,
}

fn default_request_timeout() -> String {
    format!("{}.5", WEBHOOK_TIMEOUT_SECONDS - 1)
}
