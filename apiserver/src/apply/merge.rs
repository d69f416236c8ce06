//! Merges an applied configuration into the live Job.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Map, Value};

use super::field_set::PathElement;
use super::types::{List, Object, Shape, Type};

/// The merged value: what is applied replaces what is live, and all else stays. `None` if nothing is
/// left of the value.
///
/// Both values must be [checked](super::typed::check), with duplicate elements in the live value
/// alone.
pub(super) fn merge(
    value_type: Type<'_>,
    live: Option<&Value>,
    applied: Option<&Value>,
) -> Option<Value> {
    let kept = || applied.or(live).cloned();
    match value_type.atom().deduced(applied.or(live)).shape() {
        Shape::Scalar(_) => kept(),
        Shape::Object(object) => {
            let [live, applied] = [live, applied].map(|value| value.and_then(Value::as_object));
            // What is empty on both sides is kept, so that empty and null stay different.
            if object.is_atomic || is_empty(live, Map::is_empty) && is_empty(applied, Map::is_empty)
            {
                return kept();
            }
            merge_fields(&object, live, applied)
        }
        Shape::List(list) => {
            let [live, applied] = [live, applied].map(|value| value.and_then(Value::as_array));
            if list.is_atomic() || is_empty(live, Vec::is_empty) && is_empty(applied, Vec::is_empty)
            {
                return kept();
            }
            merge_items(&list, live.map_or(&[], Vec::as_slice), applied.map_or(&[], Vec::as_slice))
        }
    }
}

fn is_empty<T>(container: Option<&T>, is_empty: impl Fn(&T) -> bool) -> bool {
    container.is_none_or(is_empty)
}

fn merge_fields(
    object: &Object<'_>,
    live: Option<&Map<String, Value>>,
    applied: Option<&Map<String, Value>>,
) -> Option<Value> {
    let sides = [live, applied].into_iter().flatten();
    let names: BTreeSet<&String> = sides.flat_map(Map::keys).collect();
    let mut merged = Map::new();
    for name in names {
        let field_type = object.field(name).unwrap_or(Type::Deduced);
        let [live, applied] = [live, applied].map(|side| side?.get(name));
        if let Some(value) = merge(field_type, live, applied) {
            merged.insert(name.clone(), value);
        }
    }
    (!merged.is_empty()).then(|| merged.into())
}

/// Merges two lists whose elements have an identity. The order is that of the applied list, with the
/// other elements where they are in the live list.
fn merge_items(list: &List<'_>, live: &[Value], applied: &[Value]) -> Option<Value> {
    let (live, applied) = (Side::new(list, live), Side::new(list, applied));
    let mut common = applied.elements.iter().filter(|element| live.values.contains_key(element));
    let mut next_common = common.next();
    let mut done = BTreeSet::new();
    let mut merged = Vec::new();
    let mut add = |live, applied| merged.extend(merge(list.items, live, applied));
    let (mut at_live, mut at_applied) = (0, 0);
    loop {
        let (one, other) = (live.elements.get(at_live), applied.elements.get(at_applied));
        if let (Some(one), Some(other)) = (one, other) {
            if one == other {
                done.insert(one);
                add(live.value(one), applied.value(one));
                (at_live, at_applied) = (at_live + 1, at_applied + 1);
                next_common = common.next();
                continue;
            }
            if applied.values.contains_key(one) && next_common.is_some_and(|next| next != one) {
                // Common to both, but another common element comes first.
                at_live += 1;
                continue;
            }
        }
        if let Some(one) = one {
            if !applied.values.contains_key(one) {
                add(live.items.get(at_live), None);
                at_live += 1;
                continue;
            }
            if done.contains(one) {
                at_live += 1;
            }
        }
        if let Some(other) = other {
            done.insert(other);
            add(live.value(other), applied.value(other));
            at_applied += 1;
            if next_common == Some(other) {
                next_common = common.next();
            }
        }
        if one.is_none() && other.is_none() {
            break;
        }
    }
    (!merged.is_empty()).then(|| merged.into())
}

/// A list whose elements have an identity.
struct Side<'v> {
    items: &'v [Value],
    elements: Vec<PathElement>,
    values: BTreeMap<PathElement, &'v Value>,
}

impl<'v> Side<'v> {
    fn new(list: &List<'_>, items: &'v [Value]) -> Self {
        // Each element has an identity, as the list is checked.
        let elements: Vec<_> = items.iter().filter_map(|item| list.element(item).ok()).collect();
        let mut values = BTreeMap::new();
        for (element, item) in elements.iter().zip(items) {
            // An element that occurs twice is not merged.
            values.entry(element.clone()).and_modify(|value| *value = &Value::Null).or_insert(item);
        }
        Self { items, elements, values }
    }

    fn value(&self, element: &PathElement) -> Option<&'v Value> {
        self.values.get(element).copied()
    }
}
