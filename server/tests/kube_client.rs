//! A kube `Client` with a reflector, whose requests are answered in memory.

#![expect(
    clippy::expect_used,
    clippy::indexing_slicing,
    reason = "unexpected data is a broken test"
)]

use futures_util::{StreamExt, TryStreamExt};
use kube::api::{
    ApiResource, DeleteParams, DynamicObject, ListParams, Patch, PatchParams, PostParams,
    WatchEvent, WatchParams,
};
use kube::core::GroupVersionKind;
use kube::runtime::{WatchStreamExt, reflector, watcher};
use kube::{Api, Client, ResourceExt};
use serde_json::json;
use volcano_job_server::JobServer;

fn resource() -> ApiResource {
    let kind = GroupVersionKind::gvk("batch.volcano.sh", "v1alpha1", "Job");
    ApiResource::from_gvk_with_plural(&kind, "jobs")
}

fn api(server: &JobServer) -> Api<DynamicObject> {
    Api::namespaced_with(Client::new(server.clone(), "default"), "default", &resource())
}

fn job(name: &str, replicas: u32) -> DynamicObject {
    DynamicObject::new(name, &resource()).data(json!({"spec": {"tasks": [
        {"name": "worker", "replicas": replicas, "template": {"spec": {"containers": [
            {"name": "main", "image": "example.com/main:1"}]}}}]}}))
}

fn replicas(job: &DynamicObject) -> u64 {
    job.data["spec"]["tasks"][0]["replicas"].as_u64().expect("a number")
}

#[tokio::test]
async fn every_verb_of_a_client() {
    let jobs = api(&JobServer::in_memory());
    let created = jobs.create(&PostParams::default(), &job("a", 1)).await.expect("created");
    assert_eq!(created.metadata.generation, Some(1));
    let again = jobs.create(&PostParams::default(), &job("a", 1)).await.expect_err("it exists");
    assert!(again.to_string().contains("already exists"), "{again}");

    let mut replaced = created.clone();
    replaced.data["spec"]["tasks"][0]["replicas"] = 2.into();
    let replaced = jobs.replace("a", &PostParams::default(), &replaced).await.expect("replaced");
    assert_eq!((replicas(&replaced), replaced.metadata.generation), (2, Some(2)));
    let conflict = jobs.replace("a", &PostParams::default(), &created).await;
    assert!(conflict.expect_err("a conflict").to_string().contains("the object has been modified"));

    let labels = json!({"metadata": {"labels": {"team": "x"}}});
    jobs.patch("a", &PatchParams::default(), &Patch::Merge(labels)).await.expect("patched");
    let found = jobs.list(&ListParams::default().labels("team=x")).await.expect("a list");
    assert_eq!(found.items.iter().map(ResourceExt::name_any).collect::<Vec<_>>(), ["a"]);
    let found = jobs.list(&ListParams::default().labels("team!=x")).await.expect("a list");
    assert!(found.items.is_empty());

    let status = json!({"status": {"state": {"phase": "Running"}}});
    let params = PatchParams::default();
    let running = jobs.patch_status("a", &params, &Patch::Merge(status)).await.expect("a status");
    assert_eq!(running.data["status"]["state"]["phase"], "Running");
    assert_eq!(running.metadata.generation, Some(2), "a status is no change of the spec");

    jobs.delete("a", &DeleteParams::default()).await.expect("deleted");
    assert!(jobs.get_opt("a").await.expect("an answer").is_none());
    for name in ["b", "c"] {
        jobs.create(&PostParams::default(), &job(name, 1)).await.expect("created");
    }
    jobs.delete_collection(&DeleteParams::default(), &ListParams::default())
        .await
        .expect("deleted");
    assert!(jobs.list(&ListParams::default()).await.expect("a list").items.is_empty());
}

#[tokio::test]
async fn pages_are_of_one_version() {
    let jobs = api(&JobServer::in_memory());
    for name in ["a", "b", "c"] {
        jobs.create(&PostParams::default(), &job(name, 1)).await.expect("created");
    }
    let first = jobs.list(&ListParams::default().limit(2)).await.expect("a page");
    assert_eq!(first.metadata.remaining_item_count, Some(1));
    jobs.delete("c", &DeleteParams::default()).await.expect("deleted");
    let token = first.metadata.continue_.expect("there is more");
    let next = ListParams::default().limit(2).continue_token(&token);
    let second = jobs.list(&next).await.expect("a page");
    let names: Vec<String> = second.items.iter().map(ResourceExt::name_any).collect();
    assert_eq!(names, ["c"], "as of the first page");
    assert_eq!(second.metadata.resource_version, first.metadata.resource_version);
}

#[tokio::test]
async fn watch_goes_on_from_a_version() {
    let jobs = api(&JobServer::in_memory());
    let created = jobs.create(&PostParams::default(), &job("a", 1)).await.expect("created");
    let version = created.resource_version().expect("it has one");
    let scale = json!([{"op": "replace", "path": "/spec/tasks/0/replicas", "value": 2}]);
    let scale = serde_json::from_value(scale).expect("a patch");
    let patch = Patch::<()>::Json(scale);
    jobs.patch("a", &PatchParams::default(), &patch).await.expect("patched");
    jobs.delete("a", &DeleteParams::default()).await.expect("deleted");
    let stream = jobs.watch(&WatchParams::default(), &version).await.expect("a watch");
    let events: Vec<_> = stream.take(2).try_collect().await.expect("events");
    assert!(matches!(&events[..], [WatchEvent::Modified(modified), WatchEvent::Deleted(deleted)]
        if replicas(modified) == 2 && deleted.resource_version() > modified.resource_version()));
}

#[tokio::test]
async fn reflector_has_what_is_stored() {
    for config in [watcher::Config::default(), watcher::Config::default().streaming_lists()] {
        let jobs = api(&JobServer::in_memory());
        jobs.create(&PostParams::default(), &job("a", 1)).await.expect("created");
        let writer = reflector::store::Writer::new(resource());
        let reader = writer.as_reader();
        let stream = reflector(writer, watcher(jobs.clone(), config)).applied_objects();
        let mut stream = Box::pin(stream);
        let first = stream.next().await.expect("an event").expect("no error");
        assert_eq!(first.name_any(), "a");
        jobs.create(&PostParams::default(), &job("b", 3)).await.expect("created");
        let second = stream.next().await.expect("an event").expect("no error");
        assert_eq!((second.name_any(), replicas(&second)), ("b".to_owned(), 3));
        assert_eq!(reader.len(), 2);
    }
}
