//! The command line.

use std::num::NonZeroU64;
use std::path::PathBuf;

use clap::{Args as ClapArgs, Parser, Subcommand, ValueEnum};
use volcano_job_update::ViolationCode;
use volcano_job_update::status::StatusCodes;

use crate::generate::Generate;

/// May this Volcano Job be replaced by that one, and if not, which fields stand in the way?
#[derive(Debug, Parser)]
#[command(version, max_term_width = 100)]
pub(crate) struct Args {
    #[command(subcommand)]
    pub(crate) command: Command,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Say whether EXISTING may be replaced by REPLACEMENT
    ///
    /// Exit status: 0 allowed, 1 denied, 2 no verdict possible.
    Check {
        #[command(flatten)]
        pair: Pair,
        /// How to print the verdict
        #[arg(long, value_enum, default_value_t = CheckFormat::Text)]
        format: CheckFormat,
        /// Print what kubectl replace would print if a webhook gave the verdict
        #[arg(long, conflicts_with = "format")]
        as_kubectl: bool,
        /// Which HTTP status codes the webhook would give
        #[arg(long, value_enum, default_value_t = Codes::Documented, requires = "as_kubectl")]
        status_codes: Codes,
    },
    /// Show what differs between EXISTING and REPLACEMENT
    ///
    /// Exit status: 0 no change, 1 changes, 2 error.
    Diff {
        #[command(flatten)]
        pair: Pair,
        /// How to print the changes
        #[arg(long, value_enum, default_value_t = DiffFormat::Text)]
        format: DiffFormat,
    },
    /// Answer the request that puts BODY in the place of EXISTING, as an API server would
    ///
    /// Prints the body of the answer, and warnings to the standard error. Exit status: 0 carried out,
    /// 1 denied, 2 error.
    Replace(Replace),
    /// Put back into REPLACEMENT what Volcano filled in when EXISTING was created
    ///
    /// Prints REPLACEMENT with those fields, in the format it came in. Exit status: 0, or 2 for
    /// error.
    Restore {
        #[command(flatten)]
        jobs: Jobs,
        /// What to print
        #[arg(long, value_enum, default_value_t = RestoreFormat::Manifest)]
        format: RestoreFormat,
    },
    /// Answer an admission review as a webhook would
    ///
    /// Prints what a webhook would send back. Exit status: 0 allowed, 1 denied, 2 no answer possible.
    Admit {
        /// By which rule: documented, admission, or a policy file (JSON or YAML)
        #[arg(long, value_name = "documented|admission|FILE", default_value = "admission")]
        policy: String,
        /// Compare by the schema in this CRD of Volcano's Job (JSON or YAML) instead of the built-in one
        #[arg(long, value_name = "FILE")]
        crd: Option<PathBuf>,
        /// Which HTTP status codes a denial has
        #[arg(long, value_enum, default_value_t = Codes::Documented)]
        status_codes: Codes,
        /// Answer as the mutating webhook, which puts back what Volcano filled in at creation
        #[arg(long)]
        restore: bool,
        /// The body of the request to the webhook: a JSON file, or - for standard input
        review: PathBuf,
    },
    /// Print what a cluster needs so that updates are judged there, as YAML
    #[command(subcommand)]
    Generate(Generate),
    /// Explain a code, or list all of them
    Explain {
        /// A code of a violation, such as immutable-field
        code: Option<ViolationCode>,
    },
}

