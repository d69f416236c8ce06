//! The end of a server.

use std::io;
use std::net::SocketAddr;

use axum_server::Handle;
use tokio::signal::unix::{SignalKind, signal};

use super::bounds::Bounds;

/// Returns a future that completes with the first SIGTERM or SIGINT.
///
/// # Errors
///
/// Signals cannot be handled.
pub fn stop_signal() -> io::Result<impl Future<Output = ()> + Send> {
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
/// `drain` makes `/readyz` fail first, and connections are accepted until the drain delay has
/// passed.
///
/// When this returns, the server accepts no more connections and waits for the answers in flight. The
/// program then has to end those that have no end, such as watches.
pub async fn shut_down(
    stop: impl Future<Output = ()>,
    drain: impl FnOnce(),
    handle: Handle<SocketAddr>,
    bounds: Bounds,
) {
    stop.await;
    drain();
    tracing::info!("draining");
    tokio::time::sleep(bounds.drain_delay).await;
    handle.graceful_shutdown(Some(bounds.shutdown_timeout));
    tracing::info!("waiting for requests in flight");
}
