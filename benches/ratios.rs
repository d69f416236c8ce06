//! Wall time of a verdict, compared with parsing.
//!
//! The result is the minimum of many rounds.

#![expect(clippy::print_stdout, reason = "a bench prints its figures")]

use std::hint::black_box;

use inputs::Pair;
use serde::de::IgnoredAny;
use serde_json::Value;
use timing::{Candidate, fastest};
use volcano_job_update::{Limits, UpdatePolicy, Validator};

mod inputs;
mod timing;

const ROUNDS: usize = 100;

fn measure(name: &str, tasks: usize, rounds: usize, pair: &Pair) {
    let mut limits = Limits::default();
    limits.text_bytes = limits.text_bytes.max(pair.existing.len() * 2);
    let validator = Validator::new(UpdatePolicy::documented().with_limits(limits));
    let Pair { existing, replacement } = pair;
    let read = limits.read_slice(existing).ok();
    let candidates = [
        Candidate::new(|| validator.review_bytes(black_box(existing), black_box(replacement))),
        Candidate::new(|| {
            [existing, replacement]
                .map(|text| serde_json::from_slice::<IgnoredAny>(black_box(text)))
        }),
        Candidate::new(|| {
            let parse = |text| serde_json::from_slice::<Value>(black_box(text)).unwrap_or_default();
            json_patch::diff(&parse(existing), &parse(replacement))
        }),
        Candidate::new(|| {
            read.as_ref().map(|read| validator.review_replacement(read, black_box(replacement)))
        }),
        Candidate::new(|| {
            let existing = limits.read_slice(black_box(existing)).ok()?;
            let replacement = limits.read_slice(black_box(replacement)).ok()?;
            Some(validator.review(&existing, &replacement))
        }),
    ];
    let [verdict, well_formed, diff, next, unguided] = fastest(candidates, rounds);
    println!(
        "| {name} | {tasks} | {} | {verdict:.1} | {well_formed:.1} | {diff:.1} | {next:.1} | {unguided:.1} | {:.2} | {:.2} | {:.2} | {:.2} |",
        existing.len() + replacement.len(),
        verdict / well_formed,
        diff / verdict,
        next / well_formed,
        verdict / unguided,
    );
}

fn main() {
    // `cargo bench` passes --bench; without it one round checks that the bench runs.
    let full = std::env::args().any(|argument| argument == "--bench");
    let rounds = if full { ROUNDS } else { 1 };
    println!(
        "| update | tasks | bytes | a: verdict, µs | b: well-formed, µs | c: value+diff, µs | d: next verdict, µs | e: unguided, µs | a/b | c/a | d/b | a/e |"
    );
    println!("|---|---|---|---|---|---|---|---|---|---|---|---|");
    for (name, update) in inputs::UPDATES {
        for tasks in [2, 100, 1000] {
            measure(name, tasks, rounds, &update(tasks));
        }
    }
    // Linear growth: ten times the tasks take ten times the time.
    let (name, update) = inputs::UPDATES[0];
    measure(name, 10_000, rounds.div_ceil(20), &update(10_000));
}
