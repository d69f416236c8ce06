//! Tests code that talks to an API server, without one: a kube `Client` whose requests are answered in
//! memory.
//!
//! ```sh
//! cargo run --package volcano-job-server --example controller-test
//! ```

#![expect(
    clippy::indexing_slicing,
    clippy::print_stdout,
    reason = "an example may fail, and shows what it does"
)]

use kube::api::{ApiResource, DynamicObject, Patch, PatchParams, PostParams};
use kube::core::GroupVersionKind;
use kube::{Api, Client};
use serde_json::{Value, json};
use volcano_job_server::JobServer;

/// The code under test: sets the replicas of the first task.
async fn scale(jobs: &Api<DynamicObject>, name: &str, replicas: u32) -> kube::Result<()> {
    let patch = json!([{"op": "replace", "path": "/spec/tasks/0/replicas", "value": replicas}]);
    let patch: json_patch::Patch =
        serde_json::from_value(patch).map_err(kube::Error::SerdeError)?;
    jobs.patch(name, &PatchParams::default(), &Patch::Json::<Value>(patch)).await?;
    Ok(())
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let client = Client::new(JobServer::in_memory(), "default");
    let kind = GroupVersionKind::gvk("batch.volcano.sh", "v1alpha1", "Job");
    let resource = ApiResource::from_gvk_with_plural(&kind, "jobs");
    let jobs: Api<DynamicObject> = Api::namespaced_with(client, "default", &resource);

    let job = DynamicObject::new("train", &resource).data(json!({
        "spec": {"minAvailable": 1, "tasks": [{"name": "worker", "replicas": 2, "template": {"spec": {
            "containers": [{"name": "main", "image": "example.com/train:1"}]
        }}}]}
    }));
    jobs.create(&PostParams::default(), &job).await?;

    scale(&jobs, "train", 4).await?;
    let job = jobs.get("train").await?;
    assert_eq!(job.data["spec"]["tasks"][0]["replicas"], 4);

    let change_queue = json!({"spec": {"queue": "research"}});
    let denial = jobs.patch("train", &PatchParams::default(), &Patch::Merge(change_queue)).await;
    println!("{}", denial.err().ok_or("the policy denies a change of the queue")?);
    Ok(())
}
