//! The program `volcano-job-server`: an API server for Volcano Jobs over HTTPS.

mod args;
mod credentials;
mod error;
mod kubeconfig;

use std::io::{self, Write};
use std::net::{SocketAddr, TcpListener};
use std::process::ExitCode;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use clap::Parser;
use tokio::signal::unix::{SignalKind, signal};
use volcano_job_server::JobServer;
use volcano_job_server::access::{Access, AccessOptions, AuditLog, Rules};
use volcano_job_server::store::{DiskStore, EtcdOptions, EtcdStore, MemoryStore, Store};
use volcano_job_update::Validator;
use volcano_job_update_programs::serve::{
    Handle, Reloader, https, shut_down, start_log, stop_signal,
};
use volcano_job_update_programs::tls::Certificate;
use volcano_job_update_programs::{display_name, read_file, read_policy, validator};

use crate::args::{Args, EtcdArgs, RuleArgs};
use crate::credentials::Credentials;
use crate::error::Error;
use crate::kubeconfig::kubeconfig;

/// The limit for files with certificates and passwords.
const MAX_FILE_BYTES: usize = 1024 * 1024;

/// How often to check whether the certificate has changed.
const RELOAD_INTERVAL: Duration = Duration::from_secs(10);

/// How often to check whether the rules have changed.
const RULES_INTERVAL: Duration = Duration::from_secs(2);

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
    start_log(env!("CARGO_CRATE_NAME"), args.log_format, args.log_level);
    let validator = validator_of(&args.rule)?;
    let credentials = Credentials::new(args)?;
    let certificate = Certificate::load(credentials.files.clone())?;
    let access = Access::load(&access_options(args, &credentials))?;
    let audit_log = args.audit_log_path.as_deref().map(AuditLog::open).transpose()?;
    let address = args.listen;
    let listener = TcpListener::bind(address).map_err(|error| Error::Listen { address, error })?;
    let address = listener.local_addr().map_err(Error::Start)?;
    let runtime =
        tokio::runtime::Builder::new_multi_thread().enable_all().build().map_err(Error::Start)?;
    let served = runtime.block_on(async {
        let mut server = JobServer::builder(store(args).await?)
            .with_access(access)
            .with_validator(validator)
            .with_status_codes(args.rule.status_codes)
            .with_creation_by_put(args.rule.put_creates)
            .with_volcano_webhooks(!args.rule.no_volcano_webhooks)
            .with_self_links(args.rule.self_links)
            .with_body_timeout(args.bounds.body_timeout);
        if let Some(log) = audit_log {
            server = server.with_audit_log(log);
        }
        show_kubeconfig(args, &credentials, address)?;
        serve(args, server.build(), certificate, listener).await.map_err(Error::Start)
    });
    // Nobody waits any more for a request that is still being answered.
    runtime.shutdown_background();
    served
}

fn validator_of(args: &RuleArgs) -> Result<Validator, Error> {
    let warn = |warning: &str| tracing::warn!("{warning}");
    Ok(validator(read_policy(&args.policy)?, args.crd.as_deref(), warn)?)
}

fn access_options(args: &Args, credentials: &Credentials) -> AccessOptions {
    let mut options = AccessOptions::default();
    options.token_file.clone_from(&credentials.token_file);
    options.client_certificates = args.tls.client_ca_file.is_some();
    options.rules.clone_from(&args.rbac_dir);
    options
}

async fn store(args: &Args) -> Result<Arc<dyn Store>, Error> {
    if let Some(directory) = &args.data_dir {
        return Ok(Arc::new(DiskStore::open(directory)?));
    }
    if args.etcd.endpoints.is_empty() {
        return Ok(Arc::new(MemoryStore::new()));
    }
    Ok(Arc::new(EtcdStore::connect(etcd_options(&args.etcd)?).await?))
}

