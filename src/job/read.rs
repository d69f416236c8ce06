//! From a text to a [`Job`].
//!
//! Only white space, keys and punctuation of the levels that are told apart are handled here; every
//! value below is skipped, and thereby checked, by `serde_json`.
//!
//! A replacement is nearly always the existing Job with a few edits. So its reading may be guided by
//! that Job: where the bytes at the cursor are those of the same field there, and what follows ends
//! a value, they are the same key and the same well-formed value and need not be looked into. The
//! result, errors included, is the same as without a guide.

use std::borrow::Cow;

use super::guide::Like;
use super::{Entry, Field, Job, JobError, Limits, duplicate};
use crate::path::{PathNode, Side};

/// Reads a Job from a text that holds nothing else and is no longer than the limit, guided by a Job
/// that nests no deeper than the limit.
pub(super) fn read<'a>(
    text: &'a str,
    limits: &Limits,
    guide: Option<&Job<'_>>,
) -> Result<Job<'a>, JobError> {
    let mut reader = Reader { text, at: 0, limits, guide };
    reader.skip_white_space();
    match reader.peek() {
        None => return Err(reader.error("the text is empty")),
        Some(_) if text.starts_with('\u{feff}') => {
            return Err(reader.error("the text must not start with a byte order mark"));
        }
        Some(_) => {}
    }
    let job = reader.job()?;
    reader.skip_white_space();
    match reader.peek() {
        None => Ok(job),
        Some(_) => Err(reader.error("nothing may follow the Job")),
    }
}

/// Reads a Job from the front of a text; and says how many bytes it takes, which may be more than the
/// limit.
pub(super) fn read_front<'a>(
    text: &'a str,
    limits: &Limits,
    guide: Option<&Job<'_>>,
) -> Result<(Job<'a>, usize), JobError> {
    let mut reader = Reader { text, at: 0, limits, guide };
    let job = reader.job()?;
    Ok((job, reader.at))
}

/// A place in the text of a Job.
pub(super) struct Reader<'a, 'l> {
    pub(super) text: &'a str,
    pub(super) at: usize,
    limits: &'l Limits,
    pub(super) guide: Option<&'l Job<'l>>,
}

