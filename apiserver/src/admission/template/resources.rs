//! Requests, limits, and claims of devices.

use std::collections::BTreeSet;

use serde_json::Value;
use volcano_job_update::internals::WrittenQuantity;

use super::errors::{
    Errors, Path, Shown, elements, entries, field, list, optional_text, quantity, struct_text, text,
};
use super::pod::PodContext;
use super::texts::{dns_label, dns_subdomain, qualified_name};

const HUGE_PAGES: &str = "hugepages-";
/// The resources without a domain in their name, apart from huge pages.
const STANDARD: [&str; 20] = [
    "configmaps",
    "cpu",
    "ephemeral-storage",
    "limits.cpu",
    "limits.ephemeral-storage",
    "limits.memory",
    "memory",
    "persistentvolumeclaims",
    "pods",
    "replicationcontrollers",
    "requests.cpu",
    "requests.ephemeral-storage",
    "requests.memory",
    "requests.storage",
    "resourcequotas",
    "secrets",
    "services",
    "services.loadbalancers",
    "services.nodeports",
    "storage",
];
/// Those of them that are counted.
const COUNTED: [&str; 9] = [
    "configmaps",
    "persistentvolumeclaims",
    "pods",
    "replicationcontrollers",
    "resourcequotas",
    "secrets",
    "services",
    "services.loadbalancers",
    "services.nodeports",
];

/// Checks the name of a resource.
type CheckName = fn(&mut Errors, &Path, &str);

pub(super) fn container(errors: &mut Errors, container: &Value, pod: &PodContext<'_>, path: &Path) {
    if let Some(resources) = field(container, "resources") {
        requirements(errors, resources, pod, &path.child("resources"), container_resource_name);
    }
}

/// Checks the resources of the whole Pod, but not whether they suffice for all containers together.
pub(super) fn pod_resources(errors: &mut Errors, spec: &Value, pod: &PodContext<'_>, path: &Path) {
    let path = path.child("resources");
    let Some(resources) = field(spec, "resources") else { return };
    if pod.os == Some("windows") {
        errors.forbidden(&path, "may not be set for a windows pod");
        return;
    }
    if field(resources, "claims").is_some() {
        let detail = "claims may not be set for Resources at pod-level";
        errors.forbidden(&path.child("claims"), detail);
    }
    requirements(errors, resources, pod, &path, pod_resource_name);
    for (path, container) in elements(spec, "containers", &path) {
        limits_within_pod(errors, container, resources, &path);
    }
}

/// Checks that no limit of a container is above that of its Pod.
fn limits_within_pod(errors: &mut Errors, container: &Value, pod: &Value, path: &Path) {
    let (Some(resources), Some(pod)) = (field(container, "resources"), field(pod, "limits")) else {
        return;
    };
    for (name, limit) in entries(resources, "limits") {
        let [limit, of_pod] =
            [Some(limit), pod.get(name)].map(|limit| limit.and_then(quantity).map(rounded));
        let (Some(limit), Some(of_pod)) = (limit, of_pod) else { continue };
        if limit.value() > of_pod.value() {
            let detail = format!("must be less than or equal to pod limits of {of_pod}");
            let path = path.key(name).child("limits");
            errors.invalid(&path, Shown::Text(&limit.to_string()), &detail);
        }
    }
}

pub(super) fn overhead(errors: &mut Errors, spec: &Value, path: &Path) {
    let limits: Vec<_> = entries(spec, "overhead").collect();
    for (name, value) in &limits {
        amount(errors, name, value, &path.child("limits").key(name), container_resource_name);
    }
    huge_pages_alone(errors, &limits, path);
}

fn requirements(
    errors: &mut Errors,
    resources: &Value,
    pod: &PodContext<'_>,
    path: &Path,
    check_name: CheckName,
) {
    let (limits_path, requests_path) = (path.child("limits"), path.child("requests"));
    let mut all: Vec<_> = entries(resources, "limits").collect();
    for (name, value) in &all {
        amount(errors, name, value, &limits_path.key(name), check_name);
    }
    let limits = resources.get("limits").unwrap_or(&Value::Null);
    for (name, value) in entries(resources, "requests") {
        let place = requests_path.key(name);
        check_name(errors, &place, name);
        let Some(request) = quantity(value).map(rounded) else { continue };
        amount_value(errors, name, &request, &place);
        match limits.get(name).and_then(quantity).map(rounded) {
            Some(limit) => within_limit(errors, name, &request, &limit, &requests_path),
            None if !may_overcommit(name) => {
                let detail = "Limit must be set for non overcommitable resources";
                errors.required(&limits_path, detail);
            }
            None => {}
        }
        huge_page_amount(errors, name, &request, &place);
        all.push((name, value));
    }
    huge_pages_alone(errors, &all, path);
    claims(errors, resources, pod, path);
}

