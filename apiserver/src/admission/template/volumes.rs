//! The volumes of a Pod.
//!
//! Sources that only old clusters have (disks of cloud providers, iSCSI, Ceph and the like) count as
//! sources; what is in them is not checked.

use std::collections::BTreeSet;

use serde_json::Value;

use super::containers::pull_policy;
use super::env::{FILE_FIELDS, container_resource, pod_field};
use super::errors::{
    Errors, Path, Shown, elements, entries, field, list, optional_number, optional_text, quantity,
    text, texts,
};
use super::metadata;
use super::mounts::Volumes;
use super::texts::{descending_path, dns_subdomain, projected_path};

/// The sources of a volume in the order in which Kubernetes looks at them, with their names in the
/// error for a second source, where that is another one.
const SOURCES: [(&str, &str); 30] = [
    ("emptyDir", "emptyDir"),
    ("hostPath", "hostPath"),
    ("gitRepo", "gitRepo"),
    ("gcePersistentDisk", "gcePersistentDisk"),
    ("awsElasticBlockStore", "awsElasticBlockStore"),
    ("secret", "secret"),
    ("nfs", "nfs"),
    ("iscsi", "iscsi"),
    ("glusterfs", "glusterfs"),
    ("flocker", "flocker"),
    ("persistentVolumeClaim", "persistentVolumeClaim"),
    ("rbd", "rbd"),
    ("cinder", "cinder"),
    ("cephfs", "cephFS"),
    ("quobyte", "quobyte"),
    ("downwardAPI", "downwarAPI"),
    ("fc", "fc"),
    ("flexVolume", "flexVolume"),
    ("configMap", "configMap"),
    ("azureFile", "azureFile"),
    ("vsphereVolume", "vsphereVolume"),
    ("photonPersistentDisk", "photonPersistentDisk"),
    ("portworxVolume", "portworxVolume"),
    ("azureDisk", "azureDisk"),
    ("storageos", "storageos"),
    ("projected", "projected"),
    ("scaleIO", "scaleIO"),
    ("csi", "csi"),
    ("ephemeral", "ephemeral"),
    ("image", "image"),
];

const HOST_PATH_TYPES: [&str; 8] = [
    "",
    "BlockDevice",
    "CharDevice",
    "Directory",
    "DirectoryOrCreate",
    "File",
    "FileOrCreate",
    "Socket",
];

const ACCESS_MODES: [&str; 4] =
    ["ReadOnlyMany", "ReadWriteMany", "ReadWriteOnce", "ReadWriteOncePod"];

/// Whether a volume is of the type emptyDir, which is the default.
pub(super) fn is_empty_dir(volume: &Value) -> bool {
    field(volume, "emptyDir").is_some()
        || SOURCES.iter().all(|(source, _)| field(volume, source).is_none())
}

/// Checks the volumes and returns the valid ones.
pub(super) fn volumes<'v>(errors: &mut Errors, spec: &'v Value, path: &Path) -> Volumes<'v> {
    let mut valid = Volumes::new();
    for (path, volume) in elements(spec, "volumes", path) {
        let count = errors.count();
        sources(errors, volume, &path);
        let (name, path) = (text(volume, "name"), path.child("name"));
        if name.is_empty() {
            errors.required(&path, "");
        } else {
            errors.invalid_text(&path, name, super::texts::dns_label(name));
        }
        if valid.contains_key(name) {
            errors.duplicate(&path, Shown::Text(name));
        }
        if errors.count() == count {
            valid.insert(name, volume);
        }
    }
    valid
}

fn sources(errors: &mut Errors, volume: &Value, path: &Path) {
    let present =
        SOURCES.iter().filter_map(|(source, name)| Some((*source, *name, field(volume, source)?)));
    for (position, (source, name, value)) in present.enumerate() {
        if position > 0 {
            errors.forbidden(&path.child(name), "may not specify more than 1 volume type");
        } else {
            one_source(errors, source, value, &path.child(source));
        }
    }
}

fn one_source(errors: &mut Errors, source: &str, value: &Value, path: &Path) {
    match source {
        "emptyDir" => empty_dir(errors, value, path),
        "hostPath" => host_path(errors, value, path),
        "gitRepo" => {
            required(errors, value, "repository", path);
            descending_path(errors, &path.child("directory"), text(value, "directory"));
        }
        "secret" => keys(errors, value, "secretName", path),
        "configMap" => keys(errors, value, "name", path),
        "nfs" => nfs(errors, value, path),
        "persistentVolumeClaim" => required(errors, value, "claimName", path),
        "downwardAPI" => {
            mode(errors, value, "defaultMode", path);
            for file in list(value, "items") {
                pod_file(errors, file, path);
            }
        }
        "projected" => {
            mode(errors, value, "defaultMode", path);
            projections(errors, value, path);
        }
        "csi" => csi(errors, value, path),
        "ephemeral" => ephemeral(errors, value, path),
        "image" => pull_policy(errors, &path.child("pullPolicy"), text(value, "pullPolicy")),
        _ => {}
    }
}

