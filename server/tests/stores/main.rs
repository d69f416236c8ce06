//! The stores: what all of them do, and what only those do that outlast the program.

#![expect(
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "helpers of tests"
)]

mod disk;
mod etcd;
mod etcd_process;
mod suite;

use std::sync::Arc;

use volcano_job_server::store::{Key, MemoryStore, Store, StoreError, Write};

#[tokio::test(flavor = "multi_thread")]
async fn memory_does_what_every_store_does() {
    suite::run(async || Arc::new(MemoryStore::new()) as Arc<dyn Store>).await;
}

/// From this number on, a Job is large.
const LARGE: usize = 1_000_000;

/// A Job with a number in it that tests compare, without a resourceVersion.
fn job_text(key: &Key, number: usize) -> String {
    let Key { namespace, name } = key;
    let metadata = format!(r#"{{"name":"{name}","namespace":"{namespace}","uid":"u-{name}"}}"#);
    let space = " ".repeat(if number < LARGE { 0 } else { 20_000 });
    format!(
        r#"{{"apiVersion":"batch.volcano.sh/v1alpha1","kind":"Job","metadata":{metadata},"spec":{{"minAvailable":{number}}}{space}}}"#
    )
}

fn put(key: &Key, expected: Option<u64>, number: usize) -> Write {
    Write::new(key.clone(), expected, Some(job_text(key, number).into()))
}

fn delete(key: &Key, expected: u64) -> Write {
    Write::new(key.clone(), Some(expected), None)
}

/// Writes, and expects that the Job is the expected one.
async fn done(store: &dyn Store, write: Write) -> u64 {
    store.write(write).await.expect("the store works").expect("the Job is the expected one")
}

/// The number of a Job that was made by [`job_text`]. The Job must be whole.
fn number_of(key: &Key, text: &str) -> usize {
    let json: serde_json::Value = serde_json::from_str(text).expect("JSON");
    let number = json["spec"]["minAvailable"].as_u64().expect("a number");
    let number = usize::try_from(number).expect("a small number");
    assert_eq!(text, job_text(key, number));
    number
}

fn is_failure<T>(result: Result<T, StoreError>) -> bool {
    match result {
        Err(StoreError::Failed(_)) => true,
        Err(error) => panic!("{error}"),
        Ok(_) => false,
    }
}

/// Shown also if the test passes.
fn say_skipped(why: &str) {
    use std::io::Write as _;
    writeln!(std::io::stderr(), "\nSKIPPED: {why}").expect("standard error");
}