fn amount(errors: &mut Errors, name: &str, value: &Value, path: &Path, check_name: CheckName) {
    check_name(errors, path, name);
    if let Some(value) = quantity(value).map(rounded) {
        amount_value(errors, name, &value, path);
        huge_page_amount(errors, name, &value, path);
    }
}

/// Kubernetes rounds resources to thousandths before it checks them.
pub(super) fn rounded(quantity: WrittenQuantity) -> WrittenQuantity {
    quantity.rounded_to_milli()
}

fn amount_value(errors: &mut Errors, name: &str, value: &WrittenQuantity, path: &Path) {
    let shown = value.to_string();
    if value.value().is_negative() {
        errors.invalid(path, Shown::Text(&shown), "must be greater than or equal to 0");
    }
    let is_counted = COUNTED.contains(&name) || is_extended(name);
    if is_counted && !value.value().is_whole() {
        errors.invalid(path, Shown::Named(&shown), "must be an integer");
    }
}

fn within_limit(
    errors: &mut Errors,
    name: &str,
    request: &WrittenQuantity,
    limit: &WrittenQuantity,
    path: &Path,
) {
    let rule = if request.value() != limit.value() && !may_overcommit(name) {
        "equal to"
    } else if request.value() > limit.value() {
        "less than or equal to"
    } else {
        return;
    };
    let detail = format!("must be {rule} {name} limit of {limit}");
    errors.invalid(path, Shown::Text(&request.to_string()), &detail);
}

/// Checks that an amount of huge pages is a number of pages.
fn huge_page_amount(errors: &mut Errors, name: &str, value: &WrittenQuantity, path: &Path) {
    let Some(size) = name.strip_prefix(HUGE_PAGES) else { return };
    let size = quantity(&size.into());
    let size = size.and_then(|size| size.value().clone().rounded_away(-3).to_integer());
    let bytes = value.value().clone().rounded_away(0).to_integer();
    let is_divisible = match (size.filter(|size| *size > 0), bytes) {
        (Some(size), Some(bytes)) => bytes.checked_rem(size) == Some(0),
        _ => false,
    };
    if !is_divisible {
        let detail = format!("{value} is not positive integer multiple of {name}");
        errors.invalid(path, Shown::Text(&value.to_string()), &detail);
    }
}

fn huge_pages_alone(errors: &mut Errors, resources: &[(&str, &Value)], path: &Path) {
    let has = |test: fn(&str) -> bool| resources.iter().any(|(name, _)| test(name));
    let has_compute = has(|name| matches!(name, "cpu" | "memory"));
    if !has_compute && has(|name| name.starts_with(HUGE_PAGES)) {
        errors.forbidden(path, "HugePages require cpu or memory");
    }
}

fn container_resource_name(errors: &mut Errors, path: &Path, name: &str) {
    resource_name(errors, path, name);
    let is_container_resource = matches!(name, "cpu" | "memory" | "ephemeral-storage");
    let detail = if !name.contains('/') {
        if is_container_resource || name.starts_with(HUGE_PAGES) {
            return;
        }
        "must be a standard resource for containers"
    } else if !is_native(name) && !is_extended(name) {
        "doesn't follow extended resource name standard"
    } else {
        return;
    };
    errors.invalid(path, Shown::Named(name), detail);
}

fn pod_resource_name(errors: &mut Errors, path: &Path, name: &str) {
    let count = errors.count();
    resource_name(errors, path, name);
    let is_supported = matches!(name, "cpu" | "memory") || name.starts_with(HUGE_PAGES);
    if errors.count() == count && !is_supported {
        errors.not_supported(path, Shown::Named(name), &["cpu", HUGE_PAGES, "memory"]);
    }
}

fn resource_name(errors: &mut Errors, path: &Path, name: &str) {
    let messages = qualified_name(name);
    let is_standard = STANDARD.contains(&name)
        || name.starts_with(HUGE_PAGES)
        || name.starts_with("requests.hugepages-");
    if messages.is_empty() && !name.contains('/') && !is_standard {
        let detail = "must be a standard resource type or fully qualified";
        errors.invalid(path, Shown::Named(name), detail);
    }
    for message in messages {
        errors.invalid(path, Shown::Named(name), &message);
    }
}

/// Whether a resource is one of Kubernetes itself.
fn is_native(name: &str) -> bool {
    !name.contains('/') || name.contains("kubernetes.io/")
}

