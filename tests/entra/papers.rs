//! Keys and certificates, made by `openssl` and not by us: what a station signs in with, and what it should refuse.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

/// What the PKCS#12 files are locked with.
pub(crate) const PASSWORD: &str = "practice~password";

/// A folder that goes with the test.
pub(crate) struct Papers(tempfile::TempDir);

/// Runs `openssl` in `folder`, with `input` on its stdin; its stdout.
pub(crate) fn openssl(folder: &Path, arguments: &str) -> Vec<u8> {
    let output = Command::new("openssl")
        .args(arguments.split(' '))
        .current_dir(folder)
        .stdin(Stdio::null())
        .output()
        .expect("openssl is installed (Debian's package openssl)");
    assert!(
        output.status.success(),
        "openssl {arguments}: {}",
        String::from_utf8_lossy(&output.stderr)
    );
    output.stdout
}

impl Papers {
    /// A station's key and its certificate, in one file that nobody else can read.
    pub(crate) fn new() -> Self {
        let papers = Self(tempfile::tempdir().unwrap());
        papers.openssl("genpkey -algorithm RSA -pkeyopt rsa_keygen_bits:2048 -out key.pem");
        papers.openssl("req -x509 -key key.pem -subj /CN=station-1 -days 365 -out cert.pem");
        papers.join("station.pem", &["key.pem", "cert.pem"]);
        papers
    }

    pub(crate) fn openssl(&self, arguments: &str) -> Vec<u8> {
        openssl(self.0.path(), arguments)
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    pub(crate) fn text(&self, name: &str) -> String {
        fs::read_to_string(self.path(name)).unwrap()
    }

    /// Writes a file of mode 0600.
    pub(crate) fn write(&self, name: &str, bytes: impl AsRef<[u8]>) -> PathBuf {
        let path = self.path(name);
        fs::write(&path, bytes).unwrap();
        self.mode(name, 0o600);
        path
    }

    /// One file out of several.
    pub(crate) fn join(&self, name: &str, parts: &[&str]) -> PathBuf {
        let texts: Vec<String> = parts.iter().map(|part| self.text(part)).collect();
        self.write(name, texts.concat())
    }

    pub(crate) fn mode(&self, name: &str, mode: u32) {
        fs::set_permissions(self.path(name), fs::Permissions::from_mode(mode)).unwrap();
    }

    /// The certificate as it is registered.
    pub(crate) fn der(&self) -> Vec<u8> {
        self.openssl("x509 -in cert.pem -outform DER")
    }

    /// A PKCS#12 file of the key and the certificate.
    pub(crate) fn pkcs12(&self, name: &str, how: &str) -> PathBuf {
        self.openssl(&format!(
            "pkcs12 -export {how}-inkey key.pem -in cert.pem -passout pass:{PASSWORD} -out {name}"
        ));
        self.mode(name, 0o600);
        self.path(name)
    }
}
