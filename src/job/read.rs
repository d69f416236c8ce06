//! From a text or a value to a [`Job`].
//!
//! Only white space, keys and punctuation of the levels that are told apart are handled here; every
//! value below is skipped, and thereby checked, by `serde_json`.

use std::borrow::Cow;

use serde::de::IgnoredAny;
use serde_json::Value;

use super::{Entry, Field, Job, JobError, TaskEntry, duplicate};
use crate::limits::Limits;
use crate::path::{PathNode, Side};

/// Reads a Job from text that is no longer than the limit.
pub(super) fn text<'a>(text: &'a str, limits: &Limits) -> Result<Job<'a>, JobError> {
    let mut reader = Reader { text, at: 0, limits };
    reader.skip_white_space();
    match reader.peek() {
        None => return Err(reader.fault("the text is empty")),
        Some(_) if text.starts_with('\u{feff}') => {
            return Err(reader.fault("the text must not start with a byte order mark"));
        }
        Some(_) => {}
    }
    let job = reader.job()?;
    reader.skip_white_space();
    match reader.peek() {
        None => Ok(job),
        Some(_) => Err(reader.fault("nothing may follow the Job")),
    }
}

/// Reads a Job from a parsed document.
pub(super) fn value<'a>(value: &'a Value, limits: &Limits) -> Result<Job<'a>, JobError> {
    let root = PathNode::ROOT;
    let mut job = Job::empty(None);
    for (key, value) in object(value, &root)?.into_iter().flatten() {
        let at = root.key(key);
        match key.as_str() {
            "metadata" => job.metadata = entries(value, &at, limits)?,
            "spec" => job.read_spec(value, &at, limits)?,
            _ => job.top.push(entry(key, value, &at, limits)?),
        }
    }
    Ok(job)
}

impl<'a> Job<'a> {
    fn empty(text: Option<&'a str>) -> Self {
        Self {
            text,
            top: Vec::with_capacity(8),
            metadata: None,
            spec: None,
            tasks: None,
            task_fields: Vec::new(),
        }
    }

    fn read_spec(
        &mut self,
        spec: &'a Value,
        at: &PathNode<'_>,
        limits: &Limits,
    ) -> Result<(), JobError> {
        let Some(fields) = object(spec, at)? else { return Ok(()) };
        let mut spec = Vec::with_capacity(fields.len());
        for (key, value) in fields {
            let at = at.key(key);
            if key == "tasks" {
                self.read_tasks(value, &at, limits)?;
            } else {
                spec.push(entry(key, value, &at, limits)?);
            }
        }
        self.spec = Some(spec);
        Ok(())
    }

    fn read_tasks(
        &mut self,
        tasks: &'a Value,
        at: &PathNode<'_>,
        limits: &Limits,
    ) -> Result<(), JobError> {
        let tasks = match tasks {
            Value::Null => return Ok(()),
            Value::Array(tasks) => tasks,
            other => {
                let found = type_name(other);
                return Err(JobError::wrong_type(at.to_path(Side::Replacement), "a list", found));
            }
        };
        self.tasks = Some(Vec::with_capacity(tasks.len().min(limits.tasks)));
        for (position, task) in tasks.iter().enumerate() {
            if position >= limits.tasks {
                return Err(JobError::too_many_tasks(at.to_path(Side::Replacement), limits.tasks));
            }
            let start = self.task_fields.len();
            let fields = entries(task, &at.index(position, position), limits)?;
            self.task_fields.extend(fields.into_iter().flatten());
            self.push_task(Field::Value(task), start);
        }
        Ok(())
    }

    /// Adds the task whose fields are those from `start` on.
    fn push_task(&mut self, whole: Field<'a>, start: usize) {
        let fields = start..self.task_fields.len();
        let mut entries = self.task_fields.get(fields.clone()).unwrap_or_default().iter();
        let name = entries.find(|entry| entry.key == "name").map(|entry| entry.field);
        let name = name.filter(|name| !name.is_null());
        self.tasks.get_or_insert_default().push(TaskEntry { whole, name, fields });
    }
}

