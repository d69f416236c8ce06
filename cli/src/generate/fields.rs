//! What a policy allows, as far as the API server can tell fields apart in CEL.

use volcano_job_update::{FieldPath, FieldPattern, Key, Segment, UpdatePolicy};

/// What of a Job may change.
#[derive(Debug, Default)]
pub(super) struct Fields {
    metadata: Section,
    spec: Section,
    tasks: Section,
    /// Patterns that name something inside a field, where CEL takes the whole field.
    pub(super) widened: Vec<String>,
}

/// What may change at one level.
#[derive(Debug, Default)]
struct Section {
    all: bool,
    keys: Vec<Key>,
    /// Single keys of a map: those of `metadata.labels` and `metadata.annotations`.
    map_keys: Vec<(Key, Key)>,
}

/// What an expression may say of a field.
pub(super) enum Freedom<'f> {
    /// It may change.
    Whole,
    /// These keys of it may change.
    Keys(Vec<&'f str>),
    /// It may not.
    None,
}

impl Fields {
    pub(super) fn new(policy: &UpdatePolicy) -> Self {
        let mut fields = Self::default();
        for pattern in policy.allowed().iter().chain(policy.ignored()) {
            fields.add(pattern);
        }
        fields
    }

    /// Without those that only are ignored.
    pub(super) fn ignored(policy: &UpdatePolicy) -> Self {
        let mut fields = Self::default();
        for pattern in policy.ignored() {
            fields.add(pattern);
        }
        fields
    }

    fn add(&mut self, pattern: &FieldPattern) {
        // A pattern has no list positions, so each of these is an `[*]`.
        let path: Result<FieldPath, _> = pattern.as_str().replace("[*]", "[0]").parse();
        let segments = path.as_ref().map(FieldPath::segments).unwrap_or_default();
        match segments {
            // Whatever else is at the top never counts.
            [Segment::Key(top), ..] if !matches!(&**top, "metadata" | "spec") => {}
            [Segment::Key(top)] | [Segment::Key(top), Segment::Index(_)] => {
                self.section(top).all = true;
            }
            [Segment::Key(top), Segment::Key(key)] => self.section(top).keys.push(key.clone()),
            [Segment::Key(top), Segment::Key(tasks), Segment::Index(_)]
                if (&**top, &**tasks) == ("spec", "tasks") =>
            {
                self.tasks.all = true;
            }
            [Segment::Key(top), Segment::Key(tasks), Segment::Index(_), rest @ ..]
                if (&**top, &**tasks) == ("spec", "tasks") =>
            {
                self.add_of_task(rest, pattern);
            }
            [Segment::Key(top), Segment::Key(map), rest @ ..] => {
                self.add_below(top, map, rest, pattern);
            }
            _ => self.widened.push(pattern.to_string()),
        }
    }

    fn add_of_task(&mut self, segments: &[Segment], pattern: &FieldPattern) {
        match segments {
            [Segment::Index(_), ..] => self.tasks.all = true,
            [Segment::Key(key), rest @ ..] => {
                self.tasks.keys.push(key.clone());
                if !rest.is_empty() {
                    self.widened.push(pattern.to_string());
                }
            }
            [] => {}
        }
    }

    fn add_below(&mut self, top: &str, map: &str, rest: &[Segment], pattern: &FieldPattern) {
        let is_map = top == "metadata" && matches!(map, "labels" | "annotations");
        match rest {
            [Segment::Key(key)] if is_map => {
                self.metadata.map_keys.push((map.into(), key.clone()));
            }
            [Segment::Index(_)] => self.section(top).keys.push(map.into()),
            _ => {
                self.section(top).keys.push(map.into());
                self.widened.push(pattern.to_string());
            }
        }
    }

    fn section(&mut self, top: &str) -> &mut Section {
        if top == "metadata" { &mut self.metadata } else { &mut self.spec }
    }

    pub(super) fn of_metadata(&self, field: &str) -> Freedom<'_> {
        if self.metadata.all || self.metadata.keys.iter().any(|key| &**key == field) {
            return Freedom::Whole;
        }
        let keys: Vec<&str> = self
            .metadata
            .map_keys
            .iter()
            .filter(|(map, _)| &**map == field)
            .map(|(_, key)| &**key)
            .collect();
        if keys.is_empty() { Freedom::None } else { Freedom::Keys(keys) }
    }

    pub(super) fn of_spec(&self) -> Freedom<'_> {
        if self.spec.all {
            return Freedom::Whole;
        }
        Freedom::Keys(self.spec.keys.iter().map(|key| &**key).collect())
    }

    pub(super) fn of_tasks(&self) -> Freedom<'_> {
        if self.tasks.all || self.spec.all || self.spec.keys.iter().any(|key| &**key == "tasks") {
            return Freedom::Whole;
        }
        Freedom::Keys(self.tasks.keys.iter().map(|key| &**key).collect())
    }
}

/// A list of texts in CEL, whose strings can be written as those of JSON.
pub(super) fn list(keys: &[&str]) -> String {
    serde_json::to_string(keys).unwrap_or_default()
}
