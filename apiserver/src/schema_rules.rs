//! Schema violations with the messages of an API server.
//!
//! The messages are those of
//! [kube-openapi](https://github.com/kubernetes/kube-openapi/blob/master/pkg/validation/errors/schema.go)
//! and of
//! [listtype](https://github.com/kubernetes/apiextensions-apiserver/tree/master/pkg/apiserver/schema/listtype).

use std::collections::HashSet;
use std::fmt::Write as _;

use serde_json::{Map, Number, Value};
use volcano_job_update::internals::{
    ANY, JsonType, Ratcheting, SchemaViolation, SchemaViolationKind, Structural, schema_violations,
    status_violations, structural,
};
use volcano_job_update::status::{CauseType, Status, StatusCause};
use volcano_job_update::{FieldPath, Job, Segment, Validator};

use crate::go;
use crate::response::{MAX_CAUSES, with_value};

/// What the server writes for a field that it does not know.
const NOWHERE: &str = "<nil>";

/// The schema violations in the parts of a Job that differ from the existing Job.
///
/// # Errors
///
/// A part that differs cannot be read.
pub(crate) fn causes(
    existing: &Job<'_>,
    result: &Job<'_>,
    validator: &Validator,
    ratcheting: Ratcheting,
) -> Result<Vec<StatusCause>, Status> {
    let violations = violations(existing, result, validator, ratcheting)?;
    Ok(causes_of(&violations, structural(validator)))
}

/// Of these violations, those of the identity of list elements, which alone are looked for in an object
/// of another kind.
///
/// # Errors
///
/// A part that differs cannot be read.
pub(crate) fn list_causes(
    existing: &Job<'_>,
    result: &Job<'_>,
    validator: &Validator,
) -> Result<Vec<StatusCause>, Status> {
    let mut violations = violations(existing, result, validator, Ratcheting::Lists)?;
    violations.retain(|violation| {
        matches!(
            violation.kind,
            SchemaViolationKind::Repeats { .. } | SchemaViolationKind::NoListMapElement
        )
    });
    // Defaults are not filled in.
    Ok(causes_of(&violations, &ANY))
}

/// The schema violations in the parts of a status that differ from the existing one. An API server
/// validates it alone, so the messages do not name it.
pub(crate) fn status_causes(
    existing: Option<&Value>,
    status: &Value,
    validator: &Validator,
) -> Vec<StatusCause> {
    let violations = status_violations(existing, status, validator, MAX_CAUSES);
    below_status(causes_of(&violations, status_schema(validator)))
}

/// The causes for the nulls in a status where the schema allows none.
pub(crate) fn status_null_causes(status: &Value, validator: &Validator) -> Vec<StatusCause> {
    let mut causes = Vec::new();
    add_null_causes(status, status_schema(validator), &mut String::new(), &mut causes);
    below_status(causes)
}

fn status_schema(validator: &Validator) -> &Structural {
    structural(validator).declared_child("status").unwrap_or(&ANY)
}

fn below_status(mut causes: Vec<StatusCause>) -> Vec<StatusCause> {
    for cause in &mut causes {
        cause.field = match &*cause.field {
            NOWHERE | "" => "status".into(),
            field => format!("status.{field}"),
        };
    }
    causes
}

fn violations(
    existing: &Job<'_>,
    result: &Job<'_>,
    validator: &Validator,
    ratcheting: Ratcheting,
) -> Result<Vec<SchemaViolation>, Status> {
    schema_violations(existing, result, validator, MAX_CAUSES, ratcheting)
        .map_err(|error| Status::review_error(&error))
}

fn causes_of(violations: &[SchemaViolation], schema: &Structural) -> Vec<StatusCause> {
    let is_wrong_length = |violation: &&SchemaViolation| {
        matches!(
            violation.kind,
            SchemaViolationKind::TooShort { .. } | SchemaViolationKind::TooLong { .. }
        )
    };
    let mut causes = Causes {
        schema,
        numbers: HashSet::new(),
        wrong_lengths: violations.iter().filter(is_wrong_length).map(|long| &long.path).collect(),
        list: Vec::new(),
    };
    for violation in violations.iter().take(MAX_CAUSES) {
        causes.add(violation);
    }
    causes.list
}

