//! The program `volcano-job-update-webhook`: an admission webhook for updates of Volcano Jobs.

mod args;
mod error;
mod log;
mod metrics;
mod serve;

use std::io::{self, Write};
use std::net::{SocketAddr, TcpListener};
use std::process::ExitCode;
use std::sync::Arc;
use std::time::Duration;

use axum_server::Handle;
use axum_server::accept::NoDelayAcceptor;
use axum_server::tls_rustls::RustlsAcceptor;
use clap::Parser;
use tokio::signal::unix::{SignalKind, signal};
use volcano_job_update::admission::Webhook;
use volcano_job_update_programs::tls::{Certificate, CertificateFiles, TlsError, self_signed};
use volcano_job_update_programs::{read_policy, validator};

use crate::args::{Args, Bounds, TlsArgs};
use crate::error::Error;
use crate::metrics::{Metrics, Reload};
use crate::serve::App;

/// The subject of the certificate of --self-signed.
const COMMON_NAME: &str = "volcano-job-update-webhook";

/// The interval of pings on an idle HTTP/2 connection.
const KEEP_ALIVE: Duration = Duration::from_secs(20);

fn main() -> ExitCode {
    match start(&Args::parse()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            // Nothing can be done if standard error cannot be written to.
            drop(writeln!(io::stderr(), "error: {error}"));
            ExitCode::from(2)
        }
    }
}

/// Reads the configuration, then serves.
fn start(args: &Args) -> Result<(), Error> {
    let webhook = Webhook::new(validator(read_policy(&args.policy)?, args.crd.as_deref())?)
        .with_status_codes(args.status_codes)
        .with_shadow(args.shadow);
    let certificate = Certificate::load(certificate_files(&args.tls)?)?;
    let listener = TcpListener::bind(args.listen)
        .map_err(|error| Error::Listen { address: args.listen, error })?;
    log::start(args.log_format, args.log_level);
    let runtime =
        tokio::runtime::Builder::new_multi_thread().enable_all().build().map_err(Error::Start)?;
    runtime.block_on(serve(args, webhook, certificate, listener)).map_err(Error::Start)
}

/// The certificate files. With --self-signed, creates them first and prints the `caBundle`.
fn certificate_files(args: &TlsArgs) -> Result<CertificateFiles, Error> {
    if let Some(directory) = &args.self_signed {
        let made = self_signed(directory, COMMON_NAME, &args.dns_name)?;
        writeln!(io::stdout(), "{}", made.ca_bundle).map_err(Error::Print)?;
        return Ok(made.files);
    }
    let (Some(certificate), Some(key)) = (&args.tls_cert, &args.tls_key) else {
        return Err(Error::NoCertificate);
    };
    Ok(CertificateFiles { certificate: certificate.clone(), key: key.clone() })
}

async fn serve(
    args: &Args,
    webhook: Webhook,
    certificate: Certificate,
    listener: TcpListener,
) -> io::Result<()> {
    let metrics = Arc::new(Metrics::new());
    let policy = webhook.validator().policy().name().to_owned();
    let app = App::new(webhook, Arc::clone(&metrics), args.bounds);
    let handle = Handle::new();
    let address = listener.local_addr()?;
    let acceptor = RustlsAcceptor::new(certificate.config())
        .handshake_timeout(args.bounds.read_timeout)
        .acceptor(NoDelayAcceptor::new());
    let mut server = axum_server::from_tcp(listener)?
        .acceptor(acceptor)
        .first_request_timeout(args.bounds.read_timeout)
        .accept_error_handler(|_, error| tracing::warn!(%error, "cannot accept a connection"))
        .handle(handle.clone());
    // A client that has half-closed its connection still gets its answer.
    server.http_builder().http1().half_close(true).header_read_timeout(args.bounds.read_timeout);
    server
        .http_builder()
        .http2()
        .keep_alive_interval(KEEP_ALIVE)
        .keep_alive_timeout(args.bounds.read_timeout);

    let stop = stop_signal()?;
    let stopping = tokio::spawn(shut_down(stop, Arc::clone(&app), handle, args.bounds));
    let watching = certificate.watch(args.tls.reload_interval, move |result| {
        note_reload(&metrics, result);
    });
    let watching = tokio::spawn(watching);
    tracing::info!(%address, policy, shadow = args.shadow, "listening");
    let outcome = server.serve(app.router().into_make_service()).await;
    watching.abort();
    stopping.abort();
    tracing::info!("stopped");
    outcome
}

/// Counts and logs the reload of a certificate.
fn note_reload(metrics: &Metrics, result: Result<(), TlsError>) {
    match result {
        Ok(()) => {
            metrics.count_reload(Reload::Done);
            tracing::info!("the certificate has changed and is in use");
        }
        Err(error) => {
            metrics.count_reload(Reload::Failed);
            tracing::error!(%error, "the certificate cannot be reloaded; the old one stays in use");
        }
    }
}

/// Returns a future that completes with the first SIGTERM or SIGINT.
fn stop_signal() -> io::Result<impl Future<Output = ()> + Send> {
    let mut terminate = signal(SignalKind::terminate())?;
    let mut interrupt = signal(SignalKind::interrupt())?;
    Ok(async move {
        tokio::select! {
            _ = terminate.recv() => {}
            _ = interrupt.recv() => {}
        }
    })
}

/// Shuts down after a signal. A Service sends requests to a terminating pod for a while. So
/// `/readyz` fails first, and connections are accepted until the drain delay has passed.
async fn shut_down(
    stop: impl Future<Output = ()>,
    app: Arc<App>,
    handle: Handle<SocketAddr>,
    bounds: Bounds,
) {
    stop.await;
    app.drain();
    tracing::info!("draining");
    tokio::time::sleep(bounds.drain_delay).await;
    handle.graceful_shutdown(Some(bounds.shutdown_timeout));
    tracing::info!("waiting for requests in flight");
}
