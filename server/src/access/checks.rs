//! The credentials and the rules in force.

use std::path::{Path, PathBuf};
use std::sync::{Arc, LazyLock, PoisonError, RwLock};

use axum::http::header::{HeaderMap, HeaderName, HeaderValue};
use volcano_job_update::status::Status;

use super::attributes::Attributes;
use super::policy::Decision;
use super::rules::{Rules, RulesError};
use super::tokens::{Bearer, TokenFileError, Tokens};
use super::user::{AUTHENTICATED, ClientSubject, MASTERS, User};

/// What [`Access::load`] reads. The default identifies nobody.
#[derive(Clone, Debug, Default)]
#[non_exhaustive]
pub struct AccessOptions {
    /// A file of bearer tokens, as for kube-apiserver's
    /// [`--token-auth-file`](https://kubernetes.io/docs/reference/access-authn-authz/authentication/#static-token-file).
    pub token_file: Option<PathBuf>,
    /// Whether the subject of a client certificate is a user.
    pub client_certificates: bool,
    /// The directory of the [`Rules`]. Without one, everybody who is authenticated may do everything.
    pub rules: Option<PathBuf>,
}

/// [`Access::load`] fails. `Display` is one line with the name of the file.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum AccessError {
    /// The token file cannot be used.
    #[error(transparent)]
    Tokens(#[from] TokenFileError),
    /// The rules cannot be used.
    #[error(transparent)]
    Rules(#[from] RulesError),
}

/// Who may do what.
#[derive(Debug)]
pub struct Access(Mode);

#[derive(Debug)]
enum Mode {
    /// No request has to have credentials.
    Everyone,
    Checked(Box<Checks>),
}

#[derive(Debug)]
struct Checks {
    token_file: Option<PathBuf>,
    tokens: RwLock<Arc<Tokens>>,
    client_certificates: bool,
    rules: Option<Rules>,
}

/// The user of all requests if nobody has to authenticate.
static EVERYONE: LazyLock<User> =
    LazyLock::new(|| User::new("system:admin", "", vec![MASTERS.into(), AUTHENTICATED.into()]));

impl Access {
    /// Everybody may do everything, without credentials, and is the user `system:admin`.
    #[must_use]
    pub fn everyone() -> Self {
        Self(Mode::Everyone)
    }

    /// Reads the tokens and the rules. Logs if there are no rules.
    ///
    /// # Errors
    ///
    /// A file cannot be used.
    pub fn load(options: &AccessOptions) -> Result<Self, AccessError> {
        let AccessOptions { token_file, client_certificates, rules } = options.clone();
        let tokens = token_file.as_deref().map(Tokens::read).transpose()?.unwrap_or_default();
        let tokens = RwLock::new(Arc::new(tokens));
        let rules = rules.map(Rules::load).transpose()?;
        if rules.is_none() {
            tracing::warn!("there are no rules: everybody who is authenticated may do everything");
        }
        let checks = Checks { token_file, tokens, client_certificates, rules };
        Ok(Self(Mode::Checked(Box::new(checks))))
    }

    /// Reads the tokens and the rules again and uses them, and logs what became of it. Those that cannot
    /// be used leave the old ones in use.
    pub fn reload(&self) {
        let Mode::Checked(checks) = &self.0 else { return };
        if let Some(file) = &checks.token_file {
            checks.reload_tokens(file);
        }
        if let Some(rules) = &checks.rules {
            rules.reload();
        }
    }

    /// The rules; `None` if there are none.
    #[must_use]
    pub fn rules(&self) -> Option<&Rules> {
        match &self.0 {
            Mode::Everyone => None,
            Mode::Checked(checks) => checks.rules.as_ref(),
        }
    }

    /// Who makes a request and may make it: [`authenticate`](Self::authenticate), then
    /// [`authorize`](Self::authorize). The paths of health are served to everybody, but not with a token
    /// that is wrong.
    ///
    /// # Errors
    ///
    /// 401 or 403.
    pub fn admit(
        &self,
        headers: &HeaderMap,
        subject: Option<&ClientSubject>,
        attributes: &Attributes,
    ) -> Result<User, Status> {
        let (user, decision) = self.decide_request(headers, subject, attributes)?;
        decision.into_result(&user, attributes).map(|()| user)
    }

    /// Who makes a request: the subject of the client certificate that the TLS layer has verified or, if
    /// there is none, the user of the bearer token.
    ///
    /// # Errors
    ///
    /// 401: there are no credentials, or wrong ones.
    pub fn authenticate(
        &self,
        headers: &HeaderMap,
        subject: Option<&ClientSubject>,
    ) -> Result<User, Status> {
        self.identify(headers, subject)?.ok_or_else(unauthorized)
    }

    /// Whether a user may do something.
    ///
    /// # Errors
    ///
    /// 403.
    pub fn authorize(&self, user: &User, attributes: &Attributes) -> Result<(), Status> {
        self.decide(user, attributes).into_result(user, attributes)
    }

    /// Whether a user may do something, and why.
    #[must_use]
    pub fn decide(&self, user: &User, attributes: &Attributes) -> Decision {
        match self.rules() {
            Some(rules) if !user.is_in(MASTERS) => rules.policy().decide(user, attributes),
            _ => Decision::allowed(""),
        }
    }

    /// Who makes a request, and whether the user may.
    pub(super) fn decide_request(
        &self,
        headers: &HeaderMap,
        subject: Option<&ClientSubject>,
        attributes: &Attributes,
    ) -> Result<(User, Decision), Status> {
        let user = self.identify(headers, subject)?;
        let user = match user {
            None if attributes.is_health() => User::anonymous(),
            user => user.ok_or_else(unauthorized)?,
        };
        // Who asks to act as another must not act as oneself.
        if acts_as_another(headers) {
            return Ok((user, Decision::denied("users cannot act as others here")));
        }
        if attributes.is_health() {
            return Ok((user, Decision::allowed("")));
        }
        let decision = self.decide(&user, attributes);
        Ok((user, decision))
    }

    /// `None` if the request has no credentials.
    fn identify(
        &self,
        headers: &HeaderMap,
        subject: Option<&ClientSubject>,
    ) -> Result<Option<User>, Status> {
        let Mode::Checked(checks) = &self.0 else { return Ok(Some(EVERYONE.clone())) };
        let subject = subject.filter(|_| checks.client_certificates);
        if let Some(user) = subject.and_then(User::of_certificate) {
            return Ok(Some(user));
        }
        match checks.tokens().bearer(headers) {
            Bearer::Of(user) => Ok(Some(user)),
            Bearer::Absent => Ok(None),
            Bearer::Invalid => Err(unauthorized()),
        }
    }
}

impl Checks {
    fn tokens(&self) -> Arc<Tokens> {
        Arc::clone(&self.tokens.read().unwrap_or_else(PoisonError::into_inner))
    }

    fn reload_tokens(&self, file: &Path) {
        match Tokens::read(file) {
            Ok(tokens) => {
                *self.tokens.write().unwrap_or_else(PoisonError::into_inner) = Arc::new(tokens);
                tracing::info!("the tokens were read again and are in use");
            }
            Err(error) => {
                tracing::error!(%error, "the tokens cannot be reloaded; the old ones stay in use");
            }
        }
    }
}

/// Whether a request has a header of Kubernetes'
/// [impersonation](https://kubernetes.io/docs/reference/access-authn-authz/user-impersonation/).
fn acts_as_another(headers: &HeaderMap) -> bool {
    let is_set = |(name, value): (&HeaderName, &HeaderValue)| {
        name.as_str().starts_with("impersonate-") && !value.is_empty()
    };
    headers.iter().any(is_set)
}

/// The answer of Kubernetes' [`Unauthorized`].
///
/// [`Unauthorized`]: https://github.com/kubernetes/apiserver/blob/master/pkg/endpoints/filters/authentication.go
fn unauthorized() -> Status {
    Status::unauthorized("Unauthorized")
}
