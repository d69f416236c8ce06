//! Environment variables and their sources.

use serde_json::Value;

use super::errors::{Errors, Path, Shown, elements, field, optional_text, quantity, text};
use super::texts::{
    config_key, dns_label, dns_subdomain, dns_subdomain_prefix, no_backsteps, qualified_name,
    variable_name,
};

/// The fields of a Pod that a variable can have as its value, sorted.
const VARIABLE_FIELDS: [&str; 9] = [
    "metadata.name",
    "metadata.namespace",
    "metadata.uid",
    "spec.nodeName",
    "spec.serviceAccountName",
    "status.hostIP",
    "status.hostIPs",
    "status.podIP",
    "status.podIPs",
];

/// The fields of a Pod that a file in a volume can have as its content, sorted.
pub(super) const FILE_FIELDS: [&str; 5] = [
    "metadata.annotations",
    "metadata.labels",
    "metadata.name",
    "metadata.namespace",
    "metadata.uid",
];

const RESOURCES: [&str; 6] = [
    "limits.cpu",
    "limits.ephemeral-storage",
    "limits.memory",
    "requests.cpu",
    "requests.ephemeral-storage",
    "requests.memory",
];
const HUGE_PAGES: [&str; 2] = ["limits.hugepages-", "requests.hugepages-"];

const BYTE_UNITS: [&str; 13] =
    ["1", "1k", "1M", "1G", "1T", "1P", "1E", "1Ki", "1Mi", "1Gi", "1Ti", "1Pi", "1Ei"];

pub(super) fn variables(errors: &mut Errors, container: &Value, path: &Path) {
    for (path, variable) in elements(container, "env", path) {
        let name = text(variable, "name");
        if name.is_empty() {
            errors.required(&path.child("name"), "");
        } else {
            errors.invalid_text(&path.child("name"), name, variable_name(name));
        }
        if let Some(source) = field(variable, "valueFrom") {
            let has_value = !text(variable, "value").is_empty();
            value_from(errors, source, has_value, &path.child("valueFrom"));
        }
    }
}

fn value_from(errors: &mut Errors, source: &Value, has_value: bool, path: &Path) {
    let mut count = 0;
    let mut present =
        |key| field(source, key).inspect(|_| count += 1).map(|at| (at, path.child(key)));
    if let Some((selector, path)) = present("fieldRef") {
        pod_field(errors, selector, &VARIABLE_FIELDS, &path);
    }
    if let Some((selector, path)) = present("resourceFieldRef") {
        container_resource(errors, selector, false, &path);
    }
    for key in ["configMapKeyRef", "secretKeyRef"] {
        if let Some((selector, path)) = present(key) {
            let name = text(selector, "name");
            errors.invalid_text(&path.child("name"), name, dns_subdomain(name));
            key_of(errors, selector, &path, config_key);
        }
    }
    if let Some((selector, path)) = present("fileKeyRef") {
        file_key(errors, selector, &path);
    }
    let detail = match count {
        0 => {
            "must specify one of: `fieldRef`, `resourceFieldRef`, `configMapKeyRef` or `secretKeyRef`"
        }
        _ if has_value => "may not be specified when `value` is not empty",
        1 => return,
        _ => "may not have more than one field specified at a time",
    };
    errors.invalid(path, Shown::Text(""), detail);
}

fn key_of(errors: &mut Errors, selector: &Value, path: &Path, check: fn(&str) -> Vec<String>) {
    let key = text(selector, "key");
    if key.is_empty() {
        errors.required(&path.child("key"), "");
    } else {
        errors.invalid_text(&path.child("key"), key, check(key));
    }
}

fn file_key(errors: &mut Errors, selector: &Value, path: &Path) {
    key_of(errors, selector, path, printable_name);
    let volume = text(selector, "volumeName");
    if volume.is_empty() {
        errors.required(&path.child("volumeName"), "");
    } else {
        errors.invalid_text(&path.child("volumeName"), volume, dns_label(volume));
    }
    let file = text(selector, "path");
    if file.is_empty() {
        errors.required(&path.child("path"), "");
    } else {
        no_backsteps(errors, &path.child("path"), file);
    }
}

/// The messages for a variable in a file.
fn printable_name(name: &str) -> Vec<String> {
    let rule = "a valid environment variable name must consist only of printable ASCII characters \
                other than '='";
    let is_allowed = |byte: u8| (b' '..=b'~').contains(&byte) && byte != b'=';
    if name.bytes().all(is_allowed) { Vec::new() } else { vec![rule.into()] }
}

