//! The sign-in with a certificate: what is signed, what the tenant takes, and what is told before anything is sent.

use std::path::Path;
use std::sync::Arc;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use keyline::adapter::entra::{Api, CertificateSource, Entra, SecretSource};
use keyline::domain::fault::Fault;
use keyline::port::{CancelFlag, RelyingParty};
use keyline::practice::tenant::{Operation, Tenant, TenantSetup};
use serde_json::{Value, json};

use crate::bench::{ADA, BenchClock, config, secret_file};
use crate::papers::{PASSWORD, Papers};
use crate::wire::{plain_client, recorder, token_answer};

const DAY: i64 = 86_400;

fn source(file: &Path) -> CertificateSource {
    CertificateSource {
        place: SecretSource::File(file.to_owned()),
        password: None,
    }
}

struct Bench {
    tenant: Tenant,
    clock: Arc<BenchClock>,
}

impl Bench {
    fn new(papers: &Papers) -> Self {
        let setup = TenantSetup {
            certificates: vec![papers.der()],
            ..TenantSetup::default()
        };
        Self {
            tenant: Tenant::start(setup).unwrap(),
            clock: Arc::default(),
        }
    }

    fn entra(&self, source: CertificateSource) -> Entra {
        Entra::new(
            config(self.tenant.url(), Api::V1_0),
            keyline::adapter::entra::SignInWay::Certificate(source),
            self.clock.clone(),
            CancelFlag::default(),
        )
        .unwrap()
    }

    fn refusal(&self, source: CertificateSource) -> String {
        match self.entra(source).credentials(ADA) {
            Err(Fault::SignIn { what }) => what,
            other => panic!("no refusal but {other:?}"),
        }
    }
}

#[test]
fn a_certificate_signs_in_from_every_kind_of_file() {
    let papers = Papers::new();
    papers.openssl("rsa -in key.pem -traditional -out pkcs1.pem");
    let password = secret_file(PASSWORD);
    let with_password = |file| CertificateSource {
        place: SecretSource::File(file),
        password: Some(SecretSource::File(password.path().to_owned())),
    };
    let bench = Bench::new(&papers);
    for source in [
        source(&papers.path("station.pem")),
        source(&papers.join("turned.pem", &["cert.pem", "key.pem"])),
        source(&papers.join("old.pem", &["pkcs1.pem", "cert.pem"])),
        with_password(papers.pkcs12("modern.p12", "")),
        with_password(papers.pkcs12("legacy.pfx", "-legacy ")),
    ] {
        let entra = bench.entra(source.clone());
        assert_eq!(entra.credentials(ADA), Ok(Vec::new()), "{source:?}");
        let claims = entra.permissions().unwrap().unwrap();
        assert!(!claims.grants.delegated);
        assert_eq!(
            claims.grants.permissions,
            ["UserAuthMethod-Passkey.ReadWrite.All"]
        );
    }
    assert_eq!(bench.tenant.requests(Operation::Token), 5);
}

#[test]
fn another_program_verifies_the_assertion_and_reads_what_the_standard_wants() {
    let papers = Papers::new();
    let (url, thread) = recorder(vec![token_answer()]);
    let clock = Arc::new(BenchClock::default());
    let way = keyline::adapter::entra::SignInWay::Certificate(source(&papers.path("station.pem")));
    let entra = Entra::new(config(&url, Api::V1_0), way, clock, CancelFlag::default()).unwrap();
    assert_eq!(entra.permissions(), Ok(None), "the token is opaque");
    let request = thread.join().unwrap().remove(0);
    let body = request.split_once("\r\n\r\n").unwrap().1;
    let form: std::collections::BTreeMap<String, String> =
        url::form_urlencoded::parse(body.as_bytes())
            .into_owned()
            .collect();
    assert_eq!(
        form["client_assertion_type"],
        "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
    );
    assert_eq!(form["grant_type"], "client_credentials");
    assert!(!form.contains_key("client_secret"));
    let (signed, signature) = form["client_assertion"].rsplit_once('.').unwrap();
    let (header, claims) = signed.split_once('.').unwrap();
    let read = |part: &str| -> Value {
        serde_json::from_slice(&URL_SAFE_NO_PAD.decode(part).unwrap()).unwrap()
    };
    let (header, claims) = (read(header), read(claims));
    // `openssl` prints the thumbprint as two hexadecimal digits a byte, with colons.
    let printed = papers.openssl("x509 -in cert.pem -noout -fingerprint -sha256");
    let printed = String::from_utf8(printed).unwrap();
    let thumbprint: Vec<u8> = printed
        .trim()
        .split_once('=')
        .unwrap()
        .1
        .split(':')
        .map(|byte| u8::from_str_radix(byte, 16).unwrap())
        .collect();
    assert_eq!(
        header,
        json!({ "alg": "PS256", "typ": "JWT", "x5t#S256": URL_SAFE_NO_PAD.encode(thumbprint) })
    );
    let client = TenantSetup::default().client_id;
    assert_eq!(claims["iss"], client);
    assert_eq!(claims["sub"], client);
    assert_eq!(
        claims["aud"],
        format!("{}contoso.com/oauth2/v2.0/token", url)
    );
    assert!(uuid::Uuid::try_parse(claims["jti"].as_str().unwrap()).is_ok());
    assert_eq!(claims["nbf"], claims["iat"]);
    let lifetime = claims["exp"].as_i64().unwrap() - claims["nbf"].as_i64().unwrap();
    assert!((60..=600).contains(&lifetime), "{lifetime} s");

    papers.write("signed", signed);
    papers.write("signature", URL_SAFE_NO_PAD.decode(signature).unwrap());
    papers.openssl("x509 -in cert.pem -noout -pubkey -out public.pem");
    let verdict = papers.openssl(
        "dgst -sha256 -sigopt rsa_padding_mode:pss -sigopt rsa_pss_saltlen:digest -verify public.pem -signature signature signed",
    );
    assert_eq!(String::from_utf8(verdict).unwrap().trim(), "Verified OK");
}

