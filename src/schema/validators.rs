//! Validation by the schema: one validator for each field that reading tells apart.
//!
//! A validator is told only of values that the update changed, and what it holds against a value
//! that stood there before does not count, as in an API server ([ratcheting]).
//!
//! [ratcheting]: https://github.com/kubernetes/apiextensions-apiserver/blob/master/pkg/apiserver/validation/ratcheting.go

use std::borrow::Cow;

use jsonschema::error::{TypeKind, ValidationErrorKind};
use jsonschema::paths::Location;
use jsonschema::{Draft, Keyword, PatternOptions, ValidationError, ValidationOptions, Validator};
use serde_json::{Map, Number, Value, json};

use super::by_name::ByName;
use super::overlay::identity_of;
use super::ratchet::{Changed, Ratchet, Same};
use super::shape::{Identity, Kind, Shape};
use super::violation::{SchemaViolation, SchemaViolationKind};
use crate::job::JsonType;
use crate::path::{PathNode, Segment, Side, Step};
use crate::scalar::number;

/// The compiled schema of a Job.
pub(super) struct Validators {
    metadata: Fields,
    spec: Fields,
    task: Fields,
    /// What is asked of the list of tasks itself.
    tasks: Validator,
}

/// The validators of the fields of an object.
struct Fields(ByName<Validator>);

impl Validators {
    /// Compiles the OpenAPI schema of a Job.
    pub(super) fn compile(mut schema: Value) -> Result<Self, String> {
        to_json_schema(&mut schema);
        let options = options();
        let fields = |place| Fields::compile(&options, schema.pointer(place));
        // An API server does not mind an element of these lists twice.
        let metadata =
            Fields::compile(&options_of_json(), schema.pointer("/properties/metadata/properties"))?;
        let tasks = "/properties/spec/properties/tasks";
        let count = |bound| (bound, schema.pointer(&format!("{tasks}/{bound}")));
        let counts: Map<String, Value> = [count("minItems"), count("maxItems")]
            .into_iter()
            .filter_map(|(bound, number)| Some((bound.to_owned(), number?.clone())))
            .collect();
        Ok(Self {
            metadata,
            spec: fields("/properties/spec/properties")?,
            task: fields(&format!("{tasks}/items/properties"))?,
            tasks: compile(&options, &counts.into())?,
        })
    }

    /// What the schema holds against a changed field, or a changed task as a whole.
    pub(super) fn violations(
        &self,
        at: &PathNode<'_>,
        shape: &Shape,
        old: Option<&Value>,
        new: &Value,
        same: Same,
    ) -> Vec<SchemaViolation> {
        let (fields, name) = match at.first_steps() {
            _ if at.depth() > 4 => return Vec::new(),
            [Some(Step::Key("metadata")), Some(Step::Key(name)), None, None] => {
                (&self.metadata, name)
            }
            [Some(Step::Key("spec")), Some(Step::Key(name)), None, None] => (&self.spec, name),
            [Some(Step::Key("spec")), Some(Step::Key("tasks")), Some(_), Some(Step::Key(name))] => {
                (&self.task, name)
            }
            [Some(Step::Key("spec")), Some(Step::Key("tasks")), Some(_), None] => {
                return self.task_violations(at, shape, new, same);
            }
            _ => return Vec::new(),
        };
        fields.violations(name, at, &Changed { shape, old, new }, same)
    }

    /// What the schema holds against a task that was added.
    fn task_violations(
        &self,
        at: &PathNode<'_>,
        shape: &Shape,
        task: &Value,
        same: Same,
    ) -> Vec<SchemaViolation> {
        let Value::Object(fields) = task else {
            let failure =
                SchemaViolationKind::Type { expected: vec![JsonType::Object], found: task.clone() };
            let path = at.to_path(Side::Replacement);
            return vec![SchemaViolation { path, failure, old: None, new: Some(task.clone()) }];
        };
        let violations = |(name, new): (&String, &Value)| {
            let shape = shape.child(name)?;
            Some(self.task.violations(
                name,
                &at.key(name),
                &Changed { shape, old: None, new },
                same,
            ))
        };
        fields.iter().filter_map(violations).flatten().collect()
    }

    /// What the schema holds against so many tasks.
    pub(super) fn task_count_violation(
        &self,
        at: &PathNode<'_>,
        tasks: usize,
    ) -> Option<SchemaViolation> {
        let list = Value::Array(vec![Value::Null; tasks]);
        let error = self.tasks.iter_errors(&list).next()?;
        let path = at.to_path(Side::Replacement);
        Some(SchemaViolation { path, failure: failure(&error), old: None, new: None })
    }
}

