//! Bearer tokens.

use std::path::Path;

use axum::http::HeaderMap;
use axum::http::header::AUTHORIZATION;
use sha2::{Digest, Sha256};
use subtle::{ConditionallySelectable, ConstantTimeEq};
use volcano_job_update_programs::{FileError, display_name, read_file};

use super::csv::{self, CsvError};
use super::user::User;

const MAX_FILE_BYTES: usize = 16 * 1024 * 1024;

/// The users that have a bearer token, from a file as for kube-apiserver's
/// [`--token-auth-file`](https://kubernetes.io/docs/reference/access-authn-authz/authentication/#static-token-file).
#[derive(Debug, Default)]
pub(super) struct Tokens(Vec<Entry>);

/// A token is known by its hash only: all have the same length, and none can be read in memory.
#[derive(Debug)]
struct Entry {
    hash: [u8; 32],
    user: User,
}

/// A token file cannot be used. `Display` is one line with the name of the file, without tokens.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum TokenFileError {
    /// The file cannot be read.
    #[error(transparent)]
    File(#[from] FileError),
    /// The file is not UTF-8.
    #[error("token file {name}: the text must be UTF-8")]
    Encoding {
        /// The name of the file.
        name: String,
    },
    /// The file is not CSV. The cause is the message of Go.
    #[error("token file {name}: {cause}")]
    Csv {
        /// The name of the file.
        name: String,
        /// What is wrong where.
        cause: String,
    },
    /// A record is too short.
    #[error(
        "token file '{name}' must have at least 3 columns (token, user name, user uid), found {found}"
    )]
    Columns {
        /// The name of the file.
        name: String,
        /// The number of columns.
        found: usize,
    },
}

/// What a request says about its user.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Bearer {
    /// It has no token.
    Absent,
    Invalid,
    Of(User),
}

impl Tokens {
    pub(super) fn read(path: &Path) -> Result<Self, TokenFileError> {
        let text = read_file(path, MAX_FILE_BYTES)?;
        let name = display_name(path);
        match String::from_utf8(text) {
            Ok(text) => Self::parse(&text, &name),
            Err(_) => Err(TokenFileError::Encoding { name }),
        }
    }

    /// As [`NewCSV`] does: a record without a token is skipped, and of two with the same one the last
    /// counts.
    ///
    /// [`NewCSV`]: https://github.com/kubernetes/apiserver/blob/master/pkg/authentication/token/tokenfile/tokenfile.go
    fn parse(text: &str, name: &str) -> Result<Self, TokenFileError> {
        let csv_error = |error: CsvError| TokenFileError::Csv {
            name: name.to_owned(),
            cause: error.to_string(),
        };
        let mut tokens = Self::default();
        for (position, record) in csv::read(text).map_err(csv_error)?.into_iter().enumerate() {
            let [token, user, uid, rest @ ..] = &*record else {
                return Err(TokenFileError::Columns { name: name.to_owned(), found: record.len() });
            };
            let number = position + 1;
            if token.is_empty() {
                tracing::warn!(file = name, record = number, "an empty token: it is skipped");
                continue;
            }
            let groups = rest.first().map(|groups| groups.split(',').map(ToOwned::to_owned));
            let groups = groups.map(Iterator::collect).unwrap_or_default();
            let entry = Entry { hash: hash(token.as_bytes()), user: User::new(user, uid, groups) };
            if let Some(same) = tokens.0.iter_mut().find(|other| other.hash == entry.hash) {
                tracing::warn!(file = name, record = number, "a token that is there twice");
                *same = entry;
            } else {
                tokens.0.push(entry);
            }
        }
        Ok(tokens)
    }

    /// Reads the header `Authorization` as the [authenticator for bearer tokens] does.
    ///
    /// [authenticator for bearer tokens]: https://github.com/kubernetes/apiserver/blob/master/pkg/authentication/request/bearertoken/bearertoken.go
    pub(super) fn bearer(&self, headers: &HeaderMap) -> Bearer {
        let value = headers.get(AUTHORIZATION).map_or(&[][..], |value| value.as_bytes());
        let mut parts = value.trim_ascii().splitn(3, |byte| *byte == b' ');
        let scheme = parts.next().unwrap_or_default();
        let token = parts.next().unwrap_or_default();
        if !scheme.eq_ignore_ascii_case(b"bearer") || token.is_empty() {
            return Bearer::Absent;
        }
        self.user(token).map_or(Bearer::Invalid, |user| Bearer::Of(user.clone()))
    }