fn etcd_options(args: &EtcdArgs) -> Result<EtcdOptions, Error> {
    let mut options =
        EtcdOptions::new(args.endpoints.iter().cloned()).with_prefix(args.prefix.as_str());
    if let Some(ca) = &args.ca {
        options = options.with_ca(read_file(ca, MAX_FILE_BYTES)?);
    }
    if let (Some(certificate), Some(key)) = (&args.certificate, &args.key) {
        let [certificate, key] = [certificate, key].map(|file| read_file(file, MAX_FILE_BYTES));
        options = options.with_client_certificate(certificate?, key?);
    }
    if let Some(file) = &args.user_file {
        let text = read_file(file, MAX_FILE_BYTES)?;
        let text = String::from_utf8_lossy(&text);
        let (user, password) = text
            .trim_end()
            .split_once(':')
            .ok_or_else(|| Error::UserFile { name: display_name(file) })?;
        options = options.with_user(user, password);
    }
    Ok(options)
}

fn show_kubeconfig(
    args: &Args,
    credentials: &Credentials,
    address: SocketAddr,
) -> Result<(), Error> {
    let (authority, token) = (credentials.authority.as_deref(), credentials.token.as_deref());
    let text = kubeconfig(&url(address), authority, token);
    let Some(path) = &args.write_kubeconfig else {
        let what = || "standard output".to_owned();
        return io::stdout()
            .write_all(text.as_bytes())
            .map_err(|error| Error::Write { what: what(), error });
    };
    credentials::write_secret(path, &text)
        .map_err(|error| Error::Write { what: display_name(path), error })
}

/// Where clients on this machine reach the server.
fn url(address: SocketAddr) -> String {
    let port = address.port();
    match address {
        SocketAddr::V4(address) if address.ip().is_unspecified() => {
            format!("https://127.0.0.1:{port}")
        }
        SocketAddr::V6(address) if address.ip().is_unspecified() => format!("https://[::1]:{port}"),
        address => format!("https://{address}"),
    }
}

async fn serve(
    args: &Args,
    server: JobServer,
    certificate: Certificate,
    listener: TcpListener,
) -> io::Result<()> {
    let address = listener.local_addr()?;
    let observer = server.observer();
    let handle = Handle::new();
    let https =
        https(listener, &certificate, args.bounds, Arc::clone(&observer))?.handle(handle.clone());
    let (stop, hangup) = (stop_signal()?, signal(SignalKind::hangup())?);
    let mut tasks = tokio::task::JoinSet::new();
    let (draining, bounds) = (server.clone(), args.bounds);
    tasks.spawn(async move {
        shut_down(stop, || draining.drain(), handle, bounds).await;
        draining.end_watches();
    });
    tasks.spawn(reload_rules(server.clone()));
    let (rule, reloaded) = (args.rule.clone(), server.clone());
    let reload = move || reload(&rule, &reloaded);
    tasks.spawn(Reloader::new(certificate, observer).run(RELOAD_INTERVAL, hangup, reload));
    tracing::info!(%address, policy = args.rule.policy, "listening");
    let router = Router::new().fallback_service(server);
    // The audit log has the addresses of clients.
    let router = router.into_make_service_with_connect_info::<SocketAddr>();
    let outcome = https.serve(router).await;
    tasks.abort_all();
    tracing::info!("stopped");
    outcome
}

/// Uses the rules of who may do what when their files have changed, without a signal.
async fn reload_rules(server: JobServer) {
    while server.access().rules().is_some() {
        tokio::time::sleep(RULES_INTERVAL).await;
        let server = server.clone();
        let reload = move || server.access().rules().map(Rules::reload_settled);
        // It reads files.
        if tokio::task::spawn_blocking(reload).await.is_err() {
            return;
        }
    }
}

/// Reads the policy, the CRD, the tokens and the rules again.
fn reload(rule: &RuleArgs, server: &JobServer) {
    server.access().reload();
    match validator_of(rule) {
        Ok(validator) => {
            server.use_validator(validator);
            tracing::info!("the policy was read again and is in use");
        }
        Err(error) => {
            tracing::error!(%error, "the policy cannot be reloaded; the old one stays in use");
        }
    }
}
