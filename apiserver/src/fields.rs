//! Decoding of the fields of a Job except `metadata` and `status`: unknown fields are pruned, nulls
//! are dropped, defaults are filled in.
//!
//! The Job of the request and the stored Job are read side by side. A field stays a text: it is copied if it
//! is already canonical, and otherwise written anew. Only what has no such text is parsed.

use std::borrow::Cow;

use serde_json::Value;
use volcano_job_update::Job;
use volcano_job_update::internals::{ANY, Entry, Field, JobParts, Structural};

use crate::canonical::canonicalize;
use crate::coerce::{self, Unknown};
use crate::go;
use crate::respell::respell;
use crate::syntax;

/// The decoded fields of a Job, and how they differ from the stored Job.
#[derive(Debug, Default)]
#[expect(clippy::struct_excessive_bools, reason = "none of them follows from the others")]
pub(crate) struct JobFields<'s> {
    /// The fields of `spec`, sorted; `None` if there is no `spec`.
    pub(crate) spec: Option<Vec<(Cow<'s, str>, SpecField<'s>)>>,
    /// Other top-level fields in the schema. Volcano's own schema has none.
    pub(crate) others: Vec<(Cow<'s, str>, FieldValue<'s>)>,
    /// The paths of the unknown fields. They are not stored.
    pub(crate) unknown: Vec<String>,
    /// Whether an object has duplicate fields.
    pub(crate) has_duplicates: bool,
    /// Whether the values differ from the stored values (`apiequality.Semantic.DeepEqual`), which
    /// increments the generation.
    pub(crate) content_differs: bool,
    /// Whether the text differs from the stored text, so that the Job is written.
    pub(crate) encoding_differs: bool,
    /// Whether the texts do not show everything, because a field had to be parsed, or the stored Job has an
    /// unknown one: a server holds `1.0` and writes `1`.
    pub(crate) is_parsed: bool,
    /// Whether the request and the stored Job have the same text for a field, which lacks a default.
    pub(crate) lacks_defaults: bool,
}

/// A field of `spec`.
#[derive(Debug)]
pub(crate) enum SpecField<'s> {
    Field(FieldValue<'s>),
    Tasks(Vec<FieldValue<'s>>),
}

/// The value of a field as it will be stored.
#[derive(Debug)]
pub(crate) enum FieldValue<'s> {
    /// Its JSON text.
    Text(Cow<'s, str>),
    Value(Value),
}

/// Go's error for a field that cannot be parsed.
#[derive(Debug)]
pub(crate) enum FieldError {
    /// The field is in the request.
    Request(String),
    /// The field is in the stored Job.
    Stored(String),
}

/// Decodes the fields of the Job of a request according to the schema.
///
/// # Errors
///
/// A field cannot be parsed because it has a number beyond the range of a double.
pub(crate) fn decode<'s>(
    job: &Job<'s>,
    existing: Option<&Job<'_>>,
    schema: &Structural,
) -> Result<JobFields<'s>, FieldError> {
    let fields = JobFields::default();
    let mut decoder = Decoder { job, existing, schema, fields, unknown: Unknown::default() };
    decoder.other_fields()?;
    decoder.spec()?;
    let Decoder { mut fields, unknown, .. } = decoder;
    fields.unknown = unknown.fields;
    Ok(fields)
}

/// The status of the stored Job as an API server reads it. An update does not change it.
///
/// # Errors
///
/// The status cannot be parsed.
pub(crate) fn stored_status<'e>(
    existing: &Job<'e>,
    schema: &Structural,
) -> Result<Option<FieldValue<'e>>, String> {
    let (Some(schema), Some(field)) =
        (schema.declared_child("status"), top_field(existing, "status"))
    else {
        return Ok(None);
    };
    if let Some(text) = canonical_text(field, schema) {
        return Ok(Some(FieldValue::Text(text)));
    }
    let status = coerce::field(schema, Some(parse(field)?), &mut Unknown::default());
    Ok(status.map(FieldValue::Value))
}

/// The status of a request as an API server reads it; `None` if the schema has no status.
pub(crate) fn read_status(status: Value, schema: &Structural) -> Option<Value> {
    coerce::field(schema.declared_child("status")?, Some(status), &mut Unknown::default())
}

