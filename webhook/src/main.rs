//! The program `volcano-job-update-webhook`: an admission webhook for updates of Volcano Jobs.

mod args;
mod bodies;
mod connections;
mod error;
mod log;
mod metrics;
mod reload;
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
use volcano_job_update_programs::tls::{Certificate, CertificateFiles, self_signed};

use crate::args::{Args, Bounds, TlsArgs};
use crate::connections::{Acceptor, Connections};
use crate::error::Error;
use crate::metrics::Metrics;
use crate::reload::{Reloader, note_expiry};
use crate::serve::App;

/// The subject of the certificate of --self-signed.
const COMMON_NAME: &str = "volcano-job-update-webhook";

/// The interval of pings on an idle HTTP/2 connection.
const KEEP_ALIVE: Duration = Duration::from_secs(20);

/// What a client can send on an HTTP/2 connection before the webhook has read it, in bytes.
const WINDOW: u32 = 256 * 1024;

/// The headers of a request, in bytes.
const HEADER_BYTES: u32 = 16 * 1024;

/// The open files that the webhook needs besides its connections.
const OTHER_FILES: u64 = 64;

fn main() -> ExitCode {
    match start(Args::parse()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            // Nothing can be done if standard error cannot be written to.
            drop(writeln!(io::stderr(), "error: {error}"));
            ExitCode::from(2)
        }
    }
}

/// Reads the configuration, then serves.
fn start(args: Args) -> Result<(), Error> {
    let metrics = Arc::new(Metrics::new());
    let app = App::new(args.webhook()?, Arc::clone(&metrics), args.bounds)?;
    let certificate = Certificate::load(certificate_files(&args.tls)?)?;
    let bind =
        |address| TcpListener::bind(address).map_err(|error| Error::Listen { address, error });
    let listeners = Listeners {
        reviews: bind(args.listen)?,
        metrics: args.metrics_listen.map(bind).transpose()?,
    };
    log::start(args.log_format, args.log_level);
    let runtime =
        tokio::runtime::Builder::new_multi_thread().enable_all().build().map_err(Error::Start)?;
    let served = runtime.block_on(serve(args, app, metrics, certificate, listeners));
    // Nobody waits any more for a review that is still being validated.
    runtime.shutdown_background();
    served.map_err(Error::Start)
}

struct Listeners {
    reviews: TcpListener,
    metrics: Option<TcpListener>,
}

/// The certificate files. With --self-signed, creates them first and prints the `caBundle`.
fn certificate_files(args: &TlsArgs) -> Result<CertificateFiles, Error> {
    let client_ca = args.client_ca.clone();
    if let Some(directory) = &args.self_signed {
        let made = self_signed(directory, COMMON_NAME, &args.dns_name)?;
        writeln!(io::stdout(), "{}", made.ca_bundle).map_err(Error::Print)?;
        return Ok(CertificateFiles { client_ca, ..made.files });
    }
    let (Some(certificate), Some(key)) = (&args.tls_cert, &args.tls_key) else {
        return Err(Error::NoCertificate);
    };
    Ok(CertificateFiles { certificate: certificate.clone(), key: key.clone(), client_ca })
}

async fn serve(
    args: Args,
    app: Arc<App>,
    metrics: Arc<Metrics>,
    certificate: Certificate,
    listeners: Listeners,
) -> io::Result<()> {
    note_expiry(&certificate, &metrics);
    let bounds = args.bounds;
    let address = listeners.reviews.local_addr()?;
    let metrics_address = listeners.metrics.as_ref().map(TcpListener::local_addr).transpose()?;
    let (limit, limit_per_address) = connection_limits(bounds);
    let connections = Connections::new(limit, limit_per_address, Arc::clone(&metrics));
    let acceptor = RustlsAcceptor::new(certificate.config())
        .handshake_timeout(bounds.read_timeout)
        .acceptor(NoDelayAcceptor::new());
    let acceptor =
        Acceptor::new(acceptor, Arc::clone(&connections), args.tls.client_name.as_deref());
    let handle = Handle::new();
    let mut server = axum_server::from_tcp(listeners.reviews)?
        .acceptor(acceptor)
        .first_request_timeout(bounds.read_timeout)
        .accept_error_handler(move |_, error| connections.note_failure(error))
        .handle(handle.clone());
    set_limits(&mut server, bounds);

    let (stop, hangup) = (stop_signal()?, signal(SignalKind::hangup())?);
    let mut tasks = tokio::task::JoinSet::new();
    tasks.spawn(shut_down(stop, Arc::clone(&app), handle, bounds));
    let router = match listeners.metrics {
        Some(listener) => {
            let mut server = axum_server::from_tcp(listener)?;
            set_limits(&mut server, bounds);
            let router = app.metrics();
            tasks.spawn(async move { drop(server.serve(router.into_make_service()).await) });
            app.reviews()
        }
        None => app.reviews().merge(app.only_metrics()),
    };
    let policy = app.policy_name();
    let (shadow, interval) = (args.shadow, args.tls.reload_interval);
    let reloader = Reloader { args, app, certificate, metrics };
    tasks.spawn(reloader.run(interval, hangup));
    let metrics_address = metrics_address.map(tracing::field::display);
    tracing::info!(%address, metrics_address, policy, shadow, "listening");
    let outcome = server.serve(router.into_make_service()).await;
    tasks.abort_all();
    tracing::info!("stopped");
    outcome
}

/// Limits what a connection can use.
fn set_limits<A: axum_server::Address, Acc>(
    server: &mut axum_server::Server<A, Acc>,
    bounds: Bounds,
) {
    // A client that has half-closed its connection still gets its answer.
    server
        .http_builder()
        .http1()
        .half_close(true)
        .header_read_timeout(bounds.read_timeout)
        .max_buf_size(WINDOW as usize);
    server
        .http_builder()
        .http2()
        .keep_alive_interval(KEEP_ALIVE)
        .keep_alive_timeout(bounds.read_timeout)
        .max_concurrent_streams(bounds.max_streams)
        .max_header_list_size(HEADER_BYTES)
        .initial_stream_window_size(WINDOW)
        .initial_connection_window_size(WINDOW);
}

/// How many connections there may be, in all and from one address. Raises the limit for open files
/// if necessary.
fn connection_limits(bounds: Bounds) -> (usize, usize) {
    let wanted = u64::from(bounds.max_connections);
    let files = rlimit::increase_nofile_limit(wanted + OTHER_FILES).unwrap_or(wanted + OTHER_FILES);
    let limit = wanted.min(files.saturating_sub(OTHER_FILES)).max(4);
    if limit < wanted {
        tracing::warn!(open_files = files, connections = limit, "the limit for open files is low");
    }
    let per_address = bounds.max_connections_per_address.map_or(limit / 4, u64::from);
    let number = |number: u64| usize::try_from(number).unwrap_or(usize::MAX);
    (number(limit), number(per_address))
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
