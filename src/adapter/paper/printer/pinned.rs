//! Whether a printer is the one that its certificate says, where the configuration names certificates of its own. Turns nothing of
//! TLS off: whoever has not the private key to the certificate fails the handshake, whatever is said here.
//!
//! # Why
//! Many a printer signs its own certificate and calls itself an authority in it (CA:TRUE, RFC 5280 §4.2.1.9). Rustls takes no
//! authority for a server, whoever signed it. But an administrator who names that very certificate has said which printer is meant,
//! as plainly as any authority could. So that one, byte for byte, will do, on its days and for its own name.

use std::sync::Arc;

use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::client::verify_server_name;
use rustls::crypto::ring::default_provider;
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use rustls::server::ParsedCertificate;
use rustls::{
    CertificateError, ClientConfig, DigitallySignedStruct, Error as TlsError, SignatureScheme,
};
use rustls_platform_verifier::Verifier;

use crate::adapter::RegularFile;

/// The reason that the usual rules give for refusing a certificate of that kind, when its dates are right.
pub(super) const AUTHORITY_AS_SERVER: &str = "CaUsedAsEndEntity";

/// TLS that trusts what this computer trusts, what the certificates of the PEM text `pem` have signed, and these themselves.
///
/// # Errors
/// In words, when there is no certificate in `pem`, or one that cannot be read.
pub(super) fn trusting(pem: &[u8]) -> Result<ClientConfig, String> {
    let pinned = certificates(pem)?;
    let provider = Arc::new(default_provider());
    let usual = Verifier::new_with_extra_roots(pinned.iter().cloned(), Arc::clone(&provider))
        .map_err(|error| error.to_string())?;
    let config = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .map_err(|error| error.to_string())?;
    // Rustls calls each verifier but its own dangerous: this one only adds to the usual.
    let config = config
        .dangerous()
        .with_custom_certificate_verifier(Arc::new(Pinned { usual, pinned }))
        .with_no_client_auth();
    Ok(config)
}

/// The certificates of the file of `ca_file`.
fn certificates(pem: &[u8]) -> Result<Vec<CertificateDer<'static>>, String> {
    let found: Result<Vec<_>, _> =
        CertificateDer::pem_slice_iter(RegularFile::without_mark(pem)).collect();
    let found = found.map_err(|error| error.to_string())?;
    if found.is_empty() {
        return Err("there is no certificate in it".to_owned());
    }
    Ok(found)
}

/// The usual rules, and one exception from one of them.
#[derive(Debug)]
struct Pinned {
    usual: Verifier,
    pinned: Vec<CertificateDer<'static>>,
}

impl ServerCertVerifier for Pinned {
    fn verify_server_cert(
        &self,
        end_entity: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        server_name: &ServerName<'_>,
        ocsp_response: &[u8],
        now: UnixTime,
    ) -> Result<ServerCertVerified, TlsError> {
        let usual = self.usual.verify_server_cert(
            end_entity,
            intermediates,
            server_name,
            ocsp_response,
            now,
        );
        match usual {
            Err(error) if is_authority_as_server(&error) && self.pinned.contains(end_entity) => {
                // The rules come to this reason behind the dates and before the name.
                verify_server_name(&ParsedCertificate::try_from(end_entity)?, server_name)?;
                Ok(ServerCertVerified::assertion())
            }
            usual => usual,
        }
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, TlsError> {
        self.usual.verify_tls12_signature(message, cert, dss)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, TlsError> {
        self.usual.verify_tls13_signature(message, cert, dss)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.usual.supported_verify_schemes()
    }
}

fn is_authority_as_server(error: &TlsError) -> bool {
    // The reason has no name among rustls' own; were its text to change, the certificate would be refused.
    if let TlsError::InvalidCertificate(CertificateError::Other(other)) = error {
        other.to_string().contains(AUTHORITY_AS_SERVER)
    } else {
        false
    }
}
