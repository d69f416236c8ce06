//! A store in a file on this machine.
//!
//! One thread writes. It takes all writes that are waiting, checks each, and puts them into one
//! transaction, so that many writers share the time that the disk needs. All Jobs are in memory too, where
//! reads find them.

use std::collections::{BTreeMap, HashMap};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::mpsc::{Receiver, Sender, channel};
use std::thread::JoinHandle;

use redb::{Database, DatabaseError, ReadableDatabase, ReadableTable, TableDefinition};
use tokio::sync::oneshot;

use super::error::StoreError;
use super::history::History;
use super::interface::{Answer, Store};
use super::query::{Page, Query, Write};
use super::stored_job::{Key, StoredJob};

/// The file in the directory.
const FILE: &str = "jobs.redb";

/// By its key: the number of the last write of a Job, where in its text that number belongs, whether
/// another member follows there, and the text.
const JOBS: TableDefinition<'_, &str, (u64, u64, bool, &str)> = TableDefinition::new("jobs");

/// The number of the last write, which stays when the Job is deleted.
const LAST_VERSION: TableDefinition<'_, (), u64> = TableDefinition::new("last-version");

/// The number before the first write. No resourceVersion is 0: a client that asks for 0 takes any.
const FIRST_VERSION: u64 = 1;

/// How many bytes of the file are kept in memory. All Jobs are there already.
const CACHE_BYTES: usize = 16 * 1024 * 1024;

/// How many writes are put into one transaction.
const MAX_BATCH: usize = 1024;

/// A store in a file, with [redb](https://docs.rs/redb). What a write returned is on the disk.
///
/// One process at a time can have it open. After an error of the disk the store opens the file again with
/// the next write, and goes on if it can.
#[derive(Debug)]
pub struct DiskStore {
    history: Arc<History>,
    /// `None` only while the store is dropped.
    writes: Option<Sender<Waiting>>,
    writer: Option<JoinHandle<()>>,
}

/// A write, and who waits for it.
#[derive(Debug)]
struct Waiting {
    key: Key,
    expected: Option<u64>,
    /// Without its number.
    job: Option<StoredJob>,
    answer: oneshot::Sender<Result<Option<u64>, StoreError>>,
}

impl DiskStore {
    /// Opens the store in a directory, or creates it. Reads all Jobs.
    ///
    /// # Errors
    ///
    /// Another process has the store open, the file cannot be read or written, or it is corrupt.
    pub fn open(directory: impl AsRef<Path>) -> Result<Self, StoreError> {
        let directory = directory.as_ref();
        create_directory(directory)?;
        let path = directory.join(FILE);
        let (database, contents) = open(&path)?;
        // The file itself can be new. Elsewhere directories cannot be opened.
        #[cfg(unix)]
        std::fs::File::open(directory).and_then(|opened| opened.sync_all()).map_err(failed)?;
        let history = Arc::new(History::new(contents.jobs, contents.version));
        let (sender, waiting) = channel();
        let writer = Writer { path, database: Some(database), history: Arc::clone(&history) };
        let writer = std::thread::Builder::new()
            .name("store".into())
            .spawn(move || writer.run(&waiting))
            .map_err(failed)?;
        Ok(Self { history, writes: Some(sender), writer: Some(writer) })
    }
}

impl Drop for DiskStore {
    /// Ends the thread behind what is waiting, and closes the file.
    fn drop(&mut self) {
        self.writes = None;
        if let Some(writer) = self.writer.take() {
            // What it panicked with was printed then.
            drop(writer.join());
        }
    }
}

impl Store for DiskStore {
    fn get<'s>(&'s self, key: &'s Key) -> Answer<'s, Option<StoredJob>> {
        Box::pin(async { Ok(self.history.get(key)) })
    }

    fn list<'s>(&'s self, query: &'s Query) -> Answer<'s, Page> {
        Box::pin(async { self.history.list(query) })
    }

