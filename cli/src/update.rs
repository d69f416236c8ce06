//! What an update asks the API server to store.

use std::collections::HashSet;
use std::path::Path;

use serde_json::Value;
use volcano_job_clients::{ClientError, FieldManager, Verb, has_client_side_fields, update};
use volcano_job_update::internals::JobParts;
use volcano_job_update::resource::{API_VERSION, KIND};
use volcano_job_update::status::Status;
use volcano_job_update::{Change, ChangeKind, Job, Limits, Review, Validator, Violation};

use crate::args::Client;
use crate::cluster;
use crate::error::Error;
use crate::input::{Document, Update, patched, read_document, read_job, require_one_stdin};
use crate::paths::normal;

/// Begins the error of an API server about `managedFields`, which goes on with what is in them.
const UNDECODABLE: &str = "failed to decode managed fields";

/// Begins the note on the verb that is assumed.
pub(crate) const JUDGED_AS: &str = "judged as ";

/// The maximum number of notes on fields that an update takes away.
const MAX_NOTES: usize = 20;

/// What is known of an update before a verdict.
pub(crate) enum Requested {
    /// The existing Job and the one to store.
    Update(Update),
    /// The Job of the manifest does not exist.
    Creation(Document),
    /// The API server refuses the request, whatever the policy is.
    Refused(Status, Document),
}

impl Requested {
    /// The file that asks for the update.
    pub(crate) fn manifest(&self) -> &Document {
        match self {
            Self::Update(update) => &update.manifest,
            Self::Creation(manifest) | Self::Refused(_, manifest) => manifest,
        }
    }
}

/// The update that a patch makes of a Job.
pub(crate) fn of_patch(existing: &Path, patch: &Path, limits: &Limits) -> Result<Requested, Error> {
    require_one_stdin(existing, patch)?;
    let existing = read_job(existing, limits)?;
    let manifest = read_document(patch, limits)?;
    let stored = Some(patched(&existing, &manifest, limits)?);
    let limits = *limits;
    Ok(Requested::Update(Update { existing, manifest, stored, is_patch: true, limits }))
}

/// The update of the Job in the cluster that has the namespace and name of a manifest.
pub(crate) fn in_cluster(
    manifest: &Path,
    client: &Client,
    validator: &Validator,
    notes: &mut Vec<String>,
) -> Result<Requested, Error> {
    let limits = validator.policy().limits();
    let manifest = read_job(manifest, limits)?;
    let job = manifest.job(limits)?;
    if !is_volcano_job(&job) {
        return Err(Error::NoVolcanoJob(manifest.name.clone()));
    }
    let name = job.name().ok_or(Error::NoName)?.into_owned();
    match cluster::get(&name, job.namespace().as_deref(), client)? {
        Some(existing) => requested(existing, manifest, client, validator, notes),
        None => Ok(Requested::Creation(manifest)),
    }
}

/// Whether kubectl gets a Volcano Job for the manifest.
fn is_volcano_job(manifest: &Job<'_>) -> bool {
    let is = |name, text| {
        manifest.top().iter().any(|field| field.is(name) && field.field().is_str(text))
    };
    is("apiVersion", API_VERSION) && is("kind", KIND)
}

/// The update that the client makes of a manifest: finds out which Job the API server is asked to store,
/// and adds notes on how that came about.
pub(crate) fn requested(
    existing: Document,
    manifest: Document,
    client: &Client,
    validator: &Validator,
    notes: &mut Vec<String>,
) -> Result<Requested, Error> {
    let limits = validator.policy().limits();
    let job = existing.job(limits)?;
    notes.extend(wrong_files(&existing, &job, &manifest, limits).map(str::to_owned));
    let verb = client.verb().unwrap_or_else(|| {
        let (verb, why) = assumed_verb(&job, client);
        notes.push(why);
        verb
    });
    let stored = if verb == Verb::Replace {
        None
    } else {
        let value = match manifest.yaml_value() {
            None => manifest.job(limits)?.to_value().map_err(|error| manifest.error(error))?,
            Some(value) => value.clone(),
        };
        notes.extend(without_effect(&value));
        notes.extend(takeover(&job, &verb));
        match update(&job, &value, &verb, validator) {
            Ok(stored) => Some(stored),
            // What is no Job at all is bad input.
            Err(ClientError::Refused(status)) if status.code != 400 => {
                return Ok(Requested::Refused(without_values(*status), manifest));
            }
            Err(error) => return Err(Error::Client { name: manifest.name, error }),
        }
    };
    let limits = *limits;
    Ok(Requested::Update(Update { existing, manifest, stored, is_patch: false, limits }))
}

