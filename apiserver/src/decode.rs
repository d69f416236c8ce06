//! Decoding of a request body into a Job, with the errors of an API server.

use std::borrow::Cow;
use std::fmt::Write as _;

use serde_json::{Map, Value};
use volcano_job_update::Job;
use volcano_job_update::internals::{Entry, Field, JobParts, Structural};
use volcano_job_update::resource::{API_VERSION, GROUP, KIND, VERSION};
use volcano_job_update::status::{Status, StatusCause};

use crate::fields::{self, FieldError, JobFields, top_field};
use crate::go;
use crate::object_meta::{self, ObjectMeta};
use crate::schema_rules::{type_name, wrong_type};
use crate::syntax;

/// The Go struct into which apiVersion and kind are decoded first.
const TYPE_META: &str = "struct { APIVersion string \"json:\\\"apiVersion,omitempty\\\"\"; \
     Kind string \"json:\\\"kind,omitempty\\\"\" }";

/// The decoded Job of a request.
pub(crate) struct DecodedJob<'s> {
    pub(crate) type_meta: TypeMeta,
    pub(crate) metadata: ObjectMeta,
    /// Empty unless the body is a Job of Volcano's API group.
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
    /// The body is not valid for its kind.
    NotHandled { kind: String, version: String, error: String },
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
        bytes: &[u8],
    ) -> Result<Self, DecodeError> {
        let type_meta = TypeMeta::decode(job, bytes)?;
        let mut unknown = Vec::new();
        let metadata =
            decode_metadata(job, &mut unknown).map_err(|error| type_meta.not_handled(error))?;
        let mut fields = JobFields::default();
        if type_meta.is_volcano_job() {
            fields = fields::decode(job, existing, schema).map_err(|error| match error {
                FieldError::Request(error) => type_meta.not_handled(error),
                FieldError::Stored(error) => DecodeError::Stored(error),
            })?;
            unknown.append(&mut fields.unknown);
        }
        let is_lossless = unknown.is_empty() && !fields.has_duplicates;
        Ok(Self { type_meta, metadata, fields, unknown, is_lossless })
    }
}

impl TypeMeta {
    fn decode(job: &Job<'_>, bytes: &[u8]) -> Result<Self, DecodeError> {
        for name in ["apiVersion", "kind"] {
            // Go ignores the case of keys when it decodes into a struct.
            let fields = job.top().iter().filter(|entry| entry.key().eq_ignore_ascii_case(name));
            for field in fields.map(Entry::field).filter(|field| !field.is_null()) {
                let found = go_type(field);
                if found != "string" {
                    return Err(DecodeError::Unrecognized(no_type_meta(&format!(
                        "json: cannot unmarshal {found} into Go struct field .{name} of type string"
                    ))));
                }
            }
        }
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
            return Err(DecodeError::Unrecognized(missing_kind(bytes)));
        }
        if job.top().iter().any(|entry| entry.is("apiVersion") && entry.field().is_null()) {
            let error = ".apiVersion accessor error: <nil> is of the type <nil>, expected string";
            return Err(type_meta.not_handled(error.into()));
        }
        Ok(type_meta)
    }

    /// `batch.volcano.sh` of `batch.volcano.sh/v1alpha1`; empty for the core group (`v1`).
    pub(crate) fn group(&self) -> &str {
        self.api_version.split_once('/').map_or("", |(group, _)| group)
    }

    /// `v1alpha1` of `batch.volcano.sh/v1alpha1`.
    fn version(&self) -> &str {
        self.api_version.split_once('/').map_or(&*self.api_version, |(_, version)| version)
    }

    /// Whether it is a Job of Volcano's group in any version, so that the schema applies.
    pub(crate) fn is_volcano_job(&self) -> bool {
        self.kind == KIND && self.group() == GROUP
    }

    /// Whether it is a Job of the stored version.
    pub(crate) fn is_stored_version(&self) -> bool {
        self.kind == KIND && self.api_version == API_VERSION
    }

    pub(crate) fn not_handled(&self, error: String) -> DecodeError {
        let (kind, version) = (self.kind.clone(), self.version().to_owned());
        DecodeError::NotHandled { kind, version, error }
    }
}

