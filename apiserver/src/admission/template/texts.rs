//! Kubernetes' rules and messages for texts in Pods: names, paths, ports and environment variables.
//!
//! See [validation.go](https://github.com/kubernetes/kubernetes/blob/v1.36.1/staging/src/k8s.io/apimachinery/pkg/util/validation/validation.go).

use volcano_job_update::internals::metadata::{
    DNS_SUBDOMAIN_RULE, is_dns_label, is_dns_subdomain, label_value_violations,
    qualified_name_violations,
};

use super::errors::{Errors, Path, Shown};
use crate::names::DNS_LABEL_RULE;

/// A message of [`max_length`] counts characters, although bytes are counted.
fn max_length(text: &str, length: usize) -> Option<String> {
    (text.len() > length).then(|| format!("must be no more than {length} characters"))
}

/// The messages for a text that is no DNS label, such as the name of a container.
pub(super) fn dns_label(text: &str) -> Vec<String> {
    let malformed = (!is_dns_label(text)).then(|| {
        let has_dots = is_dns_subdomain(text);
        if has_dots { "must not contain dots" } else { DNS_LABEL_RULE }.to_owned()
    });
    max_length(text, 63).into_iter().chain(malformed).collect()
}

/// The messages for a text that is no DNS subdomain, such as the name of most objects.
pub(in crate::admission) fn dns_subdomain(text: &str) -> Vec<String> {
    let malformed = (!is_dns_subdomain(text)).then(|| DNS_SUBDOMAIN_RULE.to_owned());
    max_length(text, 253).into_iter().chain(malformed).collect()
}

/// [`dns_subdomain`] for the beginning of a name, of which a hyphen at its end is no part.
pub(super) fn dns_subdomain_prefix(text: &str) -> Vec<String> {
    match text.strip_suffix('-') {
        Some(start) if !start.is_empty() => {
            // Kubernetes drops the byte before the hyphen too.
            let kept = start.strip_suffix(|c: char| c.is_ascii()).unwrap_or(start);
            dns_subdomain(&format!("{kept}a"))
        }
        _ => dns_subdomain(text),
    }
}

/// The messages for a text that is no qualified name, such as the key of a label.
pub(in crate::admission) fn qualified_name(text: &str) -> Vec<String> {
    qualified_name_violations(text).iter().map(ToString::to_string).collect()
}

/// The messages for a text that is no value of a label.
pub(super) fn label_value(text: &str) -> Vec<String> {
    label_value_violations(text).map(|violation| violation.to_string()).collect()
}

/// The messages for the name of a port.
pub(super) fn port_name(name: &str) -> Vec<String> {
    let is_allowed = |byte: u8| matches!(byte, b'-' | b'a'..=b'z' | b'0'..=b'9');
    let mut messages: Vec<String> = max_length(name, 15).into_iter().collect();
    let rules = [
        (
            name.is_empty() || !name.bytes().all(is_allowed),
            "must contain only alpha-numeric characters (a-z, 0-9), and hyphens (-)",
        ),
        (
            !name.contains(|c: char| c.is_ascii_lowercase()),
            "must contain at least one letter (a-z)",
        ),
        (name.contains("--"), "must not contain consecutive hyphens"),
        (name.starts_with('-') || name.ends_with('-'), "must not begin or end with a hyphen"),
    ];
    messages.extend(rules.iter().filter(|(broken, _)| *broken).map(|(_, rule)| (*rule).to_owned()));
    messages
}

/// The messages for the name of an environment variable, or its prefix.
pub(super) fn variable_name(name: &str) -> Vec<String> {
    const RULE: &str = "a valid environment variable name must consist of alphabetic characters, digits, \
         '_', '-', or '.', and must not start with a digit (e.g. 'my.env-name',  or 'MY_ENV.NAME',  or \
         'MyEnvName1', regex used for validation is '[-._a-zA-Z][-._a-zA-Z0-9]*')";
    let is_well_formed = !name.starts_with(|c: char| c.is_ascii_digit()) && is_key(name);
    let malformed = (!is_well_formed).then(|| RULE.to_owned());
    malformed.into_iter().chain(directory_prefix(name)).collect()
}

/// The messages for a key of a `ConfigMap` or a Secret.
pub(super) fn config_key(key: &str) -> Vec<String> {
    const RULE: &str = "a valid config key must consist of alphanumeric characters, '-', '_' or '.' (e.g. \
         'key.name',  or 'KEY_NAME',  or 'key-name', regex used for validation is '[-._a-zA-Z0-9]+')";
    let malformed = (!is_key(key)).then(|| RULE.to_owned());
    max_length(key, 253).into_iter().chain(malformed).chain(directory_prefix(key)).collect()
}

fn is_key(text: &str) -> bool {
    let is_allowed = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.' | b'_');
    !text.is_empty() && text.bytes().all(is_allowed)
}

fn directory_prefix(text: &str) -> Option<String> {
    let message = match text {
        "." => "must not be '.'",
        ".." => "must not be '..'",
        _ if text.starts_with("..") => "must not start with '..'",
        _ => return None,
    };
    Some(message.into())
}

/// The messages for the name of an HTTP header.
pub(super) fn header_name(name: &str) -> Vec<String> {
    const RULE: &str = "a valid HTTP header must consist of alphanumeric characters or '-' (e.g. \
         'X-Header-Name', regex used for validation is '[-A-Za-z0-9]+')";
    let is_allowed = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'-';
    let is_valid = !name.is_empty() && name.bytes().all(is_allowed);
    (!is_valid).then(|| RULE.to_owned()).into_iter().collect()
}

/// The message for a number that is not in a range.
pub(super) fn range(number: i64, least: i64, most: i64) -> Option<String> {
    let message = || format!("must be between {least} and {most}, inclusive");
    (!(least..=most).contains(&number)).then(message)
}

/// Checks a path that must stay below the folder it is in.
pub(super) fn descending_path(errors: &mut Errors, path: &Path, target: &str) {
    if target.starts_with('/') {
        errors.invalid(path, Shown::Text(target), "must be a relative path");
    }
    no_backsteps(errors, path, target);
}

/// [`descending_path`] for the name of a file that is projected into a volume.
pub(super) fn projected_path(errors: &mut Errors, path: &Path, target: &str) {
    descending_path(errors, path, target);
    if target.starts_with("..") && !target.starts_with("../") {
        errors.invalid(path, Shown::Text(target), "must not start with '..'");
    }
}

pub(super) fn no_backsteps(errors: &mut Errors, path: &Path, target: &str) {
    if has_backsteps(target) {
        errors.invalid(path, Shown::Text(target), "must not contain '..'");
    }
}

pub(super) fn has_backsteps(target: &str) -> bool {
    target.split('/').any(|part| part == "..")
}
