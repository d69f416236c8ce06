//! The program, run as a separate process.

#![expect(clippy::expect_used, reason = "a panic fails the test")]

mod admit;
mod argocd;
mod base;
mod check;
mod ci;
mod escapes;
mod generate;
mod github;
mod html;
mod junit;
mod manual;
mod many;
mod replace;
mod restore;
mod sarif;
mod terminal;
mod texts;
mod unified;
mod util;
mod verbs;
