//! Reads a Job shallowly: it borrows from its text and is read only as deep as a verdict needs.
//!
//! A Job is split into the fields `metadata.<field>`, `spec.<field>` and `spec.tasks[i].<field>`.
//! Their values are checked for well-formedness and kept as text. A value is looked into only if its
//! text differs from that in the other Job.

mod containers;
mod cursor;
mod entry;
mod error;
mod guide;
mod json_type;
mod kept;
pub(crate) mod known;
mod limits;
mod lookup;
pub(crate) mod names;
mod parse;
mod place;
mod read;
pub mod resource;
mod skip;
mod syntax_error;
mod task;
mod tree;
mod unique;
mod value;

use std::borrow::Cow;
use std::fmt;
use std::ops::Range;

use serde_json::Value;

pub use self::containers::{ContainerVisitor, Containers};
pub use self::cursor::{Cursor, Items};
pub use self::entry::{Entry, Field};
pub use self::error::{JobError, JobErrorKind};
pub use self::json_type::JsonType;
pub(crate) use self::kept::KeptValue;
pub use self::limits::Limits;
pub(crate) use self::lookup::Lookup;
pub use self::place::{Place, Search, StepId, json_places};
pub use self::syntax_error::{Position, SyntaxError};
pub(crate) use self::task::Task;
pub use self::task::default_task_name;
pub(crate) use self::tree::{Buffer, is_plain_integer};
pub use self::tree::{Document, Elements, Members, Node, Shape, Text};
pub(crate) use self::unique::have_unique_hashes;
use crate::path::PathNode;

/// A Job that was read: the existing Job or its replacement.
///
/// It borrows from the text or document it was read from and owns only a few vectors of slices;
/// reading costs little more than checking that the text is JSON.
///
/// A `Job` is not necessarily valid. Reading fails only if no verdict would be possible; see
/// [`Job::from_slice`].
#[derive(Clone)]
pub struct Job<'a> {
    /// The text it was read from. `None` if it was read from a document.
    text: Option<&'a str>,
    /// The Job as one value, perhaps with white space around it, and its `metadata` and `spec`.
    pub(crate) whole: Field<'a>,
    pub(crate) whole_metadata: Option<Field<'a>>,
    pub(crate) whole_spec: Option<Field<'a>>,
    /// The nesting limit that applied when it was read.
    nesting: usize,
    /// The fields of `metadata`, of `spec` other than `tasks`, and of the Job other than these two.
    entries: Vec<Entry<'a>>,
    /// The range of the top-level fields in `entries`.
    top: Range<usize>,
    /// The gaps in the top-level fields: the indices of the fields that follow `metadata` and `spec` in
    /// the text. Fields without a gap between them are adjacent in the text. 0 means no gap.
    top_gaps: [usize; 2],
    /// The range of the fields of `metadata` in `entries`. `None`: absent or `null`.
    metadata: Option<Range<usize>>,
    /// The range of the fields of `spec` in `entries`. `None`: absent or `null`.
    spec: Option<Range<usize>>,
    /// The gap in `spec` where `tasks` is in the text; see `top_gaps`.
    spec_gaps: [usize; 2],
    /// `None`: absent or `null`.
    tasks: Option<Vec<TaskEntry<'a>>>,
    /// The fields of all tasks, task by task.
    task_fields: Vec<Entry<'a>>,
}

/// A task as [`Job`] stores it.
#[derive(Clone)]
struct TaskEntry<'a> {
    whole: Field<'a>,
    name: Option<Field<'a>>,
    /// The range of this task's fields in `Job::task_fields`.
    fields: Range<usize>,
}

impl<'a> Job<'a> {
    /// Reads a Job from JSON with the default [`Limits`]. Use [`Limits::read_slice`] for other
    /// limits.
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
    /// The text is not UTF-8, not JSON (`{"spec": }`), or not exactly one object (`[]`, `{} {}`, an
    /// empty text, a leading byte order mark); `metadata`, `spec` or an entry of `spec.tasks` is
    /// not an object, or `spec.tasks` is not a list; one of these objects has a duplicate field; a
    /// limit is exceeded.
    pub fn from_slice(text: &'a [u8]) -> Result<Self, JobError> {
        Limits::default().read_slice(text)
    }

    /// Reads a Job from JSON that is known to be UTF-8, with the default [`Limits`].
    ///
    /// # Errors
    ///
    /// As [`Job::from_slice`].
    #[expect(clippy::should_implement_trait, reason = "FromStr cannot borrow from the text")]
    pub fn from_str(text: &'a str) -> Result<Self, JobError> {
        Self::from_slice(text.as_bytes())
    }

