//! How the console comes up with a station: at a port or at none, under TLS, and never in clear where others could listen.

use std::net::TcpListener;
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::Arc;

use keyline::adapter::entra::SecretSource;
use keyline::app::board::News;
use keyline::domain::account::{AccountChange, Role};
use keyline::face::control::{Answer, Ask};
use keyline::face::prompt::Prompt;
use keyline::port::Keeping;
use keyline::practice::tenant::TenantSetup;
use keyline::wire::WireFault;
use keyline::wire::console::{Console, serve};
use reqwest::blocking::Client;

use super::line::{Knows, Line, write};

/// Serves the console of a station that has nothing to do, and does something with it before the station runs.
fn with_console<T>(
    line: &Line,
    act: impl FnOnce(Result<Option<Console>, WireFault>, Vec<News>) -> T,
) -> T {
    with_console_asking(line, |_| (), act)
}

/// As [`with_console`]; `hear` hears what the console asks of the station.
fn with_console_asking<T>(
    line: &Line,
    hear: impl Fn(&Ask) + Send + Sync + 'static,
    act: impl FnOnce(Result<Option<Console>, WireFault>, Vec<News>) -> T,
) -> T {
    let (send, told) = std::sync::mpsc::channel();
    let config = line.config.clone();
    line.run_attended(Knows::nothing(), Vec::new(), |parts, handle| {
        let answer = Arc::new(move |asked: &Ask| {
            hear(asked);
            Answer::Done {
                message: String::new(),
                facts: serde_json::Value::Null,
            }
        });
        let served = serve(
            &config,
            parts,
            handle,
            answer,
            &Arc::new(Prompt::new(false)),
        );
        let news = parts.board.take_news();
        drop(send.send(act(served, news)));
    });
    told.recv().expect("it was attended")
}

fn line(listen: &str) -> Line {
    let home = tempfile::tempdir().expect("a folder");
    let settings = vec![
        ("queue", "settle_milliseconds", toml::Value::Integer(50)),
        ("console", "listen", listen.into()),
    ];
    Line::set(home, 1, TenantSetup::default(), settings)
}

/// A certificate of its own, and its key, as files.
fn certificate(folder: &Path) -> (PathBuf, PathBuf, String) {
    let names = vec!["localhost".to_owned(), "127.0.0.1".to_owned()];
    let made = rcgen::generate_simple_self_signed(names).expect("a certificate");
    let (certificate, key) = (folder.join("console.pem"), folder.join("console.key"));
    write(&certificate, &made.cert.pem());
    write(&key, &made.signing_key.serialize_pem());
    (certificate, key, made.cert.pem())
}

#[test]
fn under_tls_the_session_is_tied_to_this_very_host() {
    let mut line = line("127.0.0.1:0");
    let (certificate, key, pem) = certificate(line.home.path());
    line.config.console.certificate = Some(SecretSource::File(certificate));
    line.config.console.key = Some(SecretSource::File(key));
    let (tell, asked) = std::sync::mpsc::channel();
    let hear = move |asked: &Ask| drop(tell.send(asked.clone()));
    let (link, cookie, plain) = with_console_asking(&line, hear, |served, news| {
        let console = served.expect("a certificate").expect("a console");
        assert_eq!(news, Vec::new());
        let link = console.first_link.clone().expect("nobody has an account");
        let _ = rustls::crypto::ring::default_provider().install_default();
        let root = reqwest::Certificate::from_pem(pem.as_bytes()).expect("a certificate");
        let client = Client::builder()
            .no_proxy()
            .tls_certs_only([root])
            .redirect(reqwest::redirect::Policy::none())
            .build()
            .expect("a client");
        let token = link.split('=').nth(1).expect("a token");
        let made = client
            .post(format!("{}/first", console.address))
            .header("origin", &console.address)
            .header("content-type", "application/x-www-form-urlencoded")
            .body(format!(
                "token={token}&name=ada&passphrase=three+words+in+a+row&again=three+words+in+a+row"
            ))
            .send()
            .expect("an answer");
        assert_eq!(made.status(), 303);
        let cookie = made.headers()["set-cookie"]
            .to_str()
            .expect("text")
            .to_owned();
        let plain = client
            .get(console.address.replace("https:", "http:"))
            .send()
            .is_ok_and(|answer| answer.status().is_success());
        (link, cookie, plain)
    });
    assert!(link.starts_with("https://127.0.0.1:"), "{link}");
    assert!(cookie.starts_with("__Host-keyline="), "{cookie}");
    assert!(
        cookie.ends_with("; Path=/; HttpOnly; SameSite=Strict; Secure"),
        "{cookie}"
    );
    assert!(!plain, "nothing is said in clear");
    let change = AccountChange::Added {
        role: Role::Administrator,
    };
    let noted = Ask::Keep {
        keeping: Keeping::Account {
            name: "ada".parse().expect("a name"),
            change,
        },
        actor: "console".to_owned(),
    };
    assert_eq!(asked.try_iter().collect::<Vec<_>>(), [noted]);
}

