//! Finds duplicate elements of sets and keyed lists, and elements of keyed lists that are no objects.

use super::structural::{Kind, Structural};
use crate::job::{Node, Shape};
use crate::path::Segment;

/// An element of a list that breaks the [`Identity`](super::list::Identity) of the elements.
pub(super) struct ListViolation {
    /// The place of the list, relative to the value that was searched.
    pub(super) list: Vec<Segment>,
    /// The position of the second occurrence, or of the element that is no object.
    pub(super) position: usize,
    /// The position of the first occurrence; `None` for an element that is no object.
    pub(super) first: Option<usize>,
    /// The names of the key fields; empty for a set.
    pub(super) keys: Vec<Box<str>>,
}

impl Structural {
    /// Whether a set or keyed list in a value has duplicate elements.
    pub(crate) fn has_repeated(&self, value: Node<'_>) -> bool {
        match (value.shape(), &self.kind) {
            (Shape::Object, Kind::Struct(_) | Kind::Map(_)) => {
                value.members().any(|(key, value)| {
                    self.child(&key.to_str()).is_some_and(|child| child.has_repeated(value))
                })
            }
            (Shape::List, Kind::List { items, identity }) => {
                !identity.violations(value).is_empty()
                    || value.elements().any(|item| items.has_repeated(item))
            }
            _ => false,
        }
    }

    /// The duplicate elements of the sets and keyed lists in a value.
    pub(super) fn repeated(&self, value: Node<'_>) -> Vec<ListViolation> {
        let mut repeated = Vec::new();
        self.add_repeated(value, &mut Vec::new(), &mut repeated);
        repeated
    }

    fn add_repeated(
        &self,
        value: Node<'_>,
        at: &mut Vec<Segment>,
        repeated: &mut Vec<ListViolation>,
    ) {
        match (value.shape(), &self.kind) {
            (Shape::Object, Kind::Struct(_) | Kind::Map(_)) => {
                for (key, value) in value.members() {
                    let key = key.to_str();
                    if let Some(child) = self.child(&key) {
                        at.push(Segment::Key((&*key).into()));
                        child.add_repeated(value, at, repeated);
                        at.pop();
                    }
                }
            }
            (Shape::List, Kind::List { items, identity }) => {
                repeated.extend(identity.violations(value).into_iter().map(|(position, first)| {
                    ListViolation { list: at.clone(), position, first, keys: identity.key_names() }
                }));
                for (position, item) in value.elements().enumerate() {
                    at.push(Segment::Index(position));
                    items.add_repeated(item, at, repeated);
                    at.pop();
                }
            }
            _ => {}
        }
    }
}
