//! The command line.

mod generate;

use std::num::{NonZeroU64, NonZeroUsize};
use std::path::{Path, PathBuf};
use std::thread;

use clap::builder::PossibleValue;
use clap::{Args as ClapArgs, ColorChoice, Parser, Subcommand, ValueEnum};
use clap_complete::Shell;
use volcano_job_clients::{FieldManager, Verb};
use volcano_job_update::status::StatusCodes;
use volcano_job_update_programs::status_codes_parser;

use crate::explain::Code;

pub(crate) use self::generate::{
    ArgocdArgs, ArgocdTarget, ConfigurationArgs, DeploymentArgs, FailurePolicy, Generate,
    PatchTarget,
};

/// Check updates of Volcano Jobs: is a replacement allowed, and if not, which fields are denied?
#[derive(Debug, Parser)]
#[command(name = "volcano-job-update", version, max_term_width = 100, after_help = EXIT_STATUSES)]
pub(crate) struct Args {
    #[command(subcommand)]
    pub(crate) command: Command,
    /// When to use colours; auto is: on a terminal, unless `NO_COLOR` is set
    #[arg(long, value_enum, global = true, value_name = "auto|always|never", default_value_t = ColorChoice::Auto)]
    pub(crate) color: ColorChoice,
}

const EXIT_STATUSES: &str = "\
Exit status:
  check      0 allowed, 1 denied or refused, 2 error
  diff       0 no changes, 1 changes, 2 error
  replace    0 a response with 2xx, 1 any other response, 2 error
  admit      0 allowed, 1 denied, 2 error
  all others 0 success, 2 error";

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Check whether EXISTING may be replaced by REPLACEMENT, or what applying REPLACEMENT makes of it
    ///
    /// Exit status: 0 allowed, 1 denied or refused, 2 error. Of several Jobs the highest counts.
    #[command(after_help = "Example:\n  volcano-job-update check live.yaml job.yaml")]
    Check {
        #[command(flatten)]
        pair: Pair,
        /// What to print
        #[arg(short, long, alias = "format", value_enum, default_value_t = CheckOutput::Text)]
        output: CheckOutput,
        /// What to do if Volcano's own webhook, where it runs, will deny an update that the policy allows:
        /// nothing, warn, or take it for denied
        #[arg(long, value_enum, value_name = "off|warn|require", default_value_t = VolcanoWebhook::Warn)]
        volcano_webhook: VolcanoWebhook,
        /// The status codes of the webhook, for --output kubectl
        #[arg(long, value_name = "CODES", default_value = "documented", value_parser = status_codes_parser())]
        status_codes: StatusCodes,
    },
    /// Show the changes from EXISTING to REPLACEMENT
    ///
    /// Exit status: 0 no changes, 1 changes, 2 error. Of several Jobs the highest counts.
    #[command(after_help = "Example:\n  volcano-job-update diff --show-values live.yaml job.yaml")]
    Diff {
        #[command(flatten)]
        pair: Pair,
        /// What to print
        #[arg(short, long, alias = "format", value_enum, default_value_t = DiffOutput::Unified)]
        output: DiffOutput,
    },
    /// Respond to a PUT request for EXISTING with the body BODY, as an API server does
    ///
    /// Prints the body of the response, and warnings to standard error. Exit status: 0 success, 1 denied,
    /// 2 error.
    #[command(after_help = "Example:\n  volcano-job-update replace --uri \
        '/apis/batch.volcano.sh/v1alpha1/namespaces/default/jobs/hello?pretty=true' stored.json body.json")]
    Replace(Replace),
    /// Put back into REPLACEMENT the fields that Volcano filled in when EXISTING was created
    ///
    /// Prints REPLACEMENT with these fields, in its own format. Exit status: 0 success, 2 error.
    #[command(
        after_help = "Example:\n  volcano-job-update restore live.yaml job.yaml >restored.yaml"
    )]
    Restore {
        #[command(flatten)]
        jobs: Jobs,
        /// How REPLACEMENT will reach the API server: only fields that this takes away are put back
        #[arg(long, value_enum, default_value_t = VerbName::Replace)]
        verb: VerbName,
        /// Who applies with --verb server-side-apply
        #[arg(long, value_name = "NAME", default_value = "kubectl", value_parser = field_manager)]
        field_manager: FieldManager,
        /// What to print
        #[arg(short, long, alias = "format", value_enum, default_value_t = RestoreOutput::Manifest)]
        output: RestoreOutput,
    },
    /// Respond to an admission review, as the webhook does
    ///
    /// Prints the review with the response. Exit status: 0 allowed, 1 denied, 2 error.
    #[command(after_help = "Example:\n  volcano-job-update admit --policy admission review.json")]
    Admit {
        /// The policy: documented, admission, volcano, permissive, or a policy file (JSON or YAML)
        #[arg(
            long,
            value_name = "documented|admission|volcano|permissive|FILE",
            default_value = "admission"
        )]
        policy: String,
        /// Use the schema in this CRD of Volcano's Job (JSON or YAML) instead of the built-in one
        #[arg(long, value_name = "FILE")]
        crd: Option<PathBuf>,
        /// The status codes of a denial
        #[arg(long, value_name = "CODES", default_value = "documented", value_parser = status_codes_parser())]
        status_codes: StatusCodes,
        /// Respond as the mutating webhook, which puts back the fields that Volcano filled in at creation
        #[arg(long)]
        restore: bool,
        /// The body of the request to the webhook: a JSON file, or - for standard input
        review: PathBuf,
    },
    /// Print the manifests with which a cluster enforces a policy, and patches for Volcano's webhook and
    /// Argo CD, as YAML
    #[command(
        subcommand,
        after_help = "Example:\n  volcano-job-update generate \
        webhook-configuration | kubectl apply -f -"
    )]
    Generate(Generate),
    /// Explain a violation code, or list all of them
    #[command(after_help = "Example:\n  volcano-job-update explain immutable-field")]
    Explain {
        /// A violation code, such as immutable-field
        code: Option<Code>,
    },
    /// Print the completions for a shell
    #[command(after_help = "Example:\n  source <(volcano-job-update completion bash)")]
    Completion {
        /// The shell
        #[arg(value_enum)]
        shell: Shell,
    },
    /// Write a man page for each command
    #[command(after_help = "Example:\n  volcano-job-update man ~/.local/share/man/man1")]
    Man {
        /// The directory for the pages
        directory: PathBuf,
    },
}

