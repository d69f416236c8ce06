//! The fields that a policy allows, at the granularity of the CEL expressions.

use volcano_job_update::{FieldPattern, Key, PatternSegment, UpdatePolicy};

/// The fields of a Job that may change.
#[derive(Debug, Default)]
pub(super) struct Fields {
    metadata: Section,
    spec: Section,
    tasks: Section,
    /// Patterns for a part of a field, where the CEL expressions allow the whole field.
    pub(super) widened: Vec<String>,
}

/// The fields of one object that may change.
#[derive(Debug, Default)]
struct Section {
    all: bool,
    keys: Vec<Key>,
    /// Pairs of a map (`labels` or `annotations` of metadata) and a key in that map.
    map_keys: Vec<(Key, Key)>,
}

/// The part of a field that may change.
pub(super) enum Freedom<'f> {
    Whole,
    /// The values of these keys.
    Keys(Vec<&'f str>),
    None,
}

impl Fields {
    /// The fields that are allowed or ignored.
    pub(super) fn new(policy: &UpdatePolicy) -> Self {
        let mut fields = Self::default();
        for pattern in policy.allowed().iter().chain(policy.ignored()) {
            fields.add(pattern);
        }
        fields
    }

    /// The fields that are ignored.
    pub(super) fn ignored(policy: &UpdatePolicy) -> Self {
        let mut fields = Self::default();
        for pattern in policy.ignored() {
            fields.add(pattern);
        }
        fields
    }

    fn add(&mut self, pattern: &FieldPattern) {
        match pattern.segments() {
            // Other top-level fields of a Job, such as `status`, are not compared.
            [PatternSegment::Key(top), ..] if !matches!(&**top, "metadata" | "spec") => {}
            [PatternSegment::Key(top)] | [PatternSegment::Key(top), PatternSegment::Any] => {
                self.section(top).all = true;
            }
            [PatternSegment::Key(top), PatternSegment::Key(key)] => {
                self.section(top).keys.push(key.clone());
            }
            [PatternSegment::Key(top), PatternSegment::Key(tasks), PatternSegment::Any]
                if (&**top, &**tasks) == ("spec", "tasks") =>
            {
                self.tasks.all = true;
            }
            [
                PatternSegment::Key(top),
                PatternSegment::Key(tasks),
                PatternSegment::Any,
                rest @ ..,
            ] if (&**top, &**tasks) == ("spec", "tasks") => {
                self.add_in_task(rest, pattern);
            }
            [PatternSegment::Key(top), PatternSegment::Key(map), rest @ ..] => {
                self.add_in_field(top, map, rest, pattern);
            }
            [PatternSegment::Key(top), PatternSegment::Any, ..] => {
                self.section(top).all = true;
                self.widened.push(pattern.to_string());
            }
            [PatternSegment::Any, rest @ ..] => {
                (self.metadata.all, self.spec.all) = (true, true);
                if !rest.is_empty() {
                    self.widened.push(pattern.to_string());
                }
            }
            [] => {}
        }
    }

    fn add_in_task(&mut self, segments: &[PatternSegment], pattern: &FieldPattern) {
        match segments {
            [PatternSegment::Any, ..] => self.tasks.all = true,
            [PatternSegment::Key(key), rest @ ..] => {
                self.tasks.keys.push(key.clone());
                if !rest.is_empty() {
                    self.widened.push(pattern.to_string());
                }
            }
            [] => {}
        }
    }

    fn add_in_field(
        &mut self,
        top: &str,
        map: &str,
        rest: &[PatternSegment],
        pattern: &FieldPattern,
    ) {
        let is_map = top == "metadata" && matches!(map, "labels" | "annotations");
        match rest {
            [PatternSegment::Key(key)] if is_map => {
                self.metadata.map_keys.push((map.into(), key.clone()));
            }
            [PatternSegment::Any] => self.section(top).keys.push(map.into()),
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