#[test]
fn a_certificate_that_is_not_registered_is_refused_with_what_to_do() {
    let papers = Papers::new();
    let bench = Bench::new(&papers);
    let stranger = Papers::new();
    let what = bench.refusal(source(&stranger.path("station.pem")));
    assert!(
        what.contains("AADSTS700027") && what.contains("upload the certificate"),
        "{what}"
    );
}

#[test]
fn what_cannot_work_is_told_before_anything_is_sent() {
    let papers = Papers::new();
    papers.openssl("genpkey -algorithm RSA -pkeyopt rsa_keygen_bits:2048 -out other.pem");
    papers.openssl("genpkey -algorithm RSA -pkeyopt rsa_keygen_bits:1024 -out short.pem");
    papers.openssl("genpkey -algorithm EC -pkeyopt ec_paramgen_curve:P-256 -out ec.pem");
    papers.openssl("ec -in ec.pem -out sec1.pem");
    papers.openssl("pkcs8 -topk8 -in key.pem -passout pass:secret-phrase -out locked.pem");
    papers.openssl("rsa -aes128 -in key.pem -traditional -passout pass:secret-phrase -out old.pem");
    let locked = papers.pkcs12("locked.p12", "");
    let mut torn = std::fs::read(&locked).unwrap();
    torn.truncate(torn.len() / 2);
    let half = papers.text("station.pem");
    let half = &half[..half.len() - 200];
    let bench = Bench::new(&papers);
    for (file, words) in [
        (papers.join("a", &["cert.pem"]), "no private key in it"),
        (papers.join("b", &["key.pem"]), "no certificate in it"),
        (
            papers.join("c", &["other.pem", "cert.pem"]),
            "does not belong to the certificate",
        ),
        (papers.join("d", &["short.pem", "cert.pem"]), "2048"),
        (papers.join("e", &["ec.pem", "cert.pem"]), "RSA"),
        (papers.join("f", &["sec1.pem", "cert.pem"]), "elliptic"),
        (
            papers.join("g", &["locked.pem", "cert.pem"]),
            "behind a passphrase",
        ),
        (
            papers.join("h", &["old.pem", "cert.pem"]),
            "behind a passphrase",
        ),
        (papers.write("i", half), "PEM is damaged"),
        (
            papers.write("j", "hunter2"),
            "it is neither PEM (-----BEGIN …) nor PKCS#12",
        ),
        (
            papers.write("k", ""),
            "it is neither PEM (-----BEGIN …) nor PKCS#12",
        ),
        (papers.write("l", torn), "no PKCS#12 file"),
        (papers.write("m", vec![b'-'; 70_000]), "larger than"),
        (papers.path("none"), "cannot be read"),
        (locked.clone(), "it has a password"),
    ] {
        let what = bench.refusal(source(&file));
        assert!(what.contains(words), "{}: {what}", file.display());
        assert!(what.contains(&file.display().to_string()), "{what}");
        assert!(
            !what.contains("hunter2") && !what.contains("BEGIN PRIVATE KEY-----\n"),
            "{what}"
        );
    }
    for (file, words) in [
        (locked, "the password does not open it"),
        (
            papers.path("station.pem"),
            "`certificate_password` is for PKCS#12",
        ),
    ] {
        let password = secret_file("another~password");
        let what = bench.refusal(CertificateSource {
            place: SecretSource::File(file),
            password: Some(SecretSource::File(password.path().to_owned())),
        });
        assert!(what.contains(words), "{what}");
        assert!(!what.contains("another~password"), "{what}");
    }
    assert_eq!(bench.tenant.requests(Operation::Token), 0);
}