/// What the verdict of Volcano's own webhook counts for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum VolcanoWebhook {
    /// It is not asked
    Off,
    /// A denial is a warning
    Warn,
    /// A denial is a warning, and the exit status is 1
    Require,
}

/// An update, and the options for reviewing it.
#[derive(Clone, Debug, ClapArgs)]
pub(crate) struct Pair {
    /// The policy: documented, admission, volcano, permissive, or a policy file (JSON or YAML)
    #[arg(
        long,
        value_name = "documented|admission|volcano|permissive|FILE",
        default_value = "documented"
    )]
    pub(crate) policy: String,
    /// Show old and new values, which may be secrets
    #[arg(long)]
    pub(crate) show_values: bool,
    /// Use the schema in this CRD of Volcano's Job (JSON or YAML) instead of the built-in one
    #[arg(long, value_name = "FILE")]
    pub(crate) crd: Option<PathBuf>,
    /// A patch of EXISTING instead of REPLACEMENT (JSON or YAML): a list is a JSON Patch, an object a
    /// JSON Merge Patch
    #[arg(long, value_name = "FILE", conflicts_with_all = ["replacement", "verb", "from_cluster", "base"])]
    patch: Option<PathBuf>,
    #[command(flatten)]
    pub(crate) client: Client,
    /// Take the existing Jobs from this revision of git (a branch, tag or commit), and the replacements
    /// from the same paths in the working tree
    #[arg(long, value_name = "REVISION", conflicts_with = "from_cluster")]
    pub(crate) base: Option<String>,
    /// How many Jobs are judged at the same time; by default as many as there are processors
    #[arg(long, value_name = "NUMBER")]
    jobs: Option<NonZeroUsize>,
    /// The Job in the cluster: a JSON or YAML file, or - for standard input. A file with several Jobs, a
    /// directory or a glob in quotes has many; each is compared with the Job of the same namespace and
    /// name in REPLACEMENT. With --from-cluster the manifest of the update, with --base the first path
    existing: PathBuf,
    /// The Job that replaces it, or the manifest that is applied; as EXISTING. With --base another path
    #[arg(required_unless_present_any = ["patch", "from_cluster", "base"], conflicts_with = "from_cluster")]
    replacement: Option<PathBuf>,
    /// More paths with --base
    #[arg(value_name = "PATH")]
    more: Vec<PathBuf>,
}

