//! Tolerations and topology spread constraints.

use std::collections::BTreeSet;

use serde_json::Value;

use super::errors::{
    Errors, Path, Shown, elements, entries, field, list, number, optional_number, optional_text,
    text, texts,
};
use super::metadata::{label_key, selector};
use super::texts::label_value;

pub(super) fn tolerations(errors: &mut Errors, spec: &Value, path: &Path) {
    for (path, toleration) in elements(spec, "tolerations", path) {
        let (key, operator) = (text(toleration, "key"), text(toleration, "operator"));
        let (value, effect) = (text(toleration, "value"), text(toleration, "effect"));
        let operator_path = path.child("operator");
        if !key.is_empty() {
            label_key(errors, &path.child("key"), key);
        } else if operator != "Exists" {
            let detail = "operator must be Exists when `key` is empty, which means \"match all values \
                          and all keys\"";
            errors.invalid(&operator_path, Shown::Named(operator), detail);
        }
        let has_seconds = optional_number(toleration, "tolerationSeconds").is_some();
        if has_seconds && effect != "NoExecute" {
            let detail = "effect must be 'NoExecute' when `tolerationSeconds` is set";
            errors.invalid(&path.child("effect"), Shown::Named(effect), detail);
        }
        match operator {
            "" | "Equal" => {
                let messages = label_value(value);
                if !messages.is_empty() {
                    errors.invalid(&operator_path, Shown::Text(value), &messages.join(";"));
                }
            }
            "Exists" if value.is_empty() => {}
            "Exists" => {
                let detail = "value must be empty when `operator` is 'Exists'";
                errors.invalid(&operator_path, Shown::Text(value), detail);
            }
            "Lt" | "Gt" => {
                let operators = ["Equal", "Exists", "Lt", "Gt"];
                errors.not_supported(&operator_path, Shown::Named(operator), &operators);
            }
            other => {
                errors.not_supported(&operator_path, Shown::Named(other), &["Equal", "Exists"]);
            }
        }
        let effects = ["NoSchedule", "PreferNoSchedule", "NoExecute"];
        errors.choice(&path.child("effect"), effect, &effects);
    }
}

pub(super) fn spread_constraints(errors: &mut Errors, spec: &Value, path: &Path) {
    let constraints = list(spec, "topologySpreadConstraints");
    for (position, (path, constraint)) in
        elements(spec, "topologySpreadConstraints", path).enumerate()
    {
        positive(errors, number(constraint, "maxSkew"), &path.child("maxSkew"));
        let (key, action) =
            (text(constraint, "topologyKey"), text(constraint, "whenUnsatisfiable"));
        if key.is_empty() {
            errors.required(&path.child("topologyKey"), "can not be empty");
        }
        let actions = ["DoNotSchedule", "ScheduleAnyway"];
        if !actions.contains(&action) {
            let path = path.child("whenUnsatisfiable");
            errors.not_supported(&path, Shown::Named(action), &actions);
        }
        let mut later = constraints.iter().skip(position + 1);
        let is_same = |other: &Value| {
            text(other, "topologyKey") == key && text(other, "whenUnsatisfiable") == action
        };
        if later.any(is_same) {
            let path = path.child("{topologyKey, whenUnsatisfiable}");
            errors.duplicate(&path, Shown::Text(&format!("{{{key}, {action}}}")));
        }
        min_domains(errors, constraint, action, &path.child("minDomains"));
        for key in ["nodeAffinityPolicy", "nodeTaintsPolicy"] {
            let policy = optional_text(constraint, key);
            let policies = ["Honor", "Ignore"];
            if let Some(policy) = policy.filter(|policy| !policies.contains(policy)) {
                errors.not_supported(&path.child(key), Shown::Named(policy), &policies);
            }
        }
        match_label_keys(errors, constraint, &path.child("matchLabelKeys"));
        selector(errors, constraint, "labelSelector", &path);
    }
}

fn positive(errors: &mut Errors, number: i64, path: &Path) {
    if number <= 0 {
        errors.invalid(path, Shown::Number(number), "must be greater than zero");
    }
}

fn min_domains(errors: &mut Errors, constraint: &Value, action: &str, path: &Path) {
    let Some(domains) = optional_number(constraint, "minDomains") else { return };
    positive(errors, domains, path);
    if action != "DoNotSchedule" {
        let detail =
            format!("can only use minDomains if whenUnsatisfiable=DoNotSchedule, not {action}");
        errors.invalid(path, Shown::Number(domains), &detail);
    }
}

fn match_label_keys(errors: &mut Errors, constraint: &Value, path: &Path) {
    let keys = texts(constraint, "matchLabelKeys");
    if keys.is_empty() {
        return;
    }
    let labels = field(constraint, "labelSelector");
    if labels.is_none() {
        errors.forbidden(path, "must not be specified when labelSelector is not set");
    }
    let selected: BTreeSet<&str> = labels.map(selected_keys).unwrap_or_default();
    for (position, key) in keys.into_iter().enumerate() {
        let path = path.index(position);
        label_key(errors, &path, key);
        if selected.contains(key) {
            let detail = "exists in both matchLabelKeys and labelSelector";
            errors.invalid(&path, Shown::Text(key), detail);
        }
    }
}

fn selected_keys(selector: &Value) -> BTreeSet<&str> {
    let labels = entries(selector, "matchLabels").map(|(key, _)| key);
    let expressions = list(selector, "matchExpressions").iter().map(|rule| text(rule, "key"));
    labels.chain(expressions).collect()
}
