//! Rules across fields, on the replacement, where the update touched one of the fields of the rule.
//!
//! What was already wrong in the existing Job is a warning: an update is not denied for a violation
//! that it did not make. Values that are no numbers are left to the schema.

use std::collections::{BTreeMap, HashMap};

use super::{Violation, ViolationCode};
use crate::diff::{ChangeKind, Difference};
use crate::job::{Field, Job, Task};
use crate::path::{FieldPath, Segment, Step};
use crate::policy::{Check, UpdatePolicy};
use crate::scalar::number;
use crate::schema::SchemaViolationKind;

/// An update, as the rules look at it.
struct Update<'u, 'e, 'r> {
    existing: &'u Job<'e>,
    replacement: &'u Job<'r>,
}

/// Whether a rule looks at what was touched.
type Concerns<T> = fn(&T) -> bool;
type TaskRule = fn(&TaskNumbers) -> Option<RuleViolation>;
type JobRule = fn(&Update<'_, '_, '_>, &mut Vec<Violation>);

/// The rules for one task.
const TASK_RULES: [(Check, Concerns<TouchedTask>, TaskRule); 3] = [
    (Check::ReplicasRange, |touched| touched.replicas, replicas_range),
    (
        Check::ReplicasBelowMinAvailable,
        |touched| touched.replicas || touched.min_available,
        replicas_below_min_available,
    ),
    (
        Check::PartitionMismatch,
        |touched| touched.replicas || touched.partition_policy,
        partition_mismatch,
    ),
];

/// The rules for all tasks together, likewise.
const JOB_RULES: [(Check, Concerns<Touched>, JobRule); 2] = [
    (Check::MinAvailableAboveTotal, |touched| touched.total, min_available_above_total),
    (Check::DuplicateTaskName, |touched| touched.names, duplicate_task_names),
];

/// Applies the rules of a policy. Violations are errors; what the update did not make wrong is a
/// warning.
pub(crate) fn check(
    existing: &Job<'_>,
    replacement: &Job<'_>,
    touched: &Touched,
    policy: &UpdatePolicy,
) -> Vec<Violation> {
    let update = Update { existing, replacement };
    let mut violations = Vec::new();
    for task in &touched.tasks {
        update.check_task(task, policy, &mut violations);
    }
    for (check, concerns, rule) in JOB_RULES {
        if concerns(touched) && policy.checks(check) {
            rule(&update, &mut violations);
        }
    }
    violations
}

/// Which of the fields that rules look at the update touched.
#[derive(Debug, Default)]
pub(crate) struct Touched {
    tasks: Vec<TouchedTask>,
    /// The Job's minAvailable, or what the sum of all replicas is made of.
    total: bool,
    names: bool,
}

#[derive(Debug, Default)]
struct TouchedTask {
    /// The position in the replacement.
    position: usize,
    /// The position in the existing Job, if the task was there.
    old_position: Option<usize>,
    replicas: bool,
    min_available: bool,
    partition_policy: bool,
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
                self.tasks.push(TouchedTask {
                    position: replacement,
                    old_position: None,
                    replicas: true,
                    min_available: true,
                    partition_policy: true,
                });
                (self.total, self.names) = (true, true);
            }
            (None, _) => self.total = true,
            (Some(Step::Key("name")), _) => self.names = true,
            (Some(Step::Key("replicas")), _) => {
                self.total = true;
                self.touch(existing, replacement, |task| task.replicas = true);
            }
            (Some(Step::Key("minAvailable")), _) => {
                self.touch(existing, replacement, |task| task.min_available = true);
            }
            (Some(Step::Key("partitionPolicy")), _) => {
                self.touch(existing, replacement, |task| task.partition_policy = true);
            }
            (Some(_), _) => {}
        }
    }

    fn touch(&mut self, existing: usize, replacement: usize, field: fn(&mut TouchedTask)) {
        // The walk tells all of a task at one go.
        if let Some(task) = self.tasks.last_mut().filter(|task| task.position == replacement) {
            return field(task);
        }
        let mut task = TouchedTask {
            position: replacement,
            old_position: Some(existing),
            ..TouchedTask::default()
        };
        field(&mut task);
        self.tasks.push(task);
    }
}

impl Update<'_, '_, '_> {
    fn check_task(
        &self,
        touched: &TouchedTask,
        policy: &UpdatePolicy,
        violations: &mut Vec<Violation>,
    ) {
        let Some(task) = self.replacement.task(touched.position) else { return };
        let numbers = TaskNumbers::of(&task);
        for (check, concerns, rule) in TASK_RULES {
            if !concerns(touched) || !policy.checks(check) {
                continue;
            }
            let Some(violation) = rule(&numbers) else { continue };
            let old = touched.old_position.and_then(|position| self.existing.task(position));
            let was_wrong = old.is_some_and(|task| rule(&TaskNumbers::of(&task)).is_some());
            violations.push(violation.found_at(task_path(touched.position), was_wrong));
        }
    }
}

/// What the rules look at in a task. `None`: no number, or not there.
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
    field: &'static str,
    message: String,
    hint: String,
}

impl RuleViolation {
    fn found_at(self, mut path: FieldPath, was_wrong: bool) -> Violation {
        path.push(Segment::Key(self.field.into()));
        let violation = Violation::found(self.code, path, self.message).with_hint(self.hint);
        if was_wrong { violation.into_warning() } else { violation }
    }
}

/// Volcano counts replicas in an int32.
fn replicas_range(task: &TaskNumbers) -> Option<RuleViolation> {
    let replicas = task.replicas?;
    let found = replicas.into();
    let most = i64::from(i32::MAX);
    let failure = match replicas {
        ..0 => SchemaViolationKind::Below { least: 0.into(), found },
        _ if replicas > most => SchemaViolationKind::Above { most: most.into(), found },
        _ => return None,
    };
    let (message, hint) = (failure.to_string(), failure.hint().unwrap_or_default());
    Some(RuleViolation { code: ViolationCode::InvalidValue, field: "replicas", message, hint })
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
    violations.push(violation.found_at(spec, was_wrong));
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
        *times = times.saturating_add(1);
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
                .found_at(task_path(*position), was_wrong)
        }));
    }
}

fn task_path(position: usize) -> FieldPath {
    [Segment::Key("spec".into()), Segment::Key("tasks".into()), Segment::Index(position)]
        .into_iter()
        .collect()
}