/// How the update is made, and where the existing Job is.
#[derive(Clone, Debug, ClapArgs)]
pub(crate) struct Client {
    /// How the manifest reaches the API server; by default as EXISTING was applied before, else replace
    #[arg(long, value_enum)]
    verb: Option<ClientVerb>,
    /// Who applies with --verb server-side-apply
    #[arg(long, value_name = "NAME", default_value = "kubectl", value_parser = field_manager)]
    field_manager: FieldManager,
    /// Take fields from their managers with --verb server-side-apply
    #[arg(long)]
    pub(crate) force_conflicts: bool,
    /// Get EXISTING from the cluster, with kubectl
    #[arg(long)]
    pub(crate) from_cluster: bool,
    /// The context for kubectl
    #[arg(long, value_name = "NAME", requires = "from_cluster")]
    pub(crate) context: Option<String>,
    /// The kubeconfig for kubectl
    #[arg(long, value_name = "FILE", requires = "from_cluster")]
    pub(crate) kubeconfig: Option<PathBuf>,
}

/// The ways to update a Job.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum VerbName {
    /// kubectl apply
    Apply,
    /// kubectl apply --server-side, Flux, Argo CD with server-side apply
    ServerSideApply,
    /// kubectl replace
    Replace,
    /// kubectl edit
    Edit,
}

/// A way to update a Job, by a manifest or by a patch.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum ClientVerb {
    Manifest(VerbName),
    Patch,
}

impl ValueEnum for ClientVerb {
    fn value_variants<'a>() -> &'a [Self] {
        &[
            Self::Manifest(VerbName::Apply),
            Self::Manifest(VerbName::ServerSideApply),
            Self::Manifest(VerbName::Replace),
            Self::Manifest(VerbName::Edit),
            Self::Patch,
        ]
    }

    fn to_possible_value(&self) -> Option<PossibleValue> {
        match self {
            Self::Manifest(verb) => verb.to_possible_value(),
            Self::Patch => {
                let help = "kubectl patch: REPLACEMENT is a JSON Patch or a JSON Merge Patch, as with --patch";
                Some(PossibleValue::new("patch").help(help))
            }
        }
    }
}

fn field_manager(name: &str) -> Result<FieldManager, String> {
    FieldManager::new(name)
        .ok_or_else(|| "it must have 1 to 128 bytes and only printable characters".into())
}

impl VerbName {
    /// The verb; server-side apply as this manager.
    pub(crate) fn verb(self, manager: &FieldManager, force: bool) -> Verb {
        match self {
            Self::Apply => Verb::Apply,
            Self::ServerSideApply => Verb::ServerSideApply { manager: manager.clone(), force },
            Self::Replace => Verb::Replace,
            Self::Edit => Verb::Edit,
        }
    }
}

impl Client {
    /// The verb for a manifest that the command line names.
    pub(crate) fn verb(&self) -> Option<Verb> {
        match self.verb? {
            ClientVerb::Manifest(verb) => {
                Some(verb.verb(&self.field_manager, self.force_conflicts))
            }
            ClientVerb::Patch => None,
        }
    }
}

/// Where the Jobs of an update are.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Source<'a> {
    Files {
        existing: &'a Path,
        manifest: &'a Path,
    },
    /// A patch of the existing Job.
    Patch {
        existing: &'a Path,
        patch: &'a Path,
    },
    /// The existing Job is that of the manifest's namespace and name in the cluster.
    Cluster {
        manifest: &'a Path,
    },
}

impl Pair {
    /// EXISTING, REPLACEMENT and more paths.
    pub(crate) fn paths(&self) -> Vec<&Path> {
        let paths = [&self.existing].into_iter().chain(&self.replacement).chain(&self.more);
        paths.map(PathBuf::as_path).collect()
    }

    /// How many Jobs are judged at the same time.
    pub(crate) fn threads(&self) -> usize {
        let available = || thread::available_parallelism().unwrap_or(NonZeroUsize::MIN);
        self.jobs.unwrap_or_else(available).get()
    }

    /// The same question about `kubectl replace`.
    pub(crate) fn replacing(&self) -> Self {
        let client =
            Client { verb: Some(ClientVerb::Manifest(VerbName::Replace)), ..self.client.clone() };
        Self { client, ..self.clone() }
    }

    /// The same question about `kubectl replace` or `kubectl patch`; `None` if it is about another verb.
    pub(crate) fn replacing_or_patching(&self) -> Option<Self> {
        match self.client.verb {
            None => Some(self.replacing()),
            Some(ClientVerb::Patch | ClientVerb::Manifest(VerbName::Replace)) => Some(self.clone()),
            Some(ClientVerb::Manifest(_)) => None,
        }
    }

