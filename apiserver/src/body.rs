//! From the bytes of a request to a Job, and the reasons why there is none.

use std::fmt::Write as _;

use serde_json::{Map, Value};

use crate::go;
use crate::meta::{self, Metadata};
use crate::schema_rules::{type_name, wrong_type};
use crate::{content, syntax};
use volcano_job_update::Job;
use volcano_job_update::Limits;
use volcano_job_update::internals::{Field, JobParts, JsonType};
use volcano_job_update::resource::{GROUP, KIND, VERSION};
use volcano_job_update::status::{Status, StatusCause};

/// The struct into which Go reads apiVersion and kind before anything else, as it names it.
const TYPE_META: &str = "struct { APIVersion string \"json:\\\"apiVersion,omitempty\\\"\"; \
     Kind string \"json:\\\"kind,omitempty\\\"\" }";

/// What a request says of itself.
pub(crate) struct Sent {
    pub(crate) kind: String,
    pub(crate) api_version: String,
    pub(crate) metadata: Metadata,
    /// Fields that are none of metadata.
    pub(crate) unknown: Vec<String>,
}

impl Sent {
    /// Whether it says that it is a Job, so that the schema of one is applied.
    pub(crate) fn is_job(&self) -> bool {
        let group = self.api_version.split_once('/').map(|(group, _)| group);
        self.kind == KIND && group == Some(GROUP)
    }
}

/// Reads a body that is not plainly a Job as a value, and puts aside what is no Job in it.
///
/// # Errors
///
/// The answer to a body that is no JSON object.
pub(crate) fn read_value(bytes: &[u8], text: &str) -> Result<(Value, Vec<StatusCause>), Status> {
    let value: Value = match serde_json::from_str(text) {
        Ok(value) => value,
        Err(error) => {
            return Err(match syntax::error(bytes) {
                Some(error) => unrecognized(&no_type(&error), bytes),
                // Deeper than any Job is read, or a number that no value has.
                None => Status::bad_request(cannot_be_handled(KIND, VERSION, &error.to_string())),
            });
        }
    };
    match value {
        Value::Object(map) => salvage(map)
            .map_err(|error| Status::bad_request(cannot_be_handled(KIND, VERSION, &error))),
        Value::Null => Err(unrecognized(&missing_kind(bytes), bytes)),
        other => {
            let found = JsonType::of(&other).go_name();
            let error = format!("json: cannot unmarshal {found} into Go value of type {TYPE_META}");
            Err(unrecognized(&no_type(&error), bytes))
        }
    }
}

/// Puts aside parts of a type that the reading of a Job does not take; each is a error by the schema.
pub(crate) fn salvage(mut job: Map<String, Value>) -> Result<(Value, Vec<StatusCause>), String> {
    let mut errors = Vec::new();
    if let Some(metadata) = job.get("metadata") {
        meta::read(metadata, &mut Vec::new())?;
    }
    if let Some(spec) = job.get_mut("spec").filter(|spec| !spec.is_null()) {
        if let Value::Object(fields) = spec {
            salvage_tasks(fields, &mut errors);
        } else {
            errors.push(wrong_type("spec", "object", type_name(spec)));
            spec.take();
        }
    }
    Ok((Value::Object(job), errors))
}

fn salvage_tasks(spec: &mut Map<String, Value>, errors: &mut Vec<StatusCause>) {
    match spec.get_mut("tasks") {
        None | Some(Value::Null) => {}
        Some(Value::Array(tasks)) => {
            for (position, task) in tasks.iter_mut().enumerate() {
                if !task.is_object() && !task.is_null() {
                    let field = format!("spec.tasks[{position}]");
                    errors.push(wrong_type(&field, "object", type_name(task)));
                    task.take();
                }
            }
        }
        Some(other) => {
            errors.push(wrong_type("spec.tasks", "array", type_name(other)));
            other.take();
        }
    }
}

