//! The commands `check` and `diff`.

use serde_json::json;
use volcano_job_update::admission::Response;
use volcano_job_update::status::{Status, StatusCodes, quote};
use volcano_job_update::{Job, Report, Review, TextStyle, Validator};
use volcano_job_update_programs::{printable, read_policy, validator, webhook_name};

use crate::args::{CheckFormat, DiffFormat, Pair, Source, VolcanoWebhook};
use crate::error::Error;
use crate::kubectl::{error_text, response_text};
use crate::output::{Output, json_text, warn};
use crate::update::{Requested, read_update};

/// Checks an update.
pub(crate) fn check(
    pair: &Pair,
    format: CheckFormat,
    volcano_webhook: VolcanoWebhook,
) -> Result<Output, Error> {
    let validator = pair_validator(pair)?;
    let update = match read_update(pair, &validator)? {
        Requested::Update(update) => update,
        Requested::Creation(name) => return Ok(creation(&name, format)),
        Requested::Refused(status) => return Ok(refused(&status, format)),
    };
    let (existing, replacement) = (update.existing()?, update.replacement()?);
    let mut review = validator.review(&existing, &replacement)?;
    update.explain(&review);
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
    let update = match read_update(pair, &validator)? {
        Requested::Update(update) => update,
        Requested::Creation(name) => return Ok(creation(&name, CheckFormat::Text)),
        Requested::Refused(status) => return Ok(Output::answer(error_text(&status, ""), false)),
    };
    let (existing, replacement) = (update.existing()?, update.replacement()?);
    // A Job without a name is denied, and the message has an empty name.
    let name = existing.name().unwrap_or_default();
    let mut review = validator.review(&existing, &replacement)?;
    let will_pass = ask_volcano(&validator, &mut review, &existing, &replacement, volcano_webhook)?;
    let response = Response::from_review("", &name, review, codes);
    let (operation, done) = match pair.source() {
        Source::Files { manifest: file, .. } | Source::Cluster { manifest: file } => {
            (format!("error when replacing {}", quote(&file.to_string_lossy())), "replaced")
        }
        Source::Patch { .. } => (String::new(), "patched"),
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
    let update = match read_update(pair, &validator)? {
        Requested::Update(update) => update,
        Requested::Creation(name) => return Ok(Output::answer(creation_text(&name), false)),
        Requested::Refused(status) => return Err(Error::Refused(status)),
    };
    let existing = update.existing()?;
    let review = validator.review(&existing, &update.replacement()?)?;
    update.explain(&review);
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

/// The output for a Job that does not exist.
fn creation(name: &str, format: CheckFormat) -> Output {
    Output::success(match format {
        CheckFormat::Text => creation_text(name),
        CheckFormat::Json => json_text(&json!({"creation": name})),
    })
}

fn creation_text(name: &str) -> String {
    format!("job.batch.volcano.sh/{} does not exist: it will be created\n", printable(name, &[]))
}

/// The output for a request that the API server refuses by itself.
fn refused(status: &Status, format: CheckFormat) -> Output {
    let text = match format {
        CheckFormat::Text => refused_text(status),
        CheckFormat::Json => json_text(status),
    };
    Output::answer(text, false)
}

fn refused_text(status: &Status) -> String {
    let mut text = format!("refused by the API server: {}\n", printable(&status.message, &['\n']));
    if status.message.contains("\"before-first-apply\"") {
        text.push_str(
            "  help: the existing Job has no managedFields: kubectl get shows them with \
             --show-managed-fields\n",
        );
    } else if status.code == 409 {
        text.push_str(
            "  help: leave these fields out, give them the values that they have, or take them from their \
             managers with --force-conflicts\n",
        );
    }
    text
}

fn pair_validator(pair: &Pair) -> Result<Validator, Error> {
    Ok(validator(read_policy(&pair.policy)?, pair.crd.as_deref(), warn)?)
}
