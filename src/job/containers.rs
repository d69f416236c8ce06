//! Visits the objects and lists of a JSON text and skips its scalars.

#![expect(
    missing_docs,
    clippy::exhaustive_structs,
    clippy::missing_errors_doc,
    reason = "public only for another crate of this workspace"
)]

use std::fmt;

use serde::de::{DeserializeSeed, Deserializer, MapAccess, SeqAccess, Visitor};

/// Visitor of one object or list. It visits the nested values with another [`Containers`].
pub trait ContainerVisitor<'de>: Sized {
    fn object<A: MapAccess<'de>>(self, fields: A) -> Result<(), A::Error>;
    fn list<A: SeqAccess<'de>>(self, elements: A) -> Result<(), A::Error>;
}

/// Deserializes any value. The visitor is called if it is an object or a list.
#[derive(Debug)]
pub struct Containers<V>(pub V);

impl<'de, V: ContainerVisitor<'de>> DeserializeSeed<'de> for Containers<V> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, json: D) -> Result<(), D::Error> {
        json.deserialize_any(self)
    }
}

impl<'de, V: ContainerVisitor<'de>> Visitor<'de> for Containers<V> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("any value")
    }

    fn visit_map<A: MapAccess<'de>>(self, fields: A) -> Result<(), A::Error> {
        self.0.object(fields)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, elements: A) -> Result<(), A::Error> {
        self.0.list(elements)
    }

    fn visit_unit<E>(self) -> Result<(), E> {
        Ok(())
    }

    fn visit_bool<E>(self, _: bool) -> Result<(), E> {
        Ok(())
    }

    fn visit_i64<E>(self, _: i64) -> Result<(), E> {
        Ok(())
    }

    fn visit_u64<E>(self, _: u64) -> Result<(), E> {
        Ok(())
    }

    fn visit_f64<E>(self, _: f64) -> Result<(), E> {
        Ok(())
    }

    fn visit_str<E>(self, _: &str) -> Result<(), E> {
        Ok(())
    }
}