fn required(errors: &mut Errors, value: &Value, key: &str, path: &Path) {
    if text(value, key).is_empty() {
        errors.required(&path.child(key), "");
    }
}

fn mode(errors: &mut Errors, value: &Value, key: &str, path: &Path) {
    let mode = optional_number(value, key).filter(|mode| !(0..=0o777).contains(mode));
    if let Some(mode) = mode {
        let detail = "must be a number between 0 and 0777 (octal), both inclusive";
        errors.invalid(&path.child(key), Shown::Number(mode), detail);
    }
}

fn empty_dir(errors: &mut Errors, value: &Value, path: &Path) {
    let limit = value.get("sizeLimit").and_then(quantity);
    if limit.is_some_and(|limit| limit.value().is_negative()) {
        let detail = "SizeLimit field must be a valid resource quantity";
        errors.forbidden(&path.child("sizeLimit"), detail);
    }
}

fn host_path(errors: &mut Errors, value: &Value, path: &Path) {
    let target = text(value, "path");
    if target.is_empty() {
        errors.required(&path.child("path"), "");
        return;
    }
    super::texts::no_backsteps(errors, &path.child("path"), target);
    let kind = text(value, "type");
    if !HOST_PATH_TYPES.contains(&kind) {
        errors.not_supported(&path.child("type"), Shown::Named(kind), &HOST_PATH_TYPES);
    }
}

/// Checks a `ConfigMap` or Secret and which of its keys become files.
fn keys(errors: &mut Errors, value: &Value, name: &str, path: &Path) {
    required(errors, value, name, path);
    mode(errors, value, "defaultMode", path);
    for (path, item) in elements(value, "items", path) {
        key_to_path(errors, item, &path);
    }
}

fn key_to_path(errors: &mut Errors, item: &Value, path: &Path) {
    required(errors, item, "key", path);
    required(errors, item, "path", path);
    projected_path(errors, &path.child("path"), text(item, "path"));
    mode(errors, item, "mode", path);
}

fn nfs(errors: &mut Errors, value: &Value, path: &Path) {
    required(errors, value, "server", path);
    required(errors, value, "path", path);
    let target = text(value, "path");
    if !target.starts_with('/') {
        errors.invalid(&path.child("path"), Shown::Text(target), "must be an absolute path");
    }
}

/// Checks a file with a field of the Pod. The errors have the path of the volume.
fn pod_file(errors: &mut Errors, file: &Value, path: &Path) {
    required(errors, file, "path", path);
    projected_path(errors, &path.child("path"), text(file, "path"));
    match (field(file, "fieldRef"), field(file, "resourceFieldRef")) {
        (Some(selector), resource) => {
            pod_field(errors, selector, &FILE_FIELDS, &path.child("fieldRef"));
            if resource.is_some() {
                let detail = "fieldRef and resourceFieldRef can not be specified simultaneously";
                errors.invalid(path, Shown::Text("resource"), detail);
            }
        }
        (None, Some(selector)) => {
            container_resource(errors, selector, true, &path.child("resourceFieldRef"));
        }
        (None, None) => {
            errors.required(path, "one of fieldRef and resourceFieldRef is required");
        }
    }
    mode(errors, file, "mode", path);
}

fn projections(errors: &mut Errors, projected: &Value, path: &Path) {
    let mut files = BTreeSet::new();
    for (source_path, source) in elements(projected, "sources", path) {
        let mut count = 0;
        for key in ["secret", "configMap"] {
            let Some(keys) = field(source, key) else { continue };
            count += 1;
            let source_path = source_path.child(key);
            let name = text(keys, "name");
            required(errors, keys, "name", &source_path);
            for (item_path, item) in elements(keys, "items", &source_path) {
                key_to_path(errors, item, &item_path);
                new_file(errors, &mut files, text(item, "path"), name, path);
            }
        }
        if let Some(fields) = field(source, "downwardAPI") {
            count += 1;
            for file in list(fields, "items") {
                pod_file(errors, file, &source_path.child("downwardAPI"));
                let name = text(file, "path");
                new_file(errors, &mut files, name, name, path);
            }
        }
        if let Some(token) = field(source, "serviceAccountToken") {
            count += 1;
            service_account_token(errors, token, &source_path.child("serviceAccountToken"), path);
        }
        let unchecked = ["clusterTrustBundle", "podCertificate"];
        count += unchecked.iter().filter(|key| field(source, key).is_some()).count();
        if count > 1 {
            let detail = "may not specify more than 1 volume type per source";
            errors.forbidden(&source_path, detail);
        }
    }
}

