//! The order of things: what is checked, made and answered when.
//!
//! See `UpdateResource` and `PatchResource` in [handlers](https://github.com/kubernetes/apiserver/tree/master/pkg/endpoints/handlers),
//! `Store.Update` and `BeforeUpdate` in [registry](https://github.com/kubernetes/apiserver/tree/master/pkg/registry).

use serde_json::Value;

use crate::answer::with_value;
use crate::body::{self, Sent};
use crate::coerce::{self, Unknown};
use crate::content::{self, Content, Piece};
use crate::go;
use crate::meta::{self, Metadata, text};
use crate::output::write;
use crate::request::{FieldValidation, PatchRequest, ReplaceRequest, Target, is_json};
use crate::{
    Outcome, ReplaceContext, Replaced, meta_rules, patch as patching, preconditions, schema_rules,
    syntax,
};
use volcano_job_update::DroppedDefaults;
use volcano_job_update::Job;
use volcano_job_update::Validator;
use volcano_job_update::internals::{JobParts, JsonType, structural};
use volcano_job_update::resource::{API_VERSION, GROUP, KIND, VERSION};
use volcano_job_update::status::{CauseType, GroupKind, Status, StatusCause};

const ACCEPTED: [&str; 3] =
    ["application/json", "application/yaml", "application/vnd.kubernetes.protobuf"];
const ACCEPTED_PATCHES: [&str; 3] =
    [patching::JSON_PATCH, patching::MERGE_PATCH, "application/apply-patch+yaml"];

/// What does not change on the road.
struct Road<'r> {
    target: &'r Target,
    validation: FieldValidation,
    validator: &'r Validator,
    context: &'r ReplaceContext,
    /// The body, or for a patch what came out of it.
    bytes: &'r [u8],
    is_patch: bool,
}

/// Parts that were put aside and what a strict reading says, before the Job is looked at.
struct Found {
    errors: Vec<StatusCause>,
    warnings: Vec<String>,
}

/// A Job that was sent and read, and what is to be stored of it.
struct Draft<'s> {
    sent: Sent,
    content: Content<'s>,
    found: Found,
    /// Whether nothing that was sent is left out: no unknown field, no duplicate.
    is_whole: bool,
}

pub(crate) fn replace(
    existing: Option<&Job<'_>>,
    request: &ReplaceRequest<'_>,
    validator: &Validator,
    context: &ReplaceContext,
) -> Result<Replaced, Status> {
    let limits = validator.policy().limits();
    body::check_length(request.body, limits)?;
    let validation = request.target.check("UpdateOptions")?;
    if !request.content_type.as_deref().is_none_or(is_json) {
        return Err(Status::unsupported_media_type(&ACCEPTED));
    }
    let road = Road {
        target: &request.target,
        validation,
        validator,
        context,
        bytes: request.body,
        is_patch: false,
    };
    let text = syntax::sanitize(request.body);
    let found = Found { errors: Vec::new(), warnings: Vec::new() };
    let body = match existing {
        Some(existing) => limits.read_replacement(existing, text.as_bytes()),
        None => limits.read_slice(text.as_bytes()),
    };
    if let Ok(job) = body {
        return road.take(existing, &job, found, Some(&text));
    }
    let (value, errors) = body::read_value(request.body, &text)?;
    let job = limits.read_value(&value).map_err(|error| Status::job_error(&error))?;
    road.take(existing, &job, Found { errors, ..found }, Some(&text))
}

pub(crate) fn patch(
    existing: Option<&Job<'_>>,
    request: &PatchRequest<'_>,
    validator: &Validator,
    context: &ReplaceContext,
) -> Result<Replaced, Status> {
    let limits = validator.policy().limits();
    // Not trimmed, as an API server does not.
    let content_type = request.content_type.split(';').next().unwrap_or_default();
    let apply = match content_type {
        patching::JSON_PATCH => patching::json_patch,
        patching::MERGE_PATCH => patching::merge_patch,
        _ => return Err(Status::unsupported_media_type(&ACCEPTED_PATCHES)),
    };
    body::check_length(request.body, limits)?;
    let validation = request.target.check("PatchOptions")?;
    let Some(existing) = existing else { return Err(Status::not_found(&request.target.name)) };
    let strict = validation != FieldValidation::Ignore;
    let stored = stored_value(existing, validator)?;
    let (patched, warnings) = apply(stored, request.body, strict)?;
    let bytes = go::text_of(&patched);
    let road = Road {
        target: &request.target,
        validation,
        validator,
        context,
        bytes: bytes.as_bytes(),
        is_patch: true,
    };
    let Value::Object(map) = patched else {
        let found = JsonType::of(&patched).go_name();
        let error = format!(
            "json: cannot unmarshal {found} into Go value of type map[string]interface {{}}"
        );
        return Err(road.bad_patch(&error));
    };
    let (value, errors) = body::salvage(map).map_err(|error| road.bad_patch(&error))?;
    let job = limits.read_value(&value).map_err(|error| Status::job_error(&error))?;
    road.take(Some(existing), &job, Found { errors, warnings }, None)
}

