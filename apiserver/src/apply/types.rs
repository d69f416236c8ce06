//! How values are merged: what the structural schema says, in the terms of structured-merge-diff.
//!
//! Follows [schemaconv](https://github.com/kubernetes/kube-openapi/tree/master/pkg/schemaconv).

use serde_json::{Map, Value};
use volcano_job_update::internals::{ListType, MapType, Structural};

use super::field_set::{PathElement, Scalar as KeyValue};
use crate::go;

/// The type of a value.
#[derive(Clone, Copy)]
pub(super) enum Type<'s> {
    Declared {
        schema: &'s Structural,
        /// Whether undeclared fields are allowed, here and everywhere below.
        preserves_unknown: bool,
    },
    /// Not described; the fields of objects have owners of their own.
    Deduced,
    /// Not described, and owned as a whole.
    Untyped,
}

/// What a value of a type can be.
#[derive(Clone)]
pub(super) struct Atom<'s> {
    scalar: Option<ScalarType>,
    list: Option<List<'s>>,
    map: Option<Object<'s>>,
}

/// How a value is treated.
pub(super) enum Shape<'s> {
    Scalar(ScalarType),
    List(List<'s>),
    Object(Object<'s>),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum ScalarType {
    Numeric,
    String,
    Boolean,
    Any,
}

#[derive(Clone)]
pub(super) struct List<'s> {
    pub(super) kind: ListType<'s>,
    pub(super) items: Type<'s>,
}

#[derive(Clone)]
pub(super) struct Object<'s> {
    pub(super) is_atomic: bool,
    fields: Option<&'s Structural>,
    /// The type of the other fields; `None` if there must not be any.
    others: Option<Type<'s>>,
    preserves_unknown: bool,
}

impl<'s> Type<'s> {
    /// The type of a whole Job.
    pub(super) fn of_job(schema: &'s Structural) -> Self {
        Self::declared(schema, false)
    }

    fn declared(schema: &'s Structural, preserves_unknown: bool) -> Self {
        let preserves_unknown = preserves_unknown || schema.preserve_unknown;
        Self::Declared { schema, preserves_unknown }
    }

    pub(super) fn atom(self) -> Atom<'s> {
        match self {
            Self::Declared { schema, preserves_unknown } => {
                declared_atom(schema, preserves_unknown)
            }
            Self::Deduced => Atom {
                scalar: Some(ScalarType::Any),
                list: Some(List { kind: ListType::Atomic, items: Self::Untyped }),
                map: Some(Object::undeclared(false, Self::Deduced)),
            },
            Self::Untyped => Atom {
                scalar: Some(ScalarType::Any),
                list: Some(List { kind: ListType::Atomic, items: Self::Untyped }),
                map: Some(Object::undeclared(true, Self::Untyped)),
            },
        }
    }
}

fn declared_atom(schema: &Structural, preserves_unknown: bool) -> Atom<'_> {
    let object = Object {
        is_atomic: schema.map_type == MapType::Atomic,
        fields: Some(schema),
        others: match schema.additional_properties() {
            Some(values) => Some(Type::declared(values, preserves_unknown)),
            None if preserves_unknown || schema.properties().len() == 0 => Some(Type::Deduced),
            None => None,
        },
        preserves_unknown,
    };
    let list = match schema.list_type() {
        Some(kind) => List { kind, items: Type::declared(schema.items(), preserves_unknown) },
        None => List { kind: ListType::Atomic, items: Type::Untyped },
    };
    let only = |scalar| Atom { scalar: Some(scalar), list: None, map: None };
    match (schema.json_type(), schema.format()) {
        (Some("object"), _) => Atom { scalar: None, list: None, map: Some(object) },
        (Some("array"), _) => Atom { scalar: None, list: Some(list), map: None },
        (Some("integer" | "number"), _) => only(ScalarType::Numeric),
        (Some("boolean"), _) => only(ScalarType::Boolean),
        (Some("string"), None | Some("byte")) => only(ScalarType::String),
        (Some(_), _) => only(ScalarType::Any),
        (None, _) => Atom { scalar: Some(ScalarType::Any), list: Some(list), map: Some(object) },
    }
}

