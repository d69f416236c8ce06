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
use crate::policy::{Check, UpdatePolicy};
use crate::schema::Failure;
use crate::violation::Violation;

/// An update, as the rules look at it.
struct Update<'u, 'e, 'r> {
    existing: &'u Job<'e>,
    replacement: &'u Job<'r>,
    touched: &'u Touched,
}

type Rule = fn(&Update<'_, '_, '_>) -> Vec<Violation>;

/// The rules, the one table of them. Each finds out itself whether it was touched.
const RULES: [(Check, Rule); 5] = [
    (Check::ReplicasRange, replicas_range),
    (Check::ReplicasBelowMinAvailable, replicas_below_min_available),
    (Check::MinAvailableAboveTotal, min_available_above_total),
    (Check::PartitionMismatch, partition_mismatch),
    (Check::DuplicateTaskName, duplicate_task_names),
];

/// Applies the rules of a policy. Findings are errors; what the update did not make wrong is a
/// warning.
pub(crate) fn check(
    existing: &Job<'_>,
    replacement: &Job<'_>,
    touched: &Touched,
    policy: &UpdatePolicy,
) -> Vec<Violation> {
    let update = Update { existing, replacement, touched };
    let rules = RULES.iter().filter(|(check, _)| policy.checks(*check));
    rules.flat_map(|(_, rule)| rule(&update)).collect()
}

/// Which of the fields that rules look at the update touched.
#[derive(Debug, Default)]
pub(crate) struct Touched {
    /// Tasks of the replacement, by position.
    tasks: BTreeMap<usize, TouchedTask>,
    /// The Job's minAvailable, or what the sum of all replicas is made of.
    total: bool,
    names: bool,
}

#[derive(Debug, Default)]
struct TouchedTask {
    /// The position in the existing Job, if the task was there.
    old_position: Option<usize>,
    /// Which of [`TASK_FIELDS`].
    fields: [bool; TASK_FIELDS.len()],
}

/// The fields of a task that rules look at, but for its name.
const TASK_FIELDS: [&str; 3] = ["replicas", "minAvailable", "partitionPolicy"];

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
                let fields = [true; TASK_FIELDS.len()];
                self.tasks.insert(replacement, TouchedTask { old_position: None, fields });
                (self.total, self.names) = (true, true);
            }
            (None, _) => self.total = true,
            (Some(Step::Key("name")), _) => self.names = true,
            (Some(Step::Key(name)), _) => {
                let known = TASK_FIELDS.iter().position(|field| *field == name);
                let Some(known) = known else { return };
                self.total |= name == "replicas";
                let task = self.tasks.entry(replacement).or_default();
                task.old_position = Some(existing);
                if let Some(field) = task.fields.get_mut(known) {
                    *field = true;
                }
            }
            (Some(Step::Root | Step::Index { .. }), _) => {}
        }
    }
}

impl TouchedTask {
    fn is_any_of(&self, fields: &[&str]) -> bool {
        TASK_FIELDS.iter().zip(self.fields).any(|(name, touched)| touched && fields.contains(name))
    }
}

impl Update<'_, '_, '_> {
    /// Applies a rule to each task in which one of these fields was touched.
    fn check_tasks(
        &self,
        fields: &[&str],
        rule: fn(&Task<'_, '_>) -> Option<Fault>,
    ) -> Vec<Violation> {
        let touched = self.touched.tasks.iter().filter(|(_, task)| task.is_any_of(fields));
        let check = |(&position, touched): (&usize, &TouchedTask)| {
            let fault = rule(&self.replacement.task(position)?)?;
            let old = touched.old_position.and_then(|position| self.existing.task(position));
            let was_wrong = old.is_some_and(|task| rule(&task).is_some());
            Some(fault.found_at(task_path(position), was_wrong))
        };
        touched.filter_map(check).collect()
    }
}

/// What is wrong in a task or Job by one rule.
struct Fault {
    code: Code,
    field: &'static str,
    message: String,
    hint: String,
}

impl Fault {
    fn found_at(self, mut path: FieldPath, was_wrong: bool) -> Violation {
        path.push(Segment::Key(self.field.into()));
        let finding = Violation::found(self.code, path, self.message).with_hint(self.hint);
        if was_wrong { finding.into_warning() } else { finding }
    }
}

/// Volcano counts replicas in an int32.
fn replicas_range(update: &Update<'_, '_, '_>) -> Vec<Violation> {
    update.check_tasks(&["replicas"], |task| {
        let replicas = task.replicas()?;
        let found = replicas.into();
        let most = i64::from(i32::MAX);
        let failure = match replicas {
            ..0 => Failure::Below { least: 0.into(), found },
            _ if replicas > most => Failure::Above { most: most.into(), found },
            _ => return None,
        };
        let (message, hint) = (failure.to_string(), failure.hint().unwrap_or_default());
        Some(Fault { code: Code::InvalidValue, field: "replicas", message, hint })
    })
}

fn replicas_below_min_available(update: &Update<'_, '_, '_>) -> Vec<Violation> {
    update.check_tasks(&["replicas", "minAvailable"], |task| {
        let (replicas, least) = (task.replicas()?, task.field("minAvailable")?.as_integer()?);
        (replicas < least).then(|| Fault {
            code: Code::ReplicasBelowMinAvailable,
            field: "replicas",
            message: format!(
                "must be at least {least}, the minAvailable of the task, but is {replicas}"
            ),
            hint: format!("set replicas to {least} or more"),
        })
    })
}

fn partition_mismatch(update: &Update<'_, '_, '_>) -> Vec<Violation> {
    update.check_tasks(&["replicas", "partitionPolicy"], |task| {
        let policy = task.field("partitionPolicy").and_then(Field::to_value)?;
        let policy = policy.as_object()?;
        let number = |name| number::integer_or_zero(policy.get(name));
        let (partitions, size) = (number("totalPartitions")?, number("partitionSize")?);
        let (replicas, wanted) = (task.replicas()?, partitions.checked_mul(size)?);
        (replicas != wanted).then(|| Fault {
            code: Code::PartitionMismatch,
            field: "replicas",
            message: format!(
                "must be {wanted}, the product of totalPartitions ({partitions}) and partitionSize \
                 ({size}), but is {replicas}"
            ),
            hint: format!("set replicas to {wanted}"),
        })
    })
}

fn min_available_above_total(update: &Update<'_, '_, '_>) -> Vec<Violation> {
    if !update.touched.total {
        return Vec::new();
    }
    let spec = [Segment::Key("spec".into())].into_iter().collect();
    let was_wrong = || total_fault(update.existing).is_some();
    let fault = total_fault(update.replacement);
    fault.map(|fault| fault.found_at(spec, was_wrong())).into_iter().collect()
}

fn total_fault(job: &Job<'_>) -> Option<Fault> {
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
fn duplicate_task_names(update: &Update<'_, '_, '_>) -> Vec<Violation> {
    if !update.touched.names {
        return Vec::new();
    }
    let mut before: HashMap<_, usize> = HashMap::new();
    for (position, task) in update.existing.tasks().enumerate() {
        let times = before.entry(task.effective_name(position)).or_default();
        *times = times.saturating_add(1);
    }
    let mut places: BTreeMap<_, Vec<usize>> = BTreeMap::new();
    for (position, task) in update.replacement.tasks().enumerate() {
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
