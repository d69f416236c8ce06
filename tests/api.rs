//! The public API besides the verdicts: auto traits, sizes and serde forms.

use std::error::Error;
use std::fmt::{Debug, Display};
use std::hash::Hash;
use std::mem::size_of;
use std::str::FromStr;

use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::json;
use volcano_job_update::status::{CauseType, GroupKind, Status, StatusCause, StatusCodes};
use volcano_job_update::{
    Change, ChangeKind, Changes, DroppedDefaults, FieldPath, FieldPattern, Job, JobError,
    JobErrorKind, Limits, MergePatchError, ParsePathError, PatternSegment, Review, ReviewError,
    Segment, Severity, UnknownNameError, UpdateError, UpdatePolicy, Validator, Verdict, Violation,
    ViolationCode, Violations, validate_update, validate_update_bytes,
};

fn is_shared<T: Send + Sync>() {}
fn is_owned<T: Send + Sync + Debug + Clone + 'static>() {}
fn is_error<T: Error + Send + Sync + Clone + PartialEq + 'static>() {}
fn is_plain<T: Copy + Eq + Hash + Debug + Send + Sync + 'static>() {}
fn is_data<T: Serialize + DeserializeOwned + Clone + Eq + Debug>() {}

#[test]
fn borrowed_types_are_send_and_sync() {
    is_shared::<volcano_job_update::admission::AdmissionReview<'static>>();
    is_shared::<Job<'_>>();
}

#[test]
fn results_are_owned_and_clone() {
    is_owned::<volcano_job_update::admission::Response>();
    is_owned::<Change>();
    is_owned::<Changes>();
    is_owned::<FieldPath>();
    is_owned::<FieldPattern>();
    is_owned::<Limits>();
    is_owned::<Review>();
    is_owned::<Segment>();
    is_owned::<UpdatePolicy>();
    is_owned::<Validator>();
    is_owned::<Violation>();
    is_owned::<Violations>();
}

#[test]
fn enums_are_copy_eq_and_hash() {
    is_plain::<ChangeKind>();
    is_plain::<ViolationCode>();
    is_plain::<DroppedDefaults>();
    is_plain::<JobErrorKind>();
    is_plain::<Severity>();
    is_plain::<Verdict>();
}

#[test]
fn errors_implement_error() {
    is_error::<volcano_job_update::admission::RequestError>();
    is_error::<JobError>();
    is_error::<MergePatchError>();
    is_error::<UnknownNameError>();
    is_error::<ParsePathError>();
    is_error::<ReviewError>();
    is_error::<UpdateError>();
    is_error::<Violations>();
}

#[test]
fn configuration_implements_serde() {
    is_data::<DroppedDefaults>();
    is_data::<FieldPattern>();
    is_data::<Limits>();
    is_data::<UpdatePolicy>();
}

/// The size of an `Err` is paid on the path without an error, too. Clippy's bound is 128 bytes.
#[test]
fn errors_are_small() {
    assert_eq!(size_of::<JobError>(), size_of::<usize>());
    assert_eq!(size_of::<Violation>(), size_of::<usize>());
    assert!(size_of::<Result<(), Violations>>() <= 4 * size_of::<usize>());
    assert!(size_of::<Result<(), UpdateError>>() <= 5 * size_of::<usize>());
    assert!(size_of::<Result<(), ReviewError>>() <= 2 * size_of::<usize>());
    // A review may contain thousands of these.
    assert!(size_of::<Segment>() <= 3 * size_of::<usize>());
}

const EXISTING: &str = r#"{"apiVersion": "batch.volcano.sh/v1alpha1", "kind": "Job",
    "metadata": {"name": "a", "labels": {"example.com/a": "b"}},
    "spec": {"queue": "research", "tasks": [{"name": "one", "replicas": 1, "maxRetry": 3}]}}"#;
const REPLACEMENT: &str = r#"{"apiVersion": "batch.volcano.sh/v1alpha1", "kind": "Job",
    "metadata": {"name": "a"},
    "spec": {"queue": "other", "tasks": [{"name": "one", "replicas": 2}]}}"#;

