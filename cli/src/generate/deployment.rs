//! The webhook as a Deployment, with all objects that it needs.

use volcano_job_update::UpdatePolicy;

use super::manifest::{fill, header};
use crate::args::DeploymentArgs;
use crate::output::to_json;

const TEMPLATE: &str = include_str!("deployment.yaml");

const CONFIG_MAP: &str = r"---
apiVersion: v1
kind: ConfigMap
metadata:
  name: @map@
  namespace: @namespace@
  labels: {app.kubernetes.io/name: @name@}
data:
  policy.json: |
    @policy@
";

const MOUNT: &str = r"- name: policy
  mountPath: /etc/volcano-job-update
  readOnly: true
";

pub(super) fn manifests(args: &DeploymentArgs, policy: &UpdatePolicy) -> String {
    let (name, namespace) = (&*args.common.name, &*args.namespace);
    let is_preset = UpdatePolicy::preset(policy.name()).as_ref() == Some(policy);
    let json = to_json(policy);
    // The name depends on the policy, so that a new policy makes the Deployment restart its pods.
    let map = format!("{name}-policy-{:08x}", fingerprint(&json));
    let config_map = [("map", &*map), ("namespace", namespace), ("name", name), ("policy", &*json)];
    let volume = format!("- name: policy\n  configMap:\n    name: {map}\n");
    let (argument, mount, volume, config_map) = if is_preset {
        (policy.name(), "", "", String::new())
    } else {
        let config_map = fill(CONFIG_MAP, &config_map);
        ("/etc/volcano-job-update/policy.json", MOUNT, &*volume, config_map)
    };
    let values = [
        ("name", name),
        ("namespace", namespace),
        ("image", &args.image),
        ("policy", argument),
        ("shadow", if args.shadow { "- --shadow" } else { "" }),
        ("mount", mount),
        ("volume", volume),
    ];
    header(policy) + &config_map + &fill(TEMPLATE, &values)
}

/// The FNV-1a hash, which does not depend on the machine or the Rust version.
fn fingerprint(text: &str) -> u32 {
    text.bytes().fold(0x811c_9dc5, |hash, byte| (hash ^ u32::from(byte)).wrapping_mul(0x0100_0193))
}
