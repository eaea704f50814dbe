//! Microsoft Graph's answers, through the whole adapter: a server on loopback says whatever it is told, on every request.

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::sync::{Arc, Mutex, OnceLock, PoisonError};
use std::time::Duration;

use keyline::adapter::entra::{Api, Entra, EntraConfig, SecretSource};
use keyline::domain::authenticator::Aaguid;
use keyline::domain::credential::{Attestation, CredentialId, MethodId};
use keyline::domain::time::Timestamp;
use keyline::port::{CancelFlag, Clock, RelyingParty as _};
use url::Url;

/// 2026-03-02T09:30:00Z.
const NOW: Timestamp = Timestamp(1_772_443_800_000);
const STATUSES: [&str; 10] = [
    "200 OK",
    "201 Created",
    "204 No Content",
    "302 Found",
    "400 Bad Request",
    "401 Unauthorized",
    "404 Not Found",
    "409 Conflict",
    "429 Too Many Requests",
    "503 Service Unavailable",
];

/// A clock that neither goes on nor waits.
struct Still;

impl Clock for Still {
    fn now(&self) -> Timestamp {
        NOW
    }

    fn today(&self) -> jiff::civil::Date {
        jiff::civil::date(2026, 3, 2)
    }

    fn wait(&self, _: Duration, cancel: &CancelFlag) -> bool {
        !cancel.is_cancelled()
    }
}

/// What the service says next. Once it is set, the token endpoint says the same.
struct Said {
    status: &'static str,
    body: Vec<u8>,
    tokens_too: bool,
}

struct Service {
    said: Arc<Mutex<Said>>,
    url: Url,
    _secret: tempfile::NamedTempFile,
    secret: SecretSource,
}

/// Lets the adapter read the bytes as the answer to each of its requests. The first byte chooses the status, and whether
/// the token comes with the same words.
///
/// # Panics
/// Only when keyline has a defect, or this machine has no loopback.
pub fn graph(bytes: &[u8]) {
    let Some((choice, body)) = bytes.split_first() else {
        return;
    };
    static SERVICE: OnceLock<Mutex<Service>> = OnceLock::new();
    let service = SERVICE
        .get_or_init(|| Mutex::new(Service::start()))
        .lock()
        .unwrap_or_else(PoisonError::into_inner);
    *service.said.lock().unwrap_or_else(PoisonError::into_inner) = Said {
        status: STATUSES[usize::from(choice & 0x7F) % STATUSES.len()],
        body: body.to_vec(),
        tokens_too: choice & 0x80 != 0,
    };
    let entra = service.adapter();
    let user = "anna.lang@contoso.com";
    let _ = entra.ready();
    let _ = entra.creation_options(user);
    let _ = entra.credentials(user);
    let _ = entra.register(user, "Key 4711", &attestation());
    let _ = entra.delete(user, &MethodId("method".to_owned()));
}

fn attestation() -> Attestation {
    Attestation {
        credential_id: CredentialId(vec![1; 16]),
        aaguid: Aaguid([0; 16]),
        client_data_json: b"{}".to_vec(),
        attestation_object: vec![0xA0],
        format: "packed".to_owned(),
        credential_protection: None,
        hmac_secret: false,
        algorithm: -7,
    }
}

impl Service {
    fn start() -> Self {
        let _ = rustls::crypto::ring::default_provider().install_default();
        let listener = TcpListener::bind("127.0.0.1:0").expect("loopback");
        let address = listener.local_addr().expect("an address");
        let said = Arc::new(Mutex::new(Said {
            status: "200 OK",
            body: Vec::new(),
            tokens_too: false,
        }));
        let theirs = said.clone();
        std::thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let said = theirs.clone();
                std::thread::spawn(move || converse(stream, &said));
            }
        });
        let mut file = tempfile::NamedTempFile::new().expect("a file");
        file.write_all(b"not a secret").expect("a file");
        Self {
            said,
            url: Url::parse(&format!("http://{address}/")).expect("a URL"),
            secret: SecretSource::File(file.path().to_owned()),
            _secret: file,
        }
    }

    /// A fresh adapter, so that no case lives on the token of another.
    fn adapter(&self) -> Entra {
        let config = EntraConfig {
            tenant: "contoso.com".to_owned(),
            client_id: "5f1b6ba4-3f1c-4d6e-9d0a-6a1d3a0f4c11".to_owned(),
            authority: self.url.clone(),
            graph: self.url.clone(),
            api: Api::V1_0,
            challenge_timeout_minutes: None,
            timeout: Duration::from_secs(5),
            ca_file: None,
        };
        Entra::new(
            config,
            self.secret.clone(),
            Arc::new(Still),
            CancelFlag::default(),
        )
        .expect("a good configuration")
    }
}

/// Answers requests until the other side hangs up.
fn converse(stream: TcpStream, said: &Mutex<Said>) {
    let Ok(mut answers) = stream.try_clone() else {
        return;
    };
    let _ = stream.set_nodelay(true);
    let mut requests = BufReader::new(stream);
    while let Some(is_token) = read_request(&mut requests) {
        let answer = {
            let said = said.lock().unwrap_or_else(PoisonError::into_inner);
            if is_token && !said.tokens_too {
                whole(
                    "200 OK",
                    br#"{"token_type":"Bearer","expires_in":3599,"access_token":"t"}"#,
                )
            } else {
                whole(said.status, &said.body)
            }
        };
        if answers.write_all(&answer).is_err() {
            return;
        }
    }
}

fn whole(status: &str, body: &[u8]) -> Vec<u8> {
    let length = if status.starts_with("204") {
        0
    } else {
        body.len()
    };
    let mut answer = format!(
        "HTTP/1.1 {status}\r\ncontent-type: application/json\r\nrequest-id: r\r\ncontent-length: {length}\r\n\r\n"
    )
    .into_bytes();
    answer.extend(body.iter().take(length));
    answer
}

/// Reads one request; whether it asks for a token. `None` when nobody asks any more.
fn read_request(requests: &mut BufReader<TcpStream>) -> Option<bool> {
    let (mut is_token, mut length) = (None, 0);
    loop {
        let mut line = String::new();
        if requests.read_line(&mut line).ok()? == 0 {
            return None;
        }
        let line = line.trim_end().to_ascii_lowercase();
        if let Some(count) = line.strip_prefix("content-length:") {
            length = count.trim().parse().ok()?;
        }
        is_token.get_or_insert_with(|| line.contains("/oauth2/"));
        if line.is_empty() {
            break;
        }
    }
    let mut body = vec![0; length];
    requests.read_exact(&mut body).ok()?;
    is_token
}
