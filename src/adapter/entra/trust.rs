//! Whom the station trusts when it speaks TLS: the certificates of this computer, and those of `ca_file` for networks that look
//! into what passes. Nothing in here makes the station trust anybody without a certificate.

use std::path::Path;

use reqwest::Certificate;

use crate::adapter::RegularFile;

use super::config::EntraConfigError;

/// Bytes. A bundle of every public authority has a few hundred thousand.
const CA_BYTES_MAX: u64 = 1 << 20;

/// The certificates of the PEM file at `path`.
///
/// # Errors
/// [`EntraConfigError::CaFile`].
pub(super) fn certificates(path: &Path) -> Result<Vec<Certificate>, EntraConfigError> {
    let wrong = |why: String| EntraConfigError::CaFile {
        file: path.display().to_string(),
        why,
    };
    let pem = RegularFile::read(path, CA_BYTES_MAX).map_err(|error| wrong(error.to_string()))?;
    let found = Certificate::from_pem_bundle(RegularFile::without_mark(&pem))
        .map_err(|_| wrong("it is not PEM (-----BEGIN CERTIFICATE-----)".to_owned()))?;
    if found.is_empty() {
        return Err(wrong(
            "there is no certificate in it (-----BEGIN CERTIFICATE-----)".to_owned(),
        ));
    }
    Ok(found)
}
