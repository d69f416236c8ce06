//! `ValidatingAdmissionPolicy`: as much of the rule as CEL can say.

use volcano_job_update::{DroppedDefaults, FieldPattern, UpdatePolicy};

use super::configuration::{METADATA, NOT_THE_GARBAGE_COLLECTOR};
use super::fields::{Fields, Freedom, list};
use super::{fill, header};

const TEMPLATE: &str = r#"---
apiVersion: admissionregistration.k8s.io/v1
kind: ValidatingAdmissionPolicy
metadata:
  name: @name@
spec:
  failurePolicy: Fail
  matchConstraints:
    matchPolicy: Equivalent
    resourceRules:
    - operations: ["UPDATE"]
      apiGroups: ["batch.volcano.sh"]
      apiVersions: ["v1alpha1"]
      resources: ["jobs"]
      scope: Namespaced
  matchConditions:
  @condition@
  variables:
  @variables@
  validations:
  @validations@
---
apiVersion: admissionregistration.k8s.io/v1
kind: ValidatingAdmissionPolicyBinding
metadata:
  name: @name@
spec:
  policyName: @name@
  validationActions: ["Deny"]
"#;

/// Volcano writes the name of the claim that it made for a volume.
const FILLED_CLAIMS: &str = r#"variables.new[k].size() == variables.old[k].size() &&
variables.new[k].all(i, volume, volume == variables.old[k][i] || (
  has(volume.volumeClaim) &&
  (!has(variables.old[k][i].volumeClaimName) || variables.old[k][i].volumeClaimName == "") &&
  volume.all(f, f == "volumeClaimName" || (f in variables.old[k][i] && variables.old[k][i][f] == volume[f])) &&
  variables.old[k][i].all(f, f in volume)))"#;

pub(super) fn print(name: &str, policy: &UpdatePolicy) -> String {
    let fields = Fields::new(policy);
    let allowed = allowed_in_words(policy);
    let validations = of_metadata(&fields, policy, &allowed)
        + &of_spec(&fields, &allowed)
        + &of_tasks(&fields, &allowed);
    let values = [
        ("name", name),
        ("condition", NOT_THE_GARBAGE_COLLECTOR),
        ("variables", &variables(&fields, policy)),
        ("validations", &validations),
    ];
    header(policy) + &limits(&fields, policy) + &fill(TEMPLATE, &values)
}

/// What the manifest says of itself at its beginning.
fn limits(fields: &Fields, policy: &UpdatePolicy) -> String {
    let mut text = String::from(
        "#
# What CEL cannot say, and the webhook can. This policy lets pass:
#  - replicas below minAvailable, minAvailable above the sum of replicas, replicas that do not fit a
#    partitionPolicy, and two tasks of one name where a task was changed;
#  - values that the schema of the Job allows and no pod may have, such as restartPolicy: Sometimes.
",
    );
    for pattern in &fields.widened {
        let line = format!("#  - beside {}, all else in the same field.\n", pattern.escape_debug());
        text.push_str(&line);
    }
    text.push_str(
        "# This policy denies, where nothing may be changed:
#  - another spelling of the same value (1024Mi for 1Gi, 60m for 1h, an empty list or map or a zero
#    for an absent one), and another order of a list in which order has no meaning.
",
    );
    if policy.dropped_defaults() != DroppedDefaults::Deny {
        text.push_str("#  - a manifest without the fields that Volcano filled in at creation.\n");
    }
    text + "# It names the fields in no fixed order, only those of the first rule that is broken, and inside of
# tasks only the task; it has no causes, no codes and no hints.
"
}

fn allowed_in_words(policy: &UpdatePolicy) -> String {
    let fields: Vec<&str> = policy.allowed().iter().map(FieldPattern::as_str).collect();
    format!(": field is immutable; only these may be changed: {}", fields.join(", "))
}

/// A text in CEL.
fn text(text: &str) -> String {
    serde_json::to_string(text).unwrap_or_default()
}

