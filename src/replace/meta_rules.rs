//! What an API server checks of metadata, in the order in which it does.
//!
//! See [objectmeta.go](https://github.com/kubernetes/apimachinery/blob/master/pkg/api/validation/objectmeta.go).

use std::collections::BTreeSet;

use serde_json::Value;

use super::meta::{Metadata, text, texts};
use super::names;
use crate::go;
use crate::metadata::{self, ANNOTATIONS_BYTES};
use crate::status::{CauseType, StatusCause};

/// An API server lists every fault. A body has room for a million, and none of them would be read.
const MAX_CAUSES: usize = 1000;
/// How often a fault is listed that shows the whole list in which it is.
const MAX_WHOLE_LISTS: usize = 8;
/// The finalizers without a domain that Kubernetes itself has.
const STANDARD_FINALIZERS: [&str; 3] = ["orphan", "foregroundDeletion", "kubernetes"];

/// What is wrong with the metadata of an update. Kubernetes checks some of it up to three times, and
/// lists it as often.
pub(super) fn of_update(new: &Metadata, old: &Metadata) -> Vec<StatusCause> {
    let mut causes = Vec::new();
    common(new, names::path_segment_prefix, names::path_segment, &mut causes);
    of_change(new, old, &mut causes);
    of_change(new, old, &mut causes);
    causes
}

/// What is wrong with the metadata of a Job that is created.
pub(super) fn of_creation(new: &Metadata) -> Vec<StatusCause> {
    let mut causes = Vec::new();
    // The hyphen with which a prefix may end stands for what is put behind it.
    let prefix = |prefix: &str| match prefix.strip_suffix('-') {
        Some(start) if !start.is_empty() => names::subdomain(&format!("{start}a")),
        _ => names::subdomain(prefix),
    };
    common(new, prefix, names::subdomain, &mut causes);
    causes
}

/// What is worth knowing about the finalizers that an update adds.
pub(super) fn finalizer_warnings(new: &Metadata, old: &Metadata) -> Vec<String> {
    let old: BTreeSet<&str> = texts(old, "finalizers").into_iter().collect();
    let new: BTreeSet<&str> = texts(new, "finalizers").into_iter().collect();
    let mut warnings = Vec::new();
    for finalizer in new.difference(&old) {
        let mut warn = |what: &str| {
            warnings.push(format!("metadata.finalizers: {}: {what}", go::quote(finalizer)));
        };
        for fault in names::qualified_name(finalizer) {
            warn(&fault);
        }
        if finalizer.contains('/') || STANDARD_FINALIZERS.contains(finalizer) {
            continue;
        }
        let path = if finalizer.contains('.') { " including a path (/)" } else { "" };
        warn(&format!(
            "prefer a domain-qualified finalizer name{path} to avoid accidental conflicts with other \
             finalizer writers"
        ));
    }
    warnings
}

fn common(
    new: &Metadata,
    prefix_rule: impl Fn(&str) -> Vec<String>,
    name_rule: impl Fn(&str) -> Vec<String>,
    causes: &mut Vec<StatusCause>,
) {
    let (prefix, name) = (text(new, "generateName"), text(new, "name"));
    if !prefix.is_empty() {
        invalid_each("metadata.generateName", prefix, prefix_rule(prefix), causes);
    }
    if name.is_empty() {
        causes.push(StatusCause::new(
            CauseType::Required,
            "metadata.name",
            "name or generateName is required",
        ));
    } else {
        invalid_each("metadata.name", name, name_rule(name), causes);
    }
    match text(new, "namespace") {
        "" => causes.push(StatusCause::new(CauseType::Required, "metadata.namespace", "")),
        space => invalid_each("metadata.namespace", space, names::namespace(space), causes),
    }
    labels_annotations_owners(new, causes);
    finalizers(new, causes);
}

fn of_change(new: &Metadata, old: &Metadata, causes: &mut Vec<StatusCause>) {
    if old.contains_key("deletionTimestamp") {
        no_new_finalizers(new, old, causes);
    }
    for key in [
        "name",
        "namespace",
        "uid",
        "creationTimestamp",
        "deletionTimestamp",
        "deletionGracePeriodSeconds",
    ] {
        if new.get(key) != old.get(key) {
            let value = new.get(key).cloned().unwrap_or(Value::Null);
            let field = format!("metadata.{key}");
            let detail = "field is immutable";
            causes.push(StatusCause::with_value(CauseType::Invalid, field, &value, detail));
        }
    }
    labels_annotations_owners(new, causes);
}