    /// Reads a Job from a parsed document with the default [`Limits`], except for that of the text.
    /// Use [`Limits::read_value`] for other limits.
    ///
    /// All later results are the same as for a Job that was read from text.
    ///
    /// # Errors
    ///
    /// Those of [`Job::from_slice`] that can occur in a document: wrong types, nesting that is too
    /// deep, too many tasks.
    pub fn from_value(value: &'a Value) -> Result<Self, JobError> {
        Limits::default().read_value(value)
    }

    /// Reads a replacement of this Job from JSON with the default [`Limits`]. Use
    /// [`Limits::read_replacement`] for other limits.
    ///
    /// The result is the same as that of [`Job::from_slice`], including errors. Where both Jobs
    /// have the same text, it is compared instead of parsed, which is many times faster. To read
    /// several replacements of one existing Job, read the existing Job once:
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
    /// Both texts may be parts of a longer one, such as `oldObject` and `object` of an
    /// `AdmissionReview`; lines and columns in errors are counted from the beginning of the part.
    /// The result borrows only from `text`. Reading is not faster if this Job was read from a
    /// document or with a larger nesting limit.
    ///
    /// # Errors
    ///
    /// As [`Job::from_slice`].
    pub fn read_replacement<'r>(&self, text: &'r [u8]) -> Result<Job<'r>, JobError> {
        Limits::default().read_replacement(self, text)
    }

    /// `metadata.name`. `None` if it is absent, `null` or not a string.
    ///
    /// ```
    /// use volcano_job_update::Job;
    ///
    /// let job = Job::from_slice(br#"{"metadata": {"name": "a", "namespace": null, "uid": 1}}"#)?;
    /// assert_eq!(job.name().as_deref(), Some("a"));
    /// assert_eq!((job.namespace(), job.uid(), job.resource_version()), (None, None, None));
    /// # Ok::<(), volcano_job_update::JobError>(())
    /// ```
    #[must_use]
    pub fn name(&self) -> Option<Cow<'a, str>> {
        self.metadata_string("name")
    }

    /// `metadata.namespace`. `None` if it is absent, `null` or not a string.
    #[must_use]
    pub fn namespace(&self) -> Option<Cow<'a, str>> {
        self.metadata_string("namespace")
    }

    /// `metadata.uid`. `None` if it is absent, `null` or not a string.
    #[must_use]
    pub fn uid(&self) -> Option<Cow<'a, str>> {
        self.metadata_string("uid")
    }

    /// `metadata.resourceVersion`. `None` if it is absent, `null` or not a string.
    #[must_use]
    pub fn resource_version(&self) -> Option<Cow<'a, str>> {
        self.metadata_string("resourceVersion")
    }

    /// The whole Job as a JSON document.
    ///
    /// # Errors
    ///
    /// The Job has an error that reading does not detect: a duplicate field inside a template, a
    /// number outside the range of a double (`1e999`), a lone surrogate in a string.
    pub fn to_value(&self) -> Result<Value, JobError> {
        let root = PathNode::root();
        let mut job = self.parse_fields(self.top_fields(), &root)?;
        if let Some(metadata) = self.metadata_fields() {
            let metadata = self.parse_fields(metadata, &root.key("metadata"))?;
            job.insert("metadata".into(), metadata.into());
        }
        let at_spec = root.key("spec");
        if let Some(fields) = self.spec_fields() {
            let mut spec = self.parse_fields(fields, &at_spec)?;
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

    /// Reads a Job from the start of a longer text. Also returns the length of the Job in bytes.
    pub(crate) fn read_front(
        text: &'a str,
        limits: &Limits,
        guide: Option<&Job<'_>>,
    ) -> Result<(Self, usize), JobError> {
        let (job, length) = read::read_front(text, limits, guide)?;
        if length > limits.max_text_bytes() {
            return Err(JobError::too_large(limits.max_text_bytes()));
        }
        Ok((job, length))
    }

    /// Whether it was read from a parsed document instead of text.
    pub(crate) fn is_from_value(&self) -> bool {
        self.text.is_none()
    }

    /// Whether `metadata` has the same text in both Jobs. Equal metadata can also have different
    /// texts.
    pub(crate) fn has_metadata_text_of(&self, other: &Job<'_>) -> bool {
        match (self.whole_metadata, other.whole_metadata) {
            (Some(Field::Text(a)), Some(Field::Text(b))) => a == b,
            _ => false,
        }
    }

    /// The top-level fields other than `metadata` and `spec`.
    pub(crate) fn top_fields(&self) -> &[Entry<'a>] {
        self.entries_in(&self.top)
    }

    /// The fields of `metadata`; `None` if it is absent or `null`.
    pub(crate) fn metadata_fields(&self) -> Option<&[Entry<'a>]> {
        self.metadata.as_ref().map(|range| self.entries_in(range))
    }

    /// The fields of `spec` other than `tasks`; `None` if it is absent or `null`.
    pub(crate) fn spec_fields(&self) -> Option<&[Entry<'a>]> {
        self.spec.as_ref().map(|range| self.entries_in(range))
    }

    /// A field of `metadata`; `None` if it is absent or `null`.
    pub(crate) fn metadata_field(&self, key: &str) -> Option<Field<'a>> {
        non_null(self.metadata_fields().unwrap_or_default(), key)
    }

    /// A field of `spec` other than `tasks`; `None` if it is absent or `null`.
    pub(crate) fn spec_field(&self, key: &str) -> Option<Field<'a>> {
        non_null(self.spec_fields().unwrap_or_default(), key)
    }

    /// A top-level field other than `metadata` and `spec`; `None` if it is absent or `null`.
    pub(crate) fn top_field(&self, key: &str) -> Option<Field<'a>> {
        non_null(self.top_fields(), key)
    }

    /// Reads a Job from JSON, with or without a guide. The guide affects only the cost.
    fn read_text(
        text: &'a [u8],
        limits: &Limits,
        guide: Option<&Job<'_>>,
    ) -> Result<Self, JobError> {
        if text.len() > limits.max_text_bytes() {
            return Err(JobError::too_large(limits.max_text_bytes()));
        }
        // The nesting of text that is equal in the guide is not checked, so the guide must be
        // within this limit.
        let guide = guide.filter(|guide| guide.nesting <= limits.max_nesting());
        match simdutf8::compat::from_utf8(text) {
            Ok(text) => read::read(text, limits, guide),
            Err(error) => Err(JobError::not_utf8(text, error.valid_up_to())),
        }
    }

    /// A Job without fields. The readers add them.
    fn empty(text: Option<&'a str>, whole: Field<'a>, limits: &Limits) -> Self {
        Self {
            text,
            whole,
            whole_metadata: None,
            whole_spec: None,
            nesting: limits.max_nesting(),
            entries: Vec::new(),
            top: 0..0,
            top_gaps: [0; 2],
            metadata: None,
            spec: None,
            spec_gaps: [0; 2],
            tasks: None,
            task_fields: Vec::new(),
        }
    }

    #[expect(clippy::expect_used, reason = "the ranges are set when the fields were read")]
    fn entries_in(&self, range: &Range<usize>) -> &[Entry<'a>] {
        self.entries.get(range.clone()).expect("the range of fields that were read")
    }

    fn metadata_string(&self, key: &str) -> Option<Cow<'a, str>> {
        self.metadata_field(key)?.to_str()
    }
}

