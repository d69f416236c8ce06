//! The reading of a Job: shallow, borrowed, and no deeper than a verdict needs.
//!
//! A Job is read to the depth at which fields are told apart: `metadata.<field>`, `spec.<field>` and
//! `spec.tasks[i].<field>`. What stands below is checked to be well-formed and kept as text; it is
//! parsed only when it differs from the text of the other Job.

mod cursor;
mod entry;
mod error;
mod guide;
mod limits;
pub(crate) mod names;
mod nested;
mod parse;
mod read;
pub mod resource;
mod task;
mod value;

use std::borrow::Cow;
use std::ops::Range;

use serde_json::{Map, Value};

pub(crate) use self::cursor::plain_length;
pub use self::entry::{Entry, Field};
pub use self::error::{JobError, JobErrorKind};
pub use self::limits::Limits;
pub use self::nested::{Nested, Read};
pub(crate) use self::read::text_type_name;
pub(crate) use self::task::{Task, default_task_name};
use crate::path::PathNode;

/// A Job as it was read: existing or replacement.
///
/// It borrows from the text or value it was read from and holds a few vectors of slices; reading
/// costs little more than checking that the text is JSON.
///
/// Whether the text describes a *valid* Job is not asked here. Reading fails only where no verdict
/// would be possible: see [`Job::from_slice`].
#[derive(Clone)]
pub struct Job<'a> {
    /// The text it was read from, if it was.
    text: Option<&'a str>,
    /// The limit within which it was read: it nests no deeper than that.
    nesting: usize,
    /// The fields beside `metadata` and `spec`.
    pub(crate) top: Vec<Entry<'a>>,
    /// Before which of these `metadata` and `spec` stand in the text.
    top_breaks: [usize; 2],
    /// `None`: absent or `null`.
    pub(crate) metadata: Option<Vec<Entry<'a>>>,
    metadata_text: Option<&'a str>,
    /// The fields of `spec` but for `tasks`. `None`: absent or `null`.
    pub(crate) spec: Option<Vec<Entry<'a>>>,
    /// Before which of these `tasks` stands in the text.
    spec_breaks: [usize; 2],
    /// `None`: absent or `null`.
    tasks: Option<Vec<TaskEntry<'a>>>,
    /// The fields of all tasks, one task after the other.
    task_fields: Vec<Entry<'a>>,
}

#[derive(Clone)]
struct TaskEntry<'a> {
    whole: Field<'a>,
    name: Option<Field<'a>>,
    fields: Range<usize>,
}

impl<'a> Job<'a> {
    /// Reads a Job from JSON, within the default [`Limits`].
    ///
    /// ```
    /// use volcano_job_update::{Job, JobErrorKind};
    ///
    /// let error = Job::from_slice(br#"{"spec": {"queue": "a", "queue": "b"}}"#).unwrap_err();
    /// assert_eq!(error.kind(), JobErrorKind::DuplicateField);
    /// assert_eq!(error.to_string(), "spec.queue: the field is given twice");
    /// ```
    ///
    /// # Errors
    ///
    /// Text that is not UTF-8, not JSON (`{"spec": }`), not one object (`[]`, `{} {}`, nothing at
    /// all, a byte order mark in front); `metadata`, `spec` or an entry of `spec.tasks` that is not
    /// an object, `spec.tasks` that is not a list; a field given twice at the levels read; more than
    /// the limits allow.
    pub fn from_slice(text: &'a [u8]) -> Result<Self, JobError> {
        Self::from_slice_with(text, &Limits::default())
    }

    /// Reads a Job from JSON, within the given limits.
    ///
    /// # Errors
    ///
    /// As [`Job::from_slice`].
    pub fn from_slice_with(text: &'a [u8], limits: &Limits) -> Result<Self, JobError> {
        Self::read_guided(text, limits, None)
    }

