//! Which fields may be updated: a policy is data.

pub(crate) mod creation;

use serde::{Deserialize, Serialize};

use crate::job::Limits;
use crate::path::{FieldPath, FieldPattern, PathNode};

/// The fields that the documentation of
/// `PUT /apis/batch.volcano.sh/v1alpha1/namespaces/{namespace}/jobs/{name}` allows, the one table of
/// them. A v1alpha1 Job has neither `spec.template` nor `spec.replicas`: there, those of its tasks
/// are meant.
const ALLOWED: [&str; 7] = [
    "metadata.labels",
    "metadata.generateName",
    "metadata.annotations",
    "spec.template",
    "spec.replicas",
    "spec.tasks[*].template",
    "spec.tasks[*].replicas",
];

/// The fields of which everything is a part.
const EVERYTHING: [&str; 2] = ["metadata", "spec"];

/// The fields that the garbage collector and other controllers write.
const CONTROLLERS: [&str; 2] = ["metadata.finalizers", "metadata.ownerReferences"];

/// Which fields of a Job may be updated, and what happens to the rest.
///
/// A policy is data: start from a preset, change it with the builder methods, or read it from a file.
///
/// ```
/// use volcano_job_update::UpdatePolicy;
///
/// let policy = UpdatePolicy::admission()
///     .with_name("scaling-window")
///     .allow("spec.minAvailable".parse()?)
///     .allow("spec.tasks[*].minAvailable".parse()?);
/// assert!(policy.allows(&"spec.minAvailable".parse()?));
///
/// // The same, as a policy file. What it leaves out is as in `documented`.
/// let file = serde_json::json!({"allowed": ["spec.minAvailable"], "droppedDefaults": "allow"});
/// let policy: UpdatePolicy = serde_json::from_value(file)?;
/// assert!(!policy.allows(&"metadata.labels".parse()?));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
///
/// Fields that say which object is meant (name, uid, …) may never be updated, and fields that the
/// API server manages (`status`, resourceVersion, …) never count, whatever the policy says.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields, rename_all = "camelCase")]
pub struct UpdatePolicy {
    #[serde(default = "custom")]
    name: String,
    allowed: Vec<FieldPattern>,
    ignored: Vec<FieldPattern>,
    ignore_filled_volume_claims: bool,
    release_finalizers_while_deleting: bool,
    dropped_defaults: DroppedDefaults,
    skipped_checks: Vec<Check>,
    limits: Limits,
}

/// A check of the values that an update changed, which a policy may [skip](UpdatePolicy::skip).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
#[non_exhaustive]
pub enum Check {
    /// The schema of the CRD: types, bounds, choices, keys of lists.
    Schema,
    /// Kubernetes' rules for labels, annotations and generateName.
    Metadata,
    /// A task's replicas are from 0 to 2,147,483,647.
    ReplicasRange,
    /// A task's replicas are not below its minAvailable.
    ReplicasBelowMinAvailable,
    /// The Job's minAvailable is not above the sum of all replicas.
    MinAvailableAboveTotal,
    /// A task's replicas are what its partitionPolicy asks for.
    PartitionMismatch,
    /// No two tasks share a name.
    DuplicateTaskName,
}

impl Check {
    const ALL: [Self; 7] = [
        Self::Schema,
        Self::Metadata,
        Self::ReplicasRange,
        Self::ReplicasBelowMinAvailable,
        Self::MinAvailableAboveTotal,
        Self::PartitionMismatch,
        Self::DuplicateTaskName,
    ];
}

/// What is done about fields that were filled in at creation and are missing from the replacement.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub enum DroppedDefaults {
    /// The update is denied, with the lines to add as hints.
    #[default]
    Deny,
    /// The update passes, and whoever stores the replacement puts them back with
    /// [`Validator::restore_defaults`](crate::Validator::restore_defaults).
    Restore,
    /// The update passes, and the fields are lost.
    Allow,
}

impl UpdatePolicy {
    /// The documented rule, to the letter: labels, annotations and generateName, templates and
    /// replicas.
    #[must_use]
    pub fn documented() -> Self {
        Self {
            name: "documented".into(),
            allowed: ALLOWED.map(FieldPattern::literal).into(),
            ignored: Vec::new(),
            ignore_filled_volume_claims: false,
            release_finalizers_while_deleting: false,
            dropped_defaults: DroppedDefaults::Deny,
            skipped_checks: Vec::new(),
            limits: Limits::default(),
        }
    }

