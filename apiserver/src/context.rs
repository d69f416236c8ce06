//! The per-request context that the server provides.

use std::fmt;
use std::num::NonZeroU64;
use std::str::FromStr;

use jiff::Timestamp;
use volcano_job_update::status::StatusCodes;

/// The per-request context that the server provides: the next resourceVersion, and options for the
/// response.
///
/// ```
/// use std::num::NonZeroU64;
///
/// use volcano_job_apiserver::RequestContext;
/// use volcano_job_apiserver::jiff::Timestamp;
/// use volcano_job_update::status::StatusCodes;
///
/// let version = NonZeroU64::new(8).ok_or("a resourceVersion is positive")?;
/// let uid = "0a8cd8be-a3b1-11e9-9ba9-fa163ebe8a3c".parse()?;
/// let context = RequestContext::new(version)
///     .with_creation(uid, Timestamp::now())
///     .with_status_codes(StatusCodes::Kubernetes);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug)]
pub struct RequestContext {
    pub(crate) resource_version: NonZeroU64,
    pub(crate) creation: Option<Creation>,
    pub(crate) status_codes: StatusCodes,
    pub(crate) self_link: bool,
}

/// The identity of a created Job.
#[derive(Clone, Debug)]
pub(crate) struct Creation {
    pub(crate) uid: Uid,
    pub(crate) time: Timestamp,
}

impl RequestContext {
    /// Creates a context with the resourceVersion of the Job that is written. The store must not
    /// have used this version before; in practice it is the next number.
    #[must_use]
    pub fn new(resource_version: NonZeroU64) -> Self {
        Self {
            resource_version,
            creation: None,
            status_codes: StatusCodes::Documented,
            self_link: false,
        }
    }

    /// Lets a PUT create the Job if none is stored, with this uid and creationTimestamp (in whole
    /// seconds). Without it, the answer is 404, as on an API server.
    #[must_use]
    pub fn with_creation(mut self, uid: Uid, time: Timestamp) -> Self {
        self.creation = Some(Creation { uid, time });
        self
    }

    /// Sets the status codes of answers; [`StatusCodes::Documented`] is the default.
    #[must_use]
    pub fn with_status_codes(mut self, codes: StatusCodes) -> Self {
        self.status_codes = codes;
        self
    }

    /// Includes `metadata.selfLink` in the response, as in the documented answer. API servers have
    /// not sent it since Kubernetes 1.20. It is never stored.
    #[must_use]
    pub fn with_self_link(mut self) -> Self {
        self.self_link = true;
        self
    }
}

/// The uid of a Job: a [UUID](https://www.rfc-editor.org/rfc/rfc9562) in lower case, as Kubernetes
/// writes it.
///
/// ```
/// use volcano_job_apiserver::Uid;
///
/// let uid: Uid = "0a8cd8be-a3b1-11e9-9ba9-fa163ebe8a3c".parse()?;
/// assert_eq!(uid.as_str(), "0a8cd8be-a3b1-11e9-9ba9-fa163ebe8a3c");
/// # Ok::<(), volcano_job_apiserver::ParseUidError>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Uid(Box<str>);

impl Uid {
    /// The text of the uid.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for Uid {
    type Err = ParseUidError;

    /// # Errors
    ///
    /// A text that is not a UUID in lower case: an empty one, `7`,
    /// `0A8CD8BE-A3B1-11E9-9BA9-FA163EBE8A3C`.
    fn from_str(text: &str) -> Result<Self, ParseUidError> {
        let is_uuid = text.len() == 36
            && text.bytes().enumerate().all(|(position, byte)| match position {
                8 | 13 | 18 | 23 => byte == b'-',
                _ => matches!(byte, b'0'..=b'9' | b'a'..=b'f'),
            });
        if is_uuid { Ok(Self(text.into())) } else { Err(ParseUidError(())) }
    }
}

impl fmt::Display for Uid {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// The text is not a valid [`Uid`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ParseUidError(());

impl fmt::Display for ParseUidError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a uid must be a UUID in lower case")
    }
}

impl std::error::Error for ParseUidError {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_uid_is_a_uuid_in_lower_case() {
        for uid in ["00000000-0000-0000-0000-000000000000", "0a8cd8be-a3b1-11e9-9ba9-fa163ebe8a3c"]
        {
            assert_eq!(uid.parse::<Uid>().map(|uid| uid.to_string()).as_deref(), Ok(uid));
        }
        for text in [
            "",
            "7",
            "0A8CD8BE-A3B1-11E9-9BA9-FA163EBE8A3C",
            "0a8cd8be-a3b1-11e9-9ba9-fa163ebe8a3",
            "0a8cd8be-a3b1-11e9-9ba9-fa163ebe8a3cc",
            "0a8cd8be+a3b1-11e9-9ba9-fa163ebe8a3c",
        ] {
            assert_eq!(text.parse::<Uid>(), Err(ParseUidError(())), "{text}");
        }
    }
}
