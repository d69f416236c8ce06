//! Certificates of programs that serve HTTPS.

mod certificate;
mod error;
mod self_signed;

pub use self::certificate::{Certificate, CertificateFiles, Reloaded, is_named};
pub use self::error::TlsError;
pub use self::self_signed::{SelfSigned, self_signed};