/// Whether a resource is one of a device plugin or the like.
fn is_extended(name: &str) -> bool {
    !is_native(name)
        && !name.starts_with("requests.")
        && qualified_name(&format!("requests.{name}")).is_empty()
}

fn may_overcommit(name: &str) -> bool {
    is_native(name) && !name.starts_with(HUGE_PAGES)
}

/// Checks which claims of the Pod a container uses.
fn claims(errors: &mut Errors, resources: &Value, pod: &PodContext<'_>, path: &Path) {
    let mut names: BTreeSet<String> = BTreeSet::new();
    for (path, claim) in elements(resources, "claims", path) {
        let (name, request) = (text(claim, "name"), text(claim, "request"));
        if name.is_empty() {
            errors.required(&path, "");
        } else if names.contains(name) {
            errors.duplicate(&path, Shown::Text(name));
        } else {
            claimed(errors, &mut names, name, request, &path);
        }
        if !pod.claims.contains(name) {
            let names: Vec<&str> = pod.claims.iter().copied().collect();
            let all = if names.is_empty() {
                " which is empty".into()
            } else {
                format!(": {}", names.join(", "))
            };
            let detail = format!("must be one of the names in pod.spec.resourceClaims{all}");
            if !name.is_empty() {
                errors.not_found(&path, name, &detail);
            }
        }
    }
}

fn claimed(
    errors: &mut Errors,
    names: &mut BTreeSet<String>,
    name: &str,
    request: &str,
    path: &Path,
) {
    if request.is_empty() {
        let parts =
            names.iter().filter(|key| key.split_once('/').is_some_and(|(of, _)| of == name));
        parts.for_each(|_| errors.duplicate(path, Shown::Text(name)));
        names.insert(name.to_owned());
        return;
    }
    errors.invalid_text(&path.child("request"), request, dns_label(request));
    let key = format!("{name}/{request}");
    if names.contains(&key) {
        errors.duplicate(path, Shown::Text(&key));
    }
    names.insert(key);
}

/// Checks the claims of the Pod.
pub(super) fn pod_claims(errors: &mut Errors, spec: &Value, path: &Path) {
    const SOURCES: [&str; 2] = ["resourceClaimName", "resourceClaimTemplateName"];
    let mut names = BTreeSet::new();
    for (path, claim) in elements(spec, "resourceClaims", path) {
        let name = text(claim, "name");
        let place = path.child("name");
        if name.is_empty() {
            errors.required(&place, "");
        } else if names.insert(name) {
            errors.invalid_text(&place, name, dns_label(name));
        } else {
            errors.duplicate(&place, Shown::Text(name));
        }
        let detail = match SOURCES.map(|key| optional_text(claim, key).is_some()) {
            [true, true] => {
                "at most one of `resourceClaimName` or `resourceClaimTemplateName` may be specified"
            }
            [false, false] => {
                "must specify one of: `resourceClaimName`, `resourceClaimTemplateName`"
            }
            _ => "",
        };
        if !detail.is_empty() {
            let fields = [
                ("Name", "name", "\"\""),
                ("ResourceClaimName", "resourceClaimName", "null"),
                ("ResourceClaimTemplateName", "resourceClaimTemplateName", "null"),
            ];
            errors.invalid(&path, Shown::Struct(&struct_text(claim, &fields)), detail);
        }
        for key in SOURCES {
            if let Some(source) = optional_text(claim, key) {
                errors.invalid_text(&path.child(key), source, dns_subdomain(source));
            }
        }
    }
}

/// Checks what happens to a container whose resources change.
pub(super) fn resize_policy(
    errors: &mut Errors,
    container: &Value,
    pod: &PodContext<'_>,
    path: &Path,
) {
    let path = path.child("resizePolicy");
    let mut resources = BTreeSet::new();
    for (position, policy) in list(container, "resizePolicy").iter().enumerate() {
        let (resource, restart) = (text(policy, "resourceName"), text(policy, "restartPolicy"));
        if !resources.insert(resource) {
            errors.duplicate(&path.index(position), Shown::Named(resource));
        }
        let choices: [(&str, &[&str]); 2] =
            [(resource, &["cpu", "memory"]), (restart, &["NotRequired", "RestartContainer"])];
        for (value, supported) in choices {
            if value.is_empty() {
                errors.required(&path, "");
            }
            errors.choice(&path, value, supported);
        }
        if pod.restart_policy == "Never" && restart != "NotRequired" {
            let detail = "must be 'NotRequired' when pod `restartPolicy` is 'Never'";
            errors.invalid(&path, Shown::Named(restart), detail);
        }
    }
}
