//! Files in a revision of git.

use std::collections::HashMap;
use std::io::{self, BufRead, BufReader, Read, Write};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};
use std::sync::{Mutex, PoisonError};

use volcano_job_update_programs::{FileError, display_name};

use super::documents::format_by_name;
use super::globs::{GLOB_OPTIONS, is_glob, is_hidden, literal_front};
use crate::error::Error;
use crate::paths::normal;

/// A revision of the repository of the working directory.
pub(crate) struct Git {
    /// As the command line has it.
    revision: String,
    commit: String,
    /// The top of the working tree.
    top: PathBuf,
    directory: PathBuf,
    reader: Mutex<Reader>,
}

/// A file in the revision.
#[derive(Clone, Debug)]
pub(crate) struct Blob {
    id: String,
    /// From the top of the working tree.
    pub(crate) path: String,
}

/// A process `git cat-file --batch`.
struct Reader {
    process: Child,
    requests: Option<ChildStdin>,
    answers: BufReader<ChildStdout>,
}

impl Git {
    pub(crate) fn new(revision: &str) -> Result<Self, Error> {
        let top = git(&["rev-parse", "--show-toplevel"])?;
        let top = canonical(Path::new(line(&top)))?;
        let directory = canonical(Path::new("."))?;
        let commit = format!("{revision}^{{commit}}");
        let arguments = ["rev-parse", "--verify", "--quiet", "--end-of-options", &commit];
        let commit = git(&arguments)
            .map_err(|_| Error::Git(format!("`{revision}` is no revision of this repository")))?;
        let commit = line(&commit).to_owned();
        let reader = Mutex::new(Reader::start()?);
        Ok(Self { revision: revision.to_owned(), commit, top, directory, reader })
    }

    /// The files of a path: the file itself, the manifests in a directory, or what a glob matches.
    pub(crate) fn blobs(&self, path: &Path) -> Result<Vec<Blob>, Error> {
        let is_glob = is_glob(path);
        let key = self.key(path)?;
        let root = if is_glob { self.key(&literal_front(path))? } else { key.clone() };
        let pattern = if is_glob { Some(pattern(&root, path)?) } else { None };
        let blobs = self.list(&root)?.into_iter();
        Ok(blobs.filter(|blob| is_wanted(Path::new(&blob.path), &key, pattern.as_ref())).collect())
    }

    pub(crate) fn unknown_path(&self, path: &Path) -> Error {
        Error::UnknownPath { name: display_name(path), revision: self.revision.clone() }
    }

    /// The path from the top of the working tree.
    pub(crate) fn key(&self, path: &Path) -> Result<PathBuf, Error> {
        let path = normal(&self.directory.join(path));
        let outside =
            || Error::Git(format!("{} is outside of the repository", display_name(&path)));
        if let Ok(key) = path.strip_prefix(&self.top) {
            return Ok(key.to_owned());
        }
        // An absolute path can go through links.
        let path = path.canonicalize().map_err(|_| outside())?;
        path.strip_prefix(&self.top).map(Path::to_owned).map_err(|_| outside())
    }

    /// The path from the working directory, without the links in it; the path as it is if it has none.
    pub(crate) fn without_links(&self, path: &Path) -> PathBuf {
        match path.canonicalize() {
            Ok(real) if real != normal(&self.directory.join(path)) => real,
            _ => path.to_owned(),
        }
    }

    /// The files of the revision that the working tree has under other names, by their new paths.
    pub(crate) fn renamed(&self) -> Result<HashMap<PathBuf, Blob>, Error> {
        let arguments = ["diff", "--raw", "--no-abbrev", "-z", "--find-renames"];
        let text = git(&[&arguments[..], &["--diff-filter=R", &self.commit, "--"]].concat())?;
        // `:MODE MODE ID ID R100`, the old path and the new one.
        let fields: Vec<&str> = text.split('\0').collect();
        let renamed = fields.chunks_exact(3).filter_map(|fields| match fields {
            [what, old, new] => {
                let id = what.split(' ').nth(2)?.to_owned();
                Some((PathBuf::from(new), Blob { id, path: (*old).to_owned() }))
            }
            _ => None,
        });
        Ok(renamed.collect())
    }

    /// How messages name a file, as git does: `REVISION:PATH`.
    pub(crate) fn display_path(&self, blob: &Blob) -> PathBuf {
        format!("{}:{}", self.revision, blob.path).into()
    }

    pub(crate) fn read(&self, blob: &Blob, limit: usize) -> Result<Vec<u8>, Error> {
        let mut reader = self.reader.lock().unwrap_or_else(PoisonError::into_inner);
        let name = || display_name(&self.display_path(blob));
        match reader.read(&blob.id, limit) {
            Ok(Some(text)) => Ok(text),
            Ok(None) => Err(FileError::TooLong { name: name(), limit }.into()),
            Err(error) => Err(Error::Git(format!("cannot read {}: {error}", name()))),
        }
    }

