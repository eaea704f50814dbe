//! Builds the console over a station that is about to run, and serves it where the configuration says.

pub mod copy;
mod oversight;

pub use self::oversight::oversight;

use std::io;
use std::net::{SocketAddr, TcpListener};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use rustls::ServerConfig;
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use url::Url;

use crate::adapter::accounts::AccountsFile;
use crate::adapter::entra::SecretSource;
use crate::adapter::system::{self, SystemClock};
use crate::app::board::News;
use crate::app::station::Handle;
use crate::domain::account::AccountName;
use crate::face::console::admin::Oversight;
use crate::face::console::bench::{Bench, Facts};
use crate::face::console::session::{Limits, Sessions};
use crate::face::console::{self, Answerer, FirstLink, Gate, Server, Settings, Shared};
use crate::face::control::Ask;
use crate::face::prompt::Prompt;
use crate::port::Keeping;
use crate::wire::WireFault;
use crate::wire::config::{Config, ConfigFault};
use crate::wire::office::office;
use crate::wire::station::Parts;

/// Bytes: a chain of some certificates.
const PEM_BYTES_MAX: u64 = 64 * 1024;

/// A console that is served, until it is dropped.
#[must_use = "the console ends when this is dropped"]
pub struct Console {
    _server: Server,
    /// What makes the first account, where there is none.
    pub first_link: Option<String>,
    /// Where it is.
    pub address: String,
}

/// The accounts of this station's console.
pub fn accounts(config: &Config) -> AccountsFile {
    AccountsFile::at(accounts_path(config), Arc::new(SystemClock))
}

/// Where they are kept.
pub fn accounts_path(config: &Config) -> PathBuf {
    config.path(&config.ledger.keys).join("console.toml")
}

/// Serves the console, when the configuration wants one. A port that is taken keeps no station from its work: that is told,
/// and there is no console.
///
/// # Errors
/// When the certificate cannot be used.
pub fn serve(
    config: &Config,
    parts: &Parts,
    station: &Handle,
    answer: Answerer,
    prompt: &Arc<Prompt>,
) -> Result<Option<Console>, WireFault> {
    let fault = |what: String| ConfigFault::objections(&config.file, &[what]);
    let Some(wanted) = config.console.address().map_err(fault)? else {
        return Ok(None);
    };
    let tls = tls(config).map_err(fault)?;
    let oversight = oversight(config)?;
    let office = Arc::new(office(config, parts)?);
    let served = listen(wanted).and_then(|(listener, address)| {
        let by = (station, answer, prompt);
        let mut shared = shared(config, parts, by, oversight, address);
        shared.office = Some(office);
        let shared = Arc::new(shared);
        let server = console::serve(listener, tls, &shared)?;
        Ok((server, shared, address))
    });
    let (server, shared, address) = match served {
        Ok(served) => served,
        Err(error) => {
            let what = crate::face::say::service::no_console(&wanted.to_string(), &error);
            parts.board.announce(News::Trouble { what });
            return Ok(None);
        }
    };
    let address = shown(&shared.settings, address);
    let first_link = first_link(&shared, &address)?;
    Ok(Some(Console {
        _server: server,
        first_link,
        address,
    }))
}

fn listen(wanted: SocketAddr) -> io::Result<(TcpListener, SocketAddr)> {
    let listener = TcpListener::bind(wanted)?;
    let address = listener.local_addr()?;
    Ok((listener, address))
}

/// The address that somebody types into a browser.
fn shown(settings: &Settings, address: SocketAddr) -> String {
    let scheme = if settings.secure { "https" } else { "http" };
    match settings.hosts.first() {
        // Where it listens at all addresses, none of them is its name; and a certificate is for a name.
        Some(host) if settings.secure || address.ip().is_unspecified() => {
            format!("{scheme}://{host}:{}", address.port())
        }
        Some(_) | None => format!("{scheme}://{address}"),
    }
}

fn shared(
    config: &Config,
    parts: &Parts,
    (station, answer, prompt): (&Handle, Answerer, &Arc<Prompt>),
    oversight: Oversight,
    address: SocketAddr,
) -> Shared {
    let witness = {
        let answer = Arc::clone(&answer);
        move |name: &AccountName, change| {
            let keeping = Keeping::Account {
                name: name.clone(),
                change,
            };
            let actor = "console".to_owned();
            let kept = answer(&Ask::Keep { keeping, actor }).into_result();
            kept.map(drop).map_err(|complaint| complaint.message)
        }
    };
    let limits = Limits {
        idle_seconds: i64::from(config.console.idle_minutes).saturating_mul(60),
        life_seconds: i64::from(config.console.session_hours).saturating_mul(3600),
    };
    Shared {
        settings: Settings {
            address,
            secure: config.console.certificate.is_some(),
            hosts: config.console.hosts.clone(),
            language: config.console.language.clone(),
            sounds: config.console.sounds,
            limits,
            benches: config.benches(),
        },
        board: Arc::clone(&parts.board),
        station: Some(station.clone()),
        answer,
        ledger: parts.ports.ledger.clone(),
        accounts: Arc::new(accounts(config).told(Arc::new(witness))),
        clock: parts.ports.clock.clone(),
        entropy: parts.ports.entropy.clone(),
        sessions: Sessions::new(limits),
        gate: Gate::default(),
        first: FirstLink::default(),
        bench: bench(config, parts, prompt),
        oversight: Arc::new(oversight),
        office: None,
    }
}

