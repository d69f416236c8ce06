//! Server-side apply: merges the configuration of one field manager into the live Job.
//!
//! Follows [managedfields] and [structured-merge-diff]: what the manager applied before and no longer
//! sends is removed unless somebody else owns it, and a field that others own is not changed without
//! force. `managedFields` are read, and not written.
//!
//! [managedfields]: https://github.com/kubernetes/apimachinery/tree/master/pkg/util/managedfields
//! [structured-merge-diff]: https://github.com/kubernetes-sigs/structured-merge-diff

mod compare;
mod field_set;
mod managers;
mod merge;
mod ownership;
mod typed;
mod types;

use serde_json::{Map, Value};
use volcano_job_update::internals::Structural;
use volcano_job_update::resource::{API_VERSION, KIND};
use volcano_job_update::status::{Status, StatusCause};

use self::compare::{Comparison, compare};
use self::field_set::{FieldSet, Path, path_text};
use self::managers::{Manager, Managers};
use self::ownership::{fields_of, with_declared_parents, without};
use self::typed::Duplicates;
use self::types::Type;
use crate::go;
use crate::object_meta;
use crate::schema_rules;

pub(crate) const APPLY_PATCH: &str = "application/apply-patch+yaml";

/// The annotation in which `kubectl apply` keeps what it applied last.
pub const LAST_APPLIED: &str = "kubectl.kubernetes.io/last-applied-configuration";
/// The manager for which an API server minds that annotation.
const KUBECTL: &str = "kubectl";
/// The manager of the fields of a Job without managers.
const BEFORE_FIRST_APPLY: &str = "before-first-apply";

/// Reads an applied configuration, which must be JSON.
///
/// # Errors
///
/// 400: the body is no JSON object.
pub(crate) fn decode(body: &[u8]) -> Result<Value, Status> {
    let undecodable = |error: &str| Status::bad_request(format!("error decoding YAML: {error}"));
    if has_surrogate(body) {
        let error = "yaml: found invalid Unicode character escape code";
        return Err(undecodable(&format!("error converting YAML to JSON: {error}")));
    }
    let mut applied: Value =
        serde_json::from_slice(body).map_err(|error| undecodable(&error.to_string()))?;
    if !applied.is_object() {
        return Err(undecodable(&format!(
            "error unmarshaling JSON: while decoding JSON: json: cannot unmarshal {} into Go value of \
             type map[string]interface {{}}",
            go::type_name(&applied)
        )));
    }
    as_yaml_numbers(&mut applied);
    Ok(applied)
}

/// Whether a text escapes half of a surrogate pair, which YAML does not have.
fn has_surrogate(json: &[u8]) -> bool {
    let mut rest = json;
    while let Some(at) = rest.iter().position(|byte| *byte == b'\\') {
        let (_, escape) = rest.split_at(at);
        if let [_, b'u', b'd' | b'D', b'8' | b'9' | b'a'..=b'f' | b'A'..=b'F', ..] = escape {
            return true;
        }
        rest = escape.get(2..).unwrap_or_default();
    }
    false
}

/// An API server reads the body as YAML, writes that as JSON and reads it again: `2.0` becomes `2`.
fn as_yaml_numbers(value: &mut Value) {
    match value {
        Value::Number(number) => {
            if let Ok(read_again) = serde_json::from_str(&go::number_text(number)) {
                *number = read_again;
            }
        }
        Value::Array(items) => items.iter_mut().for_each(as_yaml_numbers),
        Value::Object(fields) => fields.values_mut().for_each(as_yaml_numbers),
        Value::Null | Value::Bool(_) | Value::String(_) => {}
    }
}

/// Merges an applied configuration into the live Job.
///
/// # Errors
///
/// The answer to a configuration that cannot be merged: 400 if it is not a Job, 409 if others own its
/// fields and `force` is not set, 500 if it does not have the types of the schema.
pub(crate) fn apply(
    live: &Value,
    applied: &Value,
    manager: &str,
    force: bool,
    schema: &Structural,
) -> Result<Value, Status> {
    check_type(applied)?;
    let merge = Merge::new(live, applied, manager, Type::of_job(schema))?;
    let conflicts = if force { Vec::new() } else { merge.conflicts() };
    if !conflicts.is_empty() {
        return Err(conflict_status(&conflicts));
    }
    let mut merged = merge.merged;
    if manager == KUBECTL {
        update_last_applied(&mut merged, applied);
    }
    if let Some(Value::Object(metadata)) = merged.get_mut("metadata") {
        *metadata = object_meta::decode_stored(metadata);
    }
    Ok(merged)
}