/// Checks that no other source has a file of this name. The error shows another name.
fn new_file<'v>(
    errors: &mut Errors,
    files: &mut BTreeSet<&'v str>,
    file: &'v str,
    shown: &str,
    path: &Path,
) {
    if !file.is_empty() && !files.insert(file) {
        errors.invalid(path, Shown::Text(shown), "conflicting duplicate paths");
    }
}

/// Checks a token. The errors of its path have that of the volume.
fn service_account_token(errors: &mut Errors, token: &Value, path: &Path, volume: &Path) {
    let seconds = optional_number(token, "expirationSeconds").unwrap_or(3600);
    let path = path.child("expirationSeconds");
    if seconds < 600 {
        let detail = "may not specify a duration less than 10 minutes";
        errors.invalid(&path, Shown::Number(seconds), detail);
    }
    if seconds > 1 << 32 {
        let detail = "may not specify a duration larger than 2^32 seconds";
        errors.invalid(&path, Shown::Number(seconds), detail);
    }
    let (file, path) = (text(token, "path"), volume.child("path"));
    if file.is_empty() {
        errors.required(&path, "");
    } else {
        projected_path(errors, &path, file);
    }
}

fn csi(errors: &mut Errors, value: &Value, path: &Path) {
    const LENGTH: usize = 63;
    let (driver, place) = (text(value, "driver"), path.child("driver"));
    if driver.is_empty() {
        errors.required(&place, "");
    } else {
        if driver.len() > LENGTH {
            errors.too_long(&place, LENGTH);
        }
        errors.invalid_text(&place, driver, dns_subdomain(&driver.to_lowercase()));
    }
    if let Some(secret) = field(value, "nodePublishSecretRef") {
        let name = text(secret, "name");
        if name.is_empty() {
            errors.required(&path.child("nodePublishSecretRef").child("name"), "");
        } else {
            errors.invalid_text(&path.child("name"), name, dns_subdomain(name));
        }
    }
}

/// Checks the claim that is made for a volume, except its data sources.
fn ephemeral(errors: &mut Errors, value: &Value, path: &Path) {
    let path = path.child("volumeClaimTemplate");
    let Some(template) = field(value, "volumeClaimTemplate") else {
        errors.required(&path, "");
        return;
    };
    let none = Value::Null;
    let metadata = template.get("metadata").unwrap_or(&none);
    let metadata_path = path.child("metadata");
    metadata::annotations(errors, metadata, &metadata_path.child("annotations"));
    metadata::labels(errors, metadata, "labels", &metadata_path.child("labels"));
    claim(errors, template.get("spec").unwrap_or(&none), &path.child("spec"));
}

fn claim(errors: &mut Errors, spec: &Value, path: &Path) {
    let modes = texts(spec, "accessModes");
    let place = path.child("accessModes");
    if modes.is_empty() {
        errors.required(&place, "at least 1 access mode is required");
    }
    metadata::selector(errors, spec, "selector", path);
    for mode in &modes {
        if !ACCESS_MODES.contains(mode) {
            errors.not_supported(&place, Shown::Named(mode), &ACCESS_MODES);
        }
    }
    let is_other = |mode: &&str| ACCESS_MODES.contains(mode) && *mode != "ReadWriteOncePod";
    if modes.contains(&"ReadWriteOncePod") && modes.iter().any(is_other) {
        errors.forbidden(&place, "may not use ReadWriteOncePod with other access modes");
    }
    storage(errors, spec, &path.child("resources").key("storage"));
    let class = text(spec, "storageClassName");
    if !class.is_empty() {
        errors.invalid_text(&path.child("storageClassName"), class, dns_subdomain(class));
    }
    if let Some(mode) = optional_text(spec, "volumeMode") {
        let modes = ["Block", "Filesystem"];
        if !modes.contains(&mode) {
            errors.not_supported(&path.child("volumeMode"), Shown::Named(mode), &modes);
        }
    }
}

fn storage(errors: &mut Errors, spec: &Value, path: &Path) {
    let resources = spec.get("resources").unwrap_or(&Value::Null);
    let mut requests = entries(resources, "requests");
    let Some((_, storage)) = requests.find(|(resource, _)| *resource == "storage") else {
        errors.required(path, "");
        return;
    };
    let storage = quantity(storage).map(super::resources::rounded);
    let is_positive = |value: &volcano_job_update::internals::Quantity| {
        !value.is_negative() && value.to_integer() != Some(0)
    };
    if let Some(storage) = storage.filter(|storage| !is_positive(storage.value())) {
        errors.invalid(path, Shown::Text(&storage.to_string()), "must be greater than zero");
    }
}
