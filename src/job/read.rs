//! Reads a [`Job`] from text.
//!
//! This module reads the keys of the Job, `metadata`, `spec` and the tasks. Their values are
//! skipped, which also checks that they are well-formed.
//!
//! A replacement is nearly always the existing Job with a few edits, so the existing Job can guide
//! its reading: if the text at the cursor is the text of a field of the guide, and the next byte
//! ends a value, then the field has the same key and the same well-formed value. The result is the
//! same as without a guide, including errors.

use super::cursor::{Cursor, Items};
use super::guide::{GuideFields, copy_value};
use super::unique::{MANY_KEYS, duplicate};
use super::{Entry, Field, Job, JobError, JsonType, Limits};
use crate::path::{PathNode, Side};

/// Reads a Job from a text that contains nothing else. The caller has checked that the text is
/// within the length limit and the guide within the nesting limit.
pub(super) fn read<'a>(
    text: &'a str,
    limits: &Limits,
    guide: Option<&Job<'_>>,
) -> Result<Job<'a>, JobError> {
    let mut reader = JobReader { cursor: Cursor::new(text), limits, guide };
    reader.cursor.skip_white_space();
    if reader.cursor.peek().is_none() {
        return Err(reader.cursor.error("the text is empty").into());
    }
    if text.starts_with('\u{feff}') {
        let message =
            "the text must not start with a byte order mark: save it as UTF-8 without one";
        return Err(reader.cursor.error(message).into());
    }
    let mut job = Job::empty(Some(text), Field::Text(text), limits);
    reader.job(&mut job)?;
    reader.cursor.skip_white_space();
    match reader.cursor.peek() {
        None => Ok(job),
        Some(_) => Err(reader.cursor.error("nothing may follow the Job").into()),
    }
}

/// Reads a Job from the start of a text. Also returns its length in bytes, which may exceed the
/// limit.
pub(super) fn read_front<'a>(
    text: &'a str,
    limits: &Limits,
    guide: Option<&Job<'_>>,
) -> Result<(Job<'a>, usize), JobError> {
    let mut reader = JobReader { cursor: Cursor::new(text), limits, guide };
    let mut job = Job::empty(Some(text), Field::Text(text), limits);
    reader.job(&mut job)?;
    job.whole = Field::Text(reader.cursor.text_since(0));
    Ok((job, reader.cursor.offset()))
}

struct JobReader<'a, 'l> {
    cursor: Cursor<'a>,
    limits: &'l Limits,
    guide: Option<&'l Job<'l>>,
}

