//! What an update asks the API server to store.

use serde_json::Value;
use volcano_job_clients::{ClientError, FieldManager, Verb, has_client_side_fields, update};
use volcano_job_update::internals::JobParts;
use volcano_job_update::resource::{API_VERSION, KIND};
use volcano_job_update::status::Status;
use volcano_job_update::{Change, ChangeKind, Job, Review, Validator};

use crate::args::{Client, Pair, Source};
use crate::cluster;
use crate::error::Error;
use crate::input::{Content, Document, Update, patched, read_document, require_one_stdin};
use crate::output::note;

/// Begins the error of an API server about `managedFields`, which goes on with what is in them.
const UNDECODABLE: &str = "failed to decode managed fields";

/// The maximum number of notes on fields that an update takes away.
const MAX_NOTES: usize = 20;

/// What is known of an update before a verdict.
pub(crate) enum Requested {
    /// The existing Job and the one to store.
    Update(Update),
    /// The Job of this name does not exist.
    Creation(String),
    /// The API server refuses the request, whatever the policy is.
    Refused(Status),
}

/// Reads the existing Job and the manifest, and finds out which Job the client asks the API server to
/// store.
pub(crate) fn read_update(pair: &Pair, validator: &Validator) -> Result<Requested, Error> {
    let limits = validator.policy().limits();
    match pair.source() {
        Source::Patch { existing, patch } => {
            require_one_stdin(existing, patch)?;
            let existing = read_document(existing, limits)?;
            let replacement = patched(&existing, patch, limits)?;
            Ok(Requested::Update(Update {
                existing,
                replacement,
                limits: *limits,
                notes: Vec::new(),
            }))
        }
        Source::Files { existing, manifest } => {
            require_one_stdin(existing, manifest)?;
            let existing = read_document(existing, limits)?;
            let manifest = read_document(manifest, limits)?;
            requested(existing, manifest, &pair.client, validator)
        }
        Source::Cluster { manifest } => {
            let manifest = read_document(manifest, limits)?;
            let job = manifest.job(limits)?;
            if !is_volcano_job(&job) {
                return Err(Error::NoVolcanoJob(manifest.name.clone()));
            }
            let name = job.name().ok_or(Error::NoName)?.into_owned();
            match cluster::get(&name, job.namespace().as_deref(), &pair.client)? {
                Some(existing) => requested(existing, manifest, &pair.client, validator),
                None => Ok(Requested::Creation(name)),
            }
        }
    }
}

/// Whether kubectl gets a Volcano Job for the manifest.
fn is_volcano_job(manifest: &Job<'_>) -> bool {
    let is = |name, text| {
        manifest.top().iter().any(|field| field.is(name) && field.field().is_str(text))
    };
    is("apiVersion", API_VERSION) && is("kind", KIND)
}

/// The update that the client makes of a manifest.
fn requested(
    existing: Document,
    manifest: Document,
    client: &Client,
    validator: &Validator,
) -> Result<Requested, Error> {
    let limits = validator.policy().limits();
    let job = existing.job(limits)?;
    let mut notes = Vec::new();
    let verb = client.verb().unwrap_or_else(|| {
        let (verb, why) = assumed_verb(&job, client);
        notes.push(why);
        verb
    });
    let replacement = if verb == Verb::Replace {
        manifest
    } else {
        let value = match &manifest.content {
            Content::Json(_) => manifest
                .job(limits)?
                .to_value()
                .map_err(|error| Error::Job { name: manifest.name.clone(), error })?,
            Content::Value(value) => value.clone(),
        };
        notes.extend(without_effect(&value));
        notes.extend(takeover(&job, &verb));
        match update(&job, &value, &verb, validator) {
            Ok(stored) => Document { name: manifest.name, content: Content::Value(stored) },
            // What is no Job at all is bad input.
            Err(ClientError::Refused(status)) if status.code != 400 => {
                return Ok(Requested::Refused(without_values(*status)));
            }
            Err(error) => return Err(Error::Client { name: manifest.name, error }),
        }
    };
    Ok(Requested::Update(Update { existing, replacement, limits: *limits, notes }))
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
    let why = format!("judged as {command}, because {why}; --verb chooses another way");
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

impl Update {
    /// Tells how the replacement came about, and which fields it takes away although the manifest only
    /// leaves them out.
    pub(crate) fn explain(&self, review: &Review) {
        self.notes.iter().for_each(|text| note(text));
        let is_denied = |path: &_| {
            review.violations().into_iter().flatten().any(|violation| violation.path() == path)
        };
        let is_told =
            |change: &&Change| change.kind() == ChangeKind::Removed && !is_denied(change.path());
        let removed: Vec<_> = review.changes().iter().filter(is_told).collect();
        for change in removed.iter().take(MAX_NOTES) {
            note(&format!(
                "the update takes away {}, which the manifest leaves out",
                change.path()
            ));
        }
        if let Some(more) = removed.len().checked_sub(MAX_NOTES).filter(|more| *more > 0) {
            note(&format!("the update takes away {more} more fields"));
        }
    }
}
