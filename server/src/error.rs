//! The errors at the start of the program. Each is one line that names the cause.

use std::io;
use std::net::SocketAddr;

use volcano_job_server::access::{AccessError, AuditLogError};
use volcano_job_server::store::StoreError;
use volcano_job_update_programs::tls::TlsError;
use volcano_job_update_programs::{ConfigError, FileError};

#[derive(Debug, thiserror::Error)]
pub(crate) enum Error {
    #[error(transparent)]
    Config(#[from] ConfigError),
    #[error(transparent)]
    Tls(#[from] TlsError),
    #[error(transparent)]
    File(#[from] FileError),
    #[error(transparent)]
    Access(#[from] AccessError),
    #[error(transparent)]
    AuditLog(#[from] AuditLogError),
    #[error(transparent)]
    Store(#[from] StoreError),
    #[error("{name}: must be USER:PASSWORD")]
    UserFile { name: String },
    #[error("cannot make a directory: {0}")]
    Directory(io::Error),
    #[error("cannot listen on {address}: {error}")]
    Listen { address: SocketAddr, error: io::Error },
    #[error("cannot start: {0}")]
    Start(io::Error),
    #[error("cannot write {what}: {error}")]
    Write { what: String, error: io::Error },
}
