//! Requests: the URI, the content type and the body.

use std::borrow::Cow;
use std::fmt;

use volcano_job_update::status::Status;

use crate::request_info::{DeleteParameters, RequestInfo};

/// A PUT of a Job.
///
/// ```
/// use volcano_job_apiserver::ReplaceRequest;
///
/// let uri = "/apis/batch.volcano.sh/v1alpha1/namespaces/default/jobs/hello?pretty=true";
/// let request = ReplaceRequest::from_uri(uri, b"{}")?;
/// assert_eq!((request.namespace(), request.name()), ("default", "hello"));
/// assert!(request.is_pretty());
/// # Ok::<(), volcano_job_update::status::Status>(())
/// ```
///
/// `Debug` does not show the body, which can contain secrets.
#[derive(Clone)]
pub struct ReplaceRequest<'b> {
    pub(crate) info: RequestInfo,
    pub(crate) content_type: Option<Cow<'b, str>>,
    pub(crate) body: &'b [u8],
}

/// A PATCH of a Job: a JSON Patch ([RFC 6902](https://www.rfc-editor.org/rfc/rfc6902)), a JSON
/// Merge Patch ([RFC 7396](https://www.rfc-editor.org/rfc/rfc7396)) or the configuration of
/// [server-side apply](https://kubernetes.io/docs/reference/using-api/server-side-apply/), as its
/// content type says.
///
/// `Debug` does not show the body, which can contain secrets.
#[derive(Clone)]
pub struct PatchRequest<'b> {
    pub(crate) info: RequestInfo,
    pub(crate) content_type: Cow<'b, str>,
    pub(crate) body: &'b [u8],
}

/// A POST of a Job.
///
/// ```
/// use volcano_job_apiserver::CreateRequest;
///
/// let uri = "/apis/batch.volcano.sh/v1alpha1/namespaces/default/jobs?dryRun=All";
/// let request = CreateRequest::from_uri(uri, b"{}")?;
/// assert_eq!(request.namespace(), "default");
/// assert!(request.is_dry_run());
/// # Ok::<(), volcano_job_update::status::Status>(())
/// ```
///
/// `Debug` does not show the body, which can contain secrets.
#[derive(Clone)]
pub struct CreateRequest<'b> {
    pub(crate) info: RequestInfo,
    pub(crate) content_type: Option<Cow<'b, str>>,
    pub(crate) body: &'b [u8],
}

/// A DELETE of a Job. The body is empty or has the [`DeleteOptions`]; the query parameters are options
/// too, but only if the body is empty.
///
/// ```
/// use volcano_job_apiserver::DeleteRequest;
///
/// let uri = "/apis/batch.volcano.sh/v1alpha1/namespaces/default/jobs/hello";
/// let body = br#"{"kind":"DeleteOptions","apiVersion":"v1","propagationPolicy":"Foreground"}"#;
/// let request = DeleteRequest::from_uri(uri, body)?;
/// assert_eq!((request.namespace(), request.name()), ("default", "hello"));
/// # Ok::<(), volcano_job_update::status::Status>(())
/// ```
///
/// `Debug` does not show the body.
///
/// [`DeleteOptions`]: https://kubernetes.io/docs/reference/kubernetes-api/common-definitions/delete-options/
#[derive(Clone)]
pub struct DeleteRequest<'b> {
    pub(crate) info: RequestInfo,
    pub(crate) parameters: DeleteParameters,
    pub(crate) content_type: Option<Cow<'b, str>>,
    pub(crate) body: &'b [u8],
}

impl fmt::Debug for CreateRequest<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { info, content_type, body: _ } = self;
        f.debug_struct("CreateRequest")
            .field("info", info)
            .field("content_type", content_type)
            .finish_non_exhaustive()
    }
}

impl fmt::Debug for ReplaceRequest<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { info, content_type, body: _ } = self;
        f.debug_struct("ReplaceRequest")
            .field("info", info)
            .field("content_type", content_type)
            .finish_non_exhaustive()
    }
}

impl fmt::Debug for PatchRequest<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { info, content_type, body: _ } = self;
        f.debug_struct("PatchRequest")
            .field("info", info)
            .field("content_type", content_type)
            .finish_non_exhaustive()
    }
}

impl fmt::Debug for DeleteRequest<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { info, parameters, content_type, body: _ } = self;
        f.debug_struct("DeleteRequest")
            .field("info", info)
            .field("parameters", parameters)
            .field("content_type", content_type)
            .finish_non_exhaustive()
    }
}

impl<'b> ReplaceRequest<'b> {
    /// A PUT of a JSON body to a URI, which is a path with a query or a whole URL.
    ///
    /// # Errors
    ///
    /// 404 if the path is not one of a Job or its status (`/api/v1/namespaces/n/pods/a`, another group
    /// or version, another subresource such as `…/jobs/a/scale`); 400 if namespace or name are not
    /// percent-encoded UTF-8 (`%ff`, `%4`).
    pub fn from_uri(uri: &str, body: &'b [u8]) -> Result<Self, Status> {
        Ok(Self { info: RequestInfo::from_uri(uri)?, content_type: None, body })
    }

