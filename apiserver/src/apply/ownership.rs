//! The fields that a value sets, and what is left of a value without some of them.

use std::collections::BTreeMap;

use serde_json::{Map, Value};

use super::field_set::{FieldSet, Path, PathElement};
use super::types::{List, Object, Shape, Type};

/// The fields that a value sets.
pub(super) fn fields_of(value_type: Type<'_>, value: &Value) -> FieldSet {
    let mut set = FieldSet::default();
    add_fields(value_type, value, &mut Vec::new(), &mut set);
    set
}

fn add_fields(value_type: Type<'_>, value: &Value, path: &mut Path, set: &mut FieldSet) {
    match (value_type.atom().deduced(Some(value)).shape(), value) {
        (Shape::Scalar(_), _) => set.insert(path),
        (Shape::Object(object), _) if object.is_atomic => set.insert(path),
        (Shape::List(list), _) if list.is_atomic() => set.insert(path),
        (Shape::Object(object), Value::Object(fields)) => {
            for (name, value) in fields {
                path.push(PathElement::field(name));
                add_fields(object.field(name).unwrap_or(Type::Deduced), value, path, set);
                let is_empty = value.as_object().is_some_and(Map::is_empty);
                if value.is_null() || is_empty || !object.declares(name) {
                    set.insert(path);
                }
                path.pop();
            }
        }
        (Shape::List(list), Value::Array(items)) => {
            let mut counts: BTreeMap<PathElement, usize> = BTreeMap::new();
            let elements = |item| list.element(item).ok();
            for element in items.iter().filter_map(elements) {
                *counts.entry(element).or_default() += 1;
            }
            for item in items {
                let Some(element) = elements(item) else { continue };
                let is_single = counts.get(&element) == Some(&1);
                path.push(element);
                if is_single {
                    add_fields(list.items, item, path, set);
                }
                set.insert(path);
                path.pop();
            }
        }
        (Shape::Object(_) | Shape::List(_), _) => {}
    }
}

/// A value without some fields. What is left of an object or list without any is `null`.
pub(super) fn without(value_type: Type<'_>, value: &Value, fields: &FieldSet) -> Value {
    match (value_type.atom().deduced(Some(value)).shape(), value) {
        (Shape::Scalar(_), _) => value.clone(),
        (Shape::Object(object), Value::Object(map)) if !object.is_atomic => {
            object_without(&object, map, fields)
        }
        (Shape::List(list), Value::Array(items)) if !list.is_atomic() => {
            list_without(&list, items, fields)
        }
        (Shape::Object(_) | Shape::List(_), _) => Value::Null,
    }
}

fn object_without(object: &Object<'_>, map: &Map<String, Value>, fields: &FieldSet) -> Value {
    let mut left = Map::new();
    for (name, value) in map {
        let element = PathElement::field(name);
        if fields.members.contains(&element) {
            continue;
        }
        let value = match fields.children.get(&element) {
            Some(below) => without(object.field(name).unwrap_or(Type::Deduced), value, below),
            None => value.clone(),
        };
        left.insert(name.clone(), value);
    }
    if left.is_empty() { Value::Null } else { left.into() }
}

fn list_without(list: &List<'_>, items: &[Value], fields: &FieldSet) -> Value {
    let mut left = Vec::new();
    for item in items {
        let Ok(element) = list.element(item) else { continue };
        if fields.members.contains(&element) {
            continue;
        }
        left.push(match fields.children.get(&element) {
            Some(below) => without(list.items, item, below),
            None => item.clone(),
        });
    }
    if left.is_empty() { Value::Null } else { left.into() }
}

/// A set with the declared fields of objects that have members below them: to own a field is to own
/// the object that it is in, when it is removed.
pub(super) fn with_declared_parents(value_type: Option<Type<'_>>, set: &FieldSet) -> FieldSet {
    let atom = value_type.map(Type::atom);
    let object = atom.as_ref().and_then(|atom| atom.object());
    let list = atom.as_ref().and_then(|atom| atom.list());
    let mut result = FieldSet { members: set.members.clone(), ..FieldSet::default() };
    for (element, below) in &set.children {
        let below_type = match element {
            PathElement::Field(name) => {
                if object.is_some_and(|object| object.declares(name)) {
                    result.members.insert(element.clone());
                }
                object.and_then(|object| object.field(name))
            }
            PathElement::Key(_) => list.map(|list| list.items),
            PathElement::Value(_) | PathElement::Index(_) => None,
        };
        result.insert_child(element.clone(), with_declared_parents(below_type, below));
    }
    result
}

/// A set that fits the schema: of an object or list that is owned as a whole, no parts are owned.
/// (It had owners for its parts if the schema was another one then.)
pub(super) fn fitted(value_type: Type<'_>, set: &FieldSet) -> FieldSet {
    let shape = value_type.atom().shape();
    let mut result = FieldSet { members: set.members.clone(), ..FieldSet::default() };
    for (element, below) in &set.children {
        let below_type = match (&shape, element) {
            (Shape::Object(object), PathElement::Field(name)) => object.field(name),
            (Shape::Object(object), _) => object.field(""),
            (Shape::List(list), _) => Some(list.items),
            (Shape::Scalar(_), _) => None,
        };
        match below_type.map(|below_type| (below_type, below_type.atom().shape())) {
            Some((_, Shape::Object(object))) if object.is_deduced() => {
                result.insert_child(element.clone(), below.clone());
            }
            Some((_, Shape::Object(object))) if object.is_atomic => {
                result.members.insert(element.clone());
            }
            Some((_, Shape::List(list))) if list.is_atomic() => {
                result.members.insert(element.clone());
            }
            Some((below_type, Shape::Object(_) | Shape::List(_))) => {
                result.insert_child(element.clone(), fitted(below_type, below));
            }
            Some((_, Shape::Scalar(_))) | None => {
                result.insert_child(element.clone(), below.clone());
            }
        }
    }
    result
}