/// A place in the text of a Job.
struct Reader<'a, 'l> {
    text: &'a str,
    at: usize,
    limits: &'l Limits,
}

impl<'a> Reader<'a, '_> {
    fn job(&mut self) -> Result<Job<'a>, JobError> {
        let root = PathNode::ROOT;
        let mut job = Job::empty(Some(self.text));
        let (mut metadata_read, mut spec_read) = (false, false);
        self.must_be_object(&root)?;
        self.object(|reader, key| match &*key {
            "metadata" => {
                let at = root.key(&key);
                check_first(&mut metadata_read, &at)?;
                job.metadata = reader.entries(&at)?;
                Ok(())
            }
            "spec" => {
                let at = root.key(&key);
                check_first(&mut spec_read, &at)?;
                reader.spec(&mut job, &at)
            }
            _ => {
                job.top.push(reader.field(&root, key)?);
                Ok(())
            }
        })?;
        check_unique(&job.top, &root)?;
        Ok(job)
    }

    fn spec(&mut self, job: &mut Job<'a>, at: &PathNode<'_>) -> Result<(), JobError> {
        if self.null_or_object(at)? {
            return Ok(());
        }
        let mut spec = Vec::with_capacity(16);
        let mut tasks_read = false;
        self.object(|reader, key| {
            if key == "tasks" {
                let at = at.key(&key);
                check_first(&mut tasks_read, &at)?;
                return reader.tasks(job, &at);
            }
            spec.push(reader.field(at, key)?);
            Ok(())
        })?;
        check_unique(&spec, at)?;
        job.spec = Some(spec);
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
            if position >= reader.limits.tasks {
                return Err(JobError::too_many_tasks(
                    at.to_path(Side::Replacement),
                    reader.limits.tasks,
                ));
            }
            reader.task(job, &at.index(position, position))?;
            position = position.saturating_add(1);
            Ok(())
        })
    }

    fn task(&mut self, job: &mut Job<'a>, at: &PathNode<'_>) -> Result<(), JobError> {
        let (from, start) = (self.at, job.task_fields.len());
        if !self.null_or_object(at)? {
            self.object(|reader, key| {
                job.task_fields.push(reader.field(at, key)?);
                Ok(())
            })?;
            check_unique(job.task_fields.get(start..).unwrap_or_default(), at)?;
        }
        job.push_task(Field::Text(self.text.get(from..self.at).unwrap_or_default()), start);
        Ok(())
    }

    /// The fields of an object, `None` for `null`.
    fn entries(&mut self, at: &PathNode<'_>) -> Result<Option<Vec<Entry<'a>>>, JobError> {
        if self.null_or_object(at)? {
            return Ok(None);
        }
        let mut entries = Vec::with_capacity(8);
        self.object(|reader, key| {
            entries.push(reader.field(at, key)?);
            Ok(())
        })?;
        check_unique(&entries, at)?;
        Ok(Some(entries))
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

    /// The field of that key, whose value stands here.
    fn field(&mut self, parent: &PathNode<'_>, key: Cow<'a, str>) -> Result<Entry<'a>, JobError> {
        let text = self.raw()?;
        let limit = self.limits.max_nesting();
        // Each step down to the parent opened one level, and the parent another.
        let levels_left = limit.saturating_sub(parent.depth()).saturating_sub(1);
        if nested_deeper(text, levels_left) {
            return Err(JobError::too_deep(parent.key(&key).to_path(Side::Replacement), limit));
        }
        Ok(Entry { key, field: Field::Text(text) })
    }

    /// Any value, skipped, as text.
    fn raw(&mut self) -> Result<&'a str, JobError> {
        let rest = self.rest();
        if let Some(inside) = self.plain_string() {
            return Ok(rest.get(..inside.len().saturating_add(2)).unwrap_or_default());
        }
        let mut values = serde_json::Deserializer::from_str(rest).into_iter::<IgnoredAny>();
        match values.next() {
            Some(Ok(IgnoredAny)) => {
                let end = values.byte_offset();
                self.at = self.at.saturating_add(end);
                Ok(rest.get(..end).unwrap_or_default())
            }
            Some(Err(fault)) => Err(json_fault(self.text, rest, &fault)),
            None => Err(self.expected("a value")),
        }
    }

    /// An object, field by field: `field` is called behind each key and reads the value.
    fn object(
        &mut self,
        mut field: impl FnMut(&mut Self, Cow<'a, str>) -> Result<(), JobError>,
    ) -> Result<(), JobError> {
        self.sequence(b'}', "`,` or `}`", |reader| {
            let key = reader.key()?;
            reader.skip_white_space();
            if !reader.eat(b':') {
                return Err(reader.expected("`:`"));
            }
            reader.skip_white_space();
            field(reader, key)
        })
    }

    /// A list, element by element.
    fn list(
        &mut self,
        element: impl FnMut(&mut Self) -> Result<(), JobError>,
    ) -> Result<(), JobError> {
        self.sequence(b']', "`,` or `]`", element)
    }

    /// What stands between an opening bracket, which is the next byte, and its closing one.
    fn sequence(
        &mut self,
        close: u8,
        separators: &str,
        mut item: impl FnMut(&mut Self) -> Result<(), JobError>,
    ) -> Result<(), JobError> {
        self.at = self.at.saturating_add(1);
        self.skip_white_space();
        if self.eat(close) {
            return Ok(());
        }
        loop {
            item(self)?;
            self.skip_white_space();
            if self.eat(close) {
                return Ok(());
            }
            if !self.eat(b',') {
                return Err(self.expected(separators));
            }
            self.skip_white_space();
        }
    }

    fn key(&mut self) -> Result<Cow<'a, str>, JobError> {
        if self.peek() != Some(b'"') {
            return Err(self.expected("a key in quotes"));
        }
        if let Some(key) = self.plain_string() {
            return Ok(Cow::Borrowed(key));
        }
        let rest = self.rest();
        let mut keys = serde_json::Deserializer::from_str(rest).into_iter::<String>();
        match keys.next() {
            Some(Ok(key)) => {
                self.at = self.at.saturating_add(keys.byte_offset());
                Ok(Cow::Owned(key))
            }
            Some(Err(fault)) => Err(json_fault(self.text, rest, &fault)),
            None => Err(self.expected("a key in quotes")),
        }
    }

    /// A string without escapes, if one stands here: what is between the quotes.
    fn plain_string(&mut self) -> Option<&'a str> {
        let inside = self.rest().strip_prefix('"')?;
        let end = inside.bytes().position(|byte| byte == b'"' || byte == b'\\' || byte < b' ')?;
        let (text, tail) = inside.split_at_checked(end)?;
        let tail = tail.strip_prefix('"')?;
        self.at = self.text.len().saturating_sub(tail.len());
        Some(text)
    }

    fn skip_white_space(&mut self) {
        while let Some(b' ' | b'\n' | b'\r' | b'\t') = self.peek() {
            self.at = self.at.saturating_add(1);
        }
    }

    fn eat(&mut self, byte: u8) -> bool {
        let found = self.peek() == Some(byte);
        self.at = self.at.saturating_add(usize::from(found));
        found
    }

    fn peek(&self) -> Option<u8> {
        self.text.as_bytes().get(self.at).copied()
    }

    fn rest(&self) -> &'a str {
        self.text.get(self.at..).unwrap_or_default()
    }

    fn expected(&self, what: &str) -> JobError {
        match self.peek() {
            Some(_) => self.fault(&format!("expected {what}")),
            None => self.fault(&format!("expected {what}, found the end of the text")),
        }
    }

    fn fault(&self, message: &str) -> JobError {
        JobError::syntax(self.text, self.at, message)
    }
}