#[expect(clippy::unwrap_used, reason = "these Jobs can be read")]
fn jobs() -> (Job<'static>, Job<'static>) {
    (Job::from_str(EXISTING).unwrap(), Job::from_str(REPLACEMENT).unwrap())
}

#[test]
fn violation_serializes_without_values() {
    let (existing, replacement) = jobs();
    let Err(UpdateError::Denied(violations)) = validate_update(&existing, &replacement) else {
        panic!("the update must be denied");
    };
    let hint = violations[0].hint().unwrap();
    let expected = json!([
        {
            "code": "immutable-field",
            "path": "spec.queue",
            "pointer": "/spec/queue",
            "message": "the value was changed: field is immutable",
            "hint": hint,
        },
        {
            "code": "dropped-default",
            "path": "spec.tasks[0].maxRetry",
            "pointer": "/spec/tasks/0/maxRetry",
            "message": "the field was filled in at creation and must not be dropped",
            "hint": "add \"maxRetry\": 3",
        },
    ]);
    assert_eq!(serde_json::to_value(&*violations).unwrap(), expected);
}

#[test]
fn accessors_give_the_values() {
    let (existing, replacement) = jobs();
    let review = Validator::default().review(&existing, &replacement).unwrap();
    let violations = review.violations().unwrap();
    let values: Vec<_> = violations.iter().map(|found| (found.before(), found.after())).collect();
    let (research, other, three) = (json!("research"), json!("other"), json!(3));
    assert_eq!(values, [(Some(&research), Some(&other)), (Some(&three), None)]);
    assert!(violations.iter().all(|found| found.severity() == Severity::Error));

    let changes: Vec<_> = review
        .changes()
        .iter()
        .map(|change| (change.path().to_pointer(), change.kind(), change.verdict()))
        .collect();
    let expected = [
        ("/metadata/labels/example.com~1a", ChangeKind::Removed, Verdict::Allowed),
        ("/spec/queue", ChangeKind::Replaced, Verdict::Denied),
        ("/spec/tasks/0/maxRetry", ChangeKind::Removed, Verdict::Denied),
        ("/spec/tasks/0/replicas", ChangeKind::Replaced, Verdict::Allowed),
    ]
    .map(|(pointer, kind, verdict)| (pointer.to_owned(), kind, verdict));
    assert_eq!(changes, expected);
    assert_eq!(review.changes()[3].before(), Some(&json!(1)));
    assert_eq!(review.changes()[3].after(), Some(&json!(2)));
    let allowed = review.changes().with_verdict(Verdict::Allowed);
    assert!(allowed.iter().all(|change| change.verdict() == Verdict::Allowed));
    assert_eq!(allowed.into_iter().count(), 2);
    assert_eq!((violations.into_iter().count(), review.changes().into_iter().count()), (2, 4));
}

#[test]
fn debug_shows_no_values() {
    let (existing, replacement) = jobs();
    let review = Validator::default().review(&existing, &replacement).unwrap();
    let change = "spec.queue replaced (denied)";
    assert_eq!(format!("{:?}", review.changes()[1]), change);
    let violation = format!("{:?}", review.violations().unwrap()[0]);
    assert!(violation.starts_with("Error[immutable-field] spec.queue: "), "{violation}");
    assert!(!violation.contains("research"), "{violation}");
    let pattern: FieldPattern = "spec.tasks[*]".parse().unwrap();
    assert_eq!(format!("{pattern} {pattern:?}"), "spec.tasks[*] FieldPattern(spec.tasks[*])");
}

#[test]
fn results_do_not_borrow_from_the_texts() {
    let review = {
        let (existing, replacement) = (EXISTING.to_owned(), REPLACEMENT.to_owned());
        let validator = Validator::new(UpdatePolicy::documented().with_name("ours"));
        validator.review_bytes(existing.as_bytes(), replacement.as_bytes()).unwrap()
    };
    assert_eq!(review.violations().unwrap().len(), 2);
    assert_eq!(review.policy().name(), "ours");
}

