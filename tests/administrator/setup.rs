//! `keyline entra setup`, as typed: what it prints changes nothing, and the certificate that it makes signs in at the practice
//! tenant, is read by openssl, and is never written over.

use std::collections::BTreeMap;
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

use keyline::practice::tenant::{Tenant, TenantSetup};
use serde_json::{Value, json};

use crate::{err, files, out};

/// A station as `keyline init` leaves it.
struct Station(tempfile::TempDir);

impl Station {
    fn new() -> Self {
        let station = Self(tempfile::tempdir().expect("a folder"));
        let made = station.run(&["init", "--practice-identity", "identity.txt"]);
        assert!(made.status.success(), "{}", err(&made));
        station
    }

    fn run(&self, arguments: &[&str]) -> Output {
        Command::new(env!("CARGO_BIN_EXE_keyline"))
            .args(arguments)
            .current_dir(self.0.path())
            .env_remove("KEYLINE_LOG")
            .env_remove("CREDENTIALS_DIRECTORY")
            .stdin(Stdio::null())
            .output()
            .expect("the program")
    }

    fn json(&self, arguments: &[&str]) -> Value {
        let output = self.run(arguments);
        assert!(output.status.success(), "{}", err(&output));
        serde_json::from_slice(&output.stdout).expect("JSON")
    }

    fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    /// Replaces lines of the configuration.
    fn configure(&self, changes: &[(&str, &str)]) {
        let file = self.path("config/station.toml");
        let mut text = fs::read_to_string(&file).expect("a configuration");
        for (from, to) in changes {
            assert_eq!(text.matches(from).count(), 1, "{from}");
            text = text.replace(from, to);
        }
        fs::write(file, text).expect("written");
    }

    /// Every file with its bytes.
    fn everything(&self) -> BTreeMap<PathBuf, Vec<u8>> {
        files::below(self.0.path())
            .into_iter()
            .filter(|path| path.is_file())
            .map(|path| (path.clone(), fs::read(path).expect("bytes")))
            .collect()
    }

    fn openssl(&self, arguments: &str) -> String {
        let output = Command::new("openssl")
            .args(arguments.split(' '))
            .current_dir(self.0.path())
            .stdin(Stdio::null())
            .output()
            .expect("openssl is installed (Debian's package openssl)");
        assert!(output.status.success(), "{}", err(&output));
        out(&output)
    }
}

fn mode(path: &Path) -> u32 {
    let about = fs::metadata(path).expect("it is there");
    about.permissions().mode() & 0o777
}

#[test]
fn what_has_to_exist_is_said_in_order_and_nothing_is_changed() {
    let station = Station::new();
    let before = station.everything();
    let printed = station.run(&["entra", "setup"]);
    assert!(printed.status.success(), "{}", err(&printed));
    let text = out(&printed);
    let mut from = 0;
    for words in [
        "1. An app registration",
        "App registrations, New registration",
        "single tenant",
        "2. Its permissions",
        "UserAuthMethod-Passkey.ReadWrite.All",
        "GroupMember.Read.All",
        "3. An administrator's consent",
        "4. The station's sign-in: a client secret",
        "5. The passkey policy",
        "Allow self-service set up",
        "6. The proof",
        "keyline check --online",
    ] {
        let at = text[from..].find(words);
        from += at.unwrap_or_else(|| panic!("{words} is not where it should be:\n{text}"));
    }
    let facts = station.json(&["entra", "setup", "--json"]);
    assert_eq!(facts["admin_consent_url"], Value::Null);
    assert_eq!(facts["tenant"], Value::Null);
    assert_eq!(
        facts["permissions"][0]["app_role_id"],
        "0400e371-7db1-4338-a269-96069eb65227"
    );
    assert!(station.everything() == before, "something was written");

    station.configure(&[
        ("tenant = \"\"", "tenant = \"contoso.com\""),
        ("client_id = \"\"", "client_id = \"a b&c=1\""),
        ("method = \"client_secret\"", "method = \"delegated\""),
    ]);
    let facts = station.json(&["entra", "setup", "--json"]);
    assert_eq!(
        facts["admin_consent_url"],
        "https://login.microsoftonline.com/contoso.com/adminconsent?client_id=a+b%26c%3D1"
    );
    assert_eq!(facts["permission_kind"], "delegated");
}