/// Turns an error of `serde_json` in a part of the text into one of the text.
pub(super) fn json_fault(text: &str, part: &str, fault: &serde_json::Error) -> JobError {
    let place = format!(" at line {} column {}", fault.line(), fault.column());
    let message = fault.to_string();
    let message = message.strip_suffix(&place).unwrap_or(&message);
    let lines_above = fault.line().saturating_sub(1);
    let line_start: usize = part.split_inclusive('\n').take(lines_above).map(str::len).sum();
    let in_part = line_start.saturating_add(fault.column().saturating_sub(1));
    // `part` is a slice of `text`.
    let before = part.as_ptr().addr().saturating_sub(text.as_ptr().addr());
    JobError::syntax(text, before.saturating_add(in_part), message)
}

/// Notes that a field was read, and fails if it was before.
fn check_first(read: &mut bool, at: &PathNode<'_>) -> Result<(), JobError> {
    if std::mem::replace(read, true) {
        return Err(JobError::duplicate_field(at.to_path(Side::Replacement)));
    }
    Ok(())
}

fn check_unique(entries: &[Entry<'_>], at: &PathNode<'_>) -> Result<(), JobError> {
    match duplicate(entries.iter().map(|entry| &*entry.key)) {
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
    let count = |chunk: &[u8]| {
        let brackets = chunk.iter().map(|byte| u8::from(matches!(byte, b'{' | b'[')));
        usize::from(brackets.fold(0, u8::wrapping_add))
    };
    text.as_bytes().chunks(usize::from(u8::MAX)).map(count).sum()
}

fn object<'v>(
    value: &'v Value,
    at: &PathNode<'_>,
) -> Result<Option<&'v serde_json::Map<String, Value>>, JobError> {
    match value {
        Value::Object(map) => Ok(Some(map)),
        Value::Null if at.depth() > 0 => Ok(None),
        other => {
            Err(JobError::wrong_type(at.to_path(Side::Replacement), "an object", type_name(other)))
        }
    }
}

