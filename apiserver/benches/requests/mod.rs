//! The PUTs that both benches make.

use std::hint::black_box;

use volcano_job_apiserver::{ReplaceRequest, RequestContext, Response, replace};
use volcano_job_update::{Job, Validator};

/// The URI of the documented example.
const URI: &str = "/apis/batch.volcano.sh/v1alpha1/namespaces/cci-gpu/jobs/openmpi-hello-2-com";
/// The resourceVersion in it, and the one after it.
const VERSION: &str = "125597961";
const NEXT_VERSION: &str = "125597962";

/// Reads the stored text and answers a PUT.
pub(crate) fn put(validator: &Validator, existing: &[u8], body: &[u8]) -> Response {
    let existing = Job::from_slice(black_box(existing)).expect("a Job");
    let request = ReplaceRequest::from_uri(URI, black_box(body)).expect("a request");
    let context = RequestContext::new(NEXT_VERSION.parse().expect("a version"));
    replace(Some(&existing), &request, validator, &context).expect("the update is allowed")
}

/// A body as a server stores it in place of the existing Job, with the defaults of the schema and the same
/// resourceVersion.
pub(crate) fn stored(validator: &Validator, existing: &[u8], body: &[u8]) -> Vec<u8> {
    let stored = put(validator, existing, body).into_body();
    stored.replace(NEXT_VERSION, VERSION).into_bytes()
}
