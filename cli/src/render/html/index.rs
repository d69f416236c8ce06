//! The list of all Jobs, and the choice of those that the page shows.

use maud::{Markup, html};

use super::marks::{badge, class, job_name};
use crate::case::{Case, Outcome, Word};
use crate::render::words::{self, count};
use crate::report::Summary;

/// A Job in the list.
pub(super) struct Row {
    name: String,
    word: Word,
    why: String,
    /// Whether the page says more about it.
    has_section: bool,
}

impl Row {
    pub(super) fn of(case: &Case, has_section: bool) -> Self {
        Self { name: job_name(case), word: case.word(), why: why(case), has_section }
    }

    pub(super) fn title(&self) -> String {
        format!("{}: {}", self.word.as_str(), self.name)
    }
}

/// The reason of an outcome on one line.
fn why(case: &Case) -> String {
    words::why(case).unwrap_or_else(|| match &case.outcome {
        Outcome::Reviewed(reviewed) => count(reviewed.review.changes().len(), "change"),
        Outcome::Created => "does not exist yet".to_owned(),
        Outcome::Deleted => "has no manifest any more".to_owned(),
        Outcome::Refused(_) | Outcome::Failed(_) => String::new(),
    })
}

/// The filter and the table. The style hides what is not chosen, so that no script is needed.
/// `left_out` is the number of Jobs of which the page says no more for want of space.
pub(super) fn markup(rows: &[Row], summary: &Summary, left_out: usize) -> Markup {
    html! {
        section.index aria-labelledby="index" {
            h2 #index tabindex="-1" { "All Jobs" }
            fieldset.filter {
                legend { "Show" }
                (choice("all", &format!("all {}", summary.jobs()), true))
                @for (word, number) in summary.counts() {
                    (choice(word.as_str(), &format!("{number} {}", word.as_str()), false))
                }
            }
            @if summary.other_objects > 0 {
                p { (count(summary.other_objects, "object")) " of other kinds skipped" }
            }
            @if left_out > 0 {
                p {
                    (count(left_out, "Job")) " in the list only, because the page has too many: make pages of fewer."
                }
            }
            table.jobs aria-labelledby="index" {
                thead { tr { th scope="col" { "Job" } th scope="col" { "Verdict" } th scope="col" { "Why" } } }
                tbody { @for (position, row) in rows.iter().enumerate() { (self::row(row, position + 1)) } }
            }
        }
    }
}

fn choice(value: &str, label: &str, is_checked: bool) -> Markup {
    html! {
        label {
            input type="radio" name="show" id={ "show-" (value) } value=(value) checked[is_checked];
            span { (label) }
        }
    }
}

fn row(row: &Row, number: usize) -> Markup {
    html! {
        tr class={ "is-" (row.word.as_str()) " " (class(row.word)) } {
            th scope="row" {
                @if row.has_section { a href={ "#job-" (number) } { (row.name) } } @else { (row.name) }
            }
            td { (badge(row.word)) }
            td { (row.why) }
        }
    }
}
