//! The rules: one for each code of violations, and one for requests that the API server refuses.

use volcano_job_update::ViolationCode;

use super::types::{Configuration, Level, Message, Rule};
use crate::explain::Code;

pub(super) fn rules() -> Vec<Rule> {
    Code::all().map(rule).collect()
}

/// The position of a rule among [`rules`].
pub(super) fn index(code: ViolationCode) -> usize {
    ViolationCode::all().take_while(|other| *other != code).count()
}

pub(super) fn refused_index() -> usize {
    ViolationCode::all().count()
}

fn rule(code: Code) -> Rule {
    let (name, level) = match code {
        Code::Violation(code @ ViolationCode::VolcanoWebhook) => {
            (format!("{code:?}"), Level::Warning)
        }
        Code::Violation(code) => (format!("{code:?}"), Level::Error),
        Code::Refused => ("RefusedRequest".to_owned(), Level::Error),
    };
    Rule {
        id: code.as_str(),
        name,
        short_description: Message::plain(code.summary()),
        full_description: Message::plain(code.explanation()),
        help: help_message(code.summary(), &help(code)),
        default_configuration: Configuration { level },
    }
}

/// Why it is a violation, how to correct the replacement, and the cause in a Status.
fn help(code: Code) -> String {
    let explanation = code.explanation();
    match code.cause() {
        Some(cause) => format!("{explanation}\n\nKubernetes cause: {cause}"),
        None => explanation.to_owned(),
    }
}

fn help_message(summary: &str, help: &str) -> Message {
    let markdown = format!("**{summary}**\n\n{}", help.replace('*', "\\*"));
    Message::plain(help).with_markdown(markdown)
}
