//! Cross-field rules for the replacement. A rule is checked only if the update touches one of its
//! fields.
//!
//! If the existing Job violates the rule too, the violation becomes a warning: an update is not
//! denied for what it did not break. Values that are not integers are left to the schema.
//!
//! If the policy restores dropped defaults, the rules compare the restored values, because those are
//! stored.
//!
//! A violation that ends when the changes are taken back that the policy denies is not reported: it
//! follows from those.

use std::collections::{BTreeMap, HashMap};

use super::scaling::{self, Pods, Scope};
use super::{Violation, ViolationCode};
use crate::diff::{Difference, FieldDiff, JobField, Verdict, task_path};
use crate::job::{Field, Job, Node, Task};
use crate::path::{FieldPath, Segment};
use crate::policy::{Check, DroppedDefaults, UpdatePolicy, is_dropped_default};
use crate::scalar::number;
use crate::schema::{JobSchema, SchemaViolationKind};

type TaskRule = fn(&TaskNumbers) -> Option<RuleViolation>;
type JobRule = fn(&Update<'_, '_, '_>, &mut Vec<Violation>);
type IsTouched = fn(&Touched) -> bool;

/// The rules for a single task, each with the fields that it depends on.
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

/// The rules across all tasks, each with the condition under which it is checked.
const JOB_RULES: [(Check, IsTouched, JobRule); 2] = [
    (Check::MinAvailableAboveTotal, |touched| touched.total, min_available_above_total),
    (Check::DuplicateTaskName, |touched| touched.names, duplicate_task_names),
];

/// The fields of rules that the update touches.
#[derive(Debug, Default)]
pub(super) struct Touched {
    task_fields: Vec<TouchedTaskField>,
    /// Whether the Job's minAvailable or the replicas of any task are touched.
    total: bool,
    min_available: Fate,
    /// What the sum of all replicas gains when the denied changes are taken back.
    denied_replicas: i64,
    /// Whether the name of any task is touched.
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
    fate: Fate,
}

/// What becomes of the change of a field.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Fate {
    #[default]
    Stored,
    /// The field is dropped, and will be restored.
    Restored,
    Denied,
}

impl Fate {
    fn of(diff: &FieldDiff<'_>, existing: &Job<'_>, policy: &UpdatePolicy) -> Self {
        let mut differences = diff.differences.iter();
        if differences.clone().any(|(_, verdict)| *verdict == Verdict::Denied) {
            return Self::Denied;
        }
        let is_dropped = |(difference, _): &(Difference<'_>, _)| {
            is_dropped_default(diff.field, difference, existing)
        };
        let is_restored =
            policy.dropped_defaults() == DroppedDefaults::Restore && differences.any(is_dropped);
        if is_restored { Self::Restored } else { Self::Stored }
    }
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
    /// Adds a field that differs. The order of calls does not matter.
    pub(super) fn add(&mut self, diff: &FieldDiff<'_>, existing: &Job<'_>, policy: &UpdatePolicy) {
        let fate = || Fate::of(diff, existing, policy);
        match diff.field {
            JobField::Spec("minAvailable") => {
                (self.total, self.min_available) = (true, fate());
            }
            JobField::RemovedTask(_) => {
                self.total = true;
                if fate() == Fate::Denied {
                    self.take_back(diff.existing.and_then(|task| task.get("replicas")), None);
                }
            }
            JobField::Task { existing, replacement, name } => {
                self.total |= name == "replicas";
                self.names |= name == "name";
                let field = match name {
                    "replicas" => TaskField::Replicas,
                    "minAvailable" => TaskField::MinAvailable,
                    "partitionPolicy" => TaskField::PartitionPolicy,
                    _ => return,
                };
                let fate = fate();
                if (field, fate) == (TaskField::Replicas, Fate::Denied) {
                    self.take_back(diff.existing, diff.replacement);
                }
                self.task_fields.push(TouchedTaskField {
                    replacement,
                    existing: Some(existing),
                    field,
                    fate,
                });
            }
            JobField::AddedTask(replacement) => {
                let fate = fate();
                if fate == Fate::Denied {
                    self.take_back(None, diff.replacement.and_then(|task| task.get("replicas")));
                }
                let touched = |field| TouchedTaskField { replacement, existing: None, field, fate };
                self.task_fields.extend(TaskField::ALL.map(touched));
                (self.total, self.names) = (true, true);
            }
            // Each field of a task that became `null` is added on its own.
            JobField::NullTask { .. }
            | JobField::Top(_)
            | JobField::Metadata(_)
            | JobField::Spec(_)
            | JobField::TaskOrder => {}
        }
    }