/// The existing Job as an API server reads it from its store.
fn stored_value(existing: &Job<'_>, validator: &Validator) -> Result<Value, Status> {
    let value = existing.to_value().map_err(Status::internal_error)?;
    let metadata = Value::Object(meta::read_stored(value.get("metadata")));
    let schema = structural(validator);
    let mut stored = coerce::field(schema, Some(value), &mut Unknown::default());
    if let Some(Value::Object(job)) = &mut stored {
        job.insert("metadata".into(), metadata);
        job.insert("apiVersion".into(), API_VERSION.into());
        job.insert("kind".into(), KIND.into());
    }
    Ok(stored.unwrap_or_default())
}

impl Road<'_> {
    /// The way of a Job that was read, from its first look to the answer.
    fn take(
        &self,
        existing: Option<&Job<'_>>,
        job: &Job<'_>,
        found: Found,
        text: Option<&str>,
    ) -> Result<Replaced, Status> {
        // What creation filled in is put back before anything else is looked at.
        let restored = match existing {
            Some(existing)
                if self.validator.policy().dropped_defaults() == DroppedDefaults::Restore =>
            {
                self.validator.restore_defaults(existing, job).ok()
            }
            _ => None,
        };
        if let Some(restored) = restored.filter(|restored| !restored.patch().is_empty()) {
            let limits = self.validator.policy().limits();
            let job =
                limits.read_value(restored.job()).map_err(|error| Status::job_error(&error))?;
            let draft = self.read(existing, &job, found, text)?;
            return self.go(existing, &job, draft);
        }
        let draft = self.read(existing, job, found, text)?;
        self.go(existing, job, draft)
    }

    /// Reads what was sent, by the schema.
    fn read<'s>(
        &self,
        existing: Option<&Job<'_>>,
        job: &Job<'s>,
        mut found: Found,
        text: Option<&str>,
    ) -> Result<Draft<'s>, Status> {
        let mut sent = match body::read_sent(job, self.bytes) {
            Ok(sent) => sent,
            Err(error) if self.is_patch => return Err(self.bad_patch(&error.into_error())),
            Err(error) => return Err(error.into_status(self.bytes)),
        };
        let mut content = Content::default();
        if sent.is_job() {
            let schema = structural(self.validator);
            content = content::read(job, existing, schema)
                .map_err(|error| self.not_handled(&sent, &error))?;
        }
        let is_whole = sent.unknown.is_empty() && content.unknown.is_empty() && !content.duplicates;
        if self.validation != FieldValidation::Ignore {
            let text = text.filter(|_| content.duplicates || job.is_from_value());
            let duplicates = text.map(syntax::duplicates).unwrap_or_default();
            let duplicates =
                duplicates.iter().map(|path| format!("duplicate field {}", go::quote(path)));
            let unknown = sent.unknown.drain(..).chain(content.unknown.drain(..));
            let strict: Vec<String> =
                duplicates.chain(unknown.map(|path| format!("unknown field \"{path}\""))).collect();
            found.warnings.extend(strict);
            if self.validation == FieldValidation::Strict && !found.warnings.is_empty() {
                let error = format!("strict decoding error: {}", found.warnings.join(", "));
                return Err(self.not_handled(&sent, &error));
            }
        }
        Ok(Draft { sent, content, found, is_whole })
    }

    fn not_handled(&self, sent: &Sent, error: &str) -> Status {
        if self.is_patch {
            return self.bad_patch(error);
        }
        let version = sent.api_version.rsplit('/').next().unwrap_or_default();
        Status::bad_request(body::cannot_be_handled(&sent.kind, version, error))
    }

    /// The answer to a patch whose result is no Job.
    fn bad_patch(&self, error: &str) -> Status {
        let patched = Value::from(syntax::sanitize_bytes(self.bytes));
        let cause = with_value(CauseType::Invalid, "patch", &patched, error);
        Status::invalid_object(GroupKind::new("", ""), "", vec![cause])
    }

    fn go(
        &self,
        existing: Option<&Job<'_>>,
        job: &Job<'_>,
        mut draft: Draft<'_>,
    ) -> Result<Replaced, Status> {
        if !self.is_patch {
            preconditions::api_version(&draft.sent.api_version, API_VERSION)?;
        }
        preconditions::namespace(self.target, &mut draft.sent.metadata)?;
        if !self.is_patch {
            preconditions::name(self.target, &draft.sent.metadata)?;
        }
        let dropped = meta::drop_duplicate_owners(&mut draft.sent.metadata);
        if !dropped.is_empty() {
            draft.is_whole = false;
            draft.found.warnings.push(format!(
                ".metadata.ownerReferences contains duplicate entries; API server dedups owner \
                 references in 1.20+, and may reject such requests as early as 1.24; please fix your \
                 requests; duplicate UID(s) observed: {}",
                dropped.join(", ")
            ));
        }
        match existing {
            Some(existing) => self.update(existing, job, draft),
            None => self.create(draft),
        }
    }

    fn update(
        &self,
        existing: &Job<'_>,
        job: &Job<'_>,
        mut draft: Draft<'_>,
    ) -> Result<Replaced, Status> {
        let raw = stored_metadata(existing);
        let old = meta::read_stored(Some(&raw));
        if !self.is_patch {
            preconditions::uid(self.target, &draft.sent.metadata, &old)?;
        }
        preconditions::resource_version(self.target, &draft.sent.metadata, &old)?;
        let generation = old.get("generation").and_then(Value::as_i64).unwrap_or(0).max(1);
        let is_job = draft.sent.is_job() && draft.sent.api_version == API_VERSION;
        let generation = generation.saturating_add(i64::from(draft.content.changed || !is_job));
        keep(&mut draft.sent.metadata, &old, generation);
        let mut causes = meta_rules::of_update(&draft.sent.metadata, &old);
        causes.extend(type_errors(&draft.sent));
        let version = text(&old, "resourceVersion").to_owned();
        draft.sent.metadata.insert("resourceVersion".into(), version.into());
        let outcome = self.outcome(&draft, &old, &raw);
        if outcome == Outcome::Replaced {
            let version = self.context.resource_version.as_str();
            draft.sent.metadata.insert("resourceVersion".into(), version.into());
        }
        let status = content::status(existing, structural(self.validator));
        let line = self.line(&draft, status.as_ref());
        let limits = self.validator.policy().limits();
        let read;
        // What was sent is the result, but for defaults and nulls, which to a verdict are the same as
        // nothing, and for what was left out.
        let result = if draft.is_whole {
            job
        } else {
            read = limits
                .read_replacement(existing, line.as_bytes())
                .map_err(|error| Status::job_error(&error))?;
            &read
        };
        if is_job {
            causes.extend(self.schema_errors(existing, result, &mut draft.found)?);
        }
        let name = text(&draft.sent.metadata, "name").to_owned();
        if !causes.is_empty() {
            return Err(invalid(&draft.sent, &name, causes));
        }
        let mut warnings = std::mem::take(&mut draft.found.warnings);
        warnings.extend(meta_rules::finalizer_warnings(&draft.sent.metadata, &old));
        let review = self
            .validator
            .review(existing, result)
            .map_err(|error| Status::review_error(&error))?;
        if let Some(violations) = review.violations() {
            return Err(Status::denied(&name, violations, self.context.codes));
        }
        warnings.extend(review.warnings().iter().map(ToString::to_string));
        let shown = self.shown(&mut draft, &line, status.as_ref());
        Ok(Replaced {
            outcome,
            created: false,
            is_stored: outcome == Outcome::Replaced,
            line,
            shown,
            review: Some(review),
            warnings,
        })
    }

    fn outcome(&self, draft: &Draft<'_>, old: &Metadata, raw: &Value) -> Outcome {
        let new = &draft.sent.metadata;
        let is_dry = !self.target.dry_run.is_empty();
        let mut before = raw.clone();
        if let Some(before) = before.as_object_mut() {
            before.remove("selfLink");
        }
        let same = go::text_of(&before) == go::text_of(&Value::Object(new.clone()));
        if is_dry {
            Outcome::Unchanged
        } else if old.contains_key("deletionTimestamp")
            && !new.contains_key("finalizers")
            && old.get("deletionGracePeriodSeconds").is_none_or(|seconds| seconds == 0)
        {
            Outcome::Deleted
        } else if same && !draft.content.rewritten {
            Outcome::Unchanged
        } else {
            Outcome::Replaced
        }
    }

    fn create(&self, mut draft: Draft<'_>) -> Result<Replaced, Status> {
        let (name, Some(creation)) = (&self.target.name, &self.context.creation) else {
            return Err(Status::not_found(&self.target.name));
        };
        let metadata = &mut draft.sent.metadata;
        for key in ["deletionTimestamp", "deletionGracePeriodSeconds", "selfLink", "managedFields"]
        {
            metadata.remove(key);
        }
        metadata.insert("uid".into(), creation.uid.as_str().into());
        metadata.insert("creationTimestamp".into(), creation.time.as_str().into());
        metadata.insert("generation".into(), 1.into());
        let version = self.context.resource_version.as_str();
        metadata.insert("resourceVersion".into(), version.into());
        let mut causes = meta_rules::of_creation(metadata);
        causes.extend(type_errors(&draft.sent));
        let line = self.line(&draft, None);
        let limits = self.validator.policy().limits();
        let result =
            limits.read_slice(line.as_bytes()).map_err(|error| Status::job_error(&error))?;
        let nothing = Value::Object(serde_json::Map::new());
        let nothing = Job::from_value(&nothing).map_err(|error| Status::job_error(&error))?;
        causes.extend(self.schema_errors(&nothing, &result, &mut draft.found)?);
        if !causes.is_empty() {
            return Err(invalid(&draft.sent, name, causes));
        }
        let mut warnings = std::mem::take(&mut draft.found.warnings);
        warnings.extend(meta_rules::finalizer_warnings(&draft.sent.metadata, &Metadata::new()));
        let is_dry = !self.target.dry_run.is_empty();
        let shown = self.shown(&mut draft, &line, None);
        Ok(Replaced {
            outcome: if is_dry { Outcome::Unchanged } else { Outcome::Created },
            created: true,
            is_stored: !is_dry,
            line,
            shown,
            review: None,
            warnings,
        })
    }

    /// What the schema says of the result, as far as the update touched it, and of what was put aside.
    fn schema_errors(
        &self,
        existing: &Job<'_>,
        result: &Job<'_>,
        found: &mut Found,
    ) -> Result<Vec<StatusCause>, Status> {
        let mut causes = std::mem::take(&mut found.errors);
        let by_schema = schema_rules::causes(existing, result, self.validator)?;
        let is_new = |cause: &StatusCause| causes.iter().all(|known| known.field != cause.field);
        let others: Vec<StatusCause> = by_schema.into_iter().filter(is_new).collect();
        causes.extend(others);
        Ok(causes)
    }

    /// The Job in one line, as an API server writes it.
    fn line(&self, draft: &Draft<'_>, status: Option<&Piece<'_>>) -> String {
        // Mostly it is as long as what was sent, and the status.
        let mut line = String::with_capacity(self.bytes.len().saturating_add(4096));
        write(&mut line, &draft.sent, &draft.content, status);
        line.push('\n');
        line
    }

    /// The body of the answer, where the request wants it shown otherwise than in that line.
    fn shown(
        &self,
        draft: &mut Draft<'_>,
        line: &str,
        status: Option<&Piece<'_>>,
    ) -> Option<String> {
        let with_link = self.context.self_link.then(|| {
            let Target { namespace, name, .. } = self.target;
            let path = format!("/apis/{GROUP}/{VERSION}/namespaces/{namespace}/jobs/{name}");
            draft.sent.metadata.insert("selfLink".into(), path.into());
            self.line(draft, status)
        });
        if self.target.pretty {
            return Some(go::indent(with_link.as_deref().unwrap_or(line).trim_end()));
        }
        with_link
    }
}

