//! Wall time of a PUT, compared with that of a review of the same texts.

#![expect(
    clippy::expect_used,
    clippy::print_stdout,
    reason = "a bench prints its figures and may fail on its own input"
)]

use std::hint::black_box;
use std::time::Instant;

use inputs::Pair;
use volcano_job_update::Validator;

#[path = "../../benches/inputs/mod.rs"]
mod inputs;
mod requests;

const ROUNDS: u32 = 300;

/// The duration of the fastest of many calls, in microseconds.
fn fastest<T>(rounds: u32, mut call: impl FnMut() -> T) -> f64 {
    let time = |_| {
        let start = Instant::now();
        drop(black_box(call()));
        start.elapsed().as_secs_f64() * 1e6
    };
    (0..rounds).map(time).fold(f64::INFINITY, f64::min)
}

fn main() {
    // `cargo bench` passes --bench. Without it, run one round to check that the bench works.
    let full = std::env::args().any(|argument| argument == "--bench");
    let rounds = if full { ROUNDS } else { 1 };
    println!("| stored | tasks | verdict, µs | put, µs | put/verdict |\n|---|---|---|---|---|");
    let update = |name: &str, tasks| {
        let found = inputs::UPDATES.into_iter().find(|(other, _)| *other == name);
        found.expect("an update").1(tasks)
    };
    let validator = Validator::default();
    for tasks in [2, 100, 1000] {
        let manifest = update("replicas", tasks);
        // The Job as a server stores it, with the defaults of the schema.
        let stored = |text: &[u8]| requests::stored(&validator, &manifest.existing, text);
        let canonical = Pair {
            existing: stored(&manifest.existing),
            replacement: stored(&manifest.replacement),
        };
        let respelled = Pair {
            existing: canonical.existing.clone(),
            replacement: update("respelled", tasks).replacement,
        };
        for (name, pair) in [
            ("as a server writes it", canonical),
            ("with a respelled body", respelled),
            ("without defaults", manifest),
        ] {
            let verdict = fastest(rounds, || {
                validator.review_bytes(black_box(&pair.existing), black_box(&pair.replacement))
            });
            let put =
                fastest(rounds, || requests::put(&validator, &pair.existing, &pair.replacement));
            println!("| {name} | {tasks} | {verdict:.1} | {put:.1} | {:.2} |", put / verdict);
        }
    }
}