    /// Reads a replacement of this Job from JSON, within the default [`Limits`].
    ///
    /// The result is that of [`Job::from_slice`], errors included. Where the two texts are the same,
    /// they are compared and not read a second time, which is many times faster. So a program that
    /// has several replacements to read for one existing Job reads that one once:
    ///
    /// ```
    /// use volcano_job_update::{Job, is_update_allowed};
    ///
    /// let existing = Job::from_slice(br#"{"apiVersion": "batch.volcano.sh/v1alpha1", "kind": "Job",
    ///     "metadata": {"name": "a"}, "spec": {"queue": "q", "tasks": [{"name": "b", "replicas": 1}]}}"#)?;
    /// for (replicas, allowed) in [("2", true), ("3", true), (r#"3, "minAvailable": 2"#, false)] {
    ///     let replacement = format!(r#"{{"apiVersion": "batch.volcano.sh/v1alpha1", "kind": "Job",
    ///     "metadata": {{"name": "a"}}, "spec": {{"queue": "q", "tasks": [{{"name": "b", "replicas": {replicas}}}]}}}}"#);
    ///     let replacement = existing.read_replacement(replacement.as_bytes())?;
    ///     assert_eq!(is_update_allowed(&existing, &replacement), allowed);
    /// }
    /// # Ok::<(), volcano_job_update::JobError>(())
    /// ```
    ///
    /// Both Jobs may be parts of one text, such as `oldObject` and `object` of an `AdmissionReview`, in
    /// either order; lines and columns in errors are counted from the beginning of the part. The
    /// result borrows from its own text alone. A Job of [`Job::from_value`] makes nothing faster, nor
    /// does one that was read with a larger [`Limits::nesting`].
    ///
    /// # Errors
    ///
    /// As [`Job::from_slice`].
    pub fn read_replacement<'r>(&self, text: &'r [u8]) -> Result<Job<'r>, JobError> {
        self.read_replacement_with(text, &Limits::default())
    }

    /// Reads a replacement of this Job from JSON, within the given limits.
    ///
    /// # Errors
    ///
    /// As [`Job::from_slice`].
    pub fn read_replacement_with<'r>(
        &self,
        text: &'r [u8],
        limits: &Limits,
    ) -> Result<Job<'r>, JobError> {
        Job::read_guided(text, limits, Some(self))
    }

    /// Reads a Job from JSON, within the given limits, guided by another Job or not.
    ///
    /// A guide changes what the reading costs and nothing else. One that may nest deeper than the
    /// limit proves nothing of the depth of a text, so it is not used.
    fn read_guided(
        text: &'a [u8],
        limits: &Limits,
        guide: Option<&Job<'_>>,
    ) -> Result<Self, JobError> {
        if text.len() > limits.text_bytes {
            return Err(JobError::too_large(limits.text_bytes));
        }
        let guide = guide.filter(|guide| guide.nesting <= limits.max_nesting());
        match std::str::from_utf8(text) {
            Ok(text) => read::read(text, limits, guide),
            Err(error) => Err(JobError::not_utf8(text, error.valid_up_to())),
        }
    }

    /// Reads a Job that is part of a longer text, from where it begins; and says how many bytes it
    /// takes.
    pub(crate) fn read_front(
        text: &'a str,
        limits: &Limits,
        guide: Option<&Job<'_>>,
    ) -> Result<(Self, usize), JobError> {
        let (job, length) = read::read_front(text, limits, guide)?;
        if length > limits.text_bytes {
            return Err(JobError::too_large(limits.text_bytes));
        }
        Ok((job, length))
    }

    /// Reads a Job from JSON that is known to be UTF-8, within the default [`Limits`].
    ///
    /// # Errors
    ///
    /// As [`Job::from_slice`].
    #[expect(clippy::should_implement_trait, reason = "FromStr cannot borrow from the text")]
    pub fn from_str(text: &'a str) -> Result<Self, JobError> {
        Self::from_slice(text.as_bytes())
    }

    /// Reads a Job from a parsed document, within the default [`Limits`] (that of the text does not
    /// apply). Everything that is said of the Job afterwards is the same as if it was read from text.
    ///
    /// # Errors
    ///
    /// As [`Job::from_slice`], as far as they can occur in a value: wrong types, nesting, tasks.
    pub fn from_value(value: &'a Value) -> Result<Self, JobError> {
        Self::from_value_with(value, &Limits::default())
    }

    /// Reads a Job from a parsed document, within the given limits.
    ///
    /// # Errors
    ///
    /// As [`Job::from_value`].
    pub fn from_value_with(value: &'a Value, limits: &Limits) -> Result<Self, JobError> {
        value::read(value, limits)
    }

    /// A Job without fields, to be filled by reading.
    fn empty(text: Option<&'a str>, limits: &Limits) -> Self {
        Self {
            text,
            nesting: limits.max_nesting(),
            top: Vec::new(),
            top_breaks: [0; 2],
            metadata: None,
            metadata_text: None,
            spec: None,
            spec_breaks: [0; 2],
            tasks: None,
            task_fields: Vec::new(),
        }
    }

    /// Adds the task whose fields are those from `start` on.
    fn push_task(&mut self, whole: Field<'a>, start: usize) {
        let fields = start..self.task_fields.len();
        let mut entries = self.task_fields.get(fields.clone()).unwrap_or_default().iter();
        let name = entries.find(|entry| entry.is("name")).map(Entry::field);
        let name = name.filter(|name| !name.is_null());
        self.tasks.get_or_insert_default().push(TaskEntry { whole, name, fields });
    }

    /// The whole Job as a document, parsed to the leaves.
    ///
    /// # Errors
    ///
    /// What shallow reading did not see: a field given twice deep inside a template, a number beyond
    /// the range of a double (`1e999`), half of a surrogate pair in a string.
    pub fn to_value(&self) -> Result<Value, JobError> {
        let root = PathNode::ROOT;
        let mut job = self.object(&root, &self.top)?;
        if let Some(metadata) = &self.metadata {
            job.insert("metadata".into(), self.object(&root.key("metadata"), metadata)?.into());
        }
        let at_spec = root.key("spec");
        if let Some(fields) = &self.spec {
            let mut spec = self.object(&at_spec, fields)?;
            if self.tasks.is_some() {
                let at = at_spec.key("tasks");
                let tasks = self.tasks().enumerate();
                let tasks = tasks
                    .map(|(i, task)| self.parse(task.whole, &at.index(i, i)).map(Cow::into_owned));
                spec.insert("tasks".into(), tasks.collect::<Result<Value, _>>()?);
            }
            job.insert("spec".into(), spec.into());
        }
        Ok(Value::Object(job))
    }

    pub(crate) fn task_count(&self) -> usize {
        self.tasks.as_deref().unwrap_or_default().len()
    }

    pub(crate) fn task(&self, position: usize) -> Option<Task<'_, 'a>> {
        let entry = self.tasks.as_deref()?.get(position)?;
        let fields = self.task_fields.get(entry.fields.clone())?;
        Some(Task { whole: entry.whole, name: entry.name, fields })
    }

    /// The tasks, in order.
    pub(crate) fn tasks(&self) -> impl Iterator<Item = Task<'_, 'a>> {
        (0..self.task_count()).filter_map(|position| self.task(position))
    }

    /// The replicas of all tasks together; `None` if one is no number. Absent is 0, as in Volcano.
    pub(crate) fn total_replicas(&self) -> Option<i64> {
        let replicas = self.task_fields.iter().filter(|entry| entry.is("replicas"));
        let mut given = replicas.map(Entry::field).filter(|field| !field.is_null());
        given.try_fold(0_i64, |total, field| total.checked_add(field.as_integer()?))
    }

    /// Whether it was read from a parsed document, not from text.
    pub(crate) fn is_from_value(&self) -> bool {
        self.text.is_none()
    }

    pub(crate) fn has_tasks_field(&self) -> bool {
        self.tasks.is_some()
    }

    /// Whether the metadata are written in the same way as those of another Job.
    pub(crate) fn has_metadata_text_of(&self, other: &Job<'_>) -> bool {
        self.metadata_text.is_some() && self.metadata_text == other.metadata_text
    }

    /// A field of `metadata` that is there and not `null`.
    pub(crate) fn metadata_field(&self, key: &str) -> Option<Field<'a>> {
        field(self.metadata.as_deref().unwrap_or_default(), key)
    }

    /// A field of `spec`, `tasks` excepted, that is there and not `null`.
    pub(crate) fn spec_field(&self, key: &str) -> Option<Field<'a>> {
        field(self.spec.as_deref().unwrap_or_default(), key)
    }

    /// A field of the Job, `metadata` and `spec` excepted, that is there and not `null`.
    pub(crate) fn top_field(&self, key: &str) -> Option<Field<'a>> {
        field(&self.top, key)
    }

    /// Parses what a field of this Job holds; `at` says in errors where it stands.
    pub(crate) fn parse<'v>(
        &self,
        field: Field<'v>,
        at: &PathNode<'_>,
    ) -> Result<Cow<'v, Value>, JobError> {
        match field {
            Field::Value(value) => Ok(Cow::Borrowed(value)),
            Field::Text(part) => parse::parse(self.text.unwrap_or(part), part, at).map(Cow::Owned),
        }
    }

    fn object(
        &self,
        at: &PathNode<'_>,
        entries: &[Entry<'a>],
    ) -> Result<Map<String, Value>, JobError> {
        let parse = |entry: &Entry<'a>| {
            let value = self.parse(entry.field(), &at.key(entry.key()))?.into_owned();
            Ok((entry.key().to_owned(), value))
        };
        entries.iter().map(parse).collect()
    }
}

