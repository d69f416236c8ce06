//! Wall time from the bytes of an AdmissionReview to the bytes of the answer, compared with checking that
//! the review is JSON.
//!
//! The candidates take turns in one run; the result is the minimum of many rounds.

#![expect(clippy::print_stdout, reason = "a bench prints its figures")]

use std::hint::black_box;
use std::time::Instant;

use serde::de::IgnoredAny;
use volcano_job_update::admission::{respond, restore};
use volcano_job_update::status::StatusCodes;
use volcano_job_update::{UpdatePolicy, Validator};

mod inputs;
mod reviews;

const ROUNDS: u32 = 200;
/// The minimal number of bytes that one sample processes.
const SAMPLE: usize = 1 << 20;

/// Microseconds per call, the minimum of all rounds.
fn measure(candidates: [&dyn Fn() -> usize; 3], rounds: u32, calls: u32) -> [f64; 3] {
    let mut fastest = [f64::INFINITY; 3];
    for _ in 0..rounds {
        for (candidate, fastest) in candidates.iter().zip(&mut fastest) {
            let start = Instant::now();
            for _ in 0..calls {
                black_box(candidate());
            }
            *fastest = fastest.min(start.elapsed().as_secs_f64() * 1e6 / f64::from(calls));
        }
    }
    fastest
}

fn main() {
    // `cargo bench` passes --bench; without it one round checks that the bench runs.
    let full = std::env::args().any(|argument| argument == "--bench");
    let validator = Validator::new(UpdatePolicy::admission());
    println!(
        "| update | tasks | bytes | a: answer, µs | b: well-formed, µs | c: restored, µs | a/b | c/b |"
    );
    println!("|---|---|---|---|---|---|---|---|");
    for (name, update) in inputs::UPDATES {
        for tasks in [2, 100, 1000] {
            let body = reviews::review(&update(tasks));
            let answer = || {
                respond(black_box(&body), &validator, StatusCodes::Documented)
                    .map_or(0, |response| response.to_json().len())
            };
            let well_formed =
                || usize::from(serde_json::from_slice::<IgnoredAny>(black_box(&body)).is_ok());
            let restored = || {
                restore(black_box(&body), &validator).map_or(0, |response| response.to_json().len())
            };
            let calls = u32::try_from(SAMPLE.div_ceil(body.len())).unwrap_or(1);
            let (rounds, calls) = if full { (ROUNDS, calls) } else { (1, 1) };
            let [a, b, c] = measure([&answer, &well_formed, &restored], rounds, calls);
            println!(
                "| {name} | {tasks} | {} | {a:.1} | {b:.1} | {c:.1} | {:.2} | {:.2} |",
                body.len(),
                a / b,
                c / b
            );
        }
    }
}
