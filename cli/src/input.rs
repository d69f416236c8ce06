//! Reading of files: Jobs and policies, in JSON or YAML.

use std::ffi::OsStr;
use std::fs::File;
use std::io::{self, Read};
use std::path::Path;

use serde::de::DeserializeOwned;
use serde_json::Value;
use volcano_job_apiserver::apply_patch;
use volcano_job_update::admission::{RequestError, body_limit};
use volcano_job_update::status::Status;
use volcano_job_update::{
    Job, JobError, JobSchema, Limits, MergePatchError, ReviewError, UpdatePolicy,
};

use crate::args::{Jobs, Pair, Replace};

/// Why there is no answer. One line each.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Error {
    #[error("only one of the two Jobs can come from standard input")]
    StdinTwice,
    #[error("cannot read {name}: {error}")]
    Read { name: String, error: io::Error },
    #[error("{name}: the text must be no longer than {limit} bytes")]
    TooLong { name: String, limit: usize },
    #[error("{name}: {error}")]
    Job { name: String, error: JobError },
    #[error("{name}: {error}")]
    Yaml { name: String, error: String },
    #[error("policy {name}: {error}")]
    Policy { name: String, error: String },
    #[error("{name}: the patch does not apply: {error}")]
    Patch { name: String, error: Status },
    #[error("there is no policy `{0}`: it is neither a preset nor a file")]
    NoPolicy(String),
    #[error("CRD {name}: {error}")]
    Crd { name: String, error: String },
    #[error("{name}: {error}")]
    Review { name: String, error: RequestError },
    #[error("no verdict is possible: {0}")]
    NoVerdict(#[from] ReviewError),
    #[error("no merge patch is possible: {0}")]
    NoMergePatch(#[from] MergePatchError),
    #[error("cannot write the Job as YAML: {0}")]
    ToYaml(String),
}

/// A file with a Job, read but not looked into, as a [`Job`] borrows from it.
struct Document {
    name: String,
    content: Content,
}

enum Content {
    Json(Vec<u8>),
    Yaml(Value),
}

impl Document {
    fn is_blank(&self) -> bool {
        matches!(&self.content, Content::Json(text) if text.trim_ascii().is_empty())
    }

    fn job(&self, limits: &Limits) -> Result<Job<'_>, Error> {
        let job = match &self.content {
            Content::Json(text) => limits.read_slice(text),
            Content::Yaml(value) => limits.read_value(value),
        };
        job.map_err(|error| Error::Job { name: self.name.clone(), error })
    }
}

/// The two files of an update.
pub(crate) struct Documents {
    existing: Document,
    replacement: Document,
    limits: Limits,
}

impl Documents {
    pub(crate) fn existing(&self) -> Result<Job<'_>, Error> {
        self.existing.job(&self.limits)
    }

    pub(crate) fn replacement(&self) -> Result<Job<'_>, Error> {
        self.replacement.job(&self.limits)
    }

    pub(crate) fn replacement_is_yaml(&self) -> bool {
        matches!(self.replacement.content, Content::Yaml(_))
    }
}

/// Reads both files.
pub(crate) fn read_pair(jobs: &Jobs, limits: &Limits) -> Result<Documents, Error> {
    if is_stdin(&jobs.existing) && is_stdin(&jobs.replacement) {
        return Err(Error::StdinTwice);
    }
    Ok(Documents {
        existing: read_document(&jobs.existing, limits)?,
        replacement: read_document(&jobs.replacement, limits)?,
        limits: *limits,
    })
}

/// Reads the Job and its replacement, or makes that by a patch.
pub(crate) fn read_update(pair: &Pair, limits: &Limits) -> Result<Documents, Error> {
    let other = pair.patch.as_ref().or(pair.replacement.as_ref());
    if is_stdin(&pair.existing) && other.is_some_and(|other| is_stdin(other)) {
        return Err(Error::StdinTwice);
    }
    let existing = read_document(&pair.existing, limits)?;
    let replacement = match (&pair.patch, &pair.replacement) {
        (Some(patch), _) => patched(&existing, patch, limits)?,
        (None, Some(replacement)) => read_document(replacement, limits)?,
        // One of the two is required.
        (None, None) => Document { name: String::new(), content: Content::Json(Vec::new()) },
    };
    Ok(Documents { existing, replacement, limits: *limits })
}

fn patched(existing: &Document, patch: &Path, limits: &Limits) -> Result<Document, Error> {
    let name = display_name(patch);
    let text = match read_document(patch, limits)?.content {
        Content::Json(text) => text,
        Content::Yaml(value) => value.to_string().into_bytes(),
    };
    let job = apply_patch(&existing.job(limits)?, &text)
        .map_err(|error| Error::Patch { name: name.clone(), error })?;
    Ok(Document { name, content: Content::Yaml(job) })
}

/// What is stored, and a body, which is not looked into.
pub(crate) struct Request {
    stored: Option<Document>,
    pub(crate) body: Vec<u8>,
    limits: Limits,
}

impl Request {
    pub(crate) fn existing(&self) -> Result<Option<Job<'_>>, Error> {
        self.stored.as_ref().map(|document| document.job(&self.limits)).transpose()
    }
}

