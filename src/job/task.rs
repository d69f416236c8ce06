//! The tasks of a Job.

#![warn(clippy::arithmetic_side_effects)]

use std::borrow::Cow;
use std::ops::Range;

use super::{Entry, Field, Job, TaskEntry, non_null};

/// A task of a Job.
#[derive(Clone, Copy)]
pub(crate) struct Task<'j, 'a> {
    /// The task itself. `null` is a task without fields.
    pub(crate) whole: Field<'a>,
    /// Its `name`, unless that is absent or `null`.
    pub(crate) name: Option<Field<'a>>,
    pub(crate) fields: &'j [Entry<'a>],
}

impl<'a> Job<'a> {
    /// Adds a task. Its fields are those of `task_fields` from `first_field` on.
    pub(super) fn push_task(&mut self, whole: Field<'a>, first_field: usize) {
        let fields = first_field..self.task_fields.len();
        let name = non_null(self.fields_of_task(&fields), "name");
        self.tasks.get_or_insert_default().push(TaskEntry { whole, name, fields });
    }

    pub(crate) fn has_tasks_field(&self) -> bool {
        self.tasks.is_some()
    }

    pub(crate) fn task_count(&self) -> usize {
        self.tasks.as_ref().map_or(0, Vec::len)
    }

    pub(crate) fn task(&self, position: usize) -> Option<Task<'_, 'a>> {
        self.tasks.as_ref()?.get(position).map(|entry| self.task_of(entry))
    }

    /// The tasks, in order.
    pub(crate) fn tasks(&self) -> impl Iterator<Item = Task<'_, 'a>> {
        let tasks = self.tasks.as_deref().unwrap_or_default();
        tasks.iter().map(|entry| self.task_of(entry))
    }

    /// The sum of the replicas of all tasks; `None` if one is not an integer, or on overflow.
    /// Absent counts as 0, as in Volcano.
    pub(crate) fn total_replicas(&self) -> Option<i64> {
        let replicas = self.task_fields.iter().filter(|entry| entry.is("replicas"));
        let mut counts = replicas.map(Entry::field).filter(|field| !field.is_null());
        counts.try_fold(0_i64, |total, field| total.checked_add(field.as_integer()?))
    }

    fn task_of(&self, entry: &TaskEntry<'a>) -> Task<'_, 'a> {
        let fields = self.fields_of_task(&entry.fields);
        Task { whole: entry.whole, name: entry.name, fields }
    }

    #[expect(clippy::expect_used, reason = "fields are only ever added to a Job")]
    fn fields_of_task(&self, range: &Range<usize>) -> &[Entry<'a>] {
        self.task_fields.get(range.clone()).expect("a task has fields that were read")
    }
}

impl<'a> Task<'_, 'a> {
    /// A field of the task; `None` if it is absent or `null`.
    pub(crate) fn field(&self, key: &str) -> Option<Field<'a>> {
        non_null(self.fields, key)
    }

    /// The replicas; `None` if they are not an integer. Absent counts as 0, as in Volcano.
    pub(crate) fn replicas(&self) -> Option<i64> {
        self.field("replicas").map_or(Some(0), Field::as_integer)
    }

    /// The name of the task, or the default name that Volcano gives to a task at this position.
    pub(crate) fn effective_name(&self, position: usize) -> Cow<'a, str> {
        let name = self.name.and_then(Field::to_str).filter(|name| !name.is_empty());
        name.unwrap_or_else(|| default_task_name(position).into())
    }
}

/// The name that Volcano gives to a task without one, [when the Job is created].
///
/// [when the Job is created]: https://github.com/volcano-sh/volcano/blob/ed72c7c815a9fd547a787134676f73d42e9d049c/pkg/webhooks/admission/jobs/mutate/mutate_job.go
#[must_use]
pub fn default_task_name(position: usize) -> String {
    format!("default{position}")
}