/// A top-level field other than `metadata` and `spec`; `None` if it is absent or `null`.
pub(crate) fn top_field<'a>(job: &Job<'a>, key: &str) -> Option<Field<'a>> {
    let field = job.top().iter().find(|entry| entry.is(key))?.field();
    (!field.is_null()).then_some(field)
}

/// Parses a field as Go does: the last of several duplicate keys wins.
///
/// # Errors
///
/// Go's error for a number beyond the range of a double.
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

struct Decoder<'d, 's, 'e> {
    job: &'d Job<'s>,
    existing: Option<&'d Job<'e>>,
    schema: &'d Structural,
    fields: JobFields<'s>,
    unknown: Unknown,
}

impl<'s> Decoder<'_, 's, '_> {
    /// Decodes the top-level fields except `metadata` and `spec`.
    fn other_fields(&mut self) -> Result<(), FieldError> {
        for entry in self.job.top() {
            let key = entry.key();
            match (key, self.schema.declared_child(key)) {
                ("apiVersion" | "kind", _) => {}
                // Not stored, but its unknown fields are reported. It has none if it has a text.
                ("status", Some(schema)) => {
                    if stored_text(entry.field(), schema).is_none() {
                        let status = self.parse(entry.field())?;
                        drop(coerce::field(schema, Some(status), self.unknown.at(key)));
                    }
                }
                (_, None) => self.unknown.at("").note(key),
                (_, Some(schema)) => {
                    let old = self.existing.and_then(|job| top_field(job, key));
                    let path = || key.to_owned();
                    if let Some(value) = self.field(Some(entry.field()), old, schema, path)? {
                        self.fields.others.push((entry.to_key(), value));
                    }
                }
            }
        }
        for entry in self.existing.into_iter().flat_map(JobParts::top) {
            let key = entry.key();
            let is_server_written = matches!(key, "apiVersion" | "kind" | "status");
            let is_known = self.schema.declared_child(key).is_some();
            // A stored Job may have any number of unknown fields; a lookup for each would be
            // quadratic.
            let is_kept = is_known && self.job.top().iter().any(|entry| entry.is(key));
            if !is_server_written && !is_kept {
                self.fields.encoding_differs = true;
                self.fields.content_differs |= is_known;
                self.fields.is_parsed |= !is_known;
            }
        }
        Ok(())
    }

    fn spec(&mut self) -> Result<(), FieldError> {
        let schema = self.schema.declared_child("spec").unwrap_or(&ANY);
        let old_fields = self.existing.and_then(JobParts::spec);
        let Some(new_fields) = self.job.spec() else {
            self.differs_if(old_fields.is_some());
            return Ok(());
        };
        self.differs_if(self.existing.is_some() && old_fields.is_none());
        let old_fields = old_fields.unwrap_or_default();
        let mut spec = Vec::with_capacity(new_fields.len() + 2);
        for entry in new_fields {
            let key = entry.key();
            let Some(schema) = schema.declared_child(key) else {
                self.unknown.at("spec").note(key);
                continue;
            };
            let old = find(old_fields, key);
            let path = || format!("spec.{key}");
            if let Some(value) = self.field(Some(entry.field()), old, schema, path)? {
                spec.push((entry.to_key(), SpecField::Field(value)));
            }
        }
        self.absent_spec_fields(new_fields, old_fields, schema, &mut spec)?;
        self.tasks(schema, &mut spec)?;
        spec.sort_unstable_by(|(a, _), (b, _)| a.cmp(b));
        self.fields.spec = Some(spec);
        Ok(())
    }

