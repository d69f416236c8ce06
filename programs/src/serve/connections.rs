//! Connections: how many there are, from where, and who is at the other end.

use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::io;
use std::net::{IpAddr, Ipv6Addr};
use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use axum::Extension;
use axum::middleware::AddExtension;
use axum_server::accept::{Accept, NoDelayAcceptor};
use axum_server::tls_rustls::RustlsAcceptor;
use tokio::net::TcpStream;
use tokio_rustls::server::TlsStream;
use tower_layer::Layer;

use super::observer::{Observer, Refusal};
use crate::tls::ClientCertificate;

/// The interval of lines in the log about failed connections.
const LOG_INTERVAL: Duration = Duration::from_secs(10);

/// The open connections, within limits.
#[derive(Debug)]
pub(super) struct Connections {
    limit: usize,
    limit_per_address: usize,
    observer: Arc<dyn Observer>,
    by_address: Mutex<HashMap<IpAddr, usize>>,
    failures: Mutex<Failures>,
}

/// Failed connections since the last line about them in the log.
#[derive(Debug, Default)]
struct Failures {
    unlogged: u64,
    logged: Option<Instant>,
}

/// An open connection, counted until it is dropped.
#[derive(Debug)]
struct Connection {
    connections: Arc<Connections>,
    address: IpAddr,
}

/// Who is at the other end of a connection. Each of its requests has it as an extension.
#[derive(Clone, Debug)]
pub struct Peer {
    certificate: Option<Arc<ClientCertificate>>,
    _connection: Arc<Connection>,
}

impl Peer {
    /// Its certificate, which one of the CAs of clients has issued. `None` if it presented none, or if
    /// there are no such CAs.
    #[must_use]
    pub fn certificate(&self) -> Option<&ClientCertificate> {
        self.certificate.as_deref()
    }
}

impl Connections {
    pub(super) fn new(
        limit: usize,
        limit_per_address: usize,
        observer: Arc<dyn Observer>,
    ) -> Arc<Self> {
        Arc::new(Self {
            limit,
            limit_per_address,
            observer,
            by_address: Mutex::default(),
            failures: Mutex::default(),
        })
    }

    /// Counts a connection, if there may be one more.
    fn open(self: &Arc<Self>, address: IpAddr) -> Result<Connection, Refusal> {
        let address = network(address);
        let mut by_address = self.by_address.lock().unwrap_or_else(PoisonError::into_inner);
        if by_address.values().sum::<usize>() >= self.limit {
            return Err(Refusal::TooMany);
        }
        let of_address = by_address.entry(address).or_default();
        if *of_address >= self.limit_per_address {
            return Err(Refusal::TooManyOfAddress);
        }
        *of_address += 1;
        self.observer.connection_opened();
        Ok(Connection { connections: Arc::clone(self), address })
    }

    fn close(&self, address: IpAddr) {
        let mut by_address = self.by_address.lock().unwrap_or_else(PoisonError::into_inner);
        if let Entry::Occupied(mut open) = by_address.entry(address) {
            *open.get_mut() -= 1;
            if *open.get() == 0 {
                open.remove();
            }
        }
        self.observer.connection_closed();
    }

    /// Counts and logs a connection that cannot be accepted or whose TLS handshake fails. A client
    /// can cause any number of these, so few are logged.
    pub(super) fn note_failure(&self, error: &io::Error) {
        let refusal = error.get_ref().and_then(|error| error.downcast_ref::<Refused>());
        self.observer.connection_refused(refusal.map_or(Refusal::Handshake, |refused| refused.0));
        let mut failures = self.failures.lock().unwrap_or_else(PoisonError::into_inner);
        failures.unlogged += 1;
        if failures.logged.is_none_or(|logged| logged.elapsed() >= LOG_INTERVAL) {
            let connections = std::mem::take(&mut failures.unlogged);
            failures.logged = Some(Instant::now());
            tracing::warn!(connections, last_error = %error, "connections failed");
        }
    }
}

impl Drop for Connection {
    fn drop(&mut self) {
        self.connections.close(self.address);
    }
}