/// Checks a `fieldRef`.
pub(super) fn pod_field(errors: &mut Errors, selector: &Value, supported: &[&str], path: &Path) {
    let place = path.child("fieldPath");
    let selected = text(selector, "fieldPath");
    if selected.is_empty() {
        errors.required(&place, "");
        return;
    }
    let version = text(selector, "apiVersion");
    let cannot_be_converted = if version.is_empty() || version == "v1" {
        conversion_error(selected)
    } else {
        Some(format!("unsupported pod version: {version}"))
    };
    if let Some(error) = cannot_be_converted {
        let detail = format!("error converting fieldPath: {error}");
        errors.invalid(&place, Shown::Text(selected), &detail);
        return;
    }
    match subscript(selected) {
        Some(("metadata.annotations", key)) => {
            let key = key.to_lowercase();
            errors.invalid_text(path, &key, qualified_name(&key));
        }
        Some((_, key)) => errors.invalid_text(path, key, qualified_name(key)),
        None => {
            // The older name of the field still counts.
            let selected = if selected == "spec.host" { "spec.nodeName" } else { selected };
            if !supported.contains(&selected) {
                errors.not_supported(&place, Shown::Text(selected), supported);
            }
        }
    }
}

fn conversion_error(selected: &str) -> Option<String> {
    match subscript(selected) {
        Some(("metadata.annotations" | "metadata.labels", _)) => None,
        Some(_) => Some(format!("field label does not support subscript: {selected}")),
        None => {
            let others = ["spec.restartPolicy", "spec.schedulerName", "status.phase", "spec.host"];
            let mut known = VARIABLE_FIELDS.iter().chain(&FILE_FIELDS).chain(&others);
            let is_known = known.any(|known| *known == selected);
            (!is_known).then(|| format!("field label not supported: {selected}"))
        }
    }
}

/// The parts of a path with a subscript: `metadata.labels['app']`.
fn subscript(path: &str) -> Option<(&str, &str)> {
    path.strip_suffix("']")?.split_once("['").filter(|(path, _)| !path.is_empty())
}

/// Checks a `resourceFieldRef`, which must name the container in a volume.
pub(super) fn container_resource(
    errors: &mut Errors,
    selector: &Value,
    is_in_volume: bool,
    path: &Path,
) {
    let resource = text(selector, "resource");
    if is_in_volume && text(selector, "containerName").is_empty() {
        errors.required(&path.child("containerName"), "");
    } else if resource.is_empty() {
        errors.required(&path.child("resource"), "");
    } else if !RESOURCES.contains(&resource)
        && !HUGE_PAGES.iter().any(|prefix| resource.starts_with(prefix))
    {
        errors.not_supported(&path.child("resource"), Shown::Text(resource), &RESOURCES);
    }
    divisor(errors, selector, resource, &path.child("divisor"));
}

fn divisor(errors: &mut Errors, selector: &Value, resource: &str, path: &Path) {
    let divisor = selector.get("divisor").and_then(quantity);
    let Some(divisor) = divisor.filter(|divisor| divisor.value().to_integer() != Some(0)) else {
        return;
    };
    let divisor = divisor.to_string();
    let kind = match resource.split_once('.') {
        Some(("limits" | "requests", "cpu")) => {
            if !["1m", "1"].contains(&&*divisor) {
                let detail = "only divisor's values 1m and 1 are supported with the cpu resource";
                errors.invalid(path, Shown::Text(resource), detail);
            }
            return;
        }
        Some(("limits" | "requests", "memory")) => "memory",
        Some(("limits" | "requests", "ephemeral-storage")) => "local ephemeral storage",
        Some(("limits" | "requests", name)) if name.starts_with("hugepages-") => "hugepages",
        _ => return,
    };
    if !BYTE_UNITS.contains(&&*divisor) {
        let detail = format!(
            "only divisor's values 1, 1k, 1M, 1G, 1T, 1P, 1E, 1Ki, 1Mi, 1Gi, 1Ti, 1Pi, 1Ei are \
             supported with the {kind} resource"
        );
        errors.invalid(path, Shown::Text(resource), &detail);
    }
}

/// Checks `envFrom`.
pub(super) fn sources(errors: &mut Errors, container: &Value, path: &Path) {
    let all = path.child("envFrom");
    for (path, source) in elements(container, "envFrom", path) {
        let prefix = text(source, "prefix");
        if !prefix.is_empty() {
            errors.invalid_text(&path.child("prefix"), prefix, variable_name(prefix));
        }
        let mut count = 0;
        for key in ["configMapRef", "secretRef"] {
            let Some(reference) = field(source, key) else { continue };
            count += 1;
            let path = path.child(key).child("name");
            match optional_text(reference, "name") {
                None | Some("") => errors.required(&path, ""),
                Some(name) => errors.invalid_text(&path, name, dns_subdomain_prefix(name)),
            }
        }
        let detail = match count {
            0 => "must specify one of: `configMapRef` or `secretRef`",
            1 => continue,
            _ => "may not have more than one field specified at a time",
        };
        errors.invalid(&all, Shown::Text(""), detail);
    }
}
