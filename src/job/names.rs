//! Enums whose variants have a stable spelling.

/// The text is no spelling of the enum that was asked for.
///
/// ```
/// use volcano_job_update::Verdict;
///
/// let error = "refused".parse::<Verdict>().unwrap_err();
/// assert_eq!(error.to_string(), "unknown verdict `refused`");
/// ```
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("unknown {what} `{text}`")]
pub struct UnknownNameError {
    what: &'static str,
    text: String,
}

impl UnknownNameError {
    /// `what` names the enum in words, such as `verdict`.
    pub(crate) fn new(what: &'static str, text: &str) -> Self {
        Self { what, text: text.into() }
    }

    /// The text that was to be read.
    #[must_use]
    pub fn text(&self) -> &str {
        &self.text
    }
}

/// The variant of that spelling.
pub(crate) fn find<T: Copy>(
    what: &'static str,
    variants: impl IntoIterator<Item = T>,
    spelling: impl Fn(T) -> &'static str,
    text: &str,
) -> Result<T, UnknownNameError> {
    let mut variants = variants.into_iter();
    variants
        .find(|variant| spelling(*variant) == text)
        .ok_or_else(|| UnknownNameError::new(what, text))
}
