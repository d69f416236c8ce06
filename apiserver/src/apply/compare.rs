//! The fields in which two values differ.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Map, Number, Value};

use super::field_set::{FieldSet, Path, PathElement};
use super::types::{Atom, List, Object, Shape, Type};

/// The differences of a value from an older one.
#[derive(Debug, Default)]
pub(super) struct Comparison {
    pub(super) added: FieldSet,
    pub(super) modified: FieldSet,
    pub(super) removed: FieldSet,
}

/// Compares two values, which must be [checked](super::typed::check).
pub(super) fn compare(value_type: Type<'_>, old: &Value, new: &Value) -> Comparison {
    let mut walk = Walk { path: Vec::new(), comparison: Comparison::default() };
    walk.value(value_type, Some(old), Some(new));
    walk.comparison
}

/// Whether two values are the same: numbers by value, all else as it is.
pub(super) fn is_same(old: &Value, new: &Value) -> bool {
    match (old, new) {
        (Value::Number(old), Value::Number(new)) => is_same_number(old, new),
        (Value::Array(old), Value::Array(new)) => {
            old.len() == new.len() && old.iter().zip(new).all(|(old, new)| is_same(old, new))
        }
        (Value::Object(old), Value::Object(new)) => {
            let is_same_in_new =
                |(name, old): (&String, &Value)| new.get(name).is_some_and(|new| is_same(old, new));
            old.len() == new.len() && old.iter().all(is_same_in_new)
        }
        _ => old == new,
    }
}

fn is_same_number(old: &Number, new: &Number) -> bool {
    match (old.as_i64(), new.as_i64()) {
        (Some(old), Some(new)) => old == new,
        _ => old.as_f64() == new.as_f64(),
    }
}

struct Walk {
    path: Path,
    comparison: Comparison,
}

impl Walk {
    fn value(&mut self, value_type: Type<'_>, old: Option<&Value>, new: Option<&Value>) {
        let of = |value| value_type.atom().deduced(value);
        let is_leaf = match (old, new) {
            (_, None) => self.as_shape(of(old), old, None),
            (None, Some(_)) => self.as_shape(of(new), None, new),
            (Some(_), Some(_)) if of(old).has_same_parts(&of(new)) => {
                self.as_shape(of(new), old, new)
            }
            // The value has become one of another kind.
            (Some(_), Some(_)) => {
                self.as_shape(of(old), old, new);
                self.as_shape(of(new), old, new)
            }
        };
        if !is_leaf {
            match (old, new) {
                (None, _) => self.comparison.added.insert(&self.path),
                (_, None) => self.comparison.removed.insert(&self.path),
                _ => {}
            }
        }
    }

    /// Compares the values as ones of a kind. Returns whether they are compared as a whole.
    fn as_shape(&mut self, atom: Atom<'_>, old: Option<&Value>, new: Option<&Value>) -> bool {
        match atom.shape() {
            Shape::Scalar(_) => self.leaf(old, new),
            Shape::Object(object) => {
                let sides = [old, new].map(|value| value?.as_object());
                if object.is_atomic || sides.iter().all(|side| side.is_none_or(Map::is_empty)) {
                    return self.leaf(old, new);
                }
                self.fields(&object, sides);
                false
            }
            Shape::List(list) => {
                let sides = [old, new].map(|value| value?.as_array());
                if list.is_atomic() || sides.iter().all(|side| side.is_none_or(Vec::is_empty)) {
                    return self.leaf(old, new);
                }
                let [old, new] = sides.map(|side| side.map_or(&[][..], Vec::as_slice));
                self.items(&list, old, new);
                false
            }
        }
    }

    fn leaf(&mut self, old: Option<&Value>, new: Option<&Value>) -> bool {
        match (old, new) {
            (None, _) => self.comparison.added.insert(&self.path),
            (_, None) => self.comparison.removed.insert(&self.path),
            (Some(old), Some(new)) if !is_same(old, new) => {
                self.comparison.modified.insert(&self.path);
            }
            _ => {}
        }
        true
    }

    fn fields(&mut self, object: &Object<'_>, sides: [Option<&Map<String, Value>>; 2]) {
        let names: BTreeSet<&String> = sides.into_iter().flatten().flat_map(Map::keys).collect();
        for name in names {
            let field_type = object.field(name).unwrap_or(Type::Deduced);
            let [old, new] = sides.map(|side| side?.get(name));
            self.at(PathElement::field(name), |walk| walk.value(field_type, old, new));
        }
    }

    fn items(&mut self, list: &List<'_>, old: &[Value], new: &[Value]) {
        let [mut old, mut new] = [old, new].map(|items| by_element(list, items));
        let elements: BTreeSet<PathElement> = old.keys().chain(new.keys()).cloned().collect();
        for element in elements {
            let [old, new] =
                [&mut old, &mut new].map(|side| side.remove(&element).unwrap_or_default());
            self.at(element, |walk| match (old.as_slice(), new.as_slice()) {
                ([] | [_], [] | [_]) => {
                    walk.value(list.items, old.first().copied(), new.first().copied());
                }
                ([_, _, ..], [_, _, ..]) => {
                    let is_same = old.len() == new.len()
                        && old.iter().zip(&new).all(|(old, new)| is_same(old, new));
                    if !is_same {
                        walk.comparison.modified.insert(&walk.path);
                    }
                }
                // What occurs more than once has no fields of its own.
                ([_, _, ..], new) => {
                    if let [new] = new {
                        walk.value(list.items, None, Some(new));
                    }
                    walk.comparison.removed.insert(&walk.path);
                }
                (old, [_, _, ..]) => {
                    if let [old] = old {
                        walk.value(list.items, Some(old), None);
                    }
                    walk.comparison.added.insert(&walk.path);
                }
            });
        }
    }

    fn at(&mut self, element: PathElement, visit: impl FnOnce(&mut Self)) {
        self.path.push(element);
        visit(self);
        self.path.pop();
    }
}

fn by_element<'v>(list: &List<'_>, items: &'v [Value]) -> BTreeMap<PathElement, Vec<&'v Value>> {
    let mut elements: BTreeMap<_, Vec<_>> = BTreeMap::new();
    for item in items {
        if let Ok(element) = list.element(item) {
            elements.entry(element).or_default().push(item);
        }
    }
    elements
}
