//! The patch that `kubectl apply` sends, for each line of standard input: the other side of the
//! comparison with kubectl (`scripts/differential`).
//!
//! ```sh
//! cargo run --package volcano-job-clients --example apply
//! ```

use std::error::Error;
use std::io::{BufRead, Write};

use serde::Deserialize;
use serde_json::{Value, json};
use volcano_job_clients::apply_patch_body;

#[derive(Deserialize)]
struct Request {
    /// The live Job, as JSON.
    existing: String,
    /// The manifest, as JSON.
    body: String,
}

fn main() -> Result<(), Box<dyn Error>> {
    let mut output = std::io::stdout().lock();
    for line in std::io::stdin().lock().lines() {
        let request: Request = serde_json::from_str(&line?)?;
        let live: Value = serde_json::from_str(&request.existing)?;
        let manifest: Value = serde_json::from_str(&request.body)?;
        let answer = match apply_patch_body(&live, &manifest) {
            Ok(Some(patch)) => json!({"code": 200, "body": patch.to_string()}),
            Ok(None) => json!({"code": 200, "body": ""}),
            Err(error) => json!({"code": 400, "body": error.to_string()}),
        };
        writeln!(output, "{answer}")?;
        output.flush()?;
    }
    Ok(())
}
