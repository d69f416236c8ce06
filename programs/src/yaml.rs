//! YAML as kubectl reads it.

use serde::de::DeserializeOwned;
use serde_saphyr::options::NonFiniteFloatPolicy;
use serde_saphyr::{Budget, Options, UserMessageFormatter};

/// The limit for nested maps and lists. It is higher than that of a Job ([`Limits::nesting`]), so
/// that a Job beyond its limit gets the error of reading a Job.
///
/// [`Limits::nesting`]: volcano_job_update::Limits::nesting
const MAX_DEPTH: usize = 256;

/// A text is not valid YAML, or does not have the expected form. `Display` is one line with the
/// position.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct YamlError(String);

/// Parses YAML, which includes JSON.
///
/// Documents that are empty or have only comments are skipped.
///
/// Where YAML 1.1 and 1.2 differ, this agrees with kubectl: `0644` is an octal number, `on` is
/// `true`. Numbers that JSON does not support (`.inf`, `.nan`) are errors.
///
/// # Errors
///
/// The text is not valid YAML (`[1`), has duplicate keys or several documents, or does not match
/// the type `T`.
pub fn parse_yaml<T: DeserializeOwned>(text: &[u8]) -> Result<T, YamlError> {
    let documents = serde_saphyr::from_slice_multiple_with_options(text, options());
    let document = documents.and_then(|mut documents| match (documents.pop(), &*documents) {
        (Some(document), []) => Ok(document),
        // Reading a single document gives an error with a position, or the value of no document.
        _ => serde_saphyr::from_slice_with_options(text, options()),
    });
    document.map_err(|error| {
        let message = error.render_with_formatter(&UserMessageFormatter);
        YamlError(message.lines().collect::<Vec<_>>().join(" "))
    })
}

fn options() -> Options {
    let mut options = Options::default();
    options.with_snippet = false;
    options.legacy_octal_numbers = true;
    options.non_finite_float_policy = NonFiniteFloatPolicy::Reject;
    // The length of the text limits the number of nodes. Aliases keep the default limits.
    let mut budget = Budget::default();
    budget.max_depth = budget.max_depth.max(MAX_DEPTH);
    budget.max_nodes = usize::MAX;
    budget.max_events = usize::MAX;
    options.budget = Some(budget);
    options
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::parse_yaml;

    #[track_caller]
    fn value(text: &str) -> Value {
        parse_yaml(text.as_bytes()).expect("it is YAML")
    }

    #[test]
    fn numbers_and_booleans_match_kubectl() {
        assert_eq!(value("[0644, 010, 10, 0o10, 1e3]"), json!([420, 8, 10, 8, 1000.0]));
        assert_eq!(value("[on, off, yes, no, true]"), json!([true, false, true, false, true]));
        assert_eq!(value("['010', \"on\"]"), json!(["010", "on"]));
        assert_eq!(parse_yaml::<u64>(b"010"), Ok(8), "a typed field has the same value");
    }

    #[test]
    fn json_is_yaml() {
        assert_eq!(value(r#"{"a": [1, "b", null]}"#), json!({"a": [1, "b", null]}));
    }

    #[test]
    fn empty_documents_are_skipped() {
        assert_eq!(value("# comment\n---\na: 1\n---\n# end\n---\n"), json!({"a": 1}));
        assert_eq!(value("# nothing\n"), json!(null));
    }

    #[test]
    fn errors_are_one_line_with_a_position() {
        for (text, message) in [
            ("a: [1\n", "unclosed bracket '[' at line 1, column 4"),
            ("a: 1\na: 2\n", "duplicate mapping key `a` is not allowed here at line 2, column 1"),
            (
                "a: 1\n---\nb: 2\n",
                "only single YAML document expected but multiple found at line 3, column 1",
            ),
        ] {
            let error = parse_yaml::<Value>(text.as_bytes()).expect_err("it is no YAML");
            assert_eq!(error.to_string(), message);
        }
        for number in [".inf", ".nan"] {
            assert!(parse_yaml::<Value>(number.as_bytes()).is_err(), "{number}");
        }
    }
}
