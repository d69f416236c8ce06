//! Instruction counts under valgrind; `scripts/bench-instructions` runs this and checks the ratios.

#![expect(missing_docs, unused_qualifications, reason = "the macros of gungraun write the code")]
#![expect(clippy::expect_used, reason = "a bench may fail on its own input")]

use std::hint::black_box;

use gungraun::{
    Callgrind, LibraryBenchmarkConfig, library_benchmark, library_benchmark_group, main,
};
use inputs::Pair;
use serde::de::IgnoredAny;
use volcano_job_update::{Review, UpdatePolicy, Validator};

mod inputs;

/// One call would also count what the allocator tidies up after the setup.
const CALLS: usize = 10;

/// Runs before the count starts: the pair, and a validator that has judged it once.
fn input(update: &str, tasks: usize) -> (Validator, Pair) {
    let (_, make) = inputs::UPDATES.iter().find(|(name, _)| *name == update).expect("an update");
    let (validator, pair) = (Validator::new(UpdatePolicy::documented()), make(tasks));
    drop(verdict_of(&validator, &pair));
    (validator, pair)
}

fn verdict_of(validator: &Validator, pair: &Pair) -> Option<Review> {
    validator.review_bytes(black_box(&pair.existing), black_box(&pair.replacement)).ok()
}

#[library_benchmark(setup = input)]
#[bench::permitted_2("permitted", 2)]
#[bench::permitted_100("permitted", 100)]
#[bench::permitted_1000("permitted", 1000)]
#[bench::refused_100("refused", 100)]
#[bench::respelled_100("respelled", 100)]
#[bench::equal_100("equal", 100)]
fn verdict(input: (Validator, Pair)) -> (Option<Review>, Validator, Pair) {
    let (validator, pair) = input;
    let verdict = (0..CALLS).fold(None, |_, _| verdict_of(&validator, &pair));
    (verdict, validator, pair)
}

#[library_benchmark(setup = input)]
#[bench::permitted_2("permitted", 2)]
#[bench::permitted_100("permitted", 100)]
#[bench::permitted_1000("permitted", 1000)]
#[bench::refused_100("refused", 100)]
#[bench::respelled_100("respelled", 100)]
#[bench::equal_100("equal", 100)]
fn well_formed(input: (Validator, Pair)) -> (bool, Validator, Pair) {
    let (validator, pair) = input;
    let check = |text| serde_json::from_slice::<IgnoredAny>(black_box(text)).is_ok();
    let good = (0..CALLS).all(|_| check(&pair.existing) && check(&pair.replacement));
    (good, validator, pair)
}

library_benchmark_group!(name = update, benchmarks = [verdict, well_formed]);

main!(
    config = LibraryBenchmarkConfig::default().tool(Callgrind::with_args(["--cache-sim=no"])),
    library_benchmark_groups = update
);
