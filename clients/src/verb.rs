//! The ways to update a Job.

use serde_json::Value;
use volcano_job_update::Job;
use volcano_job_update::internals::JobParts;

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

/// The name of a field manager: not empty, at most 128 bytes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FieldManager(Box<str>);

impl FieldManager {
    /// A name; `None` if it is empty or longer than 128 bytes.
    #[must_use]
    pub fn new(name: &str) -> Option<Self> {
        (1..=128).contains(&name.len()).then(|| Self(name.into()))
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
    /// server-side apply, [`Verb::Apply`] if it has the annotation of `kubectl apply`, otherwise
    /// `None`.
    #[must_use]
    pub fn of_last_apply(live: &Job<'_>) -> Option<Self> {
        let field = |name| {
            let mut fields = live.metadata()?.iter();
            fields.find(|field| field.is(name))?.field().to_value()
        };
        let entries = field("managedFields");
        let is_kubectl = |entry: &Value| {
            entry.get("manager") == Some(&"kubectl".into())
                && entry.get("operation") == Some(&"Apply".into())
        };
        if entries.as_ref().and_then(Value::as_array).is_some_and(|all| all.iter().any(is_kubectl))
        {
            return Some(Self::ServerSideApply { manager: FieldManager::kubectl(), force: false });
        }
        field("annotations")?.get(LAST_APPLIED)?;
        Some(Self::Apply)
    }
}
