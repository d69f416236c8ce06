//! The metadata that an API server itself sets, and the apiVersion and kind that it requires.
//!
//! The rules are those of [`BeforeUpdate`], [`BeforeCreate`] and of the [strategy of custom
//! resources].
//!
//! [`BeforeUpdate`]: https://github.com/kubernetes/apiserver/blob/master/pkg/registry/rest/update.go
//! [`BeforeCreate`]: https://github.com/kubernetes/apiserver/blob/master/pkg/registry/rest/create.go
//! [strategy of custom resources]: https://github.com/kubernetes/apiextensions-apiserver/blob/master/pkg/registry/customresource/strategy.go

use serde_json::Value;
use volcano_job_update::resource::{API_VERSION, KIND};
use volcano_job_update::status::{CauseType, Status, StatusCause};

use crate::context::{Creation, NameSuffix};
use crate::decode::{DecodedJob, TypeMeta};
use crate::object_meta::{ObjectMeta, string};
use crate::response::with_value;
use crate::time;

/// Copies the metadata that a client cannot change from the existing Job, and increments the
/// generation if the content differs.
///
/// # Errors
///
/// 500 if the stored generation is the maximum.
pub(crate) fn prepare_for_update(job: &mut DecodedJob<'_>, old: &ObjectMeta) -> Result<(), Status> {
    let is_changed = job.fields.content_differs || !job.type_meta.is_stored_version();
    let generation = next_generation(old, is_changed)?;
    let new = &mut job.metadata;
    new.insert("generation".into(), generation.into());
    for key in ["resourceVersion", "creationTimestamp", "deletionTimestamp"] {
        if let Some(value) = old.get(key) {
            new.insert(key.into(), value.clone());
        }
    }
    for key in ["uid", "deletionGracePeriodSeconds"] {
        if let Some(value) = old.get(key).filter(|_| !new.contains_key(key)) {
            new.insert(key.into(), value.clone());
        }
    }
    let is_reset = resets_managed_fields(new);
    new.remove("managedFields");
    if let Some(managed_fields) = old.get("managedFields").filter(|_| !is_reset) {
        new.insert("managedFields".into(), managed_fields.clone());
    }
    Ok(())
}

/// Whether the metadata of a request reset managedFields, with a list of a single empty entry.
pub(crate) fn resets_managed_fields(new: &ObjectMeta) -> bool {
    match new.get("managedFields") {
        Some(Value::Array(entries)) => {
            matches!(entries.as_slice(), [Value::Object(entry)] if entry.is_empty())
        }
        _ => false,
    }
}

/// The generation of a Job after an update.
///
/// # Errors
///
/// 500 if the stored generation is the maximum.
pub(crate) fn next_generation(old: &ObjectMeta, is_changed: bool) -> Result<i64, Status> {
    // A Job stored without a generation counts as generation 1.
    let generation = old.get("generation").and_then(Value::as_i64).map_or(1, |old| old.max(1));
    generation
        .checked_add(i64::from(is_changed))
        .ok_or_else(|| Status::internal_error("the stored metadata.generation cannot be raised"))
}

/// Sets the metadata that a client cannot choose, except the resourceVersion.
pub(crate) fn prepare_for_create(new: &mut ObjectMeta, creation: &Creation) {
    for key in ["deletionTimestamp", "deletionGracePeriodSeconds", "selfLink", "managedFields"] {
        new.remove(key);
    }
    new.insert("uid".into(), creation.uid.as_str().into());
    new.insert("creationTimestamp".into(), time::format(creation.time).into());
    new.insert("generation".into(), 1.into());
}

/// Generates the name of a Job that has only a `generateName`. Returns whether it did
/// ([`GenerateName`]).
///
/// [`GenerateName`]: https://github.com/kubernetes/apiserver/blob/master/pkg/storage/names/generate.go
///
/// # Errors
///
/// 500 if there is no suffix.
pub(crate) fn generate_name(
    new: &mut ObjectMeta,
    suffix: Option<&NameSuffix>,
) -> Result<bool, Status> {
    const MAX_PREFIX_BYTES: usize = 58;
    let prefix = string(new, "generateName");
    if prefix.is_empty() || !string(new, "name").is_empty() {
        return Ok(false);
    }
    let suffix = suffix.ok_or_else(|| Status::internal_error("metadata.name was not generated"))?;
    let is_kept = |(start, char): &(usize, char)| start + char.len_utf8() <= MAX_PREFIX_BYTES;
    let mut name: String =
        prefix.char_indices().take_while(is_kept).map(|(_, char)| char).collect();
    name.push_str(suffix.as_str());
    new.insert("name".into(), name.into());
    Ok(true)
}

/// The errors for an apiVersion or kind other than a Job's.
pub(crate) fn validate_type_meta(type_meta: &TypeMeta) -> Vec<StatusCause> {
    let TypeMeta { kind, api_version } = type_meta;
    [("kind", kind, KIND), ("apiVersion", api_version, API_VERSION)]
        .into_iter()
        .filter(|(_, found, expected)| found != expected)
        .map(|(field, found, expected)| {
            let detail = format!("must be {expected}");
            with_value(CauseType::Invalid, field, &found.as_str().into(), &detail)
        })
        .collect()
}
