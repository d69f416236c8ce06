//! Containers, init containers and their ports.

use std::collections::BTreeSet;

use serde_json::Value;

use super::errors::{
    Errors, Path, Shown, elements, field, list, number, optional_text, struct_text, text,
};
use super::pod::PodContext;
use super::texts::{dns_label, port_name, range};
use super::{env, handlers, mounts, resources, security};

const PULL_POLICIES: [&str; 3] = ["Always", "IfNotPresent", "Never"];
/// The fields that only containers have which keep running.
const FIELDS_OF_RUNNING: [&str; 4] =
    ["lifecycle", "livenessProbe", "readinessProbe", "startupProbe"];

pub(super) fn containers(errors: &mut Errors, spec: &Value, pod: &PodContext<'_>, path: &Path) {
    if list(spec, "containers").is_empty() {
        errors.required(&path.child("containers"), "");
        return;
    }
    let mut names = BTreeSet::new();
    for (path, container) in elements(spec, "containers", path) {
        common(errors, container, pod, &path);
        let name = text(container, "name");
        if !names.insert(name) {
            errors.duplicate(&path.child("name"), Shown::Text(name));
        }
        running(errors, container, pod, &path);
        if optional_text(container, "restartPolicy").is_some() {
            let detail = "may not be set for non-init containers";
            errors.forbidden(&path.child("restartPolicy"), detail);
        }
    }
    host_port_conflicts(errors, list(spec, "containers"), &path.child("containers"));
}

pub(super) fn init_containers(
    errors: &mut Errors,
    spec: &Value,
    pod: &PodContext<'_>,
    path: &Path,
) {
    let mut names: BTreeSet<&str> =
        list(spec, "containers").iter().map(|container| text(container, "name")).collect();
    let all = path.child("initContainers");
    for (path, container) in elements(spec, "initContainers", path) {
        common(errors, container, pod, &path);
        init_restart_policy(errors, container, &path);
        let name = text(container, "name");
        if names.contains(name) {
            errors.duplicate(&path.child("name"), Shown::Text(name));
        } else if !name.is_empty() {
            names.insert(name);
        }
        // Each is checked alone, and so has the position 0.
        host_port_conflicts(errors, std::slice::from_ref(container), &all);
        let is_sidecar = text(container, "restartPolicy") == "Always";
        if is_sidecar {
            running(errors, container, pod, &path);
        } else {
            let present =
                FIELDS_OF_RUNNING.into_iter().filter(|key| field(container, key).is_some());
            for key in present {
                let detail = "may not be set for init containers without restartPolicy=Always";
                errors.forbidden(&path.child(key), detail);
            }
        }
        init_resize_policy(errors, container, &path, is_sidecar);
    }
}

/// Ephemeral containers are forbidden in a template. What else is wrong with them is checked as far as
/// it is for all containers.
pub(super) fn ephemeral_containers(
    errors: &mut Errors,
    spec: &Value,
    pod: &PodContext<'_>,
    path: &Path,
) {
    for (path, container) in elements(spec, "ephemeralContainers", path) {
        common(errors, container, pod, &path);
    }
}

/// The checks for containers of all kinds.
fn common(errors: &mut Errors, container: &Value, pod: &PodContext<'_>, path: &Path) {
    let name = text(container, "name");
    if name.is_empty() {
        errors.required(&path.child("name"), "");
    } else {
        errors.invalid_text(&path.child("name"), name, dns_label(name));
    }
    if text(container, "image").is_empty() {
        errors.required(&path.child("image"), "");
    }
    let policy = text(container, "terminationMessagePolicy");
    let policies = ["File", "FallbackToLogsOnError"];
    errors.choice(&path.child("terminationMessagePolicy"), policy, &policies);
    ports(errors, container, path);
    env::variables(errors, container, path);
    env::sources(errors, container, path);
    mounts::mounts(errors, container, &pod.volumes, path);
    mounts::devices(errors, container, &pod.volumes, path);
    pull_policy(errors, &path.child("imagePullPolicy"), text(container, "imagePullPolicy"));
    resources::container(errors, container, pod, path);
    resources::resize_policy(errors, container, pod, path);
    security::container(errors, container, pod, path);
}

