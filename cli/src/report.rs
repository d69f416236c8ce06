//! What every output has in common: it writes one text for each case, and a frame.

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
