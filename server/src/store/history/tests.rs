//! What no store shows by itself.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::*;

fn job(version: u64) -> StoredJob {
    let text = format!(r#"{{"metadata":{{"uid":"u{version}"}}}}"#);
    StoredJob::new(&text, version).expect("a Job")
}

/// A history of writes of these Jobs, numbered from 2, over an empty store.
fn history(keys: &[&str]) -> Arc<History> {
    let history = History::new(BTreeMap::new(), 1);
    for (version, key) in (2..).zip(keys) {
        history.push(version, key_of(key), Some(job(version)));
    }
    Arc::new(history)
}

fn key_of(text: &str) -> Key {
    Key::parse(text).expect("a key")
}

fn listed(history: &History, query: &Query) -> (Vec<String>, usize) {
    let page = history.list(query).expect("a page");
    (page.jobs.iter().map(|(key, _)| key.to_string()).collect(), page.remaining)
}

async fn versions(watcher: &mut Watcher) -> Vec<u64> {
    watcher.next().await.expect("writes").iter().map(|event| event.version).collect()
}

#[test]
fn namespaces_are_listed_in_the_order_of_etcd() {
    let history = history(&["a/b", "a-b/c", "a0/a"]);
    let all = Query::default();
    assert_eq!(listed(&history, &all), (vec!["a-b/c".into(), "a/b".into(), "a0/a".into()], 0));
    let namespace = Query { namespace: Some("a".into()), ..Query::default() };
    assert_eq!(listed(&history, &namespace), (vec!["a/b".into()], 0));
}

#[test]
fn a_page_behind_a_key_before_the_namespace_begins_with_the_namespace() {
    let history = history(&["a/x", "b/x", "b/y", "c/x"]);
    for at in [None, Some(3), Some(5)] {
        let query = Query {
            namespace: Some("b".into()),
            after: Some(key_of("a/x")),
            at,
            ..Query::default()
        };
        let expected =
            if at == Some(3) { vec!["b/x".into()] } else { vec!["b/x".into(), "b/y".into()] };
        assert_eq!(listed(&history, &query), (expected, 0), "{at:?}");
    }
}

#[tokio::test]
async fn a_slow_watcher_gets_its_writes_in_pieces() {
    let history = history(&[]);
    let mut watcher = history.watch(1).expect("a watcher");
    let count = u64::try_from(MAX_TAKEN).unwrap() * 2 + 10;
    history.push_all((2..2 + count).map(|version| (version, key_of("a/b"), Some(job(version)))));
    let mut seen = Vec::new();
    while seen.len() < usize::try_from(count).unwrap() {
        let piece = versions(&mut watcher).await;
        assert!(piece.len() <= MAX_TAKEN, "{}", piece.len());
        seen.extend(piece);
        assert_eq!(seen.last(), Some(&watcher.version()));
    }
    assert_eq!(seen, (2..2 + count).collect::<Vec<_>>());
}

#[tokio::test]
async fn writes_of_one_transaction_stay_together() {
    let history = history(&[]);
    let mut watcher = history.watch(1).expect("a watcher");
    let keys = (0..MAX_TAKEN + 10).map(|number| Key::new("a", &number.to_string()));
    history.push_all(keys.map(|key| (2, key, Some(job(2)))));
    assert_eq!(versions(&mut watcher).await.len(), MAX_TAKEN + 10);
}

#[tokio::test]
async fn a_watch_from_the_future_leaves_out_what_comes_until_then() {
    let history = history(&["a/b"]);
    let mut watcher = history.watch(4).expect("a watcher");
    for version in 3..=6 {
        history.push(version, key_of("a/b"), Some(job(version)));
    }
    assert_eq!(versions(&mut watcher).await, [5, 6]);
}

#[tokio::test]
async fn a_history_that_begins_anew_ends_every_watch() {
    let history = history(&["a/b", "a/c"]);
    let mut at_the_end = history.watch(3).expect("a watcher");
    let mut behind = history.watch(2).expect("a watcher");
    let mut ahead = history.watch(20).expect("a watcher");
    history.reset(BTreeMap::from([(key_of("a/d"), job(9))]), 9);
    for watcher in [&mut at_the_end, &mut behind, &mut ahead] {
        let expired = watcher.next().await.expect_err("the writes are not known");
        assert_eq!(expired.oldest, 9);
    }
    assert_eq!(history.watch(8).expect_err("forgotten").oldest, 9);
    let mut new = history.watch(9).expect("a watcher");
    history.push(10, key_of("a/d"), None);
    assert_eq!(versions(&mut new).await, [10]);
}

#[tokio::test]
async fn a_watcher_learns_of_writes_of_other_things_by_their_number() {
    let history = history(&["a/b"]);
    let mut watcher = history.watch(2).expect("a watcher");
    history.advance(7);
    // To delete what is not there is no write of a Job either.
    history.push(8, key_of("a/x"), None);
    history.push(9, key_of("a/b"), None);
    assert_eq!(versions(&mut watcher).await, [9]);
    assert_eq!((watcher.version(), history.version()), (9, 9));
    history.reached(9).await;
}

#[tokio::test]
async fn forgotten_writes_expire_lists_and_watches() {
    let history = history(&[]);
    let mut slow = history.watch(1).expect("a watcher");
    let last = u64::try_from(MAX_EVENTS).unwrap() + 2;
    history.push_all((2..=last).map(|version| (version, key_of("a/b"), Some(job(version)))));
    // One was forgotten: that of number 2.
    assert_eq!(slow.next().await.expect_err("forgotten"), Expired { asked: 1, oldest: 2 });
    assert!(history.watch(2).is_ok());
    let at = |version| history.list(&Query { at: Some(version), ..Query::default() });
    assert!(matches!(at(1), Err(StoreError::Expired(Expired { asked: 1, oldest: 2 }))));
    assert_eq!(at(2).expect("a page").jobs[0].1.version(), 2);
    assert!(matches!(at(last + 1), Err(StoreError::Future { .. })));
}
