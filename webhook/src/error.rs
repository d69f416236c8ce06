//! Why the webhook does not start.

use std::io;
use std::path::{Path, PathBuf};

/// One line each; the program ends with status 2.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Error {
    #[error("there is no policy `{0}`: it is neither documented nor admission nor a file")]
    NoPolicy(String),
    #[error("cannot read {}: {error}", path.display())]
    Read { path: PathBuf, error: io::Error },
    #[error("cannot write {}: {error}", path.display())]
    Write { path: PathBuf, error: io::Error },
    #[error("policy {}: {error}", path.display())]
    Policy { path: PathBuf, error: String },
    #[error("CRD {}: {error}", path.display())]
    Crd { path: PathBuf, error: String },
    #[error(
        "an API server calls webhooks over TLS only: give --tls-cert FILE and --tls-key FILE, for \
         example from a cert-manager Certificate (`volcano-job-update generate deployment` prints \
         one), or --self-signed DIR to try it out"
    )]
    NoCertificate,
    #[error("{}: there is no certificate in it (PEM, `-----BEGIN CERTIFICATE-----`)", .0.display())]
    NoCertificateInFile(PathBuf),
    #[error("{}: there is no private key in it: {error}", path.display())]
    NoKeyInFile { path: PathBuf, error: String },
    #[error("the certificate {} cannot be used with the key {}: {error}",
        certificate.display(), key.display())]
    Certificate { certificate: PathBuf, key: PathBuf, error: rustls::Error },
    #[error("cannot make a certificate: {0}")]
    SelfSigned(#[from] rcgen::Error),
    #[error("{} has some of ca.crt, tls.crt and tls.key, but not all: delete them, or name another \
         directory", .0.display())]
    HalfSelfSigned(PathBuf),
    #[error("cannot listen on {address}: {error}")]
    Listen { address: std::net::SocketAddr, error: io::Error },
    #[error("cannot start: {0}")]
    Start(io::Error),
    #[error("cannot print: {0}")]
    Print(io::Error),
}

impl Error {
    pub(crate) fn read(path: &Path) -> impl FnOnce(io::Error) -> Self {
        let path = path.to_owned();
        |error| Self::Read { path, error }
    }
}