impl<'a> JobReader<'a, '_> {
    /// Reads the fields of a Job into an empty one.
    fn job(&mut self, job: &mut Job<'a>) -> Result<(), JobError> {
        let root = PathNode::root();
        let (mut has_metadata, mut has_spec) = (false, false);
        let guide = self
            .guide
            .map(|guide| GuideFields::new(guide.text, guide.top_fields(), guide.top_gaps));
        // The fields of `metadata` and `spec` come first.
        let mut nested = 0;
        let mut entries = Vec::with_capacity(24);
        job.top_gaps = self.fields(&root, guide, &mut entries, |reader, entries, key| {
            let before = entries.len();
            let (is_present, range) = match key {
                "metadata" => {
                    let at = root.key(key);
                    check_first(&mut has_metadata, &at)?;
                    (reader.metadata(job, entries, &at)?, &mut job.metadata)
                }
                "spec" => {
                    let at = root.key(key);
                    check_first(&mut has_spec, &at)?;
                    (reader.spec(job, entries, &at)?, &mut job.spec)
                }
                _ => return Ok(false),
            };
            let end = nested + entries.len() - before;
            *range = is_present.then_some(nested..end);
            nested = end;
            Ok(true)
        })?;
        job.top = nested..entries.len();
        job.entries = entries;
        Ok(())
    }

    /// Reads `metadata`; returns whether it is not `null`.
    fn metadata(
        &mut self,
        job: &mut Job<'a>,
        entries: &mut Vec<Entry<'a>>,
        at: &PathNode<'_>,
    ) -> Result<bool, JobError> {
        if self.skip_null()? {
            return Ok(false);
        }
        let start = self.cursor.offset();
        let guide = self
            .guide
            .and_then(|guide| Some(GuideFields::new(guide.text, guide.metadata_fields()?, [0; 2])));
        self.fields(at, guide, entries, |_, _, _| Ok(false))?;
        job.whole_metadata = Some(Field::Text(self.cursor.text_since(start)));
        Ok(true)
    }

    /// Reads `spec`; returns whether it is not `null`.
    fn spec(
        &mut self,
        job: &mut Job<'a>,
        entries: &mut Vec<Entry<'a>>,
        at: &PathNode<'_>,
    ) -> Result<bool, JobError> {
        if self.skip_null()? {
            return Ok(false);
        }
        let start = self.cursor.offset();
        let guide = self.guide.and_then(|guide| {
            Some(GuideFields::new(guide.text, guide.spec_fields()?, guide.spec_gaps))
        });
        let mut has_tasks = false;
        job.spec_gaps = self.fields(at, guide, entries, |reader, _, key| {
            if key != "tasks" {
                return Ok(false);
            }
            let at = at.key(key);
            check_first(&mut has_tasks, &at)?;
            reader.tasks(job, &at)?;
            Ok(true)
        })?;
        job.whole_spec = Some(Field::Text(self.cursor.text_since(start)));
        Ok(true)
    }

    fn tasks(&mut self, job: &mut Job<'a>, at: &PathNode<'_>) -> Result<(), JobError> {
        if self.skip_null()? {
            return Ok(());
        }
        let Some(mut elements) = self.cursor.enter_list() else {
            return Err(self.wrong_type(at, JsonType::Array));
        };
        job.tasks = Some(Vec::with_capacity(8));
        job.task_fields = Vec::with_capacity(16);
        let mut position = 0;
        while elements.next(&mut self.cursor)? {
            let limit = self.limits.tasks;
            if position >= limit {
                return Err(JobError::too_many_tasks(at.to_path(Side::Replacement), limit));
            }
            self.task(job, position, &at.index(position, position))?;
            position += 1;
        }
        Ok(())
    }

    fn task(
        &mut self,
        job: &mut Job<'a>,
        position: usize,
        at: &PathNode<'_>,
    ) -> Result<(), JobError> {
        let start = self.cursor.offset();
        let first_field = job.task_fields.len();
        if !self.skip_null()? {
            let guide = self.guide.and_then(|guide| {
                Some(GuideFields::new(guide.text, guide.task(position)?.fields, [0; 2]))
            });
            self.fields(at, guide, &mut job.task_fields, |_, _, _| Ok(false))?;
        }
        job.push_task(Field::Text(self.cursor.text_since(start)), first_field);
        Ok(())
    }

    /// Reads the fields of an object into `entries`, except those that `nested` reads: it is called
    /// after a key and returns whether it read the value. It may add entries too, which end up before
    /// those of the object. Returns the gaps; see `Job::top_gaps`.
    #[expect(clippy::expect_used, reason = "entries are only ever added")]
    fn fields(
        &mut self,
        at: &PathNode<'_>,
        guide: Option<GuideFields<'_>>,
        entries: &mut Vec<Entry<'a>>,
        mut nested: impl FnMut(&mut Self, &mut Vec<Entry<'a>>, &str) -> Result<bool, JobError>,
    ) -> Result<[usize; 2], JobError> {
        let mut guide = guide.unwrap_or_else(GuideFields::none);
        let mut first = entries.len();
        let mut gaps = [0; 2];
        let mut members = self.enter_object(at)?;
        while members.next(&mut self.cursor)? {
            if guide.copy(&mut self.cursor, entries) {
                continue;
            }
            let start = self.cursor.offset();
            let key = self.cursor.key()?;
            let count = entries.len() - first;
            if nested(self, entries, &key)? {
                gaps = [gaps[1], count];
                if entries.len() > first + count {
                    let own_and_nested =
                        entries.get_mut(first..).expect("the fields of this object");
                    own_and_nested.rotate_left(count);
                    first = entries.len() - count;
                }
                continue;
            }
            let value = self.value(at, &key, guide.find(&key))?;
            entries.push(Entry::member(self.cursor.text_since(start), key, value));
        }
        if !guide.is_in_order() {
            if entries.len() - first >= MANY_KEYS {
                // To compare them takes memory too.
                entries.shrink_to_fit();
            }
            check_unique(entries.iter().skip(first), at)?;
        }
        Ok(gaps)
    }

    /// Reads the value of a field. `guide` is the field with the same key in the guide, if any.
    fn value(
        &mut self,
        parent: &PathNode<'_>,
        key: &str,
        guide: Option<&Entry<'_>>,
    ) -> Result<&'a str, JobError> {
        if let Some(text) = guide.and_then(|field| copy_value(field, &mut self.cursor)) {
            return Ok(text);
        }
        let text = self.cursor.value()?;
        let limit = self.limits.max_nesting();
        // Each step from the root to the parent is one level, and the root is another. If they use
        // up the limit, the value must be a scalar.
        let levels_left = limit.saturating_sub(parent.depth() + 1);
        if nests_deeper(text, levels_left) {
            return Err(JobError::too_deep(parent.key(key).to_path(Side::Replacement), limit));
        }
        Ok(text)
    }

    /// Skips a `null`, if that comes next; returns whether it did.
    fn skip_null(&mut self) -> Result<bool, JobError> {
        let is_null = self.cursor.peek() == Some(b'n');
        if is_null {
            self.cursor.value()?;
        }
        Ok(is_null)
    }

    fn enter_object(&mut self, at: &PathNode<'_>) -> Result<Items, JobError> {
        match self.cursor.enter_object() {
            Some(members) => Ok(members),
            None => Err(self.wrong_type(at, JsonType::Object)),
        }
    }

    /// The error for the next value, which has the wrong type.
    fn wrong_type(&mut self, at: &PathNode<'_>, expected: JsonType) -> JobError {
        match self.cursor.value() {
            Ok(text) => {
                let found = JsonType::of_text(text);
                JobError::wrong_type(at.to_path(Side::Replacement), expected, found)
            }
            Err(error) => error.into(),
        }
    }
}