    /// The files at and below a path. Links and submodules are no files.
    fn list(&self, key: &Path) -> Result<Vec<Blob>, Error> {
        let key = key.to_string_lossy();
        let mut arguments = vec!["ls-tree", "-r", "-z", "--full-tree", &self.commit, "--"];
        if !key.is_empty() {
            arguments.push(&key);
        }
        let entries = git(&arguments)?;
        let entries = entries.split('\0').filter(|entry| entry.starts_with("100"));
        let blob = |entry: &str| {
            let (what, path) = entry.split_once('\t')?;
            let id = what.split(' ').nth(2)?.to_owned();
            Some(Blob { id, path: path.to_owned() })
        };
        Ok(entries.filter_map(blob).collect())
    }
}

/// The glob from the top of the working tree.
fn pattern(root: &Path, path: &Path) -> Result<glob::Pattern, Error> {
    let patterns = path.strip_prefix(literal_front(path)).unwrap_or(path).to_string_lossy();
    let root = glob::Pattern::escape(&root.to_string_lossy());
    let pattern = if root.is_empty() { patterns.into() } else { format!("{root}/{patterns}") };
    glob::Pattern::new(&pattern).map_err(|error| Error::Glob { name: display_name(path), error })
}

/// Whether a file at or below a path, or one that a glob may match, counts. A file that is named itself
/// counts whatever its extension is.
fn is_wanted(file: &Path, key: &Path, pattern: Option<&glob::Pattern>) -> bool {
    let is_manifest = |below: &Path| format_by_name(file).is_some() && !below.iter().any(is_hidden);
    let Some(pattern) = pattern else {
        return file == key || file.strip_prefix(key).is_ok_and(is_manifest);
    };
    // A glob can match a directory.
    file.ancestors().filter(|path| !path.as_os_str().is_empty()).any(|path| {
        let is_match = pattern.matches_path_with(path, GLOB_OPTIONS);
        is_match && (path == file || file.strip_prefix(path).is_ok_and(is_manifest))
    })
}

impl Reader {
    fn start() -> Result<Self, Error> {
        let mut command = command();
        command.args(["cat-file", "--batch"]).stdin(Stdio::piped()).stdout(Stdio::piped());
        let mut process =
            command.stderr(Stdio::null()).spawn().map_err(|error| cannot_run(&error))?;
        let requests = process.stdin.take();
        match process.stdout.take() {
            Some(answers) => Ok(Self { process, requests, answers: BufReader::new(answers) }),
            None => Err(cannot_run(&io::ErrorKind::BrokenPipe.into())),
        }
    }

    /// The content of a file; `None` if it is too long.
    fn read(&mut self, id: &str, limit: usize) -> io::Result<Option<Vec<u8>>> {
        let requests = self.requests.as_mut().ok_or(io::ErrorKind::BrokenPipe)?;
        requests.write_all(format!("{id}\n").as_bytes())?;
        requests.flush()?;
        let mut header = String::new();
        self.answers.read_line(&mut header)?;
        // `ID blob SIZE`.
        let size = header.trim_end().split_once(" blob ").map(|(_, size)| size);
        let size: u64 = size
            .and_then(|size| size.parse().ok())
            .ok_or_else(|| io::Error::other("the object is missing"))?;
        if size > limit as u64 {
            io::copy(&mut self.answers.by_ref().take(size.saturating_add(1)), &mut io::sink())?;
            return Ok(None);
        }
        let mut text = Vec::new();
        self.answers.by_ref().take(size).read_to_end(&mut text)?;
        self.answers.read_exact(&mut [0])?;
        Ok(Some(text))
    }
}

impl Drop for Reader {
    fn drop(&mut self) {
        // The process ends at the end of its input.
        self.requests = None;
        drop(self.process.wait());
    }
}

/// What git prints.
fn git(arguments: &[&str]) -> Result<String, Error> {
    let output = command().args(arguments).output().map_err(|error| cannot_run(&error))?;
    if !output.status.success() {
        let message = String::from_utf8_lossy(&output.stderr);
        let message = message.lines().next().unwrap_or("fails without a message");
        return Err(Error::Git(message.trim_start_matches("fatal: ").to_owned()));
    }
    String::from_utf8(output.stdout).map_err(|_| Error::Git("a path is not UTF-8".to_owned()))
}

fn command() -> Command {
    let mut command = Command::new("git");
    // Paths have no patterns, and messages are those that people search for.
    command.env("GIT_LITERAL_PATHSPECS", "1").env("LC_ALL", "C").stdin(Stdio::null());
    command
}

fn cannot_run(error: &io::Error) -> Error {
    Error::Git(format!("cannot be run: {error}"))
}

fn line(text: &str) -> &str {
    text.trim_end_matches(['\r', '\n'])
}

fn canonical(path: &Path) -> Result<PathBuf, Error> {
    path.canonicalize().map_err(|error| Error::Directory { name: display_name(path), error })
}
