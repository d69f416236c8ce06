//! Reads Jobs, patches and requests, in JSON or YAML.

use std::borrow::Cow;
use std::path::Path;

use serde::Deserialize;
use serde::de::IgnoredAny;
use serde_json::Value;
use volcano_job_apiserver::apply_patch;
use volcano_job_clients::Verb;
use volcano_job_update::admission::body_limit;
use volcano_job_update::internals::{Place, Position, json_places};
use volcano_job_update::{FieldPath, Job, JobError, Limits, Segment};
use volcano_job_update_programs::{
    display_name, is_stdin, parse_manifest, parse_manifests, read_file, read_prefix,
};

use crate::args::{Jobs, Replace};
use crate::error::Error;

/// The content of a file, from which a [`Job`] borrows.
pub(crate) struct Document {
    /// For messages.
    pub(crate) name: String,
    /// As the command line has it.
    pub(crate) path: String,
    pub(crate) content: Content,
}

pub(crate) enum Content {
    Json(Vec<u8>),
    Yaml { text: Vec<u8>, value: Value },
}

/// Where a field stands in a file.
#[derive(Clone, Debug)]
pub(crate) struct Spot {
    pub(crate) place: Place,
    /// Of its key, or of its value if it has none.
    pub(crate) position: Position,
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
            Self::Yaml { value, .. } => List::deserialize(value),
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
            Content::Yaml { value, .. } => limits.read_value(value),
        };
        job.map_err(|error| self.error(error))
    }

    pub(crate) fn error(&self, error: JobError) -> Error {
        Error::Job { name: self.name.clone(), error }
    }

    pub(crate) fn text(&self) -> &[u8] {
        match &self.content {
            Content::Json(text) | Content::Yaml { text, .. } => text,
        }
    }

    /// `None` if it is not JSON.
    fn value(&self) -> Option<Cow<'_, Value>> {
        match &self.content {
            Content::Json(text) => serde_json::from_slice(text).ok().map(Cow::Owned),
            Content::Yaml { value, .. } => Some(Cow::Borrowed(value)),
        }
    }

    pub(crate) fn is_yaml(&self) -> bool {
        matches!(self.content, Content::Yaml { .. })
    }

    /// The Job as kubectl names it: `NAMESPACE/NAME`. Empty if it cannot be read.
    pub(crate) fn job_name(&self) -> String {
        #[derive(Default, Deserialize)]
        #[serde(default)]
        struct Named {
            metadata: Metadata,
        }
        #[derive(Default, Deserialize)]
        #[serde(default)]
        struct Metadata {
            namespace: Option<String>,
            name: Option<String>,
        }
        let named = match &self.content {
            Content::Json(text) => serde_json::from_slice(text),
            Content::Yaml { value, .. } => Named::deserialize(value),
        };
        let Metadata { namespace, name } = named.unwrap_or_else(|_| Named::default()).metadata;
        [namespace, name].into_iter().flatten().collect::<Vec<_>>().join("/")
    }

    /// Places with their positions in the file.
    pub(crate) fn spots(&self, places: Vec<Place>) -> Vec<Spot> {
        let start = |place: &Place| place.key.as_ref().unwrap_or(&place.value).start;
        let offsets: Vec<usize> = places.iter().map(start).collect();
        let positions = Position::of_all(self.text(), &offsets);
        places
            .into_iter()
            .zip(positions)
            .map(|(place, position)| Spot { place, position })
            .collect()
    }

    /// Where fields stand, see [`Place`].
    pub(crate) fn places(&self, paths: &[&FieldPath]) -> Vec<Place> {
        match &self.content {
            Content::Json(text) => std::str::from_utf8(text)
                .map_or_else(|_| Vec::new(), |text| json_places(text, paths)),
            // The document is read again, because its nodes take more memory than its value and are needed
            // only when there is something to report.
            Content::Yaml { text, .. } => {
                match parse_manifests(text, usize::MAX).map(|mut manifests| manifests.next()) {
                    Ok(Some(Ok(manifest))) => manifest.places(paths),
                    _ => Vec::new(),
                }
            }
        }
    }
}