/// Reads what is stored and the body of a request.
pub(crate) fn read_request(request: &Replace, limits: &Limits) -> Result<Request, Error> {
    if is_stdin(&request.existing) && is_stdin(&request.body) {
        return Err(Error::StdinTwice);
    }
    let stored = read_document(&request.existing, limits)?;
    let is_nothing = is_stdin(&request.existing) && stored.is_blank();
    let name = request.body.extension().map(OsStr::to_ascii_lowercase);
    let is_yaml = matches!(name.as_deref().and_then(OsStr::to_str), Some("yaml" | "yml"));
    let body = if is_yaml {
        let error = |error| Error::Yaml { name: display_name(&request.body), error };
        let value: Value =
            parse_yaml(&read_text(&request.body, limits.text_bytes)?).map_err(error)?;
        value.to_string().into_bytes()
    } else {
        // One byte too many is enough for the answer that it is too much.
        read_at_most(&request.body, limits.text_bytes.saturating_add(1))?
    };
    Ok(Request { stored: (!is_nothing).then_some(stored), body, limits: *limits })
}

/// Reads the schema from a CRD.
pub(crate) fn read_crd(path: &Path) -> Result<JobSchema, Error> {
    let error = |error| Error::Crd { name: display_name(path), error };
    // YAML has JSON in it.
    let crd: Value = parse_yaml(&read_text(path, Limits::default().text_bytes)?).map_err(error)?;
    JobSchema::from_crd(&crd).map_err(|schema| error(schema.to_string()))
}

/// Reads the body of an admission review.
pub(crate) fn read_review(path: &Path, limits: &Limits) -> Result<Vec<u8>, Error> {
    read_text(path, body_limit(limits))
}

/// Why a review from that file has no answer.
pub(crate) fn unanswerable(path: &Path, error: RequestError) -> Error {
    Error::Review { name: display_name(path), error }
}

/// Writes a Job as YAML.
pub(crate) fn to_yaml(job: &Value) -> Result<String, Error> {
    serde_saphyr::to_string(job).map_err(|error| Error::ToYaml(error.to_string()))
}

/// Reads a preset by its name or a policy from a file.
pub(crate) fn read_policy(name: &str) -> Result<UpdatePolicy, Error> {
    if let Some(preset) = UpdatePolicy::preset(name) {
        return Ok(preset);
    }
    let path = Path::new(name);
    if !path.exists() {
        return Err(Error::NoPolicy(name.into()));
    }
    let text = read_text(path, Limits::default().text_bytes)?;
    // YAML has JSON in it.
    parse_yaml(&text).map_err(|error| Error::Policy { name: name.into(), error })
}

fn read_document(path: &Path, limits: &Limits) -> Result<Document, Error> {
    let text = read_text(path, limits.text_bytes)?;
    let name = display_name(path);
    let content = if is_json(path, &text) {
        Content::Json(text)
    } else {
        Content::Yaml(parse_yaml(&text).map_err(|error| Error::Yaml { name: name.clone(), error })?)
    };
    Ok(Document { name, content })
}

/// Reads no more than one byte beyond the limit, which is enough to find out that it is too much.
fn read_text(path: &Path, limit: usize) -> Result<Vec<u8>, Error> {
    let text = read_at_most(path, limit.saturating_add(1))?;
    if text.len() > limit {
        return Err(Error::TooLong { name: display_name(path), limit });
    }
    Ok(text)
}

fn read_at_most(path: &Path, bytes: usize) -> Result<Vec<u8>, Error> {
    let enough = u64::try_from(bytes).unwrap_or(u64::MAX);
    let mut text = Vec::new();
    let read = if is_stdin(path) {
        io::stdin().lock().take(enough).read_to_end(&mut text)
    } else {
        File::open(path).and_then(|file| file.take(enough).read_to_end(&mut text))
    };
    match read {
        Ok(_) => Ok(text),
        Err(error) => Err(Error::Read { name: display_name(path), error }),
    }
}

/// By the name of the file; without one that tells, by how the text begins.
fn is_json(path: &Path, text: &[u8]) -> bool {
    let extension = path.extension().map(OsStr::to_ascii_lowercase);
    match extension.as_deref().and_then(|extension| extension.to_str()) {
        Some("json") => true,
        Some("yaml" | "yml") => false,
        _ => matches!(text.trim_ascii_start().first(), None | Some(b'{' | b'[')),
    }
}

/// Reads YAML as kubectl does, where that differs from YAML 1.2: `0644` is octal, `on` is true.
fn parse_yaml<T: DeserializeOwned>(text: &[u8]) -> Result<T, String> {
    let mut options = serde_saphyr::Options::default();
    options.with_snippet = false;
    // The text is no longer than the limit of Jobs, which have limits of their own for the rest.
    let mut budget = serde_saphyr::Budget::default();
    budget.max_depth = budget.max_depth.max(256);
    budget.max_nodes = usize::MAX;
    budget.max_events = usize::MAX;
    options.budget = Some(budget);
    options.legacy_octal_numbers = true;
    options.non_finite_float_policy = serde_saphyr::options::NonFiniteFloatPolicy::Reject;
    serde_saphyr::from_slice_with_options(text, options).map_err(|error| {
        error
            .render_with_formatter(&serde_saphyr::UserMessageFormatter)
            .lines()
            .collect::<Vec<_>>()
            .join(" ")
    })
}

fn is_stdin(path: &Path) -> bool {
    path.as_os_str() == "-"
}

fn display_name(path: &Path) -> String {
    if is_stdin(path) {
        return "standard input".into();
    }
    // A name on one line, whatever is in it.
    path.display().to_string().escape_debug().to_string()
}
