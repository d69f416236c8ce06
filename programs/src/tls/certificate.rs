//! A certificate loaded from files, which is reloaded when the files change.

use std::fmt;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{SystemTime, UNIX_EPOCH};

use axum_server::tls_rustls::RustlsConfig;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::server::WebPkiClientVerifier;
use rustls::server::danger::ClientCertVerifier;
use rustls::version::{TLS12, TLS13};
use rustls::{RootCertStore, ServerConfig};
use x509_parser::parse_x509_certificate;

use super::error::TlsError;
use crate::file::{FileError, display_name};

/// The PEM files of a server.
#[derive(Clone, Debug)]
#[expect(clippy::exhaustive_structs, reason = "a server has these files")]
pub struct CertificateFiles {
    /// The certificate, followed by its chain.
    pub certificate: PathBuf,
    /// The private key.
    pub key: PathBuf,
    /// The CAs of clients. If there are any, the certificate of a client that has one is verified; a
    /// client without one can still connect.
    pub client_ca: Option<PathBuf>,
}

/// The content of the files.
#[derive(PartialEq, Eq)]
struct Content {
    certificate: Vec<u8>,
    key: Vec<u8>,
    client_ca: Option<Vec<u8>>,
}

/// A certificate in use, kept up to date by [`Certificate::reload`].
pub struct Certificate {
    files: CertificateFiles,
    content: Content,
    config: RustlsConfig,
    not_after: i64,
    /// The last error of reloading, so that it is reported once.
    last_error: Option<String>,
}

/// The result of [`Certificate::reload`].
#[derive(Debug)]
#[expect(clippy::exhaustive_enums, reason = "files have changed, or not, or are wrong")]
pub enum Reloaded {
    /// The files are the same, or wrong in the same way, as before.
    Unchanged,
    /// The new files are in use.
    Changed,
    /// The files cannot be used, and the old certificate stays in use.
    Failed(TlsError),
}

impl Certificate {
    /// Reads a certificate.
    ///
    /// # Errors
    ///
    /// A file cannot be read, contains no certificate or key, or the key does not match the
    /// certificate.
    pub fn load(files: CertificateFiles) -> Result<Self, TlsError> {
        let content = files.read()?;
        let (config, not_after) = files.server_config(&content)?;
        let config = RustlsConfig::from_config(config);
        Ok(Self { files, content, config, not_after, last_error: None })
    }

    /// The server configuration: HTTP/2 and HTTP/1.1 over TLS 1.3 or 1.2. Reloading updates it.
    #[must_use]
    pub fn config(&self) -> RustlsConfig {
        self.config.clone()
    }

    /// When the certificate expires, in seconds since 1970.
    #[must_use]
    pub fn not_after(&self) -> i64 {
        self.not_after
    }

    /// Whether the certificate has expired.
    #[must_use]
    pub fn is_expired(&self) -> bool {
        let now = SystemTime::now().duration_since(UNIX_EPOCH);
        now.is_ok_and(|now| i64::try_from(now.as_secs()).is_ok_and(|now| now > self.not_after))
    }

    /// Uses the files if they have changed. This compares the content rather than modification
    /// times, because a mounted secret changes by switching a symbolic link.
    ///
    /// After an error the old certificate stays in use: the files of a new one may be only partly
    /// written. An error is returned once.
    pub fn reload(&mut self) -> Reloaded {
        match self.try_reload() {
            Ok(is_changed) => {
                self.last_error = None;
                if is_changed { Reloaded::Changed } else { Reloaded::Unchanged }
            }
            Err(error) => {
                let text = Some(error.to_string());
                if text == self.last_error {
                    return Reloaded::Unchanged;
                }
                self.last_error = text;
                Reloaded::Failed(error)
            }
        }
    }

    fn try_reload(&mut self) -> Result<bool, TlsError> {
        let content = self.files.read()?;
        if content == self.content {
            return Ok(false);
        }
        let (config, not_after) = self.files.server_config(&content)?;
        self.config.reload_from_config(config);
        (self.content, self.not_after) = (content, not_after);
        Ok(true)
    }
}

impl fmt::Debug for Certificate {
    /// Omits the content, which includes the private key.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Certificate").field("files", &self.files).finish_non_exhaustive()
    }
}

impl CertificateFiles {
    fn read(&self) -> Result<Content, FileError> {
        let read = |path: &Path| std::fs::read(path).map_err(|error| FileError::read(path, error));
        Ok(Content {
            certificate: read(&self.certificate)?,
            key: read(&self.key)?,
            client_ca: self.client_ca.as_deref().map(read).transpose()?,
        })
    }

    /// The configuration, and when the certificate expires.
    fn server_config(&self, content: &Content) -> Result<(Arc<ServerConfig>, i64), TlsError> {
        let (certificate, key) = (display_name(&self.certificate), display_name(&self.key));
        let chain = certificates(&certificate, &content.certificate)?;
        let not_after = chain.first().map_or(Ok(0), |first| not_after(&certificate, first))?;
        let private_key = PrivateKeyDer::from_pem_slice(&content.key)
            .map_err(|error| TlsError::NoKey { name: key.clone(), error })?;
        let clients = self.client_verifier(content)?;
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let mut config = ServerConfig::builder_with_provider(provider)
            .with_protocol_versions(&[&TLS13, &TLS12])
            .and_then(|builder| {
                builder.with_client_cert_verifier(clients).with_single_cert(chain, private_key)
            })
            .map_err(|error| TlsError::Unusable { certificate, key, error })?;
        config.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
        Ok((Arc::new(config), not_after))
    }

    fn client_verifier(&self, content: &Content) -> Result<Arc<dyn ClientCertVerifier>, TlsError> {
        let (Some(path), Some(pem)) = (&self.client_ca, &content.client_ca) else {
            return Ok(WebPkiClientVerifier::no_client_auth());
        };
        let name = display_name(path);
        let mut roots = RootCertStore::empty();
        for certificate in certificates(&name, pem)? {
            roots
                .add(certificate)
                .map_err(|error| TlsError::NotACa { name: name.clone(), error })?;
        }
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        WebPkiClientVerifier::builder_with_provider(Arc::new(roots), provider)
            .allow_unauthenticated()
            .build()
            .map_err(|error| TlsError::ClientCa { name, error })
    }
}

/// The certificates in a PEM file with this name, at least one.
fn certificates(name: &str, pem: &[u8]) -> Result<Vec<CertificateDer<'static>>, TlsError> {
    let certificates = CertificateDer::pem_slice_iter(pem)
        .collect::<Result<Vec<_>, _>>()
        .map_err(|error| TlsError::MalformedCertificate { name: name.to_owned(), error })?;
    if certificates.is_empty() {
        return Err(TlsError::NoCertificate(name.to_owned()));
    }
    Ok(certificates)
}

/// When a certificate expires, in seconds since 1970.
fn not_after(name: &str, certificate: &CertificateDer<'_>) -> Result<i64, TlsError> {
    let (_, certificate) = parse_x509_certificate(certificate)
        .map_err(|error| TlsError::NotX509 { name: name.to_owned(), error: error.to_string() })?;
    Ok(certificate.validity().not_after.timestamp())
}
