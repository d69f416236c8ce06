//! The kubeconfig with which clients find the server.

/// The name of the cluster, the user and the context.
const NAME: &str = "volcano-job-server";

/// A kubeconfig in YAML. `server` is an `https` URL, `authority` the CA as PEM in
/// base64, if clients do not know it.
pub(crate) fn kubeconfig(server: &str, authority: Option<&str>, token: Option<&str>) -> String {
    let authority = authority.map_or_else(String::new, |authority| {
        format!("\n    certificate-authority-data: {authority}")
    });
    let user = token.map_or_else(|| " {}".to_owned(), |token| format!("\n    token: {token}"));
    format!(
        "apiVersion: v1
kind: Config
clusters:
- name: {NAME}
  cluster:
    server: {server}{authority}
contexts:
- name: {NAME}
  context:
    cluster: {NAME}
    user: {NAME}
current-context: {NAME}
users:
- name: {NAME}
  user:{user}
"
    )
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    #[test]
    fn kubeconfig_is_yaml_with_server_and_token() {
        let text = kubeconfig("https://[::1]:6443", Some("cGVt"), Some("secret"));
        let config: Value =
            volcano_job_update_programs::parse_yaml(text.as_bytes()).expect("it is YAML");
        let cluster = json!({"server": "https://[::1]:6443", "certificate-authority-data": "cGVt"});
        assert_eq!(config["clusters"][0]["cluster"], cluster);
        assert_eq!(config["users"][0]["user"], json!({"token": "secret"}));
        assert_eq!(config["contexts"][0]["name"], config["current-context"]);
        let without = kubeconfig("https://localhost:6443", None, None);
        let config: Value =
            volcano_job_update_programs::parse_yaml(without.as_bytes()).expect("it is YAML");
        assert_eq!(config["users"][0]["user"], json!({}));
    }
}