#[test]
fn display_and_serialize_agree() {
    assert_same_spelling(&[ChangeKind::Added, ChangeKind::Removed], &["added", "removed"]);
    assert_same_spelling(&[ChangeKind::Replaced, ChangeKind::Moved], &["replaced", "moved"]);
    assert_same_spelling(&[Verdict::Allowed, Verdict::Ignored], &["allowed", "ignored"]);
    assert_same_spelling(&[Verdict::Denied], &["denied"]);
    let codes: Vec<ViolationCode> = ViolationCode::all().collect();
    let names: Vec<&str> = ViolationCode::all().map(ViolationCode::as_str).collect();
    assert_same_spelling(&codes, &names);
    assert_eq!(serde_json::to_value(Severity::Warning).unwrap(), "warning");
}

#[test]
fn texts_are_validated_like_jobs() {
    let (existing, replacement) = (EXISTING.as_bytes(), REPLACEMENT.as_bytes());
    let denied = validate_update(&jobs().0, &jobs().1);
    assert!(matches!(&denied, Err(UpdateError::Denied(violations)) if violations.len() == 2));
    assert_eq!(validate_update_bytes(existing, replacement), denied);
    let validator = Validator::default();
    assert_eq!(validator.validate_update_bytes(existing, replacement), denied);
    assert_eq!(validator.validate_update_bytes(existing, existing), Ok(()));
    let unreadable = validator.validate_update_bytes(b"{", replacement);
    assert!(matches!(unreadable, Err(UpdateError::Review(ReviewError::Existing(_)))));
}

/// Values are displayed and serialized as these names.
#[track_caller]
fn assert_same_spelling<T: Display + Serialize>(values: &[T], names: &[&str]) {
    let shown: Vec<String> = values.iter().map(ToString::to_string).collect();
    assert_eq!(shown, names);
    assert_eq!(json!(values), json!(names));
}

#[test]
fn codes_map_to_kubernetes_causes() {
    let forbidden = [
        ViolationCode::ImmutableField,
        ViolationCode::UnknownField,
        ViolationCode::TaskAdded,
        ViolationCode::TaskRemoved,
        ViolationCode::TasksReordered,
        ViolationCode::VolcanoWebhook,
    ];
    for code in ViolationCode::all() {
        let cause = match code {
            ViolationCode::DroppedDefault => "FieldValueRequired",
            ViolationCode::DuplicateTaskName => "FieldValueDuplicate",
            code if forbidden.contains(&code) => "FieldValueForbidden",
            _ => "FieldValueInvalid",
        };
        assert_eq!(code.cause().as_str(), cause, "{code}");
    }
}

#[test]
fn null_task_is_the_same_from_text_and_value() {
    let job = json!({"apiVersion": "batch.volcano.sh/v1alpha1", "kind": "Job",
        "metadata": {"name": "a"}, "spec": {"tasks": [null]}});
    let text = job.to_string();
    let read = [Job::from_slice(text.as_bytes()).unwrap(), Job::from_value(&job).unwrap()];
    for (existing, replacement) in [(0, 1), (1, 0)] {
        let review = Validator::default().review(&read[existing], &read[replacement]).unwrap();
        assert!(review.is_allowed(), "{:?}", review.violations());
    }
}

#[test]
fn paths_are_joined_and_have_parents() {
    let tasks: FieldPath = "spec.tasks".parse().unwrap();
    let replicas = tasks.join(1).join("replicas");
    assert_eq!(replicas.to_string(), "spec.tasks[1].replicas");
    assert_eq!(tasks.join("a.b[0]").to_string(), "spec.tasks[\"a.b[0]\"]");
    assert_eq!(replicas.parent().unwrap().parent(), Some(tasks.clone()));
    assert_eq!(tasks.parent().unwrap().parent(), Some(FieldPath::default()));
    assert_eq!(FieldPath::default().parent(), None);
}

