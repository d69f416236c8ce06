//! Wall time of a verdict, compared with other ways of comparing two JSON documents, in Rust and in Go.
//!
//! `peers GO_PROGRAM DIRECTORY` prints a table. `scripts/peers` builds both programs and runs them.

use std::error::Error;
use std::fs;
use std::hint::black_box;
use std::path::Path;
use std::process::Command;

use inputs::Pair;
use serde_json::Value;
use timing::{Candidate, fastest};
use volcano_job_update::Validator;

#[path = "../../inputs/mod.rs"]
mod inputs;
#[path = "../../timing/mod.rs"]
mod timing;

const UPDATES: [&str; 4] = ["replicas", "template", "respelled", "equal"];
const SIZES: [usize; 3] = [2, 100, 1000];

const ROUNDS: usize = 50;

/// The peers in Go, in the order of the lines that the Go program prints for an update.
const GO_PEERS: [&str; 2] = ["structured-merge-diff", "Semantic.DeepEqual"];

/// The candidates in Rust, in their order.
const RUST_PEERS: [&str; 5] =
    ["volcano-job-update", "json-patch", "serde_json_diff", "treediff", "jsonschema"];

fn parse(text: &[u8]) -> Value {
    serde_json::from_slice(black_box(text)).expect("the inputs are JSON")
}

/// Each candidate starts with the two texts.
fn candidates<'a>(
    pair: &'a Pair,
    ours: &'a Validator,
    schema: &'a jsonschema::Validator,
) -> [Candidate<'a>; 5] {
    let Pair { existing, replacement } = pair;
    [
        Candidate::new(|| ours.review_bytes(black_box(existing), black_box(replacement))),
        Candidate::new(|| json_patch::diff(&parse(existing), &parse(replacement))),
        Candidate::new(|| serde_json_diff::values(parse(existing), parse(replacement))),
        Candidate::new(|| {
            let (existing, replacement) = (parse(existing), parse(replacement));
            let mut recorder = treediff::tools::Recorder::default();
            treediff::diff(&existing, &replacement, &mut recorder);
            recorder.calls.len()
        }),
        Candidate::new(|| schema.is_valid(&parse(replacement))),
    ]
}

/// The JSON Schema of the Job alone, from the OpenAPI schema, whose other words have no meaning in it.
fn job_schema() -> Result<jsonschema::Validator, Box<dyn Error>> {
    let schema: Value = serde_json::from_str(include_str!("../../../schemas/job.openapi.json"))?;
    Ok(jsonschema::draft4::new(&schema)?)
}

/// Runs the Go program on both files, which prints microseconds, a line for each peer.
fn measure_go(program: &str, directory: &Path, pair: &Pair) -> Result<Vec<f64>, Box<dyn Error>> {
    let files = [("existing", &pair.existing), ("replacement", &pair.replacement)];
    let mut command = Command::new(program);
    for (name, text) in files {
        let file = directory.join(format!("{name}.json"));
        fs::write(&file, text)?;
        command.arg(file);
    }
    let output = command.output()?;
    if !output.status.success() {
        return Err(String::from_utf8_lossy(&output.stderr).into());
    }
    let times = String::from_utf8(output.stdout)?;
    Ok(times.lines().map(str::parse).collect::<Result<_, _>>()?)
}

fn main() -> Result<(), Box<dyn Error>> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [go_program, directory] = &arguments[..] else {
        return Err("usage: peers GO_PROGRAM DIRECTORY".into());
    };
    let (ours, schema) = (Validator::default(), job_schema()?);
    let names: Vec<&str> = RUST_PEERS.into_iter().chain(GO_PEERS).collect();
    println!("| update | tasks | {} |", names.join(" | "));
    println!("|---|---|{}", "---|".repeat(names.len()));
    for (name, make) in inputs::UPDATES {
        for size in SIZES.into_iter().filter(|_| UPDATES.contains(&name)) {
            let pair = make(size);
            let mut times = fastest(candidates(&pair, &ours, &schema), ROUNDS).to_vec();
            times.extend(measure_go(go_program, directory.as_ref(), &pair)?);
            let times: Vec<String> = times.iter().map(|time| format!("{time:.1}")).collect();
            println!("| {name} | {size} | {} |", times.join(" | "));
        }
    }
    Ok(())
}