struct Causes<'s> {
    schema: &'s Structural,
    /// The paths of numbers for which all causes were added.
    numbers: HashSet<String>,
    /// The paths of strings that are too short or too long.
    wrong_lengths: HashSet<&'s FieldPath>,
    list: Vec<StatusCause>,
}

impl Causes<'_> {
    fn add(&mut self, violation: &SchemaViolation) {
        let field = server_path(&violation.path);
        let schema = self.schema.at(violation.path.segments());
        match &violation.kind {
            SchemaViolationKind::Type { expected, found }
                if matches!(expected.as_slice(), [JsonType::Integer, JsonType::String]) =>
            {
                self.add_int_or_string(&field, found);
            }
            SchemaViolationKind::Type { expected, found: Value::Number(number) }
                if expected.contains(&JsonType::Integer) =>
            {
                self.add_number(&field, number, schema);
            }
            SchemaViolationKind::Below { found: number, .. }
            | SchemaViolationKind::Above { found: number, .. } => {
                self.add_number(&field, number, schema);
            }
            SchemaViolationKind::Type { expected, found } => {
                // The server names the format instead of the type, unless the value is a string or
                // list. It accepts a list for a string with a format.
                match (integer_format(schema).or(string_format(schema)), found) {
                    (Some(format), Value::Bool(_) | Value::Object(_)) => {
                        self.add_type(&field, format, "");
                    }
                    (Some(format), Value::Number(_)) => {
                        let is_integer = type_name(found) == JsonType::Integer.name();
                        let go_type = if is_integer { "int64" } else { "float64" };
                        self.add_type(&field, format, go_type);
                    }
                    (Some(_), Value::Array(_)) if string_format(schema).is_some() => {}
                    _ => self.add_type(&field, &names(expected), type_name(found)),
                }
            }
            SchemaViolationKind::Missing => {
                self.list.push(StatusCause::new(CauseType::Required, field, ""));
            }
            SchemaViolationKind::NotOneOf { choices, found } => {
                let detail = supported_values(choices.iter().map(|choice| &**choice));
                let kind = CauseType::NotSupported;
                self.list.push(with_value(kind, field, found, &detail));
            }
            SchemaViolationKind::TooLong { most, .. } => {
                let detail = format!("may not be more than {most} bytes");
                self.list.push(StatusCause::new(CauseType::TooLong, field, &detail));
            }
            SchemaViolationKind::TooMany { most, found } => {
                let detail = format!("must have at most {most} items");
                let found = (*found).into();
                self.list.push(with_value(CauseType::TooMany, field, &found, &detail));
            }
            SchemaViolationKind::TooFew { least, found } => {
                let what = format!("should have at least {least} items");
                self.add_invalid(&field, &(*found).into(), &what);
            }
            SchemaViolationKind::TooShort { least, .. } => {
                let what = format!("should be at least {least} chars long");
                self.add_invalid(&field, new_value(violation), &what);
            }
            // The server checks the pattern of a string only if its length is right.
            SchemaViolationKind::Pattern(_) | SchemaViolationKind::NotAQuantity { .. }
                if self.wrong_lengths.contains(&violation.path) => {}
            SchemaViolationKind::Pattern(pattern)
            | SchemaViolationKind::NotAQuantity { pattern } => {
                let what = format!("should match '{pattern}'");
                self.add_invalid(&field, new_value(violation), &what);
            }
            SchemaViolationKind::Format(format) => {
                let new = new_value(violation);
                let shown = match new {
                    Value::String(text) => go::quote(text),
                    other => go::text_of(other),
                };
                let detail = format!("{field} in body must be of type {format}: {shown}");
                let kind = CauseType::TypeInvalid;
                self.list.push(with_value(kind, field, new, &detail));
            }
            SchemaViolationKind::Repeats { keys, .. } => {
                let value = keys_of(new_value(violation), keys, schema);
                self.list.push(with_value(CauseType::Duplicate, field, &value, ""));
            }
            SchemaViolationKind::NoListMapElement => {
                let detail = "must be an object for an array of list-type map";
                let value = new_value(violation);
                self.list.push(with_value(CauseType::Invalid, field, value, detail));
            }
            SchemaViolationKind::Other(text) => {
                self.add_invalid(&field, new_value(violation), text);
            }
        }
    }

    /// Adds all causes for a number that violates the schema of an integer.
    fn add_number(&mut self, field: &str, number: &Number, schema: &Structural) {
        if !self.numbers.insert(field.to_owned()) {
            return;
        }
        let format = integer_format(schema);
        let double = as_double(number);
        if !(number.is_i64() || is_almost_integer(double)) {
            match format {
                Some(format) => self.add_type(field, format, "float64"),
                None => self.add_type(field, "integer", "number"),
            }
        }
        let integer = number.as_i64().or_else(|| to_i64(double));
        let fits = match format {
            Some("int32") => integer.is_some_and(|integer| i32::try_from(integer).is_ok()),
            _ => integer.is_some(),
        };
        if !fits {
            self.add_not_in_range(field, format);
        }
        let value = Value::Number(number.clone());
        if let Some(most) = schema.maximum().filter(|most| double > as_double(most)) {
            self.add_invalid(field, &value, &format!("should be less than or equal to {most}"));
        }
        if let Some(least) = schema.minimum().filter(|least| double < as_double(least)) {
            self.add_invalid(field, &value, &format!("should be greater than or equal to {least}"));
        }
    }

    /// Adds all causes for a value that is neither an integer nor a string.
    fn add_int_or_string(&mut self, field: &str, found: &Value) {
        let name = type_name(found);
        self.add_type(field, "integer,string", name);
        self.add_nowhere(&format!(
            "{} must validate at least one schema (anyOf)",
            go::quote(field)
        ));
        self.add_type(field, "integer", name);
        if found.is_number() {
            self.add_not_in_range(field, None);
        }
    }

    /// Adds the cause for a number that is no integer of this format.
    fn add_not_in_range(&mut self, field: &str, format: Option<&str>) {
        let of_format = match format {
            Some(format) => format!("with format {format}"),
            None => "(default format)".into(),
        };
        self.add_nowhere(&format!("Checked value must be of type integer {of_format} in {field}"));
    }

    /// Adds a cause for which the server does not know the field, and writes `<nil>`.
    fn add_nowhere(&mut self, detail: &str) {
        self.list.push(with_value(CauseType::Invalid, NOWHERE, &"".into(), detail));
    }

    fn add_type(&mut self, field: &str, expected: &str, found: &str) {
        self.list.push(wrong_type(field, expected, found));
    }

    fn add_invalid(&mut self, field: &str, value: &Value, what: &str) {
        let detail = format!("{field} in body {what}");
        self.list.push(with_value(CauseType::Invalid, field, value, &detail));
    }
}