    /// [`documented`](Self::documented) for an admission webhook, which must not lock out
    /// controllers: finalizers and ownerReferences are ignored, and so is a `volumeClaimName` that
    /// Volcano fills in. On a Job that is being deleted, finalizers can always be removed.
    #[must_use]
    pub fn admission() -> Self {
        Self {
            name: "admission".into(),
            ignored: CONTROLLERS.map(FieldPattern::literal).into(),
            ignore_filled_volume_claims: true,
            release_finalizers_while_deleting: true,
            ..Self::documented()
        }
    }

    /// A policy that stands in the way of nothing: every field may be updated, and nothing is checked.
    /// What remains is which object is meant, and all that an API server checks itself.
    #[must_use]
    pub fn permissive() -> Self {
        Self {
            name: "permissive".into(),
            allowed: EVERYTHING.map(FieldPattern::literal).into(),
            dropped_defaults: DroppedDefaults::Allow,
            skipped_checks: Check::ALL.to_vec(),
            ..Self::documented()
        }
    }

    /// The preset of that name: `documented`, `admission` or `permissive`.
    #[must_use]
    pub fn preset(name: &str) -> Option<Self> {
        match name {
            "documented" => Some(Self::documented()),
            "admission" => Some(Self::admission()),
            "permissive" => Some(Self::permissive()),
            _ => None,
        }
    }

    /// Gives the policy a name, which reports show.
    #[must_use]
    pub fn with_name(mut self, name: impl Into<String>) -> Self {
        self.name = name.into();
        self
    }

    /// Permits changes to a field and everything below it.
    #[must_use]
    pub fn allow(mut self, pattern: FieldPattern) -> Self {
        self.allowed.push(pattern);
        self
    }

    /// Leaves a field and everything below it out of the verdict.
    #[must_use]
    pub fn ignore(mut self, pattern: FieldPattern) -> Self {
        self.ignored.push(pattern);
        self
    }

    /// Says what is done about dropped creation defaults.
    #[must_use]
    pub fn with_dropped_defaults(mut self, what: DroppedDefaults) -> Self {
        self.dropped_defaults = what;
        self
    }

    /// Leaves out a check.
    #[must_use]
    pub fn skip(mut self, check: Check) -> Self {
        self.skipped_checks.push(check);
        self
    }

    /// Says how much is read and reported.
    #[must_use]
    pub fn with_limits(mut self, limits: Limits) -> Self {
        self.limits = limits;
        self
    }

    /// The name that reports show.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The fields that may be updated.
    #[must_use]
    pub fn allowed(&self) -> &[FieldPattern] {
        &self.allowed
    }

    /// The fields that are left out of the verdict.
    #[must_use]
    pub fn ignored(&self) -> &[FieldPattern] {
        &self.ignored
    }

    /// What is done about dropped creation defaults.
    #[must_use]
    pub fn dropped_defaults(&self) -> DroppedDefaults {
        self.dropped_defaults
    }

    /// Whether a check is made.
    #[must_use]
    pub fn checks(&self, check: Check) -> bool {
        !self.skipped_checks.contains(&check)
    }

    /// How much is read and reported.
    #[must_use]
    pub fn limits(&self) -> &Limits {
        &self.limits
    }

    /// Whether a field may be updated.
    #[must_use]
    pub fn allows(&self, path: &FieldPath) -> bool {
        self.allowed.iter().any(|pattern| pattern.covers(path))
    }

    pub(crate) fn allows_node(&self, at: &PathNode<'_>) -> bool {
        self.allowed.iter().any(|pattern| pattern.covers_node(at))
    }

    pub(crate) fn ignores_node(&self, at: &PathNode<'_>) -> bool {
        self.ignored.iter().any(|pattern| pattern.covers_node(at))
    }

    pub(crate) fn ignores_filled_volume_claims(&self) -> bool {
        self.ignore_filled_volume_claims
    }

    pub(crate) fn releases_finalizers_while_deleting(&self) -> bool {
        self.release_finalizers_while_deleting
    }

    /// What every hint about a denied change says of the policy.
    pub(crate) fn only_allowed_in_words(&self) -> String {
        format!("only {} may change", self.allowed_in_words())
    }

    /// The allowed fields as a list in words: `a, b and c`.
    fn allowed_in_words(&self) -> String {
        let names: Vec<&str> = self.allowed.iter().map(FieldPattern::as_str).collect();
        match names.as_slice() {
            [] => "nothing".into(),
            [one] => (*one).into(),
            [first @ .., last] => format!("{} and {last}", first.join(", ")),
        }
    }
}

impl Default for UpdatePolicy {
    fn default() -> Self {
        Self::documented()
    }
}

/// The name of a policy file that has none.
fn custom() -> String {
    "custom".into()
}
