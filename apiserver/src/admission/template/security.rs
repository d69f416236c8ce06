//! Security contexts, the namespaces of the host, and the operating system.

use std::collections::BTreeSet;

use serde_json::Value;

use super::errors::{
    Errors, Path, Shown, elements, field, is_true, list, optional_number, optional_text,
    struct_text, text, texts,
};
use super::pod::PodContext;
use super::texts::{descending_path, range};
use super::visit_containers;

const PROFILE_TYPES: [&str; 3] = ["Localhost", "RuntimeDefault", "Unconfined"];

pub(super) fn pod(errors: &mut Errors, spec: &Value, path: &Path) {
    let none = Value::Null;
    let context = spec.get("securityContext").unwrap_or(&none);
    let path = path.child("securityContext");
    for key in ["fsGroup", "runAsUser", "runAsGroup"] {
        id(errors, optional_number(context, key), &path.child(key));
    }
    for (path, group) in elements(context, "supplementalGroups", &path) {
        id(errors, group.as_i64(), &path);
    }
    if is_true(spec, "shareProcessNamespace") && is_true(spec, "hostPID") {
        let detail = "ShareProcessNamespace and HostPID cannot both be enabled";
        errors.invalid(&path.child("shareProcessNamespace"), Shown::Bool(true), detail);
    }
    sysctls(errors, spec, context, &path);
    choice(errors, context, "fsGroupChangePolicy", &["Always", "OnRootMismatch"], &path);
    seccomp(errors, context, &path);
    app_armor(errors, context, &path);
    choice(errors, context, "supplementalGroupsPolicy", &["Merge", "Strict"], &path);
    choice(errors, context, "seLinuxChangePolicy", &["MountOption", "Recursive"], &path);
}

pub(super) fn container(errors: &mut Errors, container: &Value, pod: &PodContext<'_>, path: &Path) {
    let Some(context) = field(container, "securityContext") else { return };
    let path = path.child("securityContext");
    for key in ["runAsUser", "runAsGroup"] {
        id(errors, optional_number(context, key), &path.child(key));
    }
    choice(errors, context, "procMount", &["Default", "Unmasked"], &path);
    if pod.host_users && text(context, "procMount") == "Unmasked" {
        let detail = "`hostUsers` must be false to use `Unmasked`";
        errors.invalid(&path.child("procMount"), Shown::Named("Unmasked"), detail);
    }
    seccomp(errors, context, &path);
    escalation(errors, context, &path);
    app_armor(errors, context, &path);
}

fn id(errors: &mut Errors, id: Option<i64>, path: &Path) {
    let Some(id) = id else { return };
    if let Some(detail) = range(id, 0, i32::MAX.into()) {
        errors.invalid(path, Shown::Number(id), &detail);
    }
}

/// Checks a text behind a pointer: it can be absent, but not empty.
fn choice(errors: &mut Errors, context: &Value, key: &str, supported: &[&str], path: &Path) {
    let value = optional_text(context, key).filter(|value| !supported.contains(value));
    if let Some(value) = value {
        errors.not_supported(&path.child(key), Shown::Named(value), supported);
    }
}

fn sysctls(errors: &mut Errors, spec: &Value, context: &Value, path: &Path) {
    let mut names = BTreeSet::new();
    for (path, sysctl) in elements(context, "sysctls", path) {
        let (name, path) = (text(sysctl, "name"), path.child("name"));
        if name.is_empty() {
            errors.required(&path, "");
        } else if !is_sysctl_name(name) {
            let detail = "must have at most 253 characters and match regex \
                 ^([a-z0-9]([-_a-z0-9]*[a-z0-9])?[\\./])*[a-z0-9]([-_a-z0-9]*[a-z0-9])?$";
            errors.invalid(&path, Shown::Text(name), detail);
        } else if names.contains(name) {
            errors.duplicate(&path, Shown::Text(name));
        }
        let normal = with_dots(name);
        let of_host = if is_true(spec, "hostNetwork") && normal.starts_with("net.") {
            Some("may not be specified when 'hostNetwork' is true")
        } else if is_true(spec, "hostIPC") && is_of_ipc(&normal) {
            Some("may not be specified when 'hostIPC' is true")
        } else {
            None
        };
        if let Some(detail) = of_host {
            errors.invalid(&path, Shown::Text(name), detail);
        }
        names.insert(name);
    }
}

fn is_sysctl_name(name: &str) -> bool {
    let is_end = |byte: Option<u8>| {
        byte.is_some_and(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit())
    };
    let is_inner = |byte: u8| is_end(Some(byte)) || matches!(byte, b'-' | b'_');
    let is_segment = |segment: &str| {
        let ends = [segment.bytes().next(), segment.bytes().next_back()];
        ends.into_iter().all(is_end) && segment.bytes().all(is_inner)
    };
    name.len() <= 253 && name.split(['.', '/']).all(is_segment)
}