fn entries<'a>(
    value: &'a Value,
    at: &PathNode<'_>,
    limits: &Limits,
) -> Result<Option<Vec<Entry<'a>>>, JobError> {
    let Some(map) = object(value, at)? else { return Ok(None) };
    let checked = |(key, value): (&'a String, &'a Value)| entry(key, value, &at.key(key), limits);
    map.iter().map(checked).collect::<Result<_, _>>().map(Some)
}

fn entry<'a>(
    key: &'a str,
    value: &'a Value,
    at: &PathNode<'_>,
    limits: &Limits,
) -> Result<Entry<'a>, JobError> {
    let limit = limits.max_nesting();
    if value_nests_deeper(value, limit.saturating_sub(at.depth())) {
        return Err(JobError::too_deep(at.to_path(Side::Replacement), limit));
    }
    Ok(Entry { key: Cow::Borrowed(key), field: Field::Value(value) })
}

/// Whether a value nests deeper than so many levels. Never goes deeper itself.
fn value_nests_deeper(value: &Value, levels: usize) -> bool {
    let below = |value: &Value| match levels.checked_sub(1) {
        Some(levels) => value_nests_deeper(value, levels),
        None => true,
    };
    match value {
        Value::Array(list) => levels == 0 || list.iter().any(below),
        Value::Object(map) => levels == 0 || map.values().any(below),
        _ => false,
    }
}

fn type_name(value: &Value) -> &'static str {
    match value {
        Value::Null => "null",
        Value::Bool(_) => "a boolean",
        Value::Number(_) => "a number",
        Value::String(_) => "a string",
        Value::Array(_) => "a list",
        Value::Object(_) => "an object",
    }
}

/// The type of a well-formed JSON text.
fn text_type_name(text: &str) -> &'static str {
    match text.as_bytes().first() {
        Some(b'n') => "null",
        Some(b't' | b'f') => "a boolean",
        Some(b'"') => "a string",
        Some(b'[') => "a list",
        Some(b'{') => "an object",
        _ => "a number",
    }
}
