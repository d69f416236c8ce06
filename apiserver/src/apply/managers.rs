//! The managers of the fields of a Job, from its `managedFields`.

use std::collections::BTreeMap;

use serde_json::Value;
use volcano_job_update::resource::API_VERSION;

use super::field_set::FieldSet;
use super::ownership;
use super::types::Type;
use crate::go;
use crate::object_meta::{ObjectMeta, string};

/// Who owns fields: an entry of `managedFields` without its fields and time.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Manager {
    pub(super) name: String,
    pub(super) operation: Operation,
    pub(super) subresource: String,
}

#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Operation {
    Apply,
    /// In this version of the API.
    Update(String),
}

impl Manager {
    /// The one who applies as `name`.
    pub(super) fn applying(name: &str) -> Self {
        let (name, subresource) = (name.to_owned(), String::new());
        Self { name, operation: Operation::Apply, subresource }
    }

    /// The name in an answer: `"kubectl" using batch.volcano.sh/v1alpha1`.
    pub(super) fn described(&self) -> String {
        let mut text = go::quote(&self.name);
        if !self.subresource.is_empty() {
            text = format!("{text} with subresource {}", go::quote(&self.subresource));
        }
        match &self.operation {
            Operation::Apply => text,
            Operation::Update(version) => format!("{text} using {version}"),
        }
    }
}

/// The managers, each with what it owns.
pub(super) type Managers = BTreeMap<Manager, FieldSet>;

/// The maximum number of objects in all `managedFields` of a Job. An API server has no such limit; the
/// sets of the Job in the documentation have about ten.
const MAX_SETS: usize = 50_000;

/// An entry of `managedFields`.
pub(super) struct Entry {
    manager: Manager,
    version: String,
    fields: FieldSet,
}

/// Reads the entries.
///
/// # Errors
///
/// An entry that no API server writes.
pub(super) fn decode(managed_fields: Option<&Value>) -> Result<Vec<Entry>, String> {
    let entries = managed_fields.and_then(Value::as_array).into_iter().flatten();
    let mut left = MAX_SETS;
    entries
        .filter_map(Value::as_object)
        .map(|entry| {
            decode_entry(entry, &mut left)
                .map_err(|error| format!("failed to decode managed fields: {error}"))
        })
        .collect()
}

/// What each manager owns, as far as the schema knows the fields.
///
/// # Errors
///
/// An entry is for another version of the API.
pub(super) fn fitted(entries: Vec<Entry>, job_type: Type<'_>) -> Result<Managers, String> {
    let mut managers = BTreeMap::new();
    for Entry { manager, version, fields } in entries {
        if version != API_VERSION {
            return Err(format!("request to convert CR to an invalid group/version: {version}"));
        }
        // The last of two entries of the same manager counts.
        managers.insert(manager, ownership::fitted(job_type, &fields));
    }
    Ok(managers)
}

fn decode_entry(entry: &ObjectMeta, left: &mut usize) -> Result<Entry, String> {
    let version = string(entry, "apiVersion").to_owned();
    let operation = match string(entry, "operation") {
        "Apply" => Operation::Apply,
        "Update" => Operation::Update(version.clone()),
        _ => return Err("operation must be `Apply` or `Update`".into()),
    };
    if version.is_empty() {
        return Err("apiVersion must not be empty".into());
    }
    let fields = match entry.get("fieldsV1") {
        Some(Value::Object(fields)) => FieldSet::parse(fields, left)?,
        _ => FieldSet::default(),
    };
    let [name, subresource] = ["manager", "subresource"].map(|key| string(entry, key).to_owned());
    Ok(Entry { manager: Manager { name, operation, subresource }, version, fields })
}
