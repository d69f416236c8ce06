//! The commands `check` and `diff`.

use volcano_job_update::admission::Response;
use volcano_job_update::status::{StatusCodes, quote};
use volcano_job_update::{Job, Report, Review, TextStyle, Validator};
use volcano_job_update_programs::{read_policy, validator, webhook_name};

use crate::args::{CheckFormat, DiffFormat, Pair, Replacement, VolcanoWebhook};
use crate::error::Error;
use crate::input::read_update;
use crate::kubectl::response_text;
use crate::output::{Output, json_text, warn};

/// Checks an update.
pub(crate) fn check(
    pair: &Pair,
    format: CheckFormat,
    volcano_webhook: VolcanoWebhook,
) -> Result<Output, Error> {
    let validator = pair_validator(pair)?;
    let update = read_update(pair, validator.policy().limits())?;
    let (existing, replacement) = (update.existing()?, update.replacement()?);
    let mut review = validator.review(&existing, &replacement)?;
    review.warn_about(validator.server_violations(&existing, &replacement)?);
    let will_pass = ask_volcano(&validator, &mut review, &existing, &replacement, volcano_webhook)?;
    let report = Report::new(&review).with_values(pair.show_values);
    let text = match format {
        CheckFormat::Text => report.check_text(TextStyle::Ansi),
        CheckFormat::Json => json_text(&report),
    };
    Ok(Output::answer(text, review.is_allowed() && will_pass))
}

/// Checks an update and prints what `kubectl replace` or `kubectl patch` would print.
pub(crate) fn check_as_kubectl(
    pair: &Pair,
    codes: StatusCodes,
    volcano_webhook: VolcanoWebhook,
) -> Result<Output, Error> {
    let validator = pair_validator(pair)?;
    let update = read_update(pair, validator.policy().limits())?;
    let (existing, replacement) = (update.existing()?, update.replacement()?);
    // A Job without a name is denied, and the message has an empty name.
    let name = existing.name().unwrap_or_default();
    let mut review = validator.review(&existing, &replacement)?;
    let will_pass = ask_volcano(&validator, &mut review, &existing, &replacement, volcano_webhook)?;
    let response = Response::from_review("", &name, review, codes);
    let (operation, done) = match pair.replacement() {
        Replacement::File(file) => {
            (format!("error when replacing {}", quote(&file.to_string_lossy())), "replaced")
        }
        Replacement::Patch(_) => (String::new(), "patched"),
    };
    let text = response_text(&response, &webhook_name("validate"), &operation);
    if response.is_allowed() {
        let text = format!("{text}job.batch.volcano.sh/{name} {done}\n");
        return Ok(Output::answer(text, will_pass));
    }
    Ok(Output::answer(text, false))
}

/// Adds a warning if Volcano's own webhook will deny the update. Returns whether the exit status may be 0
/// for all that.
fn ask_volcano(
    validator: &Validator,
    review: &mut Review,
    existing: &Job<'_>,
    replacement: &Job<'_>,
    volcano_webhook: VolcanoWebhook,
) -> Result<bool, Error> {
    if volcano_webhook == VolcanoWebhook::Off {
        return Ok(true);
    }
    let is_denied = validator.warn_about_volcano(review, existing, replacement)?;
    Ok(!is_denied || volcano_webhook == VolcanoWebhook::Warn)
}

/// Shows the changes of an update.
pub(crate) fn diff(pair: &Pair, format: DiffFormat) -> Result<Output, Error> {
    let validator = pair_validator(pair)?;
    let update = read_update(pair, validator.policy().limits())?;
    let existing = update.existing()?;
    let review = validator.review(&existing, &update.replacement()?)?;
    let report = Report::new(&review).with_values(pair.show_values);
    let changes = review.changes();
    let text = match format {
        DiffFormat::Text => report.diff_text(TextStyle::Ansi),
        DiffFormat::Json => json_text(&report),
        DiffFormat::JsonPatch => json_text(&changes.to_patch()),
        DiffFormat::MergePatch => json_text(&changes.to_merge_patch(&existing)?),
    };
    Ok(Output::answer(text, changes.is_empty()))
}

fn pair_validator(pair: &Pair) -> Result<Validator, Error> {
    Ok(validator(read_policy(&pair.policy)?, pair.crd.as_deref(), warn)?)
}
