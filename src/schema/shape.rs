//! What the schema says a value is, as far as comparing needs to know it.

use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::hash::Hash;

use serde_json::Value;

use super::by_name::ByName;
use crate::path::Segment;
use crate::scalar::number;

/// The shape of a value: what decides whether two spellings of it are the same.
#[derive(Debug)]
pub(crate) struct Shape {
    pub(crate) kind: Kind,
    /// The value that absent is the same as: the schema's default, which the API server fills in, or
    /// the zero of a Go field that is no pointer.
    pub(crate) absent_is: Option<Value>,
    pub(crate) managed: Managed,
    /// The sibling beside which Volcano's controller fills this in.
    pub(crate) filled_beside: Option<Box<str>>,
}

#[derive(Debug)]
pub(crate) enum Kind {
    /// An object with fields of its own. Absent and `{}` differ.
    Struct(ByName<Shape>),
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

impl ListKey {
    /// The value of this key in an element of a list, as a text that is the same for equal values;
    /// `None` if it has none.
    pub(crate) fn of(&self, element: &Value) -> Option<String> {
        let given = element.get(&*self.name).filter(|value| !value.is_null());
        given.or(self.default.as_ref()).map(number::scalar_text)
    }
}

impl Identity {
    /// The names of the keys of an element.
    pub(crate) fn key_names(&self) -> Vec<Box<str>> {
        match self {
            Self::Keys(keys) => keys.iter().map(|key| key.name.clone()).collect(),
            Self::None | Self::Set => Vec::new(),
        }
    }

    /// The first repetition of each element that a list may have only once, with the position of
    /// the element that it repeats.
    pub(crate) fn repeated(&self, list: &[Value]) -> Vec<(usize, usize)> {
        match self {
            Self::None => Vec::new(),
            Self::Set => repeated(list.iter().map(number::scalar_text)),
            // What is no object is another violation, and `null` an object without keys.
            Self::Keys(_) if list.iter().any(|item| !(item.is_object() || item.is_null())) => {
                Vec::new()
            }
            Self::Keys(keys) => repeated(
                list.iter().map(|item| keys.iter().map(|key| key.of(item)).collect::<Vec<_>>()),
            ),
        }
    }
}

fn repeated<K: Eq + Hash>(keys: impl Iterator<Item = K>) -> Vec<(usize, usize)> {
    let mut seen: HashMap<K, (usize, bool)> = HashMap::new();
    let mut repeated = Vec::new();
    for (position, key) in keys.enumerate() {
        match seen.entry(key) {
            Entry::Vacant(entry) => drop(entry.insert((position, false))),
            Entry::Occupied(mut entry) => {
                let (first, told) = entry.get_mut();
                if !std::mem::replace(told, true) {
                    repeated.push((position, *first));
                }
            }
        }
    }
    repeated
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

impl Shape {
    const fn of(kind: Kind) -> Self {
        Self { kind, absent_is: None, managed: Managed::No, filled_beside: None }
    }

    /// The shape of what stands under a key; `None` if no Job has it.
    pub(crate) fn child(&self, key: &str) -> Option<&Shape> {
        match &self.kind {
            Kind::Struct(fields) => fields.get(key),
            Kind::Map(values) => Some(values),
            _ => Some(&ANY),
        }
    }

    /// The shape of what stands at a place below.
    pub(crate) fn at(&self, place: &[Segment]) -> &Shape {
        place.iter().fold(self, |shape, segment| match segment {
            Segment::Key(key) => shape.child(key).unwrap_or(&ANY),
            Segment::Index(_) => shape.items(),
        })
    }

    /// The shape of the elements of a list.
    pub(crate) fn items(&self) -> &Shape {
        match &self.kind {
            Kind::List { items, .. } => items,
            _ => &ANY,
        }
    }

    /// Whether a list in a value has an element twice that it may have once only.
    pub(crate) fn has_repeated(&self, value: &Value) -> bool {
        match (value, &self.kind) {
            (Value::Object(fields), _) => fields
                .iter()
                .any(|(key, value)| self.child(key).is_some_and(|child| child.has_repeated(value))),
            (Value::Array(list), Kind::List { items, identity }) => {
                !identity.repeated(list).is_empty()
                    || list.iter().any(|item| items.has_repeated(item))
            }
            _ => false,
        }
    }

    /// The names of the fields of a struct.
    pub(crate) fn field_names(&self) -> impl Iterator<Item = &str> {
        let fields = match &self.kind {
            Kind::Struct(fields) => Some(fields.names()),
            _ => None,
        };
        fields.into_iter().flatten()
    }
}
