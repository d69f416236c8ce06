//! The structural schema of a Job: what the CRD and the overlay say about each field, in one tree.
//!
//! It is read once, from the OpenAPI schema in the CRD and the overlay. Comparison, pruning,
//! defaulting and validation all use it. The name and the rules are those of
//! [apiextensions-apiserver](https://github.com/kubernetes/apiextensions-apiserver/tree/master/pkg/apiserver/schema).

use std::sync::OnceLock;

use jsonschema::Validator;
use serde_json::{Number, Value};

use super::instance::Instance;
use super::list::{Identity, ListKey};
use super::overlay::Overlay;
use super::properties::Properties;
use super::validator::Validation;
use crate::job::Document;
use crate::path::Segment;
use crate::scalar::number;

/// The schema of one value, and of everything below it.
#[derive(Debug)]
pub struct Structural {
    pub(crate) kind: Kind,
    /// The value that an API server stores if the field is absent, including nested defaults.
    pub default: Option<Value>,
    /// The value that is the same as absent: the default, or Go's zero value if the overlay says
    /// so.
    pub(crate) absent_is: Option<Document<'static>>,
    /// Whether an API server stores `null`. Otherwise `null` is the same as absent.
    pub nullable: bool,
    /// Whether undeclared fields are stored rather than pruned.
    pub preserve_unknown: bool,
    /// Whether the value is an embedded Kubernetes object, whose apiVersion, kind and metadata are
    /// never pruned.
    pub embedded: bool,
    /// How server-side apply merges an object.
    pub map_type: MapType,
    pub(crate) managed: Managed,
    /// The sibling field whose presence makes Volcano's controller fill this field in.
    pub(crate) filled_beside: Option<Box<str>>,
    /// The OpenAPI keywords that restrict the value itself: see [`VALUE_VALIDATIONS`].
    pub(super) value_validations: Vec<(&'static str, Value)>,
    /// Where the `enum` of the value is from, if it has one.
    pub(super) enum_source: EnumSource,
    /// How a changed value is validated.
    pub(super) validation: Validation,
    /// Validates the value without what is below it; compiled on first use.
    pub(super) own_validator: OnceLock<Validator<Instance>>,
}

/// The kind of a value.
#[derive(Debug)]
pub(crate) enum Kind {
    /// An object with declared fields. Absent and `{}` differ.
    Struct(Properties<Structural>),
    /// An object with arbitrary keys. As a field of a struct, absent and `{}` are the same.
    Map(Box<Structural>),
    /// As a field of a struct, absent and `[]` are the same.
    List { items: Box<Structural>, identity: Identity },
    /// A `resource.Quantity`: compared by value.
    Quantity,
    /// A `metav1.Duration`: compared by value.
    Duration,
    /// Any other string, number or boolean.
    Scalar,
    /// The schema does not describe the value.
    Any,
}

/// The [map type], which says how server-side apply merges an object.
///
/// [map type]: https://kubernetes.io/docs/reference/using-api/server-side-apply/#merge-strategy
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[expect(clippy::exhaustive_enums, reason = "the map types of Kubernetes")]
pub enum MapType {
    /// Each field has owners of its own.
    Granular,
    /// The object is replaced as a whole.
    Atomic,
}

/// The [list type], which says how server-side apply merges a list.
///
/// [list type]: https://kubernetes.io/docs/reference/using-api/server-side-apply/#merge-strategy
#[derive(Clone, Debug, PartialEq, Eq)]
#[expect(clippy::exhaustive_enums, reason = "the list types of Kubernetes")]
pub enum ListType<'s> {
    /// The list is replaced as a whole.
    Atomic,
    /// The elements are scalars, each of which occurs once.
    Set,
    /// The elements are objects, identified by these fields.
    Map(Vec<&'s str>),
}

/// Where an `enum` is from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum EnumSource {
    Crd,
    /// An API server accepts other values, but creates no pod with them.
    Overlay,
}

/// Whether the API server writes a field.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Managed {
    No,
    /// It fills the field in if it is absent.
    Filled,
    /// It ignores what a client sends.
    Owned,
}

