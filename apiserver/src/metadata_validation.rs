//! Validation of the metadata of a Job, in the order in which an API server lists the errors.
//!
//! See
//! [objectmeta.go](https://github.com/kubernetes/apimachinery/blob/master/pkg/api/validation/objectmeta.go).

use std::collections::BTreeSet;

use serde_json::Value;
use volcano_job_update::internals::Document;
use volcano_job_update::internals::metadata::{
    self, MetadataViolation, MetadataViolationKind, Subject,
};
use volcano_job_update::status::{CauseType, StatusCause};

use crate::go;
use crate::names;
use crate::object_meta::{self, ObjectMeta, string, strings};
use crate::response::{MAX_CAUSES, with_value};

/// The limit for causes that each show a whole list.
const MAX_WHOLE_LISTS: usize = 8;
/// Kubernetes' own finalizers, which have no domain.
const STANDARD_FINALIZERS: [&str; 3] = ["orphan", "foregroundDeletion", "kubernetes"];

/// Validates the metadata of an update, for objects of every kind.
///
/// An API server lists some errors up to three times, because both `ValidateObjectMeta` and
/// `ValidateObjectMetaUpdate` check a field, and the latter runs again for custom resources
/// ([`validate_changes`]).
pub(crate) fn validate_update(new: &ObjectMeta, old: &ObjectMeta) -> Vec<StatusCause> {
    let mut causes = Vec::new();
    validate_object_meta(new, names::path_segment_prefix, names::path_segment, &mut causes);
    validate_object_meta_update(new, old, &mut causes);
    causes
}

/// Validates the metadata of an update of a custom resource.
pub(crate) fn validate_changes(new: &ObjectMeta, old: &ObjectMeta) -> Vec<StatusCause> {
    let mut causes = Vec::new();
    validate_object_meta_update(new, old, &mut causes);
    causes
}

/// Validates the metadata of a Job that is created.
pub(crate) fn validate(new: &ObjectMeta) -> Vec<StatusCause> {
    let mut causes = Vec::new();
    validate_object_meta(new, names::dns_subdomain_prefix, names::dns_subdomain, &mut causes);
    causes
}

