//! The rules of a CRD that are not evaluated.

use std::fmt;

use serde_json::Value;

/// A rule in the Common Expression Language. `Display` is its place and its text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UncheckedRule {
    place: String,
    rule: String,
}

impl UncheckedRule {
    /// The place of the value that the rule is for, such as `spec.tasks[*]`; empty for the whole Job.
    #[must_use]
    pub fn place(&self) -> &str {
        &self.place
    }

    /// The expression.
    #[must_use]
    pub fn rule(&self) -> &str {
        &self.rule
    }
}

impl fmt::Display for UncheckedRule {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &*self.place {
            "" => f.write_str(&self.rule),
            place => write!(f, "{place}: {}", self.rule),
        }
    }
}

/// All `x-kubernetes-validations` of an OpenAPI schema, sorted by their places.
pub(super) fn unchecked_rules(openapi: &Value) -> Vec<UncheckedRule> {
    let mut rules = Vec::new();
    add_rules(openapi, "", &mut rules);
    // The order of the properties depends on a feature of serde_json.
    rules.sort_by(|a: &UncheckedRule, b| a.place.cmp(&b.place));
    rules
}

fn add_rules(openapi: &Value, place: &str, rules: &mut Vec<UncheckedRule>) {
    let declared = openapi.get("x-kubernetes-validations").and_then(Value::as_array);
    for rule in declared.into_iter().flatten() {
        let rule = rule.get("rule").and_then(Value::as_str).unwrap_or_default().to_owned();
        rules.push(UncheckedRule { place: place.to_owned(), rule });
    }
    for (name, below) in openapi.get("properties").and_then(Value::as_object).into_iter().flatten()
    {
        let dot = if place.is_empty() { "" } else { "." };
        add_rules(below, &format!("{place}{dot}{name}"), rules);
    }
    for keyword in ["items", "additionalProperties"] {
        if let Some(below) = openapi.get(keyword) {
            add_rules(below, &format!("{place}[*]"), rules);
        }
    }
}