impl<'a> Reader<'a, '_> {
    fn job(&mut self) -> Result<Job<'a>, JobError> {
        let root = PathNode::ROOT;
        let mut job = Job::empty(Some(self.text), self.limits);
        let (mut metadata_read, mut spec_read) = (false, false);
        let like = self.guide.map_or_else(Like::default, |guide| Like {
            fields: &guide.top,
            breaks: guide.top_breaks,
        });
        let mut top = Vec::with_capacity(8);
        self.must_be_object(&root)?;
        job.top_breaks = self.fields(&root, like, &mut top, |reader, key| {
            match key {
                "metadata" => {
                    let at = root.key(key);
                    check_first(&mut metadata_read, &at)?;
                    reader.metadata(&mut job, &at)?;
                }
                "spec" => {
                    let at = root.key(key);
                    check_first(&mut spec_read, &at)?;
                    reader.spec(&mut job, &at)?;
                }
                _ => return Ok(false),
            }
            Ok(true)
        })?;
        job.top = top;
        Ok(job)
    }

    fn metadata(&mut self, job: &mut Job<'a>, at: &PathNode<'_>) -> Result<(), JobError> {
        let from = self.at;
        if self.null_or_object(at)? {
            return Ok(());
        }
        let like = self.guide.and_then(|guide| guide.metadata.as_deref()).unwrap_or_default();
        let like = Like { fields: like, breaks: [0; 2] };
        let mut metadata = Vec::with_capacity(8);
        self.fields(at, like, &mut metadata, |_, _| Ok(false))?;
        job.metadata = Some(metadata);
        job.metadata_text = self.text.get(from..self.at);
        Ok(())
    }

    fn spec(&mut self, job: &mut Job<'a>, at: &PathNode<'_>) -> Result<(), JobError> {
        if self.null_or_object(at)? {
            return Ok(());
        }
        let like = self.guide.map_or_else(Like::default, |guide| Like {
            fields: guide.spec.as_deref().unwrap_or_default(),
            breaks: guide.spec_breaks,
        });
        let mut spec = Vec::with_capacity(16);
        let mut tasks_read = false;
        let breaks = self.fields(at, like, &mut spec, |reader, key| {
            if key != "tasks" {
                return Ok(false);
            }
            let at = at.key(key);
            check_first(&mut tasks_read, &at)?;
            reader.tasks(job, &at).map(|()| true)
        })?;
        (job.spec, job.spec_breaks) = (Some(spec), breaks);
        Ok(())
    }

    fn tasks(&mut self, job: &mut Job<'a>, at: &PathNode<'_>) -> Result<(), JobError> {
        if self.peek() != Some(b'[') {
            return match self.raw()? {
                "null" => Ok(()),
                other => Err(JobError::wrong_type(
                    at.to_path(Side::Replacement),
                    "a list",
                    text_type_name(other),
                )),
            };
        }
        let mut position: usize = 0;
        job.tasks = Some(Vec::with_capacity(8));
        job.task_fields.reserve(16);
        self.list(|reader| {
            let limit = reader.limits.tasks;
            if position >= limit {
                return Err(JobError::too_many_tasks(at.to_path(Side::Replacement), limit));
            }
            let like = reader.guide.and_then(|guide| guide.task(position));
            let like = like.map_or(&[][..], |task| task.fields);
            let like = Like { fields: like, breaks: [0; 2] };
            reader.task(job, &at.index(position, position), like)?;
            position = position.saturating_add(1);
            Ok(())
        })
    }

    fn task(
        &mut self,
        job: &mut Job<'a>,
        at: &PathNode<'_>,
        like: Like<'_>,
    ) -> Result<(), JobError> {
        let (from, start) = (self.at, job.task_fields.len());
        if !self.null_or_object(at)? {
            self.fields(at, like, &mut job.task_fields, |_, _| Ok(false))?;
        }
        job.push_task(Field::Text(self.text.get(from..self.at).unwrap_or_default()), start);
        Ok(())
    }

    /// Skips a `null`, and says so; otherwise an object must begin here.
    fn null_or_object(&mut self, at: &PathNode<'_>) -> Result<bool, JobError> {
        if self.peek() == Some(b'n') {
            return self.raw().map(|_| true);
        }
        self.must_be_object(at).map(|()| false)
    }

    fn must_be_object(&mut self, at: &PathNode<'_>) -> Result<(), JobError> {
        if self.peek() == Some(b'{') {
            return Ok(());
        }
        let found = text_type_name(self.raw()?);
        Err(JobError::wrong_type(at.to_path(Side::Replacement), "an object", found))
    }

    /// The object that begins here, but for the fields that `inner` reads: it is called behind each
    /// key and says whether it read the value. Returns before which of the entries such a field stands.
    fn fields(
        &mut self,
        at: &PathNode<'_>,
        like: Like<'_>,
        entries: &mut Vec<Entry<'a>>,
        mut inner: impl FnMut(&mut Self, &str) -> Result<bool, JobError>,
    ) -> Result<[usize; 2], JobError> {
        let start = entries.len();
        let mut breaks = [0; 2];
        // In the guide: the field behind the last one that was found there.
        let mut next: usize = 0;
        // A run that differs is not compared again before the place where it differs.
        let mut try_run = true;
        // Whether the keys come in the order of the guide, in which no two are the same.
        let mut unique = true;
        self.object(|reader| {
            if let Some(first) = like.fields.get(next) {
                let run = like.run(next);
                if std::mem::replace(&mut try_run, false) && reader.same_run(run, entries) {
                    next = next.saturating_add(run.len());
                    return Ok(());
                }
                if let Some(entry) = reader.same_member(first) {
                    entries.push(entry);
                    next = next.saturating_add(1);
                    return Ok(());
                }
                // Behind a key with escapes no more of the run is the same text than before it.
                try_run = matches!(first, Entry::Member { .. });
            }
            let from = reader.at;
            let key = reader.key()?;
            if inner(reader, &key)? {
                breaks = [breaks[1], entries.len().saturating_sub(start)];
                return Ok(());
            }
            let found = like.find(next, &key);
            unique &= found.is_some_and(|found| found >= next);
            next = found.map_or(next, |found| found.saturating_add(1));
            let like = found.and_then(|found| like.fields.get(found));
            let value = reader.value(at, &key, like)?;
            entries.push(reader.entry(from, key, value));
            Ok(())
        })?;
        if !unique {
            check_unique(entries.get(start..).unwrap_or_default(), at)?;
        }
        Ok(breaks)
    }

    /// The value of the field of that key, which is likely the same as in the guide.
    fn value(
        &mut self,
        parent: &PathNode<'_>,
        key: &str,
        like: Option<&Entry<'_>>,
    ) -> Result<&'a str, JobError> {
        if let Some(text) = like.and_then(|like| self.same_value(like)) {
            return Ok(text);
        }
        let text = self.raw()?;
        let limit = self.limits.max_nesting();
        // Each step down to the parent opened one level, and the parent another.
        let levels_left = limit.saturating_sub(parent.depth()).saturating_sub(1);
        if nested_deeper(text, levels_left) {
            return Err(JobError::too_deep(parent.key(key).to_path(Side::Replacement), limit));
        }
        Ok(text)
    }

    /// The member that began there and ends here.
    fn entry(&self, from: usize, key: Cow<'a, str>, value: &'a str) -> Entry<'a> {
        let text = self.text.get(from..self.at).unwrap_or_default();
        match key {
            Cow::Borrowed(key) => {
                let value = text.len().saturating_sub(value.len());
                Entry::Member { text, key_end: key.len().saturating_add(1), value }
            }
            Cow::Owned(key) => Entry::Escaped { key, value },
        }
    }
}

