//! The webhook over TLS, as API servers and others meet it.

#![expect(clippy::expect_used, clippy::panic, clippy::indexing_slicing, reason = "a test may fail")]

mod answers;
mod bad_clients;
mod operation;
mod start;
mod util;
