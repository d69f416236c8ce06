//! Instruction counts under valgrind; `scripts/bench-instructions` runs this and checks the bounds.

#![expect(missing_docs, unused_qualifications, reason = "the macros of gungraun write the code")]
#![expect(clippy::expect_used, reason = "a bench may fail on its own input")]

use std::hint::black_box;

use gungraun::{
    Callgrind, LibraryBenchmarkConfig, library_benchmark, library_benchmark_group, main,
};
use inputs::Pair;
use serde::de::IgnoredAny;
use serde_json::Value;
use volcano_job_update::admission;
use volcano_job_update::json_patch::Patch;
use volcano_job_update::status::StatusCodes;
use volcano_job_update::{Check, Job, JobSchema, Review, UpdatePolicy, Validator};

mod hostile;
mod inputs;
mod reviews;

/// With a single call, the cleanup of the allocator after the setup would distort the count.
const CALLS: usize = 10;

struct Input {
    validator: Validator,
    pair: &'static Pair,
    /// The existing Job, already read.
    existing: Job<'static>,
    /// The body of an AdmissionReview of the update.
    body: Vec<u8>,
}

/// Not counted: makes the pair, and a validator that has reviewed it once.
fn input(update: &str, size: usize) -> Input {
    let (_, make) = inputs::UPDATES.iter().find(|(name, _)| *name == update).expect("an update");
    input_of(make(size))
}

/// As `input`, of a hostile update.
fn hostile_input(shape: &str, size: usize) -> Input {
    let (_, make) = hostile::SHAPES.iter().find(|(name, _)| *name == shape).expect("a shape");
    let [existing, replacement] = make(size).map(|job| job.to_string().into_bytes());
    input_of(Pair { existing, replacement })
}

fn input_of(pair: Pair) -> Input {
    // The Job borrows from it.
    let pair: &'static Pair = Box::leak(Box::new(pair));
    let validator = Validator::new(UpdatePolicy::documented());
    drop(validator.review_bytes(&pair.existing, &pair.replacement));
    let existing = Job::from_slice(&pair.existing).expect("the existing Job can be read");
    Input { validator, pair, existing, body: reviews::review(pair) }
}

/// As `input`, with a validator that skips every check of values.
fn unchecked_input(update: &str, size: usize) -> Input {
    let checks = [
        Check::Schema,
        Check::Metadata,
        Check::ReplicasRange,
        Check::ReplicasBelowMinAvailable,
        Check::MinAvailableAboveTotal,
        Check::PartitionMismatch,
        Check::DuplicateTaskName,
    ];
    let policy = checks.into_iter().fold(UpdatePolicy::documented(), UpdatePolicy::skip);
    Input { validator: Validator::new(policy), ..input(update, size) }
}

/// Callgrind counts by function name, so the calls go through a named function, not a closure.
fn repeated<T>(input: Input, call: fn(&Input) -> T) -> (T, Input) {
    let result = (1..CALLS).fold(call(&input), |_, _| call(&input));
    (result, input)
}

/// From both texts to a review.
fn review_both(Input { validator, pair, .. }: &Input) -> Option<Review> {
    validator.review_bytes(black_box(&pair.existing), black_box(&pair.replacement)).ok()
}

/// From the text of the replacement to a review.
fn review_next(Input { validator, pair, existing, .. }: &Input) -> Option<Review> {
    validator.review_replacement(black_box(existing), black_box(&pair.replacement)).ok()
}

/// From both texts to a review, reading the replacement without a guide.
fn review_unguided(Input { validator, pair, .. }: &Input) -> Option<Review> {
    let existing = Job::from_slice(black_box(&pair.existing)).ok()?;
    let replacement = Job::from_slice(black_box(&pair.replacement)).ok()?;
    validator.review(&existing, &replacement).ok()
}

/// From the text of the replacement to the changes as patches.
fn make_patches(Input { validator, pair, existing, .. }: &Input) -> Option<(Patch, Value)> {
    let replacement = Job::from_slice(black_box(&pair.replacement)).ok()?;
    let changes = validator.diff(black_box(existing), &replacement).ok()?;
    Some((changes.to_patch(), changes.to_merge_patch(existing).ok()?))
}

