//! The tasks of a Job.

use std::borrow::Cow;

use super::{Entry, Field, field};

/// A task of a Job.
#[derive(Clone, Copy)]
pub(crate) struct Task<'j, 'a> {
    /// The task itself. `null` is a task without fields.
    pub(crate) whole: Field<'a>,
    /// Its `name`, if it has one.
    pub(crate) name: Option<Field<'a>>,
    pub(crate) fields: &'j [Entry<'a>],
}

impl<'a> Task<'_, 'a> {
    /// A field of the task that is there and not `null`.
    pub(crate) fn field(&self, key: &str) -> Option<Field<'a>> {
        field(self.fields, key)
    }

    /// The replicas, `None` if that is no number. Absent is 0, as in Volcano.
    pub(crate) fn replicas(&self) -> Option<i64> {
        self.field("replicas").map_or(Some(0), Field::as_integer)
    }

    /// The name of the task, or the one that Volcano gives to a task without a name at this position.
    pub(crate) fn effective_name(&self, position: usize) -> Cow<'a, str> {
        let name = self.name.and_then(Field::to_str).filter(|name| !name.is_empty());
        name.unwrap_or_else(|| default_task_name(position).into())
    }
}

/// The name that Volcano gives to a task without one, [when the Job is created].
///
/// [when the Job is created]: https://github.com/volcano-sh/volcano/blob/ed72c7c815a9fd547a787134676f73d42e9d049c/pkg/webhooks/admission/jobs/mutate/mutate_job.go
pub(crate) fn default_task_name(position: usize) -> String {
    format!("default{position}")
}
