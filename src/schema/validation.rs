//! Validation of changed values against the schema.
//!
//! Each field of `metadata`, of `spec` and of a task has one compiled validator. Only fields that
//! the update changed are validated, and only violations in changed values count: see
//! [`super::ratchet`].

use jsonschema::error::{TypeKind, ValidationErrorKind};
use jsonschema::paths::Location;
use jsonschema::{ValidationError, Validator};
use serde_json::{Number, Value};

use super::instance::{Instance, surface};
use super::ratchet::{Places, Ratchet, Same, ValuePair};
use super::structural::{EnumSource, Kind, Structural};
use super::validator::{FieldValidator, Validation};
use super::violation::{SchemaViolation, SchemaViolationKind};
use crate::job::{JsonType, KeptValue, Node};
use crate::path::{FieldPath, Segment};
use crate::scalar::number;

/// What validation knows about an update besides the value that it validates.
pub(crate) struct SchemaUpdate<'u> {
    /// Decides which values did not change.
    pub(crate) same: Same,
    /// Whether a list of the existing Job has duplicate elements, or a keyed one an element that is no
    /// object.
    pub(crate) existing_repeats: &'u dyn Fn() -> bool,
    /// The maximum number of violations to return for one field.
    pub(crate) limit: usize,
    /// Whether a value must be one of the choices that only the overlay knows.
    pub(crate) checks_overlay_choices: bool,
    /// Whether an element of a keyed list that is no object has a violation of the list too, beside that
    /// of its type.
    pub(crate) checks_list_map_elements: bool,
}

/// The violations of the schema in one value.
#[derive(Debug, Default)]
pub(crate) struct SchemaViolations {
    pub(crate) list: Vec<SchemaViolation>,
    /// The number of violations beyond the limit.
    pub(crate) omitted: usize,
}

impl SchemaViolations {
    fn add(&mut self, limit: usize, violation: impl FnOnce() -> SchemaViolation) {
        if self.list.len() < limit {
            self.list.push(violation());
        } else {
            self.omitted += 1;
        }
    }

    fn append(&mut self, limit: usize, Self { list, omitted }: Self) {
        self.omitted += omitted;
        for violation in list {
            self.add(limit, || violation);
        }
    }
}

impl Structural {
    /// Whether the value of a field, or a task, is valid, without ratcheting. A field that is
    /// `null` is valid, because an API server drops it.
    pub(crate) fn accepts(&self, value: Node<'_>) -> bool {
        match &self.validation {
            Validation::None | Validation::Subresource(_) => true,
            Validation::Field(validator) => value.is_null() || validator.accepts(self, value),
            Validation::Task => {
                value.is_object()
                    && value.members().all(|(name, value)| {
                        self.declared_child(&name.to_str()).is_none_or(|field| field.accepts(value))
                    })
            }
        }
    }

    /// The violations of the schema in the new value of a field, or in an added task.
    ///
    /// `path` is the path of the value in the replacement. To avoid building an owned path for a valid value, call [`Self::accepts`] first.
    pub(crate) fn violations(
        &self,
        path: &FieldPath,
        existing: Option<Node<'_>>,
        replacement: Node<'_>,
        update: &SchemaUpdate<'_>,
    ) -> SchemaViolations {
        match &self.validation {
            _ if self.accepts(replacement) => SchemaViolations::default(),
            Validation::None | Validation::Subresource(_) => SchemaViolations::default(),
            Validation::Field(validator) => {
                self.field_violations(validator, path, existing, replacement, update)
            }
            Validation::Task => self.task_violations(path, replacement, update),
        }
    }

