//! The annotations that Kubernetes reads in a Pod.
//!
//! The tolerations of old releases, in an annotation as JSON, are not checked.

use serde_json::Value;

use super::errors::{Errors, Path, Shown, entries, field, optional_text, text};
use super::texts::descending_path;
use super::visit_containers;

const MIRROR: &str = "kubernetes.io/config.mirror";
const DELETION_COST: &str = "controller.kubernetes.io/pod-deletion-cost";
const SECCOMP_POD: &str = "seccomp.security.alpha.kubernetes.io/pod";
const SECCOMP_CONTAINER: &str = "container.seccomp.security.alpha.kubernetes.io/";
const APP_ARMOR_CONTAINER: &str = "container.apparmor.security.beta.kubernetes.io/";
const UNCONFINED: &str = "unconfined";
const RUNTIME_DEFAULT: &str = "runtime/default";
const DOCKER_DEFAULT: &str = "docker/default";
const LOCALHOST: &str = "localhost/";

pub(super) fn pod_annotations(errors: &mut Errors, metadata: &Value, spec: &Value, path: &Path) {
    let annotation = |key| annotation(metadata, key);
    if let Some(value) = annotation(MIRROR).filter(|_| text(spec, "nodeName").is_empty()) {
        let detail = "must set spec.nodeName if mirror pod annotation is set";
        errors.invalid(&path.key(MIRROR), Shown::Text(value), detail);
    }
    if let Some(cost) = annotation(DELETION_COST).filter(|cost| !is_deletion_cost(cost)) {
        let detail = "must be a 32bit integer";
        errors.invalid(&path.key(DELETION_COST), Shown::Text(cost), detail);
    }
    if let Some(profile) = annotation(SECCOMP_POD) {
        seccomp_profile(errors, profile, &path.child(SECCOMP_POD));
    }
    for (key, value) in entries(metadata, "annotations") {
        if key.starts_with(SECCOMP_CONTAINER) {
            seccomp_profile(errors, value.as_str().unwrap_or_default(), &path.child(key));
        }
    }
    for (key, value) in entries(metadata, "annotations") {
        if let Some(container) = key.strip_prefix(APP_ARMOR_CONTAINER) {
            app_armor_profile(errors, container, value, spec, &path.key(key));
        }
    }
}

fn annotation<'v>(metadata: &'v Value, key: &str) -> Option<&'v str> {
    metadata.get("annotations")?.get(key)?.as_str()
}

/// Whether a text is an int32 that does not begin with a plus sign or a superfluous zero.
fn is_deletion_cost(text: &str) -> bool {
    let begins_well =
        text == "0" || text.starts_with(['-', '1', '2', '3', '4', '5', '6', '7', '8', '9']);
    begins_well && text.parse::<i32>().is_ok()
}

fn seccomp_profile(errors: &mut Errors, profile: &str, path: &Path) {
    if let Some(file) = profile.strip_prefix(LOCALHOST) {
        descending_path(errors, path, file);
    } else if ![RUNTIME_DEFAULT, DOCKER_DEFAULT, UNCONFINED].contains(&profile) {
        errors.invalid(path, Shown::Text(profile), "must be a valid seccomp profile");
    }
}

fn app_armor_profile(errors: &mut Errors, name: &str, value: &Value, spec: &Value, path: &Path) {
    let mut is_found = false;
    visit_containers(spec, path, &mut |container, _| is_found |= text(container, "name") == name);
    if !is_found {
        errors.invalid(path, Shown::Text(name), "container not found");
    }
    let profile = value.as_str().unwrap_or_default();
    if !["", RUNTIME_DEFAULT, UNCONFINED].contains(&profile) && !profile.starts_with(LOCALHOST) {
        let shown = volcano_job_update::status::quote(profile);
        let detail = format!("invalid AppArmor profile name: {shown}");
        errors.invalid(path, Shown::Text(profile), &detail);
    }
}

/// Checks that a profile in an annotation is that in the field.
pub(super) fn profiles_match(errors: &mut Errors, metadata: &Value, spec: &Value, path: &Path) {
    seccomp_matches(errors, metadata, spec, SECCOMP_POD, path);
    visit_containers(spec, path, &mut |container, path| {
        let key = format!("{SECCOMP_CONTAINER}{}", text(container, "name"));
        seccomp_matches(errors, metadata, container, &key, path);
    });
    if field(spec, "os").is_some_and(|os| text(os, "name") == "windows") {
        return;
    }
    visit_containers(spec, path, &mut |container, path| {
        let key = format!("{APP_ARMOR_CONTAINER}{}", text(container, "name"));
        let of_container = profile(container, "appArmorProfile");
        let profile = of_container.or_else(|| profile(spec, "appArmorProfile"));
        if let (Some(annotation), Some(profile)) = (annotation(metadata, &key), profile) {
            let path = path.child("securityContext").child("appArmorProfile");
            profile_matches(errors, annotation, profile, &[RUNTIME_DEFAULT], "apparmor", &path);
        }
    });
}

fn seccomp_matches(errors: &mut Errors, metadata: &Value, holder: &Value, key: &str, path: &Path) {
    let profile = profile(holder, "seccompProfile");
    if let (Some(annotation), Some(profile)) = (annotation(metadata, key), profile) {
        let path = path.child("securityContext").child("seccompProfile");
        let default = [RUNTIME_DEFAULT, DOCKER_DEFAULT];
        profile_matches(errors, annotation, profile, &default, "seccomp", &path);
    }
}

/// A profile in the security context of a Pod or a container.
fn profile<'v>(holder: &'v Value, key: &str) -> Option<&'v Value> {
    field(field(holder, "securityContext")?, key)
}

fn profile_matches(
    errors: &mut Errors,
    annotation: &str,
    profile: &Value,
    default: &[&str],
    kind: &str,
    path: &Path,
) {
    let local = annotation.strip_prefix(LOCALHOST);
    let is_same_type = match text(profile, "type") {
        "Unconfined" => annotation == UNCONFINED,
        "RuntimeDefault" => default.contains(&annotation),
        "Localhost" => local.is_some(),
        _ => true,
    };
    if !is_same_type {
        let detail = format!("{kind} type in annotation and field must match");
        errors.forbidden(&path.child("type"), &detail);
    } else if text(profile, "type") == "Localhost"
        && optional_text(profile, "localhostProfile") != local
    {
        let detail = format!("{kind} profile in annotation and field must match");
        errors.forbidden(&path.child("localhostProfile"), &detail);
    }
}
