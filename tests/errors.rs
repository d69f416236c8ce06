//! The full text of every error.

use std::error::Error;

use serde_json::{Value, json};
use volcano_job_update::{
    FieldPath, FieldPattern, Job, JobError, JobErrorKind, Limits, MergePatchError, ReviewError,
    UpdateError, UpdatePolicy, Validator, ViolationCode, diff, is_update_allowed, validate_update,
};

#[track_caller]
#[expect(clippy::unwrap_used, reason = "the text is no Job")]
fn error(text: &[u8]) -> JobError {
    Job::from_slice(text).unwrap_err()
}

/// Checks the error of a text with a position.
#[track_caller]
fn check_error_at(kind: JobErrorKind, text: &[u8], line: usize, column: usize, message: &str) {
    let error = error(text);
    assert_eq!(error.to_string(), format!("line {line}, column {column}: {message}"));
    assert_eq!((error.line(), error.column()), (Some(line), Some(column)));
    assert_eq!((error.kind(), error.path()), (kind, None));
}

/// Checks the error of a text with a field.
#[track_caller]
fn check_error_in(kind: JobErrorKind, text: &str, path: &str, message: &str) {
    let error = error(text.as_bytes());
    assert_eq!(error.to_string(), format!("{path}: {message}"));
    assert_eq!(error.path().map(FieldPath::to_string).as_deref(), Some(path));
    assert_eq!((error.kind(), error.line(), error.column()), (kind, None, None));
}

/// Checks that the document of a text has the same error as the text.
#[track_caller]
#[expect(clippy::unwrap_used, reason = "neither can be read")]
fn check_same_in_value(text: &str, limits: &Limits) {
    let value: Value = serde_json::from_str(text).unwrap();
    let of_value = limits.read_value(&value).unwrap_err();
    assert_eq!(of_value, limits.read_slice(text.as_bytes()).unwrap_err());
}

#[test]
fn syntax_errors() {
    for (text, line, column, message) in [
        ("", 1, 1, "the text is empty"),
        (" \n ", 2, 2, "the text is empty"),
        (
            "\u{feff}{}",
            1,
            1,
            "the text must not start with a byte order mark: save it as UTF-8 without one",
        ),
        ("{} {}", 1, 4, "nothing may follow the Job"),
        ("{}\n\nx", 3, 1, "nothing may follow the Job"),
        ("{\"spec\": }", 1, 10, "expected value"),
        ("{\"kind\": \"Job\",}", 1, 16, "expected a key in quotes"),
        ("{kind: 1}", 1, 2, "expected a key in quotes"),
        ("{\"kind\" \"Job\"}", 1, 9, "expected `:`"),
        ("{\"kind\": \"Job\" \"a\"}", 1, 16, "expected `,` or `}`"),
        ("{\"kind\": \"Job\"", 1, 15, "expected `,` or `}`, found the end of the text"),
        ("{\"kind\":", 1, 9, "expected a value, found the end of the text"),
        ("{\"spec\": {\"tasks\": [{} {}]}}", 1, 24, "expected `,` or `]`"),
        ("{\n  \"status\": {\"a\": [1,]}}", 2, 22, "expected value"),
        ("{\"a\": 01}", 1, 8, "invalid number"),
        ("{\"a\": \"\\x\"}", 1, 9, "invalid escape"),
        ("{\"\\x\": 1}", 1, 4, "invalid escape"),
    ] {
        check_error_at(JobErrorKind::Syntax, text.as_bytes(), line, column, message);
    }
}

#[test]
fn the_newline_belongs_to_the_line_it_ends() {
    check_error_at(JobErrorKind::Syntax, b"{\n \"a\": [tru\n]}", 2, 11, "expected ident");
}

#[test]
fn utf8_errors() {
    let kind = JobErrorKind::NotUtf8;
    check_error_at(kind, b"{\"a\": \"\xff\"}", 1, 8, "the text must be UTF-8");
    check_error_at(kind, b"{\n\"\xc3\xa4\": \"\xc3\"}", 2, 7, "the text must be UTF-8");
}

