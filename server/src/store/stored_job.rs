//! A Job as it is stored, without its resourceVersion.

use std::cmp::Ordering;
use std::fmt;
use std::sync::Arc;

use serde_json::{Map, Value};
use volcano_job_update::internals::{Cursor, SyntaxError};
use volcano_job_update::resource::{API_VERSION, RESOURCE};

use super::error::StoreError;

/// The key of a Job. Keys are ordered as their texts `NAMESPACE/NAME` are, byte by byte, as in etcd: `a-b/c`
/// is before `a/b`.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
#[expect(clippy::exhaustive_structs, reason = "nothing else identifies a Job")]
pub struct Key {
    /// The namespace.
    pub namespace: Arc<str>,
    /// The name.
    pub name: Arc<str>,
}

impl Key {
    /// The key of a Job in a namespace.
    #[must_use]
    pub fn new(namespace: &str, name: &str) -> Self {
        Self { namespace: namespace.into(), name: name.into() }
    }

    /// The key of a text `NAMESPACE/NAME`.
    pub(super) fn parse(text: &str) -> Option<Self> {
        let (namespace, name) = text.split_once('/')?;
        (!name.contains('/')).then(|| Self::new(namespace, name))
    }
}

impl Ord for Key {
    fn cmp(&self, other: &Self) -> Ordering {
        if self.namespace == other.namespace {
            return self.name.cmp(&other.name);
        }
        self.namespace.bytes().chain([b'/']).cmp(other.namespace.bytes().chain([b'/']))
    }
}

impl PartialOrd for Key {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl fmt::Display for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.namespace, self.name)
    }
}

/// The beginning of a Job whose keys were not sorted: first `metadata`, and in it first the resourceVersion.
const FRONT: &str = "{\"metadata\":{";

/// A Job, and the number of its last write.
///
/// `Debug` does not show the Job, which can contain secrets.
#[derive(Clone)]
pub struct StoredJob {
    version: u64,
    /// Compact JSON without `metadata.resourceVersion`.
    text: Arc<str>,
    /// Where that belongs.
    place: usize,
    /// Whether another member follows there.
    has_next: bool,
}

impl StoredJob {
    /// A Job as compact JSON. If it has a resourceVersion, it is left out.
    ///
    /// # Errors
    ///
    /// The text is not a JSON object with `metadata`.
    pub fn new(text: &str, version: u64) -> Result<Self, StoreError> {
        let text = text.trim_ascii();
        let metadata = Metadata::find(text)
            .map_err(|error| StoreError::Failed(format!("what is stored is not JSON: {error}")))?;
        match metadata {
            Some(Metadata { own: None, next: Some(place) }) => {
                Ok(Self { version, text: text.into(), place, has_next: true })
            }
            Some(Metadata { own: Some(own), next: Some(next) }) if own < next => {
                let (front, rest) = split(text, own);
                let (_, back) = split(rest, next - own);
                let text = [front, back].concat().into();
                Ok(Self { version, text, place: own, has_next: true })
            }
            _ => Self::unsorted(text, version),
        }
    }

    /// A Job that was taken apart with [`StoredJob::parts`].
    pub(super) fn from_parts(version: u64, text: Arc<str>, place: usize, has_next: bool) -> Self {
        Self { version, text, place, has_next }
    }

    /// The text, where in it the resourceVersion belongs, and whether another member follows there.
    pub(super) fn parts(&self) -> (&str, usize, bool) {
        (&self.text, self.place, self.has_next)
    }

    /// A Job whose keys are in any order, or that has no uid. Others can have stored it.
    fn unsorted(text: &str, version: u64) -> Result<Self, StoreError> {
        let mut job: Map<String, Value> = serde_json::from_str(text).map_err(|_| not_a_job())?;
        let Some(Value::Object(mut metadata)) = job.remove("metadata") else {
            return Err(not_a_job());
        };
        metadata.remove("resourceVersion");
        let has_next = !metadata.is_empty();
        let metadata = Value::from(metadata).to_string();
        let (_, metadata) = split(&metadata, 1);
        let rest = Value::from(job).to_string();
        let (_, rest) = split(&rest, 1);
        let comma = if rest == "}" { "" } else { "," };
        let text = [FRONT, metadata, comma, rest].concat().into();
        Ok(Self { version, text, place: FRONT.len(), has_next })
    }

    /// The number of the last write: the resourceVersion.
    #[must_use]
    pub fn version(&self) -> u64 {
        self.version
    }

    /// The Job without its resourceVersion, as compact JSON.
    #[must_use]
    pub fn text(&self) -> &Arc<str> {
        &self.text
    }

    /// The Job with its resourceVersion, as compact JSON.
    #[must_use]
    pub fn to_json(&self) -> String {
        let mut json = String::with_capacity(self.text.len() + 48);
        self.write_json(&mut json);
        json
    }

    /// Appends the Job with its resourceVersion.
    pub fn write_json(&self, json: &mut String) {
        let (front, back) = split(&self.text, self.place);
        json.push_str(front);
        json.push_str("\"resourceVersion\":\"");
        json.push_str(&self.version.to_string());
        json.push_str(if self.has_next { "\"," } else { "\"" });
        json.push_str(back);
    }

    /// The Job with `metadata.selfLink`, for an answer.
    #[must_use]
    pub fn with_self_link(&self, Key { namespace, name }: &Key) -> Self {
        let (front, back) = split(&self.text, self.place);
        let comma = if self.has_next { "," } else { "" };
        let text = format!(
            r#"{front}"selfLink":"/apis/{API_VERSION}/namespaces/{namespace}/{RESOURCE}/{name}"{comma}{back}"#
        );
        Self { text: text.into(), has_next: true, ..self.clone() }
    }

