//! The error of loading or creating a certificate.

use crate::file::FileError;

/// A certificate cannot be loaded or created. `Display` is one line.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum TlsError {
    /// A file cannot be read or written.
    #[error(transparent)]
    File(#[from] FileError),
    /// The file contains no PEM block of a certificate.
    #[error("{0}: there is no certificate in it (PEM, `-----BEGIN CERTIFICATE-----`)")]
    NoCertificate(String),
    /// A PEM block in the file is malformed.
    #[error("{name}: the certificate is malformed: {error}")]
    MalformedCertificate {
        /// The name of the file.
        name: String,
        /// The cause.
        error: rustls::pki_types::pem::Error,
    },
    /// The file contains no private key.
    #[error("{name}: there is no private key in it: {error}")]
    NoKey {
        /// The name of the file.
        name: String,
        /// The cause.
        error: rustls::pki_types::pem::Error,
    },
    /// The key does not match the certificate, or one of them is of an unsupported type.
    #[error("the certificate {certificate} cannot be used with the key {key}: {error}")]
    Unusable {
        /// The name of the certificate file.
        certificate: String,
        /// The name of the key file.
        key: String,
        /// The cause.
        error: rustls::Error,
    },
    /// The certificate is not one of X.509.
    #[error("{name}: the certificate is malformed: {error}")]
    NotX509 {
        /// The name of the file.
        name: String,
        /// The cause.
        error: String,
    },
    /// A certificate in the file cannot be that of a CA.
    #[error("{name}: this cannot be the certificate of a CA: {error}")]
    NotACa {
        /// The name of the file.
        name: String,
        /// The cause.
        error: rustls::Error,
    },
    /// The CAs in the file cannot be used to verify clients.
    #[error("{name}: clients cannot be verified: {error}")]
    ClientCa {
        /// The name of the file.
        name: String,
        /// The cause.
        error: rustls::server::VerifierBuilderError,
    },
    /// No certificate can be created for these names.
    #[error("cannot make a certificate: {0}")]
    Generate(#[from] rcgen::Error),
    /// The directory contains only some of the files of an earlier self-signed certificate.
    #[error(
        "{0} has some of ca.crt, tls.crt and tls.key, but not all: delete them, or name another \
         directory"
    )]
    Incomplete(String),
}
