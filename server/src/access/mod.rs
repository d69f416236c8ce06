//! Who may do what: authentication, authorization and the audit log.
//!
//! [`Access`] identifies users by bearer tokens and client certificates, and asks [`Rules`] whether they
//! may do what they request, as kube-apiserver does with `--token-auth-file`, `--client-ca-file` and
//! `--authorization-mode=RBAC`. [`AuditLog`] writes down who did what.
//!
//! Different from kube-apiserver: without credentials nothing is served but `/healthz`, `/livez`,
//! `/readyz` and the paths below them, as if anonymous users were [allowed for these paths only];
//! anything else is 401. Users cannot act as others: a request with a header `Impersonate-…` is 403.
//!
//! [allowed for these paths only]: https://kubernetes.io/docs/reference/access-authn-authz/authentication/#anonymous-authenticator-configuration

mod attributes;
mod audit;
mod checks;
mod csv;
mod gate;
mod manifest;
mod policy;
#[cfg(test)]
mod recorded;
mod review;
mod rules;
mod tokens;
mod user;

pub use self::attributes::Attributes;
pub use self::audit::{AuditEvent, AuditId, AuditLog, AuditLogError, Verdict};
pub use self::checks::{Access, AccessError, AccessOptions};
pub(crate) use self::gate::{Admitted, Gate};
pub use self::policy::Decision;
pub use self::rules::{Rules, RulesChange, RulesError, RulesReload};
pub use self::tokens::TokenFileError;
pub use self::user::{ClientSubject, User};
