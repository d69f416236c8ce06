//! Both Jobs side by side, as a table of their lines.

use std::collections::{BTreeMap, HashMap};

use maud::{Markup, html};
use similar::DiffOp;
use volcano_job_update::{Change, ChangeKind, FieldPath, Violation};

use super::marks::{severity_class, verdict_class, violation_id};
use crate::case::Reviewed;
use crate::error::Error;
use crate::render::sides::{ChangesByPath, Sides, compare, lines_of};
use crate::render::words::{count, shown, shown_path};
use crate::render::yaml::{Line, Style, lines};
use crate::report::Options;

/// The number of unchanged lines around a changed one.
const CONTEXT: usize = 5;

/// The maximum number of rows.
const MAX_ROWS: usize = 3000;

/// The maximum number of columns by which a line is indented.
const MAX_INDENTATION: usize = 60;

/// The table, and where the violations are in it.
pub(super) struct Comparison {
    pub(super) table: Markup,
    /// The id of the row of a violation, by its number.
    pub(super) targets: HashMap<usize, String>,
}

impl Comparison {
    /// The violations have numbers from 1.
    pub(super) fn of(
        reviewed: &Reviewed,
        violations: &[&Violation],
        options: Options,
        job: usize,
        label: &str,
    ) -> Result<Self, Error> {
        let sides = Sides::of(reviewed)?;
        let style = Style { show_values: options.show_values, is_shortened: true };
        let (old, new) = (lines(&sides.existing, style), lines(&sides.replacement, style));
        let changes = reviewed.review.changes();
        let pairs = pairs(&compare(changes, &old, &new));
        let rows_of = Rows::of(&pairs, &old, &new);
        let mut by_row: BTreeMap<usize, Vec<(usize, &Violation)>> = BTreeMap::new();
        for (number, violation) in (1..).zip(violations) {
            by_row.entry(rows_of.row(reviewed, violation)).or_default().push((number, violation));
        }
        let rows = shown_rows(&pairs, &by_row);
        let table = Table {
            reviewed,
            job,
            old: Side { lines: &old, changes: ChangesByPath::existing(changes) },
            new: Side { lines: &new, changes: ChangesByPath::replacement(changes) },
            pairs: &pairs,
            violations: &by_row,
        };
        let listed = rows.get(..MAX_ROWS).unwrap_or(&rows);
        let is_listed = |row: &usize| listed.binary_search(row).is_ok();
        let with_id = by_row.iter().filter(|(row, _)| is_listed(row));
        let targets = with_id
            .flat_map(|(row, list)| list.iter().map(|(number, _)| (*number, row_id(job, *row))));
        Ok(Self {
            targets: targets.collect(),
            table: table.markup(listed, rows.len() - listed.len(), label),
        })
    }
}

fn row_id(job: usize, row: usize) -> String {
    format!("line-{job}-{row}")
}

/// Two lines that stand beside each other.
#[derive(Clone, Copy)]
struct Pair {
    old: Option<usize>,
    new: Option<usize>,
    is_changed: bool,
}

fn pairs(ops: &[DiffOp]) -> Vec<Pair> {
    let mut pairs = Vec::new();
    for op in ops {
        let (mut old, mut new) = (op.old_range(), op.new_range());
        let is_changed = !matches!(op, DiffOp::Equal { .. });
        for _ in 0..old.len().max(new.len()) {
            pairs.push(Pair { old: old.next(), new: new.next(), is_changed });
        }
    }
    pairs
}

/// Finds the rows of fields.
struct Rows<'l> {
    old: (&'l [Line<'l>], Vec<usize>),
    new: (&'l [Line<'l>], Vec<usize>),
}

impl<'l> Rows<'l> {
    fn of(pairs: &[Pair], old: &'l [Line<'l>], new: &'l [Line<'l>]) -> Self {
        let rows = |side: fn(&Pair) -> Option<usize>| {
            pairs.iter().enumerate().filter(move |(_, pair)| side(pair).is_some())
        };
        let old_rows = rows(|pair| pair.old).map(|(row, _)| row).collect();
        let new_rows = rows(|pair| pair.new).map(|(row, _)| row).collect();
        Self { old: (old, old_rows), new: (new, new_rows) }
    }

    /// The row of the field of a violation, or of what contains it.
    fn row(&self, reviewed: &Reviewed, violation: &Violation) -> usize {
        let change = reviewed.change_of(violation);
        let is_removed = change.is_some_and(|change| change.kind() == ChangeKind::Removed);
        let (lines, rows) = if is_removed { &self.old } else { &self.new };
        let line = first_line(lines, violation.path());
        rows.get(line).copied().unwrap_or(0)
    }
}

/// The first line of a field, or of the closest field that contains it.
fn first_line(lines: &[Line<'_>], path: &FieldPath) -> usize {
    let ancestors = std::iter::successors(Some(path.clone()), FieldPath::parent);
    let first = |path: FieldPath| lines_of(lines, &path).next();
    ancestors.into_iter().find_map(first).unwrap_or(0)
}

/// The rows that are changed or have a violation, and those around them.
fn shown_rows(
    pairs: &[Pair],
    violations: &BTreeMap<usize, Vec<(usize, &Violation)>>,
) -> Vec<usize> {
    let mut rows = Vec::new();
    let mut end = 0;
    for (row, pair) in pairs.iter().enumerate() {
        if pair.is_changed || violations.contains_key(&row) {
            let start = row.saturating_sub(CONTEXT).max(end);
            end = (row + CONTEXT + 1).min(pairs.len());
            rows.extend(start..end);
        }
    }
    rows
}

/// A Job, with its changes.
struct Side<'t> {
    lines: &'t [Line<'t>],
    changes: ChangesByPath<'t>,
}