    #[expect(clippy::expect_used, reason = "clap requires one of the three")]
    pub(crate) fn source(&self) -> Source<'_> {
        let existing = &*self.existing;
        if let Some(patch) = &self.patch {
            return Source::Patch { existing, patch };
        }
        if self.client.from_cluster {
            return Source::Cluster { manifest: existing };
        }
        let manifest = self.replacement.as_deref();
        let manifest =
            manifest.expect("REPLACEMENT is required without --patch and --from-cluster");
        if self.client.verb == Some(ClientVerb::Patch) {
            return Source::Patch { existing, patch: manifest };
        }
        Source::Files { existing, manifest }
    }
}

/// A PUT request and the stored Job.
#[derive(Debug, ClapArgs)]
pub(crate) struct Replace {
    /// The path and query of the request
    #[arg(long, value_name = "/apis/…/jobs/NAME?pretty=true")]
    pub(crate) uri: String,
    /// The policy: documented, admission, volcano, permissive, or a policy file (JSON or YAML)
    #[arg(
        long,
        value_name = "documented|admission|volcano|permissive|FILE",
        default_value = "documented"
    )]
    pub(crate) policy: String,
    /// The status codes of a denial
    #[arg(long, value_name = "CODES", default_value = "documented", value_parser = status_codes_parser())]
    pub(crate) status_codes: StatusCodes,
    /// Create the Job if none is stored
    #[arg(long)]
    pub(crate) allow_create: bool,
    /// The resourceVersion of the Job after the request; by default the next number
    #[arg(long, value_name = "NUMBER")]
    pub(crate) resource_version: Option<NonZeroU64>,
    /// Include metadata.selfLink in the response, as the documentation does
    #[arg(long)]
    pub(crate) self_link: bool,
    /// What to print
    #[arg(short, long, alias = "format", value_enum, default_value_t = ReplaceOutput::Body)]
    pub(crate) output: ReplaceOutput,
    /// Use the schema in this CRD of Volcano's Job (JSON or YAML) instead of the built-in one
    #[arg(long, value_name = "FILE")]
    pub(crate) crd: Option<PathBuf>,
    /// The stored Job: a JSON or YAML file, or - for standard input, which is empty if none is stored
    pub(crate) existing: PathBuf,
    /// The body of the request: a file, of YAML only if its name says so, or - for standard input
    pub(crate) body: PathBuf,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
pub(crate) enum ReplaceOutput {
    /// The body of the response
    Body,
    /// The status code, the body, the Job to store and the warnings, in one object
    Json,
}

/// Two Jobs and the schema.
#[derive(Debug, ClapArgs)]
pub(crate) struct Jobs {
    /// Use the schema in this CRD of Volcano's Job (JSON or YAML) instead of the built-in one
    #[arg(long, value_name = "FILE")]
    pub(crate) crd: Option<PathBuf>,
    /// The Job in the cluster: a JSON or YAML file, or - for standard input
    pub(crate) existing: PathBuf,
    /// The Job that replaces it: a JSON or YAML file, or - for standard input
    pub(crate) replacement: PathBuf,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
pub(crate) enum RestoreOutput {
    /// The whole manifest
    Manifest,
    /// The added fields, as a JSON Patch (RFC 6902)
    JsonPatch,
}

/// What `check` prints.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum CheckOutput {
    /// For people
    Text,
    /// For programs, see schemas/report.schema.json
    Json,
    /// What kubectl replace prints when the webhook answers
    Kubectl,
    /// SARIF 2.1.0, for code scanning and editors
    Sarif,
    /// Workflow commands of GitHub Actions, which annotate pull requests; also appends a table to the
    /// file in `GITHUB_STEP_SUMMARY`
    Github,
    /// `JUnit` XML with a test for each Job, for the reports of CI systems
    Junit,
    /// A page for a browser, in one file
    Html,
}

/// What `diff` prints.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum DiffOutput {
    /// The changed lines of the Job as YAML
    Unified,
    /// The paths of the changes
    #[value(alias = "text")]
    Tree,
    /// For programs, see schemas/report.schema.json
    Json,
    /// A JSON Patch (RFC 6902)
    JsonPatch,
    /// A JSON Merge Patch (RFC 7396)
    MergePatch,
    /// A page for a browser, in one file
    Html,
}
