//! The store on the disk: what it keeps, and what it survives.

use std::collections::BTreeMap;
use std::io::{BufRead, BufReader, Write as _};
use std::path::Path;
use std::process::{Child, ChildStdout, Command, Stdio};
use std::sync::Arc;

use tempfile::TempDir;
use volcano_job_server::store::{DiskStore, Key, Query, Store, StoreError, StoredJob};

use super::suite::{self, numbers, shown};
use super::{LARGE, delete, done, is_failure, job_text, number_of, put};

/// The directory of the store of a child process, and what the child does.
const DIRECTORY: &str = "STORES_TEST_DIRECTORY";
const ROLE: &str = "STORES_TEST_ROLE";

/// How often a process is killed.
const KILLS: usize = 20;

/// How many of its tasks write.
const WRITERS: usize = 8;

fn directory() -> TempDir {
    tempfile::tempdir().expect("a directory")
}

fn open(directory: &TempDir) -> DiskStore {
    DiskStore::open(directory.path()).expect("a store")
}

#[tokio::test(flavor = "multi_thread")]
async fn disk_does_what_every_store_does() {
    let parent = directory();
    let count = std::sync::atomic::AtomicUsize::new(0);
    suite::run(async || {
        let number = count.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
        let store = DiskStore::open(parent.path().join(number.to_string()).join("deep"));
        Arc::new(store.expect("a store")) as Arc<dyn Store>
    })
    .await;
}

#[tokio::test]
async fn everything_is_there_when_it_is_opened_again() {
    let directory = directory();
    let store = open(&directory);
    assert_eq!(store.history().version(), 1);
    let [a, b, c] = ["a", "b", "c"].map(|name| Key::new("default", name));
    let first = done(&store, put(&a, None, 1)).await;
    done(&store, put(&b, None, 2)).await;
    done(&store, put(&a, Some(first), 3)).await;
    let third = done(&store, put(&c, None, 4)).await;
    let deleted = done(&store, delete(&c, third)).await;
    let before = numbers(&store, &Query::default()).await;
    drop(store);

    let store = open(&directory);
    assert_eq!(numbers(&store, &Query::default()).await, before);
    // The number of the deletion is not used again, and what was before it is not known any longer.
    assert_eq!(store.history().version(), deleted);
    assert_eq!(store.history().watch(third).expect_err("forgotten").oldest, deleted);
    let mut watcher = store.history().watch(deleted).expect("a watch");
    let created = done(&store, put(&c, None, 5)).await;
    assert!(created > deleted);
    assert_eq!(shown(&mut watcher, 1).await[0].0, created);
    drop(store);
    let store = open(&directory);
    assert_eq!(suite::stored(&store, &c).await, (created, 5));
}

