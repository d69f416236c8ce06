//! Update policies: which fields may be updated, as data.

pub(crate) mod creation;
mod options;
mod restore;
mod verdict;

use std::sync::LazyLock;

use serde::{Deserialize, Serialize};

pub(crate) use self::creation::is_dropped_default;
pub use self::options::{Check, DroppedDefaults, Judge};
pub use self::restore::Restored;
pub(crate) use self::restore::{restore_defaults, restoring_patch};
pub(crate) use self::verdict::is_identity;
use crate::job::Limits;
use crate::path::{FieldPath, FieldPattern};

/// The fields that the documentation of
/// `PUT /apis/batch.volcano.sh/v1alpha1/namespaces/{namespace}/jobs/{name}` allows to be updated. A
/// v1alpha1 Job has neither `spec.template` nor `spec.replicas`: its tasks have them.
const ALLOWED: [&str; 7] = [
    "metadata.labels",
    "metadata.generateName",
    "metadata.annotations",
    "spec.template",
    "spec.replicas",
    "spec.tasks[*].template",
    "spec.tasks[*].replicas",
];

/// The two fields that contain everything that an update can change.
const EVERYTHING: [&str; 2] = ["metadata", "spec"];

/// The fields that Volcano's own webhook lets an update change.
const VOLCANO: [&str; 5] = [
    "metadata",
    "spec.minAvailable",
    "spec.priorityClassName",
    "spec.tasks[*].replicas",
    "spec.tasks[*].minAvailable",
];

/// The fields that the garbage collector and other controllers write.
const CONTROLLERS: [&str; 2] = ["metadata.finalizers", "metadata.ownerReferences"];

type Preset = fn() -> UpdatePolicy;

/// The presets by name.
const PRESETS: [(&str, Preset); 4] = [
    ("documented", UpdatePolicy::documented),
    ("admission", UpdatePolicy::admission),
    ("volcano", UpdatePolicy::volcano),
    ("permissive", UpdatePolicy::permissive),
];

/// Which fields of a Job may be updated, and what happens to the rest.
///
/// A policy is data: start from a preset, change it with the builder methods, or read it from a
/// file.
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
/// // A policy can also be read from a file. Settings that it omits are those of `documented`.
/// let file = serde_json::json!({"allowed": ["spec.minAvailable"], "droppedDefaults": "allow"});
/// let policy: UpdatePolicy = serde_json::from_value(file)?;
/// assert!(!policy.allows(&"metadata.labels".parse()?));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
///
/// Fields that identify the object (name, uid, …) must never change, and fields that the API server
/// manages (`status`, resourceVersion, …) never count as changed, whatever the policy says.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields, rename_all = "camelCase")]
pub struct UpdatePolicy {
    #[serde(default = "custom")]
    name: String,
    judge: Judge,
    allowed: Vec<FieldPattern>,
    ignored: Vec<FieldPattern>,
    ignore_filled_volume_claims: bool,
    release_finalizers_while_deleting: bool,
    dropped_defaults: DroppedDefaults,
    skipped_checks: Vec<Check>,
    limits: Limits,
}

impl UpdatePolicy {
    /// Exactly the documented rule: labels, annotations and generateName, templates and replicas
    /// may be updated.
    #[must_use]
    pub fn documented() -> Self {
        Self {
            name: "documented".into(),
            judge: Judge::Policy,
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

    /// What Volcano's own webhook, `validatejob.volcano.sh`, lets through: minAvailable, replicas and
    /// priorityClassName may change, and everything outside `spec`. It decodes both Jobs into Go types,
    /// compares tasks by position, and checks the whole replacement, whether or not the update changes
    /// it; see [admit_job.go].
    ///
    /// Every reason to deny an update is reported, while the webhook reports the first one.
    ///
    /// [admit_job.go]: https://github.com/volcano-sh/volcano/blob/ed72c7c815a9fd547a787134676f73d42e9d049c/pkg/webhooks/admission/jobs/validate/admit_job.go
    #[must_use]
    pub fn volcano() -> Self {
        Self {
            name: "volcano".into(),
            judge: Judge::VolcanoWebhook,
            allowed: VOLCANO.map(FieldPattern::literal).into(),
            ..Self::permissive()
        }
    }

    /// A policy that allows changes to every field and checks no value. The only remaining
    /// requirement is that the replacement is the same object.
    #[must_use]
    pub fn permissive() -> Self {
        Self {
            name: "permissive".into(),
            allowed: EVERYTHING.map(FieldPattern::literal).into(),
            dropped_defaults: DroppedDefaults::Allow,
            skipped_checks: Check::all().collect(),
            ..Self::documented()
        }
    }

    /// The preset with this name, one of [`UpdatePolicy::preset_names`].
    #[must_use]
    pub fn preset(name: &str) -> Option<Self> {
        PRESETS.iter().find(|(preset, _)| *preset == name).map(|(_, preset)| preset())
    }

    /// The names of the presets: `documented`, `admission`, `volcano`, `permissive`.
    pub fn preset_names() -> impl Iterator<Item = &'static str> {
        PRESETS.iter().map(|(name, _)| *name)
    }

    /// The name of the first preset that lets an update change a field.
    pub(crate) fn preset_that_lets_change(path: &FieldPath) -> Option<&'static str> {
        // Many violations can ask.
        static POLICIES: LazyLock<[UpdatePolicy; PRESETS.len()]> =
            LazyLock::new(|| PRESETS.map(|(_, preset)| preset()));
        let position = POLICIES.iter().position(|policy| policy.lets_change(path))?;
        PRESETS.get(position).map(|(name, _)| *name)
    }

