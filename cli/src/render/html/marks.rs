//! Names, classes and signs that the parts of the page have in common.

use maud::{Markup, html};
use volcano_job_update::{Severity, Verdict, Violation};

use crate::case::{Case, Outcome, Word};
use crate::render::words::shown;

/// The class of an outcome, which gives the colour.
pub(super) fn class(word: Word) -> &'static str {
    match word {
        Word::Allowed | Word::Created => "allowed",
        Word::Deleted => "ignored",
        Word::Denied | Word::Refused | Word::Error => "denied",
    }
}

/// The sign of an outcome, for those who do not see its colour.
pub(super) fn sign(word: Word) -> &'static str {
    match word {
        Word::Allowed => "✓",
        Word::Created => "+",
        Word::Deleted => "−",
        Word::Denied | Word::Refused => "✕",
        Word::Error => "!",
    }
}

pub(super) fn badge(word: Word) -> Markup {
    html! {
        span class={ "badge " (class(word)) } {
            span aria-hidden="true" { (sign(word)) " " } (word.as_str())
        }
    }
}

/// The name of a Job, if it has one.
pub(super) fn job_name(case: &Case) -> String {
    match (&case.outcome, &*case.job) {
        (Outcome::Failed(_), "") => "a Job that cannot be read".to_owned(),
        (_, "") => "a Job without a name".to_owned(),
        (_, name) => shown(name),
    }
}

/// The id of a violation or warning of a Job.
pub(super) fn violation_id(job: usize, number: usize) -> String {
    format!("violation-{job}-{number}")
}

pub(super) fn verdict_class(verdict: Verdict) -> &'static str {
    match verdict {
        Verdict::Denied => "denied",
        Verdict::Allowed => "allowed",
        Verdict::Ignored => "ignored",
    }
}

pub(super) fn severity_class(violation: &Violation) -> &'static str {
    match violation.severity() {
        Severity::Warning => "ignored",
        _ => "denied",
    }
}
