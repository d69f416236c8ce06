//! Bugs that the laws found, each at its smallest.

use serde_json::json;

use crate::{changes, said};

#[test]
fn an_empty_uid_is_none() {
    for field in ["uid", "namespace"] {
        let existing = json!({"metadata": {field: "a"}});
        let replacement = json!({"metadata": {field: ""}});
        assert_eq!(said(&changes(&existing, &replacement).unwrap()), []);
    }
}
