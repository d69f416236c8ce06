//! What a request makes of everything in a Job but its metadata and status.
//!
//! The Job that was sent and the existing one are read side by side. A field whose text is the same
//! in both, and is what would be stored of it, is taken as that text; only the others are parsed.

use std::borrow::Cow;

use serde_json::Value;

use crate::body::top_field;
use crate::canonical::normal;
use crate::coerce::{self, Unknown};
use crate::go;
use crate::syntax;
use volcano_job_update::Job;
use volcano_job_update::internals::{ANY, Structural};
use volcano_job_update::internals::{Entry, Field, JobParts};

/// A part of the Job to be stored.
#[derive(Clone, Debug)]
pub(crate) enum Piece<'s> {
    /// The text of it.
    Text(Cow<'s, str>),
    Value(Value),
}

impl Piece<'_> {
    pub(crate) fn write(&self, out: &mut String) {
        match self {
            Self::Text(text) => out.push_str(text),
            Self::Value(value) => go::write_json(out, value),
        }
    }
}

/// The fields of the Job to be stored, sorted, but for `metadata` and what the server writes.
#[derive(Debug, Default)]
pub(crate) struct Content<'s> {
    pub(crate) spec: Option<Vec<(Cow<'s, str>, Spec<'s>)>>,
    /// Beside `spec`: what a CRD may have that Volcano's does not.
    pub(crate) others: Vec<(Cow<'s, str>, Piece<'s>)>,
    /// The fields that no Job has, which are not stored.
    pub(crate) unknown: Vec<String>,
    /// Whether an object has a field twice.
    pub(crate) duplicates: bool,
    /// Whether it differs from the existing Job as an API server compares them.
    pub(crate) changed: bool,
    /// Whether it would be written otherwise than the existing Job is.
    pub(crate) rewritten: bool,
}

/// A field of `spec`.
#[derive(Debug)]
pub(crate) enum Spec<'s> {
    Field(Piece<'s>),
    Tasks(Vec<Piece<'s>>),
}

/// Reads what was sent beside what is stored.
///
/// # Errors
///
/// What Go says of a part that cannot be read.
pub(crate) fn read<'s>(
    sent: &Job<'s>,
    existing: Option<&Job<'_>>,
    schema: &Structural,
) -> Result<Content<'s>, String> {
    let mut reader = Reader { content: Content::default(), unknown: Unknown::default() };
    reader.others(sent, existing, schema)?;
    reader.spec(sent, existing, schema)?;
    let Reader { mut content, mut unknown } = reader;
    unknown.fields.sort_unstable();
    content.unknown = unknown.fields;
    Ok(content)
}

/// What is stored of the status of the existing Job.
pub(crate) fn status<'e>(existing: &Job<'e>, schema: &Structural) -> Option<Piece<'e>> {
    let schema = schema.declared_child("status")?;
    let field = top_field(existing, "status")?;
    if let Some(text) = normal_field(field, schema) {
        return Some(Piece::Text(text));
    }
    let value = parse(field).ok();
    coerce::field(schema, value, &mut Unknown::default()).map(Piece::Value)
}

struct Reader<'s> {
    content: Content<'s>,
    unknown: Unknown,
}

impl<'s> Reader<'s> {
    /// The fields beside `metadata` and `spec`; what the server writes is left out.
    fn others(
        &mut self,
        sent: &Job<'s>,
        existing: Option<&Job<'_>>,
        schema: &Structural,
    ) -> Result<(), String> {
        for entry in sent.top() {
            let key = entry.key();
            match (key, schema.declared_child(key)) {
                ("apiVersion" | "kind", _) => {}
                // What is sent of the status is not stored, and what no status has is told.
                ("status", Some(schema)) => {
                    let parsed = self.parse(entry.field())?;
                    drop(coerce::field(schema, Some(parsed), self.unknown.at(key)));
                }
                (_, None) => self.unknown.at("").note(key),
                (_, Some(schema)) => {
                    let old = existing.and_then(|job| top_field(job, key));
                    if let Some(piece) = self.field(Some(entry.field()), old, schema, key)? {
                        self.content.others.push((entry.to_key(), piece));
                    }
                }
            }
        }
        for key in existing.into_iter().flat_map(JobParts::top).map(Entry::key) {
            let server_written = matches!(key, "apiVersion" | "kind" | "status");
            // What no Job has is looked for in nothing: there may be any number of it.
            let is_known = schema.declared_child(key).is_some();
            let stays = is_known && sent.top().iter().any(|entry| entry.is(key));
            if !server_written && !stays {
                self.content.rewritten = true;
                self.content.changed |= is_known;
            }
        }
        Ok(())
    }