/// The value in the replacement.
#[expect(
    clippy::expect_used,
    reason = "only a missing field and the number of tasks have no value, and those need none"
)]
fn new_value(violation: &SchemaViolation) -> &Value {
    violation.new_value().expect("the violation is of a value")
}

/// `int32` or `int64`, if the schema has such a format.
fn integer_format(schema: &Structural) -> Option<&str> {
    schema.format().filter(|format| format.starts_with("int"))
}

/// `date-time`, the only format of strings that schemas of Jobs have.
fn string_format(schema: &Structural) -> Option<&str> {
    schema.format().filter(|format| *format == "date-time")
}

/// A number as Go's `float64`. A number out of that range becomes NaN, which is not an integer and
/// violates no bound. Only `serde_json`'s feature `arbitrary_precision` parses such a number.
fn as_double(number: &Number) -> f64 {
    number.as_f64().unwrap_or(f64::NAN)
}

/// Whether the type of a double is right for an integer: up to 2⁵³ − 1, and within a relative error of
/// 10⁻⁹ (`IsFloat64AJSONInteger` in
/// [swag](https://github.com/go-openapi/swag/blob/v0.23.0/convert.go)).
fn is_almost_integer(double: f64) -> bool {
    const MAX: f64 = 9_007_199_254_740_991.0;
    let (whole, fraction) = (double.trunc(), double.fract());
    // In Go, a negative double has no integer part that is close to it, because it is unsigned.
    let is_close = || whole > 0.0 && fraction / (whole + double) < 1e-9;
    double.abs() <= MAX && (fraction == 0.0 || is_close())
}