    /// Counts replicas that are as before when a denied change is taken back.
    fn take_back(&mut self, before: Option<Node<'_>>, after: Option<Node<'_>>) {
        let replicas = |node: Option<Node<'_>>| node.and_then(Node::as_integer).unwrap_or(0);
        let gain = replicas(before).saturating_sub(replicas(after));
        self.denied_replicas = self.denied_replicas.saturating_add(gain);
    }
}

/// The violations and warnings of the rules that the policy checks.
pub(super) fn check(
    existing: &Job<'_>,
    replacement: &Job<'_>,
    mut touched: Touched,
    schema: &JobSchema,
    policy: &UpdatePolicy,
) -> Vec<Violation> {
    touched.task_fields.sort_unstable_by_key(|touched| touched.replacement);
    let touched = &touched;
    let is_restored = touched.min_available == Fate::Restored;
    let stored = if is_restored { existing } else { replacement };
    let min_available = stored.spec_field("minAvailable");
    let update = Update { existing, replacement, schema, policy, touched, min_available };
    let mut violations = Vec::new();
    for fields in touched.task_fields.chunk_by(|a, b| a.replacement == b.replacement) {
        update.check_task(fields, &mut violations);
    }
    for (check, is_touched, rule) in JOB_RULES {
        if is_touched(touched) && policy.checks(check) {
            rule(&update, &mut violations);
        }
    }
    violations
}

struct Update<'u, 'e, 'r> {
    existing: &'u Job<'e>,
    replacement: &'u Job<'r>,
    schema: &'u JobSchema,
    policy: &'u UpdatePolicy,
    touched: &'u Touched,
    /// The Job's minAvailable that will be stored.
    min_available: Option<Field<'u>>,
}

impl Update<'_, '_, '_> {
    /// Checks the rules for a single task. `fields` are its touched fields.
    fn check_task(&self, fields: &[TouchedTaskField], violations: &mut Vec<Violation>) {
        let policy = self.policy;
        let Some(first) = fields.first() else { return };
        let Some(task) = self.replacement.task(first.replacement) else { return };
        // Few updates need it.
        let existing = || Some(TaskNumbers::of(&self.existing.task(first.existing?)?));
        let mut numbers = TaskNumbers::of(&task);
        let is_restored = |touched: &TouchedTaskField| {
            touched.fate == Fate::Restored && touched.field == TaskField::MinAvailable
        };
        if fields.iter().any(is_restored) {
            numbers.min_available = existing().and_then(|task| task.min_available);
        }
        for (check, compared, rule) in TASK_RULES {
            if !fields.iter().any(|touched| compared.contains(&touched.field))
                || !policy.checks(check)
            {
                continue;
            }
            let Some(mut violation) = rule(&numbers) else { continue };
            if check == Check::ReplicasRange
                && policy.checks(Check::Schema)
                && self.schema_denies(numbers.replicas)
            {
                continue;
            }
            let existing = existing();
            let is_denied = |touched: &&TouchedTaskField| {
                touched.fate == Fate::Denied && compared.contains(&touched.field)
            };
            let mut denied = fields.iter().filter(is_denied).peekable();
            if denied.peek().is_some()
                && existing.is_none_or(|existing| rule(&numbers.with(denied, existing)).is_none())
            {
                continue;
            }
            let existing_violates = existing.as_ref().is_some_and(|task| rule(task).is_some());
            violation.hint = violation.hint.or_else(|| {
                let (scope, before) = (Scope::Task(first.replacement), existing.map(Into::into));
                scaling::below_min_available(policy, scope, before, numbers.into())
            });
            violations
                .push(violation.into_violation(task_path(first.replacement), existing_violates));
        }
    }

    /// Whether the schema denies this number of replicas too, so that it need not be reported twice.
    fn schema_denies(&self, replicas: Option<i64>) -> bool {
        let path = task_path(0);
        let task = self.schema.structural().at(path.segments());
        let text = replicas.map(|replicas| replicas.to_string());
        let denies = |text: &str| {
            task.child("replicas").is_some_and(|schema| !schema.accepts(Node::of_scalar(text)))
        };
        text.as_deref().is_some_and(denies)
    }
}