/// Two Jobs and how to look at them.
#[derive(Debug, ClapArgs)]
pub(crate) struct Pair {
    /// By which rule: documented, admission, permissive, or a policy file (JSON or YAML)
    #[arg(long, value_name = "documented|admission|permissive|FILE", default_value = "documented")]
    pub(crate) policy: String,
    /// Show old and new values, which may be secrets
    #[arg(long)]
    pub(crate) show_values: bool,
    /// Compare by the schema in this CRD of Volcano's Job (JSON or YAML) instead of the built-in one
    #[arg(long, value_name = "FILE")]
    pub(crate) crd: Option<PathBuf>,
    /// A patch of EXISTING instead of a REPLACEMENT (JSON or YAML): a list is a JSON Patch, an object a
    /// JSON Merge Patch
    #[arg(long, value_name = "FILE", conflicts_with = "replacement")]
    pub(crate) patch: Option<PathBuf>,
    /// The Job as it is in the cluster: a JSON or YAML file, or - for standard input
    pub(crate) existing: PathBuf,
    /// The Job that is to replace it: a JSON or YAML file, or - for standard input
    #[arg(required_unless_present = "patch")]
    pub(crate) replacement: Option<PathBuf>,
}

/// A request and what is stored.
#[derive(Debug, ClapArgs)]
pub(crate) struct Replace {
    /// Where the request goes to: path and query
    #[arg(long, value_name = "/apis/…/jobs/NAME?pretty=true")]
    pub(crate) uri: String,
    /// By which rule: documented, admission, permissive, or a policy file (JSON or YAML)
    #[arg(long, value_name = "documented|admission|permissive|FILE", default_value = "documented")]
    pub(crate) policy: String,
    /// Which status codes to answer with
    #[arg(long, value_enum, default_value_t = Codes::Documented)]
    pub(crate) status_codes: Codes,
    /// Create the Job if none is stored
    #[arg(long)]
    pub(crate) allow_create: bool,
    /// The resourceVersion that what is stored gets; by default the next number
    #[arg(long, value_name = "NUMBER")]
    pub(crate) resource_version: Option<NonZeroU64>,
    /// Show metadata.selfLink in the answer, as the documentation does
    #[arg(long)]
    pub(crate) self_link: bool,
    /// What to print
    #[arg(long, value_enum, default_value_t = ReplaceFormat::Body)]
    pub(crate) format: ReplaceFormat,
    /// Read and validate by the schema in this CRD of Volcano's Job (JSON or YAML)
    #[arg(long, value_name = "FILE")]
    pub(crate) crd: Option<PathBuf>,
    /// The Job that is stored: a JSON or YAML file, or - for standard input, which is empty if none is
    pub(crate) existing: PathBuf,
    /// The body of the request: a file, of YAML only if its name says so, or - for standard input
    pub(crate) body: PathBuf,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
pub(crate) enum Codes {
    /// Those that the documentation of the request lists
    Documented,
    /// Those of an API server
    Kubernetes,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
pub(crate) enum ReplaceFormat {
    /// The body of the answer
    Body,
    /// Code, body, what to store and warnings, in one object
    Json,
}

/// Two Jobs and what a Job is.
#[derive(Debug, ClapArgs)]
pub(crate) struct Jobs {
    /// Compare by the schema in this CRD of Volcano's Job (JSON or YAML) instead of the built-in one
    #[arg(long, value_name = "FILE")]
    pub(crate) crd: Option<PathBuf>,
    /// The Job as it is in the cluster: a JSON or YAML file, or - for standard input
    pub(crate) existing: PathBuf,
    /// The Job that is to replace it: a JSON or YAML file, or - for standard input
    pub(crate) replacement: PathBuf,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
pub(crate) enum RestoreFormat {
    /// The whole manifest
    Manifest,
    /// What is added, as a JSON Patch (RFC 6902)
    JsonPatch,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
pub(crate) enum CheckFormat {
    /// For people
    Text,
    /// For programs, see schemas/report.schema.json
    Json,
}

impl From<Codes> for StatusCodes {
    fn from(codes: Codes) -> Self {
        match codes {
            Codes::Documented => Self::Documented,
            Codes::Kubernetes => Self::Kubernetes,
        }
    }
}

#[derive(Clone, Copy, Debug, ValueEnum)]
pub(crate) enum DiffFormat {
    /// For people
    Text,
    /// For programs, see schemas/report.schema.json
    Json,
    /// As a JSON Patch (RFC 6902)
    JsonPatch,
    /// As a JSON Merge Patch (RFC 7396)
    MergePatch,
}
