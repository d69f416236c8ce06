//! A violation with the lines of the files that it is about, as rustc shows errors.

use std::borrow::Cow;
use std::ops::Range;

use annotate_snippets::renderer::DecorStyle;
use annotate_snippets::{AnnotationKind, Element, Group, Level, Origin, Renderer, Snippet};
use serde_json::Value;
use volcano_job_update::internals::{Place, Position};
use volcano_job_update::{Change, ChangeKind, Segment, Severity, Violation, ViolationCode};
use volcano_job_update_programs::printable;

use super::mask::Mask;
use super::public::public_text;
use super::words::{shown, shown_path, values};
use super::yaml::on_one_line;
use crate::case::{Reviewed, Spots};
use crate::input::{Document, Spot};
use crate::report::Options;

/// Shows violations of one update.
pub(super) struct Snippets<'r> {
    pub(super) reviewed: &'r Reviewed,
    pub(super) options: Options,
    /// What several hints end with, which is said elsewhere.
    pub(super) endings: &'r [&'r str],
}

impl Snippets<'_> {
    /// The paragraph about a violation or a warning. A long message that the reader has seen before is not
    /// repeated.
    pub(super) fn paragraph(
        &self,
        violation: &Violation,
        spots: Option<&Spots>,
        is_repeated: bool,
    ) -> String {
        let level = match violation.severity() {
            Severity::Warning => Level::WARNING,
            _ => Level::ERROR,
        };
        let message = if is_repeated { "as above".into() } else { shown(violation.message()) };
        let title = format!("{}: {message}", shown_path(violation.path()));
        let code = violation.code().as_str();
        let mut group = Group::with_title(level.primary_title(title).id(code));
        group = group.elements(spots.into_iter().flat_map(|spots| self.sources(violation, spots)));
        let help = violation.hint().map(|hint| self.help(violation, hint));
        group = group.elements(help.map(|help| Level::HELP.message(help)));
        let renderer =
            if self.options.terminal.is_coloured { Renderer::styled() } else { Renderer::plain() };
        let renderer =
            renderer.decor_style(DecorStyle::Ascii).term_width(self.options.terminal.width);
        renderer.render(&[group]) + "\n"
    }

    /// The line of the manifest, and that of the existing Job if the manifest has none, if it is a patch, or
    /// with `show_values`.
    fn sources(&self, violation: &Violation, spots: &Spots) -> Vec<Element<'static>> {
        let update = &self.reviewed.update;
        let change = self.reviewed.change_of(violation);
        let new = spots.replacement.as_ref().map(|spot| (&update.manifest, spot));
        let old = spots.existing.as_ref().map(|spot| (&update.existing, spot));
        let is_there =
            |spot: &Option<Spot>| spot.as_ref().is_some_and(|spot| spot.place.missing == 0);
        let (has_new, has_old) = (is_there(&spots.replacement), is_there(&spots.existing));
        let mut elements = Vec::new();
        if let Some((document, spot)) = new {
            let label = if has_new { label(change) } else { missing_label(violation) };
            elements.push(self.source(document, spot, AnnotationKind::Primary, &label));
        }
        let is_known = change.is_none_or(|change| values(change, false).is_some());
        // A patch has no line for the field.
        let is_patch = spots.replacement.is_none();
        let shows_old =
            is_patch || (has_old && (!has_new || (self.options.show_values && !is_known)));
        if let Some((document, spot)) = old.filter(|_| shows_old) {
            let label = match &spots.replacement {
                None if has_old => label(change),
                None => absent_label(change),
                Some(_) if has_new => "before".to_owned(),
                Some(_) => "it was here".to_owned(),
            };
            elements.push(self.source(document, spot, AnnotationKind::Context, &label));
        }
        elements
    }

    /// Where a place is, and its line.
    fn source(
        &self,
        document: &Document,
        spot: &Spot,
        kind: AnnotationKind,
        label: &str,
    ) -> Element<'static> {
        let path = printable(&document.name, &[]).into_owned();
        let Position { line: number, column } = spot.position;
        let Some(line) = Line::of(document, spot, self.options.show_values) else {
            return Origin::path(path).line(number).char_column(column).into();
        };
        let annotation = kind.span(line.marked);
        let annotation =
            if label.is_empty() { annotation } else { annotation.label(label.to_owned()) };
        // All lines are shown, also those without a mark.
        let snippet = Snippet::source(line.text).line_start(number).path(path).fold(false);
        snippet.annotation(annotation).into()
    }

    /// The hint, and the line to paste if the hint is to restore a value that may be shown.
    fn help(&self, violation: &Violation, hint: &str) -> String {
        // What is to be pasted stays whole.
        let wrapping = textwrap::Options::new(self.help_width())
            .break_words(false)
            .word_splitter(textwrap::WordSplitter::NoHyphenation);
        let wrapped = |text: &str| textwrap::fill(&printable(text, &[]), &wrapping);
        let hint = match hint.split_once("; ") {
            Some((own, ending)) if self.endings.contains(&ending) => own,
            _ => hint,
        };
        let Some(line) = self.line_to_paste(violation) else { return wrapped(hint) };
        let (own, more) = hint.split_once(", and ").unwrap_or((hint, ""));
        let own = match violation.code() {
            ViolationCode::DroppedDefault => "add the field again",
            _ => own,
        };
        if more.is_empty() {
            return format!("{}:\n{line}", wrapped(own));
        }
        format!("{}\nthe line of the existing Job:\n{line}", wrapped(&format!("{own}, and {more}")))
    }

    /// The width beside the number of the line and the word `help`.
    fn help_width(&self) -> usize {
        self.options.terminal.width.saturating_sub("12345 = help: ".len())
    }

    fn line_to_paste(&self, violation: &Violation) -> Option<String> {
        let is_shown = match violation.code() {
            ViolationCode::ImmutableField => self.options.show_values,
            // Everybody knows it.
            ViolationCode::DroppedDefault => true,
            _ => return None,
        };
        // A patch is no place for a line.
        let before = violation.before().filter(|_| !self.reviewed.update.is_patch)?;
        if !is_shown && public_text(violation.path(), before).is_none() {
            return None;
        }
        let is_yaml = self.reviewed.update.manifest.is_yaml();
        let text = if is_yaml { on_one_line(before)? } else { before.to_string() };
        let Some(Segment::Key(key)) = violation.path().segments().last() else { return None };
        let key = if is_yaml { key.to_string() } else { Value::from(&**key).to_string() };
        let line = format!("{key}: {text}");
        // A longer one would be cut, which is of no use.
        (line == shown(&line)).then_some(line)
    }
}

