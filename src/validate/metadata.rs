//! Kubernetes' rules and messages for labels, annotations, generateName, finalizers and
//! ownerReferences.
//!
//! An API server validates the whole field on every update, see [ObjectMeta] and [label keys and
//! values]. Lengths are in bytes.
//!
//! [ObjectMeta]: https://github.com/kubernetes/apimachinery/blob/master/pkg/api/validation/objectmeta.go
//! [label keys and values]: https://github.com/kubernetes/apimachinery/blob/master/pkg/api/validate/content/kube.go

#![expect(
    clippy::exhaustive_enums,
    clippy::exhaustive_structs,
    clippy::must_use_candidate,
    reason = "public only for another crate of this workspace"
)]

use std::borrow::Cow;
use std::collections::HashSet;
use std::fmt;
use std::mem::{Discriminant, discriminant};

use MetadataViolationKind as Kind;

use crate::job::{Node, Shape};

/// The limit for a label value and for the name part of a key, in bytes.
const NAME_BYTES: usize = 63;
/// The limit for the prefix part of a key, in bytes.
const PREFIX_BYTES: usize = 253;
/// The limit for all keys and values of the annotations together, in bytes.
const ANNOTATIONS_BYTES: usize = 256 * 1024;

/// Kubernetes' message for a text that is not a DNS subdomain.
pub const DNS_SUBDOMAIN_RULE: &str = "a lowercase RFC 1123 subdomain must consist of lower case \
     alphanumeric characters, '-' or '.', and must start and end with an alphanumeric character (e.g. \
     'example.com', regex used for validation is \
     '[a-z0-9]([-a-z0-9]*[a-z0-9])?(\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*')";
const NAME_RULE: &str = "must consist of alphanumeric characters, '-', '_' or '.', and must start and end with \
     an alphanumeric character (e.g. 'MyName',  or 'my.name',  or '123-abc', regex used for validation is \
     '([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]')";
const LABEL_VALUE_RULE: &str = "a valid label must be an empty string or consist of alphanumeric characters, \
     '-', '_' or '.', and must start and end with an alphanumeric character (e.g. 'MyValue',  or 'my_value',  \
     or '12345', regex used for validation is '(([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9])?')";

/// A violation of Kubernetes' rules for metadata.
///
/// `Display` names the key or the list position and never shows a value of the Job:
/// ``value of `app`: must be no more than 63 bytes``.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MetadataViolation<'v> {
    /// The part of the field that violates the rule.
    pub subject: Subject<'v>,
    /// The rule.
    pub kind: MetadataViolationKind,
}

/// The part of a field of `metadata` that violates a rule.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Subject<'v> {
    /// The field as a whole.
    Field,
    /// A key of a map.
    Key(Cow<'v, str>),
    /// The value under this key of a map.
    ValueOf(Cow<'v, str>),
    /// The list element at this position.
    Element(usize),
    /// The ownerReference at this position, or one of its fields.
    Owner(usize, Option<&'static str>),
}

/// The violated rule for metadata. `Display` is Kubernetes' message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum MetadataViolationKind {
    /// A qualified name has more than one slash: `a/b/c`.
    TooManySlashes,
    /// The prefix of a qualified name is empty: `/a`.
    PrefixEmpty,
    /// The prefix of a qualified name has more than 253 bytes.
    PrefixTooLong,
    /// The prefix of a qualified name is not a DNS subdomain: `A.b/a`.
    PrefixMalformed,
    /// The name part of a qualified name is empty: `example.com/`.
    NameEmpty,
    /// The name part of a qualified name has more than 63 bytes.
    NameTooLong,
    /// The name part of a qualified name has an invalid character, or an invalid first or last
    /// character: `a b`, `-a`.
    NameMalformed,
    /// A label value has more than 63 bytes.
    LabelValueTooLong,
    /// A label value has an invalid character, or an invalid first or last character: `a b`, `-a`.
    LabelValueMalformed,
    /// The annotations have more than 262,144 bytes together.
    AnnotationsTooLarge,
    /// A name has a character that is not allowed in a URL path segment: `/`, `%`.
    IllegalCharacter(char),
    /// A finalizer was added to a Job that is being deleted.
    FinalizerAddedDuringDeletion,
    /// The finalizers `orphan` and `foregroundDeletion` exclude each other.
    FinalizersConflict,
    /// A required field of an ownerReference is absent or empty.
    OwnerFieldEmpty,
    /// The apiVersion of an ownerReference is neither a version nor a group and a version.
    OwnerApiVersionMalformed,
    /// The owner is an Event.
    OwnerIsEvent,
    /// Two ownerReferences, at these positions, have `controller: true`.
    SecondController {
        /// The position of the first one.
        first: usize,
        /// The position of the second one.
        second: usize,
    },
}

/// Validates the new value of a field of `metadata`. The violations are in the order of an API
/// server. Fields without rules have none.
pub fn violations<'v>(field: &str, value: Node<'v>) -> Vec<MetadataViolation<'v>> {
    let mut violations = Vec::new();
    visit_violations(field, value, &mut |violation| violations.push(violation));
    // An API server reads the keys of a map in alphabetical order, and the map as a whole last.
    if value.is_object() {
        violations.sort_by(|a, b| a.map_key().cmp(&b.map_key()));
    }
    violations
}

