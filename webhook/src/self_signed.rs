//! A CA and a certificate for trying out.

use std::fs::OpenOptions;
use std::io::Write;
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;

use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use rcgen::{
    BasicConstraints, CertificateParams, CertifiedIssuer, DnType, ExtendedKeyUsagePurpose, IsCa,
    KeyPair, KeyUsagePurpose,
};

use crate::error::Error;
use crate::tls::Files;

const CA: &str = "ca.crt";
const CERTIFICATE: &str = "tls.crt";
const KEY: &str = "tls.key";

/// Makes a CA and a certificate for these names in a directory, unless they are there. The key of
/// the CA is kept nowhere. Gives the files and the `caBundle` of a webhook configuration.
pub(crate) fn prepare(directory: &Path, names: &[String]) -> Result<(Files, String), Error> {
    let there = [CA, CERTIFICATE, KEY].map(|name| directory.join(name).exists());
    match there {
        [true, true, true] => {}
        [false, false, false] => make(directory, names)?,
        _ => return Err(Error::HalfSelfSigned(directory.into())),
    }
    let authority = directory.join(CA);
    let bundle = std::fs::read(&authority).map_err(Error::read(&authority))?;
    let files = Files { certificate: directory.join(CERTIFICATE), key: directory.join(KEY) };
    Ok((files, BASE64_STANDARD.encode(bundle)))
}

fn make(directory: &Path, names: &[String]) -> Result<(), Error> {
    let mut authority = CertificateParams::default();
    authority.distinguished_name.push(DnType::CommonName, "volcano-job-update-webhook, trying out");
    authority.is_ca = IsCa::Ca(BasicConstraints::Constrained(0));
    authority.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
    let authority = CertifiedIssuer::self_signed(authority, KeyPair::generate()?)?;

    let mut server = CertificateParams::new(names)?;
    server.distinguished_name.push(DnType::CommonName, "volcano-job-update-webhook");
    server.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
    let key = KeyPair::generate()?;
    let server = server.signed_by(&key, &authority)?;

    std::fs::create_dir_all(directory)
        .map_err(|error| Error::Write { path: directory.into(), error })?;
    write(&directory.join(KEY), &key.serialize_pem(), 0o600)?;
    write(&directory.join(CERTIFICATE), &server.pem(), 0o644)?;
    write(&directory.join(CA), &authority.pem(), 0o644)
}

/// Writes a new file, which nobody but its owner may read before it has its mode.
fn write(path: &Path, text: &str, mode: u32) -> Result<(), Error> {
    OpenOptions::new()
        .write(true)
        .create_new(true)
        .mode(mode)
        .open(path)
        .and_then(|mut file| file.write_all(text.as_bytes()))
        .map_err(|error| Error::Write { path: path.into(), error })
}
