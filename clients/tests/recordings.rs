//! What kubectl really sent, and what a real API server made of it (`tests/data`), compared with
//! [`apply_patch_body`] and [`update`].

#![expect(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test may panic")]

#[path = "../../tests/util/data.rs"]
mod data;

use serde_json::Value;
use volcano_job_clients::{
    ClientError, FieldManager, LAST_APPLIED, Verb, apply_patch_body, update,
};
use volcano_job_update::{Job, Validator, diff};

/// A request and its answer, each a recorded object.
struct Exchange {
    verb: String,
    query: String,
    body: Value,
    code: u64,
    answer: Value,
}

/// The recorded requests for the Job itself, in order, by recording.
fn exchanges() -> Vec<(String, Vec<Exchange>)> {
    let of_recording = |recording: &Value| {
        let steps = recording["steps"].as_array().unwrap().iter();
        let exchanges = steps.filter_map(|step| step["exchanges"].as_array()).flatten();
        exchanges
            .map(|exchange| Exchange {
                verb: exchange["request"]["verb"].as_str().unwrap().to_owned(),
                query: exchange["request"]["query"].as_str().unwrap_or_default().to_owned(),
                body: exchange["request"]["body"]["json"].clone(),
                code: exchange["response"]["code"].as_u64().unwrap(),
                answer: exchange["response"]["body"]["json"].clone(),
            })
            .collect()
    };
    let recordings = data::recordings().into_iter();
    let recordings = recordings.filter(|(name, _)| name.starts_with("kubectl-"));
    recordings.map(|(name, recording)| (name, of_recording(&recording))).collect()
}

/// The manifest that kubectl applied, from the annotation that it wrote.
fn applied(job: &Value) -> Option<Value> {
    let annotation = job.pointer("/metadata/annotations")?.get(LAST_APPLIED)?.as_str()?;
    Some(serde_json::from_str(annotation).unwrap())
}

#[test]
fn client_side_apply_sends_the_recorded_patches() {
    let mut patches = 0;
    for (name, exchanges) in exchanges() {
        for (get, patch) in exchanges.iter().zip(exchanges.iter().skip(1)) {
            let is_apply =
                patch.verb == "PATCH" && patch.query.contains("kubectl-client-side-apply");
            // A recorded text that is too long is not the one that was sent.
            let is_complete = !patch.body.to_string().contains("bytes)");
            if get.verb != "GET" || !is_apply || !is_complete || patch.code != 200 {
                continue;
            }
            let manifest = applied(&patch.answer).unwrap();
            let sent = apply_patch_body(&get.answer, &manifest).unwrap();
            assert_eq!(sent.as_ref(), Some(&patch.body), "{name}");
            patches += 1;
        }
    }
    data::report(patches, "patches of client-side apply");
}

#[test]
fn server_side_apply_stores_what_the_api_server_stored() {
    let validator = Validator::default();
    let mut codes = Vec::new();
    for (name, exchanges) in exchanges() {
        let mut live: Option<Value> = None;
        for Exchange { verb, query, body, code, answer } in exchanges {
            let is_apply = verb == "PATCH" && query.contains("fieldManager=kubectl&");
            if let (true, Some(existing)) = (is_apply, &live) {
                let force = query.contains("force=true");
                let verb = Verb::ServerSideApply { manager: FieldManager::kubectl(), force };
                let job = Job::from_value(existing).unwrap();
                match update(&job, &body, &verb, &validator) {
                    Ok(stored) => {
                        assert_eq!(code, 200, "{name}");
                        // The API server has filled in defaults.
                        let [stored, answer] =
                            [&stored, &answer].map(|job| Job::from_value(job).unwrap());
                        let changes = diff(&stored, &answer).unwrap();
                        assert_eq!(changes.len(), 0, "{name}: {changes:?}");
                    }
                    Err(ClientError::Refused(status)) => {
                        assert_eq!(u64::from(status.code), code, "{name}");
                        assert_eq!(serde_json::to_value(&status).unwrap(), answer, "{name}");
                    }
                    Err(error) => panic!("{name}: {error}"),
                }
                codes.push(code);
            }
            if code < 300 && answer["kind"] == "Job" {
                live = Some(answer);
            }
        }
    }
    assert!(codes.contains(&200) && codes.contains(&409), "{codes:?}");
    data::report(codes.len(), "requests of server-side apply");
}
