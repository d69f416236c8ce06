//! The structural schema of a CRD, and what an API server makes of a value by it: unknown fields are
//! pruned, nulls dropped, defaults filled in.
//!
//! The rules are those of [apiextensions-apiserver](https://github.com/kubernetes/apiextensions-apiserver/tree/master/pkg/apiserver/schema):
//! `pruning`, `defaulting`.

#![expect(
    missing_docs,
    clippy::exhaustive_structs,
    clippy::must_use_candidate,
    reason = "public to one crate of this workspace alone"
)]

use serde_json::{Number, Value};

use crate::path::Segment;

/// A node of a structural schema, as far as it decides what is stored.
#[derive(Debug)]
pub struct Structural {
    /// Sorted by name.
    pub properties: Vec<(Box<str>, Structural)>,
    /// What stands under a key that is none of the properties.
    pub additional: Option<Box<Structural>>,
    pub items: Option<Box<Structural>>,
    pub default: Option<Value>,
    pub nullable: bool,
    pub preserve_unknown: bool,
    /// A resource of its own, whose apiVersion, kind and metadata are not pruned.
    pub embedded: bool,
    pub number: NumberRule,
}

/// What the schema says of a number.
#[derive(Debug, Default)]
pub struct NumberRule {
    /// `int32` or `int64`.
    pub format: Option<Box<str>>,
    pub minimum: Option<Number>,
    pub maximum: Option<Number>,
}

impl Structural {
    /// The schema of an object without fields.
    pub const EMPTY: Self = Self {
        properties: Vec::new(),
        additional: None,
        items: None,
        default: None,
        nullable: false,
        preserve_unknown: false,
        embedded: false,
        number: NumberRule { format: None, minimum: None, maximum: None },
    };

    /// Reads an OpenAPI schema.
    pub fn of(schema: &Value) -> Self {
        let says = |key| schema.get(key) == Some(&Value::Bool(true));
        let below = |key| schema.get(key).filter(|below| below.is_object());
        let boxed = |below: &Value| Box::new(Self::of(below));
        let named = |(name, below): (&String, &Value)| (name.as_str().into(), Self::of(below));
        let properties = below("properties").and_then(Value::as_object);
        let mut properties: Vec<(Box<str>, Self)> =
            properties.into_iter().flatten().map(named).collect();
        properties.sort_unstable_by(|(a, _), (b, _)| a.cmp(b));
        Self {
            properties,
            additional: below("additionalProperties").map(boxed),
            items: below("items").map(boxed),
            default: schema.get("default").filter(|default| !default.is_null()).cloned(),
            nullable: says("nullable"),
            preserve_unknown: says("x-kubernetes-preserve-unknown-fields"),
            embedded: says("x-kubernetes-embedded-resource"),
            number: NumberRule::of(schema),
        }
    }

    /// The schema of what stands under a key; `None` if it is pruned.
    pub fn child(&self, key: &str) -> Option<&Self> {
        self.property(key).or(self.additional.as_deref())
    }

    fn property(&self, key: &str) -> Option<&Self> {
        let found = self.properties.binary_search_by(|(name, _)| (**name).cmp(key)).ok()?;
        self.properties.get(found).map(|(_, schema)| schema)
    }

    /// The schema of the elements of a list.
    pub fn items(&self) -> Option<&Self> {
        self.items.as_deref()
    }

    /// What is said of a number at a place; nothing if there is no such place.
    pub fn number_rule(&self, place: &[Segment]) -> Option<&NumberRule> {
        let mut schema = self;
        for segment in place {
            schema = match segment {
                Segment::Key(key) => schema.child(key)?,
                Segment::Index(_) => schema.items()?,
            };
        }
        Some(&schema.number)
    }

    /// The fields that have a default.
    pub fn defaults(&self) -> impl Iterator<Item = (&str, &Self)> {
        let with_default = self.properties.iter().filter(|(_, schema)| schema.default.is_some());
        with_default.map(|(name, schema)| (&**name, schema))
    }
}

impl NumberRule {
    fn of(schema: &Value) -> Self {
        let number = |key| schema.get(key).and_then(Value::as_number).cloned();
        let format = schema.get("format").and_then(Value::as_str);
        Self {
            format: format.filter(|format| format.starts_with("int")).map(Box::from),
            minimum: number("minimum"),
            maximum: number("maximum"),
        }
    }
}