/// The numbers of a task that the rules compare. `None` if absent or not an integer.
#[derive(Clone, Copy)]
struct TaskNumbers {
    /// 0 if absent, as in Volcano.
    replicas: Option<i64>,
    min_available: Option<i64>,
    /// `totalPartitions` and `partitionSize` of the partitionPolicy.
    partitions: Option<(i64, i64)>,
}

impl TaskNumbers {
    fn of(task: &Task<'_, '_>) -> Self {
        let mut numbers = Self { replicas: Some(0), min_available: None, partitions: None };
        for entry in task.fields {
            let field = entry.field();
            // The key is compared first, because most fields have another.
            let is_set = |key| entry.is(key) && !field.is_null();
            if is_set("replicas") {
                numbers.replicas = field.as_integer();
            } else if is_set("minAvailable") {
                numbers.min_available = field.as_integer();
            } else if is_set("partitionPolicy") {
                numbers.partitions = partitions(field);
            }
        }
        numbers
    }

    /// These numbers with some fields as in the existing task.
    fn with<'t>(
        mut self,
        fields: impl Iterator<Item = &'t TouchedTaskField>,
        existing: Self,
    ) -> Self {
        for touched in fields {
            match touched.field {
                TaskField::Replicas => self.replicas = existing.replicas,
                TaskField::MinAvailable => self.min_available = existing.min_available,
                TaskField::PartitionPolicy => self.partitions = existing.partitions,
            }
        }
        self
    }
}

impl From<TaskNumbers> for Pods {
    fn from(TaskNumbers { replicas, min_available, .. }: TaskNumbers) -> Self {
        Self { replicas, min_available }
    }
}

fn partitions(policy: Field<'_>) -> Option<(i64, i64)> {
    let policy = policy.to_value()?;
    let policy = policy.as_object()?;
    let number = |name| number::integer_or_zero(policy.get(name));
    Some((number("totalPartitions")?, number("partitionSize")?))
}

/// The violation of a rule by a task or Job.
struct RuleViolation {
    code: ViolationCode,
    /// The field of the task or of `spec` on which the violation is reported.
    field: &'static str,
    message: String,
    /// `None` if it depends on the policy, see [`scaling::below_min_available`].
    hint: Option<String>,
}

impl RuleViolation {
    /// Returns the violation, or a warning if the existing Job violates the rule too.
    fn into_violation(self, mut parent: FieldPath, existing_violates: bool) -> Violation {
        parent.push(Segment::Key(self.field.into()));
        let mut violation = Violation::new(self.code, parent, self.message);
        if let Some(hint) = self.hint {
            violation.set_hint(hint);
        }
        if existing_violates { violation.into_warning() } else { violation }
    }
}

/// Volcano stores replicas in an int32.
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
    Some(RuleViolation { code, field: "replicas", message, hint: Some(hint) })
}

