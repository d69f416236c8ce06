//! The program, run as a separate process.

#![expect(clippy::expect_used, reason = "a panic fails the test")]

mod admit;
mod argocd;
mod base;
mod check;
mod escapes;
mod generate;
mod html;
mod manual;
mod many;
mod replace;
mod restore;
mod terminal;
mod texts;
mod unified;
mod util;
mod verbs;
