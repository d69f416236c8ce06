//! The rules that Kubernetes has for names, in its words.
//!
//! See [validate/content](https://github.com/kubernetes/apimachinery/tree/master/pkg/api/validate/content).

use volcano_job_update::internals::{ANNOTATIONS_BYTES, MetadataViolationKind, metadata};

const NAME_RULE: &str = "must consist of alphanumeric characters, '-', '_' or '.', and must start and end with \
     an alphanumeric character (e.g. 'MyName',  or 'my.name',  or '123-abc', regex used for validation is \
     '([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]')";
const VALUE_RULE: &str = "a valid label must be an empty string or consist of alphanumeric characters, '-', '_' or \
     '.', and must start and end with an alphanumeric character (e.g. 'MyValue',  or 'my_value',  or '12345', regex \
     used for validation is '(([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9])?')";
const SUBDOMAIN_RULE: &str = "a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-' \
     or '.', and must start and end with an alphanumeric character (e.g. 'example.com', regex used for validation \
     is '[a-z0-9]([-a-z0-9]*[a-z0-9])?(\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*')";
const LABEL_RULE: &str = "a lowercase RFC 1123 label must consist of lower case alphanumeric characters or '-', and \
     must start and end with an alphanumeric character (e.g. 'my-name',  or '123-abc', regex used for validation is \
     '[a-z0-9]([-a-z0-9]*[a-z0-9])?')";

/// What is wrong with a qualified name: `example.com/name`, as of a label or a finalizer.
pub(crate) fn qualified_name(text: &str) -> Vec<String> {
    metadata::key_failures(text).into_iter().map(words).collect()
}

/// A broken rule in the words of Kubernetes.
pub(crate) fn words(failure: MetadataViolationKind) -> String {
    match failure {
        MetadataViolationKind::Slashes => format!(
            "a valid label key {NAME_RULE} with an optional DNS subdomain prefix and '/' \
             (e.g. 'example.com/MyName')"
        ),
        MetadataViolationKind::PrefixEmpty => "prefix part must be non-empty".into(),
        MetadataViolationKind::PrefixTooLong(_) => {
            "prefix part must be no more than 253 bytes".into()
        }
        MetadataViolationKind::PrefixCharacters => format!("prefix part {SUBDOMAIN_RULE}"),
        MetadataViolationKind::NameEmpty => "name part must be non-empty".into(),
        MetadataViolationKind::NameTooLong(_) => "name part must be no more than 63 bytes".into(),
        MetadataViolationKind::NameCharacters => format!("name part {NAME_RULE}"),
        MetadataViolationKind::ValueTooLong(_) => "must be no more than 63 bytes".into(),
        MetadataViolationKind::ValueCharacters => VALUE_RULE.into(),
        MetadataViolationKind::TooLarge(_) => {
            format!("may not be more than {ANNOTATIONS_BYTES} bytes")
        }
        MetadataViolationKind::Contains(illegal) => format!("may not contain '{illegal}'"),
        MetadataViolationKind::FinalizersConflict => {
            "finalizer orphan and foregroundDeletion cannot be both set".into()
        }
        MetadataViolationKind::OwnerFieldEmpty => "must not be empty".into(),
        MetadataViolationKind::OwnerApiVersion => "must be <group>/<version> or <version>".into(),
        MetadataViolationKind::OwnerIsEvent => {
            "/v1, Kind=Event is disallowed from being an owner".into()
        }
        // What Kubernetes says of these names all that they are about, see `meta_rules`.
        MetadataViolationKind::FinalizerTooLate
        | MetadataViolationKind::SecondController { .. } => failure.to_string(),
    }
}

/// What is wrong with a DNS subdomain, as the name of a Job that is created.
pub(crate) fn subdomain(text: &str) -> Vec<String> {
    let mut violations = Vec::new();
    if text.len() > 253 {
        violations.push("must be no more than 253 bytes".into());
    }
    if !metadata::is_dns_subdomain(text) {
        violations.push(SUBDOMAIN_RULE.into());
    }
    violations
}

/// What is wrong with the name of a namespace.
pub(crate) fn namespace(text: &str) -> Vec<String> {
    let mut violations = Vec::new();
    if text.len() > 63 {
        violations.push("must be no more than 63 bytes".into());
    }
    if !metadata::is_dns_label(text) {
        let dots = metadata::is_dns_subdomain(text);
        violations.push(if dots { "must not contain dots".into() } else { LABEL_RULE.into() });
    }
    violations
}

/// What is wrong with a name as a part of a path.
pub(crate) fn path_segment(text: &str) -> Vec<String> {
    match text {
        "." | ".." => vec![format!("may not be '{text}'")],
        _ => path_segment_prefix(text),
    }
}

/// What is wrong with a text with which names as a part of a path begin.
pub(crate) fn path_segment_prefix(text: &str) -> Vec<String> {
    let contained = ["/", "%"].into_iter().filter(|illegal| text.contains(illegal));
    contained.map(|illegal| format!("may not contain '{illegal}'")).collect()
}
