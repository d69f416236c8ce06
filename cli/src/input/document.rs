//! One object of a file, and where its fields stand in it.

use std::borrow::Cow;
use std::ops::Range;
use std::sync::Arc;

use serde::de::IgnoredAny;
use serde_json::Value;
use volcano_job_update::internals::{Place, Position, json_places};
use volcano_job_update::{FieldPath, Job, JobError, Limits, Segment};
use volcano_job_update_programs::FieldPlaces;

use super::name::{Head, JobName};
use crate::error::Error;

/// One object of a file, from which a [`Job`] borrows.
#[derive(Clone)]
pub(crate) struct Document {
    /// For messages.
    pub(crate) name: String,
    /// As the command line has it.
    pub(crate) path: String,
    /// The whole text of the file.
    pub(super) text: Arc<[u8]>,
    pub(super) content: Content,
    pub(super) job: JobName,
}

#[derive(Clone)]
pub(super) enum Content {
    /// Where it is in the text.
    Json(Range<usize>),
    Yaml {
        manifest: Arc<YamlManifest>,
        /// Which of the manifest's `items` it is, if that is a list.
        item: Option<usize>,
    },
}

/// Where a field stands in a file.
#[derive(Clone, Debug)]
pub(crate) struct Spot {
    pub(crate) place: Place,
    /// Of its key, or of its value if it has none.
    pub(crate) position: Position,
}

/// A parsed document of a YAML file.
pub(super) struct YamlManifest {
    pub(super) value: Value,
    pub(super) places: FieldPlaces,
    /// What `places` has to be moved by, in bytes.
    pub(super) offset: usize,
    /// Where it begins in the text.
    pub(super) start: usize,
}

impl Document {
    /// A whole text in JSON.
    pub(crate) fn json(name: String, path: String, text: Vec<u8>) -> Self {
        let content = Content::Json(0..text.len());
        let job = Head::of_json(&text).job_name();
        Self { name, path, text: text.into(), content, job }
    }

    pub(super) fn is_blank(&self) -> bool {
        !self.is_yaml() && self.own_text().trim_ascii().is_empty()
    }

    pub(crate) fn job(&self, limits: &Limits) -> Result<Job<'_>, Error> {
        let job = match self.yaml_value() {
            Some(value) => limits.read_value(value),
            None => limits.read_slice(self.own_text()),
        };
        job.map_err(|error| self.error(error))
    }

    pub(crate) fn error(&self, error: JobError) -> Error {
        Error::Job { name: self.name.clone(), error }
    }

    /// The whole text of the file.
    pub(crate) fn text(&self) -> &[u8] {
        &self.text
    }

    /// The text of a document in JSON; for YAML that of the file.
    #[expect(clippy::expect_used, reason = "the range is that of a value in this text")]
    pub(super) fn own_text(&self) -> &[u8] {
        match &self.content {
            Content::Json(range) => self.text.get(range.clone()).expect("a part of the text"),
            Content::Yaml { .. } => &self.text,
        }
    }

    /// The value of a document in YAML.
    #[expect(clippy::expect_used, reason = "whoever makes a document counts the items")]
    pub(crate) fn yaml_value(&self) -> Option<&Value> {
        match &self.content {
            Content::Json(_) => None,
            Content::Yaml { manifest, item: None } => Some(&manifest.value),
            Content::Yaml { manifest, item: Some(item) } => {
                let items = manifest.value.get("items");
                Some(items.and_then(|items| items.get(item)).expect("the list has the item"))
            }
        }
    }

    /// `None` if it is not JSON.
    pub(super) fn value(&self) -> Option<Cow<'_, Value>> {
        match self.yaml_value() {
            Some(value) => Some(Cow::Borrowed(value)),
            None => serde_json::from_slice(self.own_text()).ok().map(Cow::Owned),
        }
    }

    pub(crate) fn is_yaml(&self) -> bool {
        matches!(self.content, Content::Yaml { .. })
    }

    /// The Job as kubectl names it: `NAMESPACE/NAME`. Empty if it cannot be read.
    pub(crate) fn job_name(&self) -> String {
        self.job.to_string()
    }

    /// Where it begins in the file.
    pub(crate) fn position(&self) -> Option<Position> {
        let spots = self.spots(self.places(&[&FieldPath::default()]));
        spots.first().map(|spot| spot.position)
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
        let (mut places, offset) = match &self.content {
            Content::Json(range) => (places_in_json(self.own_text(), paths), range.start),
            Content::Yaml { manifest, item: None } => {
                (manifest.places.places(paths), manifest.offset)
            }
            Content::Yaml { manifest, item: Some(item) } => {
                let paths: Vec<_> = paths.iter().map(|path| in_list(*item, path)).collect();
                (manifest.places.places(&paths.iter().collect::<Vec<_>>()), manifest.offset)
            }
        };
        for place in &mut places {
            move_by(place, offset);
        }
        places
    }

    /// The scalars, keys and values, that a line has a part of, from its first byte.
    pub(crate) fn scalars(&self, line: Range<usize>) -> Vec<Range<usize>> {
        let Content::Yaml { manifest, .. } = &self.content else {
            return scalars_in_json(self.text.get(line).unwrap_or_default());
        };
        let offset = manifest.offset;
        let scalars = manifest
            .places
            .scalars(line.start.saturating_sub(offset)..line.end.saturating_sub(offset));
        let in_line = |at: usize| (at + offset).saturating_sub(line.start);
        scalars.map(|scalar| in_line(scalar.start)..in_line(scalar.end)).collect()
    }

    /// Another item of the same list in YAML; `None` if the locator is that of no such item.
    pub(crate) fn sibling(&self, locator: &Locator, job: &JobName) -> Option<Self> {
        let Content::Yaml { manifest, .. } = &self.content else { return None };
        let item = locator.item?;
        manifest.value.get("items")?.get(item)?;
        let is_same = manifest.start == locator.range.start;
        let content = Content::Yaml { manifest: Arc::clone(manifest), item: Some(item) };
        is_same.then(|| Self { content, job: job.clone(), ..self.clone() })
    }
}