fn variables(fields: &Fields, policy: &UpdatePolicy) -> String {
    let mut keys = match fields.of_spec() {
        Freedom::Whole | Freedom::None => Vec::new(),
        Freedom::Keys(keys) => keys,
    };
    keys.push("tasks");
    let keys = list(&keys);
    let same = if says(policy, "ignoreFilledVolumeClaims") {
        format!("(k == \"volumes\" && k in variables.old && {FILLED_CLAIMS})")
    } else {
        "false".into()
    };
    let same = same.replace('\n', "\n    ");
    format!(
        r"- name: old
  expression: 'has(oldObject.spec) ? oldObject.spec : {{}}'
- name: new
  expression: 'has(object.spec) ? object.spec : {{}}'
- name: changed
  expression: >-
    variables.new.filter(k, !(k in {keys}) && !(k in variables.old && variables.old[k] == variables.new[k]) &&
    !{same}) +
    variables.old.filter(k, !(k in {keys}) && !(k in variables.new))
- name: oldTasks
  expression: 'has(oldObject.spec) && has(oldObject.spec.tasks) ? oldObject.spec.tasks : []'
- name: newTasks
  expression: 'has(object.spec) && has(object.spec.tasks) ? object.spec.tasks : []'
"
    )
}

/// What of a policy is known by its form as a file alone.
fn says(policy: &UpdatePolicy, key: &str) -> bool {
    let file = serde_json::to_value(policy).unwrap_or_default();
    file.get(key).and_then(serde_json::Value::as_bool) == Some(true)
}

fn of_metadata(fields: &Fields, policy: &UpdatePolicy, allowed: &str) -> String {
    let mut validations = String::new();
    for (field, empty) in METADATA {
        let side = |object: &str| {
            format!("(has({object}.metadata.{field}) ? {object}.metadata.{field} : {empty})")
        };
        let (new, old) = (side("object"), side("oldObject"));
        let mut expression = match fields.of_metadata(field) {
            Freedom::Whole => continue,
            Freedom::None => format!("{new} == {old}"),
            Freedom::Keys(keys) => {
                let keys = list(&keys);
                format!(
                    "{new}.all(k, k in {keys} || (k in {old} && {old}[k] == {new}[k])) && \
                     {old}.all(k, k in {keys} || k in {new})"
                )
            }
        };
        if field == "finalizers" && says(policy, "releaseFinalizersWhileDeleting") {
            expression = format!("has(oldObject.metadata.deletionTimestamp) || {expression}");
        }
        let message = text(&format!("metadata.{field}{allowed}"));
        validations.extend([
            "- expression: >-\n    ",
            &expression,
            "\n  message: ",
            &message,
            "\n",
        ]);
    }
    validations
}

fn of_spec(fields: &Fields, allowed: &str) -> String {
    if matches!(fields.of_spec(), Freedom::Whole) {
        return String::new();
    }
    let allowed = text(allowed);
    format!(
        "- expression: variables.changed.size() == 0
  messageExpression: >-
    variables.changed.map(k, \"spec.\" + string(k)).join(\", \") + {allowed}
  message: spec must not be changed
"
    )
}

fn of_tasks(fields: &Fields, allowed: &str) -> String {
    let keys = match fields.of_tasks() {
        Freedom::Whole => return String::new(),
        Freedom::Keys(keys) => list(&keys),
        Freedom::None => list(&[]),
    };
    let allowed = text(allowed);
    format!(
        "- expression: variables.newTasks.size() == variables.oldTasks.size()
  message: 'spec.tasks: a task must be neither added nor removed'
- expression: >-
    variables.newTasks.all(i, task, i >= variables.oldTasks.size() || (
    task.all(k, k in {keys} || (k in variables.oldTasks[i] && variables.oldTasks[i][k] == task[k])) &&
    variables.oldTasks[i].all(k, k in {keys} || k in task)))
  messageExpression: >-
    variables.newTasks.transformList(i, task, i < variables.oldTasks.size() && !(
    task.all(k, k in {keys} || (k in variables.oldTasks[i] && variables.oldTasks[i][k] == task[k])) &&
    variables.oldTasks[i].all(k, k in {keys} || k in task)), \"spec.tasks[\" + string(i) + \"]\").join(\", \") +
    {allowed}
  message: spec.tasks must not be changed
"
    )
}
