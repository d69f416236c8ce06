//! The command `explain`.

use textwrap::Options;
use volcano_job_update::ViolationCode;
use volcano_job_update::status::CauseType;

use crate::output::Output;

/// Explains a violation code, or lists all of them, in lines of up to `width` characters.
pub(crate) fn run(code: Option<ViolationCode>, width: usize) -> Output {
    Output::success(match code {
        Some(code) => explanation(code, width),
        None => list(width),
    })
}

/// In the form of `kubectl explain`.
fn explanation(code: ViolationCode, width: usize) -> String {
    let indented = Options::new(width).initial_indent("    ").subsequent_indent("    ");
    let summary = textwrap::fill(code.summary(), &indented);
    let explanation = textwrap::fill(code.explanation(), &indented);
    let text = format!("CODE: {code}\n\nSUMMARY:\n{summary}\n\nDESCRIPTION:\n{explanation}\n");
    match cause(code) {
        Some(cause) => format!("{text}\nKUBERNETES CAUSE:\n    {cause}\n"),
        None => text,
    }
}

/// The cause that a Status has. A warning denies nothing, so no Status has it as a cause.
pub(crate) fn cause(code: ViolationCode) -> Option<CauseType> {
    (code != ViolationCode::VolcanoWebhook).then(|| code.cause())
}

fn list(width: usize) -> String {
    let column = ViolationCode::all().map(|code| code.as_str().len()).max().unwrap_or(0) + 2;
    let indent = " ".repeat(column);
    let line = |code: ViolationCode| {
        let name = format!("{:column$}", code.as_str());
        let options = Options::new(width).initial_indent(&name).subsequent_indent(&indent);
        textwrap::fill(code.summary(), options) + "\n"
    };
    ViolationCode::all().map(line).collect()
}
