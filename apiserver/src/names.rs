//! Kubernetes' rules and messages for the names of objects.
//!
//! Each function returns the violations; an empty list means that the name is valid. See
//! [validate/content](https://github.com/kubernetes/apimachinery/tree/master/pkg/api/validate/content)
//! and [path
//! validation](https://github.com/kubernetes/apimachinery/tree/master/pkg/api/validation/path).

use volcano_job_update::internals::metadata::{
    DNS_SUBDOMAIN_RULE, illegal_characters, is_dns_label, is_dns_subdomain,
};

pub(crate) const DNS_LABEL_RULE: &str = "a lowercase RFC 1123 label must consist of lower case alphanumeric characters or \
     '-', and must start and end with an alphanumeric character (e.g. 'my-name',  or '123-abc', regex used for \
     validation is '[a-z0-9]([-a-z0-9]*[a-z0-9])?')";

/// Checks a DNS subdomain, such as the name of a Job that is created.
pub(crate) fn dns_subdomain(name: &str) -> Vec<String> {
    let mut violations = Vec::new();
    if name.len() > 253 {
        violations.push("must be no more than 253 characters".into());
    }
    if !is_dns_subdomain(name) {
        violations.push(DNS_SUBDOMAIN_RULE.into());
    }
    violations
}

/// Checks the prefix from which the name of a Job is generated on creation.
pub(crate) fn dns_subdomain_prefix(prefix: &str) -> Vec<String> {
    // A trailing hyphen is allowed: the generated suffix follows it.
    match prefix.strip_suffix('-') {
        Some(start) if !start.is_empty() => dns_subdomain(&format!("{start}a")),
        _ => dns_subdomain(prefix),
    }
}

/// Checks the name of a namespace.
pub(crate) fn namespace(name: &str) -> Vec<String> {
    let mut violations = Vec::new();
    if name.len() > 63 {
        violations.push("must be no more than 63 characters".into());
    }
    if !is_dns_label(name) {
        let has_dots = is_dns_subdomain(name);
        violations.push(if has_dots { "must not contain dots" } else { DNS_LABEL_RULE }.into());
    }
    violations
}

/// Checks a name that is a segment of a URL path.
pub(crate) fn path_segment(name: &str) -> Vec<String> {
    match name {
        "." | ".." => vec![format!("may not be '{name}'")],
        _ => path_segment_prefix(name),
    }
}

/// Checks the beginning of a name that is a segment of a URL path.
pub(crate) fn path_segment_prefix(prefix: &str) -> Vec<String> {
    illegal_characters(prefix).map(|violation| violation.to_string()).collect()
}