impl<'s> Atom<'s> {
    /// The part that is meant for a value, or all of it if no part is: for `null`, or a value of a
    /// wrong type.
    pub(super) fn deduced(self, value: Option<&Value>) -> Self {
        let Self { scalar, list, map } = &self;
        match value {
            Some(Value::Bool(_) | Value::Number(_) | Value::String(_)) if scalar.is_some() => {
                Self { list: None, map: None, ..self }
            }
            Some(Value::Array(_)) if list.is_some() => Self { scalar: None, map: None, ..self },
            Some(Value::Object(_)) if map.is_some() => Self { scalar: None, list: None, ..self },
            _ => self,
        }
    }

    /// Whether the same parts are left of two atoms of one type.
    pub(super) fn has_same_parts(&self, other: &Self) -> bool {
        let parts = |atom: &Self| (atom.scalar.is_some(), atom.list.is_some(), atom.map.is_some());
        parts(self) == parts(other)
    }

    pub(super) fn shape(self) -> Shape<'s> {
        match self {
            Self { map: Some(object), .. } => Shape::Object(object),
            Self { scalar: Some(scalar), .. } => Shape::Scalar(scalar),
            Self { list, .. } => {
                Shape::List(list.unwrap_or(List { kind: ListType::Atomic, items: Type::Untyped }))
            }
        }
    }

    pub(super) fn object(&self) -> Option<&Object<'s>> {
        self.map.as_ref()
    }

    pub(super) fn list(&self) -> Option<&List<'s>> {
        self.list.as_ref()
    }
}

impl<'s> Object<'s> {
    fn undeclared(is_atomic: bool, others: Type<'s>) -> Self {
        Self { is_atomic, fields: None, others: Some(others), preserves_unknown: false }
    }

    pub(super) fn declares(&self, name: &str) -> bool {
        self.declared(name).is_some()
    }

    /// The type of a field; `None` if there must be no such field.
    pub(super) fn field(&self, name: &str) -> Option<Type<'s>> {
        match self.declared(name) {
            Some(field) => Some(Type::declared(field, self.preserves_unknown)),
            None => self.others,
        }
    }

    /// Whether nothing is known about any field.
    pub(super) fn is_deduced(&self) -> bool {
        let declares_none = self.fields.is_none_or(|fields| fields.properties().len() == 0);
        declares_none && matches!(self.others, Some(Type::Deduced))
    }

    fn declared(&self, name: &str) -> Option<&'s Structural> {
        // A map declares the type of all its values, but no field.
        let fields = self.fields.filter(|fields| fields.additional_properties().is_none())?;
        fields.declared_child(name)
    }
}

impl List<'_> {
    pub(super) fn is_atomic(&self) -> bool {
        self.kind == ListType::Atomic
    }

    /// What identifies an element of a list that is not atomic.
    ///
    /// # Errors
    ///
    /// The element is of a wrong type or has no key.
    pub(super) fn element(&self, item: &Value) -> Result<PathElement, String> {
        match (&self.kind, item) {
            (ListType::Atomic, _) => Err("invalid indexing of non-associative list".into()),
            (ListType::Set, Value::Object(_)) => {
                Err("associative list without keys has an element that's a map type".into())
            }
            (ListType::Set, Value::Array(_)) => {
                Err("not supported: associative list with lists as elements".into())
            }
            (ListType::Set, Value::Null) => {
                Err("associative list without keys has an element that's an explicit null".into())
            }
            (ListType::Set, scalar) => Ok(PathElement::Value(KeyValue::of(scalar))),
            (ListType::Map(names), Value::Object(item)) => self.key(names, item),
            (ListType::Map(_), Value::Null) => {
                Err("associative list with keys may not have a null element".into())
            }
            (ListType::Map(_), _) => {
                Err("associative list with keys may not have non-map elements".into())
            }
        }
    }

    fn key(&self, names: &[&str], item: &Map<String, Value>) -> Result<PathElement, String> {
        let default = |name: &str| match self.items {
            Type::Declared { schema, .. } => schema.declared_child(name)?.default.as_ref(),
            Type::Deduced | Type::Untyped => None,
        };
        let key =
            |name: &&str| Some(((*name).to_owned(), item.get(*name).or_else(|| default(name))?));
        let mut fields: Vec<_> =
            names.iter().filter_map(key).map(|(name, value)| (name, KeyValue::of(value))).collect();
        if fields.is_empty() {
            let names: Vec<String> = names.iter().map(|name| go::quote(name)).collect();
            return Err(format!(
                "associative list with keys has an element that omits all key fields [{}] (and \
                 doesn't have default values for any key fields)",
                names.join(" ")
            ));
        }
        fields.sort();
        Ok(PathElement::Key(fields))
    }
}
