//! The error of a command.

use volcano_job_apiserver::PatchError;
use volcano_job_clients::ClientError;
use volcano_job_update::admission::RequestError;
use volcano_job_update::internals::Position;
use volcano_job_update::status::Status;
use volcano_job_update::{JobError, MergePatchError, ReviewError};
use volcano_job_update_programs::{ConfigError, FileError, Slip, YamlError};

/// An error: one line, and exit status 2.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Error {
    #[error(transparent)]
    Config(#[from] ConfigError),
    #[error(transparent)]
    File(#[from] FileError),
    #[error("only one of the two Jobs can come from standard input")]
    StdinTwice,
    #[error("{name}: this is a {kind} of {objects} objects, and one Job is needed")]
    List { name: String, kind: String, objects: usize },
    #[error("{name}: this is {what}, and a Job of batch.volcano.sh/v1alpha1 is needed")]
    OtherKind { name: String, what: String },
    #[error("{name}: none of its {count} objects is a Job of batch.volcano.sh/v1alpha1{what}")]
    NoJob { name: String, count: usize, what: String },
    #[error("{name}: this file has {count} Jobs, and {why}: {list}")]
    Candidates { name: String, count: usize, why: String, list: String },
    #[error("{job}: the {side} Job is there twice: in {first} and in {second}")]
    Twice { job: String, side: &'static str, first: String, second: String },
    #[error("{0}: a Job without a name has no counterpart among several Jobs")]
    Unnamed(String),
    #[error("{0}: the Job may be in a file of the other side that cannot be read")]
    Unread(String),
    #[error("{0}: the file has changed while it was read")]
    Changed(String),
    #[error("{name}: {slip}")]
    Slip { name: String, slip: Slip },
    #[error("{name}: the glob is not valid: {error}")]
    Glob { name: String, error: glob::PatternError },
    #[error("{0}: nothing matches this glob")]
    NoMatch(String),
    #[error("{name}: this is neither in the working tree nor in {revision}")]
    UnknownPath { name: String, revision: String },
    #[error(
        "there are {0} paths, and two are needed: EXISTING and REPLACEMENT; write a glob in quotes, or use \
         --base"
    )]
    TooManyPaths(usize),
    #[error(
        "--output kubectl has the words of kubectl replace and kubectl patch: use --verb replace or --verb \
         patch with it"
    )]
    OtherWords,
    #[error("git: {0}")]
    Git(String),
    #[error("{name}: {error}")]
    Job { name: String, error: JobError },
    #[error("{name}: {error}")]
    Yaml { name: String, error: YamlError },
    #[error("{name}: the patch does not apply: {error}")]
    Patch { name: String, error: PatchError },
    #[error("{0}: the text must not start with a byte order mark: save it as UTF-8 without one")]
    ByteOrderMark(String),
    #[error("{0}: a patch is a list (JSON Patch) or an object (JSON Merge Patch)")]
    NoPatch(String),
    #[error("{name}: {error}")]
    Client { name: String, error: ClientError },
    #[error("cannot read the directory {name}: {error}")]
    Directory { name: String, error: std::io::Error },
    #[error("kubectl: {0}")]
    Kubectl(String),
    #[error("{0}: this is no Job of batch.volcano.sh/v1alpha1")]
    NoVolcanoJob(String),
    #[error("the API server refuses the request: {0}")]
    Refused(Status),
    #[error("the manifest must have a name for --from-cluster")]
    NoName,
    #[error("{name}: {error}")]
    Request { name: String, error: RequestError },
    #[error("cannot validate the update: {0}")]
    Review(#[from] ReviewError),
    #[error("cannot make a merge patch: {0}")]
    MergePatch(#[from] MergePatchError),
    #[error(
        "the policy `{0}` allows every change that CEL could deny: there is nothing to generate"
    )]
    NothingToValidate(String),
    #[error("cannot write the Job as YAML: {0}")]
    ToYaml(serde_saphyr::ser::Error),
    #[error("cannot write man pages to {name}: {error}")]
    Man { name: String, error: std::io::Error },
    #[error("{0}: the Job has too many values to be shown as YAML")]
    ManyValues(String),
    #[error("cannot write the output: {0}")]
    Output(std::io::Error),
}

impl Error {
    /// The file that cannot be read, or that has what is wrong.
    pub(crate) fn file(&self) -> Option<&str> {
        match self {
            Self::File(FileError::Read { name, .. } | FileError::TooLong { name, .. })
            | Self::List { name, .. }
            | Self::OtherKind { name, .. }
            | Self::NoJob { name, .. }
            | Self::Candidates { name, .. }
            | Self::Slip { name, .. }
            | Self::Job { name, .. }
            | Self::Yaml { name, .. }
            | Self::Patch { name, .. }
            | Self::Client { name, .. }
            | Self::NoPatch(name)
            | Self::Unnamed(name)
            | Self::Changed(name)
            | Self::NoVolcanoJob(name) => Some(name),
            _ => None,
        }
    }

    /// Where in that file, if it is about a place.
    pub(crate) fn position(&self) -> Option<Position> {
        match self {
            Self::Yaml { error, .. } => error.position(),
            Self::Slip { slip, .. } => slip.position(),
            Self::Job { error, .. } => {
                Some(Position { line: error.line()?, column: error.column()? })
            }
            _ => None,
        }
    }
}
