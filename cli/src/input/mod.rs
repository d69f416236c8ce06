//! Reads Jobs, patches and requests, in JSON or YAML.

mod document;
mod documents;
mod files;
mod git;
mod globs;
mod name;
mod pairs;

use std::borrow::Cow;
use std::path::Path;

use serde_json::Value;
use volcano_job_apiserver::apply_patch;
use volcano_job_update::admission::body_limit;
use volcano_job_update::internals::Place;
use volcano_job_update::{FieldPath, Job, Limits, Segment};
use volcano_job_update_programs::{display_name, is_stdin, parse_manifest, read_file, read_prefix};

pub(crate) use self::document::{Document, Locator, Spot};
pub(crate) use self::documents::{Documents, Listed, Source, has_manifest_name};
pub(crate) use self::files::{Origin, Unit, Units, is_many};
pub(crate) use self::git::Git;
pub(crate) use self::name::JobName;
pub(crate) use self::pairs::{pair_up, select};

use self::documents::{Format, format_by_name};
use crate::args::{Jobs, Replace};
use crate::error::Error;

/// The two Jobs of an update.
pub(crate) struct Update {
    pub(crate) existing: Document,
    /// The file that asks for the update: a manifest or a patch.
    pub(crate) manifest: Document,
    /// The Job that it asks the API server to store, if that is not the manifest itself.
    pub(crate) stored: Option<Value>,
    /// Whether that file is a patch and not the manifest of a Job.
    pub(crate) is_patch: bool,
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
        if self.is_patch {
            return None;
        }
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

/// Reads two Jobs. Also counts the other objects in the file of the replacement.
pub(crate) fn read_jobs(jobs: &Jobs, limits: &Limits) -> Result<(Update, usize), Error> {
    require_one_stdin(&jobs.existing, &jobs.replacement)?;
    let existing = Documents::read(&jobs.existing, limits)?;
    let manifest = Documents::read(&jobs.replacement, limits)?;
    let objects = manifest.others + manifest.jobs.len();
    let (existing, manifest) = select(&existing, &manifest, limits)?;
    let update = Update { existing, manifest, stored: None, is_patch: false, limits: *limits };
    Ok((update, objects - 1))
}

/// The Job that a patch makes of another.
pub(crate) fn patched(
    existing: &Document,
    patch: &Document,
    limits: &Limits,
) -> Result<Value, Error> {
    let text = match patch.yaml_value() {
        None => Cow::Borrowed(patch.own_text()),
        Some(value) => value.to_string().into_bytes().into(),
    };
    let name = patch.name.clone();
    if text.starts_with("\u{feff}".as_bytes()) {
        return Err(Error::ByteOrderMark(name));
    }
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

/// Reads a file with one Job.
pub(crate) fn read_job(path: &Path, limits: &Limits) -> Result<Document, Error> {
    Documents::read(path, limits)?.only_job(limits)
}

/// Reads a file with one object, of whatever kind.
pub(crate) fn read_document(path: &Path, limits: &Limits) -> Result<Document, Error> {
    let source = Source::new(path, read_file(path, limits.text_bytes)?);
    source.only_document()
}

fn read_yaml(path: &Path, limits: &Limits) -> Result<Value, Error> {
    let text = read_file(path, limits.text_bytes)?;
    parse_manifest(&text).map_err(|error| Error::Yaml { name: display_name(path), error })
}
