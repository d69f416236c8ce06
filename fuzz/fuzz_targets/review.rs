//! Answers the body of a request to a webhook. Every answer is JSON, and a review with a uid is answered
//! as such.
//!
//! The input is the body. The seeds are reviews, so that the fuzzer starts within them.

#![no_main]

use std::sync::LazyLock;

use libfuzzer_sys::fuzz_target;
use serde_json::Value;
use volcano_job_update::admission::{Outcome, Webhook};
use volcano_job_update::{UpdatePolicy, Validator};

static WEBHOOK: LazyLock<Webhook> =
    LazyLock::new(|| Webhook::new(Validator::new(UpdatePolicy::admission())));

fuzz_target!(|body: &[u8]| {
    for answer in [WEBHOOK.validate(body), WEBHOOK.restore(body), WEBHOOK.oversized(body)] {
        let json: Value = serde_json::from_slice(&answer.body()).expect("the answer is JSON");
        match answer.response() {
            Ok(response) => {
                assert_eq!(json["response"]["uid"], response.uid());
                assert_eq!(json["response"]["allowed"], response.is_allowed());
                assert!(!response.uid().is_empty());
                let has_status = json["response"].get("status").is_some();
                assert_eq!(has_status, !response.is_allowed());
            }
            Err(error) => {
                assert_eq!(answer.outcome(), Outcome::BadRequest);
                assert_eq!(json["code"], error.status().code);
            }
        }
    }
});