/// What happened to the field: `1 → 2`, `added 2`, `replaced`.
fn label(change: Option<&Change>) -> String {
    let Some(change) = change else { return String::new() };
    match (values(change, false), change.kind()) {
        (Some(values), ChangeKind::Replaced) => values,
        (Some(value), kind) => format!("{kind} {value}"),
        (None, kind) => kind.to_string(),
    }
}

/// What happened to a field that only a patch has.
fn absent_label(change: Option<&Change>) -> String {
    let place = "it would stand here";
    change.map_or_else(|| place.to_owned(), |change| format!("{}: {place}", label(Some(change))))
}

fn missing_label(violation: &Violation) -> String {
    match violation.path().segments().last() {
        Some(Segment::Key(key)) => format!("`{}` is missing here", shown(key)),
        Some(Segment::Index(_)) => "the element is missing here".to_owned(),
        None => String::new(),
    }
}

/// A line of a file as it is shown, and the part of it that is marked. The lines of a block scalar follow.
struct Line {
    text: String,
    marked: Range<usize>,
}

/// The length up to which a line is shown, in bytes; the renderer cuts it to the width of the terminal.
const MAX_LINE_BYTES: usize = 4096;

/// How many lines of a block scalar are shown.
const MAX_BLOCK_LINES: usize = 8;

impl Line {
    /// The line of a spot; `None` if it is too long. Without `show_values` it has no values.
    fn of(document: &Document, spot: &Spot, show_values: bool) -> Option<Self> {
        let place = &spot.place;
        let field = place.key.as_ref().unwrap_or(&place.value);
        let (line, offset) = line_at(document.text(), field.start)?;
        let marked = field.start - offset..(field.end - offset).min(line.len());
        let (before, after) = (0..marked.start, marked.end..line.len());
        if show_values {
            let part = |range| line.get(range).unwrap_or_default();
            let line = Self::new(part(before), part(marked), part(after));
            return Some(line.with_lines(&block(document.text(), place)));
        }
        let scalars = document.scalars(offset..offset + line.len());
        let mask = Mask::new(line, &scalars);
        let shown = match place.key {
            Some(_) => line.get(marked).unwrap_or_default().to_owned(),
            None => mask.part(&marked),
        };
        Some(Self::new(&mask.wide_part(&before), &shown, &mask.part(&after)))
    }

    fn new(before: &str, marked: &str, after: &str) -> Self {
        let after = after.trim_end();
        let marked = if after.is_empty() { marked.trim_end() } else { marked };
        let [before, marked, after] = [before, marked, after].map(shown_by_character);
        let start = before.len();
        let text = format!("{before}{marked}{after}");
        Self { text, marked: start..start + marked.len() }
    }

    fn with_lines(mut self, lines: &str) -> Self {
        self.text.push_str(&printable(lines, &['\n']));
        self
    }
}

/// The line that has an offset, without a byte order mark, and the offset of the line.
fn line_at(text: &[u8], offset: usize) -> Option<(&str, usize)> {
    let (before, behind) = text.split_at_checked(offset)?;
    let start = before.iter().rposition(|byte| *byte == b'\n').map_or(0, |at| at + 1);
    let end = behind.iter().position(|byte| *byte == b'\n').map_or(text.len(), |at| offset + at);
    if end - start > MAX_LINE_BYTES {
        return None;
    }
    let line = str::from_utf8(text.get(start..end)?).ok()?;
    let (line, end) = line.strip_suffix('\r').map_or((line, end), |line| (line, end - 1));
    let shown = line.strip_prefix('\u{feff}').unwrap_or(line);
    Some((shown, end - shown.len()))
}

/// A text with as many characters, none of which could control a terminal: the renderer counts columns in
/// what it shows.
fn shown_by_character(text: &str) -> String {
    let shown = |char: char| match printable(char.encode_utf8(&mut [0; 4]), &['\t']) {
        Cow::Borrowed(_) => char,
        Cow::Owned(_) => char::REPLACEMENT_CHARACTER,
    };
    text.chars().map(shown).collect()
}

/// The first lines of a block scalar in YAML, or of a string in quotes on several lines, each behind a line
/// break; empty for other values.
fn block(text: &[u8], place: &Place) -> String {
    let value = text.get(place.value.clone()).unwrap_or_default();
    if place.missing > 0 || !matches!(value.first(), Some(b'|' | b'>' | b'"' | b'\'')) {
        return String::new();
    }
    let value = String::from_utf8_lossy(value.get(..MAX_LINE_BYTES).unwrap_or(value));
    let mut lines = value.trim_end().lines().skip(1);
    let mut block = String::new();
    for line in lines.by_ref().take(MAX_BLOCK_LINES) {
        block.extend(["\n", line]);
    }
    if lines.next().is_some() {
        block.push_str("\n…");
    }
    block
}
