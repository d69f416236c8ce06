//! The output `github` of `check`: workflow commands of GitHub Actions, which show violations in the
//! changed files of a pull request.
//!
//! <https://docs.github.com/actions/reference/workflows-and-actions/workflow-commands>

use std::collections::{BTreeMap, HashSet};
use std::env;
use std::path::PathBuf;

use volcano_job_update::Violations;
use volcano_job_update_programs::printable;

use super::located::{Located, Region};
use super::source_root::SourceRoot;
use super::step_summary::StepSummary;
use super::words::{count, counts};
use crate::case::{Case, Outcome, Reviewed};
use crate::error::Error;
use crate::output::warn;
use crate::report::{Options, Render, Summary};

pub(super) struct Github {
    options: Options,
    root: SourceRoot,
    queues: BTreeMap<Kind, Queue>,
    /// The notes that were printed.
    told: HashSet<String>,
    summary: Option<(PathBuf, StepSummary)>,
}

/// How many annotations of each kind GitHub shows for a step.
const SHOWN: usize = 10;

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Kind {
    Error,
    Warning,
    Notice,
}

impl Kind {
    fn as_str(self) -> &'static str {
        match self {
            Self::Error => "error",
            Self::Warning => "warning",
            Self::Notice => "notice",
        }
    }
}

/// The annotations of one kind.
#[derive(Debug, Default)]
struct Queue {
    count: usize,
    /// How many more there are, of which one annotation says so.
    beyond: usize,
    /// The last one that GitHub shows: it says how many more there are.
    last: Option<Annotation>,
}

#[derive(Debug)]
struct Annotation {
    kind: Kind,
    title: String,
    message: String,
    file: Option<String>,
    region: Option<Region>,
}

impl Github {
    pub(super) fn new(options: Options) -> Self {
        let file = env::var_os("GITHUB_STEP_SUMMARY").filter(|file| !file.is_empty());
        Self {
            options,
            root: SourceRoot::github_workspace(),
            queues: BTreeMap::new(),
            told: HashSet::new(),
            summary: file.map(|file| (file.into(), StepSummary::default())),
        }
    }
}

impl Render for Github {
    fn case(&mut self, case: &Case) -> Result<String, Error> {
        let mut text = String::new();
        match &case.outcome {
            Outcome::Reviewed(reviewed) => text += &self.reviewed(case, reviewed),
            Outcome::Refused(status) => {
                let title = "refused by the API server";
                text += &self.of_file(Kind::Error, title, &status.message, case);
            }
            Outcome::Failed(error) => {
                text += &self.of_file(Kind::Error, "error", &error.to_string(), case);
            }
            Outcome::Created | Outcome::Deleted => {}
        }
        for note in &case.notes {
            if self.told.insert(note.clone()) {
                text += &self.of_file(Kind::Notice, "note", note, case);
            }
        }
        if let Some((_, summary)) = &mut self.summary {
            summary.add(case);
        }
        Ok(text)
    }

    fn end(&mut self, summary: &Summary) -> String {
        let mut text: String = self.queues.values_mut().filter_map(Queue::last_line).collect();
        if let Some((file, table)) = &self.summary
            && let Err(error) = table.append_to(file, summary)
        {
            warn(&format!("cannot write {}: {error}", file.display()));
        }
        text += &counts(summary);
        text
    }
}

impl Github {
    fn reviewed(&mut self, case: &Case, reviewed: &Reviewed) -> String {
        let file = self.root.path_text(&reviewed.update.manifest.path);
        let spots = reviewed.spots();
        let mut text = String::new();
        for located in Located::all(reviewed, &spots) {
            text += &self.annotation(Annotation {
                kind: if located.is_warning() { Kind::Warning } else { Kind::Error },
                title: title(located.violation.code().as_str(), case),
                message: located.text(self.options.show_values),
                file: file.clone(),
                region: located.region(),
            });
        }
        let review = &reviewed.review;
        let violations = review.violations().map_or(0, Violations::omitted);
        for (kind, omitted, what) in [
            (Kind::Error, violations, "more violation"),
            (Kind::Warning, review.omitted_warnings(), "more warning"),
        ] {
            if omitted > 0 {
                text += &self.of_file(kind, "and more", &count(omitted, what), case);
                // The annotation stands for all of them.
                self.queues.entry(kind).or_default().beyond += omitted - 1;
            }
        }
        text
    }

    /// An annotation of the whole manifest.
    fn of_file(&mut self, kind: Kind, what: &str, message: &str, case: &Case) -> String {
        let file = case.file().and_then(|manifest| self.root.path_text(manifest));
        let (title, message) = (title(what, case), message.to_owned());
        let region = case.position().map(Region::at);
        self.annotation(Annotation { kind, title, message, file, region })
    }

    /// The command, or a line of the log if GitHub would not show it. Empty for the last one that GitHub
    /// shows, which is kept.
    fn annotation(&mut self, annotation: Annotation) -> String {
        let queue = self.queues.entry(annotation.kind).or_default();
        queue.count += 1;
        if queue.count == SHOWN {
            queue.last = Some(annotation);
            return String::new();
        }
        if queue.count < SHOWN { annotation.command() } else { annotation.log_line() }
    }
}

impl Queue {
    fn last_line(&mut self) -> Option<String> {
        let mut last = self.last.take()?;
        let more = self.count - SHOWN + self.beyond;
        if more > 0 {
            let more = count(more, &format!("more {}", last.kind.as_str()));
            last.message = format!("{}\n(and {more}, see the log of this step)", last.message);
        }
        Some(last.command())
    }
}

impl Annotation {
    fn command(&self) -> String {
        let mut properties = Vec::new();
        if let Some(file) = &self.file {
            properties.push(("file", file.clone()));
            let Region { line, start_column, end_column } = self.region.unwrap_or(Region::FIRST);
            // GitHub's end column is that of the last character.
            let end_column = end_column.saturating_sub(1).max(start_column);
            properties.push(("line", line.to_string()));
            properties.push(("endLine", line.to_string()));
            properties.push(("col", start_column.to_string()));
            properties.push(("endColumn", end_column.to_string()));
        }
        properties.push(("title", self.title.clone()));
        let property =
            |(name, value): &(&str, String)| format!("{name}={}", escaped_property(value));
        let properties: Vec<String> = properties.iter().map(property).collect();
        let kind = self.kind.as_str();
        format!("::{kind} {}::{}\n", properties.join(","), escaped(&self.message))
    }

    /// A line that is no command. GitHub takes `##[` for the beginning of one, wherever it stands.
    fn log_line(&self) -> String {
        let Self { kind, title, message, .. } = self;
        let file = self.file.as_deref().unwrap_or_default();
        let place = match self.region {
            _ if file.is_empty() => String::new(),
            Some(Region { line, start_column, .. }) => format!("{file}:{line}:{start_column}: "),
            None => format!("{file}: "),
        };
        let line = format!("{}: {place}{title}: {message}", kind.as_str());
        printable(&line.replace('\n', "; "), &[]).replace("##[", "## [") + "\n"
    }
}

fn title(what: &str, case: &Case) -> String {
    if case.job.is_empty() { what.to_owned() } else { format!("{what}: {}", case.job) }
}

/// The message of a command.
fn escaped(text: &str) -> String {
    let text = printable(text, &['\n', '\r']);
    text.replace('%', "%25").replace('\r', "%0D").replace('\n', "%0A")
}

/// The value of a property of a command.
fn escaped_property(text: &str) -> String {
    escaped(text).replace(':', "%3A").replace(',', "%2C")
}
