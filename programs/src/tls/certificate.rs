//! A certificate loaded from files, which is reloaded when the files change.

use std::fmt;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use axum_server::tls_rustls::RustlsConfig;
use rustls::ServerConfig;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::version::{TLS12, TLS13};

use super::error::TlsError;
use crate::file::{FileError, display_name};

/// The PEM files of a certificate.
#[derive(Clone, Debug)]
#[expect(clippy::exhaustive_structs, reason = "a certificate has these two files")]
pub struct CertificateFiles {
    /// The certificate, followed by its chain.
    pub certificate: PathBuf,
    /// The private key.
    pub key: PathBuf,
}

/// The content of the files.
#[derive(PartialEq, Eq)]
struct Content {
    certificate: Vec<u8>,
    key: Vec<u8>,
}

/// A certificate in use, kept up to date by [`Certificate::watch`].
pub struct Certificate {
    files: CertificateFiles,
    content: Content,
    config: RustlsConfig,
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
        let config = RustlsConfig::from_config(files.server_config(&content)?);
        Ok(Self { files, content, config })
    }

    /// The server configuration: HTTP/2 and HTTP/1.1 over TLS 1.3 or 1.2. While the files are
    /// watched, it is updated when they change.
    #[must_use]
    pub fn config(&self) -> RustlsConfig {
        self.config.clone()
    }

    /// Polls the files forever and reloads them when their content has changed.
    ///
    /// `on_reload` is called for each change and each error. After an error the old certificate
    /// stays in use: the files of a new one may be only partly written.
    pub async fn watch(
        mut self,
        interval: Duration,
        mut on_reload: impl FnMut(Result<(), TlsError>),
    ) {
        loop {
            tokio::time::sleep(interval).await;
            match self.reload() {
                Ok(false) => {}
                Ok(true) => on_reload(Ok(())),
                Err(error) => on_reload(Err(error)),
            }
        }
    }

    /// Reloads the files and returns whether they have changed. This compares the content rather
    /// than modification times, because a mounted secret changes by switching a symbolic link.
    fn reload(&mut self) -> Result<bool, TlsError> {
        let content = self.files.read()?;
        if content == self.content {
            return Ok(false);
        }
        self.config.reload_from_config(self.files.server_config(&content)?);
        self.content = content;
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
        Ok(Content { certificate: read(&self.certificate)?, key: read(&self.key)? })
    }

    fn server_config(&self, content: &Content) -> Result<Arc<ServerConfig>, TlsError> {
        let (certificate, key) = (display_name(&self.certificate), display_name(&self.key));
        let chain = CertificateDer::pem_slice_iter(&content.certificate)
            .collect::<Result<Vec<_>, _>>()
            .map_err(|error| TlsError::MalformedCertificate { name: certificate.clone(), error })?;
        if chain.is_empty() {
            return Err(TlsError::NoCertificate(certificate));
        }
        let private_key = PrivateKeyDer::from_pem_slice(&content.key)
            .map_err(|error| TlsError::NoKey { name: key.clone(), error })?;
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let mut config = ServerConfig::builder_with_provider(provider)
            .with_protocol_versions(&[&TLS13, &TLS12])
            .and_then(|builder| builder.with_no_client_auth().with_single_cert(chain, private_key))
            .map_err(|error| TlsError::Unusable { certificate, key, error })?;
        config.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
        Ok(Arc::new(config))
    }
}
