//! What every store does.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use tokio::task::JoinSet;
use volcano_job_server::store::{Event, Key, Query, Store, StoreError, Watcher, Write};

use super::{delete, done, job_text, number_of, put};

/// How long something may take that happens at once, unless the machine is busy.
pub(crate) const PATIENCE: Duration = Duration::from_secs(60);

const WRITERS: usize = 64;

/// How often each of them writes.
const WRITES: usize = 3;

/// Runs all checks, each with a store that has no Job.
pub(crate) async fn run(open: impl AsyncFn() -> Arc<dyn Store>) {
    compares_and_swaps(&*open().await).await;
    keeps_no_number_in_the_text(&*open().await).await;
    refuses_what_is_no_job(&*open().await).await;
    lists_pages(&*open().await).await;
    lists_as_of_earlier_writes(&*open().await).await;
    shows_each_write_once_and_in_order(&*open().await).await;
    cannot_go_back_before_its_beginning(&*open().await);
    knows_its_last_write(&*open().await).await;
    orders_writers_of_one_job(open().await).await;
    orders_writers_of_many_jobs(open().await).await;
}

async fn compares_and_swaps(store: &dyn Store) {
    let key = Key::new("default", "a");
    assert!(store.get(&key).await.expect("an answer").is_none());
    assert_eq!(store.write(put(&key, Some(1), 0)).await.expect("an answer"), None);

    let created = done(store, put(&key, None, 1)).await;
    assert!(created > 0);
    assert_eq!(store.write(put(&key, None, 2)).await.expect("an answer"), None);
    assert_eq!(stored(store, &key).await, (created, 1));

    let replaced = done(store, put(&key, Some(created), 3)).await;
    assert!(replaced > created);
    for stale in [put(&key, Some(created), 4), delete(&key, created), put(&key, None, 4)] {
        assert_eq!(store.write(stale).await.expect("an answer"), None);
    }
    assert_eq!(stored(store, &key).await, (replaced, 3));

    let deleted = done(store, delete(&key, replaced)).await;
    assert!(deleted > replaced);
    assert!(store.get(&key).await.expect("an answer").is_none());
    for stale in [put(&key, Some(replaced), 5), delete(&key, replaced), delete(&key, deleted)] {
        assert_eq!(store.write(stale).await.expect("an answer"), None);
    }
    assert!(done(store, put(&key, None, 6)).await > deleted);
}

