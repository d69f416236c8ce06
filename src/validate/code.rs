//! The codes of violations.

use crate::job::names::spelling;

/// The kind of a [`Violation`](crate::Violation). Programs should match on the code, since messages
/// may change.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[non_exhaustive]
pub enum ViolationCode {
    /// A field outside the policy was set, changed or removed.
    ImmutableField,
    /// A field that was filled in at creation is missing from the replacement.
    DroppedDefault,
    /// A field that is not in the schema of a Job was set, changed or removed.
    UnknownField,
    /// The replacement has a task that the existing Job does not have.
    TaskAdded,
    /// A task of the existing Job is missing from the replacement.
    TaskRemoved,
    /// The tasks were reordered.
    TasksReordered,
    /// Two tasks of the replacement have the same name.
    DuplicateTaskName,
    /// The replacement is not the same object as the existing Job.
    WrongObject,
    /// A changed value violates the schema or Kubernetes' rules for object metadata.
    InvalidValue,
    /// A task has fewer replicas than its minAvailable.
    ReplicasBelowMinAvailable,
    /// The Job's minAvailable is greater than the sum of all replicas.
    MinAvailableAboveTotal,
    /// The replicas of a task are not those that its partitionPolicy requires.
    PartitionMismatch,
    /// Volcano's own webhook will deny an update that the policy allows (a warning).
    VolcanoWebhook,
}

spelling!(ViolationCode, "code", {
    ImmutableField => "immutable-field",
    DroppedDefault => "dropped-default",
    UnknownField => "unknown-field",
    TaskAdded => "task-added",
    TaskRemoved => "task-removed",
    TasksReordered => "tasks-reordered",
    DuplicateTaskName => "duplicate-task-name",
    WrongObject => "wrong-object",
    InvalidValue => "invalid-value",
    ReplicasBelowMinAvailable => "replicas-below-min-available",
    MinAvailableAboveTotal => "min-available-above-total",
    PartitionMismatch => "partition-mismatch",
    VolcanoWebhook => "volcano-webhook",
});

/// The documentation of a code.
struct Texts {
    summary: &'static str,
    explanation: &'static str,
}