/// What a body says of itself.
///
/// # Errors
///
/// What is wrong with it, as the API server says it: of a body that is unrecognized, or of one that
/// is recognized and cannot be handled.
pub(crate) fn read_sent(job: &Job<'_>, bytes: &[u8]) -> Result<Sent, NotRead> {
    for name in ["apiVersion", "kind"] {
        // This first look does not mind upper and lower case.
        let fields = job.top().iter().filter(|entry| entry.key().eq_ignore_ascii_case(name));
        for entry in fields.filter(|entry| !entry.field().is_null()) {
            let value = content::parse(entry.field()).unwrap_or_default();
            if !value.is_string() {
                let found = JsonType::of(&value).go_name();
                let error = format!(
                    "json: cannot unmarshal {found} into Go struct field .{name} of type string"
                );
                return Err(NotRead::Unrecognized(no_type(&error)));
            }
        }
    }
    let says = |name| top_field(job, name).and_then(Field::to_str).unwrap_or_default().into_owned();
    let (kind, api_version) = (says("kind"), says("apiVersion"));
    if api_version.matches('/').count() > 1 {
        let error = format!("unexpected GroupVersion string: {api_version}");
        return Err(NotRead::Unrecognized(error));
    }
    if kind.is_empty() {
        return Err(NotRead::Unrecognized(missing_kind(bytes)));
    }
    let version = api_version.rsplit('/').next().unwrap_or_default().to_owned();
    let cannot = |error: String| NotRead::NotHandled {
        whole: cannot_be_handled(&kind, &version, &error),
        error,
    };
    if job.top().iter().any(|entry| entry.is("apiVersion") && entry.field().is_null()) {
        let error = ".apiVersion accessor error: <nil> is of the type <nil>, expected string";
        return Err(cannot(error.into()));
    }
    let mut sent = Map::new();
    for entry in job.metadata().into_iter().flatten() {
        let value = content::parse(entry.field()).map_err(cannot)?;
        sent.insert(entry.key().to_owned(), value);
    }
    let mut unknown = Vec::new();
    let metadata = meta::read(&Value::Object(sent), &mut unknown).map_err(cannot)?;
    Ok(Sent { kind, api_version, metadata, unknown })
}

/// Why a body was not read.
pub(crate) enum NotRead {
    Unrecognized(String),
    NotHandled { whole: String, error: String },
}

impl NotRead {
    /// The answer to a PUT.
    pub(crate) fn into_status(self, bytes: &[u8]) -> Status {
        match self {
            Self::Unrecognized(error) => unrecognized(&error, bytes),
            Self::NotHandled { whole, .. } => Status::bad_request(whole),
        }
    }

    /// The error alone.
    pub(crate) fn into_error(self) -> String {
        match self {
            Self::Unrecognized(error) | Self::NotHandled { error, .. } => error,
        }
    }
}

pub(crate) fn cannot_be_handled(kind: &str, version: &str, error: &str) -> String {
    format!("{kind} in version {} cannot be handled as a {KIND}: {error}", go::quote(version))
}

fn no_type(error: &str) -> String {
    format!("couldn't get version/kind; json parse error: {error}")
}

fn missing_kind(bytes: &[u8]) -> String {
    format!("Object 'Kind' is missing in '{}'", syntax::sanitize_bytes(bytes))
}

fn unrecognized(error: &str, bytes: &[u8]) -> Status {
    let summary = summary(bytes);
    Status::bad_request(format!(
        "the object provided is unrecognized (must be of type {KIND}): {error} ({summary})"
    ))
}

/// The first bytes of a body: as text if they may be JSON, else as hexadecimal digits.
fn summary(bytes: &[u8]) -> String {
    const MOST: usize = 30;
    if bytes.is_empty() {
        return "<empty>".into();
    }
    let shown = bytes.get(..MOST).unwrap_or(bytes);
    let mut summary = String::new();
    if bytes.starts_with(b"{") {
        summary.push_str(&syntax::sanitize_bytes(shown));
    } else {
        for byte in shown {
            // Writing to a String cannot fail.
            let _ = write!(summary, "{byte:02x}");
        }
    }
    if bytes.len() > MOST {
        summary.push_str(" ...");
    }
    summary
}

/// Checks how long a body is.
///
/// # Errors
///
/// The answer to a body that is too long.
pub(crate) fn check_length(bytes: &[u8], limits: &Limits) -> Result<(), Status> {
    if bytes.len() > limits.text_bytes {
        let limit = limits.text_bytes;
        return Err(Status::request_entity_too_large(format_args!("limit is {limit}")));
    }
    Ok(())
}

/// A field beside `metadata` and `spec` that is there and not `null`.
pub(crate) fn top_field<'a>(job: &Job<'a>, key: &str) -> Option<Field<'a>> {
    let field = job.top().iter().find(|entry| entry.is(key))?.field();
    (!field.is_null()).then_some(field)
}
