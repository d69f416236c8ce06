//! The webhook in a cluster.

use volcano_job_update::UpdatePolicy;

use super::{DeploymentArgs, fill, header};

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

pub(super) fn print(args: &DeploymentArgs, policy: &UpdatePolicy) -> String {
    let (name, namespace) = (&*args.common.name, &*args.namespace);
    let is_preset = UpdatePolicy::preset(policy.name()).as_ref() == Some(policy);
    let json = serde_json::to_string_pretty(policy).unwrap_or_default();
    // Another policy is another name, so that pods are made anew with it.
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

/// FNV-1a, which is the same everywhere and always.
fn fingerprint(text: &str) -> u32 {
    text.bytes().fold(0x811c_9dc5, |hash, byte| (hash ^ u32::from(byte)).wrapping_mul(0x0100_0193))
}
