//! Takes over changed certificate files, and with SIGHUP the policy and the CRD.

use std::sync::Arc;
use std::time::Duration;

use tokio::signal::unix::Signal;
use volcano_job_update_programs::tls::{Certificate, Reloaded};

use crate::args::Args;
use crate::metrics::{Metrics, Reload};
use crate::serve::App;

/// What is needed to reload.
pub(crate) struct Reloader {
    pub(crate) args: Args,
    pub(crate) app: Arc<App>,
    pub(crate) certificate: Certificate,
    pub(crate) metrics: Arc<Metrics>,
}

impl Reloader {
    /// Runs forever. The files of the certificate are compared at each interval, those of the policy
    /// and the CRD only after a signal: an edit that is not finished must not be used.
    pub(crate) async fn run(mut self, interval: Duration, mut hangup: Signal) {
        loop {
            tokio::select! {
                _ = hangup.recv() => self.reload_webhook(),
                () = tokio::time::sleep(interval) => {}
            }
            self.reload_certificate();
        }
    }

    fn reload_webhook(&self) {
        let reloaded = self.args.webhook().and_then(|webhook| self.app.use_webhook(webhook));
        match reloaded {
            Ok(()) => tracing::info!("the policy was read again and is in use"),
            Err(error) => {
                tracing::error!(%error, "the policy cannot be reloaded; the old one stays in use");
            }
        }
    }

    fn reload_certificate(&mut self) {
        match self.certificate.reload() {
            Reloaded::Unchanged => {}
            Reloaded::Changed => {
                self.metrics.count_reload(Reload::Success);
                tracing::info!("the certificate has changed and is in use");
                note_expiry(&self.certificate, &self.metrics);
            }
            Reloaded::Failed(error) => {
                self.metrics.count_reload(Reload::Error);
                tracing::error!(
                    %error,
                    "the certificate cannot be reloaded; the old one stays in use"
                );
            }
        }
    }
}

/// Shows in the metrics when the certificate expires, and logs if it has.
pub(crate) fn note_expiry(certificate: &Certificate, metrics: &Metrics) {
    metrics.certificate_not_after.set(certificate.not_after());
    if certificate.is_expired() {
        let not_after = certificate.not_after();
        tracing::error!(not_after, "the certificate has expired: API servers do not accept it");
    }
}
