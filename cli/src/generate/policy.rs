//! `ValidatingAdmissionPolicy`: the part of the rule that CEL can express.

use volcano_job_update::{DroppedDefaults, FieldPattern, UpdatePolicy};

use super::cel::{METADATA, NOT_THE_GARBAGE_COLLECTOR, field_or, list, string};
use super::fields::{Fields, Freedom};
use super::manifest::{fill, header};
use crate::error::Error;

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

/// Whether the volumes differ only in `volumeClaimName`s that Volcano filled in.
const FILLED_CLAIMS: &str = r#"variables.new[k].size() == variables.old[k].size() &&
variables.new[k].all(i, volume, volume == variables.old[k][i] || (
  has(volume.volumeClaim) &&
  (!has(variables.old[k][i].volumeClaimName) || variables.old[k][i].volumeClaimName == "") &&
  volume.all(f, f == "volumeClaimName" || (f in variables.old[k][i] && variables.old[k][i][f] == volume[f])) &&
  variables.old[k][i].all(f, f in volume)))"#;

/// # Errors
///
/// The policy allows every change, and a `ValidatingAdmissionPolicy` needs a validation.
pub(super) fn manifests(name: &str, policy: &UpdatePolicy) -> Result<String, Error> {
    let fields = Fields::new(policy);
    let allowed = allowed_fields_message(policy);
    let validations = metadata_validations(&fields, policy, &allowed)
        + &spec_validation(&fields, &allowed)
        + &task_validations(&fields, &allowed);
    if validations.is_empty() {
        return Err(Error::NothingToValidate(policy.name().to_owned()));
    }
    let values = [
        ("name", name),
        ("condition", NOT_THE_GARBAGE_COLLECTOR),
        ("variables", &variables(&fields, policy)),
        ("validations", &validations),
    ];
    Ok(header(policy) + &differences(&fields, policy) + &fill(TEMPLATE, &values))
}

/// The comment that lists the differences from the webhook.
fn differences(fields: &Fields, policy: &UpdatePolicy) -> String {
    let mut text = String::from(
        "#
# Differences from the webhook, as CEL cannot express the whole rule. This policy allows:
#  - replicas below minAvailable, minAvailable above the sum of replicas, replicas that do not match a
#    partitionPolicy, and two tasks with the same name where a task was changed;
#  - values that the schema of the Job allows and a pod does not, such as restartPolicy: Sometimes.
",
    );
    for pattern in &fields.widened {
        let line =
            format!("#  - beside {}, everything else in the same field.\n", pattern.escape_debug());
        text.push_str(&line);
    }
    text.push_str(
        "# This policy denies, in fields that may not change:
#  - another spelling of the same value (1024Mi for 1Gi, 60m for 1h, an empty list or map or a zero
#    instead of an absent one), and another order of a list whose order is not significant.
",
    );
    let denies_changes_of_spec = !matches!(fields.of_spec(), Freedom::Whole);
    if denies_changes_of_spec && policy.dropped_defaults() != DroppedDefaults::Deny {
        text.push_str("#  - a manifest without the fields that Volcano filled in at creation.\n");
    }
    text + "# A message names the fields in no fixed order, only those of the first validation that fails, and of a
# task only its position. There are no causes, codes and hints.
"
}

fn allowed_fields_message(policy: &UpdatePolicy) -> String {
    let fields: Vec<&str> = policy.allowed().iter().map(FieldPattern::as_str).collect();
    format!(": field is immutable; only these may be changed: {}", fields.join(", "))
}

fn variables(fields: &Fields, policy: &UpdatePolicy) -> String {
    let mut keys = match fields.of_spec() {
        Freedom::Whole | Freedom::None => Vec::new(),
        Freedom::Keys(keys) => keys,
    };
    keys.push("tasks");
    let keys = list(&keys);
    let same = if policy.ignores_filled_volume_claims() {
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

fn metadata_validations(fields: &Fields, policy: &UpdatePolicy, allowed: &str) -> String {
    let mut validations = String::new();
    for (field, empty) in METADATA {
        let path = format!("metadata.{field}");
        let [new, old] = ["object", "oldObject"].map(|object| field_or(object, &path, empty));
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
        if field == "finalizers" && policy.releases_finalizers_while_deleting() {
            expression = format!("has(oldObject.metadata.deletionTimestamp) || {expression}");
        }
        let message = string(&format!("{path}{allowed}"));
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

fn spec_validation(fields: &Fields, allowed: &str) -> String {
    if matches!(fields.of_spec(), Freedom::Whole) {
        return String::new();
    }
    let allowed = string(allowed);
    format!(
        "- expression: variables.changed.size() == 0
  messageExpression: >-
    variables.changed.map(k, \"spec.\" + string(k)).join(\", \") + {allowed}
  message: spec must not be changed
"
    )
}

fn task_validations(fields: &Fields, allowed: &str) -> String {
    let keys = match fields.of_tasks() {
        Freedom::Whole => return String::new(),
        Freedom::Keys(keys) => list(&keys),
        Freedom::None => list(&[]),
    };
    let allowed = string(allowed);
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
