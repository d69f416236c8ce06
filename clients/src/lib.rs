//! What kubectl and the tools of `GitOps` ask an API server to store when they update a
//! [Volcano](https://volcano.sh) Job, as pure functions.
//!
//! A manifest is the whole Job for `kubectl replace` alone. `kubectl apply` sends a patch, server-side
//! apply the fields of one manager. [`update`] says which Job the API server is asked to store; a
//! [`Validator`] of the library says whether it may.
//!
//! ```
//! use serde_json::json;
//! use volcano_job_clients::{Verb, update};
//! use volcano_job_update::{Job, Validator};
//!
//! let live = json!({"apiVersion": "batch.volcano.sh/v1alpha1", "kind": "Job",
//!     "metadata": {"name": "hello", "annotations": {
//!         "kubectl.kubernetes.io/last-applied-configuration": "{\"metadata\":{\"labels\":{\"team\":\"a\"}}}"},
//!         "labels": {"team": "a", "by-controller": "1"}},
//!     "spec": {"queue": "research", "tasks": [{"name": "worker", "replicas": 1}]}});
//! let manifest = json!({"apiVersion": "batch.volcano.sh/v1alpha1", "kind": "Job",
//!     "metadata": {"name": "hello", "labels": {"app": "hello"}},
//!     "spec": {"tasks": [{"name": "worker", "replicas": 2}]}});
//!
//! let live = Job::from_value(&live)?;
//! let job = update(&live, &manifest, &Verb::Apply, &Validator::default())?;
//! // What was applied last and is left out now is removed; all else stays.
//! assert_eq!(job["metadata"]["labels"], json!({"app": "hello", "by-controller": "1"}));
//! assert_eq!(job["spec"]["queue"], "research");
//! assert_eq!(job["spec"]["tasks"][0]["replicas"], 2);
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! `kubectl scale` is none of the verbs: the CRD of Volcano's Job has no scale subresource, so an API
//! server answers it with 404.

mod apply;
mod verb;

use std::collections::HashSet;

use serde_json::{Map, Value};
pub use volcano_job_apiserver::LAST_APPLIED;
use volcano_job_apiserver::{PatchError, apply_patch, server_side_apply};
use volcano_job_update::json_patch::Patch;
use volcano_job_update::status::Status;
use volcano_job_update::{Job, JobError, ReviewError, Validator};

pub use self::apply::{apply_patch_body, edit_patch_body};
pub use self::verb::{FieldManager, Verb, has_client_side_fields};