fn labels_annotations_owners(new: &Metadata, causes: &mut Vec<StatusCause>) {
    for (key, value) in entries(new, "labels") {
        invalid_each("metadata.labels", key, names::qualified_name(key), causes);
        invalid_each("metadata.labels", value, names::label_value(value), causes);
    }
    let mut bytes: usize = 0;
    for (key, value) in entries(new, "annotations") {
        invalid_each("metadata.annotations", key, names::annotation_key(key), causes);
        bytes = bytes.saturating_add(key.len()).saturating_add(value.len());
    }
    if bytes > ANNOTATIONS_BYTES {
        let detail = format!("may not be more than {ANNOTATIONS_BYTES} bytes");
        causes.push(StatusCause::new(CauseType::TooLong, "metadata.annotations", &detail));
    }
    owners(new, causes);
}

fn owners(new: &Metadata, causes: &mut Vec<StatusCause>) {
    const FIELD: &str = "metadata.ownerReferences";
    let owners = new.get("ownerReferences").and_then(Value::as_array);
    let mut controller: Option<String> = None;
    let mut lists: usize = 0;
    for (index, owner) in owners.into_iter().flatten().enumerate() {
        let says = |key| owner.get(key).and_then(Value::as_str).unwrap_or_default();
        let version = says("apiVersion");
        if !version.is_empty() && !metadata::is_group_version(version) {
            let field = format!("{FIELD}[{index}].apiVersion");
            invalid_each(
                &field,
                version,
                ["must be <group>/<version> or <version>".into()],
                causes,
            );
        }
        for key in ["apiVersion", "kind", "name", "uid"] {
            if says(key).is_empty() && causes.len() < MAX_CAUSES {
                let field = format!("{FIELD}[{index}].{key}");
                causes.push(StatusCause::new(CauseType::Required, field, "must not be empty"));
            }
        }
        if version == "v1" && says("kind") == "Event" {
            let detail = "/v1, Kind=Event is disallowed from being an owner";
            let field = format!("{FIELD}[{index}]");
            causes.push(StatusCause::with_value(CauseType::Invalid, field, owner, detail));
        }
        if owner.get("controller") == Some(&Value::Bool(true)) && lists < MAX_WHOLE_LISTS {
            let name = format!("{}/{}", says("kind"), says("name"));
            if let Some(first) = &controller {
                lists = lists.saturating_add(1);
                let detail = format!(
                    "Only one reference can have Controller set to true. Found \"true\" in \
                     references for {first} and {name}"
                );
                let all = new.get("ownerReferences").unwrap_or(&Value::Null);
                causes.push(StatusCause::with_value(CauseType::Invalid, FIELD, all, &detail));
            } else {
                controller = Some(name);
            }
        }
    }
}

fn finalizers(new: &Metadata, causes: &mut Vec<StatusCause>) {
    const FIELD: &str = "metadata.finalizers";
    let finalizers = texts(new, "finalizers");
    for finalizer in &finalizers {
        invalid_each(FIELD, finalizer, names::qualified_name(finalizer), causes);
    }
    if finalizers.contains(&"foregroundDeletion") && finalizers.contains(&"orphan") {
        let detail = "finalizer orphan and foregroundDeletion cannot be both set";
        let all = new.get("finalizers").unwrap_or(&Value::Null);
        causes.push(StatusCause::with_value(CauseType::Invalid, FIELD, all, detail));
    }
}

fn no_new_finalizers(new: &Metadata, old: &Metadata, causes: &mut Vec<StatusCause>) {
    let old: BTreeSet<&str> = texts(old, "finalizers").into_iter().collect();
    let new: BTreeSet<&str> = texts(new, "finalizers").into_iter().collect();
    let added: Vec<String> = new.difference(&old).map(|name| go::quote(name)).collect();
    if !added.is_empty() {
        let detail = format!(
            "no new finalizers can be added if the object is being deleted, found new finalizers \
             []string{{{}}}",
            added.join(", ")
        );
        causes.push(StatusCause::new(CauseType::Forbidden, "metadata.finalizers", &detail));
    }
}

fn entries<'m>(metadata: &'m Metadata, key: &str) -> Vec<(&'m str, &'m str)> {
    let map = metadata.get(key).and_then(Value::as_object);
    let text = |(key, value): (&'m String, &'m Value)| Some((key.as_str(), value.as_str()?));
    let mut entries: Vec<_> = map.into_iter().flatten().filter_map(text).collect();
    entries.sort_unstable();
    entries
}

fn invalid_each(
    field: &str,
    value: &str,
    faults: impl IntoIterator<Item = String>,
    causes: &mut Vec<StatusCause>,
) {
    let cause =
        |fault: String| StatusCause::with_value(CauseType::Invalid, field, &value.into(), &fault);
    if causes.len() < MAX_CAUSES {
        causes.extend(faults.into_iter().map(cause));
    }
}