/// Reads Jobs with limits other than the default.
impl Limits {
    /// Reads a Job from JSON.
    ///
    /// # Errors
    ///
    /// As [`Job::from_slice`].
    pub fn read_slice<'a>(&self, text: &'a [u8]) -> Result<Job<'a>, JobError> {
        Job::read_text(text, self, None)
    }

    /// Reads a Job from a parsed document. [`Limits::text_bytes`] does not apply.
    ///
    /// # Errors
    ///
    /// As [`Job::from_value`].
    pub fn read_value<'a>(&self, value: &'a Value) -> Result<Job<'a>, JobError> {
        value::read(value, self)
    }

    /// Reads a replacement of an existing Job from JSON, faster where the two texts are the same;
    /// see [`Job::read_replacement`].
    ///
    /// # Errors
    ///
    /// As [`Job::from_slice`].
    pub fn read_replacement<'a>(
        &self,
        existing: &Job<'_>,
        replacement: &'a [u8],
    ) -> Result<Job<'a>, JobError> {
        Job::read_text(replacement, self, Some(existing))
    }
}

impl fmt::Debug for Job<'_> {
    /// Shows only the number of tasks, because the fields of a Job can contain secrets.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Job").field("tasks", &self.task_count()).finish_non_exhaustive()
    }
}

/// Finds a field of an object by key; `None` if it is absent or `null`.
#[inline]
fn non_null<'a>(entries: &[Entry<'a>], key: &str) -> Option<Field<'a>> {
    let field = entries.iter().find(|entry| entry.is(key))?.field();
    (!field.is_null()).then_some(field)
}
