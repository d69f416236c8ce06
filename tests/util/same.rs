//! Whether two Jobs are the same Job, by the contract in lib.rs ("What counts as a change").
//!
//! This is independent of the library: it brings both documents into one form, by the text of the
//! schemas, and compares those forms. It knows the quantities and durations that the tests write; all
//! others are compared as text.

use std::collections::BTreeMap;
use std::sync::LazyLock;

use serde_json::{Number, Value};

/// The OpenAPI schema of a Job, with that of its metadata.
static SCHEMA: LazyLock<Value> = LazyLock::new(|| {
    let mut schema = parse(include_str!("../../schemas/job.openapi.json"));
    if let Some(metadata) = schema.pointer_mut("/properties/metadata") {
        *metadata = OVERLAY.get("metadata").cloned().unwrap_or_default();
    }
    schema
});

static OVERLAY: LazyLock<Value> =
    LazyLock::new(|| parse(include_str!("../../schemas/overlay.json")));

#[expect(clippy::expect_used, reason = "a schema that cannot be read fails the test")]
fn parse(text: &str) -> Value {
    serde_json::from_str(text).expect("the schemas are JSON")
}

/// Whether two documents are the same Job.
pub(crate) fn is_same_job(existing: &Value, replacement: &Value) -> bool {
    let mut forms = [existing, replacement].map(job_form);
    // The API server fills these in, so that they count only where both Jobs have them.
    for field in ["namespace", "uid"] {
        if forms.iter().any(|job| !job.metadata.contains_key(field)) {
            for job in &mut forms {
                job.metadata.remove(field);
            }
        }
    }
    forms[0] == forms[1]
}

/// A Job in its one form: absent and empty `metadata` and `spec` are the same.
#[derive(Debug, PartialEq)]
struct JobForm {
    metadata: BTreeMap<String, Form>,
    spec: BTreeMap<String, Form>,
    other: BTreeMap<String, Form>,
}

fn job_form(job: &Value) -> JobForm {
    let mut fields = match form(job, &SCHEMA, "", Slot::Element) {
        Some(Form::Object(fields)) => fields,
        _ => BTreeMap::new(),
    };
    let [metadata, spec] = ["metadata", "spec"].map(|field| match fields.remove(field) {
        Some(Form::Object(fields)) => fields,
        _ => BTreeMap::new(),
    });
    JobForm { metadata, spec, other: fields }
}

/// A value in the one form that all its spellings have.
#[derive(Clone, Debug, PartialEq)]
enum Form {
    /// `null`, a boolean or a text.
    Plain(Value),
    Number(String),
    /// In 10⁻⁹.
    Quantity(i128),
    /// In nanoseconds.
    Duration(i128),
    List(Vec<Form>),
    /// The texts of the elements, sorted.
    Set(Vec<String>),
    Object(BTreeMap<String, Form>),
}

/// Where a value stands.
#[derive(Clone, Copy, PartialEq)]
enum Slot {
    /// A field of a struct that the schema knows.
    Field,
    /// A key of a map, or a field that the schema does not know.
    Key,
    /// An element of a list.
    Element,
}

/// The form of a value; `None` if it is the same as leaving it out.
fn form(value: &Value, schema: &Value, place: &str, slot: Slot) -> Option<Form> {
    let is_field = slot == Slot::Field;
    if is_field && is_listed("systemManaged", place) {
        return None;
    }
    let form = match value {
        // A null task has no fields.
        Value::Null if place == "spec.tasks[*]" => Form::Object(BTreeMap::new()),
        Value::Null if slot != Slot::Element => return None,
        Value::Object(map) => {
            let fields: BTreeMap<String, Form> = map
                .iter()
                .filter_map(|(key, value)| {
                    let (schema, place, slot) = below(schema, place, key);
                    Some((key.clone(), form(value, schema, &place, slot)?))
                })
                .collect();
            if is_field && is_map(schema) && fields.is_empty() {
                return None;
            }
            Form::Object(fields)
        }
        Value::Array(list) => {
            if is_field && is_list(schema) && list.is_empty() {
                return None;
            }
            list_form(list, schema, place)
        }
        scalar => scalar_form(scalar, schema, place),
    };
    let is_default = is_field && absent_form(schema, place).is_some_and(|absent| absent == form);
    (!is_default).then_some(form)
}

fn list_form(list: &[Value], schema: &Value, place: &str) -> Form {
    if schema.get("x-kubernetes-list-type") == Some(&"set".into()) {
        let mut texts: Vec<String> = list.iter().map(text_of).collect();
        texts.sort();
        return Form::Set(texts);
    }
    let items = if is_list(schema) { schema.get("items") } else { None };
    let place = format!("{place}[*]");
    let items = items.unwrap_or(&Value::Null);
    Form::List(list.iter().filter_map(|item| form(item, items, &place, Slot::Element)).collect())
}

fn scalar_form(scalar: &Value, schema: &Value, place: &str) -> Form {
    let text = match scalar {
        Value::String(text) => text.clone(),
        other => other.to_string(),
    };
    // Only a quantity has a pattern and may be a number.
    let is_quantity =
        schema.get("x-kubernetes-int-or-string").is_some() && schema.get("pattern").is_some();
    match scalar {
        Value::String(_) | Value::Number(_) if is_quantity => quantity(&text).map(Form::Quantity),
        Value::String(_) if is_listed("durations", place) => duration(&text).map(Form::Duration),
        Value::Number(number) => Some(Form::Number(number_text(number))),
        _ => None,
    }
    .unwrap_or_else(|| Form::Plain(scalar.clone()))
}

