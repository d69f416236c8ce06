//! `ValidatingWebhookConfiguration` and `MutatingWebhookConfiguration`.

use std::collections::BTreeMap;

use k8s_openapi::ByteString;
use k8s_openapi::api::admissionregistration::v1::{
    MatchCondition, MutatingWebhook, MutatingWebhookConfiguration, RuleWithOperations,
    ServiceReference, ValidatingWebhook, ValidatingWebhookConfiguration, WebhookClientConfig,
};
use k8s_openapi::apimachinery::pkg::apis::meta::v1::ObjectMeta;
use volcano_job_update::{DroppedDefaults, UpdatePolicy};
use volcano_job_update_programs::{WEBHOOK_TIMEOUT_SECONDS, webhook_name};

use super::cel::{METADATA, NOT_THE_GARBAGE_COLLECTOR, field_or};
use super::fields::{Fields, Freedom};
use super::manifest::{Manifests, metadata, namespaces};
use crate::args::{ConfigurationArgs, FailurePolicy};

pub(super) fn manifests(args: &ConfigurationArgs, policy: &UpdatePolicy) -> String {
    let mut manifests = Manifests::new(policy);
    manifests.push(&ValidatingWebhookConfiguration {
        metadata: metadata_of(args),
        webhooks: Some(vec![validating(args, policy)]),
    });
    if args.restore || policy.dropped_defaults() == DroppedDefaults::Restore {
        manifests.push(&MutatingWebhookConfiguration {
            metadata: metadata_of(args),
            webhooks: Some(vec![mutating(validating(args, policy), client(args, "restore"))]),
        });
    }
    manifests.into_yaml()
}

fn metadata_of(args: &ConfigurationArgs) -> ObjectMeta {
    let name = &*args.common.name;
    let injected = || {
        let certificate = format!("{}/{name}", args.namespace);
        BTreeMap::from([("cert-manager.io/inject-ca-from".to_owned(), certificate)])
    };
    let annotations = if args.ca_bundle.is_none() { Some(injected()) } else { None };
    ObjectMeta { annotations, ..metadata(name, name, None) }
}

fn validating(args: &ConfigurationArgs, policy: &UpdatePolicy) -> ValidatingWebhook {
    let failure_policy = match args.failure_policy {
        FailurePolicy::Fail => "Fail",
        FailurePolicy::Ignore => "Ignore",
    };
    ValidatingWebhook {
        name: webhook_name("validate"),
        client_config: client(args, "validate"),
        rules: Some(vec![updates_of_jobs()]),
        match_conditions: Some(conditions(policy)),
        namespace_selector: Some(namespaces()),
        admission_review_versions: vec!["v1".into()],
        side_effects: "None".into(),
        timeout_seconds: Some(WEBHOOK_TIMEOUT_SECONDS.into()),
        failure_policy: Some(failure_policy.into()),
        match_policy: Some("Equivalent".into()),
        ..ValidatingWebhook::default()
    }
}

/// The mutating webhook that is called for the same requests.
fn mutating(validating: ValidatingWebhook, client_config: WebhookClientConfig) -> MutatingWebhook {
    MutatingWebhook {
        name: webhook_name("restore"),
        client_config,
        rules: validating.rules,
        match_conditions: validating.match_conditions,
        namespace_selector: validating.namespace_selector,
        admission_review_versions: validating.admission_review_versions,
        side_effects: validating.side_effects,
        timeout_seconds: validating.timeout_seconds,
        failure_policy: validating.failure_policy,
        match_policy: validating.match_policy,
        reinvocation_policy: Some("IfNeeded".into()),
        ..MutatingWebhook::default()
    }
}

/// Not `jobs/status`: an update of the status is always allowed.
pub(super) fn updates_of_jobs() -> RuleWithOperations {
    let only = |text: &str| Some(vec![text.to_owned()]);
    RuleWithOperations {
        operations: only("UPDATE"),
        api_groups: only("batch.volcano.sh"),
        api_versions: only("v1alpha1"),
        resources: only("jobs"),
        scope: Some("Namespaced".into()),
    }
}

fn client(args: &ConfigurationArgs, path: &str) -> WebhookClientConfig {
    let service = || ServiceReference {
        name: args.common.name.clone(),
        namespace: args.namespace.clone(),
        path: Some(format!("/{path}")),
        port: Some(443),
    };
    WebhookClientConfig {
        url: args.url.as_ref().map(|url| format!("{url}/{path}")),
        service: if args.url.is_none() { Some(service()) } else { None },
        ca_bundle: args.ca_bundle.clone().map(|bundle| ByteString(bundle.0)),
    }
}

/// The conditions under which the API server calls the webhook: a field that it validates has
/// changed.
fn conditions(policy: &UpdatePolicy) -> Vec<MatchCondition> {
    let ignored = Fields::ignored(policy);
    let mut differences = vec![differs("spec", "{}")];
    for (field, empty) in METADATA {
        if !matches!(ignored.of_metadata(field), Freedom::Whole) {
            differences.push(differs(&format!("metadata.{field}"), empty));
        }
    }
    vec![
        not_the_garbage_collector(),
        MatchCondition {
            name: "changes-a-validated-field".into(),
            expression: differences.join(" ||\n"),
        },
    ]
}

pub(super) fn not_the_garbage_collector() -> MatchCondition {
    MatchCondition {
        name: "not-the-garbage-collector".into(),
        expression: NOT_THE_GARBAGE_COLLECTOR.into(),
    }
}

fn differs(field: &str, empty: &str) -> String {
    format!("{} != {}", field_or("object", field, empty), field_or("oldObject", field, empty))
}
