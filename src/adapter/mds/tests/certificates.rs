//! A key's certificates against the roots of its model.

use rcgen::{
    BasicConstraints, CertificateParams, CustomExtension, DnType, IsCa, Issuer, KeyPair,
    KeyUsagePurpose,
};

use super::{ACME, NOON};
use crate::adapter::mds::chain::provenance;
use crate::domain::metadata::{Certificate, Entry, Provenance, Report, Vouching};

/// An authority with a name, and a certificate of its own.
struct Authority {
    certificate: Certificate,
    issuer: Issuer<'static, KeyPair>,
}

fn params(name: &str, is_ca: bool) -> CertificateParams {
    let mut params = CertificateParams::default();
    params.distinguished_name.push(DnType::CommonName, name);
    if is_ca {
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        params.key_usages = vec![KeyUsagePurpose::KeyCertSign];
    } else {
        params.is_ca = IsCa::ExplicitNoCa;
        // WebAuthn §8.2.1 has one that no path builder knows.
        params
            .custom_extensions
            .push(CustomExtension::from_oid_content(
                &[1, 3, 6, 1, 4, 1, 45724, 1, 1, 4],
                [&[0x04, 0x10][..], &ACME.0].concat(),
            ));
    }
    params
}

fn aged(mut params: CertificateParams, from: i32, until: i32) -> CertificateParams {
    params.not_before = rcgen::date_time_ymd(from, 1, 1);
    params.not_after = rcgen::date_time_ymd(until, 1, 1);
    params
}

fn root(name: &str) -> Authority {
    let key = KeyPair::generate().expect("a key");
    let params = params(name, true);
    let certificate = params.self_signed(&key).expect("a root");
    Authority {
        certificate: Certificate(certificate.der().to_vec()),
        issuer: Issuer::new(params, key),
    }
}

impl Authority {
    fn certify(&self, params: CertificateParams) -> Certificate {
        let key = KeyPair::generate().expect("a key");
        let certificate = params.signed_by(&key, &self.issuer).expect("a certificate");
        Certificate(certificate.der().to_vec())
    }

    fn below(&self, params: CertificateParams) -> Self {
        let key = KeyPair::generate().expect("a key");
        let certificate = params.signed_by(&key, &self.issuer).expect("a certificate");
        Self {
            certificate: Certificate(certificate.der().to_vec()),
            issuer: Issuer::new(params, key),
        }
    }
}

fn entry(roots: &[&Certificate]) -> Entry {
    Entry {
        aaguid: ACME,
        name: "Acme Key".to_owned(),
        version: None,
        reports: Vec::new(),
        vouching: Vouching::ByVendor,
        roots: roots.iter().copied().cloned().collect(),
        unreadable: 0,
    }
}

fn judge(roots: &[&Certificate], shown: &[&Certificate]) -> Provenance {
    let shown: Vec<Certificate> = shown.iter().copied().cloned().collect();
    provenance(&entry(roots), &shown, NOON)
}

fn batch() -> CertificateParams {
    params("Acme Batch 1", false)
}

#[test]
fn a_key_leads_to_its_root_directly_and_over_others() {
    let root = root("Acme Root");
    let own = root.certify(batch());
    let genuine = Provenance::Genuine(None);
    assert_eq!(judge(&[&root.certificate], &[&own]), genuine);
    // Some keys show the root as well.
    let with_root = [&own, &root.certificate];
    assert_eq!(judge(&[&root.certificate], &with_root), genuine);
    let middle = root.below(params("Acme CA", true));
    let deep = middle.certify(batch());
    let over = [&deep, &middle.certificate];
    assert_eq!(judge(&[&root.certificate], &over), genuine);
    // What the metadata lists may be the one between.
    assert_eq!(judge(&[&middle.certificate], &over), genuine);
    assert_eq!(judge(&[&middle.certificate], &[&deep]), genuine);
    let two = [&self::root("Other").certificate, &root.certificate];
    assert_eq!(judge(&two, &[&own]), genuine);
}

#[test]
fn a_listed_certificate_is_its_own_root_and_nobody_elses() {
    let root = root("Acme Root");
    let own = root.below(batch());
    assert_eq!(
        judge(&[&own.certificate], &[&own.certificate]),
        Provenance::Genuine(None)
    );
    // Whoever takes the key of one batch certificate out of a key must not become a maker of keys.
    let forged = own.certify(params("Acme Batch 2", false));
    let told = judge(&[&own.certificate], &[&forged, &own.certificate]);
    assert!(matches!(told, Provenance::Foreign(_)), "{told:?}");
    let told = judge(&[&root.certificate], &[&forged, &own.certificate]);
    assert!(matches!(told, Provenance::Foreign(_)), "{told:?}");
}

