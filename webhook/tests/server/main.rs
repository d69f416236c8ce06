//! The program as its clients see it: HTTPS requests in, answers, metrics and logs out.

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
