//! The files of both sides, from directories, globs and git.

use std::collections::{BTreeMap, HashSet};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use volcano_job_update_programs::{FileError, display_name, read_file};
use walkdir::{DirEntry, WalkDir};

use super::documents::{MAX_FILE_BYTES, Source, format_by_name};
use super::git::{Blob, Git};
use super::globs::{GLOB_OPTIONS, is_glob, is_hidden, literal_front};
use crate::error::Error;

/// Where the text of a file comes from.
#[derive(Clone)]
pub(crate) enum Origin {
    File(PathBuf),
    Blob(Arc<Git>, Blob),
    /// It was read already.
    Text(Source),
}

impl Origin {
    pub(crate) fn read(&self) -> Result<Source, Error> {
        match self {
            Self::File(path) => Ok(Source::new(path, read_file(path, MAX_FILE_BYTES)?)),
            Self::Blob(git, blob) => {
                Ok(Source::new(&git.display_path(blob), git.read(blob, MAX_FILE_BYTES)?))
            }
            Self::Text(source) => Ok(source.clone()),
        }
    }

    /// For messages.
    pub(crate) fn name(&self) -> String {
        match self {
            Self::File(path) => display_name(path),
            Self::Blob(git, blob) => display_name(&git.display_path(blob)),
            Self::Text(source) => source.name.clone(),
        }
    }
}

/// A file that is on one side or, with the same relative path, on both.
#[derive(Clone, Default)]
pub(crate) struct Unit {
    pub(crate) existing: Option<Origin>,
    pub(crate) replacement: Option<Origin>,
}

impl Unit {
    /// Whether git has the file as it is, or it was deleted: nobody is to blame for what is wrong in it.
    pub(crate) fn is_untouched(&self) -> bool {
        match (&self.existing, &self.replacement) {
            (Some(Origin::Blob(..)), None) => true,
            (Some(old @ Origin::Blob(..)), Some(new)) => {
                matches!((old.read(), new.read()), (Ok(old), Ok(new)) if old.has_same_text(&new))
            }
            _ => false,
        }
    }
}

/// The files of both sides, in the order of their relative paths.
#[derive(Default)]
pub(crate) struct Units {
    pub(crate) units: Vec<Unit>,
    /// What could not be listed.
    pub(crate) errors: Vec<Error>,
}

/// The files of one side, by their relative paths.
#[derive(Default)]
struct Files {
    files: BTreeMap<PathBuf, PathBuf>,
    errors: Vec<Error>,
}

impl Units {
    /// The files of two directories, globs or files.
    pub(crate) fn of_paths(existing: &Path, replacement: &Path) -> Result<Self, Error> {
        let mut sides = [Files::default(), Files::default()];
        for (files, path) in sides.iter_mut().zip([existing, replacement]) {
            files.add(path, &base_of(path))?;
        }
        let [existing, replacement] = sides;
        let errors = existing.errors.into_iter().chain(replacement.errors).collect();
        let origins = |files: BTreeMap<PathBuf, PathBuf>| {
            files.into_iter().map(|(key, path)| (key, Origin::File(path)))
        };
        Ok(Self { units: by_key(origins(existing.files), origins(replacement.files)), errors })
    }

    /// The files of paths in a revision of git and in the working tree.
    pub(crate) fn of_revision(git: &Arc<Git>, paths: &[&Path]) -> Result<Self, Error> {
        let mut blobs = BTreeMap::new();
        let mut files = Files::default();
        for path in paths {
            let path = &*git.without_links(path);
            let found = git.blobs(path)?;
            let is_new = found.is_empty();
            blobs.extend(found.into_iter().map(|blob| (PathBuf::from(&blob.path), blob)));
            if is_there(path) {
                files.add(path, Path::new(""))?;
            } else if is_new {
                return Err(git.unknown_path(path));
            }
        }
        let mut by_path = Vec::new();
        for path in files.files.into_values() {
            let real = git.without_links(&path);
            let key = git.key(&real)?;
            if real != path {
                // A glob has matched the link, and not the file in the revision.
                blobs.extend(git.blobs(&real)?.into_iter().map(|blob| (key.clone(), blob)));
            }
            by_path.push((key, Origin::File(real)));
        }
        // A file that was renamed has its existing Jobs under the old name.
        if by_path.iter().any(|(key, _)| !blobs.contains_key(key)) {
            let known: HashSet<String> = blobs.values().map(|blob| blob.path.clone()).collect();
            let mut renamed = git.renamed()?;
            renamed.retain(|_, old| !known.contains(&old.path));
            let new = by_path.iter().filter_map(|(key, _)| renamed.remove_entry(key));
            blobs.extend(new);
        }
        let blobs = blobs.into_iter();
        let blobs = blobs.map(|(key, blob)| (key, Origin::Blob(Arc::clone(git), blob)));
        Ok(Self { units: by_key(blobs, by_path), errors: files.errors })
    }