    /// The violations of the schema in a new status, with paths from the status. None unless this is the
    /// schema of the status.
    pub(crate) fn status_violations(
        &self,
        existing: Option<Node<'_>>,
        replacement: Node<'_>,
        update: &SchemaUpdate<'_>,
    ) -> SchemaViolations {
        match &self.validation {
            Validation::Subresource(validator) if !validator.accepts(self, replacement) => {
                let path = FieldPath::default();
                self.field_violations(validator, &path, existing, replacement, update)
            }
            _ => SchemaViolations::default(),
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
        existing: Option<Node<'_>>,
        replacement: Node<'_>,
        update: &SchemaUpdate<'_>,
    ) -> SchemaViolations {
        let field = ValuePair { schema: self, existing, replacement };
        let mut walk = FieldWalk {
            ratchet: Ratchet::new(field, update.same),
            path,
            place: Vec::new(),
            update,
            violations: SchemaViolations::default(),
        };
        walk.value(field);
        let FieldWalk { mut ratchet, mut violations, .. } = walk;
        if !validator.unique_elements {
            return violations;
        }
        let repeated = self.repeated(replacement);
        // An API server does not report duplicates if the stored Job already has some.
        if repeated.is_empty() || (update.existing_repeats)() {
            return violations;
        }
        for repeated in repeated {
            if repeated.first.is_none() && !update.checks_list_map_elements {
                continue;
            }
            let Some(list) = ratchet.changed_at(&repeated.list) else { continue };
            violations.add(update.limit, || {
                let position = Segment::Index(repeated.position);
                SchemaViolation {
                    new: ratchet.places.below(list.replacement, &position).map(KeptValue::from),
                    path: below(path, repeated.list.into_iter().chain([position])),
                    kind: match repeated.first {
                        Some(first) => SchemaViolationKind::Repeats { first, keys: repeated.keys },
                        None => SchemaViolationKind::NoListMapElement,
                    },
                    old: None,
                }
            });
        }
        violations
    }

    fn task_violations(
        &self,
        path: &FieldPath,
        task: Node<'_>,
        update: &SchemaUpdate<'_>,
    ) -> SchemaViolations {
        let mut violations = SchemaViolations::default();
        if !task.is_object() {
            let (expected, found) = (vec![JsonType::Object], surface(task));
            let kind = SchemaViolationKind::Type { expected, found };
            let new = Some(task.into());
            let violation = SchemaViolation { path: path.clone(), kind, old: None, new };
            violations.add(update.limit, || violation);
        }
        for (name, value) in task.members() {
            let name = name.to_str();
            let Some(field) = self.declared_child(&name) else { continue };
            let path = below(path, [Segment::Key((&*name).into())]);
            violations.append(update.limit, field.violations(&path, None, value, update));
        }
        violations
    }
}

impl FieldValidator {
    fn accepts(&self, schema: &Structural, value: Node<'_>) -> bool {
        self.json_schema.is_valid(value) && !(self.unique_elements && schema.has_repeated(value))
    }
}

/// Finds the violations in a field, value by value. The crate `jsonschema` would return all errors of
/// a field at once, and there can be as many as the text has values.
struct FieldWalk<'v, 'p> {
    ratchet: Ratchet<'v>,
    /// The path of the field.
    path: &'p FieldPath,
    /// The current value, from the field.
    place: Vec<Segment>,
    update: &'p SchemaUpdate<'p>,
    violations: SchemaViolations,
}

impl<'v> FieldWalk<'v, '_> {
    fn value(&mut self, pair: ValuePair<'v>) {
        let ValuePair { schema, replacement, .. } = pair;
        if self.ratchet.is_unchanged(&pair) {
            return;
        }
        if let Some(validator) = schema.own_validator().filter(|own| !own.is_valid(replacement)) {
            self.errors(validator, pair);
        }
        match &schema.kind {
            Kind::Struct(_) | Kind::Map(_) if replacement.is_object() => {
                for (key, value) in replacement.members().filter(|(_, value)| !value.is_null()) {
                    let key = key.to_str();
                    if schema.declared_child(&key).is_some() {
                        self.child(pair, Segment::Key((&*key).into()), value);
                    }
                }
            }
            Kind::List { .. } if replacement.is_list() => {
                for (position, element) in replacement.elements().enumerate() {
                    self.child(pair, Segment::Index(position), element);
                }
            }
            _ => {}
        }
    }

    fn child(&mut self, parent: ValuePair<'v>, step: Segment, value: Node<'v>) {
        let pair = self.ratchet.below(&parent, &step, value);
        self.place.push(step);
        self.value(pair);
        self.place.pop();
    }

    /// Adds the errors in a value itself. Keywords such as `anyOf` can find some below it.
    fn errors(&mut self, validator: &Validator<Instance>, pair: ValuePair<'v>) {
        let errors: Vec<_> = validator.iter_errors(pair.replacement).collect();
        let is_out_of_range = errors.iter().any(|error| {
            matches!(
                error.kind(),
                ValidationErrorKind::Minimum { .. } | ValidationErrorKind::Maximum { .. }
            )
        });
        for error in errors {
            // A whole number beyond all integers of its format is out of range, and that says more.
            let is_type = matches!(error.kind(), ValidationErrorKind::Type { .. });
            if is_type && is_out_of_range && pair.replacement.is_whole() {
                continue;
            }
            let places = &mut self.ratchet.places;
            let place = place_of(error.instance_path(), pair.replacement, places);
            let Some(at) = self.ratchet.changed_below(pair, &place) else { continue };
            let is_overlay_choice = matches!(error.kind(), ValidationErrorKind::Enum { .. })
                && at.schema.enum_source == EnumSource::Overlay;
            // The wrong type is another error.
            let is_wrong_type = || at.replacement.as_text().is_none();
            if is_overlay_choice && (!self.update.checks_overlay_choices || is_wrong_type()) {
                continue;
            }
            let place = self.place.iter().cloned().chain(place);
            self.violations
                .add(self.update.limit, || violation_of(&error, below(self.path, place), at));
        }
    }
}

