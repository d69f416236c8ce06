//! From a request to its answer.

mod answer;
mod change;
mod discovery;
mod failure;
mod http;
mod list;
mod members;
mod openapi;
#[cfg(test)]
mod recorded;
mod selectors;
mod state;
mod view;
mod watch;

pub(crate) use self::state::{Api, Options};
