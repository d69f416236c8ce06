//! Validation of changed values against the schema.
//!
//! Each field of `metadata`, of `spec` and of a task has one compiled validator. Only fields that
//! the update changed are validated, and only violations in changed values count: see
//! [`super::ratchet`].

use std::borrow::Cow;

use jsonschema::ValidationError;
use jsonschema::error::{TypeKind, ValidationErrorKind};
use jsonschema::paths::Location;
use serde_json::{Number, Value};

use super::ratchet::{Ratchet, Same, ValuePair, value_below};
use super::repeated::Repeated;
use super::structural::{Kind, Structural};
use super::validator::{FieldValidator, Validation};
use super::violation::{SchemaViolation, SchemaViolationKind};
use crate::job::JsonType;
use crate::path::{FieldPath, Segment};
use crate::scalar::number;

impl Structural {
    /// Whether the value of a field, or a task, is valid, without ratcheting. A field that is
    /// `null` is valid, because an API server drops it.
    pub(crate) fn accepts(&self, value: &Value) -> bool {
        match &self.validation {
            Validation::None => true,
            Validation::Field(validator) => {
                value.is_null() || validator.accepts(self, &without_nulls(value))
            }
            Validation::Task => value.as_object().is_some_and(|fields| {
                fields.iter().all(|(name, value)| {
                    self.declared_child(name).is_none_or(|field| field.accepts(value))
                })
            }),
        }
    }

    /// The violations of the schema in the new value of a field, or in an added task.
    ///
    /// `path` is the path of the value in the replacement. `same` decides which values did not
    /// change. To avoid building an owned path for a valid value, call [`Self::accepts`] first.
    pub(crate) fn violations(
        &self,
        path: &FieldPath,
        existing: Option<&Value>,
        replacement: &Value,
        same: Same,
    ) -> Vec<SchemaViolation> {
        match &self.validation {
            _ if self.accepts(replacement) => Vec::new(),
            Validation::None => Vec::new(),
            Validation::Field(validator) => {
                self.field_violations(validator, path, existing, replacement, same)
            }
            Validation::Task => self.task_violations(path, replacement, same),
        }
    }

    /// The violation if a list has fewer or more elements than the schema allows.
    pub(crate) fn count_violation(
        &self,
        path: &FieldPath,
        count: usize,
    ) -> Option<SchemaViolation> {
        let bound = |keyword| self.value_validation(keyword).and_then(Value::as_u64);
        let kind = match (bound("minItems"), bound("maxItems")) {
            (Some(least), _) if (count as u64) < least => {
                SchemaViolationKind::TooFew { least, found: count }
            }
            (_, Some(most)) if (count as u64) > most => {
                SchemaViolationKind::TooMany { most, found: count }
            }
            _ => return None,
        };
        Some(SchemaViolation { path: path.clone(), kind, old: None, new: None })
    }

    fn field_violations(
        &self,
        validator: &FieldValidator,
        path: &FieldPath,
        existing: Option<&Value>,
        replacement: &Value,
        same: Same,
    ) -> Vec<SchemaViolation> {
        let replacement = without_nulls(replacement);
        let field = ValuePair { schema: self, existing, replacement: &replacement };
        let mut ratchet = Ratchet::new(field, same);
        let errors = validator.json_schema.iter_errors(&replacement);
        let mut violations: Vec<SchemaViolation> =
            errors.filter_map(|error| violation_of(&error, path, field, &mut ratchet)).collect();
        if validator.unique_elements {
            violations.extend(duplicate_violations(path, field, &mut ratchet));
        }
        violations
    }

    fn task_violations(&self, path: &FieldPath, task: &Value, same: Same) -> Vec<SchemaViolation> {
        let Value::Object(fields) = task else {
            let kind =
                SchemaViolationKind::Type { expected: vec![JsonType::Object], found: task.clone() };
            let new = Some(task.clone());
            return vec![SchemaViolation { path: path.clone(), kind, old: None, new }];
        };
        let of_field = |(name, value): (&String, &Value)| {
            let path = below(path, [Segment::Key(name.as_str().into())]);
            Some(self.declared_child(name)?.violations(&path, None, value, same))
        };
        fields.iter().filter_map(of_field).flatten().collect()
    }
}

impl FieldValidator {
    fn accepts(&self, schema: &Structural, value: &Value) -> bool {
        self.json_schema.is_valid(value) && !(self.unique_elements && schema.has_repeated(value))
    }
}

/// Converts an error of a validator to a violation; `None` if the value did not change.
fn violation_of<'v>(
    error: &ValidationError<'_>,
    path: &FieldPath,
    field: ValuePair<'v>,
    ratchet: &mut Ratchet<'v>,
) -> Option<SchemaViolation> {
    let place = place_of(error.instance_path(), field.replacement);
    let pair = ratchet.changed_at(&place)?;
    let path = below(path, place);
    if let ValidationErrorKind::Required { property: Value::String(name) } = error.kind() {
        return Some(SchemaViolation {
            path: below(&path, [Segment::Key(name.as_str().into())]),
            kind: SchemaViolationKind::Missing,
            old: pair.existing.and_then(|existing| existing.get(name)).cloned(),
            new: None,
        });
    }
    Some(SchemaViolation {
        path,
        kind: kind_of(error, pair.schema),
        old: pair.existing.cloned(),
        new: Some(pair.replacement.clone()),
    })
}