impl Fields {
    fn compile(
        options: &ValidationOptions<'_>,
        properties: Option<&Value>,
    ) -> Result<Self, String> {
        let properties = properties.and_then(Value::as_object).into_iter().flatten();
        let fields = properties
            // The tasks have validators of their own.
            .filter(|(name, _)| *name != "tasks")
            .map(|(name, schema)| Ok((name.as_str().into(), compile(options, schema)?)))
            .collect::<Result<_, String>>()?;
        Ok(Self(fields))
    }

    fn violations(
        &self,
        name: &str,
        at: &PathNode<'_>,
        changed: &Changed<'_>,
        same: Same,
    ) -> Vec<SchemaViolation> {
        let Some(validator) = self.0.get(name).filter(|_| !changed.new.is_null()) else {
            return Vec::new();
        };
        let new = without_nulls(changed.new);
        if validator.is_valid(&new) {
            return Vec::new();
        }
        let field = Changed { new: &new, ..*changed };
        let mut ratchet = Ratchet::new(same);
        let errors = validator.iter_errors(&new);
        errors.flat_map(|error| violations_of(&error, at, field, &mut ratchet)).collect()
    }
}

/// What an error of a validator comes to: nothing, if the value was there before.
fn violations_of<'v>(
    error: &ValidationError<'_>,
    at: &PathNode<'_>,
    field: Changed<'v>,
    ratchet: &mut Ratchet<'v>,
) -> Vec<SchemaViolation> {
    let steps = steps(error.instance_path(), field.new);
    let Some(place) = ratchet.place(field, &steps) else { return Vec::new() };
    let mut path = at.to_path(Side::Replacement);
    path.extend(steps);
    let below = |segment| {
        let mut path = path.clone();
        path.push(segment);
        path
    };
    let violation = |path, failure, old: Option<&Value>, new: Option<&Value>| SchemaViolation {
        path,
        failure,
        old: old.cloned(),
        new: new.cloned(),
    };
    match (error.kind(), &place.shape.kind) {
        (ValidationErrorKind::Required { property }, _) => {
            let name = property.as_str().unwrap_or_default();
            let old = place.old.and_then(|old| old.get(name));
            vec![violation(
                below(Segment::Key(name.into())),
                SchemaViolationKind::Missing,
                old,
                None,
            )]
        }
        (ValidationErrorKind::Custom { .. }, Kind::List { identity, .. }) => {
            let list = place.new.as_array().map_or(&[][..], Vec::as_slice);
            let keys = identity.key_names();
            let repeated = identity.repeated(list).into_iter();
            let repeats = repeated.map(|(position, first)| {
                let failure = SchemaViolationKind::Repeats { first, keys: keys.clone() };
                violation(below(Segment::Index(position)), failure, None, list.get(position))
            });
            repeats.collect()
        }
        _ => vec![violation(path, failure(error), place.old, Some(place.new))],
    }
}

/// Fails at a list that has an element twice.
struct Distinct(Identity);

impl<'i> Keyword<'i> for Distinct {
    fn validate(&self, list: &'i Value) -> Result<(), ValidationError<'i>> {
        let violation = || ValidationError::custom("an element is there twice");
        if self.is_valid(list) { Ok(()) } else { Err(violation()) }
    }

    fn is_valid(&self, list: &'i Value) -> bool {
        list.as_array().is_none_or(|list| self.0.repeated(list).is_empty())
    }
}

fn options_of_json() -> ValidationOptions<'static> {
    jsonschema::options()
        // A draft whose own schema is one small document, against which ours is checked at once.
        .with_draft(Draft::Draft7)
        // Linear in the text, and the same syntax as Go's.
        .with_pattern_options(PatternOptions::regex())
        .should_validate_formats(true)
}

fn options() -> ValidationOptions<'static> {
    options_of_json().with_keyword("x-kubernetes-list-type", |list, _, _| {
        Ok(Box::new(Distinct(identity_of(list))))
    })
}

fn compile(options: &ValidationOptions<'_>, schema: &Value) -> Result<Validator, String> {
    options.build(schema).map_err(|error| error.to_string())
}

/// Turns an OpenAPI schema into a JSON Schema, which has no word for the size of an integer and none
/// for int-or-string.
fn to_json_schema(schema: &mut Value) {
    let Value::Object(schema) = schema else { return };
    match schema.get("format").and_then(Value::as_str) {
        Some("int32") => bound(schema, i32::MIN.into(), i32::MAX.into()),
        Some("int64") => bound(schema, i64::MIN, i64::MAX),
        _ => {}
    }
    if schema.remove("x-kubernetes-int-or-string").is_some() {
        schema.remove("anyOf");
        schema.insert("type".into(), json!(["integer", "string"]));
    }
    for (keyword, below) in schema {
        match (keyword.as_str(), below) {
            ("properties", Value::Object(fields)) => fields.values_mut().for_each(to_json_schema),
            ("items" | "additionalProperties", below) => to_json_schema(below),
            _ => {}
        }
    }
}

