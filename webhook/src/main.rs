//! The program `volcano-job-update-webhook`: an admission webhook for updates of Volcano Jobs.

mod args;
mod error;
mod metrics;
mod serve;

use std::io::{self, Write};
use std::net::TcpListener;
use std::process::ExitCode;
use std::sync::Arc;

use clap::Parser;
use tokio::signal::unix::{SignalKind, signal};
use volcano_job_update_programs::serve::{
    Handle, Observer, Reloader, http, https, shut_down, start_log, stop_signal,
};
use volcano_job_update_programs::tls::{Certificate, CertificateFiles, self_signed};

use crate::args::{Args, TlsArgs};
use crate::error::Error;
use crate::metrics::Metrics;
use crate::serve::App;

/// The subject of the certificate of --self-signed.
const COMMON_NAME: &str = "volcano-job-update-webhook";

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
    let app = App::new(args.webhook()?, Arc::clone(&metrics), &args)?;
    let certificate = Certificate::load(certificate_files(&args.tls)?)?;
    let bind =
        |address| TcpListener::bind(address).map_err(|error| Error::Listen { address, error });
    let listeners = Listeners {
        reviews: bind(args.listen)?,
        metrics: args.metrics_listen.map(bind).transpose()?,
    };
    start_log(env!("CARGO_CRATE_NAME"), args.log_format, args.log_level);
    let runtime =
        tokio::runtime::Builder::new_multi_thread().enable_all().build().map_err(Error::Start)?;
    let observer = metrics.observer();
    let served = runtime.block_on(serve(args, app, observer, certificate, listeners));
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
    observer: Arc<dyn Observer>,
    certificate: Certificate,
    listeners: Listeners,
) -> io::Result<()> {
    let bounds = args.bounds;
    let address = listeners.reviews.local_addr()?;
    let metrics_address = listeners.metrics.as_ref().map(TcpListener::local_addr).transpose()?;
    let handle = Handle::new();
    let server = https(listeners.reviews, &certificate, bounds, Arc::clone(&observer))?
        .handle(handle.clone());
    let reloader = Reloader::new(certificate, observer);

    let (stop, hangup) = (stop_signal()?, signal(SignalKind::hangup())?);
    let mut tasks = tokio::task::JoinSet::new();
    let draining = Arc::clone(&app);
    tasks.spawn(shut_down(stop, move || draining.drain(), handle, bounds));
    let router = match listeners.metrics {
        Some(listener) => {
            let server = http(listener, bounds)?;
            let router = app.metrics();
            tasks.spawn(async move { drop(server.serve(router.into_make_service()).await) });
            app.reviews()
        }
        None => app.reviews().merge(app.only_metrics()),
    };
    let policy = app.policy_name();
    let (shadow, interval) = (args.shadow, args.tls.reload_interval);
    tasks.spawn(reloader.run(interval, hangup, move || reload_webhook(&args, &app)));
    let metrics_address = metrics_address.map(tracing::field::display);
    tracing::info!(%address, metrics_address, policy, shadow, "listening");
    let outcome = server.serve(router.into_make_service()).await;
    tasks.abort_all();
    tracing::info!("stopped");
    outcome
}

/// Reads the policy and the CRD again.
fn reload_webhook(args: &Args, app: &App) {
    let reloaded = args.webhook().and_then(|webhook| app.use_webhook(webhook));
    match reloaded {
        Ok(()) => tracing::info!("the policy was read again and is in use"),
        Err(error) => {
            tracing::error!(%error, "the policy cannot be reloaded; the old one stays in use");
        }
    }
}
