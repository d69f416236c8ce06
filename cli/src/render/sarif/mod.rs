//! The output `sarif` of `check`: SARIF 2.1.0, as code hosts and editors read it.

mod fingerprint;
mod rules;
mod types;

use std::collections::{BTreeMap, HashMap};

use serde_json::{Value, json};
use volcano_job_update::Violations;
use volcano_job_update::status::Status;

use self::fingerprint::{Fingerprints, fingerprint};
use self::types::{
    ArtifactLocation, Level, Location, LogicalLocation, Message, Notification, PhysicalLocation,
    ResultObject,
};
use super::located::{Located, Region};
use super::source_root::{SourceRoot, uri};
use super::words::count;
use crate::case::{Case, Outcome, Reviewed};
use crate::error::Error;
use crate::explain::REFUSED;
use crate::output::to_json;
use crate::report::{Options, Render, Summary};

/// Writes results as they come. Notifications stand behind all results, so a bounded number is kept.
pub(super) struct Sarif {
    options: Options,
    root: SourceRoot,
    results: usize,
    omitted_results: usize,
    notifications: Vec<Notification>,
    omitted_notifications: usize,
    has_errors: bool,
}

/// Code scanning of GitHub rejects a file with more results.
const MAX_RESULTS: usize = 25_000;

const MAX_NOTIFICATIONS: usize = 1000;

/// The name under which results have their fingerprint. It is not `primaryLocationLineHash`, which
/// GitHub's upload computes from the lines of the file.
const FINGERPRINT: &str = "volcanoJobField/v1";

/// The base of relative URIs.
const ROOT: &str = "%SRCROOT%";

impl Sarif {
    pub(super) fn new(options: Options) -> Self {
        Self {
            options,
            root: SourceRoot::github_workspace(),
            results: 0,
            omitted_results: 0,
            notifications: Vec::new(),
            omitted_notifications: 0,
            has_errors: false,
        }
    }
}

impl Render for Sarif {
    fn begin(&mut self) -> String {
        let driver = json!({
            "name": "volcano-job-update",
            "version": env!("CARGO_PKG_VERSION"),
            "semanticVersion": env!("CARGO_PKG_VERSION"),
            "informationUri": env!("CARGO_PKG_REPOSITORY"),
            "rules": rules::rules(),
        });
        format!(
            "{{\n\"$schema\": \"https://json.schemastore.org/sarif-2.1.0.json\",\n\
             \"version\": \"2.1.0\",\n\"runs\": [{{\n\"tool\": {},\n\
             \"columnKind\": \"unicodeCodePoints\",\n\
             \"originalUriBaseIds\": {},\n\"results\": [",
            to_json(&json!({ "driver": driver })),
            to_json(&json!({ ROOT: {"description": {"text": "The folder of the sources"}} })),
        )
    }

    fn case(&mut self, case: &Case) -> Result<String, Error> {
        for note in &case.notes {
            self.notify(Level::Note, &named(case, note), case);
        }
        Ok(match &case.outcome {
            Outcome::Reviewed(reviewed) => self.reviewed(case, reviewed),
            Outcome::Refused(status) => self.written(&self.refused(case, status)),
            Outcome::Failed(error) => {
                self.has_errors = true;
                self.notify(Level::Error, &named(case, &error.to_string()), case);
                String::new()
            }
            Outcome::Created | Outcome::Deleted => String::new(),
        })
    }

    fn end(&mut self, _: &Summary) -> String {
        for (omitted, what) in [
            (self.omitted_results, "more result"),
            (self.omitted_notifications, "more notification"),
        ] {
            if omitted > 0 {
                let text = format!("{} omitted", count(omitted, what));
                self.notifications.push(Notification::plain(Level::Warning, &text));
            }
        }
        let invocation = json!({
            "executionSuccessful": !self.has_errors,
            "toolExecutionNotifications": self.notifications,
        });
        format!("\n],\n\"invocations\": [{}]\n}}]\n}}\n", to_json(&invocation))
    }
}

impl Sarif {
    fn reviewed(&mut self, case: &Case, reviewed: &Reviewed) -> String {
        let review = &reviewed.review;
        if review.is_allowed() && review.warnings().is_empty() {
            return String::new();
        }
        let fingerprints = Fingerprints::of(reviewed);
        let mut seen = HashMap::new();
        let spots = reviewed.spots();
        let mut text = String::new();
        for located in Located::all(reviewed, &spots) {
            let fingerprint = fingerprints.fingerprint(&case.job, located);
            let fingerprint = numbered(fingerprint, &mut seen);
            text += &self.written(&self.result(case, located, fingerprint));
        }
        let violations = review.violations().map_or(0, Violations::omitted);
        self.notify_omitted(violations, "more violation", case);
        self.notify_omitted(review.omitted_warnings(), "more warning", case);
        text
    }