    fn write(&self, write: Write) -> Answer<'_, Option<u64>> {
        Box::pin(async move {
            let ended = || StoreError::Failed("its thread has ended".into());
            let Write { key, expected, job } = write;
            // Here, because there is only one thread that writes.
            let job = job.map(|job| StoredJob::new(&job, 0)).transpose()?;
            let (answer, answered) = oneshot::channel();
            let writes = self.writes.as_ref().ok_or_else(ended)?;
            writes.send(Waiting { key, expected, job, answer }).map_err(|_| ended())?;
            answered.await.map_err(|_| ended())?
        })
    }

    fn history(&self) -> &Arc<History> {
        &self.history
    }
}

/// What the thread has.
struct Writer {
    path: PathBuf,
    /// `None` after an error.
    database: Option<Database>,
    history: Arc<History>,
}

/// Writes that belong into one transaction.
#[derive(Default)]
struct Batch {
    writes: Vec<(u64, Key, Option<StoredJob>)>,
    /// The Jobs as of the last of them.
    jobs: HashMap<Key, Option<u64>>,
}

type Answered = (oneshot::Sender<Result<Option<u64>, StoreError>>, Option<u64>);

impl Writer {
    /// Until the store is dropped.
    fn run(mut self, waiting: &Receiver<Waiting>) {
        while let Ok(first) = waiting.recv() {
            let mut all = vec![first];
            all.extend(waiting.try_iter().take(MAX_BATCH - 1));
            self.write(all);
        }
    }

    fn write(&mut self, all: Vec<Waiting>) {
        if let Err(error) = self.reopen() {
            return refuse(all.into_iter().map(|waiting| waiting.answer), &error);
        }
        let (batch, answers) = self.check(all);
        match self.commit(&batch) {
            Ok(()) => {
                self.history.push_all(batch.writes);
                for (answer, version) in answers {
                    // Who does not wait any longer does not need it.
                    drop(answer.send(Ok(version)));
                }
            }
            Err(error) => {
                self.database = None;
                // Also those that lost to a write of this transaction: nobody knows whether it was done.
                refuse(answers.into_iter().map(|(answer, _)| answer), &error);
            }
        }
    }

    /// Compares each write with the Job as the writes before it leave it, and gives it its number.
    fn check(&self, all: Vec<Waiting>) -> (Batch, Vec<Answered>) {
        let mut batch = Batch::default();
        let mut answers = Vec::with_capacity(all.len());
        let mut version = self.history.version();
        for Waiting { key, expected, job, answer } in all {
            let stored = match batch.jobs.get(&key) {
                Some(version) => *version,
                None => self.history.get(&key).map(|job| job.version()),
            };
            if stored != expected {
                answers.push((answer, None));
                continue;
            }
            version += 1;
            batch.jobs.insert(key.clone(), job.is_some().then_some(version));
            batch.writes.push((version, key, job.map(|job| job.at_version(version))));
            answers.push((answer, Some(version)));
        }
        (batch, answers)
    }

    /// On return the writes are on the disk, all of them. After an error they can be there or not.
    fn commit(&self, batch: &Batch) -> Result<(), StoreError> {
        let Some((last, ..)) = batch.writes.last() else { return Ok(()) };
        let Some(database) = &self.database else { return Err(failed("it is closed")) };
        guarded(|| commit(database, &batch.writes, *last).map_err(failed))
    }

    /// Opens the file again if it was closed because of an error. What was written last can be there,
    /// although that was not acknowledged.
    fn reopen(&mut self) -> Result<(), StoreError> {
        if self.database.is_some() {
            return Ok(());
        }
        let (database, contents) = open(&self.path)?;
        if contents.version != self.history.version() {
            self.history.reset(contents.jobs, contents.version);
        }
        self.database = Some(database);
        tracing::info!("the store is open again");
        Ok(())
    }
}

