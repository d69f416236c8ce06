//! The command `explain`.

use volcano_job_update::ViolationCode;

use crate::output::Output;

/// Explains a violation code, or lists all of them.
pub(crate) fn run(code: Option<ViolationCode>) -> Output {
    Output::success(match code {
        Some(code) => explanation(code),
        None => list(),
    })
}

fn explanation(code: ViolationCode) -> String {
    format!("{code}\n\n{}\n\n{}\n", code.summary(), help(code))
}

/// Why it is a violation, how to correct the replacement, and the cause in a Status.
pub(crate) fn help(code: ViolationCode) -> String {
    let explanation = code.explanation();
    // A warning denies nothing, so no Status has it as a cause.
    match code {
        ViolationCode::VolcanoWebhook => explanation.to_owned(),
        _ => format!("{explanation}\n\nKubernetes cause: {}", code.cause()),
    }
}

fn list() -> String {
    let width = ViolationCode::all().map(|code| code.as_str().len()).max().unwrap_or(0);
    let line = |code: ViolationCode| format!("{:width$}  {}\n", code.as_str(), code.summary());
    ViolationCode::all().map(line).collect::<Vec<_>>().concat()
}
