//! The fields of `spec` in the order in which Kubernetes checks them.

use std::collections::BTreeSet;
use std::net::IpAddr;

use serde_json::Value;

use super::errors::{
    Errors, Path, Shown, elements, field, is_true, list, number, optional_number, optional_text,
    text, texts,
};
use super::texts::{dns_label, dns_subdomain, qualified_name, range};
use super::{affinity, containers, metadata, mounts, resources, scheduling, security, volumes};

const DNS_POLICIES: [&str; 4] = ["ClusterFirstWithHostNet", "ClusterFirst", "Default", "None"];

/// What the checks of a container need to know about its Pod.
pub(super) struct PodContext<'v> {
    /// The valid volumes.
    pub(super) volumes: mounts::Volumes<'v>,
    /// The names of the resource claims.
    pub(super) claims: BTreeSet<&'v str>,
    pub(super) grace_period: i64,
    pub(super) restart_policy: &'v str,
    /// The operating system, if it is set.
    pub(super) os: Option<&'v str>,
    /// Whether the Pod is in the user namespace of the host.
    pub(super) host_users: bool,
}

pub(super) fn spec(errors: &mut Errors, spec: &Value, path: &Path) {
    let volumes = volumes::volumes(errors, spec, path);
    let claims = list(spec, "resourceClaims").iter().map(|claim| text(claim, "name"));
    let pod = PodContext {
        volumes,
        claims: claims.filter(|name| !name.is_empty()).collect(),
        grace_period: optional_number(spec, "terminationGracePeriodSeconds").unwrap_or(30),
        restart_policy: text(spec, "restartPolicy"),
        os: field(spec, "os").map(|os| text(os, "name")),
        host_users: spec.get("hostUsers").and_then(Value::as_bool).unwrap_or(true),
    };
    resources::pod_claims(errors, spec, path);
    containers::containers(errors, spec, &pod, path);
    containers::init_containers(errors, spec, &pod, path);
    containers::ephemeral_containers(errors, spec, &pod, path);
    resources::pod_resources(errors, spec, &pod, path);
    host_network_ports(errors, spec, path);
    let restart_policies = ["Always", "OnFailure", "Never"];
    errors.choice(&path.child("restartPolicy"), text(spec, "restartPolicy"), &restart_policies);
    errors.choice(&path.child("dnsPolicy"), text(spec, "dnsPolicy"), &DNS_POLICIES);
    metadata::labels(errors, spec, "nodeSelector", &path.child("nodeSelector"));
    security::pod(errors, spec, path);
    affinity::affinity(errors, spec, path);
    dns_config(errors, spec, path);
    gates(errors, spec, path);
    scheduling::spread_constraints(errors, spec, path);
    security::host_process(errors, spec, path);
    security::user_namespace(errors, spec, path);
    host_name(errors, spec, path);
    names(errors, spec, path);
    scheduling::tolerations(errors, spec, path);
    host_aliases(errors, spec, path);
    for key in ["priorityClassName", "runtimeClassName"] {
        // An empty runtimeClassName is no absent one.
        let name = optional_text(spec, key);
        if let Some(name) = name.filter(|name| key == "runtimeClassName" || !name.is_empty()) {
            errors.invalid_text(&path.child(key), name, dns_subdomain(name));
        }
    }
    if let Some(policy) = optional_text(spec, "preemptionPolicy") {
        let path = path.child("preemptionPolicy");
        if policy.is_empty() {
            errors.required(&path, "");
        }
        errors.choice(&path, policy, &["PreemptLowerPriority", "Never"]);
    }
    resources::overhead(errors, spec, &path.child("overhead"));
    security::operating_system(errors, spec, path);
    if let Some(group) = field(spec, "schedulingGroup") {
        let path = path.child("schedulingGroup").child("podGroupName");
        if let Some(name) = optional_text(group, "podGroupName") {
            errors.invalid_text(&path, name, dns_subdomain(name));
        } else {
            let detail = "must specify one of: `podGroupName`";
            errors.invalid(&path, Shown::Json(&Value::Null), detail);
        }
    }
    mounts::variables_in_files(errors, spec, path);
}

fn host_network_ports(errors: &mut Errors, spec: &Value, path: &Path) {
    if !is_true(spec, "hostNetwork") {
        return;
    }
    for (path, container) in elements(spec, "containers", path) {
        for (path, port) in elements(container, "ports", &path) {
            let host_port = number(port, "hostPort");
            if host_port != 0 && host_port != number(port, "containerPort") {
                let detail = "must match `containerPort` when `hostNetwork` is true";
                errors.invalid(&path.child("hostPort"), Shown::Number(host_port), detail);
            }
        }
    }
}