/// Visits the [`violations`], of which there can be as many as keys, in the order of the text.
pub(super) fn visit_violations<'v>(
    field: &str,
    value: Node<'v>,
    visit: &mut dyn FnMut(MetadataViolation<'v>),
) {
    match (field, value.shape()) {
        ("labels", Shape::Object) => label_violations(value, visit),
        ("annotations", Shape::Object) => annotation_violations(value, visit),
        ("generateName", Shape::String) => {
            let prefix = go_string(Some(value));
            illegal_characters(&prefix).for_each(|kind| visit(Subject::Field.violates(kind)));
        }
        ("finalizers", Shape::List) => finalizer_violations(value, visit),
        ("ownerReferences", Shape::List) => owner_violations(value, visit),
        _ => {}
    }
}

/// Validates the finalizers of a Job that is being deleted: none may be added.
pub fn late_finalizers(old: Option<Node<'_>>, new: Node<'_>) -> Vec<MetadataViolation<'static>> {
    let old = old.into_iter().flat_map(Node::elements);
    let old: HashSet<Cow<'_, str>> = old.filter_map(Node::to_str).collect();
    new.elements()
        .enumerate()
        .filter(|(_, finalizer)| finalizer.to_str().is_some_and(|name| !old.contains(&name)))
        .map(|(position, _)| {
            Subject::Element(position).violates(Kind::FinalizerAddedDuringDeletion)
        })
        .collect()
}

/// Checks a qualified name, `[prefix/]name`: a key of labels or annotations, or a finalizer.
pub fn qualified_name_violations(text: &str) -> Vec<MetadataViolationKind> {
    let (prefix, name) = match text.split_once('/') {
        Some((_, name)) if name.contains('/') => return vec![Kind::TooManySlashes],
        Some((prefix, name)) => (Some(prefix), name),
        None => (None, text),
    };
    let mut violations = Vec::new();
    match prefix {
        Some("") => violations.push(Kind::PrefixEmpty),
        Some(prefix) => {
            if prefix.len() > PREFIX_BYTES {
                violations.push(Kind::PrefixTooLong);
            }
            if !is_dns_subdomain(prefix) {
                violations.push(Kind::PrefixMalformed);
            }
        }
        None => {}
    }
    if name.is_empty() {
        violations.push(Kind::NameEmpty);
    } else if name.len() > NAME_BYTES {
        violations.push(Kind::NameTooLong);
    }
    if !is_qualified_name_part(name) {
        violations.push(Kind::NameMalformed);
    }
    violations
}

/// Checks a text that becomes a segment of a URL path: `/` and `%` are not allowed in it.
pub fn illegal_characters(text: &str) -> impl Iterator<Item = MetadataViolationKind> {
    ['/', '%'].into_iter().filter(|illegal| text.contains(*illegal)).map(Kind::IllegalCharacter)
}

/// Whether a text is a DNS subdomain (RFC 1123), regardless of its length: `example.com`.
pub fn is_dns_subdomain(text: &str) -> bool {
    text.split('.').all(is_dns_label)
}

/// Whether a text is a DNS label (RFC 1123), regardless of its length: `my-name`.
pub fn is_dns_label(text: &str) -> bool {
    let is_lower_alphanumeric = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit();
    has_alphanumeric_ends(text, is_lower_alphanumeric)
        && text.bytes().all(|byte| is_lower_alphanumeric(byte) || byte == b'-')
}

impl<'v> MetadataViolation<'v> {
    /// The subject and the rule, without the character or positions. Violations of the existing Job
    /// and of its replacement with the same key count as the same violation.
    pub(super) fn into_key(self) -> (Subject<'v>, Discriminant<MetadataViolationKind>) {
        (self.subject, discriminant(&self.kind))
    }