#[tokio::test]
async fn text_has_its_number_in_the_same_place_when_it_is_opened_again() {
    let directory = directory();
    let key = Key::new("default", "a");
    // The second has no uid, before which the number would be.
    let texts = [job_text(&key, 1), r#"{"metadata":{"name":"ä"},"spec":{}}"#.into()];
    for text in texts {
        let store = open(&directory);
        let expected = store.get(&key).await.expect("an answer").map(|job| job.version());
        let write = super::Write::new(key.clone(), expected, Some(text.into()));
        done(&store, write).await;
        let before = store.get(&key).await.expect("an answer").expect("a Job").to_json();
        assert!(before.contains("resourceVersion"));
        drop(store);
        let after = open(&directory).get(&key).await.expect("an answer").expect("a Job");
        assert_eq!(after.to_json(), before);
    }
}

#[tokio::test]
async fn two_processes_cannot_have_it_open() {
    let directory = directory();
    let store = open(&directory);
    let output = child(directory.path(), "open", None).wait_with_output().expect("a process");
    let output = String::from_utf8(output.stdout).expect("text");
    assert!(output.contains("another process has it open"), "{output}");
    let again = DiskStore::open(directory.path()).expect_err("it is open");
    assert!(again.to_string().contains("has it open"), "{again}");
    done(&store, put(&Key::new("default", "a"), None, 1)).await;
}

#[tokio::test]
async fn a_damaged_file_is_an_error_or_does_no_harm() {
    let directory = directory();
    let store = open(&directory);
    for number in 0..50 {
        done(&store, put(&Key::new("default", &format!("j{number}")), None, number)).await;
    }
    let expected = numbers(&store, &Query::default()).await;
    drop(store);
    let path = directory.path().join("jobs.redb");
    let whole = std::fs::read(&path).expect("the file");
    let mut errors = 0;
    for place in (0..whole.len()).step_by(whole.len() / 97) {
        let mut damaged = whole.clone();
        damaged[place] ^= 0x5a;
        std::fs::write(&path, damaged).expect("the file");
        match DiskStore::open(directory.path()) {
            Ok(store) => assert_eq!(numbers(&store, &Query::default()).await, expected, "{place}"),
            Err(StoreError::Failed(_)) => errors += 1,
            Err(error) => panic!("{error}"),
        }
    }
    assert!(errors > 0);
    for length in [1, 100, whole.len() / 2] {
        std::fs::write(&path, &whole[..length]).expect("the file");
        assert!(is_failure(DiskStore::open(directory.path())), "{length}");
    }
}

#[test]
fn what_cannot_be_a_directory_is_an_error() {
    let directory = directory();
    let file = directory.path().join("file");
    std::fs::write(&file, "").expect("a file");
    let error = DiskStore::open(&file).expect_err("a file").to_string();
    assert!(error.contains("file"), "{error}");
}

/// What a child process said that it has written: of each key the last number, and whether the Job was
/// deleted with it.
type Acknowledged = BTreeMap<Key, (u64, Option<usize>)>;

#[test]
fn nothing_acknowledged_is_lost_when_the_process_is_killed() {
    let directory = directory();
    let keys = (0..WRITERS).map(|writer| Key::new("default", &format!("w{writer}")));
    let mut acknowledged: Acknowledged = keys.map(|key| (key, (0, None))).collect();
    for round in 0..KILLS {
        let mut child = child(directory.path(), "write", None);
        let mut lines = lines_of(&mut child);
        let mut count = 0;
        while count < 20 + round * 5 {
            let line = lines.next().expect("the child writes until it is killed");
            count += usize::from(note(&line, &mut acknowledged));
        }
        // It has not been waited for, so this is the process. On Unix, kill is SIGKILL.
        child.kill().expect("the child runs");
        // What it could still say.
        for line in lines {
            note(&line, &mut acknowledged);
        }
        child.wait().expect("the child ran");
        check(directory.path(), &mut acknowledged, 1);
    }
    assert!(acknowledged.values().all(|(version, _)| *version > 0), "{acknowledged:?}");
}

/// A limit for the size of files has the same effect as a full disk, and needs no other one.
#[cfg(target_os = "linux")]
#[test]
fn a_full_disk_is_an_error_until_there_is_room() {
    if Command::new("prlimit").arg("--version").output().is_err() {
        return super::say_skipped("prlimit is not on the PATH: the store with a full disk");
    }
    let directory = directory();
    let mut acknowledged = Acknowledged::new();
    let mut child = child(directory.path(), "fill", Some("trap '' XFSZ; ulimit -S -f 1000"));
    let mut lines = lines_of(&mut child);
    for line in lines.by_ref().take_while(|line| line != "full") {
        note(&line, &mut acknowledged);
    }
    assert!(acknowledged.len() > 3, "{}", acknowledged.len());
    let before = acknowledged.len();
    let id = child.id().to_string();
    let raised = Command::new("prlimit").args(["--pid", &id, "--fsize=unlimited"]).status();
    assert!(raised.expect("prlimit").success());
    child.stdin.take().expect("its input").write_all(b"go on\n").expect("the child reads");
    for line in lines {
        note(&line, &mut acknowledged);
    }
    assert!(child.wait().expect("the child ran").success());
    assert_eq!(acknowledged.len(), before + 10);
    check(directory.path(), &mut acknowledged, 0);
}

/// Compares the store with what was acknowledged. The last writes can have been done without it: `unknown`
/// of each key.
fn check(directory: &Path, acknowledged: &mut Acknowledged, unknown: usize) {
    let store = DiskStore::open(directory).expect("the store can be opened again");
    for (key, (version, number)) in acknowledged.iter_mut() {
        let job = store.history().get(key);
        let found = job.as_ref().map(|job| number_of(key, job.text()));
        let found_version = job.as_ref().map_or(*version, StoredJob::version);
        if (found_version, found) != (*version, *number) {
            assert_eq!(unknown, 1, "{key} {found:?} {number:?}");
            // The next step of the one that writes it.
            assert_eq!(found, next(*number), "{key} {number:?}");
            assert!(found.is_none() || found_version > *version, "{key} {found_version} {version}");
            (*version, *number) = (found_version, found);
        }
    }
    let last = acknowledged.values().map(|(version, _)| *version).max();
    assert!(Some(store.history().version()) >= last);
}

/// What a writer does with a Job: it counts to 4, deletes it, and begins again.
fn next(number: Option<usize>) -> Option<usize> {
    match number {
        Some(4) => None,
        Some(number) => Some(number + 1),
        None => Some(0),
    }
}

/// Notes a write of which a child said that it is done. Returns whether the line is that.
fn note(line: &str, acknowledged: &mut Acknowledged) -> bool {
    let Some(line) = line.strip_prefix("ack ") else { return false };
    let [name, version, number] = line.split(' ').collect::<Vec<_>>()[..] else { return false };
    let number = if number == "-" { None } else { Some(number.parse().expect("a number")) };
    let version = version.parse().expect("a version");
    let earlier = acknowledged.insert(Key::new("default", name), (version, number));
    assert!(earlier.is_none_or(|(earlier, _)| earlier < version), "{line}");
    true
}

/// This program again, in a role.
fn child(directory: &Path, role: &str, shell: Option<&str>) -> Child {
    let program = std::env::current_exe().expect("this program");
    let arguments = ["disk::child_process", "--exact", "--ignored", "--nocapture"];
    let mut command = match shell {
        None => Command::new(program),
        Some(limits) => {
            let mut command = Command::new("sh");
            command.args(["-c", &format!("{limits}; exec \"$0\" \"$@\"")]).arg(program);
            command
        }
    };
    command.args(arguments).env(DIRECTORY, directory).env(ROLE, role);
    command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::null());
    command.spawn().expect("a process")
}

