//! Generates other texts of the same Job.
//!
//! This module does not use the schema that comparison uses. It has its own table of values that
//! are the same, so that a test that uses both can find an error in either.

use std::iter::Cycle;
use std::vec::IntoIter;

use serde_json::{Map, Value, json};

/// Writes the Job as a text that the choices determine; without choices, the compact text.
pub(super) fn respell(job: &Value, choices: Vec<u8>) -> String {
    let mut writer = Writer { choices: choices.into_iter().cycle(), text: String::new() };
    writer.space();
    writer.value(job, "");
    writer.space();
    writer.text
}

/// A field that may be absent, and the values other than `null` that are the same as absent.
type Optional = (&'static str, &'static [&'static str]);

/// The fields that may be absent, by the path of their object. A zero value that the schema does
/// not accept is not among the values.
const OPTIONAL: [(&str, &[Optional]); 14] = [
    ("", &[("status", &["{}"])]),
    (
        "metadata",
        &[
            ("annotations", &["{}"]),
            ("finalizers", &["[]"]),
            ("generateName", &["\"\""]),
            ("labels", &["{}"]),
            ("namespace", &["\"\""]),
            ("ownerReferences", &["[]"]),
            ("resourceVersion", &[]),
            ("uid", &["\"\""]),
        ],
    ),
    (
        "spec",
        &[
            ("maxRetry", &["3"]),
            ("minAvailable", &["0"]),
            ("minSuccess", &[]),
            ("networkTopology", &[]),
            ("plugins", &["{}"]),
            ("policies", &["[]"]),
            ("priorityClassName", &[]),
            ("queue", &["\"default\""]),
            ("runningEstimate", &[]),
            ("schedulerName", &["\"\""]),
            ("ttlSecondsAfterFinished", &[]),
            ("volumes", &["[]"]),
        ],
    ),
    ("spec.networkTopology", &[("mode", &["\"hard\""]), ("highestTierName", &["\"\""])]),
    ("spec.policies[]", POLICY),
    (
        "spec.tasks[]",
        &[
            ("dependsOn", &[]),
            ("maxRetry", &["0"]),
            ("minAvailable", &[]),
            ("name", &[]),
            ("partitionPolicy", &[]),
            ("policies", &["[]"]),
            ("replicas", &["0"]),
            ("topologyPolicy", &[]),
        ],
    ),
    ("spec.tasks[].dependsOn", &[("iteration", &["\"\""]), ("name", &["[]"])]),
    ("spec.tasks[].partitionPolicy", &[("minPartitions", &["0"]), ("networkTopology", &[])]),
    ("spec.tasks[].policies[]", POLICY),
    ("spec.volumes[]", &[("volumeClaim", &[]), ("volumeClaimName", &["\"\""])]),
    ("spec.tasks[].template.metadata", &[("labels", &["{}"]), ("annotations", &["{}"])]),
    (
        "spec.tasks[].template.spec",
        &[
            ("affinity", &[]),
            ("hostNetwork", &[]),
            ("imagePullSecrets", &["[]"]),
            ("initContainers", &["[]"]),
            ("nodeSelector", &["{}"]),
            ("tolerations", &["[]"]),
            ("volumes", &["[]"]),
        ],
    ),
    (
        "spec.tasks[].template.spec.containers[]",
        &[("args", &["[]"]), ("env", &["[]"]), ("ports", &["[]"]), ("resources", &[])],
    ),
    (
        "spec.tasks[].template.spec.containers[].ports[]",
        &[("hostPort", &[]), ("name", &[]), ("protocol", &["\"TCP\""])],
    ),
];

const POLICY: &[Optional] = &[
    ("action", &["\"\""]),
    ("event", &[]),
    ("events", &["[]"]),
    ("exitCode", &[]),
    ("timeout", &[]),
];

struct Writer {
    /// Cycled, because a text consumes more choices than a strategy should generate.
    choices: Cycle<IntoIter<u8>>,
    text: String,
}

impl Writer {
    /// A number below `possibilities`: the next choice, or 0 if there are no choices.
    fn choose(&mut self, possibilities: usize) -> usize {
        self.choices.next().map_or(0, |choice| usize::from(choice) % possibilities)
    }

    /// One of these values, most often the plain one.
    fn pick<T>(&mut self, plain: T, mut others: Vec<T>) -> T {
        match self.choose(2 * (others.len() + 1)) {
            other if (1..=others.len()).contains(&other) => others.swap_remove(other - 1),
            _ => plain,
        }
    }

    fn space(&mut self) {
        let space = self.pick("", vec![" ", "\n\t", "\r\n  "]);
        self.text.push_str(space);
    }

    fn value(&mut self, value: &Value, place: &str) {
        match value {
            Value::Object(fields) => self.object(fields, place),
            Value::Array(elements) => self.list(elements, place),
            Value::String(_) | Value::Number(_) => {
                match self.pick(value.clone(), other_spellings(value, place)) {
                    Value::String(text) => self.string(&text),
                    number => self.number(&number),
                }
            }
            Value::Null | Value::Bool(_) => self.text.push_str(&value.to_string()),
        }
    }

    fn list(&mut self, elements: &[Value], place: &str) {
        let place = format!("{place}[]");
        self.text.push('[');
        for (position, element) in elements.iter().enumerate() {
            self.comma(position);
            self.value(element, &place);
            self.space();
        }
        self.text.push(']');
    }

    fn comma(&mut self, position: usize) {
        if position > 0 {
            self.text.push(',');
        }
        self.space();
    }

    fn object(&mut self, fields: &Map<String, Value>, place: &str) {
        let mut members: Vec<String> =
            fields.iter().filter_map(|(key, value)| self.field(key, value, place)).collect();
        for (field, absences) in optional(place) {
            if !fields.contains_key(*field) {
                let absence = self.absence(absences);
                members.extend(absence.map(|absence| format!("\"{field}\":{absence}")));
            }
        }
        self.text.push('{');
        for position in 0..members.len() {
            self.comma(position);
            let field = members.remove(self.choose(members.len()));
            self.text.push_str(&field);
            self.space();
        }
        self.text.push('}');
    }

    /// The text of a field and its value, or `None` to omit the field.
    fn field(&mut self, key: &str, value: &Value, place: &str) -> Option<String> {
        let absences = optional(place).iter().find(|(field, _)| *field == key);
        let absences = absences.filter(|(_, absences)| absences.contains(&&*value.to_string()));
        if let Some((_, absences)) = absences.filter(|_| self.choose(2) == 1) {
            return self.absence(absences).map(|absence| format!("\"{key}\":{absence}"));
        }
        let before = std::mem::take(&mut self.text);
        self.string(key);
        self.space();
        self.text.push(':');
        self.space();
        let is_top = place.is_empty() && !key.is_empty();
        let below = if is_top { key.to_owned() } else { format!("{place}.{key}") };
        self.value(value, &below);
        Some(std::mem::replace(&mut self.text, before))
    }

    /// The spelling of an absent field: `None` to omit it, `null` or one of these values.
    fn absence(&mut self, absences: &[&'static str]) -> Option<&'static str> {
        self.pick(None, std::iter::once(&"null").chain(absences).copied().map(Some).collect())
    }

    fn string(&mut self, text: &str) {
        self.text.push('"');
        for c in text.chars() {
            match (self.choose(16), c) {
                (0..14, '"' | '\\') | (13, '/') => self.text.extend(['\\', c]),
                (0..14, ' '..) => self.text.push(c),
                (0..14, '\n') => self.text.push_str("\\n"),
                (upper, c) => {
                    for unit in c.encode_utf16(&mut [0; 2]) {
                        let hex =
                            if upper == 15 { format!("{unit:04X}") } else { format!("{unit:04x}") };
                        self.text.push_str("\\u");
                        self.text.push_str(&hex);
                    }
                }
            }
        }
        self.text.push('"');
    }

    fn number(&mut self, number: &Value) {
        let plain = number.to_string();
        let others = match number.as_i64() {
            // The other forms are read as doubles, which are exact up to 2⁵³.
            Some(integer) if integer.unsigned_abs() < 1 << 53 => vec![
                format!("{plain}.0"),
                format!("{plain}e0"),
                // JSON does not allow two leading zeros.
                format!("{plain}{}E-1", if integer == 0 { "" } else { "0" }),
                format!("{plain}.000e+00"),
            ],
            _ => Vec::new(),
        };
        let form = self.pick(plain, others);
        self.text.push_str(&form);
    }
}

fn optional(place: &str) -> &'static [Optional] {
    let entry = OPTIONAL.iter().find(|(known, _)| *known == place);
    entry.map_or(&[], |(_, fields)| fields)
}

/// Other spellings of a text or number, if it is a quantity or a duration.
fn other_spellings(value: &Value, place: &str) -> Vec<Value> {
    if is_quantity(place) {
        return match value {
            Value::String(text) => quantity_spellings(text),
            other => quantity_spellings(&other.to_string()),
        };
    }
    let durations = match value {
        Value::String(text) if is_duration(place) => duration_spellings(text),
        _ => None,
    };
    durations.into_iter().flatten().map(Value::from).collect()
}

fn is_duration(place: &str) -> bool {
    place == "spec.runningEstimate" || place.ends_with("policies[].timeout")
}

/// Whether the field is a quantity. Resource names can have dots in them.
fn is_quantity(place: &str) -> bool {
    place.contains(".resources.limits.")
        || place.contains(".resources.requests.")
        || place.ends_with(".emptyDir.sizeLimit")
}

/// Other spellings of a quantity that is a whole number of thousandths, such as `100m` or `2Gi`.
fn quantity_spellings(text: &str) -> Vec<Value> {
    let digits = text.trim_end_matches(|c: char| c.is_ascii_alphabetic());
    let factor = match text.strip_prefix(digits) {
        Some("m") => 1,
        Some("") => 1_000,
        Some("k") => 1_000_000,
        Some("Ki") => 1_024_000,
        Some("Mi") => 1_048_576_000,
        Some("Gi") => 1_073_741_824_000,
        _ => return Vec::new(),
    };
    let Some(thousandths) = digits.parse().ok().and_then(|n: u64| n.checked_mul(factor)) else {
        return Vec::new();
    };
    let whole = thousandths / 1_000;
    let rest = thousandths % 1_000;
    let mut spellings = vec![
        json!(format!("{thousandths}m")),
        json!(format!("{thousandths}e-3")),
        json!(format!("+{whole}.{rest:03}")),
        json!(format!("0{whole}.{rest:03}00")),
        json!(format!("{whole}.{rest:03}{}", "0".repeat(20))),
    ];
    if rest == 0 {
        spellings.extend([json!(whole), json!(whole.to_string()), json!(format!("{whole}000E-3"))]);
    }
    for (unit, suffix) in [(1_024_000_u64, "Ki"), (1_048_576_000, "Mi"), (1_073_741_824_000, "Gi")]
    {
        let (count, rest) = (thousandths / unit, thousandths % unit);
        if rest == 0 {
            spellings.push(json!(format!("{count}{suffix}")));
        } else if rest == unit / 2 {
            spellings.push(json!(format!("{count}.5{suffix}")));
        }
    }
    spellings
}

/// Other spellings of a duration of whole hours, minutes and seconds; `None` for any other text.
fn duration_spellings(text: &str) -> Option<Vec<String>> {
    let mut seconds: u64 = 0;
    for term in text.split_inclusive(|c: char| c.is_ascii_alphabetic()) {
        let (digits, unit) = term.split_at_checked(term.len().checked_sub(1)?)?;
        let unit = match unit {
            "h" => 3600,
            "m" => 60,
            "s" => 1,
            _ => return None,
        };
        seconds = seconds.checked_add(digits.parse::<u64>().ok()?.checked_mul(unit)?)?;
    }
    let (hours, minutes) = (seconds / 3600, seconds / 60);
    Some(vec![
        format!("{seconds}s"),
        format!("+{seconds}000ms"),
        format!("{minutes}m{}s", seconds % 60),
        format!("{hours}h{}m{}s", minutes % 60, seconds % 60),
        format!("{}s{minutes}.0m", seconds % 60),
    ])
}
