//! The report as a page for a browser: one file, which needs neither the network nor scripts.

mod index;
mod job;
mod marks;
mod sides;

use std::mem;

use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use maud::{DOCTYPE, Markup, PreEscaped, html};
use sha2::{Digest, Sha256};

use self::index::Row;
use super::words::count;
use crate::case::{Case, Outcome};
use crate::error::Error;
use crate::report::{Options, Render, Summary};

const STYLE: &str = include_str!("style.css");

/// The size of the sections from which on the page of many Jobs has no more YAML, in bytes.
const MAX_BYTES: usize = 8 << 20;

/// The size of the sections from which on another Job has only its line in the list, in bytes.
const MAX_SECTION_BYTES: usize = 16 << 20;

/// The output `html`. The page begins with a list of all Jobs, so it is written when all are known.
pub(super) struct Html {
    options: Options,
    rows: Vec<Row>,
    sections: String,
    /// How many Jobs have no section because there are too many.
    left_out: usize,
}

impl Html {
    pub(super) fn new(options: Options) -> Self {
        Self { options, rows: Vec::new(), sections: String::new(), left_out: 0 }
    }
}

impl Render for Html {
    fn case(&mut self, case: &Case) -> Result<String, Error> {
        let wants_section = !self.options.has_many || !is_plain(case);
        let has_section = wants_section && self.sections.len() < MAX_SECTION_BYTES;
        self.left_out += usize::from(wants_section && !has_section);
        if has_section {
            let section = job::Section {
                case,
                options: self.options,
                number: self.rows.len() + 1,
                has_sides: self.sections.len() < MAX_BYTES,
            };
            self.sections += &section.markup().into_string();
        }
        self.rows.push(Row::of(case, has_section));
        Ok(String::new())
    }

    fn end(&mut self, summary: &Summary) -> String {
        let sections = PreEscaped(mem::take(&mut self.sections));
        let rows = mem::take(&mut self.rows);
        let page = match rows.as_slice() {
            [row] if !self.options.has_many => self.page(&row.title(), &html! { (sections) }),
            _ => {
                let title = format!("Updates of {}", count(rows.len(), "Job"));
                let content = html! {
                    (heading(&title))
                    (index::markup(&rows, summary, self.left_out))
                    (sections)
                };
                self.page(&title, &content)
            }
        };
        page.into_string() + "\n"
    }
}

impl Html {
    fn page(&self, title: &str, content: &Markup) -> Markup {
        html! {
            (DOCTYPE)
            html lang="en" {
                head {
                    meta charset="utf-8";
                    meta http-equiv="Content-Security-Policy" content=(security_policy());
                    meta name="viewport" content="width=device-width, initial-scale=1";
                    meta name="color-scheme" content="light dark";
                    meta name="referrer" content="no-referrer";
                    title { (title) }
                    style { (PreEscaped(STYLE)) }
                }
                body {
                    a.skip href="#report" { "Skip to the report" }
                    header.banner { p { "volcano-job-update" span { "update report" } } }
                    main #report tabindex="-1" { (content) }
                    footer { p { (self.footer()) } }
                }
            }
        }
    }

    fn footer(&self) -> Markup {
        html! {
            @if !self.options.show_values {
                "Values of the Jobs are hidden, because they can be secrets: "
                code { "--show-values" } " shows them. "
            }
            "Made by volcano-job-update " (env!("CARGO_PKG_VERSION")) "."
        }
    }
}

/// Allows the style of the page, and nothing else.
fn security_policy() -> String {
    let hash = BASE64_STANDARD.encode(Sha256::digest(STYLE));
    format!("default-src 'none'; style-src 'sha256-{hash}'; base-uri 'none'; form-action 'none'")
}

fn heading(title: &str) -> Markup {
    html! { h1.title { (title) } }
}

/// Whether the line in the list says everything.
fn is_plain(case: &Case) -> bool {
    match &case.outcome {
        Outcome::Created | Outcome::Deleted => true,
        Outcome::Reviewed(reviewed) => {
            let review = &reviewed.review;
            review.changes().is_empty() && review.is_allowed() && review.warnings().is_empty()
        }
        Outcome::Refused(_) | Outcome::Failed(_) => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::case::Word;
    use crate::terminal::Terminal;

    #[test]
    fn a_page_has_a_limit() {
        let terminal = Terminal { is_coloured: false, width: 80 };
        let mut page = Html::new(Options { terminal, show_values: false, has_many: true });
        let mut summary = Summary::default();
        for job in ["a/first", "a/second"] {
            let case = Case::new(job.to_owned(), Outcome::Failed(Error::TooManyPaths(3)));
            assert!(matches!(page.case(&case), Ok(text) if text.is_empty()));
            summary.add(Word::Error);
            page.sections += &" ".repeat(MAX_SECTION_BYTES);
        }
        let page = page.end(&summary);
        assert!(page.contains("href=\"#job-1\"") && !page.contains("href=\"#job-2\""));
        assert!(page.contains(">a/second<") && page.contains("<p>1 Job in the list only, "));
    }
}
