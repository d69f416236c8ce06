//! Encoding of a Job as an API server stores it: compact JSON with sorted keys.

use std::borrow::Cow;

use serde_json::{Map, Value};

use crate::decode::DecodedJob;
use crate::fields::{FieldValue, SpecField};
use crate::go;
use crate::object_meta::ObjectMeta;

/// Appends a Job with this status.
pub(crate) fn write_job(out: &mut String, job: &DecodedJob<'_>, status: Option<&FieldValue<'_>>) {
    let DecodedJob { type_meta, metadata, fields, .. } = job;
    let mut parts: Vec<(&str, Part<'_>)> = vec![
        ("apiVersion", Part::String(&type_meta.api_version)),
        ("kind", Part::String(&type_meta.kind)),
        ("metadata", Part::Metadata(metadata)),
    ];
    parts.extend(fields.spec.as_ref().map(|spec| ("spec", Part::Spec(spec))));
    parts.extend(status.map(|status| ("status", Part::Field(status))));
    parts.extend(fields.others.iter().map(|(key, value)| (&**key, Part::Field(value))));
    parts.sort_unstable_by_key(|(key, _)| *key);
    out.push('{');
    for (position, (key, part)) in parts.iter().enumerate() {
        go::write_key(out, position, key);
        part.write(out);
    }
    out.push('}');
}

/// A Job without its status as a document, with the numbers of the request.
///
/// # Errors
///
/// A field cannot be parsed.
pub(crate) fn value_of(job: &DecodedJob<'_>) -> Result<Value, String> {
    let DecodedJob { type_meta, metadata, fields, .. } = job;
    let mut value = Map::new();
    value.insert("apiVersion".into(), type_meta.api_version.as_str().into());
    value.insert("kind".into(), type_meta.kind.as_str().into());
    value.insert("metadata".into(), Value::Object(metadata.clone()));
    for (key, field) in &fields.others {
        value.insert(key.to_string(), field.to_value()?);
    }
    if let Some(fields) = &fields.spec {
        let mut spec = Map::new();
        for (key, field) in fields {
            let value = match field {
                SpecField::Field(value) => value.to_value()?,
                SpecField::Tasks(tasks) => {
                    tasks.iter().map(FieldValue::to_value).collect::<Result<_, _>>()?
                }
            };
            spec.insert(key.to_string(), value);
        }
        value.insert("spec".into(), spec.into());
    }
    Ok(value.into())
}

/// A top-level field of a Job.
enum Part<'p> {
    String(&'p str),
    Metadata(&'p ObjectMeta),
    Spec(&'p [(Cow<'p, str>, SpecField<'p>)]),
    Field(&'p FieldValue<'p>),
}

impl Part<'_> {
    fn write(&self, out: &mut String) {
        match self {
            Self::String(text) => go::write_string(out, text),
            Self::Metadata(metadata) => go::write_map(out, metadata),
            Self::Spec(fields) => write_spec(out, fields),
            Self::Field(value) => value.write(out),
        }
    }
}

fn write_spec(out: &mut String, fields: &[(Cow<'_, str>, SpecField<'_>)]) {
    out.push('{');
    for (position, (key, field)) in fields.iter().enumerate() {
        go::write_key(out, position, key);
        match field {
            SpecField::Field(value) => value.write(out),
            SpecField::Tasks(tasks) => write_list(out, tasks),
        }
    }
    out.push('}');
}

fn write_list(out: &mut String, values: &[FieldValue<'_>]) {
    out.push('[');
    for (position, value) in values.iter().enumerate() {
        if position > 0 {
            out.push(',');
        }
        value.write(out);
    }
    out.push(']');
}
