//! The rules of a directory, which are read again while they are in use.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError, RwLock};

use volcano_job_update_programs::{display_name, read_file};

use super::manifest::Objects;
use super::policy::Policy;

const MAX_FILE_BYTES: usize = 16 * 1024 * 1024;

/// Who may do what: the roles and bindings of
/// [RBAC](https://kubernetes.io/docs/reference/access-authn-authz/rbac/), of a namespace or of the
/// cluster, in the files of a directory (`*.yaml`, `*.yml`, `*.json`, not those of its directories).
/// Objects of other kinds are skipped.
///
/// The [default roles] that are about what is served here exist too, unless the directory has others of
/// the same name: `cluster-admin`, `admin`, `edit`, `view`, and those of `system:authenticated`.
///
/// [default roles]: https://kubernetes.io/docs/reference/access-authn-authz/rbac/#default-roles-and-role-bindings
#[derive(Debug)]
pub struct Rules {
    directory: PathBuf,
    policy: RwLock<Arc<Policy>>,
    reader: Mutex<Reader>,
}

/// What was read last.
#[derive(Debug)]
struct Reader {
    /// The objects in use.
    objects: Objects,
    /// The files at the last reading, or why there are none.
    last: Result<Files, RulesError>,
    /// Whether they are in use, or were refused.
    is_settled: bool,
}

/// Texts by file name.
type Files = BTreeMap<PathBuf, Vec<u8>>;

/// A directory of rules cannot be used. `Display` is one line with the name of the file.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum RulesError {
    /// The directory or a file cannot be read.
    #[error("{0}")]
    File(String),
    /// A file has no rules that can be used.
    #[error("rules in {name}: {cause}")]
    Rules {
        /// The name of the file.
        name: String,
        /// What is wrong where.
        cause: String,
    },
}

/// What [`Rules::reload`] or [`Rules::reload_settled`] has done.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum RulesReload {
    /// Nothing has changed, or not what was refused before.
    Unchanged,
    /// The files have changed. They are used if the next reading finds them the same.
    Pending,
    /// Other rules are in use.
    Changed(RulesChange),
    /// The rules cannot be used. The old ones stay in use.
    Failed(RulesError),
}

/// Which objects differ. Each is named by kind, namespace and name, such as `Role default/readers`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct RulesChange {
    /// Objects that were not there.
    pub added: Vec<String>,
    /// Objects that are different.
    pub changed: Vec<String>,
    /// Objects that are no longer there.
    pub removed: Vec<String>,
}

impl Rules {
    /// Reads the rules of a directory.
    ///
    /// # Errors
    ///
    /// The directory or a file cannot be read, or a file is no YAML or JSON, or has an object that an API
    /// server would refuse, an unknown field, or a second object of the same name.
    pub fn load(directory: impl Into<PathBuf>) -> Result<Self, RulesError> {
        let directory = directory.into();
        let files = read_files(&directory)?;
        let objects = parse(&files)?;
        tracing::info!(directory = display_name(&directory), rules = %objects, "rules are in use");
        let policy = RwLock::new(Arc::new(policy(objects.clone())));
        let reader = Mutex::new(Reader { objects, last: Ok(files), is_settled: true });
        Ok(Self { directory, policy, reader })
    }

    /// Reads the rules again and uses them, and logs what has changed. Call it when somebody says that the
    /// files are complete.
    pub fn reload(&self) -> RulesReload {
        self.read(true)
    }

    /// As [`reload`](Self::reload), but uses the files only when two calls find them the same: of a file
    /// that is being written, the beginning may allow more than the whole. Call it at an interval.
    pub fn reload_settled(&self) -> RulesReload {
        self.read(false)
    }

    fn read(&self, at_once: bool) -> RulesReload {
        let mut reader = self.reader.lock().unwrap_or_else(PoisonError::into_inner);
        let read = read_files(&self.directory);
        if read != reader.last {
            reader.last = read;
            reader.is_settled = false;
            if !at_once {
                return RulesReload::Pending;
            }
        }
        if reader.is_settled {
            return RulesReload::Unchanged;
        }
        reader.is_settled = true;
        let reload = self.settle(&mut reader);
        self.log(&reload);
        reload
    }

