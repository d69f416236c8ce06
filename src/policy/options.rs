//! The settings of a policy that are enums.

use crate::job::names::spelling;

/// A check of the values that an update changed, which a policy may
/// [skip](crate::UpdatePolicy::skip).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[non_exhaustive]
pub enum Check {
    /// The schema of the CRD: types, bounds, allowed values, keys of lists.
    Schema,
    /// Kubernetes' rules for labels, annotations, generateName, finalizers and ownerReferences.
    Metadata,
    /// A task's replicas are from 0 to 2,147,483,647.
    ReplicasRange,
    /// A task's replicas are not below its minAvailable.
    ReplicasBelowMinAvailable,
    /// The Job's minAvailable is not above the sum of all replicas.
    MinAvailableAboveTotal,
    /// A task's replicas are the product of totalPartitions and partitionSize of its
    /// partitionPolicy.
    PartitionMismatch,
    /// No two tasks share a name.
    DuplicateTaskName,
    /// A restartPolicy, dnsPolicy or imagePullPolicy is one with which a pod can be created. An API
    /// server stores any other as well.
    PodPolicies,
    /// An update that Volcano's own webhook will deny leads to a warning.
    VolcanoWebhook,
}

/// Who decides on an update.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[non_exhaustive]
pub enum Judge {
    /// The policy, by its allowed and ignored fields and its checks.
    #[default]
    Policy,
    /// The rules of Volcano's own webhook, `validatejob.volcano.sh`, which do not depend on the policy.
    VolcanoWebhook,
}

/// How to handle fields that were filled in at creation and are missing from the replacement.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[non_exhaustive]
pub enum DroppedDefaults {
    /// The update is denied; the hints contain the lines to add.
    #[default]
    Deny,
    /// The update is allowed, and the caller restores the fields with
    /// [`Validator::restore_defaults`](crate::Validator::restore_defaults) before storing the
    /// replacement.
    Restore,
    /// The update is allowed, and the fields are lost.
    Allow,
}

spelling!(Check, "check", {
    Schema => "schema",
    Metadata => "metadata",
    ReplicasRange => "replicas-range",
    ReplicasBelowMinAvailable => "replicas-below-min-available",
    MinAvailableAboveTotal => "min-available-above-total",
    PartitionMismatch => "partition-mismatch",
    DuplicateTaskName => "duplicate-task-name",
    PodPolicies => "pod-policies",
    VolcanoWebhook => "volcano-webhook",
});

spelling!(Judge, "judge", {
    Policy => "policy",
    VolcanoWebhook => "volcano-webhook",
});

spelling!(DroppedDefaults, "way to treat dropped defaults", {
    Deny => "deny",
    Restore => "restore",
    Allow => "allow",
});
