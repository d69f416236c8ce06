//! A small API server for [Volcano](https://volcano.sh) Jobs.
//!
//! It answers the requests that kubectl, client-go and kube-rs send for Jobs, as a kube-apiserver with
//! Volcano's CRD does, and judges updates with a [policy](volcano_job_update::UpdatePolicy) of the
//! library. Tests of a controller or a client use it in place of a cluster: [`JobServer`] is a
//! [`tower::Service`](https://docs.rs/tower-service), which a kube `Client` can be made of.
//!
//! The program `volcano-job-server` serves the same over HTTPS.

pub mod access;
mod api;
mod metrics;
mod query;
mod server;
pub mod store;
mod target;

pub use self::server::{Builder, JobServer};

/// The README, so that its example is compiled and run.
#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;