/// The metadata of the existing Job as it stands there.
fn stored_metadata(existing: &Job<'_>) -> Value {
    let entries = existing.metadata().into_iter().flatten();
    let read = entries
        .filter_map(|entry| Some((entry.key().to_owned(), content::parse(entry.field()).ok()?)));
    Value::Object(read.collect())
}

/// Puts what the client has no say in into the metadata.
fn keep(new: &mut Metadata, old: &Metadata, generation: i64) {
    new.remove("selfLink");
    new.insert("generation".into(), generation.into());
    let mut restore = |key: &str, always: bool| match old.get(key) {
        Some(value) if always || !new.contains_key(key) => {
            new.insert(key.to_owned(), value.clone());
        }
        _ => {}
    };
    restore("uid", false);
    restore("creationTimestamp", true);
    restore("deletionTimestamp", true);
    restore("deletionGracePeriodSeconds", false);
    let reset = new.get("managedFields").and_then(Value::as_array);
    let reset = reset.is_some_and(
        |entries| matches!(entries.as_slice(), [Value::Object(entry)] if entry.is_empty()),
    );
    new.remove("managedFields");
    if let Some(managed) = old.get("managedFields").filter(|_| !reset) {
        new.insert("managedFields".into(), managed.clone());
    }
}

/// What is wrong with kind and apiVersion.
fn type_errors(sent: &Sent) -> Vec<StatusCause> {
    let check = |field, given: &str, must_be: &str| {
        (given != must_be).then(|| {
            let detail = format!("must be {must_be}");
            with_value(CauseType::Invalid, field, &given.into(), &detail)
        })
    };
    let kind = check("kind", &sent.kind, KIND);
    kind.into_iter().chain(check("apiVersion", &sent.api_version, API_VERSION)).collect()
}

/// The answer to a Job that is not valid, which goes by the kind that it says.
fn invalid(sent: &Sent, name: &str, causes: Vec<StatusCause>) -> Status {
    let group = sent.api_version.split_once('/').map_or("", |(group, _)| group);
    Status::invalid_object(GroupKind::new(group, &sent.kind), name, causes)
}
