//! What the schema holds against a result, in the words of an API server.
//!
//! The words are those of [kube-openapi](https://github.com/kubernetes/kube-openapi/blob/master/pkg/validation/errors/schema.go)
//! and of [listtype](https://github.com/kubernetes/apiextensions-apiserver/tree/master/pkg/apiserver/schema/listtype).

use std::collections::HashSet;
use std::fmt::Write as _;

use serde_json::{Map, Number, Value};

use crate::go;
use crate::response::with_value;
use volcano_job_update::Job;
use volcano_job_update::Validator;
use volcano_job_update::internals::{NumberRule, Structural};
use volcano_job_update::internals::{
    SchemaViolation, SchemaViolationKind, schema_violations, structural, type_of,
};
use volcano_job_update::status::{CauseType, Status, StatusCause};
use volcano_job_update::{FieldPath, Segment};

/// The largest whole number that is taken for an integer when written as a double.
const MAX_WHOLE_DOUBLE: f64 = 9_007_199_254_740_991.0;

/// What the schema holds against the parts of a Job that differ from the existing one.
///
/// # Errors
///
/// The answer where the existing Job cannot be read.
pub(crate) fn causes(
    existing: &Job<'_>,
    result: &Job<'_>,
    validator: &Validator,
) -> Result<Vec<StatusCause>, Status> {
    let violations = schema_violations(existing, result, validator)
        .map_err(|violation| Status::review_error(&violation))?;
    let mut causes =
        Causes { schema: structural(validator), known: HashSet::new(), list: Vec::new() };
    for violation in &violations {
        causes.add(violation);
    }
    Ok(causes.list)
}

struct Causes<'s> {
    schema: &'s Structural,
    /// The places of numbers that everything was said of.
    known: HashSet<String>,
    list: Vec<StatusCause>,
}

impl Causes<'_> {
    fn add(&mut self, violation: &SchemaViolation) {
        let field = server_path(&violation.path);
        let rule = self.schema.number_rule(violation.path.segments());
        let new = violation.new.as_ref().unwrap_or(&Value::Null);
        match &violation.failure {
            SchemaViolationKind::Type { expected, found: Value::Number(number) }
                if expected.contains(&"integer") =>
            {
                self.add_number(&field, number, rule);
            }
            SchemaViolationKind::Below { found: number, .. }
            | SchemaViolationKind::Above { found: number, .. } => {
                self.add_number(&field, number, rule);
            }
            SchemaViolationKind::Type { expected, found } => {
                // Where the schema has a format, texts and lists alone are compared by type.
                let format = rule.and_then(|rule| rule.format.as_deref());
                let by_format = matches!(found, Value::Bool(_) | Value::Object(_));
                match format.filter(|_| by_format) {
                    Some(format) => self.add_type(&field, format, ""),
                    None => self.add_type(&field, &expected.join(","), type_name(found)),
                }
            }
            SchemaViolationKind::Missing => {
                self.list.push(StatusCause::new(CauseType::Required, field, ""));
            }
            SchemaViolationKind::NotOneOf { choices, found } => {
                let choices: Vec<String> = choices.iter().map(|choice| go::quote(choice)).collect();
                let detail = format!("supported values: {}", choices.join(", "));
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
                self.add_invalid(&field, new, &format!("should be at least {least} chars long"));
            }
            SchemaViolationKind::Pattern(pattern) => {
                self.add_invalid(&field, new, &format!("should match '{pattern}'"));
            }
            SchemaViolationKind::Format(format) => {
                let shown = new.as_str().map(go::quote).unwrap_or_default();
                let detail = format!("{field} in body must be of type {format}: {shown}");
                let kind = CauseType::TypeInvalid;
                self.list.push(with_value(kind, field, new, &detail));
            }
            SchemaViolationKind::Repeats { keys, .. } => {
                let value = only(new, keys);
                self.list.push(with_value(CauseType::Duplicate, field, &value, ""));
            }
            SchemaViolationKind::Other(text) => self.add_invalid(&field, new, text),
        }
    }

    /// Everything that is wrong with a number where an integer must stand.
    fn add_number(&mut self, field: &str, number: &Number, rule: Option<&NumberRule>) {
        if !self.known.insert(field.to_owned()) {
            return;
        }
        let format = rule.and_then(|rule| rule.format.as_deref());
        let double = number.as_f64().unwrap_or(f64::NAN);
        let is_integer = number.is_i64()
            || (double.fract() == 0.0 && (-MAX_WHOLE_DOUBLE..=MAX_WHOLE_DOUBLE).contains(&double));
        if !is_integer {
            match format {
                Some(format) => self.add_type(field, format, "float64"),
                None => self.add_type(field, "integer", "number"),
            }
        }
        #[expect(clippy::cast_possible_truncation, reason = "checked to be whole and in range")]
        let integer = is_integer.then(|| number.as_i64().unwrap_or(double as i64));
        let fits = match format {
            Some("int32") => integer.is_some_and(|integer| i32::try_from(integer).is_ok()),
            _ => integer.is_some(),
        };
        if !fits {
            let of_format = match format {
                Some(format) => format!("with format {format}"),
                None => "(default format)".into(),
            };
            // The server knows no field here, and shows that.
            let detail = format!("Checked value must be of type integer {of_format} in {field}");
            let cause = with_value(CauseType::Invalid, "<nil>", &"".into(), &detail);
            self.list.push(cause);
        }
        let value = Value::Number(number.clone());
        let as_double = |bound: &Number| bound.as_f64().unwrap_or_default();
        let most = rule.and_then(|rule| rule.maximum.as_ref());
        if let Some(most) = most.filter(|most| double > as_double(most)) {
            self.add_invalid(field, &value, &format!("should be less than or equal to {most}"));
        }
        let least = rule.and_then(|rule| rule.minimum.as_ref());
        if let Some(least) = least.filter(|least| double < as_double(least)) {
            self.add_invalid(field, &value, &format!("should be greater than or equal to {least}"));
        }
    }

    fn add_type(&mut self, field: &str, expected: &str, found: &str) {
        self.list.push(wrong_type(field, expected, found));
    }

    fn add_invalid(&mut self, field: &str, value: &Value, what: &str) {
        let detail = format!("{field} in body {what}");
        self.list.push(with_value(CauseType::Invalid, field, value, &detail));
    }
}

/// The keys of a list element, where it has them; with no keys, all of it.
fn only(element: &Value, keys: &[Box<str>]) -> Value {
    if keys.is_empty() {
        return element.clone();
    }
    let found =
        keys.iter().filter_map(|key| Some(((**key).to_owned(), element.get(&**key)?.clone())));
    Value::Object(found.collect::<Map<_, _>>())
}

/// The violation of a value of another type than the schema has.
pub(crate) fn wrong_type(field: &str, expected: &str, found: &str) -> StatusCause {
    let detail = format!("{field} in body must be of type {expected}: {}", go::quote(found));
    with_value(CauseType::TypeInvalid, field, &found.into(), &detail)
}

/// The JSON type of a value as the server calls it.
pub(crate) fn type_name(value: &Value) -> &'static str {
    match value {
        Value::Number(number) if number.is_i64() => "integer",
        other => type_of(other),
    }
}

/// A path with its keys as they are.
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
