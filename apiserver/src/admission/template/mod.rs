//! Kubernetes' validation of a Pod template, as Volcano's webhook calls it for each task.
//!
//! Follows [`ValidatePodTemplate`] with the options of the webhook. Fields that [defaulting] fills in
//! are not filled in here; the checks take an absent field for its default.
//!
//! [`ValidatePodTemplate`]: https://github.com/kubernetes/kubernetes/blob/v1.36.1/pkg/apis/core/validation/validation.go
//! [defaulting]: https://github.com/kubernetes/kubernetes/blob/v1.36.1/pkg/apis/core/v1/defaults.go

mod affinity;
mod annotations;
mod containers;
mod env;
mod errors;
mod handlers;
mod metadata;
mod mounts;
mod pod;
mod resources;
mod scheduling;
mod security;
pub(super) mod texts;
mod volumes;

use serde_json::Value;
use volcano_job_update::status::StatusCause;

use errors::{Errors, Path};

/// The errors in the template of a decoded task. Each `Display`s as Kubernetes' error does.
pub(super) fn errors(task: &Value, namespace: &str) -> Vec<StatusCause> {
    let mut errors = Errors::default();
    let none = Value::Null;
    let template = task.get("template").unwrap_or(&none);
    let spec = template.get("spec").unwrap_or(&none);
    let metadata = template.get("metadata").unwrap_or(&none);
    let path = Path::new("template");
    metadata::name(&mut errors, errors::text(task, "name"), namespace);
    metadata::labels(&mut errors, metadata, "labels", &path.child("labels"));
    metadata::annotations(&mut errors, metadata, &path.child("annotations"));
    annotations::pod_annotations(&mut errors, metadata, spec, &path.child("annotations"));
    pod::spec(&mut errors, spec, &path.child("spec"));
    annotations::profiles_match(&mut errors, metadata, spec, &path.child("spec"));
    if !errors::list(spec, "ephemeralContainers").is_empty() {
        let path = path.child("spec").child("ephemeralContainers");
        errors.forbidden(&path, "ephemeral containers not allowed in pod template");
    }
    errors.into_causes()
}

/// Visits the containers of a Pod as Kubernetes does: init containers first.
fn visit_containers(spec: &Value, path: &Path, visit: &mut dyn FnMut(&Value, &Path)) {
    for key in ["initContainers", "containers", "ephemeralContainers"] {
        for (path, container) in errors::elements(spec, key, path) {
            visit(container, &path);
        }
    }
}
