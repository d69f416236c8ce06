//! Compares scalars by value.

use crate::job::{Node, Shape, is_plain_integer};
use crate::scalar::quantity::Quantity;
use crate::scalar::{duration, number};
use crate::schema::{Kind, Structural};

/// Whether two values of which one is a scalar are the same.
pub(super) fn same_scalars(schema: &Structural, a: Node<'_>, b: Node<'_>) -> bool {
    if a.text() == b.text() {
        return true;
    }
    let are_same = match (a.shape(), b.shape()) {
        (Shape::Number, Shape::Number) => same_numbers(a, b),
        (Shape::String, Shape::String) => a.to_str() == b.to_str(),
        _ => false,
    };
    are_same
        || match schema.kind {
            Kind::Quantity => both_are(a, b, quantity),
            Kind::Duration => both_are(a, b, |node| duration::parse_duration(&node.to_str()?)),
            _ => false,
        }
}

/// Whether two numbers with different texts are the same.
fn same_numbers(a: Node<'_>, b: Node<'_>) -> bool {
    let is_plain = |node: Node<'_>| is_plain_integer(node.text());
    !(is_plain(a) && is_plain(b))
        && matches!((a.as_number(), b.as_number()), (Some(a), Some(b)) if number::same(&a, &b))
}

/// Whether both values can be parsed and the results are equal.
fn both_are<T: PartialEq>(a: Node<'_>, b: Node<'_>, parse: impl Fn(Node<'_>) -> Option<T>) -> bool {
    parse(a).is_some_and(|a| parse(b).is_some_and(|b| a == b))
}

/// Parses a quantity, which is a string or a number.
fn quantity(node: Node<'_>) -> Option<Quantity> {
    match node.shape() {
        Shape::String => Quantity::parse(&node.to_str()?),
        Shape::Number => Quantity::parse(&node.as_number()?.to_string()),
        _ => None,
    }
}