/// The schema of a value that is not described.
pub static ANY: Structural = Structural {
    kind: Kind::Any,
    default: None,
    absent_is: None,
    nullable: false,
    preserve_unknown: false,
    embedded: false,
    map_type: MapType::Granular,
    managed: Managed::No,
    filled_beside: None,
    value_validations: Vec::new(),
    enum_source: EnumSource::Crd,
    validation: Validation::None,
    own_validator: OnceLock::new(),
};

/// `type` and the keywords of a [value validation]. JSON Schema has the same keywords.
///
/// [value validation]: https://github.com/kubernetes/apiextensions-apiserver/blob/master/pkg/apiserver/schema/structural.go
const VALUE_VALIDATIONS: [&str; 21] = [
    "type",
    "format",
    "minimum",
    "exclusiveMinimum",
    "maximum",
    "exclusiveMaximum",
    "multipleOf",
    "minLength",
    "maxLength",
    "pattern",
    "minItems",
    "maxItems",
    "uniqueItems",
    "minProperties",
    "maxProperties",
    "required",
    "enum",
    "allOf",
    "anyOf",
    "oneOf",
    "not",
];

impl Structural {
    /// The schema of a field or map value, for comparison. `None` if the struct does not declare
    /// the field; [`ANY`] if the schema does not describe the content of this value.
    pub(crate) fn child(&self, key: &str) -> Option<&Self> {
        match &self.kind {
            Kind::Struct(fields) => fields.get(key),
            Kind::Map(values) => Some(values),
            _ => Some(&ANY),
        }
    }

    /// The schema of a field or map value, for pruning. `None` if the schema does not declare it.
    #[must_use]
    pub fn declared_child(&self, key: &str) -> Option<&Self> {
        match &self.kind {
            Kind::Struct(fields) => fields.get(key),
            Kind::Map(values) => Some(values),
            _ => None,
        }
    }

    /// The schema of the elements of a list; [`ANY`] if the value is not a list.
    #[must_use]
    pub fn items(&self) -> &Self {
        match &self.kind {
            Kind::List { items, .. } => items,
            _ => &ANY,
        }
    }

    /// The schema of the value at a place below this one; [`ANY`] if the schema does not describe
    /// it.
    #[must_use]
    pub fn at(&self, place: &[Segment]) -> &Self {
        place.iter().fold(self, |schema, segment| match segment {
            Segment::Key(key) => schema.child(key).unwrap_or(&ANY),
            Segment::Index(_) => schema.items(),
        })
    }