/// Where a Job is in the text of its file.
#[derive(Clone, Debug)]
pub(crate) struct Locator {
    /// The object itself in JSON, the document in YAML, up to the next one.
    pub(super) range: Range<usize>,
    /// Which of the document's `items` it is. Always `None` in JSON.
    pub(super) item: Option<usize>,
}

impl Locator {
    /// Whether it is an item of a list in YAML, whose items are parsed together.
    pub(crate) fn is_item(&self) -> bool {
        self.item.is_some()
    }
}

pub(super) fn places_in_json(text: &[u8], paths: &[&FieldPath]) -> Vec<Place> {
    std::str::from_utf8(text).map_or_else(|_| Vec::new(), |text| json_places(text, paths))
}

/// The scalars in a line of JSON. None is on more than one line.
fn scalars_in_json(line: &[u8]) -> Vec<Range<usize>> {
    let is_structure = |byte: &u8| {
        byte.is_ascii_whitespace() || matches!(byte, b'{' | b'}' | b'[' | b']' | b',' | b':')
    };
    let mut scalars = Vec::new();
    let mut rest = line;
    while let Some(start) = rest.iter().position(|byte| !is_structure(byte)) {
        let (_, scalar) = rest.split_at(start);
        let mut values = serde_json::Deserializer::from_slice(scalar).into_iter::<IgnoredAny>();
        let is_scalar = matches!(values.next(), Some(Ok(_)));
        // A byte order mark is none.
        let length = if is_scalar { values.byte_offset() } else { 1 };
        let start = line.len() - scalar.len();
        scalars.push(start..start + length);
        rest = scalar.get(length..).unwrap_or_default();
    }
    scalars
}

/// The path of a field of a list's item, in the list.
pub(super) fn in_list(item: usize, path: &FieldPath) -> FieldPath {
    let front: [Segment; 2] = ["items".into(), item.into()];
    front.into_iter().chain(path.segments().iter().cloned()).collect()
}

fn move_by(place: &mut Place, offset: usize) {
    for range in place.key.iter_mut().chain([&mut place.value]) {
        *range = range.start + offset..range.end + offset;
    }
}
