//! The outputs of `check` and `diff`: one text for each case, in the order of the cases, with a frame.

mod github;
mod html;
mod json;
mod junit;
mod kubectl;
mod kubectl_texts;
mod located;
mod mask;
mod patch;
mod public;
mod sarif;
mod sides;
mod snippet;
mod source_root;
mod step_summary;
mod text;
mod tree;
mod unified;
mod words;
mod yaml;

use volcano_job_update::status::StatusCodes;

use self::kubectl::Kubectl;
use self::patch::{JsonPatch, MergePatch};
use crate::args::{CheckOutput, DiffOutput};
use crate::report::{Options, Render};

pub(crate) fn of_check(
    output: CheckOutput,
    options: Options,
    codes: StatusCodes,
) -> Box<dyn Render> {
    match output {
        CheckOutput::Text => Box::new(text::Text::new(options)),
        CheckOutput::Json => Box::new(json::Json::new(options)),
        CheckOutput::Kubectl => Box::new(Kubectl { codes }),
        CheckOutput::Sarif => Box::new(sarif::Sarif::new(options)),
        CheckOutput::Github => Box::new(github::Github::new(options)),
        CheckOutput::Junit => Box::new(junit::Junit::new(options)),
        CheckOutput::Html => Box::new(html::Html::new(options)),
    }
}

pub(crate) fn of_diff(output: DiffOutput, options: Options) -> Box<dyn Render> {
    match output {
        DiffOutput::Unified => Box::new(unified::Unified::new(options)),
        DiffOutput::Tree => Box::new(tree::Tree { options }),
        DiffOutput::Json => Box::new(json::Json::new(options)),
        DiffOutput::JsonPatch => Box::new(JsonPatch { options }),
        DiffOutput::MergePatch => Box::new(MergePatch { options }),
        DiffOutput::Html => Box::new(html::Html::new(options)),
    }
}
