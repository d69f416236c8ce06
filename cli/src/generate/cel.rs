//! Parts of CEL expressions.

/// Exempts the garbage collector, which writes ownerReferences and finalizers and must not depend
/// on a webhook.
pub(super) const NOT_THE_GARBAGE_COLLECTOR: &str =
    r#"request.userInfo.username != "system:serviceaccount:kube-system:generic-garbage-collector""#;

/// The metadata fields that a client can write, each with the value that is equivalent to an absent
/// field.
pub(super) const METADATA: [(&str, &str); 5] = [
    ("labels", "{}"),
    ("annotations", "{}"),
    ("generateName", r#""""#),
    ("finalizers", "[]"),
    ("ownerReferences", "[]"),
];

/// Reads a field of an object, with a default if it is absent.
pub(super) fn field_or(object: &str, field: &str, empty: &str) -> String {
    format!("(has({object}.{field}) ? {object}.{field} : {empty})")
}

/// A string literal. CEL accepts JSON string literals.
#[expect(clippy::expect_used, reason = "a string always serializes")]
pub(super) fn string(text: &str) -> String {
    serde_json::to_string(text).expect("a string is JSON")
}

/// A list of string literals.
#[expect(clippy::expect_used, reason = "strings always serialize")]
pub(super) fn list(texts: &[&str]) -> String {
    serde_json::to_string(texts).expect("a list of strings is JSON")
}
