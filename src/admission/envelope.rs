//! From a body to what a review asks, in one pass.
//!
//! The two Jobs are read where they stand, and the second guided by the first, whichever comes first:
//! they are nearly the same text. Every other value that is not asked for is skipped, and thereby
//! checked, by `serde_json`. A error does not end the reading unless it is one of syntax: the uid to
//! answer to may stand behind it.

use std::borrow::Cow;
use std::fmt;

use serde::de::IgnoredAny;

use crate::job::{Job, JobError, Limits, plain_length, text_type_name};

/// What a review says of itself and of its request. A field that is `null` is empty.
#[derive(Clone, Debug, Default)]
pub(super) struct Envelope<'a> {
    pub(super) api_version: Option<Cow<'a, str>>,
    pub(super) kind: Option<Cow<'a, str>>,
    request: Option<()>,
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
    /// What is wrong with the review, the first of what was found.
    pub(super) error: Option<String>,
}

/// A group, a version, and a kind or resource.
#[derive(Clone, Debug, Default)]
pub(super) struct Triple<'a> {
    group: Option<Cow<'a, str>>,
    version: Option<Cow<'a, str>>,
    what: Option<Cow<'a, str>>,
}

impl Triple<'_> {
    pub(super) fn parts(&self) -> [&str; 3] {
        [&self.group, &self.version, &self.what].map(|part| part.as_deref().unwrap_or_default())
    }
}

/// A Job in a review.
#[derive(Clone, Debug)]
pub(super) enum Reading<'a> {
    Absent,
    Read(Box<Job<'a>>),
    Unreadable(JobError),
}

/// The Job, if it can be read.
pub(super) fn job<'r, 'a>(reading: Option<&'r Reading<'a>>) -> Option<&'r Job<'a>> {
    match reading {
        Some(Reading::Read(job)) => Some(job),
        _ => None,
    }
}

/// Reads a body; what is wrong with it is in the result.
pub(super) fn read<'a>(body: &'a [u8], limits: &Limits) -> Envelope<'a> {
    let mut envelope = Envelope::default();
    let Ok(text) = std::str::from_utf8(body) else {
        envelope.error = Some("the review must be UTF-8".into());
        return envelope;
    };
    let mut reader = Reader { text, at: 0, limits, error: None };
    if reader.review(&mut envelope).is_err() {
        let (line, column) = reader.position();
        let what = format_args!("must be JSON, and is not at line {line}, column {column}");
        reader.note(format_args!("the review"), what);
    }
    envelope.error = reader.error;
    envelope
}

/// The text is no JSON from here on.
struct Broken;

/// A place in the body.
struct Reader<'a, 'l> {
    text: &'a str,
    at: usize,
    limits: &'l Limits,
    error: Option<String>,
}

