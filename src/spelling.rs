//! Enums that are written as text: one table for each, in every direction.

/// Implements the text form of an enum without fields: `all`, `as_str`, `Display`, `FromStr` with an
/// error type of its own, `Serialize` and `Deserialize`.
///
/// The compiler checks that the table has every variant, as `as_str` matches on them.
macro_rules! spelling {
    ($enum:ident, $what:literal, $error:ident { $($variant:ident => $text:literal,)+ }) => {
        impl $enum {
            /// All values, in the order in which they are documented.
            pub fn all() -> impl ExactSizeIterator<Item = Self> + Clone {
                [$(Self::$variant),+].into_iter()
            }

            /// The stable spelling, which `Display`, `FromStr` and serde use too.
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
            type Err = $error;

            /// Reads the stable spelling.
            ///
            /// # Errors
            ///
            /// Any other text, another case included.
            fn from_str(text: &str) -> Result<Self, $error> {
                match text {
                    $($text => Ok(Self::$variant),)+
                    _ => Err($error { text: text.to_owned() }),
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

        #[doc = concat!("The text is not the spelling of a [`", stringify!($enum), "`].")]
        #[derive(Clone, Debug, PartialEq, Eq)]
        pub struct $error {
            text: String,
        }

        impl std::fmt::Display for $error {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                write!(f, concat!("unknown ", $what, " `{}`"), self.text)
            }
        }

        impl std::error::Error for $error {}
    };
}

pub(crate) use spelling;
