//! `keyline entra …` as an administrator types it, on a station's folder and against the practice tenant. What it says never holds
//! a token.

use std::fs;
use std::io::{BufRead, BufReader, Read};
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::{Child, Command, Output, Stdio};

use keyline::practice::tenant::{SignInAnswer, Tenant, TenantSetup};
use serde_json::{Value, json};

use crate::papers::Papers;
use crate::wire::plain_client;

struct Station {
    home: tempfile::TempDir,
    tenant: Tenant,
}

impl Station {
    /// A station with these settings of `[entra]` besides the usual ones.
    fn new(setup: TenantSetup, settings: &str) -> Self {
        let home = tempfile::tempdir().unwrap();
        let client_id = setup.client_id.clone();
        let tenant = Tenant::start(setup).unwrap();
        let made = keyline(home.path())
            .args(["init", "--practice-identity", "identity.txt"])
            .current_dir(home.path())
            .output()
            .unwrap();
        assert!(made.status.success(), "{}", err(&made));
        let recipient = fs::read_to_string(home.path().join("config/station.toml")).unwrap();
        let recipients = recipient
            .lines()
            .find(|line| line.starts_with("recipients"))
            .unwrap();
        let url = tenant.url();
        fs::write(
            home.path().join("config/station.toml"),
            format!(
                "[entra]\ntenant = \"contoso.com\"\nclient_id = \"{client_id}\"\nauthority = \"{url}\"\ngraph = \"{url}\"\n{settings}\n\
                 [ledger]\n{recipients}\n"
            ),
        )
        .unwrap();
        Self { home, tenant }
    }

    fn run(&self, arguments: &[&str]) -> Output {
        keyline(self.home.path())
            .args(arguments)
            .stdin(Stdio::null())
            .output()
            .unwrap()
    }

    /// That neither of these holds a token.
    fn assert_no_token(&self, said: &[&str]) {
        for token in [self.tenant.tokens(), self.tenant.refresh_tokens()].concat() {
            for said in said {
                assert!(!said.contains(token.as_str()), "a token was shown");
            }
        }
    }
}

fn keyline(home: &Path) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_keyline"));
    command
        .current_dir(home)
        .env_remove("KEYLINE_LOG")
        .env_remove("DISPLAY")
        .env_remove("WAYLAND_DISPLAY")
        .env_remove("CREDENTIALS_DIRECTORY");
    command
}

fn out(output: &Output) -> String {
    String::from_utf8(output.stdout.clone()).unwrap()
}

fn err(output: &Output) -> String {
    String::from_utf8(output.stderr.clone()).unwrap()
}

/// A sign-in that runs: hands back what it says until a line fits.
struct SignIn {
    child: Child,
    stderr: BufReader<std::process::ChildStderr>,
    said: String,
}

impl SignIn {
    fn begin(station: &Station, arguments: &[&str]) -> Self {
        let mut child = keyline(station.home.path())
            .args(["entra", "login"])
            .args(arguments)
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let stderr = BufReader::new(child.stderr.take().unwrap());
        Self {
            child,
            stderr,
            said: String::new(),
        }
    }

    fn line(&mut self, fits: impl Fn(&str) -> bool) -> String {
        loop {
            let mut line = String::new();
            let count = self.stderr.read_line(&mut line).unwrap();
            assert_ne!(count, 0, "it ended before that:\n{}", self.said);
            self.said.push_str(&line);
            if fits(line.trim()) {
                return line.trim().to_owned();
            }
        }
    }

    /// Waits for its end: exit code, stderr, stdout.
    fn end(mut self) -> (Option<i32>, String, String) {
        self.stderr.read_to_string(&mut self.said).unwrap();
        let output = self.child.wait_with_output().unwrap();
        (output.status.code(), self.said, out(&output))
    }
}

const DELEGATED: &str = "method = \"delegated\"";

/// A device code that may be asked about every second.
fn quick() -> TenantSetup {
    TenantSetup {
        device_interval_seconds: 1,
        ..TenantSetup::default()
    }
}

