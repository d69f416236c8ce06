//! Enums with a stable text form. One table per enum defines all conversions.

/// The error for a text that is not the name of a variant of an enum.
///
/// ```
/// use volcano_job_update::Verdict;
///
/// let error = "forbidden".parse::<Verdict>().unwrap_err();
/// assert_eq!(error.to_string(), "unknown verdict `forbidden`");
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

    /// The text that could not be parsed.
    #[must_use]
    pub fn text(&self) -> &str {
        &self.text
    }
}

/// Implements the text form of an enum without fields: `all`, `as_str`, `Display`, `FromStr`,
/// `Serialize` and `Deserialize`.
///
/// The compiler checks that the table has every variant, because `as_str` matches on it.
macro_rules! spelling {
    ($enum:ident, $what:literal, { $($variant:ident => $text:literal,)+ }) => {
        impl $enum {
            /// All values, in the order in which they are documented.
            pub fn all() -> impl ExactSizeIterator<Item = Self> + Clone {
                [$(Self::$variant),+].into_iter()
            }

            /// The stable spelling, which is also used by `Display`, `FromStr` and serde.
            #[must_use]
            pub const fn as_str(self) -> &'static str {
                match self {
                    $(Self::$variant => $text,)+
                }
            }
        }

        impl std::fmt::Display for $enum {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.pad(self.as_str())
            }
        }

        impl std::str::FromStr for $enum {
            type Err = $crate::job::names::UnknownNameError;

            /// Parses the stable spelling.
            ///
            /// # Errors
            ///
            /// Any other text, including one that differs only in case.
            fn from_str(text: &str) -> Result<Self, $crate::job::names::UnknownNameError> {
                match text {
                    $($text => Ok(Self::$variant),)+
                    _ => Err($crate::job::names::UnknownNameError::new($what, text)),
                }
            }
        }

        impl serde::Serialize for $enum {
            fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.serialize_str(self.as_str())
            }
        }

        impl<'de> serde::Deserialize<'de> for $enum {
            fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                let text = <String as serde::Deserialize>::deserialize(deserializer)?;
                let unknown = |_| serde::de::Error::unknown_variant(&text, &[$($text),+]);
                text.parse().map_err(unknown)
            }
        }
    };
}

pub(crate) use spelling;