    /// The key of a map that violates the rule, or whose value does. Sorts before the whole map.
    fn map_key(&self) -> (bool, &str) {
        match &self.subject {
            Subject::Key(key) | Subject::ValueOf(key) => (false, key),
            Subject::Field | Subject::Element(_) | Subject::Owner(..) => (true, ""),
        }
    }
}

impl<'v> Subject<'v> {
    fn violates(self, kind: MetadataViolationKind) -> MetadataViolation<'v> {
        MetadataViolation { subject: self, kind }
    }
}

impl fmt::Display for MetadataViolation<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let kind = self.kind;
        match &self.subject {
            Subject::Field | Subject::Owner(..) => kind.fmt(f),
            Subject::Key(key) => write!(f, "key {}: {kind}", quoted_key(key)),
            Subject::ValueOf(key) => write!(f, "value of {}: {kind}", quoted_key(key)),
            Subject::Element(position) => write!(f, "element at position {position}: {kind}"),
        }
    }
}

impl fmt::Display for MetadataViolationKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::TooManySlashes => write!(
                f,
                "a valid label key {NAME_RULE} with an optional DNS subdomain prefix and '/' (e.g. \
                 'example.com/MyName')"
            ),
            Self::PrefixEmpty => f.write_str("prefix part must be non-empty"),
            Self::PrefixTooLong => {
                write!(f, "prefix part must be no more than {PREFIX_BYTES} bytes")
            }
            Self::PrefixMalformed => write!(f, "prefix part {DNS_SUBDOMAIN_RULE}"),
            Self::NameEmpty => f.write_str("name part must be non-empty"),
            Self::NameTooLong => write!(f, "name part must be no more than {NAME_BYTES} bytes"),
            Self::NameMalformed => write!(f, "name part {NAME_RULE}"),
            Self::LabelValueTooLong => write!(f, "must be no more than {NAME_BYTES} bytes"),
            Self::LabelValueMalformed => f.write_str(LABEL_VALUE_RULE),
            Self::AnnotationsTooLarge => {
                write!(f, "may not be more than {ANNOTATIONS_BYTES} bytes")
            }
            Self::IllegalCharacter(illegal) => write!(f, "may not contain '{illegal}'"),
            Self::FinalizerAddedDuringDeletion => {
                f.write_str("no new finalizers can be added if the object is being deleted")
            }
            Self::FinalizersConflict => {
                f.write_str("finalizer orphan and foregroundDeletion cannot be both set")
            }
            Self::OwnerFieldEmpty => f.write_str("must not be empty"),
            Self::OwnerApiVersionMalformed => f.write_str("must be <group>/<version> or <version>"),
            Self::OwnerIsEvent => f.write_str("/v1, Kind=Event is disallowed from being an owner"),
            Self::SecondController { .. } => {
                f.write_str("Only one reference can have Controller set to true")
            }
        }
    }
}

fn label_violations<'v>(labels: Node<'v>, visit: &mut dyn FnMut(MetadataViolation<'v>)) {
    for (key, value) in labels.members() {
        let key = key.to_str();
        for kind in qualified_name_violations(&key) {
            visit(Subject::Key(key.clone()).violates(kind));
        }
        for kind in label_value_violations(&go_string(Some(value))) {
            visit(Subject::ValueOf(key.clone()).violates(kind));
        }
    }
}

fn annotation_violations<'v>(annotations: Node<'v>, visit: &mut dyn FnMut(MetadataViolation<'v>)) {
    let mut bytes: usize = 0;
    for (key, value) in annotations.members() {
        let key = key.to_str();
        for kind in qualified_name_violations(&to_lower(&key)) {
            visit(Subject::Key(key.clone()).violates(kind));
        }
        bytes += key.len() + go_string(Some(value)).len();
    }
    if bytes > ANNOTATIONS_BYTES {
        visit(Subject::Field.violates(Kind::AnnotationsTooLarge));
    }
}

fn finalizer_violations<'v>(finalizers: Node<'v>, visit: &mut dyn FnMut(MetadataViolation<'v>)) {
    // The schema denies what is not a string, where `null` is one.
    let is_string = |name: Node<'_>| name.is_null() || name.to_str().is_some();
    let strings = || finalizers.elements().enumerate().filter(|(_, name)| is_string(*name));
    let names = || strings().map(|(position, name)| (position, go_string(Some(name))));
    for (position, name) in names() {
        for kind in qualified_name_violations(&name) {
            visit(Subject::Element(position).violates(kind));
        }
    }
    if ["orphan", "foregroundDeletion"].iter().all(|known| names().any(|(_, name)| name == *known))
    {
        visit(Subject::Field.violates(Kind::FinalizersConflict));
    }
}

