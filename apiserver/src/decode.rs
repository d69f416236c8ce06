//! Decoding of a request body into a Job, with the errors of an API server.

use std::borrow::Cow;
use std::fmt::Write as _;

use serde_json::{Map, Value};
use volcano_job_update::Job;
use volcano_job_update::internals::{ANY, Document, Entry, Field, JobParts, JsonType, Structural};
use volcano_job_update::resource::{API_VERSION, GROUP, KIND, VERSION};
use volcano_job_update::status::{Status, StatusCause};

use crate::coerce::{self, Unknown};
use crate::fields::{self, FieldError, JobFields, top_field};
use crate::go;
use crate::lazy;
use crate::object_meta::{self, ObjectMeta};
use crate::schema_rules::{type_name, wrong_type};
use crate::syntax;

/// The Go struct into which apiVersion and kind are decoded first.
const TYPE_META: &str = "struct { APIVersion string \"json:\\\"apiVersion,omitempty\\\"\"; \
     Kind string \"json:\\\"kind,omitempty\\\"\" }";

/// Go's error for an object without an apiVersion.
pub(crate) const MISSING_API_VERSION: &str =
    "Object 'apiVersion' is missing in 'object has no apiVersion field'";

/// The decoded Job of a request.
pub(crate) struct DecodedJob<'s> {
    pub(crate) type_meta: TypeMeta,
    pub(crate) metadata: ObjectMeta,
    /// Empty unless the body is a Job of the stored version.
    pub(crate) fields: JobFields<'s>,
    /// The paths of the unknown fields.
    pub(crate) unknown: Vec<String>,
    /// Whether decoding dropped nothing from the body: no unknown and no duplicate field.
    pub(crate) is_lossless: bool,
}

/// The type that a body declares.
pub(crate) struct TypeMeta {
    pub(crate) kind: String,
    pub(crate) api_version: String,
}

/// Why a body cannot be decoded.
pub(crate) enum DecodeError {
    /// The body is not JSON, or apiVersion or kind are missing or malformed.
    Unrecognized(String),
    /// The body is an object without a kind.
    KindMissing { version: String, error: String },
    /// The body is not valid for its kind.
    NotHandled { kind: String, version: String, error: String },
    /// The body has unknown or duplicate fields.
    Strict { kind: String, version: String, error: String },
    /// The stored Job cannot be read.
    Stored(String),
}

impl<'s> DecodedJob<'s> {
    /// Decodes a Job that was read from the body `bytes`.
    ///
    /// # Errors
    ///
    /// apiVersion or kind are missing or malformed; a field of `metadata` has a type other than in
    /// `ObjectMeta`; a number is beyond the range of a double.
    pub(crate) fn new(
        job: &Job<'s>,
        existing: Option<&Job<'_>>,
        schema: &Structural,
        mistyped: &Mistyped,
        bytes: &[u8],
    ) -> Result<Self, DecodeError> {
        let type_meta = TypeMeta::decode(job, bytes)?;
        if let Some(error) = &mistyped.metadata {
            return Err(type_meta.not_handled(error.clone()));
        }
        let mut unknown = Vec::new();
        let metadata =
            decode_metadata(job, &mut unknown).map_err(|error| type_meta.not_handled(error))?;
        let mut fields = JobFields::default();
        if type_meta.is_stored_version() {
            fields = fields::decode(job, existing, schema).map_err(|error| match error {
                FieldError::Request(error) => type_meta.not_handled(error),
                FieldError::Stored(error) => DecodeError::Stored(error),
            })?;
            fields.unknown.extend(mistyped.unknown.iter().cloned());
            fields.unknown.sort_unstable();
            unknown.append(&mut fields.unknown);
        } else if type_meta.is_volcano_job() {
            // An API server has no schema for another version, so it drops what not every object has.
            let fields = job.top().iter().map(Entry::key);
            let fields = fields.filter(|key| !matches!(*key, "apiVersion" | "kind"));
            unknown.extend(fields.chain(job.spec().map(|_| "spec")).map(str::to_owned));
        }
        fields.has_duplicates |= has_duplicates(job.metadata());
        let is_lossless = unknown.is_empty() && !fields.has_duplicates;
        Ok(Self { type_meta, metadata, fields, unknown, is_lossless })
    }
}

impl TypeMeta {
    fn decode(job: &Job<'_>, bytes: &[u8]) -> Result<Self, DecodeError> {
        check_types(job.top().iter().map(|entry| (entry.key(), go_type(entry.field()))))
            .map_err(DecodeError::Unrecognized)?;
        // Go decodes an absent field as the empty string.
        let string = |name| {
            let text = top_field(job, name).and_then(Field::to_str);
            text.map(Cow::into_owned).unwrap_or_default()
        };
        let type_meta = Self { kind: string("kind"), api_version: string("apiVersion") };
        if type_meta.api_version.matches('/').count() > 1 {
            let error = format!("unexpected GroupVersion string: {}", type_meta.api_version);
            return Err(DecodeError::Unrecognized(error));
        }
        if type_meta.kind.is_empty() {
            let version = match type_meta.version() {
                "" => VERSION,
                version => version,
            };
            let version = version.to_owned();
            return Err(DecodeError::KindMissing { version, error: missing_kind(bytes) });
        }
        if job.top().iter().any(|entry| entry.is("apiVersion") && entry.field().is_null()) {
            let error = ".apiVersion accessor error: <nil> is of the type <nil>, expected string";
            return Err(type_meta.not_handled(error.into()));
        }
        Ok(type_meta)
    }

