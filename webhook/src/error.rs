//! The error of starting the webhook.

use std::io;

use volcano_job_update_programs::ConfigError;
use volcano_job_update_programs::tls::TlsError;

/// An error at startup: one line, and exit status 2.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Error {
    #[error(transparent)]
    Config(#[from] ConfigError),
    #[error(transparent)]
    Tls(#[from] TlsError),
    #[error(
        "an API server calls webhooks over TLS only: give --tls-cert FILE and --tls-key FILE, for \
         example from a cert-manager Certificate (`volcano-job-update generate deployment` prints \
         one), or --self-signed DIR to try it out"
    )]
    NoCertificate,
    #[error("cannot listen on {address}: {error}")]
    Listen { address: std::net::SocketAddr, error: io::Error },
    #[error(
        "--max-body-memory must be at least {needed} (MiB), the largest review under this policy"
    )]
    BodyMemory { needed: usize },
    #[error("cannot start: {0}")]
    Start(io::Error),
    #[error("cannot print: {0}")]
    Print(io::Error),
}
