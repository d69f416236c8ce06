//! Allocations of a verdict, compared with those of parsing both Jobs and diffing them.

#![expect(clippy::print_stdout, reason = "a bench prints its figures")]

use std::alloc::System;
use std::hint::black_box;

use alloc_tracker::{Allocator, Session};
use serde_json::Value;
use volcano_job_update::{UpdatePolicy, Validator};

mod inputs;

#[global_allocator]
static ALLOCATOR: Allocator<System> = Allocator::system();

/// The allocations of one call. A reallocation counts as one.
fn allocations<T>(call: impl Fn() -> T) -> u64 {
    drop(call());
    let session = Session::new().no_stdout().no_file();
    let operation = session.operation("call");
    let span = operation.measure_thread().iterations(1);
    drop(black_box(call()));
    drop(span);
    session.to_report().operations().map(|(_, operation)| operation.total_allocations_count()).sum()
}

fn main() {
    let validator = Validator::new(UpdatePolicy::documented());
    println!("| update | tasks | a: verdict | c: value+diff |");
    println!("|---|---|---|---|");
    let show = |name: &str, size: usize, pair: &inputs::Pair| {
        let inputs::Pair { existing, replacement } = pair;
        let verdict = allocations(|| validator.review_bytes(existing, replacement));
        let diff = allocations(|| {
            let parse = |text: &[u8]| serde_json::from_slice::<Value>(text).unwrap_or_default();
            json_patch::diff(&parse(existing), &parse(replacement))
        });
        println!("| {name} | {size} | {verdict} | {diff} |");
    };
    for (name, update) in inputs::UPDATES {
        for tasks in [2, 100, 1000] {
            show(name, tasks, &update(tasks));
        }
    }
}