    /// That of a Job of the stored version.
    pub(crate) fn job() -> Self {
        Self { kind: KIND.into(), api_version: API_VERSION.into() }
    }

    /// `batch.volcano.sh` of `batch.volcano.sh/v1alpha1`; empty for the core group (`v1`).
    pub(crate) fn group(&self) -> &str {
        self.api_version.split_once('/').map_or("", |(group, _)| group)
    }

    /// `v1alpha1` of `batch.volcano.sh/v1alpha1`.
    pub(crate) fn version(&self) -> &str {
        self.api_version.split_once('/').map_or(&*self.api_version, |(_, version)| version)
    }

    /// Whether it is a Job of Volcano's group in any version.
    pub(crate) fn is_volcano_job(&self) -> bool {
        self.kind == KIND && self.group() == GROUP
    }

    /// Whether it is a Job of the stored version, so that the schema applies.
    pub(crate) fn is_stored_version(&self) -> bool {
        self.kind == KIND && self.api_version == API_VERSION
    }

    fn not_handled(&self, error: String) -> DecodeError {
        let (kind, version) = (self.kind.clone(), self.version().to_owned());
        DecodeError::NotHandled { kind, version, error }
    }

    pub(crate) fn strict(&self, error: String) -> DecodeError {
        let (kind, version) = (self.kind.clone(), self.version().to_owned());
        DecodeError::Strict { kind, version, error }
    }
}

impl DecodeError {
    /// The answer to a PUT with the body `bytes`. `is_strict` says whether unknown fields are looked for,
    /// for which an API server has a decoder of its own.
    pub(crate) fn into_status(self, bytes: &[u8], is_strict: bool) -> Status {
        match self {
            Self::KindMissing { version, error } if !is_strict => {
                not_handled_as(KIND, KIND, &version, &error)
            }
            Self::Unrecognized(error) | Self::KindMissing { error, .. } => {
                let summary = summary(bytes);
                Status::bad_request(format!(
                    "the object provided is unrecognized (must be of type {KIND}): {error} ({summary})"
                ))
            }
            Self::NotHandled { kind, version, error } => {
                not_handled_as(KIND, &kind, &version, &error)
            }
            // The object was decoded, so its kind is the one that is named twice.
            Self::Strict { version, .. } if version.is_empty() => {
                Status::bad_request(MISSING_API_VERSION)
            }
            Self::Strict { kind, version, error } => not_handled_as(&kind, &kind, &version, &error),
            Self::Stored(error) => Status::internal_error(error),
        }
    }
}

fn not_handled_as(expected: &str, kind: &str, version: &str, error: &str) -> Status {
    let version = go::quote(version);
    Status::bad_request(format!(
        "{kind} in version {version} cannot be handled as a {expected}: {error}"
    ))
}

/// What was removed from a body because it has the wrong type.
#[derive(Default)]
pub(crate) struct Mistyped {
    /// The schema errors.
    pub(crate) causes: Vec<StatusCause>,
    /// The paths of unknown fields in what was removed.
    pub(crate) unknown: Vec<String>,
    /// Go's error for metadata that is no object.
    pub(crate) metadata: Option<String>,
}

impl Mistyped {
    pub(crate) fn extend(&mut self, other: Self) {
        self.causes.extend(other.causes);
        self.unknown.extend(other.unknown);
        self.metadata = self.metadata.take().or(other.metadata);
    }
}

/// Parses a body that cannot be read as a Job into a value, without the parts of a wrong type.
///
/// # Errors
///
/// The body is not a JSON object.
pub(crate) fn parse_lenient(
    bytes: &[u8],
    text: &str,
    schema: &Structural,
) -> Result<(Value, Mistyped), DecodeError> {
    let value = serde_json::from_str(text).map_err(|error| match syntax::error(bytes) {
        Some(error) => DecodeError::Unrecognized(no_type_meta(&error)),
        // The JSON is nested too deeply, or has a number beyond the range of a double.
        None => DecodeError::NotHandled {
            kind: KIND.into(),
            version: VERSION.into(),
            error: error.to_string(),
        },
    })?;
    match value {
        Value::Object(job) => {
            // All of several fields with the same key are checked, and the last one is taken.
            let fields = lazy::members(text.trim_ascii()).into_iter();
            check_types(fields.map(|(key, text)| (key, JsonType::of_text(text).go_name())))
                .map_err(DecodeError::Unrecognized)?;
            Ok(remove_mistyped_parts(job, schema))
        }
        Value::Null => Err(DecodeError::Unrecognized(missing_kind(bytes))),
        other => Err(DecodeError::Unrecognized(not_type_meta(go::type_name(&other)))),
    }
}

