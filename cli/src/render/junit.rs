//! The output `junit` of `check`: `JUnit` XML, a test for each Job.

use quick_junit::{NonSuccessKind, Report, TestCase, TestCaseStatus, TestSuite};
use volcano_job_update::Violations;
use volcano_job_update::status::Status;
use volcano_job_update_programs::printable;

use super::located::Located;
use super::source_root::SourceRoot;
use super::words::{count, why};
use crate::case::{Case, Outcome, Reviewed};
use crate::error::Error;
use crate::explain::REFUSED;
use crate::output::error;
use crate::report::{Options, Render, Summary};

/// Collects the tests: their numbers stand before them.
pub(super) struct Junit {
    options: Options,
    root: SourceRoot,
    suite: TestSuite,
    policy: Option<String>,
}

const NAME: &str = "volcano-job-update";

/// The length up to which the text of a test is kept, in bytes.
const MAX_TEXT_BYTES: usize = 64 * 1024;

impl Junit {
    pub(super) fn new(options: Options) -> Self {
        let mut suite = TestSuite::new(NAME);
        suite.add_property(("version", env!("CARGO_PKG_VERSION")));
        Self { options, root: SourceRoot::working_directory(), suite, policy: None }
    }
}

impl Render for Junit {
    fn case(&mut self, case: &Case) -> Result<String, Error> {
        let status = match &case.outcome {
            Outcome::Reviewed(reviewed) => self.reviewed(case, reviewed),
            Outcome::Created => skipped("the Job does not exist: it will be created"),
            Outcome::Deleted => skipped("the Job has no manifest any more: it will be deleted"),
            Outcome::Refused(status) => refused(status),
            Outcome::Failed(error) => {
                let error = error.to_string();
                non_success(NonSuccessKind::Error, "error", &error, &error)
            }
        };
        let test = self.test(case, status);
        self.suite.add_test_case(test);
        Ok(String::new())
    }

    fn end(&mut self, _: &Summary) -> String {
        let mut report = Report::new(NAME);
        if let Some(policy) = self.policy.take() {
            self.suite.add_property(("policy", &*policy));
        }
        report.add_test_suite(std::mem::replace(&mut self.suite, TestSuite::new(NAME)));
        match report.to_string() {
            Ok(text) => text,
            Err(problem) => {
                error(&Error::Output(std::io::Error::other(problem)));
                String::new()
            }
        }
    }
}

impl Junit {
    fn reviewed(&mut self, case: &Case, reviewed: &Reviewed) -> TestCaseStatus {
        let policy = reviewed.review.policy().name();
        self.policy.get_or_insert_with(|| printable(policy, &[]).into_owned());
        if reviewed.is_allowed() {
            return TestCaseStatus::success();
        }
        let denials = reviewed.review.violations().into_iter().flatten();
        let code =
            denials.chain(reviewed.review.warnings()).map(|first| first.code().as_str()).next();
        let text = self.violations_text(reviewed);
        let message = why(case).unwrap_or_default();
        non_success(NonSuccessKind::Failure, code.unwrap_or("denied"), &message, &text)
    }

    /// All violations and warnings, as far as they are kept.
    fn violations_text(&self, reviewed: &Reviewed) -> String {
        let mut text = String::new();
        let mut omitted = reviewed.review.violations().map_or(0, Violations::omitted);
        let spots = reviewed.spots();
        for located in Located::all(reviewed, &spots) {
            if text.len() > MAX_TEXT_BYTES {
                omitted += 1;
            } else {
                text += &self.paragraph(located);
            }
        }
        if omitted == 0 {
            return text;
        }
        format!("{text}and {}\n", count(omitted, "more violation"))
    }

    fn paragraph(&self, located: Located<'_>) -> String {
        let violation = located.violation;
        let (severity, code) = (violation.severity(), violation.code());
        let file = self.root.path_text(&located.reviewed.update.manifest.path);
        let place = match (file, located.region()) {
            (Some(file), Some(region)) => {
                format!("{file}:{}:{}: ", region.line, region.start_column)
            }
            (Some(file), None) => format!("{file}: "),
            (None, _) => String::new(),
        };
        format!("{place}{severity}[{code}] {}\n", located.text(self.options.show_values))
    }

    fn test(&self, case: &Case, status: TestCaseStatus) -> TestCase {
        let file = case.file().and_then(|manifest| self.root.path_text(manifest));
        let name = if case.job.is_empty() { case.file() } else { Some(&*case.job) };
        let name = printable(name.unwrap_or(NAME), &[]);
        let mut test = TestCase::new(&*name, status);
        test.set_classname(printable(file.as_deref().unwrap_or(NAME), &[]));
        if let Some(file) = file {
            test.extra.insert("file".into(), (&*printable(&file, &[])).into());
        }
        if !case.notes.is_empty() {
            let notes = case.notes.iter().map(|note| format!("note: {note}\n"));
            test.set_system_out(shown(&notes.collect::<String>()));
        }
        test
    }
}

fn refused(status: &Status) -> TestCaseStatus {
    non_success(NonSuccessKind::Failure, REFUSED, &status.message, &status.message)
}

fn non_success(kind: NonSuccessKind, r#type: &str, message: &str, text: &str) -> TestCaseStatus {
    let mut status = TestCaseStatus::non_success(kind);
    status.set_type(r#type).set_message(&*printable(message, &[])).set_description(shown(text));
    status
}

fn skipped(message: &str) -> TestCaseStatus {
    let mut status = TestCaseStatus::skipped();
    status.set_message(message);
    status
}

fn shown(text: &str) -> String {
    printable(text, &['\n']).into_owned()
}
