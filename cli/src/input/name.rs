//! What an object is, and which.

use std::fmt;

use serde::Deserialize;
use serde_json::Value;
use volcano_job_update::resource::{API_VERSION, KIND};

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

/// The fields of an object that say what it is.
#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(super) struct Head {
    api_version: Option<String>,
    pub(super) kind: Option<String>,
    metadata: Option<Metadata>,
    pub(super) items: Option<Vec<Head>>,
    /// It is no object, or one of these fields has another type.
    #[serde(skip)]
    pub(super) is_unreadable: bool,
    /// It is not even JSON.
    #[serde(skip)]
    pub(super) is_broken: bool,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Metadata {
    namespace: Option<String>,
    name: Option<String>,
}

impl Head {
    pub(super) fn of_json(text: &[u8]) -> Self {
        serde_json::from_slice(text).unwrap_or_else(|_| match serde_json::from_slice(text) {
            Ok(value) => Self::of_unreadable(&value),
            Err(_) => Self { is_unreadable: true, is_broken: true, ..Self::default() },
        })
    }

    pub(super) fn of_value(value: &Value) -> Self {
        Self::deserialize(value).unwrap_or_else(|_| Self::of_unreadable(value))
    }

    /// Counts as a Job, whose error tells what is wrong.
    fn of_unreadable(value: &Value) -> Self {
        let text = |key| value.get(key).and_then(Value::as_str).map(str::to_owned);
        let (api_version, kind) = (text("apiVersion"), text("kind"));
        Self { api_version, kind, is_unreadable: true, ..Self::default() }
    }

    pub(super) fn job_name(&self) -> JobName {
        let metadata = self.metadata.as_ref();
        let text = |text: &Option<String>| text.clone().filter(|text| !text.is_empty());
        JobName {
            namespace: metadata.and_then(|metadata| text(&metadata.namespace)),
            name: metadata.and_then(|metadata| text(&metadata.name)),
        }
    }

    /// Whether the object says what it is.
    pub(super) fn is_typed(&self) -> bool {
        self.api_version.is_some() && self.kind.is_some()
    }

    /// What the object is, if that is no Job of Volcano. An object that does not say it counts as one.
    pub(super) fn other_kind(&self) -> Option<String> {
        let (Some(version), Some(kind)) = (&self.api_version, &self.kind) else { return None };
        let group = API_VERSION.split('/').next().unwrap_or_default();
        let is_job = kind == KIND && version.split('/').next() == Some(group);
        (!is_job).then(|| format!("a {kind} of {version}"))
    }
}

/// The namespace where kubectl creates a Job whose manifest has none.
const DEFAULT_NAMESPACE: &str = "default";
