//! Tests of the program through its interfaces: HTTPS requests, answers, metrics and logs.

#![expect(
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a panic fails the test"
)]

mod answers;
mod bad_clients;
mod operation;
mod start;
mod util;