    fn spec(
        &mut self,
        sent: &Job<'s>,
        existing: Option<&Job<'_>>,
        schema: &Structural,
    ) -> Result<(), String> {
        let schema = schema.declared_child("spec").unwrap_or(&ANY);
        let had_spec = existing.is_some_and(|job| job.spec().is_some());
        let Some(fields) = sent.spec() else {
            self.content.changed |= had_spec;
            self.content.rewritten |= had_spec;
            return Ok(());
        };
        let known = existing.and_then(|job| job.spec()).unwrap_or_default();
        let old = |key: &str| known.iter().find(|entry| entry.is(key)).map(Entry::field);
        let mut spec = Vec::with_capacity(fields.len().saturating_add(2));
        for entry in fields {
            let key = entry.key();
            match schema.declared_child(key) {
                None => self.unknown.at("spec").note(key),
                Some(schema) => {
                    let place = format!("spec.{key}");
                    if let Some(piece) =
                        self.field(Some(entry.field()), old(key), schema, &place)?
                    {
                        spec.push((entry.to_key(), Spec::Field(piece)));
                    }
                }
            }
        }
        self.missing(fields, known, schema, &mut spec)?;
        self.tasks(sent, existing, schema, &mut spec)?;
        spec.sort_unstable_by(|(a, _), (b, _)| a.cmp(b));
        let differs = existing.is_some() && !had_spec;
        self.content.changed |= differs;
        self.content.rewritten |= differs;
        self.content.spec = Some(spec);
        Ok(())
    }

    /// The fields of `spec` that were not sent: filled in, or gone.
    fn missing(
        &mut self,
        fields: &[Entry<'s>],
        known: &[Entry<'_>],
        schema: &Structural,
        spec: &mut Vec<(Cow<'s, str>, Spec<'s>)>,
    ) -> Result<(), String> {
        let old = |key: &str| known.iter().find(|entry| entry.is(key)).map(Entry::field);
        let sent = |key: &str| fields.iter().any(|entry| entry.is(key));
        let defaults = schema.defaults().map(|(name, _)| name);
        let gone = known.iter().map(Entry::key);
        // What no Job has is looked for in nothing: there may be any number of it.
        let (gone, unknown): (Vec<&str>, Vec<&str>) =
            gone.partition(|name| schema.declared_child(name).is_some());
        self.content.rewritten |= !unknown.is_empty();
        let mut names: Vec<&str> = defaults.chain(gone).filter(|name| !sent(name)).collect();
        names.sort_unstable();
        names.dedup();
        for name in names {
            let Some(schema) = schema.declared_child(name) else { continue };
            let filled = self.field(None, old(name), schema, "")?;
            spec.extend(filled.map(|piece| (name.to_owned().into(), Spec::Field(piece))));
        }
        Ok(())
    }

    fn tasks(
        &mut self,
        sent: &Job<'s>,
        existing: Option<&Job<'_>>,
        schema: &Structural,
        spec: &mut Vec<(Cow<'s, str>, Spec<'s>)>,
    ) -> Result<(), String> {
        let old_tasks = existing.and_then(JobParts::tasks);
        let had_tasks = old_tasks.is_some();
        let old_tasks = old_tasks.unwrap_or_default();
        let Some(sent) = sent.tasks() else {
            self.content.changed |= had_tasks;
            self.content.rewritten |= had_tasks;
            return Ok(());
        };
        let Some(list) = schema.declared_child("tasks") else {
            self.unknown.at("spec").note("tasks");
            return Ok(());
        };
        let items = list.items();
        let mut tasks = Vec::with_capacity(sent.len());
        for (position, task) in sent.into_iter().enumerate() {
            let old = old_tasks.get(position).copied();
            let place = || format!("spec.tasks[{position}]");
            if old == Some(task) && !task.is_null() {
                let piece = self.same(task, items, place)?;
                tasks.extend(piece);
                continue;
            }
            let new = self.parse(task)?;
            let new = coerce::item(items, new, self.unknown.at(&place()));
            let old = old.map(parse).transpose()?;
            let read = old.clone().map(|old| coerce::item(items, old, &mut Unknown::default()));
            self.compare(Some(&new), old.as_ref(), read.as_ref());
            tasks.push(Piece::Value(new));
        }
        let differs = existing.is_some() && (!had_tasks || tasks.len() != old_tasks.len());
        self.content.changed |= differs;
        self.content.rewritten |= differs;
        spec.push(("tasks".into(), Spec::Tasks(tasks)));
        Ok(())
    }

    fn field(
        &mut self,
        new: Option<Field<'s>>,
        old: Option<Field<'_>>,
        schema: &Structural,
        place: &str,
    ) -> Result<Option<Piece<'s>>, String> {
        if let Some(field) = new.filter(|new| old == Some(*new) && !new.is_null()) {
            return self.same(field, schema, || place.to_owned());
        }
        let new = new.map(|field| self.parse(field)).transpose()?;
        let new = coerce::field(schema, new, self.unknown.at(place));
        let old = old.map(parse).transpose()?;
        let read = coerce::field(schema, old.clone(), &mut Unknown::default());
        self.compare(new.as_ref(), old.as_ref(), read.as_ref());
        Ok(new.map(Piece::Value))
    }

    /// What is stored of a field that was sent as it is stored.
    fn same(
        &mut self,
        field: Field<'s>,
        schema: &Structural,
        place: impl FnOnce() -> String,
    ) -> Result<Option<Piece<'s>>, String> {
        if let Some(text) = normal_field(field, schema) {
            self.content.rewritten |= matches!(text, Cow::Owned(_));
            return Ok(Some(Piece::Text(text)));
        }
        let value = self.parse(field)?;
        let written = go::text_of(&value);
        let stored = coerce::field(schema, Some(value), self.unknown.at(&place()));
        self.content.rewritten |= stored.as_ref().map(go::text_of) != Some(written);
        Ok(stored.map(Piece::Value))
    }