fn owner_violations<'v>(owners: Node<'v>, visit: &mut dyn FnMut(MetadataViolation<'v>)) {
    let mut controller = None;
    for (position, owner) in owners.elements().enumerate() {
        let text = |field| go_string(owner.get(field));
        let mut add = |field, kind| visit(Subject::Owner(position, field).violates(kind));
        let version = text("apiVersion");
        if !version.is_empty() && !is_group_version(&version) {
            add(Some("apiVersion"), Kind::OwnerApiVersionMalformed);
        }
        for field in ["apiVersion", "kind", "name", "uid"] {
            if text(field).is_empty() {
                add(Some(field), Kind::OwnerFieldEmpty);
            }
        }
        if version == "v1" && text("kind") == "Event" {
            add(None, Kind::OwnerIsEvent);
        }
        if owner.get("controller").is_some_and(|controller| controller.text() == "true") {
            let first = *controller.get_or_insert(position);
            if first != position {
                let kind = Kind::SecondController { first, second: position };
                visit(Subject::Field.violates(kind));
            }
        }
    }
}

/// A string as Go decodes it: `null` and an absent field are the empty string. So is a value of
/// another type, which the type check reports.
fn go_string(value: Option<Node<'_>>) -> Cow<'_, str> {
    value.and_then(Node::to_str).unwrap_or_default()
}

/// Whether a text is `version` or `group/version`.
fn is_group_version(text: &str) -> bool {
    match text.split_once('/') {
        Some((_, version)) => !version.is_empty() && !version.contains('/'),
        None => true,
    }
}

/// Checks a label value.
pub fn label_value_violations(value: &str) -> impl Iterator<Item = MetadataViolationKind> {
    let is_too_long = value.len() > NAME_BYTES;
    let is_malformed = !(value.is_empty() || is_qualified_name_part(value));
    let too_long = is_too_long.then_some(Kind::LabelValueTooLong);
    too_long.into_iter().chain(is_malformed.then_some(Kind::LabelValueMalformed))
}

fn is_qualified_name_part(text: &str) -> bool {
    let is_inner = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.');
    has_alphanumeric_ends(text, |byte| byte.is_ascii_alphanumeric()) && text.bytes().all(is_inner)
}

/// Whether the first and last byte are alphanumeric; `false` for an empty text.
fn has_alphanumeric_ends(text: &str, is_alphanumeric: impl Fn(u8) -> bool) -> bool {
    let ends = [text.bytes().next(), text.bytes().next_back()];
    ends.into_iter().all(|byte| byte.is_some_and(&is_alphanumeric))
}

/// Converts to lower case like Go's `strings.ToLower`, which maps each character to exactly one.
fn to_lower(text: &str) -> String {
    text.chars().flat_map(|letter| letter.to_lowercase().take(1)).collect()
}

/// A key as shown in a message: on one line, and truncated to the maximum length of a key.
fn quoted_key(key: &str) -> String {
    const MAX_CHARACTERS: usize = PREFIX_BYTES + NAME_BYTES;
    let mut shown: String = key.chars().take(MAX_CHARACTERS).flat_map(char::escape_debug).collect();
    if key.chars().nth(MAX_CHARACTERS).is_some() {
        shown.push('…');
    }
    format!("`{shown}`")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::job::Document;

    #[test]
    fn dns_labels_have_lower_case_letters_digits_and_inner_hyphens() {
        for label in ["a", "a-b", "1", "a--b2"] {
            assert!(is_dns_label(label), "{label}");
        }
        for other in ["", "-a", "a-", "A", "a.b", "a_b", "ä"] {
            assert!(!is_dns_label(other), "{other}");
        }
    }

    #[test]
    fn violations_of_labels_are_in_the_order_of_the_keys() {
        let labels = Document::of_text(r#"{"-b":"x","-a":"-x"}"#).unwrap();
        let subjects =
            violations("labels", labels.root()).into_iter().map(|invalid| invalid.subject);
        let expected =
            [Subject::Key("-a".into()), Subject::ValueOf("-a".into()), Subject::Key("-b".into())];
        assert_eq!(subjects.collect::<Vec<_>>(), expected);
    }

    #[test]
    fn a_long_key_is_shown_truncated() {
        assert_eq!(quoted_key(&"k".repeat(316)), format!("`{}`", "k".repeat(316)));
        assert_eq!(quoted_key(&"k".repeat(317)), format!("`{}…`", "k".repeat(316)));
    }
}
