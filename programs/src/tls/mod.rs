//! Certificates of programs that serve HTTPS, and of their clients.

mod certificate;
mod client;
mod error;
mod self_signed;

pub use self::certificate::{Certificate, CertificateFiles, Reloaded};
pub use self::client::{CertificateUser, ClientCertificate};
pub use self::error::TlsError;
pub use self::self_signed::{SelfSigned, self_signed};
