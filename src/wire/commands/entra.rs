//! `keyline entra`: an administrator's sign-in, and what the station's own comes to. Shows no token; changes
//! nothing at Entra but what `setup --perform` was told to.

use std::io::Write;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use crate::adapter::entra::{Entra as Adapter, Pages};
use crate::adapter::system::SystemClock;
use crate::domain::fault::Fault;
use crate::domain::sign_in::{SignInMethod, TokenClaims};
use crate::face::ask;
use crate::face::cli::{Entra, Login};
use crate::face::report::{self, Style, Whoami};
use crate::face::say::{Complaint, ExitCode, entra as say};
use crate::port::{CancelFlag, Clock};
use crate::wire::WireFault;
use crate::wire::commands::{Ended, perform, said, setup};
use crate::wire::config::{Config, ConfigFault};
use crate::wire::init::refuse_as_root_for_another;

/// How long somebody may take to sign in in a browser, in seconds.
const BROWSER_SECONDS_MAX: u64 = 600;
/// Where a desktop tells programs how to show windows.
const DESKTOP: [&str; 2] = ["WAYLAND_DISPLAY", "DISPLAY"];

pub(super) fn entra(path: &Path, command: &Entra, out: &mut dyn Write) -> Ended {
    let config = Config::load(path).map_err(WireFault::from)?;
    match command {
        Entra::Setup(wish) if wish.perform => perform::perform(&config, wish, out),
        Entra::Setup(wish) => setup::setup(&config, wish, out),
        Entra::Login(wish) => login(&config, *wish, out),
        Entra::Logout => logout(&config, out),
        Entra::Whoami { json } => {
            let claims = connect(&config)?.permissions()?;
            shown(&config, claims, *json, out)
        }
    }
}

/// The tenant, as the configuration names it.
fn connect(config: &Config) -> Result<Adapter, WireFault> {
    let objections = config.check_entra();
    if !objections.is_empty() {
        return Err(ConfigFault::objections(&config.file, &objections).into());
    }
    Ok(Adapter::new(
        config.entra(),
        config.sign_in_way(),
        Arc::new(SystemClock),
        CancelFlag::default(),
    )?)
}

fn login(config: &Config, wish: Login, out: &mut dyn Write) -> Ended {
    let entra = connect(config)?;
    if config.entra.method != SignInMethod::Delegated {
        let (message, hint) = say::nobody_needed(config.entra.method);
        return Err(Complaint::usage(message, hint));
    }
    refuse_as_root_for_another(&config.path(&config.ledger.file))?;
    let claims = sign_in(&entra, wish, say::FOR_THE_STATION)?;
    ask::say(say::SIGNED_IN);
    shown(config, claims, false, out)
}

/// Signs an administrator in; `who` says who that shall be.
pub(super) fn sign_in(
    entra: &Adapter,
    wish: Login,
    who: &str,
) -> Result<Option<TokenClaims>, Fault> {
    if in_browser(wish) {
        let patience = Duration::from_secs(BROWSER_SECONDS_MAX);
        return entra.sign_in_by_browser(&pages(), patience, &mut |address| {
            ask::say(&say::browser(address, BROWSER_SECONDS_MAX, who));
        });
    }
    entra.sign_in_by_device_code(&mut |prompt| {
        let code = say::device_code(&prompt.address, &prompt.code, prompt.seconds, who);
        ask::say(&code);
    })
}

/// Without a word of the administrator's: in a browser where there is one to open.
fn in_browser(wish: Login) -> bool {
    let desktop = || {
        DESKTOP
            .iter()
            .any(|name| std::env::var_os(name).is_some_and(|value| !value.is_empty()))
    };
    wish.browser || (!wish.device_code && desktop())
}

fn pages() -> Pages {
    let page = |(title, text): (&str, &str)| (title.to_owned(), text.to_owned());
    Pages {
        taken: page(say::PAGE_TAKEN),
        refused: page(say::PAGE_REFUSED),
        wrong: page(say::PAGE_WRONG),
    }
}

fn logout(config: &Config, out: &mut dyn Write) -> Ended {
    let was_in = config.keep().forget()?;
    said(out, &format!("{}\n", say::signed_out(was_in)))
}

fn shown(config: &Config, claims: Option<TokenClaims>, json: bool, out: &mut dyn Write) -> Ended {
    let delegated = config.entra.method == SignInMethod::Delegated;
    let since = delegated.then(|| config.keep().check()).transpose()?;
    let uses_certificate = config.entra.method == SignInMethod::Certificate;
    let certificate = uses_certificate.then(|| config.certificate()).flatten();
    let facts = certificate
        .map(|source| source.check(SystemClock.now()))
        .transpose()?;
    let known = Whoami {
        tenant: config.entra.tenant.clone(),
        client_id: config.entra.client_id.clone(),
        method: config.entra.method,
        claims,
        certificate: facts.map(|facts| (facts.thumbprint, facts.valid_until)),
        since: since.flatten(),
    };
    report::whoami(&known, &Style::here(json), out)?;
    Ok(ExitCode::Done)
}
