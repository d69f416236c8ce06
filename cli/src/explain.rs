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
    let (summary, explanation, cause) = (code.summary(), code.explanation(), code.cause());
    let text = format!("{code}\n\n{summary}\n\n{explanation}\n");
    // A warning denies nothing, so no Status has it as a cause.
    match code {
        ViolationCode::VolcanoWebhook => text,
        _ => format!("{text}\nKubernetes cause: {cause}\n"),
    }
}

fn list() -> String {
    let width = ViolationCode::all().map(|code| code.as_str().len()).max().unwrap_or(0);
    let line = |code: ViolationCode| format!("{:width$}  {}\n", code.as_str(), code.summary());
    ViolationCode::all().map(line).collect::<Vec<_>>().concat()
}
