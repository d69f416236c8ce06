//! The changed lines of a Job as YAML, as `kubectl diff` shows them.

use std::ops::Range;

use anstyle::Style as Colour;
use similar::{DiffOp, group_diff_ops};
use volcano_job_update::FieldPath;
use volcano_job_update_programs::printable;

use super::sides::{Sides, compare};
use super::tree::Tree;
use super::words::{count, shown_path};
use super::yaml::{Line, Style, lines};
use crate::case::{Case, Outcome, Reviewed};
use crate::error::Error;
use crate::report::{Options, Render, Summary};

/// The output `unified` of `diff`.
pub(super) struct Unified {
    options: Options,
    /// Whether a line that was printed hides a value.
    has_hidden: bool,
    /// How many bytes more are printed of the current Job.
    bytes_left: usize,
    /// How many lines of it are not printed.
    omitted: usize,
}

/// The size of the lines of a Job, in bytes. Deeply nested values have more indentation than text.
const MAX_BYTES: usize = 1_000_000;

/// The number of unchanged lines around a changed one.
const CONTEXT: usize = 3;

impl Unified {
    pub(super) fn new(options: Options) -> Self {
        Self { options, has_hidden: false, bytes_left: 0, omitted: 0 }
    }
}

impl Render for Unified {
    fn case(&mut self, case: &Case) -> Result<String, Error> {
        match &case.outcome {
            Outcome::Reviewed(reviewed) => match self.reviewed(case, reviewed) {
                Err(error @ Error::ManyValues(_)) => {
                    let paths = Tree { options: self.options }.case(case)?;
                    Ok(format!("{paths}# {}\n", printable(&error.to_string(), &[])))
                }
                result => result,
            },
            _ => Tree { options: self.options }.case(case),
        }
    }

    fn end(&mut self, _: &Summary) -> String {
        if self.has_hidden {
            "# values are hidden: --show-values shows them\n".to_owned()
        } else {
            String::new()
        }
    }
}

impl Unified {
    fn reviewed(&mut self, case: &Case, reviewed: &Reviewed) -> Result<String, Error> {
        if reviewed.review.changes().is_empty() {
            return Ok(String::new());
        }
        let sides = Sides::of(reviewed)?;
        let style = Style { show_values: self.options.show_values, is_shortened: false };
        let existing = lines(&sides.existing, style);
        let replacement = lines(&sides.replacement, style);
        let hunks =
            group_diff_ops(compare(reviewed.review.changes(), &existing, &replacement), CONTEXT);
        (self.bytes_left, self.omitted) = (MAX_BYTES, 0);
        let mut text = self.header(case, reviewed);
        for hunk in hunks {
            text += &self.hunk(&hunk, &existing, &replacement);
        }
        Ok(match self.omitted {
            0 => text,
            omitted => format!("{text}# and {}\n", count(omitted, "more line")),
        })
    }

    fn header(&self, case: &Case, reviewed: &Reviewed) -> String {
        let bold = self.options.terminal.bold();
        let job = if self.options.has_many {
            format!("{bold}{}:{bold:#}\n", printable(&case.job, &[]))
        } else {
            String::new()
        };
        let name = |name| printable(name, &[]);
        let update = &reviewed.update;
        let (existing, manifest) = (name(&update.existing.name), name(&update.manifest.name));
        format!("{job}{bold}--- {existing}{bold:#}\n{bold}+++ {manifest}{bold:#}\n")
    }

    fn hunk(&mut self, ops: &[DiffOp], existing: &[Line<'_>], replacement: &[Line<'_>]) -> String {
        let cyan = self.options.terminal.cyan();
        let old = union(ops.iter().map(DiffOp::old_range));
        let new = union(ops.iter().map(DiffOp::new_range));
        let place = place(ops, existing, replacement);
        let place = place.map_or_else(String::new, |path| format!(" {}", shown_path(&path)));
        let (old, new) = (numbers(&old), numbers(&new));
        let mut text = format!("{cyan}@@ -{old} +{new} @@{cyan:#}{place}\n");
        let terminal = self.options.terminal;
        for op in ops {
            if let DiffOp::Equal { .. } = op {
                text += &self.lines(' ', existing, op.old_range(), Colour::new());
                continue;
            }
            text += &self.lines('-', existing, op.old_range(), terminal.red());
            text += &self.lines('+', replacement, op.new_range(), terminal.green());
        }
        text
    }

    fn lines(
        &mut self,
        mark: char,
        lines: &[Line<'_>],
        range: Range<usize>,
        colour: Colour,
    ) -> String {
        let line = |line: &Line<'_>| {
            let indentation = line.indentation();
            // With the mark and the line break.
            let bytes = indentation + line.text().len() + 2;
            if bytes > self.bytes_left {
                (self.bytes_left, self.omitted) = (0, self.omitted + 1);
                return String::new();
            }
            self.bytes_left -= bytes;
            self.has_hidden |= line.is_hidden();
            let line = line.text();
            format!("{colour}{mark}{:indentation$}{line}{colour:#}\n", "")
        };
        lines.get(range).unwrap_or_default().iter().map(line).collect()
    }
}

/// What contains the first changed line.
fn place(ops: &[DiffOp], existing: &[Line<'_>], replacement: &[Line<'_>]) -> Option<FieldPath> {
    let op = ops.iter().find(|op| !matches!(op, DiffOp::Equal { .. }))?;
    let line = existing.get(op.old_range()).and_then(<[_]>::first);
    let line = line.or_else(|| replacement.get(op.new_range()).and_then(<[_]>::first))?;
    line.path().parent().filter(|path| !path.segments().is_empty())
}

fn union(ranges: impl Iterator<Item = Range<usize>>) -> Range<usize> {
    let union = |all: Range<usize>, range: Range<usize>| all.start..range.end;
    ranges.reduce(union).unwrap_or_default()
}

/// The numbers of lines as the header of a hunk has them: the first and how many.
fn numbers(range: &Range<usize>) -> String {
    match range.len() {
        0 => format!("{},0", range.start),
        1 => format!("{}", range.start + 1),
        length => format!("{},{length}", range.start + 1),
    }
}
