//! What a program learns about its server.

use std::fmt;

/// Gets what happens to connections and to the certificate, for a program's metrics.
pub trait Observer: fmt::Debug + Send + Sync {
    /// A connection is open. It is reported before its TLS handshake.
    fn connection_opened(&self);

    /// An open connection has ended.
    fn connection_closed(&self);

    /// A connection was refused, or failed before its first request.
    fn connection_refused(&self, refusal: Refusal);

    /// Changed files of the certificate are in use, or cannot be used.
    fn certificate_reloaded(&self, reload: Reload);

    /// When the certificate in use expires, in seconds since 1970. It is reported at the start and
    /// for each other certificate.
    fn certificate_expires(&self, not_after: i64);
}

/// The reason for refusing a connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[expect(clippy::exhaustive_enums, reason = "a program counts each of them")]
pub enum Refusal {
    /// There are as many connections as there may be.
    TooMany,
    /// There are as many of this address as there may be.
    TooManyOfAddress,
    /// The TLS handshake failed, or the connection could not be accepted.
    Handshake,
}

/// The result of reloading changed certificate files.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[expect(clippy::exhaustive_enums, reason = "it succeeds or fails")]
pub enum Reload {
    /// They are in use.
    Success,
    /// They cannot be used.
    Error,
}

impl Refusal {
    /// The name of the reason.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::TooMany => "too-many",
            Self::TooManyOfAddress => "too-many-of-address",
            Self::Handshake => "handshake",
        }
    }
}

impl Reload {
    /// The name of the result.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Success => "success",
            Self::Error => "error",
        }
    }
}
