//! The certificate and the token that the server makes for itself.

use std::fs::DirBuilder;
use std::io::{self, Write};
use std::os::unix::fs::DirBuilderExt;
use std::path::{Path, PathBuf};

use base64::Engine;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use volcano_job_update_programs::read_file;
use volcano_job_update_programs::tls::{CertificateFiles, self_signed};

use crate::args::Args;
use crate::error::Error;

/// The subject of the certificate.
const COMMON_NAME: &str = "volcano-job-server";

/// The name of the file with the token, in the format of --token-auth-file.
const TOKENS: &str = "tokens.csv";

/// The user of the token, who may do everything.
const ADMINISTRATOR: &str = "admin,admin,system:masters";

const MAX_FILE_BYTES: usize = 1024 * 1024;

/// What clients and the server prove themselves with.
pub(crate) struct Credentials {
    pub(crate) files: CertificateFiles,
    /// The CA of a certificate that the server made, as PEM in base64.
    pub(crate) authority: Option<String>,
    /// The token that the server made, and its file.
    pub(crate) token: Option<String>,
    pub(crate) token_file: Option<PathBuf>,
    /// Keeps a directory for what is made anew at each start.
    _directory: Option<tempfile::TempDir>,
}

impl Credentials {
    pub(crate) fn new(args: &Args) -> Result<Self, Error> {
        let (directory, temporary) = directory(args)?;
        let client_ca = args.tls.client_ca_file.clone();
        let given = args.tls.tls_cert.clone().zip(args.tls.tls_key.clone());
        let (files, authority) = if let Some((certificate, key)) = given {
            (CertificateFiles { certificate, key, client_ca }, None)
        } else {
            let made = self_signed(&directory, COMMON_NAME, &args.tls.dns_name)?;
            (CertificateFiles { client_ca, ..made.files }, Some(made.ca_bundle))
        };
        let own = directory.join(TOKENS);
        let (token, token_file) = if args.token_auth_file.is_some() {
            (None, args.token_auth_file.clone())
        } else {
            (Some(own_token(&own)?), Some(own))
        };
        Ok(Self { files, authority, token, token_file, _directory: temporary })
    }
}

fn directory(args: &Args) -> Result<(PathBuf, Option<tempfile::TempDir>), Error> {
    let Some(directory) = args.cert_dir.as_ref().or(args.data_dir.as_ref()) else {
        let directory = tempfile::tempdir().map_err(Error::Directory)?;
        return Ok((directory.path().to_owned(), Some(directory)));
    };
    // Jobs can contain secrets.
    let mut private = DirBuilder::new();
    private.recursive(true).mode(0o700).create(directory).map_err(Error::Directory)?;
    Ok((directory.clone(), None))
}

/// The token in a file, which is made if there is none.
fn own_token(file: &Path) -> Result<String, Error> {
    if !file.exists() {
        let token = BASE64_URL_SAFE_NO_PAD.encode(rand::random::<[u8; 32]>());
        write_secret(file, &format!("{token},{ADMINISTRATOR}\n")).map_err(|error| {
            Error::Write { what: volcano_job_update_programs::display_name(file), error }
        })?;
    }
    let text = read_file(file, MAX_FILE_BYTES)?;
    let token = text.split(|byte| *byte == b',').next().unwrap_or_default();
    Ok(String::from_utf8_lossy(token).trim().to_owned())
}

/// Writes a file that only its owner may read, all of it or nothing.
pub(crate) fn write_secret(path: &Path, text: &str) -> io::Result<()> {
    let directory = path.parent().filter(|directory| !directory.as_os_str().is_empty());
    let mut file = tempfile::NamedTempFile::new_in(directory.unwrap_or(Path::new(".")))?;
    file.write_all(text.as_bytes())?;
    file.as_file().sync_all()?;
    file.persist(path)?;
    Ok(())
}
