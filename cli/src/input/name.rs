//! What an object is, and which.

use std::fmt;
use std::marker::PhantomData;

use serde::de::value::MapAccessDeserializer;
use serde::de::{IgnoredAny, MapAccess, SeqAccess, Visitor};
use serde::{Deserialize, Deserializer};
use serde_json::Value;
use volcano_job_update::resource::{GROUP, KIND};

/// The namespace and name of a Job, as far as its manifest has them.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct JobName {
    pub(crate) namespace: Option<String>,
    pub(crate) name: Option<String>,
}

impl JobName {
    /// For a message.
    pub(crate) fn or_unnamed(&self) -> String {
        if self.name.is_some() { self.to_string() } else { "without a name".to_owned() }
    }

    /// The name that it has if its absent namespace is `default`, or the other way round.
    pub(super) fn in_default(&self) -> Option<Self> {
        let namespace = match self.namespace.as_deref() {
            None => Some(DEFAULT_NAMESPACE.to_owned()),
            Some(DEFAULT_NAMESPACE) => None,
            Some(_) => return None,
        };
        Some(Self { namespace, name: self.name.clone() })
    }

    /// Whether the other one can be the same Job: an absent namespace can be any.
    pub(super) fn can_be(&self, other: &Self) -> bool {
        let can_be_namespace = match (&self.namespace, &other.namespace) {
            (Some(one), Some(other)) => one == other,
            _ => true,
        };
        can_be_namespace && self.name == other.name
    }
}

impl fmt::Display for JobName {
    /// As kubectl names it: `NAMESPACE/NAME`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let parts = [&self.namespace, &self.name];
        f.write_str(&parts.into_iter().flatten().cloned().collect::<Vec<_>>().join("/"))
    }
}

/// The fields of an object that say what it is. A field of another type counts as absent.
#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(super) struct Head {
    #[serde(deserialize_with = "text")]
    api_version: Option<String>,
    #[serde(deserialize_with = "text")]
    kind: Option<String>,
    #[serde(deserialize_with = "object")]
    metadata: Option<Metadata>,
    items: Option<Vec<Item>>,
    /// It is not even JSON.
    #[serde(skip)]
    pub(super) is_broken: bool,
}

/// An item of a list; empty if it is no object.
#[derive(Debug, Deserialize)]
#[serde(transparent)]
pub(super) struct Item(#[serde(deserialize_with = "object")] Option<Head>);

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Metadata {
    #[serde(deserialize_with = "text")]
    namespace: Option<String>,
    #[serde(deserialize_with = "text")]
    name: Option<String>,
}

impl Head {
    pub(super) fn of_json(text: &[u8]) -> Self {
        let item: Result<Item, _> = serde_json::from_slice(text);
        item.map_or_else(|_| Self { is_broken: true, ..Self::default() }, Item::into_head)
    }

    pub(super) fn of_value(value: &Value) -> Self {
        Item::deserialize(value).map_or_else(|_| Self::default(), Item::into_head)
    }

    pub(super) fn job_name(&self) -> JobName {
        let metadata = self.metadata.as_ref();
        let text = |text: &Option<String>| text.clone().filter(|text| !text.is_empty());
        JobName {
            namespace: metadata.and_then(|metadata| text(&metadata.namespace)),
            name: metadata.and_then(|metadata| text(&metadata.name)),
        }
    }

    /// Whether it is a list of Jobs, whose items need not say that they are.
    pub(super) fn is_job_list(&self) -> bool {
        self.is_typed()
            && self.kind.as_deref().and_then(|kind| kind.strip_suffix("List")) == Some(KIND)
    }

    /// The kind and the items of a list, as `kubectl get` prints several objects.
    pub(super) fn list(&self) -> Option<(&str, &[Item])> {
        let kind = self.kind.as_deref().filter(|kind| kind.ends_with("List"))?;
        Some((kind, self.items.as_deref()?))
    }

    /// Whether the object says what it is. One of Volcano's group without a kind is meant to be a Job.
    pub(super) fn is_typed(&self) -> bool {
        self.is_of_volcano() || (self.api_version.is_some() && self.kind.is_some())
    }

    /// Whether it is of the group of Volcano's Job, in any version.
    fn is_of_volcano(&self) -> bool {
        let version = self.api_version.as_deref().unwrap_or_default();
        version.split('/').next() == Some(GROUP)
    }

    /// What the object is, if that is no Job of Volcano. An object that does not say it counts as one, and
    /// one of Volcano's group whose kind is misspelled as well: the API server would refuse it.
    pub(super) fn other_kind(&self) -> Option<String> {
        let (Some(version), Some(kind)) = (&self.api_version, &self.kind) else { return None };
        let is_job = kind.eq_ignore_ascii_case(KIND) && self.is_of_volcano();
        (!is_job).then(|| format!("a {kind} of {version}"))
    }
}

impl Item {
    pub(super) fn head(&self) -> Option<&Head> {
        self.0.as_ref()
    }

    fn into_head(self) -> Head {
        self.0.unwrap_or_default()
    }
}

fn text<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<String>, D::Error> {
    Ok(match Any::deserialize(deserializer)? {
        Any::Text(text) => Some(text),
        Any::Other(_) => None,
    })
}

fn object<'de, T: Deserialize<'de>, D: Deserializer<'de>>(
    deserializer: D,
) -> Result<Option<T>, D::Error> {
    deserializer.deserialize_any(ObjectVisitor(PhantomData))
}

/// A text, or anything else.
#[derive(Deserialize)]
#[serde(untagged)]
enum Any {
    Text(String),
    Other(IgnoredAny),
}

struct ObjectVisitor<T>(PhantomData<T>);

impl<'de, T: Deserialize<'de>> Visitor<'de> for ObjectVisitor<T> {
    type Value = Option<T>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a value")
    }

    fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<Self::Value, A::Error> {
        T::deserialize(MapAccessDeserializer::new(map)).map(Some)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<Self::Value, A::Error> {
        while list.next_element::<IgnoredAny>()?.is_some() {}
        Ok(None)
    }

    fn visit_bool<E>(self, _: bool) -> Result<Self::Value, E> {
        Ok(None)
    }

    fn visit_i64<E>(self, _: i64) -> Result<Self::Value, E> {
        Ok(None)
    }

    fn visit_u64<E>(self, _: u64) -> Result<Self::Value, E> {
        Ok(None)
    }

    fn visit_f64<E>(self, _: f64) -> Result<Self::Value, E> {
        Ok(None)
    }

    fn visit_str<E>(self, _: &str) -> Result<Self::Value, E> {
        Ok(None)
    }

    fn visit_unit<E>(self) -> Result<Self::Value, E> {
        Ok(None)
    }
}

/// The namespace where kubectl creates a Job whose manifest has none.
const DEFAULT_NAMESPACE: &str = "default";
