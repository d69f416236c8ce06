//! Query parameters, as Go's `net/url` reads them.

use std::borrow::Cow;

use percent_encoding::percent_decode_str;

/// The query parameters of a request. Of several with one name, the first counts.
#[derive(Clone, Debug, Default)]
pub(crate) struct Query<'q>(Vec<(Cow<'q, str>, Cow<'q, str>)>);

impl<'q> Query<'q> {
    /// What is not UTF-8 is kept, with a sign in its place: a selector that is left out selects
    /// everything.
    pub(crate) fn new(query: &'q str) -> Self {
        let parameters = query.split('&').filter(|parameter| !parameter.is_empty());
        let decoded = parameters.map(|parameter| {
            let (key, value) = parameter.split_once('=').unwrap_or((parameter, ""));
            (decode_plus(key), decode_plus(value))
        });
        Self(decoded.collect())
    }

    /// The value of a parameter; empty if there is none.
    pub(crate) fn get(&self, key: &str) -> &str {
        self.0.iter().find(|(other, _)| other == key).map_or("", |(_, value)| value)
    }

    /// Whether a parameter is there, with any value.
    pub(crate) fn has(&self, key: &str) -> bool {
        self.0.iter().any(|(other, _)| other == key)
    }

    /// A parameter that is a flag, as `strconv.ParseBool` reads it for `pretty`, and as conversion of
    /// query parameters does elsewhere: every value but `0` and `false` is true, also an empty one.
    pub(crate) fn is_set(&self, key: &str) -> bool {
        let value = self.get(key);
        self.has(key) && value != "0" && !value.eq_ignore_ascii_case("false")
    }
}

/// The text of a part of a path. `None` if it is no UTF-8.
pub(crate) fn percent_decode(text: &str) -> Option<Cow<'_, str>> {
    percent_decode_str(text).decode_utf8().ok()
}

fn decode_plus(text: &str) -> Cow<'_, str> {
    if text.contains('+') {
        let spaced = text.replace('+', " ");
        return percent_decode_str(&spaced).decode_utf8_lossy().into_owned().into();
    }
    percent_decode_str(text).decode_utf8_lossy()
}
