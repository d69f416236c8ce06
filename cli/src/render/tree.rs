//! The changes, one path a line.

use textwrap::core::display_width;
use volcano_job_update::{Change, Review, Verdict};
use volcano_job_update_programs::printable;

use super::words::{count, mark, shown_path, values};
use crate::case::{Case, Outcome};
use crate::error::Error;
use crate::report::{Options, Render};

/// The output `tree` of `diff`.
pub(super) struct Tree {
    pub(super) options: Options,
}

impl Render for Tree {
    fn case(&mut self, case: &Case) -> Result<String, Error> {
        let text = match &case.outcome {
            Outcome::Reviewed(reviewed) => lines(&reviewed.review, self.options, |_| true).concat(),
            Outcome::Created => "  + (the whole Job)\n".to_owned(),
            Outcome::Deleted => "  - (the whole Job)\n".to_owned(),
            Outcome::Refused(status) => return Err(Error::Refused(status.clone())),
            Outcome::Failed(_) => String::new(),
        };
        Ok(if self.options.has_many && !text.is_empty() {
            format!("{}:\n{text}", printable(&case.job, &[]))
        } else {
            text
        })
    }
}

/// The maximum number of changes that are listed.
const LISTED: usize = 1000;

/// One line for each change that is wanted.
pub(super) fn lines(
    review: &Review,
    options: Options,
    is_wanted: impl Fn(&Change) -> bool,
) -> Vec<String> {
    let wanted: Vec<&Change> = review.changes().iter().filter(|change| is_wanted(change)).collect();
    let paths: Vec<String> =
        wanted.iter().take(LISTED).map(|change| shown_path(change.path())).collect();
    let width = paths.iter().map(|path| display_width(path)).max().unwrap_or(0);
    let line = |(change, path): (&&Change, &String)| {
        let verdict = painted(change.verdict(), options);
        let mark = mark(change.kind());
        let blanks = " ".repeat(width - display_width(path));
        match values(change, options.show_values) {
            Some(values) => format!("  {mark} {path}{blanks}  {verdict}  {values}\n"),
            None => format!("  {mark} {path}{blanks}  {verdict}\n"),
        }
    };
    let mut lines: Vec<String> = wanted.iter().zip(&paths).map(line).collect();
    if wanted.len() > LISTED {
        lines.push(format!("  and {}\n", count(wanted.len() - LISTED, "more change")));
    }
    lines
}

fn painted(verdict: Verdict, options: Options) -> String {
    let style = match verdict {
        Verdict::Allowed => options.terminal.green(),
        Verdict::Ignored => options.terminal.yellow(),
        Verdict::Denied => options.terminal.red(),
    };
    format!("{style}{verdict}{style:#}")
}