/// Why there is no Job to store.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ClientError {
    /// The annotation of `kubectl apply` in the live Job is not a JSON object.
    #[error("the annotation {LAST_APPLIED} of the existing Job is not a JSON object")]
    LastApplied,
    /// The manifest is for another object. kubectl refuses to send it.
    #[error("at least one of apiVersion, kind and name was changed")]
    OtherObject,
    /// The API server refuses server-side apply: others own fields (409), or the manifest does not have
    /// the types of the schema.
    #[error("{0}")]
    Refused(Box<Status>),
    /// A Job cannot be parsed, or the patch not be applied.
    #[error(transparent)]
    Patch(#[from] PatchError),
    /// The Job cannot be read.
    #[error(transparent)]
    Job(#[from] JobError),
    /// The Jobs cannot be compared.
    #[error(transparent)]
    Review(#[from] ReviewError),
}

/// The Job that the API server is asked to store, before it fills in defaults and drops unknown fields.
///
/// # Errors
///
/// The client sends nothing or the API server refuses the request by itself, for example because of a
/// conflict of field managers.
pub fn update(
    live: &Job<'_>,
    manifest: &Value,
    verb: &Verb,
    validator: &Validator,
) -> Result<Value, ClientError> {
    match verb {
        Verb::Replace => Ok(manifest.clone()),
        Verb::Apply => patched(live, apply_patch_body(&parsed(live)?, manifest)?),
        Verb::Edit => patched(live, edit_patch_body(&parsed(live)?, manifest)?),
        Verb::ServerSideApply { manager, force } => {
            let manifest = in_namespace_of(live, manifest);
            server_side_apply(live, &manifest, manager.as_str(), *force, validator)
                .map_err(|status| ClientError::Refused(Box::new(status)))
        }
    }
}

/// The fields that Volcano filled in at creation, that the manifest lacks, and that the update would take
/// away: as a JSON Patch of the manifest that puts them back. With [`Verb::Apply`] these are fields of
/// tasks alone, as all others stay.
///
/// ```
/// use serde_json::json;
/// use volcano_job_clients::{Verb, lost_defaults};
/// use volcano_job_update::{Job, Validator};
///
/// let task = json!({"name": "worker", "replicas": 1});
/// let manifest = json!({"metadata": {"name": "hello"}, "spec": {"tasks": [task]}});
/// let mut live = manifest.clone();
/// live["spec"]["maxRetry"] = 3.into();
/// live["spec"]["tasks"][0]["maxRetry"] = 3.into();
/// live["spec"]["schedulerName"] = "volcano".into();
///
/// let live = Job::from_value(&live)?;
/// let paths = |verb| -> Result<Vec<String>, Box<dyn std::error::Error>> {
///     let patch = lost_defaults(&live, &manifest, verb, &Validator::default())?;
///     Ok(patch.iter().map(|operation| operation.path().to_string()).collect())
/// };
/// assert_eq!(paths(&Verb::Apply)?, ["/spec/tasks/0/maxRetry"]);
/// assert_eq!(paths(&Verb::Replace)?, ["/spec/schedulerName", "/spec/tasks/0/maxRetry"]);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
///
/// # Errors
///
/// As [`update`], but for conflicts; a Job cannot be read.
pub fn lost_defaults(
    live: &Job<'_>,
    manifest: &Value,
    verb: &Verb,
    validator: &Validator,
) -> Result<Patch, ClientError> {
    let limits = validator.policy().limits();
    let missing = |job: &Value| -> Result<Patch, ClientError> {
        Ok(validator.restore_defaults(live, &limits.read_value(job)?)?.patch().clone())
    };
    let verb = match verb {
        // The question is what is lost, so a conflict must not end the merge.
        Verb::ServerSideApply { manager, .. } => {
            &Verb::ServerSideApply { manager: manager.clone(), force: true }
        }
        other => other,
    };
    let lost = missing(&update(live, manifest, verb, validator)?)?;
    let lost: HashSet<String> = lost.iter().map(|add| add.path().to_string()).collect();
    let missing = missing(manifest)?.0.into_iter();
    Ok(Patch(missing.filter(|add| lost.contains(add.path().as_str())).collect()))
}

/// The live Job with a patch applied, or as it is if the client sends none.
fn patched(live: &Job<'_>, patch: Option<Value>) -> Result<Value, ClientError> {
    Ok(match patch {
        Some(patch) => apply_patch(live, patch.to_string().as_bytes())?,
        None => parsed(live)?,
    })
}

fn parsed(live: &Job<'_>) -> Result<Value, PatchError> {
    live.to_value().map_err(|error| Status::internal_error(error).into())
}

/// A manifest with the namespace that the client sends it to.
fn in_namespace_of(live: &Job<'_>, manifest: &Value) -> Value {
    let mut manifest = manifest.clone();
    if let (Some(namespace), Some(Value::Object(metadata))) =
        (live.namespace(), manifest.get_mut("metadata"))
    {
        with_namespace(metadata, &namespace);
    }
    manifest
}

fn with_namespace(metadata: &mut Map<String, Value>, namespace: &str) {
    let is_absent = metadata.get("namespace").and_then(Value::as_str).is_none_or(str::is_empty);
    if is_absent {
        metadata.insert("namespace".into(), namespace.into());
    }
}
