//! The command line.

use std::net::SocketAddr;
use std::path::PathBuf;

use clap::{ArgGroup, Parser};
use tracing::level_filters::LevelFilter;
use volcano_job_update::status::StatusCodes;
use volcano_job_update_programs::serve::{Bounds, LogFormat};
use volcano_job_update_programs::status_codes_parser;

/// A small API server for Volcano Jobs
///
/// Serves the API of batch.volcano.sh/v1alpha1 over HTTPS to kubectl and client libraries, judges updates
/// by a policy, and prints a kubeconfig. Without --token-auth-file and --client-ca-file it makes a token
/// of its own.
///
/// SIGHUP: read the policy, the CRD, the certificate, the tokens and the rules again. Exit status: 0 after
/// SIGTERM or SIGINT, 2 for an error at the start.
///
/// Example: volcano-job-server --data-dir data --write-kubeconfig kubeconfig
#[derive(Debug, Parser)]
#[command(version, max_term_width = 100)]
#[command(mut_arg("drain_delay", |option| option.default_value("0")))]
#[command(mut_arg("read_timeout", |option| option.default_value("90")))]
#[command(mut_arg("max_connections", |option| option.default_value("4096")))]
#[command(mut_arg("max_connections_per_address", |option| option.default_value("4096")))]
#[command(group = ArgGroup::new("store").required(true))]
pub(crate) struct Args {
    /// Keep the Jobs in this directory, with the certificate and the token that the server makes
    #[arg(long, value_name = "DIR", group = "store")]
    pub(crate) data_dir: Option<PathBuf>,
    /// Keep the Jobs in memory only
    #[arg(long, group = "store")]
    pub(crate) memory: bool,
    #[command(flatten)]
    pub(crate) etcd: EtcdArgs,
    /// Where the server makes a certificate and a token, instead of in the data directory; without both,
    /// they are made anew at each start
    #[arg(long, value_name = "DIR")]
    pub(crate) cert_dir: Option<PathBuf>,
    /// The address to listen on
    #[arg(long, value_name = "ADDRESS:PORT", default_value = "127.0.0.1:6443")]
    pub(crate) listen: SocketAddr,
    /// Write the kubeconfig to this file instead of standard output
    #[arg(long, value_name = "FILE")]
    pub(crate) write_kubeconfig: Option<PathBuf>,
    /// The tokens of clients, in kube-apiserver's format, instead of one that the server makes
    #[arg(long, value_name = "FILE")]
    pub(crate) token_auth_file: Option<PathBuf>,
    /// The roles and bindings of RBAC, as YAML or JSON, which say who may do what; without them,
    /// everybody who is authenticated may do everything
    #[arg(long, value_name = "DIR")]
    pub(crate) rbac_dir: Option<PathBuf>,
    /// Append a line about each request to this file, or write it to standard output (-)
    #[arg(long, value_name = "FILE")]
    pub(crate) audit_log_path: Option<PathBuf>,
    #[command(flatten)]
    pub(crate) rule: RuleArgs,
    #[command(flatten)]
    pub(crate) tls: TlsArgs,
    #[command(flatten)]
    pub(crate) bounds: Bounds,
    /// The format of the log, which goes to standard error
    #[arg(long, value_enum, default_value_t = LogFormat::Text)]
    pub(crate) log_format: LogFormat,
    /// The lowest level that is logged: error, warn, info, debug or off
    #[arg(long, value_name = "LEVEL", default_value = "info")]
    pub(crate) log_level: LevelFilter,
}

/// Jobs that are shared with other servers and with kube-apiservers.
#[derive(Debug, clap::Args)]
pub(crate) struct EtcdArgs {
    /// Keep the Jobs in etcd, where a kube-apiserver keeps them: http:// or https:// and the address of
    /// each member, separated by commas
    #[arg(long = "etcd", value_name = "URL,…", group = "store", value_delimiter = ',')]
    pub(crate) endpoints: Vec<String>,
    /// The prefix of all keys, as for kube-apiserver
    #[arg(
        long = "etcd-prefix",
        value_name = "PREFIX",
        default_value = "/registry",
        requires = "endpoints"
    )]
    pub(crate) prefix: String,
    /// The CAs of etcd, as PEM, instead of those of the system
    #[arg(long = "etcd-cafile", value_name = "FILE", requires = "endpoints")]
    pub(crate) ca: Option<PathBuf>,
    /// The certificate to show to etcd, as PEM
    #[arg(long = "etcd-certfile", value_name = "FILE", requires = "key")]
    pub(crate) certificate: Option<PathBuf>,
    /// Its key, as PEM
    #[arg(long = "etcd-keyfile", value_name = "FILE", requires = "certificate")]
    pub(crate) key: Option<PathBuf>,
    /// A file with the user of etcd and the password, as USER:PASSWORD
    #[arg(long = "etcd-user-file", value_name = "FILE", requires = "endpoints")]
    pub(crate) user_file: Option<PathBuf>,
}

/// What updates are judged by, and how they are answered.
#[derive(Clone, Debug, clap::Args)]
pub(crate) struct RuleArgs {
    /// The policy: documented, admission, volcano, permissive, or a policy file (JSON or YAML)
    #[arg(
        long,
        value_name = "documented|admission|volcano|permissive|FILE",
        default_value = "documented"
    )]
    pub(crate) policy: String,
    /// Use the schema in this CRD of Volcano's Job (JSON or YAML) instead of the built-in one
    #[arg(long, value_name = "FILE")]
    pub(crate) crd: Option<PathBuf>,
    /// The status codes of a denial
    #[arg(long, value_name = "CODES", default_value = "documented", value_parser = status_codes_parser())]
    pub(crate) status_codes: StatusCodes,
    /// Create the Job if a PUT finds none; an API server answers 404
    #[arg(long)]
    pub(crate) put_creates: bool,
    /// Create Jobs without what Volcano's webhooks fill in and deny
    #[arg(long)]
    pub(crate) no_volcano_webhooks: bool,
    /// Show metadata.selfLink, as API servers before Kubernetes 1.20 did
    #[arg(long)]
    pub(crate) self_links: bool,
}

/// The certificate.
#[derive(Debug, clap::Args)]
pub(crate) struct TlsArgs {
    /// The certificate and its chain, as PEM, instead of one that the server makes
    #[arg(long, value_name = "FILE", requires = "tls_key")]
    pub(crate) tls_cert: Option<PathBuf>,
    /// The key of the certificate, as PEM
    #[arg(long, value_name = "FILE", requires = "tls_cert")]
    pub(crate) tls_key: Option<PathBuf>,
    /// A name for which the server makes its certificate (repeatable)
    #[arg(long, value_name = "NAME", conflicts_with = "tls_cert",
        default_values_t = ["localhost", "127.0.0.1", "::1"].map(String::from))]
    pub(crate) dns_name: Vec<String>,
    /// The CAs of clients, as PEM: a certificate of one of them is a credential
    #[arg(long, value_name = "FILE")]
    pub(crate) client_ca_file: Option<PathBuf>,
}