/// The warnings for the finalizers that an update adds.
pub(crate) fn finalizer_warnings(new: &ObjectMeta, old: &ObjectMeta) -> Vec<String> {
    let old: BTreeSet<&str> = strings(old, "finalizers").into_iter().collect();
    let new: BTreeSet<&str> = strings(new, "finalizers").into_iter().collect();
    let mut warnings = Vec::new();
    for finalizer in new.difference(&old) {
        let mut warn = |warning: &str| {
            warnings.push(format!("metadata.finalizers: {}: {warning}", go::quote(finalizer)));
        };
        for violation in metadata::qualified_name_violations(finalizer) {
            warn(&violation.to_string());
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

/// `ValidateObjectMeta`.
fn validate_object_meta(
    new: &ObjectMeta,
    prefix_rule: fn(&str) -> Vec<String>,
    name_rule: fn(&str) -> Vec<String>,
    causes: &mut Vec<StatusCause>,
) {
    let (prefix, name) = (string(new, "generateName"), string(new, "name"));
    if !prefix.is_empty() {
        add_invalid("metadata.generateName", prefix, prefix_rule(prefix), causes);
    }
    if name.is_empty() {
        let detail = "name or generateName is required";
        causes.push(StatusCause::new(CauseType::Required, "metadata.name", detail));
    } else {
        add_invalid("metadata.name", name, name_rule(name), causes);
    }
    match string(new, "namespace") {
        "" => causes.push(StatusCause::new(CauseType::Required, "metadata.namespace", "")),
        namespace => {
            add_invalid("metadata.namespace", namespace, names::namespace(namespace), causes);
        }
    }
    for field in ["labels", "annotations", "ownerReferences", "finalizers"] {
        add_violations(new, field, causes);
    }
}

/// `ValidateObjectMetaUpdate`.
fn validate_object_meta_update(new: &ObjectMeta, old: &ObjectMeta, causes: &mut Vec<StatusCause>) {
    if old.contains_key("deletionTimestamp") {
        validate_no_new_finalizers(new, old, causes);
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
            let value = new.get(key).unwrap_or(&Value::Null);
            let (field, detail) = (format!("metadata.{key}"), "field is immutable");
            causes.push(if key == "uid" {
                // A uid is not a Go `string`, so it is shown as JSON.
                StatusCause::showing(CauseType::Invalid, field, &go::text_of(value), detail)
            } else {
                with_value(CauseType::Invalid, field, value, detail)
            });
        }
    }
    for field in ["labels", "annotations", "ownerReferences"] {
        add_violations(new, field, causes);
    }
}

/// `ValidateNoNewFinalizers`: one error for all new finalizers, sorted.
fn validate_no_new_finalizers(new: &ObjectMeta, old: &ObjectMeta, causes: &mut Vec<StatusCause>) {
    let Some(finalizers) = new.get("finalizers") else { return };
    let old = old.get("finalizers").map(Document::of_value);
    let new = Document::of_value(finalizers);
    let late = metadata::late_finalizers(old.as_ref().map(Document::root), new.root());
    let Some(MetadataViolation { kind, .. }) = late.first() else { return };
    let name = |violation: &MetadataViolation<'_>| match violation.subject {
        Subject::Element(position) => finalizers.get(position).and_then(Value::as_str),
        _ => None,
    };
    let names: BTreeSet<&str> = late.iter().filter_map(name).collect();
    let names: Vec<String> = names.into_iter().map(go::quote).collect();
    let detail = format!("{kind}, found new finalizers []string{{{}}}", names.join(", "));
    causes.push(StatusCause::new(CauseType::Forbidden, "metadata.finalizers", &detail));
}

/// Adds the violations of the rules that the library checks as well.
fn add_violations(new: &ObjectMeta, field: &str, causes: &mut Vec<StatusCause>) {
    let Some(value) = new.get(field) else { return };
    let mut whole_lists = 0;
    for violation in metadata::violations(field, Document::of_value(value).root()) {
        let shows_whole_list = violation.subject == Subject::Field
            && violation.kind != MetadataViolationKind::AnnotationsTooLarge;
        whole_lists += usize::from(shows_whole_list);
        if causes.len() < MAX_CAUSES && (!shows_whole_list || whole_lists <= MAX_WHOLE_LISTS) {
            causes.push(cause(field, value, &violation));
        }
    }
}

fn cause(field: &str, value: &Value, violation: &MetadataViolation<'_>) -> StatusCause {
    let field = format!("metadata.{field}");
    let element = |position: usize| value.get(position).unwrap_or(&Value::Null);
    let (field, shown) = match &violation.subject {
        Subject::Field => (field, value),
        Subject::Key(key) => (field, &Value::from(&**key)),
        Subject::ValueOf(key) => (field, value.get(&**key).unwrap_or(&Value::Null)),
        Subject::Element(position) | Subject::Owner(position, None) => (field, element(*position)),
        Subject::Owner(position, Some(part)) => {
            let shown = element(*position).get(part).unwrap_or(&Value::Null);
            (format!("{field}.{part}"), shown)
        }
    };
    let detail = match (&violation.subject, violation.kind) {
        (
            Subject::Owner(_, Some("apiVersion")),
            MetadataViolationKind::OwnerFieldEmpty
            | MetadataViolationKind::OwnerApiVersionMalformed,
        ) => "version must not be empty".to_owned(),
        (_, kind) => kind.to_string(),
    };
    match violation.kind {
        MetadataViolationKind::AnnotationsTooLarge => {
            StatusCause::new(CauseType::TooLong, field, &detail)
        }
        MetadataViolationKind::SecondController { first, second } => {
            let [first, second] = [first, second].map(|position| kind_and_name(element(position)));
            let detail = format!("{detail}. Found \"true\" in references for {first} and {second}");
            showing(field, shown, &detail)
        }
        _ => showing(field, shown, &detail),
    }
}

/// A cause that shows a value of a field: an ownerReference or a list of them as a Go struct.
fn showing(field: String, value: &Value, detail: &str) -> StatusCause {
    let shown = match value {
        Value::Object(_) => object_meta::owner_reference_text(value),
        Value::Array(owners) if owners.iter().all(Value::is_object) => {
            let owners: Vec<String> =
                owners.iter().map(object_meta::owner_reference_text).collect();
            format!("[{}]", owners.join(","))
        }
        other => return with_value(CauseType::Invalid, field, other, detail),
    };
    StatusCause::showing(CauseType::Invalid, field, &shown, detail)
}

/// An ownerReference as `kind/name`. Go decodes an absent field as the empty string.
fn kind_and_name(owner: &Value) -> String {
    let string = |key| owner.get(key).and_then(Value::as_str).unwrap_or_default();
    format!("{}/{}", string("kind"), string("name"))
}

fn add_invalid(field: &str, value: &str, violations: Vec<String>, causes: &mut Vec<StatusCause>) {
    if causes.len() < MAX_CAUSES {
        let value = Value::from(value);
        let cause = |violation: String| with_value(CauseType::Invalid, field, &value, &violation);
        causes.extend(violations.into_iter().map(cause));
    }
}
