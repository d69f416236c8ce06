//! What the page says about one Job.

use std::collections::{BTreeMap, HashMap};

use maud::{Markup, html};
use volcano_job_update::status::Status;
use volcano_job_update::{FieldPath, Review, Verdict, Violation, Violations};
use volcano_job_update_programs::printable;

use super::marks::{class, job_name, severity_class, sign, verdict_class, violation_id};
use super::sides::Comparison;
use crate::case::{Case, Outcome, Reviewed, Spots};
use crate::input::{Document, Spot};
use crate::render::text;
use crate::render::words::{count, plural, shown, shown_path, values};
use crate::report::Options;

/// The section of a Job.
pub(super) struct Section<'c> {
    pub(super) case: &'c Case,
    pub(super) options: Options,
    /// Counted from 1; all ids of the section have it.
    pub(super) number: usize,
    /// Whether to show both Jobs.
    pub(super) has_sides: bool,
}

impl Section<'_> {
    pub(super) fn markup(&self) -> Markup {
        let word = self.case.word();
        let id = self.id("job");
        html! {
            section id=(id) class={ "job is-" (word.as_str()) } tabindex="-1" aria-labelledby={ (id) "-name" } {
                div class={ "verdict " (class(word)) } {
                    div.sign aria-hidden="true" { (sign(word)) }
                    div {
                        (self.name(&format!("{id}-name")))
                        p.outcome { strong { (word.as_str()) } (self.outcome()) }
                        (self.files())
                        (self.counts())
                    }
                }
                (self.content())
                (self.notes())
                @if self.options.has_many { p.back { a href="#index" { "Back to all Jobs" } } }
            }
        }
    }

    /// The heading of the page if it has only this Job.
    fn name(&self, id: &str) -> Markup {
        let name = job_name(self.case);
        if self.options.has_many {
            html! { h2.name id=(id) { (name) } }
        } else {
            html! { h1.name id=(id) { (name) } }
        }
    }

    fn heading(&self, id: &str, text: &str) -> Markup {
        if self.options.has_many {
            html! { h3 id=(id) { (text) } }
        } else {
            html! { h2 id=(id) { (text) } }
        }
    }

    /// An id of this section.
    fn id(&self, what: &str) -> String {
        format!("{what}-{}", self.number)
    }

    /// The ids of the name of a part: those of its heading and of the Job's, as each Job has such a part.
    fn label(&self, heading: &str) -> String {
        format!("{heading} {}-name", self.id("job"))
    }

    /// What stands behind the verdict.
    fn outcome(&self) -> String {
        match &self.case.outcome {
            Outcome::Reviewed(reviewed) => reviewed_text(reviewed),
            Outcome::Created => ": the Job does not exist yet".to_owned(),
            Outcome::Deleted => ": the Job has no manifest any more".to_owned(),
            Outcome::Refused(_) => " by the API server, whatever the policy is".to_owned(),
            Outcome::Failed(_) => ": no verdict is possible".to_owned(),
        }
    }

    fn files(&self) -> Markup {
        let Outcome::Reviewed(reviewed) = &self.case.outcome else { return html! {} };
        let update = &reviewed.update;
        html! {
            p.files {
                code { (shown(&update.existing.name)) }
                span aria-hidden="true" { " → " } span.spoken { " to " }
                code { (shown(&update.manifest.name)) }
            }
        }
    }

    /// How many violations of which code and changes of which verdict there are.
    fn counts(&self) -> Markup {
        let Outcome::Reviewed(reviewed) = &self.case.outcome else { return html! {} };
        let review = &reviewed.review;
        let violations = review.violations().into_iter().flatten();
        let mut codes: BTreeMap<&str, (usize, &str)> = BTreeMap::new();
        for violation in violations.chain(review.warnings()) {
            let entry = codes.entry(violation.code().as_str());
            entry.or_insert((0, severity_class(violation))).0 += 1;
        }
        let omitted = review.violations().map_or(0, Violations::omitted);
        let changes = [Verdict::Denied, Verdict::Allowed, Verdict::Ignored].map(|verdict| {
            let of_verdict = review.changes().iter().filter(|change| change.verdict() == verdict);
            (verdict, of_verdict.count())
        });
        html! {
            ul.counts aria-label="Counts" {
                @for (code, (number, class)) in codes {
                    li class=(class) { strong { (number) } " " (code) }
                }
                @if omitted > 0 { li.denied { strong { (omitted) } " not listed" } }
                @for (verdict, number) in changes.into_iter().filter(|(_, number)| *number > 0) {
                    li class=(verdict_class(verdict)) { strong { (number) } " " (plural(number, "change")) " " (verdict) }
                }
            }
        }
    }

    fn content(&self) -> Markup {
        match &self.case.outcome {
            Outcome::Reviewed(reviewed) => self.reviewed(reviewed),
            Outcome::Created | Outcome::Deleted => html! {},
            Outcome::Refused(status) => refused(status),
            Outcome::Failed(error) => html! { pre.error { (shown(&error.to_string())) } },
        }
    }

    fn reviewed(&self, reviewed: &Reviewed) -> Markup {
        let review = &reviewed.review;
        let violations: Vec<&Violation> = review.violations().into_iter().flatten().collect();
        let warnings: Vec<&Violation> = review.warnings().iter().collect();
        let all: Vec<&Violation> = violations.iter().chain(&warnings).copied().collect();
        let has_comparison = self.has_sides && !(all.is_empty() && review.changes().is_empty());
        let label = self.id("sides");
        let comparison = has_comparison
            .then(|| Comparison::of(reviewed, &all, self.options, self.number, &label));
        let (comparison, error) = match comparison {
            Some(Ok(comparison)) => (Some(comparison), None),
            Some(Err(error)) => (None, Some(shown(&error.to_string()))),
            None => (None, None),
        };
        let spots = reviewed.spots();
        let entries =
            Entries { reviewed, comparison: comparison.as_ref(), spots: &spots, section: self };
        let omitted = review.violations().map_or(0, Violations::omitted);
        let (violations, warnings) = all.split_at(violations.len());
        html! {
            (entries.list("Violations", "violation", violations, 1, omitted))
            (rule(review))
            (entries.list("Warnings", "warning", warnings, violations.len() + 1, review.omitted_warnings()))
            @if let Some(comparison) = &comparison { (self.sides(comparison)) }
            @if let Some(error) = error { pre.error { (error) } }
            @if !self.has_sides && !review.changes().is_empty() {
                p { "The Jobs are not shown, because the page has too many: make a page of this one." }
            }
        }
    }

    fn sides(&self, comparison: &Comparison) -> Markup {
        let id = self.id("sides");
        html! {
            section.sides aria-labelledby=(self.label(&id)) {
                (self.heading(&id, "Existing Job and replacement"))
                p.legend {
                    "Changed lines:"
                    span.denied { "denied" } " " span.allowed { "allowed" } " " span.ignored { "ignored" }
                }
                (comparison.table)
            }
        }
    }

    fn notes(&self) -> Markup {
        let id = self.id("notes");
        html! {
            @if !self.case.notes.is_empty() {
                section.notes aria-labelledby=(self.label(&id)) {
                    (self.heading(&id, "Notes"))
                    ul { @for note in &self.case.notes { li { (shown(note)) } } }
                }
            }
        }
    }
}

