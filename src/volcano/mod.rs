//! The verdict of Volcano's own webhook, `validatejob.volcano.sh`, on an update.
//!
//! Follows `validateJobUpdate` in
//! [admit_job.go](https://github.com/volcano-sh/volcano/blob/ed72c7c815a9fd547a787134676f73d42e9d049c/pkg/webhooks/admission/jobs/validate/admit_job.go).
//! The webhook stops at the first reason; here all are found, in its order.

mod checks;
mod decode;
mod encode;
mod equality;
mod reason;
mod types;

use serde_json::Value;

pub(crate) use self::checks::{partition_message, tiers_message};
pub(crate) use self::encode::EmptyLists;
use self::reason::Reason;
use crate::diff::ReviewError;
use crate::job::{Document, Job};
use crate::path::{FieldPath, Segment};
use crate::schema::Structural;

/// The webhook's reason for all fields that may not change.
const IMMUTABLE: &str = "job updates may not change fields other than `minAvailable`, \
     `tasks[*].replicas under spec` and `PriorityClassName`";

/// The first reason for which Volcano's own webhook denies an update.
///
/// `Display` is the sentence for people: that the webhook will deny the update, why, and the field. It has no
/// value of a Job, which [`VolcanoDenial::message`] can have.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
#[error("{}; the field is {path}", self.warning())]
pub struct VolcanoDenial {
    /// The reason in the words of the webhook.
    message: String,
    /// The same without values of the Job.
    shown: String,
    path: FieldPath,
}

impl VolcanoDenial {
    /// The reason in the words of the webhook. It can have a name or a number of the Job.
    #[must_use]
    pub fn message(&self) -> &str {
        &self.message
    }

    /// The sentence without the field.
    pub(crate) fn warning(&self) -> String {
        format!("Volcano's webhook (validatejob.volcano.sh) will deny this: {}", self.shown)
    }

    /// The path of the field, which the webhook does not name.
    #[must_use]
    pub fn path(&self) -> &FieldPath {
        &self.path
    }
}

impl From<Denial> for VolcanoDenial {
    fn from(Denial { path, reason, .. }: Denial) -> Self {
        Self { message: reason.in_full(), shown: reason.to_string(), path }
    }
}

/// A reason for which Volcano's webhook denies an update.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Denial {
    pub(crate) path: FieldPath,
    pub(crate) kind: DenialKind,
    pub(crate) reason: Reason,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum DenialKind {
    /// A value that cannot be decoded, or is out of its range.
    Value,
    ReplicasBelowMinAvailable,
    Partition,
    MinAvailableAboveTotal,
    TaskAdded,
    TaskRemoved,
    Immutable,
}

impl Denial {
    fn decode(path: FieldPath, reason: Reason) -> Self {
        Self { path, kind: DenialKind::Value, reason }
    }
}

/// A Job that Volcano's webhooks decoded into Go's types, as JSON.
///
/// # Errors
///
/// The reason for which the webhooks deny a Job that Go cannot decode.
pub(crate) fn decoded(job: &Value, empty_lists: EmptyLists) -> Result<Value, Denial> {
    let document = Document::of_value(job);
    match decode::decode_error(document.root(), None) {
        Some(error) => Err(error),
        None => Ok(encode::encode(document.root(), empty_lists)),
    }
}

/// The reasons for which Volcano's webhook denies an update; none if it allows it. With a schema, the
/// webhook gets both Jobs with the defaults of the schema, as from an API server.
///
/// # Errors
///
/// A Job cannot be read: it has a duplicate field, which an API server does not pass on.
pub(crate) fn denials(
    existing: &Job<'_>,
    replacement: &Job<'_>,
    schema: Option<&Structural>,
) -> Result<Vec<Denial>, ReviewError> {
    let old = existing.whole_document().map_err(ReviewError::Existing)?;
    let new = replacement.whole_document().map_err(ReviewError::Replacement)?;
    let (old, new) = (old.root(), new.root());
    // The replacement is decoded first.
    if let Some(error) =
        decode::decode_error(new, None).or_else(|| decode::decode_error(old, Some(new)))
    {
        return Ok(vec![error]);
    }
    let mut denials = checks::check(new);
    let (before, after) = (checks::task_count(old), checks::task_count(new));
    if before == after {
        let differences = equality::differences(old, new, schema).into_iter();
        denials.extend(differences.map(|path| Denial {
            path,
            kind: DenialKind::Immutable,
            reason: IMMUTABLE.into(),
        }));
    } else {
        let kind = if before < after { DenialKind::TaskAdded } else { DenialKind::TaskRemoved };
        let path = ["spec", "tasks"].map(|key| Segment::Key(key.into())).into_iter().collect();
        let reason = "job updates may not add or remove tasks".into();
        denials.push(Denial { path, kind, reason });
    }
    Ok(denials)
}
