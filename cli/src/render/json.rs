//! The reports for programs, see schemas/report.schema.json.

use std::collections::HashMap;

use serde::Serialize;
use serde_json::{Value, json};
use volcano_job_update::internals::{Places, REPORT_API_VERSION};
use volcano_job_update::status::Status;
use volcano_job_update::{FieldPath, Report};

use super::public::public_text;
use crate::case::{Case, Outcome, Reviewed};
use crate::error::Error;
use crate::input::Spot;
use crate::output::to_json;
use crate::report::{Options, Render, Summary};

/// The output `json`: the report of the Job, or an object with the list `jobs` of the reports of many.
pub(super) struct Json {
    options: Options,
    is_first: bool,
}

impl Json {
    pub(super) fn new(options: Options) -> Self {
        Self { options, is_first: true }
    }
}

impl Render for Json {
    fn begin(&mut self) -> String {
        if self.options.has_many {
            format!("{{\n\"apiVersion\": \"{REPORT_API_VERSION}\",\n\"jobs\": [")
        } else {
            String::new()
        }
    }

    fn case(&mut self, case: &Case) -> Result<String, Error> {
        let text = match &case.outcome {
            Outcome::Reviewed(reviewed) => self.reviewed(case, reviewed),
            Outcome::Created | Outcome::Deleted => to_json(&Entry::of(case)),
            Outcome::Refused(status) => to_json(&Entry { status: Some(status), ..Entry::of(case) }),
            Outcome::Failed(error) => {
                to_json(&Entry { error: Some(error.to_string()), ..Entry::of(case) })
            }
        };
        if !self.options.has_many {
            return Ok(text + "\n");
        }
        let separator = if std::mem::take(&mut self.is_first) { "\n" } else { ",\n" };
        Ok(format!("{separator}{text}"))
    }

    fn end(&mut self, summary: &Summary) -> String {
        if !self.options.has_many {
            return String::new();
        }
        let mut counts: HashMap<&str, usize> =
            summary.counts().map(|(word, count)| (word.as_str(), count)).collect();
        counts.insert("otherObjects", summary.other_objects);
        let counts: Value = json!(counts);
        format!("\n],\n\"summary\": {counts}\n}}\n")
    }
}

impl Json {
    fn reviewed(&self, case: &Case, reviewed: &Reviewed) -> String {
        let position = |spot: &Option<Spot>| spot.as_ref().map(|spot| spot.position);
        let places = reviewed.spots().into_iter().map(|(path, spots)| {
            let [existing, replacement] = [&spots.existing, &spots.replacement].map(position);
            (path.clone(), Places { existing, replacement })
        });
        let places: HashMap<FieldPath, Places> = places.collect();
        let report = Report::new(&reviewed.review).with_places(&places);
        let report = if self.options.show_values {
            report.with_values(true)
        } else {
            report.with_values_if(|path, value| public_text(path, value).is_some())
        };
        to_json(&Entry { report: Some(report), ..Entry::of(case) })
    }
}

/// The report of one Job.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Entry<'c> {
    #[serde(skip_serializing_if = "Option::is_none")]
    api_version: Option<&'static str>,
    outcome: &'static str,
    job: &'c str,
    #[serde(skip_serializing_if = "Option::is_none")]
    files: Option<Files<'c>>,
    #[serde(flatten)]
    report: Option<Report<'c>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    status: Option<&'c Status>,
    #[serde(skip_serializing_if = "Option::is_none")]
    error: Option<String>,
    notes: &'c [String],
}

#[derive(Serialize)]
struct Files<'c> {
    existing: &'c str,
    replacement: &'c str,
}

impl<'c> Entry<'c> {
    fn of(case: &'c Case) -> Self {
        let (files, api_version) = match &case.outcome {
            Outcome::Reviewed(reviewed) => {
                let (existing, replacement) =
                    (&reviewed.update.existing.name, &reviewed.update.manifest.name);
                (Some(Files { existing, replacement }), None)
            }
            _ => (None, Some(REPORT_API_VERSION)),
        };
        Self {
            // The report of a review has it.
            api_version,
            outcome: case.word().as_str(),
            job: &case.job,
            files,
            report: None,
            status: None,
            error: None,
            notes: &case.notes,
        }
    }
}
