//! The second opinion: libfido2's command line tools, at the same nodes as the program. They find keys by their own means and share
//! no line with it.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::io::Write as _;
use std::process::{Command, Output, Stdio};

use base64::Engine as _;
use base64::prelude::{BASE64_STANDARD, BASE64_URL_SAFE_NO_PAD};
use ciborium::Value;
use keyline::domain::credential::CredentialId;
use keyline::practice::tenant::Tenant;
use sha2::{Digest as _, Sha256};
use zeroize::Zeroizing;

const RP_ID: &str = "login.microsoft.com";

/// A FIDO key on a node, as `fido2-token -L` lists it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Listed {
    pub(crate) node: String,
    pub(crate) vendor: u32,
    pub(crate) product: u32,
}

/// What `fido2-token -I` says of a key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Told {
    pub(crate) versions: Vec<String>,
    /// 32 hexadecimal digits.
    pub(crate) aaguid: String,
    pub(crate) has_pin: bool,
}

/// All FIDO keys, by product number.
pub(crate) fn list() -> BTreeMap<u32, Listed> {
    let output = Command::new("fido2-token").arg("-L").output().unwrap();
    let said = succeeded(&output);
    print!("{said}");
    said.lines()
        .map(|line| {
            // /dev/hidraw0: vendor=0x1209, product=0x0001 ( )
            let (node, about) = line.split_once(": ").unwrap();
            let number = |name: &str| {
                let (_, rest) = about.split_once(name).unwrap();
                let digits: String = rest.chars().take_while(char::is_ascii_hexdigit).collect();
                u32::from_str_radix(&digits, 16).unwrap()
            };
            let listed = Listed {
                node: node.to_owned(),
                vendor: number("vendor=0x"),
                product: number("product=0x"),
            };
            (listed.product, listed)
        })
        .collect()
}

/// getInfo of the key at `node`.
pub(crate) fn ask(node: &str) -> Told {
    let output = Command::new("fido2-token")
        .args(["-I", node])
        .output()
        .unwrap();
    let said = succeeded(&output);
    print!("{said}");
    let value = |name: &str| {
        let line = said.lines().find_map(|line| line.strip_prefix(name));
        line.unwrap_or_else(|| panic!("no {name} in {said}")).trim()
    };
    let list = |name: &str| -> Vec<String> {
        value(name)
            .split(", ")
            .map(|word| word.trim().to_owned())
            .collect()
    };
    Told {
        versions: list("version strings:"),
        aaguid: value("aaguid:").to_owned(),
        has_pin: list("options:").contains(&"clientPin".to_owned()),
    }
}

/// Signs `user` in with the key at `node` and the PIN, as a browser would; the tenant judges. With a PIN that is not the key's, the
/// tool's complaint.
pub(crate) fn sign_in(
    node: &str,
    pin: &Zeroizing<String>,
    tenant: &Tenant,
    user: &str,
    credential: &CredentialId,
) -> Result<(), String> {
    let challenge = BASE64_URL_SAFE_NO_PAD.encode(uuid::Uuid::new_v4());
    let client_data = format!(
        r#"{{"type":"webauthn.get","challenge":"{challenge}","origin":"https://{RP_ID}","crossOrigin":false}}"#
    );
    let mut parameters = String::new();
    for line in [
        BASE64_STANDARD.encode(Sha256::digest(&client_data)),
        RP_ID.to_owned(),
        BASE64_STANDARD.encode(&credential.0),
    ] {
        writeln!(parameters, "{line}").unwrap();
    }
    let file = tempfile::NamedTempFile::new().unwrap();
    std::fs::write(file.path(), parameters).unwrap();
    // Touch and PIN; without a terminal it reads the PIN from its standard input.
    let mut tool = Command::new("fido2-assert")
        .args(["-G", "-p", "-v", "-i"])
        .arg(file.path())
        .arg(node)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut keyboard = tool.stdin.take().unwrap();
    keyboard.write_all(pin.as_bytes()).unwrap();
    keyboard.write_all(b"\n").unwrap();
    drop(keyboard);
    let output = tool.wait_with_output().unwrap();
    if !output.status.success() {
        return Err(String::from_utf8_lossy(&output.stderr).into_owned());
    }
    let said = succeeded(&output);
    // Hash, relying party, authenticator data as a CBOR byte string, signature; all but the second in base64.
    let lines: Vec<&str> = said.lines().collect();
    let decoded = |line: usize| BASE64_STANDARD.decode(lines[line]).unwrap();
    let Value::Bytes(data) = ciborium::from_reader(decoded(2).as_slice()).unwrap() else {
        panic!("authenticator data: {said}");
    };
    let signed = tenant
        .verify_assertion(user, &data, client_data.as_bytes(), &decoded(3))
        .unwrap();
    assert_eq!(signed.challenge, challenge);
    assert_eq!(&signed.credential_id, credential);
    Ok(())
}

fn succeeded(output: &Output) -> String {
    let complaint = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{:?}: {complaint}", output.status);
    String::from_utf8(output.stdout.clone()).unwrap()
}