/// The schema, place and slot of what stands under a key.
fn below<'s>(schema: &'s Value, place: &str, key: &str) -> (&'s Value, String, Slot) {
    if let Some(fields) = schema.get("properties") {
        let dot = if place.is_empty() { "" } else { "." };
        return match fields.get(key) {
            Some(field) => (field, format!("{place}{dot}{key}"), Slot::Field),
            None => (&Value::Null, "unknown".into(), Slot::Key),
        };
    }
    let values = schema.get("additionalProperties").filter(|values| values.is_object());
    (values.unwrap_or(&Value::Null), format!("{place}[*]"), Slot::Key)
}

fn is_map(schema: &Value) -> bool {
    schema.get("additionalProperties").is_some_and(Value::is_object)
}

fn is_list(schema: &Value) -> bool {
    schema.get("type") == Some(&"array".into())
}

fn is_listed(list: &str, place: &str) -> bool {
    let places = OVERLAY.get(list).and_then(Value::as_array);
    places.is_some_and(|places| places.iter().any(|listed| listed == place))
}

/// The form of the value that is the same as leaving the field out.
fn absent_form(schema: &Value, place: &str) -> Option<Form> {
    if let Some(default) = schema.get("default") {
        return form(default, schema, place, Slot::Key);
    }
    if !is_listed("zeroIsAbsent", place) {
        return None;
    }
    let is_text = schema.get("type") == Some(&"string".into());
    Some(if is_text { Form::Plain("".into()) } else { Form::Number("0".into()) })
}

/// A text that equal elements of a set share.
fn text_of(element: &Value) -> String {
    match element {
        Value::Number(number) => number_text(number),
        other => other.to_string(),
    }
}

/// A text that equal numbers share: `1`, `1.0` and `1e0`.
fn number_text(number: &Number) -> String {
    match (number.as_i64(), number.as_u64(), number.as_f64()) {
        (Some(integer), ..) => integer.to_string(),
        (_, Some(integer), _) => integer.to_string(),
        // Of a whole double this writes all digits, as of an integer.
        // -0.0 too.
        (.., Some(0.0)) => "0".into(),
        (.., Some(double)) => double.to_string(),
        _ => number.to_string(),
    }
}

/// A quantity in 10⁻⁹, rounded away from zero; `None` if it is none, or is very large.
fn quantity(text: &str) -> Option<i128> {
    let (is_negative, unsigned) = sign(text);
    let (number, suffix) = unsigned.split_at(
        unsigned.find(|c: char| !c.is_ascii_digit() && c != '.').unwrap_or(unsigned.len()),
    );
    let (whole, fraction) = number.split_once('.').unwrap_or((number, ""));
    let digits: i128 = format!("{whole}{fraction}").parse().ok()?;
    let decimal =
        ["n", "u", "m", "", "k", "M", "G", "T", "P", "E"].iter().position(|s| *s == suffix);
    let binary = ["Ki", "Mi", "Gi", "Ti", "Pi", "Ei"].iter().position(|s| *s == suffix);
    let (factor, exponent) = match (decimal, binary) {
        (Some(position), _) => (1, i32::try_from(position).ok()? * 3 - 9),
        (_, Some(position)) => (1024_i128.checked_pow(u32::try_from(position).ok()? + 1)?, 0),
        _ => (1, suffix.strip_prefix(['e', 'E'])?.parse().ok()?),
    };
    let exponent = exponent - i32::try_from(fraction.len()).ok()? + 9;
    let power = 10_i128.checked_pow(exponent.unsigned_abs());
    let value = digits.checked_mul(factor)?;
    let value = if exponent < 0 {
        power.map_or(i128::from(value > 0), |power| (value + power - 1) / power)
    } else {
        value.checked_mul(power?)?
    };
    let cap = i128::from(i64::MAX) * 1_000_000_000;
    let value = if binary.is_some() { value.min(cap) } else { value };
    Some(if is_negative { -value } else { value })
}

/// A duration such as `-1h30m` in nanoseconds; `None` if it is none.
fn duration(text: &str) -> Option<i128> {
    let (is_negative, mut rest) = sign(text);
    let mut sum = 0;
    while !rest.is_empty() && rest != "0" {
        let (number, after) = rest.split_at(rest.find(|c: char| !c.is_ascii_digit() && c != '.')?);
        let (unit, after) = after
            .split_at(after.find(|c: char| c.is_ascii_digit() || c == '.').unwrap_or(after.len()));
        let unit: i128 = match unit {
            "ns" => 1,
            "us" | "µs" | "μs" => 1_000,
            "ms" => 1_000_000,
            "s" => 1_000_000_000,
            "m" => 60_000_000_000,
            "h" => 3_600_000_000_000,
            _ => return None,
        };
        let (whole, fraction) = number.split_once('.').unwrap_or((number, ""));
        let digits: i128 = format!("{whole}{fraction}").parse().ok()?;
        let scale = 10_i128.checked_pow(u32::try_from(fraction.len()).ok()?)?;
        sum += digits.checked_mul(unit)? / scale;
        rest = after;
    }
    let is_duration =
        text.ends_with(|c: char| c.is_alphabetic()) || text.trim_start_matches(['+', '-']) == "0";
    let sum = if is_negative { -sum } else { sum };
    i64::try_from(sum).is_ok_and(|_| is_duration).then_some(sum)
}

fn sign(text: &str) -> (bool, &str) {
    (text.starts_with('-'), text.strip_prefix(['+', '-']).unwrap_or(text))
}
