//! Reads Jobs, patches and requests, in JSON or YAML.

use std::path::Path;

use serde::Deserialize;
use serde::de::IgnoredAny;
use serde_json::Value;
use volcano_job_apiserver::apply_patch;
use volcano_job_update::admission::body_limit;
use volcano_job_update::{Job, Limits};
use volcano_job_update_programs::{display_name, is_stdin, parse_manifest, read_file, read_prefix};

use crate::args::{Jobs, Replace};
use crate::error::Error;

/// The content of a file, from which a [`Job`] borrows.
pub(crate) struct Document {
    pub(crate) name: String,
    pub(crate) content: Content,
}

pub(crate) enum Content {
    Json(Vec<u8>),
    /// Parsed YAML, or what an update makes of a Job.
    Value(Value),
}

/// A list of objects, as `kubectl get` prints several.
#[derive(Deserialize)]
struct List {
    kind: String,
    items: Vec<IgnoredAny>,
}

impl Content {
    /// The list of objects that it is, if it is one.
    fn list(&self) -> Option<List> {
        let list = match self {
            Self::Json(text) => serde_json::from_slice(text),
            Self::Value(value) => List::deserialize(value),
        };
        list.ok().filter(|list: &List| list.kind.ends_with("List"))
    }
}

impl Document {
    fn is_blank(&self) -> bool {
        matches!(&self.content, Content::Json(text) if text.trim_ascii().is_empty())
    }

    pub(crate) fn job(&self, limits: &Limits) -> Result<Job<'_>, Error> {
        let job = match &self.content {
            Content::Json(text) => limits.read_slice(text),
            Content::Value(value) => limits.read_value(value),
        };
        job.map_err(|error| Error::Job { name: self.name.clone(), error })
    }
}

/// The two Jobs of an update.
pub(crate) struct Update {
    pub(crate) existing: Document,
    pub(crate) replacement: Document,
    pub(crate) limits: Limits,
    /// What to tell about how the replacement came about.
    pub(crate) notes: Vec<String>,
}

impl Update {
    pub(crate) fn existing(&self) -> Result<Job<'_>, Error> {
        self.existing.job(&self.limits)
    }

    pub(crate) fn replacement(&self) -> Result<Job<'_>, Error> {
        self.replacement.job(&self.limits)
    }

    /// Whether the replacement was YAML and not JSON.
    pub(crate) fn replacement_is_yaml(&self) -> bool {
        matches!(self.replacement.content, Content::Value(_))
    }
}

/// Reads two Jobs.
pub(crate) fn read_jobs(jobs: &Jobs, limits: &Limits) -> Result<Update, Error> {
    require_one_stdin(&jobs.existing, &jobs.replacement)?;
    Ok(Update {
        existing: read_document(&jobs.existing, limits)?,
        replacement: read_document(&jobs.replacement, limits)?,
        limits: *limits,
        notes: Vec::new(),
    })
}

pub(crate) fn patched(
    existing: &Document,
    patch: &Path,
    limits: &Limits,
) -> Result<Document, Error> {
    let Document { name, content } = read_document(patch, limits)?;
    let text = match content {
        Content::Json(text) => text,
        Content::Value(value) => value.to_string().into_bytes(),
    };
    if !matches!(text.trim_ascii_start().first(), Some(b'[' | b'{')) {
        return Err(Error::NoPatch(name));
    }
    match apply_patch(&existing.job(limits)?, &text) {
        Ok(job) => Ok(Document { name, content: Content::Value(job) }),
        Err(error) => Err(Error::Patch { name, error }),
    }
}

/// A PUT request and the stored Job.
pub(crate) struct PutRequest {
    stored: Option<Document>,
    pub(crate) body: Vec<u8>,
    limits: Limits,
}

impl PutRequest {
    pub(crate) fn existing(&self) -> Result<Option<Job<'_>>, Error> {
        self.stored.as_ref().map(|document| document.job(&self.limits)).transpose()
    }
}

/// Reads the stored Job and the body of a request. A JSON body is not parsed, because the response
/// reports errors in it.
pub(crate) fn read_request(request: &Replace, limits: &Limits) -> Result<PutRequest, Error> {
    require_one_stdin(&request.existing, &request.body)?;
    let stored = read_document(&request.existing, limits)?;
    let is_absent = is_stdin(&request.existing) && stored.is_blank();
    let body = if format_by_name(&request.body) == Some(Format::Yaml) {
        let value: Value = read_yaml(&request.body, limits)?;
        value.to_string().into_bytes()
    } else {
        // One byte beyond the limit is enough for the response to report that the body is too
        // large.
        read_prefix(&request.body, limits.text_bytes.saturating_add(1))?
    };
    Ok(PutRequest { stored: (!is_absent).then_some(stored), body, limits: *limits })
}

/// Reads the body of a request to a webhook.
pub(crate) fn read_review(path: &Path, limits: &Limits) -> Result<Vec<u8>, Error> {
    Ok(read_file(path, body_limit(limits))?)
}

pub(crate) fn require_one_stdin(one: &Path, other: &Path) -> Result<(), Error> {
    if is_stdin(one) && is_stdin(other) { Err(Error::StdinTwice) } else { Ok(()) }
}

pub(crate) fn read_document(path: &Path, limits: &Limits) -> Result<Document, Error> {
    let text = read_file(path, limits.text_bytes)?;
    let content = match format_by_name(path).unwrap_or_else(|| format_by_content(&text)) {
        Format::Json => Content::Json(text),
        Format::Yaml => Content::Value(yaml(path, &text)?),
    };
    let name = display_name(path);
    match content.list() {
        Some(list) => Err(Error::List { name, kind: list.kind, objects: list.items.len() }),
        None => Ok(Document { name, content }),
    }
}

fn read_yaml(path: &Path, limits: &Limits) -> Result<Value, Error> {
    yaml(path, &read_file(path, limits.text_bytes)?)
}

fn yaml(path: &Path, text: &[u8]) -> Result<Value, Error> {
    parse_manifest(text).map_err(|error| Error::Yaml { name: display_name(path), error })
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Format {
    Json,
    Yaml,
}

/// The format according to the extension of the file, if it has a known one.
fn format_by_name(path: &Path) -> Option<Format> {
    let extension = path.extension()?.to_ascii_lowercase();
    match extension.to_str()? {
        "json" => Some(Format::Json),
        "yaml" | "yml" => Some(Format::Yaml),
        _ => None,
    }
}

/// The format according to the first character of a text. An empty text counts as JSON, so that its
/// error says so.
fn format_by_content(text: &[u8]) -> Format {
    match text.trim_ascii_start().first() {
        None | Some(b'{' | b'[') => Format::Json,
        Some(_) => Format::Yaml,
    }
}