#[test]
fn job_of_the_wrong_type() {
    for (text, found) in [
        ("[]", "a list"),
        ("null", "null"),
        ("true", "a boolean"),
        ("-1", "a number"),
        ("\"{}\"", "a string"),
    ] {
        let error = error(text.as_bytes());
        assert_eq!(error.to_string(), format!("must be an object, not {found}"));
        assert_eq!((error.kind(), error.path()), (JobErrorKind::WrongType, None));
        assert_eq!((error.line(), error.column()), (None, None));
        check_same_in_value(text, &Limits::default());
    }
}

#[test]
fn parts_of_the_wrong_type() {
    for (text, path, message) in [
        (r#"{"metadata": []}"#, "metadata", "must be an object, not a list"),
        (r#"{"spec": "none"}"#, "spec", "must be an object, not a string"),
        (r#"{"spec": {"tasks": {}}}"#, "spec.tasks", "must be a list, not an object"),
        (r#"{"spec": {"tasks": 3}}"#, "spec.tasks", "must be a list, not a number"),
        (r#"{"spec": {"tasks": [{}, 1]}}"#, "spec.tasks[1]", "must be an object, not a number"),
        (r#"{"spec": {"tasks": [true]}}"#, "spec.tasks[0]", "must be an object, not a boolean"),
    ] {
        check_error_in(JobErrorKind::WrongType, text, path, message);
        check_same_in_value(text, &Limits::default());
    }
}

#[test]
fn fields_given_twice() {
    for (text, path) in [
        (r#"{"kind": "Job", "kind": "Job"}"#, "kind"),
        (r#"{"kind": "Job", "\u006bind": "Job"}"#, "kind"),
        (r#"{"metadata": {}, "metadata": {}}"#, "metadata"),
        (r#"{"spec": null, "spec": {}}"#, "spec"),
        (r#"{"metadata": {"name": "a", "name": "a"}}"#, "metadata.name"),
        (r#"{"spec": {"queue": "a", "queue": "b"}}"#, "spec.queue"),
        (r#"{"spec": {"tasks": [], "tasks": null}}"#, "spec.tasks"),
        (r#"{"spec": {"tasks": [{}, {"name": 1, "name": 2}]}}"#, "spec.tasks[1].name"),
    ] {
        check_error_in(JobErrorKind::DuplicateField, text, path, "the field is given twice");
    }
}

#[test]
fn exceeded_limits() {
    let limits = Limits::default().with_text_bytes(60).with_tasks(2).with_nesting(4);
    let error_of = |text: &str| limits.read_slice(text.as_bytes()).unwrap_err();

    let error = error_of(&" ".repeat(61));
    assert_eq!(error.to_string(), "the text must be no longer than 60 bytes");
    assert_eq!((error.kind(), error.path(), error.line()), (JobErrorKind::TooLarge, None, None));

    let text = r#"{"spec": {"tasks": [{}, {}, {}]}}"#;
    let error = error_of(text);
    assert_eq!(error.to_string(), "spec.tasks: must have no more than 2 tasks");
    assert_eq!(error.kind(), JobErrorKind::TooManyTasks);
    check_same_in_value(text, &limits);

    for (text, path) in [
        (r#"{"status": [[[[]]]]}"#, "status"),
        (r#"{"spec": {"volumes": [[[]]]}}"#, "spec.volumes"),
        (r#"{"spec": {"tasks": [{"template": {}}]}}"#, "spec.tasks[0].template"),
    ] {
        let error = error_of(text);
        let message = format!("{path}: objects and lists must be nested no deeper than 4");
        assert_eq!(error.to_string(), message);
        assert_eq!(error.kind(), JobErrorKind::TooDeep);
        check_same_in_value(text, &limits);
    }
    assert!(limits.read_slice(br#"{"status": [[["[[[["]]]}"#).is_ok());
}

#[test]
fn nesting_limit_is_at_most_128() {
    let nested = |levels| format!(r#"{{"a": {}{}}}"#, "[".repeat(levels), "]".repeat(levels));
    for limits in [Limits::default(), Limits::default().with_nesting(1000)] {
        assert!(limits.read_slice(nested(127).as_bytes()).is_ok());
        let error = limits.read_slice(nested(128).as_bytes()).unwrap_err();
        let message = "a: objects and lists must be nested no deeper than 128";
        assert_eq!(error.to_string(), message);
    }
    let deep = nested(127);
    let shallow = Job::from_slice(b"{}").unwrap();
    assert_eq!(diff(&shallow, &Job::from_str(&deep).unwrap()).unwrap().len(), 1);
}

/// Values that reading does not check are parsed, and fail, only if they differ.
#[test]
fn review_errors() {
    let text =
        |template: &str| format!("{{\"spec\": {{\"tasks\": [\n{{\"template\": {template}}}]}}}}");
    let path = "spec.tasks[0].template";
    for (template, kind, message) in [
        (
            r#"{"a": [{"b": 1, "b": 1}]}"#,
            JobErrorKind::DuplicateField,
            "spec.tasks[0].template.a[0].b: the field is given twice",
        ),
        (
            r#"{"a": 1e999}"#,
            JobErrorKind::Syntax,
            "line 2, column 24: spec.tasks[0].template: number out of range",
        ),
        (
            r#"{"a": "\ud800"}"#,
            JobErrorKind::Syntax,
            "line 2, column 27: spec.tasks[0].template: unexpected end of hex escape",
        ),
    ] {
        let (good, bad) = (text("{}"), text(template));
        let (good, bad) = (Job::from_str(&good).unwrap(), Job::from_str(&bad).unwrap());
        assert!(diff(&bad, &bad).unwrap().is_empty());

        let error = diff(&good, &bad).unwrap_err();
        assert_eq!(error.to_string(), format!("replacement: {message}"));
        let ReviewError::Replacement(cause) = &error else { panic!("{error}") };
        assert_eq!(cause.kind(), kind);
        assert!(cause.path().unwrap().to_string().starts_with(path));

        let error = validate_update(&bad, &good).unwrap_err();
        assert_eq!(error.to_string(), format!("no verdict is possible: existing Job: {message}"));
        assert!(matches!(error, UpdateError::Review(ReviewError::Existing(_))));
        assert!(!is_update_allowed(&bad, &good) && !is_update_allowed(&good, &bad));
    }
}

/// A field that the API server manages is compared no deeper than its type, but a scalar must be one
/// that can be parsed.
#[test]
fn review_errors_of_managed_fields() {
    let good = Job::from_str(r#"{"metadata": {"generation": 1}, "status": {}}"#).unwrap();
    let bad = Job::from_str(r#"{"metadata": {"generation": 1e999}, "status": {}}"#).unwrap();
    let error = diff(&good, &bad).unwrap_err();
    let message = "replacement: line 1, column 33: metadata.generation: number out of range";
    assert_eq!(error.to_string(), message);

    let deeper = Job::from_str(r#"{"metadata": {"generation": 1}, "status": {"a": 1e999}}"#);
    assert!(diff(&good, &deeper.unwrap()).unwrap().is_empty());
}

#[test]
fn review_errors_name_the_job() {
    let validator = Validator::default();
    let error = validator.review_bytes(b"[]", b"{}").unwrap_err();
    assert_eq!(error.to_string(), "existing Job: must be an object, not a list");
    let error = validator.review_bytes(b"{}", b"{} x").unwrap_err();
    assert_eq!(error.to_string(), "replacement: line 1, column 4: nothing may follow the Job");
    assert!(error.source().is_none(), "the text would be shown twice");
}

#[test]
fn no_error_shows_a_value() {
    for text in [
        r#"{"spec": {"queue": "s3cret" "s3cret"}}"#,
        r#"{"spec": "s3cret"}"#,
        r#"{"spec": {"tasks": ["s3cret"]}}"#,
        r#"{"spec": {"queue": s3cret}}"#,
        r#"{"spec": {"queue": "s3cret\q"}}"#,
        r#"{"kind": "s3cret", "kind": "s3cret"}"#,
    ] {
        let error = error(text.as_bytes());
        assert!(!format!("{error} {error:?}").contains("s3cret"), "{error:?}");
    }
}

#[test]
fn merge_patch_errors() {
    let existing = Job::from_slice(br#"{"spec": {"volumes": [{}, {}]}}"#).unwrap();
    let replacement = Job::from_slice(br#"{"spec": {"volumes": [{}]}}"#).unwrap();
    let changes = diff(&existing, &replacement).unwrap();
    let other = Job::from_slice(b"{}").unwrap();
    let error = changes.to_merge_patch(&other).unwrap_err();
    assert_eq!(error, MergePatchError::OtherJob);
    assert_eq!(error.to_string(), "the changes do not apply to this Job");

    let unreadable = Job::from_slice(br#"{"status": {"a": 1e999}}"#).unwrap();
    let error = changes.to_merge_patch(&unreadable).unwrap_err();
    let text = "existing Job: line 1, column 22: status: number out of range";
    assert_eq!(error.to_string(), text);
}

#[test]
fn path_errors() {
    for (text, at, message) in [
        ("spec..queue", 4, "a field name must not be empty"),
        ("spec.", 4, "a field name must not be empty"),
        (".spec", 0, "a field name must not be empty"),
        ("spec.tasks[]", 10, "a field name must not be empty"),
        ("spec.tasks[0", 10, "`[` must be closed by `]`"),
        ("a[\"b\"c]", 1, "`[` must be closed by `]`"),
        ("a[\"b]", 1, "a quoted key must be a JSON string"),
        ("a[0]b", 1, "a bracket must be followed by `.`, `[` or the end"),
        ("spec.tasks[*]", 10, "`[*]` may stand in a pattern, not in a path"),
        ("a[99999999999999999999]", 1, "no list is that long"),
    ] {
        let error = text.parse::<FieldPath>().unwrap_err();
        assert_eq!(error.to_string(), format!("{message} at byte {at}"), "{text}");
        assert_eq!(error.position(), at, "{text}");
    }
}

#[test]
fn pattern_errors() {
    let position = "a pattern must say `[*]`, as list positions change from one update to the \
        next, at byte 10";
    for (text, message) in [
        ("", "a pattern must name a field at byte 0"),
        ("spec.tasks[0].replicas", position),
        ("spec.tasks[*", "`[` must be closed by `]` at byte 10"),
    ] {
        assert_eq!(text.parse::<FieldPattern>().unwrap_err().to_string(), message);
    }
    let file = json!({"allowed": ["spec.tasks[0]"]});
    let error = serde_json::from_value::<UpdatePolicy>(file).unwrap_err();
    assert_eq!(error.to_string(), format!("pattern `spec.tasks[0]`: {position}"));
}

#[test]
fn violation_code_errors() {
    for text in ["immutable", "ImmutableField", ""] {
        let error = text.parse::<ViolationCode>().unwrap_err();
        assert_eq!(error.to_string(), format!("unknown code `{text}`"));
    }
}

#[test]
fn error_kinds_parse_from_their_names() {
    for kind in [
        JobErrorKind::TooLarge,
        JobErrorKind::NotUtf8,
        JobErrorKind::Syntax,
        JobErrorKind::WrongType,
        JobErrorKind::DuplicateField,
        JobErrorKind::TooDeep,
        JobErrorKind::TooManyTasks,
    ] {
        assert_eq!(kind.as_str().parse(), Ok(kind));
        assert_eq!(kind.to_string(), kind.as_str());
    }
    let error = "TooDeep".parse::<JobErrorKind>().unwrap_err();
    assert_eq!(error.to_string(), "unknown kind of error `TooDeep`");
}
