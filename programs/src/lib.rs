//! Code shared by the programs of `volcano-job-update`: reading files, YAML, policies and CRDs, the
//! option `--status-codes`, certificates (module and feature `tls`), and servers that isolate their clients
//! from each other (module and feature `serve`).
//!
//! This crate is not part of the public interface of the project. It may change in any release, and
//! the programs depend on its exact version.

mod config;
mod file;
#[cfg(feature = "serve")]
pub mod serve;
mod slips;
mod status_codes;
#[cfg(feature = "tls")]
pub mod tls;
mod yaml;

pub use self::config::{ConfigError, read_crd, read_policy, validator};
pub use self::file::{FileError, display_name, is_stdin, read_file, read_prefix};
pub use self::slips::Slip;
pub use self::status_codes::status_codes_parser;
pub use self::yaml::{
    FieldPlaces, Manifest, Manifests, YamlError, is_plain_text, parse_manifest, parse_manifests,
    parse_yaml,
};
/// Escapes what is not printable in a text that goes to a terminal or a log, as JSON does.
#[doc(inline)]
pub use volcano_job_update::internals::printable;
pub use volcano_job_update::internals::{Place, Position, json_places};

/// How long an API server waits for the webhook, in seconds: the `timeoutSeconds` of a generated
/// configuration, which the webhook's own deadline is below.
pub const WEBHOOK_TIMEOUT_SECONDS: u8 = 5;

/// The name of the webhook that is called at this path, as a generated configuration registers it and
/// kubectl shows it with a denial. Names are unique in a cluster.
#[must_use]
pub fn webhook_name(path: &str) -> String {
    format!("{path}.volcano-job-update.github.io")
}
