//! Answers over HTTP.

use std::collections::HashSet;

use axum::body::Body;
use axum::http::header::{
    CACHE_CONTROL, CONTENT_TYPE, HeaderName, HeaderValue, X_CONTENT_TYPE_OPTIONS,
};
use axum::http::request::Parts;
use axum::http::{Response, StatusCode};

/// An answer in JSON.
pub(crate) fn json(code: u16, body: impl Into<Body>) -> Response<Body> {
    of_type("application/json", code, body)
}

/// An answer of a content type.
pub(crate) fn of_type(
    content_type: &'static str,
    code: u16,
    body: impl Into<Body>,
) -> Response<Body> {
    let mut response = Response::new(body.into());
    *response.status_mut() =
        StatusCode::from_u16(code).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    let headers = response.headers_mut();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static(content_type));
    headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-cache, private"));
    response
}

/// Adds a header for each warning, as the
/// [recorder](https://github.com/kubernetes/apiserver/blob/master/pkg/endpoints/filters/warning.go) of an
/// API server does.
pub(crate) fn warn(response: &mut Response<Body>, warnings: &[String]) {
    for text in shown(warnings) {
        let header = format!("299 - \"{}\"", text.replace('\\', "\\\\").replace('"', "\\\""));
        if let Ok(value) = HeaderValue::from_bytes(header.as_bytes()) {
            response.headers_mut().append(HeaderName::from_static("warning"), value);
        }
    }
}

/// Each warning once; if they are long together, the beginnings of the first ones. A text with control
/// characters is none.
fn shown(warnings: &[String]) -> Vec<&str> {
    const MAX_CHARS: usize = 4 * 1024;
    const MAX_TRUNCATED_CHARS: usize = 256;
    let mut seen = HashSet::new();
    let mut texts: Vec<&str> = warnings.iter().map(String::as_str).collect();
    texts.retain(|text| !text.is_empty() && !text.contains(char::is_control) && seen.insert(*text));
    let mut chars = 0;
    let fits = |text: &&&str| {
        chars += text.chars().count();
        chars <= MAX_CHARS
    };
    let fitting = texts.iter().take_while(fits).count();
    if fitting == texts.len() {
        return texts;
    }
    // The one that was too much is still shown.
    let mut chars = 0;
    let mut truncated = Vec::new();
    for (index, text) in texts.into_iter().enumerate() {
        if index > fitting && chars >= MAX_CHARS {
            break;
        }
        let end = text.char_indices().nth(MAX_TRUNCATED_CHARS).map_or(text.len(), |(end, _)| end);
        let (beginning, _) = text.split_at(end);
        chars += beginning.chars().count();
        truncated.push(beginning);
    }
    truncated
}

/// The answer where there is nothing, which is that of Go's `net/http`.
pub(crate) fn not_found() -> Response<Body> {
    let mut response = of_type("text/plain; charset=utf-8", 404, "404 page not found\n");
    response.headers_mut().insert(X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    response
}

/// A header of a request; `None` if it is absent or no ASCII.
pub(crate) fn header<'r>(request: &'r Parts, name: &str) -> Option<&'r str> {
    request.headers.get(name)?.to_str().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    // Counted by hand from the recorder of k8s.io/apiserver.
    #[test]
    fn long_warnings_are_truncated_as_in_kubernetes() {
        let of = |char: char, count: usize| char.to_string().repeat(count);
        let all = |counts: &[usize]| -> Vec<String> {
            ('a'..).zip(counts).map(|(char, count)| of(char, *count)).collect()
        };
        let lengths = |warnings: &[String]| -> Vec<usize> {
            shown(warnings).into_iter().map(|text| text.chars().count()).collect()
        };
        assert_eq!(lengths(&all(&[4000, 96])), [4000, 96]);
        assert_eq!(lengths(&all(&[4000, 97, 300])), [256, 97, 256]);
        assert_eq!(lengths(&all(&[5000])), [256]);
        assert_eq!(lengths(&[of('é', 5000)]), [256]);
        // 17 are too much before the cut, and 16 behind it are enough.
        assert_eq!(lengths(&all(&[255; 26])).len(), 17);
        assert_eq!(lengths(&all(&[1000; 26])).len(), 16);
        assert_eq!(shown(&all(&[3, 2, 0, 1])), ["aaa", "bb", "d"]);
        assert_eq!(shown(&["b".into(), "a".into(), "b".into(), "a\nb".into()]), ["b", "a"]);
    }
}
