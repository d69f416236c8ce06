//! What Volcano's webhooks do when a Job is created.

mod creation;
mod defaults;
mod plugins;
mod policies;
mod template;

use serde_json::Value;
use volcano_job_update::internals::{as_go_holds, as_go_writes};
use volcano_job_update::status::Status;

const MUTATING: &str = "mutatejob.volcano.sh";
const VALIDATING: &str = "validatejob.volcano.sh";

/// The reason for which one of Volcano's webhooks denies the creation of a Job.
///
/// `Display` is the message of an API server; as a [`Status`], the denial is its answer, 400.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("admission webhook \"{webhook}\" denied the request: {message}")]
pub struct CreationDenial {
    webhook: &'static str,
    message: String,
}

impl CreationDenial {
    /// The name of the webhook: `mutatejob.volcano.sh` or `validatejob.volcano.sh`.
    #[must_use]
    pub fn webhook(&self) -> &str {
        self.webhook
    }

    /// The reason in the words of the webhook.
    #[must_use]
    pub fn message(&self) -> &str {
        &self.message
    }
}

impl From<CreationDenial> for Status {
    fn from(denial: CreationDenial) -> Self {
        let mut status = Self::bad_request(denial.to_string());
        // A webhook of Volcano gives no reason.
        status.reason = "".into();
        status
    }
}

/// The Job with the defaults that Volcano's [mutating webhook] fills in when a Job is created: queue,
/// schedulerName, maxRetry and minAvailable of the Job; name, minAvailable and maxRetry of each task,
/// and the `dnsPolicy` of one in the network of the host; the plugins that others need.
///
/// ```
/// use serde_json::json;
/// use volcano_job_apiserver::volcano_defaults;
///
/// let job = json!({"spec": {"tasks": [{"replicas": 2}], "plugins": {"pytorch": []}}});
/// let job = volcano_defaults(&job)?;
/// assert_eq!(job["spec"]["queue"], "default");
/// assert_eq!(job["spec"]["minAvailable"], 2);
/// assert_eq!(job["spec"]["tasks"][0]["name"], "default0");
/// assert_eq!(job["spec"]["plugins"], json!({"pytorch": [], "svc": []}));
/// # Ok::<(), volcano_job_update::status::Status>(())
/// ```
///
/// The webhook answers with a JSON Patch. If something is missing in a task, the patch replaces all
/// tasks by what Go writes for them: without unknown fields, with quantities in their canonical form,
/// and with `null` for an absent list that Go always writes, such as the containers of a template.
/// Otherwise, the tasks keep their text; so does everything outside `spec.tasks` that is not filled in.
///
/// The Job is that of an API server after decoding, pruning and defaulting. What it lacks then, such as
/// a namespace, is not filled in here.
///
/// # Errors
///
/// The answer of an API server: 400 if the webhook cannot decode the Job (a [`CreationDenial`]); 500
/// if the Job has no `spec`, to which the patch cannot be applied.
///
/// [mutating webhook]: https://github.com/volcano-sh/volcano/blob/ed72c7c815a9fd547a787134676f73d42e9d049c/pkg/webhooks/admission/jobs/mutate/mutate_job.go
pub fn volcano_defaults(job: &Value) -> Result<Value, Status> {
    let decoded =
        as_go_writes(job).map_err(|message| CreationDenial { webhook: MUTATING, message })?;
    defaults::filled_in(job, &decoded)
}

/// The reason for which Volcano's [validating webhook] denies that a Job is created; `None` if it
/// allows it, as far as no queue must exist.
///
/// The message is that of the webhook, word for word. It has all that is wrong, where the webhook goes
/// on after the first error. Where Go takes the entries of a map in a random order (resources, labels,
/// plugins, the lists of valid events and actions), the order here is always the same.
///
/// ```
/// use serde_json::json;
/// use volcano_job_apiserver::volcano_creation_denial;
///
/// let containers = json!([{"name": "main", "image": "busybox"}]);
/// let task = json!({"name": "worker", "replicas": 1, "template": {"spec": {"containers": containers}}});
/// let mut job = json!({"metadata": {"name": "hello", "namespace": "default"},
///     "spec": {"minAvailable": 1, "tasks": [task]}});
/// assert_eq!(volcano_creation_denial(&job), None);
///
/// job["spec"]["minAvailable"] = 2.into();
/// job["spec"]["tasks"][0]["template"]["spec"]["containers"][0]["image"] = "".into();
/// assert_eq!(
///     volcano_creation_denial(&job).ok_or("denied")?.message(),
///     "spec.task[0].template.spec.containers[0].image: Required value.  \
///      job 'minAvailable' should not be greater than total replicas in tasks;"
/// );
/// # Ok::<(), &str>(())
/// ```
///
/// # What is not checked
///
/// * What needs a cluster: that the queue exists, is open, is not the root queue and has no child
///   queues.
/// * Policies that Volcano's chart can install besides the webhook (`ValidatingAdmissionPolicy`), and the
///   schema of the CRD, which an API server checks before it calls the webhook.
/// * In Pod templates, which the webhook checks with Kubernetes' [core validation]:
///   * what is in volumes of old kinds (gcePersistentDisk, awsElasticBlockStore, iscsi, glusterfs,
///     flocker, rbd, cinder, cephfs, quobyte, fc, flexVolume, azureFile, azureDisk, vsphereVolume,
///     photonPersistentDisk, portworxVolume, storageos, scaleIO) and in the projections
///     clusterTrustBundle and podCertificate;
///   * the data sources of a volumeClaimTemplate, and its metadata besides labels and annotations;
///   * options of Windows, except `hostProcess`, and what else a Pod of Windows may not have;
///   * whether the resources of the whole Pod suffice for all containers together;
///   * tolerations in an annotation;
///   * what only ephemeral containers may not have: a template may not have ephemeral containers at all.
///
/// The feature gates of the webhook have the defaults of Kubernetes 1.36. An amount of huge pages of
/// 2⁶³ or more, which overflows in the webhook, is denied. The message for a duration or time that
/// cannot be decoded does not quote it.
///
/// [validating webhook]: https://github.com/volcano-sh/volcano/blob/ed72c7c815a9fd547a787134676f73d42e9d049c/pkg/webhooks/admission/jobs/validate/admit_job.go
/// [core validation]: https://github.com/kubernetes/kubernetes/blob/v1.36.1/pkg/apis/core/validation/validation.go
#[must_use]
pub fn volcano_creation_denial(job: &Value) -> Option<CreationDenial> {
    let message = match as_go_holds(job) {
        Ok(job) => creation::message(&job)?,
        Err(message) => message,
    };
    Some(CreationDenial { webhook: VALIDATING, message })
}