    /// Compares a value to be stored with one that is stored, and with what is made of that when it is
    /// read.
    fn compare(&mut self, new: Option<&Value>, stored: Option<&Value>, read: Option<&Value>) {
        self.content.rewritten |= new.map(go::text_of) != stored.map(go::text_of);
        self.content.changed |= new != read;
    }

    fn parse(&mut self, field: Field<'_>) -> Result<Value, String> {
        match field {
            Field::Text(text) if text.starts_with(['{', '[']) => {
                self.content.duplicates |= !syntax::duplicates(text).is_empty();
            }
            _ => {}
        }
        parse(field)
    }
}

/// What is stored of a field, as far as that can be made without parsing.
fn normal_field<'v>(field: Field<'v>, schema: &Structural) -> Option<Cow<'v, str>> {
    match field {
        Field::Text(text) if text != "null" => normal(schema, text),
        _ => None,
    }
}

/// Parses a field as Go does: of a field given twice, the last counts.
pub(crate) fn parse(field: Field<'_>) -> Result<Value, String> {
    match field {
        Field::Value(value) => Ok(value.clone()),
        Field::Text(text) => serde_json::from_str(text).map_err(|error| match out_of_range(text) {
            Some(number) => {
                format!("json: cannot unmarshal number {number} into Go value of type float64")
            }
            None => error.to_string(),
        }),
    }
}

/// The first number in a text that is beyond the range of a double.
fn out_of_range(text: &str) -> Option<&str> {
    let in_number = |char: char| matches!(char, '0'..='9' | '-' | '+' | '.' | 'e' | 'E');
    // Strings are skipped: every second part between quotes that are not escaped.
    let mut in_string = false;
    let mut escaped = false;
    let outside = text.split(|char: char| {
        let quote = char == '"' && !escaped;
        escaped = in_string && char == '\\' && !escaped;
        in_string ^= quote;
        quote || in_string
    });
    let mut numbers = outside.flat_map(|part| part.split(|char| !in_number(char)));
    numbers.find(|number| number.parse().is_ok_and(|double: f64| double.is_infinite()))
}
