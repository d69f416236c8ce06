//! The webhook as a Deployment, with all objects that it needs.

use std::collections::BTreeMap;

use k8s_openapi::api::apps::v1::{
    Deployment, DeploymentSpec, DeploymentStrategy, RollingUpdateDeployment,
};
use k8s_openapi::api::core::v1::{ConfigMap, Service, ServiceAccount, ServicePort, ServiceSpec};
use k8s_openapi::api::networking::v1::{
    NetworkPolicy, NetworkPolicyIngressRule, NetworkPolicyPort, NetworkPolicySpec,
};
use k8s_openapi::api::policy::v1::{PodDisruptionBudget, PodDisruptionBudgetSpec};
use k8s_openapi::apimachinery::pkg::apis::meta::v1::{LabelSelector, ObjectMeta};
use k8s_openapi::apimachinery::pkg::util::intstr::IntOrString;
use volcano_job_update::UpdatePolicy;

use super::certificates::push_certificates;
use super::manifest::{Manifests, metadata, selected};
use super::pod::{HTTPS, pod};
use crate::args::DeploymentArgs;
use crate::output::to_json;

pub(super) fn manifests(args: &DeploymentArgs, policy: &UpdatePolicy) -> String {
    let (name, namespace) = (&*args.common.name, &*args.namespace);
    let is_preset = UpdatePolicy::preset(policy.name()).as_ref() == Some(policy);
    let policy_file = if is_preset { None } else { Some(policy_file(args, policy)) };
    let mut manifests = Manifests::new(policy);
    if let Some(file) = &policy_file {
        manifests.push(file);
    }
    push_certificates(&mut manifests, name, namespace);
    manifests.push(&ServiceAccount {
        metadata: own_metadata(args),
        automount_service_account_token: Some(false),
        ..ServiceAccount::default()
    });
    manifests.push(&service(args));
    let map = policy_file.and_then(|map| map.metadata.name);
    manifests.push(&deployment(args, policy.name(), map.as_deref()));
    manifests.push(&disruption_budget(args));
    manifests.push(&network_policy(args));
    manifests.into_yaml()
}

fn own_metadata(args: &DeploymentArgs) -> ObjectMeta {
    metadata(&args.common.name, &args.common.name, Some(&args.namespace))
}

fn selector(args: &DeploymentArgs) -> LabelSelector {
    LabelSelector { match_labels: Some(selected(&args.common.name)), ..LabelSelector::default() }
}

/// The policy as a file. The name depends on the content, so that a new policy makes the Deployment
/// restart its pods.
fn policy_file(args: &DeploymentArgs, policy: &UpdatePolicy) -> ConfigMap {
    let json = to_json(policy);
    let name = &args.common.name;
    let map = format!("{name}-policy-{:08x}", fingerprint(&json));
    ConfigMap {
        metadata: metadata(name, &map, Some(&args.namespace)),
        data: Some(BTreeMap::from([("policy.json".to_owned(), json)])),
        ..ConfigMap::default()
    }
}

/// The FNV-1a hash, which does not depend on the machine or the Rust version.
fn fingerprint(text: &str) -> u32 {
    text.bytes().fold(0x811c_9dc5, |hash, byte| (hash ^ u32::from(byte)).wrapping_mul(0x0100_0193))
}

fn service(args: &DeploymentArgs) -> Service {
    let port = ServicePort {
        name: Some(HTTPS.into()),
        port: 443,
        target_port: Some(IntOrString::String(HTTPS.into())),
        ..ServicePort::default()
    };
    Service {
        metadata: own_metadata(args),
        spec: Some(ServiceSpec {
            selector: Some(selected(&args.common.name)),
            ports: Some(vec![port]),
            ..ServiceSpec::default()
        }),
        status: None,
    }
}

fn deployment(args: &DeploymentArgs, policy: &str, map: Option<&str>) -> Deployment {
    let update = RollingUpdateDeployment {
        max_unavailable: Some(IntOrString::Int(0)),
        max_surge: Some(IntOrString::Int(1)),
    };
    Deployment {
        metadata: own_metadata(args),
        spec: DeploymentSpec {
            replicas: Some(2),
            selector: selector(args),
            strategy: Some(DeploymentStrategy {
                rolling_update: Some(update),
                ..DeploymentStrategy::default()
            }),
            template: pod(args, policy, map),
            ..DeploymentSpec::default()
        },
        status: None,
    }
}

fn disruption_budget(args: &DeploymentArgs) -> PodDisruptionBudget {
    PodDisruptionBudget {
        metadata: own_metadata(args),
        spec: Some(PodDisruptionBudgetSpec {
            min_available: Some(IntOrString::Int(1)),
            selector: Some(selector(args)),
            ..PodDisruptionBudgetSpec::default()
        }),
        status: None,
    }
}

/// A `NetworkPolicy` cannot select the API server, so all clients are allowed. The webhook calls
/// nobody.
fn network_policy(args: &DeploymentArgs) -> NetworkPolicy {
    let port = NetworkPolicyPort {
        protocol: Some("TCP".into()),
        port: Some(IntOrString::String(HTTPS.into())),
        ..NetworkPolicyPort::default()
    };
    let ingress =
        NetworkPolicyIngressRule { ports: Some(vec![port]), ..NetworkPolicyIngressRule::default() };
    NetworkPolicy {
        metadata: own_metadata(args),
        spec: Some(NetworkPolicySpec {
            pod_selector: Some(selector(args)),
            policy_types: Some(vec!["Ingress".into(), "Egress".into()]),
            ingress: Some(vec![ingress]),
            egress: Some(Vec::new()),
        }),
    }
}