    /// Handles the fields of `spec` that the request lacks: fills in defaults, and removes stored
    /// fields.
    fn absent_spec_fields(
        &mut self,
        new_fields: &[Entry<'_>],
        old_fields: &[Entry<'_>],
        schema: &Structural,
        spec: &mut Vec<(Cow<'s, str>, SpecField<'s>)>,
    ) -> Result<(), FieldError> {
        // A stored Job may have any number of unknown fields; a lookup for each would be quadratic.
        let (stored, unknown): (Vec<&str>, Vec<&str>) =
            old_fields.iter().map(Entry::key).partition(|key| schema.declared_child(key).is_some());
        self.fields.encoding_differs |= !unknown.is_empty();
        self.fields.is_parsed |= !unknown.is_empty();
        let with_default = schema.defaults().map(|(key, _)| key);
        let is_absent = |key: &&str| find(new_fields, key).is_none();
        let mut keys: Vec<&str> = with_default.chain(stored).filter(is_absent).collect();
        keys.sort_unstable();
        keys.dedup();
        for key in keys {
            let Some(schema) = schema.declared_child(key) else { continue };
            let default = self.field(None, find(old_fields, key), schema, String::new)?;
            spec.extend(default.map(|value| (key.to_owned().into(), SpecField::Field(value))));
        }
        Ok(())
    }

    fn tasks(
        &mut self,
        spec_schema: &Structural,
        spec: &mut Vec<(Cow<'s, str>, SpecField<'s>)>,
    ) -> Result<(), FieldError> {
        let old_tasks = self.existing.and_then(JobParts::tasks);
        let Some(new_tasks) = self.job.tasks() else {
            self.differs_if(old_tasks.is_some());
            return Ok(());
        };
        let Some(schema) = spec_schema.declared_child("tasks") else {
            self.unknown.at("spec").note("tasks");
            return Ok(());
        };
        let schema = schema.items();
        let old_count = old_tasks.as_ref().map(Vec::len);
        self.differs_if(self.existing.is_some() && old_count != Some(new_tasks.len()));
        let old_tasks = old_tasks.unwrap_or_default();
        let mut tasks = Vec::with_capacity(new_tasks.len());
        for (position, task) in new_tasks.into_iter().enumerate() {
            let old = old_tasks.get(position).copied();
            let path = || format!("spec.tasks[{position}]");
            if old == Some(task) && !task.is_null() {
                tasks.extend(self.unchanged(task, schema, path)?);
                continue;
            }
            if let Some(text) = self.respelled(Some(task), old, schema) {
                tasks.push(FieldValue::Text(text));
                continue;
            }
            let task = self.parse(task)?;
            let task = coerce::item(schema, task, self.unknown.at(&path()));
            let old = old.map(|old| self.parse_stored(old)).transpose()?;
            let read = |old| coerce::item(schema, old, &mut Unknown::default());
            let old_read = old.clone().map(read);
            self.compare(Some(&task), old.as_ref(), old_read.as_ref());
            tasks.push(FieldValue::Value(task));
        }
        spec.push(("tasks".into(), SpecField::Tasks(tasks)));
        Ok(())
    }

    /// The value to store for a field; `None` if the field is not stored. `path` is the prefix for
    /// reporting unknown fields.
    fn field(
        &mut self,
        new: Option<Field<'s>>,
        old: Option<Field<'_>>,
        schema: &Structural,
        path: impl FnOnce() -> String,
    ) -> Result<Option<FieldValue<'s>>, FieldError> {
        if let Some(field) = new.filter(|new| old == Some(*new) && !new.is_null()) {
            return self.unchanged(field, schema, path);
        }
        if let Some(text) = self.respelled(new, old, schema) {
            return Ok(Some(FieldValue::Text(text)));
        }
        let new = new.map(|field| self.parse(field)).transpose()?;
        let new = coerce::field(schema, new, self.unknown.at(&path()));
        let old = old.map(|old| self.parse_stored(old)).transpose()?;
        let old_read = coerce::field(schema, old.clone(), &mut Unknown::default());
        self.compare(new.as_ref(), old.as_ref(), old_read.as_ref());
        Ok(new.map(FieldValue::Value))
    }

    /// The value to store for a field whose text is the same in the request and in the store.
    fn unchanged(
        &mut self,
        field: Field<'s>,
        schema: &Structural,
        path: impl FnOnce() -> String,
    ) -> Result<Option<FieldValue<'s>>, FieldError> {
        if let Some(text) = canonical_text(field, schema) {
            let lacks_defaults = matches!(text, Cow::Owned(_));
            self.fields.encoding_differs |= lacks_defaults;
            self.fields.lacks_defaults |= lacks_defaults;
            return Ok(Some(FieldValue::Text(text)));
        }
        let value = self.parse(field)?;
        let stored_text = go::text_of(&value);
        let value = coerce::field(schema, Some(value), self.unknown.at(&path()));
        self.fields.encoding_differs |= value.as_ref().map(go::text_of) != Some(stored_text);
        Ok(value.map(FieldValue::Value))
    }

