//! Creates a CA and a certificate for trying out a server.

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

use super::certificate::CertificateFiles;
use super::error::TlsError;
use crate::file::{FileError, display_name};

const CA: &str = "ca.crt";
const CERTIFICATE: &str = "tls.crt";
const KEY: &str = "tls.key";

/// A certificate created by [`self_signed`].
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct SelfSigned {
    /// The certificate and its key.
    pub files: CertificateFiles,
    /// The CA as PEM in base64: the `caBundle` of a webhook configuration, or the
    /// `certificate-authority-data` of a kubeconfig.
    pub ca_bundle: String,
}

/// Creates a CA (`ca.crt`) and a certificate (`tls.crt`, `tls.key`) in a directory, or uses the
/// existing ones. The key of the CA is discarded.
///
/// `common_name` is the subject of the certificate. `dns_names` are the names and IP addresses for
/// which it is valid.
///
/// # Errors
///
/// A file cannot be read or written, only some of the three files exist, or a name is invalid.
pub fn self_signed(
    directory: &Path,
    common_name: &str,
    dns_names: &[String],
) -> Result<SelfSigned, TlsError> {
    match [CA, CERTIFICATE, KEY].map(|name| directory.join(name).exists()) {
        [true, true, true] => {}
        [false, false, false] => generate(directory, common_name, dns_names)?,
        _ => return Err(TlsError::Incomplete(display_name(directory))),
    }
    let authority = directory.join(CA);
    let bundle = std::fs::read(&authority).map_err(|error| FileError::read(&authority, error))?;
    let files = CertificateFiles {
        certificate: directory.join(CERTIFICATE),
        key: directory.join(KEY),
        client_ca: None,
    };
    Ok(SelfSigned { files, ca_bundle: BASE64_STANDARD.encode(bundle) })
}

fn generate(directory: &Path, common_name: &str, dns_names: &[String]) -> Result<(), TlsError> {
    let mut authority = CertificateParams::default();
    authority.distinguished_name.push(DnType::CommonName, format!("{common_name}, self-signed CA"));
    authority.is_ca = IsCa::Ca(BasicConstraints::Constrained(0));
    authority.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
    let authority = CertifiedIssuer::self_signed(authority, KeyPair::generate()?)?;

    let mut server = CertificateParams::new(dns_names)?;
    server.distinguished_name.push(DnType::CommonName, common_name);
    // OpenSSL's strict verification, which Python uses, requires it.
    server.use_authority_key_identifier_extension = true;
    server.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
    let key = KeyPair::generate()?;
    let server = server.signed_by(&key, &authority)?;

    std::fs::create_dir_all(directory).map_err(|error| FileError::write(directory, error))?;
    write(&directory.join(KEY), &key.serialize_pem(), 0o600)?;
    write(&directory.join(CERTIFICATE), &server.pem(), 0o644)?;
    write(&directory.join(CA), &authority.pem(), 0o644)?;
    Ok(())
}

/// Writes a new file. The file is created with its final mode, so nobody else can read a key in
/// between.
fn write(path: &Path, text: &str, mode: u32) -> Result<(), FileError> {
    OpenOptions::new()
        .write(true)
        .create_new(true)
        .mode(mode)
        .open(path)
        .and_then(|mut file| file.write_all(text.as_bytes()))
        .map_err(|error| FileError::write(path, error))
}

#[cfg(test)]
mod tests {
    use x509_parser::extensions::ParsedExtension;
    use x509_parser::pem::parse_x509_pem;

    use super::{CA, CERTIFICATE, self_signed};

    #[test]
    fn certificate_names_the_key_of_its_ca() {
        let directory = tempfile::tempdir().expect("a directory");
        self_signed(directory.path(), "test", &["localhost".to_owned()]).expect("a certificate");
        let extensions = |name: &str| {
            let text = std::fs::read(directory.path().join(name)).expect("a file");
            let (_, pem) = parse_x509_pem(&text).expect("PEM");
            let certificate = pem.parse_x509().expect("a certificate");
            let ids = certificate.extensions().iter().filter_map(|found| {
                match found.parsed_extension() {
                    ParsedExtension::AuthorityKeyIdentifier(key) => {
                        key.key_identifier.as_ref().map(|id| ("authority", id.0.to_vec()))
                    }
                    ParsedExtension::SubjectKeyIdentifier(id) => Some(("subject", id.0.to_vec())),
                    _ => None,
                }
            });
            ids.collect::<Vec<_>>()
        };
        let of_ca = extensions(CA);
        let [("subject", id)] = &of_ca[..] else { panic!("{of_ca:?}") };
        assert_eq!(extensions(CERTIFICATE), [("authority", id.clone())]);
    }
}
