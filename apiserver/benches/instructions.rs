//! Instruction counts under valgrind; `scripts/bench-instructions` runs this and checks the ratios.

#![expect(missing_docs, unused_qualifications, reason = "the macros of gungraun write the code")]
#![expect(clippy::expect_used, reason = "a bench may fail on its own input")]

use std::hint::black_box;

use gungraun::{
    Callgrind, LibraryBenchmarkConfig, library_benchmark, library_benchmark_group, main,
};
use inputs::Pair;
use serde_json::{Value, json};
use volcano_job_apiserver::{Response, apply_patch};
use volcano_job_update::{Job, Validator};

#[path = "../../benches/inputs/mod.rs"]
mod inputs;
mod requests;

/// Many calls, because the allocator's clean-up after the setup would dominate a single one.
const CALLS: usize = 10;

struct Input {
    validator: Validator,
    pair: Pair,
}

/// Setup, which is not counted: makes the pair, and a validator that has compiled its schema.
fn input(update: &str, size: usize) -> Input {
    let (_, make) = inputs::UPDATES.iter().find(|(name, _)| *name == update).expect("an update");
    let (pair, validator) = (make(size), Validator::default());
    drop(validator.review_bytes(&pair.existing, &pair.replacement));
    Input { validator, pair }
}

/// As [`input`], with the existing Job as a server stores it.
fn stored(update: &str, size: usize) -> Input {
    let Input { validator, pair } = input(update, size);
    let existing = requests::stored(&validator, &pair.existing, &pair.existing);
    Input { validator, pair: Pair { existing, ..pair } }
}

/// Counting stops in a closure of the bench function, so `call` has to be a named function.
fn repeated<T>(input: Input, call: fn(&Input) -> T) -> (T, Input) {
    let result = (1..CALLS).fold(call(&input), |_, _| call(&input));
    (result, input)
}

fn put_next(Input { validator, pair }: &Input) -> Response {
    requests::put(validator, &pair.existing, &pair.replacement)
}

#[library_benchmark(setup = input)]
#[bench::replicas_1000("replicas", 1000)]
fn put(input: Input) -> (Response, Input) {
    repeated(input, put_next)
}

#[library_benchmark(setup = stored)]
#[bench::respelled_2("respelled", 2)]
#[bench::respelled_100("respelled", 100)]
fn put_over_stored(input: Input) -> (Response, Input) {
    repeated(input, put_next)
}

/// A Job with a list of this length, and a JSON Patch with this number of operations, each of which moves
/// the first element to the end.
fn moves((length, operations): (usize, usize)) -> (Value, Vec<u8>) {
    let job = json!({
        "apiVersion": "batch.volcano.sh/v1alpha1",
        "kind": "Job",
        "metadata": {"name": "a"},
        "spec": {"plugins": {"env": vec!["a"; length]}},
    });
    let list = "/spec/plugins/env";
    let operation = json!({"op": "move", "from": format!("{list}/0"), "path": format!("{list}/{}", length - 1)});
    (job, json!(vec![operation; operations]).to_string().into_bytes())
}

#[library_benchmark(setup = moves)]
#[bench::moves_2500((1000, 2500))]
#[bench::moves_10000((1000, 10_000))]
#[bench::list_2500((2500, 1000))]
#[bench::list_10000((10_000, 1000))]
fn patched((job, patch): (Value, Vec<u8>)) -> (Option<Value>, Value) {
    let patched = Job::from_value(&job).ok().and_then(|job| apply_patch(&job, &patch).ok());
    (black_box(patched), job)
}

library_benchmark_group!(name = verbs, benchmarks = [put, put_over_stored, patched]);

main!(
    config = LibraryBenchmarkConfig::default().tool(Callgrind::with_args(["--cache-sim=no"])),
    library_benchmark_groups = verbs
);
