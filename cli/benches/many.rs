//! `check DIR DIR` for many pairs of files: its wall time against that of reading the same files and
//! parsing them with serde as `Value` on one thread, in the same run, and its peak memory.

#![expect(
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "a bench prints its figures and may fail on its own input"
)]

use std::fs;
use std::hint::black_box;
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use serde_json::Value;

const SAMPLES: usize = 3;
/// The names of the two sides in `tests/jobs`.
const SIDES: [&str; 2] = ["documented-existing.json", "documented-replacement.json"];

/// Writes pairs of Jobs into `DIRECTORY/0` and `DIRECTORY/1`.
fn write_pairs(directory: &Path, count: usize, is_yaml: bool) {
    let jobs = Path::new(env!("CARGO_MANIFEST_DIR")).join("../tests/jobs");
    for (side, name) in SIDES.iter().enumerate() {
        let text = fs::read_to_string(jobs.join(name)).expect("the Job is there");
        let mut job: Value = serde_json::from_str(&text).expect("the Job is JSON");
        let directory = directory.join(side.to_string());
        fs::create_dir_all(&directory).expect("it is made");
        for number in 0..count {
            job["metadata"]["name"] = format!("job-{number}").into();
            let (extension, text) = if is_yaml {
                ("yaml", serde_saphyr::to_string(&job).expect("it is YAML"))
            } else {
                ("json", serde_json::to_string_pretty(&job).expect("it is JSON"))
            };
            fs::write(directory.join(format!("job-{number}.{extension}")), text)
                .expect("it is written");
        }
    }
}

fn parse_all(directory: &Path, is_yaml: bool) -> Duration {
    let start = Instant::now();
    for side in ["0", "1"] {
        for entry in fs::read_dir(directory.join(side)).expect("the directory") {
            let text = fs::read(entry.expect("a file").path()).expect("the text");
            let value: Value = if is_yaml {
                serde_saphyr::from_slice(&text).expect("it is YAML")
            } else {
                serde_json::from_slice(&text).expect("it is JSON")
            };
            black_box(value);
        }
    }
    start.elapsed()
}

/// The wall time, and the peak memory in MiB.
fn check(directory: &Path, arguments: &[&str]) -> (Duration, f64) {
    let start = Instant::now();
    let mut command = Command::new("/usr/bin/time");
    command.args(["-f", "%M", env!("CARGO_BIN_EXE_volcano-job-update"), "check"]).args(arguments);
    command.args(["0", "1"]).current_dir(directory).stdout(Stdio::null());
    let output = command.output().expect("GNU time runs the program");
    let time = start.elapsed();
    let errors = String::from_utf8_lossy(&output.stderr);
    let last = errors.lines().last().unwrap_or_default();
    (time, last.parse::<f64>().expect("a size") / 1024.0)
}

fn main() {
    // `cargo bench` passes --bench; without it a few pairs check that the bench runs.
    let full = std::env::args().any(|argument| argument == "--bench");
    if !Path::new("/usr/bin/time").exists() {
        eprintln!("this bench needs GNU time as /usr/bin/time");
        return;
    }
    println!("| format | pairs | jobs | read and parsed, ms | checked, ms | ratio | memory, MiB |");
    println!("|---|---|---|---|---|---|---|");
    for (format, is_yaml) in [("JSON", false), ("YAML", true)] {
        for count in if full { [1_000, 10_000] } else { [1, 10] } {
            let directory = tempfile::tempdir().expect("a directory");
            write_pairs(directory.path(), count, is_yaml);
            for jobs in ["1", "2"] {
                let mut parsed = Duration::MAX;
                let (mut checked, mut memory) = (Duration::MAX, 0.0_f64);
                for _ in 0..SAMPLES {
                    parsed = parsed.min(parse_all(directory.path(), is_yaml));
                    let (time, size) = check(directory.path(), &["--jobs", jobs]);
                    checked = checked.min(time);
                    memory = memory.max(size);
                }
                let [parsed, checked] = [parsed, checked].map(|time| time.as_secs_f64() * 1e3);
                println!(
                    "| {format} | {count} | {jobs} | {parsed:.0} | {checked:.0} | {:.2} | {memory:.0} |",
                    checked / parsed
                );
            }
        }
    }
}
