//! The Jobs of a file, which can have several documents and lists.

use std::ops::Range;
use std::path::Path;
use std::sync::Arc;

use serde_json::Value;
use volcano_job_update::internals::Position;
use volcano_job_update::{FieldPath, Limits};
use volcano_job_update_programs::{
    Slip, YamlError, display_name, parse_manifest, parse_manifests, read_file,
};

use super::document::{Content, Document, Locator, YamlManifest, in_list, places_in_json};
use super::name::{Head, JobName};
use crate::error::Error;

/// The limit for a whole file. A document has that of [`Limits::text_bytes`].
pub(super) const MAX_FILE_BYTES: usize = 64 * 1024 * 1024;

/// How many parsed documents of a file are kept. The others are parsed again when they are needed.
const MAX_KEPT: usize = 8;

/// The text of a file.
#[derive(Clone)]
pub(crate) struct Source {
    /// For messages.
    pub(crate) name: String,
    /// As the command line has it.
    path: String,
    text: Arc<[u8]>,
    format: Format,
}

/// What a file has.
pub(crate) struct Documents {
    pub(crate) source: Source,
    pub(crate) jobs: Vec<Listed>,
    /// How many objects of other kinds it has.
    pub(crate) others: usize,
    /// What the first of them is, such as `a Deployment of apps/v1`.
    other: Option<String>,
}

/// A Job of a file.
pub(crate) struct Listed {
    pub(crate) job: JobName,
    /// Whether it says what it is.
    is_typed: bool,
    /// Where it begins in the text.
    start: usize,
    pub(crate) line: usize,
    pub(crate) locator: Locator,
    /// Kept for the first ones only.
    document: Option<Document>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Format {
    Json,
    Yaml,
}

impl Source {
    pub(crate) fn new(path: &Path, text: Vec<u8>) -> Self {
        let format = format_by_name(path).unwrap_or_else(|| format_by_content(&text));
        let path_text = path.to_string_lossy().into_owned();
        Self { name: display_name(path), path: path_text, text: text.into(), format }
    }

    pub(super) fn has_same_text(&self, other: &Self) -> bool {
        self.text == other.text
    }

    /// A file that has one object, of whatever kind.
    pub(super) fn only_document(&self) -> Result<Document, Error> {
        let (content, head) = match self.yaml_document()? {
            Some(manifest) => {
                let head = Head::of_value(&manifest.value);
                (Content::Yaml { manifest: Arc::new(manifest), item: None }, head)
            }
            None => (Content::Json(0..self.text.len()), Head::of_json(&self.text)),
        };
        if let Some((kind, items)) = head.list() {
            let (kind, objects) = (kind.to_owned(), items.len());
            return Err(Error::List { name: self.name.clone(), kind, objects });
        }
        Ok(self.document(content, head.job_name()))
    }

    /// The only document of a text in YAML; `None` if the text is JSON or empty.
    fn yaml_document(&self) -> Result<Option<YamlManifest>, Error> {
        if self.format == Format::Json {
            return Ok(None);
        }
        let mut manifests = self.manifests(usize::MAX)?;
        let first = manifests.next().transpose()?;
        if manifests.next().is_some() {
            // Says how many there are, or what is wrong with a later one.
            parse_manifest(&self.text).map_err(|error| self.yaml_error(error))?;
        }
        Ok(first.map(|(manifest, _)| manifest))
    }

    /// The Job at a place, parsed again.
    pub(crate) fn at(
        &self,
        locator: &Locator,
        job: &JobName,
        limits: &Limits,
    ) -> Result<Document, Error> {
        let Locator { range, item } = locator;
        if self.format == Format::Json {
            return Ok(self.document(Content::Json(range.clone()), job.clone()));
        }
        let before = self.text.get(..range.start).unwrap_or_default();
        let line = before.iter().rposition(|byte| *byte == b'\n').map_or(0, |at| at + 1);
        let text = self.text.get(line..range.end).unwrap_or_default();
        let mut manifests =
            parse_manifests(text, limits.text_bytes).map_err(|error| self.yaml_error(error))?;
        let manifest = manifests.next().ok_or_else(|| Error::Changed(self.name.clone()))?;
        let (value, places) = manifest.map_err(|error| self.yaml_error(error))?.into_parts();
        let manifest = Arc::new(YamlManifest { value, places, offset: line, start: range.start });
        let items = manifest.value.get("items").and_then(Value::as_array).map_or(0, Vec::len);
        match item {
            Some(item) if *item >= items => Err(Error::Changed(self.name.clone())),
            item => Ok(self.document(Content::Yaml { manifest, item: *item }, job.clone())),
        }
    }