fn dns_config(errors: &mut Errors, spec: &Value, path: &Path) {
    const NAMESERVERS: usize = 3;
    const SEARCHES: usize = 32;
    const SEARCH_BYTES: usize = 2048;
    let path = path.child("dnsConfig");
    let config = field(spec, "dnsConfig");
    let nameservers = config.map(|config| texts(config, "nameservers")).unwrap_or_default();
    if text(spec, "dnsPolicy") == "None" && nameservers.is_empty() {
        let detail = "must provide at least one DNS nameserver when `dnsPolicy` is None";
        match config {
            Some(_) => errors.required(&path.child("nameservers"), detail),
            None => errors.required(&path, "must provide `dnsConfig` when `dnsPolicy` is None"),
        }
        return;
    }
    let Some(config) = config else { return };
    let all = |key| Shown::Json(config.get(key).unwrap_or(&Value::Null));
    let place = path.child("nameservers");
    if nameservers.len() > NAMESERVERS {
        let detail = format!("must not have more than {NAMESERVERS} nameservers");
        errors.invalid(&place, all("nameservers"), &detail);
    }
    for (position, nameserver) in nameservers.into_iter().enumerate() {
        ip_address(errors, &place.index(position), nameserver);
    }
    let searches = texts(config, "searches");
    let place = path.child("searches");
    if searches.len() > SEARCHES {
        let detail = format!("must not have more than {SEARCHES} search paths");
        errors.invalid(&place, all("searches"), &detail);
    }
    if searches.join(" ").len() > SEARCH_BYTES {
        let detail = format!(
            "must not have more than {SEARCH_BYTES} characters (including spaces) in the search list"
        );
        errors.invalid(&place, all("searches"), &detail);
    }
    for (position, search) in searches.into_iter().enumerate() {
        let search = search.strip_suffix('.').unwrap_or(search);
        errors.invalid_text(&place.index(position), search, dns_subdomain(search));
    }
    for (path, option) in elements(config, "options", &path) {
        if text(option, "name").is_empty() {
            errors.required(&path, "must not be empty");
        }
    }
}

fn gates(errors: &mut Errors, spec: &Value, path: &Path) {
    for (path, gate) in elements(spec, "readinessGates", path) {
        let condition = text(gate, "conditionType");
        errors.invalid_text(&path.child("conditionType"), condition, qualified_name(condition));
    }
    let mut seen = BTreeSet::new();
    for (path, gate) in elements(spec, "schedulingGates", path) {
        let name = text(gate, "name");
        errors.invalid_text(&path, name, qualified_name(name));
        if !seen.insert(name) {
            errors.duplicate(&path, Shown::Text(name));
        }
    }
}

fn host_name(errors: &mut Errors, spec: &Value, path: &Path) {
    const LENGTH: usize = 64;
    let path = path.child("hostnameOverride");
    let Some(name) = optional_text(spec, "hostnameOverride") else { return };
    for (key, detail) in [
        ("setHostnameAsFQDN", "may not be specified when setHostnameAsFQDN is true"),
        ("hostNetwork", "may not be specified when hostNetwork is true"),
    ] {
        if is_true(spec, key) {
            errors.forbidden(&path, detail);
        }
    }
    if name.len() > LENGTH {
        errors.too_long(&path, LENGTH);
    }
    errors.invalid_text(&path, name, dns_subdomain(name));
}

fn names(errors: &mut Errors, spec: &Value, path: &Path) {
    // The older name of the field still counts, if the newer one is empty.
    let account = match text(spec, "serviceAccountName") {
        "" => text(spec, "serviceAccount"),
        account => account,
    };
    if !account.is_empty() {
        errors.invalid_text(&path.child("serviceAccountName"), account, dns_subdomain(account));
    }
    let node = text(spec, "nodeName");
    if !node.is_empty() {
        errors.invalid_text(&path.child("nodeName"), node, dns_subdomain(node));
    }
    if let Some(seconds) = optional_number(spec, "activeDeadlineSeconds")
        && let Some(detail) = range(seconds, 1, i32::MAX.into())
    {
        errors.invalid(&path.child("activeDeadlineSeconds"), Shown::Number(seconds), &detail);
    }
    for key in ["hostname", "subdomain"] {
        let name = text(spec, key);
        if !name.is_empty() {
            errors.invalid_text(&path.child(key), name, dns_label(name));
        }
    }
}

fn host_aliases(errors: &mut Errors, spec: &Value, path: &Path) {
    for (path, alias) in elements(spec, "hostAliases", path) {
        ip_address(errors, &path.child("ip"), text(alias, "ip"));
        let path = path.child("hostnames");
        for (position, name) in texts(alias, "hostnames").into_iter().enumerate() {
            errors.invalid_text(&path.index(position), name, dns_subdomain(name));
        }
    }
}

fn ip_address(errors: &mut Errors, path: &Path, address: &str) {
    let detail = match (without_leading_zeros(address).parse::<IpAddr>(), address.parse()) {
        (Err(_), _) => "must be a valid IP address, (e.g. 10.9.8.7 or 2001:db8::ffff)",
        (Ok(_), Err(_)) => "must not have leading 0s",
        (Ok(_), Ok(IpAddr::V6(address))) if address.to_ipv4_mapped().is_some() => {
            "must not be an IPv4-mapped IPv6 address"
        }
        (Ok(_), Ok(_)) => return,
    };
    errors.invalid(path, Shown::Text(address), detail);
}

/// An address without the zeros at the beginning of each number of an IPv4 address, or of the IPv4 part
/// of an IPv6 address.
fn without_leading_zeros(address: &str) -> String {
    let without_zeros = |number: &str| match number.trim_start_matches('0') {
        "" if !number.is_empty() => "0".into(),
        number => number.to_owned(),
    };
    let at = address.rfind(':').map_or(0, |colon| colon + 1);
    let (start, end) = address.split_at(at);
    if !end.contains('.') {
        return address.to_owned();
    }
    let end: Vec<String> = end.split('.').map(without_zeros).collect();
    format!("{start}{}", end.join("."))
}
