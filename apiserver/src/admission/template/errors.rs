//! The errors of a template in the words of Kubernetes' [field errors], and access to its fields.
//!
//! A template is decoded: each value has the type of its field, and an absent field is the zero value.
//!
//! [field errors]: https://github.com/kubernetes/apimachinery/blob/master/pkg/util/validation/field/errors.go

use std::fmt;

use serde_json::Value;
use volcano_job_update::internals::WrittenQuantity;
use volcano_job_update::status::{CauseType, StatusCause, quote};

use crate::go;

/// The path of a field, such as `template.spec.containers[0].name`.
#[derive(Clone, Debug)]
pub(super) struct Path(String);

impl Path {
    pub(super) fn new(path: &str) -> Self {
        Self(path.into())
    }

    pub(super) fn child(&self, name: &str) -> Self {
        Self(format!("{}.{name}", self.0))
    }

    pub(super) fn index(&self, position: usize) -> Self {
        Self(format!("{}[{position}]", self.0))
    }

    /// An entry of a map.
    pub(super) fn key(&self, key: &str) -> Self {
        Self(format!("{}[{key}]", self.0))
    }
}

impl fmt::Display for Path {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// The value that an error shows.
#[derive(Clone, Copy)]
pub(super) enum Shown<'v> {
    /// A `string`, quoted by `%q`.
    Text(&'v str),
    /// A string of a named Go type, written as JSON.
    Named(&'v str),
    Number(i64),
    Bool(bool),
    /// Any other value, written as JSON.
    Json(&'v Value),
    /// The JSON of a Go struct, with its fields in their order.
    Struct(&'v str),
}

impl fmt::Display for Shown<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Text(text) => f.write_str(&quote(text)),
            Self::Named(text) => f.write_str(&go::text_of(&Value::from(*text))),
            Self::Number(number) => number.fmt(f),
            Self::Bool(is_true) => is_true.fmt(f),
            Self::Json(value) => f.write_str(&go::text_of(value)),
            Self::Struct(json) => f.write_str(json),
        }
    }
}

/// The JSON of a struct of Kubernetes' internal types: each field is written, by its name in Go. A field
/// has its name in Go, its name in JSON and what is written if it is absent.
pub(super) fn struct_text(value: &Value, fields: &[(&str, &str, &str)]) -> String {
    let written = fields.iter().map(|(name, key, zero)| {
        let value = field(value, key).map_or_else(|| (*zero).to_owned(), go::text_of);
        format!("{}:{value}", go::text_of(&Value::from(*name)))
    });
    format!("{{{}}}", written.collect::<Vec<_>>().join(","))
}

/// The errors found so far, in the order of Kubernetes.
#[derive(Default)]
pub(super) struct Errors(Vec<StatusCause>);

impl Errors {
    pub(super) fn into_causes(self) -> Vec<StatusCause> {
        self.0
    }

    pub(super) fn count(&self) -> usize {
        self.0.len()
    }

    pub(super) fn required(&mut self, path: &Path, detail: &str) {
        self.0.push(StatusCause::new(CauseType::Required, path, detail));
    }

    pub(super) fn forbidden(&mut self, path: &Path, detail: &str) {
        self.0.push(StatusCause::new(CauseType::Forbidden, path, detail));
    }

    pub(super) fn invalid(&mut self, path: &Path, shown: Shown<'_>, detail: &str) {
        self.showing(CauseType::Invalid, path, shown, detail);
    }

    /// An error for each message about a text.
    pub(super) fn invalid_text(&mut self, path: &Path, text: &str, messages: Vec<String>) {
        for message in messages {
            self.invalid(path, Shown::Text(text), &message);
        }
    }

    pub(super) fn duplicate(&mut self, path: &Path, shown: Shown<'_>) {
        self.showing(CauseType::Duplicate, path, shown, "");
    }

    pub(super) fn not_found(&mut self, path: &Path, name: &str, detail: &str) {
        self.showing(CauseType::NotFound, path, Shown::Text(name), detail);
    }

    pub(super) fn too_long(&mut self, path: &Path, bytes: usize) {
        let detail = format!("may not be more than {bytes} bytes");
        self.0.push(StatusCause::new(CauseType::TooLong, path, &detail));
    }

    pub(super) fn not_supported(&mut self, path: &Path, shown: Shown<'_>, supported: &[&str]) {
        let quoted: Vec<String> = supported.iter().map(|value| quote(value)).collect();
        let detail = format!("supported values: {}", quoted.join(", "));
        self.showing(CauseType::NotSupported, path, shown, &detail);
    }

    /// An error if a text is not empty and none of the supported values.
    pub(super) fn choice(&mut self, path: &Path, value: &str, supported: &[&str]) {
        if !value.is_empty() && !supported.contains(&value) {
            self.not_supported(path, Shown::Named(value), supported);
        }
    }

    fn showing(&mut self, kind: CauseType, path: &Path, shown: Shown<'_>, detail: &str) {
        self.0.push(StatusCause::showing(kind, path, &shown.to_string(), detail));
    }
}

/// A field that is present.
pub(super) fn field<'v>(value: &'v Value, key: &str) -> Option<&'v Value> {
    value.get(key).filter(|field| !field.is_null())
}

pub(super) fn text<'v>(value: &'v Value, key: &str) -> &'v str {
    value.get(key).and_then(Value::as_str).unwrap_or_default()
}

/// A text behind a pointer, which can be empty.
pub(super) fn optional_text<'v>(value: &'v Value, key: &str) -> Option<&'v str> {
    value.get(key).and_then(Value::as_str)
}

pub(super) fn optional_number(value: &Value, key: &str) -> Option<i64> {
    value.get(key).and_then(Value::as_i64)
}

pub(super) fn number(value: &Value, key: &str) -> i64 {
    optional_number(value, key).unwrap_or_default()
}

pub(super) fn is_true(value: &Value, key: &str) -> bool {
    value.get(key).and_then(Value::as_bool).unwrap_or_default()
}

pub(super) fn list<'v>(value: &'v Value, key: &str) -> &'v [Value] {
    value.get(key).and_then(Value::as_array).map_or(&[], Vec::as_slice)
}

pub(super) fn texts<'v>(value: &'v Value, key: &str) -> Vec<&'v str> {
    list(value, key).iter().filter_map(Value::as_str).collect()
}

/// The entries of a map, sorted by their keys. Go takes them in a random order.
pub(super) fn entries<'v>(
    value: &'v Value,
    key: &str,
) -> impl Iterator<Item = (&'v str, &'v Value)> {
    let map = value.get(key).and_then(Value::as_object);
    let mut entries: Vec<(&str, &Value)> =
        map.into_iter().flatten().map(|(key, value)| (key.as_str(), value)).collect();
    entries.sort_unstable_by_key(|(key, _)| *key);
    entries.into_iter()
}

/// The elements of a list with their paths.
pub(super) fn elements<'v>(
    value: &'v Value,
    key: &str,
    path: &Path,
) -> impl Iterator<Item = (Path, &'v Value)> {
    let path = path.child(key);
    list(value, key).iter().enumerate().map(move |(position, value)| (path.index(position), value))
}

/// A quantity that was decoded.
pub(super) fn quantity(value: &Value) -> Option<WrittenQuantity> {
    WrittenQuantity::read(value.as_str()?)
}
