//! Reads the body of an `AdmissionReview` in one pass.
//!
//! The two Jobs are parsed in place. Their texts are nearly the same, so the first one in the body
//! guides the parsing of the second. Values of other fields are skipped. Reading continues after
//! any error except a syntax error, since the uid of the request may follow.

use std::borrow::Cow;
use std::fmt;

use crate::job::{Cursor, Job, JobError, JsonType, Limits, Position, SyntaxError};

/// The fields of a review and its request. For `null`, a string is empty and a boolean false.
#[derive(Clone, Debug, Default)]
pub(super) struct Envelope<'a> {
    pub(super) api_version: Option<Cow<'a, str>>,
    pub(super) kind: Option<Cow<'a, str>>,
    has_request: bool,
    pub(super) uid: Option<Cow<'a, str>>,
    pub(super) operation: Option<Cow<'a, str>>,
    pub(super) name: Option<Cow<'a, str>>,
    pub(super) namespace: Option<Cow<'a, str>>,
    pub(super) sub_resource: Option<Cow<'a, str>>,
    pub(super) dry_run: Option<bool>,
    /// Group, version and kind of the object.
    pub(super) object_kind: Option<Triple<'a>>,
    /// Group, version and resource.
    pub(super) resource: Option<Triple<'a>>,
    pub(super) existing: Option<Reading<'a>>,
    pub(super) replacement: Option<Reading<'a>>,
    /// The first error of the review itself.
    pub(super) error: Option<String>,
}

/// A group, a version, and a kind or resource.
#[derive(Clone, Debug, Default)]
pub(super) struct Triple<'a> {
    group: Option<Cow<'a, str>>,
    version: Option<Cow<'a, str>>,
    name: Option<Cow<'a, str>>,
}

impl Triple<'_> {
    /// Group, version and name; each is empty if absent.
    pub(super) fn parts(&self) -> [&str; 3] {
        [&self.group, &self.version, &self.name].map(|part| part.as_deref().unwrap_or_default())
    }
}

/// A Job of a review.
#[derive(Clone, Debug)]
pub(super) enum Reading<'a> {
    /// `null`.
    Absent,
    Read(Box<Job<'a>>),
    Unreadable(JobError),
}

/// The Job, if there is one that could be read.
pub(super) fn job<'r, 'a>(reading: Option<&'r Reading<'a>>) -> Option<&'r Job<'a>> {
    match reading {
        Some(Reading::Read(job)) => Some(job),
        Some(Reading::Absent | Reading::Unreadable(_)) | None => None,
    }
}

/// Reads a body. Errors are part of the result.
pub(super) fn read<'a>(body: &'a [u8], limits: &Limits) -> Envelope<'a> {
    let mut envelope = Envelope::default();
    let Ok(text) = std::str::from_utf8(body) else {
        envelope.error = Some("the review must be UTF-8".into());
        return envelope;
    };
    let mut reader = EnvelopeReader { cursor: Cursor::new(text), limits, error: None };
    if reader.review(&mut envelope).is_err() {
        // If a value is not valid JSON, this is the start of the value.
        let Position { line, column } = reader.cursor.position();
        let what = format_args!("must be JSON, and is not at line {line}, column {column}");
        reader.note(format_args!("the review"), what);
    }
    envelope.error = reader.error;
    envelope
}

struct EnvelopeReader<'a, 'l> {
    cursor: Cursor<'a>,
    limits: &'l Limits,
    error: Option<String>,
}

