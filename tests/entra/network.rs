//! Networks that look into what passes: a proxy out of the environment, and an authority of one's own in `ca_file`. The program
//! itself speaks TLS through a proxy on loopback to what takes itself for Microsoft.

use std::fs;
use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::{Command, Output, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::JoinHandle;

use keyline::practice::tenant::{Tenant, TenantSetup};
use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, IsCa, KeyPair};
use rustls::pki_types::PrivateKeyDer;

use crate::wire::is_whole;

const AUTHORITY: &str = "login.contoso.test";
const GRAPH: &str = "graph.contoso.test";

/// A proxy that opens what it is asked to tunnel, shows a certificate for it, and hands the requests to the tenant.
struct Inspector {
    port: u16,
    over: Arc<AtomicBool>,
    thread: Option<JoinHandle<Vec<String>>>,
    /// The authority that signs its certificates, PEM.
    ca: String,
}

impl Inspector {
    fn start(tenant: &Tenant) -> Self {
        let _ = rustls::crypto::ring::default_provider().install_default();
        let mut params = CertificateParams::default();
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        let ca = CertifiedIssuer::self_signed(params, KeyPair::generate().unwrap()).unwrap();
        let key = KeyPair::generate().unwrap();
        let names = vec![AUTHORITY.to_owned(), GRAPH.to_owned()];
        let leaf = CertificateParams::new(names)
            .unwrap()
            .signed_by(&key, &ca)
            .unwrap();
        let tls = rustls::ServerConfig::builder()
            .with_no_client_auth()
            .with_single_cert(
                vec![leaf.der().clone()],
                PrivateKeyDer::try_from(key.serialize_der()).unwrap(),
            )
            .unwrap();
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = listener.local_addr().unwrap().port();
        let upstream = tenant.url().port().unwrap();
        let over = Arc::new(AtomicBool::new(false));
        let (tls, ended) = (Arc::new(tls), over.clone());
        let thread = std::thread::spawn(move || {
            let mut tunnels = Vec::new();
            for stream in listener.incoming() {
                if ended.load(Ordering::SeqCst) {
                    break;
                }
                tunnels.extend(tunnel(stream.unwrap(), &tls, upstream));
            }
            tunnels
        });
        Self {
            port,
            over,
            thread: Some(thread),
            ca: ca.pem(),
        }
    }

    /// The first lines of what it was asked.
    fn stop(mut self) -> Vec<String> {
        self.over.store(true, Ordering::SeqCst);
        // Wakes the one that waits for a connection.
        drop(TcpStream::connect(("127.0.0.1", self.port)));
        self.thread.take().unwrap().join().unwrap()
    }
}

/// Serves one connection; its first line.
fn tunnel(mut stream: TcpStream, tls: &Arc<rustls::ServerConfig>, upstream: u16) -> Option<String> {
    let mut head = Vec::new();
    let mut byte = [0];
    while !head.ends_with(b"\r\n\r\n") {
        if stream.read(&mut byte).ok()? == 0 {
            return None;
        }
        head.push(byte[0]);
    }
    let first = String::from_utf8(head).unwrap();
    let first = first.lines().next().unwrap().to_owned();
    stream.write_all(b"HTTP/1.1 200 OK\r\n\r\n").unwrap();
    let connection = rustls::ServerConnection::new(tls.clone()).unwrap();
    let mut inside = rustls::StreamOwned::new(connection, stream);
    // One request for each tunnel: the answer says that the connection closes.
    let mut request = Vec::new();
    let mut chunk = [0; 4096];
    while !is_whole(&request) {
        // A client that does not trust the certificate goes away here.
        let Ok(count @ 1..) = inside.read(&mut chunk) else {
            return Some(first);
        };
        request.extend(&chunk[..count]);
    }
    let request = String::from_utf8(request).unwrap();
    let request = request.replacen("\r\n", "\r\nconnection: close\r\n", 1);
    let mut outside = TcpStream::connect(("127.0.0.1", upstream)).unwrap();
    outside.write_all(request.as_bytes()).unwrap();
    let mut answer = Vec::new();
    outside.read_to_end(&mut answer).unwrap();
    inside.write_all(&answer).unwrap();
    inside.conn.send_close_notify();
    let _ = inside.flush();
    Some(first)
}

