//! The strategies that take a Job.

use std::collections::BTreeSet;

use proptest::prelude::*;
use proptest::strategy::ValueTree;
use proptest::test_runner::TestRunner;
use serde_json::Value;
use volcano_job_update::strategy::{allowed_update_of, any_job, denied_update_of};
use volcano_job_update::{Job, ViolationCode};

use crate::violations;

proptest! {
    #![proptest_config(crate::config())]

    #[test]
    fn allowed_updates_of_a_job_are_allowed(
        (job, update) in any_job().prop_flat_map(|job| (Just(job.clone()), allowed_update_of(job)))
    ) {
        prop_assert_eq!(&update.existing, &job);
        let (existing, replacement) = (Job::from_value(&job)?, Job::from_value(&update.replacement)?);
        prop_assert_eq!(violations(&existing, &replacement)?, []);
    }

    #[test]
    fn denied_updates_of_a_job_have_one_violation(
        (job, update) in any_job().prop_flat_map(|job| (Just(job.clone()), denied_update_of(job)))
    ) {
        prop_assert_eq!(&update.existing, &job);
        let (existing, replacement) = (Job::from_value(&job)?, Job::from_value(&update.replacement)?);
        let mut expected = vec![(update.code, update.path.to_string())];
        if update.code == ViolationCode::DuplicateTaskName {
            expected.insert(0, (ViolationCode::ImmutableField, update.path.to_string()));
        }
        prop_assert_eq!(violations(&existing, &replacement)?, expected);
    }
}

#[test]
fn denied_updates_of_a_created_job_have_every_code_that_fits_it() {
    let job: Value = serde_json::from_str(include_str!("../jobs/created.json")).unwrap();
    let strategy = denied_update_of(job);
    let mut runner = TestRunner::deterministic();
    let codes: BTreeSet<ViolationCode> =
        (0..400).map(|_| strategy.new_tree(&mut runner).unwrap().current().code).collect();
    // No task of this Job can lose enough replicas: one has partitions, the other a minAvailable.
    let unfit = [ViolationCode::MinAvailableAboveTotal, ViolationCode::VolcanoWebhook];
    assert_eq!(codes, ViolationCode::all().filter(|code| !unfit.contains(code)).collect());
}