/// The violations for duplicate elements of changed lists.
fn duplicate_violations<'v>(
    path: &FieldPath,
    field: ValuePair<'v>,
    ratchet: &mut Ratchet<'v>,
) -> Vec<SchemaViolation> {
    let repeated = field.schema.repeated(field.replacement).into_iter();
    let violation = |repeated: Repeated| {
        let pair = ratchet.changed_at(&repeated.list)?;
        let position = Segment::Index(repeated.position);
        Some(SchemaViolation {
            new: Some(value_below(pair.replacement, &position).clone()),
            path: below(path, repeated.list.into_iter().chain([position])),
            kind: SchemaViolationKind::Repeats { first: repeated.first, keys: repeated.keys },
            old: None,
        })
    };
    repeated.filter_map(violation).collect()
}

fn below(path: &FieldPath, place: impl IntoIterator<Item = Segment>) -> FieldPath {
    let mut path = path.clone();
    path.extend(place);
    path
}

/// The place of an error. A location does not tell the key `0` from the position `0`, so the value
/// decides.
#[expect(clippy::expect_used, reason = "an error is located in the value that was validated")]
fn place_of(location: &Location, value: &Value) -> Vec<Segment> {
    let mut current = value;
    let segment = |token: &str| {
        let segment = match current {
            Value::Array(_) => {
                Segment::Index(token.parse().expect("a step into a list is a number"))
            }
            _ => Segment::Key(token.replace("~1", "/").replace("~0", "~").into()),
        };
        current = value_below(current, &segment);
        segment
    };
    location.as_str().split('/').skip(1).map(segment).collect()
}

fn kind_of(error: &ValidationError<'_>, schema: &Structural) -> SchemaViolationKind {
    match (error.kind(), &**error.instance()) {
        (ValidationErrorKind::Type { kind }, found) => {
            let expected = match kind {
                TypeKind::Single(one) => vec![json_type(*one)],
                TypeKind::Multiple(several) => several.iter().map(json_type).collect(),
            };
            SchemaViolationKind::Type { expected, found: found.clone() }
        }
        (ValidationErrorKind::Minimum { limit: Value::Number(least) }, Value::Number(found)) => {
            SchemaViolationKind::Below { least: least.clone(), found: simplest(found) }
        }
        (ValidationErrorKind::Maximum { limit: Value::Number(most) }, Value::Number(found)) => {
            SchemaViolationKind::Above { most: most.clone(), found: simplest(found) }
        }
        (ValidationErrorKind::MinLength { limit }, Value::String(text)) => {
            SchemaViolationKind::TooShort { least: *limit, found: text.chars().count() }
        }
        (ValidationErrorKind::MaxLength { limit }, Value::String(text)) => {
            SchemaViolationKind::TooLong { most: *limit, found: text.chars().count() }
        }
        (ValidationErrorKind::MinItems { limit }, Value::Array(list)) => {
            SchemaViolationKind::TooFew { least: *limit, found: list.len() }
        }
        (ValidationErrorKind::MaxItems { limit }, Value::Array(list)) => {
            SchemaViolationKind::TooMany { most: *limit, found: list.len() }
        }
        (ValidationErrorKind::Pattern { pattern }, _) => match schema.kind {
            Kind::Quantity => SchemaViolationKind::NotAQuantity { pattern: pattern.clone() },
            _ => SchemaViolationKind::Pattern(pattern.clone()),
        },
        (ValidationErrorKind::Enum { options }, found) => {
            SchemaViolationKind::NotOneOf { choices: choices(options), found: found.clone() }
        }
        (ValidationErrorKind::Format { format }, _) => SchemaViolationKind::Format(format.clone()),
        _ => SchemaViolationKind::Other(error.masked_with("the value").to_string()),
    }
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

/// The values of an `enum`, as strings.
#[expect(clippy::expect_used, reason = "a schema that did not compile validates nothing")]
fn choices(options: &Value) -> Vec<String> {
    let text = |choice: &Value| match choice {
        Value::String(text) => text.clone(),
        other => other.to_string(),
    };
    let choices =
        options.as_array().expect("the JSON Schema compiler accepts only a list as `enum`");
    choices.iter().map(text).collect()
}

/// The number in its simplest form: `2` for `2.0`.
fn simplest(number: &Number) -> Number {
    number::integer(&number.clone().into()).map_or_else(|| number.clone(), Number::from)
}

/// The value as an API server validates it: without `null` fields, but with `null` list elements.
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
