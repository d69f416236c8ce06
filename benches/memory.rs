//! The memory of a verdict on hostile updates: the heap at its peak, as a multiple of both texts.

#![expect(clippy::print_stdout, reason = "a bench prints its figures")]

use volcano_job_update::{UpdatePolicy, Validator};

mod hostile;

#[global_allocator]
static ALLOCATOR: dhat::Alloc = dhat::Alloc;

fn main() {
    let validator = Validator::new(UpdatePolicy::admission());
    println!("| update | size | texts (kB) | peak / texts |");
    println!("|---|---|---|---|");
    for (name, shape) in hostile::SHAPES {
        let size = size(name);
        let [existing, replacement] = shape(size).map(|job| job.to_string().into_bytes());
        let texts = existing.len() + replacement.len();
        // What is compiled at the first use of a validator stays.
        drop(validator.review_bytes(&existing, &replacement));
        let profiler = dhat::Profiler::builder().testing().build();
        let review = validator.review_bytes(&existing, &replacement);
        let peak = dhat::HeapStats::get().max_bytes;
        drop((review, profiler));
        #[expect(clippy::cast_precision_loss, reason = "less than 2^52 bytes")]
        let ratio = peak as f64 / texts as f64;
        println!("| {name} | {size} | {} | {ratio:.2} |", texts / 1000);
    }
}

/// A Job has at most 10,000 tasks, and its lists are nested at most 100 times.
fn size(name: &str) -> usize {
    match name {
        "nested" | "nested_beside" => 100,
        "tasks_scaled" | "tasks_shuffled" | "tasks_renamed" | "env_repeated_in_tasks" => 10_000,
        _ => 80_000,
    }
}
