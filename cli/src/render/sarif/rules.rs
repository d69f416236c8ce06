//! The rules: one for each code of violations, and one for requests that the API server refuses.

use volcano_job_update::ViolationCode;

use super::types::{Configuration, Level, Message, Rule};
use crate::explain::{REFUSED, REFUSED_EXPLANATION, REFUSED_SUMMARY, cause};

pub(super) fn rules() -> Vec<Rule> {
    ViolationCode::all().map(of_code).chain([refused()]).collect()
}

/// The position of a rule among [`rules`].
pub(super) fn index(code: ViolationCode) -> usize {
    ViolationCode::all().take_while(|other| *other != code).count()
}

pub(super) fn refused_index() -> usize {
    ViolationCode::all().count()
}

fn of_code(code: ViolationCode) -> Rule {
    let level = match code {
        ViolationCode::VolcanoWebhook => Level::Warning,
        _ => Level::Error,
    };
    Rule {
        id: code.as_str(),
        name: format!("{code:?}"),
        short_description: Message::plain(code.summary()),
        full_description: Message::plain(code.explanation()),
        help: help_message(code.summary(), &help(code)),
        default_configuration: Configuration { level },
    }
}

fn refused() -> Rule {
    Rule {
        id: REFUSED,
        name: "RefusedRequest".to_owned(),
        short_description: Message::plain(REFUSED_SUMMARY),
        full_description: Message::plain(REFUSED_EXPLANATION),
        help: help_message(REFUSED_SUMMARY, REFUSED_EXPLANATION),
        default_configuration: Configuration { level: Level::Error },
    }
}

/// Why it is a violation, how to correct the replacement, and the cause in a Status.
fn help(code: ViolationCode) -> String {
    let explanation = code.explanation();
    match cause(code) {
        Some(cause) => format!("{explanation}\n\nKubernetes cause: {cause}"),
        None => explanation.to_owned(),
    }
}

fn help_message(summary: &str, help: &str) -> Message {
    let markdown = format!("**{summary}**\n\n{}", help.replace('*', "\\*"));
    Message::plain(help).with_markdown(markdown)
}
