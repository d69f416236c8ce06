//! The name, labels and annotations of a template, and label selectors.

use serde_json::Value;

use super::errors::{Errors, Path, Shown, elements, entries, field, text, texts};
use super::texts::{dns_label, dns_subdomain, label_value, qualified_name};

/// The limit for all keys and values of the annotations together, in bytes.
const ANNOTATIONS_BYTES: usize = 256 * 1024;

/// Checks the name and namespace that the webhook gives the template: those of the task and the Job.
pub(super) fn name(errors: &mut Errors, name: &str, namespace: &str) {
    let path = Path::new("metadata");
    if name.is_empty() {
        errors.required(&path.child("name"), "name or generateName is required");
    } else {
        errors.invalid_text(&path.child("name"), name, dns_subdomain(name));
    }
    if namespace.is_empty() {
        errors.required(&path.child("namespace"), "");
    } else {
        errors.invalid_text(&path.child("namespace"), namespace, dns_label(namespace));
    }
}

/// Checks a map of labels.
pub(super) fn labels(errors: &mut Errors, parent: &Value, key: &str, path: &Path) {
    for (label, value) in entries(parent, key) {
        let value = value.as_str().unwrap_or_default();
        label_key(errors, path, label);
        errors.invalid_text(path, value, label_value(value));
    }
}

pub(super) fn label_key(errors: &mut Errors, path: &Path, key: &str) {
    errors.invalid_text(path, key, qualified_name(key));
}

pub(super) fn annotations(errors: &mut Errors, metadata: &Value, path: &Path) {
    let mut bytes = 0;
    for (key, value) in entries(metadata, "annotations") {
        // The message shows the key as it is.
        errors.invalid_text(path, key, qualified_name(&key.to_lowercase()));
        bytes += key.len() + value.as_str().map_or(0, str::len);
    }
    if bytes > ANNOTATIONS_BYTES {
        errors.too_long(path, ANNOTATIONS_BYTES);
    }
}

/// Checks a label selector, if there is one.
pub(super) fn selector(errors: &mut Errors, parent: &Value, key: &str, path: &Path) {
    let (Some(selector), path) = (field(parent, key), path.child(key)) else { return };
    labels(errors, selector, "matchLabels", &path.child("matchLabels"));
    for (path, requirement) in elements(selector, "matchExpressions", &path) {
        let values = texts(requirement, "values");
        let place = path.child("values");
        match text(requirement, "operator") {
            "In" | "NotIn" if values.is_empty() => {
                errors.required(&place, "must be specified when `operator` is 'In' or 'NotIn'");
            }
            "Exists" | "DoesNotExist" if !values.is_empty() => {
                let detail = "may not be specified when `operator` is 'Exists' or 'DoesNotExist'";
                errors.forbidden(&place, detail);
            }
            "In" | "NotIn" | "Exists" | "DoesNotExist" => {}
            operator => {
                let detail = "not a valid selector operator";
                errors.invalid(&path.child("operator"), Shown::Named(operator), detail);
            }
        }
        label_key(errors, &path.child("key"), text(requirement, "key"));
        for (position, value) in values.into_iter().enumerate() {
            errors.invalid_text(&place.index(position), value, label_value(value));
        }
    }
}