    fn document(&self, content: Content, job: JobName) -> Document {
        let Self { name, path, text, .. } = self;
        Document { name: name.clone(), path: path.clone(), text: Arc::clone(text), content, job }
    }

    /// The documents in YAML, and where each begins.
    fn manifests(
        &self,
        max_document_bytes: usize,
    ) -> Result<impl Iterator<Item = Result<(YamlManifest, Range<usize>), Error>>, Error> {
        let manifests = parse_manifests(&self.text, max_document_bytes);
        let manifests = manifests.map_err(|error| self.yaml_error(error))?;
        Ok(manifests.map(|manifest| {
            let manifest = manifest.map_err(|error| self.yaml_error(error))?;
            let range = manifest.range();
            let (value, places) = manifest.into_parts();
            Ok((YamlManifest { value, places, offset: 0, start: range.start }, range))
        }))
    }

    fn yaml_error(&self, error: YamlError) -> Error {
        let name = self.name.clone();
        match Slip::in_unreadable(&self.text) {
            Some(slip) => Error::Slip { name, slip },
            None => Error::Yaml { name, error },
        }
    }
}

impl Documents {
    /// Reads a file, or standard input.
    pub(crate) fn read(path: &Path, limits: &Limits) -> Result<Self, Error> {
        Self::of(Source::new(path, read_file(path, MAX_FILE_BYTES)?), limits)
    }

    pub(crate) fn of(source: Source, limits: &Limits) -> Result<Self, Error> {
        let mut documents = Self { source, jobs: Vec::new(), others: 0, other: None };
        match documents.source.format {
            Format::Json => documents.list_json(limits)?,
            Format::Yaml => documents.list_yaml(limits)?,
        }
        if documents.jobs.is_empty()
            && documents.others == 0
            && let Some(slip) = Slip::in_unreadable(&documents.source.text)
        {
            return Err(Error::Slip { name: documents.source.name, slip });
        }
        documents.set_lines();
        Ok(documents)
    }

    /// Counts what does not say that it is a Job of Volcano as other objects. Among many files there are
    /// those of other programs.
    pub(crate) fn skip_untyped(&mut self) {
        let before = self.jobs.len();
        self.jobs.retain(|job| job.is_typed);
        self.others += before - self.jobs.len();
    }

    /// A Job, by its position in `jobs`.
    pub(crate) fn document(&self, listed: &Listed, limits: &Limits) -> Result<Document, Error> {
        match &listed.document {
            Some(document) => Ok(document.clone()),
            None => self.source.at(&listed.locator, &listed.job, limits),
        }
    }

    /// The Job of a file that may have one only.
    pub(crate) fn only_job(&self, limits: &Limits) -> Result<Document, Error> {
        match &*self.jobs {
            [] => Err(self.no_job()),
            [job] => self.document(job, limits),
            jobs => Err(self.candidates("one is needed", jobs)),
        }
    }

    pub(super) fn no_job(&self) -> Error {
        let name = self.source.name.clone();
        match (&self.other, self.others) {
            (Some(what), 1) => Error::OtherKind { name, what: what.clone() },
            (what, count) => {
                let what = what.as_ref().map(|what| format!("; the first is {what}"));
                Error::NoJob { name, count, what: what.unwrap_or_default() }
            }
        }
    }

    /// The error that one of these Jobs must be chosen.
    pub(super) fn candidates<'l>(
        &self,
        why: &str,
        jobs: impl IntoIterator<Item = &'l Listed>,
    ) -> Error {
        const MAX_SHOWN: usize = 10;
        let texts: Vec<String> = jobs.into_iter().map(Listed::to_text).collect();
        let shown = texts.iter().take(MAX_SHOWN).cloned().collect::<Vec<_>>().join(", ");
        let list = match texts.len().saturating_sub(MAX_SHOWN) {
            0 => shown,
            more => format!("{shown} and {more} more"),
        };
        let (name, count) = (self.source.name.clone(), self.jobs.len());
        Error::Candidates { name, count, why: why.to_owned(), list }
    }

