//! Servers with limits on what clients can use.

use std::io;
use std::net::{SocketAddr, TcpListener};
use std::sync::Arc;
use std::time::Duration;

use axum_server::accept::NoDelayAcceptor;
use axum_server::tls_rustls::RustlsAcceptor;
use axum_server::{Address, Server};

use super::bounds::Bounds;
use super::connections::{Acceptor, Connections};
use super::observer::Observer;
use crate::tls::Certificate;

/// The interval of pings on an idle HTTP/2 connection.
const KEEP_ALIVE: Duration = Duration::from_secs(20);

/// What a client can send on an HTTP/2 connection before the server has read it, in bytes.
const WINDOW: u32 = 256 * 1024;

/// The headers of a request, in bytes.
const HEADER_BYTES: u32 = 16 * 1024;

/// The open files that a server needs besides its connections.
const OTHER_FILES: u64 = 64;

/// Creates a server of HTTP/2 and HTTP/1.1 over TLS, within all limits; an answer may take any time.
/// Each request has a [`Peer`](super::Peer) as an extension.
///
/// # Errors
///
/// The listener cannot be used.
pub fn https(
    listener: TcpListener,
    certificate: &Certificate,
    bounds: Bounds,
    observer: Arc<dyn Observer>,
) -> io::Result<Server<SocketAddr, Acceptor>> {
    let (limit, limit_per_address) = connection_limits(bounds);
    let connections = Connections::new(limit, limit_per_address, observer);
    let tls = RustlsAcceptor::new(certificate.config())
        .handshake_timeout(bounds.read_timeout)
        .acceptor(NoDelayAcceptor::new());
    let acceptor = Acceptor::new(tls, Arc::clone(&connections));
    let mut server = axum_server::from_tcp(listener)?
        .acceptor(acceptor)
        .first_request_timeout(bounds.read_timeout)
        .accept_error_handler(move |_, error| connections.note_failure(error));
    set_limits(&mut server, bounds);
    Ok(server)
}

/// Creates a server without TLS, for probes and metrics. What a connection can use is limited, but not
/// how many there are.
///
/// # Errors
///
/// The listener cannot be used.
pub fn http(listener: TcpListener, bounds: Bounds) -> io::Result<Server<SocketAddr>> {
    let mut server = axum_server::from_tcp(listener)?;
    set_limits(&mut server, bounds);
    Ok(server)
}

/// Limits what a connection can use.
fn set_limits<A: Address, Acc>(server: &mut Server<A, Acc>, bounds: Bounds) {
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