    /// Two texts.
    pub(crate) fn of_texts(existing: Source, replacement: Source) -> Self {
        let [existing, replacement] =
            [existing, replacement].map(|source| Some(Origin::Text(source)));
        Self { units: vec![Unit { existing, replacement }], errors: Vec::new() }
    }
}

fn by_key(
    existing: impl IntoIterator<Item = (PathBuf, Origin)>,
    replacement: impl IntoIterator<Item = (PathBuf, Origin)>,
) -> Vec<Unit> {
    let mut units: BTreeMap<PathBuf, Unit> = BTreeMap::new();
    for (key, origin) in existing {
        units.entry(key).or_default().existing = Some(origin);
    }
    for (key, origin) in replacement {
        units.entry(key).or_default().replacement = Some(origin);
    }
    units.into_values().collect()
}

/// Whether a path can stand for several files.
pub(crate) fn is_many(path: &Path) -> bool {
    path.is_dir() || is_glob(path)
}

/// Whether a path or glob stands for any file.
fn is_there(path: &Path) -> bool {
    if is_glob(path) {
        let paths = glob::glob_with(&path.to_string_lossy(), GLOB_OPTIONS);
        return paths.is_ok_and(|mut paths| paths.next().is_some());
    }
    path.exists()
}

/// The directory to which the paths of the files are relative.
fn base_of(path: &Path) -> PathBuf {
    if path.is_dir() {
        return path.to_owned();
    }
    if is_glob(path) {
        return literal_front(path);
    }
    path.parent().map(Path::to_owned).unwrap_or_default()
}

impl Files {
    fn add(&mut self, path: &Path, base: &Path) -> Result<(), Error> {
        if is_glob(path) {
            return self.add_glob(path, base);
        }
        if path.is_dir() {
            self.walk(path, base);
            return Ok(());
        }
        // Otherwise all Jobs of the other side would be created or deleted.
        if path.as_os_str() != "-" {
            let name = display_name(path);
            path.metadata().map_err(|error| FileError::Read { name, error })?;
        }
        self.insert(path, base);
        Ok(())
    }

    fn insert(&mut self, path: &Path, base: &Path) {
        let key = path.strip_prefix(base).unwrap_or(path);
        self.files.insert(key.to_owned(), path.to_owned());
    }

    fn add_glob(&mut self, glob: &Path, base: &Path) -> Result<(), Error> {
        let name = display_name(glob);
        let paths = glob::glob_with(&glob.to_string_lossy(), GLOB_OPTIONS)
            .map_err(|error| Error::Glob { name: name.clone(), error })?;
        let mut is_empty = true;
        for path in paths {
            is_empty = false;
            match path {
                Ok(path) if path.is_dir() => self.walk(&path, base),
                Ok(path) => self.insert(&path, base),
                Err(error) => self.errors.push(Error::Directory {
                    name: display_name(error.path()),
                    error: error.into(),
                }),
            }
        }
        if is_empty { Err(Error::NoMatch(name)) } else { Ok(()) }
    }

    /// Adds the manifests in a directory and below. What is hidden is skipped.
    fn walk(&mut self, directory: &Path, base: &Path) {
        let is_visible = |entry: &DirEntry| entry.depth() == 0 || !is_hidden(entry.file_name());
        let entries = WalkDir::new(directory).sort_by_file_name().into_iter();
        for entry in entries.filter_entry(is_visible) {
            match entry {
                Ok(entry) if is_manifest(&entry, directory) => self.insert(entry.path(), base),
                Ok(_) => {}
                Err(error) => {
                    let name = display_name(error.path().unwrap_or(directory));
                    self.errors.push(Error::Directory { name, error: error.into() });
                }
            }
        }
    }
}

/// Whether it is a file with the name of a manifest, or a link to a file in the same directory or below
/// that is not visited itself, as in a volume of a `ConfigMap`.
fn is_manifest(entry: &DirEntry, directory: &Path) -> bool {
    if format_by_name(entry.path()).is_none() {
        return false;
    }
    if !entry.path_is_symlink() {
        return entry.file_type().is_file();
    }
    match (entry.path().canonicalize(), directory.canonicalize()) {
        (Ok(target), Ok(directory)) => target.is_file() && is_only_linked(&target, &directory),
        _ => false,
    }
}

/// Whether a file is below a directory, hidden or without the name of a manifest.
fn is_only_linked(file: &Path, directory: &Path) -> bool {
    file.strip_prefix(directory)
        .is_ok_and(|below| below.iter().any(is_hidden) || format_by_name(below).is_none())
}
