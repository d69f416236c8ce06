//! The store in etcd: with others on the same etcd, without etcd, and with etcd's ways to log in.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use rcgen::{
    BasicConstraints, CertificateParams, CertifiedIssuer, DnType, ExtendedKeyUsagePurpose, IsCa,
    KeyPair,
};
use volcano_job_server::store::{EtcdOptions, EtcdStore, Key, Query, Store, StoreError, Watcher};

use super::etcd_process::{Etcd, Road, free_port};
use super::suite::{self, PATIENCE, shown, stored};
use super::{delete, done, is_failure, job_text, put};

async fn connect(options: EtcdOptions) -> EtcdStore {
    let start = Instant::now();
    loop {
        match EtcdStore::connect(options.clone()).await {
            Ok(store) => return store,
            // etcd listens before it has a leader.
            Err(error) => assert!(start.elapsed() < PATIENCE, "{error}"),
        }
    }
}

async fn store_of(etcd: &Etcd) -> EtcdStore {
    connect(EtcdOptions::new([etcd.url()])).await
}

/// Asks until etcd answers again.
async fn wait_for(store: &dyn Store, key: &Key) {
    let start = Instant::now();
    while let Err(error) = store.get(key).await {
        assert!(start.elapsed() < PATIENCE, "{error}");
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}

fn etcd_key(key: &Key) -> String {
    format!("/registry/batch.volcano.sh/jobs/{key}")
}

#[tokio::test(flavor = "multi_thread")]
async fn etcd_does_what_every_store_does() {
    let Some(etcd) = Etcd::start(&[]) else { return };
    let count = AtomicUsize::new(0);
    suite::run(async || {
        let prefix = format!("/suite/{}", count.fetch_add(1, Ordering::Relaxed));
        let options = EtcdOptions::new([etcd.url()]).with_prefix(prefix);
        Arc::new(connect(options).await) as Arc<dyn Store>
    })
    .await;
}

#[tokio::test]
async fn jobs_are_stored_as_kube_apiserver_stores_them() {
    let Some(etcd) = Etcd::start(&[]) else { return };
    let store = store_of(&etcd).await;
    let key = Key::new("default", "a");
    let text = job_text(&key, 1).replace(r#""uid""#, r#""resourceVersion":"5","uid""#);
    let write = super::Write::new(key.clone(), None, Some(text.into()));
    let version = done(&store, write).await;
    let printed = etcd.ctl(&["get", "--print-value-only", &etcd_key(&key)]);
    // etcdctl adds a line break.
    assert_eq!(printed, format!("{}\n\n", job_text(&key, 1)));
    let json = etcd.ctl(&["get", "--write-out=json", &etcd_key(&key)]);
    let json: serde_json::Value = serde_json::from_str(&json).expect("JSON");
    assert_eq!(json["kvs"][0]["mod_revision"], version);
}

#[tokio::test(flavor = "multi_thread")]
async fn writes_of_others_are_seen() {
    let Some(etcd) = Etcd::start(&[]) else { return };
    let ours = store_of(&etcd).await;
    let theirs = store_of(&etcd).await;
    let [a, b] = ["a", "b"].map(|name| Key::new("default", name));
    let start = ours.history().version();
    let mut watcher = ours.history().watch(start).expect("a watch");
    let text = job_text(&a, 1);
    etcd.ctl(&["put", &etcd_key(&a), &text]);
    let (first, _) = stored(&ours, &a).await;
    assert_eq!(shown(&mut watcher, 1).await[0].3, Some((first, 1)));
    // Others that are no Jobs, or of another prefix.
    etcd.ctl(&["put", "/registry/batch.volcano.sh/queues/x", "{}"]);
    etcd.ctl(&["put", "/registry/batch.volcano.sh/jobs/x/y/z", "{}"]);
    let second = done(&theirs, put(&b, None, 2)).await;
    let third = done(&ours, put(&a, Some(first), 3)).await;
    assert_eq!(theirs.write(delete(&a, first)).await.expect("an answer"), None);
    etcd.ctl(&["del", &etcd_key(&a)]);
    let events = shown(&mut watcher, 3).await;
    let deleted = events[2].0;
    assert_eq!(events[0], (second, b.to_string(), None, Some((second, 2))));
    assert_eq!(events[1], (third, a.to_string(), Some((first, 1)), Some((third, 3))));
    assert_eq!(events[2], (deleted, a.to_string(), Some((third, 3)), None));
    assert!(deleted > third && ours.get(&a).await.expect("an answer").is_none());
    let (_, jobs) = suite::numbers(&ours, &Query::default()).await;
    assert_eq!(jobs.into_iter().collect::<Vec<_>>(), [(b.to_string(), (second, 2))]);
    // Their server has seen the same.
    let mut watcher = theirs.history().watch(start).expect("a watch");
    assert_eq!(shown(&mut watcher, 4).await[3].0, deleted);
}

/// Two Jobs in one transaction have the same number.
#[tokio::test]
async fn a_transaction_of_others_is_seen_as_a_whole() {
    let Some(etcd) = Etcd::start(&[]) else { return };
    let store = store_of(&etcd).await;
    let keys = ["a", "b"].map(|name| Key::new("default", name));
    let mut watcher = store.history().watch(store.history().version()).expect("a watch");
    let script = keys.each_ref().map(|key| {
        let quoted = serde_json::Value::from(job_text(key, 1));
        format!("put {} {quoted}", etcd_key(key))
    });
    let file = etcd.file("transaction");
    std::fs::write(&file, format!("\n{}\n\n\n", script.join("\n"))).expect("a file");
    let shell =
        format!("ETCDCTL_API=3 etcdctl --endpoints={} txn < {}", etcd.url(), file.display());
    let output = std::process::Command::new("sh").args(["-c", &shell]).output().expect("a shell");
    assert!(output.status.success(), "{output:?}");
    let events = suite::events(&mut watcher).await;
    let versions: Vec<u64> = events.iter().map(|event| event.version).collect();
    assert_eq!(versions, [store.history().version(); 2]);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_no_job_in_etcd_does_not_stop_the_watch() {
    let Some(etcd) = Etcd::start(&[]) else { return };
    let [a, b] = ["a", "b"].map(|name| Key::new("default", name));
    etcd.ctl(&["put", &etcd_key(&b), "not JSON"]);
    let store = store_of(&etcd).await;
    assert!(is_failure(store.get(&b).await) && is_failure(store.list(&Query::default()).await));
    let version = done(&store, put(&a, None, 1)).await;
    let mut watcher = store.history().watch(version).expect("a watch");
    // To those who watch it is deleted.
    etcd.ctl(&["put", &etcd_key(&a), "[]"]);
    etcd.ctl(&["put", &etcd_key(&a), &job_text(&a, 2)]);
    let events = shown(&mut watcher, 2).await;
    assert_eq!((events[0].2, events[0].3), (Some((version, 1)), None));
    assert_eq!((events[1].2, events[1].3), (None, Some((events[1].0, 2))));
}

#[tokio::test(flavor = "multi_thread")]
async fn etcd_can_go_and_come_back() {
    let Some(mut etcd) = Etcd::start(&[]) else { return };
    let store = store_of(&etcd).await;
    let key = Key::new("default", "a");
    let first = done(&store, put(&key, None, 1)).await;
    let mut watcher = store.history().watch(first).expect("a watch");
    for number in 2..5 {
        etcd.kill();
        let start = Instant::now();
        let (version, _) = history_of(&store, &key);
        assert!(is_failure(store.get(&key).await));
        assert!(is_failure(store.list(&Query::default()).await));
        assert!(is_failure(store.write(put(&key, Some(version), 0)).await));
        assert!(is_failure(store.last_version(u64::MAX).await));
        assert!(start.elapsed() < PATIENCE, "{:?}", start.elapsed());
        etcd.start_again();
        wait_for(&store, &key).await;
        assert_eq!(stored(&store, &key).await.0, version);
        let written = done(&store, put(&key, Some(version), number)).await;
        assert_eq!(shown(&mut watcher, 1).await[0].3, Some((written, number)));
    }
}

fn history_of(store: &EtcdStore, key: &Key) -> (u64, usize) {
    let job = store.history().get(key).expect("a Job");
    (job.version(), super::number_of(key, job.text()))
}

#[tokio::test(flavor = "multi_thread")]
async fn what_others_wrote_meanwhile_is_seen_afterwards() {
    let Some(etcd) = Etcd::start(&[]) else { return };
    let road = Road::to(etcd.port()).await;
    let store = connect(EtcdOptions::new([format!("127.0.0.1:{}", road.port)])).await;
    let others = store_of(&etcd).await;
    let key = Key::new("default", "a");
    let first = done(&store, put(&key, None, 1)).await;
    let mut watcher = store.history().watch(first).expect("a watch");
    road.cut();
    let second = done(&others, put(&key, Some(first), 2)).await;
    let third = done(&others, delete(&key, second)).await;
    assert!(is_failure(store.get(&key).await));
    road.open();
    let versions: Vec<u64> = shown(&mut watcher, 2).await.iter().map(|event| event.0).collect();
    assert_eq!(versions, [second, third]);
}

#[tokio::test(flavor = "multi_thread")]
async fn compaction_meanwhile_ends_the_watches() {
    let Some(etcd) = Etcd::start(&[]) else { return };
    let road = Road::to(etcd.port()).await;
    let store = connect(EtcdOptions::new([format!("http://127.0.0.1:{}", road.port)])).await;
    let others = store_of(&etcd).await;
    let [a, b] = ["a", "b"].map(|name| Key::new("default", name));
    let first = done(&store, put(&a, None, 1)).await;
    let mut watcher = store.history().watch(first).expect("a watch");
    road.cut();
    let second = done(&others, put(&b, None, 2)).await;
    let third = done(&others, delete(&a, first)).await;
    let fourth = done(&others, put(&b, Some(second), 4)).await;
    etcd.ctl(&["compact", &fourth.to_string()]);
    assert!(store.history().watch(first).is_ok());
    road.open();
    let expired = end_of(&mut watcher).await;
    assert!(expired >= fourth, "{expired} {third}");
    assert!(store.history().get(&a).is_none());
    assert_eq!(history_of(&store, &b), (fourth, 4));
    assert!(store.history().watch(third).is_err());
    // From there on it goes on.
    let mut watcher = store.history().watch(expired).expect("a watch");
    let fifth = done(&store, put(&a, None, 5)).await;
    assert_eq!(shown(&mut watcher, 1).await[0].0, fifth);
}

/// From where a watch can begin again.
async fn end_of(watcher: &mut Watcher) -> u64 {
    let next = tokio::time::timeout(PATIENCE, watcher.next()).await.expect("an end in time");
    next.expect_err("its writes are forgotten").oldest
}

#[tokio::test]
async fn lists_of_what_was_compacted_are_expired() {
    let Some(etcd) = Etcd::start(&[]) else { return };
    let store = store_of(&etcd).await;
    let key = Key::new("default", "a");
    let first = done(&store, put(&key, None, 1)).await;
    let second = done(&store, put(&key, Some(first), 2)).await;
    etcd.ctl(&["compact", &second.to_string()]);
    let mut query = Query::default();
    query.at = Some(first);
    match store.list(&query).await {
        Err(StoreError::Expired(expired)) => assert_eq!(expired.asked, first),
        other => panic!("{other:?}"),
    }
    query.at = Some(second);
    assert_eq!(suite::numbers(&store, &query).await.0, second);
    // The history has it still.
    let mut watcher = store.history().watch(first).expect("a watch");
    assert_eq!(shown(&mut watcher, 1).await[0].0, second);
}

/// Also if there are several servers, of which one at a time compacts.
#[tokio::test(flavor = "multi_thread")]
async fn what_was_replaced_is_compacted_after_a_while() {
    let Some(etcd) = Etcd::start(&[]) else { return };
    let options = EtcdOptions::new([etcd.url()]).with_compaction_interval(None);
    let stores = [connect(options.clone()).await, connect(options.clone()).await];
    let key = Key::new("default", "a");
    let first = done(&stores[0], put(&key, None, 1)).await;
    let watchers = stores.each_ref().map(|store| store.history().watch(first).expect("a watch"));
    let second = done(&stores[0], put(&key, Some(first), 2)).await;
    // Who has not seen a write when it is compacted has to begin anew.
    for mut watcher in watchers {
        assert_eq!(shown(&mut watcher, 1).await[0].0, second);
    }
    let options = options.with_compaction_interval(Some(Duration::from_millis(20)));
    let _compacting = [connect(options.clone()).await, connect(options).await];
    let mut query = Query::default();
    query.at = Some(first);
    let start = Instant::now();
    while let Ok(page) = stores[1].list(&query).await {
        assert_eq!(page.jobs[0].1.version(), first);
        assert!(start.elapsed() < PATIENCE, "it is not compacted");
    }
    assert!(matches!(stores[1].list(&query).await, Err(StoreError::Expired(_))));
    // Those who watch have not lost anything.
    for store in &stores {
        let mut watcher = store.history().watch(first).expect("a watch");
        assert_eq!(shown(&mut watcher, 1).await[0].0, second);
    }
    // The key is that of kube-apiserver.
    assert!(!etcd.ctl(&["get", "--print-value-only", "compact_rev_key"]).is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn more_jobs_than_fit_on_a_page_are_all_there() {
    let Some(etcd) = Etcd::start(&[]) else { return };
    let store = Arc::new(store_of(&etcd).await);
    let mut writers = tokio::task::JoinSet::new();
    for writer in 0..50 {
        let store = Arc::clone(&store);
        writers.spawn(async move {
            for number in 0..50 {
                let key = Key::new("default", &format!("w{writer:02}-{number:02}"));
                done(&*store, put(&key, None, number)).await;
            }
        });
    }
    writers.join_all().await;
    let jobs = suite::numbers(&*store, &Query::default()).await.1;
    assert_eq!(jobs.len(), 2500);
    let mut query = Query::default();
    query.limit = Some(1200);
    let page = store.list(&query).await.expect("a page");
    assert_eq!((page.jobs.len(), page.remaining), (1200, 1300));
    let names: Vec<String> = page.jobs.iter().map(|(key, _)| key.to_string()).collect();
    assert_eq!(names, jobs.keys().take(1200).cloned().collect::<Vec<_>>());
    let again = store_of(&etcd).await;
    assert_eq!(again.history().list(&Query::default()).expect("a page").jobs.len(), 2500);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_next_endpoint_is_asked_if_one_does_not_answer() {
    let Some(etcd) = Etcd::start(&[]) else { return };
    let road = Road::to(etcd.port()).await;
    let dead = format!("http://127.0.0.1:{}", free_port());
    let first = format!("http://127.0.0.1:{}", road.port);
    let store = connect(EtcdOptions::new([dead, first, etcd.url()])).await;
    let key = Key::new("default", "a");
    let version = done(&store, put(&key, None, 1)).await;
    let mut watcher = store.history().watch(version).expect("a watch");
    road.cut();
    wait_for(&store, &key).await;
    let version = done(&store, put(&key, Some(version), 2)).await;
    assert_eq!(shown(&mut watcher, 1).await[0].0, version);
}

#[tokio::test]
async fn without_an_endpoint_that_answers_there_is_no_store() {
    let options = EtcdOptions::new([format!("http://127.0.0.1:{}", free_port())]);
    let error = EtcdStore::connect(options).await.expect_err("nobody listens").to_string();
    assert!(error.contains("refused"), "{error}");
    for endpoints in [vec![], vec!["http://"], vec!["https://a b"]] {
        assert!(is_failure(EtcdStore::connect(EtcdOptions::new(endpoints)).await));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_user_logs_in_again_when_etcd_has_forgotten_the_token() {
    let Some(mut etcd) = Etcd::start(&[]) else { return };
    for arguments in [
        &["user", "add", "root:secret"][..],
        &["user", "grant-role", "root", "root"],
        &["auth", "enable"],
    ] {
        etcd.ctl(arguments);
    }
    let options = EtcdOptions::new([etcd.url()]);
    assert!(is_failure(EtcdStore::connect(options.clone()).await));
    let wrong = options.clone().with_user("root", "wrong");
    let error = EtcdStore::connect(wrong).await.expect_err("a wrong password").to_string();
    assert!(error.contains("authentication failed"), "{error}");
    let options = options.with_user("root", "secret");
    assert!(!format!("{options:?}").contains("secret"));
    let store = connect(options).await;
    let key = Key::new("default", "a");
    let version = done(&store, put(&key, None, 1)).await;
    let mut watcher = store.history().watch(version).expect("a watch");
    etcd.restart();
    wait_for(&store, &key).await;
    let version = done(&store, put(&key, Some(version), 2)).await;
    assert_eq!(shown(&mut watcher, 1).await[0].0, version);
}

#[tokio::test(flavor = "multi_thread")]
async fn both_sides_show_certificates() {
    let directory = tempfile::tempdir().expect("a directory");
    let authority = authority();
    let [server, client] = ["127.0.0.1", "client"].map(|name| certificate(name, &authority));
    let file = |name: &str, pem: &str| {
        let path = directory.path().join(name);
        std::fs::write(&path, pem).expect("a file");
        path.display().to_string()
    };
    let ca = file("ca.crt", &authority.pem());
    let arguments = [
        format!("--cert-file={}", file("server.crt", &server.0)),
        format!("--key-file={}", file("server.key", &server.1)),
        format!("--trusted-ca-file={ca}"),
        "--client-cert-auth".into(),
    ];
    let Some(etcd) = Etcd::start(&arguments.each_ref().map(|argument| &**argument)) else { return };
    let options = EtcdOptions::new([etcd.url()]).with_ca(authority.pem());
    let store = connect(options.clone().with_client_certificate(client.0, client.1)).await;
    let key = Key::new("default", "a");
    let version = done(&store, put(&key, None, 1)).await;
    assert_eq!(stored(&store, &key).await, (version, 1));

    assert!(is_failure(EtcdStore::connect(options).await));
    // A CA that has not signed etcd's certificate.
    let (other, key) = certificate("client", &authority);
    let options = EtcdOptions::new([etcd.url()]).with_ca(self::authority().pem());
    let error = EtcdStore::connect(options.with_client_certificate(other, key)).await;
    let error = error.expect_err("an unknown CA").to_string();
    assert!(error.contains("certificate"), "{error}");
}

type Authority = CertifiedIssuer<'static, KeyPair>;

fn authority() -> Authority {
    let mut params = CertificateParams::new(Vec::new()).expect("a certificate");
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    let key = KeyPair::generate().expect("a key");
    CertifiedIssuer::self_signed(params, key).expect("a CA")
}

/// A certificate and its key, as PEM.
fn certificate(name: &str, authority: &Authority) -> (String, String) {
    let mut params = CertificateParams::new(vec![name.into()]).expect("a certificate");
    params.distinguished_name.push(DnType::CommonName, name);
    params.extended_key_usages =
        vec![ExtendedKeyUsagePurpose::ServerAuth, ExtendedKeyUsagePurpose::ClientAuth];
    let key = KeyPair::generate().expect("a key");
    let certificate = params.signed_by(&key, authority).expect("a certificate");
    (certificate.pem(), key.serialize_pem())
}
