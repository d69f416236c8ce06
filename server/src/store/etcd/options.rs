//! Where etcd is, and how to log in.

use std::fmt;
use std::time::Duration;

use tonic::transport::{Certificate, ClientTlsConfig, Endpoint, Identity};

use super::client::{CONNECT_TIMEOUT, KEEP_ALIVE_INTERVAL, KEEP_ALIVE_TIMEOUT};
use crate::store::error::StoreError;

/// The prefix of all keys, unless another one is set.
const DEFAULT_PREFIX: &str = "/registry";

/// How often etcd is compacted, unless another interval is set.
const DEFAULT_COMPACTION_INTERVAL: Duration = Duration::from_secs(300);

/// Where etcd is, and how to log in.
///
/// `Debug` shows no credentials.
#[derive(Clone)]
pub struct EtcdOptions {
    endpoints: Vec<String>,
    pub(super) prefix: String,
    ca: Option<Vec<u8>>,
    certificate: Option<(Vec<u8>, Vec<u8>)>,
    pub(super) user: Option<(String, String)>,
    pub(super) compaction_interval: Option<Duration>,
}

impl EtcdOptions {
    /// Members of one cluster, each as `http://HOST:PORT` or `https://HOST:PORT`. If one does not answer,
    /// the next one is asked.
    #[must_use]
    pub fn new<E: Into<String>>(endpoints: impl IntoIterator<Item = E>) -> Self {
        let endpoints = endpoints.into_iter().map(Into::into).collect();
        let prefix = DEFAULT_PREFIX.into();
        let compaction_interval = Some(DEFAULT_COMPACTION_INTERVAL);
        Self { endpoints, prefix, ca: None, certificate: None, user: None, compaction_interval }
    }

    /// The prefix of all keys: `--etcd-prefix` of kube-apiserver.
    #[must_use]
    pub fn with_prefix(mut self, prefix: impl Into<String>) -> Self {
        self.prefix = prefix.into();
        self
    }

    /// The certificates (PEM) of those who may sign etcd's. Without them, those of the system.
    #[must_use]
    pub fn with_ca(mut self, pem: impl Into<Vec<u8>>) -> Self {
        self.ca = Some(pem.into());
        self
    }

    /// The certificate and its key (PEM) that etcd is shown.
    #[must_use]
    pub fn with_client_certificate(
        mut self,
        certificate: impl Into<Vec<u8>>,
        key: impl Into<Vec<u8>>,
    ) -> Self {
        self.certificate = Some((certificate.into(), key.into()));
        self
    }

    /// The user of etcd, and the password.
    #[must_use]
    pub fn with_user(mut self, name: impl Into<String>, password: impl Into<String>) -> Self {
        self.user = Some((name.into(), password.into()));
        self
    }

    /// How long etcd keeps what was replaced or deleted: `--etcd-compaction-interval` of kube-apiserver. Five
    /// minutes, unless another one is set. `None` leaves it to others.
    #[must_use]
    pub fn with_compaction_interval(mut self, interval: Option<Duration>) -> Self {
        self.compaction_interval = interval;
        self
    }

    pub(super) fn endpoints(&self) -> Result<Vec<Endpoint>, StoreError> {
        if self.endpoints.is_empty() {
            return Err(StoreError::Failed("no endpoint of etcd is given".into()));
        }
        self.endpoints.iter().map(|url| self.endpoint(url)).collect()
    }

    fn endpoint(&self, url: &str) -> Result<Endpoint, StoreError> {
        let in_url = |error| StoreError::Failed(format!("{url}: {}", super::client::chain(&error)));
        let with_scheme = if url.contains("://") { url.into() } else { format!("http://{url}") };
        let is_https = with_scheme.starts_with("https://");
        let endpoint = Endpoint::from_shared(with_scheme)
            .map_err(in_url)?
            .connect_timeout(CONNECT_TIMEOUT)
            .http2_keep_alive_interval(KEEP_ALIVE_INTERVAL)
            .keep_alive_timeout(KEEP_ALIVE_TIMEOUT)
            .keep_alive_while_idle(true);
        if is_https { endpoint.tls_config(self.tls()).map_err(in_url) } else { Ok(endpoint) }
    }

    fn tls(&self) -> ClientTlsConfig {
        let tls = match &self.ca {
            Some(pem) => ClientTlsConfig::new().ca_certificate(Certificate::from_pem(pem)),
            None => ClientTlsConfig::new().with_native_roots(),
        };
        match &self.certificate {
            Some((certificate, key)) => tls.identity(Identity::from_pem(certificate, key)),
            None => tls,
        }
    }
}

impl fmt::Debug for EtcdOptions {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("EtcdOptions")
            .field("endpoints", &self.endpoints)
            .field("prefix", &self.prefix)
            .finish_non_exhaustive()
    }
}