/// Sets `was_read`. Fails if it was already set.
fn check_first(was_read: &mut bool, at: &PathNode<'_>) -> Result<(), JobError> {
    if std::mem::replace(was_read, true) {
        return Err(JobError::duplicate_field(at.to_path(Side::Replacement)));
    }
    Ok(())
}

fn check_unique<'e>(
    entries: impl ExactSizeIterator<Item = &'e Entry<'e>> + Clone,
    at: &PathNode<'_>,
) -> Result<(), JobError> {
    match duplicate(entries.map(Entry::key)) {
        Some(key) => Err(JobError::duplicate_field(at.key(key).to_path(Side::Replacement))),
        None => Ok(()),
    }
}

/// Whether a well-formed JSON text is nested deeper than `levels`.
///
/// The length or the number of brackets usually decides, because each level has two brackets.
fn nests_deeper(text: &str, levels: usize) -> bool {
    if text.len() / 2 <= levels || opening_brackets(text) <= levels {
        return false;
    }
    let (mut depth, mut deepest, mut in_string, mut escaped) = (0, 0, false, false);
    for byte in text.bytes() {
        match byte {
            _ if escaped => escaped = false,
            b'\\' => escaped = true,
            b'"' => in_string = !in_string,
            _ if in_string => {}
            b'{' | b'[' => {
                depth += 1;
                deepest = deepest.max(depth);
            }
            b'}' | b']' => depth -= 1,
            _ => {}
        }
    }
    deepest > levels
}

/// Counts the opening brackets.
fn opening_brackets(text: &str) -> usize {
    sum_of_bytes::<224>(text, |byte| u8::from(matches!(byte, b'{' | b'[')))
}

/// The sum of a number for each byte. `CHUNK` bytes must be so few that their sum fits in a byte, which lets
/// the compiler vectorize the loop.
pub(super) fn sum_of_bytes<const CHUNK: usize>(text: &str, number: impl Fn(u8) -> u8) -> usize {
    let of_chunk = |chunk: &[u8]| {
        usize::from(chunk.iter().fold(0_u8, |sum, byte| sum.wrapping_add(number(*byte))))
    };
    text.as_bytes().chunks(CHUNK).map(of_chunk).sum()
}
