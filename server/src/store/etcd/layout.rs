//! Where kube-apiserver keeps the Jobs in etcd, and how.

use super::messages::KeyValue;
use crate::store::error::StoreError;
use crate::store::stored_job::{Key, StoredJob};

/// How many Jobs are read at once.
pub(super) const PAGE: i64 = 1000;

/// What comes before `NAMESPACE/NAME` in a key.
#[derive(Clone, Debug)]
pub(super) struct Layout {
    front: String,
}

impl Layout {
    /// The keys of the custom resource under a prefix, as
    /// [kube-apiserver](https://github.com/kubernetes/apiserver/blob/master/pkg/storage/etcd3/store.go)
    /// has them: the prefix has one slash at each end.
    pub(super) fn new(prefix: &str) -> Self {
        let parts = prefix.split('/').filter(|part| !part.is_empty());
        let prefix: String = parts.flat_map(|part| ["/", part]).collect();
        Self { front: format!("{prefix}/batch.volcano.sh/jobs/") }
    }

    pub(super) fn key(&self, key: &Key) -> Vec<u8> {
        format!("{}{key}", self.front).into()
    }

    /// Where the Jobs begin that are behind one, or all of a namespace, or all.
    pub(super) fn start(&self, namespace: Option<&str>, after: Option<&Key>) -> Vec<u8> {
        let first = match namespace {
            Some(namespace) => format!("{}{namespace}/", self.front),
            None => self.front.clone(),
        };
        // A zero byte more is the next key that there can be.
        let behind = after.map(|after| format!("{}{after}\0", self.front));
        behind.map_or(first.clone(), |behind| behind.max(first)).into()
    }

    /// What is behind all Jobs of a namespace, or all.
    pub(super) fn end(&self, namespace: Option<&str>) -> Vec<u8> {
        // In place of the slash at the end, the byte behind it.
        match namespace {
            Some(namespace) => format!("{}{namespace}0", self.front).into(),
            None => format!("{}0", self.front.trim_end_matches('/')).into(),
        }
    }

    /// `None` if a key is not that of a Job.
    pub(super) fn parse(&self, key: &[u8]) -> Option<Key> {
        let key = std::str::from_utf8(key).ok()?;
        Key::parse(key.strip_prefix(&self.front)?)
    }

    /// A Job as kube-apiserver writes it: the encoder of JSON ends with a line break.
    pub(super) fn value(job: &StoredJob) -> Vec<u8> {
        format!("{}\n", job.text()).into()
    }

    pub(super) fn job(kv: &KeyValue) -> Result<StoredJob, StoreError> {
        let in_key = |why: String| {
            let key = String::from_utf8_lossy(&kv.key);
            StoreError::Failed(format!("{key}: {why}"))
        };
        let text = std::str::from_utf8(&kv.value).map_err(|error| in_key(error.to_string()))?;
        let version = u64::try_from(kv.mod_revision).map_err(|error| in_key(error.to_string()))?;
        StoredJob::new(text, version).map_err(|error| in_key(error.to_string()))
    }
}

/// etcd's revisions are signed. No write has a higher number.
pub(super) fn revision(version: u64) -> i64 {
    i64::try_from(version).unwrap_or(i64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_are_those_of_kube_apiserver() {
        for (prefix, front) in [
            ("/registry", "/registry/batch.volcano.sh/jobs/"),
            ("registry/", "/registry/batch.volcano.sh/jobs/"),
            ("/a//b", "/a/b/batch.volcano.sh/jobs/"),
            ("", "/batch.volcano.sh/jobs/"),
        ] {
            let layout = Layout::new(prefix);
            let key = Key::new("default", "a");
            assert_eq!(layout.key(&key), format!("{front}default/a").into_bytes());
            assert_eq!(layout.parse(&layout.key(&key)), Some(key));
        }
    }

    #[test]
    fn other_keys_are_no_jobs() {
        let layout = Layout::new("/registry");
        for key in [
            "/registry/batch.volcano.sh/jobs/default/a/b",
            "/registry/batch.volcano.sh/jobs/a",
            "/registry/batch.volcano.sh/queues/default/a",
            "/registry/jobs/default/a",
        ] {
            assert_eq!(layout.parse(key.as_bytes()), None, "{key}");
        }
    }

    #[test]
    fn ranges_have_the_jobs_of_their_namespace() {
        let layout = Layout::new("/registry");
        let has = |namespace: Option<&str>, after: Option<&str>, key: &str| {
            let after = after.and_then(Key::parse);
            let key = layout.key(&Key::parse(key).expect("a key"));
            (layout.start(namespace, after.as_ref())..layout.end(namespace)).contains(&key)
        };
        assert!(has(None, None, "a/b") && has(Some("a"), None, "a/b"));
        assert!(!has(Some("a"), None, "a-b/c") && !has(Some("a"), None, "a0/c"));
        assert!(has(Some("b"), Some("a/x"), "b/a") && !has(Some("b"), Some("b/a"), "b/a"));
        assert!(has(Some("b"), Some("b/a"), "b/a-1") && !has(Some("b"), Some("c/a"), "b/a"));
    }
}
