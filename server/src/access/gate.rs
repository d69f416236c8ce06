//! What every request passes on its way in and out.

use std::net::IpAddr;

use axum::http::header::{HeaderValue, X_CONTENT_TYPE_OPTIONS};
use axum::http::request::Parts;
use axum::http::{HeaderMap, Response};
use volcano_job_update::status::Status;

use super::attributes::Attributes;
use super::audit::{AuditEvent, AuditId, AuditLog};
use super::checks::Access;
use super::user::{ClientSubject, User};
use crate::query::Query;
use crate::target::Target;

/// Who may do what, and the log of it.
#[derive(Debug)]
pub(crate) struct Gate {
    pub(crate) access: Access,
    pub(crate) audit: Option<AuditLog>,
}

/// Who may make a request, and what it asks for. The request has it as an extension.
#[derive(Clone, Debug)]
pub(crate) struct Admitted {
    pub(crate) user: User,
    pub(crate) attributes: Attributes,
}

/// A request that is being answered.
#[derive(Debug)]
pub(crate) struct Visit {
    id: AuditId,
    attributes: Attributes,
    event: Option<AuditEvent>,
    is_forbidden: bool,
}

impl Visit {
    /// What is done.
    pub(crate) fn verb(&self) -> &str {
        self.attributes.verb()
    }
}

impl Gate {
    /// Lets a request in. It need not have a body yet: nobody has to be heard out who may not speak.
    ///
    /// What is returned has to [leave](Self::leave) with the answer, whatever that is.
    pub(crate) fn enter(
        &self,
        request: &Parts,
        subject: Option<&ClientSubject>,
        source: Option<IpAddr>,
    ) -> (Visit, Result<Admitted, Status>) {
        let id = AuditId::of_request(&request.headers);
        let path = request.uri.path();
        let target = Target::of_path(path).unwrap_or(Target::Nothing);
        let query = Query::new(request.uri.query().unwrap_or_default());
        let attributes = Attributes::of_request(&request.method, path, &target, &query);
        let event = || AuditEvent::new(id.clone(), &request.uri, &request.headers, source);
        let mut event = self.audit.is_some().then(event);
        let admitted = self.admit(&request.headers, subject, &attributes, event.as_mut());
        let admitted = admitted.map(|user| Admitted { user, attributes: attributes.clone() });
        let is_forbidden = admitted.as_ref().is_err_and(|status| status.code == 403);
        (Visit { id, attributes, event, is_forbidden }, admitted)
    }

    /// Lets an answer out: it gets the id of its request, and a line in the log.
    pub(crate) fn leave<B>(&self, visit: Visit, response: &mut Response<B>) {
        let Visit { id, attributes, event, is_forbidden } = visit;
        id.set_header(response.headers_mut());
        if is_forbidden {
            response
                .headers_mut()
                .insert(X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
        }
        let (Some(log), Some(mut event)) = (&self.audit, event) else { return };
        if let Some(verdict) = response.extensions_mut().remove() {
            event.set_verdict(verdict);
        }
        let code = response.status();
        let goes_on = attributes.verb() == "watch" && code.is_success();
        event.set_attributes(attributes);
        if goes_on {
            log.write_started(event, code.as_u16());
        } else {
            log.write(event, code.as_u16());
        }
    }

    /// As [`Access::admit`], with what happens noted.
    fn admit(
        &self,
        headers: &HeaderMap,
        subject: Option<&ClientSubject>,
        attributes: &Attributes,
        event: Option<&mut AuditEvent>,
    ) -> Result<User, Status> {
        let (user, decision) = self.access.decide_request(headers, subject, attributes)?;
        if let Some(event) = event {
            event.set_user(user.clone());
            event.set_authorization(decision.clone());
        }
        decision.into_result(&user, attributes).map(|()| user)
    }
}