    /// Uses what was read, if it can be.
    fn settle(&self, reader: &mut Reader) -> RulesReload {
        let objects = match reader.last.as_ref().map_err(Clone::clone).and_then(parse) {
            Ok(objects) => objects,
            Err(error) => return RulesReload::Failed(error),
        };
        let change = RulesChange::between(&reader.objects, &objects);
        if change == RulesChange::default() {
            return RulesReload::Unchanged;
        }
        let policy = Arc::new(policy(objects.clone()));
        *self.policy.write().unwrap_or_else(PoisonError::into_inner) = policy;
        reader.objects = objects;
        RulesReload::Changed(change)
    }

    fn log(&self, reload: &RulesReload) {
        let directory = display_name(&self.directory);
        match reload {
            RulesReload::Unchanged | RulesReload::Pending => {}
            RulesReload::Changed(RulesChange { added, changed, removed }) => {
                tracing::info!(directory, ?added, ?changed, ?removed, "other rules are in use");
            }
            RulesReload::Failed(error) => {
                tracing::error!(directory, %error, "the rules cannot be used; the old ones stay in use");
            }
        }
    }

    pub(super) fn policy(&self) -> Arc<Policy> {
        Arc::clone(&self.policy.read().unwrap_or_else(PoisonError::into_inner))
    }
}

impl RulesChange {
    fn between(old: &Objects, new: &Objects) -> Self {
        let mut change = Self::default();
        let pair = |(namespace, name): &(String, String)| format!("{namespace}/{name}");
        change.compare("Role", &old.roles, &new.roles, pair);
        change.compare("ClusterRole", &old.cluster_roles, &new.cluster_roles, String::clone);
        change.compare("RoleBinding", &old.role_bindings, &new.role_bindings, pair);
        let (old, new) = (&old.cluster_role_bindings, &new.cluster_role_bindings);
        change.compare("ClusterRoleBinding", old, new, String::clone);
        change
    }

    fn compare<K: Ord, T: PartialEq>(
        &mut self,
        kind: &str,
        old: &BTreeMap<K, T>,
        new: &BTreeMap<K, T>,
        name: impl Fn(&K) -> String,
    ) {
        for (key, object) in new {
            match old.get(key) {
                None => self.added.push(format!("{kind} {}", name(key))),
                Some(other) if other != object => {
                    self.changed.push(format!("{kind} {}", name(key)));
                }
                Some(_) => {}
            }
        }
        for key in old.keys().filter(|key| !new.contains_key(key)) {
            self.removed.push(format!("{kind} {}", name(key)));
        }
    }
}

fn policy(mut objects: Objects) -> Policy {
    objects.add_missing(defaults());
    Policy::new(objects)
}

#[expect(clippy::expect_used, reason = "the tests read this text")]
fn defaults() -> Objects {
    let mut objects = Objects::default();
    objects.read(include_bytes!("defaults.yaml")).expect("the default rules are valid");
    objects
}

fn read_files(directory: &Path) -> Result<Files, RulesError> {
    let unreadable =
        |error| RulesError::File(format!("cannot read {}: {error}", display_name(directory)));
    let mut files = Files::new();
    for entry in fs::read_dir(directory).map_err(unreadable)? {
        let path = entry.map_err(unreadable)?.path();
        let is_manifest = path.extension().is_some_and(|extension| {
            ["yaml", "yml", "json"].iter().any(|known| extension == *known)
        });
        // A pipe would be waited for.
        let is_special = fs::metadata(&path).is_ok_and(|metadata| !metadata.is_file());
        if is_manifest && !is_special {
            let text = read_file(&path, MAX_FILE_BYTES)
                .map_err(|error| RulesError::File(error.to_string()))?;
            files.insert(path, text);
        }
    }
    Ok(files)
}

fn parse(files: &Files) -> Result<Objects, RulesError> {
    let mut objects = Objects::default();
    for (path, text) in files {
        let error = |cause| RulesError::Rules { name: display_name(path), cause };
        objects.read(text).map_err(error)?;
    }
    Ok(objects)
}

#[cfg(test)]
mod tests {
    use tempfile::TempDir;

    use super::super::{Attributes, User};
    use super::*;

    const BINDING: &str = "apiVersion: rbac.authorization.k8s.io/v1
kind: ClusterRoleBinding
metadata: {name: everything}
roleRef: {kind: ClusterRole, name: cluster-admin}
subjects: [{kind: User, name: alice}]
";

    fn write(directory: &TempDir, name: &str, text: &str) {
        fs::write(directory.path().join(name), text).expect("a file is written");
    }

