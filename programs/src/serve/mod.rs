//! Servers of HTTP/2 and HTTP/1.1 that isolate their clients from each other: limits on connections,
//! on what each can use and on bodies; certificates that are replaced while in use; the log; the end
//! after a signal.
//!
//! A server with all of it:
//!
//! ```no_run
//! # use std::{net::TcpListener, path::Path, sync::Arc, time::Duration};
//! use axum::{Extension, Router, routing::get};
//! use clap::Parser;
//! use tokio::signal::unix::{SignalKind, signal};
//! use tracing::level_filters::LevelFilter;
//! use volcano_job_update_programs::serve::{
//!     Bounds, Handle, LogFormat, Observer, Peer, Reloader, https, shut_down, start_log, stop_signal,
//! };
//! use volcano_job_update_programs::tls::{Certificate, self_signed};
//!
//! #[derive(Parser)]
//! // Another default than that of `Bounds`.
//! #[command(mut_arg("drain_delay", |option| option.default_value("0")))]
//! struct Args {
//!     #[command(flatten)]
//!     bounds: Bounds,
//! }
//!
//! async fn run(bounds: Bounds, metrics: Arc<dyn Observer>) -> Result<(), Box<dyn std::error::Error>> {
//!     let names = ["localhost", "127.0.0.1", "::1"].map(String::from);
//!     let made = self_signed(Path::new("data/tls"), "a server", &names)?;
//!     let certificate = Certificate::load(made.files)?;
//!     let listener = TcpListener::bind("127.0.0.1:8443")?;
//!     start_log(env!("CARGO_CRATE_NAME"), LogFormat::Text, LevelFilter::INFO);
//!
//!     let handle = Handle::new();
//!     let server = https(listener, &certificate, bounds, Arc::clone(&metrics))?.handle(handle.clone());
//!     let (stop, hangup) = (stop_signal()?, signal(SignalKind::hangup())?);
//!     let reloader = Reloader::new(certificate, metrics);
//!     let mut tasks = tokio::task::JoinSet::new();
//!     tasks.spawn(reloader.run(Duration::from_secs(10), hangup, || { /* everything else */ }));
//!     tasks.spawn(async move {
//!         shut_down(stop, || { /* be no longer ready */ }, handle, bounds).await;
//!         /* end the answers that have no end */
//!     });
//!
//!     let router = Router::new().route("/user", get(user));
//!     server.serve(router.into_make_service()).await?;
//!     tasks.abort_all();
//!     Ok(())
//! }
//!
//! async fn user(Extension(peer): Extension<Peer>) -> String {
//!     let user = peer.certificate().and_then(|certificate| certificate.user());
//!     user.map_or("nobody".into(), |user| user.name.clone())
//! }
//! ```

mod bodies;
mod bounds;
mod connections;
mod log;
mod metrics;
mod observer;
mod reload;
mod server;
mod shutdown;

/// Stops a server.
#[doc(no_inline)]
pub use axum_server::Handle;

pub use self::bodies::{Bodies, BodyBounds, BodyError, Place, Received};
pub use self::bounds::{Bounds, positive_seconds, seconds};
pub use self::connections::{Acceptor, Peer};
pub use self::log::{LogFormat, start_log};
pub use self::metrics::{ConnectionMetrics, Counted, LATENCY_BUCKETS, METRICS_TYPE, metrics_text};
pub use self::observer::{Observer, Refusal, Reload};
pub use self::reload::Reloader;
pub use self::server::{http, https};
pub use self::shutdown::{shut_down, stop_signal};