/// A station's configuration before that network.
fn configuration(home: &Path, ca_file: &str) {
    fs::create_dir_all(home.join("config")).unwrap();
    let secret = home.join("secret");
    fs::write(&secret, &*TenantSetup::default().client_secret).unwrap();
    fs::set_permissions(&secret, fs::Permissions::from_mode(0o600)).unwrap();
    let client_id = TenantSetup::default().client_id;
    fs::write(
        home.join("config/station.toml"),
        format!(
            "[entra]\ntenant = \"contoso.com\"\nclient_id = \"{client_id}\"\nclient_secret = {{ file = \"secret\" }}\n\
             authority = \"https://{AUTHORITY}\"\ngraph = \"https://{GRAPH}\"\nca_file = \"{ca_file}\"\n"
        ),
    )
    .unwrap();
}

fn whoami(home: &Path, proxy: u16) -> Output {
    Command::new(env!("CARGO_BIN_EXE_keyline"))
        .args(["entra", "whoami", "--json", "--config"])
        .arg(home.join("config/station.toml"))
        .env_remove("KEYLINE_LOG")
        .env_remove("NO_PROXY")
        .env_remove("no_proxy")
        .env("HTTPS_PROXY", format!("http://127.0.0.1:{proxy}"))
        .stdin(Stdio::null())
        .output()
        .unwrap()
}

#[test]
fn a_station_signs_in_through_the_systems_proxy_and_an_authority_of_the_network() {
    let home = tempfile::tempdir().unwrap();
    let tenant = Tenant::start(TenantSetup::default()).unwrap();
    let inspector = Inspector::start(&tenant);
    fs::write(home.path().join("ca.pem"), &inspector.ca).unwrap();
    configuration(home.path(), "ca.pem");
    let output = whoami(home.path(), inspector.port);
    let seen = inspector.stop();
    let said = String::from_utf8(output.stderr).unwrap();
    assert!(output.status.success(), "{said}");
    let answer: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(
        answer["permissions"],
        serde_json::json!(["UserAuthMethod-Passkey.ReadWrite.All"])
    );
    assert_eq!(seen, [format!("CONNECT {AUTHORITY}:443 HTTP/1.1")]);
}

#[test]
fn a_network_whose_authority_is_not_named_sees_nothing_but_the_attempt() {
    let home = tempfile::tempdir().unwrap();
    let tenant = Tenant::start(TenantSetup::default()).unwrap();
    let inspector = Inspector::start(&tenant);
    configuration(home.path(), "");
    let output = whoami(home.path(), inspector.port);
    let seen = inspector.stop();
    assert_eq!(output.status.code(), Some(6));
    let said = String::from_utf8(output.stderr).unwrap();
    assert!(said.contains("ertificate"), "{said}");
    assert_eq!(seen.len(), 4, "as often as anything that was not sent");
    assert!(tenant.tokens().is_empty());
}

#[test]
fn a_ca_file_that_cannot_be_used_is_told_before_anything_is_sent() {
    let home = tempfile::tempdir().unwrap();
    fs::write(home.path().join("empty.pem"), "").unwrap();
    fs::write(
        home.path().join("torn.pem"),
        "-----BEGIN CERTIFICATE-----\nMIIB",
    )
    .unwrap();
    for (file, words) in [
        ("none.pem", "No such file"),
        ("empty.pem", "there is no certificate in it"),
        ("torn.pem", "ca_file"),
    ] {
        configuration(home.path(), file);
        // No proxy listens there, so anything that is sent would be told as unreachable.
        let output = whoami(home.path(), 1);
        assert_eq!(output.status.code(), Some(2), "{file}");
        let said = String::from_utf8(output.stderr).unwrap();
        assert!(said.contains(words) && said.contains(file), "{said}");
    }
}

/// `reqwest` and `rustls` name everything so that weakens the check of a certificate.
#[test]
fn nothing_on_the_way_to_entra_turns_the_check_of_certificates_off() {
    let mut folders = vec![Path::new("src/adapter/entra").to_owned()];
    let mut files = 0;
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|ending| ending == "rs") {
                files += 1;
                let text = fs::read_to_string(&path).unwrap();
                let weak = text.contains(concat!("danger", "_")) || text.contains("dangerous()");
                assert!(!weak, "{}", path.display());
            }
        }
    }
    assert!(files > 20, "only {files} files");
}
