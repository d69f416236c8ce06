//! What the schema says of the shape of each value.

use std::collections::{BTreeMap, BTreeSet};

use serde::Deserialize;
use serde_json::{Map, Value};

use super::shape::{Identity, Kind, ListKey, Managed, Shape};

/// What the schema cannot say: `schemas/overlay.json`, explained in the README there.
#[derive(Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub(super) struct Overlay {
    metadata: Value,
    choices: BTreeMap<String, Vec<String>>,
    durations: BTreeSet<String>,
    zero_is_absent: BTreeSet<String>,
    system_managed: BTreeSet<String>,
    server_filled: BTreeSet<String>,
    filled_beside: BTreeMap<String, Box<str>>,
}

impl Overlay {
    /// Adds to the OpenAPI schema of a CRD what it leaves out.
    pub(super) fn complete(&self, schema: &mut Value) {
        if let Some(properties) = schema.get_mut("properties").and_then(Value::as_object_mut) {
            properties.insert("metadata".into(), self.metadata.clone());
        }
        for (place, choices) in &self.choices {
            if let Some(field) = schema_at(schema, place).and_then(Value::as_object_mut) {
                field.entry("enum").or_insert_with(|| choices.clone().into());
            }
        }
    }

    /// The shape of a Job, from its whole schema.
    pub(super) fn shape(&self, schema: &Value) -> Shape {
        self.shape_of(schema, "")
    }

    fn shape_of(&self, schema: &Value, place: &str) -> Shape {
        let default = schema.get("default").cloned();
        let zero = || zero_of(schema).filter(|_| self.zero_is_absent.contains(place));
        Shape {
            kind: self.kind_of(schema, place),
            absent_is: default.or_else(zero),
            managed: if self.system_managed.contains(place) {
                Managed::Owned
            } else if self.server_filled.contains(place) {
                Managed::Filled
            } else {
                Managed::No
            },
            filled_beside: self.filled_beside.get(place).cloned(),
        }
    }

    fn kind_of(&self, schema: &Value, place: &str) -> Kind {
        if let Some(properties) = schema.get("properties").and_then(Value::as_object) {
            let field = |(name, schema): (&String, &Value)| {
                let dot = if place.is_empty() { "" } else { "." };
                (name.as_str().into(), self.shape_of(schema, &format!("{place}{dot}{name}")))
            };
            return Kind::Struct(properties.iter().map(field).collect());
        }
        let below = |schema| Box::new(self.shape_of(schema, &format!("{place}[*]")));
        if let Some(values) = schema.get("additionalProperties").filter(|values| values.is_object())
        {
            return Kind::Map(below(values));
        }
        match schema.get("type").and_then(Value::as_str) {
            Some("array") => {
                let items = schema.get("items").unwrap_or(&Value::Null);
                let identity = schema.as_object().map_or(Identity::None, identity_of);
                Kind::List { items: below(items), identity }
            }
            Some("object") => Kind::Any,
            _ if is_quantity(schema) => Kind::Quantity,
            _ if self.durations.contains(place) => Kind::Duration,
            Some(_) => Kind::Scalar,
            None if schema.get("x-kubernetes-int-or-string").is_some() => Kind::Scalar,
            None => Kind::Any,
        }
    }
}

/// The schema of the values at a place such as `spec.tasks[*].template`.
fn schema_at<'s>(schema: &'s mut Value, place: &str) -> Option<&'s mut Value> {
    place.split('.').try_fold(schema, |schema, step| {
        let field = schema.get_mut("properties")?.get_mut(step.trim_end_matches("[*]"))?;
        if step.ends_with("[*]") { field.get_mut("items") } else { Some(field) }
    })
}

/// What a Go field of that type holds if nothing was put there.
fn zero_of(schema: &Value) -> Option<Value> {
    match schema.get("type").and_then(Value::as_str) {
        Some("string") => Some("".into()),
        Some("integer") => Some(0.into()),
        _ => None,
    }
}

/// What the schema of a list says of the identity of its elements.
pub(super) fn identity_of(list: &Map<String, Value>) -> Identity {
    match list.get("x-kubernetes-list-type").and_then(Value::as_str) {
        Some("set") => Identity::Set,
        Some("map") => {
            let names = list.get("x-kubernetes-list-map-keys").and_then(Value::as_array);
            let names = names.into_iter().flatten().filter_map(Value::as_str);
            let default =
                |name| list.get("items")?.get("properties")?.get(name)?.get("default").cloned();
            Identity::Keys(
                names.map(|name| ListKey { name: name.into(), default: default(name) }).collect(),
            )
        }
        _ => Identity::None,
    }
}