fn reviewed_text(reviewed: &Reviewed) -> String {
    let review = &reviewed.review;
    let policy = shown(review.policy().name());
    let Some(violations) = review.violations() else {
        let changes = count(review.changes().len(), "change");
        return if reviewed.is_denied_by_volcano {
            format!(" by Volcano's webhook, but not by the policy {policy}: {changes}")
        } else {
            format!(" by the policy {policy}: {changes}")
        };
    };
    let all = count(violations.len() + violations.omitted(), "violation");
    format!(" by the policy {policy}: {all}")
}

/// The lists of violations and warnings.
struct Entries<'r> {
    reviewed: &'r Reviewed,
    comparison: Option<&'r Comparison>,
    spots: &'r HashMap<&'r FieldPath, Spots>,
    section: &'r Section<'r>,
}

impl Entries<'_> {
    /// The violations, of which the first has this number.
    fn list(
        &self,
        title: &str,
        what: &str,
        violations: &[&Violation],
        first: usize,
        omitted: usize,
    ) -> Markup {
        let id = self.section.id(what);
        html! {
            @if !violations.is_empty() {
                section aria-labelledby=(self.section.label(&id)) {
                    (self.section.heading(&id, title))
                    ol.violations {
                        @for (number, violation) in (first..).zip(violations) { (self.entry(number, violation)) }
                    }
                    @if omitted > 0 { p { "and " (count(omitted, &format!("more {what}"))) } }
                }
            }
        }
    }

    fn entry(&self, number: usize, violation: &Violation) -> Markup {
        let id = violation_id(self.section.number, number);
        let target = self.comparison.and_then(|comparison| comparison.targets.get(&number));
        html! {
            li id=(id) class=(severity_class(violation)) tabindex="-1" {
                p.what {
                    span.code { (violation.code().as_str()) } " "
                    code.path { (shown_path(violation.path())) }
                    @if let Some(values) = self.values(violation) { " " span.values { (values) } }
                }
                p.message { (printable(violation.message(), &[])) }
                @if let Some(hint) = violation.hint() { p.help { strong { "Help:" } " " (printable(hint, &[])) } }
                p.where {
                    (self.places(violation))
                    @if let Some(target) = target {
                        a href={ "#" (target) } aria-label={ "Show in the Jobs: " (shown_path(violation.path())) } { "Show in the Jobs" }
                    }
                }
            }
        }
    }

    /// The old and the new value, if they may be shown.
    fn values(&self, violation: &Violation) -> Option<String> {
        values(self.reviewed.change_of(violation)?, self.section.options.show_values)
    }

    fn places(&self, violation: &Violation) -> Markup {
        let Some(spots) = self.spots.get(violation.place()) else { return html! {} };
        let update = &self.reviewed.update;
        html! {
            @if let Some(spot) = &spots.existing { (place(&update.existing, spot)) }
            @if let Some(spot) = &spots.replacement { (place(&update.manifest, spot)) }
        }
    }
}

/// The file, line and column.
fn place(document: &Document, spot: &Spot) -> Markup {
    let (line, column) = (spot.position.line, spot.position.column);
    html! { code { (shown(&document.name)) ":" (line) ":" (column) } " " }
}

/// Which fields may change, if something else changed.
fn rule(review: &Review) -> Markup {
    html! {
        @if let Some(rule) = review.broken_rule() {
            p.rule { "By the policy " (shown(review.policy().name())) ", " (printable(&rule, &[])) "." }
        }
    }
}

fn refused(status: &Status) -> Markup {
    html! {
        pre.error { (printable(&status.message, &['\n'])) }
        @if let Some(help) = text::refusal_help(status) { p.help { strong { "Help:" } " " (help) } }
    }
}
