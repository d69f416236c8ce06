//! Other texts of the same Job.
//!
//! What is the same is written down here once more, apart from the schema by which Jobs are compared,
//! so that a test which uses both can find a error in either.

use serde_json::{Map, Value, json};

/// The text that these choices make of a Job; without any, the compact one.
pub(super) fn spell(job: &Value, choices: Vec<u8>) -> String {
    let mut speller = Speller { choices, next: 0, text: String::new() };
    speller.space();
    speller.value(job, "");
    speller.space();
    speller.text
}

/// A field that may be absent, and the texts that say the same; `null` always is one.
type Optional = (&'static str, &'static [&'static str]);

/// The fields that may be absent, by the place that has them. A zero that the schema denies is not
/// among the texts, as it is a error where the field changes.
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

struct Speller {
    choices: Vec<u8>,
    next: usize,
    text: String,
}

impl Speller {
    /// One of so many possibilities, the first being the plain one. The choices start again when they
    /// are used up, as a text takes more of them than a strategy should have to make.
    fn choose(&mut self, possibilities: usize) -> usize {
        let position = self.next.checked_rem(self.choices.len());
        self.next = self.next.saturating_add(1);
        let choice = position.and_then(|position| self.choices.get(position));
        usize::from(choice.copied().unwrap_or(0)).checked_rem(possibilities).unwrap_or(0)
    }

    /// One of these, likely the first.
    fn pick<T>(&mut self, mut possibilities: Vec<T>) -> Option<T> {
        let chosen = self.choose(possibilities.len().saturating_mul(2));
        let chosen = if chosen < possibilities.len() { chosen } else { 0 };
        (chosen < possibilities.len()).then(|| possibilities.swap_remove(chosen))
    }

    fn space(&mut self) {
        let space = self.pick(vec!["", " ", "\n\t", "\r\n  "]);
        self.text.push_str(space.unwrap_or_default());
    }

    fn value(&mut self, value: &Value, place: &str) {
        match value {
            Value::Object(fields) => self.object(fields, place),
            Value::Array(elements) => self.list(elements, place),
            Value::String(text) => {
                let spelling = self.pick(string_spellings(text, place));
                match spelling.unwrap_or_else(|| text.as_str().into()) {
                    Value::String(text) => self.string(&text),
                    other => self.number(&other),
                }
            }
            Value::Number(_) => match self.pick(number_spellings(value, place)) {
                Some(Value::String(text)) => self.string(&text),
                _ => self.number(value),
            },
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
        let mut spelled: Vec<String> =
            fields.iter().filter_map(|(key, value)| self.field(key, value, place)).collect();
        for (field, absences) in optional(place) {
            if !fields.contains_key(*field) {
                let absence = self.absence(absences);
                spelled.extend(absence.map(|absence| format!("\"{field}\":{absence}")));
            }
        }
        self.text.push('{');
        for position in 0..spelled.len() {
            self.comma(position);
            let left = spelled.len().saturating_sub(position);
            let chosen = position.saturating_add(self.choose(left));
            spelled.swap(position, chosen);
            self.text.push_str(spelled.get(position).map_or("", String::as_str));
            self.space();
        }
        self.text.push('}');
    }

    /// A field with its value, or nothing if that is the same.
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

    /// A text for what is absent: nothing, `null` or one of these.
    fn absence(&mut self, absences: &[&'static str]) -> Option<&'static str> {
        let all = [None, Some("null")].into_iter().chain(absences.iter().copied().map(Some));
        self.pick(all.collect()).flatten()
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
        let forms = match number.as_i64() {
            // Small enough for a double, which is what the other forms are read as.
            Some(integer) if integer.unsigned_abs() < 1 << 53 => vec![
                plain.clone(),
                format!("{plain}.0"),
                format!("{plain}e0"),
                // A number does not start with two zeros.
                format!("{plain}{}E-1", if integer == 0 { "" } else { "0" }),
                format!("{plain}.000e+00"),
            ],
            _ => vec![plain.clone()],
        };
        let form = self.pick(forms).unwrap_or(plain);
        self.text.push_str(&form);
    }
}

fn optional(place: &str) -> &'static [Optional] {
    let found = OPTIONAL.iter().find(|(known, _)| *known == place);
    found.map_or(&[], |(_, fields)| fields)
}

fn string_spellings(text: &str, place: &str) -> Vec<Value> {
    let mut spellings = vec![json!(text)];
    let (holder, name) = place.rsplit_once('.').unwrap_or_default();
    if is_quantity(place) {
        spellings.extend(quantity_spellings(text));
    } else if name == "runningEstimate" || name == "timeout" && holder.ends_with("policies[]") {
        spellings.extend(duration_spellings(text).into_iter().flatten().map(Value::from));
    }
    spellings
}

fn number_spellings(number: &Value, place: &str) -> Vec<Value> {
    let mut spellings = vec![number.clone()];
    if is_quantity(place) {
        spellings.extend(quantity_spellings(&number.to_string()));
    }
    spellings
}

/// Whether a place holds a quantity; its name may have dots.
fn is_quantity(place: &str) -> bool {
    place.contains(".resources.limits.")
        || place.contains(".resources.requests.")
        || place.ends_with(".emptyDir.sizeLimit")
}

/// Other spellings of a whole number of thousandths or of bytes.
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
        let (Some(count), Some(rest)) =
            (thousandths.checked_div(unit), thousandths.checked_rem(unit))
        else {
            continue;
        };
        if rest == 0 {
            spellings.push(json!(format!("{count}{suffix}")));
        } else if rest == unit / 2 {
            spellings.push(json!(format!("{count}.5{suffix}")));
        }
    }
    spellings
}

/// Other spellings of whole hours, minutes and seconds.
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
