//! Keeps the certificate up to date.

use std::sync::Arc;
use std::time::Duration;

use tokio::signal::unix::Signal;

use super::observer::{Observer, Reload};
use crate::tls::{Certificate, Reloaded};

/// A certificate in use, and who is told about it.
#[derive(Debug)]
pub struct Reloader {
    certificate: Certificate,
    observer: Arc<dyn Observer>,
}

impl Reloader {
    /// Reports when the certificate expires.
    pub fn new(certificate: Certificate, observer: Arc<dyn Observer>) -> Self {
        let reloader = Self { certificate, observer };
        reloader.note_expiry();
        reloader
    }

    /// Runs forever. The files of the certificate are compared at each interval, everything else is
    /// reloaded by `reload_rest` only after a signal: an edit that is not finished must not be used.
    pub async fn run(mut self, interval: Duration, mut hangup: Signal, reload_rest: impl Fn()) {
        loop {
            tokio::select! {
                _ = hangup.recv() => reload_rest(),
                () = tokio::time::sleep(interval) => {}
            }
            self.reload();
        }
    }

    fn reload(&mut self) {
        match self.certificate.reload() {
            Reloaded::Unchanged => {}
            Reloaded::Changed => {
                self.observer.certificate_reloaded(Reload::Success);
                tracing::info!("the certificate has changed and is in use");
                self.note_expiry();
            }
            Reloaded::Failed(error) => {
                self.observer.certificate_reloaded(Reload::Error);
                tracing::error!(
                    %error,
                    "the certificate cannot be reloaded; the old one stays in use"
                );
            }
        }
    }

    /// Reports when the certificate expires, and logs if it has.
    fn note_expiry(&self) {
        let not_after = self.certificate.not_after();
        self.observer.certificate_expires(not_after);
        if self.certificate.is_expired() {
            tracing::error!(not_after, "the certificate has expired: clients do not accept it");
        }
    }
}
