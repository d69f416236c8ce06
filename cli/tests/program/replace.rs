//! The command `replace`.

use serde_json::{Value, json};

use crate::util::{
    EXISTING, REPLACEMENT, edited, file, job, path, run, run_with_input, stderr, stdout,
};

const URI: &str = "/apis/batch.volcano.sh/v1alpha1/namespaces/cci-gpu/jobs/openmpi-hello-2-com";

#[test]
fn replace_prints_the_response_of_a_server() {
    let output = run(&["replace", "--uri", URI, &job(EXISTING), &job(REPLACEMENT)]);
    assert_eq!(output.status.code(), Some(0), "{}", stderr(&output));
    assert_eq!(stdout(&output).lines().count(), 1);
    let answer: Value = serde_json::from_str(&stdout(&output)).expect("the answer is JSON");
    assert_eq!(answer["metadata"]["generation"], 2);
    assert_eq!(answer["metadata"]["resourceVersion"], "125597962");
    assert_eq!(answer["spec"]["tasks"][1]["replicas"], 2);
    assert_eq!(answer["status"]["state"]["phase"], "Inqueue", "as it is stored");

    let uri = format!("{URI}?pretty=true");
    let pretty = run(&["replace", "--uri", &uri, &job(EXISTING), &job(REPLACEMENT)]);
    assert!(stdout(&pretty).starts_with("{\n  \"apiVersion\": "));
    assert_eq!(serde_json::from_str::<Value>(&stdout(&pretty)).expect("JSON"), answer);

    let all =
        run(&["replace", "--uri", URI, "--output", "json", &job(EXISTING), &job(REPLACEMENT)]);
    let all: Value = serde_json::from_str(&stdout(&all)).expect("the output is JSON");
    assert_eq!(all, json!({"code": 200, "response": answer, "stored": answer, "warnings": []}));
}

#[test]
fn replace_denies_as_a_server_does() {
    let research = edited(|job| job["spec"]["queue"] = json!("research"));
    for (arguments, code) in [
        (&[][..], 403),
        (&["--status-codes", "kubernetes"][..], 422),
        (&["--policy", "permissive"][..], 200),
    ] {
        let fixed = ["replace", "--uri", URI, "--output", "json"];
        let files = [job(EXISTING), path(&research).to_owned()];
        let files: Vec<&str> = files.iter().map(String::as_str).collect();
        let output = run(&[&fixed[..], arguments, &files].concat());
        let answer: Value = serde_json::from_str(&stdout(&output)).expect("the output is JSON");
        assert_eq!(answer["code"], code);
        assert_eq!(output.status.code(), Some(i32::from(code != 200)));
    }
    let malformed = file(".json", "{");
    let output = run(&["replace", "--uri", URI, &job(EXISTING), path(&malformed)]);
    assert_eq!(output.status.code(), Some(1));
    let answer: Value = serde_json::from_str(&stdout(&output)).expect("the answer is JSON");
    assert_eq!((&answer["kind"], &answer["code"]), (&json!("Status"), &json!(400)));

    let error = run(&["replace", "--uri", URI, path(&malformed), &job(REPLACEMENT)]);
    assert_eq!(error.status.code(), Some(2), "what is stored cannot be read");
}

#[test]
fn replace_with_empty_standard_input_has_no_stored_job() {
    let arguments = ["replace", "--uri", URI, "-", &job(REPLACEMENT)];
    let output = run_with_input(&arguments, "");
    assert_eq!(output.status.code(), Some(1));
    assert!(stdout(&output).contains("\"reason\":\"NotFound\""), "{}", stdout(&output));
    let create = [&["replace", "--allow-create", "--output", "json"], &arguments[1..]].concat();
    let output = run_with_input(&create, "");
    let answer: Value = serde_json::from_str(&stdout(&output)).expect("the output is JSON");
    assert_eq!(answer["code"], 201, "{answer}");
}

#[test]
fn replace_warns_about_pruned_fields() {
    let unknown = edited(|job| job["spec"]["qeue"] = json!("research"));
    let output = run(&["replace", "--uri", URI, &job(EXISTING), path(&unknown)]);
    assert_eq!(output.status.code(), Some(0));
    assert_eq!(stderr(&output), "Warning: unknown field \"spec.qeue\"\n");
}
