//! The ways to update a Job.

use serde_json::Value;
use volcano_job_update::Job;
use volcano_job_update::internals::{JobParts, is_printable};

use crate::LAST_APPLIED;

/// How a client updates a Job.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Verb {
    /// [`kubectl replace`](https://kubernetes.io/docs/reference/kubectl/generated/kubectl_replace/):
    /// the manifest is the whole Job.
    Replace,
    /// [`kubectl apply`](https://kubernetes.io/docs/tasks/manage-kubernetes-objects/declarative-config/):
    /// a merge patch of what the manifest sets, and of what was applied last and is left out now. Lists
    /// are replaced as a whole.
    Apply,
    /// [Server-side apply](https://kubernetes.io/docs/reference/using-api/server-side-apply/), which
    /// Flux and Argo CD use too.
    ServerSideApply {
        /// Who applies.
        manager: FieldManager,
        /// Whether fields are taken from their managers.
        force: bool,
    },
    /// `kubectl edit`: a merge patch from the live Job to the manifest.
    Edit,
}

/// The name of a field manager: 1 to 128 bytes, without characters that do not print.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FieldManager(Box<str>);

impl FieldManager {
    /// A name; `None` if an API server refuses it.
    #[must_use]
    pub fn new(name: &str) -> Option<Self> {
        let is_valid = (1..=128).contains(&name.len()) && name.chars().all(is_printable);
        is_valid.then(|| Self(name.into()))
    }

    /// The name with which kubectl applies.
    #[must_use]
    pub fn kubectl() -> Self {
        Self("kubectl".into())
    }

    /// The text of the name.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl Verb {
    /// How the live Job was applied before: [`Verb::ServerSideApply`] if kubectl owns fields by
    /// server-side apply, [`Verb::Apply`] if it has the annotation of `kubectl apply`,
    /// [`Verb::ServerSideApply`] if a single other manager owns fields by server-side apply, such as
    /// Flux; otherwise `None`.
    #[must_use]
    pub fn of_last_apply(live: &Job<'_>) -> Option<Self> {
        let appliers = appliers(live);
        if appliers.iter().any(|name| *name == FieldManager::kubectl()) {
            return Some(Self::ServerSideApply { manager: FieldManager::kubectl(), force: false });
        }
        let annotations = metadata_field(live, "annotations");
        if annotations.is_some_and(|annotations| annotations.get(LAST_APPLIED).is_some()) {
            return Some(Self::Apply);
        }
        match appliers.as_slice() {
            [manager] => Some(Self::ServerSideApply { manager: manager.clone(), force: false }),
            _ => None,
        }
    }
}

/// The managers that own fields by server-side apply.
fn appliers(live: &Job<'_>) -> Vec<FieldManager> {
    let entries = metadata_field(live, "managedFields");
    let entries = entries.as_ref().and_then(Value::as_array).into_iter().flatten();
    let is_apply = |entry: &&Value| {
        entry.get("operation") == Some(&"Apply".into()) && entry.get("subresource").is_none()
    };
    let names = entries.filter(is_apply).filter_map(|entry| entry.get("manager")?.as_str());
    names.filter_map(FieldManager::new).collect()
}

fn metadata_field(live: &Job<'_>, name: &str) -> Option<Value> {
    live.metadata()?.iter().find(|field| field.is(name))?.field().to_value()
}

/// Whether client-side apply of kubectl has written the live Job: when kubectl changes to server-side
/// apply, it takes over these fields with a second request, which is not simulated.
#[must_use]
pub fn has_client_side_fields(live: &Job<'_>) -> bool {
    let entries = metadata_field(live, "managedFields");
    let mut entries = entries.as_ref().and_then(Value::as_array).into_iter().flatten();
    entries.any(|entry| entry.get("manager") == Some(&"kubectl-client-side-apply".into()))
}
