//! The certificate: read from files, and read anew when they change.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use axum_server::tls_rustls::RustlsConfig;
use rustls::ServerConfig;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::version::{TLS12, TLS13};

use crate::error::Error;
use crate::metrics::{Metrics, Reload};

/// The two files of a certificate.
#[derive(Clone, Debug)]
pub(crate) struct Files {
    pub(crate) certificate: PathBuf,
    pub(crate) key: PathBuf,
}

/// What was read from them.
#[derive(PartialEq, Eq)]
struct Content {
    certificate: Vec<u8>,
    key: Vec<u8>,
}

/// A certificate in use, which [`Certificate::watch`] keeps up to date.
pub(crate) struct Certificate {
    files: Files,
    content: Content,
    config: RustlsConfig,
}

impl Certificate {
    pub(crate) fn load(files: Files) -> Result<Self, Error> {
        let content = files.read()?;
        let config = RustlsConfig::from_config(files.server_config(&content)?);
        Ok(Self { files, content, config })
    }

    /// What the server takes; it follows the files as long as they are watched.
    pub(crate) fn config(&self) -> RustlsConfig {
        self.config.clone()
    }

    /// Looks again and again whether the files have changed. Their content counts, not their times:
    /// a mounted secret changes by a link to another directory.
    pub(crate) async fn watch(mut self, interval: Duration, metrics: Arc<Metrics>) {
        loop {
            tokio::time::sleep(interval).await;
            match self.renew() {
                Ok(false) => {}
                Ok(true) => {
                    metrics.count_reload(Reload::Done);
                    tracing::info!("the certificate has changed and is in use");
                }
                Err(error) => {
                    metrics.count_reload(Reload::Failed);
                    tracing::error!(%error, "the certificate stays as it was");
                }
            }
        }
    }

    /// Takes the files if they have changed. Those that do not fit each other, as when only one of
    /// them is written yet, leave everything as it was.
    fn renew(&mut self) -> Result<bool, Error> {
        let content = self.files.read()?;
        if content == self.content {
            return Ok(false);
        }
        self.config.reload_from_config(self.files.server_config(&content)?);
        self.content = content;
        Ok(true)
    }
}

impl Files {
    fn read(&self) -> Result<Content, Error> {
        let read = |path: &Path| std::fs::read(path).map_err(Error::read(path));
        Ok(Content { certificate: read(&self.certificate)?, key: read(&self.key)? })
    }

    fn server_config(&self, content: &Content) -> Result<Arc<ServerConfig>, Error> {
        let chain = CertificateDer::pem_slice_iter(&content.certificate)
            .collect::<Result<Vec<_>, _>>()
            .ok()
            .filter(|chain| !chain.is_empty())
            .ok_or_else(|| Error::NoCertificateInFile(self.certificate.clone()))?;
        let key = PrivateKeyDer::from_pem_slice(&content.key).map_err(|error| {
            Error::NoKeyInFile { path: self.key.clone(), error: error.to_string() }
        })?;
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let mut config = ServerConfig::builder_with_provider(provider)
            .with_protocol_versions(&[&TLS13, &TLS12])
            .and_then(|builder| builder.with_no_client_auth().with_single_cert(chain, key))
            .map_err(|error| Error::Certificate {
                certificate: self.certificate.clone(),
                key: self.key.clone(),
                error,
            })?;
        config.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
        Ok(Arc::new(config))
    }
}
