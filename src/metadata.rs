//! Kubernetes' own rules for labels, annotations and generateName.
//!
//! An API server checks the whole map on every update: [ObjectMeta], [label keys and values].
//! Lengths are bytes.
//!
//! [ObjectMeta]: https://github.com/kubernetes/apimachinery/blob/master/pkg/api/validation/objectmeta.go
//! [label keys and values]: https://github.com/kubernetes/apimachinery/blob/master/pkg/api/validate/content/kube.go

use std::fmt;

use serde_json::{Map, Value};

/// Bytes of a label value, and of the name in a key.
const NAME_BYTES: usize = 63;
/// Bytes of the prefix in a key, a DNS subdomain.
const PREFIX_BYTES: usize = 253;
/// Bytes of all keys and values of the annotations.
const ANNOTATIONS_BYTES: usize = 256 * 1024;

/// What is wrong in the metadata. `Display` names the key, and never shows a value.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct MetadataFault {
    pub(crate) subject: Subject,
    pub(crate) failure: MetadataFailure,
}

/// What a rule speaks of.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Subject {
    Key(String),
    /// The value of this key.
    ValueOf(String),
    /// The field as a whole.
    Field,
}

/// Which rule is broken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum MetadataFailure {
    /// A key has more than one slash.
    Slashes,
    PrefixEmpty,
    PrefixTooLong(usize),
    PrefixCharacters,
    NameEmpty,
    NameTooLong(usize),
    NameCharacters,
    ValueTooLong(usize),
    ValueCharacters,
    /// All annotations together.
    TooLarge(usize),
    /// A character that can stand in no name.
    Contains(char),
}

/// What is wrong in the new value of a field of `metadata`.
pub(crate) fn faults(field: &str, value: &Value) -> Vec<MetadataFault> {
    match (field, value) {
        ("labels", Value::Object(labels)) => label_faults(labels),
        ("annotations", Value::Object(annotations)) => annotation_faults(annotations),
        ("generateName", Value::String(prefix)) => ['/', '%']
            .into_iter()
            .filter(|illegal| prefix.contains(*illegal))
            .map(|illegal| Subject::Field.fails(MetadataFailure::Contains(illegal)))
            .collect(),
        _ => Vec::new(),
    }
}

impl MetadataFault {
    /// Whether it is about the same thing as another, whatever the numbers are.
    pub(crate) fn is_like(&self, other: &Self) -> bool {
        self.subject == other.subject
            && std::mem::discriminant(&self.failure) == std::mem::discriminant(&other.failure)
    }
}

impl Subject {
    fn fails(self, failure: MetadataFailure) -> MetadataFault {
        MetadataFault { subject: self, failure }
    }
}

impl fmt::Display for MetadataFault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.subject {
            Subject::Key(key) => write!(f, "key {}: {}", shown(key), self.failure),
            Subject::ValueOf(key) => write!(f, "value of {}: {}", shown(key), self.failure),
            Subject::Field => self.failure.fmt(f),
        }
    }
}

impl fmt::Display for MetadataFailure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        const OF_NAMES: &str = "must consist of alphanumeric characters, `-`, `_` or `.`, and must start \
                                and end with an alphanumeric character";
        match self {
            Self::Slashes => f.write_str(
                "must be a name, or a DNS subdomain, `/` and a name (such as example.com/name)",
            ),
            Self::PrefixEmpty => f.write_str("prefix part must be non-empty"),
            Self::PrefixTooLong(found) => {
                write!(f, "prefix part must be no more than {PREFIX_BYTES} bytes, but has {found}")
            }
            Self::PrefixCharacters => f.write_str(
                "prefix part must be a DNS subdomain: lower case alphanumeric characters, `-` or `.`, \
                 each part starting and ending with an alphanumeric character",
            ),
            Self::NameEmpty => f.write_str("name part must be non-empty"),
            Self::NameTooLong(found) => {
                write!(f, "name part must be no more than {NAME_BYTES} bytes, but has {found}")
            }
            Self::NameCharacters => write!(f, "name part {OF_NAMES}"),
            Self::ValueTooLong(found) => {
                write!(f, "must be no more than {NAME_BYTES} bytes, but has {found}")
            }
            Self::ValueCharacters => write!(f, "must be empty, or {OF_NAMES}"),
            Self::TooLarge(found) => write!(
                f,
                "all keys and values together must be no more than {ANNOTATIONS_BYTES} bytes, but have {found}"
            ),
            Self::Contains(illegal) => write!(f, "must not contain `{illegal}`"),
        }
    }
}

