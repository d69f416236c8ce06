//! What a result is recognised by, wherever its lines are.

use serde_json::Value;
use sha2::{Digest, Sha256};
use volcano_job_update::{ChangeKind, FieldPath, Job, Segment};

use crate::case::Reviewed;
use crate::error::Error;
use crate::render::located::Located;

/// Both Jobs of an update, for the names of list elements.
pub(super) struct Fingerprints {
    existing: Option<Value>,
    replacement: Option<Value>,
}

impl Fingerprints {
    /// A Job that is not well-formed where the update leaves it as it is has no names.
    pub(super) fn of(reviewed: &Reviewed) -> Self {
        let value = |job: Result<Job<'_>, Error>| job.ok()?.to_value().ok();
        let update = &reviewed.update;
        Self { existing: value(update.existing()), replacement: value(update.replacement()) }
    }

    /// The same for the same Job, code and field, on every platform and in every later version.
    pub(super) fn fingerprint(&self, job: &str, located: Located<'_>) -> String {
        let code = located.violation.code().as_str();
        fingerprint(&[job, code, &self.field(located)])
    }

    fn field(&self, located: Located<'_>) -> String {
        match located.reviewed.change_of(located.violation) {
            Some(change) if change.kind() == ChangeKind::Removed => {
                named_path(change.existing_path(), self.existing.as_ref())
            }
            Some(change) => named_path(change.replacement_path(), self.replacement.as_ref()),
            None => named_path(located.violation.path(), self.replacement.as_ref()),
        }
    }
}

/// A hash of texts and of where each of them ends.
pub(super) fn fingerprint(texts: &[&str]) -> String {
    let mut hash = Sha256::new();
    for text in texts {
        hash.update((text.len() as u64).to_le_bytes());
        hash.update(text);
    }
    let bytes = hash.finalize();
    let number = bytes.iter().take(16).fold(0_u128, |number, byte| number << 8 | u128::from(*byte));
    format!("{number:032x}")
}

/// The path with the names of list elements instead of their positions, where names are unique.
fn named_path(path: &FieldPath, job: Option<&Value>) -> String {
    let mut value = job;
    let mut named = String::new();
    for segment in path.segments() {
        let step = match segment {
            Segment::Key(key) => {
                value = value.and_then(|value| value.get(&**key));
                format!("/{}", Value::from(&**key))
            }
            Segment::Index(index) => {
                let list = value.and_then(Value::as_array);
                value = list.and_then(|list| list.get(*index));
                match list.and_then(|list| unique_name(list, *index)) {
                    Some(name) => format!("[{name}]"),
                    None => format!("[{index}]"),
                }
            }
        };
        named.push_str(&step);
    }
    named
}

/// The name of an element, as a JSON string, unless another one has it too.
fn unique_name(list: &[Value], index: usize) -> Option<&Value> {
    let name = list.get(index)?.get("name").filter(|name| name.is_string())?;
    let has_name = |element: &&Value| element.get("name") == Some(name);
    (list.iter().filter(has_name).count() == 1).then_some(name)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn elements_are_named() {
        let job = json!({"tasks": [{"name": "a"}, {"name": "b"}, {"name": "b"}, {}]});
        for (path, named) in [
            ("tasks[0].replicas", r#"/"tasks"["a"]/"replicas""#),
            ("tasks[1].replicas", r#"/"tasks"[1]/"replicas""#),
            ("tasks[3].x[1]", r#"/"tasks"[3]/"x"[1]"#),
            ("tasks[9].x", r#"/"tasks"[9]/"x""#),
        ] {
            assert_eq!(named_path(&path.parse().expect("a path"), Some(&job)), named);
        }
    }

    #[test]
    fn fingerprints_never_change() {
        assert_eq!(fingerprint(&["a", "bc"]), FIXED);
        assert_ne!(fingerprint(&["ab", "c"]), FIXED);
    }

    /// A code host would take every result for a new one if this changed.
    const FIXED: &str = "9a8acca1b6c6c0befd3fbc756aed625d";
}
