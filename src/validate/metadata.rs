//! Kubernetes' own rules for labels, annotations, generateName, finalizers and ownerReferences.
//!
//! An API server checks the whole field on every update: [ObjectMeta], [label keys and values].
//! Lengths are bytes.
//!
//! [ObjectMeta]: https://github.com/kubernetes/apimachinery/blob/master/pkg/api/validation/objectmeta.go
//! [label keys and values]: https://github.com/kubernetes/apimachinery/blob/master/pkg/api/validate/content/kube.go

#![expect(
    missing_docs,
    clippy::exhaustive_enums,
    clippy::exhaustive_structs,
    clippy::must_use_candidate,
    reason = "public to one crate of this workspace alone"
)]

use std::collections::HashSet;
use std::fmt;
use std::mem::Discriminant;

use serde_json::{Map, Value};

/// Bytes of a label value, and of the name in a key.
const NAME_BYTES: usize = 63;
/// Bytes of the prefix in a key, a DNS subdomain.
const PREFIX_BYTES: usize = 253;
/// Bytes of all keys and values of the annotations.
pub const ANNOTATIONS_BYTES: usize = 256 * 1024;

/// What is wrong in the metadata. `Display` names the key, and never shows a value.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MetadataViolation {
    pub subject: Subject,
    pub failure: MetadataViolationKind,
}

/// What a rule speaks of.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Subject {
    Key(String),
    /// The value of this key.
    ValueOf(String),
    /// The element of the list at this position.
    Element(usize),
    /// The owner at this position, or one of its fields.
    Owner(usize, Option<&'static str>),
    /// The field as a whole.
    Field,
}

/// Which rule is broken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum MetadataViolationKind {
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
    /// The Job is being deleted, and the finalizer is new.
    FinalizerTooLate,
    /// Two finalizers that contradict each other.
    FinalizersConflict,
    OwnerFieldEmpty,
    OwnerApiVersion,
    /// An Event owns nothing.
    OwnerIsEvent,
    /// Two owners are the controller, those at these positions.
    SecondController {
        first: usize,
        second: usize,
    },
}

/// What is wrong in the new value of a field of `metadata`, in the order in which an API server finds it.
pub fn violations(field: &str, value: &Value) -> Vec<MetadataViolation> {
    match (field, value) {
        ("labels", Value::Object(labels)) => label_violations(labels),
        ("annotations", Value::Object(annotations)) => annotation_violations(annotations),
        ("generateName", Value::String(prefix)) => ['/', '%']
            .into_iter()
            .filter(|illegal| prefix.contains(*illegal))
            .map(|illegal| Subject::Field.fails(MetadataViolationKind::Contains(illegal)))
            .collect(),
        ("finalizers", Value::Array(finalizers)) => finalizer_violations(finalizers),
        ("ownerReferences", Value::Array(owners)) => owner_violations(owners),
        _ => Vec::new(),
    }
}

/// What is wrong in the finalizers of a Job that is being deleted: none may be added.
pub fn late_finalizers(old: Option<&Value>, new: &Value) -> Vec<MetadataViolation> {
    let old = old.and_then(Value::as_array).into_iter().flatten();
    let old: HashSet<&str> = old.filter_map(Value::as_str).collect();
    let new = new.as_array().into_iter().flatten().enumerate();
    new.filter(|(_, finalizer)| finalizer.as_str().is_some_and(|name| !old.contains(name)))
        .map(|(position, _)| {
            Subject::Element(position).fails(MetadataViolationKind::FinalizerTooLate)
        })
        .collect()
}

impl MetadataViolation {
    /// What is wrong with what, whatever the numbers are.
    pub fn key(&self) -> (&Subject, Discriminant<MetadataViolationKind>) {
        (&self.subject, std::mem::discriminant(&self.failure))
    }
}

impl Subject {
    fn fails(self, failure: MetadataViolationKind) -> MetadataViolation {
        MetadataViolation { subject: self, failure }
    }
}

impl fmt::Display for MetadataViolation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.subject {
            Subject::Key(key) => write!(f, "key {}: {}", shown(key), self.failure),
            Subject::ValueOf(key) => write!(f, "value of {}: {}", shown(key), self.failure),
            Subject::Element(position) => {
                write!(f, "element at position {position}: {}", self.failure)
            }
            Subject::Field | Subject::Owner(..) => self.failure.fmt(f),
        }
    }
}

impl fmt::Display for MetadataViolationKind {
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
            Self::FinalizerTooLate => {
                f.write_str("must not be added to a Job that is being deleted")
            }
            Self::FinalizersConflict => {
                f.write_str("must not have both `orphan` and `foregroundDeletion`")
            }
            Self::OwnerFieldEmpty => f.write_str("must not be empty"),
            Self::OwnerApiVersion => f.write_str("must be a version, or a group, `/` and a version"),
            Self::OwnerIsEvent => f.write_str("must not be an Event"),
            Self::SecondController { .. } => {
                f.write_str("must have one owner with controller true at most")
            }
        }
    }
}