impl<'t> Side<'t> {
    fn line(&self, line: Option<usize>) -> Option<&'t Line<'t>> {
        self.lines.get(line?)
    }

    fn change(&self, line: Option<usize>) -> Option<&'t Change> {
        self.changes.of_field(&self.line(line)?.path())
    }
}

struct Table<'t> {
    reviewed: &'t Reviewed,
    job: usize,
    old: Side<'t>,
    new: Side<'t>,
    pairs: &'t [Pair],
    violations: &'t BTreeMap<usize, Vec<(usize, &'t Violation)>>,
}

impl Table<'_> {
    fn markup(&self, rows: &[usize], omitted: usize, label: &str) -> Markup {
        let update = &self.reviewed.update;
        html! {
            table.yaml aria-labelledby=(label) {
                thead { tr {
                    th scope="col" { "Existing Job " code { (shown(&update.existing.name)) } }
                    th scope="col" { "Replacement " code { (shown(&update.manifest.name)) } }
                } }
                tbody { (self.body(rows, omitted)) }
            }
            @if omitted > 0 { p { "and " (count(omitted, "more line")) } }
        }
    }

    fn body(&self, rows: &[usize], omitted: usize) -> Markup {
        let mut next = 0;
        let mut previous: Option<&Change> = None;
        let end = if omitted == 0 { self.pairs.len() } else { 0 };
        html! {
            @for row in rows {
                (self.fold(next, *row))
                @let change = self.change(*row);
                @let is_first = !change.is_none_or(|change| previous.is_some_and(|last| std::ptr::eq(last, change)));
                (self.row(*row, change, is_first))
                @let () = { next = row + 1; previous = change; };
            }
            (self.fold(next, end))
        }
    }

    /// Stands for the unchanged rows that are left out.
    fn fold(&self, start: usize, end: usize) -> Markup {
        let number = end.saturating_sub(start);
        let next = self.pairs.get(end).and_then(|pair| self.old.line(pair.old));
        let place = next.and_then(|line| line.path().parent());
        let place = place.filter(|path| !path.segments().is_empty());
        html! {
            @if number > 0 {
                tr.fold { td colspan="2" {
                    "… " (count(number, "unchanged line"))
                    @if let Some(place) = place { " in " code { (shown_path(&place)) } }
                } }
            }
        }
    }

    /// The change that a row belongs to.
    fn change(&self, row: usize) -> Option<&Change> {
        let pair = self.pairs.get(row).filter(|pair| pair.is_changed)?;
        self.new.change(pair.new).or_else(|| self.old.change(pair.old))
    }

    fn row(&self, row: usize, change: Option<&Change>, is_first: bool) -> Markup {
        let Some(pair) = self.pairs.get(row) else { return html! {} };
        let id = self.violations.contains_key(&row).then(|| row_id(self.job, row));
        let (old, new) = (self.old.line(pair.old), self.new.line(pair.new));
        let verdict = change.map_or("", |change| verdict_class(change.verdict()));
        let marks = self.marks(row, change.filter(|_| is_first));
        let (old_marks, new_marks) = match new {
            Some(_) => (html! {}, marks),
            None => (marks, html! {}),
        };
        let is_removed = pair.is_changed && old.is_some();
        let is_added = pair.is_changed && new.is_some();
        html! {
            tr id=[id.as_deref()] tabindex=[id.as_ref().map(|_| "-1")] {
                td class=(cell_class(old, is_removed, "removed", verdict)) {
                    @if is_removed { del { (code(old)) } } @else { (code(old)) }
                    (old_marks)
                }
                td class=(cell_class(new, is_added, "added", verdict)) {
                    @if is_added { ins { (code(new)) } } @else { (code(new)) }
                    (new_marks)
                }
            }
        }
    }

    /// The links to the violations of a row, or else the verdict on a change that begins there.
    fn marks(&self, row: usize, change: Option<&Change>) -> Markup {
        let violations = self.violations.get(&row);
        html! {
            @for (number, violation) in violations.into_iter().flatten() {
                " " (link(self.job, *number, violation))
            }
            @if let Some(change) = change.filter(|_| violations.is_none()) {
                " " span class={ "mark " (verdict_class(change.verdict())) } { (change.verdict()) }
            }
        }
    }
}

fn link(job: usize, number: usize, violation: &Violation) -> Markup {
    html! {
        a class={ "mark " (severity_class(violation)) } href={ "#" (violation_id(job, number)) } {
            (violation.code().as_str())
        }
    }
}

fn cell_class(line: Option<&Line<'_>>, is_changed: bool, change: &str, verdict: &str) -> String {
    match (line, is_changed) {
        (None, _) => "empty".to_owned(),
        (Some(_), true) => format!("{change} {verdict}"),
        (Some(_), false) => "same".to_owned(),
    }
}

fn code(line: Option<&Line<'_>>) -> Markup {
    let Some(line) = line else { return html! {} };
    let indentation = " ".repeat(line.indentation().min(MAX_INDENTATION));
    html! { code { (indentation) (line.text()) } }
}
