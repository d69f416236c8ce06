//! `ValidatingWebhookConfiguration` and `MutatingWebhookConfiguration`.

use volcano_job_update::{DroppedDefaults, UpdatePolicy};

use super::cel::{METADATA, NOT_THE_GARBAGE_COLLECTOR, field_or};
use super::fields::{Fields, Freedom};
use super::manifest::{fill, header};
use crate::args::{ConfigurationArgs, FailurePolicy};

const TEMPLATE: &str = r#"---
apiVersion: admissionregistration.k8s.io/v1
kind: @kind@
metadata:
  name: @name@
  @annotations@
webhooks:
- name: @hook@.jobs.batch.volcano.sh
  clientConfig:
    @client@
  rules:
  - operations: ["UPDATE"]
    apiGroups: ["batch.volcano.sh"]
    apiVersions: ["v1alpha1"]
    # Not jobs/status: an update of the status is always allowed.
    resources: ["jobs"]
    scope: Namespaced
  matchConditions:
  @conditions@
  admissionReviewVersions: ["v1"]
  sideEffects: None
  timeoutSeconds: 5
  failurePolicy: @failurePolicy@
  matchPolicy: Equivalent
  @reinvocation@
"#;

pub(super) fn manifests(args: &ConfigurationArgs, policy: &UpdatePolicy) -> String {
    let validating = ("ValidatingWebhookConfiguration", "validate", "");
    let mutating = ("MutatingWebhookConfiguration", "restore", "reinvocationPolicy: IfNeeded");
    let mut text = header(policy) + &manifest(args, policy, validating);
    if args.restore || policy.dropped_defaults() == DroppedDefaults::Restore {
        text.push_str(&manifest(args, policy, mutating));
    }
    text
}

fn manifest(
    args: &ConfigurationArgs,
    policy: &UpdatePolicy,
    (kind, path, reinvocation): (&str, &str, &str),
) -> String {
    let name = &*args.common.name;
    let annotations = match &args.ca_bundle {
        Some(_) => String::new(),
        None => {
            format!("annotations:\n  cert-manager.io/inject-ca-from: {}/{name}", args.namespace)
        }
    };
    let failure = match args.failure_policy {
        FailurePolicy::Fail => "Fail",
        FailurePolicy::Ignore => "Ignore",
    };
    let values = [
        ("kind", kind),
        ("name", name),
        ("annotations", &annotations),
        ("hook", path),
        ("client", &client(args, path)),
        ("conditions", &conditions(policy)),
        ("failurePolicy", failure),
        ("reinvocation", reinvocation),
    ];
    fill(TEMPLATE, &values)
}

fn client(args: &ConfigurationArgs, path: &str) -> String {
    let mut client = match &args.url {
        Some(url) => format!("url: {url}/{path}\n"),
        None => format!(
            "service:\n  name: {}\n  namespace: {}\n  path: /{path}\n  port: 443\n",
            args.common.name, args.namespace
        ),
    };
    if let Some(bundle) = &args.ca_bundle {
        client.push_str("caBundle: ");
        client.push_str(bundle);
    }
    client
}

/// The conditions under which the API server calls the webhook: a field that it validates has
/// changed.
fn conditions(policy: &UpdatePolicy) -> String {
    let ignored = Fields::ignored(policy);
    let mut differences = vec![differs("spec", "{}")];
    for (field, empty) in METADATA {
        if !matches!(ignored.of_metadata(field), Freedom::Whole) {
            differences.push(differs(&format!("metadata.{field}"), empty));
        }
    }
    let differences = differences.join(" ||\n    ");
    format!(
        "{NOT_THE_GARBAGE_COLLECTOR}- name: changes-a-validated-field\n  expression: >-\n    {differences}\n"
    )
}

fn differs(field: &str, empty: &str) -> String {
    format!("{} != {}", field_or("object", field, empty), field_or("oldObject", field, empty))
}
