//! The outputs of `check` and `diff`: one text for each case, in the order of the cases, with a frame.

mod html;
mod json;
mod kubectl;
mod kubectl_texts;
mod patch;
mod public;
mod sides;
mod snippet;
mod text;
mod tree;
mod unified;
mod words;
mod yaml;

use volcano_job_update::status::StatusCodes;

use self::kubectl::Kubectl;
use self::patch::{JsonPatch, MergePatch};
use crate::args::{CheckOutput, DiffOutput};
use crate::case::{Case, Word};
use crate::error::Error;
use crate::terminal::Terminal;

/// Writes cases in one format.
pub(crate) trait Render {
    /// What stands before the first case.
    fn begin(&mut self) -> String {
        String::new()
    }

    /// # Errors
    ///
    /// The case cannot be written in this format.
    fn case(&mut self, case: &Case) -> Result<String, Error>;

    /// What stands behind the last case.
    fn end(&mut self, _: &Summary) -> String {
        String::new()
    }
}

/// The choices that several formats share.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Options {
    pub(crate) terminal: Terminal,
    pub(crate) show_values: bool,
    /// Whether there can be several Jobs, so that each is named.
    pub(crate) has_many: bool,
}

/// How many cases had which outcome, and what was left out.
#[derive(Clone, Debug, Default)]
pub(crate) struct Summary {
    /// In the order of [`Word::ALL`].
    counts: [usize; Word::ALL.len()],
    /// How many objects of other kinds there were.
    pub(crate) other_objects: usize,
}

impl Summary {
    pub(crate) fn add(&mut self, word: Word) {
        for (count, other) in self.counts.iter_mut().zip(Word::ALL) {
            *count += usize::from(other == word);
        }
    }

    /// The outcomes that occurred, with their numbers.
    pub(crate) fn counts(&self) -> impl Iterator<Item = (Word, usize)> {
        Word::ALL.into_iter().zip(self.counts).filter(|(_, count)| *count > 0)
    }

    pub(crate) fn jobs(&self) -> usize {
        self.counts.iter().sum()
    }
}

pub(crate) fn of_check(
    output: CheckOutput,
    options: Options,
    codes: StatusCodes,
) -> Box<dyn Render> {
    match output {
        CheckOutput::Text => Box::new(text::Text::new(options)),
        CheckOutput::Json => Box::new(json::Json::new(options)),
        CheckOutput::Kubectl => Box::new(Kubectl { codes }),
        CheckOutput::Html => Box::new(html::Html::new(options)),
    }
}

pub(crate) fn of_diff(output: DiffOutput, options: Options) -> Box<dyn Render> {
    match output {
        DiffOutput::Unified => Box::new(unified::Unified::new(options)),
        DiffOutput::Tree => Box::new(tree::Tree { options }),
        DiffOutput::Json => Box::new(json::Json::new(options)),
        DiffOutput::JsonPatch => Box::new(JsonPatch),
        DiffOutput::MergePatch => Box::new(MergePatch),
        DiffOutput::Html => Box::new(html::Html::new(options)),
    }
}