#[test]
fn the_certificate_that_it_makes_signs_the_station_in() {
    let station = Station::new();
    let made = station.run(&["entra", "setup", "--certificate"]);
    assert!(made.status.success(), "{}", err(&made));
    for said in [out(&made), err(&made)] {
        assert!(!said.contains("PRIVATE KEY"), "a key was shown");
    }
    let (private, public) = (
        station.path("keys/entra.pem"),
        station.path("keys/entra.cer"),
    );
    assert_eq!((mode(&private), mode(&public)), (0o600, 0o644));
    station.openssl("rsa -in keys/entra.pem -noout -check");
    let about = station.openssl("x509 -in keys/entra.cer -inform DER -noout -text");
    assert!(about.contains("(2048 bit)"), "{about}");
    station.openssl("x509 -in keys/entra.cer -inform DER -noout -checkend 31449600");
    let shown = station.openssl("x509 -in keys/entra.cer -inform DER -noout -fingerprint -sha256");
    let shown = shown.trim().split_once('=').expect("a fingerprint").1;
    let thumbprint = shown.replace(':', "");
    assert!(out(&made).contains(&thumbprint), "{}", out(&made));

    let tenant = Tenant::start(TenantSetup {
        certificates: vec![fs::read(&public).expect("bytes")],
        ..TenantSetup::default()
    })
    .expect("a tenant");
    let url = tenant.url().to_string();
    // The lines as they were printed.
    let text = out(&made);
    let lines = text.split_once("[entra]\n").expect("the settings").1;
    let lines = lines.split_once("\n\n").expect("their end").0;
    let client_id = TenantSetup::default().client_id;
    station.configure(&[
        ("\ntenant = \"\"", "\ntenant = \"contoso.com\""),
        ("client_id = \"\"", &format!("client_id = \"{client_id}\"")),
        ("\nmethod = \"client_secret\"", &format!("\n{lines}")),
        (
            "\"https://login.microsoftonline.com\"",
            &format!("\"{url}\""),
        ),
        ("\"https://graph.microsoft.com\"", &format!("\"{url}\"")),
    ]);
    let whoami = station.json(&["entra", "whoami", "--json"]);
    assert_eq!(whoami["certificate"]["thumbprint"], json!(thumbprint));
    assert_eq!(whoami["method"], "certificate");

    // A tenant that has another one takes no assertion of this key.
    drop(tenant);
    let other = station.json(&["entra", "setup", "--certificate", "other.pem", "--json"]);
    assert_eq!(other["settings"]["certificate"]["file"], "other.pem");
    assert_ne!(other["thumbprint"], json!(thumbprint));
    let tenant = Tenant::start(TenantSetup {
        certificates: vec![fs::read(station.path("other.cer")).expect("bytes")],
        ..TenantSetup::default()
    })
    .expect("a tenant");
    let now = tenant.url();
    station.configure(&[
        (
            &format!("authority = \"{url}\""),
            &format!("authority = \"{now}\""),
        ),
        (&format!("graph = \"{url}\""), &format!("graph = \"{now}\"")),
    ]);
    let refused = station.run(&["entra", "whoami"]);
    assert_eq!(refused.status.code(), Some(6), "{}", err(&refused));
    assert!(err(&refused).contains("AADSTS700027"), "{}", err(&refused));
}

#[test]
fn nothing_is_written_over_and_no_half_pair_is_left() {
    let station = Station::new();
    let refused = |arguments: &[&str], code: i32, words: &str| {
        let before = station.everything();
        let output = station.run(&[&["entra", "setup", "--certificate"], arguments].concat());
        assert_eq!(output.status.code(), Some(code), "{}", err(&output));
        assert!(err(&output).contains(words), "{}", err(&output));
        // Not shown when it differs: a private key is among it.
        assert!(station.everything() == before, "{arguments:?} wrote");
    };
    let made = station.run(&["entra", "setup", "--certificate", "entra.pem"]);
    assert!(made.status.success(), "{}", err(&made));
    refused(&["entra.pem"], 2, "is there already");
    refused(&["entra.key"], 2, "entra.cer is there already");
    refused(&["next.cer"], 2, "needs another");
    refused(&["nowhere/entra.pem"], 8, "nowhere");
    fs::create_dir(station.path("taken.cer")).expect("a folder");
    refused(&["taken.pem"], 2, "taken.cer is there already");
    std::os::unix::fs::symlink("/nowhere", station.path("link.pem")).expect("a link");
    refused(&["link.pem"], 2, "link.pem is there already");

    // Where the configuration names a file, that is the place; a credential is none.
    let method = "\nmethod = \"client_secret\"";
    let with = |place: &str| format!("\nmethod = \"certificate\"\ncertificate = {{ {place} }}");
    station.configure(&[(method, &with("file = \"config/station.pem\""))]);
    let made = station.json(&["entra", "setup", "--certificate", "--json"]);
    assert_eq!(made["private"], "config/station.pem");
    assert_eq!(made["upload"], "config/station.cer");
    station.configure(&[(
        &with("file = \"config/station.pem\""),
        &with("credential = \"c\""),
    )]);
    refused(&[], 2, "names no file");
}