fn bound(schema: &mut Map<String, Value>, least: i64, most: i64) {
    schema.remove("format");
    schema.entry("minimum").or_insert(least.into());
    schema.entry("maximum").or_insert(most.into());
}

/// The value as an API server validates it: what is `null` it drops first, but for elements of lists.
fn without_nulls(value: &Value) -> Cow<'_, Value> {
    if !has_null_field(value) {
        return Cow::Borrowed(value);
    }
    let mut value = value.clone();
    drop_null_fields(&mut value);
    Cow::Owned(value)
}

fn has_null_field(value: &Value) -> bool {
    match value {
        Value::Object(fields) => {
            fields.values().any(|value| value.is_null() || has_null_field(value))
        }
        Value::Array(list) => list.iter().any(has_null_field),
        _ => false,
    }
}

fn drop_null_fields(value: &mut Value) {
    match value {
        Value::Object(fields) => {
            fields.retain(|_, value| !value.is_null());
            fields.values_mut().for_each(drop_null_fields);
        }
        Value::Array(list) => list.iter_mut().for_each(drop_null_fields),
        _ => {}
    }
}

/// The way from a value to a place in it. The value says what is a key and what a position.
fn steps(place: &Location, value: &Value) -> Vec<Segment> {
    let mut here = Some(value);
    let step = |token: &str| {
        let key = token.replace("~1", "/").replace("~0", "~");
        let (segment, below) = match here {
            Some(Value::Array(list)) => {
                let position = key.parse().unwrap_or_default();
                (Segment::Index(position), list.get(position))
            }
            _ => (Segment::Key(key.as_str().into()), here.and_then(|here| here.get(&key))),
        };
        here = below;
        segment
    };
    place.as_str().split('/').skip(1).map(step).collect()
}

fn json_type(named: jsonschema::JsonType) -> JsonType {
    match named {
        jsonschema::JsonType::Null => JsonType::Null,
        jsonschema::JsonType::Boolean => JsonType::Boolean,
        jsonschema::JsonType::Integer => JsonType::Integer,
        jsonschema::JsonType::Number => JsonType::Number,
        jsonschema::JsonType::String => JsonType::String,
        jsonschema::JsonType::Array => JsonType::Array,
        jsonschema::JsonType::Object => JsonType::Object,
    }
}

fn failure(error: &ValidationError<'_>) -> SchemaViolationKind {
    let value = &**error.instance();
    let length = || value.as_str().map_or(0, |text| text.chars().count());
    let size = || value.as_array().map_or(0, Vec::len);
    match (error.kind(), value) {
        (ValidationErrorKind::Type { kind }, _) => {
            let expected = match kind {
                TypeKind::Single(one) => vec![json_type(*one)],
                TypeKind::Multiple(several) => several.iter().map(json_type).collect(),
            };
            SchemaViolationKind::Type { expected, found: value.clone() }
        }
        (ValidationErrorKind::Minimum { limit: Value::Number(least) }, Value::Number(found)) => {
            SchemaViolationKind::Below { least: least.clone(), found: plain(found) }
        }
        (ValidationErrorKind::Maximum { limit: Value::Number(most) }, Value::Number(found)) => {
            SchemaViolationKind::Above { most: most.clone(), found: plain(found) }
        }
        (ValidationErrorKind::MinLength { limit }, _) => {
            SchemaViolationKind::TooShort { least: *limit, found: length() }
        }
        (ValidationErrorKind::MaxLength { limit }, _) => {
            SchemaViolationKind::TooLong { most: *limit, found: length() }
        }
        (ValidationErrorKind::MinItems { limit }, _) => {
            SchemaViolationKind::TooFew { least: *limit, found: size() }
        }
        (ValidationErrorKind::MaxItems { limit }, _) => {
            SchemaViolationKind::TooMany { most: *limit, found: size() }
        }
        (ValidationErrorKind::Pattern { pattern }, _) => {
            SchemaViolationKind::Pattern(pattern.clone())
        }
        (ValidationErrorKind::Enum { options }, _) => {
            let text = |choice: &Value| match choice {
                Value::String(text) => text.clone(),
                other => other.to_string(),
            };
            let choices = options.as_array().into_iter().flatten().map(text).collect();
            SchemaViolationKind::NotOneOf { choices, found: value.clone() }
        }
        (ValidationErrorKind::Format { format }, _) => SchemaViolationKind::Format(format.clone()),
        _ => SchemaViolationKind::Other(error.masked_with("the value").to_string()),
    }
}

/// The number as it is most simply written: `2.0` is `2`.
fn plain(number: &Number) -> Number {
    number::integer(&number.clone().into()).map_or_else(|| number.clone(), Number::from)
}
