//! A patch of the `ValidatingWebhookConfiguration` that Volcano's installers create.
//!
//! It is the same in the chart and in the manifests of the releases 1.13 to 1.15: see
//! [webhooks.yaml](https://github.com/volcano-sh/volcano/blob/ed72c7c815a9fd547a787134676f73d42e9d049c/installer/helm/chart/volcano/templates/webhooks.yaml).

use serde_json::{Value, json};

use super::manifest::Manifests;
use crate::args::PatchTarget;

const CONFIGURATION: &str = "volcano-admission-service-jobs-validate";
const WEBHOOK: &str = "validatejob.volcano.sh";

const FOR_KUBECTL: &str = "#
# Volcano's own webhook then validates only the creation of Jobs. Apply it with
#   kubectl patch validatingwebhookconfiguration volcano-admission-service-jobs-validate --type=json --patch-file FILE
# and again after each installation or upgrade of Volcano, which writes the configuration anew. If the
# configuration is not the expected one, kubectl reports that a test failed, and nothing changes.
";

const FOR_KUSTOMIZE: &str = "#
# Volcano's own webhook then validates only the creation of Jobs. This is the kustomization.yaml of a
# post-renderer for Volcano's Helm chart, which runs in its directory:
#   cat >rendered.yaml && kubectl kustomize .
# If the configuration is not the expected one, the post-renderer fails. If the chart renders none with this
# name, nothing is patched and nothing is reported.
";

pub(super) fn manifests(target: PatchTarget) -> String {
    let mut manifests = Manifests::without_policy();
    match target {
        PatchTarget::Kubectl => {
            manifests.comment(FOR_KUBECTL);
            manifests.push(&patch());
        }
        PatchTarget::Kustomize => {
            manifests.comment(FOR_KUSTOMIZE);
            manifests.push(&json!({
                "apiVersion": "kustomize.config.k8s.io/v1beta1",
                "kind": "Kustomization",
                "resources": ["rendered.yaml"],
                "patches": [{
                    "target": {
                        "group": "admissionregistration.k8s.io",
                        "version": "v1",
                        "kind": "ValidatingWebhookConfiguration",
                        "name": CONFIGURATION,
                    },
                    // A string of JSON or YAML.
                    "patch": format!("{:#}", patch()),
                }],
            }));
        }
    }
    manifests.into_yaml()
}

/// A JSON Patch. The tests fail unless the rule is the one for Jobs. They do not ask for the operations,
/// so the patch may be applied again.
fn patch() -> Value {
    json!([
        {"op": "test", "path": "/webhooks/0/name", "value": WEBHOOK},
        {"op": "test", "path": "/webhooks/0/rules/0/apiGroups", "value": ["batch.volcano.sh"]},
        {"op": "test", "path": "/webhooks/0/rules/0/resources", "value": ["jobs"]},
        {"op": "replace", "path": "/webhooks/0/rules/0/operations", "value": ["CREATE"]},
    ])
}