impl<'a> EnvelopeReader<'a, '_> {
    fn review(&mut self, review: &mut Envelope<'a>) -> Result<(), SyntaxError> {
        self.cursor.skip_white_space();
        self.object(format_args!("the review"), |reader, key| match key {
            "apiVersion" => reader.string(&mut review.api_version, format_args!("apiVersion")),
            "kind" => reader.string(&mut review.kind, format_args!("kind")),
            "request" => {
                if reader.is_repeated(review.has_request, format_args!("request")) {
                    return reader.skip_value();
                }
                review.has_request = true;
                reader.request(review)
            }
            _ => reader.skip_value(),
        })?;
        self.cursor.skip_white_space();
        match self.cursor.peek() {
            None => Ok(()),
            Some(_) => Err(self.cursor.error("nothing may follow the review")),
        }
    }

    fn request(&mut self, request: &mut Envelope<'a>) -> Result<(), SyntaxError> {
        self.object(format_args!("request"), |reader, key| {
            let path = format_args!("request.{key}");
            match key {
                "uid" => reader.string(&mut request.uid, path),
                "operation" => reader.string(&mut request.operation, path),
                "name" => reader.string(&mut request.name, path),
                "namespace" => reader.string(&mut request.namespace, path),
                "subResource" => reader.string(&mut request.sub_resource, path),
                "dryRun" => reader.boolean(&mut request.dry_run, path),
                "kind" => reader.triple(&mut request.object_kind, key),
                "resource" => reader.triple(&mut request.resource, key),
                "object" => {
                    let guide = job(request.existing.as_ref());
                    reader.job(&mut request.replacement, path, guide)
                }
                "oldObject" => {
                    let guide = job(request.replacement.as_ref());
                    reader.job(&mut request.existing, path, guide)
                }
                _ => reader.skip_value(),
            }
        })
    }

    /// Reads `kind` or `resource` of the request, an object with a field of the same name.
    fn triple(&mut self, slot: &mut Option<Triple<'a>>, name: &str) -> Result<(), SyntaxError> {
        if self.is_repeated(slot.is_some(), format_args!("request.{name}")) {
            return self.skip_value();
        }
        let triple = slot.insert(Triple::default());
        if self.is_at_null() {
            return self.skip_value();
        }
        self.object(format_args!("request.{name}"), |reader, key| {
            let path = format_args!("request.{name}.{key}");
            match key {
                "group" => reader.string(&mut triple.group, path),
                "version" => reader.string(&mut triple.version, path),
                _ if key == name => reader.string(&mut triple.name, path),
                _ => reader.skip_value(),
            }
        })
    }

    fn job(
        &mut self,
        slot: &mut Option<Reading<'a>>,
        path: fmt::Arguments<'_>,
        guide: Option<&Job<'_>>,
    ) -> Result<(), SyntaxError> {
        if self.is_repeated(slot.is_some(), path) {
            return self.skip_value();
        }
        if self.is_at_null() {
            *slot = Some(Reading::Absent);
            return self.skip_value();
        }
        match Job::read_front(self.cursor.rest(), self.limits, guide) {
            Ok((job, length)) => {
                *slot = Some(Reading::Read(Box::new(job)));
                self.cursor.advance(length);
                Ok(())
            }
            Err(error) => {
                let skipped = self.skip_value();
                if skipped.is_err() {
                    self.note(path, &error);
                }
                *slot = Some(Reading::Unreadable(error));
                skipped
            }
        }
    }

    fn string(
        &mut self,
        slot: &mut Option<Cow<'a, str>>,
        path: fmt::Arguments<'_>,
    ) -> Result<(), SyntaxError> {
        if self.is_repeated(slot.is_some(), path) {
            return self.skip_value();
        }
        if self.cursor.peek() == Some(b'"') {
            *slot = Some(self.cursor.string()?);
            return Ok(());
        }
        let text = self.cursor.value()?;
        if text != "null" {
            self.note_type(path, JsonType::String, text);
        }
        *slot = Some("".into());
        Ok(())
    }

    fn boolean(
        &mut self,
        slot: &mut Option<bool>,
        path: fmt::Arguments<'_>,
    ) -> Result<(), SyntaxError> {
        let text = self.cursor.value()?;
        if self.is_repeated(slot.is_some(), path) {
            return Ok(());
        }
        if !matches!(text, "true" | "false" | "null") {
            self.note_type(path, JsonType::Boolean, text);
        }
        *slot = Some(text == "true");
        Ok(())
    }

    /// Reads an object and calls `member` after each key to read the value. A value of another type
    /// is skipped.
    fn object(
        &mut self,
        path: fmt::Arguments<'_>,
        mut member: impl FnMut(&mut Self, &str) -> Result<(), SyntaxError>,
    ) -> Result<(), SyntaxError> {
        let Some(mut members) = self.cursor.enter_object() else {
            let text = self.cursor.value()?;
            self.note_type(path, JsonType::Object, text);
            return Ok(());
        };
        while members.next(&mut self.cursor)? {
            let key = self.cursor.key()?;
            member(self, &key)?;
        }
        Ok(())
    }

    fn skip_value(&mut self) -> Result<(), SyntaxError> {
        self.cursor.value().map(drop)
    }

    fn is_at_null(&self) -> bool {
        self.cursor.rest().starts_with("null")
    }

    /// Whether a field was read before; records an error if so.
    fn is_repeated(&mut self, was_read: bool, path: fmt::Arguments<'_>) -> bool {
        if was_read {
            self.note(path, "the field is given twice");
        }
        was_read
    }

    fn note_type(&mut self, path: fmt::Arguments<'_>, expected: JsonType, text: &str) {
        let (expected, found) = (expected.with_article(), JsonType::of_text(text).with_article());
        self.note(path, format_args!("must be {expected}, not {found}"));
    }

    /// Keeps the first error.
    fn note(&mut self, path: fmt::Arguments<'_>, what: impl fmt::Display) {
        self.error.get_or_insert_with(|| format!("{path}: {what}"));
    }
}