/// The lines that a child wrote to their end.
fn lines_of(child: &mut Child) -> impl Iterator<Item = String> + use<> {
    let mut output: BufReader<ChildStdout> = BufReader::new(child.stdout.take().expect("output"));
    std::iter::from_fn(move || {
        let mut line = String::new();
        output.read_line(&mut line).expect("text");
        line.ends_with('\n').then(|| line.trim_end().to_owned())
    })
}

/// Not a test, but what the child processes do.
#[tokio::test(flavor = "multi_thread")]
#[ignore = "run by other tests"]
async fn child_process() {
    let (Ok(directory), Ok(role)) = (std::env::var(DIRECTORY), std::env::var(ROLE)) else { return };
    // What the test harness wrote has no line break at its end.
    say("");
    let store = match DiskStore::open(&directory) {
        Ok(store) => Arc::new(store),
        Err(error) => return say(&error.to_string()),
    };
    match &*role {
        "write" => write_until_killed(store).await,
        "fill" => fill(&store).await,
        _ => {}
    }
}

async fn write_until_killed(store: Arc<DiskStore>) {
    let mut writers = tokio::task::JoinSet::new();
    for writer in 0..WRITERS {
        let store = Arc::clone(&store);
        let key = Key::new("default", &format!("w{writer}"));
        writers.spawn(async move {
            let mut job = store.get(&key).await.expect("an answer");
            loop {
                let number = job.as_ref().map(|job| number_of(&key, job.text()));
                let expected = job.as_ref().map(StoredJob::version);
                match (next(number), expected) {
                    (Some(number), _) => {
                        let version = done(&*store, put(&key, expected, number)).await;
                        say(&format!("ack {} {version} {number}", key.name));
                    }
                    (None, Some(expected)) => {
                        let version = done(&*store, delete(&key, expected)).await;
                        say(&format!("ack {} {version} -", key.name));
                    }
                    (None, None) => panic!("there is always a next step"),
                }
                job = store.get(&key).await.expect("an answer");
            }
        });
    }
    writers.join_all().await;
}

async fn fill(store: &DiskStore) {
    let mut numbers = LARGE..;
    let mut write = async || {
        let number = numbers.next().expect("endless");
        let key = Key::new("default", &format!("f{number}"));
        let version = store.write(put(&key, None, number)).await?;
        say(&format!("ack {} {} {number}", key.name, version.expect("a new Job")));
        Ok::<(), StoreError>(())
    };
    while write().await.is_ok() {}
    // It stays an error, and reads go on.
    assert!(is_failure(write().await));
    let first = Key::new("default", &format!("f{LARGE}"));
    assert_eq!(suite::stored(store, &first).await.1, LARGE);
    say("full");
    let mut line = String::new();
    std::io::stdin().read_line(&mut line).expect("a line");
    for _ in 0..10 {
        write().await.expect("there is room");
    }
}

fn say(line: &str) {
    let mut output = std::io::stdout().lock();
    writeln!(output, "{line}").and_then(|()| output.flush()).expect("somebody reads");
}
