//! The program `volcano-job-update-webhook`: the verdict of the library, asked for by an API server.

mod args;
mod error;
mod judge;
mod log;
mod metrics;
mod policy;
mod self_signed;
mod serve;
mod tls;

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

use crate::args::{Args, Bounds, TlsArgs};
use crate::error::Error;
use crate::judge::Judge;
use crate::metrics::Metrics;
use crate::serve::App;
use crate::tls::{Certificate, Files};

/// A connection on which nothing comes back for that long is closed.
const KEEP_ALIVE: Duration = Duration::from_secs(20);

fn main() -> ExitCode {
    match start(&Args::parse()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            drop(writeln!(io::stderr(), "error: {error}"));
            ExitCode::from(2)
        }
    }
}

/// Reads all that is configured before anything is served.
fn start(args: &Args) -> Result<(), Error> {
    let validator = policy::validator(&args.policy, args.crd.as_deref())?;
    let judge = Judge::new(validator, args.status_codes, args.shadow);
    let certificate = Certificate::load(files(&args.tls)?)?;
    let listener = TcpListener::bind(args.listen)
        .map_err(|error| Error::Listen { address: args.listen, error })?;
    log::start(args.log_format, args.log_level);
    let runtime =
        tokio::runtime::Builder::new_multi_thread().enable_all().build().map_err(Error::Start)?;
    runtime.block_on(serve(args, judge, certificate, listener)).map_err(Error::Start)
}

fn files(args: &TlsArgs) -> Result<Files, Error> {
    if let Some(directory) = &args.self_signed {
        let (files, bundle) = self_signed::prepare(directory, &args.dns_name)?;
        writeln!(io::stdout(), "{bundle}").map_err(Error::Print)?;
        return Ok(files);
    }
    let (Some(certificate), Some(key)) = (&args.tls_cert, &args.tls_key) else {
        return Err(Error::NoCertificate);
    };
    Ok(Files { certificate: certificate.clone(), key: key.clone() })
}

async fn serve(
    args: &Args,
    judge: Judge,
    certificate: Certificate,
    listener: TcpListener,
) -> io::Result<()> {
    let metrics = Arc::new(Metrics::new());
    let app = App::new(judge, Arc::clone(&metrics), args.bounds);
    let handle = Handle::new();
    let address = listener.local_addr()?;
    let acceptor = RustlsAcceptor::new(certificate.config())
        .handshake_timeout(args.bounds.read_timeout)
        .acceptor(NoDelayAcceptor::new());
    let mut server = axum_server::from_tcp(listener)?
        .acceptor(acceptor)
        .first_request_timeout(args.bounds.read_timeout)
        .accept_error_handler(|_, error| tracing::warn!(%error, "a connection was not accepted"))
        .handle(handle.clone());
    // A client that says nothing more can still be answered.
    server.http_builder().http1().half_close(true).header_read_timeout(args.bounds.read_timeout);
    server
        .http_builder()
        .http2()
        .keep_alive_interval(KEEP_ALIVE)
        .keep_alive_timeout(args.bounds.read_timeout);

    let stop = stop_signal()?;
    let stopping = tokio::spawn(shut_down(stop, Arc::clone(&app), handle, args.bounds));
    let watching = tokio::spawn(certificate.watch(args.tls.reload_interval, metrics));
    tracing::info!(%address, policy = app.policy_name(), shadow = args.shadow, "listening");
    let outcome = server.serve(app.router().into_make_service()).await;
    watching.abort();
    stopping.abort();
    tracing::info!("stopped");
    outcome
}

/// Ends with the first SIGTERM or SIGINT.
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

/// A Service goes on sending requests for a while after its pod was told to end; so first only
/// `/readyz` changes, then nothing more is accepted and what is in flight is finished.
async fn shut_down(
    stop: impl Future<Output = ()>,
    app: Arc<App>,
    handle: Handle<SocketAddr>,
    bounds: Bounds,
) {
    stop.await;
    app.drain();
    tracing::info!("shutting down");
    tokio::time::sleep(bounds.drain_delay).await;
    handle.graceful_shutdown(Some(bounds.shutdown_timeout));
    tracing::info!("finishing what is in flight");
}
