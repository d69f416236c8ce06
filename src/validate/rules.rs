//! Rules across fields of the replacement, checked where the update touched one of the rule's fields.
//!
//! What the existing Job violates as well is a warning: an update is not denied for what it did not make
//! wrong. Values that are no integers are left to the schema.

use std::collections::{BTreeMap, HashMap};

use super::{Violation, ViolationCode};
use crate::diff::{FieldDiff, JobField, task_path};
use crate::job::{Field, Job, Task};
use crate::path::{FieldPath, Segment};
use crate::policy::{Check, UpdatePolicy};
use crate::scalar::number;
use crate::schema::SchemaViolationKind;

type TaskRule = fn(&TaskNumbers) -> Option<RuleViolation>;
type JobRule = fn(&Update<'_, '_, '_>, &mut Vec<Violation>);
type IsTouched = fn(&Touched) -> bool;

/// The rules for one task, each with the fields of the task that it compares.
const TASK_RULES: [(Check, &[TaskField], TaskRule); 3] = [
    (Check::ReplicasRange, &[TaskField::Replicas], replicas_range),
    (
        Check::ReplicasBelowMinAvailable,
        &[TaskField::Replicas, TaskField::MinAvailable],
        replicas_below_min_available,
    ),
    (
        Check::PartitionMismatch,
        &[TaskField::Replicas, TaskField::PartitionPolicy],
        partition_mismatch,
    ),
];

/// The rules for all tasks together, each with when it is checked.
const JOB_RULES: [(Check, IsTouched, JobRule); 2] = [
    (Check::MinAvailableAboveTotal, |touched| touched.total, min_available_above_total),
    (Check::DuplicateTaskName, |touched| touched.names, duplicate_task_names),
];

/// Which of the fields that rules compare the update touched.
#[derive(Debug, Default)]
pub(super) struct Touched {
    task_fields: Vec<TouchedTaskField>,
    /// The Job's minAvailable, or the replicas of any task.
    total: bool,
    /// The name of a task.
    names: bool,
}

/// A touched field of a task.
#[derive(Clone, Copy, Debug)]
struct TouchedTaskField {
    /// The position of the task in the replacement.
    replacement: usize,
    /// The position in the existing Job; `None` for an added task.
    existing: Option<usize>,
    field: TaskField,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum TaskField {
    Replicas,
    MinAvailable,
    PartitionPolicy,
}

impl TaskField {
    const ALL: [Self; 3] = [Self::Replicas, Self::MinAvailable, Self::PartitionPolicy];
}

impl Touched {
    /// Adds a field that differs; the order in which fields are added does not matter.
    pub(super) fn add(&mut self, diff: &FieldDiff<'_>) {
        match diff.field {
            JobField::Spec("minAvailable") | JobField::RemovedTask(_) => self.total = true,
            JobField::Task { existing, replacement, name } => {
                self.total |= name == "replicas";
                self.names |= name == "name";
                let field = match name {
                    "replicas" => TaskField::Replicas,
                    "minAvailable" => TaskField::MinAvailable,
                    "partitionPolicy" => TaskField::PartitionPolicy,
                    _ => return,
                };
                let existing = Some(existing);
                self.task_fields.push(TouchedTaskField { replacement, existing, field });
            }
            JobField::AddedTask(replacement) => {
                let touched = |field| TouchedTaskField { replacement, existing: None, field };
                self.task_fields.extend(TaskField::ALL.map(touched));
                (self.total, self.names) = (true, true);
            }
            // A task that became `null` is added field by field.
            JobField::NullTask { .. }
            | JobField::Top(_)
            | JobField::Metadata(_)
            | JobField::Spec(_)
            | JobField::TaskOrder => {}
        }
    }
}

/// The violations and warnings of the rules that the policy checks.
pub(super) fn check(
    existing: &Job<'_>,
    replacement: &Job<'_>,
    mut touched: Touched,
    policy: &UpdatePolicy,
) -> Vec<Violation> {
    let update = Update { existing, replacement };
    let mut violations = Vec::new();
    touched.task_fields.sort_unstable_by_key(|touched| touched.replacement);
    for fields in touched.task_fields.chunk_by(|a, b| a.replacement == b.replacement) {
        update.check_task(fields, policy, &mut violations);
    }
    for (check, is_touched, rule) in JOB_RULES {
        if is_touched(&touched) && policy.checks(check) {
            rule(&update, &mut violations);
        }
    }
    violations
}

struct Update<'u, 'e, 'r> {
    existing: &'u Job<'e>,
    replacement: &'u Job<'r>,
}

impl Update<'_, '_, '_> {
    /// Checks the rules for one task, of which these fields were touched.
    fn check_task(
        &self,
        fields: &[TouchedTaskField],
        policy: &UpdatePolicy,
        violations: &mut Vec<Violation>,
    ) {
        let Some(first) = fields.first() else { return };
        let Some(task) = self.replacement.task(first.replacement) else { return };
        let numbers = TaskNumbers::of(&task);
        for (check, compared, rule) in TASK_RULES {
            if !fields.iter().any(|touched| compared.contains(&touched.field))
                || !policy.checks(check)
            {
                continue;
            }
            let Some(violation) = rule(&numbers) else { continue };
            let existing = first.existing.and_then(|position| self.existing.task(position));
            let was_wrong = existing.is_some_and(|task| rule(&TaskNumbers::of(&task)).is_some());
            violations.push(violation.at(task_path(first.replacement), was_wrong));
        }
    }
}

