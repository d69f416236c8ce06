//! Lets the crate `jsonschema` validate the nodes of a document, without a second document.
//!
//! An API server drops `null` fields before it validates, so an object has no `null` members here.

use std::borrow::Cow;

use jsonschema::JsonType;
use jsonschema::json::{Array, Json, JsonNumber, NodeIdentity, Object, cmp, unique};
use serde_json::{Map, Number, Value};

use crate::job::{Elements, Members, Node, Shape};
use crate::scalar::number;

/// The JSON representation of a document.
pub(super) enum Instance {}

impl Json for Instance {
    type Node<'d> = Node<'d>;
    type PreparedKey = String;
    type StringBuffer = String;

    // A lookup reads an object from its start.
    const KEYS_PER_LOOKUP: usize = 16;
    const ACYCLIC: bool = true;

    fn prepare_key(key: &str) -> String {
        key.to_owned()
    }

    fn with_string_node<T>(
        buffer: &mut String,
        string: &str,
        visit: impl FnOnce(Node<'_>) -> T,
    ) -> T {
        *buffer = Value::from(string).to_string();
        visit(Node::of_scalar(buffer))
    }
}

impl<'d> jsonschema::json::Node<'d, Instance> for Node<'d> {
    type Object = Self;
    type Array = Self;
    type Number = ServerNumber;

    fn as_object(&self) -> Option<Self> {
        self.is_object().then_some(*self)
    }

    fn as_array(&self) -> Option<Self> {
        self.is_list().then_some(*self)
    }

    fn as_string(&self) -> Option<Cow<'d, str>> {
        self.to_str()
    }

    fn as_number(&self) -> Option<ServerNumber> {
        Node::as_number(*self).map(ServerNumber)
    }

    fn as_boolean(&self) -> Option<bool> {
        self.text().parse().ok()
    }

    fn is_null(&self) -> bool {
        Node::is_null(*self)
    }

    fn is_number(&self) -> bool {
        self.shape() == Shape::Number
    }

    fn json_type(&self) -> JsonType {
        match self.shape() {
            Shape::Null => JsonType::Null,
            Shape::Bool => JsonType::Boolean,
            Shape::Number => JsonType::Number,
            Shape::String => JsonType::String,
            Shape::List => JsonType::Array,
            Shape::Object => JsonType::Object,
        }
    }

    fn equals_value(&self, expected: &Value) -> bool {
        cmp::equal(&Node::to_value(*self), expected)
    }

    /// The value in an error. What we read of errors needs no list or object.
    fn to_value(&self) -> Cow<'d, Value> {
        Cow::Owned(surface(*self))
    }

    fn identity(&self) -> Option<NodeIdentity> {
        Some(NodeIdentity::new(self.address()))
    }
}

/// A number that counts as an integer only if it does for an API server.
pub(super) struct ServerNumber(Number);

impl JsonNumber for ServerNumber {
    fn as_u64(&self) -> Option<u64> {
        self.0.as_u64()
    }

    fn as_i64(&self) -> Option<i64> {
        self.0.as_i64()
    }

    fn as_f64(&self) -> Option<f64> {
        self.0.as_f64()
    }

    fn as_str(&self) -> Cow<'_, str> {
        self.0.to_string().into()
    }

    fn to_number(&self) -> Cow<'_, Number> {
        Cow::Borrowed(&self.0)
    }

    fn is_integer(&self) -> bool {
        number::is_server_integer(&self.0)
    }
}

impl<'d> Object<'d, Instance> for Node<'d> {
    type Node = Self;
    type MemberName = Cow<'d, str>;
    type MembersIter = NonNullMembers<'d>;

    fn len(&self) -> usize {
        Object::members(self).count()
    }

    fn is_empty(&self) -> bool {
        Object::members(self).next().is_none()
    }

    fn get(&self, key: &String) -> Option<Self> {
        Node::get(*self, key).filter(|value| !value.is_null())
    }

    fn members(&self) -> NonNullMembers<'d> {
        NonNullMembers(Node::members(*self))
    }
}

/// Iterator over the members of an object that are not `null`.
pub(super) struct NonNullMembers<'d>(Members<'d>);

impl<'d> Iterator for NonNullMembers<'d> {
    type Item = (Cow<'d, str>, Node<'d>);

    fn next(&mut self) -> Option<Self::Item> {
        let Self(members) = self;
        let (key, value) = members.find(|(_, value)| !value.is_null())?;
        Some((key.to_str(), value))
    }
}

impl<'d> Array<'d, Instance> for Node<'d> {
    type Node = Self;
    type ElementsIter = Elements<'d>;

    fn len(&self) -> usize {
        Node::elements(*self).count()
    }

    fn elements(&self) -> Elements<'d> {
        Node::elements(*self)
    }

    fn is_unique(&self) -> bool {
        let values: Vec<Cow<'_, Value>> =
            Node::elements(*self).map(|element| Cow::Owned(element.to_value())).collect();
        unique::is_unique(&values)
    }
}

/// The value if it is a scalar. A list or object is replaced by an empty one: parsed, it would take many
/// times the memory of its text.
pub(super) fn surface(value: Node<'_>) -> Value {
    match value.shape() {
        Shape::List => Value::Array(Vec::new()),
        Shape::Object => Value::Object(Map::new()),
        Shape::Null | Shape::Bool | Shape::Number | Shape::String => value.to_value(),
    }
}