/// The note on files that are probably not those that were meant, or not in the state that was meant.
fn wrong_files(
    existing: &Document,
    existing_job: &Job<'_>,
    manifest: &Document,
    limits: &Limits,
) -> Option<&'static str> {
    if normal(Path::new(&existing.path)) == normal(Path::new(&manifest.path)) {
        return Some(
            "both Jobs are from the same file: give the Job in the cluster first, then its manifest",
        );
    }
    if manifest.job_name().contains("{{") {
        return Some(
            "the name in the manifest is an unrendered template: render it first, for example with helm \
             template",
        );
    }
    let is_live = |job: &Job<'_>| job.uid().is_some();
    // Only an API server gives a Job its uid.
    (!is_live(existing_job) && manifest.job(limits).is_ok_and(|job| is_live(&job))).then_some(
        "only the second Job has a uid, as in a cluster: the files may be swapped; give the Job in the \
         cluster first, then its manifest",
    )
}

/// The verb with which the existing Job was applied before, or replacing it if it was not; and why.
fn assumed_verb(existing: &Job<'_>, client: &Client) -> (Verb, String) {
    let verb = match Verb::of_last_apply(existing) {
        Some(Verb::ServerSideApply { manager, .. }) => {
            Verb::ServerSideApply { manager, force: client.force_conflicts }
        }
        Some(verb) => verb,
        None => Verb::Replace,
    };
    let (command, why) = match &verb {
        Verb::Apply => ("kubectl apply", "the existing Job has the annotation of that".to_owned()),
        Verb::ServerSideApply { manager, .. } => {
            let why = format!("{} has applied fields of the existing Job", manager.as_str());
            ("server-side apply", why)
        }
        _ => ("kubectl replace", "nothing says that the existing Job was applied".to_owned()),
    };
    let why = format!("{JUDGED_AS}{command}, because {why}; --verb chooses another way");
    (verb, why)
}

/// The note on the fields of a manifest that no API server takes from a client.
fn without_effect(manifest: &Value) -> Option<String> {
    const IGNORED: [&str; 7] = [
        "/metadata/creationTimestamp",
        "/metadata/deletionGracePeriodSeconds",
        "/metadata/deletionTimestamp",
        "/metadata/generation",
        "/metadata/managedFields",
        "/metadata/selfLink",
        "/status",
    ];
    let is_present =
        |pointer: &&&str| manifest.pointer(pointer).is_some_and(|value| !value.is_null());
    let fields = IGNORED.iter().filter(is_present);
    let fields: Vec<String> =
        fields.map(|pointer| pointer.trim_start_matches('/').replace('/', ".")).collect();
    (!fields.is_empty())
        .then(|| format!("the manifest repeats without effect: {}", fields.join(", ")))
}

/// The note on what kubectl does when it changes to server-side apply.
fn takeover(existing: &Job<'_>, verb: &Verb) -> Option<String> {
    let is_kubectl = matches!(verb, Verb::ServerSideApply { manager, .. } if *manager == FieldManager::kubectl());
    (is_kubectl && has_client_side_fields(existing)).then(|| {
        "kubectl also takes over what client-side apply set, and removes what the manifest leaves out of \
         that, with a second request that is not judged here"
            .to_owned()
    })
}

/// A status without the values that an API server quotes in the errors of types.
fn without_values(mut status: Status) -> Status {
    let without = |line: &str| match line.split_once(", got ") {
        Some((error, _)) => error.to_owned(),
        None => line.to_owned(),
    };
    status.message = if status.message.starts_with(UNDECODABLE) {
        UNDECODABLE.to_owned()
    } else {
        status.message.lines().map(without).collect::<Vec<_>>().join("\n")
    };
    status
}

/// The notes on the fields that an update takes away although the manifest only leaves them out.
pub(crate) fn taken_away(review: &Review) -> Vec<String> {
    let denied: HashSet<_> =
        review.violations().into_iter().flatten().map(Violation::path).collect();
    let is_told =
        |change: &&Change| change.kind() == ChangeKind::Removed && !denied.contains(change.path());
    let removed: Vec<_> = review.changes().iter().filter(is_told).collect();
    let note = |change: &&Change| {
        format!("the update takes away {}, which the manifest leaves out", change.path())
    };
    let mut notes: Vec<String> = removed.iter().take(MAX_NOTES).map(note).collect();
    if let Some(more) = removed.len().checked_sub(MAX_NOTES).filter(|more| *more > 0) {
        notes.push(format!("the update takes away {more} more fields"));
    }
    notes
}
