//! Settings of Argo CD, so that a manifest without the fields that creation fills in is no drift.

use serde_json::{Value, json};
use volcano_job_update::Validator;
use volcano_job_update::internals::{ANY, Structural, structural};

use super::manifest::Manifests;
use crate::args::{ArgocdArgs, ArgocdTarget};

/// A field with a default.
struct DefaultedField {
    /// Such as `spec.tasks[*].maxRetry`.
    field: String,
    expression: String,
}

/// The default of a task's minAvailable, in jq.
macro_rules! task_min_available {
    () => {
        "(if (.partitionPolicy.minPartitions // 0) > 0 \
         then .partitionPolicy.minPartitions * (.partitionPolicy.partitionSize // 0) \
         else .replicas // 0 end)"
    };
}

/// The fields that Volcano's mutating webhook fills in, and `volumeClaimName`, which its controller fills
/// in. Each has the jq path expression of the field where it has the value that was filled in. Argo CD
/// deletes them in this order: minAvailable of the Job is computed from that of the tasks.
///
/// See [mutate_job.go](https://github.com/volcano-sh/volcano/blob/ed72c7c815a9fd547a787134676f73d42e9d049c/pkg/webhooks/admission/jobs/mutate/mutate_job.go).
const FILLED: [(&str, &str); 15] = [
    (
        "spec.minAvailable",
        concat!(
            ".spec | select(.minAvailable == ([.tasks[]? | .minAvailable // ",
            task_min_available!(),
            "] | add // 0)) | .minAvailable",
        ),
    ),
    ("spec.queue", r#".spec | select(.queue == "default") | .queue"#),
    ("spec.schedulerName", r#".spec | select(.schedulerName == "volcano") | .schedulerName"#),
    ("spec.maxRetry", ".spec | select(.maxRetry == 3) | .maxRetry"),
    (
        "spec.plugins.svc",
        ".spec.plugins | select(.svc == [] and (.tensorflow or .pytorch or .ray or .mpi)) | .svc",
    ),
    ("spec.plugins.ssh", ".spec.plugins | select(.ssh == [] and .mpi) | .ssh"),
    (
        "spec.volumes[*].volumeClaimName",
        r#".metadata.name as $job | .spec.volumes[]? | select(.volumeClaim and (.volumeClaimName // "" | startswith("\($job)-pvc-"))) | .volumeClaimName"#,
    ),
    (
        "spec.tasks[*].name",
        r#".spec.tasks | range(length) as $i | .[$i] | select(.name == "default\($i)") | .name"#,
    ),
    (
        "spec.tasks[*].minAvailable",
        concat!(
            ".spec.tasks[]? | select(.minAvailable == ",
            task_min_available!(),
            ") | .minAvailable",
        ),
    ),
    ("spec.tasks[*].maxRetry", ".spec.tasks[]? | select(.maxRetry == 3) | .maxRetry"),
    (
        "spec.tasks[*].template.spec.dnsPolicy",
        r#".spec.tasks[]?.template.spec | select(.hostNetwork and .dnsPolicy == "ClusterFirstWithHostNet") | .dnsPolicy"#,
    ),
    // Go writes these as `{}` where they are absent.
    (
        "spec.tasks[*].template.metadata",
        ".spec.tasks[]?.template | select(.metadata == {}) | .metadata",
    ),
    (
        "spec.tasks[*].template.spec.containers[*].resources",
        ".spec.tasks[]?.template.spec.containers[]? | select(.resources == {}) | .resources",
    ),
    (
        "spec.tasks[*].template.spec.initContainers[*].resources",
        ".spec.tasks[]?.template.spec.initContainers[]? | select(.resources == {}) | .resources",
    ),
    (
        "spec.tasks[*].template.spec.ephemeralContainers[*].resources",
        ".spec.tasks[]?.template.spec.ephemeralContainers[]? | select(.resources == {}) | .resources",
    ),
];

/// The fields that Volcano writes in another spelling (`1Gi` for `1024Mi`, `1h0m0s` for `1h`), each with
/// the type by which Argo CD spells them alike in both Jobs.
const KNOWN_TYPES: [(&[&str], &str); 5] = [
    (&["spec", "tasks", "template"], "core/v1/PodTemplateSpec"),
    (&["spec", "volumes", "volumeClaim"], "core/v1/PersistentVolumeClaimSpec"),
    (&["spec", "policies", "timeout"], "meta/v1/Duration"),
    (&["spec", "tasks", "policies", "timeout"], "meta/v1/Duration"),
    (&["spec", "runningEstimate"], "meta/v1/Duration"),
];

const FOR_AN_APPLICATION: &str = "#
# Merge spec into your Application, by hand or as a patch in a Kustomization. A patch replaces ignoreDifferences
# that are there already.
";

const FOR_ALL: &str = "#
# Merge data into your ConfigMap argocd-cm; `kubectl apply` of this document alone may remove other keys.
# knownTypeFields is for quantities and durations, which Volcano spells in its own way (1Gi for 1024Mi, 1h0m0s
# for 1h). It also keeps Argo CD from comparing fields of a pod that its release does not know.
";

const COMMENT: &str = "#
# Each expression names a field that the API server or Volcano fills in at creation, and only where it has the
# value that was filled in. Any other value is still drift.
#
# Argo CD's default comparison does not show fields that only the live Job has. These settings are for a
# comparison by server-side apply (ServerSideDiff=true, ServerSideApply=true), for which spec.tasks is one value.
#
# What they do not cover:
#  - Syncing. What Argo CD sends lacks the fields, which is denied unless the policy restores or allows that:
#    see `generate webhook-configuration --restore`. ServerSideDiff=true needs it for the comparison as well,
#    because that asks the webhooks.
#  - RespectIgnoreDifferences=true. Do not use it with these settings: lists are copied as a whole, so Argo CD
#    may sync the tasks of the live Job instead of yours.
#  - A list in another order. Argo CD compares lists by position, and no expression changes that. It is also a
#    change of the Job, except in a set such as metadata.finalizers: write the order of the live Job.
#  - minAvailable that was filled in for another number of replicas, and a scheduler with another name than
#    volcano.
";

const SPELLINGS_IN_CM: &str = "#  - Quantities and durations in another spelling (1024Mi, and 1Gi in the live Job): see --for argocd-cm.
";

pub(super) fn manifests(args: &ArgocdArgs, validator: &Validator) -> String {
    let schema = structural(validator);
    let expressions = expressions(schema);
    let mut manifests = Manifests::without_policy();
    match args.target {
        ArgocdTarget::Application => {
            manifests.comment(FOR_AN_APPLICATION);
            manifests.comment(COMMENT);
            manifests.comment(SPELLINGS_IN_CM);
            manifests.push(&json!({
                "apiVersion": "argoproj.io/v1alpha1",
                "kind": "Application",
                "metadata": {"name": args.name},
                "spec": {"ignoreDifferences": [
                    {"group": "batch.volcano.sh", "kind": "Job", "jqPathExpressions": expressions},
                ]},
            }));
        }
        ArgocdTarget::ArgocdCm => {
            manifests.comment(FOR_ALL);
            manifests.comment(COMMENT);
            let settings =
                |name: &str| format!("resource.customizations.{name}.batch.volcano.sh_Job");
            manifests.push(&json!({
                "apiVersion": "v1",
                "kind": "ConfigMap",
                "metadata": {"name": "argocd-cm"},
                // Each a string of JSON or YAML.
                "data": {
                    settings("ignoreDifferences"): pretty(&json!({"jqPathExpressions": expressions})),
                    settings("knownTypeFields"): pretty(&known_types(schema)),
                },
            }));
        }
    }
    manifests.into_yaml()
}

fn pretty(value: &Value) -> String {
    format!("{value:#}")
}

fn expressions(schema: &Structural) -> Vec<String> {
    let mut defaults = Vec::new();
    if let Some(spec) = schema.declared_child("spec") {
        add_defaults(spec, "spec", ".spec", &mut defaults);
    }
    // A default of the schema is filled in first.
    let is_default = |field: &str| defaults.iter().any(|default| default.field == field);
    let filled: Vec<String> = FILLED
        .iter()
        .filter(|(field, _)| !is_default(field))
        .map(|(_, expression)| (*expression).to_owned())
        .collect();
    filled.into_iter().chain(defaults.into_iter().map(|default| default.expression)).collect()
}

/// Adds the fields below a value that have a default. `field` and `path` are the place of the value, as a
/// pattern and in jq.
fn add_defaults(schema: &Structural, field: &str, path: &str, defaults: &mut Vec<DefaultedField>) {
    for (name, child) in schema.properties() {
        let below = format!("{field}.{name}");
        let key = jq_key(name);
        if let Some(default) = &child.default {
            let expression = format!("{path} | select({key} == {default}) | {key}");
            defaults.push(DefaultedField { field: below.clone(), expression });
        }
        add_defaults(child, &below, &format!("{path}{key}"), defaults);
    }
    let elements = Some(schema.items()).filter(|items| !std::ptr::eq(*items, &raw const ANY));
    if let Some(elements) = elements.or(schema.additional_properties()) {
        add_defaults(elements, &format!("{field}[*]"), &format!("{path}[]?"), defaults);
    }
}

fn known_types(schema: &Structural) -> Value {
    let declared = KNOWN_TYPES.iter().filter(|(place, _)| is_declared(schema, place));
    declared.map(|(place, known)| json!({"field": place.join("."), "type": known})).collect()
}

/// Whether the schema has a field at this place. Elements of a list have no name in a place.
fn is_declared(schema: &Structural, place: &[&str]) -> bool {
    let mut fields = place.iter();
    let found = fields.try_fold(schema, |parent, name| {
        parent.declared_child(name).or_else(|| parent.items().declared_child(name))
    });
    found.is_some()
}

/// A field as jq writes it: `.name`, or `."a-name"`.
fn jq_key(name: &str) -> String {
    let is_identifier = |name: &str| {
        name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_')
            && !name.starts_with(|first: char| first.is_ascii_digit())
            && !name.is_empty()
    };
    if is_identifier(name) { format!(".{name}") } else { format!(".{}", Value::from(name)) }
}