#[test]
fn a_certificate_that_cannot_be_used_is_told_and_never_quoted() {
    let mut line = line("127.0.0.1:0");
    let (certificate, key, _) = certificate(line.home.path());
    let text = std::fs::read_to_string(&key).expect("a key");
    let inside = text.lines().nth(1).expect("a line").to_owned();
    let mut refused = |certificate: &Path, key: &Path, words: &str| {
        line.config.console.certificate = Some(SecretSource::File(certificate.to_owned()));
        line.config.console.key = Some(SecretSource::File(key.to_owned()));
        let told = with_console(&line, |served, _| {
            served.map(|_| ()).expect_err(words).to_string()
        });
        assert!(
            told.contains(words) && told.contains("station.toml"),
            "{told}"
        );
        assert!(!told.contains(&inside), "{told}");
    };
    refused(&certificate, &certificate, "holds no private key");
    refused(&key, &key, "holds no certificate");
    let nowhere = certificate.with_file_name("nowhere.pem");
    refused(&nowhere, &key, "No such file");
    let other = tempfile::tempdir().expect("a folder");
    let (_, strange, _) = self::certificate(other.path());
    refused(&certificate, &strange, "certificate and key");
    let open = certificate.with_file_name("open.key");
    std::fs::OpenOptions::new()
        .create(true)
        .write(true)
        .truncate(true)
        .mode(0o644)
        .open(&open)
        .expect("a file");
    std::fs::write(&open, &text).expect("a file");
    std::fs::set_permissions(&open, std::os::unix::fs::PermissionsExt::from_mode(0o644))
        .expect("its mode");
    refused(&certificate, &open, "is open to others (mode 644)");
}

#[test]
fn a_port_that_is_taken_keeps_no_station_from_its_work() {
    let taken = TcpListener::bind("127.0.0.1:0").expect("a port");
    let address = taken.local_addr().expect("an address").to_string();
    let line = line(&address);
    let news = with_console(&line, |served, news| {
        assert!(served.expect("no fault").is_none());
        news
    });
    let [News::Trouble { what }] = news.as_slice() else {
        panic!("{news:?}");
    };
    assert!(
        what.contains(&address) && what.contains("another program listens there"),
        "{what}"
    );
}

#[test]
fn a_station_without_a_console_has_none() {
    let line = line("");
    assert!(with_console(&line, |served, news| served
        .expect("no fault")
        .is_none()
        && news.is_empty()));
}

#[test]
fn in_clear_it_is_for_this_computer_alone() {
    for listen in ["0.0.0.0:0", "[::]:0", "192.0.2.1:8137"] {
        let line = line(listen);
        let run = Command::new(env!("CARGO_BIN_EXE_keyline"))
            .args(["run", "--until-empty", "--config"])
            .arg(&line.config.file)
            .output()
            .expect("the program");
        let told = String::from_utf8_lossy(&run.stderr);
        assert_eq!(run.status.code(), Some(2), "{told}");
        assert!(
            told.contains("[console] listen is") && told.contains("that takes TLS"),
            "{told}"
        );
    }
}