fn label_faults(labels: &Map<String, Value>) -> Vec<MetadataFault> {
    let mut faults = Vec::new();
    for (key, value) in labels {
        let of_key = |failure| Subject::Key(key.clone()).fails(failure);
        faults.extend(key_failures(key).into_iter().map(of_key));
        let value = value.as_str().unwrap_or_default();
        let of_value = |failure| Subject::ValueOf(key.clone()).fails(failure);
        faults.extend(value_failures(value).map(of_value));
    }
    faults
}

fn annotation_faults(annotations: &Map<String, Value>) -> Vec<MetadataFault> {
    let mut faults = Vec::new();
    let mut bytes: usize = 0;
    for (key, value) in annotations {
        let of_key = |failure| Subject::Key(key.clone()).fails(failure);
        faults.extend(key_failures(&lower_case(key)).into_iter().map(of_key));
        let value = value.as_str().unwrap_or_default();
        bytes = bytes.saturating_add(key.len()).saturating_add(value.len());
    }
    if bytes > ANNOTATIONS_BYTES {
        faults.push(Subject::Field.fails(MetadataFailure::TooLarge(bytes)));
    }
    faults
}

/// A key is a qualified name: `[prefix/]name`.
fn key_failures(key: &str) -> Vec<MetadataFailure> {
    let (prefix, name) = match key.split_once('/') {
        Some((_, name)) if name.contains('/') => return vec![MetadataFailure::Slashes],
        Some((prefix, name)) => (Some(prefix), name),
        None => (None, key),
    };
    let mut failures = Vec::new();
    match prefix {
        Some("") => failures.push(MetadataFailure::PrefixEmpty),
        Some(prefix) => {
            if prefix.len() > PREFIX_BYTES {
                failures.push(MetadataFailure::PrefixTooLong(prefix.len()));
            }
            if !is_dns_subdomain(prefix) {
                failures.push(MetadataFailure::PrefixCharacters);
            }
        }
        None => {}
    }
    if name.is_empty() {
        failures.push(MetadataFailure::NameEmpty);
    } else if name.len() > NAME_BYTES {
        failures.push(MetadataFailure::NameTooLong(name.len()));
    }
    if !is_name(name) {
        failures.push(MetadataFailure::NameCharacters);
    }
    failures
}

fn value_failures(value: &str) -> impl Iterator<Item = MetadataFailure> {
    let too_long = value.len() > NAME_BYTES;
    let wrong = !(value.is_empty() || is_name(value));
    let too_long = too_long.then_some(MetadataFailure::ValueTooLong(value.len()));
    too_long.into_iter().chain(wrong.then_some(MetadataFailure::ValueCharacters))
}

fn is_name(text: &str) -> bool {
    let inside = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.');
    let ends = [text.bytes().next(), text.bytes().next_back()];
    ends.iter().all(|byte| byte.is_some_and(|byte| byte.is_ascii_alphanumeric()))
        && text.bytes().all(inside)
}

fn is_dns_subdomain(text: &str) -> bool {
    let outer = |byte: Option<u8>| {
        byte.is_some_and(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit())
    };
    let is_label = |label: &str| {
        outer(label.bytes().next())
            && outer(label.bytes().next_back())
            && label.bytes().all(|byte| outer(Some(byte)) || byte == b'-')
    };
    text.split('.').all(is_label)
}

/// In lower case as Go has it: each character becomes one character.
fn lower_case(text: &str) -> String {
    text.chars().filter_map(|letter| letter.to_lowercase().next()).collect()
}

/// A key in a message: on one line, and no longer than a key may be.
fn shown(key: &str) -> String {
    let most = PREFIX_BYTES.saturating_add(NAME_BYTES);
    let mut shown: String = key.chars().take(most).flat_map(char::escape_debug).collect();
    if key.chars().nth(most).is_some() {
        shown.push('…');
    }
    format!("`{shown}`")
}