impl DecodeError {
    /// The answer to a PUT with the body `bytes`.
    pub(crate) fn into_status(self, bytes: &[u8]) -> Status {
        match self {
            Self::Unrecognized(error) => {
                let summary = summary(bytes);
                Status::bad_request(format!(
                    "the object provided is unrecognized (must be of type {KIND}): {error} ({summary})"
                ))
            }
            Self::NotHandled { kind, version, error } => {
                let version = go::quote(&version);
                Status::bad_request(format!(
                    "{kind} in version {version} cannot be handled as a {KIND}: {error}"
                ))
            }
            Self::Stored(error) => Status::internal_error(error),
        }
    }
}

/// Parses a body that cannot be read as a Job into a value. Parts of a wrong type are removed; the
/// causes are the schema errors for them.
///
/// # Errors
///
/// The body is not a JSON object, or its metadata is malformed.
pub(crate) fn parse_lenient(
    bytes: &[u8],
    text: &str,
) -> Result<(Value, Vec<StatusCause>), DecodeError> {
    let not_handled = |error: String| DecodeError::NotHandled {
        kind: KIND.into(),
        version: VERSION.into(),
        error,
    };
    let value = serde_json::from_str(text).map_err(|error| match syntax::error(bytes) {
        Some(error) => DecodeError::Unrecognized(no_type_meta(&error)),
        // The JSON is nested too deeply, or has a number beyond the range of a double.
        None => not_handled(error.to_string()),
    })?;
    match value {
        Value::Object(job) => remove_mistyped_parts(job).map_err(not_handled),
        Value::Null => Err(DecodeError::Unrecognized(missing_kind(bytes))),
        other => {
            let found = go::type_name(&other);
            let error = format!("json: cannot unmarshal {found} into Go value of type {TYPE_META}");
            Err(DecodeError::Unrecognized(no_type_meta(&error)))
        }
    }
}

/// Removes `spec`, `spec.tasks` and tasks of the wrong type, so that the rest can be read as a Job.
/// The causes are the schema errors for them.
///
/// # Errors
///
/// Go's error for malformed metadata, which an API server reports before schema errors.
pub(crate) fn remove_mistyped_parts(
    mut job: Map<String, Value>,
) -> Result<(Value, Vec<StatusCause>), String> {
    let mut causes = Vec::new();
    if let Some(metadata) = job.get("metadata") {
        object_meta::decode(metadata, &mut Vec::new())?;
    }
    match job.get_mut("spec") {
        None | Some(Value::Null) => {}
        Some(Value::Object(spec)) => remove_mistyped_tasks(spec, &mut causes),
        Some(other) => {
            causes.push(wrong_type("spec", "object", type_name(other)));
            *other = Value::Null;
        }
    }
    Ok((Value::Object(job), causes))
}

fn remove_mistyped_tasks(spec: &mut Map<String, Value>, causes: &mut Vec<StatusCause>) {
    match spec.get_mut("tasks") {
        None | Some(Value::Null) => {}
        Some(Value::Array(tasks)) => {
            for (position, task) in tasks.iter_mut().enumerate() {
                if !task.is_object() && !task.is_null() {
                    let field = format!("spec.tasks[{position}]");
                    causes.push(wrong_type(&field, "object", type_name(task)));
                    *task = Value::Null;
                }
            }
        }
        Some(other) => {
            causes.push(wrong_type("spec.tasks", "array", type_name(other)));
            *other = Value::Null;
        }
    }
}

fn decode_metadata(job: &Job<'_>, unknown: &mut Vec<String>) -> Result<ObjectMeta, String> {
    let mut metadata = Map::new();
    for entry in job.metadata().into_iter().flatten() {
        metadata.insert(entry.key().to_owned(), fields::parse(entry.field())?);
    }
    object_meta::decode(&Value::Object(metadata), unknown)
}

/// Go's type name for a field, without parsing the field.
fn go_type(field: Field<'_>) -> &'static str {
    match field {
        Field::Value(value) => go::type_name(value),
        Field::Text(text) => match text.as_bytes().first() {
            Some(b'"') => "string",
            Some(b'{') => "object",
            Some(b'[') => "array",
            Some(b't' | b'f') => "bool",
            Some(b'n') => "null",
            _ => "number",
        },
    }
}

fn no_type_meta(error: &str) -> String {
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