impl std::fmt::Debug for Job<'_> {
    /// Shows how much was read, never what: a Job's fields carry secrets.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Job").field("tasks", &self.task_count()).finish_non_exhaustive()
    }
}

fn field<'a>(entries: &[Entry<'a>], key: &str) -> Option<Field<'a>> {
    let field = entries.iter().find(|entry| entry.is(key))?.field();
    (!field.is_null()).then_some(field)
}

/// A key that stands among the keys of one object a second time, if any.
///
/// Linear but for sorting: a wide object costs no more than its text.
fn duplicate<'k>(keys: impl ExactSizeIterator<Item = &'k str> + Clone) -> Option<&'k str> {
    const FEW: usize = 16;
    // Of few keys, hardly ever two have the same mark.
    let mut marks = 0;
    if keys.clone().all(|key| insert_mark(&mut marks, key)) {
        return None;
    }
    if keys.len() <= FEW {
        let mut earlier = keys.clone().enumerate();
        return earlier.find_map(|(i, key)| keys.clone().take(i).find(|other| *other == key));
    }
    let mut sorted: Vec<&str> = keys.collect();
    sorted.sort_unstable();
    sorted.windows(2).find_map(|pair| match pair {
        [a, b] if a == b => Some(*a),
        _ => None,
    })
}

/// Adds the mark of a key to a set; `false` if it is there. Equal keys have the same mark.
fn insert_mark(marks: &mut u64, key: &str) -> bool {
    let bytes = key.as_bytes();
    let byte = |byte: Option<&u8>| byte.copied().map_or(0, u32::from);
    let sum = byte(bytes.first()).wrapping_mul(5).wrapping_add(byte(bytes.last()).wrapping_mul(3));
    let mark = 1_u64.rotate_left(sum.wrapping_add(u32::try_from(bytes.len()).unwrap_or_default()));
    let new = *marks & mark == 0;
    *marks |= mark;
    new
}