#[test]
fn a_key_of_another_maker_is_foreign_whatever_it_calls_itself() {
    let root = root("Acme Root");
    let own = root.certify(batch());
    let stranger = self::root("Bcme Root");
    let told = judge(&[&stranger.certificate], &[&own]);
    assert!(
        matches!(&told, Provenance::Foreign(why) if why.contains("signed by nobody")),
        "{told:?}"
    );
    // An authority of the same name, with a key of its own.
    let forger = self::root("Acme Root");
    let told = judge(&[&forger.certificate], &[&own]);
    assert!(
        matches!(&told, Provenance::Foreign(why) if why.contains("forged")),
        "{told:?}"
    );
    let told = judge(&[&forger.certificate], &[&own, &root.certificate]);
    assert!(matches!(told, Provenance::Foreign(_)), "{told:?}");
    // It shows its maker's certificate without being certified by it.
    let told = judge(&[&root.certificate], &[&stranger.certify(batch()), &own]);
    assert!(matches!(told, Provenance::Foreign(_)), "{told:?}");
    let broken = Certificate(vec![0x30, 0x00]);
    let told = judge(&[&root.certificate], &[&broken]);
    assert!(matches!(told, Provenance::Foreign(_)), "{told:?}");
    let authority = root.below(params("Acme CA", true));
    let told = judge(&[&root.certificate], &[&authority.certificate]);
    assert!(
        matches!(&told, Provenance::Foreign(why) if why.contains("authority's")),
        "{told:?}"
    );
}

#[test]
fn a_key_without_a_certificate_is_foreign_where_its_model_has_one() {
    let root = root("Acme Root");
    let told = judge(&[&root.certificate], &[]);
    assert!(matches!(told, Provenance::Foreign(_)), "{told:?}");
    let lenient = Entry {
        vouching: Vouching::BySelf,
        ..entry(&[&root.certificate])
    };
    // Such a key may be genuine, but so may anybody's be: it proves nothing.
    let told = provenance(&lenient, &[], NOON);
    assert!(
        matches!(&told, Provenance::Foreign(why) if why.contains("vouch for themselves")),
        "{told:?}"
    );
    let rootless = Entry {
        vouching: Vouching::BySelf,
        ..entry(&[])
    };
    let told = provenance(&rootless, &[], NOON);
    assert!(matches!(told, Provenance::Unclaimed(_)), "{told:?}");
}

#[test]
fn nothing_is_claimed_of_a_model_without_roots() {
    let own = root("Acme Root").certify(batch());
    for shown in [&[][..], &[&own][..]] {
        let told = judge(&[], shown);
        assert!(matches!(told, Provenance::Unclaimed(_)), "{told:?}");
    }
}

#[test]
fn dates_are_told_and_not_held_against_a_key() {
    let root = root("Acme Root");
    let told = |own: &Certificate, above: &[&Certificate]| {
        let shown: Vec<&Certificate> = std::iter::once(own).chain(above.iter().copied()).collect();
        judge(&[&root.certificate], &shown)
    };
    let ended = root.certify(aged(batch(), 2018, 2024));
    assert_eq!(
        told(&ended, &[]),
        Provenance::Genuine(Some("its certificate ended on 2024-01-01".to_owned()))
    );
    let coming = root.certify(aged(batch(), 2030, 2040));
    assert_eq!(
        told(&coming, &[]),
        Provenance::Genuine(Some("its certificate begins on 2030-01-01".to_owned()))
    );
    // The one between has ended, the key's own has not.
    let middle = root.below(aged(params("Acme CA", true), 2015, 2020));
    let own = middle.certify(aged(batch(), 2018, 2050));
    assert_eq!(
        told(&own, &[&middle.certificate]),
        Provenance::Genuine(None)
    );
    // They were never valid together: no maker issues such a pair.
    let own = middle.certify(aged(batch(), 2022, 2050));
    let never = told(&own, &[&middle.certificate]);
    assert!(matches!(never, Provenance::Foreign(_)), "{never:?}");
    // And the dates open no door: an ended certificate of a stranger stays a stranger's.
    let forged = self::root("Acme Root").certify(aged(batch(), 2018, 2024));
    let never = told(&forged, &[]);
    assert!(matches!(never, Provenance::Foreign(_)), "{never:?}");
}

#[test]
fn a_batch_that_is_called_compromised_is_named() {
    let root = root("Acme Root");
    let own = root.certify(batch());
    let other = root.certify(batch());
    let entry = Entry {
        reports: vec![Report {
            status: "ATTESTATION_KEY_COMPROMISE".to_owned(),
            since: None,
            version: None,
            batch: Some(own.clone()),
        }],
        ..entry(&[&root.certificate])
    };
    assert_eq!(
        provenance(&entry, std::slice::from_ref(&own), NOON),
        Provenance::Compromised("ATTESTATION_KEY_COMPROMISE".to_owned())
    );
    assert_eq!(
        provenance(&entry, &[other], NOON),
        Provenance::Genuine(None)
    );
}
