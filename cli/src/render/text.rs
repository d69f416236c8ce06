//! The report for people: the verdict, each violation at its place in the file, and what else changes.

use std::collections::HashSet;

use volcano_job_update::status::Status;
use volcano_job_update::{Change, Verdict, Violation, Violations};
use volcano_job_update_programs::printable;

use super::snippet::Snippets;
use super::tree;
use super::words::{by_code, count, counts, why};
use crate::case::{Case, Outcome, Reviewed};
use crate::error::Error;
use crate::report::{Options, Render, Summary};

/// A message of more bytes is written once, and so is the end of a hint. Volcano's own webhook gives one long
/// reason for all fields.
const REPEATED_BYTES: usize = 100;

/// The output `text` of `check`.
pub(super) struct Text {
    options: Options,
    /// The lines of the table at the end: the Jobs that are not simply allowed.
    rows: Vec<[String; 3]>,
    /// Which fields may change, if other fields of several Jobs did.
    rule: Option<String>,
}

impl Text {
    pub(super) fn new(options: Options) -> Self {
        Self { options, rows: Vec::new(), rule: None }
    }
}

impl Render for Text {
    fn case(&mut self, case: &Case) -> Result<String, Error> {
        let text = match &case.outcome {
            Outcome::Reviewed(reviewed) => self.reviewed(reviewed),
            Outcome::Created => creation_text(&case.job),
            Outcome::Deleted => deletion_text(&case.job),
            Outcome::Refused(status) => refused_text(status),
            Outcome::Failed(_) => String::new(),
        };
        if !self.options.has_many {
            return Ok(text);
        }
        self.add_row(case);
        let is_plain =
            matches!(case.outcome, Outcome::Created | Outcome::Deleted | Outcome::Failed(_));
        Ok(if is_plain { text } else { format!("{}:\n{text}", printable(&case.job, &[])) })
    }

    fn end(&mut self, summary: &Summary) -> String {
        if !self.options.has_many {
            return String::new();
        }
        self.rule.take().unwrap_or_default() + &self.table() + &counts(summary)
    }
}

impl Text {
    fn reviewed(&mut self, reviewed: &Reviewed) -> String {
        let review = &reviewed.review;
        let violations = review.violations().into_iter().flatten();
        let mut parts = vec![self.headline(reviewed)];
        let reported: Vec<&Violation> = violations.chain(review.warnings()).collect();
        let endings = shared_endings(&reported);
        // Both texts are searched for the places, so only if they are needed.
        if !reported.is_empty() {
            let spots = reviewed.spots();
            let snippets = Snippets { reviewed, options: self.options, endings: &endings };
            let mut seen = HashSet::new();
            parts.extend(reported.iter().map(|violation| {
                let is_repeated =
                    violation.message().len() > REPEATED_BYTES && !seen.insert(violation.message());
                snippets.paragraph(violation, spots.get(violation.place()), is_repeated)
            }));
        }
        let omitted = review.violations().map_or(0, Violations::omitted);
        for (omitted, what) in
            [(omitted, "more violation"), (review.omitted_warnings(), "more warning")]
        {
            if omitted > 0 {
                parts.push(format!("and {}\n", count(omitted, what)));
            }
        }
        parts.extend(endings.iter().map(|ending| self.note(ending)));
        if let Some(rule) = review.broken_rule() {
            let rule = self.note(&format!("by the policy {}, {rule}", review.policy().name()));
            if self.options.has_many {
                self.rule = Some(rule);
            } else {
                parts.push(rule);
            }
        }
        let is_wrong = |change: &Change| {
            let mut violations = review.violations().into_iter().flatten();
            violations.any(|violation| violation.path().starts_with(change.path()))
        };
        let others = tree::lines(review, self.options, |change| {
            change.verdict() != Verdict::Denied && !is_wrong(change)
        });
        if !others.is_empty() {
            parts.push("changes that are not denied:\n".into());
            parts.extend(others);
        }
        parts.concat()
    }

