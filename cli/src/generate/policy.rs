//! `ValidatingAdmissionPolicy`: the part of the rule that CEL can express.

use k8s_openapi::api::admissionregistration::v1::{
    MatchResources, NamedRuleWithOperations, RuleWithOperations, ValidatingAdmissionPolicy,
    ValidatingAdmissionPolicyBinding, ValidatingAdmissionPolicyBindingSpec,
    ValidatingAdmissionPolicySpec, Validation, Variable,
};
use volcano_job_update::{DroppedDefaults, FieldPattern, UpdatePolicy};

use super::cel::{METADATA, field_or, list, string};
use super::configuration::{not_the_garbage_collector, updates_of_jobs};
use super::fields::{Fields, Freedom};
use super::manifest::{Manifests, metadata, namespaces};
use crate::error::Error;

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
    let mut validations = metadata_validations(&fields, policy, &allowed);
    validations.extend(spec_validation(&fields, &allowed));
    validations.extend(task_validations(&fields, &allowed));
    if validations.is_empty() {
        return Err(Error::NothingToValidate(policy.name().to_owned()));
    }
    let mut manifests = Manifests::new(policy);
    manifests.comment(&differences(&fields, policy));
    manifests.push(&ValidatingAdmissionPolicy {
        metadata: metadata(name, name, None),
        spec: Some(ValidatingAdmissionPolicySpec {
            failure_policy: Some("Fail".into()),
            match_constraints: Some(updates()),
            match_conditions: Some(vec![not_the_garbage_collector()]),
            variables: Some(variables(&fields, policy)),
            validations: Some(validations),
            ..ValidatingAdmissionPolicySpec::default()
        }),
        status: None,
    });
    manifests.push(&ValidatingAdmissionPolicyBinding {
        metadata: metadata(name, name, None),
        spec: ValidatingAdmissionPolicyBindingSpec {
            policy_name: name.into(),
            validation_actions: vec!["Deny".into()],
            match_resources: Some(MatchResources {
                namespace_selector: Some(namespaces()),
                ..MatchResources::default()
            }),
            ..ValidatingAdmissionPolicyBindingSpec::default()
        },
    });
    Ok(manifests.into_yaml())
}

fn updates() -> MatchResources {
    let RuleWithOperations { operations, api_groups, api_versions, resources, scope } =
        updates_of_jobs();
    let rule = NamedRuleWithOperations {
        operations,
        api_groups,
        api_versions,
        resources,
        scope,
        ..NamedRuleWithOperations::default()
    };
    MatchResources {
        match_policy: Some("Equivalent".into()),
        resource_rules: Some(vec![rule]),
        ..MatchResources::default()
    }
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

fn variables(fields: &Fields, policy: &UpdatePolicy) -> Vec<Variable> {
    let mut keys = match fields.of_spec() {
        Freedom::Whole | Freedom::None => Vec::new(),
        Freedom::Keys(keys) => keys,
    };
    keys.push("tasks");
    let keys = list(&keys);
    let same = if policy.ignores_filled_volume_claims() {
        format!(" &&\n!(k == \"volumes\" && k in variables.old && {FILLED_CLAIMS})")
    } else {
        String::new()
    };
    let changed = format!(
        "variables.new.filter(k, !(k in {keys}) &&\n!(k in variables.old && variables.old[k] == variables.new[k]){same}) +\n\
         variables.old.filter(k, !(k in {keys}) && !(k in variables.new))"
    );
    let tasks = |object: &str| {
        format!("has({object}.spec) && has({object}.spec.tasks) ? {object}.spec.tasks : []")
    };
    let variable = |name: &str, expression: String| Variable { name: name.into(), expression };
    vec![
        variable("old", "has(oldObject.spec) ? oldObject.spec : {}".into()),
        variable("new", "has(object.spec) ? object.spec : {}".into()),
        variable("changed", changed),
        variable("oldTasks", tasks("oldObject")),
        variable("newTasks", tasks("object")),
    ]
}

fn metadata_validations(fields: &Fields, policy: &UpdatePolicy, allowed: &str) -> Vec<Validation> {
    let mut validations = Vec::new();
    for (field, empty) in METADATA {
        let path = format!("metadata.{field}");
        let [new, old] = ["object", "oldObject"].map(|object| field_or(object, &path, empty));
        let mut expression = match fields.of_metadata(field) {
            Freedom::Whole => continue,
            Freedom::None => format!("{new} == {old}"),
            Freedom::Keys(keys) => {
                let keys = list(&keys);
                format!(
                    "{new}.all(k, k in {keys} || (k in {old} && {old}[k] == {new}[k])) &&\n\
                     {old}.all(k, k in {keys} || k in {new})"
                )
            }
        };
        if field == "finalizers" && policy.releases_finalizers_while_deleting() {
            expression = format!("has(oldObject.metadata.deletionTimestamp) || {expression}");
        }
        let message = Some(format!("{path}{allowed}"));
        validations.push(Validation { expression, message, ..Validation::default() });
    }
    validations
}

fn spec_validation(fields: &Fields, allowed: &str) -> Option<Validation> {
    if matches!(fields.of_spec(), Freedom::Whole) {
        return None;
    }
    let message = format!(
        "variables.changed.map(k, \"spec.\" + string(k)).join(\", \") + {}",
        string(allowed)
    );
    Some(Validation {
        expression: "variables.changed.size() == 0".into(),
        message_expression: Some(message),
        message: Some("spec must not be changed".into()),
        ..Validation::default()
    })
}

fn task_validations(fields: &Fields, allowed: &str) -> Vec<Validation> {
    let keys = match fields.of_tasks() {
        Freedom::Whole => return Vec::new(),
        Freedom::Keys(keys) => list(&keys),
        Freedom::None => list(&[]),
    };
    let same = format!(
        "task.all(k, k in {keys} || (k in variables.oldTasks[i] && variables.oldTasks[i][k] == task[k])) &&\n\
         variables.oldTasks[i].all(k, k in {keys} || k in task)"
    );
    let message = format!(
        "variables.newTasks.transformList(i, task, i < variables.oldTasks.size() && !(\n{same}),\n\
         \"spec.tasks[\" + string(i) + \"]\").join(\", \") + {}",
        string(allowed)
    );
    let count = Validation {
        expression: "variables.newTasks.size() == variables.oldTasks.size()".into(),
        message: Some("spec.tasks: a task must be neither added nor removed".into()),
        ..Validation::default()
    };
    let fields = Validation {
        expression: format!(
            "variables.newTasks.all(i, task, i >= variables.oldTasks.size() || (\n{same}))"
        ),
        message_expression: Some(message),
        message: Some("spec.tasks must not be changed".into()),
        ..Validation::default()
    };
    vec![count, fields]
}