impl<'a> Reader<'a, '_> {
    fn review(&mut self, review: &mut Envelope<'a>) -> Result<(), Broken> {
        self.skip_white_space();
        self.object(format_args!("the review"), |reader, key| match key {
            "apiVersion" => reader.string(&mut review.api_version, format_args!("apiVersion")),
            "kind" => reader.string(&mut review.kind, format_args!("kind")),
            "request" => {
                if reader.is_repeated(review.request.as_ref(), format_args!("request")) {
                    return reader.skip().map(drop);
                }
                review.request = Some(());
                reader.request(review)
            }
            _ => reader.skip().map(drop),
        })?;
        self.skip_white_space();
        if self.at == self.text.len() { Ok(()) } else { Err(Broken) }
    }

    fn request(&mut self, request: &mut Envelope<'a>) -> Result<(), Broken> {
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
                _ => reader.skip().map(drop),
            }
        })
    }

    /// A group, a version, and what is under the name of the field itself.
    fn triple(&mut self, slot: &mut Option<Triple<'a>>, name: &str) -> Result<(), Broken> {
        if self.is_repeated(slot.as_ref(), format_args!("request.{name}")) {
            return self.skip().map(drop);
        }
        let triple = slot.insert(Triple::default());
        if self.rest().starts_with("null") {
            return self.skip().map(drop);
        }
        self.object(format_args!("request.{name}"), |reader, key| {
            let path = format_args!("request.{name}.{key}");
            match key {
                "group" => reader.string(&mut triple.group, path),
                "version" => reader.string(&mut triple.version, path),
                _ if key == name => reader.string(&mut triple.what, path),
                _ => reader.skip().map(drop),
            }
        })
    }

    fn job(
        &mut self,
        slot: &mut Option<Reading<'a>>,
        path: fmt::Arguments<'_>,
        guide: Option<&Job<'_>>,
    ) -> Result<(), Broken> {
        if self.is_repeated(slot.as_ref(), path) || self.rest().starts_with("null") {
            slot.get_or_insert(Reading::Absent);
            return self.skip().map(drop);
        }
        match Job::read_front(self.rest(), self.limits, guide) {
            Ok((job, length)) => {
                *slot = Some(Reading::Read(Box::new(job)));
                self.at = self.at.saturating_add(length);
                Ok(())
            }
            Err(error) => {
                let skipped = self.skip();
                if skipped.is_err() {
                    self.note(path, &error);
                }
                *slot = Some(Reading::Unreadable(error));
                skipped.map(drop)
            }
        }
    }

    fn string(
        &mut self,
        slot: &mut Option<Cow<'a, str>>,
        path: fmt::Arguments<'_>,
    ) -> Result<(), Broken> {
        if self.is_repeated(slot.as_ref(), path) {
            return self.skip().map(drop);
        }
        if let Some(plain) = self.plain_string() {
            *slot = Some(plain.into());
            return Ok(());
        }
        let text = self.skip()?;
        *slot = Some(match text {
            "null" => "".into(),
            _ if text.starts_with('"') => unescaped(text)?.into(),
            _ => {
                self.note_type(path, "a string", text);
                "".into()
            }
        });
        Ok(())
    }

    fn boolean(&mut self, slot: &mut Option<bool>, path: fmt::Arguments<'_>) -> Result<(), Broken> {
        let text = self.skip()?;
        if self.is_repeated(slot.as_ref(), path) {
            return Ok(());
        }
        if !matches!(text, "true" | "false" | "null") {
            self.note_type(path, "a boolean", text);
        }
        *slot = Some(text == "true");
        Ok(())
    }

    /// The object that begins here: `member` is called behind each key and reads the value.
    fn object(
        &mut self,
        path: fmt::Arguments<'_>,
        mut member: impl FnMut(&mut Self, &str) -> Result<(), Broken>,
    ) -> Result<(), Broken> {
        if !self.eat('{') {
            let text = self.skip()?;
            self.note_type(path, "an object", text);
            return Ok(());
        }
        self.skip_white_space();
        if self.eat('}') {
            return Ok(());
        }
        loop {
            let key = self.key()?;
            member(self, &key)?;
            self.skip_white_space();
            if self.eat('}') {
                return Ok(());
            }
            if !self.eat(',') {
                return Err(Broken);
            }
            self.skip_white_space();
        }
    }

    /// The key of a member, and what stands between it and the value.
    fn key(&mut self) -> Result<Cow<'a, str>, Broken> {
        let key = match self.plain_string() {
            Some(plain) => plain.into(),
            None => unescaped(self.skip()?)?.into(),
        };
        self.skip_white_space();
        if !self.eat(':') {
            return Err(Broken);
        }
        self.skip_white_space();
        Ok(key)
    }

    /// Any value, as text.
    fn skip(&mut self) -> Result<&'a str, Broken> {
        let rest = self.rest();
        // What needs no parser, gets none.
        if let Some(inside) = self.plain_string() {
            return rest.get(..inside.len().saturating_add(2)).ok_or(Broken);
        }
        let mut values =
            serde_json::Deserializer::from_slice(rest.as_bytes()).into_iter::<IgnoredAny>();
        let found = values.next();
        let length = values.byte_offset();
        let Some(Ok(IgnoredAny)) = found else { return Err(Broken) };
        self.at = self.at.saturating_add(length);
        rest.get(..length).ok_or(Broken)
    }

    /// A string without escapes, if one stands here: what is between the quotes.
    fn plain_string(&mut self) -> Option<&'a str> {
        let inside = self.rest().strip_prefix('"')?;
        let (plain, tail) = inside.split_at_checked(plain_length(inside.as_bytes()))?;
        let tail = tail.strip_prefix('"')?;
        self.at = self.text.len().saturating_sub(tail.len());
        Some(plain)
    }

    fn skip_white_space(&mut self) {
        let white = |byte: &&u8| matches!(byte, b' ' | b'\n' | b'\r' | b'\t');
        let length = self.rest().as_bytes().iter().take_while(white).count();
        self.at = self.at.saturating_add(length);
    }

    fn eat(&mut self, character: char) -> bool {
        let found = self.rest().starts_with(character);
        self.at = self.at.saturating_add(usize::from(found));
        found
    }

    fn rest(&self) -> &'a str {
        self.text.get(self.at..).unwrap_or_default()
    }

    /// The line and the column in bytes, both counted from 1. Of a value that is broken, where it begins.
    fn position(&self) -> (usize, usize) {
        let before = self.text.get(..self.at).unwrap_or(self.text);
        let column =
            before.len().saturating_sub(before.rfind('\n').map_or(0, |at| at.saturating_add(1)));
        (before.matches('\n').count().saturating_add(1), column.saturating_add(1))
    }

    /// Whether a field was read before, which is a error.
    fn is_repeated<T>(&mut self, slot: Option<&T>, path: fmt::Arguments<'_>) -> bool {
        if slot.is_some() {
            self.note(path, "the field is given twice");
        }
        slot.is_some()
    }

    fn note_type(&mut self, path: fmt::Arguments<'_>, must_be: &str, found: &str) {
        self.note(path, format_args!("must be {must_be}, not {}", text_type_name(found)));
    }

    fn note(&mut self, path: fmt::Arguments<'_>, what: impl fmt::Display) {
        self.error.get_or_insert_with(|| format!("{path}: {what}"));
    }
}

/// What a JSON string says; anything else is no key.
fn unescaped(text: &str) -> Result<String, Broken> {
    serde_json::from_str(text).map_err(|_| Broken)
}