    fn headline(&self, reviewed: &Reviewed) -> String {
        let review = &reviewed.review;
        let policy = printable(review.policy().name(), &[]).into_owned();
        let terminal = self.options.terminal;
        let Some(violations) = review.violations() else {
            let (green, red) = (terminal.green(), terminal.red());
            let changes = count(review.changes().len(), "change");
            let but = if reviewed.is_denied_by_volcano {
                format!(", but {red}denied{red:#} by Volcano's webhook")
            } else {
                String::new()
            };
            return format!("{green}allowed{green:#} by the policy {policy}: {changes}{but}\n");
        };
        let red = terminal.red();
        let all = count(violations.len() + violations.omitted(), "violation");
        format!("{red}denied{red:#} by the policy {policy}: {all}{}\n", by_code(violations))
    }

    /// What is said once for all violations.
    fn note(&self, sentence: &str) -> String {
        let bold = self.options.terminal.bold();
        let label = format!("{bold}note{bold:#}: ");
        let first = " ".repeat("note: ".len());
        let width = self.options.terminal.width;
        let wrapped = textwrap::fill(
            &printable(sentence, &[]),
            textwrap::Options::new(width).initial_indent(&first).subsequent_indent(&first),
        );
        format!("{label}{}\n", wrapped.trim_start())
    }

    fn add_row(&mut self, case: &Case) {
        let Some(what) = why(case) else { return };
        let job = printable(&case.job, &[]).into_owned();
        self.rows.push([job, case.word().as_str().to_owned(), what]);
    }

    fn table(&self) -> String {
        if self.rows.is_empty() {
            return String::new();
        }
        let header = ["JOB", "VERDICT", "WHY"].map(str::to_owned);
        let width = |column: usize| {
            let cells = self.rows.iter().chain([&header]).filter_map(|row| row.get(column));
            cells.map(|cell| cell.chars().count()).max().unwrap_or(0)
        };
        let (job_width, verdict_width) = (width(0), width(1));
        let red = self.options.terminal.red();
        let line = |[job, verdict, why]: &[String; 3]| {
            let (start, end) = match verdict.as_str() {
                "VERDICT" => (String::new(), String::new()),
                _ => (format!("{red}"), format!("{red:#}")),
            };
            format!("{job:job_width$}  {start}{verdict:verdict_width$}{end}  {why}\n")
        };
        [&header].into_iter().chain(&self.rows).map(line).collect()
    }
}

/// The long ends of hints, behind a semicolon, that several of them have.
fn shared_endings<'r>(reported: &[&'r Violation]) -> Vec<&'r str> {
    let mut seen = HashSet::new();
    let mut shared = Vec::new();
    for violation in reported {
        let ending = violation.hint().and_then(ending).filter(|ending| !seen.insert(*ending));
        shared.extend(ending.filter(|ending| !shared.contains(ending)));
    }
    shared
}

fn ending(hint: &str) -> Option<&str> {
    let (_, ending) = hint.split_once("; ")?;
    (ending.len() > REPEATED_BYTES).then_some(ending)
}

pub(super) fn creation_text(job: &str) -> String {
    format!("{} does not exist: it will be created\n", printable(job, &[]))
}

fn deletion_text(job: &str) -> String {
    format!("{} has no manifest any more: it will be deleted\n", printable(job, &[]))
}

fn refused_text(status: &Status) -> String {
    let help = refusal_help(status).map(|help| format!("  help: {help}\n")).unwrap_or_default();
    format!("refused by the API server: {}\n{help}", printable(&status.message, &['\n']))
}

/// What to do about a refusal.
pub(super) fn refusal_help(status: &Status) -> Option<&'static str> {
    if status.message.contains("\"before-first-apply\"") {
        Some(
            "the existing Job has no managedFields: kubectl get shows them with --show-managed-fields",
        )
    } else if status.code == 409 {
        Some(
            "leave these fields out, give them the values that they have, or take them from their \
             managers with --force-conflicts",
        )
    } else {
        None
    }
}
