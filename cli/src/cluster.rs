//! Gets a Job from a cluster, with kubectl.

use std::io;
use std::process::Command;

use volcano_job_update::resource::GROUP_RESOURCE;

use crate::args::Client;
use crate::error::Error;
use crate::input::Document;

/// The Job of a namespace, by default that of kubectl's context, and name; `None` if there is none.
pub(crate) fn get(
    name: &str,
    namespace: Option<&str>,
    client: &Client,
) -> Result<Option<Document>, Error> {
    let mut kubectl = Command::new("kubectl");
    kubectl.args(["get", "--output=json", "--show-managed-fields", "--ignore-not-found"]);
    if let Some(namespace) = namespace {
        kubectl.arg(format!("--namespace={namespace}"));
    }
    if let Some(context) = &client.context {
        kubectl.arg(format!("--context={context}"));
    }
    if let Some(kubeconfig) = &client.kubeconfig {
        kubectl.arg("--kubeconfig").arg(kubeconfig);
    }
    // What follows is no option, whatever the name is.
    kubectl.args(["--", GROUP_RESOURCE, name]);
    let output = kubectl.output().map_err(|error| Error::Kubectl(cannot_run(&error)))?;
    if !output.status.success() {
        let message = String::from_utf8_lossy(&output.stderr).trim().to_owned();
        return Err(Error::Kubectl(message));
    }
    if output.stdout.trim_ascii().is_empty() {
        return Ok(None);
    }
    let name = "the Job in the cluster".to_owned();
    Ok(Some(Document::json(name.clone(), name, output.stdout)))
}

fn cannot_run(error: &io::Error) -> String {
    format!("cannot be run: {error}")
}