pub(super) fn pull_policy(errors: &mut Errors, path: &Path, policy: &str) {
    errors.choice(path, policy, &PULL_POLICIES);
}

/// The checks for containers that keep running.
fn running(errors: &mut Errors, container: &Value, pod: &PodContext<'_>, path: &Path) {
    if let Some(lifecycle) = field(container, "lifecycle") {
        handlers::lifecycle(errors, lifecycle, pod, &path.child("lifecycle"));
    }
    for key in ["livenessProbe", "readinessProbe", "startupProbe"] {
        if let Some(probe) = field(container, key) {
            handlers::probe(errors, probe, key, &path.child(key));
        }
    }
}

fn ports(errors: &mut Errors, container: &Value, path: &Path) {
    let mut names = BTreeSet::new();
    for (path, port) in elements(container, "ports", path) {
        let name = text(port, "name");
        if !name.is_empty() {
            let messages = port_name(name);
            let is_new = !messages.is_empty() || names.insert(name);
            errors.invalid_text(&path.child("name"), name, messages);
            if !is_new {
                errors.duplicate(&path.child("name"), Shown::Text(name));
            }
        }
        for key in ["containerPort", "hostPort"] {
            match number(port, key) {
                0 if key == "hostPort" => {}
                0 => errors.required(&path.child(key), ""),
                number => {
                    if let Some(detail) = range(number, 1, 65535) {
                        errors.invalid(&path.child(key), Shown::Number(number), &detail);
                    }
                }
            }
        }
        errors.choice(&path.child("protocol"), text(port, "protocol"), &["SCTP", "TCP", "UDP"]);
    }
}

fn host_port_conflicts(errors: &mut Errors, containers: &[Value], path: &Path) {
    let mut seen = BTreeSet::new();
    for (position, container) in containers.iter().enumerate() {
        for (path, port) in elements(container, "ports", &path.index(position)) {
            let host_port = number(port, "hostPort");
            if host_port == 0 {
                continue;
            }
            let protocol = match text(port, "protocol") {
                "" => "TCP",
                protocol => protocol,
            };
            let key = format!("{protocol}/{}/{host_port}", text(port, "hostIP"));
            if seen.contains(&key) {
                errors.duplicate(&path.child("hostPort"), Shown::Text(&key));
            }
            seen.insert(key);
        }
    }
}

fn init_restart_policy(errors: &mut Errors, container: &Value, path: &Path) {
    let path = path.child("restartPolicy");
    match optional_text(container, "restartPolicy") {
        None if list(container, "restartPolicyRules").is_empty() => {}
        None => errors.required(&path, "must specify restartPolicy when restart rules are used"),
        Some("Always") => {}
        Some(policy) => errors.not_supported(&path, Shown::Named(policy), &["Always"]),
    }
}

fn init_resize_policy(errors: &mut Errors, container: &Value, path: &Path, is_sidecar: bool) {
    let policies = list(container, "resizePolicy");
    let path = path.child("resizePolicy");
    if !policies.is_empty() {
        let fields =
            [("ResourceName", "resourceName", "\"\""), ("RestartPolicy", "restartPolicy", "\"\"")];
        let shown: Vec<String> =
            policies.iter().map(|policy| struct_text(policy, &fields)).collect();
        let detail = "must not be set for init containers";
        let shown = format!("[{}]", shown.join(","));
        errors.invalid(&path, Shown::Struct(&shown), detail);
    }
    for (position, policy) in policies.iter().enumerate().filter(|_| !is_sidecar) {
        if text(policy, "restartPolicy") == "RestartContainer" {
            let path = path.index(position).child("restartPolicy");
            let detail = "must not be set to 'RestartContainer' for non-sidecar initContainers";
            errors.invalid(&path, Shown::Named("RestartContainer"), detail);
        }
    }
}