/// A name whose first separator is a slash has the two exchanged.
fn with_dots(name: &str) -> String {
    let exchange = |char| match char {
        '.' => '/',
        '/' => '.',
        other => other,
    };
    match name.find(['.', '/']) {
        Some(at) if name.get(at..).is_some_and(|rest| rest.starts_with('/')) => {
            name.chars().map(exchange).collect()
        }
        _ => name.to_owned(),
    }
}

fn is_of_ipc(name: &str) -> bool {
    let prefixes = ["kernel.shm", "kernel.msg", "fs.mqueue."];
    name == "kernel.sem" || prefixes.iter().any(|prefix| name.starts_with(prefix))
}

fn seccomp(errors: &mut Errors, context: &Value, path: &Path) {
    let (Some(profile), path) = (field(context, "seccompProfile"), path.child("seccompProfile"))
    else {
        return;
    };
    let kind = text(profile, "type");
    if kind.is_empty() {
        errors.required(&path.child("type"), "type is required when seccompProfile is set");
    }
    errors.choice(&path.child("type"), kind, &PROFILE_TYPES);
    let path = path.child("localhostProfile");
    match (kind, optional_text(profile, "localhostProfile")) {
        ("Localhost", None) => {
            errors.required(&path, "must be set when seccomp type is Localhost");
        }
        ("Localhost", Some(file)) => descending_path(errors, &path, file),
        (_, None) => {}
        (_, Some(_)) => {
            let fields =
                [("Type", "type", "\"\""), ("LocalhostProfile", "localhostProfile", "null")];
            let detail = "can only be set when seccomp type is Localhost";
            errors.invalid(&path, Shown::Struct(&struct_text(profile, &fields)), detail);
        }
    }
}

fn app_armor(errors: &mut Errors, context: &Value, path: &Path) {
    const LENGTH: usize = 4095;
    let (Some(profile), path) = (field(context, "appArmorProfile"), path.child("appArmorProfile"))
    else {
        return;
    };
    let place = path.child("localhostProfile");
    let is_needed = "must be set when AppArmor type is Localhost";
    match (text(profile, "type"), optional_text(profile, "localhostProfile")) {
        ("Localhost", None) => errors.required(&place, is_needed),
        ("Localhost", Some(name)) => {
            if name.trim() != name {
                let detail = "must not be padded with whitespace";
                errors.invalid(&place, Shown::Text(name), detail);
            } else if name.is_empty() {
                errors.required(&place, is_needed);
            }
            if name.len() > LENGTH {
                errors.too_long(&place, LENGTH);
            }
        }
        ("RuntimeDefault" | "Unconfined", Some(name)) => {
            let detail = "can only be set when AppArmor type is Localhost";
            errors.invalid(&place, Shown::Named(name), detail);
        }
        ("RuntimeDefault" | "Unconfined", None) => {}
        ("", _) => {
            errors.required(&path.child("type"), "type is required when appArmorProfile is set");
        }
        (kind, _) => {
            errors.not_supported(&path.child("type"), Shown::Named(kind), &PROFILE_TYPES);
        }
    }
}

/// Checks that a container that may not gain privileges has none to gain.
fn escalation(errors: &mut Errors, context: &Value, path: &Path) {
    if context.get("allowPrivilegeEscalation") != Some(&Value::Bool(false)) {
        return;
    }
    let mut report = |detail| {
        errors.invalid(path, Shown::Struct(&internal_context(context)), detail);
    };
    if is_true(context, "privileged") {
        report("cannot set `allowPrivilegeEscalation` to false and `privileged` to true");
    }
    let capabilities = field(context, "capabilities");
    let added = capabilities.map(|capabilities| texts(capabilities, "add")).unwrap_or_default();
    for _ in added.iter().filter(|capability| **capability == "CAP_SYS_ADMIN") {
        report(
            "cannot set `allowPrivilegeEscalation` to false and `capabilities.Add` CAP_SYS_ADMIN",
        );
    }
}

