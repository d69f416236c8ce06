//! Who makes a request.

use std::collections::BTreeMap;
use std::fmt::Write;
use std::sync::Arc;

/// The group of all users but the anonymous one.
pub(super) const AUTHENTICATED: &str = "system:authenticated";
/// The group whose members may do everything.
pub(super) const MASTERS: &str = "system:masters";

const UNAUTHENTICATED: &str = "system:unauthenticated";
const ANONYMOUS: &str = "system:anonymous";

/// The user who makes a request: Kubernetes'
/// [`UserInfo`](https://kubernetes.io/docs/reference/kubernetes-api/authentication-resources/self-subject-review-v1/).
/// Clones share one allocation.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct User(Arc<UserInfo>);

#[derive(Clone, Debug, Default, PartialEq, Eq)]
struct UserInfo {
    name: String,
    uid: String,
    groups: Vec<String>,
    extra: BTreeMap<String, Vec<String>>,
}

/// The subject of a client certificate that the TLS layer has verified.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct ClientSubject {
    /// The common name, which is the name of the user. Of several, the last one.
    pub common_name: String,
    /// The organizations in their order, which are the groups of the user.
    pub organizations: Vec<String>,
    /// The attribute `1.3.6.1.4.1.57683.2`, which is the uid of the user.
    pub uid: String,
    /// The SHA-256 of the whole certificate in DER.
    pub sha256: Option<[u8; 32]>,
}

impl User {
    /// A user, who is in the group `system:authenticated` too, unless the groups say whether.
    #[must_use]
    pub fn new(name: impl Into<String>, uid: impl Into<String>, groups: Vec<String>) -> Self {
        let extra = BTreeMap::new();
        let mut info = UserInfo { name: name.into(), uid: uid.into(), groups, extra };
        info.add_authenticated();
        Self(Arc::new(info))
    }

    /// The user of requests without credentials.
    #[must_use]
    pub fn anonymous() -> Self {
        let (name, groups) = (ANONYMOUS.into(), vec![UNAUTHENTICATED.into()]);
        Self(Arc::new(UserInfo { name, groups, ..UserInfo::default() }))
    }

    /// The name.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.0.name
    }

    /// The unique identifier; empty if there is none.
    #[must_use]
    pub fn uid(&self) -> &str {
        &self.0.uid
    }

    /// The groups.
    #[must_use]
    pub fn groups(&self) -> &[String] {
        &self.0.groups
    }

    /// What else is known, such as which certificate the user has.
    #[must_use]
    pub fn extra(&self) -> &BTreeMap<String, Vec<String>> {
        &self.0.extra
    }

    pub(super) fn is_in(&self, group: &str) -> bool {
        self.groups().iter().any(|other| other == group)
    }

    /// As the [authenticator for client certificates] does. `None` if the certificate names no user.
    ///
    /// [authenticator for client certificates]: https://github.com/kubernetes/apiserver/blob/master/pkg/authentication/request/x509/x509.go
    pub(super) fn of_certificate(subject: &ClientSubject) -> Option<Self> {
        if subject.common_name.is_empty() {
            return None;
        }
        let fingerprint = subject.sha256.map(|hash| {
            let hex = hash.iter().fold("X509SHA256=".to_owned(), |mut hex, byte| {
                let _ = write!(hex, "{byte:02x}");
                hex
            });
            ("authentication.kubernetes.io/credential-id".to_owned(), vec![hex])
        });
        let mut info = UserInfo {
            name: subject.common_name.clone(),
            uid: subject.uid.clone(),
            groups: subject.organizations.clone(),
            extra: fingerprint.into_iter().collect(),
        };
        info.add_authenticated();
        Some(Self(Arc::new(info)))
    }
}

impl UserInfo {
    /// As the [group adder] does.
    ///
    /// [group adder]: https://github.com/kubernetes/apiserver/blob/master/pkg/authentication/group/authenticated_group_adder.go
    fn add_authenticated(&mut self) {
        let says = |group: &String| group == AUTHENTICATED || group == UNAUTHENTICATED;
        if self.name != ANONYMOUS && !self.groups.iter().any(says) {
            self.groups.push(AUTHENTICATED.into());
        }
    }
}

impl ClientSubject {
    /// A subject with these attributes.
    #[must_use]
    pub fn new(common_name: impl Into<String>, organizations: Vec<String>) -> Self {
        Self { common_name: common_name.into(), organizations, ..Self::default() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn groups(groups: &[&str]) -> Vec<String> {
        groups.iter().map(ToString::to_string).collect()
    }

    /// `AuthenticateRequest` of `authenticated_group_adder.go`.
    #[test]
    fn users_are_in_the_group_of_the_authenticated() {
        for (name, given, expected) in [
            ("a", &[][..], &["system:authenticated"][..]),
            ("a", &["x"], &["x", "system:authenticated"]),
            ("a", &["system:authenticated", "x"], &["system:authenticated", "x"]),
            ("a", &["system:unauthenticated"], &["system:unauthenticated"]),
            ("system:anonymous", &["x"], &["x"]),
        ] {
            assert_eq!(User::new(name, "", groups(given)).groups(), groups(expected), "{name}");
        }
    }

    /// `CommonNameUserConversion` of `x509.go`.
    #[test]
    fn a_certificate_names_user_and_groups() {
        let mut subject = ClientSubject::new("carol", groups(&["team a", "team-b"]));
        subject.uid = "7".into();
        subject.sha256 = Some([0xab; 32]);
        let user = User::of_certificate(&subject).expect("it has a common name");
        assert_eq!((user.name(), user.uid()), ("carol", "7"));
        assert_eq!(user.groups(), groups(&["team a", "team-b", "system:authenticated"]));
        let id = format!("X509SHA256={}", "ab".repeat(32));
        assert_eq!(user.extra()["authentication.kubernetes.io/credential-id"], [id]);

        assert_eq!(User::of_certificate(&ClientSubject::new("", groups(&["team"]))), None);
    }
}