/// What the bench shows, and who is asked there for the PIN that a key has now.
fn bench(config: &Config, parts: &Parts, prompt: &Arc<Prompt>) -> Bench {
    let ledger = config.path(&config.ledger.file);
    let folder = ledger
        .parent()
        .map_or_else(|| ledger.clone(), Path::to_owned);
    let facts = Facts {
        tenant: config.entra.tenant.clone(),
        printer: config.paper.printer.uri().map(printer_name),
        learned: u16::try_from(config.slots.places.len()).unwrap_or(u16::MAX),
        free_bytes: Box::new(move || system::free_bytes(&folder).ok()),
    };
    Bench::new(facts, Arc::clone(prompt), parts.ports.clock.now())
}

/// What people call a printer: the queue's name, or the host where it has none. Never the user of its address.
fn printer_name(uri: &Url) -> String {
    let mut path = uri.path_segments().into_iter().flatten();
    let queue = path.rfind(|part| !["", "ipp", "print"].contains(part));
    let name = queue.or_else(|| uri.host_str()).unwrap_or("printer");
    name.to_owned()
}

/// The link that makes the first account, where there is none.
fn first_link(shared: &Shared, address: &str) -> Result<Option<String>, WireFault> {
    // A file that cannot be read is no empty one: the sign-in page says what is wrong with it.
    if !shared.accounts.list().is_ok_and(|list| list.is_empty()) {
        return Ok(None);
    }
    let token = shared.first.make(shared.entropy.as_ref())?;
    Ok(Some(format!("{address}/first?token={}", token.as_str())))
}

/// TLS with the certificate that the configuration names.
fn tls(config: &Config) -> Result<Option<Arc<ServerConfig>>, String> {
    let (Some(certificate), Some(key)) = (&config.console.certificate, &config.console.key) else {
        return Ok(None);
    };
    let unusable = |setting: &str, place: &SecretSource, what: &str| {
        format!("[console] {setting}: {} {what}", place.place())
    };
    let bytes = certificate
        .bytes_as("console's certificate", PEM_BYTES_MAX)
        .map_err(|what| format!("[console] certificate: {what}"))?;
    let chain: Vec<CertificateDer<'static>> = CertificateDer::pem_slice_iter(&bytes)
        .collect::<Result<_, _>>()
        .map_err(|_| unusable("certificate", certificate, "is no PEM file"))?;
    if chain.is_empty() {
        return Err(unusable(
            "certificate",
            certificate,
            "holds no certificate in PEM",
        ));
    }
    if let Some(open) = key.open_to_others() {
        return Err(format!("[console] key: {open}"));
    }
    let bytes = key
        .bytes_as("console's private key", PEM_BYTES_MAX)
        .map_err(|what| format!("[console] key: {what}"))?;
    let private = PrivateKeyDer::from_pem_slice(&bytes)
        .map_err(|_| unusable("key", key, "holds no private key in PEM"))?;
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let made = ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .and_then(|builder| {
            builder
                .with_no_client_auth()
                .with_single_cert(chain, private)
        });
    let mut made = made.map_err(|error| format!("[console] certificate and key: {error}"))?;
    made.alpn_protocols = vec![b"http/1.1".to_vec()];
    Ok(Some(Arc::new(made)))
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;

    #[test]
    fn the_address_that_is_said_is_one_that_a_browser_can_call() {
        let limits = Limits {
            idle_seconds: 1,
            life_seconds: 1,
        };
        let said = |address: &str, secure, hosts: &[&str]| {
            let address: SocketAddr = address.parse().expect("an address");
            let settings = Settings {
                address,
                secure,
                hosts: hosts.iter().map(ToString::to_string).collect(),
                language: "en".to_owned(),
                sounds: false,
                limits,
                benches: BTreeMap::new(),
            };
            shown(&settings, address)
        };
        let name = &["bench1.contoso.com"];
        for (listen, secure, hosts, expected) in [
            ("127.0.0.1:8137", false, &[][..], "http://127.0.0.1:8137"),
            ("127.0.0.1:8137", false, name, "http://127.0.0.1:8137"),
            ("[::1]:8137", false, &[], "http://[::1]:8137"),
            (
                "0.0.0.0:8137",
                true,
                name,
                "https://bench1.contoso.com:8137",
            ),
            ("[::]:8137", true, name, "https://bench1.contoso.com:8137"),
            ("10.1.2.3:443", true, name, "https://bench1.contoso.com:443"),
            ("10.1.2.3:8137", true, &[], "https://10.1.2.3:8137"),
        ] {
            assert_eq!(said(listen, secure, hosts), expected);
        }
    }
}