fn replicas_below_min_available(task: &TaskNumbers) -> Option<RuleViolation> {
    let (replicas, least) = (task.replicas?, task.min_available?);
    (replicas < least).then(|| RuleViolation {
        code: ViolationCode::ReplicasBelowMinAvailable,
        field: "replicas",
        message: format!(
            "must be at least {least}, the minAvailable of the task, but is {replicas}"
        ),
        hint: None,
    })
}

fn partition_mismatch(task: &TaskNumbers) -> Option<RuleViolation> {
    let (partitions, size) = task.partitions?;
    let (replicas, required) = (task.replicas?, partitions.checked_mul(size)?);
    (replicas != required).then(|| RuleViolation {
        code: ViolationCode::PartitionMismatch,
        field: "replicas",
        message: format!(
            "must be {required}, the product of totalPartitions ({partitions}) and partitionSize \
             ({size}), but is {replicas}"
        ),
        hint: Some(format!("set replicas to {required}")),
    })
}

fn min_available_above_total(update: &Update<'_, '_, '_>, violations: &mut Vec<Violation>) {
    let (existing, min_available, touched) =
        (update.existing, update.min_available, update.touched);
    let Some(total) = update.replacement.total_replicas() else { return };
    let Some(mut violation) = total_violation(total, min_available) else { return };
    let spec = [Segment::Key("spec".into())].into_iter().collect();
    let existing_min = existing.spec_field("minAvailable");
    let is_denied = touched.min_available == Fate::Denied;
    if is_denied || touched.denied_replicas != 0 {
        let least = if is_denied { existing_min } else { min_available };
        // The hint to take minAvailable back can say what to do about the replicas too.
        let is_told = || {
            let field = JobField::Spec("minAvailable");
            let (existing, replacement) = (update.existing, update.replacement);
            scaling::besides_restoring(update.policy, field, existing, replacement).is_some()
        };
        if total_violation(total.saturating_add(touched.denied_replicas), least).is_none()
            || (is_denied && is_told())
        {
            return;
        }
    }
    let existing_total = existing.total_replicas();
    let existing_violates =
        existing_total.is_some_and(|total| total_violation(total, existing_min).is_some());
    let stored = Pods::of_job(update.replacement, min_available);
    let before = Pods::of_job(existing, existing_min);
    violation.hint = violation
        .hint
        .or_else(|| scaling::below_min_available(update.policy, Scope::Job, Some(before), stored));
    violations.push(violation.into_violation(spec, existing_violates));
}

fn total_violation(total: i64, min_available: Option<Field<'_>>) -> Option<RuleViolation> {
    let least = scaling::nonzero_min_available(min_available?)?;
    (least > total).then(|| RuleViolation {
        code: ViolationCode::MinAvailableAboveTotal,
        field: "minAvailable",
        message: format!(
            "must be at most {total}, the sum of the replicas of all tasks, but is {least}"
        ),
        hint: None,
    })
}

/// A name may occur once, or as often as in the existing Job.
fn duplicate_task_names(update: &Update<'_, '_, '_>, violations: &mut Vec<Violation>) {
    let mut existing_counts: HashMap<_, usize> = HashMap::new();
    for (position, task) in update.existing.tasks().enumerate() {
        let count = existing_counts.entry(task.effective_name(position)).or_default();
        *count += 1;
    }
    let mut positions_by_name: BTreeMap<_, Vec<usize>> = BTreeMap::new();
    for (position, task) in update.replacement.tasks().enumerate() {
        positions_by_name.entry(task.effective_name(position)).or_default().push(position);
    }
    for (name, positions) in positions_by_name {
        let existing_violates =
            existing_counts.get(&name).is_some_and(|count| *count >= positions.len());
        let Some((first, others)) = positions.split_first() else { continue };
        violations.extend(others.iter().map(|position| {
            let message = format!("{} has the same name", task_path(*first));
            let hint = Some("give each task a name of its own".to_owned());
            RuleViolation { code: ViolationCode::DuplicateTaskName, field: "name", message, hint }
                .into_violation(task_path(*position), existing_violates)
        }));
    }
}