/// Checks that both texts are JSON.
fn check_both(Input { pair, .. }: &Input) -> bool {
    let check = |text| serde_json::from_slice::<IgnoredAny>(black_box(text)).is_ok();
    check(&pair.existing) && check(&pair.replacement)
}

/// From the body of an AdmissionReview to that of the answer.
fn answer_review(Input { validator, body, .. }: &Input) -> Option<Vec<u8>> {
    let response = admission::respond(black_box(body), validator, StatusCodes::Documented);
    Some(response.ok()?.to_json())
}

/// Checks that the body of an AdmissionReview is JSON.
fn check_review(Input { body, .. }: &Input) -> bool {
    serde_json::from_slice::<IgnoredAny>(black_box(body)).is_ok()
}

#[library_benchmark(setup = input)]
#[bench::replicas_2("replicas", 2)]
#[bench::replicas_100("replicas", 100)]
#[bench::replicas_1000("replicas", 1000)]
#[bench::scaled_2("scaled", 2)]
#[bench::scaled_100("scaled", 100)]
#[bench::scaled_1000("scaled", 1000)]
#[bench::respelled_2("respelled", 2)]
#[bench::respelled_100("respelled", 100)]
#[bench::escaped_10000("escaped", 10_000)]
#[bench::wide_1000("wide", 1000)]
#[bench::wide_10000("wide", 10_000)]
#[bench::template_1000("template", 1000)]
fn verdict(input: Input) -> (Option<Review>, Input) {
    repeated(input, review_both)
}

#[library_benchmark(setup = input)]
#[bench::replicas_2("replicas", 2)]
#[bench::replicas_100("replicas", 100)]
#[bench::replicas_1000("replicas", 1000)]
fn next_verdict(input: Input) -> (Option<Review>, Input) {
    repeated(input, review_next)
}

#[library_benchmark(setup = input)]
#[bench::scaled_2("scaled", 2)]
#[bench::scaled_100("scaled", 100)]
#[bench::scaled_1000("scaled", 1000)]
#[bench::respelled_2("respelled", 2)]
#[bench::respelled_100("respelled", 100)]
#[bench::escaped_10000("escaped", 10_000)]
fn unguided(input: Input) -> (Option<Review>, Input) {
    repeated(input, review_unguided)
}

#[library_benchmark(setup = input)]
#[bench::replicas_2("replicas", 2)]
#[bench::replicas_100("replicas", 100)]
#[bench::replicas_1000("replicas", 1000)]
#[bench::respelled_2("respelled", 2)]
#[bench::respelled_100("respelled", 100)]
#[bench::wide_1000("wide", 1000)]
#[bench::wide_10000("wide", 10_000)]
fn well_formed(input: Input) -> (bool, Input) {
    repeated(input, check_both)
}

#[library_benchmark(setup = unchecked_input)]
#[bench::replicas_2("replicas", 2)]
#[bench::template_1000("template", 1000)]
fn unchecked(input: Input) -> (Option<Review>, Input) {
    repeated(input, review_both)
}

#[library_benchmark]
#[bench::schema_1()]
fn compiled() -> JobSchema {
    black_box(JobSchema::default())
}

#[library_benchmark]
#[bench::schema_1()]
fn parsed() -> Option<Value> {
    serde_json::from_str(black_box(include_str!("../schemas/job.openapi.json"))).ok()
}

#[library_benchmark(setup = input)]
#[bench::replicas_2("replicas", 2)]
#[bench::replicas_100("replicas", 100)]
#[bench::replicas_1000("replicas", 1000)]
fn answer(input: Input) -> (Option<Vec<u8>>, Input) {
    repeated(input, answer_review)
}

#[library_benchmark(setup = input)]
#[bench::replicas_2("replicas", 2)]
#[bench::replicas_100("replicas", 100)]
#[bench::replicas_1000("replicas", 1000)]
fn well_formed_review(input: Input) -> (bool, Input) {
    repeated(input, check_review)
}