    /// The text to store for a field that differs from the stored one; `None` if there is none, or if one of
    /// the two has to be parsed.
    fn respelled(
        &mut self,
        new: Option<Field<'s>>,
        old: Option<Field<'_>>,
        schema: &Structural,
    ) -> Option<Cow<'s, str>> {
        let new = match new {
            Some(new) => stored_text(new, schema)?,
            None => go::text_of(schema.default.as_ref()?).into(),
        };
        let (encoding_differs, content_differs) = match old {
            None if schema.default.is_none() => (true, true),
            Some(Field::Text(old)) if old == new => (false, false),
            Some(old) => (true, canonical_text(old, schema)? != new),
            None => return None,
        };
        self.fields.encoding_differs |= encoding_differs;
        self.fields.content_differs |= content_differs;
        Some(new)
    }

    /// Compares a new value with the stored one, both as stored (`old`) and as an API server reads
    /// it (`old_read`).
    fn compare(&mut self, new: Option<&Value>, old: Option<&Value>, old_read: Option<&Value>) {
        self.fields.encoding_differs |= new.map(go::text_of) != old.map(go::text_of);
        self.fields.content_differs |= new != old_read;
    }

    fn differs_if(&mut self, differs: bool) {
        self.fields.encoding_differs |= differs;
        self.fields.content_differs |= differs;
    }

    /// Parses a field of the request, and records whether an object in it has duplicate keys.
    fn parse(&mut self, field: Field<'_>) -> Result<Value, FieldError> {
        match field {
            Field::Text(text) if text.starts_with(['{', '[']) => {
                self.fields.has_duplicates |= !syntax::duplicates(text).is_empty();
            }
            Field::Text(_) | Field::Value(_) => {}
        }
        self.fields.is_parsed = true;
        parse(field).map_err(FieldError::Request)
    }

    fn parse_stored(&mut self, field: Field<'_>) -> Result<Value, FieldError> {
        self.fields.is_parsed = true;
        parse(field).map_err(FieldError::Stored)
    }
}

impl FieldValue<'_> {
    /// Appends the value as JSON.
    pub(crate) fn write(&self, out: &mut String) {
        match self {
            Self::Text(text) => out.push_str(text),
            Self::Value(value) => go::write_json(out, value),
        }
    }

    /// The value as a document.
    ///
    /// # Errors
    ///
    /// The text cannot be parsed.
    pub(crate) fn to_value(&self) -> Result<Value, String> {
        match self {
            Self::Text(text) => parse(Field::Text(text)),
            Self::Value(value) => Ok(value.clone()),
        }
    }
}

fn find<'a>(fields: &[Entry<'a>], key: &str) -> Option<Field<'a>> {
    fields.iter().find(|entry| entry.is(key)).map(Entry::field)
}

/// The text to store for a field, if it can be produced without parsing the field.
fn stored_text<'v>(field: Field<'v>, schema: &Structural) -> Option<Cow<'v, str>> {
    let text = non_null_text(field)?;
    canonicalize(schema, text).or_else(|| respell(schema, text).map(Cow::Owned))
}

/// As [`stored_text`], but only if the field is already canonical except for missing defaults.
fn canonical_text<'v>(field: Field<'v>, schema: &Structural) -> Option<Cow<'v, str>> {
    canonicalize(schema, non_null_text(field)?)
}

fn non_null_text(field: Field<'_>) -> Option<&str> {
    match field {
        Field::Text(text) if text != "null" => Some(text),
        Field::Text(_) | Field::Value(_) => None,
    }
}

/// The first number in a JSON text that is beyond the range of a double.
fn out_of_range(text: &str) -> Option<&str> {
    let is_in_number = |char: char| matches!(char, '0'..='9' | '-' | '+' | '.' | 'e' | 'E');
    let mut is_in_string = false;
    let mut is_escaped = false;
    let outside_strings = text.split(|char: char| {
        let is_quote = char == '"' && !is_escaped;
        is_escaped = is_in_string && char == '\\' && !is_escaped;
        is_in_string ^= is_quote;
        is_quote || is_in_string
    });
    let mut numbers = outside_strings.flat_map(|part| part.split(|char| !is_in_number(char)));
    numbers.find(|number| number.parse().is_ok_and(|double: f64| double.is_infinite()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn out_of_range_skips_strings() {
        for (text, number) in [
            (r#"{"a": [1, -1e999, 2e999]}"#, Some("-1e999")),
            (r#"{"a": "1e999", "1e999": "\"1e999", "b": 1e308}"#, None),
        ] {
            assert_eq!(out_of_range(text), number, "{text}");
        }
    }
}
