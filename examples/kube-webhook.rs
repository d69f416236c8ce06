//! A validating webhook made of kube-core's types: what is read from standard input is the body of a
//! request, and what is printed the body of the response. With a server around `validate`, that is all.

#![expect(clippy::print_stdout, reason = "it is a filter")]

use std::error::Error;
use std::io::Read;

use kube_core::DynamicObject;
use kube_core::admission::{AdmissionResponse, AdmissionReview};
use volcano_job_update::status::StatusCodes;
use volcano_job_update::{UpdatePolicy, Validator, admission};

/// `Err` is an HTTP 400: the body is no review, or says of no request that it is meant.
fn validate(
    body: &[u8],
    validator: &Validator,
) -> Result<AdmissionReview<DynamicObject>, admission::RequestError> {
    let response = admission::respond(body, validator, StatusCodes::Documented)?;
    Ok(AdmissionResponse::from(response).into_review())
}

fn main() -> Result<(), Box<dyn Error>> {
    let validator = Validator::new(UpdatePolicy::admission());
    let mut body = Vec::new();
    std::io::stdin().read_to_end(&mut body)?;
    println!("{}", serde_json::to_string(&validate(&body, &validator)?)?);
    Ok(())
}