#[test]
fn no_spoilt_byte_of_a_pkcs12_file_brings_the_station_down() {
    let papers = Papers::new();
    let file = papers.pkcs12("station.p12", "");
    let good = std::fs::read(&file).unwrap();
    let source = CertificateSource {
        place: SecretSource::File(file.clone()),
        password: Some(SecretSource::File(papers.write("password", PASSWORD))),
    };
    let now = keyline::port::Clock::now(&BenchClock::default());
    assert!(source.check(now).is_ok());
    for at in (0..good.len()).step_by(31) {
        let mut spoilt = good.clone();
        spoilt[at] ^= 0x41;
        std::fs::write(&file, spoilt).unwrap();
        // Most are refused; a byte that counts for nothing may pass.
        if let Err(fault) = source.check(now) {
            assert!(matches!(fault, Fault::SignIn { .. }), "{at}: {fault}");
        }
    }
}

/// Editors put a byte order mark before what they save, and somebody joins two such files.
#[test]
fn a_byte_order_mark_hides_no_certificate_and_no_key() {
    let papers = Papers::new();
    let bench = Bench::new(&papers);
    let mark = "\u{FEFF}";
    let (key, certificate) = (papers.text("key.pem"), papers.text("cert.pem"));
    let now = keyline::port::Clock::now(&*bench.clock);
    for text in [
        format!("{mark}{key}{certificate}"),
        format!("{mark}{certificate}{mark}{key}"),
    ] {
        let marked = papers.write("marked.pem", text);
        assert!(source(&marked).check(now).is_ok());
    }
    let authority = papers.write("authority.pem", format!("{mark}{certificate}"));
    let trusting = keyline::adapter::entra::EntraConfig {
        ca_file: Some(authority),
        ..config(bench.tenant.url(), Api::V1_0)
    };
    assert_eq!(trusting.check_ca_file(), Ok(()));
}

#[test]
fn a_key_that_others_can_read_is_not_used() {
    let papers = Papers::new();
    let bench = Bench::new(&papers);
    for mode in [0o644, 0o640, 0o606, 0o660] {
        papers.mode("station.pem", mode);
        let what = bench.refusal(source(&papers.path("station.pem")));
        assert!(
            what.contains("is open to others") && what.contains("chmod 600"),
            "{mode:o}: {what}"
        );
    }
    let password = papers.write("password", PASSWORD);
    papers.mode("password", 0o604);
    let what = bench.refusal(CertificateSource {
        place: SecretSource::File(papers.pkcs12("locked.p12", "")),
        password: Some(SecretSource::File(password)),
    });
    assert!(what.contains("password is open to others"), "{what}");
    papers.mode("station.pem", 0o400);
    assert_eq!(bench.tenant.requests(Operation::Token), 0);
    let entra = bench.entra(source(&papers.path("station.pem")));
    assert_eq!(entra.credentials(ADA), Ok(Vec::new()));
}

#[test]
fn a_certificate_before_and_after_its_days_is_not_shown_to_the_tenant() {
    let papers = Papers::new();
    let bench = Bench::new(&papers);
    let file = papers.path("station.pem");
    bench.clock.advance(364 * DAY);
    let facts = source(&file)
        .check(keyline::port::Clock::now(&*bench.clock))
        .unwrap();
    assert_eq!(facts.subject, "CN=station-1");
    bench.clock.advance(2 * DAY);
    assert!(bench.refusal(source(&file)).contains("ended on 20"));
    bench.clock.advance(-367 * DAY);
    let what = bench.refusal(source(&file));
    assert!(
        what.contains("is the clock of this computer right?"),
        "{what}"
    );
    assert_eq!(bench.tenant.requests(Operation::Token), 0);
}

