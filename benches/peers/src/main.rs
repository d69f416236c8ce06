//! Wall time of a verdict, compared with other ways of comparing two JSON documents, in Rust and in Go.
//!
//! `peers GO_PROGRAM DIRECTORY` prints a table. `scripts/peers` builds both programs and runs them.

use std::error::Error;
use std::fs;
use std::hint::black_box;
use std::path::Path;
use std::process::Command;
use std::time::{Duration, Instant};

use inputs::Pair;
use serde_json::Value;
use volcano_job_update::Validator;

#[path = "../../inputs/mod.rs"]
mod inputs;

const UPDATES: [&str; 4] = ["replicas", "template", "respelled", "equal"];
const SIZES: [usize; 3] = [2, 100, 1000];

/// The approximate duration of a sample, which repeats the call.
const SAMPLE: Duration = Duration::from_millis(2);
const ROUNDS: usize = 50;

/// The peers in Go, in the order of the lines that the Go program prints for an update.
const GO_PEERS: [&str; 2] = ["structured-merge-diff", "Semantic.DeepEqual"];

struct Candidate<'a> {
    name: &'static str,
    call: Box<dyn Fn() + 'a>,
    /// Calls per sample.
    calls: u32,
    /// Microseconds per call.
    fastest: f64,
}

impl<'a> Candidate<'a> {
    fn new<T>(name: &'static str, function: impl Fn() -> T + 'a) -> Self {
        let call = Box::new(move || drop(black_box(function())));
        Self { name, call, calls: 1, fastest: f64::INFINITY }
    }

    fn sample(&self) -> Duration {
        let start = Instant::now();
        for _ in 0..self.calls {
            (self.call)();
        }
        start.elapsed()
    }
}

fn parse(text: &[u8]) -> Value {
    serde_json::from_slice(black_box(text)).expect("the inputs are JSON")
}

/// Each candidate starts with the two texts.
fn candidates<'a>(pair: &'a Pair, ours: &'a Validator, schema: &'a jsonschema::Validator) -> Vec<Candidate<'a>> {
    let Pair { existing, replacement } = pair;
    vec![
        Candidate::new("volcano-job-update", || {
            ours.review_bytes(black_box(existing), black_box(replacement))
        }),
        Candidate::new("json-patch", || json_patch::diff(&parse(existing), &parse(replacement))),
        Candidate::new("serde_json_diff", || {
            serde_json_diff::values(parse(existing), parse(replacement))
        }),
        Candidate::new("treediff", || {
            let (existing, replacement) = (parse(existing), parse(replacement));
            let mut recorder = treediff::tools::Recorder::default();
            treediff::diff(&existing, &replacement, &mut recorder);
            recorder.calls.len()
        }),
        Candidate::new("jsonschema", || schema.is_valid(&parse(replacement))),
    ]
}

/// Microseconds per call of each candidate. They take turns, so that a slow moment of the machine affects
/// all of them.
fn measure(mut candidates: Vec<Candidate<'_>>) -> Vec<(&'static str, f64)> {
    for candidate in &mut candidates {
        while candidate.sample() < SAMPLE {
            candidate.calls *= 2;
        }
    }
    for _ in 0..ROUNDS {
        for candidate in &mut candidates {
            let time = candidate.sample().as_secs_f64() * 1e6 / f64::from(candidate.calls);
            candidate.fastest = candidate.fastest.min(time);
        }
    }
    candidates.iter().map(|candidate| (candidate.name, candidate.fastest)).collect()
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
    let mut is_first = true;
    for (name, make) in inputs::UPDATES {
        for size in SIZES.into_iter().filter(|_| UPDATES.contains(&name)) {
            let pair = make(size);
            let mut times = measure(candidates(&pair, &ours, &schema));
            times.extend(GO_PEERS.into_iter().zip(measure_go(go_program, directory.as_ref(), &pair)?));
            if std::mem::replace(&mut is_first, false) {
                let names: Vec<&str> = times.iter().map(|(name, _)| *name).collect();
                println!("| update | tasks | {} |", names.join(" | "));
                println!("|---|---|{}", "---|".repeat(names.len()));
            }
            let times: Vec<String> = times.iter().map(|(_, time)| format!("{time:.1}")).collect();
            println!("| {name} | {size} | {} |", times.join(" | "));
        }
    }
    Ok(())
}
