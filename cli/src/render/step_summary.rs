//! The table that GitHub shows for a step of a workflow, in Markdown.

use std::fs::OpenOptions;
use std::io::{self, Write};
use std::path::Path;

use volcano_job_update_programs::printable;

use super::words::{counts, why};
use crate::case::{Case, Word};
use crate::report::Summary;

/// The rows for the Jobs that are not allowed.
#[derive(Debug, Default)]
pub(super) struct StepSummary {
    rows: Vec<String>,
    omitted: usize,
}

/// GitHub drops a summary of more than 1 MiB.
const MAX_ROWS: usize = 1000;

impl StepSummary {
    pub(super) fn add(&mut self, case: &Case) {
        let Some(why) = why(case) else { return };
        if self.rows.len() == MAX_ROWS {
            self.omitted += 1;
            return;
        }
        let manifest = case.file().unwrap_or_default();
        let cells = [&*case.job, manifest, case.word().as_str(), &why].map(escaped);
        self.rows.push(format!("| {} |\n", cells.join(" | ")));
    }

    /// Adds it to the file in which GitHub collects the summary.
    pub(super) fn append_to(&self, file: &Path, summary: &Summary) -> io::Result<()> {
        OpenOptions::new()
            .append(true)
            .create(true)
            .open(file)?
            .write_all(self.text(summary).as_bytes())
    }

    fn text(&self, summary: &Summary) -> String {
        let is_allowed = summary
            .counts()
            .all(|(word, _)| matches!(word, Word::Allowed | Word::Created | Word::Deleted));
        let mark = if is_allowed { "✅" } else { "❌" };
        let mut text =
            format!("### {mark} Updates of Volcano Jobs\n\n{}\n", escaped(&counts(summary)));
        if !self.rows.is_empty() {
            text += "\n| Job | File | Outcome | Why |\n|---|---|---|---|\n";
            text += &self.rows.concat();
        }
        let more = match self.omitted {
            0 => String::new(),
            omitted => format!("\nand {omitted} more\n"),
        };
        text + &more + "\n"
    }
}

/// The text with a backslash before everything that can mean something in Markdown, on one line.
fn escaped(text: &str) -> String {
    let text = printable(text.trim_end(), &['\n']);
    let mut escaped = String::with_capacity(text.len());
    for char in text.chars() {
        if char == '\n' {
            escaped.push_str("<br>");
            continue;
        }
        if char.is_ascii_punctuation() {
            escaped.push('\\');
        }
        escaped.push(char);
    }
    escaped
}

#[cfg(test)]
mod tests {
    use super::escaped;

    #[test]
    fn nothing_is_markup() {
        let text = "<b>a|b</b>\n[x](y) `c` *d* https://e.f\u{202e}";
        let expected = r"\<b\>a\|b\<\/b\><br>\[x\]\(y\) \`c\` \*d\* https\:\/\/e\.f\\u202e";
        assert_eq!(escaped(text), expected);
    }
}
