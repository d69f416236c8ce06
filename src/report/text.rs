//! Reports as text.

use serde_json::Value;

use super::{Report, TextStyle, listed};
use crate::diff::{Change, ChangeKind, Verdict};
use crate::path::printable;
use crate::validate::{Violation, Violations};

/// The escape sequences before and after a coloured word.
struct Colours {
    red: &'static str,
    yellow: &'static str,
    green: &'static str,
    bold: &'static str,
    end: &'static str,
}

impl Colours {
    fn of(style: TextStyle) -> Self {
        match style {
            TextStyle::Plain => Self { red: "", yellow: "", green: "", bold: "", end: "" },
            TextStyle::Ansi => Self {
                red: "\u{1b}[1;31m",
                yellow: "\u{1b}[1;33m",
                green: "\u{1b}[1;32m",
                bold: "\u{1b}[1m",
                end: "\u{1b}[0m",
            },
        }
    }
}

pub(super) fn check(report: &Report<'_>, style: TextStyle) -> String {
    let colours = Colours::of(style);
    let review = report.review;
    let mut lines = vec![headline(report, &colours)];
    for violation in review.violations().into_iter().flatten() {
        lines.extend(paragraph(report, "error", colours.red, &colours, violation));
    }
    let omitted = review.violations().map_or(0, Violations::omitted);
    if omitted > 0 {
        lines.push(format!("and {omitted} more"));
    }
    for warning in review.warnings() {
        lines.extend(paragraph(report, "warning", colours.yellow, &colours, warning));
    }
    if review.omitted_warnings() > 0 {
        lines.push(format!("and {}", count(review.omitted_warnings(), "more warning")));
    }
    let changes = review.changes().iter();
    let mut not_denied = changes.filter(|change| change.verdict() != Verdict::Denied).peekable();
    if not_denied.peek().is_some() {
        lines.push("changes that are not denied:".into());
        lines.extend(change_lines(report, &colours, not_denied));
    }
    lines.join("\n") + "\n"
}

pub(super) fn diff(report: &Report<'_>, style: TextStyle) -> String {
    let lines = change_lines(report, &Colours::of(style), report.review.changes().iter());
    lines.iter().fold(String::new(), |text, line| text + line + "\n")
}

fn headline(report: &Report<'_>, colours: &Colours) -> String {
    let Colours { red, green, end, .. } = colours;
    let review = report.review;
    let policy = review.policy().name().escape_debug();
    if let Some(violations) = review.violations() {
        let violations = count(violations.len() + violations.omitted(), "violation");
        format!("{red}denied{end} by the policy {policy}: {violations}")
    } else {
        let changes = count(review.changes().len(), "change");
        format!("{green}allowed{end} by the policy {policy}: {changes}")
    }
}

fn paragraph(
    report: &Report<'_>,
    label: &str,
    colour: &str,
    colours: &Colours,
    violation: &Violation,
) -> Vec<String> {
    let Colours { bold, end, .. } = colours;
    let code = violation.code();
    let mut lines = vec![format!(
        "{colour}{label}[{code}]{end} {bold}{}{end}: {}",
        shown(&violation.path().to_string()),
        shown(violation.message())
    )];
    if report.values {
        let values = [("before", violation.before()), ("after", violation.after())].into_iter();
        let value = |(name, value): (_, Option<&Value>)| {
            Some(format!("  {name}: {}", shown(&value?.to_string())))
        };
        lines.extend(values.filter_map(value));
    }
    lines.extend(violation.hint().map(|hint| format!("  help: {hint}")));
    lines
}

fn change_lines<'r>(
    report: &Report<'_>,
    colours: &Colours,
    changes: impl Iterator<Item = &'r Change>,
) -> Vec<String> {
    let (changes, omitted) = listed(changes);
    let path = |change: &&Change| match change.path() {
        job if job.segments().is_empty() => "(the whole Job)".to_owned(),
        path => shown(&path.to_string()),
    };
    let paths: Vec<String> = changes.iter().map(path).collect();
    let width = paths.iter().map(|path| path.chars().count()).max().unwrap_or(0);
    let line = |(change, path): (&&Change, &String)| {
        let colour = match change.verdict() {
            Verdict::Allowed => colours.green,
            Verdict::Ignored => colours.yellow,
            Verdict::Denied => colours.red,
        };
        let (mark, verdict, end) = (mark(change.kind()), change.verdict(), colours.end);
        let mut line = format!("  {mark} {path:width$}  {colour}{verdict}{end}");
        if report.values {
            line += &values(change);
        }
        line
    };
    let mut lines: Vec<String> = changes.iter().zip(&paths).map(line).collect();
    if omitted > 0 {
        lines.push(format!("  and {}", count(omitted, "more change")));
    }
    lines
}

fn mark(kind: ChangeKind) -> char {
    match kind {
        ChangeKind::Added => '+',
        ChangeKind::Removed => '-',
        ChangeKind::Replaced => '~',
        ChangeKind::Moved => '^',
    }
}

/// Formats the values of a change as JSON.
fn values(change: &Change) -> String {
    let shown = |value: &Value| shown(&value.to_string());
    match (change.before(), change.after()) {
        (Some(before), Some(after)) => format!("  {} -> {}", shown(before), shown(after)),
        (None, Some(value)) | (Some(value), None) => format!("  {}", shown(value)),
        (None, None) => String::new(),
    }
}

/// The length up to which a path or value is shown whole, in characters.
const SHOWN_CHARACTERS: usize = 240;

/// A text on one line: shortened if it is long, and without characters that could control a terminal.
fn shown(text: &str) -> String {
    let text = printable(text, &[]);
    let Some((end, _)) = text.char_indices().nth(SHOWN_CHARACTERS) else {
        return text.into_owned();
    };
    let beginning = text.get(..end).unwrap_or_default();
    format!("{beginning}… ({} characters)", text.chars().count())
}

fn count(number: usize, what: &str) -> String {
    let plural = if number == 1 { "" } else { "s" };
    format!("{number} {what}{plural}")
}