/// A quantity is an int-or-string with the pattern that controller-gen gives to `resource.Quantity`.
fn is_quantity(schema: &Value) -> bool {
    let pattern = schema.get("pattern").and_then(Value::as_str).unwrap_or_default();
    schema.get("x-kubernetes-int-or-string").is_some()
        && pattern.contains("([KMGTPE]i)|[numkMGTPE]|")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::schema::{JobSchema, OPENAPI, OVERLAY, embedded};

    /// The schema with the overlay's metadata, as the shape is made from.
    fn schema() -> Value {
        let mut schema: Value = embedded(OPENAPI);
        schema["properties"]["metadata"] = embedded::<Overlay>(OVERLAY).metadata;
        schema
    }

    /// Calls `visit` with every place of a schema, its schema and its shape.
    fn walk(
        schema: &Value,
        shape: &Shape,
        place: &str,
        visit: &mut impl FnMut(&str, &Value, &Shape),
    ) {
        visit(place, schema, shape);
        for (name, below) in schema["properties"].as_object().into_iter().flatten() {
            let dot = if place.is_empty() { "" } else { "." };
            walk(below, shape.child(name).unwrap(), &format!("{place}{dot}{name}"), visit);
        }
        let place = format!("{place}[*]");
        if schema["additionalProperties"].is_object() {
            walk(&schema["additionalProperties"], shape.child("any").unwrap(), &place, visit);
        }
        if schema["items"].is_object() {
            walk(&schema["items"], shape.items(), &place, visit);
        }
    }

    #[test]
    fn everything_that_the_schema_says_is_recognised() {
        let [mut quantities, mut keyed, mut sets, mut defaults] = [0_usize; 4];
        walk(&schema(), JobSchema::default().shape(), "", &mut |place, schema, shape| {
            let pattern = schema["pattern"].as_str().unwrap_or_default();
            assert_eq!(
                matches!(shape.kind, Kind::Quantity),
                pattern.contains("numkMGTPE"),
                "{place}"
            );
            quantities += usize::from(matches!(shape.kind, Kind::Quantity));

            let (keys, is_set) = match &shape.kind {
                Kind::List { identity: Identity::Keys(keys), .. } => (keys.as_slice(), false),
                Kind::List { identity, .. } => (&[][..], matches!(identity, Identity::Set)),
                _ => (&[][..], false),
            };
            let names: Vec<Value> = keys.iter().map(|key| Value::from(&*key.name)).collect();
            let declared =
                schema["x-kubernetes-list-map-keys"].as_array().cloned().unwrap_or_default();
            assert_eq!(names, declared, "{place}");
            for ListKey { name, default } in keys {
                assert_eq!(
                    default.as_ref(),
                    schema["items"]["properties"][&**name].get("default"),
                    "{place}"
                );
            }
            keyed += usize::from(!keys.is_empty());
            assert_eq!(is_set, schema["x-kubernetes-list-type"] == "set", "{place}");
            sets += usize::from(is_set);

            if let Some(default) = schema.get("default") {
                assert_eq!(shape.absent_is.as_ref(), Some(default), "{place}");
                defaults += 1;
            }
        });
        // As often as the text of the schema says so; the overlay has one keyed list and one set more.
        let in_text = |needle: &str| OPENAPI.matches(needle).count();
        assert_eq!(quantities, in_text("numkMGTPE"));
        assert_eq!(keyed, in_text(r#""x-kubernetes-list-type": "map""#) + 1);
        assert_eq!(sets, in_text(r#""x-kubernetes-list-type": "set""#) + 1);
        assert_eq!(defaults, in_text(r#""default": "#));
    }

    #[test]
    fn every_place_of_the_overlay_is_one_of_the_schema() {
        let overlay: Overlay = embedded(OVERLAY);
        let mut places = BTreeSet::new();
        walk(&schema(), JobSchema::default().shape(), "", &mut |place, schema, shape| {
            places.insert(place.to_owned());
            let zero_is_absent = overlay.zero_is_absent.contains(place);
            assert_eq!(
                shape.absent_is.is_some(),
                zero_is_absent || schema.get("default").is_some(),
                "{place}"
            );
        });
        let named = [
            overlay.durations,
            overlay.zero_is_absent,
            overlay.system_managed,
            overlay.server_filled,
        ];
        let keys = overlay.filled_beside.into_keys().chain(overlay.choices.into_keys());
        let named = named.into_iter().flatten().chain(keys);
        let stray: Vec<String> = named.filter(|place| !places.contains(place)).collect();
        assert!(stray.is_empty(), "{stray:?}");
    }
}
