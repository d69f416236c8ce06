//! A validating webhook with kube-core's types: reads the body of a request from standard input and
//! prints the body of the response. A webhook adds an HTTPS server around `validate`.

#![expect(clippy::print_stdout, reason = "a filter writes to standard output")]

use std::error::Error;
use std::io::Read;

use kube_core::DynamicObject;
use kube_core::admission::{AdmissionResponse, AdmissionReview};
use volcano_job_update::admission::Webhook;
use volcano_job_update::{UpdatePolicy, Validator};

/// The status code and the body of the HTTP response.
fn validate(webhook: &Webhook, body: &[u8]) -> Result<(u16, Vec<u8>), serde_json::Error> {
    let answer = webhook.validate(body);
    let status_code = answer.status_code();
    let body = match answer.into_response() {
        Ok(response) => {
            let review: AdmissionReview<DynamicObject> =
                AdmissionResponse::from(response).into_review();
            serde_json::to_vec(&review)?
        }
        Err(error) => serde_json::to_vec(error.status())?,
    };
    Ok((status_code, body))
}

fn main() -> Result<(), Box<dyn Error>> {
    let webhook = Webhook::new(Validator::new(UpdatePolicy::admission()));
    let mut body = Vec::new();
    std::io::stdin().read_to_end(&mut body)?;
    let (_, body) = validate(&webhook, &body)?;
    println!("{}", String::from_utf8(body)?);
    Ok(())
}
