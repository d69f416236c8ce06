//! The codes of violations: the one table of them.

use std::fmt;
use std::str::FromStr;

use serde::{Serialize, Serializer};

/// What kind of violation a [`Violation`](crate::Violation) is. Programs match on this, never on prose.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[non_exhaustive]
pub enum ViolationCode {
    /// A field outside the policy was set, changed or removed.
    ImmutableField,
    /// A field that was filled in at creation is missing from the replacement.
    DroppedDefault,
    /// A field that no Job has.
    UnknownField,
    /// The replacement has a task more.
    TaskAdded,
    /// The replacement has a task less.
    TaskRemoved,
    /// The tasks stand in another order.
    TasksReordered,
    /// Two tasks of the replacement share a name.
    DuplicateTaskName,
    /// The replacement is another object.
    WrongObject,
    /// The schema, or Kubernetes' rules for labels and annotations, deny a value that was changed.
    InvalidValue,
    /// A task has fewer replicas than its minAvailable.
    ReplicasBelowMinAvailable,
    /// The Job's minAvailable is above the sum of all replicas.
    MinAvailableAboveTotal,
    /// A task's replicas are not what its partitionPolicy asks for.
    PartitionMismatch,
    /// A pod template changes, and running pods do not.
    TemplateChange,
}

/// A row of the table.
struct Row {
    code: ViolationCode,
    name: &'static str,
    cause: &'static str,
    summary: &'static str,
    explanation: &'static str,
}

impl ViolationCode {
    /// All codes, in the order in which they are documented.
    pub fn all() -> impl Iterator<Item = Self> {
        TABLE.iter().map(|row| row.code)
    }

    /// The stable spelling, such as `immutable-field`.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        self.row().map_or("", |row| row.name)
    }

    /// The type of the corresponding Kubernetes [status cause], such as `FieldValueForbidden`.
    ///
    /// [status cause]: https://github.com/kubernetes/apimachinery/blob/master/pkg/apis/meta/v1/types.go
    #[must_use]
    pub fn cause(self) -> &'static str {
        self.row().map_or("", |row| row.cause)
    }

    /// One sentence: when this code is given.
    #[must_use]
    pub fn summary(self) -> &'static str {
        self.row().map_or("", |row| row.summary)
    }

    /// Why it is a violation, and what to do about it; a few sentences.
    #[must_use]
    pub fn explanation(self) -> &'static str {
        self.row().map_or("", |row| row.explanation)
    }

    /// Every code has a row, as a test shows.
    fn row(self) -> Option<&'static Row> {
        TABLE.iter().find(|row| row.code == self)
    }
}

impl fmt::Display for ViolationCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl Serialize for ViolationCode {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.as_str())
    }
}

/// The text is no [`Code`].
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("unknown code `{text}`")]
pub struct ParseViolationCodeError {
    text: String,
}

impl FromStr for ViolationCode {
    type Err = ParseViolationCodeError;

    /// Reads the stable spelling.
    ///
    /// # Errors
    ///
    /// Any other text (`immutable`, `ImmutableField`).
    fn from_str(text: &str) -> Result<Self, ParseViolationCodeError> {
        let row = TABLE.iter().find(|row| row.name == text);
        row.map(|row| row.code).ok_or_else(|| ParseViolationCodeError { text: text.into() })
    }
}