/// Notes that a field was read, and fails if it was before.
fn check_first(read: &mut bool, at: &PathNode<'_>) -> Result<(), JobError> {
    if std::mem::replace(read, true) {
        return Err(JobError::duplicate_field(at.to_path(Side::Replacement)));
    }
    Ok(())
}

fn check_unique(entries: &[Entry<'_>], at: &PathNode<'_>) -> Result<(), JobError> {
    match duplicate(entries.iter().map(Entry::key)) {
        Some(key) => Err(JobError::duplicate_field(at.key(key).to_path(Side::Replacement))),
        None => Ok(()),
    }
}

/// Whether a well-formed JSON text nests deeper than so many levels.
///
/// Nearly always answered without looking at the structure: nesting takes two brackets a level.
fn nested_deeper(text: &str, levels: usize) -> bool {
    if text.len() / 2 <= levels || opening_brackets(text) <= levels {
        return false;
    }
    let (mut depth, mut deepest, mut in_string, mut escaped) = (0_usize, 0_usize, false, false);
    for byte in text.bytes() {
        match byte {
            _ if escaped => escaped = false,
            b'\\' => escaped = true,
            b'"' => in_string = !in_string,
            _ if in_string => {}
            b'{' | b'[' => {
                depth = depth.saturating_add(1);
                deepest = deepest.max(depth);
            }
            b'}' | b']' => depth = depth.saturating_sub(1),
            _ => {}
        }
    }
    deepest > levels
}

/// Counts in chunks of so many bytes that the count of a chunk fits a byte, which is what lets the
/// compiler count many at once.
fn opening_brackets(text: &str) -> usize {
    const CHUNK: usize = 224;
    let count = |chunk: &[u8]| {
        let brackets = chunk.iter().map(|byte| u8::from(matches!(byte, b'{' | b'[')));
        usize::from(brackets.fold(0, u8::wrapping_add))
    };
    text.as_bytes().chunks(CHUNK).map(count).sum()
}

/// The type of a well-formed JSON text.
pub(crate) fn text_type_name(text: &str) -> &'static str {
    match text.as_bytes().first() {
        Some(b'n') => "null",
        Some(b't' | b'f') => "a boolean",
        Some(b'"') => "a string",
        Some(b'[') => "a list",
        Some(b'{') => "an object",
        _ => "a number",
    }
}