async fn keeps_no_number_in_the_text(store: &dyn Store) {
    let key = Key::new("default", "a");
    let text = job_text(&key, 1);
    let numbered = text.replace(r#""uid""#, r#""resourceVersion":"77","uid""#);
    assert_ne!(text, numbered);
    let write = Write::new(key.clone(), None, Some(numbered.as_str().into()));
    let version = done(store, write).await;
    let job = store.get(&key).await.expect("an answer").expect("a Job");
    assert_eq!(**job.text(), text);
    assert_eq!(job.to_json(), numbered.replace("77", &version.to_string()));
}

async fn refuses_what_is_no_job(store: &dyn Store) {
    let key = Key::new("default", "a");
    for text in ["", "[]", r#"{"metadata":{}"#] {
        let write = Write::new(key.clone(), None, Some(text.into()));
        assert!(matches!(store.write(write).await, Err(StoreError::Failed(_))), "{text}");
    }
    assert!(store.get(&key).await.expect("an answer").is_none());
    done(store, put(&key, None, 1)).await;
}

async fn lists_pages(store: &dyn Store) {
    let texts = ["a-b/x", "a/x", "a/x-1", "a/y", "b/x"];
    let mut last = 0;
    for text in texts.iter().rev() {
        last = done(store, put(&key_of(text), None, 1)).await;
    }
    check_list(store, query(None, None, None), &texts, 0).await;
    check_list(store, query(Some("a"), None, None), &texts[1..4], 0).await;
    check_list(store, query(Some("none"), None, None), &[], 0).await;
    check_list(store, query(None, None, Some(2)), &texts[..2], 3).await;
    check_list(store, query(None, Some("a/x"), Some(2)), &texts[2..4], 1).await;
    check_list(store, query(Some("a"), Some("a/x"), None), &texts[2..4], 0).await;
    check_list(store, query(Some("a"), None, Some(3)), &texts[1..4], 0).await;
    // Also behind a Job that is no longer there, and before the namespace.
    check_list(store, query(None, Some("a/x-0"), Some(1)), &["a/x-1"], 2).await;
    check_list(store, query(Some("b"), Some("a/x"), None), &["b/x"], 0).await;
    let page = store.list(&Query::default()).await.expect("a page");
    assert!(page.version >= last, "{} {last}", page.version);
}

async fn lists_as_of_earlier_writes(store: &dyn Store) {
    let keys: Vec<Key> = (0..10).map(|number| Key::new("default", &format!("j{number}"))).collect();
    let mut now: BTreeMap<String, (u64, usize)> = BTreeMap::new();
    let mut then = Vec::new();
    for step in 0..40 {
        let key = &keys[step * 7 % 10];
        let name = key.to_string();
        let expected = now.get(&name).map(|(version, _)| *version);
        let version = match expected {
            Some(expected) if step % 3 == 0 => {
                now.remove(&name);
                done(store, delete(key, expected)).await
            }
            _ => {
                let version = done(store, put(key, expected, step)).await;
                now.insert(name, (version, step));
                version
            }
        };
        then.push((version, now.clone()));
    }
    for (version, jobs) in &then {
        let mut query = Query::default();
        query.at = Some(*version);
        assert_eq!(numbers(store, &query).await, (*version, jobs.clone()));
        // In pages of three.
        let mut pages = BTreeMap::new();
        query.limit = Some(3);
        loop {
            let page = store.list(&query).await.expect("a page");
            assert_eq!(page.jobs.len() + page.remaining + pages.len(), jobs.len());
            pages.extend(
                page.jobs.iter().map(|(key, job)| {
                    (key.to_string(), (job.version(), number_of(key, job.text())))
                }),
            );
            query.after = page.jobs.last().map(|(key, _)| key.clone());
            if page.remaining == 0 {
                break;
            }
        }
        assert_eq!(&pages, jobs);
    }
    let mut query = Query::default();
    query.at = Some(then[39].0 + 1_000_000);
    assert!(matches!(store.list(&query).await, Err(StoreError::Future { .. })));
}

async fn shows_each_write_once_and_in_order(store: &dyn Store) {
    let [a, b] = ["default/a", "other/b"].map(key_of);
    let start = store.list(&Query::default()).await.expect("a page").version;
    let mut from_start = store.history().watch(start).expect("a watch");
    let v1 = done(store, put(&a, None, 1)).await;
    let v2 = done(store, put(&b, None, 2)).await;
    let mut from_v1 = store.history().watch(v1).expect("a watch");
    let v3 = done(store, put(&a, Some(v1), 3)).await;
    let v4 = done(store, delete(&a, v3)).await;
    let expected = [
        (v1, "default/a", None, Some((v1, 1))),
        (v2, "other/b", None, Some((v2, 2))),
        (v3, "default/a", Some((v1, 1)), Some((v3, 3))),
        (v4, "default/a", Some((v3, 3)), None),
    ];
    let expected =
        expected.map(|(version, key, before, after)| (version, key.to_owned(), before, after));
    assert_eq!(shown(&mut from_start, 4).await, expected);
    assert_eq!(shown(&mut from_v1, 3).await, expected[1..]);
    // A client can go on behind what it has seen, also if this server is behind it.
    let ahead = v4 + 1;
    let mut from_ahead = store.history().watch(ahead).expect("a watch");
    let mut version = done(store, put(&a, None, 5)).await;
    while version <= ahead {
        version = done(store, put(&a, Some(version), 5)).await;
    }
    assert_eq!(shown(&mut from_ahead, 1).await[0].0, version);
}

fn cannot_go_back_before_its_beginning(store: &dyn Store) {
    let expired = store.history().watch(0).expect_err("it begins with 1");
    assert_eq!(expired.asked, 0);
    assert!(expired.oldest > 0 && store.history().watch(expired.oldest).is_ok());
}

async fn knows_its_last_write(store: &dyn Store) {
    let key = Key::new("default", "a");
    let version = done(store, put(&key, None, 1)).await;
    assert!(store.last_version(version).await.expect("an answer") >= version);
    let later = store.last_version(u64::MAX).await.expect("an answer");
    assert!((version..u64::MAX).contains(&later), "{later}");
    // The history is not behind the acknowledgement.
    assert!(store.history().version() >= version);
    assert_eq!(store.history().get(&key).map(|job| job.version()), Some(version));
}

async fn orders_writers_of_one_job(store: Arc<dyn Store>) {
    let key = Key::new("default", "a");
    let created = done(&*store, put(&key, None, 0)).await;
    let mut watcher = store.history().watch(created).expect("a watch");
    let mut writers = JoinSet::new();
    for _ in 0..WRITERS {
        let (store, key) = (Arc::clone(&store), key.clone());
        writers.spawn(async move { add_one_each_time(&*store, &key).await });
    }
    let mut acknowledged: Vec<(u64, usize)> =
        writers.join_all().await.into_iter().flatten().collect();
    acknowledged.sort_unstable();
    let numbers: Vec<usize> = acknowledged.iter().map(|(_, number)| *number).collect();
    assert_eq!(numbers, (1..=WRITERS * WRITES).collect::<Vec<_>>());

    let shown = shown(&mut watcher, WRITERS * WRITES).await;
    let mut last = (created, 0);
    for ((version, _, before, after), acknowledged) in shown.into_iter().zip(acknowledged) {
        assert_eq!((version, before, after), (acknowledged.0, Some(last), Some(acknowledged)));
        assert!(version > last.0);
        last = acknowledged;
    }
    assert_eq!(stored(&*store, &key).await, last);
}

/// Adds one to the number of a Job, again if somebody else was faster. Returns what was acknowledged.
async fn add_one_each_time(store: &dyn Store, key: &Key) -> Vec<(u64, usize)> {
    let mut acknowledged = Vec::new();
    while acknowledged.len() < WRITES {
        let (version, number) = stored(store, key).await;
        let write = put(key, Some(version), number + 1);
        if let Some(version) = store.write(write).await.expect("the store works") {
            acknowledged.push((version, number + 1));
        }
    }
    acknowledged
}

async fn orders_writers_of_many_jobs(store: Arc<dyn Store>) {
    let mut watcher = store.history().watch(store.history().version()).expect("a watch");
    let mut writers = JoinSet::new();
    for number in 0..WRITERS {
        let store = Arc::clone(&store);
        writers.spawn(async move {
            let key = Key::new("default", &format!("j{number}"));
            (done(&*store, put(&key, None, number)).await, key.to_string(), number)
        });
    }
    let mut acknowledged = writers.join_all().await;
    acknowledged.sort_unstable();
    assert!(acknowledged.windows(2).all(|pair| pair[0].0 < pair[1].0));
    let shown = shown(&mut watcher, WRITERS).await;
    for ((version, key, number), shown) in acknowledged.into_iter().zip(shown) {
        assert_eq!(shown, (version, key, None, Some((version, number))));
    }
}

type Shown = (u64, String, Option<(u64, usize)>, Option<(u64, usize)>);

/// The next writes, as many as are expected.
pub(crate) async fn shown(watcher: &mut Watcher, count: usize) -> Vec<Shown> {
    let mut shown = Vec::new();
    while shown.len() < count {
        let events = events(watcher).await;
        shown.extend(events.iter().map(|event| show(event)));
    }
    assert_eq!(shown.len(), count);
    shown
}

/// The next writes. A store that does not show them would make a test wait forever.
pub(crate) async fn events(watcher: &mut Watcher) -> Vec<Arc<Event>> {
    let events = tokio::time::timeout(PATIENCE, watcher.next()).await.expect("a write in time");
    events.expect("writes that are not forgotten")
}

fn show(event: &Event) -> Shown {
    let [before, after] = [&event.before, &event.after]
        .map(|job| job.as_ref().map(|job| (job.version(), number_of(&event.key, job.text()))));
    (event.version, event.key.to_string(), before, after)
}

/// The number of the last write of a Job, and the number in it.
pub(crate) async fn stored(store: &dyn Store, key: &Key) -> (u64, usize) {
    let job = store.get(key).await.expect("an answer").expect("a Job");
    (job.version(), number_of(key, job.text()))
}

pub(crate) async fn numbers(
    store: &dyn Store,
    query: &Query,
) -> (u64, BTreeMap<String, (u64, usize)>) {
    let page = store.list(query).await.expect("a page");
    let jobs = page
        .jobs
        .iter()
        .map(|(key, job)| (key.to_string(), (job.version(), number_of(key, job.text()))));
    (page.version, jobs.collect())
}

/// Lists, and compares the keys and how many more there are.
async fn check_list(store: &dyn Store, query: Query, keys: &[&str], remaining: usize) {
    let page = store.list(&query).await.expect("a page");
    let listed: Vec<String> = page.jobs.iter().map(|(key, _)| key.to_string()).collect();
    assert_eq!(
        (listed, page.remaining),
        (keys.iter().map(ToString::to_string).collect(), remaining),
        "{query:?}"
    );
}

fn query(namespace: Option<&str>, after: Option<&str>, limit: Option<usize>) -> Query {
    let mut query = Query::default();
    query.namespace = namespace.map(Into::into);
    query.after = after.map(key_of);
    query.limit = limit;
    query
}

pub(crate) fn key_of(text: &str) -> Key {
    let (namespace, name) = text.split_once('/').expect("a namespace and a name");
    Key::new(namespace, name)
}