/// The numbers of a task that the rules compare; `None`: absent, or no integer.
struct TaskNumbers {
    /// Absent is 0, as in Volcano.
    replicas: Option<i64>,
    min_available: Option<i64>,
    /// `totalPartitions` and `partitionSize` of the partitionPolicy.
    partitions: Option<(i64, i64)>,
}

impl TaskNumbers {
    fn of(task: &Task<'_, '_>) -> Self {
        let mut numbers = Self { replicas: Some(0), min_available: None, partitions: None };
        for entry in task.fields.iter().filter(|entry| !entry.field().is_null()) {
            match entry.key() {
                "replicas" => numbers.replicas = entry.field().as_integer(),
                "minAvailable" => numbers.min_available = entry.field().as_integer(),
                "partitionPolicy" => numbers.partitions = partitions(entry.field()),
                _ => {}
            }
        }
        numbers
    }
}

fn partitions(policy: Field<'_>) -> Option<(i64, i64)> {
    let policy = policy.to_value()?;
    let policy = policy.as_object()?;
    let number = |name| number::integer_or_zero(policy.get(name));
    Some((number("totalPartitions")?, number("partitionSize")?))
}

/// What is wrong in a task or Job by one rule.
struct RuleViolation {
    code: ViolationCode,
    /// The field of the task or of `spec` to which the violation is put down.
    field: &'static str,
    message: String,
    hint: String,
}

impl RuleViolation {
    /// The violation, or a warning if the existing Job violates the rule too.
    fn at(self, mut holder: FieldPath, was_wrong: bool) -> Violation {
        holder.push(Segment::Key(self.field.into()));
        let violation = Violation::new(self.code, holder, self.message).with_hint(self.hint);
        if was_wrong { violation.into_warning() } else { violation }
    }
}

/// Volcano counts replicas in an int32.
fn replicas_range(task: &TaskNumbers) -> Option<RuleViolation> {
    let replicas = task.replicas?;
    let found = replicas.into();
    let most = i64::from(i32::MAX);
    let (kind, hint) = match replicas {
        ..0 => {
            let kind = SchemaViolationKind::Below { least: 0.into(), found };
            (kind, "set it to 0 or more".to_owned())
        }
        _ if replicas > most => {
            let kind = SchemaViolationKind::Above { most: most.into(), found };
            (kind, format!("set it to {most} or less"))
        }
        _ => return None,
    };
    let (code, message) = (ViolationCode::InvalidValue, kind.to_string());
    Some(RuleViolation { code, field: "replicas", message, hint })
}

fn replicas_below_min_available(task: &TaskNumbers) -> Option<RuleViolation> {
    let (replicas, least) = (task.replicas?, task.min_available?);
    (replicas < least).then(|| RuleViolation {
        code: ViolationCode::ReplicasBelowMinAvailable,
        field: "replicas",
        message: format!(
            "must be at least {least}, the minAvailable of the task, but is {replicas}"
        ),
        hint: format!("set replicas to {least} or more"),
    })
}

fn partition_mismatch(task: &TaskNumbers) -> Option<RuleViolation> {
    let (partitions, size) = task.partitions?;
    let (replicas, wanted) = (task.replicas?, partitions.checked_mul(size)?);
    (replicas != wanted).then(|| RuleViolation {
        code: ViolationCode::PartitionMismatch,
        field: "replicas",
        message: format!(
            "must be {wanted}, the product of totalPartitions ({partitions}) and partitionSize \
             ({size}), but is {replicas}"
        ),
        hint: format!("set replicas to {wanted}"),
    })
}

fn min_available_above_total(update: &Update<'_, '_, '_>, violations: &mut Vec<Violation>) {
    let Some(violation) = total_violation(update.replacement) else { return };
    let spec = [Segment::Key("spec".into())].into_iter().collect();
    let was_wrong = total_violation(update.existing).is_some();
    violations.push(violation.at(spec, was_wrong));
}

fn total_violation(job: &Job<'_>) -> Option<RuleViolation> {
    // 0 is the same as absent.
    let least = job.spec_field("minAvailable")?.as_integer().filter(|least| *least != 0)?;
    let total = job.total_replicas()?;
    (least > total).then(|| RuleViolation {
        code: ViolationCode::MinAvailableAboveTotal,
        field: "minAvailable",
        message: format!(
            "must be at most {total}, the sum of the replicas of all tasks, but is {least}"
        ),
        hint: format!("raise the replicas of the tasks to a sum of {least} or more"),
    })
}

/// A name may occur as often as it did in the existing Job, and once in any case.
fn duplicate_task_names(update: &Update<'_, '_, '_>, violations: &mut Vec<Violation>) {
    let mut before: HashMap<_, usize> = HashMap::new();
    for (position, task) in update.existing.tasks().enumerate() {
        let times = before.entry(task.effective_name(position)).or_default();
        *times += 1;
    }
    let mut places: BTreeMap<_, Vec<usize>> = BTreeMap::new();
    for (position, task) in update.replacement.tasks().enumerate() {
        places.entry(task.effective_name(position)).or_default().push(position);
    }
    for (name, positions) in places {
        let was_wrong = before.get(&name).is_some_and(|times| *times >= positions.len());
        let Some((first, others)) = positions.split_first() else { continue };
        violations.extend(others.iter().map(|position| {
            let message = format!("{} has the same name", task_path(*first));
            let hint = "give each task a name of its own".to_owned();
            RuleViolation { code: ViolationCode::DuplicateTaskName, field: "name", message, hint }
                .at(task_path(*position), was_wrong)
        }));
    }
}
