//! Affinity to nodes and to other Pods.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

use super::errors::{Errors, Path, Shown, elements, entries, field, list, number, text, texts};
use super::metadata::{label_key, selector};
use super::texts::{dns_label, dns_subdomain, label_value};

const REQUIRED: &str = "requiredDuringSchedulingIgnoredDuringExecution";
const PREFERRED: &str = "preferredDuringSchedulingIgnoredDuringExecution";

pub(super) fn affinity(errors: &mut Errors, spec: &Value, path: &Path) {
    let (Some(affinity), path) = (field(spec, "affinity"), path.child("affinity")) else { return };
    if let Some(nodes) = field(affinity, "nodeAffinity") {
        node_affinity(errors, nodes, &path.child("nodeAffinity"));
    }
    for key in ["podAffinity", "podAntiAffinity"] {
        if let Some(pods) = field(affinity, key) {
            pod_affinity(errors, pods, &path.child(key));
        }
    }
}

fn node_affinity(errors: &mut Errors, affinity: &Value, path: &Path) {
    if let Some(required) = field(affinity, REQUIRED) {
        let path = path.child(REQUIRED);
        if list(required, "nodeSelectorTerms").is_empty() {
            let path = path.child("nodeSelectorTerms");
            errors.required(&path, "must have at least one node selector term");
        }
        for (path, term) in elements(required, "nodeSelectorTerms", &path) {
            node_selector_term(errors, term, true, &path);
        }
    }
    for (path, term) in elements(affinity, PREFERRED, path) {
        weight(errors, term, &path);
        if let Some(preference) = field(term, "preference") {
            // Values of labels are not checked here.
            node_selector_term(errors, preference, false, &path.child("preference"));
        }
    }
}

fn weight(errors: &mut Errors, term: &Value, path: &Path) {
    let weight = number(term, "weight");
    if !(1..=100).contains(&weight) {
        let path = path.child("weight");
        errors.invalid(&path, Shown::Number(weight), "must be in the range 1-100");
    }
}

fn node_selector_term(errors: &mut Errors, term: &Value, checks_values: bool, path: &Path) {
    for (path, requirement) in elements(term, "matchExpressions", path) {
        node_labels(errors, requirement, checks_values, &path);
    }
    for (path, requirement) in elements(term, "matchFields", path) {
        node_fields(errors, requirement, &path);
    }
}

fn node_labels(errors: &mut Errors, requirement: &Value, checks_values: bool, path: &Path) {
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
        "Gt" | "Lt" if values.len() != 1 => {
            let detail = "must be specified single value when `operator` is 'Lt' or 'Gt'";
            errors.required(&place, detail);
        }
        "In" | "NotIn" | "Exists" | "DoesNotExist" | "Gt" | "Lt" => {}
        operator => not_an_operator(errors, operator, path),
    }
    label_key(errors, &path.child("key"), text(requirement, "key"));
    for (position, value) in values.into_iter().enumerate().filter(|_| checks_values) {
        errors.invalid_text(&place.index(position), value, label_value(value));
    }
}

fn node_fields(errors: &mut Errors, requirement: &Value, path: &Path) {
    let values = texts(requirement, "values");
    match text(requirement, "operator") {
        "In" | "NotIn" if values.len() == 1 => {}
        "In" | "NotIn" => {
            let detail =
                "must be only one value when `operator` is 'In' or 'NotIn' for node field selector";
            errors.required(&path.child("values"), detail);
        }
        operator => not_an_operator(errors, operator, path),
    }
    match text(requirement, "key") {
        "metadata.name" => {
            for (position, name) in values.into_iter().enumerate() {
                let path = path.child("values").index(position);
                errors.invalid_text(&path, name, dns_subdomain(name));
            }
        }
        key => {
            let detail = "not a valid field selector key";
            errors.invalid(&path.child("key"), Shown::Text(key), detail);
        }
    }
}

fn not_an_operator(errors: &mut Errors, operator: &str, path: &Path) {
    let detail = "not a valid selector operator";
    errors.invalid(&path.child("operator"), Shown::Named(operator), detail);
}

fn pod_affinity(errors: &mut Errors, affinity: &Value, path: &Path) {
    for (path, term) in elements(affinity, REQUIRED, path) {
        pod_term(errors, term, &path);
    }
    for (path, weighted) in elements(affinity, PREFERRED, path) {
        weight(errors, weighted, &path);
        if let Some(term) = field(weighted, "podAffinityTerm") {
            pod_term(errors, term, &path.child("podAffinityTerm"));
        }
    }
}

fn pod_term(errors: &mut Errors, term: &Value, path: &Path) {
    selector(errors, term, "labelSelector", path);
    selector(errors, term, "namespaceSelector", path);
    for name in texts(term, "namespaces") {
        errors.invalid_text(&path.child("namespace"), name, dns_label(name));
    }
    let labels = field(term, "labelSelector");
    for key in ["matchLabelKeys", "mismatchLabelKeys"] {
        label_keys(errors, &texts(term, key), labels, &path.child(key));
    }
    let (matched, mismatched) = (texts(term, "matchLabelKeys"), texts(term, "mismatchLabelKeys"));
    if let Some(labels) = labels {
        keys_selected_twice(errors, &matched, labels, path);
    }
    for (position, key) in matched.iter().enumerate() {
        if mismatched.contains(key) {
            let path = path.child("matchLabelKeys").index(position);
            let detail = "exists in both matchLabelKeys and mismatchLabelKeys";
            errors.invalid(&path, Shown::Text(key), detail);
        }
    }
    let (key, path) = (text(term, "topologyKey"), path.child("topologyKey"));
    if key.is_empty() {
        errors.required(&path, "can not be empty");
    }
    label_key(errors, &path, key);
}

fn label_keys(errors: &mut Errors, keys: &[&str], labels: Option<&Value>, path: &Path) {
    if !keys.is_empty() && labels.is_none() {
        errors.forbidden(path, "must not be specified when labelSelector is not set");
        return;
    }
    for (position, key) in keys.iter().enumerate() {
        label_key(errors, &path.index(position), key);
    }
}

/// Checks that a key of matchLabelKeys is in the selector once at most. The error has the path of an
/// element of the term.
fn keys_selected_twice(errors: &mut Errors, keys: &[&str], labels: &Value, path: &Path) {
    let positions: BTreeMap<&str, usize> =
        keys.iter().enumerate().map(|(position, key)| (*key, position)).collect();
    let mut selected: BTreeSet<&str> = entries(labels, "matchLabels").map(|(key, _)| key).collect();
    for expression in list(labels, "matchExpressions") {
        let key = text(expression, "key");
        if let Some(position) = positions.get(key).filter(|_| selected.contains(key)) {
            let detail = "exists in both matchLabelKeys and labelSelector";
            errors.invalid(&path.index(*position), Shown::Text(key), detail);
        }
        selected.insert(key);
    }
}
