//! Reads a manifest in YAML. Its value, written as JSON, is YAML with the same value.
//!
//! The input is the text.

#![no_main]

use libfuzzer_sys::fuzz_target;
use volcano_job_update_programs::{parse_manifest, printable};

fuzz_target!(|text: &[u8]| {
    let Ok(value) = parse_manifest(text) else { return };
    // YAML limits the length of a key on one line, and has other line breaks than JSON.
    let json = value.to_string();
    if json.len() < 1000 {
        let json = printable(&json, &[]);
        // Some escapes of characters that are not printable are pairs of surrogates.
        if !json.contains("\\ud") {
            assert_eq!(parse_manifest(json.as_bytes()).ok(), Some(value), "{json}");
        }
    }
});