/// The JSON of Kubernetes' internal type of a security context.
fn internal_context(context: &Value) -> String {
    const EMPTY: &str = "\"\"";
    const NULL: &str = "null";
    let part = |key: &str, fields: &[(&str, &str, &str)]| {
        field(context, key).map_or_else(|| NULL.to_owned(), |part| struct_text(part, fields))
    };
    let profile = [("Type", "type", EMPTY), ("LocalhostProfile", "localhostProfile", NULL)];
    let scalars = |fields: &[(&str, &str, &str)]| {
        let json = struct_text(context, fields);
        json.trim_start_matches('{').trim_end_matches('}').to_owned()
    };
    format!(
        "{{\"Capabilities\":{},{},\"SELinuxOptions\":{},\"WindowsOptions\":{},{},\
         \"SeccompProfile\":{},\"AppArmorProfile\":{}}}",
        part("capabilities", &[("Add", "add", NULL), ("Drop", "drop", NULL)]),
        scalars(&[("Privileged", "privileged", NULL)]),
        part(
            "seLinuxOptions",
            &[
                ("User", "user", EMPTY),
                ("Role", "role", EMPTY),
                ("Type", "type", EMPTY),
                ("Level", "level", EMPTY)
            ]
        ),
        part(
            "windowsOptions",
            &[
                ("GMSACredentialSpecName", "gmsaCredentialSpecName", NULL),
                ("GMSACredentialSpec", "gmsaCredentialSpec", NULL),
                ("RunAsUserName", "runAsUserName", NULL),
                ("HostProcess", "hostProcess", NULL)
            ]
        ),
        scalars(&[
            ("RunAsUser", "runAsUser", NULL),
            ("RunAsGroup", "runAsGroup", NULL),
            ("RunAsNonRoot", "runAsNonRoot", NULL),
            ("ReadOnlyRootFilesystem", "readOnlyRootFilesystem", NULL),
            ("AllowPrivilegeEscalation", "allowPrivilegeEscalation", NULL),
            ("ProcMount", "procMount", NULL),
        ]),
        part("seccompProfile", &profile),
        part("appArmorProfile", &profile),
    )
}

/// Checks that either all containers are `HostProcess` containers of Windows, or none.
pub(super) fn host_process(errors: &mut Errors, spec: &Value, path: &Path) {
    let of_pod = is_host_process(spec);
    let (mut containers, mut host_processes) = (0, 0);
    visit_containers(spec, path, &mut |container, path| {
        containers += 1;
        let of_container = is_host_process(container);
        if let (Some(of_pod), Some(of_container)) = (of_pod, of_container)
            && of_pod != of_container
        {
            let path = path.child("securityContext").child("windowsOptions").child("hostProcess");
            let detail = format!(
                "pod hostProcess value must be identical if both are specified, was {of_pod}"
            );
            errors.invalid(&path, Shown::Bool(of_container), &detail);
        }
        if of_container.or(of_pod) == Some(true) {
            host_processes += 1;
        }
    });
    if host_processes == 0 {
        return;
    }
    if host_processes != containers {
        let detail = "If pod contains any hostProcess containers then all containers must be \
                      HostProcess containers";
        errors.invalid(path, Shown::Text(""), detail);
    }
    if !is_true(spec, "hostNetwork") {
        let detail = "hostNetwork must be true if pod contains any hostProcess containers";
        errors.invalid(&path.child("hostNetwork"), Shown::Bool(false), detail);
    }
}

fn is_host_process(holder: &Value) -> Option<bool> {
    let options = field(field(holder, "securityContext")?, "windowsOptions")?;
    options.get("hostProcess").and_then(Value::as_bool)
}

/// Checks a Pod that has a user namespace of its own.
pub(super) fn user_namespace(errors: &mut Errors, spec: &Value, path: &Path) {
    const DETAIL: &str = "when `hostUsers` is false";
    if spec.get("hostUsers") != Some(&Value::Bool(false)) {
        return;
    }
    for (key, name) in
        [("hostNetwork", "hostNetwork"), ("hostPID", "HostPID"), ("hostIPC", "HostIPC")]
    {
        if is_true(spec, key) {
            errors.forbidden(&path.child(name), DETAIL);
        }
    }
    visit_containers(spec, path, &mut |container, path| {
        if !list(container, "volumeDevices").is_empty() {
            errors.forbidden(&path.child("volumeDevices"), DETAIL);
        }
    });
}

/// Checks the operating system, and that a Pod of Linux has no options of Windows.
pub(super) fn operating_system(errors: &mut Errors, spec: &Value, path: &Path) {
    let Some(os) = field(spec, "os") else { return };
    let name = text(os, "name");
    if name.is_empty() {
        errors.required(&path.child("os").child("name"), "");
    }
    errors.choice(&path.child("os"), name, &["linux", "windows"]);
    if name != "linux" {
        return;
    }
    let mut check = |holder: &Value, path: &Path| {
        let context = field(holder, "securityContext");
        if context.is_some_and(|context| field(context, "windowsOptions").is_some()) {
            let path = path.child("securityContext").child("windowsOptions");
            errors.forbidden(&path, "windows options cannot be set for a linux pod");
        }
    };
    check(spec, path);
    visit_containers(spec, path, &mut check);
}
