//! The command `explain`.

use std::str::FromStr;

use textwrap::Options;
use volcano_job_update::status::CauseType;
use volcano_job_update::{UnknownNameError, ViolationCode};

use crate::output::Output;

/// The code of a request that the API server refuses before it asks a webhook.
pub(crate) const REFUSED: &str = "refused-request";

const REFUSED_SUMMARY: &str = "The API server refuses the request, whatever the policy is.";

const REFUSED_EXPLANATION: &str = "The manifest cannot be applied to the existing Job: a field \
    belongs to another manager, or the API server cannot read a field. The message is that of the API server.";

/// A code in an output.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Code {
    Violation(ViolationCode),
    Refused,
}

impl FromStr for Code {
    type Err = UnknownNameError;

    fn from_str(text: &str) -> Result<Self, UnknownNameError> {
        match text {
            REFUSED => Ok(Self::Refused),
            text => text.parse().map(Self::Violation),
        }
    }
}

impl Code {
    pub(crate) fn all() -> impl Iterator<Item = Self> + Clone {
        ViolationCode::all().map(Self::Violation).chain([Self::Refused])
    }

    pub(crate) fn as_str(self) -> &'static str {
        match self {
            Self::Violation(code) => code.as_str(),
            Self::Refused => REFUSED,
        }
    }

    pub(crate) fn summary(self) -> &'static str {
        match self {
            Self::Violation(code) => code.summary(),
            Self::Refused => REFUSED_SUMMARY,
        }
    }

    pub(crate) fn explanation(self) -> &'static str {
        match self {
            Self::Violation(code) => code.explanation(),
            Self::Refused => REFUSED_EXPLANATION,
        }
    }

    /// The cause that a Status has. A warning denies nothing, so no Status has it as a cause; the message of
    /// a request that the API server refuses is its own.
    pub(crate) fn cause(self) -> Option<CauseType> {
        match self {
            Self::Violation(ViolationCode::VolcanoWebhook) | Self::Refused => None,
            Self::Violation(code) => Some(code.cause()),
        }
    }
}

/// Explains a code, or lists all of them, in lines of up to `width` characters.
pub(crate) fn run(code: Option<Code>, width: usize) -> Output {
    Output::success(match code {
        Some(code) => explanation(code, width),
        None => list(width),
    })
}

/// In the form of `kubectl explain`.
fn explanation(code: Code, width: usize) -> String {
    let indented = Options::new(width).initial_indent("    ").subsequent_indent("    ");
    let name = code.as_str();
    let summary = textwrap::fill(code.summary(), &indented);
    let explanation = textwrap::fill(code.explanation(), &indented);
    let text = format!("CODE: {name}\n\nSUMMARY:\n{summary}\n\nDESCRIPTION:\n{explanation}\n");
    match code.cause() {
        Some(cause) => format!("{text}\nKUBERNETES CAUSE:\n    {cause}\n"),
        None => text,
    }
}

fn list(width: usize) -> String {
    let column = Code::all().map(|code| code.as_str().len()).max().unwrap_or(0) + 2;
    let indent = " ".repeat(column);
    let line = |code: Code| {
        let name = format!("{:column$}", code.as_str());
        let options = Options::new(width).initial_indent(&name).subsequent_indent(&indent);
        textwrap::fill(code.summary(), options) + "\n"
    };
    Code::all().map(line).collect()
}
