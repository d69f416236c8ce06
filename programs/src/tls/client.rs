//! Who a client is, by its certificate.

use std::time::{SystemTime, UNIX_EPOCH};

use rustls::pki_types::CertificateDer;
use x509_parser::certificate::X509Certificate;
use x509_parser::error::X509Error;
use x509_parser::extensions::GeneralName;
use x509_parser::parse_x509_certificate;
use x509_parser::x509::AttributeTypeAndValue;

/// The attribute of a subject with the uid of a Kubernetes user.
const UID: &str = "1.3.6.1.4.1.57683.2";

/// What the certificate of a client says about it. Whether that is true is checked in the TLS
/// handshake.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ClientCertificate {
    /// The common names and DNS names.
    names: Vec<String>,
    user: Option<CertificateUser>,
    not_after: i64,
}

/// A user of Kubernetes who authenticates with a certificate.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct CertificateUser {
    /// The common name of the subject: the last one, if there are several.
    pub name: String,
    /// The organizations of the subject.
    pub groups: Vec<String>,
    /// The attribute 1.3.6.1.4.1.57683.2 of the subject.
    pub uid: Option<String>,
}

impl ClientCertificate {
    /// Reads a certificate. `None` if it is malformed.
    #[must_use]
    pub fn parse(certificate: &CertificateDer<'_>) -> Option<Self> {
        let (_, certificate) = parse_x509_certificate(certificate).ok()?;
        let not_after = certificate.validity().not_after.timestamp();
        Some(Self { names: names(&certificate), user: user(&certificate), not_after })
    }

    /// Whether the certificate is that of `name`: it is the common name of the subject, or one of the
    /// DNS names.
    #[must_use]
    pub fn is_named(&self, name: &str) -> bool {
        self.names.iter().any(|own| own == name)
    }

    /// The user, as an API server determines it
    /// ([`CommonNameUserConversion`](https://pkg.go.dev/k8s.io/apiserver/pkg/authentication/request/x509)).
    /// `None` if there is no common name, if there are several uids or an empty one, or if one of
    /// these texts cannot be read, as those in the encodings T.61 and BMP.
    ///
    /// An API server verifies the certificate for each request. So this is also `None` as soon as the
    /// certificate has expired, on a connection that was opened before.
    #[must_use]
    pub fn user(&self) -> Option<&CertificateUser> {
        let now = SystemTime::now().duration_since(UNIX_EPOCH).ok()?;
        let is_valid = i64::try_from(now.as_secs()).is_ok_and(|now| now <= self.not_after);
        self.user.as_ref().filter(|_| is_valid)
    }
}

fn names(certificate: &X509Certificate<'_>) -> Vec<String> {
    let common_names = certificate.subject().iter_common_name();
    let common_names = common_names.filter_map(|name| name.as_str().ok());
    let alternative = certificate.subject_alternative_name().ok().flatten();
    let alternative = alternative.into_iter().flat_map(|names| &names.value.general_names);
    let dns_names = alternative.filter_map(|name| match name {
        GeneralName::DNSName(name) => Some(*name),
        _ => None,
    });
    common_names.chain(dns_names).map(String::from).collect()
}

fn user(certificate: &X509Certificate<'_>) -> Option<CertificateUser> {
    let subject = certificate.subject();
    let name = texts(subject.iter_common_name()).ok()?.pop().filter(|name| !name.is_empty())?;
    let groups = texts(subject.iter_organization()).ok()?;
    let is_uid =
        |attribute: &&AttributeTypeAndValue<'_>| attribute.attr_type().to_id_string() == UID;
    let mut uids = texts(subject.iter_attributes().filter(is_uid)).ok()?;
    let uid = uids.pop();
    if !uids.is_empty() || uid.as_ref().is_some_and(String::is_empty) {
        return None;
    }
    Some(CertificateUser { name, groups, uid })
}

fn texts<'a>(
    attributes: impl Iterator<Item = &'a AttributeTypeAndValue<'a>>,
) -> Result<Vec<String>, X509Error> {
    attributes.map(|attribute| attribute.as_str().map(String::from)).collect()
}

