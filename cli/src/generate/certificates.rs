//! The certificate of the webhook, by [cert-manager](https://cert-manager.io).

use k8s_openapi::apimachinery::pkg::apis::meta::v1::ObjectMeta;
use serde::Serialize;

use super::manifest::{Manifests, metadata};

/// An object of `cert-manager.io/v1`.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Object<S> {
    api_version: &'static str,
    kind: &'static str,
    metadata: ObjectMeta,
    spec: S,
}

/// See [`Issuer`](https://cert-manager.io/docs/reference/api-docs/#cert-manager.io/v1.IssuerSpec).
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
enum Issuer {
    SelfSigned {},
    #[serde(rename_all = "camelCase")]
    Ca {
        secret_name: String,
    },
}

/// See [`Certificate`](https://cert-manager.io/docs/reference/api-docs/#cert-manager.io/v1.CertificateSpec).
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Certificate {
    #[serde(rename = "isCA", skip_serializing_if = "Option::is_none")]
    is_ca: Option<bool>,
    #[serde(skip_serializing_if = "Option::is_none")]
    common_name: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    dns_names: Option<Vec<String>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    duration: Option<&'static str>,
    secret_name: String,
    private_key: PrivateKey,
    issuer_ref: IssuerRef,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct PrivateKey {
    algorithm: &'static str,
    size: u32,
    #[serde(skip_serializing_if = "Option::is_none")]
    rotation_policy: Option<&'static str>,
}

#[derive(Serialize)]
struct IssuerRef {
    kind: &'static str,
    name: String,
}

/// Adds a CA and the certificate that it signs. With a CA, clients trust a renewed certificate without
/// a new `caBundle`.
pub(super) fn push_certificates(manifests: &mut Manifests, name: &str, namespace: &str) {
    let metadata = |of: &str| metadata(name, of, Some(namespace));
    let issuer = |of: &str, spec| Object {
        api_version: "cert-manager.io/v1",
        kind: "Issuer",
        metadata: metadata(of),
        spec,
    };
    let certificate = |of: &str, spec| Object {
        api_version: "cert-manager.io/v1",
        kind: "Certificate",
        metadata: metadata(of),
        spec,
    };
    let (self_signed, ca) = (format!("{name}-self-signed"), format!("{name}-ca"));
    let key = |rotation_policy| PrivateKey { algorithm: "ECDSA", size: 256, rotation_policy };
    let signed_by = |name: &str| IssuerRef { kind: "Issuer", name: name.to_owned() };
    let ca_certificate = Certificate {
        is_ca: Some(true),
        common_name: Some(ca.clone()),
        dns_names: None,
        duration: Some("87600h"),
        secret_name: ca.clone(),
        private_key: key(None),
        issuer_ref: signed_by(&self_signed),
    };
    let own_certificate = Certificate {
        is_ca: None,
        common_name: None,
        dns_names: Some(vec![format!("{name}.{namespace}.svc")]),
        duration: None,
        secret_name: name.to_owned(),
        private_key: key(Some("Always")),
        issuer_ref: signed_by(name),
    };
    manifests.push(&issuer(&self_signed, Issuer::SelfSigned {}));
    manifests.push(&certificate(&ca, ca_certificate));
    manifests.push(&issuer(name, Issuer::Ca { secret_name: ca.clone() }));
    manifests.push(&certificate(name, own_certificate));
}