#[test]
fn an_administrator_signs_in_by_a_code_is_known_and_signs_out() {
    let station = Station::new(quick(), DELEGATED);
    let checked = station.run(&["check", "config/station.toml"]);
    assert!(err(&checked).contains("No administrator has signed in here"));

    // Without a desktop it is the code that is taken.
    let mut login = SignIn::begin(&station, &[]);
    let line = login.line(|line| line.starts_with("and type"));
    let code = line.rsplit(' ').next().unwrap();
    assert!(station.tenant.answer_device(code, SignInAnswer::Approve));
    let (exit, said, answer) = login.end();
    assert_eq!(exit, Some(0), "{said}");
    assert!(
        said.contains("practice/device") && said.contains("Signed in."),
        "{said}"
    );
    assert!(
        answer.contains("Practice Administrator (admin@contoso.com)"),
        "{answer}"
    );

    let whoami = station.run(&["entra", "whoami", "--json"]);
    let known: Value = serde_json::from_slice(&whoami.stdout).unwrap();
    assert_eq!(known["method"], "delegated");
    assert_eq!(known["account"], "admin@contoso.com");
    assert_eq!(known["tenant"], "contoso.com");
    assert_eq!(
        known["permissions"],
        json!(["UserAuthMethod-Passkey.ReadWrite.All"])
    );
    assert!(known["signed_in"].is_string() && known["token_expires"].is_string());
    station.assert_no_token(&[&said, &answer, &out(&whoami), &err(&whoami)]);
    let checked = station.run(&["check", "config/station.toml"]);
    assert!(checked.status.success(), "{}", err(&checked));

    let out_of_it = station.run(&["entra", "logout"]);
    assert!(
        out(&out_of_it).contains("Revoke sessions"),
        "{}",
        out(&out_of_it)
    );
    let again = station.run(&["entra", "logout"]);
    assert_eq!(out(&again), "Nobody was signed in at this station.\n");
    let whoami = station.run(&["entra", "whoami"]);
    assert_eq!(whoami.status.code(), Some(6));
    assert!(
        err(&whoami).contains("keyline entra login"),
        "{}",
        err(&whoami)
    );
}

#[test]
fn an_administrator_signs_in_in_a_browser() {
    let station = Station::new(TenantSetup::default(), DELEGATED);
    let mut login = SignIn::begin(&station, &["--browser"]);
    let address = login.line(|line| line.starts_with("http"));
    let page = plain_client().get(address).send().unwrap().text().unwrap();
    let link = page
        .split('"')
        .find(|part| part.contains("answer=approve"))
        .unwrap()
        .replace("&amp;", "&");
    // This browser goes where it is sent.
    let page = plain_client().get(link).send().unwrap().text().unwrap();
    assert!(page.contains("keyline has its answer"), "{page}");
    let (exit, said, answer) = login.end();
    assert_eq!(exit, Some(0), "{said}");
    assert!(answer.contains("admin@contoso.com"), "{answer}");
    station.assert_no_token(&[&said, &answer, &page]);
}

#[test]
fn a_sign_in_that_is_declined_ends_with_six() {
    let station = Station::new(quick(), DELEGATED);
    let mut login = SignIn::begin(&station, &["--device-code"]);
    let line = login.line(|line| line.starts_with("and type"));
    let code = line.rsplit(' ').next().unwrap();
    assert!(station.tenant.answer_device(code, SignInAnswer::Decline));
    let (exit, said, answer) = login.end();
    assert_eq!((exit, answer.as_str()), (Some(6), ""));
    assert!(said.contains("the sign-in was declined"), "{said}");
    assert_eq!(
        fs::read_dir(station.home.path().join("ledger"))
            .unwrap()
            .flatten()
            .filter(|entry| { entry.file_name() == keyline::adapter::entra::SEALED_FILE })
            .count(),
        0
    );
}

#[test]
fn a_station_that_signs_in_as_itself_says_so() {
    let station = Station::new(
        TenantSetup::default(),
        "client_secret = { file = \"secret\" }",
    );
    let secret = TenantSetup::default().client_secret;
    let file = station.home.path().join("secret");
    fs::write(&file, &*secret).unwrap();
    fs::set_permissions(&file, fs::Permissions::from_mode(0o600)).unwrap();
    let whoami = station.run(&["entra", "whoami"]);
    assert!(whoami.status.success(), "{}", err(&whoami));
    let told = out(&whoami);
    assert!(told.contains("as itself, with a client secret"), "{told}");
    assert!(
        told.contains("UserAuthMethod-Passkey.ReadWrite.All"),
        "{told}"
    );
    assert!(!told.contains(secret.as_str()));
    station.assert_no_token(&[&told, &err(&whoami)]);
    let login = station.run(&["entra", "login"]);
    assert_eq!(login.status.code(), Some(2));
    assert!(
        err(&login).contains("method = \"delegated\""),
        "{}",
        err(&login)
    );
    assert!(!station.home.path().join("keys/sign-in.key").exists());
}