static TABLE: [Row; 13] = [
    Row {
        code: ViolationCode::ImmutableField,
        name: "immutable-field",
        cause: "FieldValueForbidden",
        summary: "A field that may not be updated was set, changed or removed.",
        explanation: "A running Job's pods, pod group and volumes were made from its spec, so only the \
            fields that the policy lists may be updated. Put the field back to what it is in the \
            existing Job. If it has to change, delete the Job and create the new one.",
    },
    Row {
        code: ViolationCode::DroppedDefault,
        name: "dropped-default",
        cause: "FieldValueRequired",
        summary: "A field that was filled in at creation is missing from the replacement.",
        explanation: "Volcano's webhook fills in fields that a manifest leaves out, but only when the \
            Job is created. Sending the same manifest again would take them away. Add the line that \
            the hint shows to the manifest, or start from the Job as it is in the cluster \
            (kubectl get job.batch.volcano.sh NAME -o yaml).",
    },
    Row {
        code: ViolationCode::UnknownField,
        name: "unknown-field",
        cause: "FieldValueForbidden",
        summary: "A field that no Job has was set, changed or removed.",
        explanation: "An API server drops fields that the Job's schema does not have, or denies the \
            request if it is asked to be strict, as kubectl asks it. Most often the name is \
            misspelt or stands a level too high or too low; names are case-sensitive.",
    },
    Row {
        code: ViolationCode::TaskAdded,
        name: "task-added",
        cause: "FieldValueForbidden",
        summary: "The replacement has a task that the existing Job does not have.",
        explanation: "The tasks of a Job are fixed when it is created. Raise the replicas of an \
            existing task, or create another Job.",
    },
    Row {
        code: ViolationCode::TaskRemoved,
        name: "task-removed",
        cause: "FieldValueForbidden",
        summary: "A task of the existing Job is missing from the replacement.",
        explanation: "The tasks of a Job are fixed when it is created. Keep the task and lower its \
            replicas instead.",
    },
    Row {
        code: ViolationCode::TasksReordered,
        name: "tasks-reordered",
        cause: "FieldValueForbidden",
        summary: "The tasks stand in another order than in the existing Job.",
        explanation: "An unnamed task goes by its position, and pods are numbered and started in the \
            order of the tasks. Put the tasks back in the order of the existing Job.",
    },
    Row {
        code: ViolationCode::DuplicateTaskName,
        name: "duplicate-task-name",
        cause: "FieldValueDuplicate",
        summary: "Two tasks of the replacement share a name.",
        explanation: "Pods are named after their task. A task without a name is called default and \
            its position, such as default0. Give each task a name of its own.",
    },
    Row {
        code: ViolationCode::WrongObject,
        name: "wrong-object",
        cause: "FieldValueInvalid",
        summary: "The replacement is not the same object as the existing Job.",
        explanation: "apiVersion, kind, metadata.name, metadata.namespace and metadata.uid say which \
            object is meant and never change. apiVersion, kind and name must be given; namespace and \
            uid count only where both Jobs have one, as a server fills them in.",
    },
    Row {
        code: ViolationCode::InvalidValue,
        name: "invalid-value",
        cause: "FieldValueInvalid",
        summary: "A changed value is one that the API server or Kubernetes denies.",
        explanation: "The schema of the Job's CRD says the type and the bounds of each field, and \
            Kubernetes has rules for the keys and values of labels and annotations. Only what the \
            update changed is checked; a list whose elements have no key is one value. Correct the \
            value as the message says.",
    },
    Row {
        code: ViolationCode::ReplicasBelowMinAvailable,
        name: "replicas-below-min-available",
        cause: "FieldValueInvalid",
        summary: "A task has fewer replicas than its minAvailable asks for.",
        explanation: "The task could never reach the number of pods that it needs to run. Use at \
            least minAvailable replicas.",
    },
    Row {
        code: ViolationCode::MinAvailableAboveTotal,
        name: "min-available-above-total",
        cause: "FieldValueInvalid",
        summary: "The Job's minAvailable is above the sum of the replicas of all its tasks.",
        explanation: "The Job could never be scheduled: it waits for more pods than it has. Keep the \
            sum of all replicas at minAvailable or above.",
    },
    Row {
        code: ViolationCode::PartitionMismatch,
        name: "partition-mismatch",
        cause: "FieldValueInvalid",
        summary: "The replicas of a task are not totalPartitions times partitionSize.",
        explanation: "A task with a partitionPolicy has exactly as many replicas as its partitions \
            hold, and the policy itself may not be updated: such a task cannot be scaled.",
    },
    Row {
        code: ViolationCode::TemplateChange,
        name: "template-change",
        cause: "FieldValueForbidden",
        summary: "A pod template changes, which does not reach pods that are running (a warning).",
        explanation: "The documented rule lets templates change. But pods are made from the template \
            once, and stay as they are until they are made anew; and Volcano's own webhook, where it \
            runs, denies the change. It is a warning: it does not stand in the way.",
    },
];
