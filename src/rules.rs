//! Rules across fields, on the replacement, where the update touched one of the fields of the rule.
//!
//! What was already wrong in the existing Job is a warning: an update is not refused for a fault
//! that it did not make. Values that are no numbers are left to the schema.

use std::collections::{BTreeMap, HashMap};

use crate::change::ChangeKind;
use crate::code::Code;
use crate::compare::Difference;
use crate::job::{Field, Job, Task};
use crate::number;
use crate::path::{FieldPath, Segment, Step};
use crate::violation::Violation;

/// Which of the fields that rules look at the update touched.
#[derive(Debug, Default)]
pub(crate) struct Touched {
    /// Tasks of the replacement, each with its position in the existing Job if it was there.
    tasks: BTreeMap<usize, Option<usize>>,
    /// The Job's minAvailable, or what the sum of all replicas is made of.
    total: bool,
    names: bool,
}

impl Touched {
    pub(crate) fn note(&mut self, difference: &Difference<'_>) {
        match difference.at.first_steps() {
            [Some(Step::Key("spec")), Some(Step::Key("minAvailable")), _, _] => self.total = true,
            [
                Some(Step::Key("spec")),
                Some(Step::Key("tasks")),
                Some(Step::Index { existing, replacement }),
                field,
            ] => self.note_task(existing, replacement, field, difference.kind),
            _ => {}
        }
    }

    fn note_task(
        &mut self,
        existing: usize,
        replacement: usize,
        field: Option<Step<'_>>,
        kind: ChangeKind,
    ) {
        match (field, kind) {
            (None, ChangeKind::Added) => {
                self.tasks.insert(replacement, None);
                (self.total, self.names) = (true, true);
            }
            (None, _) => self.total = true,
            (Some(Step::Key("replicas")), _) => {
                self.tasks.insert(replacement, Some(existing));
                self.total = true;
            }
            (Some(Step::Key("minAvailable" | "partitionPolicy")), _) => {
                self.tasks.insert(replacement, Some(existing));
            }
            (Some(Step::Key("name")), _) => self.names = true,
            _ => {}
        }
    }
}

/// What is wrong in a task or Job by one rule.
struct Fault {
    code: Code,
    field: &'static str,
    message: String,
    hint: String,
}

/// The rules that look at one task.
const TASK_RULES: [fn(&Task<'_, '_>) -> Option<Fault>; 2] =
    [replicas_below_min_available, partition_mismatch];

/// Applies the rules. Findings are errors; what the update did not make wrong is a warning.
pub(crate) fn check(
    existing: &Job<'_>,
    replacement: &Job<'_>,
    touched: &Touched,
) -> Vec<Violation> {
    let mut findings = Vec::new();
    for (&position, &old_position) in &touched.tasks {
        let old_task = old_position.and_then(|position| existing.task(position));
        let Some(task) = replacement.task(position) else { continue };
        for rule in TASK_RULES {
            let Some(fault) = rule(&task) else { continue };
            let was_wrong = old_task.as_ref().is_some_and(|task| rule(task).is_some());
            findings.push(fault.found_at(task_path(position), was_wrong));
        }
    }
    if touched.total {
        let spec = || [Segment::Key("spec".into())].into_iter().collect();
        let was_wrong = || min_available_above_total(existing).is_some();
        findings.extend(
            min_available_above_total(replacement).map(|fault| fault.found_at(spec(), was_wrong())),
        );
    }
    if touched.names {
        findings.extend(duplicate_task_names(existing, replacement));
    }
    findings
}

impl Fault {
    fn found_at(self, mut path: FieldPath, was_wrong: bool) -> Violation {
        path.push(Segment::Key(self.field.into()));
        let finding = Violation::found(self.code, path, self.message).with_hint(self.hint);
        if was_wrong { finding.into_warning() } else { finding }
    }
}

fn replicas_below_min_available(task: &Task<'_, '_>) -> Option<Fault> {
    let (replicas, least) = (task.replicas()?, task.field("minAvailable")?.as_integer()?);
    (replicas < least).then(|| Fault {
        code: Code::ReplicasBelowMinAvailable,
        field: "replicas",
        message: format!(
            "must be at least {least}, the minAvailable of the task, but is {replicas}"
        ),
        hint: format!("set replicas to {least} or more"),
    })
}

fn partition_mismatch(task: &Task<'_, '_>) -> Option<Fault> {
    let policy = task.field("partitionPolicy").and_then(Field::to_value)?;
    let policy = policy.as_object()?;
    let number = |name| number::integer_or_zero(policy.get(name));
    let (partitions, size) = (number("totalPartitions")?, number("partitionSize")?);
    let (replicas, wanted) = (task.replicas()?, partitions.checked_mul(size)?);
    (replicas != wanted).then(|| Fault {
        code: Code::PartitionMismatch,
        field: "replicas",
        message: format!(
            "must be {wanted}, the product of totalPartitions ({partitions}) and partitionSize ({size}), \
             but is {replicas}"
        ),
        hint: format!("set replicas to {wanted}"),
    })
}

fn min_available_above_total(job: &Job<'_>) -> Option<Fault> {
    // 0 is the same as absent.
    let least = job.spec_field("minAvailable")?.as_integer().filter(|least| *least != 0)?;
    let total = job.tasks().try_fold(0_i64, |sum, task| sum.checked_add(task.replicas()?))?;
    (least > total).then(|| Fault {
        code: Code::MinAvailableAboveTotal,
        field: "minAvailable",
        message: format!(
            "must be at most {total}, the sum of the replicas of all tasks, but is {least}"
        ),
        hint: format!("raise the replicas of the tasks to a sum of {least} or more"),
    })
}

/// A name may occur as often as it did in the existing Job, and once in any case.
fn duplicate_task_names(existing: &Job<'_>, replacement: &Job<'_>) -> Vec<Violation> {
    let mut before: HashMap<_, usize> = HashMap::new();
    for (position, task) in existing.tasks().enumerate() {
        let times = before.entry(task.effective_name(position)).or_default();
        *times = times.saturating_add(1);
    }
    let mut places: BTreeMap<_, Vec<usize>> = BTreeMap::new();
    for (position, task) in replacement.tasks().enumerate() {
        places.entry(task.effective_name(position)).or_default().push(position);
    }
    let mut findings = Vec::new();
    for (name, positions) in places {
        let was_wrong = before.get(&name).is_some_and(|times| *times >= positions.len());
        let Some((first, others)) = positions.split_first() else { continue };
        findings.extend(others.iter().map(|position| {
            let message = format!("{} has the same name", task_path(*first));
            let hint = "give each task a name of its own".to_owned();
            Fault { code: Code::DuplicateTaskName, field: "name", message, hint }
                .found_at(task_path(*position), was_wrong)
        }));
    }
    findings
}

fn task_path(position: usize) -> FieldPath {
    [Segment::Key("spec".into()), Segment::Key("tasks".into()), Segment::Index(position)]
        .into_iter()
        .collect()
}