#[cfg(test)]
mod tests {
    use rcgen::{CertificateParams, DnType, DnValue, KeyPair};

    use super::{CertificateUser, ClientCertificate};

    const SECOND_NAME: [u64; 4] = [2, 5, 4, 3];
    const SECOND_ORGANIZATION: [u64; 4] = [2, 5, 4, 10];
    const UID: [u64; 7] = [1, 3, 6, 1, 4, 1, 57683];

    fn params(subject: &[(DnType, DnValue)]) -> CertificateParams {
        let mut params = CertificateParams::new(["client.example".to_owned()]).expect("a name");
        params.distinguished_name = rcgen::DistinguishedName::new();
        for (kind, value) in subject {
            params.distinguished_name.push(kind.clone(), value.clone());
        }
        params
    }

    fn certificate(params: &CertificateParams) -> ClientCertificate {
        let key = KeyPair::generate().expect("a key");
        let certificate = params.self_signed(&key).expect("a certificate");
        ClientCertificate::parse(certificate.der()).expect("a certificate")
    }

    fn user(subject: &[(DnType, DnValue)]) -> Option<CertificateUser> {
        certificate(&params(subject)).user().cloned()
    }

    /// An attribute with this number; the number of a common name or an organization gives the
    /// certificate a second one.
    fn other(number: &[u64]) -> DnType {
        DnType::CustomDnType(number.to_vec())
    }

    #[test]
    fn user_has_the_last_common_name_and_all_organizations() {
        let found = user(&[
            (DnType::CommonName, "first".into()),
            (DnType::OrganizationName, "system:masters".into()),
            (DnType::OrganizationalUnitName, "unit".into()),
            (other(&SECOND_ORGANIZATION), "others".into()),
            (other(&SECOND_NAME), "last".into()),
        ]);
        let found = found.expect("a user");
        assert_eq!(found.name, "last");
        assert_eq!(found.groups, ["system:masters", "others"]);
        assert_eq!(found.uid, None);
    }

    #[test]
    fn user_needs_a_common_name() {
        assert_eq!(user(&[(DnType::OrganizationName, "system:masters".into())]), None);
        assert_eq!(user(&[(DnType::CommonName, "".into())]), None);
    }

    #[test]
    fn user_has_one_uid() {
        let uid = other(&[&UID[..], &[2]].concat());
        let unrelated = other(&[&UID[..], &[3]].concat());
        let name = (DnType::CommonName, DnValue::from("somebody"));
        let found = user(&[name.clone(), (uid.clone(), "1-2".into()), (unrelated, "3".into())]);
        assert_eq!(found.and_then(|user| user.uid).as_deref(), Some("1-2"));
        assert_eq!(user(&[name, (uid, "".into())]), None);
    }

    /// Otherwise the common name before it would decide.
    #[test]
    fn unreadable_name_is_no_user() {
        let unreadable = DnValue::BmpString("other".try_into().expect("a text"));
        let subject = [(DnType::CommonName, "admin".into()), (other(&SECOND_NAME), unreadable)];
        let certificate = certificate(&params(&subject));
        assert_eq!(certificate.user(), None);
        assert!(certificate.is_named("admin"));
    }

    #[test]
    fn expired_certificate_is_no_user() {
        let mut params = params(&[(DnType::CommonName, "somebody".into())]);
        assert!(certificate(&params).user().is_some());
        params.not_after = rcgen::date_time_ymd(2020, 1, 1);
        assert_eq!(certificate(&params).user(), None);
    }

    #[test]
    fn names_are_common_names_and_dns_names() {
        let certificate = certificate(&params(&[
            (DnType::CommonName, "somebody".into()),
            (DnType::OrganizationName, "system:masters".into()),
        ]));
        for (name, is_named) in
            [("somebody", true), ("client.example", true), ("system:masters", false), ("", false)]
        {
            assert_eq!(certificate.is_named(name), is_named, "{name}");
        }
    }
}