#[test]
fn a_renewed_certificate_counts_at_the_next_token() {
    let old = Papers::new();
    let bench = Bench::new(&Papers::new());
    let entra = bench.entra(source(&old.path("station.pem")));
    assert!(entra.credentials(ADA).is_err());
    let new = Papers::new();
    let bench = Bench::new(&new);
    let entra = bench.entra(source(&old.path("station.pem")));
    assert!(entra.credentials(ADA).is_err());
    std::fs::copy(new.path("station.pem"), old.path("station.pem")).unwrap();
    assert_eq!(entra.credentials(ADA), Ok(Vec::new()));
}

/// An assertion that `openssl` signs, so that the practice tenant is tried with other code than the adapter's.
fn assertion(papers: &Papers, header: &Value, claims: &Value) -> String {
    let part = |value: &Value| URL_SAFE_NO_PAD.encode(value.to_string());
    let signed = format!("{}.{}", part(header), part(claims));
    papers.write("to-sign", &signed);
    let signature = papers.openssl(
        "dgst -sha256 -sigopt rsa_padding_mode:pss -sigopt rsa_pss_saltlen:digest -sign key.pem to-sign",
    );
    format!("{signed}.{}", URL_SAFE_NO_PAD.encode(signature))
}

/// Shows `assertion` at the token endpoint: status and body.
fn show(tenant: &Tenant, assertion: &str) -> (u16, Value) {
    let form = [
        ("grant_type", "client_credentials"),
        ("client_id", &TenantSetup::default().client_id),
        ("scope", "https://graph.microsoft.com/.default"),
        (
            "client_assertion_type",
            "urn:ietf:params:oauth:client-assertion-type:jwt-bearer",
        ),
        ("client_assertion", assertion),
    ];
    let url = format!("{}contoso.com/oauth2/v2.0/token", tenant.url());
    let answer = plain_client().post(url).form(&form).send().unwrap();
    (answer.status().as_u16(), answer.json().unwrap())
}

/// A header and claims that the practice tenant takes.
fn good_parts(papers: &Papers, tenant: &Tenant) -> (Value, Value) {
    let digest = ring::digest::digest(&ring::digest::SHA256, &papers.der());
    let header =
        json!({ "alg": "PS256", "typ": "JWT", "x5t#S256": URL_SAFE_NO_PAD.encode(digest) });
    let id = TenantSetup::default().client_id;
    let now = jiff::Timestamp::now().as_second();
    let claims = json!({
        "aud": format!("{}contoso.com/oauth2/v2.0/token", tenant.url()),
        "iss": id, "sub": id, "jti": "1", "nbf": now, "iat": now, "exp": now + 600,
    });
    (header, claims)
}

#[test]
fn the_practice_tenant_takes_an_assertion_of_another_program_and_refuses_each_change_to_it() {
    let papers = Papers::new();
    let tenant = Bench::new(&papers).tenant;
    let (header, claims) = good_parts(&papers, &tenant);
    assert_eq!(show(&tenant, &assertion(&papers, &header, &claims)).0, 200);

    let now = claims["nbf"].as_i64().unwrap();
    for (name, value, code) in [
        ("alg", json!("RS256"), 50_027),
        ("alg", json!("none"), 50_027),
        ("x5t#S256", json!("AAAA"), 700_027),
        ("aud", json!("https://x"), 700_023),
        ("iss", json!("x"), 700_021),
        ("sub", json!("x"), 700_021),
        ("jti", json!(""), 50_027),
        ("exp", json!(now + 601), 700_024),
        ("exp", json!(now - 400), 700_024),
        ("nbf", json!(now + 4000), 700_024),
    ] {
        let (mut header, mut claims) = (header.clone(), claims.clone());
        let part = if header.get(name).is_some() {
            &mut header
        } else {
            &mut claims
        };
        part[name] = value;
        let (status, body) = show(&tenant, &assertion(&papers, &header, &claims));
        assert_eq!((status, &body["error_codes"][0]), (401, &json!(code)));
    }
}

#[test]
fn the_practice_tenant_takes_no_spoilt_signature() {
    let papers = Papers::new();
    let tenant = Bench::new(&papers).tenant;
    let (header, claims) = good_parts(&papers, &tenant);
    let good = assertion(&papers, &header, &claims);
    let (signed, signature) = good.rsplit_once('.').unwrap();
    let (first, rest) = signature.split_at(1);
    let other = if first == "A" { "B" } else { "A" };
    for spoilt in [
        format!("{signed}.{other}{rest}"),
        signed.to_owned(),
        format!("{signed}."),
        "x.y.z".to_owned(),
    ] {
        assert_eq!(show(&tenant, &spoilt).0, 401, "{spoilt}");
    }
}