/// Converts an error of a validator to a violation of the value at this path.
fn violation_of(
    error: &ValidationError<'_>,
    path: FieldPath,
    pair: ValuePair<'_>,
) -> SchemaViolation {
    if let ValidationErrorKind::Required { property: Value::String(name) } = error.kind() {
        return SchemaViolation {
            path: below(&path, [Segment::Key(name.as_str().into())]),
            kind: SchemaViolationKind::Missing,
            old: pair.existing.and_then(|existing| existing.get(name)).map(KeptValue::from),
            new: None,
        };
    }
    SchemaViolation {
        path,
        kind: kind_of(error, pair.schema, pair.replacement),
        old: pair.existing.map(KeptValue::from),
        new: Some(pair.replacement.into()),
    }
}

fn below(path: &FieldPath, place: impl IntoIterator<Item = Segment>) -> FieldPath {
    let mut path = path.clone();
    path.extend(place);
    path
}

/// The place of an error. A location does not tell the key `0` from the position `0`, so the value
/// decides.
#[expect(clippy::expect_used, reason = "an error is located in the value that was validated")]
fn place_of<'v>(location: &Location, value: Node<'v>, places: &mut Places<'v>) -> Vec<Segment> {
    let mut current = value;
    let segment = |token: &str| {
        let segment = if current.is_list() {
            Segment::Index(token.parse().expect("a step into a list is a number"))
        } else {
            Segment::Key(token.replace("~1", "/").replace("~0", "~").into())
        };
        current = places.below(current, &segment).expect("a step to a value");
        segment
    };
    location.as_str().split('/').skip(1).map(segment).collect()
}

fn kind_of(
    error: &ValidationError<'_>,
    schema: &Structural,
    found: Node<'_>,
) -> SchemaViolationKind {
    match (error.kind(), found.as_number()) {
        (ValidationErrorKind::Type { kind }, _) => {
            let expected = match kind {
                TypeKind::Single(one) => vec![json_type(*one)],
                TypeKind::Multiple(several) => several.iter().map(json_type).collect(),
            };
            SchemaViolationKind::Type { expected, found: surface(found) }
        }
        (ValidationErrorKind::Minimum { limit: Value::Number(least) }, Some(found)) => {
            SchemaViolationKind::Below { least: least.clone(), found: simplest(&found) }
        }
        (ValidationErrorKind::Maximum { limit: Value::Number(most) }, Some(found)) => {
            SchemaViolationKind::Above { most: most.clone(), found: simplest(&found) }
        }
        (ValidationErrorKind::MinLength { limit }, _) => {
            SchemaViolationKind::TooShort { least: *limit, found: characters(found) }
        }
        (ValidationErrorKind::MaxLength { limit }, _) => {
            SchemaViolationKind::TooLong { most: *limit, found: characters(found) }
        }
        (ValidationErrorKind::MinItems { limit }, _) => {
            SchemaViolationKind::TooFew { least: *limit, found: found.elements().count() }
        }
        (ValidationErrorKind::MaxItems { limit }, _) => {
            SchemaViolationKind::TooMany { most: *limit, found: found.elements().count() }
        }
        (ValidationErrorKind::Pattern { pattern }, _) => match schema.kind {
            Kind::Quantity => SchemaViolationKind::NotAQuantity { pattern: pattern.clone() },
            _ => SchemaViolationKind::Pattern(pattern.clone()),
        },
        (ValidationErrorKind::Enum { options }, _) => {
            SchemaViolationKind::NotOneOf { choices: choices(options), found: found.to_value() }
        }
        (ValidationErrorKind::Format { format }, _) => SchemaViolationKind::Format(format.clone()),
        _ => SchemaViolationKind::Other(error.masked_with("the value").to_string()),
    }
}

/// The number of characters of a string.
fn characters(string: Node<'_>) -> usize {
    string.to_str().map_or(0, |text| text.chars().count())
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
