//! Wall time of what a process does once: compiling the schema and the policy, and the first review.
//!
//! Each sample is a new process, since a process compiles the schema only once.

#![expect(
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::print_stdout,
    reason = "a bench prints its figures and may fail on its own input"
)]

use std::hint::black_box;
use std::process::Command;
use std::time::Instant;

use volcano_job_update::{UpdatePolicy, Validator};

mod inputs;

/// The argument with which a process takes one sample.
const ONCE: &str = "--once";
const SAMPLES: usize = 50;

/// Milliseconds until a validator is compiled, and from then until its first review.
fn sample() -> [f64; 2] {
    let (_, update) = inputs::UPDATES[0];
    let pair = update(2);
    let start = Instant::now();
    let validator = black_box(Validator::new(UpdatePolicy::documented()));
    let compiled = start.elapsed();
    drop(black_box(validator.review_bytes(&pair.existing, &pair.replacement)));
    [compiled, start.elapsed().saturating_sub(compiled)].map(|time| time.as_secs_f64() * 1e3)
}

/// A sample of a new process.
fn sample_apart() -> [f64; 2] {
    let program = std::env::current_exe().expect("the bench knows where it is");
    let output = Command::new(program).arg(ONCE).output().expect("the bench runs itself");
    let text = String::from_utf8(output.stdout).expect("the sample is text");
    let mut times = text.split_whitespace().map(|time| time.parse().expect("a time"));
    [times.next().expect("one time"), times.next().expect("another")]
}

fn main() {
    if std::env::args().any(|argument| argument == ONCE) {
        let [compiled, first] = sample();
        println!("{compiled} {first}");
        return;
    }
    // `cargo bench` passes --bench; without it one sample checks that the bench runs.
    let full = std::env::args().any(|argument| argument == "--bench");
    let samples: Vec<_> = (0..if full { SAMPLES } else { 1 }).map(|_| sample_apart()).collect();
    println!("| | least, ms | median, ms |");
    println!("|---|---|---|");
    for (position, name) in ["a validator is compiled", "its first verdict"].iter().enumerate() {
        let mut times: Vec<f64> = samples.iter().map(|sample| sample[position]).collect();
        times.sort_by(f64::total_cmp);
        println!("| {name} | {:.2} | {:.2} |", times[0], times[times.len() / 2]);
    }
}