    /// The fields of a struct, sorted by name.
    pub fn properties(&self) -> std::slice::Iter<'_, (Box<str>, Self)> {
        match &self.kind {
            Kind::Struct(fields) => fields.iter(),
            _ => [].iter(),
        }
    }

    /// The schema of the values of a map; `None` if the value is not a map.
    #[must_use]
    pub fn additional_properties(&self) -> Option<&Self> {
        match &self.kind {
            Kind::Map(values) => Some(values),
            _ => None,
        }
    }

    /// The names of the fields of a struct.
    pub(crate) fn field_names(&self) -> impl Iterator<Item = &str> {
        self.properties().map(|(name, _)| &**name)
    }

    /// The fields of a struct that have a default, each with its default.
    pub fn defaults(&self) -> impl Iterator<Item = (&str, &Value)> {
        self.properties().filter_map(|(name, field)| Some((&**name, field.default.as_ref()?)))
    }

    /// How the elements of a list are identified; `None` if the value is not a list.
    #[must_use]
    pub fn list_type(&self) -> Option<ListType<'_>> {
        let Kind::List { identity, .. } = &self.kind else { return None };
        Some(match identity {
            Identity::None => ListType::Atomic,
            Identity::Set => ListType::Set,
            Identity::Keys(keys) => ListType::Map(keys.iter().map(|key| &*key.name).collect()),
        })
    }

    /// The `type`, such as `object`; `None` if there are several or none.
    #[must_use]
    pub fn json_type(&self) -> Option<&str> {
        self.value_validation("type").and_then(Value::as_str)
    }

    /// Whether the value is an integer or a string (`x-kubernetes-int-or-string`).
    #[must_use]
    pub fn is_int_or_string(&self) -> bool {
        self.value_validation("type").is_some_and(Value::is_array)
    }

    /// The values of the `enum` that an API server checks; empty if there is none.
    #[must_use]
    pub fn enum_values(&self) -> &[Value] {
        let values = self.value_validation("enum").and_then(Value::as_array);
        match (self.enum_source, values) {
            (EnumSource::Crd, Some(values)) => values,
            _ => &[],
        }
    }

    /// The `format`, such as `int32` or `date-time`.
    #[must_use]
    pub fn format(&self) -> Option<&str> {
        self.value_validation("format").and_then(Value::as_str)
    }

    /// The smallest allowed number.
    #[must_use]
    pub fn minimum(&self) -> Option<&Number> {
        self.value_validation("minimum").and_then(Value::as_number)
    }

    /// The largest allowed number.
    #[must_use]
    pub fn maximum(&self) -> Option<&Number> {
        self.value_validation("maximum").and_then(Value::as_number)
    }

    pub(super) fn value_validation(&self, keyword: &str) -> Option<&Value> {
        self.value_validations.iter().find(|(name, _)| *name == keyword).map(|(_, value)| value)
    }

    /// Fills nested defaults into a value, as [defaulting] does.
    ///
    /// [defaulting]: https://github.com/kubernetes/apiextensions-apiserver/blob/master/pkg/apiserver/schema/defaulting/algorithm.go
    fn fill_in_defaults(&self, value: &mut Value) {
        match (value, &self.kind) {
            (Value::Object(map), Kind::Struct(fields)) => {
                for (name, field) in fields.iter() {
                    match (map.get_mut(&**name), &field.default) {
                        (Some(value), _) => field.default_or_fill_in(value),
                        (None, Some(default)) => {
                            map.insert((**name).to_owned(), default.clone());
                        }
                        (None, None) => {}
                    }
                }
            }
            (Value::Object(map), Kind::Map(values)) => {
                for value in map.values_mut() {
                    values.default_or_fill_in(value);
                }
            }
            (Value::Array(list), Kind::List { items, .. }) => {
                for item in list {
                    items.default_or_fill_in(item);
                }
            }
            _ => {}
        }
    }

    fn default_or_fill_in(&self, value: &mut Value) {
        match &self.default {
            Some(default) if value.is_null() && !self.nullable => value.clone_from(default),
            _ => self.fill_in_defaults(value),
        }
    }
}

impl Structural {
    /// Reads an OpenAPI schema without an overlay.
    #[must_use]
    pub fn of(openapi: &Value) -> Self {
        read(openapi, "", &Overlay::default())
    }

    /// Reads the OpenAPI schema of a Job and the overlay.
    pub(super) fn of_job(mut openapi: Value, overlay: &Overlay) -> Self {
        if let Some(fields) = openapi.get_mut("properties").and_then(Value::as_object_mut) {
            fields.insert("metadata".into(), overlay.metadata.clone());
        }
        read(&openapi, "", overlay)
    }
}

/// Reads the OpenAPI schema of a place, and what the overlay says about it.
fn read(openapi: &Value, place: &str, overlay: &Overlay) -> Structural {
    let flag = |keyword| openapi.get(keyword) == Some(&Value::Bool(true));
    let mut schema = Structural {
        kind: read_kind(openapi, place, overlay),
        default: openapi.get("default").filter(|default| !default.is_null()).cloned(),
        absent_is: None,
        nullable: flag("nullable"),
        preserve_unknown: flag("x-kubernetes-preserve-unknown-fields"),
        embedded: flag("x-kubernetes-embedded-resource"),
        map_type: match openapi.get("x-kubernetes-map-type").and_then(Value::as_str) {
            Some("atomic") => MapType::Atomic,
            _ => MapType::Granular,
        },
        managed: if overlay.system_managed.contains(place) {
            Managed::Owned
        } else if overlay.server_filled.contains(place) {
            Managed::Filled
        } else {
            Managed::No
        },
        filled_beside: overlay.filled_beside.get(place).cloned(),
        value_validations: read_value_validations(openapi, place, overlay),
        enum_source: match advised_choices(openapi, place, overlay) {
            Some(_) => EnumSource::Overlay,
            None => EnumSource::Crd,
        },
        validation: Validation::None,
        own_validator: OnceLock::new(),
    };
    if let Some(mut default) = schema.default.take() {
        schema.fill_in_defaults(&mut default);
        schema.default = Some(default);
    }
    let go_zero = || go_zero(openapi).filter(|_| overlay.zero_is_absent.contains(place));
    schema.absent_is = schema.default.clone().or_else(go_zero).as_ref().map(Document::of_value);
    schema
}