/// The two Jobs of an update.
pub(crate) struct Update {
    pub(crate) existing: Document,
    /// The file that asks for the update: a manifest or a patch.
    pub(crate) manifest: Document,
    /// The Job that it asks the API server to store, if that is not the manifest itself.
    pub(crate) stored: Option<Value>,
    pub(crate) verb: Option<Verb>,
    pub(crate) limits: Limits,
}

impl Update {
    pub(crate) fn existing(&self) -> Result<Job<'_>, Error> {
        self.existing.job(&self.limits)
    }

    pub(crate) fn replacement(&self) -> Result<Job<'_>, Error> {
        match &self.stored {
            Some(stored) => {
                let job = self.limits.read_value(stored);
                job.map_err(|error| self.manifest.error(error))
            }
            None => self.manifest.job(&self.limits),
        }
    }

    pub(crate) fn job_name(&self) -> String {
        self.existing.job_name()
    }

    /// Where fields of the replacement stand in the manifest; `None` if that is a patch.
    pub(crate) fn replacement_places(&self, paths: &[&FieldPath]) -> Option<Vec<Place>> {
        self.verb.as_ref()?;
        let Some(stored) = &self.stored else { return Some(self.manifest.places(paths)) };
        let manifest = self.manifest.value()?;
        let common: Vec<FieldPath> =
            paths.iter().map(|path| common_path(path, stored, &manifest)).collect();
        let mut places = self.manifest.places(&common.iter().collect::<Vec<_>>());
        for (place, (path, common)) in places.iter_mut().zip(paths.iter().zip(&common)) {
            place.missing += path.segments().len() - common.segments().len();
        }
        Some(places)
    }
}

/// The front of a path as far as list positions in the manifest are those of the stored Job: a list that
/// an apply merges can have more elements there.
fn common_path(path: &FieldPath, stored: &Value, manifest: &Value) -> FieldPath {
    let mut values = (Some(stored), Some(manifest));
    let is_common = |segment: &&Segment| {
        let (stored, manifest) = values;
        values = (step(stored, segment), step(manifest, segment));
        let lists = (stored.and_then(Value::as_array), manifest.and_then(Value::as_array));
        !matches!(lists, (Some(stored), Some(manifest)) if stored.len() != manifest.len())
    };
    path.segments().iter().take_while(is_common).cloned().collect()
}

fn step<'v>(value: Option<&'v Value>, segment: &Segment) -> Option<&'v Value> {
    match segment {
        Segment::Key(key) => value?.get(&**key),
        Segment::Index(index) => value?.get(index),
    }
}

/// Reads two Jobs.
pub(crate) fn read_jobs(jobs: &Jobs, limits: &Limits) -> Result<Update, Error> {
    require_one_stdin(&jobs.existing, &jobs.replacement)?;
    Ok(Update {
        existing: read_document(&jobs.existing, limits)?,
        manifest: read_document(&jobs.replacement, limits)?,
        stored: None,
        verb: Some(Verb::Replace),
        limits: *limits,
    })
}

/// The Job that a patch makes of another.
pub(crate) fn patched(
    existing: &Document,
    patch: &Document,
    limits: &Limits,
) -> Result<Value, Error> {
    let text = match &patch.content {
        Content::Json(text) => Cow::Borrowed(&**text),
        Content::Yaml { value, .. } => value.to_string().into_bytes().into(),
    };
    let name = patch.name.clone();
    if !matches!(text.trim_ascii_start().first(), Some(b'[' | b'{')) {
        return Err(Error::NoPatch(name));
    }
    apply_patch(&existing.job(limits)?, &text).map_err(|error| Error::Patch { name, error })
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
        Format::Yaml => {
            let value = yaml(path, &text)?;
            Content::Yaml { text, value }
        }
    };
    let name = display_name(path);
    match content.list() {
        Some(list) => Err(Error::List { name, kind: list.kind, objects: list.items.len() }),
        None => Ok(Document { name, path: path.to_string_lossy().into_owned(), content }),
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
