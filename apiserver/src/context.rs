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
    pub(crate) name_suffix: Option<NameSuffix>,
    pub(crate) time: Option<Timestamp>,
    pub(crate) status_codes: StatusCodes,
    pub(crate) self_link: bool,
    pub(crate) asks_volcano: bool,
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
            name_suffix: None,
            time: None,
            status_codes: StatusCodes::Documented,
            self_link: false,
            asks_volcano: false,
        }
    }

    /// Lets a POST create a Job, and a PUT if none is stored, with this uid and creationTimestamp (in
    /// whole seconds). Without it, the answer to such a PUT is 404, as on an API server, and to a POST
    /// 500.
    #[must_use]
    pub fn with_creation(mut self, uid: Uid, time: Timestamp) -> Self {
        self.creation = Some(Creation { uid, time });
        self
    }

    /// Sets the end of the name that a POST generates for a Job with a `generateName`. Without it, the
    /// answer to such a POST is 500.
    #[must_use]
    pub fn with_name_suffix(mut self, suffix: NameSuffix) -> Self {
        self.name_suffix = Some(suffix);
        self
    }

    /// Sets the time of the request, which becomes the deletionTimestamp of a Job whose deletion
    /// begins. Without it, the answer to such a DELETE is 500.
    #[must_use]
    pub fn with_time(mut self, time: Timestamp) -> Self {
        self.time = Some(time);
        self
    }

    /// Sets the status codes of answers; [`StatusCodes::Documented`] is the default.
    #[must_use]
    pub fn with_status_codes(mut self, codes: StatusCodes) -> Self {
        self.status_codes = codes;
        self
    }

    /// Creates Jobs as with Volcano's webhooks in the cluster: with the defaults that they
    /// [fill in](crate::volcano_defaults), and only if they do not
    /// [deny](crate::volcano_creation_denial) it.
    #[must_use]
    pub fn with_volcano_webhooks(mut self) -> Self {
        self.asks_volcano = true;
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

/// The end of a generated name: five characters of those that [Kubernetes] uses, which are chosen so
/// that no word arises.
///
/// ```
/// use volcano_job_apiserver::NameSuffix;
///
/// let suffix: NameSuffix = "x7z4k".parse()?;
/// assert_eq!(suffix.as_str(), "x7z4k");
/// // In a server, of a random number.
/// assert_eq!(NameSuffix::from_random(0).as_str(), "bbbbb");
/// # Ok::<(), volcano_job_apiserver::ParseNameSuffixError>(())
/// ```
///
/// [Kubernetes]: https://github.com/kubernetes/apimachinery/blob/master/pkg/util/rand/rand.go
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct NameSuffix(Box<str>);

impl NameSuffix {
    const LENGTH: usize = 5;
    const CHARACTERS: [char; 27] = [
        'b', 'c', 'd', 'f', 'g', 'h', 'j', 'k', 'l', 'm', 'n', 'p', 'q', 'r', 's', 't', 'v', 'w',
        'x', 'z', '2', '4', '5', '6', '7', '8', '9',
    ];

    /// The suffix for a random number. All suffixes are equally likely if all numbers are.
    #[must_use]
    #[expect(clippy::expect_used, reason = "a remainder is below the number of characters")]
    pub fn from_random(mut number: u64) -> Self {
        let mut suffix = String::with_capacity(Self::LENGTH);
        for _ in 0..Self::LENGTH {
            let remainder = number % Self::CHARACTERS.len() as u64;
            let (char, _) = Self::CHARACTERS
                .iter()
                .zip(0..)
                .find(|(_, at)| *at == remainder)
                .expect("a character");
            suffix.push(*char);
            number /= Self::CHARACTERS.len() as u64;
        }
        Self(suffix.into())
    }

    /// The text of the suffix.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for NameSuffix {
    type Err = ParseNameSuffixError;

    /// # Errors
    ///
    /// A text that is not five of the characters: an empty one, `abcde`, `x7z4`.
    fn from_str(text: &str) -> Result<Self, ParseNameSuffixError> {
        let is_suffix = text.chars().count() == Self::LENGTH
            && text.chars().all(|char| Self::CHARACTERS.contains(&char));
        if is_suffix { Ok(Self(text.into())) } else { Err(ParseNameSuffixError(())) }
    }
}

impl fmt::Display for NameSuffix {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// The text is not a valid [`NameSuffix`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ParseNameSuffixError(());

impl fmt::Display for ParseNameSuffixError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a name suffix must be five of the characters bcdfghjklmnpqrstvwxz2456789")
    }
}

impl std::error::Error for ParseNameSuffixError {}

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
    fn a_name_suffix_has_five_characters_of_kubernetes() {
        for suffix in ["bbbbb", "z2456", "99999"] {
            assert_eq!(
                suffix.parse().map(|suffix: NameSuffix| suffix.to_string()).as_deref(),
                Ok(suffix)
            );
        }
        for text in ["", "bbbb", "bbbbbb", "abbbb", "bbbb0", "Bbbbb", "bbbb\u{e9}"] {
            assert_eq!(text.parse::<NameSuffix>(), Err(ParseNameSuffixError(())), "{text}");
        }
    }

    #[test]
    fn every_random_number_gives_a_suffix() {
        let count = 27_u64.pow(5);
        for number in [0, 1, 26, 27, count - 1, u64::MAX] {
            let suffix = NameSuffix::from_random(number);
            assert_eq!(suffix.as_str().parse().as_ref(), Ok(&suffix), "{number}");
        }
        assert_eq!(NameSuffix::from_random(count - 1).as_str(), "99999");
        assert_eq!(NameSuffix::from_random(count), NameSuffix::from_random(0));
        assert_ne!(NameSuffix::from_random(1), NameSuffix::from_random(27));
    }

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
