//! The volumes and devices that containers mount.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

use super::errors::{Errors, Path, Shown, elements, field, is_true, list, optional_text, text};
use super::texts::{descending_path, has_backsteps};
use super::visit_containers;
use super::volumes::is_empty_dir;

/// Volumes by their names.
pub(super) type Volumes<'v> = BTreeMap<&'v str, &'v Value>;

pub(super) fn mounts(errors: &mut Errors, container: &Value, volumes: &Volumes<'_>, path: &Path) {
    let devices = paths_by_name(container, "volumeDevices", "devicePath");
    let all = path.child("volumeMounts");
    let mut seen = BTreeSet::new();
    for (path, mount) in elements(container, "volumeMounts", path) {
        let (name, target) = (text(mount, "name"), text(mount, "mountPath"));
        let (name_path, target_path) = (path.child("name"), path.child("mountPath"));
        if name.is_empty() {
            errors.required(&name_path, "");
        }
        if !volumes.contains_key(name) {
            errors.not_found(&name_path, name, "");
        }
        if target.is_empty() {
            errors.required(&target_path, "");
        }
        if !seen.insert(target) {
            errors.invalid(&target_path, Shown::Text(target), "must be unique");
        }
        if devices.contains_key(name) {
            let detail = "must not already exist in volumeDevices";
            errors.invalid(&name_path, Shown::Text(name), detail);
        }
        if devices.values().any(|device| *device == target) {
            let detail = "must not already exist as a path in volumeDevices";
            errors.invalid(&target_path, Shown::Text(target), detail);
        }
        sub_path(errors, mount, &path, &all);
        propagation(errors, mount, container, &all);
    }
}

/// Checks the path in the volume. Its errors have the path of the list: `volumeMounts.subPath`.
fn sub_path(errors: &mut Errors, mount: &Value, path: &Path, all: &Path) {
    let (sub_path, expression) = (text(mount, "subPath"), text(mount, "subPathExpr"));
    if !sub_path.is_empty() {
        descending_path(errors, &all.child("subPath"), sub_path);
    }
    if expression.is_empty() {
        return;
    }
    if !sub_path.is_empty() {
        let detail = "subPathExpr and subPath are mutually exclusive";
        errors.invalid(&path.child("subPathExpr"), Shown::Text(expression), detail);
    }
    descending_path(errors, &all.child("subPathExpr"), expression);
}

/// Checks how mounts propagate. The errors have the path of the list, as those of [`sub_path`].
fn propagation(errors: &mut Errors, mount: &Value, container: &Value, all: &Path) {
    let propagation = optional_text(mount, "mountPropagation");
    if let Some(mode) = propagation {
        let path = all.child("mountPropagation");
        let modes = ["Bidirectional", "HostToContainer", "None"];
        if !modes.contains(&mode) {
            errors.not_supported(&path, Shown::Named(mode), &modes);
        }
        let context = field(container, "securityContext");
        if mode == "Bidirectional" && !context.is_some_and(|sc| is_true(sc, "privileged")) {
            let detail =
                "Bidirectional mount propagation is available only to privileged containers";
            errors.forbidden(&path, detail);
        }
    }
    let path = all.child("recursiveReadOnly");
    match optional_text(mount, "recursiveReadOnly") {
        None | Some("Disabled") => {}
        Some("Enabled" | "IfPossible") => {
            if !is_true(mount, "readOnly") {
                errors.forbidden(&path, "may only be specified when readOnly is true");
            }
            if propagation.is_some_and(|mode| mode != "None") {
                let detail = "may only be specified when mountPropagation is None or not specified";
                errors.forbidden(&path, detail);
            }
        }
        Some(mode) => {
            let modes = ["Disabled", "Enabled", "IfPossible"];
            errors.not_supported(&path, Shown::Named(mode), &modes);
        }
    }
}

pub(super) fn devices(errors: &mut Errors, container: &Value, volumes: &Volumes<'_>, path: &Path) {
    let mounts = paths_by_name(container, "volumeMounts", "mountPath");
    let (mut names, mut targets) = (BTreeSet::new(), BTreeSet::new());
    for (path, device) in elements(container, "volumeDevices", path) {
        let (name, target) = (text(device, "name"), text(device, "devicePath"));
        let (name_path, target_path) = (path.child("name"), path.child("devicePath"));
        if name.is_empty() {
            errors.required(&name_path, "");
        }
        if names.contains(name) {
            errors.invalid(&name_path, Shown::Text(name), "must be unique");
        }
        match volumes.get(name) {
            None => errors.not_found(&name_path, name, ""),
            Some(volume) => {
                let kinds = ["persistentVolumeClaim", "ephemeral"];
                if !kinds.iter().any(|kind| field(volume, kind).is_some()) {
                    let detail = "can only use volume source type of PersistentVolumeClaim or \
                                  Ephemeral for block mode";
                    errors.invalid(&name_path, Shown::Text(name), detail);
                }
            }
        }
        if target.is_empty() {
            errors.required(&target_path, "");
        }
        if targets.contains(target) {
            errors.invalid(&target_path, Shown::Text(target), "must be unique");
        }
        if has_backsteps(target) {
            let detail = "can not contain backsteps ('..')";
            errors.invalid(&target_path, Shown::Text(target), detail);
        } else {
            targets.insert(target);
        }
        if mounts.contains_key(name) {
            let detail = "must not already exist in volumeMounts";
            errors.invalid(&name_path, Shown::Text(name), detail);
        }
        if mounts.values().any(|mount| *mount == target) {
            let detail = "must not already exist as a path in volumeMounts";
            errors.invalid(&target_path, Shown::Text(target), detail);
        }
        if !name.is_empty() {
            names.insert(name);
        }
    }
}

fn paths_by_name<'v>(
    container: &'v Value,
    list_key: &str,
    key: &str,
) -> BTreeMap<&'v str, &'v str> {
    list(container, list_key).iter().map(|mount| (text(mount, "name"), text(mount, key))).collect()
}

/// Checks that variables are read from files in volumes of the type emptyDir.
pub(super) fn variables_in_files(errors: &mut Errors, spec: &Value, path: &Path) {
    let volumes: Volumes<'_> =
        list(spec, "volumes").iter().map(|volume| (text(volume, "name"), volume)).collect();
    visit_containers(spec, path, &mut |container, path| {
        for (path, variable) in elements(container, "env", path) {
            let source = field(variable, "valueFrom");
            let Some(selector) = source.and_then(|source| field(source, "fileKeyRef")) else {
                continue;
            };
            let path = path.child("valueFrom").child("fileKeyRef").child("volumeName");
            let name = text(selector, "volumeName");
            match volumes.get(name) {
                None => errors.not_found(&path, name, ""),
                Some(volume) if is_empty_dir(volume) => {}
                Some(_) => {
                    let detail = "referenced volume must be of type emptyDir";
                    errors.invalid(&path, Shown::Text(name), detail);
                }
            }
        }
    });
}