    /// Sets the name that reports show.
    #[must_use]
    pub fn with_name(mut self, name: impl Into<String>) -> Self {
        self.name = name.into();
        self
    }

    /// Sets who decides on an update.
    #[must_use]
    pub fn with_judge(mut self, judge: Judge) -> Self {
        self.judge = judge;
        self
    }

    /// Allows changes to a field and everything below it.
    #[must_use]
    pub fn allow(mut self, pattern: FieldPattern) -> Self {
        self.allowed.push(pattern);
        self
    }

    /// Ignores changes to a field and everything below it.
    #[must_use]
    pub fn ignore(mut self, pattern: FieldPattern) -> Self {
        self.ignored.push(pattern);
        self
    }

    /// Sets whether to ignore a `volumeClaimName` that is filled in next to a `volumeClaim`, as
    /// Volcano's controller does. Changing or removing a name that is filled in is not ignored.
    #[must_use]
    pub fn with_ignored_filled_volume_claims(mut self, ignored: bool) -> Self {
        self.ignore_filled_volume_claims = ignored;
        self
    }

    /// Sets whether to ignore finalizers once the existing Job has a deletionTimestamp.
    #[must_use]
    pub fn with_released_finalizers_while_deleting(mut self, released: bool) -> Self {
        self.release_finalizers_while_deleting = released;
        self
    }

    /// Sets how dropped creation defaults are handled.
    #[must_use]
    pub fn with_dropped_defaults(mut self, choice: DroppedDefaults) -> Self {
        self.dropped_defaults = choice;
        self
    }

    /// Skips a check.
    #[must_use]
    pub fn skip(mut self, check: Check) -> Self {
        self.skipped_checks.push(check);
        self
    }

    /// Sets the limits on what is read and reported.
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

    /// Who decides on an update.
    #[must_use]
    pub fn judge(&self) -> Judge {
        self.judge
    }

    /// The fields that may be updated.
    #[must_use]
    pub fn allowed(&self) -> &[FieldPattern] {
        &self.allowed
    }

    /// The fields whose changes are ignored.
    #[must_use]
    pub fn ignored(&self) -> &[FieldPattern] {
        &self.ignored
    }

    /// Whether to ignore a `volumeClaimName` that is filled in next to a `volumeClaim`, by
    /// whomever.
    #[must_use]
    pub fn ignores_filled_volume_claims(&self) -> bool {
        self.ignore_filled_volume_claims
    }

    /// Whether to ignore finalizers once the existing Job has a deletionTimestamp.
    #[must_use]
    pub fn releases_finalizers_while_deleting(&self) -> bool {
        self.release_finalizers_while_deleting
    }

    /// How dropped creation defaults are handled.
    #[must_use]
    pub fn dropped_defaults(&self) -> DroppedDefaults {
        self.dropped_defaults
    }

    /// The checks that are skipped.
    #[must_use]
    pub fn skipped_checks(&self) -> &[Check] {
        &self.skipped_checks
    }

    /// The limits on what is read and reported.
    #[must_use]
    pub fn limits(&self) -> &Limits {
        &self.limits
    }

    /// Whether a check is performed.
    #[must_use]
    pub fn checks(&self, check: Check) -> bool {
        !self.skipped_checks.contains(&check)
    }

    /// Whether a field may be updated.
    #[must_use]
    pub fn allows(&self, path: &FieldPath) -> bool {
        self.allowed.iter().any(|pattern| pattern.covers(path))
    }

    /// Which fields may change, as a sentence without a full stop: `only metadata.labels may change`.
    #[must_use]
    pub fn rule_in_words(&self) -> String {
        let names: Vec<&str> = self.allowed.iter().map(FieldPattern::as_str).collect();
        match names.as_slice() {
            [] => "nothing may change".into(),
            [one] => format!("only {one} may change"),
            [first @ .., last] => format!("only {} and {last} may change", first.join(", ")),
        }
    }
}

impl Default for UpdatePolicy {
    fn default() -> Self {
        Self::documented()
    }
}

/// The name of a policy that was read from a file without a name.
fn custom() -> String {
    "custom".into()
}