impl ViolationCode {
    /// When this code is reported, in one sentence.
    #[must_use]
    pub const fn summary(self) -> &'static str {
        self.texts().summary
    }

    /// Why it is a violation and how to correct the replacement, in a few sentences.
    #[must_use]
    pub const fn explanation(self) -> &'static str {
        self.texts().explanation
    }

    /// Whether the code denies the change of a field regardless of the new value, rather than
    /// rejecting the value of a field that may change.
    pub(super) const fn denies_change(self) -> bool {
        match self {
            Self::ImmutableField
            | Self::DroppedDefault
            | Self::UnknownField
            | Self::TaskAdded
            | Self::TaskRemoved
            | Self::TasksReordered
            | Self::VolcanoWebhook => true,
            Self::DuplicateTaskName
            | Self::WrongObject
            | Self::InvalidValue
            | Self::ReplicasBelowMinAvailable
            | Self::MinAvailableAboveTotal
            | Self::PartitionMismatch => false,
        }
    }

    const fn texts(self) -> Texts {
        match self {
            Self::ImmutableField => Texts {
                summary: "A field that may not be updated was set, changed or removed.",
                explanation: "A running Job's pods, pod group and volumes were created from its \
                    spec, so only the fields that the policy lists may be updated. Set \
                    the field back to its value in the existing Job. If it has to \
                    change, delete the Job and create a new one.",
            },
            Self::DroppedDefault => Texts {
                summary: "A field that was filled in at creation is missing from the replacement.",
                explanation: "Volcano's webhook fills in fields that a manifest leaves out, but \
                    only when the Job is created. Applying the same manifest again \
                    would remove them. Add the line that the hint shows to the \
                    manifest, or start from the Job in the cluster (kubectl get \
                    job.batch.volcano.sh NAME -o yaml).",
            },
            Self::UnknownField => Texts {
                summary: "A field that a Job does not have was set, changed or removed.",
                explanation: "An API server drops unknown fields, or rejects the request in \
                    strict mode, which kubectl uses. Most often the name is misspelt \
                    or the field is one level too high or too low; names are \
                    case-sensitive.",
            },
            Self::TaskAdded => Texts {
                summary: "The replacement has a task that the existing Job does not have.",
                explanation: "The tasks of a Job are fixed when it is created. Increase the \
                    replicas of an existing task, or create another Job.",
            },
            Self::TaskRemoved => Texts {
                summary: "A task of the existing Job is missing from the replacement.",
                explanation: "The tasks of a Job are fixed when it is created. Keep the task and \
                    reduce its replicas instead, but not below its minAvailable.",
            },
            Self::TasksReordered => Texts {
                summary: "The tasks are in another order than in the existing Job.",
                explanation: "An unnamed task is identified by its position, and pods are \
                    numbered and started in the order of the tasks. Put the tasks back \
                    in the order of the existing Job.",
            },
            Self::DuplicateTaskName => Texts {
                summary: "Two tasks of the replacement have the same name.",
                explanation: "Pods are named after their task. A task without a name is called \
                    default and its position, such as default0. Give each task a \
                    unique name.",
            },
            Self::WrongObject => Texts {
                summary: "The replacement is not the same object as the existing Job.",
                explanation: "apiVersion, kind, metadata.name, metadata.namespace and \
                    metadata.uid identify the object and never change. apiVersion, \
                    kind and name are required; namespace and uid are compared only if \
                    both Jobs have them, as a server fills them in.",
            },
            Self::InvalidValue => Texts {
                summary: "A changed value violates the schema or Kubernetes' metadata rules.",
                explanation: "The schema of the Job's CRD defines the type and the bounds of \
                    each field, and Kubernetes has rules for the keys and values of \
                    labels and annotations. Only what the update changed is checked; a \
                    list whose elements have no key is one value. Correct the value as \
                    the message says.",
            },
            Self::ReplicasBelowMinAvailable => Texts {
                summary: "A task has fewer replicas than its minAvailable requires.",
                explanation: "The task could never reach the number of pods that it needs to \
                    run. Volcano sets minAvailable to the replicas when the Job is \
                    created, unless the manifest has another value, and the documented \
                    rule does not let it change: under that rule a task cannot be \
                    scaled below it. Keep minAvailable replicas, create a new Job with \
                    a smaller minAvailable, or use a policy that allows \
                    spec.tasks[*].minAvailable and lower both. Volcano's own webhook \
                    lets both change.",
            },
            Self::MinAvailableAboveTotal => Texts {
                summary: "The Job's minAvailable is greater than the sum of all replicas.",
                explanation: "The Job could never be scheduled: it would wait for more pods than \
                    it has. Volcano sets spec.minAvailable to the sum of the tasks' \
                    minAvailable when the Job is created, unless the manifest has \
                    another value, and the documented rule does not let it change. \
                    Keep the sum of all replicas at minAvailable or above, create a \
                    new Job with a smaller minAvailable, or use a policy that allows \
                    spec.minAvailable and lower it too.",
            },
            Self::PartitionMismatch => Texts {
                summary: "The replicas of a task are not totalPartitions times partitionSize.",
                explanation: "A task with a partitionPolicy has exactly as many replicas as its \
                    partitions hold, and the policy itself may not be updated: such a \
                    task cannot be scaled.",
            },
            Self::VolcanoWebhook => Texts {
                summary: "Volcano's own webhook will deny the update (a warning).",
                explanation: "Where Volcano's webhook validatejob.volcano.sh runs, it lets an \
                    update change only minAvailable, replicas and priorityClassName, \
                    and checks the whole replacement. A template, which the documented \
                    rule lets change, it denies. Change the other fields alone, or \
                    delete the Job and create a new one.",
            },
        }
    }
}
