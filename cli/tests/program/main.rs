//! The program, run as a separate process.

#![expect(clippy::expect_used, reason = "a panic fails the test")]

mod admit;
mod argocd;
mod check;
mod escapes;
mod generate;
mod html;
mod replace;
mod restore;
mod terminal;
mod unified;
mod util;
mod verbs;
