//! Printers that signed their own certificate as if they were an authority, as many do: one that is named in `ca_file` is that
//! printer, and nobody else is.

use std::sync::Arc;

use keyline::adapter::paper::PrinterOptions;
use keyline::domain::fault::Fault;
use keyline::port::Press as _;
use rcgen::{BasicConstraints, Certificate, CertificateParams, IsCa, KeyPair};
use rustls::ServerConfig;
use rustls::crypto::ring::{default_provider, sign::any_supported_type};
use rustls::pki_types::{PrivateKeyDer, PrivatePkcs8KeyDer};
use rustls::sign::{CertifiedKey, SingleCertAndKey};

use crate::bench::{letter, press};
use crate::hostile::{Hostile, Reply, ipp, with_job};

/// A certificate, and the private key that belongs to it.
struct Identity {
    certificate: Certificate,
    key: KeyPair,
}

impl Identity {
    /// Signed by itself, as an authority.
    fn authority(change: impl FnOnce(&mut CertificateParams)) -> Self {
        let key = KeyPair::generate().unwrap();
        let mut wanted = CertificateParams::new(vec!["localhost".to_owned()]).unwrap();
        wanted.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        change(&mut wanted);
        let certificate = wanted.self_signed(&key).unwrap();
        Self { certificate, key }
    }

    fn usual() -> Self {
        Self::authority(|_| ())
    }

    /// A printer that shows this certificate, proves it with the key of `other`, and is asked by somebody who trusts `trusted`.
    fn printer(&self, other: &Self, trusted: &[&Self]) -> Hostile {
        let key = PrivateKeyDer::from(PrivatePkcs8KeyDer::from(other.key.serialize_der()));
        let chain = vec![self.certificate.der().clone()];
        // Whether they belong together is not asked here.
        let certified = CertifiedKey::new(chain, any_supported_type(&key).unwrap());
        let config = ServerConfig::builder_with_provider(Arc::new(default_provider()))
            .with_safe_default_protocol_versions()
            .unwrap()
            .with_no_client_auth()
            .with_cert_resolver(Arc::new(SingleCertAndKey::from(certified)));
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("ca.pem");
        let pem: String = trusted.iter().map(|one| one.certificate.pem()).collect();
        std::fs::write(&file, pem).unwrap();
        let printer = Hostile::start_with(Some((Arc::new(config), folder, file)));
        printer.set(Reply::Ipp(with_job(ipp(0))));
        printer
    }
}

/// Panics unless the printer is refused in these words, and gets no letter.
fn assert_refused(case: &str, printer: &Hostile, options: PrinterOptions, words: &[&str]) {
    let press = press(options);
    for refused in [press.can_take(), press.deliver(&letter(0)).map(drop)] {
        let (Err(Fault::Mailer { what }) | Err(Fault::PrinterAway { what })) = refused else {
            panic!("{case}: {refused:?}");
        };
        for word in words {
            assert!(what.contains(word), "{case}: {word}: {what}");
        }
    }
    assert_eq!(printer.letters(), 0, "{case}");
}

#[test]
fn a_printer_that_is_its_own_authority_is_believed_where_it_is_named() {
    let (mine, second) = (Identity::usual(), Identity::usual());
    for trusted in [&[&mine][..], &[&second, &mine]] {
        let printer = mine.printer(&mine, trusted);
        let press = press(printer.options());
        assert_eq!(press.can_take(), Ok(()));
        assert!(press.deliver(&letter(0)).is_ok());
        assert_eq!(printer.letters(), 1);
    }
}

#[test]
fn nobody_else_is_believed_for_its_sake() {
    let (mine, stranger) = (Identity::usual(), Identity::usual());
    let another = stranger.printer(&stranger, &[&mine]);
    let words = ["cannot prove", "CA:TRUE", "`ca_file`"];
    assert_refused("another", &another, another.options(), &words);
    let unnamed = mine.printer(&mine, &[&mine]);
    let options = PrinterOptions {
        ca_file: None,
        ..unnamed.options()
    };
    assert_refused("unnamed", &unnamed, options, &words);
    // The certificate is public, its private key is not.
    let thief = mine.printer(&stranger, &[&mine]);
    assert_refused("a thief", &thief, thief.options(), &[]);
    let elsewhere = Identity::authority(|wanted| {
        wanted.subject_alt_names = vec![rcgen::SanType::DnsName(
            "printer.contoso.com".try_into().unwrap(),
        )];
    });
    let other_name = elsewhere.printer(&elsewhere, &[&elsewhere]);
    let words = ["cannot prove", "printer.contoso.com", "a name into"];
    assert_refused("another name", &other_name, other_name.options(), &words);
    let old = Identity::authority(|wanted| wanted.not_after = rcgen::date_time_ymd(2020, 1, 1));
    let expired = old.printer(&old, &[&old]);
    let words = ["cannot prove", "expired"];
    assert_refused("expired", &expired, expired.options(), &words);
}
