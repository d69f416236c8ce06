//! The command line.

use std::path::PathBuf;

use clap::{Args as ClapArgs, Parser, Subcommand, ValueEnum};
use volcano_job_update::Code;

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
    /// Exit status: 0 permitted, 1 refused, 2 no verdict possible.
    Check {
        #[command(flatten)]
        pair: Pair,
        /// How to print the verdict
        #[arg(long, value_enum, default_value_t = CheckFormat::Text)]
        format: CheckFormat,
    },
    /// Show what differs between EXISTING and REPLACEMENT
    ///
    /// Exit status: 0 no change, 1 changes, 2 trouble.
    Diff {
        #[command(flatten)]
        pair: Pair,
        /// How to print the changes
        #[arg(long, value_enum, default_value_t = DiffFormat::Text)]
        format: DiffFormat,
    },
    /// Put back into REPLACEMENT what Volcano filled in when EXISTING was created
    ///
    /// Prints REPLACEMENT with those fields, in the format it came in. Exit status: 0, or 2 for
    /// trouble.
    Restore {
        #[command(flatten)]
        jobs: Jobs,
        /// What to print
        #[arg(long, value_enum, default_value_t = RestoreFormat::Manifest)]
        format: RestoreFormat,
    },
    /// Explain a code, or list all of them
    Explain {
        /// A code of a finding, such as immutable-field
        code: Option<Code>,
    },
}

/// Two Jobs and how to look at them.
#[derive(Debug, ClapArgs)]
pub(crate) struct Pair {
    /// By which rule: documented, admission, or a policy file (JSON or YAML)
    #[arg(long, value_name = "documented|admission|FILE", default_value = "documented")]
    pub(crate) policy: String,
    /// Show old and new values, which may be secrets
    #[arg(long)]
    pub(crate) show_values: bool,
    #[command(flatten)]
    pub(crate) jobs: Jobs,
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
