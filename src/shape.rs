//! What the schema says a value is, as far as comparing needs to know it.

use serde_json::Value;

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

impl Shape {
    const fn of(kind: Kind) -> Self {
        Self { kind, absent_is: None, managed: Managed::No, filled_beside: None }
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