/// What counts as one address: an IPv4 address, or the network of 64 bits of an IPv6 address, as one
/// client can have all addresses of such a network.
fn network(address: IpAddr) -> IpAddr {
    match address.to_canonical() {
        IpAddr::V4(address) => address.into(),
        IpAddr::V6(address) => Ipv6Addr::from_bits(address.to_bits() & (u128::MAX << 64)).into(),
    }
}

/// A connection was refused before its TLS handshake.
#[derive(Debug, thiserror::Error)]
#[error("{}", .0.as_str())]
struct Refused(Refusal);

/// Accepts TLS connections.
type Tls = RustlsAcceptor<NoDelayAcceptor>;

/// Accepts TLS connections within the limits.
#[derive(Clone, Debug)]
pub struct Acceptor {
    tls: Tls,
    connections: Arc<Connections>,
}

impl Acceptor {
    pub(super) fn new(tls: Tls, connections: Arc<Connections>) -> Self {
        Self { tls, connections }
    }
}

impl<S> Accept<TcpStream, S> for Acceptor
where
    S: Send + 'static,
    <Tls as Accept<TcpStream, S>>::Service: Send,
{
    type Stream = TlsStream<TcpStream>;
    type Service = AddExtension<<Tls as Accept<TcpStream, S>>::Service, Peer>;
    type Future =
        Pin<Box<dyn Future<Output = io::Result<(Self::Stream, Self::Service)>> + Send + 'static>>;

    fn accept(&self, stream: TcpStream, service: S) -> Self::Future {
        let this = self.clone();
        Box::pin(async move {
            let address = stream.peer_addr()?.ip();
            let connection = this.connections.open(address).map_err(|refusal| {
                io::Error::new(io::ErrorKind::ConnectionRefused, Refused(refusal))
            })?;
            let (stream, service) = this.tls.accept(stream, service).await?;
            let certificate = certificate(&stream).map(Arc::new);
            let peer = Peer { certificate, _connection: Arc::new(connection) };
            Ok((stream, Extension(peer).layer(service)))
        })
    }
}

/// The certificate of the client. Its CA was checked in the handshake.
fn certificate(stream: &TlsStream<TcpStream>) -> Option<ClientCertificate> {
    let certificates = stream.get_ref().1.peer_certificates()?;
    ClientCertificate::parse(certificates.first()?)
}

#[cfg(test)]
mod tests {
    use std::net::IpAddr;
    use std::sync::{Arc, Mutex};

    use super::{Connections, Observer, Refusal, network};
    use crate::serve::observer::Reload;

    /// Counts connections.
    #[derive(Debug, Default)]
    struct Counter(Mutex<i32>);

    impl Observer for Counter {
        fn connection_opened(&self) {
            *self.0.lock().expect("no panic") += 1;
        }

        fn connection_closed(&self) {
            *self.0.lock().expect("no panic") -= 1;
        }

        fn connection_refused(&self, _: Refusal) {}

        fn certificate_reloaded(&self, _: Reload) {}

        fn certificate_expires(&self, _: i64) {}
    }

    fn address(text: &str) -> IpAddr {
        text.parse().expect("an address")
    }

    #[test]
    fn connections_are_limited_by_address_and_in_all() {
        let counter = Arc::new(Counter::default());
        let connections = Connections::new(3, 2, counter.clone());
        let open = |text| connections.open(address(text));
        let first = open("192.0.2.1").expect("room");
        let _second = open("::ffff:192.0.2.1").expect("room");
        assert_eq!(open("192.0.2.1").err(), Some(Refusal::TooManyOfAddress));
        let _other = open("192.0.2.2").expect("room");
        assert_eq!(open("192.0.2.3").err(), Some(Refusal::TooMany));
        assert_eq!(*counter.0.lock().expect("no panic"), 3);
        drop(first);
        assert_eq!(*counter.0.lock().expect("no panic"), 2);
        assert!(open("192.0.2.3").is_ok());
        assert!(open("192.0.2.1").is_ok());
    }

    #[test]
    fn ipv6_network_is_one_address() {
        assert_eq!(network(address("2001:db8::1:2:3:4")), address("2001:db8::"));
        assert_eq!(network(address("::ffff:192.0.2.1")), address("192.0.2.1"));
    }
}
