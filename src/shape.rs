//! What the schema says a value is, as far as comparing needs to know it.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::LazyLock;

use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::Value;

/// The shape of a value: what decides whether two spellings of it are the same.
#[derive(Debug)]
pub(crate) struct Shape {
    pub(crate) kind: Kind,
    /// What the API server fills in where the value is absent.
    pub(crate) default: Option<Value>,
    /// Absent and `0`, `""` or `false` are the same.
    pub(crate) zero_is_absent: bool,
    pub(crate) managed: Managed,
    /// The sibling beside which Volcano's controller fills this in.
    pub(crate) filled_beside: Option<Box<str>>,
}

#[derive(Debug)]
pub(crate) enum Kind {
    /// An object with fields of its own, sorted by name. Absent and `{}` differ.
    Struct(Vec<(Box<str>, Shape)>),
    /// An object whose keys are the user's. As a field, absent and `{}` are the same.
    Map(Box<Shape>),
    /// As a field, absent and `[]` are the same.
    List {
        items: Box<Shape>,
        identity: Identity,
    },
    /// A `resource.Quantity`: compared by value.
    Quantity,
    /// A `metav1.Duration`: compared by value.
    Duration,
    Scalar,
    /// The schema does not say.
    Any,
}

/// What makes two elements of a list the same element.
#[derive(Debug)]
pub(crate) enum Identity {
    /// Nothing: elements are aligned.
    None,
    /// Its value; the order means nothing.
    Set,
    /// The values of these keys.
    Keys(Vec<ListKey>),
}

#[derive(Debug)]
pub(crate) struct ListKey {
    pub(crate) name: Box<str>,
    pub(crate) default: Option<Value>,
}

/// Whether the API server has a hand in a field.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Managed {
    No,
    /// It fills the field in where it is absent.
    Filled,
    /// It alone writes the field.
    Owned,
}

/// The shape of what no schema describes.
pub(crate) static ANY: Shape = Shape::of(Kind::Any);

/// The shape of a Job by the schema that this crate carries.
pub(crate) fn job() -> &'static Shape {
    static JOB: LazyLock<Shape> = LazyLock::new(|| {
        let overlay: Overlay = embedded(include_str!("../schemas/overlay.json"));
        overlay.shape(&mut embedded(include_str!("../schemas/job.openapi.json")))
    });
    &JOB
}

#[expect(
    clippy::expect_used,
    reason = "the texts are part of this crate, and every test reads them"
)]
fn embedded<T: DeserializeOwned>(text: &str) -> T {
    serde_json::from_str(text).expect("a schema of this crate")
}

impl Shape {
    const fn of(kind: Kind) -> Self {
        Self {
            kind,
            default: None,
            zero_is_absent: false,
            managed: Managed::No,
            filled_beside: None,
        }
    }

    /// The shape of what stands under a key; `None` if no Job has it.
    pub(crate) fn child(&self, key: &str) -> Option<&Shape> {
        match &self.kind {
            Kind::Struct(fields) => {
                let found = fields.binary_search_by(|(name, _)| (**name).cmp(key)).ok()?;
                fields.get(found).map(|(_, shape)| shape)
            }
            Kind::Map(values) => Some(values),
            _ => Some(&ANY),
        }
    }

    /// The shape of the elements of a list.
    pub(crate) fn items(&self) -> &Shape {
        match &self.kind {
            Kind::List { items, .. } => items,
            _ => &ANY,
        }
    }

    /// The names of the fields of a struct.
    pub(crate) fn field_names(&self) -> impl Iterator<Item = &str> {
        let fields = match &self.kind {
            Kind::Struct(fields) => fields.as_slice(),
            _ => &[],
        };
        fields.iter().map(|(name, _)| &**name)
    }
}

/// What the schema cannot say: `schemas/overlay.json`, explained in the README there.
#[derive(Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
struct Overlay {
    metadata: Value,
    durations: BTreeSet<String>,
    zero_is_absent: BTreeSet<String>,
    system_managed: BTreeSet<String>,
    server_filled: BTreeSet<String>,
    filled_beside: BTreeMap<String, Box<str>>,
}

impl Overlay {
    /// The shape of a Job, from the OpenAPI schema of its CRD.
    fn shape(mut self, schema: &mut Value) -> Shape {
        if let Some(properties) = schema.get_mut("properties").and_then(Value::as_object_mut) {
            properties.insert("metadata".into(), self.metadata.take());
        }
        self.shape_of(schema, "")
    }

    fn shape_of(&self, schema: &Value, place: &str) -> Shape {
        let default = schema.get("default").cloned();
        Shape {
            kind: self.kind_of(schema, place),
            zero_is_absent: default.is_none() && self.zero_is_absent.contains(place),
            default,
            managed: if self.system_managed.contains(place) {
                Managed::Owned
            } else if self.server_filled.contains(place) {
                Managed::Filled
            } else {
                Managed::No
            },
            filled_beside: self.filled_beside.get(place).cloned(),
        }
    }

    fn kind_of(&self, schema: &Value, place: &str) -> Kind {
        if let Some(properties) = schema.get("properties").and_then(Value::as_object) {
            let field = |(name, schema): (&String, &Value)| {
                let dot = if place.is_empty() { "" } else { "." };
                (name.as_str().into(), self.shape_of(schema, &format!("{place}{dot}{name}")))
            };
            let mut fields: Vec<(Box<str>, Shape)> = properties.iter().map(field).collect();
            fields.sort_unstable_by(|(a, _), (b, _)| a.cmp(b));
            return Kind::Struct(fields);
        }
        let below = |schema| Box::new(self.shape_of(schema, &format!("{place}[*]")));
        if let Some(values) = schema.get("additionalProperties").filter(|values| values.is_object())
        {
            return Kind::Map(below(values));
        }
        match schema.get("type").and_then(Value::as_str) {
            Some("array") => {
                let items = schema.get("items").unwrap_or(&Value::Null);
                Kind::List { items: below(items), identity: identity_of(schema) }
            }
            Some("object") => Kind::Any,
            _ if is_quantity(schema) => Kind::Quantity,
            _ if self.durations.contains(place) => Kind::Duration,
            Some(_) => Kind::Scalar,
            None if schema.get("x-kubernetes-int-or-string").is_some() => Kind::Scalar,
            None => Kind::Any,
        }
    }
}

fn identity_of(list: &Value) -> Identity {
    match list.get("x-kubernetes-list-type").and_then(Value::as_str) {
        Some("set") => Identity::Set,
        Some("map") => {
            let names = list.get("x-kubernetes-list-map-keys").and_then(Value::as_array);
            let names = names.into_iter().flatten().filter_map(Value::as_str);
            let default =
                |name| list.get("items")?.get("properties")?.get(name)?.get("default").cloned();
            Identity::Keys(
                names.map(|name| ListKey { name: name.into(), default: default(name) }).collect(),
            )
        }
        _ => Identity::None,
    }
}

/// A quantity is an int-or-string with the pattern that controller-gen gives to `resource.Quantity`.
fn is_quantity(schema: &Value) -> bool {
    let pattern = schema.get("pattern").and_then(Value::as_str).unwrap_or_default();
    schema.get("x-kubernetes-int-or-string").is_some()
        && pattern.contains("([KMGTPE]i)|[numkMGTPE]|")
}