    fn list_json(&mut self, limits: &Limits) -> Result<(), Error> {
        let text = Arc::clone(&self.source.text);
        let head = Head::of_json(&text);
        if let Some((_, items)) = head.list() {
            let paths = item_paths(items.len());
            let places = places_in_json(&text, &paths.iter().collect::<Vec<_>>());
            for (item, place) in items.iter().zip(places) {
                let locator = Locator { range: place.value.clone(), item: None };
                self.add(item.head(), place.value.start, locator, None);
            }
            self.type_items(0, &head);
            return Ok(());
        }
        if head.is_broken {
            let name = || self.source.name.clone();
            if let Some(slip) = Slip::in_unreadable(&text) {
                return Err(Error::Slip { name: name(), slip });
            }
            limits.read_slice(&text).map_err(|error| Error::Job { name: name(), error })?;
        }
        self.add(Some(&head), 0, Locator { range: 0..text.len(), item: None }, None);
        Ok(())
    }

    fn list_yaml(&mut self, limits: &Limits) -> Result<(), Error> {
        let source = self.source.clone();
        // The first Job of the document before.
        let mut first = 0;
        for manifest in source.manifests(limits.text_bytes)? {
            let (manifest, range) = manifest?;
            self.end_documents(first, range.start);
            first = self.jobs.len();
            self.add_yaml(manifest, range);
        }
        self.end_documents(first, source.text.len());
        Ok(())
    }

    fn add_yaml(&mut self, manifest: YamlManifest, range: Range<usize>) {
        let manifest = Arc::new(manifest);
        let head = Head::of_value(&manifest.value);
        let starts = |paths: &[FieldPath]| -> Vec<usize> {
            let places = manifest.places.places(&paths.iter().collect::<Vec<_>>());
            places.iter().map(|place| place.value.start).collect()
        };
        let first = self.jobs.len();
        let mut add = |head: Option<&Head>, start: usize, item: Option<usize>| {
            self.add(head, start, Locator { range: range.clone(), item }, Some(&manifest));
        };
        if let Some((_, items)) = head.list() {
            let starts = starts(&item_paths(items.len()));
            for (position, (item, start)) in items.iter().zip(starts).enumerate() {
                add(item.head(), start, Some(position));
            }
            self.type_items(first, &head);
        } else {
            for start in starts(&[FieldPath::default()]) {
                add(Some(&head), start, None);
            }
        }
    }

    /// Adds an object. What is no object at all, as an item of a list can be, is another one.
    fn add(
        &mut self,
        head: Option<&Head>,
        start: usize,
        locator: Locator,
        manifest: Option<&Arc<YamlManifest>>,
    ) {
        let Some(head) = head else {
            self.others += 1;
            return;
        };
        if let Some(what) = head.other_kind() {
            self.others += 1;
            self.other.get_or_insert(what);
            return;
        }
        // All items of a list share the parsed document.
        let is_kept = self.jobs.len() < MAX_KEPT || locator.is_item();
        let content = manifest
            .filter(|_| is_kept)
            .map(|manifest| Content::Yaml { manifest: Arc::clone(manifest), item: locator.item });
        let document = content.map(|content| self.source.document(content, head.job_name()));
        let (job, is_typed) = (head.job_name(), head.is_typed());
        self.jobs.push(Listed { job, is_typed, start, line: 0, locator, document });
    }

    /// The Jobs from this one on are items of a list, which can say what they are.
    fn type_items(&mut self, first: usize, list: &Head) {
        let items = self.jobs.iter_mut().skip(first);
        items.for_each(|item| item.is_typed |= list.is_job_list());
    }

    /// The documents from this one on end where the next one begins.
    fn end_documents(&mut self, first: usize, end: usize) {
        self.jobs.iter_mut().skip(first).for_each(|job| job.locator.range.end = end);
    }

    fn set_lines(&mut self) {
        let offsets: Vec<usize> = self.jobs.iter().map(|job| job.start).collect();
        let positions = Position::of_all(&self.source.text, &offsets);
        for (job, position) in self.jobs.iter_mut().zip(positions) {
            job.line = position.line;
        }
    }
}

impl Listed {
    fn to_text(&self) -> String {
        format!("{} (line {})", self.job.or_unnamed(), self.line)
    }
}

/// The paths of the items of a list.
fn item_paths(count: usize) -> Vec<FieldPath> {
    (0..count).map(|item| in_list(item, &FieldPath::default())).collect()
}

/// Whether a file has the extension of a manifest.
pub(crate) fn has_manifest_name(path: &Path) -> bool {
    format_by_name(path).is_some()
}

/// The format according to the extension of the file, if it has a known one.
pub(super) fn format_by_name(path: &Path) -> Option<Format> {
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
