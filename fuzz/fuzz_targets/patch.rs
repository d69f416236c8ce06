//! Applies a patch to a Job. The result is not nested deeper than the limit, and a JSON Merge Patch that
//! applies once has no effect a second time.
//!
//! The input is the patch.

#![no_main]

use std::sync::LazyLock;

use libfuzzer_sys::fuzz_target;
use serde_json::Value;
use volcano_job_apiserver::apply_patch;
use volcano_job_update::Job;

const TEXT: &[u8] = include_bytes!("../../tests/jobs/trio.json");

static JOB: LazyLock<Job<'static>> = LazyLock::new(|| Job::from_slice(TEXT).expect("a Job"));

/// The limit of a JSON Patch, and that of parsing for a merge patch.
const MAX_DEPTH: usize = 1000;

fuzz_target!(|patch: &[u8]| {
    let Ok(patched) = apply_patch(&JOB, patch) else { return };
    assert!(depth(&patched) <= MAX_DEPTH);
    if patch.trim_ascii_start().starts_with(b"{") && depth(&patched) < 100 {
        let job = Job::from_value(&patched);
        let Ok(job) = job else { return };
        let again = apply_patch(&job, patch).expect("it applied before");
        assert_eq!(again, patched);
    }
});

fn depth(value: &Value) -> usize {
    match value {
        Value::Array(list) => 1 + list.iter().map(depth).max().unwrap_or(0),
        Value::Object(map) => 1 + map.values().map(depth).max().unwrap_or(0),
        _ => 0,
    }
}