#[test]
fn a_station_with_a_certificate_shows_which() {
    let papers = Papers::new();
    let setup = TenantSetup {
        certificates: vec![papers.der()],
        ..TenantSetup::default()
    };
    let station = Station::new(
        setup,
        "method = \"certificate\"\ncertificate = { file = \"station.pem\" }",
    );
    let file = station.home.path().join("station.pem");
    fs::copy(papers.path("station.pem"), &file).unwrap();
    let whoami = station.run(&["entra", "whoami"]);
    assert!(whoami.status.success(), "{}", err(&whoami));
    let printed = papers.openssl("x509 -in cert.pem -noout -fingerprint -sha256");
    let printed = String::from_utf8(printed).unwrap().replace(':', "");
    let thumbprint = printed.trim().rsplit('=').next().unwrap();
    assert!(out(&whoami).contains(thumbprint), "{}", out(&whoami));
    let checked = station.run(&["check", "config/station.toml"]);
    assert!(checked.status.success(), "{}", err(&checked));
    fs::write(&file, papers.text("cert.pem")).unwrap();
    let checked = station.run(&["check", "config/station.toml"]);
    assert!(!checked.status.success());
    assert!(
        err(&checked).contains("no private key in it"),
        "{}",
        err(&checked)
    );
}

#[test]
fn the_check_warns_of_a_certificate_that_ends_soon_and_of_a_secret_that_others_can_read() {
    let papers = Papers::new();
    papers.openssl("req -x509 -key key.pem -subj /CN=station-1 -days 20 -out cert.pem");
    let setup = || TenantSetup::default();
    let station = Station::new(
        setup(),
        "method = \"certificate\"\ncertificate = { file = \"station.pem\" }",
    );
    let both = papers.join("both.pem", &["key.pem", "cert.pem"]);
    fs::copy(both, station.home.path().join("station.pem")).unwrap();
    let checked = station.run(&["check", "config/station.toml"]);
    let told = out(&checked) + &err(&checked);
    assert!(
        checked.status.success() && told.contains("ends in 19 days"),
        "{told}"
    );

    let station = Station::new(setup(), "client_secret = { file = \"secret\" }");
    let secret = station.home.path().join("secret");
    fs::write(&secret, &*setup().client_secret).unwrap();
    fs::set_permissions(&secret, fs::Permissions::from_mode(0o644)).unwrap();
    let checked = station.run(&["check", "config/station.toml"]);
    let told = out(&checked) + &err(&checked);
    assert!(
        checked.status.code() == Some(2)
            && told.contains("secret is open to others (mode 644); run: chmod 600 "),
        "{told}"
    );
    fs::set_permissions(&secret, fs::Permissions::from_mode(0o600)).unwrap();
    let checked = station.run(&["check", "config/station.toml"]);
    assert!(checked.status.success(), "{}", err(&checked));
}

#[test]
fn another_cloud_is_refused_at_the_check_and_at_the_start() {
    for (setting, host) in [
        ("authority", "login.microsoftonline.us"),
        ("graph", "graph.microsoft.us"),
        ("graph", "dod-graph.microsoft.us"),
        ("authority", "login.partner.microsoftonline.cn"),
        ("graph", "microsoftgraph.chinacloudapi.cn"),
        ("authority", "login.sovcloud-identity.fr"),
        ("graph", "graph.svc.sovcloud.de"),
    ] {
        let home = tempfile::tempdir().unwrap();
        fs::create_dir(home.path().join("config")).unwrap();
        let file = home.path().join("config/station.toml");
        let text = format!(
            "[entra]\ntenant = \"contoso.com\"\nclient_id = \"{}\"\n{setting} = \"https://{host}\"\n",
            TenantSetup::default().client_id
        );
        fs::write(&file, text).unwrap();
        for arguments in [
            vec!["check", "config/station.toml"],
            vec!["run"],
            vec!["entra", "whoami"],
        ] {
            let output = keyline(home.path()).args(&arguments).output().unwrap();
            assert_eq!(output.status.code(), Some(2), "{arguments:?}");
            let told = err(&output);
            assert!(
                told.contains(host)
                    && told.contains(
                        "Microsoft offers the passkey provisioning API in the global cloud only"
                    ),
                "{told}"
            );
        }
    }
}