fn commit(
    database: &Database,
    writes: &[(u64, Key, Option<StoredJob>)],
    last: u64,
) -> Result<(), redb::Error> {
    let transaction = database.begin_write()?;
    {
        let mut jobs = transaction.open_table(JOBS)?;
        for (version, key, job) in writes {
            let key = key.to_string();
            match job.as_ref().map(StoredJob::parts) {
                Some((text, place, has_next)) => {
                    jobs.insert(&*key, (*version, place as u64, has_next, text))?;
                }
                None => drop(jobs.remove(&*key)?),
            }
        }
        transaction.open_table(LAST_VERSION)?.insert((), last)?;
    }
    // Durable, unless the transaction says otherwise.
    Ok(transaction.commit()?)
}

fn refuse(
    answers: impl Iterator<Item = oneshot::Sender<Result<Option<u64>, StoreError>>>,
    error: &StoreError,
) {
    tracing::error!("a write failed: {error}");
    for answer in answers {
        let error = match error {
            StoreError::Failed(why) => StoreError::Failed(why.clone()),
            error => failed(error),
        };
        drop(answer.send(Err(error)));
    }
}

/// What is in the file.
struct Contents {
    jobs: BTreeMap<Key, StoredJob>,
    version: u64,
}

fn open(path: &Path) -> Result<(Database, Contents), StoreError> {
    let in_file = |why: String| StoreError::Failed(format!("{}: {why}", path.display()));
    guarded(|| {
        // Checksums are compared, which costs less than reading the Jobs.
        let database = Database::builder()
            .set_cache_size(CACHE_BYTES)
            .set_check_integrity_on_open(true)
            .create(path)
            .map_err(|error| match error {
                DatabaseError::DatabaseAlreadyOpen => in_file("another process has it open".into()),
                error => in_file(error.to_string()),
            })?;
        let contents = read(&database).map_err(|error| in_file(error.to_string()))?;
        Ok((database, contents))
    })
}

fn read(database: &Database) -> Result<Contents, redb::Error> {
    use redb::TableError::TableDoesNotExist;
    let transaction = database.begin_read()?;
    let version = match transaction.open_table(LAST_VERSION) {
        Ok(table) => table.get(())?.map_or(FIRST_VERSION, |version| version.value()),
        Err(TableDoesNotExist(_)) => FIRST_VERSION,
        Err(error) => return Err(error.into()),
    };
    let mut jobs = BTreeMap::new();
    let table = match transaction.open_table(JOBS) {
        Ok(table) => table,
        Err(TableDoesNotExist(_)) => return Ok(Contents { jobs, version }),
        Err(error) => return Err(error.into()),
    };
    for entry in table.iter()? {
        let (key, value) = entry?;
        let (number, place, has_next, text) = value.value();
        let is_whole = |key: &Key| !key.name.is_empty() && number <= version;
        let place = usize::try_from(place).ok().filter(|place| text.is_char_boundary(*place));
        let (Some(key), Some(place)) = (Key::parse(key.value()).filter(is_whole), place) else {
            return Err(redb::Error::Corrupted(format!("{} is no Job", key.value())));
        };
        jobs.insert(key, StoredJob::from_parts(number, text.into(), place, has_next));
    }
    Ok(Contents { jobs, version })
}

/// A corrupt file can make the library panic. That is an error like others.
fn guarded<T>(work: impl FnOnce() -> Result<T, StoreError>) -> Result<T, StoreError> {
    let panicked =
        |_| Err(StoreError::Failed("the file is corrupt, or the store has a bug".into()));
    catch_unwind(AssertUnwindSafe(work)).unwrap_or_else(panicked)
}

/// Jobs can contain secrets, so nobody else may read them.
fn create_directory(directory: &Path) -> Result<(), StoreError> {
    let mut builder = std::fs::DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    let in_directory = |error| failed(format_args!("{}: {error}", directory.display()));
    builder.create(directory).map_err(in_directory)
}

fn failed(error: impl std::fmt::Display) -> StoreError {
    StoreError::Failed(error.to_string())
}
