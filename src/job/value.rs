//! Reads a [`Job`] from a parsed document.

use std::ops::Range;

use serde_json::{Map, Value};

use super::{Entry, Field, Job, JobError, JsonType, Limits};
use crate::path::{PathNode, Side};

/// Reads a Job from a parsed document.
pub(super) fn read<'a>(value: &'a Value, limits: &Limits) -> Result<Job<'a>, JobError> {
    let root = PathNode::root();
    let mut job = Job::empty(None, Field::Value(value), limits);
    let mut top = Vec::new();
    for (key, value) in object(value, &root)?.into_iter().flatten() {
        let at = root.key(key);
        match key.as_str() {
            "metadata" => {
                if let Some(fields) = entries(value, &at, limits)? {
                    job.metadata = Some(job.add_entries(fields));
                    job.whole_metadata = Some(Field::Value(value));
                }
            }
            "spec" => job.read_spec(value, &at, limits)?,
            _ => top.push(entry(key, value, &at, limits)?),
        }
    }
    job.top = job.add_entries(top);
    Ok(job)
}

impl<'a> Job<'a> {
    fn read_spec(
        &mut self,
        spec: &'a Value,
        at: &PathNode<'_>,
        limits: &Limits,
    ) -> Result<(), JobError> {
        let Some(fields) = object(spec, at)? else { return Ok(()) };
        self.whole_spec = Some(Field::Value(spec));
        let mut spec = Vec::with_capacity(fields.len());
        for (key, value) in fields {
            let at = at.key(key);
            if key == "tasks" {
                self.read_tasks(value, &at, limits)?;
            } else {
                spec.push(entry(key, value, &at, limits)?);
            }
        }
        self.spec = Some(self.add_entries(spec));
        Ok(())
    }

    /// Adds the fields of an object; returns their range.
    fn add_entries(&mut self, fields: Vec<Entry<'a>>) -> Range<usize> {
        let start = self.entries.len();
        self.entries.extend(fields);
        start..self.entries.len()
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
            other => return Err(wrong_type(at, JsonType::Array, other)),
        };
        self.tasks = Some(Vec::with_capacity(tasks.len().min(limits.tasks)));
        for (position, task) in tasks.iter().enumerate() {
            if position >= limits.tasks {
                return Err(JobError::too_many_tasks(at.to_path(Side::Replacement), limits.tasks));
            }
            let first_field = self.task_fields.len();
            let fields = entries(task, &at.index(position, position), limits)?;
            self.task_fields.extend(fields.into_iter().flatten());
            self.push_task(Field::Value(task), first_field);
        }
        Ok(())
    }
}

/// The fields of an object; `None` for `null`, which is accepted everywhere but at the root.
fn object<'v>(
    value: &'v Value,
    at: &PathNode<'_>,
) -> Result<Option<&'v Map<String, Value>>, JobError> {
    match value {
        Value::Object(map) => Ok(Some(map)),
        Value::Null if at.depth() > 0 => Ok(None),
        other => Err(wrong_type(at, JsonType::Object, other)),
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
    key: &'a String,
    value: &'a Value,
    at: &PathNode<'_>,
    limits: &Limits,
) -> Result<Entry<'a>, JobError> {
    let limit = limits.max_nesting();
    // If the levels above the value use up the limit, it must be a scalar.
    if nests_deeper(value, limit.saturating_sub(at.depth())) {
        return Err(JobError::too_deep(at.to_path(Side::Replacement), limit));
    }
    Ok(Entry::Value { key, value })
}

/// Whether a value is nested deeper than `levels`. The recursion stops at that depth too.
fn nests_deeper(value: &Value, levels: usize) -> bool {
    let inside = |value: &Value| match levels.checked_sub(1) {
        Some(levels) => nests_deeper(value, levels),
        None => true,
    };
    match value {
        Value::Array(list) => levels == 0 || list.iter().any(inside),
        Value::Object(map) => levels == 0 || map.values().any(inside),
        _ => false,
    }
}

fn wrong_type(at: &PathNode<'_>, expected: JsonType, found: &Value) -> JobError {
    JobError::wrong_type(at.to_path(Side::Replacement), expected, JsonType::of(found))
}