fn read_kind(openapi: &Value, place: &str, overlay: &Overlay) -> Kind {
    let below = |openapi| Box::new(read(openapi, &format!("{place}[*]"), overlay));
    if let Some(properties) = openapi.get("properties").and_then(Value::as_object) {
        let dot = if place.is_empty() { "" } else { "." };
        let field = |(name, openapi): (&String, &Value)| {
            (name.as_str().into(), read(openapi, &format!("{place}{dot}{name}"), overlay))
        };
        return Kind::Struct(properties.iter().map(field).collect());
    }
    if let Some(values) = openapi.get("additionalProperties").filter(|values| values.is_object()) {
        return Kind::Map(below(values));
    }
    match openapi.get("type").and_then(Value::as_str) {
        Some("array") => {
            let items = below(openapi.get("items").unwrap_or(&Value::Null));
            let identity = read_identity(openapi, &items);
            Kind::List { items, identity }
        }
        Some("object") => Kind::Any,
        _ if is_quantity(openapi) => Kind::Quantity,
        _ if overlay.durations.contains(place) => Kind::Duration,
        Some(_) => Kind::Scalar,
        None if is_int_or_string(openapi) => Kind::Scalar,
        None => Kind::Any,
    }
}

fn read_identity(openapi: &Value, items: &Structural) -> Identity {
    match openapi.get("x-kubernetes-list-type").and_then(Value::as_str) {
        Some("set") => Identity::Set,
        Some("map") => {
            let names = openapi.get("x-kubernetes-list-map-keys").and_then(Value::as_array);
            let key = |name: &str| ListKey {
                name: name.into(),
                default: items
                    .declared_child(name)
                    .and_then(|key| key.default.as_ref())
                    .map(|default| number::scalar_text(default).into()),
            };
            let names = names.into_iter().flatten().filter_map(Value::as_str);
            Identity::Keys(names.map(key).collect())
        }
        _ => Identity::None,
    }
}

fn read_value_validations(
    openapi: &Value,
    place: &str,
    overlay: &Overlay,
) -> Vec<(&'static str, Value)> {
    let declared = |keyword: &'static str| Some((keyword, openapi.get(keyword)?.clone()));
    let mut validations: Vec<_> = VALUE_VALIDATIONS.into_iter().filter_map(declared).collect();
    if is_int_or_string(openapi) {
        validations.retain(|(keyword, _)| !matches!(*keyword, "type" | "anyOf"));
        validations.push(("type", serde_json::json!(["integer", "string"])));
    }
    let choices = advised_choices(openapi, place, overlay);
    validations.extend(choices.map(|choices| ("enum", choices.to_owned().into())));
    validations
}

/// The values that the overlay knows for a place for which the CRD has no `enum`.
fn advised_choices<'o>(openapi: &Value, place: &str, overlay: &'o Overlay) -> Option<&'o [String]> {
    let choices = overlay.choices.get(place)?;
    openapi.get("enum").is_none().then_some(choices)
}

fn is_int_or_string(openapi: &Value) -> bool {
    openapi.get("x-kubernetes-int-or-string") == Some(&Value::Bool(true))
}

/// Whether the schema is that of a `resource.Quantity`: an int-or-string with the pattern that
/// controller-gen generates.
fn is_quantity(openapi: &Value) -> bool {
    let pattern = openapi.get("pattern").and_then(Value::as_str);
    is_int_or_string(openapi)
        && pattern.is_some_and(|pattern| pattern.contains("([KMGTPE]i)|[numkMGTPE]|"))
}

/// Go's zero value of a type.
fn go_zero(openapi: &Value) -> Option<Value> {
    match openapi.get("type").and_then(Value::as_str) {
        Some("string") => Some("".into()),
        Some("integer") => Some(0.into()),
        _ => None,
    }
}