    /// Sets the header `Content-Type` of the request. The default is JSON.
    #[must_use]
    pub fn with_content_type(self, content_type: impl Into<Cow<'b, str>>) -> Self {
        Self { content_type: Some(content_type.into()), ..self }
    }

    /// The namespace of the Job.
    #[must_use]
    pub fn namespace(&self) -> &str {
        &self.info.namespace
    }

    /// The name of the Job.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.info.name
    }

    /// Whether the request is for the status of the Job (`…/jobs/hello/status`), so that
    /// [`replace_status`](crate::replace_status) answers it.
    #[must_use]
    pub fn is_status(&self) -> bool {
        self.info.is_status
    }

    /// Whether to indent the response (`pretty=true`).
    #[must_use]
    pub fn is_pretty(&self) -> bool {
        self.info.pretty
    }

    /// Whether the request is a dry run (`dryRun=All`).
    #[must_use]
    pub fn is_dry_run(&self) -> bool {
        self.info.is_dry_run()
    }
}

impl<'b> PatchRequest<'b> {
    /// A PATCH of a URI, which is a path with a query or a whole URL. `content_type` is the header
    /// `Content-Type`.
    ///
    /// # Errors
    ///
    /// Same as [`ReplaceRequest::from_uri`].
    pub fn from_uri(
        uri: &str,
        content_type: impl Into<Cow<'b, str>>,
        body: &'b [u8],
    ) -> Result<Self, Status> {
        let info = RequestInfo::from_uri(uri)?;
        Ok(Self { info, content_type: content_type.into(), body })
    }

    /// The namespace of the Job.
    #[must_use]
    pub fn namespace(&self) -> &str {
        &self.info.namespace
    }

    /// The name of the Job.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.info.name
    }

    /// Whether the request is for the status of the Job (`…/jobs/hello/status`), so that
    /// [`patch_status`](crate::patch_status) answers it.
    #[must_use]
    pub fn is_status(&self) -> bool {
        self.info.is_status
    }

    /// Whether to indent the response (`pretty=true`).
    #[must_use]
    pub fn is_pretty(&self) -> bool {
        self.info.pretty
    }

    /// Whether the request is a dry run (`dryRun=All`).
    #[must_use]
    pub fn is_dry_run(&self) -> bool {
        self.info.is_dry_run()
    }
}

impl<'b> CreateRequest<'b> {
    /// A POST of a JSON body to a URI, which is a path with a query or a whole URL. A name in the path
    /// (`…/jobs/hello`) is ignored, as by an API server.
    ///
    /// # Errors
    ///
    /// 404 if the path is not one of Jobs (`/api/v1/namespaces/n/pods`, another group or version, a Job's
    /// subresource such as `…/jobs/a/scale`); 405 if it is that of a status; 400 if the namespace is not
    /// percent-encoded UTF-8 (`%ff`, `%4`).
    pub fn from_uri(uri: &str, body: &'b [u8]) -> Result<Self, Status> {
        let info = RequestInfo::for_creation(uri)?;
        Ok(Self { info, content_type: None, body })
    }

    /// Sets the header `Content-Type` of the request. The default is JSON.
    #[must_use]
    pub fn with_content_type(self, content_type: impl Into<Cow<'b, str>>) -> Self {
        Self { content_type: Some(content_type.into()), ..self }
    }

    /// The namespace of the Job.
    #[must_use]
    pub fn namespace(&self) -> &str {
        &self.info.namespace
    }

    /// Whether to indent the response (`pretty=true`).
    #[must_use]
    pub fn is_pretty(&self) -> bool {
        self.info.pretty
    }

    /// Whether the request is a dry run (`dryRun=All`).
    #[must_use]
    pub fn is_dry_run(&self) -> bool {
        self.info.is_dry_run()
    }
}

impl<'b> DeleteRequest<'b> {
    /// A DELETE of a URI, which is a path with a query or a whole URL. The body may be empty.
    ///
    /// # Errors
    ///
    /// 404 if the path is not one of a Job (`/api/v1/namespaces/n/pods/a`, another group or version, a
    /// subresource such as `…/jobs/a/scale`); 405 if it is that of a status; 400 if namespace or name are
    /// not percent-encoded UTF-8 (`%ff`, `%4`).
    pub fn from_uri(uri: &str, body: &'b [u8]) -> Result<Self, Status> {
        let (info, parameters) = RequestInfo::for_deletion(uri)?;
        Ok(Self { info, parameters, content_type: None, body })
    }

    /// Sets the header `Content-Type` of the request, which matters only if there is a body. The default
    /// is JSON.
    #[must_use]
    pub fn with_content_type(self, content_type: impl Into<Cow<'b, str>>) -> Self {
        Self { content_type: Some(content_type.into()), ..self }
    }

    /// The namespace of the Job.
    #[must_use]
    pub fn namespace(&self) -> &str {
        &self.info.namespace
    }

    /// The name of the Job.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.info.name
    }

    /// Whether to indent the response (`pretty=true`).
    #[must_use]
    pub fn is_pretty(&self) -> bool {
        self.info.pretty
    }
}
