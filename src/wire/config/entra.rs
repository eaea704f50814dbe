//! What `[entra]` says of the sign-in: which way, and where its secrets are. It reads none of them.

use std::path::{Path, PathBuf};
use std::time::Duration;

use super::{Config, EntraSection};
use crate::adapter::entra::{
    CertificateSource, Delegated, EntraConfig, Keep, SecretSource, SignInWay,
};
use crate::domain::sign_in::SignInMethod;
use crate::wire::station::credentials;

impl EntraSection {
    /// Paths from the root.
    pub(super) fn root(&mut self, root: &Path) {
        let secret = Some(&mut self.client_secret);
        let others = [&mut self.certificate, &mut self.certificate_password];
        let sources = secret.into_iter().chain(others.into_iter().flatten());
        for source in sources {
            if let SecretSource::File(file) = source {
                *file = root.join(&*file);
            }
        }
    }
}

impl Config {
    /// The tenant, as its adapter wants it.
    pub fn entra(&self) -> EntraConfig {
        let ca_file = &self.entra.ca_file;
        EntraConfig {
            tenant: self.entra.tenant.clone(),
            client_id: self.entra.client_id.clone(),
            authority: self.entra.authority.clone(),
            graph: self.entra.graph.clone(),
            api: self.entra.api,
            challenge_timeout_minutes: self.entra.challenge_timeout_minutes,
            timeout: Duration::from_secs(self.entra.timeout_seconds),
            ca_file: (!ca_file.as_os_str().is_empty()).then(|| self.path(ca_file)),
        }
    }

    /// How the station signs in.
    pub fn sign_in_way(&self) -> SignInWay {
        match (self.entra.method, self.certificate()) {
            (SignInMethod::Certificate, Some(certificate)) => SignInWay::Certificate(certificate),
            (SignInMethod::Delegated, _) => SignInWay::Delegated(Delegated {
                keep: self.keep(),
                scopes: Vec::new(),
            }),
            // A method without its certificate is among the objections, and comes no further.
            (SignInMethod::ClientSecret | SignInMethod::Certificate, _) => {
                SignInWay::ClientSecret(self.entra.client_secret.clone())
            }
        }
    }

    /// The certificate and its key, where the configuration names one.
    pub fn certificate(&self) -> Option<CertificateSource> {
        let place = self.entra.certificate.clone()?;
        Some(CertificateSource {
            place,
            password: self.entra.certificate_password.clone(),
        })
    }

    /// Where an administrator's sign-in is kept.
    pub fn keep(&self) -> Keep {
        let ledger = self.path(&self.ledger.file);
        let folder = ledger.parent().map_or_else(PathBuf::new, Path::to_owned);
        Keep::sealed(
            &folder,
            &self.path(&self.ledger.keys),
            credentials().as_deref(),
        )
    }

    /// What of the tenant and the sign-in could not work.
    pub fn check_entra(&self) -> Vec<String> {
        let mut objections: Vec<String> = self
            .entra()
            .objections()
            .iter()
            .map(|fault| format!("[entra] {fault}"))
            .collect();
        objections.extend(self.check_method());
        objections
    }

    /// Settings of the sign-in that contradict each other.
    fn check_method(&self) -> Vec<String> {
        let entra = &self.entra;
        let mut objections = Vec::new();
        let uses = entra.method == SignInMethod::Certificate;
        if uses && entra.certificate.is_none() {
            objections.push(
                "[entra] method is \"certificate\", and certificate does not say where it is; write { file = \"PATH\" } or { credential = \"NAME\" }".to_owned(),
            );
        }
        if !uses && (entra.certificate.is_some() || entra.certificate_password.is_some()) {
            objections.push(format!(
                "[entra] names a certificate, and method is \"{}\"; write method = \"certificate\" to sign in with it",
                entra.method.as_str()
            ));
        }
        if entra.certificate.is_none() && entra.certificate_password.is_some() && uses {
            objections.push(
                "[entra] certificate_password goes with a certificate in a PKCS#12 file".to_owned(),
            );
        }
        objections
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const TENANT: &str =
        "[entra]\ntenant = \"contoso.com\"\nclient_id = \"5f0f1c2e-8f0f-4c5e-9f3c-0a1b2c3d4e5f\"\n";

    fn method(text: &str) -> Result<SignInMethod, String> {
        let config = Config::parse(&format!("{TENANT}{text}")).expect("it parses");
        let objections = config.check();
        if objections.is_empty() {
            Ok(config.sign_in_way().method())
        } else {
            Err(objections.join("\n"))
        }
    }

    #[test]
    fn a_configuration_without_a_method_has_a_client_secret_as_ever() {
        assert_eq!(method(""), Ok(SignInMethod::ClientSecret));
        assert_eq!(
            method("client_secret = { file = \"secret\" }\n"),
            Ok(SignInMethod::ClientSecret)
        );
    }

    #[test]
    fn each_method_has_what_it_needs_or_is_refused() {
        assert_eq!(
            method("method = \"certificate\"\ncertificate = { credential = \"c\" }\n"),
            Ok(SignInMethod::Certificate)
        );
        assert_eq!(
            method("method = \"delegated\"\n"),
            Ok(SignInMethod::Delegated)
        );
        let refused = |text: &str, words: &str| {
            let told = method(text).expect_err("it must not run");
            assert!(told.contains(words), "{told}");
        };
        refused(
            "method = \"certificate\"\n",
            "certificate does not say where",
        );
        refused(
            "certificate = { file = \"c.pem\" }\n",
            "method is \"client_secret\"; write method = \"certificate\"",
        );
        refused(
            "method = \"delegated\"\ncertificate_password = { env = \"X\" }\n",
            "method is \"delegated\"",
        );
    }

    #[test]
    fn a_key_in_the_configuration_is_refused_and_not_repeated() {
        let pem = "-----BEGIN PRIVATE KEY-----";
        let text = format!("{TENANT}method = \"certificate\"\ncertificate = \"{pem}\"\n");
        let told = Config::parse(&text).expect_err("a secret has no place there");
        assert!(!told.contains(pem) && told.starts_with("line 5"), "{told}");
    }
}