/// Removes `metadata`, `spec`, `spec.tasks` and tasks of the wrong type, so that the rest can be read as
/// a Job.
fn remove_mistyped_parts(mut job: Map<String, Value>, schema: &Structural) -> (Value, Mistyped) {
    let mut mistyped = Mistyped::default();
    match job.get_mut("metadata") {
        None | Some(Value::Null | Value::Object(_)) => {}
        Some(other) => {
            mistyped.metadata = object_meta::decode(&other.take(), &mut Vec::new()).err();
        }
    }
    let schema = schema.declared_child("spec").unwrap_or(&ANY);
    match job.get_mut("spec") {
        None | Some(Value::Null) => {}
        Some(Value::Object(spec)) => mistyped.remove_tasks(spec, schema),
        Some(other) => mistyped.remove(other, "spec", "object", schema),
    }
    (Value::Object(job), mistyped)
}

impl Mistyped {
    fn remove_tasks(&mut self, spec: &mut Map<String, Value>, schema: &Structural) {
        let schema = schema.declared_child("tasks").unwrap_or(&ANY);
        match spec.get_mut("tasks") {
            None | Some(Value::Null) => {}
            Some(Value::Array(tasks)) => {
                for (position, task) in tasks.iter_mut().enumerate() {
                    if !task.is_object() && !task.is_null() {
                        self.remove(
                            task,
                            &format!("spec.tasks[{position}]"),
                            "object",
                            schema.items(),
                        );
                    }
                }
            }
            Some(other) => self.remove(other, "spec.tasks", "array", schema),
        }
    }

    fn remove(&mut self, value: &mut Value, path: &str, expected: &str, schema: &Structural) {
        self.causes.push(wrong_type(path, expected, type_name(value)));
        let mut unknown = Unknown::default();
        drop(coerce::item(schema, value.take(), unknown.at(path)));
        self.unknown.append(&mut unknown.fields);
    }
}

fn decode_metadata(job: &Job<'_>, unknown: &mut Vec<String>) -> Result<ObjectMeta, String> {
    let mut metadata = Map::new();
    for entry in job.metadata().into_iter().flatten() {
        metadata.insert(entry.key().to_owned(), fields::parse(entry.field())?);
    }
    object_meta::decode(&Value::Object(metadata), unknown)
}

/// Whether a field has an object with duplicate keys.
fn has_duplicates(fields: Option<&[Entry<'_>]>) -> bool {
    let is_document = |field| match field {
        Field::Text(text) => Document::of_text(text).is_some(),
        Field::Value(_) => true,
    };
    !fields.into_iter().flatten().all(|entry| is_document(entry.field()))
}

/// Checks the types of apiVersion and kind in the fields of an object, given as key and Go type.
///
/// # Errors
///
/// Go's error for a field of another type.
pub(crate) fn check_types<K: AsRef<str>>(
    fields: impl IntoIterator<Item = (K, &'static str)>,
) -> Result<(), String> {
    for (key, found) in fields {
        // Go ignores the case of keys when it decodes into a struct.
        let is_it = |name: &&str| key.as_ref().eq_ignore_ascii_case(name);
        let name = ["apiVersion", "kind"].into_iter().find(is_it);
        if let (Some(name), false) = (name, matches!(found, "string" | "null")) {
            return Err(no_type_meta(&format!(
                "json: cannot unmarshal {found} into Go struct field .{name} of type string"
            )));
        }
    }
    Ok(())
}

/// Go's type name for a field, without parsing the field.
fn go_type(field: Field<'_>) -> &'static str {
    match field {
        Field::Value(value) => go::type_name(value),
        Field::Text(text) => JsonType::of_text(text).go_name(),
    }
}

/// Go's error for a value of this type in place of an object.
pub(crate) fn not_type_meta(found: &str) -> String {
    no_type_meta(&format!("json: cannot unmarshal {found} into Go value of type {TYPE_META}"))
}

pub(crate) fn no_type_meta(error: &str) -> String {
    format!("couldn't get version/kind; json parse error: {error}")
}

fn missing_kind(bytes: &[u8]) -> String {
    format!("Object 'Kind' is missing in '{}'", syntax::sanitize_bytes(bytes))
}

/// The beginning of a body: as text if it may be a JSON object, otherwise in hexadecimal.
fn summary(bytes: &[u8]) -> String {
    const MAX_BYTES: usize = 30;
    if bytes.is_empty() {
        return "<empty>".into();
    }
    let shown = bytes.get(..MAX_BYTES).unwrap_or(bytes);
    let mut summary = String::new();
    if bytes.starts_with(b"{") {
        summary.push_str(&syntax::sanitize_bytes(shown));
    } else {
        for byte in shown {
            // Writing to a String cannot fail.
            let _ = write!(summary, "{byte:02x}");
        }
    }
    if bytes.len() > MAX_BYTES {
        summary.push_str(" ...");
    }
    summary
}
