//! The pod of the webhook.

use std::collections::BTreeMap;

use k8s_openapi::api::core::v1::{
    Capabilities, ConfigMapVolumeSource, Container, ContainerPort, EnvVar, HTTPGetAction,
    PodSecurityContext, PodSpec, PodTemplateSpec, Probe, ResourceRequirements, SeccompProfile,
    SecretVolumeSource, SecurityContext, TopologySpreadConstraint, Volume, VolumeMount,
};
use k8s_openapi::apimachinery::pkg::api::resource::Quantity;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::{LabelSelector, ObjectMeta};
use k8s_openapi::apimachinery::pkg::util::intstr::IntOrString;

use super::manifest::{labels, selected};
use crate::args::DeploymentArgs;

/// The name of the port.
pub(super) const HTTPS: &str = "https";

const PORT: i32 = 8443;

/// The user and the group, as in the Containerfile.
const USER: i64 = 65_532;

/// The limit for memory: 256 MiB for bodies (--max-body-memory), 150 MiB for each of up to four reviews
/// that are validated at the same time (--max-validating), and the program itself. `scripts/attack`
/// checks it.
const MEMORY: &str = "1Gi";

/// Settings of glibc's allocator: memory of large reviews goes back to the system at once. Otherwise it
/// stays with the thread that needed it, and adds up.
const ALLOCATOR: [(&str, &str); 2] =
    [("MALLOC_ARENA_MAX", "2"), ("MALLOC_MMAP_THRESHOLD_", "65536")];

const POLICY: &str = "/etc/volcano-job-update";
const TLS: &str = "/tls";
const CLIENTS: &str = "/clients";

/// `policy` is the name of a preset, unless there is a `ConfigMap` with a policy.
pub(super) fn pod(args: &DeploymentArgs, policy: &str, map: Option<&str>) -> PodTemplateSpec {
    let name = &*args.common.name;
    let annotations = [("scrape", "true"), ("scheme", "https"), ("port", "8443")]
        .map(|(key, value)| (format!("prometheus.io/{key}"), value.to_owned()));
    PodTemplateSpec {
        metadata: Some(ObjectMeta {
            labels: Some(labels(name)),
            annotations: Some(annotations.into()),
            ..ObjectMeta::default()
        }),
        spec: Some(PodSpec {
            service_account_name: Some(name.into()),
            automount_service_account_token: Some(false),
            priority_class_name: args.priority_class.clone(),
            // More than --drain-delay and --shutdown-timeout together.
            termination_grace_period_seconds: Some(30),
            security_context: Some(PodSecurityContext {
                run_as_non_root: Some(true),
                run_as_user: Some(USER),
                run_as_group: Some(USER),
                fs_group: Some(USER),
                seccomp_profile: Some(SeccompProfile {
                    type_: "RuntimeDefault".into(),
                    ..SeccompProfile::default()
                }),
                ..PodSecurityContext::default()
            }),
            topology_spread_constraints: Some(vec![spread(name)]),
            containers: vec![container(args, policy, map)],
            volumes: Some(volumes(args, map)),
            ..PodSpec::default()
        }),
    }
}

fn spread(name: &str) -> TopologySpreadConstraint {
    TopologySpreadConstraint {
        max_skew: 1,
        topology_key: "kubernetes.io/hostname".into(),
        when_unsatisfiable: "ScheduleAnyway".into(),
        label_selector: Some(LabelSelector {
            match_labels: Some(selected(name)),
            ..LabelSelector::default()
        }),
        ..TopologySpreadConstraint::default()
    }
}

fn container(args: &DeploymentArgs, policy: &str, map: Option<&str>) -> Container {
    let quantity = |name: &str, text: &str| (name.to_owned(), Quantity(text.into()));
    Container {
        name: "webhook".into(),
        image: Some(args.image.clone()),
        args: Some(arguments(args, policy, map)),
        env: Some(ALLOCATOR.map(variable).into()),
        ports: Some(vec![ContainerPort {
            name: Some(HTTPS.into()),
            container_port: PORT,
            ..ContainerPort::default()
        }]),
        liveness_probe: Some(probe("/healthz", 10)),
        readiness_probe: Some(probe("/readyz", 2)),
        resources: Some(ResourceRequirements {
            requests: Some(BTreeMap::from([quantity("cpu", "50m"), quantity("memory", "64Mi")])),
            limits: Some(BTreeMap::from([quantity("memory", MEMORY)])),
            ..ResourceRequirements::default()
        }),
        security_context: Some(SecurityContext {
            allow_privilege_escalation: Some(false),
            read_only_root_filesystem: Some(true),
            capabilities: Some(Capabilities {
                drop: Some(vec!["ALL".into()]),
                ..Capabilities::default()
            }),
            ..SecurityContext::default()
        }),
        volume_mounts: Some(mounts(args, map)),
        ..Container::default()
    }
}

fn variable((name, value): (&str, &str)) -> EnvVar {
    EnvVar { name: name.into(), value: Some(value.into()), ..EnvVar::default() }
}

fn arguments(args: &DeploymentArgs, policy: &str, map: Option<&str>) -> Vec<String> {
    let policy = if map.is_some() { &format!("{POLICY}/policy.json") } else { policy };
    let mut arguments = vec![
        format!("--listen=0.0.0.0:{PORT}"),
        format!("--policy={policy}"),
        format!("--tls-cert={TLS}/tls.crt"),
        format!("--tls-key={TLS}/tls.key"),
    ];
    if let Some(client) = &args.client_name {
        arguments.push(format!("--client-ca={CLIENTS}/ca.crt"));
        arguments.push(format!("--client-name={client}"));
    }
    if args.shadow {
        arguments.push("--shadow".into());
    }
    arguments
}

fn probe(path: &str, period_seconds: i32) -> Probe {
    Probe {
        http_get: Some(HTTPGetAction {
            path: Some(path.into()),
            port: IntOrString::String(HTTPS.into()),
            scheme: Some("HTTPS".into()),
            ..HTTPGetAction::default()
        }),
        period_seconds: Some(period_seconds),
        timeout_seconds: Some(3),
        ..Probe::default()
    }
}

fn volumes(args: &DeploymentArgs, map: Option<&str>) -> Vec<Volume> {
    let secret = |volume: &str, secret: &str| Volume {
        name: volume.into(),
        secret: Some(SecretVolumeSource {
            secret_name: Some(secret.into()),
            ..SecretVolumeSource::default()
        }),
        ..Volume::default()
    };
    let policy = map.map(|map| Volume {
        name: "policy".into(),
        config_map: Some(ConfigMapVolumeSource {
            name: map.into(),
            ..ConfigMapVolumeSource::default()
        }),
        ..Volume::default()
    });
    let clients = args.client_ca_secret.as_ref().map(|name| secret("clients", name));
    [Some(secret("tls", &args.common.name)), policy, clients].into_iter().flatten().collect()
}

fn mounts(args: &DeploymentArgs, map: Option<&str>) -> Vec<VolumeMount> {
    let mount = |volume: &str, path: &str| VolumeMount {
        name: volume.into(),
        mount_path: path.into(),
        read_only: Some(true),
        ..VolumeMount::default()
    };
    let policy = map.map(|_| mount("policy", POLICY));
    let clients = args.client_ca_secret.as_ref().map(|_| mount("clients", CLIENTS));
    [Some(mount("tls", TLS)), policy, clients].into_iter().flatten().collect()
}