/// A whole double in the range of `i64`.
fn to_i64(double: f64) -> Option<i64> {
    const END: f64 = 9_223_372_036_854_775_808.0;
    #[expect(clippy::cast_possible_truncation, reason = "whole and in range")]
    (double.fract() == 0.0 && (-END..END).contains(&double)).then_some(double as i64)
}

/// The keys of an element of a keyed list, with their values. For a set, the element itself.
fn keys_of(element: &Value, keys: &[Box<str>], schema: &Structural) -> Value {
    if keys.is_empty() {
        return element.clone();
    }
    let with_value = |key: &str| {
        let default = || schema.declared_child(key)?.default.as_ref();
        let value = element.get(key).filter(|value| !value.is_null()).or_else(default)?;
        Some((key.to_owned(), value.clone()))
    };
    let keys = keys.iter().map(|key| &**key);
    Value::Object(keys.filter_map(with_value).collect::<Map<_, _>>())
}

/// The cause for a value of a type other than the schema's.
pub(crate) fn wrong_type(field: &str, expected: &str, found: &str) -> StatusCause {
    let detail = format!("{field} in body must be of type {expected}: {}", go::quote(found));
    with_value(CauseType::TypeInvalid, field, &found.into(), &detail)
}

/// Adds the causes for the nulls in a value. `path` is that of the value again afterwards.
pub(crate) fn add_null_causes(
    value: &Value,
    schema: &Structural,
    path: &mut String,
    causes: &mut Vec<StatusCause>,
) {
    if causes.len() >= MAX_CAUSES {
        return;
    }
    let length = path.len();
    match value {
        Value::Null if !schema.nullable && schema.default.is_none() => {
            causes.extend(null_causes(path, schema));
        }
        Value::Object(fields) => {
            for (name, value) in fields {
                if let Some(schema) = schema.declared_child(name) {
                    if length > 0 {
                        path.push('.');
                    }
                    path.push_str(name);
                    add_null_causes(value, schema, path, causes);
                    path.truncate(length);
                }
            }
        }
        Value::Array(items) => {
            for (position, item) in items.iter().enumerate() {
                // Writing to a String cannot fail.
                let _ = write!(path, "[{position}]");
                add_null_causes(item, schema.items(), path, causes);
                path.truncate(length);
            }
        }
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
    }
}

/// The causes for a `null` where the schema allows none. A value that it does not describe can be null.
fn null_causes(field: &str, schema: &Structural) -> Vec<StatusCause> {
    let expected = match schema.json_type() {
        Some(expected) => expected,
        None if schema.is_int_or_string() => "integer,string",
        None => return Vec::new(),
    };
    let mut causes = vec![wrong_type(field, expected, "null")];
    let choices = schema.enum_values();
    if !choices.is_empty() {
        let detail = supported_values(choices.iter().filter_map(Value::as_str));
        causes.push(with_value(CauseType::NotSupported, field, &Value::Null, &detail));
    }
    causes
}

fn supported_values<'c>(choices: impl Iterator<Item = &'c str>) -> String {
    let choices: Vec<String> = choices.map(go::quote).collect();
    format!("supported values: {}", choices.join(", "))
}

/// The names of JSON types, as the server lists them.
fn names(types: &[JsonType]) -> String {
    let names: Vec<&str> = types.iter().map(|one| one.name()).collect();
    names.join(",")
}

/// The server's name for the JSON type of a value.
pub(crate) fn type_name(value: &Value) -> &'static str {
    match value {
        Value::Number(number) if number.is_i64() || go::is_negative_zero(number) => {
            JsonType::Integer
        }
        other => JsonType::of(other),
    }
    .name()
}

/// A path as the server writes it: keys are not quoted.
fn server_path(path: &FieldPath) -> String {
    let mut text = String::new();
    for segment in path.segments() {
        match segment {
            Segment::Key(key) => {
                if !text.is_empty() {
                    text.push('.');
                }
                text.push_str(key);
            }
            Segment::Index(index) => {
                // Writing to a String cannot fail.
                let _ = write!(text, "[{index}]");
            }
        }
    }
    text
}