/// The causes for the nulls in a merged Job. Unlike those of other requests they are not dropped.
pub(crate) fn null_causes(merged: &Value, schema: &Structural) -> Vec<StatusCause> {
    let mut causes = Vec::new();
    if let (Some(spec), Some(schema)) = (merged.get("spec"), schema.declared_child("spec")) {
        schema_rules::add_null_causes(spec, schema, &mut "spec".to_owned(), &mut causes);
    }
    causes
}

/// A configuration that is merged into a Job.
struct Merge<'r> {
    job_type: Type<'r>,
    live: &'r Value,
    manager: &'r str,
    /// What others own.
    others: Managers,
    merged: Value,
}

/// A field that somebody else owns.
struct Conflict<'m> {
    manager: &'m Manager,
    path: Path,
}

impl<'r> Merge<'r> {
    fn new(
        live: &'r Value,
        applied: &'r Value,
        manager: &'r str,
        job_type: Type<'r>,
    ) -> Result<Self, Status> {
        let managed_fields = live.pointer("/metadata/managedFields");
        let entries = managers::decode(managed_fields).map_err(Status::unknown_error)?;
        if has_managed_fields(applied) {
            return Err(Status::bad_request("metadata.managedFields must be nil"));
        }
        typed::check(job_type, applied, Duplicates::Refused).map_err(|error| {
            let object = described(applied);
            Status::unknown_error(format!(
                "failed to create typed patch object ({object}): {error}"
            ))
        })?;
        typed::check(job_type, live, Duplicates::Allowed).map_err(|error| {
            let object = described(live);
            Status::unknown_error(format!("failed to create typed live object ({object}): {error}"))
        })?;
        let mut others = managers::fitted(entries, job_type).map_err(Status::unknown_error)?;
        if others.is_empty() {
            let mut owned = compare(job_type, &empty_job(), live).added;
            owned.remove_field("status");
            others.insert(before_first_apply(), owned.difference(&unowned()));
        }
        // Who applies for the first time owned nothing.
        let last = others.remove(&Manager::applying(manager)).unwrap_or_default();
        let merged = merge::merge(job_type, Some(live), Some(applied)).unwrap_or(Value::Null);
        let mut owned = fields_of(job_type, applied);
        owned.remove_field("status");
        for fields in others.values() {
            owned.union(fields);
        }
        let merged = prune(job_type, merged, &last, &owned);
        Ok(Self { job_type, live, manager, others, merged })
    }

    /// The changes of fields that others own.
    fn conflicts(&self) -> Vec<Conflict<'_>> {
        let mut changed = {
            let Comparison { added, mut modified, removed: _ } =
                compare(self.job_type, self.live, &self.merged);
            modified.union(&added);
            modified
        };
        changed.remove_field("status");
        let mut conflicts = Vec::new();
        for (manager, fields) in &self.others {
            let paths = fields.intersection(&changed).paths();
            conflicts.extend(paths.into_iter().map(|path| Conflict { manager, path }));
        }
        if self.manager == KUBECTL && !conflicts.is_empty() {
            // What client-side apply set and nobody has changed since is kubectl's own.
            if let Some(own) = self.last_applied_fields() {
                conflicts.retain(|conflict| !own.contains(&conflict.path));
            }
        }
        conflicts
    }

    /// The fields that client-side apply set and that still have these values; `None` if there is no
    /// usable annotation.
    fn last_applied_fields(&self) -> Option<FieldSet> {
        let annotation = self.live.pointer("/metadata/annotations")?.get(LAST_APPLIED)?.as_str()?;
        let applied: Value = serde_json::from_str(annotation).ok()?;
        if applied.get("apiVersion").and_then(Value::as_str) != Some(API_VERSION) {
            return None;
        }
        typed::check(self.job_type, &applied, Duplicates::Refused).ok()?;
        typed::check(self.job_type, self.live, Duplicates::Refused).ok()?;
        let Comparison { added, modified, removed } = compare(self.job_type, &applied, self.live);
        let fields = fields_of(self.job_type, &applied);
        Some(fields.difference(&modified).difference(&added).difference(&removed))
    }
}