#[library_benchmark(setup = hostile_input)]
#[bench::args_changed_1000("args_changed", 1000)]
#[bench::args_changed_4000("args_changed", 4000)]
#[bench::args_wrong_1000("args_wrong", 1000)]
#[bench::args_wrong_4000("args_wrong", 4000)]
#[bench::env_reversed_1000("env_reversed", 1000)]
#[bench::env_reversed_4000("env_reversed", 4000)]
#[bench::env_repeated_1000("env_repeated", 1000)]
#[bench::env_repeated_4000("env_repeated", 4000)]
#[bench::env_wrong_1000("env_wrong", 1000)]
#[bench::env_wrong_4000("env_wrong", 4000)]
#[bench::env_repeated_in_tasks_1000("env_repeated_in_tasks", 1000)]
#[bench::env_repeated_in_tasks_4000("env_repeated_in_tasks", 4000)]
#[bench::identity_1000("identity", 1000)]
#[bench::identity_4000("identity", 4000)]
#[bench::labels_changed_1000("labels_changed", 1000)]
#[bench::labels_changed_4000("labels_changed", 4000)]
#[bench::labels_wrong_1000("labels_wrong", 1000)]
#[bench::labels_wrong_4000("labels_wrong", 4000)]
#[bench::long_key_1000("long_key", 1000)]
#[bench::long_key_4000("long_key", 4000)]
#[bench::escaped_key_1000("escaped_key", 1000)]
#[bench::escaped_key_4000("escaped_key", 4000)]
#[bench::unknown_in_spec_1000("unknown_in_spec", 1000)]
#[bench::unknown_in_spec_4000("unknown_in_spec", 4000)]
#[bench::nested_25("nested", 25)]
#[bench::nested_100("nested", 100)]
#[bench::nested_beside_25("nested_beside", 25)]
#[bench::nested_beside_100("nested_beside", 100)]
#[bench::tasks_scaled_1000("tasks_scaled", 1000)]
#[bench::tasks_scaled_4000("tasks_scaled", 4000)]
#[bench::tasks_shuffled_1000("tasks_shuffled", 1000)]
#[bench::tasks_shuffled_4000("tasks_shuffled", 4000)]
#[bench::tasks_renamed_1000("tasks_renamed", 1000)]
#[bench::tasks_renamed_4000("tasks_renamed", 4000)]
#[bench::unknown_fields_1000("unknown_fields", 1000)]
#[bench::unknown_fields_4000("unknown_fields", 4000)]
#[bench::unknown_in_pod_1000("unknown_in_pod", 1000)]
#[bench::unknown_in_pod_4000("unknown_in_pod", 4000)]
#[bench::plugins_removed_1000("plugins_removed", 1000)]
#[bench::plugins_removed_4000("plugins_removed", 4000)]
fn hostile_verdict(input: Input) -> (Option<Review>, Input) {
    repeated(input, review_both)
}

#[library_benchmark(setup = hostile_input)]
#[bench::args_changed_1000("args_changed", 1000)]
#[bench::args_changed_4000("args_changed", 4000)]
#[bench::env_reversed_1000("env_reversed", 1000)]
#[bench::env_reversed_4000("env_reversed", 4000)]
#[bench::labels_changed_1000("labels_changed", 1000)]
#[bench::labels_changed_4000("labels_changed", 4000)]
#[bench::tasks_shuffled_1000("tasks_shuffled", 1000)]
#[bench::tasks_shuffled_4000("tasks_shuffled", 4000)]
fn hostile_patches(input: Input) -> (Option<(Patch, Value)>, Input) {
    repeated(input, make_patches)
}

library_benchmark_group!(
    name = update,
    benchmarks = [
        verdict,
        next_verdict,
        unguided,
        unchecked,
        well_formed,
        compiled,
        parsed,
        answer,
        well_formed_review,
        hostile_verdict,
        hostile_patches
    ]
);

main!(
    config = LibraryBenchmarkConfig::default().tool(Callgrind::with_args(["--cache-sim=no"])),
    library_benchmark_groups = update
);
