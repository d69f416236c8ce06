//! The schema of a Job, and what it says of the shape of each value.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, LazyLock};

use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::Value;

use crate::shape::{Identity, Kind, ListKey, Managed, Shape};

/// The OpenAPI schema of a Job, as far as it decides what counts as a change: defaults, which lists
/// have keys, what is a quantity.
///
/// The schema of one Volcano release is part of this crate and is the `Default`; see
/// [`JobSchema::from_crd`] for that of another. Cloning is cheap.
#[derive(Clone)]
pub struct JobSchema {
    shape: Arc<Shape>,
}

/// Why a document gives no [`JobSchema`].
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum SchemaError {
    /// It is neither a `CustomResourceDefinition` nor an OpenAPI schema.
    #[error("the document must be a CustomResourceDefinition or an OpenAPI schema")]
    NotACrd,
    /// It is the definition of another resource.
    #[error("the definition must be that of jobs.batch.volcano.sh")]
    OtherResource,
    /// It has no version v1alpha1, or one without a schema.
    #[error("the definition must have a schema for the version v1alpha1")]
    NoSchema,
}

impl JobSchema {
    /// The schema in the CRD of a Volcano release: the document that
    /// `kubectl get crd jobs.batch.volcano.sh -o json` prints, or the OpenAPI schema in it.
    ///
    /// ```
    /// use volcano_job_update::{Job, JobSchema, Validator, diff};
    ///
    /// // In this release a Job without a queue is not one in the queue `default`.
    /// let crd = serde_json::json!({"spec": {
    ///     "group": "batch.volcano.sh",
    ///     "names": {"kind": "Job"},
    ///     "versions": [{"name": "v1alpha1", "schema": {"openAPIV3Schema": {"properties": {
    ///         "spec": {"properties": {"queue": {"type": "string"}}},
    ///     }}}}],
    /// }});
    /// let validator = Validator::default().with_schema(JobSchema::from_crd(&crd)?);
    ///
    /// let existing = Job::from_slice(br#"{"spec": {"queue": "default"}}"#)?;
    /// let replacement = Job::from_slice(br#"{"spec": {}}"#)?;
    /// assert_eq!(validator.diff(&existing, &replacement)?.len(), 1);
    /// assert_eq!(diff(&existing, &replacement)?.len(), 0);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    ///
    /// Another document (`[]`, a Job), the CRD of another resource, a CRD without v1alpha1.
    pub fn from_crd(crd: &Value) -> Result<Self, SchemaError> {
        let Some(versions) = crd.pointer("/spec/versions").and_then(Value::as_array) else {
            return match crd.pointer("/properties/spec/properties") {
                Some(_) => Ok(Self::from_openapi(crd.clone())),
                None => Err(SchemaError::NotACrd),
            };
        };
        let says = |pointer, text: &str| crd.pointer(pointer).and_then(Value::as_str) == Some(text);
        if !says("/spec/group", "batch.volcano.sh") || !says("/spec/names/kind", "Job") {
            return Err(SchemaError::OtherResource);
        }
        let named =
            |version: &&Value| version.get("name").and_then(Value::as_str) == Some("v1alpha1");
        let schema = versions
            .iter()
            .find(named)
            .and_then(|version| version.pointer("/schema/openAPIV3Schema"));
        schema.cloned().map(Self::from_openapi).ok_or(SchemaError::NoSchema)
    }

    fn from_openapi(schema: Value) -> Self {
        let overlay: Overlay = embedded(OVERLAY);
        Self { shape: Arc::new(overlay.shape(schema)) }
    }

    pub(crate) fn shape(&self) -> &Shape {
        &self.shape
    }
}

impl Default for JobSchema {
    /// The schema that is part of this crate.
    fn default() -> Self {
        static SCHEMA: LazyLock<JobSchema> =
            LazyLock::new(|| JobSchema::from_openapi(embedded(OPENAPI)));
        SCHEMA.clone()
    }
}

impl std::fmt::Debug for JobSchema {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("JobSchema").finish_non_exhaustive()
    }
}

const OPENAPI: &str = include_str!("../schemas/job.openapi.json");
const OVERLAY: &str = include_str!("../schemas/overlay.json");

#[expect(
    clippy::expect_used,
    reason = "the texts are part of this crate, and every test reads them"
)]
fn embedded<T: DeserializeOwned>(text: &str) -> T {
    serde_json::from_str(text).expect("a schema of this crate")
}

/// What the schema cannot say: `schemas/overlay.json`, explained in the README there.
#[derive(Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
struct Overlay {
    metadata: Value,
    durations: BTreeSet<String>,
    zero_is_absent: BTreeSet<String>,
    system_managed: BTreeSet<String>,
    server_filled: BTreeSet<String>,
    filled_beside: BTreeMap<String, Box<str>>,
}

impl Overlay {
    /// The shape of a Job, from the OpenAPI schema of its CRD.
    fn shape(mut self, mut schema: Value) -> Shape {
        if let Some(properties) = schema.get_mut("properties").and_then(Value::as_object_mut) {
            properties.insert("metadata".into(), self.metadata.take());
        }
        self.shape_of(&schema, "")
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
            let mut fields: Vec<(Box<str>, Shape)> = properties.iter().map(field).collect();
            fields.sort_unstable_by(|(a, _), (b, _)| a.cmp(b));
            return Kind::Struct(fields);
        }
        let below = |schema| Box::new(self.shape_of(schema, &format!("{place}[*]")));
        if let Some(values) = schema.get("additionalProperties").filter(|values| values.is_object())
        {
            return Kind::Map(below(values));
        }
        match schema.get("type").and_then(Value::as_str) {
            Some("array") => {
                let items = schema.get("items").unwrap_or(&Value::Null);
                Kind::List { items: below(items), identity: identity_of(schema) }
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

/// What a Go field of that type holds if nothing was put there.
fn zero_of(schema: &Value) -> Option<Value> {
    match schema.get("type").and_then(Value::as_str) {
        Some("string") => Some("".into()),
        Some("integer") => Some(0.into()),
        _ => None,
    }
}

fn identity_of(list: &Value) -> Identity {
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
        let named = named.into_iter().flatten().chain(overlay.filled_beside.into_keys());
        let stray: Vec<String> = named.filter(|place| !places.contains(place)).collect();
        assert!(stray.is_empty(), "{stray:?}");
    }

    #[test]
    fn documents_that_are_no_crd_of_a_job_are_refused() {
        let fault = |text| JobSchema::from_crd(&embedded(text)).unwrap_err();
        assert_eq!(fault("[]"), SchemaError::NotACrd);
        assert_eq!(
            fault(r#"{"spec": {"group": "a", "versions": []}}"#),
            SchemaError::OtherResource
        );
        let no_version =
            r#"{"spec": {"group": "batch.volcano.sh", "names": {"kind": "Job"}, "versions": []}}"#;
        assert_eq!(fault(no_version), SchemaError::NoSchema);
    }
}