/// Removes what the manager applied last and nobody owns now.
fn prune(job_type: Type<'_>, merged: Value, last: &FieldSet, owned: &FieldSet) -> Value {
    if last.is_empty() {
        return merged;
    }
    let with_parents = |set: &FieldSet| with_declared_parents(Some(job_type), set);
    let last = with_parents(last);
    let merged_fields = with_parents(&fields_of(job_type, &merged));
    let pruned = without(job_type, &merged, &last);
    let mut kept = with_parents(&fields_of(job_type, &pruned));
    kept.union(&with_parents(owned));
    let pruned = without(job_type, &merged, &merged_fields.difference(&kept));
    // An object or list that is gone with its content stays if the manager did not own it.
    let pruned_fields = with_parents(&fields_of(job_type, &pruned));
    let removed = merged_fields.difference(&pruned_fields).intersection(&last);
    without(job_type, &merged, &removed)
}

/// The configuration must have the type of the URL.
fn check_type(applied: &Value) -> Result<(), Status> {
    let text = |name| applied.get(name).and_then(Value::as_str).unwrap_or_default();
    if (text("apiVersion"), text("kind")) == (API_VERSION, KIND) {
        return Ok(());
    }
    Err(Status::bad_request(format!("invalid object type: {}", type_text(applied))))
}

/// Whether a configuration has `managedFields` that Go can read.
fn has_managed_fields(applied: &Value) -> bool {
    let Some(fields @ Value::Array(_)) = applied.pointer("/metadata/managedFields") else {
        return false;
    };
    let metadata = Map::from_iter([("managedFields".to_owned(), fields.clone())]);
    object_meta::decode(&metadata.into(), &mut Vec::new()).is_ok()
}

/// Sets the annotation of client-side apply, if there is one, to what is applied.
fn update_last_applied(merged: &mut Value, applied: &Value) {
    let Some(Value::Object(annotations)) = merged.pointer_mut("/metadata/annotations") else {
        return;
    };
    let has_text = |value: &Value| value.as_str().is_some_and(|text| !text.is_empty());
    if !annotations.get(LAST_APPLIED).is_some_and(has_text) {
        return;
    }
    let mut applied = applied.clone();
    if let Some(Value::Object(own)) = applied.pointer_mut("/metadata/annotations") {
        own.remove(LAST_APPLIED);
        // Go reads them as texts.
        own.values_mut().filter(|value| value.is_null()).for_each(|null| *null = "".into());
    }
    let text = go::text_of(&applied) + "\n";
    annotations.insert(LAST_APPLIED.into(), text.into());
}

fn conflict_status(conflicts: &[Conflict<'_>]) -> Status {
    let causes = conflicts.iter().map(|Conflict { manager, path }| {
        StatusCause::field_manager_conflict(path_text(path), &manager.described())
    });
    Status::apply_conflict(causes.collect())
}

fn before_first_apply() -> Manager {
    let operation = managers::Operation::Update(API_VERSION.into());
    Manager { name: BEFORE_FIRST_APPLY.into(), operation, subresource: String::new() }
}

fn empty_job() -> Value {
    let fields = [("apiVersion", API_VERSION), ("kind", KIND)];
    let fields = fields.map(|(name, value)| (name.to_owned(), Value::from(value)));
    Map::from_iter(fields).into()
}

/// The fields that nobody owns.
fn unowned() -> FieldSet {
    let metadata = [
        "name",
        "namespace",
        "creationTimestamp",
        "selfLink",
        "uid",
        "clusterName",
        "generation",
        "managedFields",
        "resourceVersion",
    ];
    let mut set = FieldSet::default();
    let field = field_set::PathElement::field;
    for name in ["apiVersion", "kind", "metadata"] {
        set.insert(&[field(name)]);
    }
    for name in metadata {
        set.insert(&[field("metadata"), field(name)]);
    }
    set
}

/// An object in an error: `default/hello; batch.volcano.sh/v1alpha1, Kind=Job`.
fn described(job: &Value) -> String {
    let text = |pointer| job.pointer(pointer).and_then(Value::as_str).unwrap_or_default();
    format!("{}/{}; {}", text("/metadata/namespace"), text("/metadata/name"), type_text(job))
}

/// The type of an object, as Go prints it.
fn type_text(job: &Value) -> String {
    let text = |name| job.get(name).and_then(Value::as_str).unwrap_or_default();
    let (version, kind) = (text("apiVersion"), text("kind"));
    match version.matches('/').count() {
        0 => format!("/{version}, Kind={kind}"),
        1 => format!("{version}, Kind={kind}"),
        _ => "/, Kind=".to_owned(),
    }
}