    fn may(rules: &Rules, user: &str) -> bool {
        let user = User::new(user, "", Vec::new());
        rules.policy().decide(&user, &Attributes::of_jobs("delete", "default", "x")).is_allowed
    }

    fn change(added: &[&str], changed: &[&str], removed: &[&str]) -> RulesReload {
        let owned = |names: &[&str]| names.iter().map(ToString::to_string).collect();
        let (added, changed, removed) = (owned(added), owned(changed), owned(removed));
        RulesReload::Changed(RulesChange { added, changed, removed })
    }

    #[test]
    fn changes_of_files_are_used_when_they_are_the_same_twice() {
        let directory = TempDir::new().expect("a directory");
        let rules = Rules::load(directory.path()).expect("no rules are rules");
        assert!(!may(&rules, "alice"));
        assert_eq!(rules.reload_settled(), RulesReload::Unchanged);

        write(&directory, "a.yaml", &BINDING.replace("alice", "bob"));
        assert_eq!(rules.reload_settled(), RulesReload::Pending);
        write(&directory, "a.yaml", BINDING);
        assert_eq!(rules.reload_settled(), RulesReload::Pending);
        assert!(!may(&rules, "alice"));
        let added = change(&["ClusterRoleBinding everything"], &[], &[]);
        assert_eq!(rules.reload_settled(), added);
        assert_eq!(rules.reload_settled(), RulesReload::Unchanged);
        assert!(may(&rules, "alice") && !may(&rules, "bob"));

        // Another text with the same meaning.
        write(&directory, "a.yaml", &format!("# A comment.\n{BINDING}"));
        assert_eq!(rules.reload_settled(), RulesReload::Pending);
        assert_eq!(rules.reload_settled(), RulesReload::Unchanged);
    }

    #[test]
    fn files_are_used_at_once_on_demand() {
        let directory = TempDir::new().expect("a directory");
        write(&directory, "a.yaml", BINDING);
        write(&directory, "b.yml", &BINDING.replace("everything", "other").replace("alice", "bob"));
        let rules = Rules::load(directory.path()).expect("the rules are valid");
        assert!(may(&rules, "alice") && may(&rules, "bob"));
        write(&directory, "a.yaml", &BINDING.replace("alice", "carol"));
        fs::remove_file(directory.path().join("b.yml")).expect("a file is removed");
        let changed =
            change(&[], &["ClusterRoleBinding everything"], &["ClusterRoleBinding other"]);
        assert_eq!(rules.reload(), changed);
        assert!(may(&rules, "carol") && !may(&rules, "alice") && !may(&rules, "bob"));
    }

    #[test]
    fn broken_files_leave_the_old_rules_in_use() {
        let directory = TempDir::new().expect("a directory");
        write(&directory, "a.yaml", BINDING);
        let rules = Rules::load(directory.path()).expect("the rules are valid");
        write(
            &directory,
            "b.json",
            &BINDING.replace("everything", "other").replace("kind: User", "kind: Human"),
        );
        let RulesReload::Failed(error) = rules.reload() else { panic!("there are no humans") };
        let file = directory.path().join("b.json");
        assert_eq!(
            error.to_string(),
            format!(
                "rules in {}: ClusterRoleBinding \"other\": subjects[0].kind: must be User, Group or \
                 ServiceAccount",
                file.display()
            )
        );
        assert!(may(&rules, "alice"));
        // It is said once.
        assert_eq!(rules.reload(), RulesReload::Unchanged);
        fs::remove_file(&file).expect("a file is removed");
        assert_eq!(rules.reload(), RulesReload::Unchanged);
        fs::remove_dir_all(directory.path()).expect("a directory is removed");
        assert!(matches!(rules.reload(), RulesReload::Failed(RulesError::File(_))));
        assert!(may(&rules, "alice"));
        assert!(matches!(Rules::load(directory.path()), Err(RulesError::File(_))));
    }

    #[test]
    fn a_directory_replaces_default_roles() {
        let directory = TempDir::new().expect("a directory");
        let other = "apiVersion: rbac.authorization.k8s.io/v1\nkind: ClusterRole\n\
                     metadata: {name: cluster-admin}\nrules: []\n";
        write(&directory, "a.yaml", &format!("{BINDING}---\n{other}"));
        write(&directory, "b.txt", "neither YAML nor JSON: [");
        fs::create_dir(directory.path().join("c.yaml")).expect("a directory is made");
        let rules = Rules::load(directory.path()).expect("the rules are valid");
        assert!(!may(&rules, "alice"));
    }
}