    fn notify_omitted(&mut self, omitted: usize, what: &str, case: &Case) {
        if omitted > 0 {
            let text = format!("{} omitted", count(omitted, what));
            self.notify(Level::Warning, &named(case, &text), case);
        }
    }

    fn result(&self, case: &Case, located: Located<'_>, fingerprint: String) -> ResultObject {
        let violation = located.violation;
        let path = violation.path().to_string();
        let region = located.region().unwrap_or(Region::FIRST);
        let manifest = &located.reviewed.update.manifest.path;
        ResultObject {
            rule_id: violation.code().as_str(),
            rule_index: rules::index(violation.code()),
            level: if located.is_warning() { Level::Warning } else { Level::Error },
            message: message(&located.text(self.options.show_values)),
            locations: vec![Location {
                physical_location: self.place(manifest, region),
                logical_locations: vec![LogicalLocation {
                    fully_qualified_name: path.clone(),
                    kind: "member",
                }],
                ..Location::default()
            }],
            related_locations: self.existing(located).into_iter().collect(),
            partial_fingerprints: BTreeMap::from([(FINGERPRINT, fingerprint)]),
            properties: self.properties(case, located),
        }
    }

    /// Where the field stands in the existing Job.
    fn existing(&self, located: Located<'_>) -> Option<Location> {
        let path = &located.reviewed.update.existing.path;
        let place = self.place(path, located.existing_region()?)?;
        Some(Location {
            id: Some(1),
            message: Some(message("The field in the existing Job")),
            physical_location: Some(place),
            ..Location::default()
        })
    }

    fn properties(&self, case: &Case, located: Located<'_>) -> BTreeMap<&'static str, Value> {
        let mut properties = BTreeMap::from([("job", Value::from(&*case.job))]);
        if self.options.show_values {
            let values =
                [("before", located.violation.before()), ("after", located.violation.after())];
            properties.extend(
                values.into_iter().filter_map(|(name, value)| Some((name, value?.clone()))),
            );
        }
        properties
    }

    fn refused(&self, case: &Case, status: &Status) -> ResultObject {
        let id = REFUSED;
        ResultObject {
            rule_id: id,
            rule_index: rules::refused_index(),
            level: Level::Error,
            message: message(&named(case, &status.message)),
            locations: self.beginning(case),
            related_locations: Vec::new(),
            partial_fingerprints: BTreeMap::from([(FINGERPRINT, fingerprint(&[&case.job, id]))]),
            properties: BTreeMap::from([("job", Value::from(&*case.job))]),
        }
    }

    /// The location of what is wrong with the manifest, or of its beginning.
    fn beginning(&self, case: &Case) -> Vec<Location> {
        let manifest = case.file();
        let place = manifest.and_then(|manifest| {
            let region = case.position().map_or(Region::FIRST, Region::at);
            self.place(manifest, region)
        });
        let location = |place| Location { physical_location: Some(place), ..Location::default() };
        place.map(location).into_iter().collect()
    }

    fn place(&self, file: &str, region: Region) -> Option<PhysicalLocation> {
        let path = self.root.path(file)?;
        let uri_base_id = path.is_relative().then_some(ROOT);
        let artifact_location = ArtifactLocation { uri: uri(&path), uri_base_id };
        Some(PhysicalLocation { artifact_location, region: region.into() })
    }

    fn notify(&mut self, level: Level, text: &str, case: &Case) {
        if self.notifications.len() >= MAX_NOTIFICATIONS {
            self.omitted_notifications += 1;
            return;
        }
        let locations = self.beginning(case);
        self.notifications.push(Notification { level, message: message(text), locations });
    }

    fn written(&mut self, result: &ResultObject) -> String {
        if self.results == MAX_RESULTS {
            self.omitted_results += 1;
            return String::new();
        }
        let separator = if self.results == 0 { "\n" } else { ",\n" };
        self.results += 1;
        format!("{separator}{}", to_json(result))
    }
}

impl Notification {
    fn plain(level: Level, text: &str) -> Self {
        Self { level, message: message(text), locations: Vec::new() }
    }
}

/// A message. Braces are those of placeholders unless they are doubled.
fn message(text: &str) -> Message {
    Message::plain(text.replace('{', "{{").replace('}', "}}"))
}

/// A text about a Job, with its name if it is known.
fn named(case: &Case, text: &str) -> String {
    if case.job.is_empty() { text.to_owned() } else { format!("{}: {text}", case.job) }
}

/// A fingerprint that the Job has not had before: the second one for a field ends with `-2`.
fn numbered(fingerprint: String, seen: &mut HashMap<String, usize>) -> String {
    let count = seen.entry(fingerprint.clone()).or_default();
    *count += 1;
    if *count == 1 { fingerprint } else { format!("{fingerprint}-{count}") }
}