    /// The user who has a token. The time does not depend on the tokens: hashes are compared as a whole,
    /// and all of them.
    fn user(&self, token: &[u8]) -> Option<&User> {
        let hash = hash(token);
        let mut found = u64::MAX;
        for (position, entry) in (0..).zip(&self.0) {
            found.conditional_assign(&position, entry.hash.ct_eq(&hash));
        }
        self.0.get(usize::try_from(found).ok()?).map(|entry| &entry.user)
    }
}

fn hash(token: &[u8]) -> [u8; 32] {
    Sha256::digest(token).into()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn bearer(tokens: &Tokens, authorization: &str) -> Bearer {
        let mut headers = HeaderMap::new();
        headers.insert(AUTHORIZATION, authorization.parse().expect("a header"));
        tokens.bearer(&headers)
    }

    fn name(tokens: &Tokens, token: &str) -> Option<String> {
        tokens.user(token.as_bytes()).map(|user| user.name().to_owned())
    }

    /// `NewCSV` of `tokenfile.go`.
    #[test]
    fn a_file_has_a_user_for_each_token() {
        let text = "t1,alice,1,\"readers,writers\"\n\nt2,bob,\n,nobody,3\nt3,carol,3,,ignored\n";
        let tokens = Tokens::parse(text, "f").expect("it is valid");
        let user = |token: &str| tokens.user(token.as_bytes()).cloned();
        let alice = User::new("alice", "1", vec!["readers".into(), "writers".into()]);
        assert_eq!(user("t1"), Some(alice));
        assert_eq!(user("t2"), Some(User::new("bob", "", Vec::new())));
        // As strings.Split does, an empty fourth column is one empty group.
        assert_eq!(user("t3"), Some(User::new("carol", "3", vec![String::new()])));
        for token in ["", "t", "t11", "T1", "readers,writers"] {
            assert_eq!(user(token), None, "{token}");
        }
    }

    /// `tokens[record[0]] = obj` of `tokenfile.go`.
    #[test]
    fn the_last_of_two_equal_tokens_counts() {
        let tokens = Tokens::parse("t,alice,1\nx,bob,2\nt,carol,3,g\n", "f").expect("it is valid");
        assert_eq!(name(&tokens, "t").as_deref(), Some("carol"));
        assert_eq!(name(&tokens, "x").as_deref(), Some("bob"));
    }

    /// The message of `NewCSV` for `len(record) < 3`.
    #[test]
    fn a_file_with_a_short_record_is_refused() {
        let error = Tokens::parse("t,alice,1\nx,bob\n", "f").expect_err("a record is too short");
        assert_eq!(
            error.to_string(),
            "token file 'f' must have at least 3 columns (token, user name, user uid), found 2"
        );
        let error = Tokens::parse("t\"x,alice,1\n", "f").expect_err("a quote is in a field");
        let message =
            r#"token file f: parse error on line 1, column 2: bare " in non-quoted-field"#;
        assert_eq!(error.to_string(), message);
    }

    /// `AuthenticateRequest` of `bearertoken.go`.
    #[test]
    fn the_header_is_read_as_in_kubernetes() {
        let tokens = Tokens::parse("t,alice,1\n", "f").expect("it is valid");
        let alice = Bearer::Of(User::new("alice", "1", Vec::new()));
        for (header, expected) in [
            ("Bearer t", &alice),
            ("bEARER t", &alice),
            (" Bearer t ", &alice),
            ("Bearer t more words", &alice),
            ("Bearer u", &Bearer::Invalid),
            ("Bearer T", &Bearer::Invalid),
            ("Bearer t,", &Bearer::Invalid),
            ("Bearer", &Bearer::Absent),
            ("Bearer  t", &Bearer::Absent),
            ("Basic t", &Bearer::Absent),
            ("t", &Bearer::Absent),
            ("", &Bearer::Absent),
        ] {
            assert_eq!(bearer(&tokens, header), *expected, "{header:?}");
        }
        assert_eq!(tokens.bearer(&HeaderMap::new()), Bearer::Absent);
    }
}