fn label_violations(labels: &Map<String, Value>) -> Vec<MetadataViolation> {
    let mut violations = Vec::new();
    for (key, value) in labels {
        let of_key = |failure| Subject::Key(key.clone()).fails(failure);
        violations.extend(key_failures(key).into_iter().map(of_key));
        let value = value.as_str().unwrap_or_default();
        let of_value = |failure| Subject::ValueOf(key.clone()).fails(failure);
        violations.extend(value_failures(value).map(of_value));
    }
    violations
}

fn annotation_violations(annotations: &Map<String, Value>) -> Vec<MetadataViolation> {
    let mut violations = Vec::new();
    let mut bytes: usize = 0;
    for (key, value) in annotations {
        let of_key = |failure| Subject::Key(key.clone()).fails(failure);
        violations.extend(key_failures(&lower_case(key)).into_iter().map(of_key));
        let value = value.as_str().unwrap_or_default();
        bytes = bytes.saturating_add(key.len()).saturating_add(value.len());
    }
    if bytes > ANNOTATIONS_BYTES {
        violations.push(Subject::Field.fails(MetadataViolationKind::TooLarge(bytes)));
    }
    violations
}

fn finalizer_violations(finalizers: &[Value]) -> Vec<MetadataViolation> {
    let names = || finalizers.iter().map(|name| name.as_str().unwrap_or_default());
    let of_name = |(position, name)| {
        let fails = move |failure| Subject::Element(position).fails(failure);
        key_failures(name).into_iter().map(fails)
    };
    let mut violations: Vec<_> = names().enumerate().flat_map(of_name).collect();
    if ["orphan", "foregroundDeletion"].iter().all(|known| names().any(|name| name == *known)) {
        violations.push(Subject::Field.fails(MetadataViolationKind::FinalizersConflict));
    }
    violations
}

fn owner_violations(owners: &[Value]) -> Vec<MetadataViolation> {
    let mut violations = Vec::new();
    let mut controller = None;
    for (position, owner) in owners.iter().enumerate() {
        let text = |field| owner.get(field).and_then(Value::as_str).unwrap_or_default();
        let mut fails =
            |field, failure| violations.push(Subject::Owner(position, field).fails(failure));
        let version = text("apiVersion");
        if !version.is_empty() && !is_group_version(version) {
            fails(Some("apiVersion"), MetadataViolationKind::OwnerApiVersion);
        }
        for field in ["apiVersion", "kind", "name", "uid"] {
            if text(field).is_empty() {
                fails(Some(field), MetadataViolationKind::OwnerFieldEmpty);
            }
        }
        if (version, text("kind")) == ("v1", "Event") {
            fails(None, MetadataViolationKind::OwnerIsEvent);
        }
        if owner.get("controller") == Some(&Value::Bool(true)) {
            let first = *controller.get_or_insert(position);
            if first != position {
                let failure = MetadataViolationKind::SecondController { first, second: position };
                violations.push(Subject::Field.fails(failure));
            }
        }
    }
    violations
}

/// `version` or `group/version`.
fn is_group_version(text: &str) -> bool {
    match text.split_once('/') {
        Some((_, version)) => !version.is_empty() && !version.contains('/'),
        None => true,
    }
}

/// A key is a qualified name: `[prefix/]name`.
pub fn key_failures(key: &str) -> Vec<MetadataViolationKind> {
    let (prefix, name) = match key.split_once('/') {
        Some((_, name)) if name.contains('/') => return vec![MetadataViolationKind::Slashes],
        Some((prefix, name)) => (Some(prefix), name),
        None => (None, key),
    };
    let mut failures = Vec::new();
    match prefix {
        Some("") => failures.push(MetadataViolationKind::PrefixEmpty),
        Some(prefix) => {
            if prefix.len() > PREFIX_BYTES {
                failures.push(MetadataViolationKind::PrefixTooLong(prefix.len()));
            }
            if !is_dns_subdomain(prefix) {
                failures.push(MetadataViolationKind::PrefixCharacters);
            }
        }
        None => {}
    }
    if name.is_empty() {
        failures.push(MetadataViolationKind::NameEmpty);
    } else if name.len() > NAME_BYTES {
        failures.push(MetadataViolationKind::NameTooLong(name.len()));
    }
    if !is_name(name) {
        failures.push(MetadataViolationKind::NameCharacters);
    }
    failures
}

fn value_failures(value: &str) -> impl Iterator<Item = MetadataViolationKind> {
    let too_long = value.len() > NAME_BYTES;
    let wrong = !(value.is_empty() || is_name(value));
    let too_long = too_long.then_some(MetadataViolationKind::ValueTooLong(value.len()));
    too_long.into_iter().chain(wrong.then_some(MetadataViolationKind::ValueCharacters))
}

fn is_name(text: &str) -> bool {
    let inside = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.');
    let ends = [text.bytes().next(), text.bytes().next_back()];
    ends.iter().all(|byte| byte.is_some_and(|byte| byte.is_ascii_alphanumeric()))
        && text.bytes().all(inside)
}

pub fn is_dns_subdomain(text: &str) -> bool {
    text.split('.').all(is_dns_label)
}

pub fn is_dns_label(text: &str) -> bool {
    let outer = |byte: Option<u8>| {
        byte.is_some_and(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit())
    };
    outer(text.bytes().next())
        && outer(text.bytes().next_back())
        && text.bytes().all(|byte| outer(Some(byte)) || byte == b'-')
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