#[test]
fn prefixes_are_compared_by_segment() {
    let path: FieldPath = "spec.tasks[1].replicas".parse().unwrap();
    for (prefix, is_prefix) in [
        ("", true),
        ("spec.tasks", true),
        ("spec.tasks[1].replicas", true),
        ("spec.task", false),
        ("spec.tasks[10]", false),
        ("spec.tasks[\"1\"]", false),
        ("spec.tasks[1].replicas.x", false),
    ] {
        assert_eq!(path.starts_with(&prefix.parse().unwrap()), is_prefix, "{prefix}");
    }
}

#[test]
fn pattern_segments_tell_wildcards_from_keys() {
    let pattern: FieldPattern = "m[*][\"*\"]".parse().unwrap();
    let key = |key: &str| PatternSegment::Key(key.into());
    assert_eq!(pattern.segments(), [key("m"), PatternSegment::Any, key("*")]);
}

#[test]
fn paths_and_patterns_round_trip_through_json() {
    let path: FieldPath = "metadata.labels[a/b]".parse().unwrap();
    assert_eq!(json!(path), json!("metadata.labels[a/b]"));
    assert_eq!(serde_json::from_value::<FieldPath>(json!(path)).unwrap(), path);
    let pattern: FieldPattern = "spec.tasks[*]".parse().unwrap();
    assert_eq!(serde_json::from_value::<FieldPattern>(json!(pattern)).unwrap(), pattern);
    let error = serde_json::from_value::<FieldPath>(json!("spec..queue")).unwrap_err();
    assert_eq!(error.to_string(), "path `spec..queue`: a field name must not be empty at byte 4");
}

/// Whether every value has a spelling of its own, which `Display`, `FromStr` and serde share.
#[track_caller]
#[expect(clippy::unwrap_used, reason = "a panic here is a failed test")]
fn assert_spellings<T, E>(values: impl Iterator<Item = T>, spellings: &[&str], unknown: &str)
where
    T: Copy + PartialEq + Debug + Display + FromStr<Err = E> + Serialize + DeserializeOwned,
    E: Error,
{
    let values: Vec<T> = values.collect();
    let shown: Vec<String> = values.iter().map(ToString::to_string).collect();
    assert_eq!(shown, spellings);
    assert_eq!(json!(values), json!(spellings));
    assert_eq!(serde_json::from_value::<Vec<T>>(json!(spellings)).unwrap(), values);
    for (spelling, value) in spellings.iter().zip(values) {
        assert_eq!(spelling.parse::<T>().unwrap(), value);
    }
    for other in ["", "Allowed", " plain"] {
        assert_eq!(other.parse::<T>().unwrap_err().to_string(), format!("{unknown} `{other}`"));
        let error = serde_json::from_value::<T>(json!(other)).unwrap_err().to_string();
        assert!(error.starts_with(&format!("unknown variant `{other}`, expected")), "{error}");
    }
}

#[test]
fn enums_have_one_spelling_in_all_directions() {
    let kinds = ["added", "removed", "replaced", "moved"];
    assert_spellings(ChangeKind::all(), &kinds, "unknown kind of change");
    assert_spellings(Verdict::all(), &["allowed", "ignored", "denied"], "unknown verdict");
    assert_spellings(Severity::all(), &["error", "warning"], "unknown severity");
    let codes = ["documented", "kubernetes"];
    assert_spellings(StatusCodes::all(), &codes, "unknown status codes");
    let names: Vec<&str> = ViolationCode::all().map(ViolationCode::as_str).collect();
    assert_spellings(ViolationCode::all(), &names, "unknown code");
    let causes: Vec<&str> = CauseType::all().map(CauseType::as_str).collect();
    assert_spellings(CauseType::all(), &causes, "unknown cause type");
}

#[test]
fn invalid_names_the_object_by_group_and_kind() {
    let cause = || vec![StatusCause::new(CauseType::Forbidden, "force", "no")];
    let status = Status::invalid_object(GroupKind::new("meta.k8s.io", "PatchOptions"), "", cause());
    let message = "PatchOptions.meta.k8s.io \"\" is invalid: force: Forbidden: no";
    assert_eq!((status.code, &*status.message), (422, message));
    assert_eq!(Status::invalid("a", cause()), Status::invalid_object(GroupKind::JOB, "a", cause()));
}
