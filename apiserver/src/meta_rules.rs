//! What an API server checks of metadata, in the order in which it does.
//!
//! See [objectmeta.go](https://github.com/kubernetes/apimachinery/blob/master/pkg/api/validation/objectmeta.go).

use std::collections::BTreeSet;

use serde_json::Value;

use crate::answer::with_value;
use crate::go;
use crate::meta::{Metadata, text, texts};
use crate::names;
use volcano_job_update::internals::{MetadataViolation, MetadataViolationKind, Subject, metadata};
use volcano_job_update::status::{CauseType, StatusCause};

/// An API server lists every violation. A body has room for a million, and none of them would be read.
const MAX_CAUSES: usize = 1000;
/// How often a violation is listed that shows the whole list in which it is.
const MAX_WHOLE_LISTS: usize = 8;
/// The finalizers without a domain that Kubernetes itself has.
const STANDARD_FINALIZERS: [&str; 3] = ["orphan", "foregroundDeletion", "kubernetes"];

/// What is wrong with the metadata of an update. Kubernetes checks some of it up to three times, and
/// lists it as often.
pub(crate) fn of_update(new: &Metadata, old: &Metadata) -> Vec<StatusCause> {
    let mut causes = Vec::new();
    common(new, names::path_segment_prefix, names::path_segment, &mut causes);
    of_change(new, old, &mut causes);
    of_change(new, old, &mut causes);
    causes
}

/// What is wrong with the metadata of a Job that is created.
pub(crate) fn of_creation(new: &Metadata) -> Vec<StatusCause> {
    let mut causes = Vec::new();
    common(new, names::dns_subdomain_prefix, names::dns_subdomain, &mut causes);
    causes
}

/// What is worth knowing about the finalizers that an update adds.
pub(crate) fn finalizer_warnings(new: &Metadata, old: &Metadata) -> Vec<String> {
    let old: BTreeSet<&str> = texts(old, "finalizers").into_iter().collect();
    let new: BTreeSet<&str> = texts(new, "finalizers").into_iter().collect();
    let mut warnings = Vec::new();
    for finalizer in new.difference(&old) {
        let mut warn = |what: &str| {
            warnings.push(format!("metadata.finalizers: {}: {what}", go::quote(finalizer)));
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
    violations(new, "finalizers", causes);
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
            causes.push(with_value(CauseType::Invalid, field, &value, detail));
        }
    }
    labels_annotations_owners(new, causes);
}

fn labels_annotations_owners(new: &Metadata, causes: &mut Vec<StatusCause>) {
    for field in ["labels", "annotations", "ownerReferences"] {
        violations(new, field, causes);
    }
}

/// What is wrong with a field by the rules that a verdict looks at too.
fn violations(new: &Metadata, field: &str, causes: &mut Vec<StatusCause>) {
    let Some(value) = new.get(field) else { return };
    let mut whole_lists: usize = 0;
    for violation in metadata::violations(field, value) {
        let is_size = matches!(violation.kind, MetadataViolationKind::AnnotationsTooLarge);
        let shows_all = violation.subject == Subject::Field && !is_size;
        whole_lists = whole_lists.saturating_add(usize::from(shows_all));
        if causes.len() < MAX_CAUSES && (!shows_all || whole_lists <= MAX_WHOLE_LISTS) {
            causes.push(cause(field, value, &violation));
        }
    }
}

fn cause(field: &str, value: &Value, violation: &MetadataViolation) -> StatusCause {
    let whole = format!("metadata.{field}");
    let at = |position: &usize| value.get(position).unwrap_or(&Value::Null);
    let (place, found) = match &violation.subject {
        Subject::Key(key) => (whole, &Value::from(key.as_str())),
        Subject::ValueOf(key) => (whole, value.get(key).unwrap_or(&Value::Null)),
        Subject::Element(position) => (whole, at(position)),
        Subject::Owner(position, None) => (format!("{whole}[{position}]"), at(position)),
        Subject::Owner(position, Some(part)) => {
            let found = at(position).get(part).unwrap_or(&Value::Null);
            (format!("{whole}[{position}].{part}"), found)
        }
        Subject::Field => (whole, value),
    };
    let detail = match violation.kind {
        MetadataViolationKind::SecondController { first, second } => {
            second_controller(at(&first), at(&second))
        }
        kind => kind.to_string(),
    };
    match violation.kind {
        MetadataViolationKind::OwnerFieldEmpty => {
            StatusCause::new(CauseType::Required, place, &detail)
        }
        MetadataViolationKind::AnnotationsTooLarge => {
            StatusCause::new(CauseType::TooLong, place, &detail)
        }
        _ => with_value(CauseType::Invalid, place, found, &detail),
    }
}

fn second_controller(first: &Value, second: &Value) -> String {
    let name = |owner: &Value| {
        let says = |key| owner.get(key).and_then(Value::as_str).unwrap_or_default();
        format!("{}/{}", says("kind"), says("name"))
    };
    let kind = MetadataViolationKind::SecondController { first: 0, second: 0 };
    format!("{kind}. Found \"true\" in references for {} and {}", name(first), name(second))
}

fn no_new_finalizers(new: &Metadata, old: &Metadata, causes: &mut Vec<StatusCause>) {
    let Some(finalizers) = new.get("finalizers") else { return };
    let late = metadata::late_finalizers(old.get("finalizers"), finalizers);
    let Some(MetadataViolation { kind, .. }) = late.first() else { return };
    let name = |violation: &MetadataViolation| match violation.subject {
        Subject::Element(position) => finalizers.get(position).and_then(Value::as_str),
        _ => None,
    };
    let names: BTreeSet<&str> = late.iter().filter_map(name).collect();
    let names: Vec<String> = names.into_iter().map(go::quote).collect();
    let detail = format!("{kind}, found new finalizers []string{{{}}}", names.join(", "));
    causes.push(StatusCause::new(CauseType::Forbidden, "metadata.finalizers", &detail));
}

fn invalid_each(
    field: &str,
    value: &str,
    violations: impl IntoIterator<Item = String>,
    causes: &mut Vec<StatusCause>,
) {
    let cause =
        |violation: String| with_value(CauseType::Invalid, field, &value.into(), &violation);
    if causes.len() < MAX_CAUSES {
        causes.extend(violations.into_iter().map(cause));
    }
}