    /// The same Job with the number of another write.
    #[must_use]
    pub fn at_version(&self, version: u64) -> Self {
        Self { version, ..self.clone() }
    }
}

impl fmt::Debug for StoredJob {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("StoredJob").field("version", &self.version).finish_non_exhaustive()
    }
}

fn not_a_job() -> StoreError {
    StoreError::Failed("what is stored is not a Job".into())
}

/// Where in the text of a Job the resourceVersion is, or belongs.
#[derive(Debug, Default)]
struct Metadata {
    /// Where it is.
    own: Option<usize>,
    /// Where the first member begins whose key is behind it, if only the resourceVersion is between that
    /// one and those whose keys are before it.
    next: Option<usize>,
}

impl Metadata {
    /// `None` if there is not exactly one `metadata`.
    fn find(text: &str) -> Result<Option<Self>, SyntaxError> {
        let mut found = None;
        let mut cursor = Cursor::new(text);
        let Some(mut members) = cursor.enter_object() else { return Ok(None) };
        let mut count = 0;
        while members.next(&mut cursor)? {
            if cursor.key()? == "metadata" {
                count += 1;
                found = Self::read(&mut cursor)?;
            } else {
                cursor.value()?;
            }
        }
        match cursor.rest() {
            "" => Ok(found.filter(|_| count == 1)),
            _ => Err(cursor.error("expected the end of the text")),
        }
    }

    fn read(cursor: &mut Cursor<'_>) -> Result<Option<Self>, SyntaxError> {
        const OWN: &str = "resourceVersion";
        let Some(mut members) = cursor.enter_object() else { return cursor.value().map(|_| None) };
        let mut metadata = Self::default();
        let mut is_sorted = true;
        while members.next(cursor)? {
            let start = cursor.offset();
            let key = cursor.key()?;
            cursor.value()?;
            match key.as_ref().cmp(OWN) {
                // Also a second one, which is left to `unsorted`.
                Ordering::Equal => {
                    is_sorted &= metadata.own.is_none() && metadata.next.is_none();
                    metadata.own = Some(start);
                }
                Ordering::Greater => metadata.next = metadata.next.or(Some(start)),
                Ordering::Less => is_sorted &= metadata.own.is_none() && metadata.next.is_none(),
            }
        }
        Ok(is_sorted.then_some(metadata))
    }
}

fn split(text: &str, at: usize) -> (&str, &str) {
    text.split_at_checked(at).unwrap_or((text, ""))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn resource_version_stands_before_the_uid() {
        for (text, stored, versioned) in [
            (
                r#"{"metadata":{"name":"a","resourceVersion":"1","uid":"u"},"spec":{}}"#,
                r#"{"metadata":{"name":"a","uid":"u"},"spec":{}}"#,
                r#"{"metadata":{"name":"a","resourceVersion":"7","uid":"u"},"spec":{}}"#,
            ),
            (
                "{\"metadata\":{\"name\":\"a\",\"uid\":\"u\"}}\n",
                r#"{"metadata":{"name":"a","uid":"u"}}"#,
                r#"{"metadata":{"name":"a","resourceVersion":"7","uid":"u"}}"#,
            ),
            (
                r#"{"spec":{},"metadata":{"resourceVersion":"1"}}"#,
                r#"{"metadata":{},"spec":{}}"#,
                r#"{"metadata":{"resourceVersion":"7"},"spec":{}}"#,
            ),
            (
                r#"{"metadata":{"name":"a","resourceVersion":"1","selfLink":"s","uid":"u"}}"#,
                r#"{"metadata":{"name":"a","selfLink":"s","uid":"u"}}"#,
                r#"{"metadata":{"name":"a","resourceVersion":"7","selfLink":"s","uid":"u"}}"#,
            ),
            (
                r#"{"metadata":{"uid":"u","resourceVersion":"1"}}"#,
                r#"{"metadata":{"uid":"u"}}"#,
                r#"{"metadata":{"resourceVersion":"7","uid":"u"}}"#,
            ),
        ] {
            let job = StoredJob::new(text, 7).expect("a Job");
            assert_eq!((&**job.text(), &*job.to_json()), (stored, versioned), "{text}");
        }
    }

    #[test]
    fn self_link_stands_behind_the_resource_version() {
        let key = Key::new("n", "a");
        let link = r#""selfLink":"/apis/batch.volcano.sh/v1alpha1/namespaces/n/jobs/a""#;
        for (text, expected) in [
            (
                r#"{"metadata":{"name":"a","uid":"u"}}"#,
                format!(r#"{{"metadata":{{"name":"a","resourceVersion":"7",{link},"uid":"u"}}}}"#),
            ),
            (r#"{"metadata":{}}"#, format!(r#"{{"metadata":{{"resourceVersion":"7",{link}}}}}"#)),
        ] {
            let job = StoredJob::new(text, 7).expect("a Job");
            assert_eq!(job.with_self_link(&key).to_json(), expected);
        }
    }

    #[test]
    fn what_is_not_a_job_is_an_error() {
        for text in [
            "",
            "[]",
            "{}",
            "x",
            r#"{"metadata":{"name":"a"}} {}"#,
            r#"{"spec":{}"#,
            r#"{"metadata":null}"#,
            r#"{"metadata":{"name":"a"}"#,
        ] {
            assert!(StoredJob::new(text, 1).is_err(), "{text}");
        }
    }

    #[test]
    fn keys_are_ordered_as_their_texts() {
        let texts = ["a-b/c", "a/a", "a/b", "a/b-c", "a0/a", "b/a"];
        let mut keys: Vec<Key> = texts.iter().rev().filter_map(|text| Key::parse(text)).collect();
        keys.sort();
        let sorted: Vec<String> = keys.iter().map(ToString::to_string).collect();
        assert_eq!(sorted, texts);
    }
}
